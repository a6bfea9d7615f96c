use std::time::Duration;

use tokio::time::timeout;

use super::*;

const REVOKED: Farewell = (close_code::POLICY, "revoked");

fn stream(name: &str) -> Arc<str> {
    name.into()
}

/// A text that takes so many bytes with all that belongs to it.
fn of_bytes(bytes: usize) -> Utf8Bytes {
    "x".repeat(bytes - OVERHEAD).into()
}

/// All that waits, by now.
fn taken(inbox: &mut Inbox) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(outgoing) = inbox.try_next() {
        match outgoing {
            Outgoing::Text(text) => texts.push(text.to_string()),
            Outgoing::Close(why) => panic!("sent away: {why:?}"),
        }
    }
    let queue = inbox.shared.queue();
    assert_eq!((queue.bytes, queue.messages.len()), (0, 0));
    assert!(queue.replaceable.is_empty(), "{queue:?}");
    texts
}

#[test]
fn connections_have_numbers_of_their_own() {
    let ((a, _a), (b, _b)) = (Outbox::new(1), Outbox::new(1));
    assert_ne!(a.id(), b.id());
    assert_eq!(a.id(), a.clone().id());
}

#[test]
fn messages_are_taken_in_order() {
    let (outbox, mut inbox) = Outbox::new(1_000);
    for text in ["1", "2", "3"] {
        outbox.push(text.into()).expect("there is room");
    }
    assert_eq!(inbox.try_next(), Some(Outgoing::Text("1".into())));
    outbox.push("4".into()).expect("there is room");
    assert_eq!(taken(&mut inbox), ["2", "3", "4"]);
}

#[test]
fn a_newer_message_takes_the_place_of_one_that_still_waits() {
    let (outbox, mut inbox) = Outbox::new(1_000);
    let (ticker, kline) = (stream("ticker"), stream("kline"));
    outbox.replace(&ticker, "ticker 1".into()).expect("room");
    outbox.push("trade 1".into()).expect("room");
    outbox.replace(&kline, "kline 1".into()).expect("room");
    outbox
        .replace(&stream("ticker"), "ticker 2".into())
        .expect("room");
    outbox.push("trade 2".into()).expect("room");
    outbox.replace(&ticker, "ticker 3".into()).expect("room");
    let expected = ["ticker 3", "trade 1", "kline 1", "trade 2"];
    assert_eq!(taken(&mut inbox), expected);
    // What has been taken is not replaced.
    outbox.replace(&ticker, "ticker 4".into()).expect("room");
    outbox.replace(&kline, "kline 2".into()).expect("room");
    assert_eq!(taken(&mut inbox), ["ticker 4", "kline 2"]);
}

#[test]
fn what_concludes_a_stream_is_not_replaced() {
    let (outbox, mut inbox) = Outbox::new(1_000);
    let kline = stream("kline");
    outbox.replace(&kline, "open 1".into()).expect("room");
    outbox.conclude(&kline, "closed 1".into()).expect("room");
    outbox.replace(&kline, "open 2".into()).expect("room");
    outbox.replace(&kline, "open 3".into()).expect("room");
    assert_eq!(inbox.try_next(), Some(Outgoing::Text("closed 1".into())));
    outbox.replace(&kline, "open 4".into()).expect("room");
    assert_eq!(taken(&mut inbox), ["open 4"]);
    outbox.conclude(&kline, "closed 2".into()).expect("room");
    outbox.conclude(&kline, "closed 3".into()).expect("room");
    assert_eq!(taken(&mut inbox), ["closed 2", "closed 3"]);
}

#[test]
fn what_is_taken_back_does_not_come_before_a_later_answer() {
    let (outbox, mut inbox) = Outbox::new(1_000);
    let ticker = stream("ticker");
    outbox.replace(&ticker, "1".into()).expect("room");
    outbox.take_back("ticker");
    outbox.take_back("ticker");
    outbox.take_back("another");
    outbox.push("unsubscribed".into()).expect("room");
    outbox.push("subscribed".into()).expect("room");
    outbox.replace(&ticker, "2".into()).expect("room");
    assert_eq!(taken(&mut inbox), ["unsubscribed", "subscribed", "2"]);
}

#[test]
fn a_client_that_is_over_its_budget_is_sent_away() {
    let (outbox, mut inbox) = Outbox::new(1_000);
    for _ in 0..3 {
        outbox.push(of_bytes(500)).expect("exactly the budget");
        outbox.push(of_bytes(500)).expect("exactly the budget");
        assert_eq!(taken(&mut inbox).len(), 2, "what is taken makes room");
    }
    outbox.push(of_bytes(500)).expect("there is room");
    assert_eq!(outbox.push(of_bytes(501)), Err(Gone));
    assert_eq!(inbox.try_next(), Some(Outgoing::Close(TOO_SLOW)));
    assert_eq!(outbox.push("more".into()), Err(Gone));
    assert_eq!(outbox.replace(&stream("ticker"), "1".into()), Err(Gone));
    assert_eq!(inbox.shared.queue().bytes, 0, "nothing is kept for it");
}

#[test]
fn what_is_replaced_takes_no_room() {
    let (outbox, mut inbox) = Outbox::new(1_000);
    let ticker = stream("ticker");
    for _ in 0..100 {
        outbox.replace(&ticker, of_bytes(400)).expect("one waits");
        outbox.replace(&ticker, of_bytes(600)).expect("one waits");
    }
    outbox.push(of_bytes(400)).expect("exactly the budget");
    assert_eq!(outbox.replace(&ticker, of_bytes(601)), Err(Gone));
    assert_eq!(inbox.try_next(), Some(Outgoing::Close(TOO_SLOW)));
}

#[test]
fn many_small_messages_are_not_for_nothing() {
    let (outbox, _inbox) = Outbox::new(100 * OVERHEAD);
    let sent = (0..).take_while(|_| outbox.push("".into()).is_ok());
    assert_eq!(sent.count(), 100);
}

#[test]
fn a_message_larger_than_the_budget_goes_where_nothing_else_waits() {
    let (outbox, mut inbox) = Outbox::new(100);
    outbox.push(of_bytes(500)).expect("nothing else waits");
    assert_eq!(taken(&mut inbox).len(), 1);
    outbox.push(of_bytes(80)).expect("there is room");
    assert_eq!(outbox.push(of_bytes(500)), Err(Gone));
}

#[tokio::test]
async fn the_first_farewell_counts_and_comes_before_what_waits() {
    let (outbox, mut inbox) = Outbox::new(1_000);
    outbox.push("1".into()).expect("room");
    outbox.send_away(REVOKED);
    outbox.send_away(TOO_SLOW);
    assert_eq!(inbox.next().await, Outgoing::Close(REVOKED));
    assert_eq!(inbox.next().await, Outgoing::Close(REVOKED));
    assert_eq!(inbox.farewell().await, REVOKED);
}

#[test]
fn nothing_is_kept_for_a_connection_that_has_ended() {
    let (outbox, inbox) = Outbox::new(1_000);
    outbox.push("1".into()).expect("room");
    drop(inbox);
    assert_eq!(outbox.push("2".into()), Err(Gone));
    assert_eq!(outbox.shared.queue().messages.len(), 0);
}

#[tokio::test]
async fn who_waits_is_woken() {
    let (outbox, mut inbox) = Outbox::new(1_000);
    let wait = Duration::from_secs(10);
    let next = tokio::spawn(async move { (inbox.next().await, inbox) });
    tokio::task::yield_now().await;
    outbox.push("1".into()).expect("room");
    let (outgoing, mut inbox) = timeout(wait, next).await.expect("woken").expect("ends");
    assert_eq!(outgoing, Outgoing::Text("1".into()));

    let farewell = tokio::spawn(async move { (inbox.farewell().await, inbox) });
    tokio::task::yield_now().await;
    outbox.push("2".into()).expect("room");
    tokio::task::yield_now().await;
    assert!(!farewell.is_finished(), "a message is no farewell");
    outbox.send_away(REVOKED);
    let (why, _inbox) = timeout(wait, farewell).await.expect("woken").expect("ends");
    assert_eq!(why, REVOKED);
}

/// What waited while somebody waited for a farewell is still there.
#[tokio::test]
async fn waiting_for_a_farewell_loses_no_message() {
    let (outbox, mut inbox) = Outbox::new(1_000);
    outbox.push("1".into()).expect("room");
    tokio::select! {
        biased;
        why = inbox.farewell() => panic!("{why:?}"),
        () = tokio::task::yield_now() => {}
    }
    let next = timeout(Duration::from_secs(10), inbox.next());
    assert_eq!(next.await.expect("there"), Outgoing::Text("1".into()));
}

#[test]
fn who_is_dismissed_hears_what_waits_and_nothing_else() {
    let (outbox, mut inbox) = Outbox::new(1_000);
    outbox.push("1".into()).expect("room");
    outbox.dismiss(REVOKED);
    outbox.dismiss(TOO_SLOW);
    assert_eq!(outbox.push("2".into()), Err(Gone));
    assert_eq!(inbox.try_next(), Some(Outgoing::Text("1".into())));
    assert_eq!(inbox.try_next(), Some(Outgoing::Close(REVOKED)));

    // Being sent away is at once all the same.
    let (outbox, mut inbox) = Outbox::new(1_000);
    outbox.push("1".into()).expect("room");
    outbox.dismiss(TOO_SLOW);
    outbox.send_away(REVOKED);
    assert_eq!(inbox.try_next(), Some(Outgoing::Close(REVOKED)));
}
