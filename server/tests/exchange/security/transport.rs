//! What comes before anybody is asked who they are: sizes, slowness, and other sites.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Operation, described};
use crate::harness::http::send;
use crate::harness::{Http, Server, Socket, Trader, new_dir, text};

const MAX_BODY: usize = 64 * 1024;

#[tokio::test]
async fn a_body_has_an_end() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::join(&server, "alice").await;
    let takes_body = |it: &Operation| it.method != Method::GET;
    for operation in described(&server).await.into_iter().filter(takes_body) {
        let ask = async |size: usize| {
            let request = alice
                .http
                .request(operation.method.clone(), &operation.path);
            let request = request.bearer_auth("no token");
            send(request.body("x".repeat(size))).await
        };
        let msg = "The request body is too large.";
        let what = &operation.path;
        ask(MAX_BODY + 1)
            .await
            .assert_refused(what, 413, -1100, msg);
        assert_ne!(ask(MAX_BODY).await.status, 413, "{what}");
    }
    // Without having said how long it is.
    let chunk = format!("{:x}\r\n{}\r\n", 16_384, "x".repeat(16_384));
    let head = "POST /v1/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\
                Connection: close\r\n\r\n";
    let reply = alice
        .http
        .raw(format!("{head}{}", chunk.repeat(5)).as_bytes())
        .await;
    assert_eq!(reply.status, 413, "{reply}");
}

#[tokio::test]
async fn who_never_finishes_a_body_is_let_go_of() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let slow = async |path: &str| {
        let asked = Instant::now();
        let stream = TcpStream::connect(server.address())
            .await
            .expect("it listens");
        let (mut reading, mut writing) = stream.into_split();
        let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
        writing
            .write_all(head.as_bytes())
            .await
            .expect("it is read");
        let trickle = tokio::spawn(async move {
            while writing.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        });
        let mut answer = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(25), reading.read_to_end(&mut answer));
        // It may end with an error, as there was more to be read.
        drop(
            end.await
                .unwrap_or_else(|_| panic!("{path} waits for ever")),
        );
        trickle.abort();
        assert!(asked.elapsed() < Duration::from_secs(25), "{path}");
        String::from_utf8_lossy(&answer).into_owned()
    };
    let (login, order, nowhere) =
        tokio::join!(slow("/v1/login"), slow("/api/v3/order"), slow("/nosuch"));
    assert!(login.contains(" 408 "), "{login}");
    assert!(order.contains(" 408 "), "{order}");
    assert!(nowhere.contains(" 404 "), "{nowhere}");
}

#[tokio::test]
async fn deep_json_is_refused() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::join(&server, "alice").await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    for json in [&deep, &objects, &"[".repeat(60_000)] {
        for path in [
            "/v1/login",
            "/v1/register",
            "/v1/faucet",
            "/v1/api-keys",
            "/v1/password",
        ] {
            for body in [
                json.clone(),
                format!(r#"{{"username":{json},"password":"x"}}"#),
            ] {
                let request = alice
                    .http
                    .request(Method::POST, path)
                    .bearer_auth(&alice.token);
                let reply = send(request.body(body)).await;
                assert_eq!(reply.status, 400, "{path}: {reply}");
                assert_eq!(reply.json()["code"], -1100, "{path}: {reply}");
            }
        }
    }
    let deep = format!("{}{}", "[".repeat(7_000), "]".repeat(7_000));
    for path in ["/ws", "/stream", "/ws-api/v3"] {
        let mut socket = Socket::connect(&server, path).await;
        for frame in [
            deep.clone(),
            format!(r#"{{"id":{deep},"method":"ping"}}"#),
            format!(r#"{{"id":1,"method":{deep}}}"#),
            format!(r#"{{"id":1,"method":"SUBSCRIBE","params":{deep}}}"#),
        ] {
            socket.send_text(&frame).await;
            let answer = socket.next().await;
            assert!(answer["error"]["code"].is_i64(), "{path}: {answer}");
        }
    }
    alice.account().await;
}

#[tokio::test]
async fn a_login_is_a_session_of_its_own() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let alice = Trader::join(&server, "alice").await;
    let mallory = Trader::join(&server, "mallory").await;
    let origin = format!("http://{}", server.address());
    let whoami = async |token: &str| {
        let request = server.http().request(Method::GET, "/v1/session");
        send(request.header("Cookie", format!("session={token}"))).await
    };
    // One that nobody was given, and one that is another's.
    let chosen = "f".repeat(64);
    for planted in [&chosen, &mallory.token] {
        let who = json!({ "username": alice.name, "password": alice.password });
        let request = server.http().request(Method::POST, "/v1/login").json(&who);
        let request = request.header("Origin", &origin);
        let reply = send(request.header("Cookie", format!("session={planted}"))).await;
        let token: String = text(&reply.ok(), "token").into();
        assert_ne!(&token, planted);
        let cookie = reply.header("set-cookie").expect("a cookie");
        assert!(
            cookie.starts_with(&format!("session={token}; ")),
            "{cookie}"
        );
        assert_eq!(text(&whoami(&token).await.ok(), "username"), "alice");
    }
    assert_eq!(whoami(&chosen).await.status, 401);
    assert_eq!(
        text(&whoami(&mallory.token).await.ok(), "username"),
        "mallory"
    );
}

#[tokio::test]
async fn no_other_site_is_let_in() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let alice = Trader::join(&server, "alice").await;
    let paths = described(&server).await.into_iter().map(|it| it.path);
    let paths: Vec<_> = paths
        .chain(["/".into(), "/openapi.json".into(), "/docs".into()])
        .collect();
    for path in &paths {
        for method in [Method::OPTIONS, Method::GET] {
            assert_no_leave(&alice, method, path).await;
        }
    }
}

async fn assert_no_leave(alice: &Trader, method: Method, path: &str) {
    let http: &Http = &alice.http;
    let request = http.request(method.clone(), path);
    let request = request.header("Origin", "http://evil.example");
    let request = request.header("Access-Control-Request-Method", "POST");
    let request = request.header("Cookie", format!("session={}", alice.token));
    let reply = send(request).await;
    let leave = reply
        .headers
        .iter()
        .find(|(name, _)| name.starts_with("access-control-"));
    assert_eq!(leave, None, "{method} {path}");
    if method == Method::OPTIONS {
        let body: Value = reply.json();
        assert_eq!(
            (reply.status, &body["code"]),
            (405, &json!(-1000)),
            "{path}: {reply}"
        );
    }
}
