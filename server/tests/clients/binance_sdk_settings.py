"""How the official connector (binance-sdk-spot) finds the exchange, as docs/bots.md says it. It checks
what it gets against strict models and logs what does not fit; here that is a failure."""

import logging
from contextlib import contextmanager

from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_sdk_spot.spot import Spot

from steps import Steps

MARKET = "BTCUSDT"


def client(exchange, account=None):
    secret = "private_key" if account and "PRIVATE KEY" in account.secret else "api_secret"
    keys = {"api_key": account.api_key, secret: account.secret} if account else {}
    return Spot(
        config_rest_api=ConfigurationRestAPI(**keys, base_path=exchange.http, timeout=10_000),
        config_ws_api=ConfigurationWebSocketAPI(**keys, stream_url=f"{exchange.ws}/ws-api/v3"),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=exchange.ws),
    )


class Complaints(logging.Handler):
    """What the library logs as a warning or worse."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.heard = []
        logging.getLogger().handlers = [self]

    def emit(self, record):
        self.heard.append(record.getMessage())


class StrictSteps(Steps):
    def __init__(self, name):
        super().__init__(name)
        self._complaints = Complaints()

    @contextmanager
    def step(self, what, complains=False):
        with super().step(what):
            self._complaints.heard.clear()
            yield
            assert complains or not self._complaints.heard, f"it complains: {self._complaints.heard[0]}"


def limit(side, quantity, price, **more):
    return {
        "symbol": MARKET,
        "side": side,
        "type": "LIMIT",
        "time_in_force": "GTC",
        "quantity": quantity,
        "price": price,
        **more,
    }
