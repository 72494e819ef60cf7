"""One scenario on both servers, step by step."""

import datetime
import json
import re
import time

import known
from describe import describe, json_paths, without_numbers
from masks import masked
from wire import Wire

# Seconds to wait for what only one server has sent, and for an answer that neither has sent.
PATIENCE, SILENCE = 0.7, 0.12
# The same after a time of waiting: timers are not exact.
LONG_PATIENCE = 3.0
# Seconds for a difference in what is only read, before it is read again.
READ_PATIENCE = 0.15
# Seconds between readings: servers tell consumers of messages, and count, behind their answers.
PAUSES = (0.05, 0.15, 0.4, 1.0)
# Seconds of a round trip after which a server had stopped, or the machine was busy: that time does not count.
STOPPED = 0.5
# Requests that change nothing.
READS = ("STREAM.INFO", "STREAM.LIST", "STREAM.NAMES", "CONSUMER.INFO", "CONSUMER.LIST", "CONSUMER.NAMES", "STREAM.MSG.GET",
         "DIRECT.GET", "INFO")


class Difference(Exception):
    """`signature` tells its kind, `detail` are lines to show, `step` is the operation that showed it."""

    def __init__(self, signature, detail):
        super().__init__(signature)
        self.signature, self.detail, self.step = signature, detail, None


class Known(Exception):
    """A deliberate difference after which the servers' states differ."""


class Session:
    """A client of an account of its own on each server (0: the reference, 1: the server under test).

    `hurry`: less patience, while a scenario is made smaller."""

    def __init__(self, pair, kind, hurry=False):
        self.pair = pair
        self.patience, self.pauses = (0.2, PAUSES[:1]) if hurry else (PATIENCE, PAUSES)
        self.account = pair.account(kind)
        self.memory = known.Memory()
        # Names that each server has made up: {name: placeholder}.
        self.names = [{}, {}]
        # Messages that the other server has not sent (yet).
        self.left = [[], []]
        # Pairs of subjects to acknowledge to, to answer flow control to, and of pin ids.
        self.acks, self.flow, self.pins = [], [], []
        self.count = 0
        self.subscriptions = {}
        self.connect()

    def connect(self):
        """Connects to both, and listens to answers, events and what is republished."""
        self.wires = [Wire(server.port, self.account) for server in self.pair.servers]
        for wire in self.wires:
            for subject in ("_I.*", "$JS.EVENT.>", "rp.>"):
                wire.sub(subject)
            wire.flush()

    def close(self):
        """Ends the connections."""
        for wire in self.wires:
            wire.close()

    # -- placeholders -----------------------------------------------------------------------------------

    def fill(self, text, i):
        """A text for one server: `{pin}` the last pin id, `{now+3}` a time, `{time:A:2}` that of message 2 of stream A."""
        def value(found):
            word = found.group(1)
            if word == "pin":
                return self.pins[-1][i] if self.pins else "none"
            if word.startswith("now"):
                at = self.now + datetime.timedelta(seconds=float(word[3:] or 0))
                return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            _, stream, seq = word.split(":")
            return self.stored_time(i, stream, int(seq))
        return re.sub(r"\{(pin|now[-+.\d]*|time:\w+:\d+)\}", value, text)

    def stored_time(self, i, stream, seq):
        """When a server has stored a message; some time if it is not there."""
        wire = self.wires[i]
        inbox = self.inbox()
        wire.pub("$JS.API.STREAM.MSG.GET." + stream, json.dumps({"seq": seq}), inbox)
        end = time.monotonic() + 2
        while time.monotonic() < end:
            wire.read(0.01)
            for message in wire.inbox:
                if message.subject == inbox:
                    wire.inbox.remove(message)
                    found = re.search(r'"time":"([^"]+)"', message.data)
                    return found.group(1) if found else "2026-01-01T00:00:00Z"
        return "2026-01-01T00:00:00Z"

    def inbox(self):
        """A new subject for an answer."""
        self.count += 1
        return "_I.%d" % self.count

    # -- operations -------------------------------------------------------------------------------------

    def run(self, op):
        """Does one operation, and compares what comes of it."""
        self.now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        getattr(self, "op_" + op["op"])(op)

    @staticmethod
    def headers(op):
        """The header block of an operation: a list of pairs, or text as it is."""
        headers = op.get("hdr") or ""
        if isinstance(headers, list):
            lines = "".join("%s: %s\r\n" % tuple(pair) for pair in headers if len(pair) == 2)
            headers = "NATS/1.0\r\n" + lines + "\r\n"
        return headers

    def send(self, subject, op, reply=True):
        """Sends the body of an operation to both."""
        body = op.get("body", op.get("data", ""))
        body = body if isinstance(body, str) else json.dumps(body)
        self.memory.note_headers(op.get("hdr"))
        inbox = self.inbox() if reply else ""
        for i, wire in enumerate(self.wires):
            wire.pub(self.fill(subject, i), self.fill(body, i), inbox, self.fill(self.headers(op), i))
        return inbox

    def op_api(self, op):
        """A request. What only reads is asked again when the answers differ."""
        self.memory.note(op)
        reads = any(op["subject"] == name or op["subject"].startswith(name + ".") for name in READS)
        for pause in self.pauses + (None,):
            inbox = self.send("$JS.API." + op["subject"], op, op.get("reply", True))
            try:
                return self.settle(op, inbox, READ_PATIENCE if reads else self.patience)
            except Difference:
                if not reads or pause is None:
                    raise
                self.left = [[], []]
                time.sleep(pause)

    def op_pub(self, op):
        """A message, or several one by one: what an ack's subject says is left depends on when a delivery happens."""
        subjects = op["subject"] if isinstance(op["subject"], list) else [op["subject"]]
        for subject in subjects:
            self.settle(op, self.send(subject, op, op.get("reply", True)))

    def op_pull(self, op):
        """A pull request."""
        self.send("$JS.API.CONSUMER.MSG.NEXT.%s.%s" % (op["stream"], op["consumer"]), op)
        self.settle(op)

    def op_ack(self, op):
        """An acknowledgement of some delivery; its subject may be spoilt."""
        if not self.acks:
            return
        inbox = self.inbox() if op.get("reply") else ""
        for wire, subject in zip(self.wires, self.acks[op["index"] % len(self.acks)]):
            tokens = subject.split(".")
            for at, value in (op.get("tokens") or {}).items():
                tokens[int(at)] = value
            tokens = tokens[:op.get("cut", len(tokens))] + op.get("more", [])
            if op.get("v2"):
                tokens[2:2] = ["_", "abcdefgh"]
            wire.pub(".".join(tokens), op.get("payload", ""), inbox, self.headers(op))
        self.settle(op, inbox)

    def op_fc(self, op):
        """An answer to the last flow control request."""
        if self.flow:
            for wire, subject in zip(self.wires, self.flow[-1]):
                wire.pub(subject, "", "", self.headers(op))
            self.settle(op)

    def op_sub(self, op):
        """A subscription to where a consumer delivers."""
        sids = [wire.sub(op["subject"], op.get("queue", "")) for wire in self.wires]
        self.subscriptions.setdefault(op["subject"], []).append(sids)
        self.settle(op)

    def op_unsub(self, op):
        """The end of all subscriptions to a subject."""
        for sids in self.subscriptions.pop(op["subject"], []):
            for wire, sid in zip(self.wires, sids):
                wire.unsub(sid)
        self.settle(op)

    def op_wait(self, op):
        """Some time passes."""
        end = time.monotonic() + op["seconds"]
        while time.monotonic() < end:
            for wire in self.wires:
                wire.read(0.02)
        self.settle(op, patience=LONG_PATIENCE)

    def op_restart(self, op):
        """Both servers stop and start."""
        self.settle(op)
        self.close()
        self.pair.restart()
        self.connect()
        self.memory.restarted = True
        self.subscriptions = {}
        self.flow, self.pins, self.left = [], [], [[], []]
        self.settle(op, patience=LONG_PATIENCE)

    def op_http(self, op):
        """What the monitoring ports say."""
        path = op["path"].replace("ACCOUNT", self.account)
        for pause in self.pauses + (None,):
            texts = [self.known_only(masked(text, names)) for text, names in zip(self.pair.http(path), self.names)]
            values = [known.parsed(text[4:]) for text in texts]
            if all(value is not None for value in values):
                values = [known.monitored(value) for value in values]
                if path.startswith("/jsz"):
                    values = [{key: member for key, member in value.items() if key not in known.SUMS} for value in values]
            else:
                values = texts
            if texts[0][:3] == texts[1][:3] and values[0] == values[1]:
                return
            if pause:
                time.sleep(pause)
        lines = json_paths(*values) if texts[0][:3] == texts[1][:3] else texts
        kinds = sorted({without_numbers(line.split(":")[0]) for line in lines})
        raise Difference("http %s: %s" % (op["path"], "; ".join(kinds)), lines)

    # -- comparing --------------------------------------------------------------------------------------

    def key(self, message, i):
        """A message as it is compared."""
        parts = [masked(part, self.names[i]) for part in message]
        if self.memory.inexact:
            parts[2] = re.sub(r"^(\$JS\.ACK\..*\.)\d+$", r"\1PENDING", parts[2])
            parts[4] = self.known_only(parts[4])
        return tuple(parts)

    def known_only(self, text):
        """An answer without the numbers that the reference only guesses."""
        return re.sub(r'("num_pending\\*": ?)\d+', r"\g<1>777", text) if self.memory.inexact else text

    def settle(self, op, inbox="", patience=None):
        """Waits until both have said the same; raises a Difference if they do not within `patience`.

        What one of them sends later than the other is matched in a later step."""
        patience = patience or self.patience
        start = time.monotonic()
        quiet = 0
        answered = not inbox
        delivered = [[], []]
        while quiet < 2:
            before = time.monotonic()
            for wire in self.wires:
                wire.flush()
            if time.monotonic() - before > STOPPED:
                start += time.monotonic() - before
            for i, wire in enumerate(self.wires):
                for message in wire.inbox:
                    answered |= message.subject == inbox
                    self.learn_name(op, message, i)
                    if message.reply.startswith("$JS.ACK."):
                        delivered[i].append(message)
                    quiet = 0
                self.left[i] += wire.inbox
                wire.inbox = []
            self.match()
            spent = time.monotonic() - start
            if self.left[0] or self.left[1]:
                if spent > patience:
                    self.differ(op)
                    break
            elif answered or spent > SILENCE:
                quiet += 1
            time.sleep(0.002 if spent < 0.05 else 0.01)
        self.compare_order(delivered)

    def compare_order(self, delivered):
        """Each consumer delivers in one order."""
        def source(key):
            return (key[0], *key[2].split(".")[2:4])
        keys = [[self.key(message, i) for message in delivered[i]] for i in (0, 1)]
        for one in {source(key) for key in keys[0]}:
            orders = [[key for key in side if source(key) == one] for side in keys]
            if orders[0] != orders[1]:
                raise Difference("order of deliveries", ["   peer %s" % (orders[0],), "   mine %s" % (orders[1],)])

    def learn_name(self, op, message, i):
        """Keeps the name that a server has given to a consumer."""
        found = re.match(r'\{"type":"io.nats.jetstream.api.v1.consumer_create_response","stream_name":"[^"]*","name":"(\w{8})","created"',
                         message.data)
        if not found or op["op"] != "api" or not re.fullmatch(r"CONSUMER\.CREATE\.[^.]+", op["subject"]):
            return
        body = op.get("body")
        config = body.get("config") if isinstance(body, dict) else None
        if not (isinstance(config, dict) and config.get("name")):
            self.names[i].setdefault(found.group(1), "{e%d}" % len(self.names[i]))

    def match(self):
        """Takes out of `left` what both have sent."""
        others = [self.key(message, 1) for message in self.left[1]]
        only_peer = []
        for message in self.left[0]:
            key = self.key(message, 0)
            if key in others:
                at = others.index(key)
                del others[at]
                self.matched(message, self.left[1].pop(at))
            else:
                only_peer.append(message)
        self.left[0] = only_peer

    def matched(self, *both):
        """Keeps what later operations refer to."""
        if both[0].reply.startswith("$JS.ACK."):
            self.acks.append([message.reply for message in both])
        if both[0].reply.startswith("$JS.FC."):
            self.flow.append([message.reply for message in both])
        pins = [re.search(r"Nats-Pin-Id: (\w+)", message.headers) for message in both]
        if all(pins):
            self.pins.append([pin.group(1) for pin in pins])

    def differ(self, op):
        """Raises what `left` amounts to, unless it is nothing."""
        sides = [[self.key(message, i) for message in self.left[i]] for i in (0, 1)]
        # Audits repeat answers.
        told = [[key for key in side if "ADVISORY.API" not in key[1]] for side in sides]
        if told[0] or told[1]:
            sides = told
        explained = known.explain(op, *sides, self)
        if explained is None:
            signature, detail = describe(*sides)
            where = op["op"]
            if where == "api":
                where += " " + ".".join(op["subject"].split(".")[:2])
            raise Difference("%s: %s" % (where, signature), detail)
        reason, same_state = explained
        if not same_state:
            raise Known(reason)
        self.left = [[], []]


def play(pair, scenario, hurry=False):
    """Runs a scenario: None, a Known or a Difference."""
    session = Session(pair, scenario["account"], hurry)
    try:
        for step, op in enumerate(scenario["ops"]):
            try:
                session.run(op)
            except Known as reason:
                return reason
            except Difference as found:
                found.step = step
                return found
            except EOFError as error:
                found = Difference("connection: %s" % error, pair.logs())
                found.step = step
                pair.anew()
                return found
    finally:
        session.close()
    return None
