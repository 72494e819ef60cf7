"""What a connection tells, and its options."""

import asyncio
import re

from harness import Collector, check, equal, settle


@check
async def server_info(t):
    connection = await t.connect(name="suite")
    equal(connection.max_payload, 1024 * 1024, "max_payload")
    equal(connection.client_ip, "127.0.0.1", "client_ip")
    assert connection.client_id > 0
    assert re.fullmatch(r"\d+\.\d+\.\d+", repr(connection.connected_server_version).split("v")[-1].rstrip(">"))
    assert connection.connected_server_version.major >= 2
    equal(connection.connected_url.netloc, await t.server(), "connected URL")


@check
async def verbose_and_pedantic(t):
    connection = await t.connect(verbose=True, pedantic=True)
    collector = await Collector.on(connection, "verbose.>")
    for i in range(10):
        await connection.publish("verbose.x", b"%d" % i)
    equal(len(await collector.take(10)), 10, "messages")


@check
async def no_echo(t):
    silent = await t.connect(no_echo=True)
    other = await t.connect()
    collector = await Collector.on(silent, "echo")
    await silent.publish("echo", b"mine")
    await settle(silent)
    await other.publish("echo", b"of another")
    await collector.take(1)
    equal(collector.texts(), ["of another"], "messages")


@check
async def flush_and_rtt(t):
    connection = await t.connect()
    for _ in range(5):
        await connection.flush()
    await asyncio.gather(connection.flush(), connection.flush(), connection.flush())
    rtt = await connection.rtt()
    assert 0 < rtt < 1, "rtt %s" % rtt
