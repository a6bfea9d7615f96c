"""ccxt over REST: two traders, from loading markets to every refusal."""

import time
from functools import partial

import ccxt
from ccxt_settings import sandbox_settings, settings, stock_settings
from exchange import Exchange
from steps import Steps, equal, has, refused

MARKET = "BTC/USDT"


def trade(steps, alice, bob):
    with steps.step("load markets"):
        market = bob.load_markets()[MARKET]
        equal(sorted(bob.symbols), ["BTC/USDT", "ETH/BTC", "ETH/USDT"])
        equal((market["spot"], market["active"]), (True, True))
        equal((market["precision"]["price"], market["precision"]["amount"]), (0.01, 0.00001))
        equal((market["limits"]["cost"]["min"], market["limits"]["amount"]["max"]), (5, 9000))
        alice.load_markets()

    with steps.step("the clock, and that the exchange is up"):
        assert abs(bob.fetch_time() - time.time() * 1000) < 1000
        assert abs(bob.load_time_difference()) < 1000

    with steps.step("rest orders on three levels"):
        asks = [alice.create_order(MARKET, "limit", "sell", 1, price) for price in (60000, 60010, 60020)]
        has(asks[0], status="open", filled=0, remaining=1, price=60000, side="sell", type="limit")
        has(
            alice.fetch_order(asks[0]["id"], MARKET),
            status="open",
            amount=1,
            clientOrderId=asks[0]["clientOrderId"],
        )
        equal([order["id"] for order in alice.fetch_open_orders(MARKET)], [order["id"] for order in asks])
        alice.options["fetchOpenOrders"] = {"warnWithoutSymbol": False}
        equal(len(alice.fetch_open_orders()), 3)
        equal(bob.fetch_order_book(MARKET)["asks"], [[60000, 1], [60010, 1], [60020, 1]])
        equal(alice.fetch_balance()["BTC"], {"free": 7, "used": 3, "total": 10})

    with steps.step("cross one level in part"):
        order = bob.create_order(MARKET, "limit", "buy", 0.4, 60000)
        has(order, status="closed", filled=0.4, remaining=0, average=60000, cost=24000)
        has(alice.fetch_order(asks[0]["id"], MARKET), status="open", filled=0.4, remaining=0.6)

    with steps.step("cross two levels and rest"):
        order = bob.create_order(MARKET, "limit", "buy", 2.1, 60010)
        has(order, status="open", filled=1.6, remaining=0.5, cost=0.6 * 60000 + 60010)
        equal([(fill["price"], fill["amount"]) for fill in order["trades"]], [(60000, 0.6), (60010, 1)])
        has(order["trades"][0]["fee"], currency="BTC", cost=0.0006)
        has(alice.fetch_order(asks[0]["id"], MARKET), status="closed", filled=1)

    with steps.step("buy at the market"):
        has(bob.create_order(MARKET, "market", "buy", 0.5), status="closed", average=60020)

    with steps.step("cancel"):
        has(bob.cancel_order(order["id"], MARKET), status="canceled", filled=1.6, remaining=0.5)
        has(bob.fetch_order(order["id"], MARKET), status="canceled", filled=1.6)
        equal(bob.fetch_open_orders(MARKET), [])

    with steps.step("cancel and replace"):
        before = bob.create_order(MARKET, "limit", "buy", 1, 50000)
        after = bob.edit_order(before["id"], MARKET, "limit", "buy", 2, 50100)
        has(after, status="open", amount=2, price=50100)
        has(bob.fetch_order(before["id"], MARKET), status="canceled")
        equal([found["id"] for found in bob.fetch_open_orders(MARKET)], [after["id"]])

    with steps.step("cancel all"):
        bob.create_order(MARKET, "limit", "buy", 1, 50200)
        equal(len(bob.cancel_all_orders(MARKET)), 2)
        equal(bob.fetch_open_orders(MARKET), [])

    with steps.step("order history"):
        states = [order["status"] for order in bob.fetch_orders(MARKET)]
        equal(states, ["closed", "canceled", "closed", "canceled", "canceled", "canceled"])
        equal(len(bob.fetch_closed_orders(MARKET)), 2)
        equal(len(bob.fetch_canceled_orders(MARKET)), 4)

    with steps.step("own trades"):
        fills = [(0.4, 60000), (0.6, 60000), (1, 60010), (0.5, 60020)]
        for trader, role, side in ((bob, "taker", "buy"), (alice, "maker", "sell")):
            trades = trader.fetch_my_trades(MARKET)
            equal([(trade["amount"], trade["price"]) for trade in trades], fills)
            equal({(trade["takerOrMaker"], trade["side"]) for trade in trades}, {(role, side)})
        of_order = bob.fetch_order_trades(order["id"], MARKET)
        equal([trade["amount"] for trade in of_order], [0.6, 1])

    with steps.step("balances to the last unit"):
        cost = 60000 + 60010 + 0.5 * 60020
        equal(bob.fetch_balance()["BTC"], {"free": 12.4975, "used": 0, "total": 12.4975})
        equal(bob.fetch_balance()["USDT"]["total"], 1_000_000 - cost)
        equal(alice.fetch_balance()["BTC"], {"free": 7, "used": 0.5, "total": 7.5})
        equal(alice.fetch_balance()["USDT"]["total"], 1_000_000 + cost * 0.999)


def look(steps, trader):
    with steps.step("ticker, candles and trades of the market"):
        ticker = trader.fetch_ticker(MARKET)
        has(ticker, symbol=MARKET, last=60020, open=60000, high=60020, low=60000, baseVolume=2.5, ask=60020)
        has(trader.fetch_tickers([MARKET, "ETH/BTC"])[MARKET], last=60020)
        has(trader.fetch_last_prices([MARKET])[MARKET], price=60020)
        has(trader.fetch_bids_asks([MARKET])[MARKET], ask=60020, askVolume=0.5)
        candle = trader.fetch_ohlcv(MARKET, "1d", limit=1)[0]
        equal(candle[1:], [60000, 60020, 60000, 60020, 2.5])
        trades = trader.fetch_trades(MARKET)
        equal(sum(trade["amount"] for trade in trades), 2.5)
        equal({trade["side"] for trade in trades}, {"buy"})

    with steps.step("buy for an amount of money"):
        has(trader.create_market_order_with_cost(MARKET, "buy", 6002), status="closed", filled=0.1, cost=6002)


def refusals(steps, exchange, account, trader):
    raw = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": "50000",
    }

    def order(**changes):
        trader.private_post_order({**raw, **changes})

    cases = [
        ("insufficient balance", ccxt.InsufficientFunds, {"quantity": "1000"}, ""),
        ("a tick that is none", ccxt.InvalidOrder, {"price": "50000.001"}, "PRICE_FILTER"),
        ("a lot that is none", ccxt.InvalidOrder, {"quantity": "0.000001"}, "LOT_SIZE"),
        ("too small an order", ccxt.BadRequest, {"quantity": "0.00001"}, "NOTIONAL"),
        ("unknown symbol", ccxt.BadSymbol, {"symbol": "NOSUCH"}, "Invalid symbol."),
        ("a missing parameter", ccxt.BadRequest, {"price": ""}, "'price'"),
        ("a malformed parameter", ccxt.BadRequest, {"quantity": "one"}, "'quantity'"),
        ("an unknown side", ccxt.BadRequest, {"side": "HOLD"}, "-1117"),
        ("an unknown type", ccxt.BadRequest, {"type": "GUESS"}, "-1116"),
        ("an unknown time in force", ccxt.BadRequest, {"timeInForce": "LATER"}, "-1115"),
    ]
    for name, expected, changes, matching in cases:
        with steps.step(f"refused: {name}"):
            refused(expected, order, **changes, matching=matching)

    with steps.step("refused: an unknown interval"):
        refused(
            ccxt.BadRequest,
            trader.public_get_klines,
            {"symbol": "BTCUSDT", "interval": "7m"},
            matching="-1120",
        )

    with steps.step("refused: post-only that would cross"):
        post_only = {"postOnly": True}
        expected = ccxt.OrderImmediatelyFillable
        refused(expected, trader.create_order, MARKET, "limit", "buy", 0.1, 60020, post_only)

    with steps.step("refused: another order under the name of an open one"):
        named = trader.create_order(MARKET, "limit", "buy", 0.1, 50000, {"clientOrderId": "mine"})
        again = {"newClientOrderId": "mine", "quantity": "0.2"}
        refused(ccxt.InvalidOrder, order, **again, matching="Duplicate order sent.")
        trader.cancel_order(named["id"], MARKET)

    with steps.step("refused: what is not there"):
        refused(ccxt.OrderNotFound, trader.cancel_order, "999999999", MARKET, matching="Unknown order sent.")
        refused(ccxt.OrderNotFound, trader.fetch_order, "999999999", MARKET, matching="Order does not exist.")
        refused(ccxt.OrderNotFound, trader.cancel_all_orders, MARKET)

    with steps.step("refused: half a replacement, and none"):
        resting = trader.create_order(MARKET, "limit", "buy", 0.1, 50000)
        half = {"cancelOrderId": resting["id"], "cancelReplaceMode": "ALLOW_FAILURE", "quantity": "1000"}
        replace = trader.private_post_order_cancelreplace
        refused(ccxt.ExchangeError, replace, {**raw, **half}, matching="-2021")
        refused(ccxt.ExchangeError, replace, {**raw, **half}, matching="-2022")

    with steps.step("refused: a clock that is wrong"):
        trader.options["timeDifference"] = 60_000
        refused(ccxt.InvalidNonce, trader.fetch_balance, matching="Timestamp for this request")
        trader.options["timeDifference"] = 0

    with steps.step("refused: wrong signature, unknown key, no key"):
        forged = ccxt.binance(settings(exchange, account) | {"secret": "0" * 64})
        refused(
            ccxt.AuthenticationError,
            forged.fetch_balance,
            matching="Signature for this request is not valid.",
        )
        for key in ("0" * 64, "?"):
            unknown = ccxt.binance(settings(exchange, account) | {"apiKey": key})
            refused(ccxt.AuthenticationError, unknown.fetch_balance)


def closed(steps, exchange, trader):
    with steps.step("refused: the market is halted"):
        resting = trader.create_order(MARKET, "limit", "buy", 0.1, 50000)
        exchange.operate("halt", scope="SYMBOL", symbol="BTCUSDT")
        refused(ccxt.MarketClosed, trader.create_order, MARKET, "limit", "buy", 0.1, 50000)
        equal(trader.load_markets(True)[MARKET]["active"], False)
        has(trader.cancel_order(resting["id"], MARKET), status="canceled")
        exchange.operate("resume", scope="SYMBOL", symbol="BTCUSDT")
        has(trader.create_order(MARKET, "limit", "buy", 0.1, 50000), status="open")


def too_much(steps):
    with steps.step("refused: too many orders"), Exchange(orders_per_10_seconds=3) as exchange:
        trader = ccxt.binance(settings(exchange, exchange.two_accounts()[0]))
        # Two times ten seconds may have a part in it.
        prices = range(50_000, 50_007)
        orders = [partial(trader.create_order, MARKET, "limit", "buy", 0.1, price) for price in prices]
        refused(ccxt.DDoSProtection, lambda: [order() for order in orders], matching="-1015")
        assert 3 <= len(trader.fetch_open_orders(MARKET)) <= 6
    with steps.step("refused: too many requests"), Exchange(request_weight_per_minute=200) as exchange:
        anybody = ccxt.binance(settings(exchange))
        anybody.load_markets()
        refused(
            ccxt.DDoSProtection,
            lambda: [anybody.fetch_order_book(MARKET) for _ in range(100)],
            matching="-1003",
        )


def stock(steps, exchange):
    account = exchange.account("stock", BTC=1, USDT=100_000)
    with steps.step("stock options with keys: only hosts are replaced"):
        client = ccxt.binance(stock_settings(exchange, account))
        client.load_markets()
        equal(client.market(MARKET)["spot"], True)
        order = client.create_order(MARKET, "limit", "buy", 0.1, 50000)
        equal(client.fetch_balance()["USDT"]["used"], 5000)
        has(client.cancel_order(order["id"], MARKET), status="canceled")
        equal(client.fetch_status()["status"], "ok")
        has(client.fetch_trading_fee(MARKET), maker=0.001, taker=0.001)
        has(client.fetch_trading_fees()["ETH/BTC"], maker=0.001, taker=0.001)
    with steps.step("stock options without keys"):
        equal(ccxt.binance(stock_settings(exchange)).fetch_ticker(MARKET)["last"], 60020)

    with steps.step("a key pair instead of a secret"):
        client = ccxt.binance(settings(exchange, exchange.ed25519_account("paired", USDT=100_000)))
        equal(client.fetch_balance()["USDT"]["total"], 100_000)
        order = client.create_order(MARKET, "limit", "buy", 0.1, 50000)
        has(client.cancel_order(order["id"], MARKET), status="canceled")

    with steps.step("sandbox mode"):
        client = ccxt.binance(sandbox_settings(exchange, account))
        client.set_sandbox_mode(True)
        equal(client.fetch_ticker(MARKET)["last"], 60020)
        equal(client.fetch_balance()["USDT"]["total"], 100_000)


def main():
    steps = Steps(f"ccxt {ccxt.__version__}, REST")
    with Exchange() as exchange:
        accounts = exchange.two_accounts()
        alice, bob = (ccxt.binance(settings(exchange, account)) for account in accounts)
        trade(steps, alice, bob)
        look(steps, bob)
        refusals(steps, exchange, accounts[1], bob)
        stock(steps, exchange)
        closed(steps, exchange, bob)
    too_much(steps)
    steps.finish()


if __name__ == "__main__":
    main()
