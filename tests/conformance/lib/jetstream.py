"""JetStream over a connection: API requests checked against their schemas, publishing with acknowledgement, consumers.

`js = jetstream(ctx)` gives a `JetStream` on a server of its own.
"""

import base64
import calendar
import collections
import itertools
import json
import os
import re
import shutil
import time

from .check import PATIENCE, Failure, eq, wait_until
from .client import headers_of
from .registry import test
from .schema import validate

__all__ = ["ADVISORY", "API", "Ack", "GUARD", "JetStream", "MS", "SECOND", "STORE", "Subscription", "TYPE", "ZERO_TIME", "block",
           "cases", "check_error", "decode", "header", "jetstream", "nanos", "pairs", "parse_ack", "record_size", "rfc3339",
           "status", "validate"]

API = "$JS.API"
TYPE = "io.nats.jetstream.api.v1."
ADVISORY = "$JS.EVENT.ADVISORY"
GUARD = "GUARD_"
ZERO_TIME = "0001-01-01T00:00:00Z"

MS = 1_000_000
SECOND = 1_000_000_000

# The store lies in the directory of the server, which goes away with it.
STORE = 'jetstream { store_dir: "js", max_mem: 256MB, max_file: 2GB }\n'

_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{0,8}[1-9]))?Z$")
_NUMBERS = itertools.count(1)

Ack = collections.namedtuple("Ack", "stream consumer delivered stream_seq consumer_seq timestamp pending domain account")
Ack.__doc__ = """Fields of a `$JS.ACK` reply subject; `domain` and `account` (hash) are None in the short form."""


def jetstream(ctx, config="", server=None, guard=True, options=None, **connect):
    """A `JetStream` for a test: on a server of its own with this configuration (`STORE` is put in front unless it has
    a `jetstream` block), or on `server`. `options`: of `ctx.start`. `connect`: of CONNECT.

    On a new server a stream `GUARD` is made unless `guard` is off: the reference server may lose its way when the
    last stream of an account is deleted and another one is created right behind it."""
    fresh = server is None
    if fresh:
        server = ctx.start(config if re.search(r"^\s*jetstream\b", config, re.M) else STORE + config, **(options or {}))

    def connect_to():
        return ctx.client(server, headers=True, no_responders=True, **connect)

    js = JetStream(connect_to(), server)
    js.connect = connect_to
    if fresh and guard:
        js.create(GUARD, "guard.of.the.account")
    return js


def cases(sheet):
    """The decorator `case(item, *needs, **options)` for tests of a sheet, all of which need "jetstream"."""
    def case(item, *needs, **options):
        return test(sheet, item, needs=("jetstream",) + needs, **options)
    return case


def block(headers):
    """A header block of a dict or of (name, value) pairs; bytes and None pass unchanged. `block({})` is None."""
    if headers is None or isinstance(headers, bytes):
        return headers
    if isinstance(headers, str):
        return headers.encode()
    pairs = list(headers.items() if isinstance(headers, dict) else headers)
    if not pairs:
        return None
    return ("NATS/1.0\r\n" + "".join("%s: %s\r\n" % pair for pair in pairs) + "\r\n").encode()


def status(frame):
    """The status line of a message after `NATS/1.0 ` as text, "" without one."""
    return headers_of(frame.headers)[0].decode() if frame.headers else ""


def pairs(frame):
    """The headers of a message as [(name, value)]."""
    return headers_of(frame.headers)[1] if frame.headers else []


def header(frame, name):
    """The first value of a header, None without it."""
    return next((value for key, value in pairs(frame) if key == name), None)


def nanos(text):
    """Unix nanoseconds of a time as servers write it (UTC, no trailing zeros in the fraction)."""
    found = _TIME.match(text)
    if not found:
        raise Failure("not written as a time in UTC without trailing zeros: %r" % text)
    seconds = calendar.timegm(time.strptime(found.group(1), "%Y-%m-%dT%H:%M:%S"))
    return seconds * SECOND + int((found.group(2) or "").ljust(9, "0"))


def rfc3339(moment):
    """Text of a time in Unix nanoseconds."""
    fraction = ("%09d" % (moment % SECOND)).rstrip("0")
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment // SECOND)) + ("." + fraction if fraction else "") + "Z"


def parse_ack(reply):
    """The fields of a `$JS.ACK` reply subject (both forms)."""
    text = reply.decode() if isinstance(reply, bytes) else reply
    tokens = (text or "").split(".")
    if tokens[:2] != ["$JS", "ACK"] or len(tokens) != 9 and len(tokens) < 11:
        raise Failure("no ack subject: %r" % text)
    domain = account = None
    if len(tokens) != 9:
        domain, account = tokens[2], tokens[3]
        tokens[2:4] = []
    return Ack(tokens[2], tokens[3], *map(int, tokens[4:9]), domain, account)


def record_size(storage, subject, payload, headers=None):
    """What a stored message counts in `bytes` (jetstream-streams.md 4.3)."""
    sizes = len(subject.encode()) + len(headers or b"") + len(payload)
    return sizes + (16 if storage == "memory" else 34 if headers else 30)


def decode(data):
    """JSON of a server as Python values; a member that occurs twice is a failure."""
    def members(found):
        names = [name for name, _ in found]
        if len(set(names)) != len(names):
            raise Failure("a member occurs twice: %r" % names)
        return dict(found)
    try:
        return json.loads(data, object_pairs_hook=members)
    except ValueError as error:
        raise Failure("no JSON (%s): %r" % (error, data[:500])) from None


def check_error(error, err_code, code=None, text=None):
    """Fails unless an `error` object has these numbers and exactly this description."""
    if not error:
        raise Failure("expected error %s, got success" % err_code)
    want = (err_code, code if code is not None else error.get("code"), text if text is not None else error.get("description"))
    eq((error.get("err_code"), error.get("code"), error.get("description")), want, "error")
    return error


class Subscription:
    """Messages of one subscription, in order."""

    def __init__(self, js, subject, queue, sid):
        self.js = js
        self.subject = subject
        self.sid = sid
        js.queues[sid] = collections.deque()
        js.client.sub(subject, sid, queue)

    def next(self, timeout=None):
        """The next message; fails when none comes."""
        return self.js.next_of(self.sid, timeout, "message on %s" % self.subject)

    def try_next(self, timeout=0.0):
        """The next message, or None when none comes in time."""
        return self.js.next_of(self.sid, timeout)

    def take(self, count, timeout=None):
        """That many messages."""
        return [self.next(timeout) for _ in range(count)]

    def next_json(self, timeout=None):
        """The next message as JSON; checked against its schema when it has a `type`."""
        value = decode(self.next(timeout).payload)
        return validate(value) if isinstance(value, dict) and "type" in value else value

    def waiting(self):
        """The messages that have arrived and were not taken, after a round trip."""
        self.js.flush()
        return list(self.js.queues[self.sid])

    def expect_none(self):
        """Nothing has arrived, as a round trip shows."""
        self.js.flush()
        got = self.js.queues[self.sid]
        if got:
            raise Failure("expected nothing on %s, got %r" % (self.subject, list(got)[:3]))

    def unsubscribe(self):
        """Ends the subscription; what has arrived stays."""
        self.js.client.unsub(self.sid)


class JetStream:
    """JetStream requests on one connection. Replies and subscriptions do not disturb each other.

    `client`: the connection (see `Client`); its `frame()` and expectations must not be used beside this.
    `api`: the prefix of API subjects.
    """

    def __init__(self, client, server=None, api=API):
        self.client = client
        self.server = server
        self.api = api
        self.queues = {}
        self.pongs = 0
        self.errors = []
        self.inbox = "_INBOX.%d%s" % (next(_NUMBERS), base64.b32encode(os.urandom(5)).decode())
        self._requests = 0
        self._replies = {}
        self._sid = 0
        client.sub(self.inbox + ".*", "r")
        self.flush()

    # -- frames -----------------------------------------------------------------------------------------

    def _pump(self, deadline):
        """Sorts one frame in; False at the deadline."""
        left = deadline - time.monotonic()
        try:
            frame = self.client._frame(max(deadline, time.monotonic() + 0.001) if left <= 0 else deadline)
        except TimeoutError:
            return False
        if frame is None:
            raise Failure("connection closed by the server (%r)" % self.errors)
        if frame.kind == "PING":
            self.client.try_send("PONG\r\n")
        elif frame.kind == "PONG":
            self.pongs += 1
        elif frame.kind == "-ERR":
            self.errors.append(frame.text)
        elif frame.kind in ("MSG", "HMSG") and not _about_guard(frame):
            sid = frame.sid.decode()
            if sid == "r":
                self._replies.setdefault(frame.subject.decode(), collections.deque()).append(frame)
            else:
                self.queues[sid].append(frame)
        return True

    def next_of(self, sid, timeout=None, what=None):
        """The next message of a subscription. Without `what` None instead of a failure."""
        limit = PATIENCE if timeout is None else timeout
        deadline = time.monotonic() + limit
        while not self.queues[sid]:
            if not self._pump(deadline):
                if what is None:
                    return None
                raise Failure("no %s within %.1f s (errors: %r)" % (what, limit, self.errors))
        return self.queues[sid].popleft()

    def flush(self, timeout=PATIENCE):
        """A PING/PONG round trip: everything that the server sent until now is sorted in."""
        want = self.pongs + 1
        self.client.send("PING\r\n")
        deadline = time.monotonic() + timeout
        while self.pongs < want:
            if not self._pump(deadline):
                raise Failure("no PONG within %.1f s" % timeout)

    def subscribe(self, subject, queue=None, flush=True):
        """A `Subscription`, known to the server when this returns (unless `flush` is off)."""
        self._sid += 1
        subscription = Subscription(self, subject, queue, "s%d" % self._sid)
        if flush:
            self.flush()
        return subscription

    def new_inbox(self):
        """A subject for replies that nothing else uses; `reply_to` reads what comes to it under that very subject
        (answers of the API, not deliveries of consumers, which keep the subject of their message)."""
        self._requests += 1
        return "%s.%d" % (self.inbox, self._requests)

    def reply_to(self, inbox, timeout=None):
        """The next message on a `new_inbox` subject; None when none comes within `timeout` (default: a failure)."""
        deadline = time.monotonic() + (PATIENCE if timeout is None else timeout)
        while not self._replies.get(inbox):
            if not self._pump(deadline):
                if timeout is not None:
                    return None
                raise Failure("no reply within %.1f s (errors: %r)" % (PATIENCE, self.errors))
        return self._replies[inbox].popleft()

    def send(self, subject, payload=b"", reply=None, headers=None):
        """A plain publish. `payload`: bytes, text, or JSON values. `headers`: see `block`."""
        if not isinstance(payload, (bytes, bytearray, str)):
            payload = json.dumps(payload)
        self.client.pub(subject, payload, reply=reply, headers=block(headers))

    def ask(self, subject, payload=b"", headers=None, timeout=None):
        """One request to any subject; the reply as a frame. None when `timeout` is given and passes."""
        inbox = self.new_inbox()
        self.send(subject, payload, inbox, headers)
        return self.reply_to(inbox, timeout)

    # -- API --------------------------------------------------------------------------------------------

    def request(self, name, body=b"", headers=None, timeout=None, kind=None):
        """One API request (`name` without the prefix); the reply as JSON, checked against the schema of its
        `type`, whether success or error. `kind`: the expected type without its prefix."""
        frame = self.ask("%s.%s" % (self.api, name), body, headers, timeout)
        if frame is None:
            raise Failure("no reply to %s within %.1f s" % (name, timeout))
        if status(frame):
            raise Failure("%s: status %r instead of a reply" % (name, status(frame)))
        reply = decode(frame.payload)
        validate(reply)
        if kind:
            eq(reply["type"], TYPE + kind, "type of the reply to %s" % name)
        return reply

    def ok(self, name, body=b"", headers=None, timeout=None, kind=None):
        """`request` that must succeed."""
        reply = self.request(name, body, headers, timeout, kind)
        if "error" in reply:
            raise Failure("%s %s: %r" % (name, str(body)[:300], reply["error"]))
        return reply

    def err(self, name, body, err_code, code=None, text=None, headers=None, kind=None):
        """`request` that must fail with these numbers and exactly this description; returns the whole reply."""
        reply = self.request(name, body, headers, kind=kind)
        try:
            check_error(reply.get("error"), err_code, code, text)
        except Failure as failure:
            raise Failure("%s %s: %s" % (name, str(body)[:300], failure)) from None
        return reply

    def silent(self, subject, payload=b"", headers=None, rounds=3):
        """A request to `subject` (with the prefix) gets no answer: later requests have theirs, and it has none."""
        inbox = self.new_inbox()
        self.send(subject, payload, inbox, headers)
        for _ in range(rounds):
            self.ask(self.api + ".INFO")
            self.ask(self.api + ".STREAM.CREATE.none")
        self.flush()
        if self._replies.get(inbox):
            raise Failure("expected no answer on %s, got %r" % (subject, self._replies[inbox][0]))

    def clear(self):
        """Deletes all streams of the account but the guard."""
        while True:
            names = [name for name in self.ok("STREAM.NAMES")["streams"] or () if name != GUARD]
            if not names:
                return
            for name in names:
                self.delete(name)

    def anew(self, guard=True):
        """Goes on with an empty store (on the same server, started again) and a new connection. Used where a test
        would make a stream of a deleted name: the reference server may bring old data back then."""
        self.server.kill()
        shutil.rmtree(self.server.path("js"), ignore_errors=True)
        self.server.start()
        self.reconnect()
        if guard:
            self.create(GUARD, "guard.of.the.account")

    def reconnect(self):
        """A new connection, after a restart of the server."""
        self.client.close()
        self.__init__(self.connect(), self.server, self.api)

    def restart(self, kill=False):
        """Stops (or kills) the server, starts it again, and connects again."""
        if kill:
            self.server.kill()
        else:
            eq(self.server.stop(), 0, "exit code")
        self.server.start()
        self.reconnect()

    # -- streams ----------------------------------------------------------------------------------------

    def create(self, name, subjects=None, headers=None, **config):
        """Creates a stream; the reply."""
        return self.ok("STREAM.CREATE." + name, _config(name, subjects, config), headers, kind="stream_create_response")

    def create_err(self, name, err_code, code=None, text=None, subjects=None, headers=None, **config):
        """A create that must fail."""
        return self.err("STREAM.CREATE." + name, _config(name, subjects, config), err_code, code, text, headers,
                        kind="stream_create_response")

    def update(self, name, subjects=None, **config):
        """Updates a stream (the whole configuration); the reply."""
        return self.ok("STREAM.UPDATE." + name, _config(name, subjects, config), kind="stream_update_response")

    def update_err(self, name, err_code, code=None, text=None, subjects=None, **config):
        """An update that must fail."""
        return self.err("STREAM.UPDATE." + name, _config(name, subjects, config), err_code, code, text,
                        kind="stream_update_response")

    def delete(self, name):
        """Deletes a stream."""
        eq(self.ok("STREAM.DELETE." + name, kind="stream_delete_response")["success"], True, "success")

    def info(self, name, **body):
        """Stream info."""
        return self.ok("STREAM.INFO." + name, body or b"", kind="stream_info_response")

    def state(self, name, **body):
        """The `state` of stream info."""
        return self.info(name, **body)["state"]

    def wait_state(self, name, timeout=PATIENCE, **fields):
        """Waits until the state has these values; returns it."""
        last = {}

        def fits():
            last.clear()
            last.update(self.state(name))
            return all(last.get(key) == value for key, value in fields.items())
        wait_until(fits, lambda: "state %r of %s, it is %r" % (fields, name, last), timeout)
        return last

    def purge(self, name, **body):
        """Purges; the number of purged messages."""
        reply = self.ok("STREAM.PURGE." + name, body or b"", kind="stream_purge_response")
        eq(reply["success"], True, "success")
        return reply["purged"]

    def get(self, name, **body):
        """The `message` of STREAM.MSG.GET, with `hdrs` and `data` decoded (b"" when absent)."""
        message = self.ok("STREAM.MSG.GET." + name, body, kind="stream_msg_get_response")["message"]
        for field in ("hdrs", "data"):
            message[field] = base64.b64decode(message.get(field, ""), validate=True)
        return message

    def no_message(self, name, **body):
        """STREAM.MSG.GET finds nothing."""
        self.err("STREAM.MSG.GET." + name, body, 10037, 404, "no message found", kind="stream_msg_get_response")

    def delete_msg(self, name, seq, **body):
        """Deletes a message."""
        eq(self.ok("STREAM.MSG.DELETE." + name, dict(body, seq=seq), kind="stream_msg_delete_response")["success"], True, "success")

    def seqs(self, name):
        """The sequences that a stream has."""
        state = self.state(name, deleted_details=True)
        gone = set(state.get("deleted") or ())
        return [seq for seq in range(state["first_seq"], state["last_seq"] + 1) if seq not in gone] if state["messages"] else []

    def direct(self, name, body=b"", subject=None, headers=None):
        """Direct get: the messages as frames. A batch or multi reply ends with its status frame."""
        inbox = self.new_inbox()
        target = "%s.DIRECT.GET.%s" % (self.api, name) + ("." + subject if subject else "")
        self.send(target, body, inbox, headers)
        many = isinstance(body, dict) and (body.get("batch") or body.get("multi_last"))
        frames = [self.reply_to(inbox)]
        while many and not status(frames[-1]):
            frames.append(self.reply_to(inbox))
        return frames

    # -- publishing -------------------------------------------------------------------------------------

    def publish(self, subject, payload=b"", headers=None, timeout=None):
        """Publishes with a reply subject; the answer as a frame."""
        return self.ask(subject, payload, headers, timeout)

    def pub(self, subject, payload=b"", headers=None):
        """Publishes; the successful answer as JSON."""
        ack = self._answer(subject, payload, headers)
        if "error" in ack:
            raise Failure("publish to %s: %r" % (subject, ack["error"]))
        return ack

    def pub_err(self, subject, payload=b"", headers=None, err_code=None, code=None, text=None):
        """A publish that must be refused; the answer as JSON."""
        ack = self._answer(subject, payload, headers)
        check_error(ack.get("error"), err_code, code, text)
        return ack

    def pub_many(self, subjects, payload=b"", headers=None):
        """One message to each of the subjects, then all answers (as JSON, in order)."""
        inboxes = []
        for subject in subjects:
            inboxes.append(self.new_inbox())
            self.send(subject, payload, inboxes[-1], headers)
        answers = [validate(decode(self.reply_to(inbox).payload), TYPE + "pub_ack_response") for inbox in inboxes]
        for answer in answers:
            if "error" in answer:
                raise Failure("publish: %r" % answer["error"])
        return answers

    def _answer(self, subject, payload, headers):
        frame = self.ask(subject, payload, headers)
        if frame.headers:
            raise Failure("publish to %s: headers %r" % (subject, frame.headers))
        return validate(decode(frame.payload), TYPE + "pub_ack_response")

    # -- consumers --------------------------------------------------------------------------------------

    def consumer(self, stream, name=None, filter=None, action=None, headers=None, durable=True, **config):
        """Creates a consumer: with a `name` the durable of that name (`durable=False`: named but ephemeral), else
        one with a name of the server. The reply."""
        subject, body = _consumer(stream, name, filter, action, durable, config)
        return self.ok(subject, body, headers, kind="consumer_create_response")

    def consumer_err(self, stream, err_code, code=None, text=None, name=None, filter=None, action=None, durable=True,
                     **config):
        """A consumer create that must fail."""
        subject, body = _consumer(stream, name, filter, action, durable, config)
        return self.err(subject, body, err_code, code, text, kind="consumer_create_response")

    def consumer_info(self, stream, name):
        """Consumer info."""
        return self.ok("CONSUMER.INFO.%s.%s" % (stream, name), kind="consumer_info_response")

    def wait_consumer(self, stream, name, timeout=PATIENCE, **fields):
        """Waits until consumer info has these values; returns it."""
        last = {}

        def fits():
            last.clear()
            last.update(self.consumer_info(stream, name))
            return all(last.get(key) == value for key, value in fields.items())
        wait_until(fits, lambda: "%r of %s, it is %r" % (fields, name, last), timeout)
        return last

    def delete_consumer(self, stream, name):
        """Deletes a consumer."""
        reply = self.ok("CONSUMER.DELETE.%s.%s" % (stream, name), kind="consumer_delete_response")
        eq(reply["success"], True, "success")

    def pull(self, stream, consumer, body=b"", headers=None):
        """Sends a pull request; the `Subscription` that its messages (under their own subjects) and statuses come to."""
        inbox = self.subscribe(self.new_inbox().replace(".", ".pull.", 1), flush=False)
        self.send("%s.CONSUMER.MSG.NEXT.%s.%s" % (self.api, stream, consumer), body, inbox.subject, headers)
        return inbox

    def fetch(self, stream, consumer, batch=1, timeout=None, **fields):
        """Pulls up to `batch` messages that are there (`no_wait`, unless `fields` has `expires` in ns or `no_wait`);
        returns the messages. The status that ends a short batch is kept in `last_status`, else that is None."""
        body = dict(fields, batch=batch)
        if "expires" not in body and "no_wait" not in body:
            body["no_wait"] = True
        inbox = self.pull(stream, consumer, body)
        messages = []
        self.last_status = None
        while len(messages) < batch:
            frame = inbox.next(timeout)
            text = status(frame)
            if not text:
                messages.append(frame)
            elif not text.startswith("100"):
                self.last_status = text
                break
        inbox.unsubscribe()
        return messages

    def pull_status(self, stream, consumer, body=b"", headers=None):
        """The status line that answers a pull request (heartbeats passed over); fails on a message."""
        inbox = self.pull(stream, consumer, body, headers)
        while True:
            frame = inbox.next()
            text = status(frame)
            if not text:
                raise Failure("expected a status, got %r" % frame)
            if not text.startswith("100"):
                inbox.unsubscribe()
                return text

    def ack(self, message, payload=b"+ACK"):
        """Acknowledges (or `-NAK`, `+TERM`, ...) a delivered message without waiting."""
        self.send(message.reply, payload)

    def ack_sync(self, message, payload=b"+ACK"):
        """Acknowledges and waits for the empty confirmation."""
        frame = self.ask(message.reply, payload)
        eq((frame.headers, frame.payload), (None, b""), "confirmation of the ack")


def _about_guard(frame):
    """True for the events of the guard's creation, which may come after the reply."""
    return (frame.subject == (ADVISORY + ".STREAM.CREATED." + GUARD).encode()
            or frame.subject == (ADVISORY + ".API").encode() and (API + ".STREAM.CREATE." + GUARD).encode() in frame.payload)


def _config(name, subjects, config):
    body = {"name": name}
    if subjects is not None:
        body["subjects"] = [subjects] if isinstance(subjects, str) else subjects
    body.update(config)
    return body


def _consumer(stream, name, filter, action, durable, config):
    config = dict(config)
    subject = "CONSUMER.CREATE." + stream
    if name is not None:
        subject += "." + name
        config.setdefault("name", name)
        if durable:
            config.setdefault("durable_name", name)
    if filter is not None:
        if name is not None:
            subject += "." + filter
        config["filter_subject"] = filter
    if "ack_policy" not in config:
        config["ack_policy"] = "explicit"
    body = {"stream_name": stream, "config": config}
    if action is not None:
        body["action"] = action
    return subject, body
