"""Consumers: where the reference falls short (jetstream-consumers.md 17). Each test has the item that it belongs to."""

import time

from lib import *
from lib.consumers import EVENTS, counts, expect_messages, fetch, fill, make, pair, refuse, seqs
from lib.jetstream import SECOND, STORE, status

SHEET = "jetstream_consumers"
EXPLICIT = {"ack_policy": "explicit"}
MS = 1_000_000


def start(ctx, messages=0, consumer=None, **stream):
    js = jetstream(ctx)
    js.create("S", "s.>", **stream)
    fill(js, messages)
    if consumer is not None:
        make(js, consumer, "C")
    return js


@test(SHEET, 23, needs="jetstream", better=True)
def too_long_a_name_of_an_ephemeral(ctx):
    """The reference answers with an error of the file system."""
    js = start(ctx)
    refuse(js, 10102, 400, "consumer name is too long, maximum allowed is 255", {"name": "e" * 256}, "e" * 256)
    eq(make(js, {"name": "e" * 255}, "e" * 255)["name"], "e" * 255, "name")


@test(SHEET, 29, needs="jetstream", better=True)
def watchers_on_a_stream_with_max_ack_pending(ctx):
    """The reference refuses push consumers without acks there (10082)."""
    js = start(ctx, 2, consumer_limits={"max_ack_pending": 10})
    inbox = js.subscribe("d.x")
    make(js, {"deliver_subject": "d.x", "flow_control": True, "idle_heartbeat": 5 * SECOND}, "P")
    expect_messages(inbox, ["m1", "m2"])


@test(SHEET, 111, needs="jetstream", better=True)
def an_update_to_no_filter_is_checked(ctx):
    """The reference lets an update of a work queue's consumer overlap with another one."""
    js = start(ctx, retention="workqueue")
    make(js, dict(EXPLICIT, filter_subject="s.a"), "A")
    make(js, dict(EXPLICIT, filter_subject="s.b"), "B")
    error = js.request("CONSUMER.CREATE.S.A", {"stream_name": "S", "config": EXPLICIT}).get("error") or {}
    check(error.get("err_code") in (10099, 10100), error)


@test(SHEET, 105, needs="jetstream", better=True)
def a_plain_pull_needs_a_group_too(ctx):
    """The reference serves it, with an empty Nats-Pin-Id."""
    js = start(ctx, 1, dict(EXPLICIT, priority_policy="pinned_client", priority_groups=["A"]))
    eq(js.pull_status("S", "C", b"1"), "400 Bad Request - Priority Group missing", "status")


@test(SHEET, 61, needs="jetstream", better=True)
def no_wait_at_max_ack_pending_is_answered(ctx):
    """In the reference the request lingers until an ack or a timer."""
    js = start(ctx, 2, dict(EXPLICIT, max_ack_pending=1, ack_wait=60 * SECOND))
    eq(seqs(fetch(js, "S", "C", 1)), [1], "message")
    inbox = js.pull("S", "C", {"batch": 1, "no_wait": True})
    frame = inbox.next(3)
    check(status(frame)[:3] in ("404", "409"), frame)


@test(SHEET, 68, needs="jetstream", better=True)
def delays_of_naks_are_exact_with_backoff(ctx):
    """The reference adds backoff[step] - backoff[0]."""
    js = start(ctx, 1, dict(EXPLICIT, backoff=[200 * MS, 5 * SECOND], max_deliver=5))
    inbox = js.pull("S", "C", {"batch": 5, "expires": 60 * SECOND})
    inbox.next()
    second = inbox.next()
    started = time.monotonic()
    js.ack(second, b'-NAK {"delay": 300000000}')
    eq(counts([inbox.next(10)]), [3], "delivery")
    near(time.monotonic() - started, 0.25, 2.0, "seconds")


@test(SHEET, 80, needs="jetstream", better=True)
def the_floor_moves_past_given_up_messages(ctx):
    """In the reference it waits for the next ack that moves it."""
    js = start(ctx, 2, dict(EXPLICIT, ack_wait=200 * MS, max_deliver=1))
    advisories = js.subscribe(EVENTS + "MAX_DELIVERIES.S.C")
    fetch(js, "S", "C", 2)
    for _ in range(2):
        advisories.next()
    info = js.wait_consumer("S", "C", num_ack_pending=0)
    eq(pair(info["ack_floor"]), (2, 2), "ack floor")


@test(SHEET, 72, needs="jetstream", better=True)
def odd_numbers_in_ack_subjects(ctx):
    """The reference takes what is no number for a huge sequence."""
    js = start(ctx, 3, EXPLICIT)
    message, = fetch(js, "S", "C", 1)
    mark = len(js.server.log())
    for tokens in ("1.x.1.1.0", "1.1x.1.1.0", "1.18446744073709551617.1.1.0", "1.-1.1.1.0"):
        js.ask("$JS.ACK.S.C." + tokens, b"+ACK", timeout=0.1)
    info = js.consumer_info("S", "C")
    eq((info["num_ack_pending"], pair(info["ack_floor"])), (1, (0, 0)), "state")
    check("past last stream" not in js.server.log(mark), js.server.log(mark))
    js.ack_sync(message)


@test(SHEET, 93, needs="jetstream", better=True)
def a_message_larger_than_the_burst(ctx):
    """In the reference it blocks the consumer for ever."""
    js = start(ctx)
    large = b"x" * ((1 << 20) - 10)
    js.pub("s." + "a" * 200, large)
    js.pub("s.b", b"next")
    inbox = js.subscribe("d.x")
    make(js, {"deliver_subject": "d.x", "rate_limit_bps": 80_000_000}, "P")
    eq(len(inbox.next(6).payload), len(large), "the large one")
    eq(inbox.next(6).payload, b"next", "the next one")


@test(SHEET, 89, needs="jetstream", better=True)
def a_changed_deliver_group_counts(ctx):
    """The reference keeps the old registration until the server restarts."""
    js = start(ctx, 1)
    inbox = js.subscribe("d.x", "new")
    make(js, {"deliver_subject": "d.x", "deliver_group": "old"}, "P")
    make(js, {"deliver_subject": "d.x", "deliver_group": "new"}, "P")
    eq(inbox.next(4).payload, b"m1", "message")


@test(SHEET, 98, needs="jetstream", slow=True, better=True)
def a_new_threshold_counts_when_interest_is_lost_later(ctx):
    """In the reference a timer that fired while the consumer was bound is never started again."""
    js = start(ctx)
    inbox = js.subscribe("d.x")
    make(js, {"deliver_subject": "d.x", "inactive_threshold": 60 * SECOND}, "P")
    make(js, {"deliver_subject": "d.x", "inactive_threshold": 500 * MS}, "P")
    time.sleep(1.5)
    inbox.unsubscribe()
    js.flush()
    wait_until(lambda: js.request("CONSUMER.INFO.S.P").get("error"), "the consumer is gone", 5)


@test(SHEET, 116, needs="jetstream", better=True)
def naks_survive_a_restart(ctx):
    """In the reference they wait for their ack wait after a restart."""
    server = ctx.start(STORE)
    js = jetstream(ctx, server=server)
    js.create("S", "s.>")
    fill(js, 3)
    make(js, dict(EXPLICIT, durable_name="C", ack_wait=3600 * SECOND), "C")
    messages = fetch(js, "S", "C", 3)
    for index in (2, 0):
        js.ack_sync(messages[index], b"-NAK")
    js.client.close()
    server.stop()
    server.start()
    js = jetstream(ctx, server=server)
    again = js.pull("S", "C", {"batch": 2, "expires": 20 * SECOND}).take(2, 4)
    eq((sorted(seqs(again)), counts(again)), ([1, 3], [2, 2]), "redelivered")
