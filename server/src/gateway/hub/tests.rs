use std::sync::atomic::Ordering;

use axum::extract::ws::Utf8Bytes;

use super::*;
use crate::gateway::outbox::{Inbox, Outbox, Outgoing, TOO_SLOW};

const TRADE: &str = "a@trade";
const TICKER: &str = "a@ticker";
const KLINE: &str = "a@kline";

/// A hub that knows three streams.
fn hub() -> Hub {
    let hub = Hub::default();
    hub.add(TRADE.into());
    hub.add(TICKER.into());
    hub.add(KLINE.into());
    hub
}

/// More than any of these scenarios needs.
const BUDGET: usize = 10_000;

fn subscriber(combined: bool, budget: usize) -> (Subscriber, Inbox) {
    let (outbox, inbox) = Outbox::new(budget);
    (Subscriber::new(outbox, combined), inbox)
}

/// The next message, if there is one.
fn next(inbox: &mut Inbox) -> Option<String> {
    match inbox.try_next()? {
        Outgoing::Text(text) => Some(text.to_string()),
        Outgoing::Close(why) => panic!("sent away: {why:?}"),
    }
}

fn message(name: &str, keep: Keep, text: &str) -> bus::Message {
    bus::Message {
        name: name.into(),
        keep,
        text: text.into(),
    }
}

fn packet(epoch: u64, seq: u64, body: Body) -> Packet {
    Packet {
        stream: bus::Stream::Market,
        epoch,
        prev_seq: seq.saturating_sub(1),
        seq,
        body,
    }
}

fn say(hub: &Hub, seq: u64, name: &str, keep: Keep, text: &str) {
    let messages = vec![message(name, keep, text)];
    hub.deliver(&packet(1, seq, Body::Messages { as_of: 0, messages }));
}

#[test]
fn both_forms_reach_their_subscribers() {
    let hub = hub();
    let (raw, mut raw_messages) = subscriber(false, BUDGET);
    let (combined, mut combined_messages) = subscriber(true, BUDGET);
    hub.subscribe(TRADE, &raw);
    hub.subscribe(TRADE, &raw);
    hub.subscribe(TRADE, &combined);
    hub.subscribe("no such stream", &raw);
    say(&hub, 1, TRADE, Keep::Nothing, "{\"e\":1}");
    say(&hub, 2, "no such stream", Keep::Nothing, "{}");
    let wrapped = |data: &str| format!("{{\"stream\":\"a@trade\",\"data\":{data}}}");
    assert_eq!(next(&mut raw_messages).as_deref(), Some("{\"e\":1}"));
    assert_eq!(next(&mut combined_messages), Some(wrapped("{\"e\":1}")));
    hub.unsubscribe(TRADE, &raw);
    combined.combined.store(false, Ordering::Relaxed);
    say(&hub, 3, TRADE, Keep::Nothing, "2");
    combined.combined.store(true, Ordering::Relaxed);
    say(&hub, 4, TRADE, Keep::Nothing, "3");
    assert_eq!(next(&mut raw_messages), None);
    assert_eq!(next(&mut combined_messages).as_deref(), Some("2"));
    assert_eq!(next(&mut combined_messages), Some(wrapped("3")));
}

/// However many they are, all have the same bytes.
#[test]
fn a_message_is_written_once() {
    let hub = hub();
    let forms = [false, true];
    let mut all: Vec<_> = (0..1_000)
        .map(|number| subscriber(forms[number % 2], BUDGET))
        .collect();
    for (subscriber, _) in &all {
        hub.subscribe(TRADE, subscriber);
    }
    say(&hub, 1, TRADE, Keep::Nothing, "{}");
    let mut texts = all.iter_mut().map(|(_, inbox)| match inbox.try_next() {
        Some(Outgoing::Text(text)) => text,
        other => panic!("{other:?}"),
    });
    let first: [Utf8Bytes; 2] = std::array::from_fn(|_| texts.next().expect("there are more"));
    assert_ne!(first[0], first[1]);
    for (number, text) in (0..).zip(texts) {
        assert_eq!(text.as_ptr(), first[number % 2].as_ptr(), "{text:?}");
    }
}

#[test]
fn a_new_subscriber_gets_the_last_state_but_no_old_trade() {
    let hub = hub();
    say(&hub, 1, TICKER, Keep::ForLater, "1");
    say(&hub, 2, TICKER, Keep::ForLater, "2");
    say(&hub, 3, TRADE, Keep::Nothing, "3");
    let (late, mut messages) = subscriber(false, BUDGET);
    hub.subscribe(TICKER, &late);
    hub.subscribe(TRADE, &late);
    assert_eq!(next(&mut messages).as_deref(), Some("2"));
    assert_eq!(next(&mut messages), None);
    say(&hub, 4, TICKER, Keep::Forget, "4");
    assert_eq!(next(&mut messages).as_deref(), Some("4"));
    let (later, mut messages) = subscriber(false, BUDGET);
    hub.subscribe(TICKER, &later);
    assert_eq!(next(&mut messages), None, "what is over is not told again");
}

#[test]
fn an_older_message_never_comes_after_a_newer_one() {
    let hub = hub();
    let at = |epoch, seq| Position { epoch, seq };
    let kept = |text| message(TICKER, Keep::ForLater, text);
    let last = || {
        let (late, mut messages) = subscriber(false, BUDGET);
        hub.subscribe(TICKER, &late);
        next(&mut messages)
    };
    hub.remember(vec![(at(0, 9), kept("of the epoch before"))]);
    assert_eq!(last().as_deref(), Some("of the epoch before"));
    say(&hub, 5, TICKER, Keep::ForLater, "newer");
    hub.remember(vec![(at(1, 4), kept("late"))]);
    assert_eq!(last().as_deref(), Some("newer"));
    say(&hub, 6, TICKER, Keep::Forget, "over");
    hub.remember(vec![(at(1, 5), kept("late"))]);
    assert_eq!(last(), None, "what is over cannot come back");

    // What was remembered may be ahead of what comes over the bus.
    hub.remember(vec![(at(1, 9), kept("ahead"))]);
    let (early, mut messages) = subscriber(false, BUDGET);
    hub.subscribe(TICKER, &early);
    say(&hub, 7, TICKER, Keep::ForLater, "late");
    say(&hub, 8, TICKER, Keep::Forget, "late");
    say(&hub, 9, TICKER, Keep::ForLater, "again");
    say(&hub, 10, TICKER, Keep::ForLater, "next");
    assert_eq!(next(&mut messages).as_deref(), Some("next"));
    assert_eq!(next(&mut messages), None);
}

/// States are conflated, news is not; the last state of a candle stays.
#[test]
fn only_states_are_conflated() {
    let hub = hub();
    let (slow, mut messages) = subscriber(true, BUDGET);
    for name in [TRADE, TICKER, KLINE] {
        hub.subscribe(name, &slow);
    }
    for seq in 1..=3 {
        say(&hub, seq, TICKER, Keep::ForLater, &seq.to_string());
        say(&hub, seq, TRADE, Keep::Nothing, &seq.to_string());
        say(&hub, seq, KLINE, Keep::ForLater, &seq.to_string());
    }
    say(&hub, 4, KLINE, Keep::Forget, "4");
    say(&hub, 4, KLINE, Keep::ForLater, "5");
    say(&hub, 5, KLINE, Keep::ForLater, "6");
    let wrapped = |(name, data)| format!("{{\"stream\":\"{name}\",\"data\":{data}}}");
    let expected = [
        (TICKER, 3),
        (TRADE, 1),
        (KLINE, 4),
        (TRADE, 2),
        (TRADE, 3),
        (KLINE, 6),
    ];
    let taken: Vec<_> = std::iter::from_fn(|| next(&mut messages)).collect();
    assert_eq!(taken, expected.map(wrapped));
}

#[test]
fn a_slow_subscriber_is_told_to_go() {
    let hub = hub();
    let (slow, mut messages) = subscriber(false, 100);
    let (other, mut others) = subscriber(false, BUDGET);
    hub.subscribe(TRADE, &slow);
    hub.subscribe(TRADE, &other);
    say(&hub, 1, TRADE, Keep::Nothing, "1");
    say(&hub, 2, TRADE, Keep::Nothing, "2");
    assert_eq!(messages.try_next(), Some(Outgoing::Close(TOO_SLOW)));
    hub.unsubscribe(TRADE, &other);
    assert!(!hub.has_subscribers(TRADE), "it gets nothing after a gap");
    assert_eq!(next(&mut others).as_deref(), Some("1"));
    assert_eq!(next(&mut others).as_deref(), Some("2"));
}

#[test]
fn when_messages_are_lost_everybody_starts_anew() {
    let hub = hub();
    let snapshot = |epoch, seq, text| {
        let messages = vec![message(TICKER, Keep::ForLater, text)];
        packet(epoch, seq, Body::Snapshot { as_of: 7, messages })
    };
    let (early, mut messages) = subscriber(false, BUDGET);
    hub.subscribe(TRADE, &early);
    hub.subscribe(TICKER, &early);
    let kept = message(KLINE, Keep::ForLater, "of a candle that has ended since");
    let before = Position { epoch: 1, seq: 2 };
    hub.remember(vec![(before, kept)]);
    hub.deliver(&snapshot(1, 3, "first"));
    assert_eq!(hub.snapshot().body, snapshot(1, 3, "first").body);
    // Nothing was there to be lost.
    assert_eq!(next(&mut messages).as_deref(), Some("first"));
    hub.deliver(&snapshot(1, 8, "second"));
    assert_eq!(messages.try_next(), Some(Outgoing::Close(MESSAGES_LOST)));
    assert_eq!(hub.snapshot().body, snapshot(1, 8, "second").body);
    assert_eq!(hub.snapshot().position(), Position { epoch: 1, seq: 8 });
}
