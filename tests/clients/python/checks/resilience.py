"""The server goes away, comes back, or says that it will go."""

from harness import Collector, check, equal, settle, until


async def reconnects(t, verb):
    server = "open:" + verb
    connection, publisher = await t.connect_for_good(server), await t.connect_for_good(server)
    wild = await Collector.on(connection, "after.*")
    group = await Collector.on(connection, "after.>", queue="workers")
    await settle(connection)
    await publisher.publish("after.first", b"before")
    await wild.take(1)
    await group.take(1)
    await t.control(verb, server)
    for each in (connection, publisher):
        await until(lambda: each.events.reconnects and each.is_connected, "reconnect")
    await settle(connection)
    for i in range(100):
        await publisher.publish("after.restart", b"%d" % i)
    await wild.take(101)
    await group.take(101)
    equal(wild.texts(), ["before"] + [str(i) for i in range(100)], "messages")
    equal(group.texts(), wild.texts(), "messages of the group")


@check
async def reconnect_after_restart(t):
    await reconnects(t, "restart")


@check
async def reconnect_after_kill(t):
    await reconnects(t, "kill")


@check
async def lame_duck(t):
    connection = await t.connect("open:lame")
    await settle(connection)
    await t.control("lame_duck", "open:lame")
    await until(lambda: connection.events.lame_duck, "the notice")
    collector = await Collector.on(connection, "still")
    await connection.publish("still", b"works")
    await collector.take(1)
