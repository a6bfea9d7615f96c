//! The queue in front of a slow log.

use exchange_engine::{InstrumentId, Reject, Scope};
use orderbook_core::{OrderKind, Price, Quantity, Side, TimeInForce};

use super::*;
use crate::config::Config;

const ACCOUNT: AccountId = AccountId::new(1);
/// BTCUSDT of the built-in configuration.
const INSTRUMENT: InstrumentId = InstrumentId::new(0);

fn place(price: u64) -> Command {
    Command::Place {
        account: ACCOUNT,
        instrument: INSTRUMENT,
        client_order_id: None,
        side: Side::Buy,
        quantity: Quantity::new(1_000),
        kind: OrderKind::Limit {
            price: Price::new(price.cast_signed()),
            time_in_force: TimeInForce::GoodTillCancel,
        },
        self_trade: None,
    }
}

/// Somebody with money and an order.
async fn trader() -> anyhow::Result<Desk> {
    let config = Config::load(None)?;
    let genesis =
        move |exchange: &Exchange, listings: &Listings| config.genesis(exchange, listings);
    let desk = Desk::listing(Disk::default(), genesis).await?;
    assert!(done(desk.submit(open(1)).await));
    let deposit = Command::Deposit {
        account: ACCOUNT,
        asset: accounts_core::AssetId::new(2),
        amount: accounts_core::Amount::new(1 << 80),
    };
    assert!(done(desk.submit(deposit).await));
    assert!(done(desk.submit(place(1_000_000)).await));
    Ok(desk)
}

#[tokio::test]
async fn a_crowd_that_wants_in_keeps_nobody_from_getting_out() -> TestResult {
    let desk = trader().await?;
    desk.disk.hold();
    let mut crowd = vec![desk.send(place(1_000_001))];
    desk.until("the log is written", |desk| desk.disk.is_waited_for())
        .await;
    for _ in 0..QUEUE - QUEUE / 4 {
        crowd.push(desk.send(place(1_000_002)));
    }
    desk.until("the queue is full", |desk| {
        desk.sequencer.places.taken() == QUEUE - QUEUE / 4
    })
    .await;
    for _ in 0..10 {
        let answer = at_once(desk.sequencer.submit(place(1_000_003))).await;
        assert_eq!(answer, SubmitError::Overloaded);
    }
    let cancel = Command::CancelAll {
        account: ACCOUNT,
        instrument: INSTRUMENT,
    };
    let halt = Command::Halt {
        scope: Scope::Venue,
        cancel_orders: false,
    };
    let (cancel, halt) = (desk.send(cancel), desk.send(halt));
    desk.until("both have got in", |desk| {
        desk.sequencer.places.taken() == QUEUE - QUEUE / 4 + 2
    })
    .await;
    assert!(
        !cancel.is_finished() && !halt.is_finished(),
        "they wait for the log"
    );

    desk.disk.release();
    for answer in crowd {
        assert!(answer.await?.is_ok(), "who got in is answered");
    }
    let cancelled = cancel.await??;
    assert!(
        !cancelled.outcome().events.is_empty(),
        "orders were cancelled"
    );
    assert!(done(halt.await?));
    let late = desk.submit(place(1_000_004)).await?;
    assert_eq!(late.outcome().result, Err(Reject::VenueHalted));
    assert_eq!(desk.sequencer.suspensions(), 0, "slow is not broken");
    desk.assert_feed_is_log();
    Ok(())
}

#[tokio::test]
async fn a_log_that_fails_lets_go_of_all_places() -> TestResult {
    let desk = Desk::start(Disk::with(&[Append::Loses])).await?;
    desk.disk.hold();
    let mut crowd = vec![desk.send(open(1))];
    desk.until("the log is written", |desk| desk.disk.is_waited_for())
        .await;
    crowd.extend((2..500).map(|account| desk.send(open(account))));
    desk.until("they wait", |desk| desk.sequencer.places.taken() == 498)
        .await;
    desk.disk.release();
    for answer in crowd {
        assert_eq!(answer.await?.err(), Some(SubmitError::Suspended));
    }
    assert_eq!(desk.sequencer.places.taken(), 0);
    assert_eq!(desk.disk.frames().len(), 1, "nothing but the genesis");
    Ok(())
}
