"""python-binance: own events, sockets of the market, requests over WebSocket, and its depth cache
under load."""

import asyncio
import logging
from functools import partial
from importlib.metadata import version

from binance import BinanceSocketManager, DepthCacheManager

from exchange import Exchange
from load import Load
from python_binance_settings import MARKET, connected, opened, point_at, refused
from steps import LOADED_SECONDS, Following, Steps, equal, has

BURST = 5


async def own_events(steps, following, exchange, account, alice, bob):
    mine, old_way = [], []
    manager = BinanceSocketManager(bob)

    def reports():
        return [event for event in mine if event["e"] == "executionReport"]

    with steps.step("follow own events, also with a listen key"):
        following.gather((await opened(manager.user_socket())).recv, mine)
        key = await bob.stream_get_listen_key()
        following.gather((await opened(manager.multiplex_socket([key]))).recv, old_way)
        await bob.stream_keepalive(key)

    with steps.step("what happens to own orders"):
        await alice.order_limit_sell(symbol=MARKET, quantity="1", price="60500")
        buy = {"symbol": MARKET, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        bid = await bob.create_order(**buy, quantity="0.4", price="60500", newClientOrderId="taker")
        rest = await bob.create_order(**buy, quantity="0.1", price="50000", newClientOrderId="rests")
        gone = await bob.cancel_order(symbol=MARKET, orderId=rest["orderId"], newClientOrderId="away")
        await following.eventually("all of it", lambda: reports() and reports()[-1]["x"] == "CANCELED")
        states = [("NEW", "NEW"), ("TRADE", "FILLED"), ("NEW", "NEW"), ("CANCELED", "CANCELED")]
        equal([(event["x"], event["X"]) for event in reports()], states)
        new, filled, _, canceled = reports()
        has(new, s=MARKET, S="BUY", o="LIMIT", f="GTC", q="0.40000000", p="60500.00000000")
        has(new, c="taker", C="", i=bid["orderId"], t=-1, n="0", N=None, w=True, z="0.00000000")
        has(filled, l="0.40000000", z="0.40000000", L="60500.00000000", Z="24200.00000000")
        has(filled, n="0.00040000", N="BTC", m=False, t=bid["fills"][0]["tradeId"])
        has(canceled, C="rests", c="away", i=rest["orderId"], z="0.00000000")
        has(gone, origClientOrderId="rests", clientOrderId="away")

    with steps.step("what happens to own balances"):
        await following.eventually("a position", lambda: mine[-1]["e"] == "outboundAccountPosition")
        told = {balance.pop("asset"): balance for balance in (await bob.get_account())["balances"]}
        kept = {}
        for event in mine:
            kept.update({b["a"]: {"free": b["f"], "locked": b["l"]} for b in event.get("B", [])})
        equal(kept, {asset: told[asset] for asset in ("BTC", "USDT")})

    with steps.step("a deposit"):
        exchange.deposit(account, ETH=5)
        await following.eventually("it", lambda: any(event["e"] == "balanceUpdate" for event in mine))
        has(next(e for e in mine if e["e"] == "balanceUpdate"), a="ETH", d="5.00000000")

    with steps.step("the listen key says the same"):
        await following.eventually("as many events", lambda: len(old_way) == len(mine))
        equal({event["stream"] for event in old_way}, {key})
        equal([event["data"] for event in old_way], mine)
        await bob.stream_close(key)
        await refused(-1125, bob.stream_keepalive(key))


async def market_moves(steps, following, alice, bob):
    manager, came = BinanceSocketManager(bob), {}
    sockets = {
        "the candle": (manager.kline_socket(MARKET, "1m"), lambda event: event["k"]["c"]),
        "the ticker": (manager.symbol_ticker_socket(MARKET), lambda event: event["c"]),
        "the small ticker": (manager.symbol_miniticker_socket(MARKET), lambda event: event["c"]),
        "the trade": (manager.trade_socket(MARKET), lambda event: event["p"]),
        "the aggregate trade": (manager.aggtrade_socket(MARKET), lambda event: event["p"]),
        "the best prices": (manager.symbol_book_ticker_socket(MARKET), lambda event: event["a"]),
        # While the one order is cancelled and the next not there yet, there are none.
        "five levels": (
            manager.depth_socket(MARKET, depth="5"),
            lambda event: event["asks"] and event["asks"][0][0],
        ),
        "two markets": (
            manager.multiplex_socket(["btcusdt@trade", "ethbtc@trade"]),
            lambda event: event["data"]["p"],
        ),
        "all small tickers": (manager.miniticker_socket(), lambda event: event["c"]),
    }

    with steps.step("follow the market"):
        for name, (socket, _) in sockets.items():
            following.gather((await opened(socket)).recv, came.setdefault(name, []))

    with steps.step("it moves with each trade"):
        for price in ("60600", "60700"):
            await alice.cancel_all_open_orders(symbol=MARKET)
            await alice.order_limit_sell(symbol=MARKET, quantity="2", price=price)
            await bob.order_limit_buy(symbol=MARKET, quantity="1", price=price)
            for name, (_, price_of) in sockets.items():
                expected = f"{price}.00000000"
                await following.eventually(name, partial(has_come, came[name], price_of, expected))
        assert "e" not in came["the best prices"][-1]


def has_come(events, price_of, price):
    return any(price_of(event) == price for event in events)


async def over_websocket(steps, alice, bob):
    with steps.step("WebSocket: an order rests, is found, and taken back"):
        order = await alice.ws_order_limit_sell(symbol=MARKET, quantity="1", price="62000")
        has(order, status="NEW", fills=[])
        which = {"symbol": MARKET, "orderId": order["orderId"]}
        has(await alice.ws_get_order(**which), status="NEW", clientOrderId=order["clientOrderId"])
        assert order["orderId"] in [
            found["orderId"] for found in await alice.ws_get_open_orders(symbol=MARKET)
        ]
        has(await alice.ws_cancel_order(**which), status="CANCELED", origClientOrderId=order["clientOrderId"])

    with steps.step("WebSocket: it is filled and replaced, and all are taken back"):
        await alice.ws_cancel_all_open_orders(symbol=MARKET)
        order = await alice.ws_order_limit_sell(symbol=MARKET, quantity="1", price="62000")
        has(
            await bob.ws_order_market_buy(symbol=MARKET, quantity="0.3"),
            status="FILLED",
            executedQty="0.30000000",
        )
        answer = await alice.ws_cancel_and_replace_order(
            symbol=MARKET, side="SELL", type="LIMIT", timeInForce="GTC", quantity="2", price="62100",
            cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=order["orderId"],
        )  # fmt: skip
        has(answer, cancelResult="SUCCESS", newOrderResult="SUCCESS")
        canceled = await alice.ws_cancel_all_open_orders(symbol=MARKET)
        equal([found["orderId"] for found in canceled], [answer["newOrderResponse"]["orderId"]])
        equal(await alice.ws_create_test_order(symbol=MARKET, side="SELL", type="MARKET", quantity="1"), {})

    with steps.step("WebSocket: account, history and the market"):
        equal((await bob.ws_get_account())["accountType"], "SPOT")
        equal((await bob.ws_get_my_trades(symbol=MARKET))[-1]["price"], "62000.00000000")
        equal((await bob.ws_get_all_orders(symbol=MARKET))[-1]["status"], "FILLED")
        equal(await bob.ws_ping(), {})
        assert (await bob.ws_get_time())["serverTime"] > 0
        equal(len((await bob.ws_get_exchange_info())["symbols"]), 3)
        assert "lastUpdateId" in await bob.ws_get_order_book(symbol=MARKET)
        equal((await bob.ws_get_klines(symbol=MARKET, interval="1m"))[-1][4], "62000.00000000")
        equal((await bob.ws_get_ticker(symbol=MARKET))["lastPrice"], "62000.00000000")
        equal((await bob.ws_get_recent_trades(symbol=MARKET))[-1]["price"], "62000.00000000")
        equal((await bob.ws_get_historical_trades(symbol=MARKET))[-1]["price"], "62000.00000000")

    with steps.step("WebSocket: refused"):
        await refused(
            -2010,
            bob.ws_order_limit_buy(symbol=MARKET, quantity="1000", price="60000"),
            matching="Account has insufficient balance for requested action.",
        )
        await refused(-2011, bob.ws_cancel_order(symbol=MARKET, orderId=999999999))
        await refused(-2013, bob.ws_get_order(symbol=MARKET, orderId=999999999))
        await refused(-1121, bob.ws_get_order_book(symbol="NOSUCH"))


async def depth_cache(steps, following, exchange, client):
    with (
        steps.step(f"the depth cache stays in step under load for {LOADED_SECONDS:.0f} s"),
        Load(exchange) as load,
    ):
        await asyncio.to_thread(load.run, 0.5)
        # An event that straddles the snapshot would make this library take another one.
        await asyncio.sleep(0.5)
        manager = await opened(DepthCacheManager(client, MARKET, limit=1000, ws_interval=100))
        rebuilt = count_snapshots(client)
        following.gather(lambda: updated(manager), updates := [])
        requests, left = 0, LOADED_SECONDS
        while left > 0:
            requests += await asyncio.to_thread(load.run, min(BURST, left))
            left -= BURST
            await following.eventually("the same book", lambda: same_book(client, manager))
        equal(rebuilt(), 0)
        cache = manager.get_depth_cache()
        bids, asks = len(cache.get_bids()), len(cache.get_asks())
        print(f"       {requests} requests, {len(updates)} updates, {bids} + {asks} levels")
        assert min(bids, asks) > 10, "there is hardly a book"
        assert len(updates) > LOADED_SECONDS, "there are hardly any updates"


async def updated(manager):
    return (await manager.recv()).update_time


def count_snapshots(client):
    """How often the cache starts over, which it does on a gap: it takes another snapshot then."""
    calls, ask = [], client.get_order_book

    async def counted(**params):
        if params.get("limit") == 1000:
            calls.append(params)
        return await ask(**params)

    client.get_order_book = counted
    return lambda: len(calls)


async def same_book(client, manager):
    told, cache = await client.get_order_book(symbol=MARKET, limit=5000), manager.get_depth_cache()
    kept = cache.get_bids(), cache.get_asks()
    return kept == tuple(
        [[float(price), float(quantity)] for price, quantity in told[side]] for side in ("bids", "asks")
    )


async def session(steps, exchange):
    accounts = exchange.two_accounts()
    alice, bob = await connected(accounts)
    try:
        async with Following() as following:
            await own_events(steps, following, exchange, accounts[1], alice, bob)
            await market_moves(steps, following, alice, bob)
            await over_websocket(steps, alice, bob)
            await depth_cache(steps, following, exchange, bob)
    finally:
        await alice.close_connection()
        await bob.close_connection()


def main():
    # It complains of connections that end, as they do with the listen key and the exchange.
    logging.disable()
    steps = Steps(f"python-binance {version('python-binance')}, sockets")
    with Exchange(orders_per_10_seconds=1_000_000, request_weight_per_minute=100_000_000) as exchange:
        point_at(exchange)
        asyncio.run(session(steps, exchange))
    steps.finish()


if __name__ == "__main__":
    main()
