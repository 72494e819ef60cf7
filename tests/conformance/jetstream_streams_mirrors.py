"""Mirrors: jetstream-streams.md 15, items 119 to 125, 132 to 135."""

import hashlib
import re
import time

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")

NEED = "mirrors"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def hash8(text):
    return "".join(DIGITS[byte % 62] for byte in hashlib.sha256(text.encode()).digest()[:8])


def origin(js, count=0, name="O", **config):
    """A stream O on o.> with that many messages on o.0, o.1 and o.2 in turn."""
    js.create(name, [name.lower() + ".>"], **config)
    js.pub_many(["%s.%d" % (name.lower(), number % 3) for number in range(count)], b"payload")


def wait_mirror(js, name="M", **fields):
    return js.wait_state(name, **fields)


@case(119, NEED)
def validation_of_mirrors(ctx):
    js = jetstream(ctx)
    mirror = {"name": "O"}

    def refused(err_code, text, code=400, **config):
        js.create_err("M", err_code, code, text, **dict({"mirror": mirror}, **config))

    refused(10143, "stream mirrors can not have first sequence configured", first_seq=5)
    refused(10034, "stream mirrors can not contain subjects", subjects=["m"])
    refused(10031, "stream mirrors can not also contain other sources", sources=[{"name": "X"}])
    refused(10173, "stream mirrors can not also calculate counters", allow_msg_counter=True)
    refused(10198, "stream mirrors can not also use atomic publishing", allow_atomic=True)
    refused(10209, "stream mirrors can not also use batch publishing", allow_batched=True)
    refused(10186, "stream mirrors can not also schedule messages", allow_msg_schedules=True)
    refused(10052, "subject delete markers forbidden on mirrors", 500, subject_delete_marker_ttl=SECOND)
    both = {"name": "O", "filter_subject": "o.a", "subject_transforms": [{"src": "o.b", "dest": "x"}]}
    refused(10150, "mirror with multiple subject transforms cannot also have a single subject filter", mirror=both)
    refused(10151, "mirror transform source: invalid subject o..b", mirror={"name": "O", "subject_transforms": [{"src": "o..b", "dest": "x"}]})
    refused(10154, None, mirror={"name": "O", "subject_transforms": [{"src": "o.*", "dest": "x.{{wildcard(2)}}"}]})
    refused(10152, "mirror subject filters can not overlap",
            mirror={"name": "O", "subject_transforms": [{"src": "o.*", "dest": ""}, {"src": "o.a", "dest": "x"}]})
    for name in ("", "a.b", "a*"):
        refused(10142, "mirrored stream name is invalid", mirror={"name": name})
    for consumer in ({"name": "a.b", "deliver_subject": "d"}, {"name": "c", "deliver_subject": "d.*"}, {"name": "c"}):
        refused(10213, "stream mirror consumer config is invalid", mirror={"name": "O", "consumer": consumer})
    for more in ({"opt_start_seq": 5}, {"filter_subject": "x"}):
        refused(10213, "stream mirror consumer config is invalid", mirror=dict({"name": "O", "consumer": {"name": "c", "deliver_subject": "d"}}, **more))
    js.create("O", max_msg_size=1000)
    refused(10030, "stream mirror must have max message size >= source", max_msg_size=500)
    js.create_err("S", 10052, 500, "detected cycle", mirror={"name": "S"})
    js.create("M", mirror=mirror, max_msg_size=1000)


@case(119, NEED)
def external_prefixes(ctx):
    js = jetstream(ctx)

    def refused(err_code, code, text, api, deliver):
        js.create_err("M", err_code, code, text, mirror={"name": "O", "external": {"api": api, "deliver": deliver}})

    refused(10024, 400, "stream external delivery prefix d.* must not contain wildcards", "x.API", "d.*")
    refused(10052, 500, 'stream external api prefix "x.*" must be a valid subject without wildcards', "x.*", "d")
    refused(10021, 400, "stream external api prefix $JS.API must not overlap with $JS.API", "$JS.API", "")
    reply = js.create("M", mirror={"name": "O", "external": {"api": "$JS.dom.API", "deliver": ""}})
    eq(reply["config"]["mirror"], {"name": "O", "external": {"api": "$JS.dom.API", "deliver": ""}}, "mirror")


def capture(js, subject="$JS.API.CONSUMER.>"):
    return js.subscribe(subject)


@case(120, NEED)
def consumer_request(ctx):
    js = jetstream(ctx)
    watch = capture(js)
    origin(js)
    js.create("M", mirror={"name": "O"})
    frame = watch.next()
    consumer = "JS_MIRROR_" + hash8("M $G")
    eq(frame.subject, b"$JS.API.CONSUMER.CREATE.O", "subject")
    matches(frame.reply.decode(), r"^\$JSC\.R\.[0-9A-Za-z]{8}$", "reply subject")
    eq(frame.headers, block({"Nats-Required-Api-Level": "4"}), "headers")
    body = decode(frame.payload)
    deliver = body["config"].pop("deliver_subject")
    matches(deliver, r"^\$JS\.M\.[0-9A-Za-z]{8}$", "deliver subject")
    eq(body, {"stream_name": "O", "action": "", "config": {
        "name": consumer, "deliver_policy": "all", "ack_policy": "none", "ack_wait": 22 * 3600 * SECOND, "max_deliver": 1, "replay_policy": "instant",
        "flow_control": True, "idle_heartbeat": SECOND, "inactive_threshold": 10 * SECOND, "num_replicas": 0, "direct": True, "sourcing": True,
        "metadata": {"_nats.mirror.acc": "$G", "_nats.mirror.stream": "M"}}}, "body")


@case(120, NEED)
def start_of_the_consumer(ctx):
    js = jetstream(ctx)
    origin(js, 10)
    watch = capture(js)
    when = "2026-01-02T03:04:05Z"
    for number, (mirror, subject, want) in enumerate((
            ({"opt_start_seq": 4}, None, {"deliver_policy": "by_start_sequence", "opt_start_seq": 4}),
            ({"opt_start_time": when}, None, {"deliver_policy": "by_start_time", "opt_start_time": when}),
            ({"filter_subject": "o.1"}, "o.1", {"deliver_policy": "all", "filter_subject": "o.1"}),
            ({"subject_transforms": [{"src": "o.2", "dest": "x"}]}, "o.2", {"deliver_policy": "all", "filter_subject": "o.2"}),
            ({"subject_transforms": [{"src": "o.2", "dest": "x"}, {"src": "o.1", "dest": ""}]}, None,
             {"deliver_policy": "all", "filter_subjects": ["o.2", "o.1"]}))):
        name = "M%d" % number
        js.create(name, mirror=dict({"name": "O"}, **mirror))
        frame = watch.next()
        config = decode(frame.payload)["config"]
        for key in ("deliver_policy", "opt_start_seq", "opt_start_time", "filter_subject", "filter_subjects"):
            eq(config.get(key), want.get(key), "%s of %r" % (key, mirror))
        tail = ".JS_MIRROR_%s.%s" % (hash8(name + " $G"), subject) if subject else ""
        eq(frame.subject.decode(), "$JS.API.CONSUMER.CREATE.O" + tail, "subject of %r" % mirror)
    eq([js.wait_state("M0", messages=7)["first_seq"], js.wait_state("M2", messages=3)["messages"]], [4, 3], "mirrored")


@case(121, NEED)
def copies(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        name = "O" + storage
        origin(js, 10, name)
        subject = name.lower()
        for seq in (1, 2, 5, 6, 10):
            js.delete_msg(name, seq)
        js.pub(subject + ".x", b"data", [("Nats-Msg-Id", "id"), ("Nats-Expected-Stream", name), ("Nats-Expected-Last-Sequence", "10"), ("a", "b")])
        js.create("M" + storage, mirror={"name": name}, storage=storage)
        state = js.wait_state("M" + storage, messages=6)
        eq((js.seqs("M" + storage), state["last_seq"], state["first_seq"]), ([3, 4, 7, 8, 9, 11], 11, 3), "sequences")
        eq([js.get("M" + storage, seq=seq)["time"] for seq in (3, 9, 11)], [js.get(name, seq=seq)["time"] for seq in (3, 9, 11)], "times")
        message = js.get("M" + storage, seq=11)
        eq((message["subject"], message["data"], message["hdrs"]), (subject + ".x", b"data", block([("Nats-Msg-Id", "id"), ("a", "b")])), "message")
        js.pub(subject + ".y")
        js.wait_state("M" + storage, last_seq=12)
        eq("duplicate_window" in js.info("M" + storage)["config"], False, "duplicate window")
        eq(js.info("M" + storage)["config"].get("subjects"), None, "subjects")


@case(122, NEED)
def filtered_and_transformed(ctx):
    js = jetstream(ctx)
    origin(js, 9)
    js.create("F", mirror={"name": "O", "filter_subject": "o.1"})
    js.create("T", mirror={"name": "O", "subject_transforms": [{"src": "o.0", "dest": "new.zero"}, {"src": "o.2", "dest": ""}]})
    js.create("G", mirror={"name": "O"}, subject_transform={"src": "o.*", "dest": "g.{{wildcard(1)}}"})
    js.wait_state("F", messages=3)
    js.wait_state("T", messages=6)
    js.wait_state("G", messages=9)
    eq(js.seqs("F"), [2, 5, 8], "sequences of the filter")
    eq((js.seqs("T"), js.state("T", subjects_filter=">")["subjects"]), ([1, 3, 4, 6, 7, 9], {"new.zero": 3, "o.2": 3}), "transformed")
    eq(js.state("G", subjects_filter=">")["subjects"], {"g.0": 3, "g.1": 3, "g.2": 3}, "subjects")


@case(123, NEED)
def mirror_direct(ctx):
    js = jetstream(ctx)
    origin(js, 5, allow_direct=True)
    js.create("P", ["p"])
    eq(js.create("M", mirror={"name": "O"})["config"]["mirror_direct"], True, "inherited")
    eq(js.create("N", mirror={"name": "P"}, mirror_direct=True)["config"]["mirror_direct"], False, "inherited")
    js.create_err("M2", 10157, 400, "pedantic mode: origin stream has direct get set, mirror has it disabled", pedantic=True, mirror={"name": "O"})
    js.wait_state("M", messages=5)
    wait_until(lambda: header(js.direct("O", {"seq": 3})[0], "Nats-Stream") == "M", "the mirror answers")
    wait_until(lambda: header(js.direct("O", {"seq": 3})[0], "Nats-Stream") == "O", "the origin answers")
    eq(status(js.direct("M", {"seq": 3})[0]), "503", "under the name of the mirror")


@case(124, NEED)
def promotion(ctx):
    js = jetstream(ctx)
    origin(js, 5)
    js.create("M", mirror={"name": "O"})
    js.wait_state("M", messages=5)
    watch = capture(js, "$JS.API.CONSUMER.DELETE.>")
    config = js.update("M")["config"]
    eq(("mirror" in config, config["subjects"]), (False, ["M"]), "configuration")
    frame = watch.next()
    eq((frame.subject.decode(), frame.payload), ("$JS.API.CONSUMER.DELETE.O.JS_MIRROR_" + hash8("M $G"), b""), "request")
    check(frame.subject.startswith(b"$JS.API.CONSUMER.DELETE.O.JS_MIRROR_"), "deleted consumer")
    eq(js.pub("M")["seq"], 6, "sequence")
    js.pub("o.x")
    js.pub("M")
    state = js.state("M")
    eq((state["messages"], state["last_seq"], "mirror" in js.info("M")), (7, 7, False), "state")
    js.update_err("M", 10055, 400, mirror={"name": "O"})
    js.create("M2", mirror={"name": "O"})
    eq(js.update("M2", ["m2.>"])["config"]["subjects"], ["m2.>"], "subjects of the promotion")


@case(125, NEED)
def status_of_a_mirror(ctx):
    js = jetstream(ctx)
    reply = js.create("M", mirror={"name": "O"})
    eq({key: value for key, value in js.info("M")["mirror"].items() if key != "error"}, {"name": "O", "lag": 0, "active": -1}, "status")
    origin(js, 5)
    js.wait_state("M", messages=5, timeout=30.0)
    info = js.info("M")["mirror"]
    check(0 <= info["active"] < 5 * SECOND and info["lag"] == 0, "status %r" % info)
    js.create("F", mirror={"name": "O", "filter_subject": "o.1"})
    js.create("T", mirror={"name": "O", "subject_transforms": [{"src": "o.0", "dest": "x"}, {"src": "o.1", "dest": ""}]})
    wait_until(lambda: js.info("F")["mirror"].get("filter_subject") == "o.1", "the filter in the status")
    eq(js.info("T")["mirror"]["subject_transforms"], [{"src": "o.0", "dest": "x"}, {"src": "o.1", "dest": ""}], "transforms")
    eq(reply["config"]["mirror"], {"name": "O"}, "configuration")


@case(133, NEED)
def purge_of_a_mirror(ctx):
    js = jetstream(ctx)
    origin(js, 5)
    js.create("M", mirror={"name": "O"})
    js.wait_state("M", messages=5)
    eq(js.purge("M"), 5, "purged")
    js.pub("o.x")
    state = js.wait_state("M", last_seq=6)
    eq((state["messages"], js.seqs("M")), (1, [6]), "state")
    js.delete_msg("M", 6)
    js.restart()
    js.pub("o.x")
    js.wait_state("M", last_seq=7, messages=1)
    eq((js.seqs("M"), js.state("O")["messages"]), ([7], 7), "sequences after a restart")


class Upstream:
    """Plays the other server behind an external prefix: takes the consumer requests and sends deliveries."""

    def __init__(self, js, api="UP.API"):
        self.js = js
        self.requests = js.subscribe(api + ".>")
        self.delivered = 0

    def accept(self, **config):
        """Answers the next request like a consumer create; (frame, body)."""
        frame = self.requests.next(30.0)
        body = decode(frame.payload) if frame.payload else {}
        self.config = dict(body.get("config", {}), **config)
        self.stream = frame.subject.decode().split(".")[4]
        self.consumer = self.config.get("name", "c")
        empty = {"consumer_seq": 0, "stream_seq": 0}
        self.js.send(frame.reply.decode(), {
            "type": TYPE + "consumer_create_response", "stream_name": self.stream, "name": self.consumer, "created": "2026-01-01T00:00:00Z",
            "config": self.config, "delivered": empty, "ack_floor": empty, "num_ack_pending": 0, "num_redelivered": 0, "num_waiting": 0, "num_pending": 0,
            "ts": "2026-01-01T00:00:00Z"})
        return frame, body

    def heartbeat(self):
        self.js.send(self.config["deliver_subject"], b"", headers="NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: %d\r\nNats-Last-Stream: %d\r\n\r\n"
                     % (self.delivered, self.delivered))


@case(132, NEED)
def external_requests(ctx):
    js = jetstream(ctx)
    up = Upstream(js)
    for name, source, letter in (("M", False, "M"), ("S", True, "S")):
        external = {"name": "O", "external": {"api": "UP.API", "deliver": "UP.D"}}
        js.create(name, **({"sources": [external]} if source else {"mirror": external}))
        frame, body = up.accept()
        eq(frame.subject, b"UP.API.CONSUMER.CREATE.O", "subject")
        matches(body["config"]["deliver_subject"], r"^UP\.D\.%s\.[0-9A-Za-z]{8}$" % letter, "deliver subject")
        eq(body["stream_name"], "O", "stream")


@case(132, NEED, slow=True)
def missing_flow_control_path(ctx):
    config = STORE + '''accounts {
        O { jetstream: enabled, users: [ {user: o, password: p} ], exports: [ {service: "$JS.API.>", response: stream}, {stream: "deliver.>"} ] }
        M { jetstream: enabled, users: [ {user: m, password: p} ],
            imports: [ {service: {account: O, subject: "$JS.API.>"}, to: "O.API.>"}, {stream: {account: O, subject: "deliver.>"}} ] } }\n'''
    upstream = jetstream(ctx, config, guard=False, user="o", **{"pass": "p"})
    js = jetstream(ctx, server=upstream.server, user="m", **{"pass": "p"})
    upstream.create("O", ["o"])
    for _ in range(10):
        upstream.pub_many(["o"] * 100, b"x" * 10000)
    external = {"name": "O", "external": {"api": "O.API", "deliver": "deliver"}}
    js.create("M", mirror=external)
    js.create("S", sources=[external])
    for name, member in (("M", lambda info: info["mirror"]), ("S", lambda info: info["sources"][0])):
        wait_until(lambda: member(js.info(name)).get("error"), "an error of %s" % name, 20.0)
        check_error(member(js.info(name))["error"], 10228, 500, "stream source consumer stalled on flow control")
    for kind, name in (("mirror", "M"), ("source", "S")):
        js.server.wait_log(r"\[WRN\] JetStream stream 'M > %s' %s 'O' is stalled on flow control, replies are not reaching the consumer" % (name, kind))


@case(134, NEED, slow=True)
def silent_upstream(ctx):
    js = jetstream(ctx)
    up = Upstream(js)
    js.create("M", mirror={"name": "O", "external": {"api": "UP.API", "deliver": "UP.D"}})
    _, first = up.accept()
    started = time.monotonic()
    _, second = up.accept()
    near(time.monotonic() - started, 9.0, 25.0, "seconds until the consumer is made anew")
    check(first["config"]["deliver_subject"] != second["config"]["deliver_subject"], "same deliver subject")


@case(135, NEED)
def consumer_of_the_user(ctx):
    js = jetstream(ctx)
    up = Upstream(js)
    js.create("M", mirror={"name": "O", "external": {"api": "UP.API", "deliver": ""}, "consumer": {"name": "C", "deliver_subject": "DLV"}})
    frame, _ = up.accept(name="C", deliver_subject="DLV", ack_policy="explicit")
    eq((frame.subject, frame.headers, frame.payload), (b"UP.API.CONSUMER.RESET.O.C", None, b""), "request")
    wait_until(lambda: js.info("M")["mirror"].get("error"), "an error")
    check_error(js.info("M")["mirror"]["error"], 10214, 400, "stream mirror consumer requires flow control ack policy")


@case(135, NEED)
def mirror_through_a_durable(ctx):
    js = jetstream(ctx)
    origin(js, 5)
    js.consumer("O", "C", deliver_subject="DLV", flow_control=True, idle_heartbeat=SECOND, max_ack_pending=100, ack_policy="flow_control")
    js.create("M", mirror={"name": "O", "consumer": {"name": "C", "deliver_subject": "DLV"}})
    js.wait_state("M", messages=5)
    js.pub("o.x")
    js.wait_state("M", messages=6)
    eq(js.seqs("M"), [1, 2, 3, 4, 5, 6], "sequences")
    check(re.match(r"^[a-zA-Z0-9]+$", js.consumer_info("O", "C")["name"]), "name")
