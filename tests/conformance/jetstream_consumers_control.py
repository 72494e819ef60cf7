"""Consumers: pause, reset, unpin, priority groups (jetstream-consumers.md 8.7, 10.1, 10.2, items 101 to 110)."""

import time

from lib import *
from lib.consumers import (EVENTS, expect_messages, expect_status, fetch, fill, header_values, make, pair,
                           pending_headers, seqs)
from lib.jetstream import SECOND, ZERO_TIME, decode, nanos, parse_ack, rfc3339, status

SHEET = "jetstream_consumers"
EXPLICIT = {"ack_policy": "explicit"}
MS = 1_000_000
PINNED = dict(EXPLICIT, priority_policy="pinned_client", priority_groups=["A"])
OVERFLOW = dict(EXPLICIT, priority_policy="overflow", priority_groups=["A"])
PRIORITIZED = dict(EXPLICIT, priority_policy="prioritized", priority_groups=["A"])
LONG = 60 * SECOND


def start(ctx, messages=0, consumer=EXPLICIT):
    js = jetstream(ctx)
    js.create("S", "s.>")
    fill(js, messages)
    make(js, consumer, "C")
    return js


def pause(js, body=b"", name="C"):
    return js.ok("CONSUMER.PAUSE.S." + name, body, kind="consumer_pause_response")


def soon(seconds):
    return rfc3339(time.time_ns() + int(seconds * SECOND))


# -- pause ----------------------------------------------------------------------------------------------

@test(SHEET, 101, needs="jetstream")
def pause_and_resume(ctx):
    js = start(ctx, 2)
    advisories = js.subscribe(EVENTS + "PAUSE.S.C")
    until = soon(1.0)
    reply = pause(js, {"pause_until": until})
    eq((reply["paused"], reply["pause_until"]), (True, until), "response")
    near(reply["pause_remaining"], 1, SECOND, "pause_remaining")
    event = advisories.next_json()
    eq((event["paused"], event["pause_until"]), (True, until), "advisory")
    info = js.consumer_info("S", "C")
    eq((info["paused"], info["config"]["pause_until"]), (True, until), "info")
    near(info["pause_remaining"], 1, SECOND, "pause_remaining in info")
    inbox = js.pull("S", "C", {"batch": 2, "expires": LONG})
    expect_messages(inbox, ["m1", "m2"])
    check(time.time_ns() >= nanos(until), "delivered while paused")
    event = advisories.next_json()
    eq((event["paused"], event["pause_until"]), (False, until), "advisory at the deadline")
    check("paused" not in js.consumer_info("S", "C"), "paused after the deadline")


@test(SHEET, 101, needs="jetstream")
def ways_to_resume(ctx):
    js = start(ctx, 4)
    for number, body in enumerate((b"", b"{}", b"resume", {"pause_until": ZERO_TIME}), 1):
        eq(pause(js, {"pause_until": "2100-01-01T00:00:00Z"})["paused"], True, "paused")
        eq(fetch(js, "S", "C"), [], "messages while paused")
        reply = pause(js, body)
        eq((reply["paused"], reply["pause_until"], reply.get("pause_remaining")), (False, ZERO_TIME, None), "resumed by %r" % body)
        eq([frame.payload for frame in fetch(js, "S", "C")], [b"m%d" % number], "message")
    reply = pause(js, {"pause_until": "2020-01-01T00:00:00Z"})
    eq((reply["paused"], reply["pause_until"]), (False, "2020-01-01T00:00:00Z"), "past time")
    reply = js.err("CONSUMER.PAUSE.S.C", b'{"pause_until":"zzz"}', 10025, 400)
    eq((reply["paused"], reply["pause_until"]), (False, ZERO_TIME), "fields of an error")
    js.err("CONSUMER.PAUSE.S.missing", b"", 10014, 404, "consumer not found")
    js.err("CONSUMER.PAUSE.MISSING.C", b"", 10059, 404, "stream not found")


@test(SHEET, 101, needs="jetstream", better=True)
def resuming_serves_waiting_requests(ctx):
    """The reference often lets them wait for the next wake-up."""
    js = start(ctx, 20)
    for number in range(20):
        pause(js, {"pause_until": "2100-01-01T00:00:00Z"})
        inbox = js.pull("S", "C", {"batch": 1, "expires": LONG})
        js.wait_consumer("S", "C", num_waiting=1)
        inbox.expect_none()
        pause(js)
        eq(seqs(inbox.take(1, 3)), [number + 1], "message")


@test(SHEET, 101, needs="jetstream")
def created_paused(ctx):
    js = start(ctx, 1)
    advisories = js.subscribe(EVENTS + "PAUSE.S.*")
    inbox = js.subscribe("d.x")
    until = soon(0.8)
    reply = make(js, {"deliver_subject": "d.x", "pause_until": until}, "P")
    eq((reply["paused"], reply["config"]["pause_until"]), (True, until), "create response")
    eq(advisories.next_json()["paused"], True, "advisory")
    expect_messages(inbox, ["m1"])
    check(time.time_ns() >= nanos(until), "delivered while paused")
    eq(advisories.next_json()["paused"], False, "advisory")
    make(js, dict(EXPLICIT, pause_until="2020-01-01T00:00:00Z"), "past")
    advisories.expect_none()


@test(SHEET, 102, needs="jetstream")
def pulls_of_a_paused_consumer(ctx):
    js = start(ctx, 2)
    message, = fetch(js, "S", "C")
    pause(js, {"pause_until": "2100-01-01T00:00:00Z"})
    inbox = js.pull("S", "C", {"batch": 1, "expires": SECOND, "idle_heartbeat": 200 * MS})
    for _ in range(3):
        check(status(inbox.next()).startswith("100"), "heartbeat")
    expect_status(inbox, "408 Request Timeout", pending_headers(1))
    eq(js.pull_status("S", "C", {"batch": 1, "no_wait": True}), "404 No Messages", "one-shot")
    js.pull("S", "C", {"batch": 5, "expires": LONG})
    js.wait_consumer("S", "C", num_waiting=1)
    eq(js.pull_status("S", "C", {"batch": 1, "no_wait": True}), "408 Requests Pending", "one-shot behind another")
    js.ack_sync(message)
    eq(js.consumer_info("S", "C")["num_ack_pending"], 0, "acks work")


# -- reset ----------------------------------------------------------------------------------------------

def reset(js, body=b"", name="C"):
    return js.ok("CONSUMER.RESET.S." + name, body, kind="consumer_reset_response")


@test(SHEET, 103, needs="jetstream")
def reset_to_floor_and_sequence(ctx):
    js = start(ctx, 5)
    messages = fetch(js, "S", "C", 4)
    js.ack_sync(messages[0])
    js.ack_sync(messages[1])
    reply = reset(js)
    eq((reply["reset_seq"], pair(reply["delivered"]), pair(reply["ack_floor"])), (3, (0, 2), (0, 2)), "reset to the floor")
    eq((reply["num_ack_pending"], reply["num_pending"]), (0, 3), "pending")
    again = fetch(js, "S", "C", 9)
    eq([parse_ack(frame.reply)[2:5] for frame in again], [(1, 3, 1), (1, 4, 2), (1, 5, 3)], "deliveries")
    reply = reset(js, {"seq": 1})
    eq((reply["reset_seq"], reply["num_pending"]), (1, 5), "reset to 1")
    eq(seqs(fetch(js, "S", "C", 9)), [1, 2, 3, 4, 5], "everything again")
    reply = reset(js, {"seq": 8})
    eq((reply["reset_seq"], reply["num_pending"]), (8, 0), "beyond the end")
    fill(js, 4, start=6)
    eq(seqs(fetch(js, "S", "C", 9)), [8, 9], "from there")
    eq(reset(js, {"seq": 0})["reset_seq"], 8, "0 is the floor")


@test(SHEET, 103, needs="jetstream")
def reset_refused(ctx):
    js = start(ctx, 5)
    make(js, dict(EXPLICIT, deliver_policy="new"), "new")
    make(js, dict(EXPLICIT, deliver_policy="by_start_sequence", opt_start_seq=3), "seq")
    make(js, dict(EXPLICIT, deliver_policy="by_start_time", opt_start_time=js.get("S", seq=3)["time"]), "time")
    for name, seq, text in (("new", 1, "invalid reset: not allowed"), ("seq", 2, "invalid reset: below start seq"),
                            ("time", 2, "invalid reset: below start time")):
        reply = js.err("CONSUMER.RESET.S." + name, {"seq": seq}, 10204, 400, text)
        eq(reply["reset_seq"], 0, "reset_seq")
    eq(reset(js, {"seq": 3}, "seq")["reset_seq"], 3, "at the start sequence")
    eq(reset(js, {"seq": 3}, "time")["reset_seq"], 3, "at the start time")
    eq(reset(js, b"", "new")["reset_seq"], 6, "without sequence it is always allowed")
    js.err("CONSUMER.RESET.S.C", b"{", 10025, 400)


@test(SHEET, 103, needs="jetstream", better=True)
def reset_of_a_missing_consumer_is_answered(ctx):
    """The reference does not answer at all."""
    js = start(ctx)
    frame = js.ask("$JS.API.CONSUMER.RESET.S.missing", b"", timeout=2.0)
    check(frame is not None, "no answer")
    eq(decode(frame.payload)["error"]["err_code"], 10014, "err_code")


# -- priority groups ------------------------------------------------------------------------------------

def pull(js, **body):
    return js.pull("S", "C", dict({"group": "A", "batch": 1, "expires": LONG}, **body))


def pin_of(frame):
    """The value of Nats-Pin-Id, which a message must have once."""
    values = header_values(frame, "Nats-Pin-Id")
    eq(len(values), 1, "pin headers of %r" % frame)
    return values[0]


@test(SHEET, 104, needs="jetstream")
def unpin(ctx):
    js = start(ctx, 1, PINNED)
    make(js, EXPLICIT, "plain")
    name = "CONSUMER.UNPIN.S."
    js.err(name + "C", {"group": "B"}, 10160, 400, "Provided priority group does not exist for this consumer")
    js.err(name + "C", {"group": ""}, 10025, 400, "invalid JSON: consumer group not specified")
    js.err(name + "C", {}, 10025, 400, "invalid JSON: consumer group not specified")
    js.err(name + "C", b"", 10025, 400)
    js.err(name + "C", {"group": "a b"}, 10162, 400,
           "Valid priority group name must match A-Z, a-z, 0-9, -_/=)+ and may not exceed 16 characters")
    js.err(name + "missing", {"group": "A"}, 10014, 404, "consumer not found")
    js.err("CONSUMER.UNPIN.MISSING.C", {"group": "A"}, 10059, 404, "stream not found")
    js.err(name + "plain", {"group": "A"}, 10160, 400, "Provided priority group does not exist for this consumer")
    eq(js.ok(name + "C", {"group": "A"}), {"type": "io.nats.jetstream.api.v1.consumer_unpin_response"}, "response")


@test(SHEET, 105, needs="jetstream")
def group_of_a_pull(ctx):
    for policy in (PINNED, OVERFLOW, PRIORITIZED):
        js = start(ctx, 1, policy)
        eq(js.pull_status("S", "C", {"batch": 1}), "400 Bad Request - Priority Group missing", "no group")
        eq(js.pull_status("S", "C", {"batch": 1, "group": "B"}), "400 Bad Request - Invalid Priority Group", "other group")
    js = start(ctx, 1)
    expect_messages(js.pull("S", "C", {"batch": 1, "group": "B"}), ["m1"])


@test(SHEET, 106, needs="jetstream")
def the_first_pull_is_pinned(ctx):
    js = start(ctx, 0, PINNED)
    group, = js.consumer_info("S", "C")["priority_groups"]
    eq((group["group"], group.get("pinned_client_id")), ("A", None), "groups before")
    advisories = js.subscribe(EVENTS + "PINNED.S.C")
    first, second = pull(js, batch=3), pull(js, batch=3)
    js.wait_consumer("S", "C", num_waiting=2)
    fill(js, 4)
    messages = expect_messages(first, ["m1", "m2", "m3"])
    pin = pin_of(messages[0])
    matches(pin, r"^[0-9A-Za-z]{22}$", "pin id")
    eq([pin_of(frame) for frame in messages], [pin] * 3, "pins")
    event = advisories.next_json()
    eq((event["group"], event["pinned_id"]), ("A", pin), "advisory")
    group, = js.consumer_info("S", "C")["priority_groups"]
    eq((group["group"], group["pinned_client_id"]), ("A", pin), "groups in info")
    near(nanos(group["pinned_ts"]), time.time_ns() - 20 * SECOND, time.time_ns() + SECOND, "pinned_ts")
    second.expect_none()
    expect_status(pull(js, id="wrong"), "423 Nats-Pin-Id mismatch")
    eq(pin_of(pull(js, id=pin).next()), pin, "with the id")
    second.expect_none()


@test(SHEET, 106, needs="jetstream")
def a_stale_id_without_pin(ctx):
    js = start(ctx, 0, PINNED)
    stale, fresh = pull(js, id="stale"), pull(js)
    js.wait_consumer("S", "C", num_waiting=2)
    fill(js, 1)
    expect_status(stale, "423 Nats-Wrong-Pin-Id", pending_headers(1))
    expect_messages(fresh, ["m1"])


@test(SHEET, 107, needs="jetstream")
def pin_timeout_and_unpin(ctx):
    js = start(ctx, 1, dict(PINNED, priority_timeout=500 * MS))
    advisories = js.subscribe(EVENTS + "UNPINNED.S.C")
    first, = pull(js).take(1)
    pinned = time.monotonic()
    standby = pull(js, batch=5)
    js.wait_consumer("S", "C", num_waiting=1)
    fill(js, 1, start=2)
    message, = expect_messages(standby, ["m2"])
    near(time.monotonic() - pinned, 0.4, 4, "seconds to the next pin")
    check(pin_of(message) != pin_of(first), "a new pin")
    event = advisories.next_json()
    eq((event["group"], event["reason"]), ("A", "timeout"), "advisory")
    make(js, dict(PINNED, priority_timeout=60 * SECOND), "C")
    while advisories.try_next(0.7):
        pass
    inbox, other = pull(js, batch=1), pull(js, batch=5)
    js.wait_consumer("S", "C", num_waiting=3)
    standby.unsubscribe()
    fill(js, 1, start=3)
    message, = expect_messages(inbox, ["m3"])
    fill(js, 1, start=4)
    other.expect_none()
    js.ok("CONSUMER.UNPIN.S.C", {"group": "A"})
    event = advisories.next_json()
    eq((event["group"], event["reason"]), ("A", "admin"), "advisory")
    again, = expect_messages(other, ["m4"])
    check(pin_of(again) != pin_of(message), "a new pin")


@test(SHEET, 108, needs="jetstream")
def overflow(ctx):
    js = start(ctx, 2, OVERFLOW)
    few = pull(js, min_pending=3, expires=700 * MS)
    js.wait_consumer("S", "C", num_waiting=1)
    few.expect_none()
    fill(js, 1, start=3)
    expect_messages(few, ["m1"])
    more = pull(js, min_pending=3, expires=300 * MS, batch=2)
    expect_status(more, "408 Request Timeout", pending_headers(2))
    expect_messages(pull(js, min_ack_pending=1), ["m2"])
    either = pull(js, min_pending=1000, min_ack_pending=2)
    expect_messages(either, ["m3"])
    waiting, free = pull(js, min_ack_pending=100), pull(js)
    js.wait_consumer("S", "C", num_waiting=2)
    fill(js, 1, start=4)
    expect_messages(free, ["m4"])
    waiting.expect_none()


@test(SHEET, 109, needs="jetstream")
def prioritized(ctx):
    js = start(ctx, 0, PRIORITIZED)
    inboxes = {}
    for name, priority, batch in (("five", 5, 2), ("two", 2, 1), ("a", 0, 2), ("b", 0, 2)):
        inboxes[name] = pull(js, priority=priority, batch=batch)
        js.wait_consumer("S", "C", num_waiting=len(inboxes))
    fill(js, 7)
    for name, want in (("a", [1, 3]), ("b", [2, 4]), ("two", [5]), ("five", [6, 7])):
        eq(seqs(inboxes[name].take(len(want))), want, "messages of " + name)


@test(SHEET, 110, needs="jetstream")
def misuse_of_priority_fields(ctx):
    js = start(ctx, 1, PINNED)
    for body, text in (({"min_pending": 1}, "Not a Overflow Priority consumer"),
                       ({"min_ack_pending": 1}, "Not a Overflow Priority consumer"),
                       ({"priority": 10}, "Priority must be between 0 and 9"),
                       ({"priority": -1}, "Priority must be between 0 and 9")):
        eq(js.pull_status("S", "C", dict(body, group="A", batch=1)), "400 Bad Request - " + text, "status for %r" % body)
    make(js, OVERFLOW, "O")
    make(js, EXPLICIT, "N")
    for name in ("O", "N"):
        eq(js.pull_status("S", name, {"group": "A", "batch": 1, "id": "x"}),
           "400 Bad Request - Not a Pinned Client Priority consumer", "status for id")
    eq(js.pull_status("S", "N", {"batch": 1, "min_pending": 1}), "400 Bad Request - Not a Overflow Priority consumer", "status")
    eq(js.pull_status("S", "N", {"batch": 1, "priority": 10}), "400 Bad Request - Priority must be between 0 and 9", "status")
