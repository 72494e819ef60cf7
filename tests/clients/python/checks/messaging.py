"""Publish and subscribe: subjects, headers, groups, order, and how a subscription ends."""

import asyncio

from harness import WAIT_LIMIT, Collector, Skip, check, equal, settle


@check
async def publish_subscribe(t):
    publisher, subscriber = await t.connect(), await t.connect()
    collector = await Collector.on(subscriber, "plain.subject")
    await settle(subscriber)
    content = bytes(range(256))
    await publisher.publish("plain.subject", content, reply="answer.here")
    await publisher.publish("plain.subject")
    await publisher.publish("plain.Subject", b"another subject")
    await publisher.publish("plain.subject", "Grüße 🦟".encode())
    first, second, third = await collector.take(3)
    equal((first.data, first.subject, first.reply), (content, "plain.subject", "answer.here"), "first message")
    equal(second.data, b"", "second message")
    equal(third.data.decode(), "Grüße 🦟", "third message")


@check
async def wildcards(t):
    publisher, subscriber = await t.connect(), await t.connect()
    one = await Collector.on(subscriber, "w.*.c")
    rest = await Collector.on(subscriber, "w.a.>")
    everything = await Collector.on(subscriber, "w.>")
    end = await Collector.on(subscriber, "end")
    await settle(subscriber)
    for subject in ("w.a.c", "w.b.c", "w.a.b.c", "w.a", "w", "w.a.b", "x.a.c"):
        await publisher.publish(subject, subject.encode())
    await publisher.publish("end")
    await end.take(1)
    await everything.take(5)
    equal(one.texts(), ["w.a.c", "w.b.c"], "w.*.c")
    equal(rest.texts(), ["w.a.c", "w.a.b.c", "w.a.b"], "w.a.>")
    equal(everything.texts(), ["w.a.c", "w.b.c", "w.a.b.c", "w.a", "w.a.b"], "w.>")


@check
async def headers(t):
    publisher, subscriber = await t.connect(), await t.connect()
    collector = await Collector.on(subscriber, "with.headers")
    await settle(subscriber)
    sent = {"Kind": "test", "lower-case": "kept: as is", "Accent": "Grüße"}
    await publisher.publish("with.headers", b"body", headers=sent)
    await publisher.publish("with.headers", b"", headers=sent)
    await publisher.publish("with.headers", b"bare")
    full, empty, bare = await collector.take(3)
    equal((full.headers, full.data), (sent, b"body"), "full message")
    equal((empty.headers, empty.data), (sent, b""), "message without payload")
    equal(bare.headers, None, "headers of the bare message")


@check
async def headers_multi_value(t):
    raise Skip("the client keeps one value a name")


@check
async def queue_group(t):
    count = 600
    publisher = await t.connect()
    connections = [await t.connect(), await t.connect()]
    members = [await Collector.on(connections[i], "jobs.*", queue="workers") for i in (0, 1, 0)]
    other = await Collector.on(connections[1], "jobs.>", queue="auditors")
    plain = await Collector.on(connections[0], "jobs.new")
    for connection in connections:
        await settle(connection)
    for i in range(count):
        await publisher.publish("jobs.new", b"%d" % i)
    await plain.take(count)
    await other.take(count)
    await settle(publisher)
    for connection in connections:
        await settle(connection)
    got = sorted(int(text) for member in members for text in member.texts())
    equal(got, list(range(count)), "messages of the group")
    assert all(member.messages for member in members), "a member got nothing"


@check
async def order_10000(t):
    count = 10_000
    publisher, subscriber = await t.connect(), await t.connect()
    collector = await Collector.on(subscriber, "order")
    end = await Collector.on(subscriber, "order.end")
    await settle(subscriber)
    for i in range(count):
        await publisher.publish("order", b"%d" % i)
    await publisher.publish("order.end")
    await end.take(1, 15)
    equal(len(await collector.take(count)), count, "number of messages")
    equal(collector.texts(), [str(i) for i in range(count)], "order")


@check
async def unsubscribe(t):
    publisher, subscriber = await t.connect(), await t.connect()
    collector = await Collector.on(subscriber, "until.now")
    end = await Collector.on(subscriber, "end.of.it")
    await settle(subscriber)
    await publisher.publish("until.now", b"before")
    await collector.take(1)
    await collector.subscription.unsubscribe()
    await settle(subscriber)
    await publisher.publish("until.now", b"after")
    await publisher.publish("end.of.it")
    await end.take(1)
    equal(collector.texts(), ["before"], "messages")
    # What came for a subscription that is gone would still have been counted.
    equal(subscriber.stats["in_msgs"], 2, "messages on the connection")


@check
async def unsubscribe_with_max(t):
    publisher, subscriber = await t.connect(), await t.connect()
    at_once = await Collector.on(subscriber, "max")
    await at_once.subscription.unsubscribe(limit=5)
    later = await Collector.on(subscriber, "max")
    end = await Collector.on(subscriber, "end.of.max")
    await settle(subscriber)
    await publisher.publish("max", b"0")
    await later.take(1)
    await later.subscription.unsubscribe(limit=3)
    await settle(subscriber)
    for i in range(1, 10):
        await publisher.publish("max", b"%d" % i)
    await publisher.publish("end.of.max")
    await end.take(1)
    equal(at_once.texts(), ["0", "1", "2", "3", "4"], "messages, maximum 5")
    equal(later.texts(), ["0", "1", "2"], "messages, maximum 3")
    equal(subscriber.stats["in_msgs"], 9, "messages on the connection")


@check
async def drain_subscription(t):
    count = 500
    publisher, subscriber = await t.connect(), await t.connect()
    collector = await Collector.on(subscriber, "drained")
    end = await Collector.on(subscriber, "end.of.drain")
    await settle(subscriber)
    for i in range(count):
        await publisher.publish("drained", b"%d" % i)
    # What was published before this flush belongs to the subscription that is drained after it.
    await settle(publisher)
    await asyncio.wait_for(collector.subscription.drain(), WAIT_LIMIT)
    await settle(subscriber)
    equal(len(collector.messages), count, "number of messages")
    await publisher.publish("drained", b"too late")
    await publisher.publish("end.of.drain")
    await end.take(1)
    equal(len(collector.messages), count, "number of messages")
    equal(subscriber.stats["in_msgs"], count + 1, "messages on the connection")


@check
async def drain_connection(t):
    count = 500
    publisher, subscriber = await t.connect(), await t.connect()
    answers = await Collector.on(publisher, "answers")

    async def answer(message):
        await subscriber.publish("answers", message.data)

    await subscriber.subscribe("questions", cb=answer)
    await settle(subscriber)
    await settle(publisher)
    for i in range(count):
        await publisher.publish("questions", b"%d" % i)
    await settle(publisher)
    await asyncio.wait_for(subscriber.drain(), WAIT_LIMIT)
    assert subscriber.is_closed and subscriber.events.closed
    equal(len(await answers.take(count)), count, "number of answers")
