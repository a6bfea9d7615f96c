"""The steps of a session: each is told with what came of it, and a session ends with the count."""

import asyncio
import copy
import faulthandler
import inspect
import os
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
DEADLINE = 10
LOADED_SECONDS = float(os.environ.get("CLIENT_MINUTES", 2)) * 60
LONGEST = 120


class Steps:
    def __init__(self, client):
        self._client, self._passed, self._failed = client, 0, 0
        # Some of what a library promises it never keeps.
        faulthandler.dump_traceback_later(LONGEST + LOADED_SECONDS, exit=True)
        print(f"-- {client}", flush=True)

    @contextmanager
    def step(self, what):
        """A failure is told and ends the step, not the session: the others may tell more."""
        begun = time.monotonic()
        try:
            yield
        except Exception as error:
            self._failed += 1
            print(f"FAILED {what}: {type(error).__name__}: {str(error)[:1500]} ({place(error)})")
        else:
            self._passed += 1
            print(f"ok     {what} ({time.monotonic() - begun:.1f} s)")
        sys.stdout.flush()

    def finish(self):
        """Tells the count and ends the program."""
        print(f"{self._client}: {self._passed} passed, {self._failed} failed", flush=True)
        sys.exit(1 if self._failed or not self._passed else 0)


def place(error):
    """The line of the session that it came from."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent == HERE
    ]
    told = [
        frame for frame in frames if Path(frame.filename).name != Path(__file__).name and frame.name != "step"
    ]
    return f"{Path(told[-1].filename).name}:{told[-1].lineno}" if told else "no line of it"


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def has(actual, **expected):
    """That a dictionary or an object has these and maybe others."""
    get = actual.get if isinstance(actual, dict) else lambda name: getattr(actual, name)
    found = {name: get(name) for name in expected}
    equal(found, expected)


def refused(expected, call, *args, matching="", **named):
    """That a call raises this exception, of exactly this type."""
    try:
        call(*args, **named)
    except Exception as error:
        _is(error, expected, matching)
    else:
        raise AssertionError(f"no {expected.__name__}")


async def refused_later(expected, awaitable, matching=""):
    try:
        await awaitable
    except Exception as error:
        _is(error, expected, matching)
    else:
        raise AssertionError(f"no {expected.__name__}")


def _is(error, expected, matching):
    told = f"{type(error).__name__}: {error}"
    assert type(error) is expected, f"{told} is no {expected.__name__}"
    assert matching in str(error), f"{told} does not say {matching!r}"


async def eventually(what, condition, following=None):
    """Waits until a condition holds; what it returned then, or what was missing. What has gone wrong
    in streams that are followed meanwhile is raised instead."""
    until = time.monotonic() + DEADLINE
    while True:
        if following:
            following.check()
        answer = condition()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() > until:
            raise AssertionError(f"never came: {what}")
        await asyncio.sleep(0.02)


class Following:
    """What streams bring, gathered while a session goes on."""

    async def __aenter__(self):
        self._tasks = []
        return self

    def gather(self, watch, into):
        """Calls `watch` again and again. Copies, because libraries go on changing what they returned."""

        async def forever():
            while True:
                came = await watch()
                into.extend(copy.deepcopy(list(came) if isinstance(came, list) else [came]))

        self._tasks.append(asyncio.create_task(forever()))

    async def eventually(self, what, condition):
        return await eventually(what, condition, following=self)

    def check(self):
        for task in self._tasks:
            if task.done():
                task.result()

    async def __aexit__(self, *_):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
