"""A client that shows every byte: a socket, a frame reader and expectations."""

import json
import select
import socket
import struct
import time

from .check import PATIENCE, Failure

RECV_SIZE = 1 << 18


class Frame:
    """One protocol operation from the server.

    `kind`: "INFO", "MSG", "HMSG", "PING", "PONG", "+OK", "-ERR" or "?" (anything else).
    `raw`: its bytes. MSG/HMSG: `subject`, `sid`, `reply` (None without), `headers` (the header block,
    None for MSG), `payload`, `sizes` (the size fields as written) - all bytes. INFO: `info` (dict).
    -ERR: `text` (str, the part inside the outer quotes).
    """

    def __init__(self, kind, raw):
        self.kind = kind
        self.raw = raw
        self.subject = self.sid = self.reply = self.headers = self.payload = self.sizes = None
        self.info = None
        self.text = None

    def __repr__(self):
        return repr(self.raw if len(self.raw) < 500 else self.raw[:500] + b"...")


def headers_of(block):
    """Header block -> (status line rest as bytes, [(name, value)])."""
    lines = block.split(b"\r\n")
    pairs = []
    for line in lines[1:]:
        if line:
            name, _, value = line.partition(b":")
            pairs.append((name.decode(), value.strip().decode("utf-8", "replace")))
    return lines[0][len(b"NATS/1.0"):].strip(), pairs


def _bytes(data):
    return data.encode() if isinstance(data, str) else bytes(data)


class Client:
    """A raw connection.

    With `read_info` the first INFO is read and kept as `info` (dict); `cid` is its `client_id`.
    `auto_pong`: PINGs of the server are answered and hidden from `frame()` and the expectations.
    `tls`: an ssl.SSLContext; the handshake follows the INFO, or comes first with `tls_first`.
    `rcvbuf`: SO_RCVBUF in bytes. `source`: local (host, port).
    """

    def __init__(self, host, port, read_info=True, auto_pong=True, tls=None, tls_first=False, rcvbuf=None,
                 timeout=PATIENCE, source=None, server_hostname="localhost"):
        self.timeout = timeout
        self.auto_pong = auto_pong
        self.buffer = bytearray()
        self.closed_by_server = False
        self.reset = False
        self.info = None
        self.connect_info = None
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        if rcvbuf:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        if source:
            self.socket.bind(source)
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if tls is not None and tls_first:
                self.start_tls(tls, server_hostname)
            if read_info:
                self.read_info()
            if tls is not None and not tls_first:
                self.start_tls(tls, server_hostname)
        except BaseException:
            self.close()
            raise

    @property
    def cid(self):
        """The connection's number from INFO."""
        return self.info["client_id"]

    def read_info(self):
        """Reads the first INFO."""
        frame = self.frame()
        if frame.kind != "INFO":
            raise Failure("expected INFO, got %r" % frame)
        self.info = frame.info
        return frame

    def start_tls(self, context, server_hostname="localhost"):
        """TLS handshake on the open connection."""
        self.socket.settimeout(self.timeout)
        self.socket = context.wrap_socket(self.socket, server_hostname=server_hostname)

    # -- sending ----------------------------------------------------------------------------------------

    def send(self, *parts, timeout=None):
        """Sends bytes (str is encoded as UTF-8) in one write."""
        self.socket.settimeout(timeout or self.timeout)
        self.socket.sendall(b"".join(_bytes(part) for part in parts))

    def try_send(self, *parts):
        """Like `send`, but an already closed connection is no error; returns whether all was sent."""
        try:
            self.send(*parts)
            return True
        except OSError:
            return False

    def connect(self, verbose=False, pedantic=False, ping=True, **options):
        """Sends CONNECT, and with `ping` also PING, and waits for the PONG (and with `protocol=1` for the
        INFO that follows it, kept as `connect_info`). An option of value None is left out."""
        options.update(verbose=verbose, pedantic=pedantic)
        options = {key: value for key, value in options.items() if value is not None}
        self.send("CONNECT ", json.dumps(options), "\r\n", "PING\r\n" if ping else "")
        if ping:
            if verbose:
                self.expect_ok()
            self.expect_pong()
            if options.get("protocol") == 1 and self.connect_info is None:
                self.connect_info = self.expect_info()
        return self

    def sub(self, subject, sid="1", queue=None):
        """Sends SUB."""
        self.send("SUB ", subject, b" " + _bytes(queue) if queue else "", " ", str(sid), "\r\n")

    def unsub(self, sid, maximum=None):
        """Sends UNSUB."""
        self.send("UNSUB %s%s\r\n" % (sid, "" if maximum is None else " %s" % maximum))

    def pub(self, subject, payload=b"", reply=None, headers=None):
        """Sends PUB, or HPUB when `headers` (a complete block) is given."""
        payload = _bytes(payload)
        line = [_bytes(subject)] + ([_bytes(reply)] if reply else [])
        if headers is None:
            self.send(b"PUB ", b" ".join(line), b" %d\r\n" % len(payload), payload, b"\r\n")
        else:
            headers = _bytes(headers)
            self.send(b"HPUB ", b" ".join(line), b" %d %d\r\n" % (len(headers), len(headers) + len(payload)),
                      headers, payload, b"\r\n")

    # -- receiving --------------------------------------------------------------------------------------

    def _fill(self, deadline):
        """Reads once into the buffer. False at end of stream; raises TimeoutError at the deadline."""
        if self.closed_by_server:
            return False
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(RECV_SIZE)
        except socket.timeout:
            raise TimeoutError from None
        except ConnectionResetError:
            self.reset = True
            data = b""
        except OSError:
            data = b""
        if not data:
            self.closed_by_server = True
            return False
        self.buffer += data
        return True

    def _take(self, count):
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def read_exactly(self, count, timeout=None):
        """Exactly `count` raw bytes."""
        deadline = time.monotonic() + (timeout or self.timeout)
        while len(self.buffer) < count:
            try:
                if not self._fill(deadline):
                    raise Failure("connection closed; wanted %d bytes, had %r" % (count, bytes(self.buffer[:300])))
            except TimeoutError:
                raise Failure("wanted %d bytes, got only %r" % (count, bytes(self.buffer[:300]))) from None
        return self._take(count)

    def _frame(self, deadline):
        """Next frame, None at end of stream; TimeoutError at the deadline (partial bytes stay buffered)."""
        start = 0
        while True:
            end = self.buffer.find(b"\n", start)
            if end >= 0:
                break
            start = len(self.buffer)
            if not self._fill(deadline):
                if self.buffer:
                    return Frame("?", self._take(len(self.buffer)))
                return None
        line = bytes(self.buffer[:end + 1])
        text = line[:-2] if line.endswith(b"\r\n") else line[:-1]
        verb = text.split(b" ", 1)[0]
        if verb in (b"MSG", b"HMSG"):
            return self._message(verb, line, text, deadline)
        self._take(end + 1)
        if verb == b"INFO":
            frame = Frame("INFO", line)
            frame.info = json.loads(text[5:])
            return frame
        if verb == b"-ERR":
            frame = Frame("-ERR", line)
            body = text[5:].decode("utf-8", "surrogateescape")
            frame.text = body[1:-1] if body[:1] == "'" and body[-1:] == "'" else body
            return frame
        if text in (b"PING", b"PONG", b"+OK"):
            return Frame(text.decode(), line)
        return Frame("?", line)

    def _message(self, verb, line, text, deadline):
        fields = text.split(b" ")
        numbers = 1 if verb == b"MSG" else 2
        if len(fields) not in (3 + numbers, 4 + numbers):
            raise Failure("malformed message line %r" % line)
        total = int(fields[-1])
        while len(self.buffer) < len(line) + total + 2:
            if not self._fill(deadline):
                raise Failure("connection closed inside a message: %r" % bytes(self.buffer[:300]))
        raw = self._take(len(line) + total + 2)
        if raw[-2:] != b"\r\n":
            raise Failure("message without CR LF at its end: %r" % raw[:300])
        frame = Frame(verb.decode(), raw)
        frame.subject, frame.sid = fields[1], fields[2]
        frame.reply = fields[3] if len(fields) == 4 + numbers else None
        frame.sizes = fields[-numbers:]
        body = raw[len(line):-2]
        if verb == b"HMSG":
            split = int(fields[-2])
            frame.headers, body = body[:split], body[split:]
        frame.payload = body
        return frame

    def frame(self, timeout=None, skip=()):
        """Next frame; fails at end of stream or timeout. Frames whose kind is in `skip` are passed over."""
        limit = self.timeout if timeout is None else timeout
        deadline = time.monotonic() + limit
        while True:
            try:
                frame = self._frame(deadline)
            except TimeoutError:
                raise Failure("nothing from the server within %.1f s (partial: %r)"
                              % (limit, bytes(self.buffer[:300]))) from None
            if frame is None:
                raise Failure("connection closed by the server")
            if frame.kind == "PING" and self.auto_pong:
                self.try_send("PONG\r\n")
                continue
            if frame.kind in skip:
                continue
            return frame

    def drain(self, within=0.0):
        """All frames that arrive within so many seconds (or until the end of the stream)."""
        frames = []
        deadline = time.monotonic() + within
        while True:
            try:
                frame = self._frame(max(deadline, time.monotonic() + 0.001))
            except TimeoutError:
                return frames
            if frame is None:
                return frames
            if frame.kind == "PING" and self.auto_pong:
                self.try_send("PONG\r\n")
                continue
            frames.append(frame)

    def until(self, kind, timeout=None):
        """All frames up to and including the first of `kind`."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        frames = []
        while True:
            frames.append(self.frame(max(deadline - time.monotonic(), 0.001)))
            if frames[-1].kind == kind:
                return frames

    # -- expectations -----------------------------------------------------------------------------------

    def expect(self, wanted, timeout=None):
        """The next bytes (whole frames, server PINGs hidden) are exactly `wanted`."""
        wanted = _bytes(wanted)
        got = b""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while len(got) < len(wanted):
            try:
                got += self.frame(max(deadline - time.monotonic(), 0.001)).raw
            except Failure as failure:
                raise Failure("expected %r, got %r, then: %s" % (wanted[:1000], got[:1000], failure)) from None
            if not wanted.startswith(got):
                break
        if got != wanted:
            raise Failure("expected %r, got %r" % (wanted[:1000], got[:1000]))

    def _expect_kind(self, kind, timeout=None):
        frame = self.frame(timeout)
        if frame.kind != kind:
            raise Failure("expected %s, got %r" % (kind, frame))
        return frame

    def expect_ok(self, timeout=None):
        """The next frame is +OK."""
        return self._expect_kind("+OK", timeout)

    def expect_pong(self, timeout=None):
        """The next frame is PONG."""
        return self._expect_kind("PONG", timeout)

    def expect_ping(self, timeout=None):
        """The next frame is PING (for clients with auto_pong=False)."""
        return self._expect_kind("PING", timeout)

    def expect_info(self, timeout=None):
        """The next frame is INFO; returns the dict."""
        return self._expect_kind("INFO", timeout).info

    def expect_err(self, text=None, timeout=None):
        """The next frame is -ERR with exactly this text; returns the text."""
        frame = self._expect_kind("-ERR", timeout)
        if text is not None and frame.text != text:
            raise Failure("expected -ERR %r, got %r" % (text, frame.text))
        return frame.text

    def expect_msg(self, subject=None, payload=None, sid=None, reply=None, kind=None, headers=None, timeout=None):
        """The next frame is a message; given fields must be equal (str or bytes). Returns the frame."""
        frame = self.frame(timeout)
        if frame.kind not in ("MSG", "HMSG"):
            raise Failure("expected a message, got %r" % frame)
        for name, want in (("subject", subject), ("payload", payload), ("sid", sid), ("reply", reply),
                           ("headers", headers)):
            if want is not None and getattr(frame, name) != _bytes(want):
                raise Failure("message %s: expected %r, got %r in %r" % (name, want, getattr(frame, name), frame))
        if kind is not None and frame.kind != kind:
            raise Failure("expected %s, got %r" % (kind, frame))
        return frame

    def expect_nothing(self, within=0.3):
        """No frame arrives for so many seconds, and the connection stays open. Prefer `expect_quiet`."""
        frames = self.drain(within)
        if frames:
            raise Failure("expected nothing, got %r" % frames[:5])
        if self.closed_by_server:
            raise Failure("the server closed the connection")

    def expect_quiet(self):
        """A PING is answered by PONG with nothing in front of it: all earlier bytes had no visible effect."""
        self.send("PING\r\n")
        self.expect_pong()

    ping = expect_quiet

    def expect_closed(self, timeout=None, allow=()):
        """The server closes the connection and sends nothing more (besides frames of a kind in `allow`
        and PINGs). Returns the seconds it took."""
        started = time.monotonic()
        limit = self.timeout if timeout is None else timeout
        while True:
            try:
                frame = self._frame(started + limit)
            except TimeoutError:
                raise Failure("connection still open after %.1f s" % limit) from None
            if frame is None:
                return time.monotonic() - started
            if frame.kind == "PING" or frame.kind in allow:
                continue
            raise Failure("expected a silent close, got %r" % frame)

    def expect_err_closed(self, text, timeout=None):
        """-ERR with this text, then the connection is closed."""
        self.expect_err(text, timeout)
        self.expect_closed(timeout)

    def is_open(self):
        """False when the server has closed (does not consume frames)."""
        if self.closed_by_server:
            return False
        # A run has more open files than `select` can name.
        poll = select.poll()
        poll.register(self.socket, select.POLLIN | select.POLLHUP)
        readable = poll.poll(0)
        if readable:
            try:
                return self._fill(time.monotonic() + 0.5)
            except TimeoutError:
                return True
        return True

    # -- requests ---------------------------------------------------------------------------------------

    def request(self, subject, payload=b"", headers=None, timeout=None):
        """One request with an inbox of its own; returns the reply frame."""
        self._inbox = getattr(self, "_inbox", 0) + 1
        inbox = "_INBOX.t%x.%d" % (id(self), self._inbox)
        sid = "rq%d" % self._inbox
        self.sub(inbox, sid)
        self.unsub(sid, 1)
        self.pub(subject, payload, reply=inbox, headers=headers)
        return self.expect_msg(subject=inbox, timeout=timeout)

    def request_json(self, subject, payload=b"", timeout=None):
        """`request` with the answer parsed as JSON. `payload` may be a dict."""
        if isinstance(payload, (dict, list)):
            payload = json.dumps(payload)
        return json.loads(self.request(subject, payload, timeout=timeout).payload)

    # -- closing ----------------------------------------------------------------------------------------

    def close(self):
        """Closes the socket."""
        try:
            self.socket.close()
        except OSError:
            pass

    def abort(self):
        """Closes with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
