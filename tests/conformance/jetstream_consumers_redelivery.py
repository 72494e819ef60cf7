"""Consumers: redelivery, given-up messages, messages that leave the stream (jetstream-consumers.md 10, items 80 to 87)."""

import time

from lib import *
from lib.consumers import EVENTS, counts, fetch, fill, make, pair, seqs
from lib.jetstream import SECOND

SHEET = "jetstream_consumers"
EXPLICIT = {"ack_policy": "explicit"}
MS = 1_000_000


def start(ctx, messages=0, consumer=EXPLICIT, **stream):
    js = jetstream(ctx)
    js.create("S", "s.>", **stream)
    fill(js, messages)
    make(js, consumer, "C")
    return js


def times_of(inbox, count, started):
    """Seconds from `started` to each of the next messages, and their delivery counts."""
    moments, deliveries = [], []
    for _ in range(count):
        deliveries += counts([inbox.next(10)])
        moments.append(time.monotonic() - started)
    return moments, deliveries


@test(SHEET, 80, needs="jetstream", slow=True)
def ack_wait_and_max_deliver(ctx):
    js = start(ctx, 0, dict(EXPLICIT, ack_wait=500 * MS, max_deliver=3))
    advisories = js.subscribe(EVENTS + "MAX_DELIVERIES.S.C")
    inbox = js.pull("S", "C", {"batch": 10, "expires": 60 * SECOND})
    js.flush()
    started = time.monotonic()
    fill(js, 2)
    moments, deliveries = times_of(inbox, 6, started)
    eq(deliveries, [1, 1, 2, 2, 3, 3], "delivery counts")
    for moment, want in zip(moments, (0, 0, 0.5, 0.5, 1.0, 1.0)):
        near(moment, want - 0.05, want + 1.5, "seconds")
    events = [advisories.next_json() for _ in range(2)]
    check(time.monotonic() - started > 1.45, "given up before the last ack wait is over")
    eq([(event["stream_seq"], event["deliveries"]) for event in events], [(1, 3), (2, 3)], "advisories")
    info = js.consumer_info("S", "C")
    eq((info["num_ack_pending"], info["num_redelivered"], pair(info["delivered"])), (0, 2, (6, 2)), "info")
    inbox.expect_none()
    advisories.expect_none()


@test(SHEET, 80, needs="jetstream", better=True)
def giving_up_needs_no_waiting_request(ctx):
    """The reference gives up a message that was redelivered only when a request comes to serve its queue."""
    js = start(ctx, 1, dict(EXPLICIT, ack_wait=100 * MS, max_deliver=2))
    advisories = js.subscribe(EVENTS + "MAX_DELIVERIES.S.C")
    eq(counts(js.pull("S", "C", {"batch": 2, "expires": 20 * SECOND}).take(2)), [1, 2], "deliveries")
    event = advisories.next(3)
    check(event, "no advisory")
    eq(js.consumer_info("S", "C")["num_ack_pending"], 0, "pending")


@test(SHEET, 81, needs="jetstream", slow=True)
def backoff(ctx):
    js = start(ctx, 0, dict(EXPLICIT, backoff=[200 * MS, 600 * MS, SECOND], max_deliver=5))
    inbox = js.pull("S", "C", {"batch": 10, "expires": 60 * SECOND})
    js.flush()
    started = time.monotonic()
    fill(js, 1)
    moments, deliveries = times_of(inbox, 5, started)
    eq(deliveries, [1, 2, 3, 4, 5], "delivery counts")
    for moment, want in zip(moments, (0, 0.2, 0.8, 1.8, 2.8)):
        near(moment, want - 0.05, want + 2.0, "seconds")


@test(SHEET, 82, needs="jetstream")
def a_plain_nak_ignores_backoff(ctx):
    js = start(ctx, 1, dict(EXPLICIT, backoff=[20 * SECOND, 30 * SECOND], max_deliver=5))
    message, = fetch(js, "S", "C")
    inbox = js.pull("S", "C", {"batch": 1, "expires": 60 * SECOND})
    js.ack(message, b"-NAK")
    eq(counts([inbox.next(5)]), [2], "redelivered at once")


@test(SHEET, 83, needs="jetstream")
def max_deliver_one(ctx):
    js = start(ctx, 2, dict(EXPLICIT, ack_wait=100 * MS, max_deliver=1), retention="workqueue")
    advisories = js.subscribe(EVENTS + "MAX_DELIVERIES.S.C")
    eq(len(fetch(js, "S", "C", 2)), 2, "messages")
    eq(sorted(advisories.next_json()["stream_seq"] for _ in range(2)), [1, 2], "given up")
    info = js.consumer_info("S", "C")
    eq((info["num_redelivered"], info["num_ack_pending"]), (0, 0), "info")
    eq(js.state("S")["messages"], 2, "the messages stay in the work queue")


@test(SHEET, 84, needs="jetstream")
def a_deleted_pending_message_is_terminated(ctx):
    js = start(ctx, 3)
    advisories = js.subscribe(EVENTS + "MSG_TERMINATED.S.C")
    fetch(js, "S", "C", 3)
    js.delete_msg("S", 2)
    event = advisories.next_json()
    eq((event["stream_seq"], event["reason"]), (2, "Unacknowledged message was deleted"), "advisory")
    js.wait_consumer("S", "C", num_ack_pending=2)


@test(SHEET, 84, needs="jetstream")
def a_pending_message_that_limits_remove_is_terminated(ctx):
    js = start(ctx, 2, max_msgs=2)
    advisories = js.subscribe(EVENTS + "MSG_TERMINATED.S.C")
    fetch(js, "S", "C", 2)
    fill(js, 1, start=3)
    event = advisories.next_json()
    eq((event["stream_seq"], event["reason"]), (1, "Unacknowledged message was deleted"), "advisory")
    info = js.wait_consumer("S", "C", num_ack_pending=1)
    eq(pair(info["ack_floor"]), (1, 1), "ack floor")


@test(SHEET, 85, needs="jetstream")
def a_nacked_and_deleted_message_is_skipped(ctx):
    js = start(ctx, 3)
    messages = fetch(js, "S", "C", 3)
    js.ack_sync(messages[0], b"-NAK")
    js.ack_sync(messages[2], b"-NAK")
    js.delete_msg("S", 1)
    js.wait_consumer("S", "C", num_ack_pending=2)
    eq(seqs(fetch(js, "S", "C", 5)), [3], "redelivered")


@test(SHEET, 86, needs="jetstream")
def purge(ctx):
    js = start(ctx, 10)
    advisories = js.subscribe(EVENTS + ">")
    messages = fetch(js, "S", "C", 4)
    js.ack_sync(messages[0], b"-NAK")
    eq(advisories.next_json()["type"], "io.nats.jetstream.advisory.v1.nak", "advisory of the nak")
    eq(js.purge("S"), 10, "purged")
    info = js.wait_consumer("S", "C", num_ack_pending=0)
    eq((pair(info["delivered"]), pair(info["ack_floor"]), info["num_pending"], info["num_redelivered"]),
       ((4, 10), (4, 10), 0, 0), "info")
    advisories.expect_none()
    fill(js, 1, start=11)
    message, = fetch(js, "S", "C", 5)
    eq((seqs([message]), counts([message])), ([11], [1]), "the next message")


@test(SHEET, 87, needs="jetstream")
def filtered_purge(ctx):
    js = start(ctx)
    js.pub_many(["s.a", "s.b"] * 4)
    make(js, dict(EXPLICIT, filter_subject="s.a"), "A")
    fetch(js, "S", "A", 2)
    fetch(js, "S", "C", 4)
    eq(js.purge("S", filter="s.a"), 4, "purged")
    info = js.wait_consumer("S", "A", num_ack_pending=0)
    eq((pair(info["delivered"]), pair(info["ack_floor"]), info["num_pending"]), ((2, 8), (2, 8), 0), "consumer of that filter")
    info = js.wait_consumer("S", "C", num_ack_pending=2)
    eq((pair(info["delivered"]), info["num_pending"]), ((4, 4), 2), "consumer without filter")
    eq(seqs(fetch(js, "S", "C", 5)), [6, 8], "the rest")
