"""ccxt.pro: own orders, trades and balances as they change, the market as it moves, a copy of the
book that stays in step, and orders over WebSocket."""

import asyncio

import ccxt.pro as ccxt
from ccxt_settings import settings, stock_settings
from exchange import Exchange
from load import Load
from steps import LOADED_SECONDS, Following, Steps, equal, has, refused_later

MARKET = "BTC/USDT"
BURST = 5


async def own_streams(steps, exchange, account, alice, bob):
    orders, trades, balances = [], [], []

    def state(order):
        """The last that was said of an order."""
        said = [dict(update) for update in orders if update["id"] == order["id"]]
        return said[-1] if said else {}

    async with Following() as following:
        with steps.step("follow own orders, trades and balances"):
            following.gather(alice.watch_orders, orders)
            following.gather(alice.watch_my_trades, trades)
            following.gather(alice.watch_balance, balances)

            async def told():
                await stir(alice)
                return orders and balances

            await following.eventually("a first word of each", told)

        with steps.step("an order rests"):
            first = await alice.create_order(MARKET, "limit", "sell", 1, 60000)
            second = await alice.create_order(MARKET, "limit", "sell", 1, 60010)
            await following.eventually("two open orders", lambda: state(second).get("status") == "open")
            has(state(first), status="open", filled=0, clientOrderId=first["clientOrderId"], symbol=MARKET)
            await following.eventually("held funds", lambda: balances and balances[-1]["BTC"]["used"] == 2)

        with steps.step("it is filled, in part and whole, over two levels"):
            await bob.create_order(MARKET, "limit", "buy", 0.4, 60000)
            await following.eventually("a partial fill", lambda: state(first).get("filled") == 0.4)
            has(state(first), status="open", remaining=0.6)
            await bob.create_order(MARKET, "limit", "buy", 1.1, 60010)
            await following.eventually("a fill of the next", lambda: state(second).get("filled") == 0.5)
            has(state(first), status="closed", filled=1, average=60000)
            await following.eventually("three trades", lambda: len(trades) == 3)
            equal(
                [(trade["amount"], trade["price"]) for trade in trades],
                [(0.4, 60000), (0.6, 60000), (0.5, 60010)],
            )
            has(trades[0], order=first["id"], side="sell", takerOrMaker="maker")
            has(trades[0]["fee"], currency="USDT", cost=24)

        with steps.step("the rest is taken back"):
            await alice.cancel_order(second["id"], MARKET)
            await following.eventually("canceled", lambda: state(second).get("status") == "canceled")
            has(state(second), filled=0.5, clientOrderId=second["clientOrderId"])

        with steps.step("it is replaced"):
            before = await alice.create_order(MARKET, "limit", "sell", 1, 61000)
            after = await alice.edit_order(before["id"], MARKET, "limit", "sell", 2, 61010)
            await following.eventually("the new one", lambda: state(after).get("status") == "open")
            has(state(before), status="canceled", clientOrderId=before["clientOrderId"])
            await alice.cancel_all_orders(MARKET)
            await following.eventually("canceled", lambda: state(after).get("status") == "canceled")

        with steps.step("a taker sees the order and its fill, too"):
            await bob.create_order(MARKET, "limit", "buy", 0.1, 59000)
            taken = await alice.create_order(MARKET, "market", "sell", 0.1)
            await following.eventually("filled", lambda: state(taken).get("status") == "closed")
            has(state(taken), filled=0.1, average=59000)

        with steps.step("a deposit, and that the stream says what REST says"):
            equal(len(trades), 4)
            # The stream tells a fill before what it did to the balances.
            before = (await alice.fetch_balance())["BTC"]["total"]
            exchange.deposit(account, BTC=5)
            await following.eventually("more", lambda: balances[-1]["BTC"]["total"] == before + 5)
            told = await alice.fetch_balance()
            await following.eventually(
                "the same balances", lambda: balances[-1]["total"]["USDT"] == told["total"]["USDT"]
            )
            for asset in ("BTC", "USDT"):
                has(balances[-1][asset], **told[asset])


async def stir(trader):
    """An order that comes and goes, so that there is something to be told."""
    order = await trader.create_order(MARKET, "limit", "buy", 0.001, 10000)
    await trader.cancel_order(order["id"], MARKET)
    await asyncio.sleep(0.1)


async def market_streams(steps, alice, bob):
    tickers, candles, trades, tops = [], [], [], []
    async with Following() as following:
        with steps.step("follow ticker, candles, trades and best prices"):
            following.gather(lambda: bob.watch_ticker(MARKET), tickers)
            following.gather(lambda: bob.watch_ohlcv(MARKET, "1m"), candles)
            following.gather(lambda: bob.watch_trades(MARKET), trades)
            following.gather(lambda: bob.watch_bids_asks([MARKET]), tops)
            await following.eventually("a ticker", lambda: tickers)

        with steps.step("they move with each trade"):
            for price in (60100, 60200, 60300):
                await alice.create_order(MARKET, "limit", "sell", 0.1, price)
                await following.eventually(
                    "the best price", lambda: tops and tops[-1][MARKET]["ask"] == price
                )
                await bob.create_order(MARKET, "limit", "buy", 0.1, price)
                await following.eventually("the ticker", lambda: tickers[-1]["last"] == price)
                await following.eventually("the candle", lambda: candles and candles[-1][4] == price)
                await following.eventually("the trade", lambda: trades and trades[-1]["price"] == price)
            equal([trade["amount"] for trade in trades[-3:]], [0.1] * 3)
            has(tickers[-1], high=60300)
            equal(candles[-1][2], 60300)


async def book_in_step(steps, exchange, bob):
    with steps.step(f"the book stays in step under load for {LOADED_SECONDS:.0f} s"), Load(exchange) as load:
        async with Following() as following:
            following.gather(lambda: watched(bob), updates := [])
            requests, left = 0, LOADED_SECONDS
            while left > 0:
                requests += await asyncio.to_thread(load.run, min(BURST, left))
                left -= BURST
                await following.eventually("the same book", lambda: same_book(bob))
        book = bob.orderbooks[MARKET]
        bids, asks = len(book["bids"]), len(book["asks"])
        print(f"       {requests} requests, {len(updates)} updates, {bids} + {asks} levels")
        assert min(bids, asks) > 10, "there is hardly a book"
        assert len(updates) > LOADED_SECONDS, "there are hardly any updates"


async def watched(bob):
    return (await bob.watch_order_book(MARKET))["nonce"]


async def same_book(bob):
    told, kept = await bob.fetch_order_book(MARKET, 1000), bob.orderbooks.get(MARKET)
    return kept and (told["nonce"], told["bids"], told["asks"]) == (
        kept["nonce"],
        list(kept["bids"]),
        list(kept["asks"]),
    )


async def orders_over_websocket(steps, alice, bob):
    with steps.step("WebSocket: an order rests, is found and taken back"):
        order = await alice.create_order_ws(MARKET, "limit", "sell", 1, 62000)
        has(order, status="open", amount=1, price=62000, symbol=MARKET)
        has(
            await alice.fetch_order_ws(order["id"], MARKET),
            status="open",
            clientOrderId=order["clientOrderId"],
        )
        equal([found["id"] for found in await alice.fetch_open_orders_ws(MARKET)], [order["id"]])
        has(await alice.cancel_order_ws(order["id"], MARKET), status="canceled", id=order["id"])
        equal(await alice.fetch_open_orders_ws(MARKET), [])

    with steps.step("WebSocket: it is filled"):
        resting = await alice.create_order_ws(MARKET, "limit", "sell", 1, 62000)
        has(
            await bob.create_order_ws(MARKET, "market", "buy", 0.3),
            status="closed",
            filled=0.3,
            average=62000,
        )
        has(await alice.fetch_order_ws(resting["id"], MARKET), status="open", filled=0.3)
        trade = (await bob.fetch_my_trades_ws(MARKET))[-1]
        has(trade, amount=0.3, price=62000, side="buy")
        has((await bob.fetch_trades_ws(MARKET))[-1], amount=0.3, price=62000)
        equal((await bob.fetch_ohlcv_ws(MARKET, "1m"))[-1][4], 62000)

    with steps.step("WebSocket: it is replaced, and all are taken back"):
        after = await alice.edit_order_ws(resting["id"], MARKET, "limit", "sell", 2, 62100)
        has(after, status="open", amount=2, price=62100)
        canceled = await alice.cancel_all_orders_ws(MARKET)
        equal([(order["id"], order["status"]) for order in canceled], [(after["id"], "canceled")])
        states = {order["id"]: order["status"] for order in await alice.fetch_orders_ws(MARKET)}
        equal((states[resting["id"]], states[after["id"]]), ("canceled", "canceled"))

    refusals = [
        (
            "insufficient balance",
            ccxt.InsufficientFunds,
            lambda: bob.create_order_ws(MARKET, "limit", "buy", 1000, 60000),
        ),
        ("unknown order", ccxt.OrderNotFound, lambda: bob.cancel_order_ws("999999999", MARKET)),
        ("no such order", ccxt.OrderNotFound, lambda: bob.fetch_order_ws("999999999", MARKET)),
    ]
    for name, expected, call in refusals:
        with steps.step(f"WebSocket: refused: {name}"):
            await refused_later(expected, asyncio.wait_for(call(), 10))
    with steps.step("WebSocket: refused: post-only that would cross"):
        await alice.create_order_ws(MARKET, "limit", "sell", 0.1, 62000)
        crossing = bob.create_order_ws(MARKET, "limit", "buy", 0.1, 62000, {"postOnly": True})
        await refused_later(ccxt.OrderImmediatelyFillable, asyncio.wait_for(crossing, 10))


async def stock(steps, exchange):
    with steps.step("stock options: only hosts are replaced"):
        client = ccxt.binance(stock_settings(exchange, exchange.account("stock", USDT=100_000)))
        try:
            news = asyncio.create_task(client.watch_orders())
            while not news.done():
                order = await client.create_order(MARKET, "limit", "buy", 0.1, 50000)
                await client.cancel_order(order["id"], MARKET)
            has(news.result()[0], symbol=MARKET, amount=0.1, price=50000)
            equal((await client.watch_ticker(MARKET))["symbol"], MARKET)
            await client.watch_order_book(MARKET)
        finally:
            await client.close()


async def session(steps, exchange):
    accounts = exchange.two_accounts()
    alice, bob = (ccxt.binance(settings(exchange, account)) for account in accounts)
    try:
        await asyncio.gather(alice.load_markets(), bob.load_markets())
        await own_streams(steps, exchange, accounts[0], alice, bob)
        await market_streams(steps, alice, bob)
        await orders_over_websocket(steps, alice, bob)
        await stock(steps, exchange)
        await book_in_step(steps, exchange, bob)
    finally:
        await asyncio.gather(alice.close(), bob.close())


def main():
    steps = Steps(f"ccxt {ccxt.__version__}, streams and WebSocket requests")
    with Exchange(orders_per_10_seconds=1_000_000, request_weight_per_minute=100_000_000) as exchange:
        asyncio.run(session(steps, exchange))
    steps.finish()


if __name__ == "__main__":
    main()
