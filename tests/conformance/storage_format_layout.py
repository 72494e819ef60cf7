"""Storage: directories, meta.inf and meta.sum (storage-format.md 1 and 7, items 1 to 9)."""

import json
import os

from lib import *
from lib.consumers import fetch, fill, make
from lib.highway import checksum
from lib.jetstream import SECOND, STORE
from lib.storedir import mode_of, read, write
from lib.stores import lines, own, start, stop

SHEET = "storage_format"
EXPLICIT = {"ack_policy": "explicit"}


def filled(ctx, messages=3, **stream):
    """A server with stream S, a durable consumer C on it, and stream T that tests leave alone."""
    js = own(ctx)
    js.create("S", "s.>", **stream)
    js.create("T", "t.>")
    fill(js, messages)
    fill(js, 1, "t.a")
    make(js, dict(EXPLICIT, durable_name="C", ack_wait=3600 * SECOND), "C")
    js.ack_sync(fetch(js, "S", "C")[0])
    return js


def tree(path):
    """{relative path: bytes} of all files below a directory."""
    return {os.path.relpath(os.path.join(folder, name), path): read(os.path.join(folder, name))
            for folder, _, names in os.walk(path) for name in names}


def is_not_served(js, name):
    """The stream cannot be used: it is unknown, or known as being offline."""
    error = js.request("STREAM.INFO." + name).get("error") or {}
    check(error.get("err_code") in (10059, 10194), error)


@test(SHEET, 1, needs="jetstream")
def directories_and_modes(ctx):
    js = filled(ctx)
    root = js.server.path("js")
    unnamed = make(js, EXPLICIT)["name"]
    make(js, {"durable_name": "memory", "mem_storage": True}, "memory")
    make(js, {"direct": True, "deliver_subject": "d"}, "direct")
    js.create("M", "m.>", storage="memory")
    path = os.path.join(root, "jetstream", "$G", "streams", "S")
    for name in ("meta.inf", "meta.sum", "msgs", "obs", "msgs/1.blk", "obs/C/meta.inf", "obs/C/meta.sum"):
        check(os.path.exists(os.path.join(path, name)), name + " is missing while the server runs")
    account = stop(js)
    eq(account.streams(), ["S", "T"], "streams with directories")
    stream = account.stream("S")
    eq(stream.consumers(), sorted(["C", unnamed]), "consumers with directories")
    eq(stream.block_numbers(), [1], "blocks")
    check(stream.has_index(), "index.db after a clean stop")
    check(os.path.exists(stream.file("obs", "C", "o.dat")), "o.dat")
    for folder, folders, names in os.walk(os.path.join(root, "jetstream")):
        eq(mode_of(folder), 0o700, "mode of " + folder)
        for name in names:
            eq(mode_of(os.path.join(folder, name)), 0o600, "mode of " + os.path.join(folder, name))


@test(SHEET, 1, needs="jetstream")
def accounts_have_directories(ctx):
    js = own(ctx, STORE + "accounts { A { jetstream: enabled, users: [{user: a, password: p}] }\n"
             "B { jetstream: enabled, users: [{user: b, password: p}] } }\nno_auth_user: a\n")
    js.create("S", "s.>")
    other = jetstream(ctx, server=js.server, user="b", **{"pass": "p"})
    other.create("S", "s.>", max_msgs=7)
    account = stop(js, name="A")
    eq(account.stream("S").meta()["max_msgs"], -1, "stream of A")
    eq(stop(js, name="B").stream("S").meta()["max_msgs"], 7, "stream of B")
    # An account directory without streams is removed.
    os.makedirs(os.path.join(js.server.path("js"), "jetstream", "A2", "streams"))
    os.makedirs(os.path.join(js.server.path("js"), "jetstream", "UNKNOWN", "streams", "X"))
    js = start(ctx, js)
    eq(js.ok("STREAM.NAMES")["streams"], ["S"], "streams")


@test(SHEET, 1, needs="jetstream")
def a_deleted_stream_leaves_nothing(ctx):
    js = filled(ctx)
    path = os.path.join(js.server.path("js"), "jetstream", "$G", "streams")
    js.delete_consumer("S", "C")
    wait_until(lambda: not os.path.exists(os.path.join(path, "S", "obs", "C")), "directory of the consumer is gone")
    js.delete("S")
    wait_until(lambda: sorted(os.listdir(path)) == ["T"], lambda: "only T is left: %r" % os.listdir(path))


@test(SHEET, 2, needs="jetstream")
def sums_of_meta_files(ctx):
    js = filled(ctx, description="<&> ünïcode", metadata={"a": "b<"})
    make(js, dict(EXPLICIT, durable_name="D", description="x > y"), "D")
    js.update("T", "t.>", max_msgs=5)
    account = stop(js)
    for name in ("S", "T"):
        # meta() checks the sum.
        eq(account.stream(name).meta()["name"], name, "name")
    eq(account.stream("T").meta()["max_msgs"], 5, "an update is written")
    text = account.stream("S").meta_bytes().decode()
    check('"description":"\\u003c\\u0026\\u003e ünïcode"' in text, text)
    check(not text.endswith("\n"), "newline at the end")
    keys = list(json.loads(text))
    eq(keys, ["Created", "name", "description", "subjects", "retention", "max_consumers", "max_msgs", "max_bytes", "max_age",
              "max_msgs_per_subject", "max_msg_size", "discard", "storage", "num_replicas", "duplicate_window", "compression",
              "allow_direct", "mirror_direct", "sealed", "deny_delete", "deny_purge", "allow_rollup_hdrs", "consumer_limits",
              "allow_msg_ttl", "metadata"], "keys of a stream's meta.inf")
    stream = account.stream("S")
    for name in ("C", "D"):
        meta = stream.consumer(name).meta()
        eq((meta["Name"], meta["durable_name"]), (name, name), "names")
    eq(list(stream.consumer("C").meta()), ["Created", "Name", "durable_name", "name", "deliver_policy", "ack_policy", "ack_wait",
                                           "max_deliver", "replay_policy", "max_waiting", "max_ack_pending", "num_replicas",
                                           "metadata"], "keys of a consumer's meta.inf")
    eq(len(read(stream.file("meta.sum"))), 16, "size of meta.sum")


@test(SHEET, 3, needs="jetstream")
def stored_metadata(ctx):
    js = filled(ctx, metadata={"mine": "1", "_nats.ver": "x"}, allow_msg_ttl=True)
    created = js.info("S")["created"], js.consumer_info("S", "C")["created"]
    stream = stop(js).stream("S")
    eq(stream.meta()["metadata"], {"_nats.req.level": "1", "mine": "1"}, "of the stream")
    eq(stream.consumer("C").meta()["metadata"], {"_nats.req.level": "0"}, "of the consumer")
    eq((stream.meta()["Created"], stream.consumer("C").meta()["Created"]), created, "creation times")


@test(SHEET, 4, needs="jetstream")
def streams_without_valid_meta_files_are_skipped(ctx):
    for damage, warning in (
            (lambda s: write(s.file("meta.sum"), b"0123456789abcdef"),
             'Stream metafile ".*": checksums do not match "0123456789abcdef" vs "%s"'),
            (lambda s: os.remove(s.file("meta.sum")), 'Missing stream checksum file ".*"'),
            (lambda s: os.remove(s.file("meta.inf")), 'Missing stream metafile (for )?".*"'),
            (lambda s: s.write_meta(b"nonsense"), 'Error unmarshalling stream metafile ".*": ')):
        js = filled(ctx)
        stream = stop(js).stream("S")
        digest = checksum("S", read(stream.file("meta.inf"))).hex()
        damage(stream)
        before = tree(stream.path)
        js = start(ctx, js)
        lines(js, warning.replace("%s", digest))
        is_not_served(js, "S")
        eq(js.seqs("T"), [1], "another stream")
        stop(js)
        eq(tree(stream.path), before, "the files")


@test(SHEET, 5, needs="jetstream")
def consumers_with_damaged_meta_files(ctx):
    js = filled(ctx)
    make(js, dict(EXPLICIT, durable_name="W"), "W")
    stream = stop(js).stream("S")
    write(stream.consumer("W").file("meta.sum"), b"0123456789abcdef")
    os.remove(stream.consumer("C").file("meta.sum"))
    js = start(ctx, js)
    lines(js, 'Missing consumer checksum for ".*"')
    eq(js.ok("CONSUMER.NAMES.S")["consumers"], ["W"], "consumers")
    eq(js.seqs("S"), [1, 2, 3], "messages")
    stop(js)
    check(os.path.exists(stream.consumer("C").file("o.dat")), "files of the skipped consumer stay")
    os.remove(stream.consumer("W").file("meta.inf"))
    js = start(ctx, js)
    lines(js, 'Missing consumer metafile ".*"')
    eq(js.ok("CONSUMER.NAMES.S")["consumers"], [], "consumers")


def check_offline(ctx, js, stream, reason):
    """S is offline for this reason; its files are not touched; T works."""
    before = tree(stream.path)
    js = start(ctx, js)
    js.err("STREAM.INFO.S", b"", 10194, 500, "stream is offline: " + reason)
    listed = js.ok("STREAM.LIST")
    eq([entry["config"]["name"] for entry in listed["streams"]], ["T"], "streams in the list")
    eq((listed["missing"], listed["offline"]), (["S"], {"S": reason}), "offline streams in the list")
    js.send("s.a", b"lost")
    eq(js.seqs("T"), [1], "the other stream")
    stop(js)
    after = tree(stream.path)
    eq({name: data for name, data in after.items() if name != "msgs/index.db"},
       {name: data for name, data in before.items() if name != "msgs/index.db"}, "the files")


@test(SHEET, 6, needs="jetstream")
def an_unknown_field_takes_the_stream_offline(ctx):
    js = filled(ctx)
    stream = stop(js).stream("S")
    plain = stream.meta()
    stream.write_meta(dict(plain, shiny="x"))
    check_offline(ctx, js, stream, 'decoding error: json: unknown field "shiny"')
    stream.write_meta(plain)
    js = start(ctx, js)
    eq(js.seqs("S"), [1, 2, 3], "messages after the field is gone")


@test(SHEET, 6, needs="jetstream")
def an_unknown_field_of_a_consumer(ctx):
    js = filled(ctx)
    stream = stop(js).stream("S")
    consumer = stream.consumer("C")
    consumer.write_meta(dict(consumer.meta(), shiny="x"))
    js = start(ctx, js)
    js.err("STREAM.INFO.S", b"", 10194, 500, 'stream is offline: stopped - unsupported consumer "C"')
    reply = js.err("CONSUMER.INFO.S.C", b"", 10195, 500)
    eq(reply["error"]["description"], 'consumer is offline: decoding error: json: unknown field "shiny"', "text")
    stop(js)
    meta = consumer.meta()
    del meta["shiny"]
    meta["metadata"]["_nats.req.level"] = "9"
    consumer.write_meta(meta)
    js = start(ctx, js)
    js.err("CONSUMER.INFO.S.C", b"", 10195, 500,
           "consumer is offline: unsupported - required API level: 9, current API level: 5")
    stop(js)
    meta["metadata"]["_nats.req.level"] = "0"
    consumer.write_meta(meta)
    js = start(ctx, js)
    eq((js.seqs("S"), js.consumer_info("S", "C")["ack_floor"]["stream_seq"]), ([1, 2, 3], 1), "when all is well again")


@test(SHEET, 7, needs="jetstream")
def a_too_high_level_takes_the_stream_offline(ctx):
    js = filled(ctx)
    stream = stop(js).stream("S")
    meta = stream.meta()
    meta["metadata"]["_nats.req.level"] = "9"
    stream.write_meta(meta)
    check_offline(ctx, js, stream, "unsupported - required API level: 9, current API level: 5")
    stream.write_meta(dict(meta, shiny="x"))
    check_offline(ctx, js, stream, 'unsupported - config error: unknown field "shiny"')


@test(SHEET, 7, needs="jetstream")
def answers_about_offline_streams_come_late(ctx):
    """As others in a cluster may know better (jetstream-api.md 4); some requests get none at all."""
    js = filled(ctx)
    stream = stop(js).stream("S")
    stream.write_meta(dict(stream.meta(), shiny="x"))
    js = start(ctx, js)
    late = js.subscribe("late")
    js.send("$JS.API.STREAM.INFO.S", b"", "late")
    js.info("T")
    late.expect_none()
    eq(late.next_json()["error"]["err_code"], 10194, "error")
    js.send("$JS.API.CONSUMER.CREATE.S.X", {"stream_name": "S", "config": {"name": "X"}}, "late")
    js.info("T")
    late.expect_none()
    eq(late.next_json()["error"]["err_code"], 10194, "error")
    never = js.subscribe("never")
    js.send("$JS.API.STREAM.MSG.GET.S", {"seq": 1}, "never")
    js.send("$JS.API.CONSUMER.PAUSE.S.C", {}, "never")
    js.send("$JS.API.CONSUMER.UNPIN.S.C", {"group": "g"}, "never")
    # Sent after them, and waits as long.
    js.err("STREAM.INFO.S", b"", 10194)
    never.expect_none()


@test(SHEET, 7, needs="jetstream")
def a_stream_that_is_offline_can_be_deleted(ctx):
    js = filled(ctx)
    stream = stop(js).stream("S")
    stream.write_meta(dict(stream.meta(), shiny="x"))
    js = start(ctx, js)
    js.err("STREAM.INFO.S", b"", 10194, 500)
    eq(js.ok("STREAM.DELETE.S")["success"], True, "delete")
    eq(js.ok("STREAM.NAMES")["streams"], ["T"], "streams")
    check(not os.path.exists(stream.path), "the files are gone")
    js.create("S", "s.>")
    eq(js.pub("s.a")["seq"], 1, "first sequence of a new stream")


@test(SHEET, 8, needs="jetstream")
def creating_over_a_skipped_stream_loses_nothing(ctx):
    js = filled(ctx)
    stream = stop(js).stream("S")
    write(stream.file("meta.sum"), b"0123456789abcdef")
    js = start(ctx, js)
    reply = js.request("STREAM.CREATE.S", {"name": "S", "subjects": ["s.>"]})
    if "error" in reply and not ctx.is_peer:
        # Refusing is better than the reference, which adopts what lies there.
        stop(js)
        eq(sorted(stream.messages()), [1, 2, 3], "messages in the files")
        return
    check("error" not in reply, reply)
    eq(js.seqs("S"), [1, 2, 3], "messages")


@test(SHEET, 9, needs="jetstream")
def leftovers_are_removed(ctx):
    js = filled(ctx)
    account = stop(js)
    streams = os.path.join(account.path, "streams")
    os.rename(account.stream("T").path, os.path.join(streams, ".T"))
    msgs = account.stream("S").file("msgs")
    for name in ("5.new", "7.blk.tmp", "1.idx", "1.fss", "_test_123"):
        write(os.path.join(msgs, name), b"junk")
    write(os.path.join(account.stream("S").path, "meta.inf.tmp"), b"junk")
    os.makedirs(os.path.join(account.path, "__snapshots__", "snap-x"))
    js = start(ctx, js)
    eq(js.ok("STREAM.NAMES")["streams"], ["S"], "streams")
    eq(js.seqs("S"), [1, 2, 3], "messages")
    wait_until(lambda: not os.path.exists(os.path.join(streams, ".T")), ".T is removed")
    wait_until(lambda: not [name for name in os.listdir(msgs) if name.endswith((".idx", ".fss"))], "files of 2.9 are removed")
    wait_until(lambda: not os.path.exists(os.path.join(account.path, "__snapshots__")), "__snapshots__ is removed")
