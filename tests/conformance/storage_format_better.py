"""Storage: where the reference falls short (storage-format.md 17). Each test has the item that it belongs to."""

import os
import time

from lib import *
from lib.backups import restore, restored, sample, snapshot
from lib.consumers import fill
from lib.jetstream import SECOND
from lib.s2 import decode_stream, encode_stream
from lib.storedir import Account, read
from lib.stores import own, restart, start, stop

SHEET = "storage_format"


def text_of(number):
    return (b"%05d|" % number + b"abcdefghij" * 100)[:900]


@test(SHEET, 12, needs="jetstream", better=True)
def the_time_of_an_erased_message_survives(ctx):
    """After a rebuild the reference shows the year 1 when the last message was erased."""
    js = own(ctx)
    js.create("S", "s.>")
    fill(js, 3)
    last = js.state("S")["last_ts"]
    js.delete_msg("S", 3)
    stop(js).stream("S").remove_index()
    js = start(ctx, js)
    state = js.state("S")
    eq((state["last_seq"], state["last_ts"]), (3, last), "last message")


@test(SHEET, 17, needs="jetstream", better=True)
def a_crash_keeps_what_the_limits_keep(ctx):
    """A rebuild of the reference applies max_msgs to messages that the limit per subject had removed already: here it
    loses 9 of 10 keys."""
    js = own(ctx)
    js.create("S", "s.>", max_msgs=10, max_msgs_per_subject=1)
    js.create("K", "k.>", max_msgs=10, max_msgs_per_subject=2)
    for name in ("s", "k"):
        js.pub_many(["%s.%d" % (name, number) for number in range(1, 11)] + [name + ".10"] * 30)
    kept = [1, 2, 3, 4, 5, 6, 7, 8, 9, 40], [2, 3, 4, 5, 6, 7, 8, 9, 39, 40]
    eq((js.seqs("S"), js.seqs("K")), kept, "messages")
    js = restart(ctx, js, kill=True)
    eq((js.seqs("S"), js.seqs("K")), kept, "messages after a crash")


@test(SHEET, 21, needs="jetstream", better=True)
def a_stream_that_was_never_used_has_no_deleted_messages(ctx):
    """The reference tells of a deleted sequence 0."""
    js = own(ctx)
    js.create("EMPTY")
    js = restart(ctx, js)
    state = js.state("EMPTY", deleted_details=True)
    eq((state.get("deleted"), state.get("num_deleted")), (None, None), "deleted ones")


@test(SHEET, 36, needs="jetstream", better=True)
def changed_compression_needs_no_restart(ctx):
    """In the reference it counts from the next start on."""
    js = own(ctx)
    js.create("S", "s.>", max_bytes=127000)
    js.update("S", "s.>", max_bytes=127000, compression="s2")
    for number in range(1, 101):
        js.pub("s.a", text_of(number))
    path = Account(js.server.path("js")).stream("S")
    wait_until(lambda: all(read(path.block_path(number))[:4] == b"cmp\x01" for number in path.block_numbers()[:-1]),
               "finished blocks are compressed", 5)


@test(SHEET, 43, needs="jetstream", better=True)
def rewritten_blocks_get_new_keys(ctx):
    """The reference writes the compressed block under the key stream of the raw one."""
    config = 'jetstream { store_dir: "js", key: "a key", cipher: chachapoly }\n'
    js = own(ctx, config)
    js.create("S", "s.>", max_bytes=127000, compression="s2")
    for number in range(1, 11):
        js.pub("s.a", text_of(number))
    account = Account(js.server.path("js"), key="a key")
    stream = account.stream("S")
    key_file = stream.file("msgs", "1.key")
    wait_until(lambda: os.path.exists(key_file), "the key file")
    first = read(key_file)
    for number in range(11, 81):
        js.pub("s.a", text_of(number))
    wait_until(lambda: read(key_file) != first, "a new key", 5)
    stop(js)
    eq(stream.block_file(1)[:4], b"cmp\x01", "compressed block")
    eq(len(stream.messages()), 80, "messages")


@test(SHEET, 45, needs="jetstream", slow=True, better=True)
def messages_that_never_expire_outlive_max_age(ctx):
    """At its start the reference removes whole blocks by age."""
    js = own(ctx)
    js.create("S", "s.>", max_age=SECOND, allow_msg_ttl=True)
    js.pub("s.a", b"ages")
    js.pub("s.b", b"stays", {"Nats-TTL": "never"})
    stop(js)
    time.sleep(1.5)
    js = start(ctx, js)
    wait_until(lambda: js.state("S")["messages"] <= 1, "the other message has expired")
    eq(js.seqs("S"), [2], "messages")


@test(SHEET, 50, needs=("jetstream", "snapshots"), better=True)
def a_restored_stream_keeps_its_last_time(ctx):
    """With a backup of form 2 the reference shows the time of the last message that is left."""
    js = own(ctx)
    js.create("S", "s.>")
    fill(js, 3)
    js.delete_msg("S", 3)
    before = js.info("S")
    reply, data = snapshot(js, "S")
    js.delete("S")
    restored(js, "S", reply["config"], reply["state"], data)
    eq(js.state("S")["last_ts"], before["state"]["last_ts"], "last time")


@test(SHEET, 52, needs=("jetstream", "snapshots"), better=True)
def a_restore_that_fails_leaves_nothing(ctx):
    """The reference leaves a part of the stream when the end is missing."""
    js = own(ctx)
    config, state, data = sample("v2-2.15.1-ORDERS")
    answer = restore(js, "ORDERS", config, state, encode_stream(decode_stream(data)[:-5]))
    check("error" in answer, answer)
    js.err("STREAM.INFO.ORDERS", b"", 10059, 404)


@test(SHEET, 33, needs="jetstream", better=True)
def a_stale_index_is_no_false_alarm(ctx):
    """After a crash the reference calls the messages of a block lost that had been deleted one by one."""
    js = own(ctx)
    js.create("S", "s.>", max_bytes=127000)
    for number in range(1, 101):
        js.pub("s.a", text_of(number))
    stream = stop(js).stream("S")
    gone = [record.seq for record in stream.records(stream.block_numbers()[-1])]
    js = start(ctx, js)
    for seq in gone:
        js.delete_msg("S", seq, no_erase=True)
    stop(js, kill=True)
    js = start(ctx, js)
    eq(js.seqs("S"), [seq for seq in range(1, 101) if seq not in gone], "messages")
    check("lost" not in js.state("S", deleted_details=True), "lost messages are reported")


def tombstones_of_a_deleted_block(ctx, later):
    """A delete that is only known by a tombstone in a block that goes away itself; then a crash."""
    js = own(ctx)
    js.create("S", "s.>", max_bytes=127000)
    for number in range(1, 101):
        js.pub("s.a", text_of(number))
    js.delete_msg("S", 5, no_erase=True)
    js.delete_msg("S", 40, no_erase=True)
    stream = Account(js.server.path("js")).stream("S")
    last = stream.block_numbers()[-1]
    gone = [record.seq for record in stream.records(last) if record.kind == "message"]
    for number in range(101, 101 + later):
        js.pub("s.a", text_of(number))
    gone = sorted(set(gone) | {record.seq for record in stream.records(last) if record.kind == "message"})
    for seq in gone:
        js.delete_msg("S", seq, no_erase=True)
    # max_bytes has removed the first ones if there were more.
    want = js.seqs("S")
    eq(want, [seq for seq in range(want[0], 101 + later) if seq not in gone and seq not in (5, 40)], "messages before")
    stop(js, kill=True)
    if stream.has_index():
        stream.remove_index()
    js = start(ctx, js)
    eq(js.seqs("S"), want, "messages")
    eq(js.state("S")["last_seq"], 100 + later, "last sequence")


@test(SHEET, 33, needs="jetstream")
def deletes_outlive_the_last_block_with_their_tombstones(ctx):
    tombstones_of_a_deleted_block(ctx, 0)


@test(SHEET, 33, needs="jetstream", better=True)
def deletes_outlive_a_block_with_their_tombstones(ctx):
    """The reference removes an emptied block some time after it has confirmed the delete, without a tombstone: the last
    deleted message comes back after a crash."""
    tombstones_of_a_deleted_block(ctx, 40)
