"""Streams and messages through the API: jetstream-api.md 8 to 10, items 26 to 40, 78 to 81, 84 to 86."""

from lib import *
from lib.jetstream import *

case = cases("jetstream_api")


@case(26)
def repeated_create(ctx):
    js = jetstream(ctx)
    first = js.create("S", ["s"])
    eq(js.create("S", ["s"])["did_create"], True, "did_create")
    js.create_err("S", 10058, 400, "stream name already in use with a different configuration", subjects=["t"])
    js.create_err("T", 10065, 400, "subjects overlap with an existing stream", subjects=["*"])
    eq(js.info("S")["config"], first["config"], "configuration")


@case(27)
def refused_creates(ctx):
    js = jetstream(ctx)
    js.create_err("a/b", 10128, 400, "Stream name can not contain path separators")
    js.create_err("S", 10074, 500, "replicas > 1 not supported in non-clustered mode", num_replicas=3)
    js.create_err("S", 10052, 500, "stream configuration for create can not be sealed", sealed=True)


ACCOUNT = STORE + '''accounts { A { users: [ {user: a, password: p} ], jetstream { max_mem: 10000, max_store: 20000, mem_max_stream_bytes: 5000,
    disk_max_stream_bytes: 15000, max_consumers: 2, max_ack_pending: 50 } } }\n'''


@case(28)
def account_limits(ctx):
    js = jetstream(ctx, ACCOUNT, guard=False, user="a", **{"pass": "p"})
    js.create_err("S", 10122, 400, "stream max bytes exceeds account limit max stream bytes", max_bytes=15001)
    js.create_err("S", 10122, 400, "stream max bytes exceeds account limit max stream bytes", max_bytes=5001, storage="memory")
    js.create("A", max_bytes=15000)
    js.create_err("B", 10047, 500, "insufficient storage resources available", max_bytes=6000)
    js.create("C", max_bytes=5000, storage="memory")
    js.create("D", max_bytes=5000, storage="memory")
    js.create_err("E", 10028, 500, "insufficient memory resources available", max_bytes=1, storage="memory")


@case(29)
def updates(ctx):
    js = jetstream(ctx)
    js.create("S", max_age=3600 * SECOND, allow_rollup_hdrs=True)
    js.update_err("S", 10052, 500, "stream configuration update can not change storage type", storage="memory")
    js.update_err("T", 10059, 404, "stream not found")
    config = js.update("S", sealed=True)["config"]
    eq([config[name] for name in ("sealed", "max_age", "discard", "deny_delete", "deny_purge", "allow_rollup_hdrs")], [True, 0, "new", True, True, False], "sealed")


@case(30)
def details(ctx):
    js = jetstream(ctx)
    js.create("S", ["s1.>"])
    js.pub_many(["s1.a", "s1.b", "s1.a"])
    js.delete_msg("S", 2)
    info = js.info("S", subjects_filter="s1.>", deleted_details=True)
    eq((info["total"], info["limit"], info["state"]["subjects"], info["state"]["deleted"]), (1, 100000, {"s1.a": 2}, [2]), "details")
    raw = js.ask(API + ".STREAM.INFO.S").payload
    check(b'"subjects":["s1.\\u003e"]' in raw or b'"subjects":["s1.>"]' in raw, "escaping: %r" % raw[:300])


@case(31)
def purges(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.*"])
    js.pub_many(["s.a", "s.b", "s.a", "s.b", "s.a"])
    js.err("STREAM.PURGE.S", {"keep": 1, "seq": 2}, 10003, 400, "bad request")
    eq((js.purge("S", filter="s.a", keep=1), js.seqs("S")), (2, [2, 4, 5]), "filter and keep")
    js.create("D", deny_purge=True)
    js.err("STREAM.PURGE.D", b"", 10110, 500, "stream purge not permitted")
    js.update("S", ["s.*"], sealed=True)
    js.err("STREAM.PURGE.S", b"", 10109, 400, "invalid operation on sealed stream")


@case(32)
def clustered_endpoints(ctx):
    js = jetstream(ctx)
    js.create("S")
    js.consumer("S", "c")
    for name, kind, body in (
            ("STREAM.LEADER.STEPDOWN.S", "stream_leader_stepdown_response", b""), ("STREAM.PEER.REMOVE.S", "stream_remove_peer_response", {"peer": "x"}),
            ("STREAM.PEER.EVACUATE.S", "stream_evacuate_peer_response", {"peer": "x"}), ("STREAM.CANCEL_MOVE.S", "stream_cancel_move_response", b""),
            ("CONSUMER.LEADER.STEPDOWN.S.c", "consumer_leader_stepdown_response", b""), ("CONSUMER.PEER.REMOVE.S.c", "consumer_remove_peer_response", {"peer": "x"}),
            ("CONSUMER.PEER.EVACUATE.S.c", "consumer_evacuate_peer_response", {"peer": "x"})):
        reply = decode(js.ask("%s.%s" % (API, name), body).payload)
        eq(reply, {"type": TYPE + kind, "error": {"code": 503, "err_code": 10010, "description": "JetStream clustering support required"}}, "reply of " + name)


def some(js, storage="file", **config):
    js.create("S", ["s.*"], storage=storage, allow_direct=True, **config)
    js.pub("s.a", b"1", {"k": "v"})
    js.pub_many(["s.b", "s.a", "s.c"], b"more")


@case(35)
def message_get(ctx):
    js = jetstream(ctx)
    some(js)
    eq([js.get("S", **body)["seq"] for body in ({"seq": 2}, {"last_by_subj": "s.a"}, {"next_by_subj": "s.a"}, {"next_by_subj": "s.a", "seq": 2},
                                                {"start_time": js.get("S", seq=3)["time"]})], [2, 3, 1, 3, 3], "sequences")
    js.no_message("S", seq=9)
    js.err("STREAM.MSG.GET.S", {"seq": 1, "batch": 2}, 10003, 400, "bad request")
    eq((js.get("S", seq=1)["hdrs"], js.get("S", seq=1, no_hdr=True)["hdrs"]), (block({"k": "v"}), b""), "headers")


@case(36)
def message_delete(ctx):
    js = jetstream(ctx)
    some(js)
    js.delete_msg("S", 2)
    js.err("STREAM.MSG.DELETE.S", {"seq": 2}, 10043, 400, "sequence 2 not found")
    js.create("D", deny_delete=True)
    js.pub("D")
    js.err("STREAM.MSG.DELETE.D", {"seq": 1}, 10057, 500, "message delete not permitted")


@case(37)
def headers_of_direct_get(ctx):
    js = jetstream(ctx)
    some(js)
    frame, = js.direct("S", {"seq": 1})
    eq(pairs(frame), [("k", "v"), ("Nats-Stream", "S"), ("Nats-Subject", "s.a"), ("Nats-Sequence", "1"), ("Nats-Time-Stamp", js.get("S", seq=1)["time"])], "headers")
    nanos(header(frame, "Nats-Time-Stamp"))


@case(38)
def direct_batches(ctx):
    js = jetstream(ctx)
    some(js)
    frames = js.direct("S", {"seq": 1, "batch": 2})
    eq((len(frames), frames[-1].headers), (3, b"NATS/1.0 204 EOB\r\nNats-Num-Pending: 2\r\nNats-Last-Sequence: 2\r\n\r\n"), "batch")
    frames = js.direct("S", {"seq": 1, "batch": 4, "max_bytes": 1})
    eq((len(frames), header(frames[-1], "Nats-Num-Pending")), (2, "3"), "bytes")
    frames = js.direct("S", {"multi_last": ["s.a", "s.c"]})
    eq((len(frames), header(frames[-1], "Nats-UpTo-Sequence")), (3, "4"), "last of many")


@case(39)
def direct_statuses(ctx):
    js = jetstream(ctx)
    some(js)
    for body, text in ((b"", "408 Empty Request"), ("x", "408 Malformed Request"), ({"seq": 1, "last_by_subj": "s.a"}, "408 Bad Request"),
                       ({"seq": 99}, "404 Message Not Found"), ({"multi_last": ["x"]}, "404 No Results")):
        frame = js.direct("S", body)[0]
        eq((frame.headers, frame.payload), (b"NATS/1.0 %s\r\n\r\n" % text.encode(), b""), "answer of %r" % body)


@case(40)
def last_by_subject_form(ctx):
    js = jetstream(ctx)
    some(js)
    eq(header(js.direct("S", b"", "s.a")[0], "Nats-Sequence"), "3", "sequence")
    eq(status(js.direct("S", b"", "s.x")[0]), "404 Message Not Found", "none")
    eq(status(js.direct("S", {"seq": 1}, "s.a")[0]), "408 Bad Request", "with seq")


@case(40)
def permissions_by_subject(ctx):
    js = jetstream(ctx, STORE + '''authorization { users: [ {user: all, password: p}, {user: some, password: p, permissions: {
        publish: ["$JS.API.DIRECT.GET.S.s.a", "$JS.API.STREAM.INFO.S"], subscribe: "_INBOX.>"} } ] }\n''', user="all", **{"pass": "p"})
    some(js)
    limited = jetstream(ctx, server=js.server, user="some", **{"pass": "p"})
    eq(header(limited.direct("S", b"", "s.a")[0], "Nats-Sequence"), "3", "sequence")
    limited.info("S")
    limited.send(API + ".DIRECT.GET.S.s.b", b"", limited.new_inbox())
    limited.send(API + ".STREAM.DELETE.S", b"", limited.new_inbox())
    limited.flush()
    eq(limited.errors, ['Permissions Violation for Publish to "$JS.API.DIRECT.GET.S.s.b"', 'Permissions Violation for Publish to "$JS.API.STREAM.DELETE.S"'], "errors")
    limited.info("S")


@case(78)
def delete_past_the_end(ctx):
    js = jetstream(ctx)
    for storage, want in (("file", (10057, 500, "stream store EOF")), ("memory", (10043, 400, "sequence 99 not found"))):
        js.create(storage, storage=storage)
        js.pub(storage)
        js.err("STREAM.MSG.DELETE." + storage, {"seq": 99}, *want)


@case(80)
def sizes_and_discard_new(ctx):
    js = jetstream(ctx)
    js.create("S", max_msg_size=100)
    js.pub_err("S", b"x" * 101, None, 10054, 400, "message size exceeds maximum allowed")
    js.pub_err("S", b"", {"a": "x" * 70000}, 10054, 400, "message size exceeds maximum allowed")
    js.create("D", max_msgs=1, discard="new")
    js.pub("D")
    js.pub_err("D", b"", None, 10077, 503, "maximum messages exceeded")


@case(81)
def status_and_no_ack(ctx):
    js = jetstream(ctx)
    js.create("S")
    js.pub("S", b"x", "NATS/1.0 503 Nobody\r\na: b\r\n\r\n")
    eq(js.get("S", seq=1)["hdrs"], block({"a": "b"}), "headers")
    js.create("N", no_ack=True)
    inbox = js.new_inbox()
    js.send("N", b"", inbox)
    js.wait_state("N", messages=1)
    js.flush()
    eq(js.reply_to(inbox, 0.0), None, "answer")


@case(84)
def refused_configurations(ctx):
    js = jetstream(ctx)
    js.create_err("S", 10052, 500, "subjects that overlap with jetstream api require no-ack to be true", subjects=["$JS.foo"])
    js.create_err("S", 10157, 400, "pedantic mode: max_msgs must be set to -1", max_msgs=-5, pedantic=True)


@case(84, "mirrors")
def refused_mirror(ctx):
    jetstream(ctx).create_err("S", 10034, 400, "stream mirrors can not contain subjects", subjects=["s"], mirror={"name": "O"})


@case(84, "sources")
def refused_source(ctx):
    jetstream(ctx).create_err("S", 10140, 400, "duplicate source configuration detected", sources=[{"name": "O"}, {"name": "O"}])


@case(85)
def type_of_info(ctx):
    js = jetstream(ctx)
    js.create("S")
    reply = js.ok("STREAM.INFO.S", b"", {"Nats-Response-Type": "create"}, kind="stream_create_response")
    eq(reply["config"]["name"], "S", "name")
    js.ok("STREAM.INFO.S", b"", {"Nats-Response-Type": "other"}, kind="stream_info_response")


@case(86)
def direct_batch_beyond_the_end(ctx):
    js = jetstream(ctx)
    some(js)
    inbox = js.new_inbox()
    js.send(API + ".DIRECT.GET.S", {"seq": 5, "batch": 3}, inbox)
    js.send(API + ".DIRECT.GET.S", {"seq": 4}, inbox)
    eq([status(js.reply_to(inbox)), header(js.reply_to(inbox), "Nats-Sequence")], ["404 Message Not Found", "4"], "answers")
