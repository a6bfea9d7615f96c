//! Looking up orders and trades.

use orderbook_core::{AccountId, OrderId, Timestamp, TradeId};

use super::history;
use crate::api::orders::{Allocation, OwnTrade, QueriedOrder, Wanted};
use crate::api::params::Params;
use crate::error::ApiError;
use crate::gateway::App;
use crate::store::{FillQuery, OrderQuery};

/// The most milliseconds between the two ends of what is looked up.
const DAY: u64 = 24 * 60 * 60 * 1_000;

/// `GET /api/v3/order`
pub(crate) async fn order(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<QueriedOrder, ApiError> {
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    let wanted = Wanted::parse(params)?;
    let order = history::order(app, account, symbol.id, wanted.order).await?;
    let order = order.ok_or(ApiError::NO_SUCH_ORDER)?;
    wanted.check(&order)?;
    Ok(QueriedOrder::new(&order, symbol))
}

/// `GET /api/v3/openOrders`: of one instrument, or of all.
pub(crate) async fn open_orders(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<Vec<QueriedOrder>, ApiError> {
    let symbols = app.symbols();
    let only = params
        .get("symbol")
        .map(|name| symbols.named(name))
        .transpose()?;
    let orders = app.orders.at(app.entry.published()).await;
    // As of now, so that there is a name for every order.
    let symbols = app.symbols();
    let open = orders
        .open_orders(account)
        .filter(|order| only.is_none_or(|symbol| symbol.id == order.instrument))
        .filter_map(|order| {
            let symbol = symbols.get(order.instrument)?;
            Some(QueriedOrder::new(order, symbol))
        });
    Ok(open.collect())
}

/// `GET /api/v3/allOrders`: orders in whatever state, oldest first.
pub(crate) async fn all_orders(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<Vec<QueriedOrder>, ApiError> {
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    let (start, end) = time_range(params)?;
    let query = OrderQuery {
        account,
        instrument: symbol.id,
        from_id: params.parsed("orderId")?.map(OrderId::new),
        start,
        end,
        limit: params.limit(500, 1_000)?,
    };
    let orders = history::orders(app, &query).await?;
    let orders = orders.iter().map(|order| QueriedOrder::new(order, symbol));
    Ok(orders.collect())
}

/// `GET /api/v3/myTrades`: from a trade on, of an order, or of a time.
pub(crate) async fn my_trades(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<Vec<OwnTrade>, ApiError> {
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    let (start, end) = time_range(params)?;
    let query = FillQuery {
        account,
        instrument: symbol.id,
        order_id: params.parsed("orderId")?.map(OrderId::new),
        from_id: params.parsed("fromId")?.map(TradeId::new),
        start,
        end,
        limit: params.limit(500, 1_000)?,
    };
    let timed = start.is_some() || end.is_some();
    if timed && (query.order_id.is_some() || query.from_id.is_some()) {
        return Err(ApiError::COMBINATION);
    }
    let fills = history::fills(app, &query).await?;
    let trades = fills
        .iter()
        .map(|fill| OwnTrade::new(fill, &symbols, symbol));
    trades.collect::<Option<_>>().ok_or(ApiError::INTERNAL)
}

/// `GET /api/v3/myAllocations`: no order is sent around several books here.
pub(crate) fn allocations(app: &App, params: &Params) -> Result<Vec<Allocation>, ApiError> {
    app.symbols().named(params.require("symbol")?)?;
    time_range(params)?;
    params.limit(500, 1_000)?;
    Ok(Vec::new())
}

/// `startTime` and `endTime`: milliseconds, both inclusive, so that the end is the last microsecond
/// of its millisecond. Where both are given, there is at most a day between them.
fn time_range(params: &Params) -> Result<(Option<Timestamp>, Option<Timestamp>), ApiError> {
    let start = params.parsed::<u64>("startTime")?;
    let end = params.parsed::<u64>("endTime")?;
    if let (Some(start), Some(end)) = (start, end)
        && end.saturating_sub(start) > DAY
    {
        return Err(ApiError::LOOKUP_TOO_LONG);
    }
    let end = end.map(|end| Timestamp::new(end.saturating_mul(1_000).saturating_add(999)));
    Ok((start.map(Timestamp::from_millis), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_looked_up_at_most() {
        let range = |query| time_range(&Params::parse(query, b""));
        let (start, end) = (Timestamp::new(1_000), Timestamp::new(86_400_001_999));
        let cases = [
            ("", Ok((None, None))),
            ("startTime=1", Ok((Some(start), None))),
            ("endTime=86400001", Ok((None, Some(end)))),
            ("startTime=1&endTime=86400001", Ok((Some(start), Some(end)))),
            (
                "startTime=1&endTime=86400002",
                Err(ApiError::LOOKUP_TOO_LONG),
            ),
            ("startTime=x", Err(ApiError::mandatory("startTime"))),
            ("endTime=-1", Err(ApiError::mandatory("endTime"))),
        ];
        for (query, expected) in cases {
            assert_eq!(range(query), expected, "{query}");
        }
        // Nothing is between them, and that is no mistake.
        assert!(range("startTime=86400002&endTime=1").is_ok());
    }
}
