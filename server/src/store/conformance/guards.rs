//! Nothing is stored twice, half, or for another log.

use std::sync::Arc;

use exchange_engine::{InstrumentId, OrderRef};
use futures_util::future::try_join_all;
use marketdata_core::Interval;
use orderbook_core::{OrderId, Side, TradeId};

use super::script::{ANN, BOB, BTC, accepted, order, settled, trade};
use super::{Place, Script, TestResult};
use crate::log::LogId;
use crate::store::{Changes, Cursor, StoreError};

/// One trade, with the id of the input that led to it.
fn one_trade(seq: u64) -> Arc<Changes> {
    let trade = settled(BTC, trade(seq, 100, 1, (1, ANN), (2, BOB)));
    Script::after(seq - 1).at(seq, [trade]).changes()
}

pub(super) async fn a_store_belongs_to_one_log(place: &Place) -> TestResult {
    let (log, other) = (LogId::new([0xaa; 16]), LogId::new([0xbb; 16]));
    let store = place.open().await?;
    assert_eq!(store.claim(log).await?, Cursor::default());
    store.write(&one_trade(1)).await?;
    let cursor = one_trade(1).cursor();
    assert_eq!(store.claim(log).await?, cursor);
    drop(store);

    let store = place.open().await?;
    let error = store.claim(other).await.expect_err("another log");
    assert!(matches!(error, StoreError::OtherLog { .. }), "{error:?}");
    let message = error.to_string();
    for log in [log, other] {
        assert!(message.contains(&log.to_string()), "{message}");
    }
    assert_eq!(store.claim(log).await?, cursor);
    Ok(())
}

pub(super) async fn changes_are_written_once_and_where_they_belong(place: &Place) -> TestResult {
    let store = place.open().await?;
    store.write(&one_trade(1)).await?;
    store.write(&one_trade(2)).await?;
    for misplaced in [1, 2, 4] {
        assert_eq!(
            store.write(&one_trade(misplaced)).await,
            Err(StoreError::CursorMoved {
                expected: misplaced - 1,
                found: 2
            })
        );
        assert_eq!(store.cursor().await?, one_trade(2).cursor());
        assert_eq!(store.trades(BTC, TradeId::new(0), 9).await?.rows.len(), 2);
    }
    store.write(&one_trade(3)).await?;
    assert_eq!(store.trades(BTC, TradeId::new(0), 9).await?.rows.len(), 3);
    Ok(())
}

pub(super) async fn of_two_writers_one_is_told_that_the_cursor_moved(place: &Place) -> TestResult {
    let (one, other) = (place.open().await?, place.open().await?);
    for seq in 1..=20 {
        let changes = one_trade(seq);
        let (first, second) = tokio::join!(one.write(&changes), other.write(&changes));
        let refused = match (first, second) {
            (Ok(()), Err(refused)) | (Err(refused), Ok(())) => refused,
            both => return Err(format!("one of {both:?} should have written").into()),
        };
        let (expected, found) = (seq - 1, seq);
        assert_eq!(refused, StoreError::CursorMoved { expected, found });
    }
    assert_eq!(one.trades(BTC, TradeId::new(0), 99).await?.rows.len(), 20);
    Ok(())
}

/// The orders come last, and this one is there already.
pub(super) async fn a_write_that_fails_half_way_leaves_nothing(place: &Place) -> TestResult {
    let store = place.open().await?;
    let accepted = || accepted(BTC, order(1, ANN, Side::Sell), "");
    store
        .write(&Script::after(0).at(1, [accepted()]).changes())
        .await?;
    let cursor = store.cursor().await?;
    let trade = settled(BTC, trade(1, 100, 1, (8, ANN), (9, BOB)));
    let again = Script::after(1).at(2, [trade, accepted()]).changes();
    let failed = store.write(&again).await;
    assert!(
        matches!(failed, Err(StoreError::Storage { .. })),
        "{failed:?}"
    );
    assert_eq!(store.cursor().await?, cursor);
    assert_eq!(store.trades(BTC, TradeId::new(0), 9).await?.rows, []);
    // And the store goes on.
    store.write(&one_trade(2)).await?;
    Ok(())
}

/// Every input lists an instrument, in which it is an order, and leads to a trade on a new day: so
/// everything goes where nothing was before, and as much is there as the cursor says.
pub(super) async fn rows_are_as_old_as_the_cursor_that_comes_with_them(
    place: &Place,
) -> TestResult {
    const WRITES: u64 = 40;
    const DAY: u64 = 86_400_000_000;
    let instrument = |seq| InstrumentId::new(u32::try_from(seq).unwrap_or(u32::MAX));
    let store = place.open().await?;
    let read = async || {
        loop {
            let trades = store.trades(BTC, TradeId::new(0), 1_000).await?;
            assert_eq!(trades.rows.len() as u64, trades.cursor.seq);
            let day = Interval::ONE_DAY;
            let candles = store.candles(BTC, day, None, None, 1_000).await?;
            assert_eq!(candles.rows.len() as u64, candles.cursor.seq);
            let next = candles.cursor.seq + 1;
            let order = OrderRef::Id(OrderId::new(next));
            let order = store.order(ANN, instrument(next), order).await?;
            assert_eq!(order.rows.is_some(), order.cursor.seq >= next);
            if trades.cursor.seq == WRITES {
                return Ok::<_, StoreError>(());
            }
        }
    };
    // Many, because what they could miss is there a moment later.
    let reading = try_join_all((0..8).map(|_| read()));
    let writing = async {
        for seq in 1..=WRITES {
            let events = [
                accepted(instrument(seq), order(seq, ANN, Side::Sell), ""),
                settled(BTC, trade(seq, 100, 1, (seq, ANN), (99, BOB))),
            ];
            let changes = Script::after(seq - 1).at(seq * DAY, events).changes();
            store.write(&changes).await?;
        }
        Ok::<_, StoreError>(())
    };
    tokio::try_join!(reading, writing)?;
    Ok(())
}
