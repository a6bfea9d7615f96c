"""How python-binance finds the exchange, as docs/bots.md says it, and what its sessions share."""

from binance import AsyncClient, BinanceSocketManager
from binance.client import BaseClient
from binance.exceptions import BinanceAPIException

from steps import equal

MARKET = "BTCUSDT"


def point_at(exchange):
    """The base URLs are attributes of classes; a client calls as soon as it is made."""
    BaseClient.API_URL = f"{exchange.http}/api"
    BaseClient.WS_API_URL = f"{exchange.ws}/ws-api/v3"
    BinanceSocketManager.STREAM_URL = f"{exchange.ws}/"


async def connected(accounts):
    return [await AsyncClient.create(account.api_key, account.secret) for account in accounts]


async def opened(socket):
    """Sockets stay open, and are read, until the session ends: it takes this library ten seconds to leave
    one that says nothing."""
    return await socket.__aenter__()


async def refused(code, call, status=400, matching=""):
    try:
        await call
    except BinanceAPIException as error:
        equal((error.code, error.status_code), (code, status))
        assert matching in error.message, f"{error.message!r} does not say {matching!r}"
    else:
        raise AssertionError(f"not refused: {code}")
