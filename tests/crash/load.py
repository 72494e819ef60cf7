"""The load: threads that change streams and consume from them, until the server is gone."""

import json
import random
import threading
import time
import traceback

from lib.check import Failure
from lib.jetstream import block, parse_ack, status

from line import Closed, Line
from model import Message, Op

# Most operations of a stream under way.
MAX_PENDING = 300
# Messages beyond which a stream gets purges instead of more.
MANY = 2500


class Load:
    """What all threads share. `failures`: texts of what was wrong while the server ran."""

    def __init__(self, server):
        self.server = server
        self.ending = False
        self.failures = []
        self.publishes = self.changes = self.acks = 0
        self.threads = []

    def start(self, body, *args):
        """Runs `body(line, *args)` in a thread with a connection of its own."""
        def run():
            try:
                line = Line(self.server)
            except (Failure, OSError):
                return
            try:
                body(self, line, *args)
            except Closed:
                pass
            except Failure as failure:
                self.failures.append(str(failure))
            except Exception:
                self.failures.append(traceback.format_exc())
            finally:
                line.close()
        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()

    def join(self):
        for thread in self.threads:
            thread.join(20)
            if thread.is_alive():
                raise Failure("a thread of the load hangs")


# ---------------------------------------------------------------- changes


def change(load, line, streams, seed):
    """The client of these streams: picks one at random, and something to do with it."""
    rnd = random.Random(seed)
    while not load.failures:
        stream = rnd.choice(streams)
        waits = stream.pending and stream.pending[0].kind != "publish"
        if not waits and len(stream.pending) < MAX_PENDING:
            if stream.exists and (stream.pending or rnd.random() < 0.7) and len(stream.msgs) < MANY:
                for _ in range(rnd.choice((1, 1, 2, 5, 20, 60))):
                    publish(load, line, stream, rnd)
            elif not stream.pending:
                other(load, line, stream, rnd)
        # Now and then everything is answered before it goes on, or there is no change without a pause.
        line.pump(0.003 if rnd.random() < 0.3 else 0.0)
        if rnd.random() < 0.02:
            deadline = time.monotonic() + 0.3
            while any(stream.pending for stream in streams) and time.monotonic() < deadline:
                line.pump(0.02)


def publish(load, line, stream, rnd):
    stream.next_number += 1
    low, high = stream.profile["payload"]
    body = b"%s/%d " % (stream.name.encode(), stream.next_number)
    size = rnd.randint(low, high)
    body += b"abcdefgh" * (size // 8) if rnd.random() < 0.5 else rnd.getrandbits(8 * size + 8).to_bytes(size + 1, "big")
    subject, headers, duplicate_of, rollup = rnd.choice(stream.profile["subjects"]), {}, None, None
    if stream.profile["ids"] and rnd.random() < 0.7:
        headers["Nats-Msg-Id"] = "%s-%d" % (stream.name, stream.next_number)
        if stream.msgs and not stream.consumed and rnd.random() < 0.1:
            seq = rnd.choice(list(stream.msgs)[-20:])
            known = stream.msgs[seq].headers and id_of(stream.msgs[seq].headers)
            if known:
                headers["Nats-Msg-Id"], duplicate_of = known, seq
    if rnd.random() < 0.2:
        headers["X-Number"] = "%d%s" % (stream.next_number, "h" * rnd.randint(0, 50))
    if stream.config.get("allow_msg_ttl") and rnd.random() < 0.5:
        headers["Nats-TTL"] = rnd.choice(("1h", "30m", "never"))
    if stream.config.get("allow_rollup_hdrs") and rnd.random() < 0.02:
        rollup = headers["Nats-Rollup"] = rnd.choice(("sub", "sub", "all"))
    headers = block(headers)
    message = Message(subject, body, headers, stream.size(subject, body, headers))
    load.publishes += 1
    submit(load, line, stream, Op("publish", message=message, duplicate_of=duplicate_of, rollup=rollup), subject, body, headers)


def id_of(headers):
    """The message id in a header block."""
    _, found, rest = headers.partition(b"Nats-Msg-Id: ")
    return rest.split(b"\r\n", 1)[0].decode() if found else None


def other(load, line, stream, rnd):
    """A change of the stream that is no publish."""
    name, comes = stream.name, stream.profile["comes"]
    load.changes += 1

    def api(op, request, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        submit(load, line, stream, op, "$JS.API.%s" % request, data)

    if not stream.exists:
        return api(Op("create"), "STREAM.CREATE." + name, stream.config)
    kind = rnd.choice(["delete"] * 12 + ["purge"] * 4 + ["update"] * 3 + ["consumer"] * 3 + ["remove"] * 12 * comes)
    if kind == "remove":
        return api(Op("remove"), "STREAM.DELETE." + name)
    if kind == "consumer" and not stream.consumed:
        extra = "x%d" % rnd.randint(0, 3)
        if extra in stream.extra:
            return api(Op("consumer_delete", name=extra), "CONSUMER.DELETE.%s.%s" % (name, extra))
        config = {"name": extra, "durable_name": extra, "ack_policy": "explicit"}
        return api(Op("consumer_create", name=extra), "CONSUMER.CREATE.%s.%s" % (name, extra),
                   {"stream_name": name, "config": config})
    if kind == "update":
        changes = {"description": "%d" % rnd.randint(0, 1000)}
        limits = [key for key in ("max_msgs", "max_msgs_per_subject") if key in stream.config]
        if limits and rnd.random() < 0.7:
            old = stream.config[limits[0]]
            changes[limits[0]] = max(1, old + rnd.randint(-old // 2, old // 2 + 1))
        return api(Op("update", **changes), "STREAM.UPDATE." + name, dict(stream.config, **changes))
    if kind == "purge" or len(stream.msgs) >= MANY:
        body = {}
        if rnd.random() < 0.7 and len(stream.msgs) < MANY:
            body["filter" if rnd.random() < 0.6 else "seq"] = 0
            if "filter" in body:
                body["filter"] = rnd.choice(stream.profile["subjects"])
            else:
                body["seq"] = rnd.randint(max(1, stream.last - len(stream.msgs)), stream.last + 1)
        if not stream.consumed and "seq" not in body and rnd.random() < 0.4:
            body["keep"] = rnd.randint(1, 20)
        op = Op("purge", subject=body.get("filter"), keep=body.get("keep"), seq=body.get("seq"))
        return api(op, "STREAM.PURGE." + name, body)
    if kind == "delete" and stream.msgs:
        seq = rnd.choice(list(stream.msgs))
        no_erase = rnd.random() < 0.5
        return api(Op("delete", seq=seq, no_erase=no_erase), "STREAM.MSG.DELETE." + name, {"seq": seq, "no_erase": no_erase})
    return None


def submit(load, line, stream, op, subject, payload, headers=None):
    stream.pending.append(op)
    line.ask(subject, payload, lambda frame: answered(load, stream, op, frame), headers)


def answered(load, stream, op, frame):
    """Notes the answer; applies operations while the oldest is answered."""
    if status(frame):
        if load.ending:
            return
        raise Failure("%s: %r answered by %r" % (stream.name, op, status(frame)))
    answer = json.loads(frame.payload)
    if load.ending and "error" in answer:
        return
    op.answer = answer
    while stream.pending and stream.pending[0].answer is not None:
        apply(stream, stream.pending.popleft())


def apply(stream, op):
    """Applies an answered operation; the answer must be the model's."""
    answer = op.answer
    error = answer.get("error", {}).get("err_code")
    if error in (10012, 10049) and stream.leftovers_forgiven:
        return
    if op.kind == "delete" and error == 10057:
        # What is below the first sequence of a file stream is missing in other words.
        error = 10043
    want = stream.apply(op)
    if stream.consumed and op.kind == "delete" and error == 10043:
        return
    got = {key: answer[key] for key in ("seq", "duplicate", "purged") if key in answer}
    if error is not None:
        got = {"err_code": error}
    if stream.consumed:
        got.pop("purged", None)
    if got != want:
        raise Failure("%s: %r answered by %r, must be %r; %r" % (stream.name, op, answer, want, stream))


# ---------------------------------------------------------------- consumers


def consume(load, line, streams, seed):
    """Reads from the streams' consumers, with all kinds of acknowledgements."""
    rnd = random.Random(seed)
    for stream in streams:
        for consumer in stream.consumers.values():
            Reader(load, line, stream, consumer, rnd).pull()
    while not load.failures:
        line.pump(0.05)


class Reader:
    """One consumer, read through one pull request after the other."""

    BATCH = 40

    def __init__(self, load, line, stream, consumer, rnd):
        self.load, self.line, self.stream, self.consumer, self.rnd = load, line, stream, consumer, rnd
        self.left = 0
        self.newest = 0
        self.inbox = line.subscribe(self.take)

    def pull(self):
        self.left = self.BATCH
        body = b'{"batch":%d,"expires":2000000000}' % self.BATCH
        self.line.send("$JS.API.CONSUMER.MSG.NEXT.%s.%s" % (self.stream.name, self.consumer.name), body, reply=self.inbox)

    def take(self, frame):
        text = status(frame)
        if text:
            if text.startswith(("408", "409")) and not self.load.ending:
                self.pull()
            return
        ack = parse_ack(frame.reply)
        seq = ack.stream_seq
        what = "%s, consumer %s: message %d" % (self.stream.name, self.consumer.name, seq)
        if seq in self.consumer.confirmed and self.stream.acks_forgiven:
            self.consumer.confirmed.discard(seq)
        if seq in self.consumer.confirmed:
            raise Failure("%s is delivered again (delivery %d), its acknowledgement was confirmed" % (what, ack.delivered))
        if ack.delivered == 1:
            if seq <= self.newest:
                raise Failure("%s comes after %d, both for the first time" % (what, self.newest))
            self.newest = seq
        self.consumer.seen.add(seq)
        acknowledge(self.load, self.line, self.consumer, frame, seq, self.rnd)
        self.left -= 1
        if not self.left:
            self.pull()


def acknowledge(load, line, consumer, frame, seq, rnd):
    """Something that a client does with a message: mostly an acknowledgement that waits for its confirmation."""
    chance, reply = rnd.random(), frame.reply.decode()
    if chance < 0.08:
        return
    if chance < 0.16:
        line.send(reply, b"-NAK")
        return
    covered = consumer.covered(seq)
    consumer.tried |= covered
    if chance < 0.30:
        line.send(reply, b"+ACK")
        return

    def confirmed(answer):
        if status(answer) and not load.ending:
            raise Failure("an acknowledgement on %s is answered by %r" % (reply, status(answer)))
        if not status(answer):
            load.acks += 1
            consumer.confirmed.update(covered)
    line.ask(reply, b"+TERM" if chance < 0.35 and not consumer.ack_all else b"+ACK", confirmed)
