//! The trading page, as a browser loads it.

use reqwest::Method;

use crate::harness::http::send;
use crate::harness::{Http, Reply, Server, new_dir};

/// What the page refers to in its own words: `src="..."`, `href="..."`.
fn assets(page: &str) -> Vec<&str> {
    let quoted = page.split('"');
    let mut assets: Vec<_> = quoted.filter(|path| path.starts_with("/assets/")).collect();
    assets.dedup();
    assets
}

fn assert_guarded(what: &str, reply: &Reply) {
    let policy = reply.header("content-security-policy").unwrap_or_default();
    for rule in [
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(
            policy.split("; ").any(|known| known == rule),
            "{what}: {policy}"
        );
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{what}: {name}");
    }
}

async fn get_if_changed(http: &Http, path: &str, tags: &str) -> Reply {
    send(
        http.request(Method::GET, path)
            .header("If-None-Match", tags),
    )
    .await
}

#[tokio::test]
async fn the_page_and_its_assets_are_served() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let http = server.http();

    let page = http.get("/").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert_guarded("the page", &page);
    let text = String::from_utf8(page.body.clone()).expect("it is text");

    let assets = assets(&text);
    for (ending, content_type) in [
        (".js", "text/javascript; charset=utf-8"),
        (".css", "text/css; charset=utf-8"),
        (".svg", "image/svg+xml"),
    ] {
        let path = assets.iter().find(|path| path.ends_with(ending));
        let path = path.unwrap_or_else(|| panic!("no {ending} in {assets:?}"));
        let asset = http.get(path).await;
        assert_eq!(asset.status, 200, "{path}");
        assert_eq!(asset.header("content-type"), Some(content_type), "{path}");
        let forever = Some("public, max-age=31536000, immutable");
        assert_eq!(asset.header("cache-control"), forever, "{path}");
        assert!(!asset.body.is_empty(), "{path}");
        assert_guarded(path, &asset);
    }
}

#[tokio::test]
async fn the_licences_of_what_it_contains_come_with_it() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let licences = server.http().get("/licences.txt").await;
    assert_eq!(licences.status, 200);
    assert_eq!(
        licences.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_guarded("the licences", &licences);
    let text = String::from_utf8_lossy(&licences.body);
    for library in ["react", "lightweight-charts"] {
        assert!(text.contains(library), "{library}");
    }
}

#[tokio::test]
async fn a_page_that_is_known_is_not_sent_again() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let http = server.http();
    let page = http.get("/").await;
    let tag = page.header("etag").expect("the page has a tag").to_owned();
    for tags in [&tag, &format!("W/{tag}"), &format!("\"old\", {tag}"), "*"] {
        let reply = get_if_changed(&http, "/", tags).await;
        assert_eq!((reply.status, reply.body.len()), (304, 0), "{tags}");
        assert_eq!(reply.header("etag"), Some(tag.as_str()), "{tags}");
        assert_guarded(tags, &reply);
    }
    for tags in ["", "\"old\"", tag.trim_matches('"')] {
        let reply = get_if_changed(&http, "/", tags).await;
        assert_eq!((reply.status, &reply.body), (200, &page.body), "{tags}");
    }
    let head = send(http.request(Method::HEAD, "/")).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn what_is_not_there_is_told_in_json() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let http = server.http();
    for path in [
        "/index.html",
        "/assets",
        "/assets/",
        "/assets/nosuch.js",
        "/assets/..%2findex.html",
        "/assets/%2e%2e/index.html",
        "/trade",
        "/Cargo.toml",
    ] {
        let reply = http.get(path).await;
        reply.assert_refused(path, 404, -1000, "No such path.");
    }
    let reply = send(http.request(Method::POST, "/")).await;
    let msg = "This path does not take this method.";
    reply.assert_refused("POST /", 405, -1000, msg);
}
