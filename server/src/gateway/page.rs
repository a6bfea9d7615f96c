//! The trading page: the files of `web/dist`, built into the binary.
//!
//! The page is a client like any other. It comes from the same host as the API, so that a browser
//! keeps all other sites away from both.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{Embed, EmbeddedFile};

use super::App;
use crate::api::hex::hex;
use crate::error::ApiError;

#[derive(Embed)]
#[folder = "web/dist/"]
struct Files;

/// What the page may do: run its own scripts, wear its own styles, and talk to its own host, over
/// WebSocket too. No other site may show it in a frame.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
/// The name of an asset tells its content, so what is kept is never stale.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// What has a name of its own is asked for every time: the page, which names its assets.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// The page and what it consists of.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/",
            get(async |headers: HeaderMap| file("index.html", ASK_AGAIN, &headers)),
        )
        .route(
            "/licences.txt",
            get(async |headers: HeaderMap| file("licences.txt", ASK_AGAIN, &headers)),
        )
        .route(
            "/assets/{name}",
            get(async |Path(name): Path<String>, headers: HeaderMap| {
                file(&format!("assets/{name}"), FOREVER, &headers)
            }),
        )
}

fn file(path: &str, cache_control: HeaderValue, request: &HeaderMap) -> Response {
    let Some(file) = Files::get(path) else {
        return ApiError::NOT_FOUND.into_response();
    };
    let tag = entity_tag(&file);
    let known = request
        .get(header::IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|known| matches(known.trim(), &tag)));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let content_type = HeaderValue::from_static(content_type(path));
        ([(header::CONTENT_TYPE, content_type)], file.data).into_response()
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, cache_control);
    headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Two files with one tag are the same file.
fn entity_tag(file: &EmbeddedFile) -> String {
    format!("\"{}\"", hex(&file.metadata.sha256_hash()))
}

/// Whether a file is one that the client says it has. A proxy may have made its tag a weak one.
fn matches(known: &str, tag: &str) -> bool {
    known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
