"""python-binance over REST: two traders, from loading markets to every refusal."""

import asyncio
from importlib.metadata import version

from binance import AsyncClient

from exchange import Exchange
from python_binance_settings import MARKET, connected, point_at, refused
from steps import Steps, equal, has


async def trade(steps, alice, bob):
    with steps.step("load markets"):
        equal((await bob.ping(), (await bob.get_server_time())["serverTime"] > 0), ({}, True))
        markets = {market["symbol"]: market for market in (await bob.get_exchange_info())["symbols"]}
        equal(sorted(markets), ["BTCUSDT", "ETHBTC", "ETHUSDT"])
        has(await bob.get_symbol_info(MARKET), status="TRADING", baseAsset="BTC", quoteAsset="USDT")
        assert "SPOT" in markets[MARKET]["permissionSets"][0]

    with steps.step("rest orders on three levels"):
        asks = [
            await alice.order_limit_sell(symbol=MARKET, quantity="1", price=price)
            for price in ("60000", "60010", "60020")
        ]
        has(asks[0], status="NEW", executedQty="0.00000000", price="60000.00000000", fills=[])
        found = await alice.get_order(symbol=MARKET, orderId=asks[0]["orderId"])
        has(found, status="NEW", clientOrderId=asks[0]["clientOrderId"], isWorking=True)
        equal([order["orderId"] for order in await alice.get_open_orders()], [ask["orderId"] for ask in asks])
        equal((await bob.get_order_book(symbol=MARKET))["asks"][0], ["60000.00000000", "1.00000000"])
        equal(
            await alice.get_asset_balance("BTC"),
            {"asset": "BTC", "free": "7.00000000", "locked": "3.00000000"},
        )

    with steps.step("cross two levels and rest"):
        bid = await bob.order_limit_buy(symbol=MARKET, quantity="2.5", price="60010")
        has(bid, status="PARTIALLY_FILLED", executedQty="2.00000000", cummulativeQuoteQty="120010.00000000")
        equal(
            [(fill["price"], fill["qty"]) for fill in bid["fills"]],
            [("60000.00000000", "1.00000000"), ("60010.00000000", "1.00000000")],
        )
        has(bid["fills"][0], commission="0.00100000", commissionAsset="BTC")

    with steps.step("buy at the market, by quantity and for an amount of money"):
        has(
            await bob.order_market_buy(symbol=MARKET, quantity="0.4"),
            status="FILLED",
            executedQty="0.40000000",
        )
        has(
            await bob.order_market_buy(symbol=MARKET, quoteOrderQty="6002"),
            status="FILLED",
            executedQty="0.10000000",
        )

    with steps.step("cancel, by the name that the trader gave"):
        has(
            await bob.cancel_order(symbol=MARKET, orderId=bid["orderId"]),
            status="CANCELED",
            executedQty="2.00000000",
        )
        await bob.order_limit_buy(symbol=MARKET, quantity="1", price="50000", newClientOrderId="mine")
        has(
            await bob.cancel_order(symbol=MARKET, origClientOrderId="mine"),
            status="CANCELED",
            origClientOrderId="mine",
        )

    with steps.step("cancel and replace"):
        before = await bob.order_limit_buy(symbol=MARKET, quantity="1", price="50000")
        answer = await bob.cancel_replace_order(
            symbol=MARKET, side="BUY", type="LIMIT", timeInForce="GTC", quantity="2", price="50100",
            cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=before["orderId"],
        )  # fmt: skip
        has(answer, cancelResult="SUCCESS", newOrderResult="SUCCESS")
        has(answer["newOrderResponse"], status="NEW", origQty="2.00000000")
        has(await bob.get_order(symbol=MARKET, orderId=before["orderId"]), status="CANCELED")

    with steps.step("order history, own trades, balances"):
        await bob.cancel_all_open_orders(symbol=MARKET)
        equal(await bob.get_open_orders(symbol=MARKET), [])
        states = [order["status"] for order in await bob.get_all_orders(symbol=MARKET)]
        equal(states, ["CANCELED", "FILLED", "FILLED", "CANCELED", "CANCELED", "CANCELED"])
        trades = await bob.get_my_trades(symbol=MARKET)
        equal([trade["qty"] for trade in trades], ["1.00000000", "1.00000000", "0.40000000", "0.10000000"])
        has(trades[0], isBuyer=True, isMaker=False, price="60000.00000000", orderId=bid["orderId"])
        equal((await bob.get_asset_balance("BTC"))["free"], "12.49750000")

    with steps.step("the market"):
        has(await bob.get_ticker(symbol=MARKET), lastPrice="60020.00000000", volume="2.50000000", count=4)
        equal((await bob.get_symbol_ticker(symbol=MARKET))["price"], "60020.00000000")
        equal((await bob.get_orderbook_ticker(symbol=MARKET))["askQty"], "0.50000000")
        equal(len(await bob.get_all_tickers()), 3)
        equal(len(await bob.get_recent_trades(symbol=MARKET)), 4)
        equal(sum(float(trade["q"]) for trade in await bob.get_aggregate_trades(symbol=MARKET)), 2.5)
        equal(
            (await bob.get_klines(symbol=MARKET, interval="1d"))[-1][1:6],
            ["60000.00000000", "60020.00000000", "60000.00000000", "60020.00000000", "2.50000000"],
        )
        equal(
            [
                candle[5]
                async for candle in await bob.get_historical_klines_generator(MARKET, "1d", "1 day ago UTC")
            ],
            ["2.50000000"],
        )
        assert float((await bob.get_avg_price(symbol=MARKET))["price"]) > 60000


async def refusals(steps, account, trader):
    order = {
        "symbol": MARKET,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": "50000",
    }
    cases = [
        (
            "insufficient balance",
            -2010,
            {"quantity": "1000"},
            "Account has insufficient balance for requested action.",
        ),
        (
            "post-only that would cross",
            -2010,
            {"type": "LIMIT_MAKER", "timeInForce": None, "price": "61000"},
            "Order would immediately match and take.",
        ),
        ("a tick that is none", -1013, {"price": "50000.001"}, "Filter failure: PRICE_FILTER"),
        ("a lot that is none", -1013, {"quantity": "0.000001"}, "Filter failure: LOT_SIZE"),
        ("too small an order", -1013, {"quantity": "0.00001"}, "Filter failure: NOTIONAL"),
        ("unknown symbol", -1121, {"symbol": "NOSUCH"}, "Invalid symbol."),
        ("a missing parameter", -1102, {"price": None}, "Mandatory parameter 'price'"),
        ("an unknown side", -1117, {"side": "HOLD"}, ""),
        ("an unknown type", -1116, {"type": "GUESS"}, ""),
        ("an unknown time in force", -1115, {"timeInForce": "LATER"}, ""),
    ]
    for name, code, changes, matching in cases:
        with steps.step(f"refused: {name}"):
            changed = {key: value for key, value in {**order, **changes}.items() if value is not None}
            await refused(code, trader.create_order(**changed), matching=matching)

    with steps.step("refused: another order under the name of an open one"):
        await trader.create_order(**order, newClientOrderId="taken")
        again = trader.create_order(**{**order, "quantity": "2"}, newClientOrderId="taken")
        await refused(-2010, again, matching="Duplicate order sent.")
        await trader.cancel_order(symbol=MARKET, origClientOrderId="taken")

    with steps.step("refused: what is not there"):
        await refused(
            -2011, trader.cancel_order(symbol=MARKET, orderId=999999999), matching="Unknown order sent."
        )
        await refused(
            -2013, trader.get_order(symbol=MARKET, orderId=999999999), matching="Order does not exist."
        )
        await refused(-1120, trader.get_klines(symbol=MARKET, interval="7m"))

    with steps.step("refused: half a replacement, and none"):
        replace = {**order, "quantity": "1000", "cancelReplaceMode": "ALLOW_FAILURE"}
        resting = await trader.create_order(**order)
        await refused(
            -2021, trader.cancel_replace_order(**replace, cancelOrderId=resting["orderId"]), status=409
        )
        await refused(-2022, trader.cancel_replace_order(**replace, cancelOrderId=resting["orderId"]))

    with steps.step("refused: a clock that is wrong"):
        trader.timestamp_offset = -60_000
        await refused(-1021, trader.get_account(), matching="Timestamp for this request")
        trader.timestamp_offset = 0

    with steps.step("refused: wrong signature, unknown key"):
        for key, secret, code, status in (
            (account.api_key, "0" * 64, -1022, 400),
            ("0" * 64, account.secret, -2015, 401),
        ):
            nobody = await AsyncClient.create(key, secret)
            try:
                await refused(code, nobody.get_account(), status=status)
            finally:
                await nobody.close_connection()


async def session(steps, exchange):
    accounts = exchange.two_accounts()
    alice, bob = await connected(accounts)
    try:
        await trade(steps, alice, bob)
        await refusals(steps, accounts[1], bob)
    finally:
        await alice.close_connection()
        await bob.close_connection()


def main():
    steps = Steps(f"python-binance {version('python-binance')}, REST")
    with Exchange() as exchange:
        point_at(exchange)
        asyncio.run(session(steps, exchange))
    steps.finish()


if __name__ == "__main__":
    main()
