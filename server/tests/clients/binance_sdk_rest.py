"""The official connector over REST: two traders, from loading markets to every refusal."""

from importlib.metadata import version

from binance_common.errors import BadRequestError, ClientError, TooManyRequestsError, UnauthorizedError

from binance_sdk_settings import MARKET, StrictSteps, client, limit
from exchange import Account, Exchange
from steps import equal, has


def refused(expected, code, call, matching="", **params):
    try:
        call(**params)
    except Exception as error:
        told = f"{type(error).__name__}({getattr(error, 'status_code', None)}, {error})"
        assert type(error) is expected and error.status_code == code and matching in str(error), (
            f"{told} is not {expected.__name__}({code})"
        )
    else:
        raise AssertionError(f"not refused: {code}")


def trade(steps, alice, bob):
    with steps.step("load markets"):
        equal(bob.time().data().server_time > 0, True)
        bob.ping()
        markets = {market.symbol: market for market in bob.exchange_info().data().symbols}
        equal(sorted(markets), ["BTCUSDT", "ETHBTC", "ETHUSDT"])
        has(markets[MARKET], status="TRADING", base_asset="BTC", quote_asset="USDT")
        has(bob.exchange_info(symbol=MARKET).data().symbols[0], symbol=MARKET)
        equal(len(bob.exchange_info(symbols=["BTCUSDT", "ETHBTC"]).data().symbols), 2)

    with steps.step("rest orders on three levels"):
        asks = [alice.new_order(**limit("SELL", 1.0, price)).data() for price in (60000.0, 60010.0, 60020.0)]
        has(asks[0], status="NEW", executed_qty="0.00000000", price="60000.00000000", fills=[])
        equal([order.order_id for order in alice.get_open_orders().data()], [ask.order_id for ask in asks])
        has(
            alice.get_order(MARKET, order_id=asks[0].order_id).data(),
            status="NEW",
            client_order_id=asks[0].client_order_id,
        )
        equal(
            bob.depth(MARKET, limit=5).data().asks,
            [[f"{price}.00000000", "1.00000000"] for price in (60000, 60010, 60020)],
        )

    with steps.step("cross two levels and rest"):
        bid = bob.new_order(**limit("BUY", 2.5, 60010.0)).data()
        has(
            bid, status="PARTIALLY_FILLED", executed_qty="2.00000000", cummulative_quote_qty="120010.00000000"
        )
        equal(
            [(fill.price, fill.qty) for fill in bid.fills],
            [("60000.00000000", "1.00000000"), ("60010.00000000", "1.00000000")],
        )
        has(bid.fills[0], commission="0.00100000", commission_asset="BTC")

    with steps.step("buy at the market"):
        taken = bob.new_order(MARKET, "BUY", "MARKET", quantity=0.4).data()
        has(taken, status="FILLED", executed_qty="0.40000000")
        bob.order_test(**limit("BUY", 1.0, 50000.0))

    with steps.step("cancel, and cancel and replace"):
        has(
            bob.delete_order(MARKET, order_id=bid.order_id).data(),
            status="CANCELED",
            executed_qty="2.00000000",
        )
        before = bob.new_order(**limit("BUY", 1.0, 50000.0)).data()
        answer = bob.order_cancel_replace(
            **limit("BUY", 2.0, 50100.0),
            cancel_replace_mode="STOP_ON_FAILURE",
            cancel_order_id=before.order_id,
        ).data()
        has(answer, cancel_result="SUCCESS", new_order_result="SUCCESS")
        has(answer.new_order_response, status="NEW", orig_qty="2.00000000")
        equal([order.status for order in bob.delete_open_orders(MARKET).data()], ["CANCELED"])

    with steps.step("order history, own trades, balances"):
        equal(
            [order.status for order in bob.all_orders(MARKET).data()],
            ["CANCELED", "FILLED", "CANCELED", "CANCELED"],
        )
        equal(
            [trade.qty for trade in bob.my_trades(MARKET).data()], ["1.00000000", "1.00000000", "0.40000000"]
        )
        account = bob.get_account(omit_zero_balances=True).data()
        has(account, account_type="SPOT", can_trade=True)
        has(
            next(balance for balance in account.balances if balance.asset == "BTC"),
            free="12.39760000",
            locked="0.00000000",
        )
        has(bob.account_commission(MARKET).data(), symbol=MARKET)
        equal({limit.interval for limit in bob.rate_limit_order().data()}, {"SECOND", "DAY"})

    with steps.step("the market"):
        has(
            bob.ticker24hr(symbol=MARKET).data().actual_instance,
            last_price="60020.00000000",
            volume="2.40000000",
        )
        equal(len(bob.ticker24hr().data().actual_instance), 3)
        has(bob.ticker_price(symbol=MARKET).data().actual_instance, price="60020.00000000")
        has(bob.ticker_book_ticker(symbol=MARKET).data().actual_instance, ask_qty="0.60000000")
        has(bob.ticker(symbol=MARKET, window_size="1h").data().actual_instance, last_price="60020.00000000")
        equal(
            [trade.qty for trade in bob.get_trades(MARKET).data()], ["1.00000000", "1.00000000", "0.40000000"]
        )
        equal(len(bob.historical_trades(MARKET).data()), 3)
        equal(len(bob.agg_trades(MARKET).data()), 3)
        equal(
            bob.klines(MARKET, "1d").data()[-1][1:6],
            ["60000.00000000", "60020.00000000", "60000.00000000", "60020.00000000", "2.40000000"],
        )
        assert float(bob.avg_price(MARKET).data().price) > 60000


def refusals(steps, exchange, account, trader):
    cases = [
        (
            "insufficient balance",
            -2010,
            {"quantity": 1000.0},
            "Account has insufficient balance for requested action.",
        ),
        (
            "post-only that would cross",
            -2010,
            {"type": "LIMIT_MAKER", "time_in_force": None, "price": 61000.0},
            "Order would immediately match and take.",
        ),
        ("a tick that is none", -1013, {"price": 50000.001}, "Filter failure: PRICE_FILTER"),
        ("a lot that is none", -1013, {"quantity": 1.000001}, "Filter failure: LOT_SIZE"),
        ("too small an order", -1013, {"quantity": 0.0001, "price": 100.0}, "Filter failure: NOTIONAL"),
        ("unknown symbol", -1121, {"symbol": "NOSUCH"}, "Invalid symbol."),
        ("a missing parameter", -1102, {"price": None}, "Mandatory parameter 'price'"),
        ("an unknown side", -1117, {"side": "HOLD"}, ""),
        ("an unknown type", -1116, {"type": "GUESS"}, ""),
        ("an unknown time in force", -1115, {"time_in_force": "LATER"}, ""),
    ]
    for name, code, changes, matching in cases:
        with steps.step(f"refused: {name}"):
            refused(BadRequestError, code, trader.new_order, matching, **limit("BUY", 1.0, 50000.0) | changes)

    with steps.step("refused: what is not there"):
        refused(
            BadRequestError,
            -2011,
            trader.delete_order,
            "Unknown order sent.",
            symbol=MARKET,
            order_id=999999999,
        )
        refused(
            BadRequestError,
            -2013,
            trader.get_order,
            "Order does not exist.",
            symbol=MARKET,
            order_id=999999999,
        )
        refused(BadRequestError, -1120, trader.klines, symbol=MARKET, interval="7m")

    with steps.step("refused: half a replacement, and none"):
        resting = trader.new_order(**limit("BUY", 1.0, 50000.0)).data()
        replace = limit(
            "BUY", 1000.0, 50000.0, cancel_replace_mode="ALLOW_FAILURE", cancel_order_id=resting.order_id
        )
        # Of what comes with 409 this library keeps the text only.
        refused(
            ClientError,
            None,
            trader.order_cancel_replace,
            "Order cancel-replace partially failed.",
            **replace,
        )
        refused(
            BadRequestError, -2022, trader.order_cancel_replace, "Order cancel-replace failed.", **replace
        )

    with steps.step("refused: wrong signature, unknown key"):
        for changes, expected, code in (
            ({"secret": "0" * 64}, BadRequestError, -1022),
            ({"api_key": "0" * 64}, UnauthorizedError, -2015),
        ):
            changed = Account(**{"api_key": account.api_key, "secret": account.secret, **changes})
            refused(expected, code, client(exchange, changed).rest_api.get_account)

    with steps.step("refused: too many orders"), Exchange(orders_per_10_seconds=1) as strict:
        hurried = client(strict, strict.two_accounts()[0]).rest_api
        try:
            for _ in range(3):
                hurried.new_order(**limit("BUY", 1.0, 50000.0))
        except TooManyRequestsError as error:
            equal((error.status_code, 1 <= error.retry_after <= 10), (-1015, True))
        else:
            raise AssertionError("not refused")


def main():
    steps = StrictSteps(f"binance-sdk-spot {version('binance-sdk-spot')}, REST")
    with Exchange() as exchange:
        accounts = exchange.two_accounts()
        alice, bob = (client(exchange, account).rest_api for account in accounts)
        trade(steps, alice, bob)
        refusals(steps, exchange, accounts[1], bob)
    steps.finish()


if __name__ == "__main__":
    main()
