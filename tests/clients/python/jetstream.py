"""What the JetStream checks share: a context, requests to the API as they are on the wire, errors, waiting."""

import asyncio
import json
import time

from harness import WAIT_LIMIT, equal, settle, until
from nats.js.errors import APIError

# Seconds for an answer; more than a check that writes much to a slow disk needs.
ANSWER_LIMIT = 10
SERVER = "jetstream"
# A server of their own for the checks that start it anew.
RESTARTED = "jetstream:restart"


async def open_context(t, server=SERVER):
    """A connection that comes back, and its JetStream context."""
    nc = await t.connect_for_good(server)
    return nc, nc.jetstream(timeout=ANSWER_LIMIT)


async def api(nc, subject, body=None, **options):
    """The answer of the API, whatever the library makes of it."""
    payload = b"" if body is None else json.dumps(body).encode()
    answer = await nc.request("$JS.API." + subject, payload, timeout=ANSWER_LIMIT, **options)
    return json.loads(answer.data)


async def refused(call, code, description=None):
    """The call fails with this error of the API, which is returned."""
    try:
        value = await call
    except APIError as error:
        equal(error.err_code, code, "error code (%s)" % error.description)
        if description is not None:
            equal(error.description, description, "description")
        return error
    raise AssertionError("no error %d, but %.200r" % (code, value))


async def fill(js, subject, count, **options):
    """Publishes `0`, `1`, ... and waits for all acks."""
    futures = [await js.publish_async(subject, b"%d" % i, **options) for i in range(count)]
    return await asyncio.wait_for(asyncio.gather(*futures), ANSWER_LIMIT)


def numbers(count, start=0):
    return [str(i) for i in range(start, start + count)]


def texts(messages):
    return [message.data.decode() for message in messages]


def sequences(messages):
    return [message.metadata.sequence.stream for message in messages]


async def eventually(condition, what, limit=WAIT_LIMIT):
    """Returns the first true value of the coroutine function `condition`."""
    deadline = time.monotonic() + limit
    while True:
        value = await condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("%s: not within %s s" % (what, limit))
        await asyncio.sleep(0.01)


async def restart(t, verb, server, *connections):
    """Starts the server anew; returns when the connections are back."""
    before = [nc.events.reconnects for nc in connections]
    await t.control(verb, server)
    for nc, count in zip(connections, before):
        await until(lambda: nc.events.reconnects > count and nc.is_connected, "reconnect")
        await settle(nc)


async def acked(nc, consumer_info, sequence):
    """Waits until a consumer's ack floor has reached a sequence of the stream; the consumer's info."""
    async def reached():
        info = await consumer_info()
        return info if info.ack_floor.stream_seq == sequence else None

    await settle(nc)
    return await eventually(reached, "an ack floor of %d" % sequence)
