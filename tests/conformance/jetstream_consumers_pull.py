"""Consumers: pull requests (jetstream-consumers.md 8, items 47 to 64)."""

import time

from lib import *
from lib.consumers import (expect_messages, expect_status, fetch, fill, make, no_responders, pending_headers, seqs,
                           status_block)
from lib.jetstream import SECOND, parse_ack, status

SHEET = "jetstream_consumers"
EXPLICIT = {"ack_policy": "explicit"}
MS = 1_000_000


def start(ctx, messages=0, consumer=EXPLICIT, **stream):
    js = jetstream(ctx)
    js.create("S", "s.>", **stream)
    fill(js, messages)
    make(js, consumer, "C")
    return js


def pull(js, body, name="C"):
    return js.pull("S", name, body)


@test(SHEET, 47, needs="jetstream")
def subject_and_ack_reply_of_a_delivery(ctx):
    js = start(ctx)
    js.pub_many(["s.a.b", "s.c", "s.d"], b"x", {"K": "v"})
    inbox = pull(js, {"batch": 1})
    first = inbox.next()
    eq((first.subject, first.payload, first.headers), (b"s.a.b", b"x", b"NATS/1.0\r\nK: v\r\n\r\n"), "message")
    stored = js.get("S", seq=1)
    ack = parse_ack(first.reply)
    eq(len(first.reply.split(b".")), 9, "tokens")
    eq(ack[:5], ("S", "C", 1, 1, 1), "ack subject")
    from lib.jetstream import nanos
    eq((ack.timestamp, ack.pending), (nanos(stored["time"]), 2), "time and pending")
    second, third = fetch(js, "S", "C", 2)
    eq([parse_ack(frame.reply)[2:5] + (parse_ack(frame.reply).pending,) for frame in (second, third)],
       [(1, 2, 2, 1), (1, 3, 3, 0)], "the next")
    js.ack(second, b"-NAK")
    again = pull(js, {"batch": 1, "expires": 5 * SECOND}).next()
    eq(parse_ack(again.reply)[2:5], (2, 2, 4), "redelivery")


@test(SHEET, 48, needs="jetstream")
def forms_of_a_request(ctx):
    js = start(ctx, 20)
    first = 1
    for body, number in ((b"", 1), (b"abc", 1), (b"[1]", 1), (b"-3", 1), (b'{"batch":0}', 1), (b'{"batch":-4}', 1), (b"{}", 1),
                         (b"  2  ", 2), (b"3", 3), (b' {"batch":2} ', 2)):
        inbox = pull(js, body)
        eq(seqs(inbox.take(number)), list(range(first, first + number)), "messages for %r" % body)
        first += number
        js.wait_consumer("S", "C", num_waiting=0)
        inbox.expect_none()
    js.send("$JS.API.CONSUMER.MSG.NEXT.S.C", b"1")
    eq(seqs(fetch(js, "S", "C")), [first], "a request without reply is ignored")


@test(SHEET, 49, needs="jetstream")
def no_wait(ctx):
    js = start(ctx)
    expect_status(pull(js, {"batch": 5, "no_wait": True}), "404 No Messages")
    fill(js, 2)
    inbox = pull(js, {"batch": 5, "no_wait": True})
    expect_messages(inbox, ["m1", "m2"])
    expect_status(inbox, "404 No Messages")
    eq(js.consumer_info("S", "C")["num_waiting"], 0, "num_waiting")


@test(SHEET, 50, needs="jetstream")
def no_wait_with_expires(ctx):
    js = start(ctx)
    started = time.monotonic()
    inbox = pull(js, {"batch": 3, "no_wait": True, "expires": 400 * MS})
    expect_status(inbox, "408 Request Timeout", pending_headers(3))
    near(time.monotonic() - started, 0.39, 5, "seconds to the end")
    fill(js, 1)
    inbox = pull(js, {"batch": 3, "no_wait": True, "expires": 60 * SECOND})
    expect_messages(inbox, ["m1"])
    expect_status(inbox, "404 No Messages")
    inbox = pull(js, {"batch": 3, "no_wait": True, "expires": 60 * SECOND})
    js.wait_consumer("S", "C", num_waiting=1)
    js.pub("s.a", b"late")
    expect_messages(inbox, ["late"])
    expect_status(inbox, "404 No Messages")


@test(SHEET, 51, needs="jetstream")
def no_wait_behind_waiting_requests(ctx):
    js = start(ctx, 0, dict(EXPLICIT, max_ack_pending=1))
    fill(js, 3)
    eq(len(fetch(js, "S", "C", 1)), 1, "taken")
    pull(js, {"batch": 5, "expires": 60 * SECOND})
    js.wait_consumer("S", "C", num_waiting=1)
    expect_status(pull(js, {"batch": 1, "no_wait": True}), "408 Requests Pending")


@test(SHEET, 52, needs="jetstream")
def expiry(ctx):
    js = start(ctx)
    started = time.monotonic()
    inbox = pull(js, {"batch": 5, "expires": 300 * MS})
    expect_status(inbox, "408 Request Timeout", pending_headers(5))
    near(time.monotonic() - started, 0.29, 5, "seconds")
    inbox = pull(js, {"batch": 5, "expires": 300 * MS, "max_bytes": 1000})
    expect_status(inbox, "408 Request Timeout", pending_headers(5, 1000))
    fill(js, 2)
    inbox = pull(js, {"batch": 5, "expires": 300 * MS})
    expect_messages(inbox, ["m1", "m2"])
    expect_status(inbox, "408 Request Timeout", pending_headers(3))
    started = time.monotonic()
    expect_status(pull(js, {"batch": 2, "expires": -1}), "408 Request Timeout", pending_headers(2))
    check(time.monotonic() - started < 2, "a negative expiry is over at once")


@test(SHEET, 53, needs="jetstream")
def heartbeats(ctx):
    js = start(ctx, 2)
    eq(len(fetch(js, "S", "C", 2)), 2, "messages")
    started = time.monotonic()
    inbox = pull(js, {"batch": 1, "expires": 2 * SECOND, "idle_heartbeat": 300 * MS})
    block = status_block("100 Idle Heartbeat", b"Nats-Last-Consumer: 2\r\nNats-Last-Stream: 2\r\n")
    for number in (1, 2, 3):
        frame = inbox.next()
        eq((frame.headers, frame.payload, frame.reply, frame.subject.decode()), (block, b"", None, inbox.subject), "heartbeat")
        check(time.monotonic() - started > 0.3 * number - 0.02, "heartbeat %d too early" % number)
    js.pub("s.a", b"m3")
    while status(inbox_frame := inbox.next()).startswith("100"):
        pass
    eq(inbox_frame.payload, b"m3", "message")
    js.wait_consumer("S", "C", num_waiting=0)


@test(SHEET, 54, needs="jetstream")
def heartbeat_needs_a_long_expiry(ctx):
    js = start(ctx, 1)
    for body in ({"batch": 1, "expires": SECOND, "idle_heartbeat": 501 * MS}, {"batch": 1, "idle_heartbeat": 100 * MS}):
        expect_status(pull(js, body), "400 Bad Request - heartbeat value too large")
    eq(pull(js, {"batch": 1, "expires": SECOND, "idle_heartbeat": 500 * MS}).next().payload, b"m1", "half is fine")


@test(SHEET, 55, needs="jetstream")
def limits_of_a_request(ctx):
    js = start(ctx, 1, dict(EXPLICIT, max_batch=10, max_expires=SECOND, max_bytes=1000))
    expect_status(pull(js, {"batch": 11}), "409 Exceeded MaxRequestBatch of 10")
    expect_status(pull(js, {"batch": 1, "expires": 2 * SECOND}), "409 Exceeded MaxRequestExpires of 1s")
    expect_status(pull(js, {"batch": 1, "expires": SECOND, "max_bytes": 1001}), "409 Exceeded MaxRequestMaxBytes of 1000")
    expect_messages(pull(js, {"batch": 10}), ["m1"])


@test(SHEET, 56, needs="jetstream")
def max_waiting(ctx):
    js = start(ctx, 0, dict(EXPLICIT, max_waiting=2))
    waiting = [pull(js, {"batch": 1, "expires": 60 * SECOND}) for _ in range(2)]
    js.wait_consumer("S", "C", num_waiting=2)
    silent = pull(js, {"batch": 1, "expires": 60 * SECOND, "idle_heartbeat": 20 * SECOND})
    expect_status(pull(js, {"batch": 1, "expires": 60 * SECOND}), "409 Exceeded MaxWaiting")
    silent.expect_none()
    fill(js, 3)
    for inbox, payload in zip(waiting, ("m1", "m2")):
        expect_messages(inbox, [payload])
    silent.expect_none()
    eq(js.consumer_info("S", "C")["num_pending"], 1, "num_pending")


@test(SHEET, 57, needs="jetstream")
def push_and_missing_consumers(ctx):
    js = start(ctx)
    make(js, {"deliver_subject": "d"}, "P")
    expect_status(pull(js, {"batch": 1}, "P"), "409 Consumer is push based")
    no_responders(js, "$JS.API.CONSUMER.MSG.NEXT.S.missing", b"1")
    no_responders(js, "$JS.API.CONSUMER.MSG.NEXT.MISSING.C", b"1")


@test(SHEET, 58, needs="jetstream")
def requests_take_turns(ctx):
    js = start(ctx)
    order = js.subscribe("all.*")
    for name, batch in (("x", 4), ("y", 2), ("z", 3)):
        js.send("$JS.API.CONSUMER.MSG.NEXT.S.C", {"batch": batch}, "all." + name)
        js.wait_consumer("S", "C", num_waiting="xyz".index(name) + 1)
    del order
    inboxes = {}
    taker = JetStream(ctx.client(js.server, headers=True, no_responders=True), js.server)
    for name in "xyz":
        inboxes[name] = taker.subscribe("all." + name)
    fill(js, 9)
    got = {name: seqs(inboxes[name].take(size)) for name, size in (("x", 4), ("y", 2), ("z", 3))}
    turns = "".join(name for _, name in sorted((seq, name) for name, numbers in got.items() for seq in numbers))
    eq(turns, "xyzxyzxzx", "turns")


@test(SHEET, 59, needs="jetstream")
def byte_budgets(ctx):
    js = start(ctx)
    for _ in range(3):
        js.pub("s.a", b"x" * 100)
    probe = pull(js, {"batch": 1}).next()
    size = len(b"s.a") + len(probe.reply) + 100
    inbox = pull(js, {"batch": 10, "max_bytes": size + 50, "expires": 60 * SECOND})
    eq(inbox.next().payload, b"x" * 100, "the one that fits")
    expect_status(inbox, "409 Message Size Exceeds MaxBytes", pending_headers(9, 50))
    inbox = pull(js, {"batch": 1, "max_bytes": size + 33, "expires": 60 * SECOND})
    eq(inbox.next().payload, b"x" * 100, "message")
    expect_status(inbox, "409 Batch Completed", pending_headers(0, 33))
    js.pub("s.a", b"y" * 100)
    inbox = pull(js, {"batch": 10, "max_bytes": size, "expires": 60 * SECOND})
    eq(inbox.next().payload, b"y" * 100, "exactly the budget")
    js.wait_consumer("S", "C", num_waiting=0)
    inbox.expect_none()
    js.pub("s.a", b"z" * 100)
    expect_status(pull(js, {"batch": 10, "max_bytes": 10}), "409 Message Size Exceeds MaxBytes", pending_headers(10, 10))
    eq(js.consumer_info("S", "C")["num_pending"], 1, "the message stays")


@test(SHEET, 60, needs="jetstream")
def requests_without_interest_vanish(ctx):
    js = start(ctx)
    inbox = pull(js, {"batch": 1, "expires": 60 * SECOND})
    js.wait_consumer("S", "C", num_waiting=1)
    inbox.unsubscribe()
    js.flush()
    js.wait_consumer("S", "C", num_waiting=0)
    first, second = pull(js, {"batch": 5, "expires": 60 * SECOND}), pull(js, {"batch": 1, "expires": 60 * SECOND})
    js.flush()
    first.unsubscribe()
    js.flush()
    fill(js, 1)
    message, = expect_messages(second, ["m1"])
    eq(parse_ack(message.reply)[2:4], (1, 1), "first delivery")
    first.expect_none()


@test(SHEET, 61, needs="jetstream")
def max_ack_pending_stalls_new_messages_only(ctx):
    js = start(ctx, 5, dict(EXPLICIT, max_ack_pending=2))
    inbox = pull(js, {"batch": 10, "expires": 60 * SECOND})
    first, second = expect_messages(inbox, ["m1", "m2"])
    js.consumer_info("S", "C")
    inbox.expect_none()
    js.ack(first, b"-NAK")
    again, = expect_messages(inbox, ["m1"])
    eq(parse_ack(again.reply).delivered, 2, "delivery count")
    js.ack_sync(second)
    expect_messages(inbox, ["m3"])
    js.consumer_info("S", "C")
    inbox.expect_none()
    js.ack_sync(again)
    expect_messages(inbox, ["m4"])


@test(SHEET, 62, needs="jetstream")
def deletion_ends_waiting_requests(ctx):
    js = start(ctx)
    inboxes = [pull(js, {"batch": 1, "expires": 60 * SECOND}) for _ in range(3)]
    js.wait_consumer("S", "C", num_waiting=3)
    js.delete_consumer("S", "C")
    for inbox in inboxes:
        expect_status(inbox, "409 Consumer Deleted")
    make(js, EXPLICIT, "D")
    inbox = pull(js, {"batch": 1, "expires": 60 * SECOND}, "D")
    js.wait_consumer("S", "D", num_waiting=1)
    js.delete("S")
    expect_status(inbox, "409 Consumer Deleted")


@test(SHEET, 63, needs="jetstream")
def shutdown_ends_waiting_requests(ctx):
    server = ctx.start('jetstream { store_dir: "js" }\n')
    js = jetstream(ctx, server=server)
    js.create("S", "s.>")
    make(js, EXPLICIT, "C")
    inbox = pull(js, {"batch": 4, "expires": 60 * SECOND, "max_bytes": 500})
    js.wait_consumer("S", "C", num_waiting=1)
    server.signal(15)
    expect_status(inbox, "409 Server Shutdown", pending_headers(4, 500))
    server.wait_exit()


@test(SHEET, 64, needs="jetstream")
def unknown_keys_and_bad_json(ctx):
    js = start(ctx, 2)
    expect_messages(pull(js, {"batch": 2, "foo": {"bar": [1]}}), ["m1", "m2"])
    for body in (b"{", b'{"batch":"x"}', b'{"batch":1'):
        text = js.pull_status("S", "C", body)
        check(text.startswith("400 Bad Request - "), text)
    eq(js.consumer_info("S", "C")["num_waiting"], 0, "num_waiting")
