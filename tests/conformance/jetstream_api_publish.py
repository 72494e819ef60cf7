"""Publishing, snapshots through the API: jetstream-api.md 14, 16 and 17, items 53 to 63."""

import os

from jetstream_streams_atomic import abandoned, batch, staged
from jetstream_streams_fast import APPEND, COMMIT, END, PING, START, Fast
from jetstream_streams_publish import FULL
from jetstream_streams_schedules import schedule
from jetstream_streams_snapshots import Snapshot, restore
from lib import *
from lib.jetstream import *

case = cases("jetstream_api")


@case(53)
def bytes_of_acks(ctx):
    js = jetstream(ctx)
    js.create("S1", ["s.*"])
    eq(js.publish("s.a").payload, b'{"stream":"S1","seq":1}', "answer")
    eq(js.publish("s.a", b"", {"Nats-Msg-Id": "x"}).payload, b'{"stream":"S1","seq":2}', "answer")
    eq(js.publish("s.a", b"", {"Nats-Msg-Id": "x"}).payload, b'{"stream":"S1","seq":2,"duplicate": true}', "duplicate")
    eq(js.publish("s.a", b"", {"Nats-Expected-Stream": "x"}).payload,
       b'{"error":{"code":400,"err_code":10060,"description":"expected stream does not match"},"stream":"S1","seq":0}', "error")


@case(53, "counters", "atomic_batch")
def bytes_of_special_acks(ctx):
    js = jetstream(ctx)
    js.create("CT", allow_msg_counter=True)
    eq(js.publish("CT", b"", {"Nats-Incr": "1"}).payload, b'{"stream":"CT","seq":1,"val":"1"}', "counter")
    js.create("AT", allow_atomic=True)
    staged(js, "AT", b"", batch("b1", 1))
    staged(js, "AT", b"", batch("b1", 2))
    eq(js.publish("AT", b"", batch("b1", 3, "1")).payload, b'{"stream":"AT","seq":3,"batch":"b1","count":3}', "batch")


@case(54)
def errors_by_headers(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    js.pub("s", b"", {"Nats-Msg-Id": "a"})
    for name, value, err_code, code, text in (
            ("Nats-Expected-Stream", "T", 10060, 400, "expected stream does not match"),
            ("Nats-TTL", "10s", 10166, 400, "per-message TTL is disabled"),
            ("Nats-Expected-Last-Subject-Sequence", "7", 10071, 400, "wrong last sequence: 1"),
            ("Nats-Expected-Last-Subject-Sequence-Subject", "s", 10193, 400, "missing sequence for expected last sequence per subject"),
            ("Nats-Expected-Last-Sequence", "7", 10071, 400, "wrong last sequence: 1"),
            ("Nats-Stream-Source", "x", 10227, 400, "message stream source header is not allowed"),
            ("Nats-Expected-Last-Msg-Id", "b", 10070, 400, "wrong last msg ID: a"),
            ("Nats-Rollup", "sub", 10111, 500, "rollup not permitted")):
        js.pub_err("s", b"", {name: value}, err_code, code, text)
    js.create("R", ["r"], allow_rollup_hdrs=True)
    js.pub_err("r", b"", {"Nats-Rollup": "zz"}, 10111, 500, 'rollup value invalid: "zz"')
    eq(js.state("S")["last_seq"], 1, "last sequence")


@case(54, "counters")
def errors_of_counter_headers(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    js.create("C", ["c"], allow_msg_counter=True)
    js.pub_err("s", b"", {"Nats-Incr": "x"}, 10171)
    js.pub_err("s", b"", {"Nats-Incr": "1"}, 10168)
    js.pub_err("c", b"x", {"Nats-Incr": "1"}, 10170)
    js.pub_err("c", b"", {"Nats-Incr": "1", "Nats-Expected-Stream": "C"}, 10171)


@case(55)
def ttl_values(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"], allow_msg_ttl=True)
    for value in ("0", "-1", "500ms"):
        js.pub_err("s", b"", {"Nats-TTL": value}, 10165, 400, "invalid per-message TTL")
    for value in ("never", "10", "1s"):
        js.pub("s", b"", {"Nats-TTL": value})


@case(56, "atomic_batch")
def atomic_batches(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.*"], allow_atomic=True)
    js.create("N", ["n"])
    staged(js, "s.a", b"", batch("c", 1))
    eq(js.pub("s.a", b"", batch("c", 2, "1")), {"stream": "S", "seq": 2, "batch": "c", "count": 2}, "commit")
    staged(js, "s.a", b"", batch("e", 1))
    eq(js.pub("s.a", b"", batch("e", 2, "eob")), {"stream": "S", "seq": 3, "batch": "e", "count": 1}, "end of batch")
    js.pub_err("n", b"", batch("b", 1), 10174, 400, "atomic publish is disabled")
    js.pub_err("s.a", b"", batch("b", ""), 10175, 400, "atomic publish sequence is missing")
    js.pub_err("s.a", b"", batch("b", 5), 10176, 400, "atomic publish batch is incomplete")
    js.pub_err("s.a", b"", batch("b", 1, "1", **{"Nats-Expected-Last-Msg-Id": "x"}), 10177, 400)
    js.pub_err("s.a", b"", batch("b" * 65, 1), 10179, 400, "atomic publish batch ID is invalid")
    js.pub_err("s.a", b"", batch("b", 2000), 10199, 400, "atomic publish batch is too large: 1000")
    staged(js, "s.a", b"", batch("b", 1))
    js.pub_err("s.a", b"", batch("b", 2, "yes"), 10200, 400, "atomic publish batch commit is invalid")
    staged(js, "s.a", b"", batch("d", 1, **{"Nats-Msg-Id": "x"}))
    js.pub_err("s.a", b"", batch("d", 2, "1", **{"Nats-Msg-Id": "x"}), 10201, 400, "atomic publish batch contains duplicate message id")
    for number in range(50):
        staged(js, "s.a", b"", batch("o%d" % number, 1))
    js.pub_err("s.a", b"", batch("o50", 1), 10210, 429, "atomic publish too many inflight")


@case(57, "atomic_batch")
def reasons_of_abandoned_batches(ctx):
    js = jetstream(ctx, STORE.replace("}", ", limits { batch { max_msgs: 2, timeout: 1s } } }") + '''accounts {
        SYS { users: [ {user: sys, password: p} ] }, A { jetstream: enabled, users: [ {user: a, password: p} ] } }
        system_account: SYS\n''', guard=False, user="a", **{"pass": "p"})
    system = jetstream(ctx, server=js.server, user="sys", **{"pass": "p"})
    js.create("S", ["s.*"], allow_atomic=True)
    take = abandoned(js)
    copies = system.subscribe(ADVISORY + ".STREAM.BATCH_ABANDONED.S")
    staged(js, "s.a", b"", batch("i", 1))
    js.pub_err("s.a", b"", batch("i", 3), 10176)
    eq(take(), ("i", "incomplete"), "gap")
    staged(js, "s.a", b"", batch("u", 1))
    js.pub_err("s.a", b"", batch("u", 2, **{"Nats-Required-Api-Level": "9"}), 10185)
    eq(take(), ("u", "unsupported"), "level")
    staged(js, "s.a", b"", batch("l", 1))
    staged(js, "s.a", b"", batch("l", 2))
    js.pub_err("s.a", b"", batch("l", 3), 10199)
    eq(take(), ("l", "large"), "size")
    staged(js, "s.a", b"", batch("t", 1))
    eq(take(), ("t", "timeout"), "silence")
    events = [copies.next_json() for _ in range(4)]
    eq([(event["account"], event["batch"]) for event in events], [("A", "i"), ("A", "u"), ("A", "l"), ("A", "t")], "copies of the system account")


@case(58, "fast_batch")
def fast_ingest(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.*"], allow_batched=True)
    js.create("N", ["n.*"])
    fast = Fast(js, "a").start().send(1, PING)
    eq(fast.next(), {"type": "ack", "seq": 0, "msgs": 10}, "ping")
    fast.send(2, END)
    eq(fast.next(), {"stream": "S", "seq": 1, "batch": "a", "count": 1}, "end")
    fast = Fast(js, "b", gap="ok").start().send(3, APPEND)
    eq(fast.next(), {"type": "gap", "last_seq": 2, "seq": 3}, "gap")
    fast.send(4, APPEND, b"", {"Nats-Expected-Stream": "x"})
    answer = fast.next()
    eq((answer["type"], answer["seq"], answer["error"]["err_code"]), ("err", 4, 10060), "error")
    fast.send(5, COMMIT)
    eq(fast.next(), {"stream": "S", "seq": 4, "batch": "b", "count": 5}, "commit")
    Fast(js, "c", subject="n.a").send(1, START).error(10205, 400, "batch publish is disabled")
    Fast(js, "c").send(5, START).error(10206, 400, "batch publish pattern is invalid")
    Fast(js, "c" * 65).send(1, START).error(10207, 400, "batch publish ID is invalid")
    Fast(js, "c").send(2, APPEND).error(10208, 400, "batch publish ID unknown")


@case(59, "counters")
def counters(ctx):
    js = jetstream(ctx)
    js.create("C", ["c"], allow_msg_counter=True)
    js.pub("c", b"", {"Nats-Incr": "18446744073709551615"})
    eq(js.pub("c", b"", {"Nats-Incr": "1"})["val"], "18446744073709551616", "value")
    eq(js.pub("c", b"", {"Nats-Incr": "-36893488147419103232"})["val"], "-18446744073709551616", "value")
    js.pub_err("c", b"", None, 10169, 400, "message counter increment is missing")
    js.pub_err("c", b"x", {"Nats-Incr": "1"}, 10170, 400, "message counter has payload")
    js.pub_err("c", b"", {"Nats-Incr": "a"}, 10171, 400, "message counter increment is invalid")


@case(60, "schedules")
def schedules(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.*"], allow_msg_schedules=True)
    js.create("N", ["n.*"])
    for headers, err_code in ((schedule("@at x"), 10189), (schedule("0 0 0 * * *", Nats_Schedule_Time_Zone="x"), 10223), (schedule(target="s.x"), 10190),
                              (schedule(Nats_Schedule_Source="s.x"), 10203), (schedule(Nats_Schedule_TTL="x"), 10191), (schedule(Nats_Schedule_TTL="5s"), 10166),
                              (schedule(Nats_Schedule_Rollup="all"), 10192), (schedule(Nats_Rollup="all"), 10192), ({"Nats-Scheduler": "s.x"}, 10212)):
        js.pub_err("s.x", b"", headers, err_code, 400)
    js.pub_err("n.x", b"", schedule(), 10188, 400)
    js.pub("s.x", b"p", dict({"own": "1", "Nats-Expected-Stream": "S"}, **schedule("@at 2020-01-01T00:00:00Z")))
    js.wait_state("S", last_seq=2, messages=1)
    message = js.get("S", seq=2)
    eq((message["subject"], message["hdrs"]), ("s.target", block([("own", "1"), ("Nats-Scheduler", "s.x"), ("Nats-Schedule-Next", "purge")])), "message")
    js.pub("s.y", b"", schedule())
    js.pub("s.z", b"", {"Nats-Schedule-Next": "purge", "Nats-Scheduler": "s.y"})
    check("s.y" not in js.state("S", subjects_filter=">")["subjects"], "the schedule is still there")


@case(61)
def full_queue(ctx):
    js = jetstream(ctx, STORE.replace("}", ", max_buffered_msgs: 3 }"))
    js.create("S", ["s"], no_ack=True)
    # Only drops are answered: the stream has no_ack.
    for _ in range(50):
        inbox = js.new_inbox()
        js.client.send(b"PUB s %s 1\r\nx\r\n" % inbox.encode() * 1000)
        js.flush()
        frame = js.reply_to(inbox, 0.2)
        if frame:
            break
    check(frame, "nothing was dropped")
    eq((frame.headers, frame.payload), FULL, "answer")


@case(62, "snapshots")
def snapshot(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    for _ in range(4):
        js.pub("s", os.urandom(50000))
    events = js.subscribe(ADVISORY + ".STREAM.>")
    taken = Snapshot(js, "S")
    eq([reply is None for reply in taken.replies], [False, True], "last chunk without a reply subject")
    eq((len(taken.chunks[0]), taken.end), (131072, b"NATS/1.0 204\r\n\r\n"), "chunk and end")
    eq([events.next_json()["type"].rsplit(".", 1)[1] for _ in range(2)], ["snapshot_create", "snapshot_complete"], "events")


@case(63, "snapshots", slow=True)
def restores(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    js.pub_many(["s"] * 5, b"x")
    taken = Snapshot(js, "S")
    js.err("STREAM.RESTORE.S", {"config": taken.reply["config"], "state": taken.reply["state"]}, 10130, 400, "stream name already in use, cannot restore")
    eq(restore(js, "R", taken.reply, taken.data, subjects=["r"])["state"]["messages"], 5, "messages")
    eq(restore(js, "Q", taken.reply, b"junk" * 10, subjects=["q"])["error"]["err_code"], 10062, "corrupt data")
    request = {"config": dict(taken.reply["config"], name="P", subjects=["p"]), "state": taken.reply["state"]}
    subject = js.ok("STREAM.RESTORE.P", request)["deliver_subject"]
    wait_until(lambda: not js.server.get("/subsz", subs=True, test=subject).get("total"), "the restore is given up", 12.0, 0.1)
    eq(status(js.ask(subject, b"x")), "503", "no responders")
