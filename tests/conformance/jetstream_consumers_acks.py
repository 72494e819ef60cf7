"""Consumers: acknowledgements (jetstream-consumers.md 9, items 65 to 79)."""

import time

from lib import *
from lib.consumers import EVENTS, counts, expect_messages, fetch, fill, make, no_responders, pair, seqs
from lib.jetstream import SECOND, parse_ack

SHEET = "jetstream_consumers"
EXPLICIT = {"ack_policy": "explicit"}
MS = 1_000_000


def start(ctx, messages=0, consumer=EXPLICIT, config=""):
    js = jetstream(ctx, config)
    js.create("S", "s.>")
    fill(js, messages)
    make(js, consumer, "C")
    return js


def ack_floor(js, name="C"):
    return pair(js.consumer_info("S", name)["ack_floor"])


@test(SHEET, 65, needs="jetstream")
def forms_of_an_ack(ctx):
    js = start(ctx, 4)
    messages = fetch(js, "S", "C", 4)
    for message, payload in zip(messages, (b"", b"+ACK", b"+OK")):
        js.ack_sync(message, payload)
    eq(ack_floor(js), (3, 3), "ack floor")
    for _ in range(3):
        js.ack_sync(messages[0])
    js.ack(messages[3])
    info = js.wait_consumer("S", "C", num_ack_pending=0)
    eq((pair(info["ack_floor"]), info["num_redelivered"]), ((4, 4), 0), "at the end")
    check(info["ack_floor"]["last_active"] <= info["ts"], "last_active")


@test(SHEET, 66, needs="jetstream")
def acks_out_of_order(ctx):
    js = start(ctx, 4)
    messages = fetch(js, "S", "C", 4)
    for index, floor, pending in ((2, (0, 0), 3), (0, (1, 1), 2), (1, (3, 3), 1), (3, (4, 4), 0)):
        js.ack_sync(messages[index])
        info = js.consumer_info("S", "C")
        eq((pair(info["ack_floor"]), info["num_ack_pending"]), (floor, pending), "after the ack of %d" % (index + 1))


@test(SHEET, 67, needs="jetstream")
def nak(ctx):
    js = start(ctx, 5)
    messages = fetch(js, "S", "C", 3)
    for index in (2, 0, 1):
        js.ack_sync(messages[index], b"-NAK")
    again = fetch(js, "S", "C", 5)
    eq((seqs(again), counts(again)), ([3, 1, 2, 4, 5], [2, 2, 2, 1, 1]), "order")
    info = js.consumer_info("S", "C")
    eq((info["num_redelivered"], info["num_ack_pending"], pair(info["delivered"])), (3, 5, (8, 5)), "info")
    js.ack_sync(messages[0])
    eq(js.consumer_info("S", "C")["num_redelivered"], 2, "an ack of the first delivery settles it")
    js.ack_sync(again[0], b"-NAK")
    js.ack_sync(again[0], b"-NAK")
    eq(seqs(fetch(js, "S", "C", 5)), [3], "queued once")


@test(SHEET, 68, needs="jetstream")
def nak_with_delay(ctx):
    js = start(ctx, 4)
    messages = fetch(js, "S", "C", 4)
    inbox = js.pull("S", "C", {"batch": 10, "expires": 60 * SECOND})
    for message, payload in zip(messages, (b'-NAK {"delay": 1200000000}', b"-NAK 600ms", b'-NAK{"delay":100000000}', b"-NAK xyz")):
        js.ack(message, payload)
    started = time.monotonic()
    for seq, delay in ((4, 0), (3, 0.1), (2, 0.6), (1, 1.2)):
        message = inbox.next(5)
        eq((seqs([message]), counts([message])), ([seq], [2]), "redelivery")
        near(time.monotonic() - started, delay - 0.02, delay + 2, "seconds to the redelivery of %d" % seq)


@test(SHEET, 69, needs="jetstream")
def term(ctx):
    js = start(ctx, 3, dict(EXPLICIT, ack_wait=300 * MS))
    advisories = js.subscribe(EVENTS + "MSG_TERMINATED.S.C")
    first, second, third = fetch(js, "S", "C", 3)
    js.ack_sync(first, b"+TERM bad order  ")
    js.ack_sync(second, b"+TERM")
    event = advisories.next_json()
    eq((event["stream_seq"], event["reason"]), (1, "bad order"), "advisory")
    check("reason" not in advisories.next_json(), "reason without one")
    inbox = js.pull("S", "C", {"batch": 3, "expires": 60 * SECOND})
    eq(seqs(inbox.take(1)), [3], "only the third comes again")
    eq(ack_floor(js), (2, 2), "ack floor")


@test(SHEET, 70, needs="jetstream")
def work_in_progress(ctx):
    js = start(ctx, 1, dict(EXPLICIT, ack_wait=500 * MS))
    message, = fetch(js, "S", "C")
    inbox = js.pull("S", "C", {"batch": 1, "expires": 60 * SECOND})
    started = time.monotonic()
    while time.monotonic() - started < 1.2:
        js.ack_sync(message, b"+WPI")
        time.sleep(0.1)
    inbox.expect_none()
    last = time.monotonic()
    eq(counts(inbox.take(1)), [2], "redelivered when it stops")
    check(time.monotonic() - last > 0.35, "too early")


@test(SHEET, 71, needs="jetstream")
def ack_and_next(ctx):
    js = start(ctx, 10)

    def following(message, payload):
        inbox = js.subscribe(js.new_inbox())
        js.send(message.reply, payload, inbox.subject)
        return inbox

    message, = fetch(js, "S", "C")
    inbox = following(message, b"+NXT")
    message, = expect_messages(inbox, ["m2"])
    inbox.expect_none()
    inbox = following(message, b"+NXT 2")
    _, message = expect_messages(inbox, ["m3", "m4"])
    inbox = following(message, b'+NXT {"batch": 3, "no_wait": true}')
    *_, message = expect_messages(inbox, ["m5", "m6", "m7"])
    info = js.consumer_info("S", "C")
    eq((pair(info["ack_floor"]), info["num_ack_pending"]), ((2, 2), 4), "acked ones")
    inbox = following(message, b"+NXT {")
    check(inbox.next().headers.startswith(b"NATS/1.0 400 Bad Request - "), "status of bad JSON")
    js.send(fetch(js, "S", "C")[0].reply, b"+NXT")
    eq(seqs(fetch(js, "S", "C", 1)), [9], "without reply it only acks")
    # The reference takes in acknowledgements beside requests.
    wait_until(lambda: js.consumer_info("S", "C")["num_ack_pending"] == 4, "4 pending")


@test(SHEET, 72, needs="jetstream")
def acks_of_what_was_not_delivered(ctx):
    js = start(ctx, 5)
    message, = fetch(js, "S", "C")
    for seq in (2, 5, 6, 99):
        eq(js.ask("$JS.ACK.S.C.1.%d.%d.0.0" % (seq, seq), b"+ACK", timeout=0.2 if seq == 2 else 0.05), None, "answer")
    info = js.consumer_info("S", "C")
    eq((pair(info["ack_floor"]), info["num_ack_pending"]), ((0, 0), 1), "state")
    js.ack_sync(message)
    eq(seqs(fetch(js, "S", "C", 9)), [2, 3, 4, 5], "the others are delivered")


@test(SHEET, 73, needs="jetstream")
def acks_nobody_listens_to(ctx):
    js = start(ctx, 3)
    make(js, {}, "N")
    message, = fetch(js, "S", "N")
    no_responders(js, message.reply.decode())
    message, = fetch(js, "S", "C")
    no_responders(js, "$JS.ACK.S.C.1.1.1.0")
    no_responders(js, "$JS.ACK.S.C.1.1.1.0.0.0")
    js.ack_sync(message)
    js.delete_consumer("S", "C")
    no_responders(js, message.reply.decode())


@test(SHEET, 74, needs="jetstream")
def both_forms_of_ack_subjects_are_accepted(ctx):
    js = start(ctx, 4)
    first, second, third, _ = fetch(js, "S", "C", 4)
    long = first.reply.decode().replace("$JS.ACK.", "$JS.ACK._.szMpdrwD.")
    js.ack_sync(first)
    eq(len(long.split(".")), 11, "tokens")
    for message, tail in ((second, ""), (third, ".more.tokens")):
        subject = message.reply.decode().replace("$JS.ACK.", "$JS.ACK._.szMpdrwD.") + tail
        frame = js.ask(subject, b"+ACK")
        eq((frame.headers, frame.payload), (None, b""), "answer")
    eq(ack_floor(js), (3, 3), "ack floor")


@test(SHEET, 74, needs="jetstream")
def the_short_form_is_accepted_with_the_feature_flag(ctx):
    js = start(ctx, 2, config="feature_flags { js_ack_fc_v2: true }\n")
    first, second = fetch(js, "S", "C", 2)
    ack = parse_ack(first.reply)
    frame = js.ask("$JS.ACK.S.C.1.1.1.%d.1" % ack.timestamp, b"+ACK")
    eq((frame.headers, frame.payload), (None, b""), "answer")
    js.ack_sync(second)
    eq(ack_floor(js), (2, 2), "ack floor")


@test(SHEET, 75, needs="jetstream")
def the_feature_flag_makes_long_subjects(ctx):
    for domain in (None, "hub"):
        head = 'jetstream { store_dir: "js"%s }\nfeature_flags { js_ack_fc_v2: true }\n' % (", domain: hub" if domain else "")
        js = jetstream(ctx, head)
        js.create("S", "s.>")
        fill(js, 1)
        make(js, EXPLICIT, "C")
        message, = fetch(js, "S", "C")
        ack = parse_ack(message.reply)
        eq((ack.domain, ack.account, len(message.reply.split(b"."))), (domain or "_", "szMpdrwD", 11), "ack subject")
        eq(ack[:5], ("S", "C", 1, 1, 1), "the rest")
        js.ack_sync(message)
        delivered = js.subscribe("d")
        make(js, {"deliver_subject": "d", "flow_control": True, "idle_heartbeat": SECOND * 30, "deliver_policy": "new"}, "P")
        for _ in range(3):
            js.pub("s.a", b"x" * 600_000)
        replies = [frame.reply or b"" for frame in delivered.take(3)]
        requests = [reply for reply in replies if reply.startswith(b"$JS.FC.")]
        eq(len(requests), 1, "flow control requests")
        matches(requests[0].decode(), r"^\$JS\.FC\.%s\.szMpdrwD\.S\.P\.\w{4}$" % (domain or "_"), "flow control subject")


@test(SHEET, 76, needs="jetstream")
def ack_all(ctx):
    js = start(ctx, 8, {"ack_policy": "all"})
    messages = fetch(js, "S", "C", 8)
    js.ack_sync(messages[3])
    info = js.consumer_info("S", "C")
    eq((pair(info["ack_floor"]), info["num_ack_pending"]), ((4, 4), 4), "after the ack of 4")
    js.ack_sync(messages[1])
    eq(ack_floor(js), (4, 4), "after a late ack of 2")
    js.ack_sync(messages[5], b"+TERM")
    info = js.consumer_info("S", "C")
    eq((pair(info["ack_floor"]), info["num_ack_pending"]), ((6, 6), 2), "after the term of 6")
    js.ack_sync(messages[7], b"-NAK")
    eq(seqs(fetch(js, "S", "C", 5)), [8], "a nak concerns one message")


@test(SHEET, 77, needs="jetstream")
def unknown_payloads(ctx):
    js = start(ctx, 1)
    message, = fetch(js, "S", "C")
    for payload in (b"+FOO", b"ACK", b"+ACK ", b"+OK more", b"\x00\xff"):
        js.ack_sync(message, payload)
        eq(js.consumer_info("S", "C")["num_ack_pending"], 1, "pending after %r" % payload)


@test(SHEET, 78, needs="jetstream")
def ack_with_headers(ctx):
    js = start(ctx, 2)
    first, second = fetch(js, "S", "C", 2)
    frame = js.ask(first.reply, b"+ACK", {"A": "b"})
    eq((frame.headers, frame.payload), (None, b""), "answer")
    js.ask(second.reply, b"", {"A": "b"})
    eq(ack_floor(js), (2, 2), "ack floor")


@test(SHEET, 79, needs="jetstream")
def ack_subjects_as_reply_subjects(ctx):
    js = start(ctx, 1)
    js.send("s.a", b"x", "$JS.ACK.S.C.1.1.1.0.0")
    wait_until(lambda: js.flush() or js.errors, "an error")
    matches(js.errors[0], r"^Permissions Violation for Publish with Reply of \"\$JS\.ACK\.S\.C\.1\.1\.1\.0\.0\"", "error")
    eq(js.state("S")["messages"], 1, "messages")
