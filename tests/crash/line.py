"""A connection that works with callbacks: many requests under way, none waited for."""

import itertools
import json
import select
import time

from lib.check import Failure
from lib.client import Client
from lib.jetstream import status

_NUMBERS = itertools.count(1)


class Closed(Exception):
    """The server is gone."""


class Line:
    """What is sent is collected until `flush` or `pump`. Handlers get a frame."""

    def __init__(self, server):
        self.client = Client(server.host, server.port)
        self.client.connect(headers=True, no_responders=True)
        self.inbox = "_INBOX.crash%d" % next(_NUMBERS)
        self.requests = itertools.count(1)
        self.sids = itertools.count(1)
        self.handlers = {}
        self.subscriptions = {}
        self.out = bytearray(b"SUB %s.* r\r\n" % self.inbox.encode())

    def subscribe(self, handler):
        """A new inbox whose messages go to the handler: (subject, sid)."""
        sid = "s%d" % next(self.sids)
        subject = "%s.sub.%s" % (self.inbox, sid)
        self.subscriptions[sid.encode()] = handler
        self.out += b"SUB %s %s\r\n" % (subject.encode(), sid.encode())
        return subject

    def send(self, subject, payload=b"", headers=None, reply=""):
        """A publish."""
        words = [subject] + ([reply] if reply else [])
        if headers:
            head = "HPUB %s %d %d\r\n" % (" ".join(words), len(headers), len(headers) + len(payload))
            self.out += b"".join((head.encode(), headers, payload, b"\r\n"))
        else:
            self.out += b"".join((("PUB %s %d\r\n" % (" ".join(words), len(payload))).encode(), payload, b"\r\n"))

    def ask(self, subject, payload, handler, headers=None, many=False):
        """A request; the handler gets the reply (with `many` all of them, until it is taken out)."""
        number = b"%d" % next(self.requests)
        self.handlers[number] = (handler, many)
        self.send(subject, payload, headers, "%s.%s" % (self.inbox, number.decode()))

    def flush(self):
        out, self.out = self.out, bytearray()
        if out:
            try:
                self.client.send(out)
            except OSError:
                raise Closed from None

    def pump(self, wait=0.0):
        """Sends, and handles what is there; waits so many seconds for the first frame. Whether there was one."""
        self.flush()
        if not self.client.buffer and not select.select([self.client.socket], [], [], wait)[0]:
            return False
        while True:
            try:
                frame = self.client._frame(time.monotonic() + 0.001)
            except TimeoutError:
                return True
            except Failure:
                raise Closed from None
            if frame is None or frame.kind == "?":
                raise Closed
            self.take(frame)
            if not self.client.buffer:
                return True

    def take(self, frame):
        if frame.kind == "PING":
            self.out += b"PONG\r\n"
        elif frame.kind == "-ERR":
            raise Closed
        elif frame.kind in ("MSG", "HMSG"):
            if frame.sid == b"r":
                number = frame.subject.rsplit(b".", 1)[1]
                handler, many = self.handlers[number]
                if not many:
                    del self.handlers[number]
                handler(frame)
            else:
                self.subscriptions[frame.sid](frame)

    def api(self, name, body=None, timeout=20.0):
        """An API request and its reply as JSON."""
        got = []
        self.ask("$JS.API." + name, json.dumps(body).encode() if body is not None else b"", got.append)
        self.wait(lambda: got, "reply to " + name, timeout)
        if status(got[0]):
            raise Failure("%s: status %r" % (name, status(got[0])))
        return json.loads(got[0].payload)

    def ok(self, name, body=None):
        """`api` that must succeed."""
        reply = self.api(name, body)
        if "error" in reply:
            raise Failure("%s %r: %r" % (name, body, reply["error"]))
        return reply

    def wait(self, condition, what, timeout=20.0):
        """Pumps until the condition holds."""
        deadline = time.monotonic() + timeout
        try:
            while not condition():
                if time.monotonic() > deadline:
                    raise Failure("not within %.0f s: %s" % (timeout, what() if callable(what) else what))
                self.pump(0.02)
        except Closed:
            raise Failure("connection closed by the server, waiting for: %s" % (what() if callable(what) else what)) from None

    def close(self):
        self.client.close()
