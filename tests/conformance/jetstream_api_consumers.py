"""Consumers through the API: jetstream-api.md 11, 12 and 15, items 41 to 52, 77, 82, 83."""

from lib import *
from lib.jetstream import *

case = cases("jetstream_api")

FUTURE = "2099-01-01T00:00:00Z"


def stream(js, count=0, **config):
    js.create("S", ["s.*"], **config)
    js.pub_many(["s.a"] * count, b"payload")


def create(js, form, err_code=None, code=400, text=None, stream_name="S", **config):
    """A consumer create on `CONSUMER.<form>`; the reply, which has this error or none."""
    config.setdefault("ack_policy", "explicit")
    body = {"stream_name": stream_name, "config": config}
    if err_code is None:
        return js.ok("CONSUMER." + form, body, kind="consumer_create_response")
    return js.err("CONSUMER." + form, body, err_code, code, text, kind="consumer_create_response")


@case(41)
def names(ctx):
    js = jetstream(ctx)
    stream(js)
    create(js, "CREATE.S.c", 10017, durable_name="d", text="consumer name in subject does not match durable name in request")
    create(js, "DURABLE.CREATE.S.c", 10017, durable_name="d", text="consumer name in subject does not match durable name in request")
    create(js, "DURABLE.CREATE.S.c", 10018, text="consumer expected to be durable but a durable name was not set")
    create(js, "CREATE.S", 10020, durable_name="d", text="consumer expected to be ephemeral but a durable name was set in request")
    create(js, "CREATE.S.c", 10056, stream_name="T", text="stream name in subject does not match request")
    js.err("CONSUMER.CREATE.S.c", b"", 10056, 400, "stream name in subject does not match request")
    for name in ("a/b", "a\\b"):
        create(js, "CREATE.S." + name, 10127, text="Consumer name can not contain path separators")
    create(js, "CREATE.S.c.s.a", 10131, filter_subject="s.b", text="Consumer create request did not match filtered subject from create subject")
    create(js, "CREATE.S.c.s.a", 10137, filter_subjects=["s.a", "s.b"], text="consumer with multiple subject filters cannot use subject based API")
    create(js, "CREATE.S.c.s.a", filter_subject="s.a", name="c")
    create(js, "DURABLE.CREATE.S.d", durable_name="d")
    create(js, "CREATE.T.c", 10059, 404, stream_name="T", text="stream not found")
    create(js, "CREATE.S.r", 10074, 500, num_replicas=3, text="replicas > 1 not supported in non-clustered mode")
    eq(js.ok("CONSUMER.NAMES.S")["consumers"], ["c", "d"], "consumers")


@case(42)
def names_of_the_server(ctx):
    js = jetstream(ctx)
    stream(js)
    seen = {create(js, "CREATE.S")["name"] for _ in range(3)}
    check(len(seen) == 3 and all(len(name) == 8 and name.isalnum() for name in seen), "names %r" % seen)
    reply = create(js, "CREATE.S", name="own")
    eq((reply["name"], reply["config"]["name"], "durable_name" in reply["config"]), ("own", "own", False), "own name")
    eq(create(js, "CREATE.S.sub", name="other")["name"], "sub", "name of the subject")
    eq(list(reply), ["type", "stream_name", "name", "created", "config", "delivered", "ack_floor", "num_ack_pending", "num_redelivered", "num_waiting",
                     "num_pending", "ts"], "members")


@case(43)
def actions(ctx):
    js = jetstream(ctx)
    stream(js)
    js.consumer_err("S", 10149, 400, "consumer does not exist", name="c", action="update")
    reply = js.request("CONSUMER.CREATE.S.c", {"stream_name": "S", "action": "foo", "config": {"name": "c", "ack_policy": "explicit"}})
    eq(reply["error"]["err_code"], 10025, "bad action")
    js.consumer("S", "c", action="create")
    js.consumer("S", "c", action="create")
    js.consumer_err("S", 10148, 400, "consumer already exists", name="c", action="create", description="other")
    eq(js.consumer("S", "c", action="update", description="other")["config"]["description"], "other", "description")
    eq(js.consumer("S", "c", description="third")["config"]["description"], "third", "description")


@case(44)
def limits(ctx):
    account = STORE + "accounts { A { users: [ {user: a, password: p} ], jetstream { max_consumers: 2, max_ack_pending: 50 } } }\n"
    js = jetstream(ctx, account, guard=False, user="a", **{"pass": "p"})
    stream(js)
    js.consumer_err("S", 10121, 400, "consumer max ack pending exceeds system limit of 50", name="c", max_ack_pending=51)
    eq(js.consumer("S", "a")["config"]["max_ack_pending"], 50, "default max_ack_pending")
    js.consumer("S", "b", max_ack_pending=10)
    js.consumer_err("S", 10026, 400, "maximum consumers limit reached", name="c")


@case(44)
def limits_of_the_server(ctx):
    js = jetstream(ctx, STORE.replace("}", ", limits { max_request_batch: 10, max_ack_pending: 20, default_max_consumers: 3 } }"))
    stream(js)
    js.consumer_err("S", 10125, 400, "consumer max request batch exceeds server limit of 10", name="c", max_batch=11)
    config = js.consumer("S", "c")["config"]
    eq((config["max_batch"], config["max_ack_pending"]), (10, 20), "defaults")
    eq(js.consumer("S", "d", max_batch=5)["config"]["max_batch"], 5, "max_batch")
    js.consumer_err("S", 10121, 400, name="e", max_ack_pending=21)
    js.consumer("S", "e")
    js.consumer_err("S", 10026, 400, "maximum consumers limit reached", name="f")


@case(45)
def pause(ctx):
    js = jetstream(ctx)
    stream(js, 2)
    js.consumer("S", "c")
    events = js.subscribe(ADVISORY + ".CONSUMER.PAUSE.S.c")
    kind = "consumer_pause_response"

    def event():
        got = events.next_json()
        eq((got["type"], got["stream"], got["consumer"]), ("io.nats.jetstream.advisory.v1.consumer_pause", "S", "c"), "event")
        return got["paused"], got["pause_until"]

    reply = js.ok("CONSUMER.PAUSE.S.c", {"pause_until": FUTURE}, kind=kind)
    eq((list(reply), reply["paused"], reply["pause_until"]), (["type", "paused", "pause_until", "pause_remaining"], True, FUTURE), "reply")
    eq(event(), (True, FUTURE), "event")
    info = js.consumer_info("S", "c")
    eq((info["paused"], info["config"]["pause_until"]), (True, FUTURE), "info")
    eq(js.fetch("S", "c"), [], "messages while paused")
    reply = js.ok("CONSUMER.PAUSE.S.c", b"", kind=kind)
    eq(reply, {"type": TYPE + kind, "paused": False, "pause_until": ZERO_TIME}, "reply")
    eq(event(), (False, ZERO_TIME), "event")
    eq(len(js.fetch("S", "c")), 1, "messages")
    past = "2020-01-01T00:00:00Z"
    eq(js.ok("CONSUMER.PAUSE.S.c", {"pause_until": past}, kind=kind), {"type": TYPE + kind, "paused": False, "pause_until": past}, "reply")
    eq(event(), (False, past), "event")
    reply = js.err("CONSUMER.PAUSE.S.d", b"", 10014, 404, "consumer not found", kind=kind)
    eq((reply["paused"], reply["pause_until"]), (False, ZERO_TIME), "error")
    js.err("CONSUMER.PAUSE.T.c", b"", 10059, 404, "stream not found", kind=kind)
    js.err("CONSUMER.PAUSE.S.c", "{", 10025, 400, kind=kind)


@case(46)
def reset(ctx):
    js = jetstream(ctx)
    stream(js, 5)
    js.consumer("S", "c")
    js.ack_sync(js.fetch("S", "c", 3)[0])
    kind = "consumer_reset_response"
    reply = js.ok("CONSUMER.RESET.S.c", b"", kind=kind)
    eq((reply["reset_seq"], reply["num_ack_pending"], reply["num_pending"]), (2, 0, 4), "reset to the ack floor")
    eq([parse_ack(frame.reply).stream_seq for frame in js.fetch("S", "c", 2)], [2, 3], "messages")
    reply = js.ok("CONSUMER.RESET.S.c", {"seq": 4}, kind=kind)
    eq((reply["reset_seq"], reply["num_pending"]), (4, 2), "reset to a sequence")
    eq(parse_ack(js.fetch("S", "c")[0].reply).stream_seq, 4, "message")
    reply = js.ok("CONSUMER.RESET.S.c", {"seq": 99}, kind=kind)
    eq((reply["reset_seq"], reply["delivered"]["stream_seq"], reply["num_pending"]), (99, 98, 0), "reset beyond the end")
    reply = js.err("CONSUMER.RESET.S.c", "{", 10025, 400, kind=kind)
    eq(reply["reset_seq"], 0, "reset_seq in an error")
    js.ok("CONSUMER.RESET.S.c", {"nope": 1}, kind=kind)
    js.consumer("S", "n", deliver_policy="new")
    js.err("CONSUMER.RESET.S.n", {"seq": 1}, 10204, 400, "invalid reset: not allowed", kind=kind)
    js.consumer("S", "b", deliver_policy="by_start_sequence", opt_start_seq=3)
    js.err("CONSUMER.RESET.S.b", {"seq": 2}, 10204, 400, "invalid reset: below start seq", kind=kind)
    js.ok("CONSUMER.RESET.S.b", {"seq": 3}, kind=kind)


@case(47)
def unpin(ctx):
    js = jetstream(ctx)
    stream(js, 2)
    js.consumer("S", "c", priority_policy="pinned_client", priority_groups=["g"])
    js.consumer("S", "plain")
    kind = "consumer_unpin_response"
    js.err("CONSUMER.UNPIN.S.c", b"", 10025, 400, "invalid JSON: unexpected end of JSON input", kind=kind)
    js.err("CONSUMER.UNPIN.S.c", "{}", 10025, 400, "invalid JSON: consumer group not specified", kind=kind)
    js.err("CONSUMER.UNPIN.T.c", {"group": "a b"}, 10162, 400, kind=kind)
    js.err("CONSUMER.UNPIN.T.c", {"group": "g"}, 10059, 404, "stream not found", kind=kind)
    js.err("CONSUMER.UNPIN.S.x", {"group": "g"}, 10014, 404, "consumer not found", kind=kind)
    js.err("CONSUMER.UNPIN.S.c", {"group": "h"}, 10160, 400, kind=kind)
    js.err("CONSUMER.UNPIN.S.plain", {"group": "g"}, 10160, 400, kind=kind)
    events = js.subscribe(ADVISORY + ".CONSUMER.UNPINNED.S.c")
    eq(js.ok("CONSUMER.UNPIN.S.c", {"group": "g", "nope": 1}), {"type": TYPE + kind}, "reply")
    event = events.next_json()
    eq((event["group"], event["reason"], event["account"]), ("g", "admin", "$G"), "event")


@case(48)
def missing_consumers(ctx):
    js = jetstream(ctx)
    stream(js)
    for name, kind in (("INFO", "consumer_info_response"), ("DELETE", "consumer_delete_response")):
        js.err("CONSUMER.%s.S.c" % name, b"", 10014, 404, "consumer not found", kind=kind)
        js.err("CONSUMER.%s.T.c" % name, b"", 10059, 404, "stream not found", kind=kind)
        js.err("CONSUMER.%s.S.c" % name, "x", 10038, 400, "expected an empty request payload", kind=kind)
    js.consumer("S", "c")
    eq(js.ok("CONSUMER.DELETE.S.c"), {"type": TYPE + "consumer_delete_response", "success": True}, "reply")
    js.err("CONSUMER.DELETE.S.c", b"", 10014, 404)


@case(49)
def refused_pulls(ctx):
    js = jetstream(ctx)
    stream(js)
    js.consumer("S", "c")
    js.consumer("S", "push", deliver_subject="d")
    js.consumer("S", "small", max_batch=10, max_expires=SECOND, max_bytes=1000, max_waiting=1)
    js.consumer("S", "pin", priority_policy="pinned_client", priority_groups=["g"])
    js.consumer("S", "prio", priority_policy="prioritized", priority_groups=["g"])
    for consumer, body, want in (
            ("c", {"expires": SECOND, "idle_heartbeat": SECOND}, "400 Bad Request - heartbeat value too large"),
            ("c", {"idle_heartbeat": SECOND}, "400 Bad Request - heartbeat value too large"),
            ("c", {"min_pending": 5}, "400 Bad Request - Not a Overflow Priority consumer"),
            ("c", {"id": "x"}, "400 Bad Request - Not a Pinned Client Priority consumer"),
            ("prio", {"group": "g", "priority": 10}, "400 Bad Request - Priority must be between 0 and 9"),
            ("pin", {"batch": 1}, "400 Bad Request - Priority Group missing"),
            ("pin", {"batch": 1, "group": "h"}, "400 Bad Request - Invalid Priority Group"),
            ("c", {"no_wait": True}, "404 No Messages"),
            ("push", b"", "409 Consumer is push based"),
            ("small", {"batch": 11}, "409 Exceeded MaxRequestBatch of 10"),
            ("small", {"batch": 1, "expires": 2 * SECOND}, "409 Exceeded MaxRequestExpires of 1s"),
            ("small", {"batch": 1, "expires": SECOND, "max_bytes": 1001}, "409 Exceeded MaxRequestMaxBytes of 1000"),
            ("nope", b"", "503")):
        eq(js.pull_status("S", consumer, body), want, "status of %r" % (body,))
    check(js.pull_status("S", "c", "{x").startswith("400 Bad Request - "), "malformed request")
    js.pub("s.a")
    js.fetch("S", "pin", group="g")
    eq(js.pull_status("S", "pin", {"batch": 1, "group": "g", "id": "wrong"}), "423 Nats-Pin-Id mismatch", "wrong pin")


@case(49)
def ends_of_pulls(ctx):
    js = jetstream(ctx)
    stream(js)
    js.consumer("S", "c", max_waiting=1)
    frame = js.pull("S", "c", {"batch": 3, "expires": 50 * MS, "max_bytes": 500}).next()
    eq(frame.headers, b"NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 3\r\nNats-Pending-Bytes: 500\r\n\r\n", "expired")
    first = js.pull("S", "c", {"batch": 5, "expires": 60 * SECOND, "max_bytes": 1000})
    js.wait_consumer("S", "c", num_waiting=1)
    eq(js.pull_status("S", "c", {"batch": 1, "expires": SECOND}), "409 Exceeded MaxWaiting", "second pull")
    js.pub("s.a", b"x" * 10)
    eq(first.next().payload, b"x" * 10, "message")
    js.pub("s.a", b"x" * 5000)
    eq(status(first.next()), "409 Message Size Exceeds MaxBytes", "large message")
    js.create("T", ["t"])
    js.consumer("T", "c")
    waiting = js.pull("T", "c", {"batch": 5, "expires": 60 * SECOND})
    js.wait_consumer("T", "c", num_waiting=1)
    js.delete_consumer("T", "c")
    eq(waiting.next().headers, b"NATS/1.0 409 Consumer Deleted\r\n\r\n", "deleted consumer")


@case(49)
def forms_of_pulls(ctx):
    js = jetstream(ctx)
    stream(js, 10)
    js.consumer("S", "c")
    for body, count in ((b"", 1), ("3", 3), ({"batch": 2}, 2), ({"batch": 0}, 1), ({"batch": -3}, 1), ("text", 1), ({"nope": 1}, 1)):
        inbox = js.pull("S", "c", body)
        inbox.take(count)
        js.wait_consumer("S", "c", num_waiting=0)
        inbox.expect_none()


@case(49, slow=True)
def heartbeats_of_pulls(ctx):
    js = jetstream(ctx)
    stream(js)
    js.consumer("S", "c")
    frame = js.pull("S", "c", {"batch": 1, "expires": 5 * SECOND, "idle_heartbeat": 500 * MS}).next()
    eq((status(frame), [name for name, _ in pairs(frame)]), ("100 Idle Heartbeat", ["Nats-Last-Consumer", "Nats-Last-Stream"]), "heartbeat")


@case(50)
def added_headers(ctx):
    js = jetstream(ctx)
    stream(js, 2)
    js.pub("s.a", b"12345", {"a": "b"})
    js.consumer("S", "h", headers_only=True)
    frames = js.fetch("S", "h", 3)
    eq([(frame.payload, pairs(frame)) for frame in frames[1:]], [(b"", [("Nats-Msg-Size", "7")]), (b"", [("a", "b"), ("Nats-Msg-Size", "5")])], "messages")
    js.consumer("S", "p", priority_policy="pinned_client", priority_groups=["g"])
    frames = js.fetch("S", "p", 2, group="g", expires=5 * SECOND)
    pin = header(frames[0], "Nats-Pin-Id")
    check(pin and header(frames[1], "Nats-Pin-Id") == pin, "pin %r" % pin)
    eq(js.consumer_info("S", "p")["priority_groups"][0]["pinned_client_id"], pin, "pin in info")


@case(51)
def ack_subjects(ctx):
    js = jetstream(ctx)
    stream(js, 3)
    js.consumer("S", "c")
    first, second = js.fetch("S", "c", 2)
    got = parse_ack(first.reply)
    eq(got._replace(timestamp=0), Ack("S", "c", 1, 1, 1, 0, 2, None, None), "fields")
    eq(got.timestamp, nanos(js.get("S", seq=1)["time"]), "timestamp")
    eq((len(first.reply.split(b".")), parse_ack(second.reply).pending), (9, 1), "tokens")
    hashed = "$JS.ACK._.szMpdrwD.S.c.1.1.1.%d.2" % got.timestamp
    frame = js.ask(hashed, b"+ACK")
    eq((frame.headers, frame.payload), (None, b""), "long form is understood too")
    eq(js.consumer_info("S", "c")["num_ack_pending"], 1, "pending acks")


@case(51)
def long_ack_subjects(ctx):
    for domain, config in (("_", STORE), ("DOM", STORE.replace("}", ", domain: DOM }"))):
        js = jetstream(ctx, config + "feature_flags { js_ack_fc_v2: true }\n")
        stream(js, 2)
        js.consumer("S", "c")
        first, second = js.fetch("S", "c", 2)
        got = parse_ack(first.reply)
        eq((len(first.reply.split(b".")), got.domain, got.account, got.stream, got.stream_seq), (11, domain, "szMpdrwD", "S", 1), "ack subject")
        js.ack_sync(first)
        short = parse_ack(second.reply)
        frame = js.ask("$JS.ACK.S.c.1.2.2.%d.0" % short.timestamp, b"")
        eq((frame.headers, frame.payload), (None, b""), "short form is understood too")
        eq(js.consumer_info("S", "c")["num_ack_pending"], 0, "pending acks")
        js.server.kill()


@case(52)
def confirmations(ctx):
    js = jetstream(ctx)
    stream(js, 6)
    js.consumer("S", "c")
    messages = js.fetch("S", "c", 6)
    for message, payload in zip(messages, (b"", b"+ACK", b"+OK", b"-NAK {\"delay\": 60000000000}", b"+WPI", b"+TERM because")):
        js.ack_sync(message, payload)
    eq(js.consumer_info("S", "c")["num_ack_pending"], 2, "pending acks")


@case(77)
def acks_without_a_listener(ctx):
    js = jetstream(ctx)
    stream(js, 1)
    js.consumer("S", "none", ack_policy="none")
    message, = js.fetch("S", "none")
    eq(status(js.ask(message.reply, b"+ACK")), "503", "ack of a consumer without acks")
    js.consumer("S", "c")
    for subject in ("$JS.ACK.S.c", "$JS.ACK.S.c.1.1.1.1", "$JS.ACK.S.c.1.1.1.1.1.1"):
        eq(status(js.ask(subject, b"+ACK")), "503", "ack on %s" % subject)


@case(82)
def work_queue_and_update_rules(ctx):
    js = jetstream(ctx)
    js.create("W", ["w.*"], retention="workqueue")
    js.consumer_err("W", 10084, 400, name="c", ack_policy="none")
    js.consumer("W", "c")
    js.consumer_err("W", 10099, 400, name="d")
    js.consumer_err("W", 10101, 400, name="e", filter="w.a", deliver_policy="new")
    stream(js)
    js.consumer("S", "c", max_waiting=10)
    js.consumer_err("S", 10012, 500, "max waiting can not be updated", name="c", max_waiting=20)
    js.consumer_err("S", 10081, 400, "consumer deliver subject forms a cycle", name="p", deliver_subject="s.x")


@case(83)
def validation(ctx):
    js = jetstream(ctx)
    stream(js)
    js.consumer_err("S", 10088, 400, "consumer idle heartbeat requires a push based consumer", name="c", idle_heartbeat=SECOND)
    js.consumer_err("S", 10094, 400, "consumer delivery policy is deliver all, but optional start sequence is also set", name="c", opt_start_seq=5)
    js.consumer_err("S", 10094, 400, "consumer delivery policy is deliver by start sequence, but optional start sequence is not set", name="c",
                    deliver_policy="by_start_sequence")
    js.consumer_err("S", 10095, 400, name="c", sample_freq="x")
    js.consumer_err("S", 10107, 400, "consumer description is too long, maximum allowed is 4096", name="c", description="d" * 4097)
    js.consumer_err("S", 10138, 400, "consumer subject filters cannot overlap", name="c", filter_subjects=["s.a", "s.*"])
    reply = js.request("CONSUMER.CREATE.S.c", {"stream_name": "S", "pedantic": True, "config": {"name": "c", "ack_policy": "explicit", "max_ack_pending": -5}})
    eq((reply["error"]["err_code"], reply["error"]["description"]), (10157, "pedantic mode: max_ack_pending must be set to -1"), "pedantic")
    js.consumer_err("S", 10159, 400, name="c", priority_policy="overflow")
    js.consumer_err("S", 10052, 500, "invalid subject", name="c", filter_subjects=["s..a"])
