"""Fast-ingest batches: jetstream-streams.md 12.1 to 12.4, items 95 to 102."""

import itertools
import time

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")

NEED = "fast_batch"
START, APPEND, COMMIT, END, PING = range(5)


class Fast:
    """One fast-ingest batch: sends its messages, reads what comes back."""

    _numbers = itertools.count(1)

    def __init__(self, js, batch_id, flow=10, gap="fail", subject="s.a"):
        self.js = js
        self.id = batch_id
        self.flow = flow
        self.gap = gap
        self.subject = subject
        self.prefix = js.inbox + ".fast%d" % next(self._numbers)
        self.inbox = js.subscribe(self.prefix + ".>")

    def send(self, seq, op, payload=b"", headers=None):
        """One message."""
        reply = "%s.%s.%s.%s.%s.%s.$FI" % (self.prefix, self.id, self.flow, self.gap, seq, op)
        self.js.send(self.subject, payload, reply, headers)
        return self

    def next(self):
        """The next answer as JSON."""
        frame = self.inbox.next()
        eq(frame.headers, None, "headers")
        answer = decode(frame.payload)
        return answer if "type" in answer else validate(answer, TYPE + "pub_ack_response")

    def raw(self):
        """The next answer as bytes."""
        return self.inbox.next().payload

    def error(self, err_code, code=None, text=None):
        """The next answer is a publish error."""
        return check_error(self.next().get("error"), err_code, code, text)

    def start(self, payload=b""):
        """Starts the batch and takes the first flow message."""
        self.send(1, START, payload)
        eq(self.next(), {"type": "ack", "seq": 0, "msgs": self.flow}, "first flow message")
        return self


def stream(js, **config):
    js.create("S", ["s.*"], allow_batched=True, **config)


@case(95, NEED)
def flow_messages(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        js.create(storage, [storage + ".*"], storage=storage, allow_batched=True)
        fast = Fast(js, "b", subject=storage + ".a").send(1, START, b"1")
        eq(fast.raw(), b'{"type":"ack","seq":0,"msgs":10}', "first flow message")
        for seq in range(2, 26):
            fast.send(seq, APPEND, b"%d" % seq)
        acks = []
        fast.send(26, COMMIT, b"26")
        while not acks or "type" in acks[-1]:
            acks.append(fast.next())
        eq(acks[-1], {"stream": storage, "seq": 26, "batch": "b", "count": 26}, "end answer")
        check(acks[:-1] and all(ack["type"] == "ack" and ack["msgs"] == 10 and ack["seq"] % 10 == 0 for ack in acks[:-1]), "acks %r" % acks)
        eq([js.get(storage, seq=seq)["data"] for seq in (1, 2, 26)], [b"1", b"2", b"26"], "payloads")
        eq((js.get(storage, seq=1)["hdrs"], js.state(storage)["messages"]), (b"", 26), "headers and messages")


@case(96, NEED)
def ends_and_pings(ctx):
    js = jetstream(ctx)
    stream(js)
    fast = Fast(js, "b").start().send(2, APPEND).send(3, END, b"not stored")
    eq(fast.next(), {"stream": "S", "seq": 2, "batch": "b", "count": 2}, "end answer")
    eq(js.state("S")["messages"], 2, "messages")
    fast = Fast(js, "one").send(1, COMMIT, b"x")
    eq(fast.raw(), b'{"stream":"S","seq":3,"batch":"one","count":1}', "answer of a batch of one")
    fast = Fast(js, "p").start().send(2, APPEND).send(2, PING)
    eq(fast.next(), {"type": "ack", "seq": 0, "msgs": 10}, "answer of a ping: the last flow message again")
    eq(js.state("S")["messages"], 5, "a ping is not stored")
    fast.gap = "ok"
    fast.send(4, PING)
    eq(fast.next(), {"type": "gap", "last_seq": 3, "seq": 5}, "gap by a ping")


@case(97, NEED)
def gaps(ctx):
    js = jetstream(ctx)
    stream(js)
    fast = Fast(js, "f").start().send(2, APPEND).send(4, APPEND)
    eq(fast.next(), {"type": "gap", "last_seq": 3, "seq": 4}, "gap")
    eq(fast.next(), {"stream": "S", "seq": 2, "batch": "f", "count": 2}, "end answer")
    fast.send(5, APPEND)
    fast.error(10208, 400, "batch publish ID unknown")
    fast = Fast(js, "o", gap="ok").start().send(3, APPEND)
    eq(fast.next(), {"type": "gap", "last_seq": 2, "seq": 3}, "gap")
    fast.send(4, COMMIT)
    eq(fast.next(), {"stream": "S", "seq": 5, "batch": "o", "count": 4}, "end answer")
    Fast(js, "u").send(2, APPEND).error(10208, 400, "batch publish ID unknown")


@case(97, NEED)
def repeated_sequence_ends_the_batch(ctx):
    js = jetstream(ctx)
    stream(js)
    for gap in ("fail", "ok"):
        fast = Fast(js, "b" + gap, gap=gap).start().send(2, APPEND).send(2, APPEND)
        answer = fast.next()
        if "type" in answer:
            eq(answer, {"type": "gap", "last_seq": 3, "seq": 2}, "gap")
            answer = fast.next()
        eq((answer["batch"], answer["count"]), ("b" + gap, 2), "end answer")
    eq(js.state("S")["messages"], 4, "messages")


@case(98, NEED)
def patterns(ctx):
    js = jetstream(ctx)
    stream(js)
    for seq, op, gap in ((0, START, "fail"), (2, START, "fail"), (1, APPEND, "fail"), (1, END, "fail"), (1, 5, "fail"), (1, "x", "fail"),
                         ("x", APPEND, "fail"), (1, START, "maybe"), (-1, APPEND, "fail")):
        fast = Fast(js, "b", gap=gap).send(seq, op)
        fast.error(10206, 400, "batch publish pattern is invalid")
    Fast(js, "i" * 65).send(1, START).error(10207, 400, "batch publish ID is invalid")
    for flow in ("x", "0", "-5"):
        fast = Fast(js, "f" + flow, flow=flow).send(1, START)
        eq(fast.next(), {"type": "ack", "seq": 0, "msgs": 10}, "flow of %r" % flow)
        fast.send(2, END).next()
    fast = Fast(js, "big", flow=70000).send(1, START)
    eq(fast.next()["msgs"], 500, "granted interval")
    js.create("N", ["n.*"])
    Fast(js, "b", subject="n.a").send(1, START).error(10205, 400, "batch publish is disabled")


@case(99, NEED)
def failures(ctx):
    js = jetstream(ctx)
    stream(js, max_msg_size=1000)
    bad = {"Nats-Expected-Last-Sequence": "99"}
    fast = Fast(js, "first").send(1, START, b"", bad)
    first = fast.next()
    if "type" in first:
        eq(first["type"], "ack", "flow message ahead of the error")
        first = fast.next()
    check_error(first.get("error"), 10071)
    fast.send(2, APPEND)
    fast.error(10208)
    fast = Fast(js, "later").start().send(2, APPEND, b"", bad)
    answer = fast.next()
    eq((answer["type"], answer["seq"], answer["error"]["err_code"]), ("err", 2, 10071), "error")
    eq(fast.next(), {"stream": "S", "seq": 1, "batch": "later", "count": 1}, "end answer")
    fast = Fast(js, "ok", gap="ok").start().send(2, APPEND, b"", bad)
    answer = fast.next()
    eq((answer["type"], answer["seq"], answer["error"]["err_code"]), ("err", 2, 10071), "error")
    fast.send(3, COMMIT)
    eq(fast.next(), {"stream": "S", "seq": 3, "batch": "ok", "count": 3}, "end answer")


@case(100, NEED)
def duplicates(ctx):
    js = jetstream(ctx)
    stream(js)
    seen = {"Nats-Msg-Id": "x"}
    js.pub("s.a", b"", seen)
    fast = Fast(js, "b").start().send(2, APPEND, b"", seen).send(3, COMMIT)
    eq(fast.next(), {"stream": "S", "seq": 3, "batch": "b", "count": 3}, "end answer")
    eq(js.state("S")["messages"], 3, "messages")
    fast = Fast(js, "one").send(1, COMMIT, b"", seen)
    eq(fast.raw(), b'{"stream":"S","seq":1,"duplicate": true,"batch":"one","count":1}', "answer")


@case(101, NEED)
def second_batch_starts_slowly(ctx):
    js = jetstream(ctx)
    stream(js)
    Fast(js, "a", flow=100).start()
    second = Fast(js, "b", flow=100).send(1, START)
    for seq in range(2, 40):
        second.send(seq, APPEND)
    eq([(ack["seq"], ack["msgs"]) for ack in (second.next() for _ in range(6))], [(0, 1), (1, 2), (3, 4), (7, 8), (15, 16), (31, 32)],
       "flow messages")


@case(102, NEED, slow=True)
def silence_forgets_the_batch(ctx):
    js = jetstream(ctx, STORE.replace("}", ", limits { batch { timeout: 300ms } } }"))
    stream(js)
    events = js.subscribe(ADVISORY + ".STREAM.BATCH_ABANDONED.>")
    fast = Fast(js, "b", gap="ok").start().send(2, APPEND).send(2, PING)
    eq(fast.next()["type"], "ack", "ping")

    def forgotten():
        answer = fast.send(2, PING).next()
        return "error" in answer and answer
    # Pings extend the life: ask ever more seldom until the batch is gone.
    pause = 0.4
    while not forgotten():
        check(pause < 5, "still known")
        time.sleep(pause)
        pause *= 1.5
    events.expect_none()
    eq(js.state("S")["messages"], 2, "messages stay")
