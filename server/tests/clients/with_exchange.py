"""Runs a command beside a fresh exchange and two accounts on it:

    with_exchange.py node javascript/session.js

EXCHANGE is where it listens, ALICE and BOB are API keys with their secrets: `key:secret`.
"""

import os
import subprocess
import sys

from exchange import Exchange

with Exchange() as exchange:
    alice, bob = (f"{account.api_key}:{account.secret}" for account in exchange.two_accounts())
    accounts = {"EXCHANGE": exchange.address, "ALICE": alice, "BOB": bob}
    sys.exit(subprocess.run(sys.argv[1:], env={**os.environ, **accounts}, check=False).returncode)
