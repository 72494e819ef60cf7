"""Speaks with run.py: reports checks, asks for servers (../harness/suites.py says how), and runs the checks."""

import asyncio
import contextlib
import os
import sys
import time

import nats

# Seconds: one check, one condition, closing what a check left open.
CHECK_LIMIT = 45
WAIT_LIMIT = 5
CLOSE_LIMIT = 1
POLL = 0.002

CHECKS = {}


class Skip(Exception):
    """Raised by a check for what the client cannot do."""


def check(function):
    """Makes a coroutine function a check of that name."""
    CHECKS[function.__name__] = function
    return function


async def until(condition, what, limit=WAIT_LIMIT):
    """Returns the first true value of `condition()`."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("%s: not within %s s" % (what, limit))
        await asyncio.sleep(POLL)


def equal(got, wanted, what="value"):
    if got != wanted:
        raise AssertionError("%s is %.200r, not %.200r" % (what, got, wanted))


async def settle(connection):
    """Returns when the server has processed everything sent before.

    The client writes the PING of a flush at once, ahead of commands that its writer task still holds; by its PONG
    those are written, so that the PONG of another flush comes after them.
    """
    await connection.flush()
    await connection.flush()


class Collector:
    """A subscription that keeps what it receives."""

    def __init__(self):
        self.messages = []
        self.subscription = None

    @classmethod
    async def on(cls, connection, subject, **options):
        collector = cls()

        async def keep(message):
            collector.messages.append(message)

        collector.subscription = await connection.subscribe(subject, cb=keep, **options)
        return collector

    async def take(self, count, limit=WAIT_LIMIT):
        """Waits until there are `count` messages and returns all."""
        try:
            await until(lambda: len(self.messages) >= count, "%d messages" % count, limit)
        except AssertionError as error:
            raise AssertionError("%s (there are %d)" % (error, len(self.messages))) from None
        return self.messages

    def texts(self):
        return [message.data.decode() for message in self.messages]


class Events:
    """What a connection's callbacks told."""

    def __init__(self):
        self.errors = []
        self.reconnects = 0
        self.closed = False
        self.lame_duck = False

    def callbacks(self):
        async def error(problem):
            self.errors.append(problem)

        async def reconnected():
            self.reconnects += 1

        async def closed():
            self.closed = True

        async def lame_duck():
            self.lame_duck = True

        return {"error_cb": error, "reconnected_cb": reconnected, "closed_cb": closed, "lame_duck_mode_cb": lame_duck}

    def texts(self):
        return [str(problem).lower() for problem in self.errors]


class Context:
    """What a check has in hand."""

    def __init__(self):
        self._connections = []

    async def control(self, verb, server, *more):
        print("@control", verb, server, *more, flush=True)
        line = (await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)).strip()
        if not line.startswith("ok "):
            raise AssertionError(line or "run.py is gone")
        return line[len("ok "):]

    async def server(self, name="open"):
        """The address of the suite's server made from configs/<template>.conf (`<template>:x`: another instance)."""
        return await self.control("server", name)

    async def connect(self, server="open", user_info="", **options):
        """A connection that is closed after the check; `connection.events` has its Events."""
        address = await self.server(server)
        connection = nats.aio.client.Client()
        connection.events = Events()
        self._connections.append(connection)
        given = dict({"allow_reconnect": False, "connect_timeout": WAIT_LIMIT}, **connection.events.callbacks())
        given.update(options)
        await asyncio.wait_for(connection.connect("nats://%s%s" % (user_info, address), **given), WAIT_LIMIT)
        return connection

    async def connect_for_good(self, server, **options):
        """As `connect`, with a reconnect that does not wait long."""
        return await self.connect(server, allow_reconnect=True, max_reconnect_attempts=-1,
                                  reconnect_time_wait=0.02, **options)

    async def close(self):
        for connection in self._connections:
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await asyncio.wait_for(connection.close(), CLOSE_LIMIT)


def report(kind, name, *more):
    text = " ".join(" ".join(str(part) for part in more).split())
    print("@check", kind, name, text, flush=True)


async def run_one(name, function):
    context = Context()
    report("begin", name)
    start = time.monotonic()
    try:
        await asyncio.wait_for(function(context), CHECK_LIMIT)
        report("ok", name, "%.3f" % (time.monotonic() - start))
    except Skip as reason:
        report("skip", name, reason)
    except Exception as error:  # whatever went wrong is the check's failure
        report("fail", name, "%.3f" % (time.monotonic() - start), "%s: %s" % (type(error).__name__, error))
    finally:
        await context.close()


async def run():
    """Runs the checks the environment names."""
    chosen = os.environ.get("CLIENT_TEST_CHECKS", "").split(",")
    for name, function in CHECKS.items():
        if name in chosen:
            await run_one(name, function)
    print("@end", flush=True)
