"""Counters: jetstream-streams.md 10, items 79 to 82."""

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")


def incr(value, **others):
    return dict({"Nats-Incr": value}, **others)


@case(79, "counters")
def arithmetic(ctx):
    js = jetstream(ctx)
    js.create("C", ["c.*"], allow_msg_counter=True, allow_direct=True)
    for seq, (value, total) in enumerate((("1", "1"), ("+5", "6"), ("-10", "-4"), ("0", "-4"), ("-0", "-4"), ("007", "3"),
                                          ("123456789012345678901234567890", "123456789012345678901234567893"),
                                          ("-123456789012345678901234567893", "0")), 1):
        frame = js.publish("c.a", b"", incr(value))
        eq(frame.payload, b'{"stream":"C","seq":%d,"val":"%s"}' % (seq, total.encode()), "answer of %s" % value)
        message = js.get("C", seq=seq)
        eq((message["data"], message["hdrs"]), (b'{"val":"%s"}' % total.encode(), block(incr(value))), "stored")
    eq(js.pub("c.b", b"", incr("2"))["val"], "2", "another subject")
    js.pub("c.b", b"", [("a", "b"), ("Nats-Incr", "3"), ("c", "d")])
    eq(js.get("C", seq=10)["hdrs"], block([("a", "b"), ("Nats-Incr", "3"), ("c", "d")]), "headers")


@case(80, "counters")
def errors(ctx):
    js = jetstream(ctx)
    js.create("C", ["c"], allow_msg_counter=True)
    js.create("S", ["s"], allow_rollup_hdrs=True)
    js.pub_err("s", b"", incr("1"), 10168, 400, "message counters is disabled")
    js.pub_err("c", b"", None, 10169, 400, "message counter increment is missing")
    js.pub_err("c", b"", incr(""), 10169, 400, "message counter increment is missing")
    js.pub_err("c", b"x", incr("1"), 10170, 400, "message counter has payload")
    for value in ("x", "1.5", "1e3", "0x1", "--1", "1 "):
        js.pub_err("c", b"", incr(value), 10171, 400, "message counter increment is invalid")
    js.pub_err("s", b"", incr("x"), 10171)
    for name, value in (("Nats-Rollup", "sub"), ("Nats-Expected-Stream", "C"), ("Nats-Expected-Last-Sequence", "0"),
                        ("Nats-Expected-Last-Subject-Sequence", "0"), ("Nats-Expected-Last-Msg-Id", "x")):
        js.pub_err("c", b"", incr("1", **{name: value}), 10171, 400, "message counter increment is invalid")
    eq(js.state("C")["last_seq"], 0, "last sequence")
    for text, config in (("counter stream cannot use discard new", {"discard": "new"}), ("counter stream cannot use message TTLs", {"allow_msg_ttl": True}),
                         ("counter stream can only use limits retention", {"retention": "interest"})):
        js.create_err("D", 10052, 500, text, allow_msg_counter=True, **config)


@case(80, "counters")
def duplicates(ctx):
    js = jetstream(ctx)
    js.create("C", ["c"], allow_msg_counter=True)
    js.pub("c", b"", incr("1", **{"Nats-Msg-Id": "x"}))
    eq(js.publish("c", b"", incr("1", **{"Nats-Msg-Id": "x"})).payload, b'{"stream":"C","seq":1,"duplicate": true}', "answer")
    eq(js.pub("c", b"", incr("1"))["val"], "2", "total")


@case(81, "counters", "sources")
def sourced_counters(ctx):
    js = jetstream(ctx)
    js.create("A", ["a.*"], allow_msg_counter=True)
    js.create("B", ["b.*"], allow_msg_counter=True)
    js.create("T", ["t.*"], allow_msg_counter=True, sources=[
        {"name": name, "subject_transforms": [{"src": "%s.*" % name.lower(), "dest": "t.{{wildcard(1)}}"}]} for name in "AB"])
    js.pub("a.x", b"", incr("5"))
    js.wait_state("T", messages=1)
    message = js.get("T", seq=1)
    eq(message["data"], b'{"val":"5"}', "total")
    lines = [line.split(": ", 1) for line in message["hdrs"].decode().split("\r\n")[1:-2]]
    eq([name for name, _ in lines], ["Nats-Incr", "Nats-Stream-Source", "Nats-Counter-Sources"], "headers")
    eq((lines[0][1], decode(lines[2][1])), ("5", {"A": {"a.x": "5"}}), "values")
    js.pub("a.x", b"", incr("3"))
    js.wait_state("T", messages=2)
    js.pub("b.x", b"", incr("10"))
    js.wait_state("T", messages=3)
    message = js.get("T", seq=3)
    headers = dict(line.split(": ", 1) for line in message["hdrs"].decode().split("\r\n")[1:-2])
    eq((message["data"], headers["Nats-Incr"], decode(headers["Nats-Counter-Sources"])), (b'{"val":"18"}', "10", {"A": {"a.x": "8"}, "B": {"b.x": "10"}}), "totals")
    eq(js.pub("t.x", b"", incr("2"))["val"], "20", "local increment")
    headers = dict(line.split(": ", 1) for line in js.get("T", seq=4)["hdrs"].decode().split("\r\n")[1:-2])
    eq((headers["Nats-Incr"], decode(headers["Nats-Counter-Sources"])), ("2", {"A": {"a.x": "8"}, "B": {"b.x": "10"}}), "carried forward")
    js.pub("a.x", b"", incr("1"))
    js.wait_state("T", messages=5)
    eq(js.get("T", seq=5)["data"], b'{"val":"21"}', "total")


@case(82, "counters", "sources", "mirrors")
def counters_are_copied_verbatim(ctx):
    js = jetstream(ctx)
    js.create("C", ["c"], allow_msg_counter=True)
    js.pub("c", b"", incr("5"))
    js.pub("c", b"", incr("7"))
    js.create("M", mirror={"name": "C"})
    js.create("S", sources=[{"name": "C"}])
    js.wait_state("M", messages=2)
    js.wait_state("S", messages=2)
    message = js.get("M", seq=2)
    eq((message["data"], message["hdrs"]), (b'{"val":"12"}', block(incr("7"))), "mirrored")
    message = js.get("S", seq=2)
    eq(message["data"], b'{"val":"12"}', "sourced")
    check(message["hdrs"].startswith(b"NATS/1.0\r\nNats-Incr: 7\r\nNats-Stream-Source: C 2 "), "headers %r" % message["hdrs"])
