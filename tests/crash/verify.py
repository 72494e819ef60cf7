"""What must hold after a crash."""

import json
import time

from lib.check import Failure
from lib.jetstream import block, pairs, parse_ack, status

from load import acknowledge, id_of
from model import Actual, Message

# Headers that a direct get adds.
ADDED = ("Nats-Stream", "Nats-Subject", "Nats-Sequence", "Nats-Time-Stamp", "Nats-Num-Pending", "Nats-Last-Sequence",
         "Nats-Pending-Messages", "Nats-UpTo-Sequence")
# Seconds until a consumer must have delivered everything.
DRAIN = 20.0
# Differences shown.
SHOWN = 8


def read_all(line, names):
    """All these streams with all their messages: {name: Actual, or None when it is not there}."""
    found, waiting = {}, set()

    def note(name, size):
        def take(frame):
            actual, text = found[name], status(frame)
            if frame.reply is None and text.startswith(("204", "404")):
                left = next((int(value) for key, value in pairs(frame) if key == "Nats-Num-Pending"), 0)
                if left and text.startswith("204"):
                    ask(name, max(actual.msgs) + 1)
                else:
                    waiting.discard(name)
                return
            if text:
                raise Failure("direct get from %s: %r" % (name, text))
            fields = pairs(frame)
            added = dict(fields)
            own = block([(key, value) for key, value in fields if key not in ADDED])
            subject = added["Nats-Subject"]
            seq = int(added["Nats-Sequence"])
            if seq in actual.msgs or actual.msgs and seq < next(reversed(actual.msgs)):
                raise Failure("%s: message %d comes out of order" % (name, seq))
            actual.msgs[seq] = Message(subject, frame.payload, own, size(subject, frame.payload, own))
        return take

    def ask(name, seq):
        line.ask("$JS.API.DIRECT.GET." + name, b'{"seq":%d,"batch":100000}' % seq, note(name, names[name].size), many=True)

    for name in names:
        info = line.api("STREAM.INFO." + name)
        if info.get("error", {}).get("err_code") == 10059:
            found[name] = None
            continue
        if "error" in info:
            raise Failure("info of %s: %r" % (name, info["error"]))
        found[name] = Actual(info)
        found[name].consumers = set(line.ok("CONSUMER.NAMES." + name)["consumers"] or ())
        waiting.add(name)
        ask(name, 1)
    line.wait(lambda: not waiting, lambda: "all messages of %s" % sorted(waiting), 30.0)
    line.handlers.clear()
    return found


def streams_hold(line, streams):
    """Compares every stream with its model; the models are then at what was found."""
    by_name = {stream.name: stream for stream in streams}
    there = {name for name in line.ok("STREAM.NAMES")["streams"] or ()}
    unknown = there - set(by_name)
    if unknown:
        raise Failure("streams that nobody made: %r" % sorted(unknown))
    found = read_all(line, by_name)
    for stream in streams:
        actual = found[stream.name]
        if (actual is not None) != (stream.name in there):
            raise Failure("%s: STREAM.NAMES and STREAM.INFO differ" % stream.name)
        settle(stream, actual)
        if actual is not None:
            wrong = actual.inconsistencies()
            if wrong:
                raise Failure("%s: %s; state %r" % (stream.name, "; ".join(wrong), actual.state))
            stream.adopt(actual.msgs)


def settle(stream, actual):
    """Finds how many of the unanswered operations were done."""
    answered = max((place + 1 for place, op in enumerate(stream.pending) if op.answer is not None), default=0)
    pending, best, done = list(stream.pending), None, 0
    while True:
        wrong = stream.differences(actual)
        if done < answered and not wrong:
            wrong = ["%r was answered and is not done" % (pending[answered - 1],)]
        if not wrong:
            stream.pending.clear()
            return
        rank = (wrong[0].startswith("last_seq"), len(wrong), -done)
        if best is None or rank < best[0]:
            best = (rank, done, wrong)
        if not stream.pending:
            break
        stream.apply(stream.pending.popleft())
        done += 1
    _, done, wrong = best
    raise Failure("%s: with %d of %d unanswered operations done, %d differences: %s%s\n  unanswered: %r\n  state: %r\n  model: %r" % (
        stream.name, done, len(pending), len(wrong), "; ".join(wrong[:SHOWN]), "; ..." if len(wrong) > SHOWN else "",
        pending[:SHOWN], actual and actual.state, stream))


def ids_are_known(line, stream):
    """Messages that were acknowledged are duplicates when they are published again."""
    for seq in list(stream.msgs)[-10:]:
        message = stream.msgs[seq]
        if not message.headers or not id_of(message.headers):
            continue
        got = []
        line.ask(message.subject, message.payload, got.append, message.headers)
        line.wait(lambda: got, "answer to a repeated publish")
        answer = json.loads(got[0].payload)
        if not answer.get("duplicate") or answer["seq"] != seq:
            raise Failure("%s: message %d is published again with its id, and answered by %r" % (stream.name, seq, answer))


class Drain:
    """A consumer that delivers all it has. `got`: sequences it delivered."""

    def __init__(self, load, line, stream, consumer, rnd):
        self.load, self.line, self.stream, self.consumer, self.rnd = load, line, stream, consumer, rnd
        self.acks_at_once = consumer.config["max_ack_pending"] < 1000
        self.must = {seq for seq, message in stream.msgs.items() if consumer.wants(message.subject)
                     and seq not in consumer.confirmed and seq not in consumer.tried}
        self.may = {seq for seq, message in stream.msgs.items() if consumer.wants(message.subject)} - consumer.confirmed
        self.got, self.frames, self.newest = set(), {}, 0
        self.info = None
        self.asked = 0.0
        self.ended = False
        self.pull()

    @property
    def name(self):
        return "%s, consumer %s" % (self.stream.name, self.consumer.name)

    def pull(self):
        self.line.send("$JS.API.CONSUMER.MSG.NEXT.%s.%s" % (self.stream.name, self.consumer.name),
                       b'{"batch":100000,"expires":25000000000}', reply=self.line.subscribe(self.take))

    def take(self, frame):
        if frame.reply is None:
            if not self.ended:
                raise Failure("%s: a pull request ends with %r" % (self.name, status(frame)))
            return
        if self.ended:
            return
        ack = parse_ack(frame.reply)
        seq = ack.stream_seq
        if seq in self.consumer.confirmed and self.stream.acks_forgiven:
            self.consumer.confirmed.discard(seq)
            self.may.add(seq)
        if seq in self.consumer.confirmed and seq not in self.got:
            raise Failure("%s: message %d is delivered again (delivery %d), its acknowledgement was confirmed"
                          % (self.name, seq, ack.delivered))
        if seq not in self.may and seq not in self.got:
            raise Failure("%s: message %d is delivered, it is not in the stream or not for this consumer" % (self.name, seq))
        message = self.stream.msgs.get(seq)
        if message and (message.payload != frame.payload or message.headers != (frame.headers or None)):
            raise Failure("%s: message %d is delivered with another content" % (self.name, seq))
        if ack.delivered == 1:
            if seq <= self.newest:
                raise Failure("%s: message %d comes after %d, both for the first time" % (self.name, seq, self.newest))
            self.newest = seq
        if seq not in self.got:
            self.got.add(seq)
            self.consumer.tried.discard(seq)
        self.consumer.seen.add(seq)
        self.frames[seq] = frame
        if self.acks_at_once:
            self.ack(seq)

    def ack(self, seq):
        self.consumer.tried.add(seq)
        self.line.ask(self.frames[seq].reply.decode(), b"+ACK", lambda answer: self.consumer.confirmed.add(seq))

    def done(self):
        """Whether everything has come, and the consumer agrees."""
        if not self.must <= self.got:
            return False
        if self.info is not None:
            left = 0 if self.acks_at_once else len(self.got)
            counted = self.info["num_ack_pending"]
            if self.info["num_pending"] == 0 and (counted == left or self.stream.ghosts_forgiven and counted > left):
                return True
        now = time.monotonic()
        if now - self.asked > 0.05:
            self.asked = now
            self.line.ask("$JS.API.CONSUMER.INFO.%s.%s" % (self.stream.name, self.consumer.name), b"", self.told)
        return False

    def told(self, frame):
        self.info = json.loads(frame.payload)

    def lacks(self):
        missing = sorted(self.must - self.got)
        says = self.line.api("CONSUMER.INFO.%s.%s" % (self.stream.name, self.consumer.name))
        says = {key: says.get(key) for key in ("num_pending", "num_ack_pending", "num_waiting", "delivered", "ack_floor")}
        if missing:
            return "%s: %d of %d messages are not delivered (%r); the consumer says %r" % (
                self.name, len(missing), len(self.must), missing[:SHOWN], says)
        return "%s: delivered %d messages and has no more, but says %r" % (self.name, len(self.got), says)

    def leave(self):
        """Acknowledges most of it, in all ways, so that the next crash finds it so."""
        self.ended = True
        if not self.acks_at_once:
            for seq, frame in self.frames.items():
                acknowledge(self.load, self.line, self.consumer, frame, seq, self.rnd)


def consumers_hold(load, line, streams, rnd):
    """Every consumer delivers what was not acknowledged, and nothing that was confirmed."""
    drains = [Drain(load, line, stream, consumer, rnd)
              for stream in streams if stream.exists for consumer in stream.consumers.values()]
    left = list(drains)

    def all_done():
        left[:] = [drain for drain in left if not drain.done()]
        return not left
    line.wait(all_done, lambda: "; ".join(drain.lacks() for drain in left[:3]), DRAIN)
    for drain in drains:
        drain.leave()
    line.wait(lambda: not line.handlers, "confirmations of acknowledgements")
