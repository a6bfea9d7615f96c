"""How ccxt finds the exchange, as docs/bots.md says it."""


def settings(exchange, account=None, **options):
    keys = {"apiKey": account.api_key, "secret": account.secret} if account else {}
    rest, ws = exchange.http, exchange.ws
    return {
        **keys,
        # The exchange says what is too much; waiting in advance would only take longer here.
        "enableRateLimit": False,
        "urls": {
            "api": {
                "public": f"{rest}/api/v3",
                "private": f"{rest}/api/v3",
                "v1": f"{rest}/api/v1",
                "ws": {"spot": f"{ws}/ws", "ws-api": {"spot": f"{ws}/ws-api/v3"}},
            }
        },
        "options": {
            "fetchCurrencies": False,
            "fetchMargins": False,
            "fetchMarkets": {"types": ["spot"]},
            **options,
        },
    }


def stock_settings(exchange, account=None):
    """Only hosts are replaced, all of them; every option stays what it is."""
    hosts = {
        "public": "api/v3", "private": "api/v3", "v1": "api/v1",
        "sapi": "sapi/v1", "sapiV2": "sapi/v2", "sapiV3": "sapi/v3", "sapiV4": "sapi/v4",
        "fapiPublic": "fapi/v1", "fapiPrivate": "fapi/v1", "fapiPublicV2": "fapi/v2",
        "fapiPrivateV2": "fapi/v2", "fapiPrivateV3": "fapi/v3",
        "dapiPublic": "dapi/v1", "dapiPrivate": "dapi/v1", "dapiPrivateV2": "dapi/v2",
    }  # fmt: skip
    spot = settings(exchange, account)
    spot["urls"]["api"].update({name: f"{exchange.http}/{path}" for name, path in hosts.items()})
    del spot["options"], spot["enableRateLimit"]
    return spot


def sandbox_settings(exchange, account):
    """What a bot says that is written for a test network."""
    spot = settings(exchange, account)
    spot["urls"] = {"test": spot["urls"]["api"]}
    del spot["options"]["fetchCurrencies"], spot["options"]["fetchMargins"]
    return spot
