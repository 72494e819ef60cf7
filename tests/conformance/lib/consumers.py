"""Consumers in full control of the create request; what tests of consumers share."""

import time

from .check import PATIENCE, Failure, eq, wait_until
from .client import headers_of
from .jetstream import parse_ack, status

EVENTS = "$JS.EVENT.ADVISORY.CONSUMER."


def make(js, config=None, name=None, subject=None, stream="S", headers=None, **request):
    """Creates or updates a consumer. `name`: the token of the subject (the last part may be a filter);
    `subject`: the whole subject without prefix instead; `request`: `action`, `pedantic`. The reply."""
    return js.ok(_subject(stream, name, subject), dict(request, stream_name=stream, config=config or {}), headers,
                 kind="consumer_create_response")


def refuse(js, err_code, code, text, config=None, name=None, subject=None, stream="S", headers=None, **request):
    """A create request that must fail with exactly this error; the reply."""
    return js.err(_subject(stream, name, subject), dict(request, stream_name=stream, config=config or {}), err_code,
                  code, text, headers, kind="consumer_create_response")


def refuse_all(js, cases, stream="S", name=None, **request):
    """`refuse` for (err_code, code, text, config) rows."""
    for err_code, code, text, config in cases:
        refuse(js, err_code, code, text, config, name=name, stream=stream, **request)


def _subject(stream, name, subject):
    return subject or "CONSUMER.CREATE." + stream + ("." + name if name else "")


def fill(js, count, subject="s.a", start=1):
    """Publishes `count` messages with payloads m1, m2, ... (numbered from `start`)."""
    for number in range(start, start + count):
        js.pub(subject, b"m%d" % number)


def fetch(js, stream, name, batch=1):
    """Up to `batch` messages that are there. Servers tell consumers of new messages behind the ack of the publisher, so
    less than wanted is asked for once more."""
    got = js.fetch(stream, name, batch)
    if len(got) < batch:
        time.sleep(0.03)
        got += js.fetch(stream, name, batch - len(got))
    return got


def seqs(messages):
    """Stream sequences of delivered messages."""
    return [parse_ack(message.reply).stream_seq for message in messages]


def counts(messages):
    """Delivery counts of delivered messages."""
    return [parse_ack(message.reply).delivered for message in messages]


def pair(info):
    """(consumer sequence, stream sequence) of `delivered` or `ack_floor`."""
    return info["consumer_seq"], info["stream_seq"]


def pending_headers(messages, size=0):
    """The two header lines that many statuses carry."""
    return b"Nats-Pending-Messages: %d\r\nNats-Pending-Bytes: %d\r\n" % (messages, size)


def status_block(line, *headers):
    """A whole status: `NATS/1.0 <line>` with header lines."""
    return b"NATS/1.0 " + line.encode() + b"\r\n" + b"".join(headers) + b"\r\n"


def expect_status(inbox, line, *headers, timeout=None):
    """The next message on a pull's inbox is exactly this status; heartbeats are passed over unless wanted."""
    while True:
        frame = inbox.next(timeout)
        if status(frame).startswith("100") and not line.startswith("100"):
            continue
        eq((frame.headers, frame.payload, frame.reply), (status_block(line, *headers), b"", None), "status")
        return frame


def expect_messages(inbox, payloads, timeout=None):
    """The next messages have these payloads; returns them."""
    frames = []
    for want in payloads:
        frame = inbox.next(timeout)
        if status(frame):
            raise Failure("expected message %r, got status %r" % (want, frame))
        eq(frame.payload, want.encode() if isinstance(want, str) else want, "payload")
        frames.append(frame)
    return frames


def gone(js, name, stream="S", timeout=PATIENCE):
    """Waits until a consumer does not exist any more; returns the seconds that took."""
    started = time.monotonic()
    wait_until(lambda: js.request("CONSUMER.INFO.%s.%s" % (stream, name)).get("error", {}).get("err_code") == 10014,
               "consumer %s is gone" % name, timeout)
    return time.monotonic() - started


def no_responders(js, subject, payload=b""):
    """A request to this subject is answered by 503."""
    frame = js.ask(subject, payload)
    eq(status(frame), "503", "answer on " + subject)


def header_values(frame, name):
    """All values of a header."""
    return [value for key, value in headers_of(frame.headers)[1] if key == name] if frame.headers else []
