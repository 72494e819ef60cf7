"""Retention policies, subject transform and republish: jetstream-streams.md 13 and 14, items 112 to 118."""

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")


@case(112)
def consumers_of_a_work_queue(ctx):
    js = jetstream(ctx)
    js.create("W", ["w.>"], retention="workqueue")
    js.consumer_err("W", 10084, 400, "consumer in pull mode requires explicit ack policy on workqueue stream", name="c", ack_policy="none")
    js.consumer_err("W", 10098, 400, "workqueue stream requires explicit ack", name="c", ack_policy="none", deliver_subject="d")
    js.consumer_err("W", 10098, 400, "workqueue stream requires explicit ack", name="c", ack_policy="all", deliver_subject="d")
    for policy, more in (("new", {}), ("last", {}), ("by_start_sequence", {"opt_start_seq": 1})):
        js.consumer_err("W", 10101, 400, "consumer must be deliver all on workqueue stream", name="c", deliver_policy=policy, **more)
    js.consumer("W", "all")
    js.consumer_err("W", 10099, 400, "multiple non-filtered consumers not allowed on workqueue stream", name="two")
    js.consumer_err("W", 10100, 400, "filtered consumer not unique on workqueue stream", name="two", filter="w.a")
    js.delete_consumer("W", "all")
    js.consumer("W", "a", filter="w.a.*")
    js.consumer("W", "b", filter="w.b.*")
    js.consumer_err("W", 10100, 400, "filtered consumer not unique on workqueue stream", name="c", filter="w.a.x")
    js.consumer_err("W", 10100, 400, "filtered consumer not unique on workqueue stream", name="c", filter="w.*.x")
    js.consumer("W", "a", filter="w.a.*")


@case(113)
def work_queue_acks(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        subject = storage + ".x"
        js.create(storage, [subject], storage=storage, retention="workqueue")
        js.pub_many([subject] * 6)
        eq(js.state(storage)["messages"], 6, "messages without a consumer")
        js.consumer(storage, "c", ack_wait=100 * MS, max_deliver=2)
        messages = js.fetch(storage, "c", 6)
        eq(js.state(storage)["messages"], 6, "messages that are out")
        js.ack_sync(messages[0])
        js.ack_sync(messages[1], b"+TERM")
        js.ack_sync(messages[3])
        js.ack(messages[2], b"-NAK")
        js.wait_state(storage, messages=3, first_seq=3)
        eq(js.seqs(storage), [3, 5, 6], "sequences")
        again = js.fetch(storage, "c", 3, expires=5 * SECOND)
        eq(sorted(parse_ack(message.reply).stream_seq for message in again), [3, 5, 6], "delivered again")
        eq(js.fetch(storage, "c", 3, expires=300 * MS), [], "more deliveries than allowed")
        eq(js.seqs(storage), [3, 5, 6], "sequences after the last delivery")


@case(114)
def interest_without_interest(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        a, b = storage + ".a", storage + ".b"
        js.create(storage, [storage + ".*"], storage=storage, retention="interest", allow_rollup_hdrs=True)
        eq(js.pub(a, b"", {"Nats-Msg-Id": "x"}), {"stream": storage, "seq": 1}, "answer")
        state = js.state(storage)
        eq((state["messages"], state["bytes"], state["last_seq"], state["first_seq"]), (0, 0, 1, 2), "state")
        check(nanos(state["last_ts"]) > 0, "last_ts")
        eq(js.pub(a, b"", {"Nats-Msg-Id": "x"}), {"stream": storage, "seq": 1, "duplicate": True}, "duplicate")
        js.pub_err(a, b"", {"Nats-Expected-Last-Sequence": "0"}, 10071, 400, "wrong last sequence: 1")
        js.pub(a, b"", {"Nats-Expected-Last-Sequence": "1"})
        js.consumer(storage, "c", filter=a)
        js.pub_many([b, a, b, a])
        eq(js.seqs(storage), [4, 6], "sequences")
        js.pub(b, b"", {"Nats-Rollup": "all"})
        state = js.state(storage)
        eq((state["messages"], state["last_seq"]), (0, 7), "state after a rollup without interest")


@case(114)
def nothing_is_republished_without_interest(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.*"], retention="interest", republish={"src": ">", "dest": "copy.>"})
    js.consumer("S", "c", filter="s.a")
    watch = js.subscribe("copy.>")
    js.pub_many(["s.b", "s.a"])
    eq(watch.next().subject, b"copy.s.a", "republished")


@case(115)
def interest_with_several_consumers(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        subject = storage + ".x"
        js.create(storage, [storage + ".*"], storage=storage, retention="interest")
        js.consumer(storage, "one")
        js.consumer(storage, "two", filter=subject)
        js.consumer(storage, "other", filter=storage + ".y")
        js.pub_many([subject] * 3)
        js.pub(storage + ".y")
        first, second = js.fetch(storage, "one", 2)
        js.ack_sync(first)
        js.ack_sync(second, b"+TERM")
        eq(js.state(storage)["messages"], 4, "messages that one more consumer needs")
        js.ack_sync(js.fetch(storage, "two")[0])
        js.wait_state(storage, messages=3)
        eq(js.seqs(storage), [2, 3, 4], "sequences")
        js.delete_consumer(storage, "two")
        js.wait_state(storage, messages=2)
        eq(js.seqs(storage), [3, 4], "sequences after a consumer has gone")
        js.delete_consumer(storage, "one")
        js.wait_state(storage, messages=1)
        js.delete_consumer(storage, "other")
        js.wait_state(storage, messages=0, last_seq=4)


@case(115)
def ack_all_and_none_with_interest(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"], retention="interest")
    js.consumer("S", "all", ack_policy="all")
    js.pub_many(["s"] * 5)
    messages = js.fetch("S", "all", 4)
    js.ack_sync(messages[2])
    js.wait_state("S", messages=2, first_seq=4)
    js.create("N", ["n"], retention="interest")
    watch = js.subscribe("deliver.here")
    js.consumer("N", "none", ack_policy="none", deliver_subject="deliver.here")
    js.pub_many(["n"] * 5)
    watch.take(5)
    js.wait_state("N", messages=0, last_seq=5)
    js.create("P", ["p"], retention="interest")
    js.consumer("P", "none", ack_policy="none")
    js.pub_many(["p"] * 5)
    js.fetch("P", "none", 3)
    js.wait_state("P", messages=2, first_seq=4)


@case(116)
def subject_transform(ctx):
    js = jetstream(ctx)
    js.create("S", ["in.>", "also.*"], subject_transform={"src": "in.*.*", "dest": "out.{{wildcard(2)}}.$1"})
    js.pub_many(["in.a.b", "in.a", "also.x", "in.c.d"])
    eq(js.state("S", subjects_filter=">")["subjects"], {"out.b.a": 1, "in.a": 1, "also.x": 1, "out.d.c": 1}, "subjects")
    js.consumer("S", "c", filter="out.>")
    eq([frame.subject for frame in js.fetch("S", "c", 5)], [b"out.b.a", b"out.d.c"], "delivered subjects")
    eq(js.get("S", last_by_subj="out.b.a")["seq"], 1, "message under the new subject")
    js.update("S", ["in.>", "also.*"])
    js.pub("in.a.b")
    eq(js.get("S", seq=5)["subject"], "in.a.b", "subject without the transform")


@case(116)
def transforms_of_all_kinds(ctx):
    js = jetstream(ctx)
    for number, (src, dest, subject, want) in enumerate((
            ("", "all.>", "x%d.a", "all.x%d.a"), ("x%d.*", "p.{{wildcard(1)}}", "x%d.a", "p.a"),
            ("x%d.*", "p.{{split(1,-)}}", "x%d.a-b-c", "p.a.b.c"), ("x%d.*", "p.{{left(1,2)}}", "x%d.abcd", "p.ab"),
            ("x%d.*", "p.{{right(1,2)}}", "x%d.abcd", "p.cd"), ("x%d.*", "p.{{slicefromleft(1,2)}}", "x%d.abcd", "p.ab.cd"),
            ("x%d.*", "p.{{splitfromleft(1,1)}}", "x%d.abcd", "p.a.bcd"), ("x%d.>", "p.>", "x%d.a.b", "p.a.b"))):
        name = "S%d" % number
        fill = lambda text: text % number if "%d" in text else text
        js.create(name, ["x%d.>" % number], subject_transform={"src": fill(src), "dest": dest})
        js.pub(fill(subject))
        eq(js.get(name, seq=1)["subject"], fill(want), "transform of %r to %r" % (src, dest))


@case(116)
def invalid_transforms(ctx):
    js = jetstream(ctx)
    js.create_err("S", 10155, 400, "stream transform source: invalid subject a..b", subject_transform={"src": "a..b", "dest": "x"})
    js.create_err("S", 10156, 400, "stream transform: invalid mapping destination: unknown function in {{foo(1)}}",
                  subject_transform={"src": "a.*", "dest": "x.{{foo(1)}}"})
    for dest in ("x.{{wildcard(2)}}", "x..y"):
        reply = js.request("STREAM.CREATE.S", {"name": "S", "subject_transform": {"src": "a.*", "dest": dest}})
        eq(reply.get("error", {}).get("err_code"), 10156, "error of %r" % dest)
    config = js.create("S", ["a.*"], subject_transform={"src": "a.*", "dest": ""})["config"]
    eq(config["subject_transform"], {"src": "a.*", "dest": ""}, "empty destination")
    js.pub("a.b")
    eq(js.get("S", seq=1)["subject"], "a.b", "subject")


def republished(stream, subject, message, last, *more):
    return [("Nats-Stream", stream), ("Nats-Subject", subject), ("Nats-Sequence", str(message["seq"])), ("Nats-Time-Stamp", message["time"]),
            ("Nats-Last-Sequence", str(last))] + list(more)


@case(117)
def republish(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.*", "t"], republish={"src": "s.*", "dest": "copy.{{wildcard(1)}}"})
    watch = js.subscribe("copy.>")
    js.pub("s.a", b"1")
    js.pub("t", b"-")
    js.pub("s.b", b"2", [("a", "b"), ("Nats-Msg-Id", "x")])
    js.pub("s.b", b"2", {"Nats-Msg-Id": "x"})
    js.pub_err("s.b", b"", {"Nats-Expected-Stream": "T"}, 10060)
    js.pub("s.a", b"3")
    frames = watch.take(3)
    watch.expect_none()
    eq([(frame.subject, frame.payload, frame.reply) for frame in frames], [(b"copy.a", b"1", None), (b"copy.b", b"2", None), (b"copy.a", b"3", None)], "messages")
    for frame, seq, subject, last, own in zip(frames, (1, 3, 4), ("s.a", "s.b", "s.a"), (0, 0, 1), ([], [("a", "b"), ("Nats-Msg-Id", "x")], [])):
        eq(frame.headers, block(own + republished("S", subject, js.get("S", seq=seq), last)), "headers")


@case(117)
def republish_of_headers_only(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.*"], republish={"src": ">", "dest": "copy.>", "headers_only": True})
    watch = js.subscribe("copy.>")
    js.pub("s.a", b"12345", {"a": "b"})
    frame = watch.next()
    eq((frame.subject, frame.payload), (b"copy.s.a", b""), "message")
    eq(frame.headers, block([("a", "b")] + republished("S", "s.a", js.get("S", seq=1), 0, ("Nats-Msg-Size", "5"))), "headers")


@case(117)
def republish_comes_before_the_answer(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.*"], subject_transform={"src": "s.*", "dest": "t.{{wildcard(1)}}"}, republish={"src": "t.>", "dest": "copy.>"})
    watch = js.subscribe("copy.>")
    for number in range(20):
        js.pub("s.%d" % number)
        frame = watch.try_next()
        check(frame and frame.subject == b"copy.%d" % number, "not ahead of the answer: %r" % frame)


@case(118)
def invalid_republish(ctx):
    js = jetstream(ctx)
    cycle = "stream configuration for republish destination forms a cycle"
    for src, dest in (("s.*", "s.x"), ("", ">"), ("s.>", "s.y.>"), ("s.a", "s.a")):
        js.create_err("S", 10052, 500, cycle, subjects=["s.*", "s.y.>"], republish={"src": src, "dest": dest})
    js.create_err("S", 10052, 500, "stream configuration for republish with transform from 's.*' to 'x.{{wildcard(2)}}' not valid", subjects=["s.*"],
                  republish={"src": "s.*", "dest": "x.{{wildcard(2)}}"})
    js.create_err("S", 10052, 500, "stream configuration for republish with transform from 's.a' to 'x.>' not valid", subjects=["s.*"],
                  republish={"src": "s.a", "dest": "x.>"})
    eq(js.create("S", ["s.*"], republish={"src": "", "dest": "copy.>"})["config"]["republish"], {"src": ">", "dest": "copy.>"}, "empty source")
    config = js.create("E", ["e"], republish={"src": "e", "dest": ""})["config"]
    eq(config["republish"], {"src": "e", "dest": ""}, "empty destination")
    js.pub("e")


@case(118)
def republish_of_a_transform(ctx):
    js = jetstream(ctx)
    transform = {"src": "s.>", "dest": "t.>"}
    config = js.create("S", ["s.>"], subject_transform=transform, republish={"src": ">", "dest": ">"})["config"]
    eq(config["republish"], {"src": "t.>", "dest": "t.>"}, "republish")
    watch = js.subscribe("t.>")
    js.pub("s.a")
    eq((watch.next().subject, js.get("S", seq=1)["subject"]), (b"t.a", "t.a"), "subjects")
    js.create_err("X", 10157, 400, "pedantic mode: implicit republish based on subject transform", pedantic=True, subjects=["x.>"],
                  subject_transform={"src": "x.>", "dest": "y.>"}, republish={"src": ">", "dest": ">"})
