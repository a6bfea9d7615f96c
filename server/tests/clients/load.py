"""Traders who keep a market busy, in a process of their own: `Load(exchange).run(seconds)`."""

import json
import os
import random
import subprocess
import sys
import time

from exchange import Account, Connection, Refused

SYMBOL = "BTCUSDT"
MIDDLE = 60_000
LEVELS = 150
MOST_OPEN = 400
SEED = int(os.environ.get("CLIENT_SEED", 8))


class Load:
    """Between its runs the market is quiet: whatever was sent has been answered."""

    def __init__(self, exchange):
        accounts = [exchange.account(name, BTC=100_000, USDT=1_000_000_000) for name in ("maker", "taker")]
        self._child = subprocess.Popen(
            [
                sys.executable,
                __file__,
                exchange.address,
                *(text for a in accounts for text in (a.api_key, a.secret)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, seconds):
        """How many requests it has made."""
        print(seconds, file=self._child.stdin, flush=True)
        return json.loads(self._child.stdout.readline())

    def close(self):
        self._child.stdin.close()
        self._child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Traders:
    def __init__(self, address, maker, taker):
        self._connection, self._maker, self._taker = Connection(address), maker, taker
        self._open = []
        self._random = random.Random(SEED)

    def act(self):
        """One request: mostly one that rests or takes back, so that the book changes in many places."""
        choice = self._random.random()
        if choice < 0.5 and len(self._open) < MOST_OPEN:
            self._rest()
        elif choice < 0.85 and self._open:
            self._cancel()
        else:
            self._take()

    def _rest(self):
        side, sign = self._random.choice([("BUY", -1), ("SELL", 1)])
        price = MIDDLE + sign * self._random.randint(1, LEVELS) / 2
        order = self._order(self._maker, side=side, type="LIMIT", timeInForce="GTC", price=f"{price:.2f}")
        self._open.append(order["orderId"])

    def _cancel(self):
        chosen = self._open.pop(self._random.randrange(len(self._open)))
        try:
            self._connection.signed(self._maker, "DELETE", "order", symbol=SYMBOL, orderId=chosen)
        except Refused:
            pass  # It was filled before.

    def _take(self):
        side, price = self._random.choice([("BUY", MIDDLE + LEVELS), ("SELL", MIDDLE - LEVELS)])
        self._order(self._taker, side=side, type="LIMIT", timeInForce="IOC", price=price)

    def _order(self, account, **order):
        quantity = f"{self._random.randint(100, 30_000) / 100_000:.5f}"
        return self._connection.signed(account, "POST", "order", symbol=SYMBOL, quantity=quantity, **order)


def main():
    address, *keys = sys.argv[1:]
    traders = Traders(address, Account(*keys[:2]), Account(*keys[2:]))
    for seconds in map(float, sys.stdin):
        until, made = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            traders.act()
            made += 1
        print(made, flush=True)


if __name__ == "__main__":
    main()
