"""Streams: their life, what a publish is answered, what the account says, gets."""

import json
import time
from datetime import datetime, timedelta, timezone

from harness import Collector, Skip, check, equal, settle
from jetstream import (RESTARTED, api, eventually, fill, numbers, open_context, refused, restart, texts)
from nats.errors import NoRespondersError
from nats.js.api import StorageType
from nats.js.errors import NoStreamResponseError, NotFoundError, ServiceUnavailableError


@check
async def jetstream_account(t):
    """The account counts streams, consumers and bytes, and says the level of its API."""
    _, js = await open_context(t)
    before = await js.account_info()
    equal((before.limits.max_streams, before.limits.max_storage), (-1, -1), "limits")
    equal(before.api.level, 5, "level")
    await js.add_stream(name="account", subjects=["account"])
    await js.publish("account", b"x" * 1000)
    await js.add_consumer("account", durable_name="one")
    during = await js.account_info()
    equal((during.streams, during.consumers), (before.streams + 1, before.consumers + 1), "streams and consumers")
    assert during.storage > before.storage + 1000, "%d bytes after %d" % (during.storage, before.storage)
    await js.delete_stream("account")
    after = await js.account_info()
    equal((after.streams, after.consumers, after.storage), (before.streams, before.consumers, before.storage), "usage")


@check
async def jetstream_absent(t):
    """Where there is no JetStream, its users hear of it at once."""
    nc = await t.connect("open")
    start = time.monotonic()
    try:
        await nc.jetstream().account_info()
    except ServiceUnavailableError:
        assert time.monotonic() - start < 1, "the error came late"
    else:
        raise AssertionError("there is an account")


@check
async def jetstream_domain(t):
    """With a domain the API has another name, and acks tell the domain."""
    nc = await t.connect("jetstream_domain")
    js = nc.jetstream(domain="hub")
    await js.add_stream(name="domain", subjects=["domain"])
    ack = await js.publish("domain", b"x")
    equal((ack.stream, ack.domain, ack.seq), ("domain", "hub", 1), "ack")
    subscription = await js.pull_subscribe("domain", durable="d")
    [message] = await subscription.fetch(1)
    equal((message.data, (await message.ack_sync()).data), (b"x", b""), "message and answer")
    equal((await api(nc, "STREAM.INFO.domain"))["state"]["messages"], 1, "messages")


@check
async def jetstream_streams(t):
    """A stream is made, found, changed, emptied and deleted."""
    nc, js = await open_context(t)
    try:
        await js.stream_info("life")
    except NotFoundError as error:
        equal((error.code, error.err_code, error.description), (404, 10059, "stream not found"), "error")
    else:
        raise AssertionError("there is a stream already")
    made = await js.add_stream(name="life", subjects=["life.>"], max_msgs_per_subject=100)
    config = made.config
    equal((config.retention, config.storage, config.num_replicas, config.max_age), ("limits", "file", 1, 0), "config")
    equal((made.state.messages, made.state.first_seq, made.state.last_seq), (0, 0, 0), "state")
    same = await js.add_stream(name="life", subjects=["life.>"], max_msgs_per_subject=100)
    equal(same.config, config, "the same configuration again")
    await refused(js.add_stream(name="life", subjects=["life.>"], max_msgs_per_subject=5), 10058,
                  "stream name already in use with a different configuration")
    await refused(js.add_stream(name="overlap", subjects=["life.a"]), 10065)
    equal(await js.find_stream_name_by_subject("life.a"), "life", "found")
    # The library sends the whole configuration back, with the metadata that the server has put there.
    assert "_nats.req.level" in config.metadata, "the level of the stream is missing"
    updated = await js.update_stream(config.evolve(description="changed", subjects=["life.>", "more"]))
    equal((updated.config.description, updated.config.subjects), ("changed", ["life.>", "more"]), "update")
    await refused(js.update_stream(config.evolve(storage=StorageType.MEMORY)), 10052)
    for subject in ("life.a", "life.b"):
        await fill(js, subject, 10)
    counted = await js.stream_info("life", subjects_filter=">")
    equal(counted.state.subjects, {"life.a": 10, "life.b": 10}, "subjects")
    for options, left in (({"subject": "life.a", "keep": 3}, 13), ({"subject": "life.b", "seq": 16}, 8), ({}, 0)):
        assert await js.purge_stream("life", **options)
        equal((await js.stream_info("life")).state.messages, left, "messages after a purge with %r" % options)
    state = (await js.stream_info("life")).state
    equal((state.first_seq, state.last_seq), (21, 20), "sequences")
    answer = await api(nc, "STREAM.INFO.life", headers={"Nats-Required-Api-Level": "999"})
    equal((answer["error"]["code"], answer["error"]["err_code"]), (412, 10185), "error")
    assert await js.delete_stream("life")
    await refused(js.delete_stream("life"), 10059)


@check
async def jetstream_paging(t):
    """More streams than a page has are all listed, once."""
    nc, js = await open_context(t, "jetstream:paging")
    wanted = ["page%03d" % i for i in range(260)]
    for name in wanted:
        await js.add_stream(name=name, subjects=[name + ".x"], storage=StorageType.MEMORY)
    first, rest = await js.streams_info(), await js.streams_info(offset=256)
    equal((len(first), len(rest)), (256, 4), "pages")
    equal(sorted(info.config.name for info in first + rest), wanted, "streams")
    names = await api(nc, "STREAM.NAMES", {"offset": 250})
    equal((names["total"], names["limit"], len(names["streams"])), (260, 1024, 10), "names")


@check
async def jetstream_publish(t):
    """An ack has the sequence; duplicates are recognised; expectations are kept."""
    nc, js = await open_context(t)
    await js.add_stream(name="publish", subjects=["publish.>"])
    first = await js.publish("publish.a", b"one", headers={"Nats-Msg-Id": "first"})
    equal((first.stream, first.seq, bool(first.duplicate)), ("publish", 1, False), "ack")
    again = await js.publish("publish.a", b"one", headers={"Nats-Msg-Id": "first"})
    equal((again.stream, again.seq, again.duplicate), ("publish", 1, True), "ack of a duplicate")
    wire = await nc.request("publish.a", b"one", headers={"Nats-Msg-Id": "first"})
    equal(wire.data, b'{"stream":"publish","seq":1,"duplicate": true}', "ack on the wire")
    await js.publish("publish.a", b"two", stream="publish", headers={
        "Nats-Msg-Id": "second", "Nats-Expected-Last-Sequence": "1", "Nats-Expected-Last-Msg-Id": "first",
        "Nats-Expected-Last-Subject-Sequence": "1"})
    wrong = (("Nats-Expected-Last-Sequence", "1", 10071, "wrong last sequence: 2"),
             ("Nats-Expected-Last-Subject-Sequence", "1", 10071, "wrong last sequence: 2"),
             ("Nats-Expected-Stream", "other", 10060, "expected stream does not match"),
             ("Nats-Expected-Last-Msg-Id", "first", 10070, "wrong last msg ID: second"))
    for header, value, code, text in wrong:
        await refused(js.publish("publish.a", b"no", headers={header: value}), code, text)
    acks = await fill(js, "publish.many", 500)
    equal([ack.seq for ack in acks], list(range(3, 503)), "sequences")
    try:
        await js.publish("nobody.stores.this", b"x")
    except NoStreamResponseError:
        pass
    else:
        raise AssertionError("somebody has stored it")


@check
async def jetstream_messages(t):
    """A stored message is read with its headers, and deleted; a restart changes nothing."""
    nc, js = await open_context(t, RESTARTED)
    await js.add_stream(name="messages", subjects=["messages.>"])
    await js.publish("messages.a", b"one", headers={"Color": "red"})
    await js.publish("messages.b", b"two")
    await js.publish("messages.a", b"three")
    for verb in (None, "restart", "kill"):
        if verb:
            await restart(t, verb, RESTARTED, nc)
        one = await js.get_msg("messages", seq=1)
        equal((one.subject, one.seq, one.data, one.headers), ("messages.a", 1, b"one", {"Color": "red"}), "message")
        assert abs(datetime.now(timezone.utc) - one.time) < timedelta(minutes=1), "time %s" % one.time
        equal((await js.get_last_msg("messages", "messages.a")).seq, 3, "last")
        equal((await js.get_last_msg("messages", "messages.*")).seq, 3, "last of all")
        equal((await js.get_msg("messages", seq=2, subject="messages.a", next=True)).seq, 3, "next")
        await refused(js.get_msg("messages", seq=4), 10037, "no message found")
    assert await js.delete_msg("messages", 2)
    await restart(t, "restart", RESTARTED, nc)
    await refused(js.get_msg("messages", seq=2), 10037)
    state = (await js.stream_info("messages")).state
    equal((state.messages, state.first_seq, state.last_seq, state.num_deleted), (2, 1, 3, 1), "state")
    await refused(js.delete_msg("messages", 2), 10043)
    equal((await js.publish("messages.a", b"four")).seq, 4, "sequence")


@check
async def jetstream_ttl(t):
    """A message's own time to live ends it; a marker takes its place."""
    nc, js = await open_context(t)
    await js.add_stream(name="no_ttl", subjects=["no_ttl"])
    await refused(js.publish("no_ttl", b"x", msg_ttl=1), 10166, "per-message TTL is disabled")
    await js.add_stream(name="ttl", subjects=["ttl.*"], allow_msg_ttl=True, allow_rollup_hdrs=True,
                        subject_delete_marker_ttl=1)
    for text in ("0", "500ms", "soon"):
        await refused(js.publish("ttl.bad", b"x", headers={"Nats-TTL": text}), 10165, "invalid per-message TTL")
    inbox = await Collector.on(nc, "ttl-inbox")
    await settle(nc)
    await js.add_consumer("ttl", name="all", ack_policy="none", deliver_subject="ttl-inbox")
    await js.publish("ttl.short", b"gone soon", msg_ttl=1)
    await js.publish("ttl.never", b"stays", headers={"Nats-TTL": "never"})
    messages = await inbox.take(3)
    equal(texts(messages), ["gone soon", "stays", ""], "messages")
    marker = messages[2]
    equal((marker.subject, marker.headers), ("ttl.short", {
        "Nats-Marker-Reason": "MaxAge", "Nats-TTL": "1s", "Nats-Rollup": "sub"}), "marker")

    async def alone():
        return (await js.stream_info("ttl")).state.messages == 1

    await eventually(alone, "the end of the marker")


@check
async def jetstream_direct_get(t):
    """A direct get gives the message with its headers first and those of the stream behind them."""
    nc, js = await open_context(t, RESTARTED)
    await js.add_stream(name="direct", subjects=["direct.>"], allow_direct=True)
    await js.publish("direct.a", b"one", headers={"Own": "header"})
    await js.publish("direct.b", b"two")
    await js.publish("direct.a", b"three")
    for verb in (None, "restart"):
        if verb:
            await restart(t, verb, RESTARTED, nc)
        one = await js.get_msg("direct", seq=1, direct=True)
        equal((one.subject, one.seq, one.data), ("direct.a", 1, b"one"), "message")
        equal(list(one.headers), ["Own", "Nats-Stream", "Nats-Subject", "Nats-Sequence", "Nats-Time-Stamp"], "headers")
        equal((await js.get_last_msg("direct", "direct.a", direct=True)).data, b"three", "last")
        equal((await js.get_last_msg("direct", "direct.*", direct=True)).seq, 3, "last of all")
        equal((await js.get_msg("direct", seq=2, subject="direct.a", next=True, direct=True)).seq, 3, "next")
        for query in ({"seq": 9}, {"subject": "direct.c"}):
            try:
                await js.get_msg("direct", direct=True, **query)
            except NotFoundError:
                pass
            else:
                raise AssertionError("%r was found" % query)
    try:
        await js.get_msg("missing", seq=1, direct=True)
    except NoRespondersError:
        pass
    else:
        raise AssertionError("somebody has answered for a stream that is not there")


@check
async def jetstream_direct_batch(t):
    """Many answers to one direct get, with an end that says what is left."""
    nc, js = await open_context(t)
    await js.add_stream(name="batch", subjects=["batch.>"], allow_direct=True)
    for i in range(30):
        await js.publish("batch.%d" % (i % 3), b"%d" % i)

    async def batch(body, count):
        inbox = nc.new_inbox()
        replies = await Collector.on(nc, inbox)
        await nc.publish("$JS.API.DIRECT.GET.batch", json.dumps(body).encode(), reply=inbox)
        *messages, end = await replies.take(count + 1)
        equal((end.headers["Status"], end.headers["Description"]), ("204", "EOB"), "end")
        return messages, end.headers

    messages, end = await batch({"seq": 1, "next_by_subj": "batch.1", "batch": 4}, 4)
    equal(texts(messages), ["1", "4", "7", "10"], "batch")
    equal((end["Nats-Num-Pending"], end["Nats-Last-Sequence"]), ("6", "11"), "what is left")
    messages, end = await batch({"multi_last": ["batch.>"]}, 3)
    equal((texts(messages), end["Nats-UpTo-Sequence"]), (["27", "28", "29"], "30"), "last messages")


@check
async def jetstream_restart(t):
    """What was acknowledged before the server went is there after it: streams, messages, consumers, acks."""
    nc, js = await open_context(t, RESTARTED)
    await js.add_stream(name="file", subjects=["file.>"], max_msgs_per_subject=50, description="kept")
    await js.add_stream(name="memory", subjects=["memory"], storage=StorageType.MEMORY)
    await fill(js, "file.a", 100)
    await fill(js, "file.b", 10, headers={"Kept": "yes"})
    await js.add_consumer("file", durable_name="worker", filter_subject="file.a")
    subscription = await js.pull_subscribe_bind("worker", "file")
    first = await subscription.fetch(10, timeout=5)
    equal(texts(first), numbers(10, 50), "messages")
    for message in first[::2]:
        await message.ack_sync()
    before = await js.stream_info("file")
    for verb in ("restart", "kill"):
        await restart(t, verb, RESTARTED, nc)
        after = await js.stream_info("file")
        equal((after.config, after.state), (before.config, before.state), "stream")
        info = await js.consumer_info("file", "worker")
        equal((info.ack_floor.stream_seq, info.num_ack_pending, info.num_pending), (51, 5, 40), "consumer")
        if verb == "restart":
            await refused(js.stream_info("memory"), 10059)
    equal((await js.publish("file.b", b"next")).seq, 111, "sequence")


@check
async def jetstream_overflow(t):
    raise Skip("the client has no such option")


@check
async def jetstream_pinned(t):
    raise Skip("the client has no such option")
