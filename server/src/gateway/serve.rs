//! Sockets: accepting them, bounding them, and letting go of them.
//!
//! A client that opens a connection and never finishes its request, or never takes its answer, costs a
//! socket for a bounded time, and there is a bounded number of them.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower_service::Service;

use super::patient::Patient;
use super::{App, Gateway};

/// How long a client may take for the head of a request, the pause before it included.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
/// The largest head of a request, in bytes. By itself the framework would keep much more of each.
const MAX_HEAD: usize = 64 * 1024;
/// How long requests may go on once the process has been asked to stop.
const GRACE: Duration = Duration::from_secs(5);
/// How long to wait when the system has no sockets left.
const BREATH: Duration = Duration::from_millis(100);

/// What answers the requests that come over a listener.
pub(crate) trait Front: Clone + Send + 'static {
    fn answer(self, peer: SocketAddr, request: Request) -> impl Future<Output = Response> + Send;
}

impl Front for Router {
    async fn answer(mut self, _: SocketAddr, request: Request) -> Response {
        let Ok(response) = self.call(request).await;
        response
    }
}

/// Serves clients until asked to stop. Those on WebSocket are told before the process ends.
pub(crate) async fn serve_clients(
    listener: TcpListener,
    app: Arc<App>,
    asked_to_stop: impl Future<Output = ()>,
) {
    let websockets = app.websockets.clone();
    let most_connections = app.config.limits.connections;
    let asked_to_stop = async {
        asked_to_stop.await;
        websockets.close();
    };
    let front = Gateway::public(app);
    serve(listener, front, most_connections, asked_to_stop).await;
    websockets.emptied().await;
}

/// Serves until asked to stop.
pub(crate) async fn serve(
    listener: TcpListener,
    front: impl Front,
    most_connections: usize,
    asked_to_stop: impl Future<Output = ()>,
) {
    let mut http = Builder::new(TokioExecutor::new()).http1_only();
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(MAX_HEAD);
    let places = places(most_connections);
    let graceful = GracefulShutdown::new();
    let mut asked_to_stop = std::pin::pin!(asked_to_stop);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut asked_to_stop => break,
            accepted = accept(&listener) => accepted,
        };
        // Whoever finds no place is turned away at once rather than left waiting.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let front = front.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (front, request) = (front.clone(), request.map(Body::new));
            // The framework moves what it is given more than once.
            Box::pin(async move { Ok::<_, Infallible>(front.answer(peer, request).await) })
        });
        let connection = http
            .serve_connection_with_upgrades(TokioIo::new(Patient::new(stream)), service)
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, %peer, "a connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown())
        .await
        .is_err()
    {
        // A client that never finishes its request must not keep the process from stopping.
        tracing::warn!("some connections were cut off");
    }
}

/// So many places, each taken by a connection for as long as it stands.
fn places(most: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)))
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                // Mostly there are too many open files; some will be closed.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::gateway::patient::PATIENCE;

    /// Serves one page on a port of its own, to so many clients at a time.
    async fn page(most_connections: usize) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router = Router::new()
            .route("/", get(async || "hello"))
            .route("/long", get(async || "x".repeat(32 * 1024 * 1024)));
        tokio::spawn(serve(
            listener,
            router,
            most_connections,
            std::future::pending(),
        ));
        Ok(address)
    }

    /// Asks for half of a page.
    async fn half(address: SocketAddr) -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").await?;
        Ok(stream)
    }

    async fn rest(mut stream: TcpStream) -> std::io::Result<String> {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn requests_are_answered() -> std::io::Result<()> {
        let mut stream = half(page(1).await?).await?;
        stream.write_all(b"Connection: close\r\n\r\n").await?;
        assert!(rest(stream).await?.ends_with("hello"));
        Ok(())
    }

    /// The clock of the test runs as soon as nothing else does, so nobody waits for it.
    #[tokio::test(start_paused = true)]
    async fn half_a_head_is_not_waited_for_for_ever() -> std::io::Result<()> {
        let asked = tokio::time::Instant::now();
        let stream = half(page(1).await?).await?;
        assert!(!rest(stream).await?.contains("hello"));
        assert!(asked.elapsed() < 2 * HEAD_DEADLINE, "{:?}", asked.elapsed());
        Ok(())
    }

    #[tokio::test]
    async fn a_head_has_an_end() -> std::io::Result<()> {
        let mut stream = half(page(1).await?).await?;
        // It may hang up before it has been sent all of it.
        drop(stream.write_all(&b"x".repeat(2 * MAX_HEAD)).await);
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer).await);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.contains(" 431 "), "{answer}");
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_take_the_answer_is_let_go_of() -> std::io::Result<()> {
        let address = page(1).await?;
        let mut first = TcpStream::connect(address).await?;
        first
            .write_all(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
            .await?;
        first.read_u8().await?;
        tokio::time::sleep(2 * PATIENCE).await;
        let mut second = half(address).await?;
        second.write_all(b"Connection: close\r\n\r\n").await?;
        assert!(rest(second).await?.ends_with("hello"));
        Ok(())
    }

    /// A configuration may ask for more places than there can be.
    #[test]
    fn there_are_as_many_places_as_there_can_be() {
        assert_eq!(places(3).available_permits(), 3);
        assert_eq!(
            places(usize::MAX).available_permits(),
            Semaphore::MAX_PERMITS
        );
    }

    #[tokio::test]
    async fn who_finds_no_place_is_turned_away() -> std::io::Result<()> {
        let address = page(1).await?;
        let first = half(address).await?;
        let second = TcpStream::connect(address).await?;
        assert_eq!(rest(second).await?, "");
        drop(first);
        Ok(())
    }
}
