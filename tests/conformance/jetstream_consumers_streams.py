"""Consumers: retention, counters, advisories, pages (jetstream-consumers.md 3.6, 4, 11, 12, items 111 to 115, 123, 124)."""

from lib import *
from lib.consumers import EVENTS, fetch, fill, make, refuse, seqs
from lib.jetstream import SECOND, ZERO_TIME, decode, nanos, parse_ack

SHEET = "jetstream_consumers"
EXPLICIT = {"ack_policy": "explicit"}
MS = 1_000_000


def start(ctx, **stream):
    js = jetstream(ctx)
    js.create("S", "s.>", **stream)
    return js


# -- retention ------------------------------------------------------------------------------------------

@test(SHEET, 111, needs="jetstream")
def work_queue_rules(ctx):
    js = start(ctx, retention="workqueue")
    refuse(js, 10084, 400, "consumer in pull mode requires explicit ack policy on workqueue stream", {}, "c")
    refuse(js, 10098, 400, "workqueue stream requires explicit ack", {"deliver_subject": "d"}, "c")
    refuse(js, 10098, 400, "workqueue stream requires explicit ack", {"ack_policy": "all"}, "c")
    refuse(js, 10101, 400, "consumer must be deliver all on workqueue stream", dict(EXPLICIT, deliver_policy="new"), "c")
    make(js, EXPLICIT, "all")
    refuse(js, 10099, 400, "multiple non-filtered consumers not allowed on workqueue stream", EXPLICIT, "c")
    refuse(js, 10100, 400, "filtered consumer not unique on workqueue stream", dict(EXPLICIT, filter_subject="s.a"), "c")
    js.delete_consumer("S", "all")
    make(js, dict(EXPLICIT, filter_subject="s.a.*"), "a")
    refuse(js, 10100, 400, "filtered consumer not unique on workqueue stream", dict(EXPLICIT, filter_subject="s.*.b"), "c")
    make(js, dict(EXPLICIT, filter_subjects=["s.b", "s.c.>"]), "bc")
    refuse(js, 10099, 400, "multiple non-filtered consumers not allowed on workqueue stream", EXPLICIT, "c")
    refuse(js, 10100, 400, "filtered consumer not unique on workqueue stream", dict(EXPLICIT, filter_subject="s.c.x"), "a")


@test(SHEET, 111, needs="jetstream")
def work_queue_messages_go_when_settled(ctx):
    js = start(ctx, retention="workqueue")
    make(js, EXPLICIT, "c")
    fill(js, 3)
    first, second, third = fetch(js, "S", "c", 3)
    js.ack_sync(second)
    eq(js.seqs("S"), [1, 3], "after the ack of 2")
    js.ack_sync(first, b"+TERM")
    eq(js.seqs("S"), [3], "after the term of 1")
    js.ack_sync(third, b"-NAK")
    eq(js.seqs("S"), [3], "after the nak of 3")


@test(SHEET, 112, needs="jetstream")
def interest_retention(ctx):
    js = start(ctx, retention="interest")
    eq(js.pub("s.a", b"nobody")["seq"], 1, "sequence")
    eq(js.state("S")["messages"], 0, "nothing is kept without consumers")
    make(js, dict(EXPLICIT, filter_subject="s.a"), "a")
    make(js, EXPLICIT, "all")
    js.pub_many(["s.a", "s.b", "s.c"])
    eq(js.seqs("S"), [2, 3, 4], "kept")
    for message in fetch(js, "S", "all", 3):
        js.ack_sync(message)
    eq(js.seqs("S"), [2], "what another one needs")
    js.ack_sync(fetch(js, "S", "a")[0])
    eq(js.state("S")["messages"], 0, "acked by all")


@test(SHEET, 112, needs="jetstream")
def interest_of_ack_none_ends_with_sending(ctx):
    js = start(ctx, retention="interest")
    make(js, {}, "none")
    fill(js, 3)
    eq(js.state("S")["messages"], 3, "before")
    fetch(js, "S", "none", 2)
    js.wait_state("S", messages=1, first_seq=3)


@test(SHEET, 112, needs="jetstream")
def interest_ends_with_the_consumer(ctx):
    js = start(ctx, retention="interest")
    make(js, dict(EXPLICIT, filter_subject="s.a"), "a")
    make(js, dict(EXPLICIT, filter_subject="s.b"), "b")
    js.pub_many(["s.a", "s.b", "s.a", "s.c"])
    eq(js.seqs("S"), [1, 2, 3], "kept")
    js.delete_consumer("S", "a")
    js.wait_state("S", messages=1)
    eq(js.seqs("S"), [2], "left")
    make(js, dict(EXPLICIT, filter_subject="s.c"), "b")
    js.wait_state("S", messages=0)


# -- counters -------------------------------------------------------------------------------------------

@test(SHEET, 113, needs="jetstream")
def num_pending(ctx):
    js = start(ctx)
    make(js, dict(EXPLICIT, filter_subject="s.a"), "one")
    make(js, dict(EXPLICIT, filter_subjects=["s.a", "s.b"]), "two")
    js.pub_many(["s.a", "s.b", "s.c"] * 3)
    js.wait_consumer("S", "one", num_pending=3)
    js.wait_consumer("S", "two", num_pending=6)
    js.delete_msg("S", 4)
    js.wait_consumer("S", "one", num_pending=2)
    js.wait_consumer("S", "two", num_pending=5)
    js.delete_msg("S", 3)
    message, = fetch(js, "S", "two")
    eq(parse_ack(message.reply).pending, 4, "token")
    js.delete_msg("S", 1)
    eq((js.consumer_info("S", "one")["num_pending"], js.consumer_info("S", "two")["num_pending"]), (1, 4),
       "delivered ones do not count")
    eq(js.purge("S", filter="s.b"), 3, "purged")
    js.wait_consumer("S", "two", num_pending=1)
    js.purge("S")
    for name in ("one", "two"):
        js.wait_consumer("S", name, num_pending=0)


@test(SHEET, 114, needs="jetstream")
def ack_samples(ctx):
    js = start(ctx)
    make(js, dict(EXPLICIT, sample_freq="100%"), "c")
    make(js, dict(EXPLICIT, sample_freq="0"), "never")
    samples = js.subscribe("$JS.EVENT.METRIC.CONSUMER.ACK.S.*")
    fill(js, 4)
    messages = fetch(js, "S", "c", 4)
    js.ack_sync(fetch(js, "S", "never")[0])
    js.ack_sync(messages[0], b"-NAK")
    js.ack_sync(messages[1], b"+TERM")
    samples.expect_none()
    js.ack_sync(messages[2])
    again, = fetch(js, "S", "c")
    js.ack_sync(again)
    frame = samples.next()
    eq(frame.subject, b"$JS.EVENT.METRIC.CONSUMER.ACK.S.c", "subject")
    sample = decode(frame.payload)
    eq(list(sample), ["type", "id", "timestamp", "stream", "consumer", "consumer_seq", "stream_seq", "ack_time", "deliveries"], "keys")
    eq((sample["type"], sample["stream"], sample["consumer"], sample["consumer_seq"], sample["stream_seq"], sample["deliveries"]),
       ("io.nats.jetstream.metric.v1.consumer_ack", "S", "c", 3, 3, 1), "sample")
    near(sample["ack_time"], 1, 20 * SECOND, "ack_time")
    sample = decode(samples.next().payload)
    eq((sample["consumer_seq"], sample["stream_seq"], sample["deliveries"]), (5, 1, 2), "sample of a redelivery")
    js.ack_sync(again)
    samples.expect_none()


# -- advisories -----------------------------------------------------------------------------------------

def event(inbox, kind, keys, values):
    """The next advisory has this type, these keys in order and these values; no headers, no reply."""
    frame = inbox.next()
    eq((frame.headers, frame.reply), (None, None), "headers and reply")
    advisory = decode(frame.payload)
    eq(advisory["type"], "io.nats.jetstream.advisory.v1." + kind, "type")
    eq(list(advisory), ["type", "id", "timestamp"] + keys, "keys of " + kind)
    matches(advisory["id"], r"^[0-9A-Za-z]{22}$", "id")
    nanos(advisory["timestamp"])
    for key, value in values.items():
        eq(advisory[key], value, "%s of %s" % (key, kind))
    return frame.subject.decode()


@test(SHEET, 115, needs="jetstream")
def advisories(ctx):
    js = start(ctx)
    inbox = js.subscribe(EVENTS + ">")
    who = {"stream": "S", "consumer": "c"}
    make(js, dict(EXPLICIT, ack_wait=100 * MS, max_deliver=2), "c")
    eq(event(inbox, "consumer_action", ["stream", "consumer", "action"], dict(who, action="create")), EVENTS + "CREATED.S.c", "subject")
    make(js, dict(EXPLICIT, ack_wait=100 * MS, max_deliver=2, description="x"), "c")
    fill(js, 3)
    first, second, third = fetch(js, "S", "c", 3)
    js.ack_sync(first, b"+TERM why")
    subject = event(inbox, "terminated", ["stream", "consumer", "consumer_seq", "stream_seq", "deliveries", "reason"],
                    dict(who, consumer_seq=1, stream_seq=1, deliveries=1, reason="why"))
    eq(subject, EVENTS + "MSG_TERMINATED.S.c", "subject")
    js.ack_sync(second, b"-NAK")
    subject = event(inbox, "nak", ["stream", "consumer", "consumer_seq", "stream_seq", "deliveries"],
                    dict(who, consumer_seq=2, stream_seq=2, deliveries=1))
    eq(subject, EVENTS + "MSG_NAKED.S.c", "subject")
    js.ack_sync(third)
    pull = js.pull("S", "c", {"batch": 2, "expires": 20 * SECOND})
    eq(seqs(pull.take(1)), [2], "redelivered")
    subject = event(inbox, "max_deliver", ["stream", "consumer", "stream_seq", "deliveries"], dict(who, stream_seq=2, deliveries=2))
    eq(subject, EVENTS + "MAX_DELIVERIES.S.c", "subject")
    js.ok("CONSUMER.PAUSE.S.c", {"pause_until": "2100-01-01T00:00:00Z"})
    subject = event(inbox, "consumer_pause", ["stream", "consumer", "paused", "pause_until"],
                    dict(who, paused=True, pause_until="2100-01-01T00:00:00Z"))
    eq(subject, EVENTS + "PAUSE.S.c", "subject")
    js.ok("CONSUMER.PAUSE.S.c")
    event(inbox, "consumer_pause", ["stream", "consumer", "paused", "pause_until"], dict(who, paused=False, pause_until=ZERO_TIME))
    js.delete_consumer("S", "c")
    eq(event(inbox, "consumer_action", ["stream", "consumer", "action"], dict(who, action="delete")), EVENTS + "DELETED.S.c", "subject")
    make(js, EXPLICIT, "d")
    js.delete("S")
    event(inbox, "consumer_action", ["stream", "consumer", "action"], {"action": "create", "consumer": "d"})
    event(inbox, "consumer_action", ["stream", "consumer", "action"], {"action": "delete", "consumer": "d"})


@test(SHEET, 115, needs="jetstream")
def advisories_of_pins(ctx):
    js = start(ctx)
    inbox = js.subscribe(EVENTS + "PINNED.S.c")
    unpinned = js.subscribe(EVENTS + "UNPINNED.S.c")
    make(js, dict(EXPLICIT, priority_policy="pinned_client", priority_groups=["A"]), "c")
    fill(js, 1)
    eq(seqs(js.pull("S", "c", {"batch": 1, "group": "A"}).take(1)), [1], "message")
    pin = js.consumer_info("S", "c")["priority_groups"][0]["pinned_client_id"]
    who = {"account": "$G", "stream": "S", "consumer": "c", "group": "A"}
    event(inbox, "consumer_group_pinned", ["account", "stream", "consumer", "group", "pinned_id"], dict(who, pinned_id=pin))
    js.ok("CONSUMER.UNPIN.S.c", {"group": "A"})
    event(unpinned, "consumer_group_unpinned", ["account", "stream", "consumer", "group", "reason"], dict(who, reason="admin"))
    js.ok("CONSUMER.UNPIN.S.c", {"group": "A"})
    event(unpinned, "consumer_group_unpinned", ["account", "stream", "consumer", "group", "reason"], dict(who, reason="admin"))


@test(SHEET, 115, needs="jetstream")
def advisories_name_the_domain(ctx):
    js = jetstream(ctx, 'jetstream { store_dir: "js", domain: hub }\n')
    js.create("S", "s.>")
    inbox = js.subscribe(EVENTS + ">")
    make(js, EXPLICIT, "c")
    event(inbox, "consumer_action", ["stream", "consumer", "action", "domain"], {"domain": "hub"})


# -- pages ----------------------------------------------------------------------------------------------

@test(SHEET, 123, needs="jetstream", slow=True)
def pages_of_many_consumers(ctx):
    js = start(ctx, max_consumers=2000)
    names = ["c%04d" % number for number in range(1030)]
    inboxes = []
    for name in names:
        inboxes.append(js.new_inbox())
        js.send("$JS.API.CONSUMER.CREATE.S." + name, {"stream_name": "S", "config": {"durable_name": name, "mem_storage": True}},
                inboxes[-1])
    for inbox in inboxes:
        reply = decode(js.reply_to(inbox).payload)
        check("error" not in reply, reply)
    first = js.ok("CONSUMER.NAMES.S")
    eq((first["total"], first["offset"], first["limit"]), (1030, 0, 1024), "names")
    eq(first["consumers"], names[:1024], "first page")
    eq(js.ok("CONSUMER.NAMES.S", {"offset": 1024})["consumers"], names[1024:], "second page")
    for offset in (0, 256, 1000):
        page = js.ok("CONSUMER.LIST.S", {"offset": offset})
        eq((page["total"], page["offset"], page["limit"]), (1030, offset, 256), "list")
        eq([entry["name"] for entry in page["consumers"]], names[offset:offset + 256], "page at %d" % offset)


@test(SHEET, 124, needs="jetstream")
def order_and_offsets(ctx):
    js = start(ctx)
    for name in ("b", "C", "a", "B1", "_x"):
        make(js, EXPLICIT, name)
    ordered = sorted(["b", "C", "a", "B1", "_x"])
    for call, take in (("NAMES", lambda entry: entry), ("LIST", lambda entry: entry["name"])):
        name = "CONSUMER.%s.S" % call
        limit = 1024 if call == "NAMES" else 256
        for body, offset in ((b"", 0), ({"offset": 2}, 2), ({"offset": 5}, 5), ({"offset": 77}, 5), ({"offset": -3}, 0),
                             (b"junk", 0)):
            page = js.ok(name, body)
            eq((page["total"], page["offset"], page["limit"]), (5, offset, limit), "%s %r" % (call, body))
            eq([take(entry) for entry in page["consumers"]], ordered[offset:], "%s %r" % (call, body))
        page = js.err("CONSUMER.%s.MISSING" % call, b"", 10059, 404, "stream not found")
        eq((page["total"], page["offset"], page["limit"], page["consumers"]), (0, 0, 0, []), "fields of an error")
    listed = js.ok("CONSUMER.LIST.S")["consumers"][0]
    info = js.consumer_info("S", ordered[0])
    for key in ("stream_name", "name", "created", "delivered", "ack_floor", "num_ack_pending", "num_redelivered",
                "num_waiting", "num_pending"):
        eq(listed[key], info[key], key)


@test(SHEET, 124, needs="jetstream")
def requests_that_want_an_empty_body(ctx):
    js = start(ctx)
    make(js, EXPLICIT, "c")
    for call in ("INFO", "DELETE"):
        js.err("CONSUMER.%s.S.c" % call, b"x", 10038, 400, "expected an empty request payload")
        js.err("CONSUMER.%s.S.missing" % call, b"", 10014, 404, "consumer not found")
        js.err("CONSUMER.%s.MISSING.c" % call, b"", 10059, 404, "stream not found")
    js.ok("CONSUMER.INFO.S.c", b"{}")
    eq(js.ok("CONSUMER.DELETE.S.c", b"{}")["success"], True, "success")
