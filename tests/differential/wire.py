"""A connection that never blocks: bytes out, messages in."""

import json
import select
import socket
import time

from collections import namedtuple

Message = namedtuple("Message", "sub subject reply headers data")


class Wire:
    """One client connection. `sub` of a message is the subject of the subscription that it came by."""

    def __init__(self, port, user):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.inbox = []
        self.errors = []
        self.pongs = self.pings = 0
        self.subs = {}
        self.next_sid = 0
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "lang": "diff", "version": "1",
                   "protocol": 1, "name": "diff", "user": user, "pass": "p"}
        self.send("CONNECT %s\r\n" % json.dumps(options))
        self.flush()

    def send(self, text):
        self.socket.sendall(text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text)

    def sub(self, subject, queue=""):
        self.next_sid += 1
        self.subs[str(self.next_sid)] = subject
        self.send("SUB %s %s %d\r\n" % (subject, queue, self.next_sid))
        return self.next_sid

    def unsub(self, sid):
        self.send("UNSUB %d\r\n" % sid)

    def pub(self, subject, data, reply="", headers=""):
        data, headers = (x.encode("utf-8", "surrogateescape") for x in (data, headers))
        if headers:
            head = "HPUB %s %s %d %d\r\n" % (subject, reply, len(headers), len(headers) + len(data))
        else:
            head = "PUB %s %s %d\r\n" % (subject, reply, len(data))
        self.send(head.encode() + headers + data + b"\r\n")

    def flush(self, patience=900):
        """PING and wait for its PONG."""
        self.pings += 1
        want = self.pings
        self.send("PING\r\n")
        end = time.monotonic() + patience
        while self.pongs < want:
            if time.monotonic() > end:
                raise EOFError("no PONG from port %s" % (self.socket.getpeername(),))
            self.read(0.5)

    def read(self, seconds):
        """Takes in what is there, waiting at most `seconds` for the first byte."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return
        got = self.socket.recv(1 << 18)
        if not got:
            raise EOFError("closed: %r" % self.errors)
        self.buffer += got
        while self.take():
            pass

    def take(self):
        line, found, rest = self.buffer.partition(b"\r\n")
        if not found:
            return False
        words = line.split(b" ")
        kind = words[0]
        if kind in (b"MSG", b"HMSG"):
            size = int(words[-1])
            if len(rest) < size + 2:
                return False
            head = int(words[-2]) if kind == b"HMSG" else 0
            reply = words[3].decode() if len(words) == (6 if head else 5) else ""
            body = rest[:size]
            text = lambda b: b.decode("utf-8", "surrogateescape")
            self.inbox.append(Message(self.subs.get(words[2].decode(), "?"), text(words[1]), reply,
                                      text(body[:head]), text(body[head:])))
            rest = rest[size + 2:]
        elif kind == b"PING":
            self.send("PONG\r\n")
        elif kind == b"PONG":
            self.pongs += 1
        elif kind == b"-ERR":
            self.errors.append(line.decode())
            self.inbox.append(Message("-ERR", line.decode(), "", "", ""))
        self.buffer = rest
        return True

    def close(self):
        self.socket.close()
