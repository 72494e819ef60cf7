"""Consumers: what survives a restart or a crash (jetstream-consumers.md 14, items 116 to 122)."""

import time

from lib import *
from lib.consumers import EVENTS, counts, fetch, fill, make, pair, seqs
from lib.jetstream import SECOND, STORE, parse_ack, status
from lib.storedir import Account

SHEET = "jetstream_consumers"
EXPLICIT = {"ack_policy": "explicit"}
MS = 1_000_000


def start(ctx, messages=0, config=STORE, **stream):
    js = jetstream(ctx, server=ctx.start(config))
    js.create("S", "s.>", **stream)
    fill(js, messages)
    return js


def restart(ctx, js, kill=False):
    """Stops (or kills) the server of `js` and starts it again; a new JetStream."""
    js.client.close()
    if kill:
        js.server.kill()
    else:
        js.server.stop()
    js.server.start()
    return jetstream(ctx, server=js.server)


@test(SHEET, 116, needs="jetstream")
def consumer_state_survives(ctx):
    js = start(ctx, 8)
    make(js, dict(EXPLICIT, durable_name="c", ack_wait=3600 * SECOND, metadata={"a": "b"}), "c")
    messages = fetch(js, "S", "c", 5)
    for index in (0, 1, 3):
        js.ack_sync(messages[index])
    js.ack_sync(messages[2], b"-NAK")
    again, = fetch(js, "S", "c")
    eq(counts([again]), [2], "delivery count")
    make(js, {"durable_name": "all", "ack_policy": "all"}, "all")
    js.ack_sync(fetch(js, "S", "all", 4)[2])
    make(js, {"durable_name": "none"}, "none")
    fetch(js, "S", "none", 2)
    make(js, {"durable_name": "paused", "pause_until": "2100-01-01T00:00:00Z"}, "paused")
    names = ("c", "all", "none", "paused")
    before = {name: js.consumer_info("S", name) for name in names}
    js = restart(ctx, js)
    for name in names:
        after = js.consumer_info("S", name)
        for key in ("created", "config", "num_ack_pending", "num_redelivered", "num_pending", "paused"):
            eq(after.get(key), before[name].get(key), "%s of %s" % (key, name))
        for key in ("delivered", "ack_floor"):
            eq(pair(after[key]), pair(before[name][key]), "%s of %s" % (key, name))
    eq(pair(before["c"]["ack_floor"]), (2, 2), "ack floor")
    message, = fetch(js, "S", "c")
    eq(parse_ack(message.reply)[2:5], (1, 6, 7), "the next delivery")
    js.ack_sync(again)
    js.ack_sync(message)
    info = js.consumer_info("S", "c")
    eq((info["num_ack_pending"], info["num_redelivered"]), (1, 0), "acks of deliveries before the restart")
    message, = fetch(js, "S", "none")
    eq(parse_ack(message.reply)[2:5], (1, 3, 3), "ack none")


@test(SHEET, 116, needs="jetstream")
def delivery_counts_go_on(ctx):
    js = start(ctx, 1)
    make(js, dict(EXPLICIT, durable_name="c", ack_wait=3600 * SECOND), "c")
    for _ in range(3):
        js.ack_sync(fetch(js, "S", "c")[0], b"-NAK")
    js.ack_sync(fetch(js, "S", "c")[0], b"+WPI")
    make(js, dict(EXPLICIT, durable_name="c", ack_wait=3600 * SECOND, description="x"), "c")
    js = restart(ctx, js)
    make(js, dict(EXPLICIT, durable_name="c", ack_wait=SECOND // 2), "c")
    eq(counts([js.pull("S", "c", {"batch": 1, "expires": 20 * SECOND}).next()]), [5], "delivery count")


@test(SHEET, 116, needs="jetstream")
def a_given_up_message_stays_given_up(ctx):
    js = start(ctx, 1)
    make(js, dict(EXPLICIT, durable_name="c", ack_wait=100 * MS, max_deliver=1), "c")
    given_up = js.subscribe(EVENTS + "MAX_DELIVERIES.S.c")
    fetch(js, "S", "c")
    given_up.next()
    js = restart(ctx, js)
    inbox = js.pull("S", "c", {"batch": 1, "expires": 2 * SECOND})
    eq(status(inbox.next())[:3], "408", "no delivery")


@test(SHEET, 117, needs="jetstream")
def ephemerals_on_disk_survive(ctx):
    js = start(ctx, 4)
    make(js, EXPLICIT, "named")
    unnamed = make(js, EXPLICIT)["name"]
    make(js, dict(EXPLICIT, mem_storage=True, durable_name="memory"), "memory")
    js.ack_sync(fetch(js, "S", "named", 2)[0])
    js.create("M", "m.>", storage="memory")
    js = restart(ctx, js)
    eq(js.ok("CONSUMER.NAMES.S")["consumers"], sorted(["named", unnamed]), "consumers")
    info = js.consumer_info("S", "named")
    eq((info["num_ack_pending"], pair(info["ack_floor"]), info["config"]["inactive_threshold"]), (1, (1, 1), 5 * SECOND), "state")
    eq(js.ok("STREAM.NAMES")["streams"], ["S"], "streams")


@test(SHEET, 117, needs="jetstream", slow=True)
def recovered_ephemerals_expire(ctx):
    js = start(ctx)
    make(js, dict(EXPLICIT, inactive_threshold=2 * SECOND), "e")
    js = restart(ctx, js)
    started = time.monotonic()
    js.consumer_info("S", "e")
    wait_until(lambda: js.ok("CONSUMER.NAMES.S")["consumers"] == [], "the ephemeral is gone")
    near(time.monotonic() - started, 1, 8, "seconds")


@test(SHEET, 118, needs="jetstream")
def a_pin_does_not_survive(ctx):
    js = start(ctx, 2)
    make(js, dict(EXPLICIT, durable_name="c", priority_policy="pinned_client", priority_groups=["A"]), "c")
    js.pull("S", "c", {"batch": 1, "group": "A"}).next()
    pin = js.consumer_info("S", "c")["priority_groups"][0]["pinned_client_id"]
    js = restart(ctx, js)
    group, = js.consumer_info("S", "c")["priority_groups"]
    eq((group["group"], group.get("pinned_client_id")), ("A", None), "group")
    stale = js.pull("S", "c", {"batch": 1, "group": "A", "id": pin, "expires": 20 * SECOND})
    eq(status(stale.next()), "423 Nats-Wrong-Pin-Id", "status of the old pin")
    eq(seqs([js.pull("S", "c", {"batch": 1, "group": "A", "expires": 20 * SECOND}).next()]), [2], "a new one is pinned")


@test(SHEET, 119, needs="jetstream", slow=True)
def overdue_messages_are_redelivered(ctx):
    js = start(ctx, 2)
    make(js, dict(EXPLICIT, durable_name="short", ack_wait=500 * MS), "short")
    make(js, dict(EXPLICIT, durable_name="long", ack_wait=3600 * SECOND), "long")
    for name in ("short", "long"):
        eq(len(fetch(js, "S", name, 2)), 2, "messages")
    time.sleep(1.0)
    js = restart(ctx, js)
    started = time.monotonic()
    long = js.pull("S", "long", {"batch": 2, "expires": 3 * SECOND})
    short = js.pull("S", "short", {"batch": 2, "expires": 10 * SECOND})
    again = short.take(2)
    eq((seqs(again), counts(again)), ([1, 2], [2, 2]), "redelivered")
    near(time.monotonic() - started, 0, 4, "seconds")
    eq(status(long.next())[:3], "408", "with a long ack wait")


@test(SHEET, 119, needs="jetstream", slow=True, better=True)
def the_time_of_the_delivery_counts(ctx):
    """The reference stores the time of the message instead, so old messages are redelivered at once."""
    js = start(ctx, 1)
    make(js, dict(EXPLICIT, durable_name="c", ack_wait=5 * SECOND), "c")
    time.sleep(5.0)
    fetch(js, "S", "c")
    delivered = time.monotonic()
    js = restart(ctx, js)
    eq(counts([js.pull("S", "c", {"batch": 1, "expires": 20 * SECOND}).next()]), [2], "redelivered")
    # Files hold whole seconds.
    near(time.monotonic() - delivered, 3.5, 10, "seconds after the delivery")


def half_read_list(ctx):
    """A last-per-subject consumer that has one of three listed messages, after a restart."""
    js = start(ctx)
    js.pub_many(["s.b", "s.a", "s.a", "s.a", "s.c"])
    make(js, dict(EXPLICIT, durable_name="c", deliver_policy="last_per_subject", filter_subject="s.*"), "c")
    eq(seqs(fetch(js, "S", "c")), [1], "first of the list")
    return restart(ctx, js)


@test(SHEET, 120, needs="jetstream")
def last_per_subject_goes_on(ctx):
    js = half_read_list(ctx)
    # Without its list the reference goes on with all messages.
    got = seqs(fetch(js, "S", "c", 9))
    check(got in ([2, 3, 4, 5], [4, 5]), got)
    js.pub_many(["s.a", "s.a"])
    eq(seqs(fetch(js, "S", "c", 9)), [6, 7], "new ones")


@test(SHEET, 120, needs="jetstream", better=True)
def last_per_subject_keeps_its_list(ctx):
    js = half_read_list(ctx)
    eq(seqs(fetch(js, "S", "c", 9)), [4, 5], "the rest of the list")


@test(SHEET, 121, needs="jetstream")
def a_crash_loses_no_message(ctx):
    js = start(ctx, 200)
    make(js, dict(EXPLICIT, durable_name="c", ack_wait=1 * SECOND), "c")
    messages = fetch(js, "S", "c", 100)
    acked = set()
    for message in messages[::2]:
        js.ack_sync(message)
        acked.add(parse_ack(message.reply).stream_seq)
    js = restart(ctx, js, kill=True)
    missing = set(range(1, 201)) - acked
    inbox = js.pull("S", "c", {"batch": 1000, "expires": 30 * SECOND})
    last = 0
    while missing:
        message = inbox.next()
        check(not status(message), message)
        missing.discard(parse_ack(message.reply).stream_seq)
        js.ack(message)
        last = max(last, parse_ack(message.reply).stream_seq)
    js.wait_consumer("S", "c", num_pending=0)
    eq(js.state("S")["messages"], 200, "messages of the stream")


@test(SHEET, 121, needs="jetstream")
def a_crash_of_a_work_queue_loses_no_message(ctx):
    js = start(ctx, 50, retention="workqueue")
    make(js, dict(EXPLICIT, durable_name="c", ack_wait=1 * SECOND), "c")
    for message in fetch(js, "S", "c", 20):
        js.ack_sync(message)
    js = restart(ctx, js, kill=True)
    eq(js.seqs("S"), list(range(21, 51)), "acked messages are gone, the others are there")
    inbox = js.pull("S", "c", {"batch": 30, "expires": 30 * SECOND})
    eq(sorted(seqs(inbox.take(30))), list(range(21, 51)), "deliveries")


@test(SHEET, 121, needs="jetstream", better=True)
def confirmed_acks_survive_a_crash(ctx):
    """The reference forgets up to 100 ms of acks."""
    js = start(ctx, 100)
    make(js, dict(EXPLICIT, durable_name="c", ack_wait=3600 * SECOND), "c")
    for message in fetch(js, "S", "c", 60):
        js.ack_sync(message)
    js = restart(ctx, js, kill=True)
    info = js.consumer_info("S", "c")
    eq((pair(info["ack_floor"]), info["num_ack_pending"]), ((60, 60), 0), "ack floor after the crash")


@test(SHEET, 122, needs="jetstream")
def a_consumer_ahead_of_its_stream(ctx):
    js = start(ctx, 10)
    make(js, dict(EXPLICIT, durable_name="c", ack_wait=3600 * SECOND), "c")
    make(js, dict(EXPLICIT, durable_name="pending", ack_wait=3600 * SECOND), "pending")
    for message in fetch(js, "S", "c", 10):
        js.ack_sync(message)
    fetch(js, "S", "pending", 9)
    js.client.close()
    js.server.stop()
    store = Account(js.server.path("js")).stream("S")
    records = store.records(1)
    store.rewrite_block(1, lambda data: data[:records[7].offset])
    store.remove_index()
    js.server.start()
    js = jetstream(ctx, server=js.server)
    eq(js.state("S")["last_seq"], 7, "last sequence")
    js.server.wait_log("delivered sequence 10 past last stream sequence of 7")
    fill(js, 3, start=8)
    eq([frame.payload for frame in fetch(js, "S", "c", 9)], [b"m8", b"m9", b"m10"], "new messages")
    info = js.consumer_info("S", "pending")
    eq((info["num_ack_pending"], info["delivered"]["stream_seq"]), (7, 7), "pending ones below the end stay")
    eq([frame.payload for frame in fetch(js, "S", "pending", 9)], [b"m8", b"m9", b"m10"], "new messages of the other")
