"""Delete, purge, rollup and seal: jetstream-streams.md 8, items 67 to 71."""

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")

STORAGES = ("file", "memory")


@case(67)
def errors_of_message_delete(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create("S", ["s"], storage=storage)
        js.pub_many(["s"] * 5)
        js.delete_msg("S", 2)
        js.delete_msg("S", 3, no_erase=True)
        for seq in (2, 3):
            js.err("STREAM.MSG.DELETE.S", {"seq": seq}, 10043, 400, "sequence %d not found" % seq, kind="stream_msg_delete_response")
        if storage == "file":
            js.err("STREAM.MSG.DELETE.S", {"seq": 9}, 10057, 500, "stream store EOF")
            js.err("STREAM.MSG.DELETE.S", {"seq": 9, "no_erase": True}, 10057, 500, "stream store EOF")
        else:
            js.err("STREAM.MSG.DELETE.S", {"seq": 9}, 10043, 400, "sequence 9 not found")
        js.err("STREAM.MSG.DELETE.S", {"seq": 0}, 10057 if storage == "file" else 10043)
        js.err("STREAM.MSG.DELETE.S", b"", 10003, 400, "bad request")
        js.err("STREAM.MSG.DELETE.S", "x", 10025, 400)
        js.err("STREAM.MSG.DELETE.T", {"seq": 1}, 10059, 404, "stream not found")
        js.no_message("S", seq=2)
        eq(js.seqs("S"), [1, 4, 5], "sequences")
        js.anew()


@case(67)
def delete_of_a_sequence_below_the_first(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create("S", ["s"], storage=storage)
        js.pub_many(["s"] * 5)
        js.purge("S")
        js.pub("s")
        if storage == "memory":
            js.err("STREAM.MSG.DELETE.S", {"seq": 2}, 10043, 400, "sequence 2 not found")
        else:
            check("error" in js.request("STREAM.MSG.DELETE.S", {"seq": 2}), "purged message deleted")
        eq(js.seqs("S"), [6], "sequences")
        js.anew()


@case(67)
def first_and_last_message_deleted(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create("S", ["s"], storage=storage)
        js.pub_many(["s"] * 5)
        js.delete_msg("S", 2)
        js.delete_msg("S", 1)
        eq(js.state("S")["first_seq"], 3, "first sequence")
        js.delete_msg("S", 5)
        state = js.state("S")
        eq((state["first_seq"], state["last_seq"], state["messages"]), (3, 5, 2), "state")
        eq(js.pub("s")["seq"], 6, "sequence")
        js.anew()


def filled(js, storage, count=10, **config):
    """A new stream S with messages on s.0, s.1 and s.2 in turn."""
    js.create("S", ["s.*"], storage=storage, **config)
    js.pub_many(["s.%d" % (number % 3) for number in range(count)])


@case(68)
def forms_of_purge(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        for body, purged, left, first in (
                ({}, 10, [], 11), ({"seq": 4}, 3, [4, 5, 6, 7, 8, 9, 10], 4), ({"seq": 1}, 0, list(range(1, 11)), 1),
                ({"keep": 3}, 7, [8, 9, 10], 8), ({"keep": 20}, 0, list(range(1, 11)), 1), ({"seq": 11}, 10, [], 11),
                ({"filter": "s.0"}, 4, [2, 3, 5, 6, 8, 9], 2), ({"filter": "s.*"}, 10, [], 11), ({"filter": ">"}, 10, [], 11),
                ({"filter": "s.1", "seq": 6}, 2, [1, 3, 4, 6, 7, 8, 9, 10], 1), ({"filter": "s.0", "keep": 1}, 3, [2, 3, 5, 6, 8, 9, 10], 2),
                ({"filter": "s.*", "keep": 2}, 8, [9, 10], 9), ({"filter": "x"}, 0, list(range(1, 11)), 1), ({"seq": 0, "keep": 0}, 10, [], 11)):
            filled(js, storage)
            eq(js.purge("S", **body), purged, "purged by %r in %s" % (body, storage))
            state = js.state("S")
            eq(js.seqs("S"), left, "sequences after %r in %s" % (body, storage))
            eq((state["messages"], state["last_seq"], state["first_seq"]), (len(left), 10, first), "state after %r" % body)
            eq(state["bytes"], len(left) * record_size(storage, "s.0", b""), "bytes after %r" % body)
            eq(js.pub("s.0")["seq"], 11, "sequence after %r" % body)
            js.anew()


@case(68)
def purge_beyond_the_end(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        filled(js, storage)
        eq(js.purge("S", seq=100), 10, "purged")
        state = js.state("S")
        eq((state["messages"], state["first_seq"], state["last_seq"]), (0, 100, 99), "state")
        eq(js.pub("s.0")["seq"], 100, "sequence")
        js.anew()


@case(68)
def bodies_of_purge(ctx):
    js = jetstream(ctx)
    filled(js, "file")
    reply = js.err("STREAM.PURGE.S", {"seq": 2, "keep": 2}, 10003, 400, "bad request", kind="stream_purge_response")
    eq(list(reply), ["type", "error", "purged"], "members of an error")
    eq(reply["purged"], 0, "purged")
    js.err("STREAM.PURGE.S", {"nope": 2}, 10025, 400, 'invalid JSON: json: unknown field "nope"')
    js.err("STREAM.PURGE.T", b"", 10059, 404, "stream not found")
    eq(js.ok("STREAM.PURGE.S", "junk"), {"type": TYPE + "stream_purge_response", "success": True, "purged": 10}, "reply")


@case(68)
def purge_leaves_no_markers_and_survives(ctx):
    js = jetstream(ctx)
    filled(js, "file", allow_msg_ttl=True, subject_delete_marker_ttl=60 * SECOND)
    js.purge("S", filter="s.1")
    js.purge("S", seq=4)
    eq(js.seqs("S"), [4, 6, 7, 9, 10], "sequences")
    js.restart(kill=True)
    eq((js.seqs("S"), js.state("S")["last_seq"]), ([4, 6, 7, 9, 10], 10), "sequences after a kill")


@case(69)
def rollups(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        for value in ("sub", "SUB", "Sub"):
            filled(js, storage, allow_rollup_hdrs=True)
            eq(js.pub("s.1", b"roll", {"Nats-Rollup": value}), {"stream": "S", "seq": 11}, "answer")
            eq(js.seqs("S"), [1, 3, 4, 6, 7, 9, 10, 11], "sequences after %s" % value)
            eq(js.get("S", seq=11)["hdrs"], block({"Nats-Rollup": value}), "headers")
            js.anew()
        for value in ("all", "ALL"):
            filled(js, storage, allow_rollup_hdrs=True)
            js.pub("s.1", b"roll", {"Nats-Rollup": value})
            state = js.state("S")
            eq((state["messages"], state["first_seq"], state["last_seq"], state["num_subjects"]), (1, 11, 11, 1), "state after %s" % value)
            js.anew()


@case(69)
def invalid_rollup(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"], allow_rollup_hdrs=True)
    for value in ("zz", "subject", "al"):
        js.pub_err("s", b"", {"Nats-Rollup": value}, 10111, 500, 'rollup value invalid: "%s"' % value.lower())
    js.pub("s", b"", {"Nats-Rollup": "sub", "Nats-Expected-Last-Sequence": "0"})
    js.pub_err("s", b"", {"Nats-Rollup": "sub", "Nats-Expected-Last-Sequence": "0"}, 10071)


@case(70)
def seal(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        filled(js, storage, max_age=3600 * SECOND, allow_rollup_hdrs=True)
        js.consumer("S", "c")
        config = js.update("S", ["s.*"], storage=storage, sealed=True, max_age=3600 * SECOND, allow_rollup_hdrs=True)["config"]
        eq([config[name] for name in ("sealed", "max_age", "discard", "deny_delete", "deny_purge", "allow_rollup_hdrs")],
           [True, 0, "new", True, True, False], "configuration")
        text = "invalid operation on sealed stream"
        js.pub_err("s.0", b"", None, 10109, 400, text)
        js.err("STREAM.PURGE.S", b"", 10109, 400, text)
        js.err("STREAM.MSG.DELETE.S", {"seq": 1}, 10109, 400, text)
        js.update_err("S", 10052, 500, "stream configuration update can not unseal a sealed stream", subjects=["s.*"], storage=storage)
        js.update("S", ["s.*"], storage=storage, sealed=True, description="still", discard="new", deny_delete=True, deny_purge=True)
        eq(js.get("S", seq=1)["subject"], "s.0", "message")
        for message in js.fetch("S", "c", 10):
            js.ack_sync(message)
        eq(js.state("S")["messages"], 10, "messages")
        js.consumer("S", "d")
        js.anew()


@case(70)
def sealed_work_queue_is_still_worked(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"], retention="workqueue")
    js.pub_many(["s"] * 3)
    js.consumer("S", "c")
    js.update("S", ["s"], retention="workqueue", sealed=True)
    js.ack_sync(js.fetch("S", "c")[0])
    js.wait_state("S", messages=2, first_seq=2)


@case(71)
def denied_delete_and_purge(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"], deny_delete=True)
    js.pub_many(["s"] * 2)
    js.err("STREAM.MSG.DELETE.S", {"seq": 1}, 10057, 500, "message delete not permitted")
    eq(js.purge("S"), 2, "purged")
    js.create("P", ["p"], deny_purge=True)
    js.pub_many(["p"] * 2)
    eq(js.err("STREAM.PURGE.P", b"", 10110, 500, "stream purge not permitted")["purged"], 0, "purged")
    js.err("STREAM.PURGE.P", {"filter": "p"}, 10110, 500, "stream purge not permitted")
    js.delete_msg("P", 1)
    eq(js.seqs("P"), [2], "sequences")
