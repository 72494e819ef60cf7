"""Consumers: push delivery and inactivity (jetstream-consumers.md 6 and 7, items 88 to 100)."""

import time

from lib import *
from lib.consumers import EVENTS, expect_messages, fetch, fill, header_values, make, pair, seqs, status_block
from lib.jetstream import SECOND, nanos, status

SHEET = "jetstream_consumers"
EXPLICIT = {"ack_policy": "explicit"}
MS = 1_000_000
FLOW = b"NATS/1.0 100 FlowControl Request\r\n\r\n"


def start(ctx, messages=0, consumer=None, **stream):
    js = jetstream(ctx)
    js.create("S", "s.>", **stream)
    fill(js, messages)
    if consumer is not None:
        make(js, consumer, "P")
    return js


def next_status(inbox, text, timeout=None):
    """The next message that is a status starting with `text`; other statuses are passed over, messages fail."""
    while True:
        frame = inbox.next(timeout)
        check(status(frame), "a message instead of status %r: %r" % (text, frame))
        if status(frame).startswith(text):
            return frame


@test(SHEET, 88, needs="jetstream")
def only_a_literal_plain_subscription_activates(ctx):
    js = start(ctx, 3)
    wild, queued = js.subscribe("d.*"), js.subscribe("d.x", "g")
    make(js, {"deliver_subject": "d.x"}, "P")
    js.pub("s.a", b"m4")
    check("push_bound" not in js.consumer_info("S", "P"), "push_bound without interest")
    eq(js.consumer_info("S", "P")["num_pending"], 4, "num_pending")
    wild.expect_none()
    queued.expect_none()
    plain = js.subscribe("d.x")
    for inbox in (plain, wild, queued):
        eq([frame.payload for frame in inbox.take(4)], [b"m1", b"m2", b"m3", b"m4"], "messages")
    eq(js.consumer_info("S", "P")["push_bound"], True, "push_bound")
    plain.unsubscribe()
    js.flush()
    wait_until(lambda: "push_bound" not in js.consumer_info("S", "P"), "push_bound ends")


@test(SHEET, 89, needs="jetstream")
def deliver_group(ctx):
    js = start(ctx, 4)
    plain, other = js.subscribe("d.x"), js.subscribe("d.x", "other")
    make(js, {"deliver_subject": "d.x", "deliver_group": "g"}, "P")
    check("push_bound" not in js.consumer_info("S", "P"), "push_bound")
    plain.expect_none()
    other.expect_none()
    one, two = js.subscribe("d.x", "g"), js.subscribe("d.x", "g")
    plain.take(4)
    other.take(4)
    eq(sorted(seqs(one.waiting() + two.waiting())), [1, 2, 3, 4], "each message to one of the group")
    eq(js.consumer_info("S", "P")["push_bound"], True, "push_bound")


@test(SHEET, 90, needs="jetstream")
def idle_heartbeats(ctx):
    js = start(ctx, 2)
    js.pub("s.z", b"other")
    make(js, {"deliver_subject": "d.x", "idle_heartbeat": 100 * MS, "filter_subject": "s.a"}, "P")
    time.sleep(0.25)
    inbox = js.subscribe("d.x")
    expect_messages(inbox, ["m1", "m2"])
    block = status_block("100 Idle Heartbeat", b"Nats-Last-Consumer: 2\r\nNats-Last-Stream: 3\r\n")
    for _ in range(3):
        frame = inbox.next()
        eq((frame.headers, frame.payload, frame.reply, frame.subject), (block, b"", None, b"d.x"), "heartbeat")
    js.ok("CONSUMER.PAUSE.S.P", {"pause_until": "2100-01-01T00:00:00Z"})
    js.pub("s.a", b"m4")
    inbox.waiting()
    js.queues[inbox.sid].clear()
    for _ in range(3):
        check(status(inbox.next()).startswith("100"), "heartbeats while paused")
    inbox.unsubscribe()
    js.flush()
    wait_until(lambda: "push_bound" not in js.consumer_info("S", "P"), "push_bound ends")
    wild = js.subscribe("d.*")
    eq(wild.try_next(0.3), None, "heartbeats while unbound")


@test(SHEET, 91, needs="jetstream", timeout=120)
def flow_control(ctx):
    js = start(ctx)
    inbox = js.subscribe("d.x")
    size = 100_000
    # All are there before: a heartbeat that is due between two of them would tell of the open request, too.
    for _ in range(60):
        js.pub("s.a", b"x" * size)
    make(js, {"deliver_subject": "d.x", "flow_control": True, "idle_heartbeat": 500 * MS}, "P")

    def until_stall():
        """Messages up to the next heartbeat that tells of a stall: sizes, position of requests, the heartbeat."""
        total, requests, beats = [], [], 0
        while True:
            frame = inbox.next()
            if frame.headers and frame.headers.startswith(b"NATS/1.0 100 FlowControl"):
                eq((frame.headers, frame.payload), (FLOW, b""), "request")
                requests.append((len(total), frame.reply.decode()))
            elif status(frame).startswith("100 Idle"):
                # One without messages before it was on its way when the last request was answered. A single one
                # between messages tells of a busy machine: it is due while a request is open.
                beats += bool(total and header_values(frame, "Nats-Consumer-Stalled"))
                if beats == 2:
                    return total, requests, frame
            else:
                beats = 0
                total.append(len(frame.subject) + len(frame.reply) + len(frame.payload))

    sizes, requests, heartbeat = until_stall()
    eq(len(requests), 1, "requests")
    position, reply = requests[0]
    matches(reply, r"^\$JS\.FC\.S\.P\.\w{4}$", "subject of the request")
    near(sum(sizes[:position]), (1 << 20) - size, (1 << 20) + 2 * size, "bytes up to the request")
    near(sum(sizes), (2 << 20) - size, (2 << 20) + 2 * size, "bytes up to the stall")
    eq(header_values(heartbeat, "Nats-Consumer-Stalled"), [reply], "stalled header")
    eq(header_values(heartbeat, "Nats-Last-Consumer"), [str(len(sizes))], "last consumer")
    js.send(reply)
    second, requests, _ = until_stall()
    check(len(second) > len(sizes), "the window has grown: %d, then %d" % (len(sizes), len(second)))
    eq(len(requests), 1, "requests")
    js.send(requests[0][1])
    left = 60 - len(sizes) - len(second)
    seen = 0
    while seen < left:
        frame = inbox.next()
        seen += not status(frame)


@test(SHEET, 92, needs="jetstream")
def bogus_flow_control_replies(ctx):
    js = start(ctx)
    inbox = js.subscribe("d.x")
    for _ in range(30):
        js.pub("s.a", b"x" * 100_000)
    make(js, {"deliver_subject": "d.x", "flow_control": True, "idle_heartbeat": 300 * MS}, "P")
    beats = 0
    while beats < 2:
        # One between messages may be due on a busy machine.
        frame = inbox.next()
        beats = beats + 1 if frame.headers and header_values(frame, "Nats-Consumer-Stalled") else 0
    stalled, = header_values(frame, "Nats-Consumer-Stalled")
    for subject in ("$JS.FC.S.P.zzzz", "$JS.FC.S.P", "$JS.FC.S.P.a.b", "$JS.FC.S.Q.zzzz"):
        js.send(subject)
    for _ in range(3):
        eq(header_values(next_status(inbox, "100"), "Nats-Consumer-Stalled"), [stalled], "still stalled")
    js.send(stalled)
    while status(frame := inbox.next()):
        pass
    eq(len(frame.payload), 100_000, "it goes on after the right one")


@test(SHEET, 93, needs="jetstream", slow=True)
def rate_limit(ctx):
    js = start(ctx)
    for _ in range(5):
        js.pub("s.a", b"x" * 500_000)
    make(js, {"deliver_subject": "d.x", "rate_limit_bps": 8_000_000}, "P")
    started = time.monotonic()
    inbox = js.subscribe("d.x")
    moments = []
    for _ in range(5):
        eq(len(inbox.next().payload), 500_000, "payload")
        moments.append(time.monotonic() - started)
    check(moments[1] < 0.45, "two at once: %r" % moments)
    for before, after in zip(moments[1:], moments[2:]):
        near(after - before, 0.3, 1.5, "seconds between messages")
    near(moments[4], 1.35, 4, "seconds for all")


@test(SHEET, 94, needs="jetstream")
def max_ack_pending(ctx):
    js = start(ctx, 5)
    inbox = js.subscribe("d.x")
    make(js, dict(EXPLICIT, deliver_subject="d.x", max_ack_pending=2), "P")
    waiting = inbox.take(2)
    for seq in (3, 4, 5):
        js.consumer_info("S", "P")
        inbox.expect_none()
        js.ack_sync(waiting.pop(0))
        waiting += inbox.take(1)
        eq(seqs(waiting[-1:]), [seq], "one more per ack")
    js.ack_sync(waiting[0])
    inbox.expect_none()


@test(SHEET, 95, needs="jetstream")
def headers_only(ctx):
    js = start(ctx)
    js.pub("s.a", b"12345")
    js.pub("s.a", b"", {"K": "v"})
    js.pub("s.a", b"123", {"K": "v"})
    inbox = js.subscribe("d.x")
    make(js, {"deliver_subject": "d.x", "headers_only": True}, "P")
    eq([(frame.headers, frame.payload) for frame in inbox.take(3)],
       [(b"NATS/1.0\r\nNats-Msg-Size: 5\r\n\r\n", b""), (b"NATS/1.0\r\nK: v\r\nNats-Msg-Size: 0\r\n\r\n", b""),
        (b"NATS/1.0\r\nK: v\r\nNats-Msg-Size: 3\r\n\r\n", b"")], "messages")


@test(SHEET, 96, needs="jetstream")
def replay_original(ctx):
    js = start(ctx)
    for pause in (0, 0.4, 0.2):
        time.sleep(pause)
        js.pub("s.a")
    times = [nanos(js.get("S", seq=seq)["time"]) / SECOND for seq in (1, 2, 3)]
    inbox = js.subscribe("d.x")
    for seq in (2, 3):
        def until_message():
            # From before the first one, which may be seen late.
            started = time.monotonic()
            make(js, {"deliver_subject": "d.x", "replay_policy": "original"}, "P")
            seen = [inbox.next() for _ in range(seq)]
            took = time.monotonic() - started
            eq(seqs(seen), list(range(1, seq + 1)), "messages")
            for _ in range(3 - seq):
                inbox.next()
            js.ok("CONSUMER.DELETE.S.P")
            return took
        gap = times[seq - 1] - times[0]
        lasts(until_message, gap - 0.05, gap + 0.9, "seconds until message %d" % seq)


@test(SHEET, 97, needs="jetstream")
def ack_by_flow_control(ctx):
    js = start(ctx, 5)
    inbox = js.subscribe("d.x")
    make(js, {"ack_policy": "flow_control", "deliver_subject": "d.x", "max_ack_pending": 2}, "P")
    messages = expect_messages(inbox, ["m1", "m2"])
    request = next_status(inbox, "100 FlowControl Request")
    inbox.expect_none()
    eq(js.consumer_info("S", "P")["num_ack_pending"], 2, "pending")
    eq(status(js.ask(messages[0].reply.decode(), b"+ACK")), "503", "there is no ack subject")
    js.send(request.reply.decode(), b"", headers={"Nats-Last-Stream": "2", "Nats-Last-Consumer": "2"})
    while status(frame := inbox.next()):
        pass
    eq(seqs([frame]), [3], "it goes on")
    info = js.consumer_info("S", "P")
    eq(pair(info["ack_floor"]), (2, 2), "ack floor")


# -- inactivity -----------------------------------------------------------------------------------------

@test(SHEET, 98, needs="jetstream", slow=True)
def ephemeral_push_without_interest(ctx):
    js = start(ctx)
    started = time.monotonic()
    make(js, {"deliver_subject": "d.x"}, "never")
    make(js, {"deliver_subject": "d.y", "inactive_threshold": 700 * MS}, "short")
    make(js, {"deliver_subject": "d.z", "durable_name": "stays"}, "stays")
    deleted = js.subscribe(EVENTS + "DELETED.S.*")
    inbox = js.subscribe("d.y")
    eq(deleted.try_next(1.2), None, "a bound consumer is not removed")
    js.client.unsub(inbox.sid)
    js.flush()
    unbound = time.monotonic()
    eq(deleted.next_json()["consumer"], "short", "removed")
    near(time.monotonic() - unbound, 0.65, 3, "seconds after the unsubscribe")
    eq(deleted.next_json()["consumer"], "never", "removed")
    near(time.monotonic() - started, 5.0, 8, "seconds after the creation")
    eq(js.ok("CONSUMER.NAMES.S")["consumers"], ["stays"], "what is left")


@test(SHEET, 99, needs="jetstream", slow=True)
def inactive_pull_consumers(ctx):
    js = start(ctx)
    for name in ("idle", "waiting", "durable"):
        make(js, dict(EXPLICIT, inactive_threshold=700 * MS, **({"durable_name": name} if name == "durable" else {})), name)
    deleted = js.subscribe(EVENTS + "DELETED.S.*")
    started = time.monotonic()
    pull = js.pull("S", "waiting", {"batch": 1, "expires": 3 * SECOND})
    names = []
    while len(names) < 2:
        for name in ("idle", "durable"):
            js.request("CONSUMER.INFO.S." + name)
        event = deleted.try_next(0.05)
        if event:
            names.append(js_name(event))
        check(time.monotonic() - started < 10, "still there: %r" % names)
    near(time.monotonic() - started, 0.75, 6, "seconds")
    eq(sorted(names), ["durable", "idle"], "removed ones")
    eq(status(pull.next(5))[:3], "408", "the waiting request ends by its expiry")
    check(time.monotonic() - started > 2.9, "removed while a request was waiting")
    eq(js_name(deleted.next()), "waiting", "removed after it")


def js_name(event):
    """Consumer that an advisory is about, by its subject."""
    return event.subject.decode().rsplit(".", 1)[1]


@test(SHEET, 100, needs="jetstream", slow=True)
def pending_messages_postpone_the_deletion(ctx):
    js = start(ctx, 1)
    make(js, dict(EXPLICIT, inactive_threshold=300 * MS, ack_wait=2 * SECOND), "pending")
    make(js, dict(EXPLICIT, inactive_threshold=300 * MS, ack_wait=2 * SECOND), "acked")
    deleted = js.subscribe(EVENTS + "DELETED.S.*")
    started = time.monotonic()
    fetch(js, "S", "pending")
    js.ack_sync(fetch(js, "S", "acked")[0])
    eq(js_name(deleted.next()), "acked", "first")
    eq(js_name(deleted.next()), "pending", "second")
    near(time.monotonic() - started, 2.2, 9, "seconds")
