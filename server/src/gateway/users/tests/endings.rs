//! How listening begins and ends.

use serde_json::json;

use super::*;
use crate::gateway::users::Ending;

fn subscription(market: &Market, account: AccountId, id: u64) -> (Outbox, Ear) {
    let authority = Authority::Key("key".into());
    market.listen_as(account, Wrap::Subscription(id), authority)
}

fn listen_key(key: &str) -> Authority {
    Authority::ListenKey {
        key: key.into(),
        api_key: "key".into(),
    }
}

fn deposit(market: &mut Market) {
    market.apply(Command::Deposit {
        account: BUYER,
        asset: USD,
        amount: Amount::new(1),
    });
}

#[test]
fn an_event_comes_in_what_its_listener_wants() {
    let mut market = Market::new();
    let key = listen_key("k");
    let (_, mut raw) = market.listen_as(BUYER, Wrap::Raw, key.clone());
    let (_, mut stream) = market.listen_as(BUYER, Wrap::Stream("k".into()), key);
    let (_, mut subscribed) = subscription(&market, BUYER, 7);
    deposit(&mut market);
    let events = raw.heard();
    assert_eq!(events[0]["e"], "balanceUpdate");
    let expected = events
        .iter()
        .map(|event| json!({ "stream": "k", "data": event }));
    assert!(stream.heard().into_iter().eq(expected));
    let expected = events
        .iter()
        .map(|event| json!({ "subscriptionId": 7, "event": event }));
    assert!(subscribed.heard().into_iter().eq(expected));
}

#[test]
fn subscribing_once_more_tells_nothing_twice() {
    let mut market = Market::new();
    let (outbox, mut ear) = subscription(&market, BUYER, 0);
    let again = |wrap| {
        let authority = Authority::Key("key".into());
        market
            .users
            .subscribe(BUYER, outbox.clone(), wrap, authority);
    };
    again(Wrap::Subscription(0));
    again(Wrap::Subscription(1));
    deposit(&mut market);
    let ids = ear
        .heard()
        .into_iter()
        .map(|it| it["subscriptionId"].clone());
    assert!(ids.eq([0, 1, 0, 1]));
}

#[test]
fn a_subscription_ends_by_its_number_and_says_so() {
    let mut market = Market::new();
    let (outbox, mut ear) = subscription(&market, BUYER, 0);
    let authority = Authority::Key("key".into());
    let another = Wrap::Subscription(1);
    market
        .users
        .subscribe(BUYER, outbox.clone(), another, authority);
    market.users.unsubscribe(BUYER, outbox.id(), Some(0));
    let heard = ear.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0]["subscriptionId"], 0);
    assert_eq!(heard[0]["event"]["e"], "eventStreamTerminated");
    deposit(&mut market);
    let heard = ear.heard();
    assert!(heard.iter().all(|event| event["subscriptionId"] == 1));
    assert_eq!(heard.len(), 2);
}

#[test]
fn a_connection_that_ends_leaves_nothing_behind() {
    let mut market = Market::new();
    let (outbox, mut ear) = subscription(&market, BUYER, 0);
    market.users.unsubscribe(BUYER, outbox.id(), None);
    assert!(!market.users.anybody());
    deposit(&mut market);
    assert!(ear.heard().is_empty());
    // Who goes without a word is noticed with the next event.
    drop(market.listen(BUYER));
    deposit(&mut market);
    assert!(!market.users.anybody());
}

#[test]
fn a_connection_leaves_by_its_listen_key_and_others_stay() {
    let mut market = Market::new();
    let users = market.users.clone();
    let (leaves, mut quiet) = market.listen_as(BUYER, Wrap::Raw, listen_key("a"));
    let (stays, mut ear) = market.listen_as(BUYER, Wrap::Raw, listen_key("a"));
    let (_, mut other) = market.listen_as(BUYER, Wrap::Raw, listen_key("b"));
    users.unsubscribe_key("a", leaves.id());
    users.unsubscribe_key("unknown", stays.id());
    deposit(&mut market);
    assert_eq!(quiet.heard().len(), 0);
    assert_eq!((ear.heard().len(), other.heard().len()), (2, 2));
    users.unsubscribe_key("a", stays.id());
    let keys: Vec<_> = users.listeners().by_listen_key.keys().cloned().collect();
    assert_eq!(keys, [Arc::<str>::from("b")]);
}

#[test]
fn whoever_is_too_slow_is_sent_away_instead_of_missing_something() {
    let mut market = Market::new();
    let (outbox, inbox) = Outbox::new(400);
    let key = Authority::Key("key".into());
    market.users.subscribe(BUYER, outbox, Wrap::Raw, key);
    let mut patient = market.listen(BUYER);
    for _ in 0..4 {
        deposit(&mut market);
    }
    let (said, (code, _)) = Ear(inbox).ending();
    assert_eq!((said.len(), code), (0, 1008));
    assert_eq!(patient.heard().len(), 8);
    assert!(market.users.anybody());
}

#[test]
fn who_may_not_listen_any_more_hears_the_end_of_every_subscription() {
    let mut market = Market::new();
    let (outbox, mut ear) = subscription(&market, BUYER, 0);
    let other = Authority::Key("another key".into());
    let wrap = Wrap::Subscription(1);
    market.users.subscribe(SELLER, outbox, wrap, other.clone());
    let (_, mut stays) = market.listen_as(BUYER, Wrap::Raw, other);
    deposit(&mut market);
    market
        .users
        .end(&Authority::Key("key".into()), Ending::Revoked);
    let (said, (code, _)) = ear.ending();
    assert_eq!(code, 1008);
    // What was said before is not lost.
    assert_eq!(said[0]["event"]["e"], "balanceUpdate");
    let terminated = said.iter().skip(2).map(|it| {
        assert_eq!(it["event"]["e"], "eventStreamTerminated");
        it["subscriptionId"].as_u64().expect("a number")
    });
    let mut terminated: Vec<u64> = terminated.collect();
    terminated.sort_unstable();
    assert_eq!(terminated, [0, 1]);
    deposit(&mut market);
    assert_eq!(stays.heard().len(), 4);
    assert!(!market.users.hears(SELLER));
}

#[test]
fn a_listen_key_says_that_it_has_expired_but_not_that_it_was_closed() {
    for (ending, combined) in [
        (Ending::Expired, false),
        (Ending::Expired, true),
        (Ending::Closed, false),
    ] {
        let market = Market::new();
        let key = listen_key("abc");
        let wrap = if combined {
            Wrap::Stream("abc".into())
        } else {
            Wrap::Raw
        };
        let (_, mut ear) = market.listen_as(BUYER, wrap, key.clone());
        market.users.end(&key, ending);
        let (said, (code, _)) = ear.ending();
        assert_eq!(code, 1000);
        match (ending, combined) {
            (Ending::Expired, false) => {
                assert_eq!(said[0]["e"], "listenKeyExpired");
                assert_eq!(said[0]["listenKey"], "abc");
                assert!(said[0]["E"].is_u64());
            }
            (Ending::Expired, true) => assert_eq!(said[0]["data"]["e"], "listenKeyExpired"),
            _ => assert!(said.is_empty()),
        }
    }
}

/// Whoever listens at a process that was started before something was listed.
#[test]
fn what_cannot_be_told_ends_the_connection() {
    let mut market = Market::new();
    let (mut buyer, mut seller) = (market.listen(BUYER), market.listen(SELLER));
    let listed = InstrumentId::new(2);
    market.list(listed, "BTCUSD2", BTC);
    market.place_in(listed, BUYER, Side::Buy, 10, gtc(100), None);
    let (said, (code, _)) = buyer.ending();
    assert_eq!((said.len(), code), (0, 1012));
    assert!(seller.heard().is_empty());
    assert!(!market.users.hears(BUYER));
}
