"""Payload sizes and permissions."""

import random

from harness import Collector, check, equal, settle, until
from nats.errors import MaxPayloadError

MIB = 1024 * 1024


async def large_payload(t, server, size):
    publisher, subscriber = await t.connect(server), await t.connect(server)
    collector = await Collector.on(subscriber, "large")
    await settle(subscriber)
    content = random.Random(size).randbytes(size)
    await publisher.publish("large", content)
    await publisher.publish("large", b"small")
    message = (await collector.take(2, 10))[0]
    assert message.data == content, "the payload differs"


@check
async def large_payload_1mib(t):
    await large_payload(t, "open", MIB)


@check
async def large_payload_4mib(t):
    await large_payload(t, "large", 4 * MIB)


@check
async def max_payload_client(t):
    connection = await t.connect()
    collector = await Collector.on(connection, "limit")
    try:
        await connection.publish("limit", bytes(MIB + 1))
    except MaxPayloadError:
        pass
    else:
        raise AssertionError("the payload was accepted")
    await connection.publish("limit", b"small")
    await collector.take(1)
    equal(collector.texts(), ["small"], "messages")


@check
async def max_payload_server(t):
    connection = await t.connect("payload")
    equal(connection.max_payload, 1024, "max_payload")
    await t.control("reload", "payload", "payload_small")
    await connection.publish("limit", b"x" * 64)
    await settle(connection)
    await connection.publish("limit", b"x" * 65)
    await until(lambda: connection.events.closed, "the end of the connection")
    assert "maximum payload violation" in str(connection.last_error).lower(), connection.last_error
    equal((await t.connect("payload")).max_payload, 64, "max_payload")


async def connect_limited(t):
    return await t.connect("permissions", user="limited", password="l-secret")


async def connect_admin(t):
    return await t.connect("permissions", user="admin", password="admin-secret")


async def still_works(connection):
    collector = await Collector.on(connection, "open.still")
    await connection.publish("open.still", b"yes")
    await collector.take(1)
    assert connection.is_connected


@check
async def permission_publish(t):
    connection, witness = await connect_limited(t), await connect_admin(t)
    everything = await Collector.on(witness, ">")
    await settle(witness)
    await connection.publish("closed.subject", b"not allowed")
    await connection.publish("open.subject", b"allowed")
    await until(lambda: connection.events.errors, "the violation")
    equal(connection.events.texts(), ['nats: permissions violation for publish to "closed.subject"'], "errors")
    await still_works(connection)
    await everything.take(2)
    equal(everything.texts(), ["allowed", "yes"], "messages")


@check
async def permission_subscribe(t):
    connection, witness = await connect_limited(t), await connect_admin(t)
    plain = await Collector.on(connection, "closed.plain")
    await Collector.on(connection, "closed.queue", queue="workers")
    await until(lambda: len(connection.events.errors) >= 2, "two violations")
    equal(connection.events.texts(), [
        'nats: permissions violation for subscription to "closed.plain"',
        'nats: permissions violation for subscription to "closed.queue" using queue "workers"',
    ], "errors")
    await witness.publish("closed.plain", b"secret")
    await settle(witness)
    await still_works(connection)
    equal(plain.texts(), [], "messages")
