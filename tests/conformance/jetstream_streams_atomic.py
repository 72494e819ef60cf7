"""Atomic batches: jetstream-streams.md 11, items 83 to 94."""

import threading
import time

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")

NEED = "atomic_batch"


def batch(batch_id, seq, commit=None, **others):
    headers = {"Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(seq)}
    if commit is not None:
        headers["Nats-Batch-Commit"] = commit
    headers.update(others)
    return headers


def staged(js, subject, payload, headers):
    """A message that is staged: its answer is empty."""
    frame = js.publish(subject, payload, headers)
    eq((frame.headers, frame.payload), (None, b""), "answer of a staged message")


def stream(js, **config):
    js.create("S", ["s.*"], allow_atomic=True, **config)


@case(83, NEED)
def commit(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        js.create(storage, [storage + ".*"], storage=storage, allow_atomic=True)
        js.pub(storage + ".x")
        staged(js, storage + ".a", b"1", batch("b", 1))
        staged(js, storage + ".b", b"2", batch("b", 2))
        js.send(storage + ".c", b"3", headers=batch("b", 3, other="x"))
        eq(js.state(storage)["messages"], 1, "messages before the commit")
        frame = js.publish(storage + ".a", b"4", batch("b", 4, "1"))
        eq(frame.payload, b'{"stream":"%s","seq":5,"batch":"b","count":4}' % storage.encode(), "answer")
        eq([js.get(storage, seq=seq)["data"] for seq in range(2, 6)], [b"1", b"2", b"3", b"4"], "payloads")
        eq(js.get(storage, seq=4)["hdrs"], block(batch("b", 3, other="x")), "headers")
        eq(js.get(storage, seq=5)["hdrs"], block(batch("b", 4, "1")), "headers of the commit")
        eq(js.pub(storage + ".z", b"", batch("one", 1, "1")), {"stream": storage, "seq": 6, "batch": "one", "count": 1}, "batch of one")


@case(84, NEED)
def end_of_batch(ctx):
    js = jetstream(ctx)
    stream(js)
    staged(js, "s.a", b"1", batch("b", 1))
    staged(js, "s.b", b"2", batch("b", 2))
    eq(js.pub("s.c", b"3", batch("b", 3, "eob")), {"stream": "S", "seq": 2, "batch": "b", "count": 2}, "answer")
    eq(js.state("S")["messages"], 2, "messages")
    eq([js.get("S", seq=seq)["hdrs"] for seq in (1, 2)], [block(batch("b", 1)), block(batch("b", 2, "1"))], "headers")


@case(85, NEED)
def malformed_batches(ctx):
    js = jetstream(ctx)
    stream(js)
    incomplete = (10176, 400, "atomic publish batch is incomplete")
    js.pub_err("s.a", b"", batch("b", 2), *incomplete)
    js.pub_err("s.a", b"", {"Nats-Batch-Id": "b"}, 10175, 400, "atomic publish sequence is missing")
    js.pub_err("s.a", b"", batch("b", "x"), 10175, 400, "atomic publish sequence is missing")
    js.pub_err("s.a", b"", batch("i" * 65, 1), 10179, 400, "atomic publish batch ID is invalid")
    staged(js, "s.a", b"", batch("i" * 64, 1))
    staged(js, "s.a", b"", batch("gap", 1))
    js.pub_err("s.a", b"", batch("gap", 3), *incomplete)
    js.pub_err("s.a", b"", batch("gap", 2), *incomplete)
    staged(js, "s.a", b"", batch("again", 1))
    js.pub_err("s.a", b"", batch("again", 1), *incomplete)
    js.pub_err("s.a", b"", batch("again", 2, "1"), *incomplete)
    staged(js, "s.a", b"", batch("bad", 1))
    js.pub_err("s.a", b"", batch("bad", 2, "2"), 10200, 400, "atomic publish batch commit is invalid")
    js.pub_err("s.a", b"", batch("bad", 2, "1"), *incomplete)
    js.pub_err("s.a", b"", batch("eob", 1, "eob"), *incomplete)
    eq(js.state("S")["last_seq"], 0, "last sequence")
    js.create("N", ["n"])
    js.pub_err("n", b"", batch("b", 1), 10174, 400, "atomic publish is disabled")
    eq(js.pub("n", b"", {"Nats-Batch-Id": ""})["seq"], 1, "empty id")


def abandoned(js):
    """A function that takes the next advisory: (batch, reason)."""
    events = js.subscribe(ADVISORY + ".STREAM.BATCH_ABANDONED.>")

    def take():
        event = events.next_json()
        eq((event["type"], event["stream"]), ("io.nats.jetstream.advisory.v1.stream_batch_abandoned", "S"), "event")
        check("account" not in event, "account in the event of the account")
        return event["batch"], event["reason"]
    take.events = events
    return take


@case(86, NEED)
def abandoned_advisories(ctx):
    js = jetstream(ctx, STORE.replace("}", ", limits { batch { max_msgs: 3 } } }"))
    stream(js)
    take = abandoned(js)
    staged(js, "s.a", b"", batch("gap", 1))
    js.pub_err("s.a", b"", batch("gap", 3), 10176)
    eq(take(), ("gap", "incomplete"), "gap")
    for seq in (1, 2, 3):
        staged(js, "s.a", b"", batch("large", seq))
    js.pub_err("s.a", b"", batch("large", 4), 10199, 400, "atomic publish batch is too large: 3")
    eq(take(), ("large", "large"), "large")
    for seq in (1, 2, 3):
        staged(js, "s.a", b"", batch("fits", seq))
    eq(js.pub("s.a", b"", batch("fits", 4, "eob"))["count"], 3, "count")
    staged(js, "s.a", b"", batch("level", 1))
    js.pub_err("s.a", b"", batch("level", 2, **{"Nats-Required-Api-Level": "99"}), 10185, 412, "JetStream minimum api level required")
    eq(take(), ("level", "unsupported"), "unsupported")
    staged(js, "s.a", b"", batch("bad", 1))
    js.pub_err("s.a", b"", batch("bad", 2, "x"), 10200)
    js.pub_err("s.a", b"", batch("nobody", 9), 10199)
    js.pub_err("s.a", b"", batch("nobody", 2), 10176)
    take.events.expect_none()


@case(86, NEED, slow=True)
def timeout_of_a_batch(ctx):
    js = jetstream(ctx, STORE.replace("}", ", limits { batch { timeout: 500ms } } }"))
    stream(js)
    take = abandoned(js)
    staged(js, "s.a", b"", batch("b", 1))
    started = time.monotonic()
    eq(take(), ("b", "timeout"), "timeout")
    near(time.monotonic() - started, 0.3, 3.0, "seconds")
    js.pub_err("s.a", b"", batch("b", 2, "1"), 10176)


@case(86, NEED, slow=True)
def default_timeout_of_a_batch(ctx):
    js = jetstream(ctx)
    stream(js)
    take = abandoned(js)
    staged(js, "s.a", b"", batch("b", 1))
    started = time.monotonic()
    event = take.events.next(15.0)
    near(time.monotonic() - started, 9.0, 12.5, "seconds")
    eq(decode(event.payload)["reason"], "timeout", "reason")


@case(87, NEED)
def open_batches(ctx):
    js = jetstream(ctx)
    stream(js)
    for number in range(50):
        staged(js, "s.a", b"", batch("b%d" % number, 1))
    js.pub_err("s.a", b"", batch("more", 1), 10210, 429, "atomic publish too many inflight")
    js.pub("s.a", b"", batch("b7", 2, "1"))
    staged(js, "s.a", b"", batch("more", 1))


@case(87, NEED)
def configured_open_batches(ctx):
    js = jetstream(ctx, STORE.replace("}", ", limits { batch { max_inflight_per_stream: 2, max_inflight_total: 3 } } }"))
    stream(js)
    js.create("T", ["t.*"], allow_atomic=True)
    staged(js, "s.a", b"", batch("1", 1))
    staged(js, "s.a", b"", batch("2", 1))
    js.pub_err("s.a", b"", batch("3", 1), 10210, 429, "atomic publish too many inflight")
    staged(js, "t.a", b"", batch("1", 1))
    js.pub_err("t.a", b"", batch("2", 1), 10210, 429, "atomic publish too many inflight")


@case(88, NEED)
def duplicates(ctx):
    js = jetstream(ctx)
    stream(js)
    text = "atomic publish batch contains duplicate message id"
    js.pub("s.a", b"", {"Nats-Msg-Id": "x"})
    staged(js, "s.a", b"", batch("b", 1))
    js.pub_err("s.a", b"", batch("b", 2, "1", **{"Nats-Msg-Id": "x"}), 10201, 400, text)
    staged(js, "s.a", b"", batch("c", 1, **{"Nats-Msg-Id": "y"}))
    js.pub_err("s.a", b"", batch("c", 2, "1", **{"Nats-Msg-Id": "y"}), 10201, 400, text)
    js.pub_err("s.a", b"", batch("d", 1, "1", **{"Nats-Expected-Last-Msg-Id": "x"}), 10177, 400,
               "atomic publish unsupported header used: Nats-Expected-Last-Msg-Id")
    eq(js.state("S")["last_seq"], 1, "last sequence")
    js.pub("s.a", b"", batch("e", 1, "1", **{"Nats-Msg-Id": "y"}))
    eq(js.pub("s.a", b"", {"Nats-Msg-Id": "y"}).get("duplicate"), True, "duplicate of a batch's message")


LAST = "Nats-Expected-Last-Sequence"
LAST_SUBJECT = "Nats-Expected-Last-Subject-Sequence"


@case(89, NEED)
def expected_last_sequence(ctx):
    js = jetstream(ctx)
    stream(js)
    js.pub_many(["s.x"] * 3)
    staged(js, "s.a", b"", batch("b", 1, **{LAST: "3"}))
    eq(js.pub("s.a", b"", batch("b", 2, "1"))["seq"], 5, "sequence")
    staged(js, "s.a", b"", batch("c", 1, **{LAST: "3"}))
    js.pub_err("s.a", b"", batch("c", 2, "1"), 10071, 400, "wrong last sequence: 5")
    staged(js, "s.a", b"", batch("d", 1))
    js.pub_err("s.a", b"", batch("d", 2, "1", **{LAST: "6"}), 10164, 400, "wrong last sequence")
    staged(js, "s.a", b"", batch("e", 1))
    js.pub_err("s.a", b"", batch("e", 2, "1", **{LAST: "5"}), 10071)
    eq(js.state("S")["last_seq"], 5, "last sequence")


@case(90, NEED)
def expected_subject_sequence_and_rollup(ctx):
    js = jetstream(ctx)
    stream(js, allow_rollup_hdrs=True)
    js.pub("s.a")
    staged(js, "s.a", b"", batch("b", 1))
    js.pub_err("s.a", b"", batch("b", 2, "1", **{LAST_SUBJECT: "1"}), 10164, 400, "wrong last sequence")
    staged(js, "s.b", b"", batch("c", 1, **{LAST_SUBJECT: "0"}))
    eq(js.pub("s.a", b"", batch("c", 2, "1", **{LAST_SUBJECT: "1"}))["seq"], 3, "sequence")
    staged(js, "s.a", b"", batch("d", 1))
    js.pub_err("s.a", b"", batch("d", 2, "1", **{"Nats-Rollup": "sub"}), 10111, 500, "batch rollup sub invalid")
    staged(js, "s.a", b"", batch("e", 1))
    js.pub_err("s.b", b"", batch("e", 2, "1", **{"Nats-Rollup": "all"}), 10111, 500, "batch rollup all invalid")
    staged(js, "s.a", b"", batch("f", 1, **{"Nats-Rollup": "all"}))
    js.pub("s.b", b"", batch("f", 2, "1"))
    eq(js.seqs("S"), [4, 5], "sequences")
    staged(js, "s.c", b"", batch("g", 1))
    js.pub("s.b", b"", batch("g", 2, "1", **{"Nats-Rollup": "sub"}))
    eq(js.seqs("S"), [4, 6, 7], "sequences")


@case(91, NEED)
def api_level(ctx):
    js = jetstream(ctx)
    stream(js)
    level = {"Nats-Required-Api-Level": "2"}
    staged(js, "s.a", b"", batch("b", 1, **level))
    js.pub("s.a", b"", batch("b", 2, "1", **level))
    eq([js.get("S", seq=seq)["hdrs"] for seq in (1, 2)], [block(batch("b", 1)), block(batch("b", 2, "1"))], "headers")
    for value in ("99", "x"):
        staged(js, "s.a", b"", batch("c", 1))
        js.pub_err("s.a", b"", batch("c", 2, "1", **{"Nats-Required-Api-Level": value}), 10185, 412)
        js.pub_err("s.a", b"", batch("c", 2, "1"), 10176)


@case(92, NEED)
def unknown_batch_beyond_the_limit(ctx):
    js = jetstream(ctx)
    stream(js)
    js.pub_err("s.a", b"", batch("b", 1000), 10176)
    js.pub_err("s.a", b"", batch("b", 1001), 10199, 400, "atomic publish batch is too large: 1000")
    js.pub_err("s.a", b"", batch("b", 1001, "eob"), 10176)
    js.pub_err("s.a", b"", batch("b", 1002, "eob"), 10199, 400, "atomic publish batch is too large: 1000")


@case(93, NEED, "counters")
def counters_in_a_batch(ctx):
    js = jetstream(ctx)
    stream(js, allow_msg_counter=True)
    js.pub("s.a", b"", {"Nats-Incr": "10"})
    staged(js, "s.a", b"", batch("b", 1, **{"Nats-Incr": "1"}))
    staged(js, "s.b", b"", batch("b", 2, **{"Nats-Incr": "5"}))
    js.pub("s.a", b"", batch("b", 3, "1", **{"Nats-Incr": "2"}))
    eq([js.get("S", seq=seq)["data"] for seq in (2, 3, 4)], [b'{"val":"11"}', b'{"val":"5"}', b'{"val":"13"}'], "totals")


@case(94, NEED, slow=True)
def reads_see_whole_batches(ctx):
    js = jetstream(ctx)
    stream(js, allow_direct=True, max_msgs_per_subject=1)
    reader = jetstream(ctx, server=js.server)
    done = threading.Event()
    torn = []

    def read():
        while not done.is_set():
            frames = reader.direct("S", {"multi_last": ["s.a", "s.b", "s.c"]})
            payloads = {frame.payload for frame in frames if not status(frame)}
            if len(payloads) > 1 or len(frames) not in (1, 4):
                torn.append(frames)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for number in range(200):
            value = b"%d" % number
            js.send("s.a", value, headers=batch("b%d" % number, 1))
            js.send("s.b", value, headers=batch("b%d" % number, 2))
            js.pub("s.c", value, batch("b%d" % number, 3, "1"))
    finally:
        done.set()
        thread.join()
    check(not torn, "part of a batch was seen: %r" % torn[:1])
