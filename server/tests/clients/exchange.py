"""A fresh exchange for one session, and accounts on it. Standard library only: it runs in the
environment of every client."""

import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "exchange.sample.toml"
DEADLINE = 30
OPERATOR_KEY = "0123456789abcdef" * 4


class Refused(Exception):
    """What the exchange said no to."""


class Account:
    def __init__(self, api_key, secret, session=None):
        self.api_key, self.secret, self.session = api_key, secret, session


class Connection:
    """Requests to the exchange by hand, over one connection."""

    def __init__(self, address):
        self._http = http.client.HTTPConnection(address, timeout=DEADLINE)

    def call(self, method, path, body=None, headers=None):
        body = None if body is None else json.dumps(body)
        self._http.request(method, path, body=body, headers=headers or {})
        response = self._http.getresponse()
        answer = json.loads(response.read())
        if response.status >= 400:
            raise Refused(f"{method} {path}: {response.status} {answer}")
        return answer

    def signed(self, account, method, path, **params):
        query = urllib.parse.urlencode({**params, "timestamp": int(time.time() * 1000)})
        signature = hmac.new(account.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        headers = {"X-MBX-APIKEY": account.api_key}
        return self.call(method, f"/api/v3/{path}?{query}&signature={signature}", headers=headers)


def _openssl(*arguments, of=None):
    # Libraries tell keys apart by their lengths: without the line feed at the end.
    ran = subprocess.run(["openssl", *arguments], input=of, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


class Exchange:
    """The real binary, alone, with a data directory of its own. `limits` take the place of those of
    the sample configuration."""

    def __init__(self, *options, **limits):
        self._dir = Path(tempfile.mkdtemp(prefix="exchange-clients-"))
        config = SAMPLE.read_text()
        for name, value in limits.items():
            config, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", config)
            if not found:
                raise ValueError(f"there is no limit {name}")
        (self._dir / "exchange.toml").write_text(config)
        (self._dir / "operator.key").write_text(OPERATOR_KEY)
        self._start(options)

    def _start(self, options):
        log = self._dir / "log"
        with log.open("wb") as stderr:
            self._child = subprocess.Popen(
                [os.environ["EXCHANGE_BIN"], "--faucet", "--config", self._dir / "exchange.toml"]
                + ["--data-dir", self._dir / "data", "--listen", "127.0.0.1:0"]
                + ["--operator", "127.0.0.1:0", "--operator-key", self._dir / "operator.key", *options],
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        until = time.monotonic() + DEADLINE
        while not (listening := re.search(r"listening on http://(\S+)", log.read_text())):
            if self._child.poll() is not None or time.monotonic() > until:
                told = log.read_text()
                self.close()
                raise RuntimeError(f"the exchange does not start:\n{told}")
            time.sleep(0.02)
        self.address = listening[1]
        self._operators = re.search(r"listening for operators on http://(\S+)", log.read_text())[1]
        self.http = f"http://{self.address}"
        self.ws = f"ws://{self.address}"

    def account(self, name, **funds):
        """A user with an API key and play money: `account("alice", BTC=10)`."""
        session = self._session(name)
        key = Connection(self.address).call("POST", "/v1/api-keys", {"label": "client"}, session)
        account = Account(key["apiKey"], key["secretKey"], session)
        self.deposit(account, **funds)
        return account

    def ed25519_account(self, name, **funds):
        """The same with a key pair; the secret is the private key, as PEM."""
        private = _openssl("genpkey", "-algorithm", "ed25519")
        public = _openssl("pkey", "-pubout", of=private)
        session = self._session(name)
        key = Connection(self.address).call("POST", "/v1/api-keys", {"publicKey": public}, session)
        account = Account(key["apiKey"], private, session)
        self.deposit(account, **funds)
        return account

    def _session(self, name):
        connection = Connection(self.address)
        user = {"username": name, "password": "correct horse battery"}
        connection.call("POST", "/v1/register", user)
        token = connection.call("POST", "/v1/login", user)["token"]
        return {"Authorization": f"Bearer {token}"}

    def operate(self, action, **how):
        """What an operator does: `operate("halt", scope="VENUE")`."""
        key = {"Authorization": f"Bearer {OPERATOR_KEY}"}
        body = {"reason": "a test", **how}
        return Connection(self._operators).call("POST", f"/v1/operator/{action}", body, key)

    def deposit(self, account, **funds):
        connection = Connection(self.address)
        for asset, amount in funds.items():
            gift = {"asset": asset, "amount": str(amount)}
            connection.call("POST", "/v1/faucet", gift, account.session)

    def two_accounts(self):
        """What every session begins with: two traders who can both buy and sell."""
        return [self.account(name, BTC=10, ETH=100, USDT=1_000_000) for name in ("alice", "bob")]

    def close(self):
        self._child.kill()
        self._child.wait()
        shutil.rmtree(self._dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
