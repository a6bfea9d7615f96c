//! Connections over a wire that is made here, with a clock that runs as fast as it can.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;
use crate::gateway::outbox::Outbox;

type Received = Result<Message, String>;

/// The server's end of a connection.
struct Wire {
    incoming: UnboundedReceiver<Received>,
    outgoing: Arc<Mutex<Vec<Message>>>,
    /// Whether the client takes anything.
    takes: watch::Receiver<bool>,
}

impl Stream for Wire {
    type Item = Received;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Received>> {
        self.incoming.poll_recv(cx)
    }
}

impl Sink<Message> for Wire {
    type Error = ();

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
        // A client that begins again to read is noticed at the next deadline.
        if *self.takes.borrow() {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), ()> {
        self.outgoing.lock().map_err(drop)?.push(message);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), ()>> {
        self.poll_ready(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), ()>> {
        self.poll_ready(cx)
    }
}

/// Says back what it hears.
struct Echo(Outbox);

impl Session for Echo {
    async fn hear(&mut self, text: Option<&str>) {
        drop(self.0.push(text.unwrap_or("no text").into()));
    }
}

/// The client's end, and when the connection began.
struct Client {
    begun: Instant,
    outbox: Outbox,
    incoming: Option<UnboundedSender<Received>>,
    outgoing: Arc<Mutex<Vec<Message>>>,
    takes: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Client {
    fn connect() -> Self {
        let (outbox, inbox) = Outbox::new(10_000);
        let (sender, incoming) = unbounded_channel();
        let outgoing = Arc::default();
        let takes = watch::Sender::new(true);
        let wire = Wire {
            incoming,
            outgoing: Arc::clone(&outgoing),
            takes: takes.subscribe(),
        };
        let mut session = Echo(outbox.clone());
        let rules = Rules::of(&Limits::default());
        let serving = async move { serve(wire, inbox, &mut session, rules).await };
        Self {
            begun: Instant::now(),
            outbox,
            incoming: Some(sender),
            outgoing,
            takes,
            serving: tokio::spawn(serving),
        }
    }

    fn say(&self, message: Message) {
        let incoming = self.incoming.as_ref().expect("not hung up");
        incoming.send(Ok(message)).expect("it is served");
    }

    /// What has come since the last time.
    fn taken(&self) -> Vec<Message> {
        std::mem::take(&mut *self.outgoing.lock().expect("nobody panicked"))
    }

    /// Waits until the server has hung up; says when that was, and what came last.
    async fn ended(&mut self) -> (Duration, Option<Message>) {
        (&mut self.serving).await.expect("serving does not panic");
        (self.begun.elapsed(), self.taken().pop())
    }
}

fn close((code, reason): Farewell) -> Message {
    let reason = reason.into();
    Message::Close(Some(CloseFrame { code, reason }))
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn what_waits_goes_out_in_order_and_what_comes_in_is_heard() {
    let mut client = Client::connect();
    for text in ["1", "2", "3"] {
        client.outbox.push(text.into()).expect("it stands");
    }
    sleep(secs(1)).await;
    assert_eq!(client.taken(), ["1", "2", "3"].map(Message::text));
    client.say(Message::text("4"));
    client.say(Message::binary(vec![0]));
    sleep(secs(1)).await;
    assert_eq!(client.taken(), ["4", "no text"].map(Message::text));
    client.incoming = None;
    assert_eq!(client.ended().await, (secs(2), None));
    assert!(client.outbox.push("5".into()).is_err(), "nobody is there");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_stays() {
    let client = Client::connect();
    let ping = [Message::Ping(Bytes::new())];
    sleep(secs(1)).await;
    for _ in 0..1_000 {
        sleep(secs(18)).await;
        assert_eq!(client.taken(), []);
        sleep(secs(2)).await;
        assert_eq!(client.taken(), ping);
        client.say(Message::Pong(Bytes::new()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_silent_is_sent_away() {
    let mut client = Client::connect();
    sleep(secs(30)).await;
    client.say(Message::Ping(Bytes::new()));
    // Looked at with each ping, then time to hang up.
    assert_eq!(client.ended().await, (secs(100 + 2), Some(close(SILENT))));
}

#[tokio::test(start_paused = true)]
async fn a_connection_does_not_stand_for_ever() {
    let mut client = Client::connect();
    let pong = client.incoming.clone().expect("not hung up");
    let ponging = tokio::spawn(async move {
        while pong.send(Ok(Message::Pong(Bytes::new()))).is_ok() {
            sleep(secs(30)).await;
        }
    });
    let day = secs(24 * 60 * 60);
    assert_eq!(client.ended().await, (day + secs(2), Some(close(TOO_OLD))));
    ponging.await.expect("it ends");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_too_much_is_sent_away() {
    let mut client = Client::connect();
    for _ in 0..50 {
        client.say(Message::text("heard"));
    }
    sleep(secs(4)).await;
    assert_eq!(client.taken().len(), 50);
    client.say(Message::text("heard"));
    sleep(secs(1)).await;
    assert_eq!(client.taken().len(), 1);
    for _ in 0..100 {
        client.say(Message::Ping(Bytes::new()));
    }
    assert_eq!(client.ended().await.1, Some(close(TOO_MANY_REQUESTS)));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_sent_away() {
    for ping in [false, true] {
        let mut client = Client::connect();
        client.takes.send_replace(false);
        if ping {
            client.say(Message::Ping(Bytes::new()));
        } else {
            client.outbox.push("1".into()).expect("it stands");
        }
        assert_eq!(client.ended().await, (STALLED + FAREWELL, None), "{ping}");
    }
    // One that begins again to read hears why.
    let mut client = Client::connect();
    client.takes.send_replace(false);
    client.outbox.push("1".into()).expect("it stands");
    sleep(STALLED + secs(1)).await;
    client.takes.send_replace(true);
    assert_eq!(client.ended().await.1, Some(close(TOO_SLOW)));
}

/// However long sending takes, a client that is sent away is not waited for.
#[tokio::test(start_paused = true)]
async fn a_farewell_does_not_wait_for_what_is_being_sent() {
    let mut client = Client::connect();
    client.takes.send_replace(false);
    client.outbox.push("1".into()).expect("it stands");
    sleep(secs(1)).await;
    while client.outbox.push("more".into()).is_ok() {}
    client.takes.send_replace(true);
    let (after, last) = client.ended().await;
    assert_eq!((after, last), (secs(1 + 2), Some(close(TOO_SLOW))));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_ends_the_connection_with_a_reason() {
    for (error, why) in [
        ("Space limit exceeded: Message too long: 5 > 4", TOO_LARGE),
        ("WebSocket protocol error: anything", BROKEN),
    ] {
        let mut client = Client::connect();
        let incoming = client.incoming.as_ref().expect("not hung up");
        incoming.send(Err(error.into())).expect("it is served");
        assert_eq!(client.ended().await.1, Some(close(why)));
    }
}

/// Whoever hangs up is not talked to any more, and not waited for.
#[tokio::test(start_paused = true)]
async fn a_client_that_says_farewell_is_let_go() {
    let mut client = Client::connect();
    client.say(Message::Close(None));
    sleep(Duration::from_millis(1)).await;
    client.incoming = None;
    assert_eq!(client.ended().await, (Duration::from_millis(1), None));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_dismissed_hears_what_waits() {
    let mut client = Client::connect();
    for text in ["1", "2", "3"] {
        client.outbox.push(text.into()).expect("it stands");
    }
    client.outbox.dismiss(TOO_OLD);
    (&mut client.serving).await.expect("it ends");
    let texts = ["1", "2", "3"].map(Message::text).into_iter();
    let expected: Vec<_> = texts.chain([close(TOO_OLD)]).collect();
    assert_eq!(client.taken(), expected);
}
