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
