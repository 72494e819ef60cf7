"""A raw connection that sends and counts as fast as Python can: no frame is looked at but the ones asked for."""

import itertools
import json
import os
import select
import socket
import time

# Bytes read at a time.
CHUNK = 1 << 18

_NUMBERS = itertools.count(1)


class Failed(Exception):
    """Something did not come as it must."""


class Wire:
    """`pull`/`ask` read frames one by one; `count` only counts them."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.requests = 0
        # Markers that `count` has seen and that nobody has asked for.
        self.surplus = 0
        self.prefix = b"_INBOX.%d_%d." % (os.getpid(), next(_NUMBERS))
        self._line()
        self.send(b'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n'
                  b'SUB %s> w\r\nPING\r\n' % self.prefix)
        while self._line() != b"PONG":
            pass

    def send(self, data):
        self.socket.sendall(data)

    def close(self):
        self.socket.close()

    def _more(self, wait=30.0):
        if not select.select([self.socket], [], [], wait)[0]:
            raise Failed("nothing came within %.0f s" % wait)
        data = self.socket.recv(CHUNK)
        if not data:
            raise Failed("connection closed: %r" % self.buffer[-200:])
        self.buffer += data

    def _line(self, wait=30.0):
        while b"\r\n" not in self.buffer:
            self._more(wait)
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def frame(self, wait=30.0):
        """(subject, reply, header, payload) of the next message."""
        while True:
            line = self._line(wait)
            words = line.split(b" ")
            if words[0] == b"PING":
                self.send(b"PONG\r\n")
            elif words[0] in (b"MSG", b"HMSG"):
                head = int(words[-2]) if words[0] == b"HMSG" else 0
                size = int(words[-1])
                while len(self.buffer) < size + 2:
                    self._more(wait)
                body, self.buffer = self.buffer[:size], self.buffer[size + 2:]
                extra = 4 + (words[0] == b"HMSG")
                return words[1], words[3] if len(words) > extra else b"", body[:head], body[head:]
            elif words[0] == b"-ERR":
                raise Failed(line.decode())

    def inbox(self):
        self.requests += 1
        return b"%s%d" % (self.prefix, self.requests)

    def ask(self, subject, payload=b"", wait=60.0):
        """A request; header and payload of the reply."""
        inbox = self.inbox()
        self.send(b"PUB %s %s %d\r\n%s\r\n" % (subject.encode(), inbox, len(payload), payload))
        while True:
            subject_, _, header, body = self.frame(wait)
            if subject_ == inbox:
                return header, body

    def api(self, name, body=None, wait=60.0):
        """A request of the API that must succeed; its reply."""
        header, reply = self.ask("$JS.API." + name, json.dumps(body).encode() if body is not None else b"", wait)
        if header:
            raise Failed("%s: %r" % (name, header))
        reply = json.loads(reply)
        if "error" in reply:
            raise Failed("%s: %r" % (name, reply["error"]))
        return reply

    def window(self, requests, window=200, check=None):
        """Sends pieces of `requests` ((subject, payload)), so many unanswered at a time; `check(payload)` of each reply.
        How many."""
        waiting = done = 0
        out = bytearray()
        for subject, payload in requests:
            out += b"PUB %s %sx %d\r\n%s\r\n" % (subject, self.prefix, len(payload), payload)
            waiting += 1
            done += 1
            if waiting >= window:
                self.send(out)
                out.clear()
                while waiting > window // 2:
                    waiting -= self._answered(check)
        self.send(out)
        while waiting:
            waiting -= self._answered(check)
        return done

    def paced(self, subject, payload, pace, seconds):
        """Publishes at most `pace` messages a second, whatever is answered: (answers a second, sorted times of the
        answers). A time counts from when the message was due, so that a server that holds up the next ones does not
        look better for it."""
        reply = self.prefix + b"p"
        message = b"PUB %s %s %d\r\n%s\r\n" % (subject, reply, len(payload), payload)
        marker = b"MSG %s " % reply
        times, sent, last, rest = [], 0, 0.0, self.buffer
        began = time.monotonic()
        total = int(pace * seconds)
        while len(times) < total:
            due = min(total, int((time.monotonic() - began) * pace)) - sent
            if due > 0:
                self.send(message * due)
                sent += due
            if not select.select([self.socket], [], [], 0.0005)[0]:
                if time.monotonic() - began > seconds + 30:
                    raise Failed("%d of %d publishes were answered" % (len(times), total))
                continue
            data = self.socket.recv(CHUNK)
            if not data:
                raise Failed("connection closed")
            last = time.monotonic()
            piece = rest + data
            if b'"error"' in piece or b"NATS/1.0 " in piece:
                raise Failed("publish: %r" % piece[-300:])
            for _ in range(piece.count(marker)):
                times.append(last - began - len(times) / pace)
            if b"PING\r\n" in piece:
                self.send(b"PONG\r\n")
            rest = piece[-len(marker) + 1:]
        self.buffer = b""
        return total / (last - began), sorted(times)

    def _answered(self, check):
        subject, _, _, payload = self.frame()
        if subject != self.prefix + b"x":
            return 0
        if check:
            check(payload)
        return 1

    def load(self, subjects, count, payload, window=20000, piece=500):
        """Publishes `count` messages, on `subjects(number)`, with a payload each; every `piece`-th asks for its answer, and
        no more than `window` are ahead of the last one that was answered."""
        ahead = number = 0
        tail = b" %d\r\n%s\r\n" % (len(payload), payload)
        asking = b" " + self.prefix + b"x" + tail
        last = None
        while number < count or ahead:
            if number < count and ahead * piece < window:
                end = min(number + piece, count)
                lines = [b"PUB " + subject + tail for subject in subjects(number, end)]
                lines[-1] = lines[-1][:-len(tail)] + asking
                self.send(b"".join(lines))
                number = end
                ahead += 1
                if self.buffer or select.select([self.socket], [], [], 0)[0]:
                    last = self._ack()
                    ahead -= 1
            else:
                last = self._ack()
                ahead -= 1
        return last

    def _ack(self):
        while True:
            subject, _, _, payload = self.frame()
            if subject == self.prefix + b"x":
                reply = json.loads(payload)
                if "error" in reply:
                    raise Failed("publish: %r" % reply["error"])
                return reply["seq"]

    def count(self, marker, wanted, wait=60.0):
        """Reads until `marker` has come `wanted` times more; what came too much counts for the next time."""
        seen, rest = self.surplus + self.buffer.count(marker), self.buffer
        while seen < wanted:
            if not select.select([self.socket], [], [], wait)[0]:
                raise Failed("%d of %d came within %.0f s" % (seen, wanted, wait))
            data = self.socket.recv(CHUNK)
            if not data:
                raise Failed("connection closed")
            # Of what is kept nothing is counted twice: it is shorter than the marker.
            piece = rest[-len(marker) + 1:] + data
            seen += piece.count(marker)
            rest = piece[-len(marker) + 1:]
            if b"PING\r\n" in piece:
                self.send(b"PONG\r\n")
        self.surplus, self.buffer = seen - wanted, rest[-len(marker) + 1:]
        return wanted
