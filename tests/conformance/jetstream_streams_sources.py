"""Sources: jetstream-streams.md 16, items 119 and 125 to 131."""

from jetstream_streams_mirrors import Upstream, hash8, origin
from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")

NEED = "sources"
# The name of the consumer that a stream S of the account $G makes upstream: hashed twice.
CONSUMER = "JS_SRC_" + hash8(hash8("S $G"))


def lines(message):
    """The headers of a stored message of `get` as pairs."""
    return [tuple(line.split(": ", 1)) for line in message["hdrs"].decode().split("\r\n")[1:] if line]


def source_header(message):
    return dict(lines(message))["Nats-Stream-Source"].split(" ")


@case(119, NEED)
def validation_of_sources(ctx):
    js = jetstream(ctx)

    def refused(err_code, text, *sources, **config):
        js.create_err("S", err_code, 400, text, sources=list(sources), **config)

    refused(10187, "stream source can not also schedule messages", {"name": "O"}, allow_msg_schedules=True)
    for entry in (None, {"name": ""}, {"name": "a.b"}, {"name": "a*"}):
        refused(10141, "sourced stream name is invalid", entry)
    refused(10140, "duplicate source configuration detected", {"name": "O"}, {"name": "O"})
    refused(10140, "duplicate source configuration detected", {"name": "O", "filter_subject": "a"}, {"name": "O", "filter_subject": "a", "opt_start_seq": 5})
    refused(10144, "source with multiple subject transforms cannot also have a single subject filter",
            {"name": "O", "filter_subject": "a", "subject_transforms": [{"src": "a", "dest": "b"}]})
    refused(10145, "source transform source: invalid subject a..b", {"name": "O", "subject_transforms": [{"src": "a..b", "dest": "x"}]})
    refused(10146, None, {"name": "O", "subject_transforms": [{"src": "a.*", "dest": "x.{{wildcard(2)}}"}]})
    refused(10147, "source filters can not overlap", {"name": "O", "subject_transforms": [{"src": "a.*", "dest": ""}, {"src": "a.b", "dest": "x"}]})
    for consumer in ({"name": "a.b", "deliver_subject": "d"}, {"name": "c", "deliver_subject": "d.*"}):
        refused(10215, "stream source consumer config is invalid", {"name": "O", "consumer": consumer})
    durable, part = {"name": "c", "deliver_subject": "d"}, lambda subject: [{"src": subject, "dest": ""}]
    refused(10215, "stream source consumer config is invalid", {"name": "O", "filter_subject": "a", "consumer": durable})
    refused(10216, "duplicate stream source consumer detected", {"name": "O", "subject_transforms": part("a"), "consumer": durable},
            {"name": "O", "subject_transforms": part("b"), "consumer": durable})
    js.create("Y", ["y.>"])
    refused(10022, "stream external delivery prefix y overlaps with stream subject y.>", {"name": "O", "external": {"api": "A.API", "deliver": "y"}},
            {"name": "Y"})
    js.create("O", max_msg_size=1000)
    refused(10046, "stream source must have max message size >= target", {"name": "O"}, max_msg_size=500)
    js.create("S", sources=[{"name": "O"}, {"name": "O", "filter_subject": "a"}, {"name": "P"}])
    eq(js.info("S")["config"].get("subjects"), None, "subjects")


@case(125, NEED)
def status_of_sources(ctx):
    js = jetstream(ctx)
    js.create("S", sources=[{"name": "O", "filter_subject": "o.1"}, {"name": "P"}])
    for entry in js.info("S")["sources"]:
        eq((entry["lag"], entry["active"], "seq" in entry), (0, -1, False), "status")
    origin(js, 6)
    origin(js, 2, "P")
    js.wait_state("S", messages=4, timeout=30.0)
    status = {entry["name"]: entry for entry in js.info("S")["sources"]}
    eq((status["O"]["seq"], status["O"]["lag"], status["O"]["filter_subject"]), (5, 0, "o.1"), "status of O")
    eq((status["P"]["seq"], "filter_subject" in status["P"]), (2, False), "status of P")
    near(status["O"]["active"], 0, 5 * SECOND, "active")


@case(126, NEED)
def request_and_stored_header(ctx):
    js = jetstream(ctx)
    created = js.create("O", ["o.>"])["created"]
    watch = js.subscribe("$JS.API.CONSUMER.CREATE.>")
    js.create("S", sources=[{"name": "O"}])
    frame = watch.next()
    eq((frame.subject, frame.headers), (b"$JS.API.CONSUMER.CREATE.O", block([("Nats-Required-Api-Level", "5"), ("Nats-Stream-Identity", "")])), "request")
    config = decode(frame.payload)["config"]
    matches(config.pop("deliver_subject"), r"^\$JS\.S\.[0-9A-Za-z]{8}$", "deliver subject")
    eq((config["name"], config["metadata"], config["deliver_policy"]), (CONSUMER, {"_nats.src.acc": "$G", "_nats.src.stream": "S"}, "all"), "configuration")
    js.pub("o.a", b"data", [("a", "b"), ("Nats-Expected-Stream", "O"), ("Nats-Msg-Id", "x")])
    js.wait_state("S", messages=1)
    message = js.get("S", seq=1)
    eq((message["subject"], message["data"]), ("o.a", b"data"), "message")
    eq(lines(message), [("a", "b"), ("Nats-Msg-Id", "x"), ("Nats-Stream-Source", "O 1 > > o.a " + hash8(created))], "headers")


@case(126, NEED)
def names_of_several_consumers_upstream(ctx):
    js = jetstream(ctx)
    watch = js.subscribe("$JS.API.CONSUMER.CREATE.>")
    js.create("S", sources=[{"name": "O"}, {"name": "O", "filter_subject": "x"}, {"name": "P"}])
    names = {decode(watch.next().payload)["config"]["name"] for _ in range(3)}
    eq(names, {"JS_SRC_" + hash8(hash8("S $G") + " O > >"), "JS_SRC_" + hash8(hash8("S $G") + " O x >"), CONSUMER}, "names")


@case(126, NEED)
def filters_and_transforms(ctx):
    js = jetstream(ctx)
    origin(js, 9)
    js.create("S", ["own"], sources=[{"name": "O", "subject_transforms": [{"src": "o.0", "dest": "x.zero"}, {"src": "o.1", "dest": ""}]}])
    js.wait_state("S", messages=6)
    eq(js.state("S", subjects_filter=">")["subjects"], {"x.zero": 3, "o.1": 3}, "subjects")
    fields = source_header(js.get("S", seq=1))
    eq(fields[:5], ["O", "1", "o.0\fo.1", "x.zero\f>", "o.0"], "header")
    js.pub("own")
    eq(js.get("S", seq=7)["hdrs"], b"", "headers of an own message")
    js.create("F", sources=[{"name": "O", "filter_subject": "o.2", "opt_start_seq": 4}])
    js.wait_state("F", messages=2)
    eq(source_header(js.get("F", seq=1))[:5], ["O", "6", "o.2", ">", "o.2"], "header")


@case(127, NEED)
def chained(ctx):
    js = jetstream(ctx)
    origin(js, 2)
    js.create("S", sources=[{"name": "O"}])
    js.create("T", sources=[{"name": "S"}])
    js.wait_state("T", messages=2)
    eq([name for name, _ in lines(js.get("T", seq=2))], ["Nats-Stream-Source"], "headers")
    eq(source_header(js.get("T", seq=2))[:5], ["S", "2", ">", ">", "o.1"], "header")


@case(128, NEED, slow=True)
def recreated_upstream(ctx):
    js = jetstream(ctx)
    origin(js, 5)
    js.create("S", sources=[{"name": "O"}])
    js.wait_state("S", messages=5)
    first = source_header(js.get("S", seq=5))[5]
    js.delete("O")
    created = js.create("O", ["o.>"])["created"]
    js.pub_many(["o.a"] * 3)
    js.wait_state("S", messages=8, timeout=30.0)
    fields = source_header(js.get("S", seq=6))
    eq((fields[:2], fields[5]), (["O", "1"], hash8(created)), "header")
    check(fields[5] != first, "same identity")
    js.server.wait_log(r"JetStream source stream \"O\" for stream '\$G > S' was recreated, resetting source state")


@case(128, NEED)
def identity_of_a_stream(ctx):
    js = jetstream(ctx)
    created = js.create("O", ["o.>"])["created"]
    request = {"stream_name": "O", "config": {"name": "c", "ack_policy": "none", "deliver_subject": "x", "direct": True, "sourcing": True,
                                              "flow_control": True, "idle_heartbeat": SECOND, "max_deliver": 1, "mem_storage": True}}
    frame = js.ask(API + ".CONSUMER.CREATE.O", request, {"Nats-Stream-Identity": "other"})
    check_error(decode(frame.payload).get("error"), 10225, 400, "consumer's stream identity does not match: " + hash8(created))
    frame = js.ask(API + ".CONSUMER.CREATE.O", request, {"Nats-Stream-Identity": hash8(created)})
    check("error" not in decode(frame.payload), "error %r" % frame)
    eq(header(frame, "Nats-Stream-Identity"), hash8(created), "identity")


@case(129, NEED)
def position_survives(ctx):
    js = jetstream(ctx)
    origin(js, 5)
    js.create("S", sources=[{"name": "O"}])
    js.wait_state("S", messages=5)
    js.purge("S")
    js.restart(kill=True)
    js.pub("o.x")
    js.wait_state("S", last_seq=6, timeout=30.0)
    eq(source_header(js.get("S", seq=6))[:2], ["O", "6"], "header")
    js.restart()
    js.pub("o.x")
    js.wait_state("S", last_seq=7, timeout=30.0)
    eq((source_header(js.get("S", seq=7))[:2], js.seqs("S")), (["O", "7"], [6, 7]), "header and sequences")


@case(130, NEED)
def work_queue_origin(ctx):
    js = jetstream(ctx)
    js.create("W", ["w.>"], retention="workqueue")
    js.pub_many(["w.%d" % number for number in range(5)])
    js.create("S", sources=[{"name": "W"}])
    js.wait_state("S", messages=5)
    js.wait_state("W", messages=0, timeout=20.0)
    names = js.ok("CONSUMER.NAMES.W")["consumers"]
    eq(names, [CONSUMER], "consumers")
    info = js.consumer_info("W", names[0])
    eq([info["config"].get(name) for name in ("ack_policy", "durable_name", "max_deliver", "max_ack_pending", "direct")],
       ["flow_control", names[0], -1, 1000, None], "configuration")
    js.pub("w.x")
    js.wait_state("S", messages=6)


@case(130, NEED)
def limits_origin_hides_the_consumer(ctx):
    js = jetstream(ctx)
    origin(js, 2, max_consumers=1)
    js.create("S", sources=[{"name": "O"}])
    js.wait_state("S", messages=2)
    eq((js.state("O")["consumer_count"], js.ok("CONSUMER.NAMES.O")["consumers"]), (0, []), "consumers")
    js.consumer("O", "own")


@case(131, NEED)
def cycles(ctx):
    js = jetstream(ctx)
    js.create("A", ["a.>"], sources=[{"name": "B"}])
    js.create("B", ["b.>"], sources=[{"name": "C"}, {"name": "D", "filter_subject": "x.y"}, {"name": "E", "filter_subject": "b.y"}])
    js.create_err("C", 10052, 500, "detected cycle", subjects=["c.>"], sources=[{"name": "A"}])
    js.create_err("C", 10052, 500, "detected cycle", subjects=["c.>"], sources=[{"name": "A", "filter_subject": "x.y"}])
    js.create_err("C", 10052, 500, "detected cycle", subjects=["c.>"], sources=[{"name": "C"}])
    js.create_err("C", 10052, 500, "detected cycle", mirror={"name": "A"})
    js.create_err("E", 10052, 500, "detected cycle", subjects=["e.>"], sources=[{"name": "A"}])
    js.create("D", ["d.>"], sources=[{"name": "A"}])
    js.create("C", ["c.>"], sources=[{"name": "elsewhere"}])
    js.create_err("M", 10052, 500, "detected cycle", mirror={"name": "M"})
    js.create("Z", ["z.>"])
    js.update_err("Z", 10052, 500, "detected cycle", subjects=["z.>"], sources=[{"name": "Z"}])


@case(131, NEED)
def updates_of_sources(ctx):
    js = jetstream(ctx)
    origin(js, 3)
    origin(js, 2, "P")
    js.create("S", sources=[{"name": "O"}])
    js.wait_state("S", messages=3)
    js.update("S", sources=[{"name": "O"}, {"name": "P"}])
    js.wait_state("S", messages=5)
    watch = js.subscribe("$JS.API.CONSUMER.DELETE.>")
    js.update("S", sources=[{"name": "P"}])
    matches(watch.next().subject.decode(), r"^\$JS\.API\.CONSUMER\.DELETE\.O\.JS_SRC_", "request")
    js.pub_many(["o.x", "p.x"])
    js.wait_state("S", messages=6)
    js.update("S", sources=[{"name": "O"}, {"name": "P"}])
    js.wait_state("S", messages=7)
    eq(source_header(js.get("S", seq=7))[:2], ["O", "4"], "the source that came back goes on")


@case(130, NEED)
def consumer_of_the_user(ctx):
    js = jetstream(ctx)
    up = Upstream(js)
    js.create("S", sources=[{"name": "O", "external": {"api": "UP.API", "deliver": ""}, "consumer": {"name": "C", "deliver_subject": "DLV"}}])
    frame, _ = up.accept(name="C", deliver_subject="DLV", ack_policy="explicit")
    eq((frame.subject, frame.payload), (b"UP.API.CONSUMER.RESET.O.C", b""), "request")
    eq(frame.headers, block([("Nats-Required-Api-Level", "5"), ("Nats-Stream-Identity", "")]), "headers")
    wait_until(lambda: js.info("S")["sources"][0].get("error"), "an error")
    check_error(js.info("S")["sources"][0]["error"], 10217, 400, "stream source consumer requires flow control ack policy")
