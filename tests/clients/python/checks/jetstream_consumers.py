"""Consumers: their life, fetches, acks, pushes, and reading in order."""

import asyncio
import contextlib
import json
import time
from datetime import datetime, timedelta, timezone

from harness import WAIT_LIMIT, Collector, check, equal, settle, until
from jetstream import (RESTARTED, acked, api, eventually, fill, numbers, open_context, refused, restart, sequences,
                       texts)
from nats.js.api import ConsumerConfig, DeliverPolicy, RetentionPolicy


# Nanoseconds.
SECOND = 10 ** 9


async def pull(nc, stream, consumer, body):
    """One pull request as it is on the wire; the Collector of what comes."""
    inbox = nc.new_inbox()
    replies = await Collector.on(nc, inbox)
    await nc.publish("$JS.API.CONSUMER.MSG.NEXT.%s.%s" % (stream, consumer), json.dumps(body).encode(), reply=inbox)
    return replies


async def end_of(replies, limit=WAIT_LIMIT):
    """The status that ends a pull, as `<code> <description>`; heartbeats do not."""
    def ends():
        statuses = [message.headers for message in replies.messages if message.headers and "Status" in message.headers]
        return next((status for status in statuses if status["Status"] != "100"), None)

    status = await until(ends, "the end of the pull", limit)
    return "%s %s" % (status["Status"], status.get("Description", ""))


async def fetched(subscription, count, timeout):
    """What a fetch gives. When there is nothing, the client mostly, but not always, makes an error of it."""
    try:
        return await subscription.fetch(count, timeout=timeout)
    except asyncio.TimeoutError:
        return []


@check
async def jetstream_consumers(t):
    """A consumer is made, found, changed and deleted, by every subject that clients use for it."""
    nc, js = await open_context(t)
    await js.add_stream(name="consumers", subjects=["consumers.>"])
    await fill(js, "consumers.a", 10)
    await refused(js.consumer_info("consumers", "none"), 10014, "consumer not found")
    # Without `name` the library takes the oldest of all subjects.
    info = await js.add_consumer("consumers", durable_name="durable", filter_subject="consumers.a")
    equal((info.name, info.stream_name, info.num_pending), ("durable", "consumers", 10), "consumer")
    config = info.config
    equal((config.deliver_policy, config.ack_wait, config.max_deliver, config.max_ack_pending), ("all", 30, -1, 1000),
          "defaults")
    updated = await js.add_consumer("consumers", config, name="durable", max_deliver=5)
    equal(updated.config.max_deliver, 5, "max_deliver")
    named = await js.add_consumer("consumers", name="named", durable_name="named", filter_subject="consumers.*")
    equal(named.name, "named", "name")
    filters = ["consumers.a", "consumers.b"]
    several = await js.add_consumer("consumers", name="several", filter_subjects=filters)
    equal((several.name, several.config.filter_subjects, several.num_pending), ("several", filters, 10), "consumer")
    unnamed = await js.add_consumer("consumers", deliver_subject="consumers-inbox", ack_policy="none")
    equal(len(unnamed.name), 8, "length of the name the server gave")
    names = [consumer.name for consumer in await js.consumers_info("consumers")]
    assert {"durable", "named", "several"} <= set(names), names
    other = {"stream_name": "consumers", "config": {"durable_name": "durable", "ack_policy": "none"}}
    for name, action, code in (("durable", "create", 10148), ("absent", "update", 10149)):
        body = dict(other, action=action, config=dict(other["config"], durable_name=name, name=name))
        answer = await api(nc, "CONSUMER.CREATE.consumers.%s" % name, body)
        equal(answer["error"]["err_code"], code, "error of %s" % action)
    assert await js.delete_consumer("consumers", "durable")
    await refused(js.delete_consumer("consumers", "durable"), 10014)


@check
async def jetstream_fetch(t):
    """fetch gives what there is, up to the number asked for."""
    nc, js = await open_context(t)
    await js.add_stream(name="fetch", subjects=["fetch"])
    await fill(js, "fetch", 10)
    subscription = await js.pull_subscribe("fetch", durable="f")
    first = await subscription.fetch(4, timeout=2)
    equal(texts(first), numbers(4), "messages")
    equal([message.metadata.num_pending for message in first], [9, 8, 7, 6], "pending")
    equal([message.metadata.sequence.consumer for message in first], [1, 2, 3, 4], "sequences")
    rest = await subscription.fetch(100, timeout=0.5)
    equal(texts(rest), numbers(6, 4), "the rest")
    for message in first + rest:
        await message.ack()
    info = await acked(nc, subscription.consumer_info, 10)
    equal((info.num_ack_pending, info.num_pending), (0, 0), "consumer")


@check
async def jetstream_fetch_nothing(t):
    """A pull that gets nothing says so: at once, at its end, with heartbeats on the way."""
    nc, js = await open_context(t)
    await js.add_stream(name="nothing", subjects=["nothing"])
    subscription = await js.pull_subscribe("nothing", durable="n")
    for count in (1, 5):
        start = time.monotonic()
        equal(await fetched(subscription, count, 0.5), [], "messages")
        assert 0.4 < time.monotonic() - start < 4, "the end came at another time"
    cases = (({"batch": 5, "no_wait": True}, "404 No Messages"),
             ({"batch": 5, "expires": SECOND // 5}, "408 Request Timeout"),
             ({"batch": 5, "no_wait": True, "expires": SECOND // 5}, "408 Request Timeout"),
             ({"batch": 5, "expires": SECOND // 3, "idle_heartbeat": SECOND // 5},
              "400 Bad Request - heartbeat value too large"))
    for body, wanted in cases:
        equal(await end_of(await pull(nc, "nothing", "n", body)), wanted, "end of %r" % body)
    beating = await pull(nc, "nothing", "n", {"batch": 1, "expires": SECOND, "idle_heartbeat": SECOND // 4})
    await end_of(beating)
    assert len(beating.messages) >= 3, "%d heartbeats" % (len(beating.messages) - 1)
    equal(beating.messages[0].headers["Description"], "Idle Heartbeat", "heartbeat")


@check
async def jetstream_next(t):
    """fetch(1) gives one message as soon as there is one."""
    nc, js = await open_context(t)
    await js.add_stream(name="next", subjects=["next"])
    subscription = await js.pull_subscribe("next", durable="n")
    waiting = asyncio.ensure_future(subscription.fetch(1, timeout=5, heartbeat=1))
    await settle(nc)
    await js.publish("next", b"late")
    [message] = await waiting
    equal((message.data, message.metadata.num_delivered), (b"late", 1), "message")
    equal((await message.ack_sync()).data, b"", "answer to the ack")


@check
async def jetstream_consume(t):
    """Fetch after fetch gives everything in order; nothing comes twice."""
    nc, js = await open_context(t)
    await js.add_stream(name="consume", subjects=["consume"])
    subscription = await js.pull_subscribe("consume", durable="c")
    await fill(js, "consume", 1000)
    got = []
    while len(got) < 1000:
        for message in await subscription.fetch(150, timeout=0.5 if len(got) > 850 else 5):
            await message.ack()
            got.append(message)
    equal(texts(got), numbers(1000), "messages")
    info = await acked(nc, subscription.consumer_info, 1000)
    equal((info.delivered.consumer_seq, info.num_redelivered), (1000, 0), "consumer")


@check
async def jetstream_consume_restart(t):
    """Fetches go on when the server was started anew, also after a kill: nothing is missing."""
    nc, js = await open_context(t, RESTARTED)
    await js.add_stream(name="consume", subjects=["consume"])
    subscription = await js.pull_subscribe("consume", durable="c", config=ConsumerConfig(ack_wait=1))
    seen, sent = set(), 0
    for verb in (None, "restart", "kill"):
        if verb:
            await restart(t, verb, RESTARTED, nc)
        await fill(js, "consume", 100)
        sent += 100
        while len(seen) < sent:
            for message in await subscription.fetch(25, timeout=5):
                await message.ack()
                seen.add(message.metadata.sequence.stream)
    equal(seen, set(range(1, sent + 1)), "sequences")

    async def done():
        if (await subscription.consumer_info()).ack_floor.stream_seq == sent:
            return True
        # What was acknowledged shortly before a kill may come again.
        for message in await fetched(subscription, 25, 0.2):
            await message.ack()
        return False

    await eventually(done, "all acks")


@check
async def jetstream_consumer_deleted(t):
    """Deleting a consumer or its stream ends all pulls that wait."""
    nc, js = await open_context(t)
    await js.add_stream(name="deleted", subjects=["deleted"])
    for what in ("consumer", "stream"):
        await js.add_consumer("deleted", durable_name="d")
        pulls = [await pull(nc, "deleted", "d", {"batch": i, "expires": 20 * SECOND}) for i in (1, 2, 3)]

        async def waiting():
            return (await js.consumer_info("deleted", "d")).num_waiting == 3

        await eventually(waiting, "three pulls that wait")
        await (js.delete_consumer("deleted", "d") if what == "consumer" else js.delete_stream("deleted"))
        for replies in pulls:
            equal(await end_of(replies), "409 Consumer Deleted", "end")

        async def nobody():
            late = await pull(nc, "deleted", "d", {"batch": 1, "expires": SECOND // 10})
            with contextlib.suppress(AssertionError):
                return (await end_of(late, 0.5)).startswith("503")

        await eventually(nobody, "nobody answers for the consumer")


@check
async def jetstream_pull_limits(t):
    """A pull beyond the consumer's limits is refused, in words that some clients compare byte by byte."""
    nc, js = await open_context(t)
    await js.add_stream(name="limits", subjects=["limits"])
    config = {"durable_name": "l", "ack_policy": "explicit", "max_batch": 10, "max_expires": SECOND}
    await api(nc, "CONSUMER.DURABLE.CREATE.limits.l", {"stream_name": "limits", "config": config})
    await js.add_consumer("limits", name="p", ack_policy="none", deliver_subject="limits-here")
    cases = (("l", {"batch": 11}, "409 Exceeded MaxRequestBatch of 10"),
             ("l", {"batch": 1, "expires": 2 * SECOND}, "409 Exceeded MaxRequestExpires of 1s"),
             ("p", {"batch": 1}, "409 Consumer is push based"))
    for consumer, body, wanted in cases:
        equal(await end_of(await pull(nc, "limits", consumer, body)), wanted, "end of %r" % body)


@check
async def jetstream_inactive(t):
    """A consumer that nobody uses goes when its time is over; one that is used stays."""
    _, js = await open_context(t)
    await js.add_stream(name="inactive", subjects=["inactive"])
    for name in ("used", "unused"):
        await js.add_consumer("inactive", name=name, inactive_threshold=0.5)
    subscription = await js.pull_subscribe_bind("used", "inactive")
    waiting = asyncio.ensure_future(subscription.fetch(1, timeout=3))

    async def gone():
        return "unused" not in [consumer.name for consumer in await js.consumers_info("inactive")]

    await eventually(gone, "the end of the unused consumer")
    await js.publish("inactive", b"x")
    equal(texts(await waiting), ["x"], "messages")
    pushing = await js.add_consumer("inactive", ack_policy="none", deliver_subject="inactive-here")
    equal((pushing.config.inactive_threshold, pushing.num_pending), (5, 1), "consumer that pushes")


@check
async def jetstream_pause(t):
    """A paused consumer delivers nothing until its time has come or it is resumed."""
    _, js = await open_context(t)
    await js.add_stream(name="pause", subjects=["pause"])
    await fill(js, "pause", 2)
    subscription = await js.pull_subscribe("pause", durable="p")

    async def pause(seconds):
        when = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        return await js.pause_consumer("pause", "p", when.isoformat())

    equal((await pause(60)).paused, True, "paused")
    equal(await fetched(subscription, 1, 0.3), [], "messages of a paused consumer")
    equal((await js.resume_consumer("pause", "p")).paused, False, "paused")
    equal(texts(await subscription.fetch(1, timeout=2)), ["0"], "message")
    await pause(0.5)
    equal(texts(await subscription.fetch(1, timeout=3)), ["1"], "message")


@check
async def jetstream_reset(t):
    """A reset consumer delivers again from its ack floor, or from the sequence that was asked for."""
    _, js = await open_context(t)
    await js.add_stream(name="reset", subjects=["reset"])
    await fill(js, "reset", 10)
    subscription = await js.pull_subscribe("reset", durable="r")
    for message in await subscription.fetch(6):
        await message.ack_sync()
    equal((await js.reset_consumer("reset", "r", seq=3)).reset_seq, 3, "reset_seq")
    again = await subscription.fetch(8)
    equal(texts(again), numbers(8, 2), "messages")
    equal((await js.reset_consumer("reset", "r")).reset_seq, 3, "reset_seq")
    equal(texts(await subscription.fetch(8)), numbers(8, 2), "messages")


@check
async def jetstream_acks(t):
    """Every kind of ack does what it is for."""
    nc, js = await open_context(t)
    await js.add_stream(name="acks", subjects=["acks"])
    await fill(js, "acks", 6)
    terms = await Collector.on(nc, "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.acks.a")
    subscription = await js.pull_subscribe("acks", durable="a", config=ConsumerConfig(ack_wait=20))
    ack, confirmed, nak, later, working, term = await subscription.fetch(6)
    await ack.ack()
    equal((await confirmed.ack_sync()).data, b"", "answer to the ack")
    await nak.nak()
    [again] = await subscription.fetch(1)
    equal((sequences([again]), again.metadata.num_delivered), ([3], 2), "message after a nak")
    await again.ack()
    start = time.monotonic()
    await later.nak(delay=0.5)
    await working.in_progress()
    await term.term()
    [delayed] = await subscription.fetch(1)
    equal(sequences([delayed]), [4], "message after a nak with a delay")
    assert time.monotonic() - start > 0.4, "came before its delay was over"
    await delayed.ack()
    await terms.take(1)
    info = await acked(nc, subscription.consumer_info, 4)
    equal(info.num_ack_pending, 1, "pending acks")
    await working.ack_sync()
    await acked(nc, subscription.consumer_info, 6)


@check
async def jetstream_redelivery(t):
    """A message that nobody acknowledges comes again after the back-off, as often as it may."""
    nc, js = await open_context(t)
    await js.add_stream(name="redelivery", subjects=["redelivery"])
    given_up = await Collector.on(nc, "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.redelivery.r")
    await settle(nc)
    await js.publish("redelivery", b"x")
    subscription = await js.pull_subscribe("redelivery", durable="r",
                                           config=ConsumerConfig(backoff=[0.2, 0.4], max_deliver=3))
    times = []
    for count in (1, 2, 3):
        [message] = await subscription.fetch(1)
        equal(message.metadata.num_delivered, count, "deliveries")
        times.append(time.monotonic())
    assert times[1] - times[0] > 0.15 and times[2] - times[1] > 0.35, "came too early: %r" % times
    equal(await fetched(subscription, 1, 0.6), [], "messages after the last delivery")
    [advisory] = await given_up.take(1)
    equal(json.loads(advisory.data)["deliveries"], 3, "deliveries")


@check
async def jetstream_work_queue(t):
    """What is acknowledged leaves a work queue; filters of its consumers must not overlap."""
    _, js = await open_context(t)
    await js.add_stream(name="work", subjects=["work.*"], retention=RetentionPolicy.WORK_QUEUE)
    await js.add_consumer("work", durable_name="a", filter_subject="work.a")
    await refused(js.add_consumer("work", durable_name="b", filter_subject="work.*"), 10100)
    await fill(js, "work.a", 100)
    await fill(js, "work.b", 10)

    async def worker(own):
        subscription = await own.pull_subscribe_bind("a", "work")
        got = []
        while True:
            messages = await fetched(subscription, 10, 0.3)
            if not messages:
                return got
            for message in messages:
                await message.ack()
            got += messages

    contexts = [(await open_context(t))[1] for _ in range(3)]
    parts = await asyncio.gather(*(worker(own) for own in contexts))
    got = [message for part in parts for message in part]
    equal(sorted(texts(got), key=int), numbers(100), "messages")

    async def done():
        return (await js.stream_info("work")).state.messages == 10

    await eventually(done, "an empty queue")


@check
async def jetstream_push(t):
    """A consumer pushes what it has when somebody listens, and goes on from its acks when the listener comes back."""
    nc, js = await open_context(t)
    await js.add_stream(name="push", subjects=["push"])
    await fill(js, "push", 300)
    # The library makes the consumer first and listens then.
    subscription = await js.subscribe("push", durable="p", manual_ack=True)
    got = [await subscription.next_msg(5) for _ in range(300)]
    equal(texts(got), numbers(300), "messages")
    for message in got:
        await message.ack()
    info = await acked(nc, subscription.consumer_info, 300)
    equal(info.push_bound, True, "push_bound")
    await subscription.unsubscribe()
    await settle(nc)
    await fill(js, "push", 10)
    next_one = await js.subscribe("push", durable="p", manual_ack=True)
    equal(texts([await next_one.next_msg(5) for _ in range(10)]), numbers(10), "messages for the next listener")
    # The listener is there before the consumer, which delivers at once.
    early = await Collector.on(nc, "push-early")
    await settle(nc)
    await js.add_consumer("push", name="e", ack_policy="none", deliver_subject="push-early")
    await early.take(310)
    bare = await js.subscribe("push", headers_only=True, deliver_policy=DeliverPolicy.LAST)
    message = await bare.next_msg(5)
    equal((message.data, message.headers), (b"", {"Nats-Msg-Size": "1"}), "message of headers only")


@check
async def jetstream_push_members(t):
    """A consumer with a deliver group pushes each message to one member."""
    nc, js = await open_context(t)
    await js.add_stream(name="members", subjects=["members"])
    members = []
    for _ in range(3):
        own, context = await open_context(t)
        messages = []

        async def keep(message, messages=messages):
            messages.append(message)
            await message.ack()

        await context.subscribe("members", queue="workers", cb=keep, manual_ack=True)
        await settle(own)
        members.append(messages)
    await fill(js, "members", 300)
    await until(lambda: sum(map(len, members)) >= 300, "all messages")
    equal(sorted((text for messages in members for text in texts(messages)), key=int), numbers(300), "messages")
    assert min(map(len, members)) > 30, "messages a member: %r" % list(map(len, members))
    await acked(nc, lambda: js.consumer_info("members", "workers"), 300)


@check
async def jetstream_push_flow(t):
    """Flow control holds a fast consumer back without losing anything."""
    nc, js = await open_context(t)
    await js.add_stream(name="flow", subjects=["flow"])
    payload = b"x" * 10_000
    for future in [await js.publish_async("flow", payload) for _ in range(1000)]:
        await future
    got = []

    async def keep(message):
        got.append(message)

    config = ConsumerConfig(ack_policy="none", idle_heartbeat=0.5)
    await js.subscribe("flow", cb=keep, config=config, flow_control=True)
    await until(lambda: len(got) >= 1000, "all messages", 15)
    equal(sequences(got), list(range(1, 1001)), "sequences")
    equal([message.metadata.sequence.consumer for message in got], list(range(1, 1001)), "consumer sequences")


@check
async def jetstream_ordered(t):
    """An ordered consumer reads everything once and in order."""
    _, js = await open_context(t)
    await js.add_stream(name="ordered", subjects=["ordered.>"])
    await fill(js, "ordered.a", 300)
    subscription = await js.subscribe("ordered.*", ordered_consumer=True, idle_heartbeat=0.3)
    got = [await subscription.next_msg(5) for _ in range(300)]
    equal(texts(got), numbers(300), "messages")
    config = (await subscription.consumer_info()).config
    equal((config.ack_policy, config.flow_control, config.mem_storage, config.max_deliver), ("none", True, True, 1),
          "config")
    # It is made anew when its heartbeats stay away.
    assert await js.delete_consumer("ordered", subscription._consumer)
    await fill(js, "ordered.b", 50)
    equal(texts([await subscription.next_msg(5) for _ in range(50)]), numbers(50), "messages after its end")
    config = ConsumerConfig(opt_start_seq=352, deliver_policy=DeliverPolicy.BY_START_SEQUENCE)
    late = await js.subscribe("ordered.*", ordered_consumer=True, config=config)
    await fill(js, "ordered.c", 3)
    equal(texts([await late.next_msg(5) for _ in range(2)]), ["1", "2"], "messages from beyond the end")


@check
async def jetstream_ordered_restart(t):
    """An ordered consumer goes on behind what it has when the server was started anew."""
    nc, js = await open_context(t, RESTARTED)
    await js.add_stream(name="ordered", subjects=["ordered"])
    subscription = await js.subscribe("ordered", ordered_consumer=True, idle_heartbeat=0.3)
    seen = []
    for verb in (None, "restart", "kill"):
        if verb:
            await restart(t, verb, RESTARTED, nc)
        await fill(js, "ordered", 100)
        seen += [await subscription.next_msg(10) for _ in range(100)]
    equal(sequences(seen), list(range(1, 301)), "sequences")
