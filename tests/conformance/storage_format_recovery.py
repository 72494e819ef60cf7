"""Storage: index.db, rebuilding from blocks, damage, crashes (storage-format.md 6, items 21 to 34)."""

import os

from lib import *
from lib.consumers import fetch, fill, make, pair, seqs
from lib.formats import Record
from lib.jetstream import SECOND, STORE, nanos
from lib.storedir import Account, read, unpack_sample, write
from lib.stores import lines, messages_of, no_warnings, own, restart, start, stop

SHEET = "storage_format"
EXPLICIT = {"ack_policy": "explicit", "ack_wait": 3600 * SECOND}


def text_of(number):
    """Payload of a `blocks` message: its number, filled up to 900 bytes."""
    return (b"%05d|" % number + b"abcdefghij" * 100)[:900]


def blocks(ctx, count=100, consumer=False, **stream):
    """A stream S of 32000-byte blocks with `count` messages; the server has been stopped: (js, StreamDir)."""
    js = own(ctx)
    js.create("S", "s.>", max_bytes=127000, **stream)
    for number in range(1, count + 1):
        js.pub("s.%d" % (number % 4), text_of(number))
    if consumer:
        make(js, dict(EXPLICIT, durable_name="C"), "C")
        for message in fetch(js, "S", "C", 80):
            js.ack_sync(message)
    return js, stop(js).stream("S")


def small(ctx, count=10, consumer=False):
    """A stream S of `count` short messages in one block; the server has been stopped: (js, StreamDir)."""
    js = own(ctx)
    js.create("S", "s.>")
    fill(js, count)
    if consumer:
        make(js, dict(EXPLICIT, durable_name="C"), "C")
        for message in fetch(js, "S", "C", 8)[:6]:
            js.ack_sync(message)
    return js, stop(js).stream("S")


def served(js, name="S"):
    """Sequences that can be read; each message must be the one that was published under its number."""
    state = js.state(name)
    found = []
    for message in messages_of(js, name, state) if state["messages"] else ():
        number = message["seq"]
        check(message["payload"] in (b"m%d" % number, text_of(number)), "damaged data is served: %r" % message)
        found.append(number)
    return found


def span(stream, number):
    """(first, last) sequence of a block."""
    numbers = [record.seq for record in stream.records(number)]
    return numbers[0], numbers[-1]


# -- index.db -------------------------------------------------------------------------------------------

@test(SHEET, 21, needs="jetstream")
def index_says_what_the_blocks_hold(ctx):
    js = own(ctx)
    js.create("S", "s.>", max_bytes=127000, allow_msg_ttl=True)
    for number in range(1, 101):
        js.pub("s.%d" % (number % 5), text_of(number), {"Nats-TTL": "1h"} if number % 10 == 0 else None)
    for seq in (2, 3, 40, 41, 42, 90):
        js.delete_msg("S", seq, no_erase=seq % 2 == 0)
    state = js.state("S")
    stream = stop(js).stream("S")
    # index() checks the hash, the sums and the end of the last block.
    index = stream.index()
    eq(index.version, 4, "version")
    eq((index.messages, index.bytes, index.first, index.last, index.first_time, index.last_time),
       (state["messages"], state["bytes"], state["first_seq"], state["last_seq"], nanos(state["first_ts"]), nanos(state["last_ts"])),
       "numbers of the stream")
    messages = stream.messages()
    expected = {}
    for number in stream.block_numbers():
        for record in stream.records(number):
            if record.seq in messages and record.kind == "message":
                entry = expected.setdefault(record.subject, [0, number, number])
                entry[0] += 1
                entry[2] = number
    eq({subject: entry[0] for subject, entry in index.subjects.items()}, {subject: entry[0] for subject, entry in expected.items()},
       "messages per subject")
    for subject, (_, first, last) in index.subjects.items():
        check(first <= expected[subject][1] and last >= expected[subject][2], "blocks of %r" % subject)
    eq([block.number for block in index.blocks], stream.block_numbers(), "blocks")
    for entry in index.blocks:
        live = [record for record in stream.records(entry.number) if record.kind == "message" and record.seq in messages]
        eq(entry.bytes, sum(record.size for record in live), "bytes of block %d" % entry.number)
        # Removals may leave the count too high; it tells whether a scan is needed.
        near(entry.ttls, sum(b"Nats-TTL" in record.header for record in live),
             sum(b"Nats-TTL" in record.header for record in stream.records(entry.number)), "TTLs of block %d" % entry.number)
        eq(entry.schedules, 0, "schedules of block %d" % entry.number)
        eq(entry.messages, len(live), "messages of block %d" % entry.number)
    eq(set().union(*(entry.deleted for entry in index.blocks)) - {2, 3, 40, 41, 42, 90}, set(), "deleted ones")
    js = start(ctx, js)
    no_warnings(js)
    eq(js.seqs("S"), sorted(messages), "after a restart")


@test(SHEET, 21, needs="jetstream")
def index_of_a_stream_that_was_never_used(ctx):
    js = own(ctx)
    js.create("EMPTY")
    stream = stop(js).stream("EMPTY")
    index = stream.index()
    eq((index.messages, index.bytes, index.last, len(index.blocks), index.last_checksum), (0, 0, 0, 1, bytes(8)), "index")
    js = start(ctx, js)
    no_warnings(js)
    eq(js.pub("EMPTY")["seq"], 1, "sequence")


@test(SHEET, 21, needs="jetstream", timeout=120)
def index_with_many_deletes(ctx):
    js = own(ctx)
    js.create("S", "s.>")
    js.pub_many(["s.%d" % (number % 7) for number in range(9000)])
    gone = [seq for seq in range(2, 9000) if seq % 3 == 0]
    inboxes = []
    for seq in gone:
        inboxes.append(js.new_inbox())
        js.send("$JS.API.STREAM.MSG.DELETE.S", {"seq": seq, "no_erase": True}, inboxes[-1])
    for inbox in inboxes:
        check(b'"success":true' in js.reply_to(inbox).payload, "delete")
    stream = stop(js).stream("S")
    index = stream.index()
    eq(sorted(set().union(*(entry.deleted for entry in index.blocks))), gone, "deleted ones")
    js = start(ctx, js)
    no_warnings(js)
    state = js.state("S", deleted_details=True)
    eq((state["messages"], state["deleted"]), (9000 - len(gone), gone), "state after a restart")


@test(SHEET, 21, needs="jetstream")
def indexes_of_older_releases(ctx):
    """Checks the reader of this suite, and that the server takes them over in its own version."""
    for release, version in (("2.10.26", 1), ("2.11.11", 2), ("2.12.8", 3), ("2.14.6", 4)):
        js = own(ctx)
        js.server.stop()
        root = js.server.path("js")
        expected = unpack_sample("older-" + release, root)
        account = Account(root)
        for name in account.streams():
            eq(account.stream(name).index().version, version, "version of " + release)
        js = start(ctx, js)
        no_warnings(js)
        js.pub("blocks.0")
        account = stop(js)
        index = account.stream("BLOCKS").index()
        eq((index.version, index.messages, index.last), (4, expected["BLOCKS"]["state"]["messages"] + 1, 101), "index after a stop")


@test(SHEET, 22, needs="jetstream")
def a_missing_index_is_no_loss(ctx):
    js, stream = blocks(ctx)
    js = start(ctx, js)
    js.delete_msg("S", 5)
    js.delete_msg("S", 50, no_erase=True)
    before = js.state("S", deleted_details=True)
    stop(js)
    stream.remove_index()
    js = start(ctx, js)
    eq(js.state("S", deleted_details=True), before, "state")
    eq(served(js), [seq for seq in range(1, 101) if seq not in (5, 50)], "messages")
    stop(js)
    eq(stream.index().messages, 98, "index.db is written again")


@test(SHEET, 23, needs="jetstream")
def a_damaged_index_is_replaced(ctx):
    for damage, warning in (
            (lambda data: data[:60] + bytes([data[60] ^ 4]) + data[61:], "Stream state checksum did not match"),
            (lambda data: data[:20], r"Stream state too short \(20 bytes\)"),
            (lambda data: b"", r"Stream state too short \(0 bytes\)")):
        js, stream = small(ctx, consumer=True)
        path = stream.file("msgs", "index.db")
        write(path, damage(read(path)))
        js = start(ctx, js)
        lines(js, r"Filestore \[S\] " + warning)
        eq(served(js), list(range(1, 11)), "messages")
        eq(js.consumer_info("S", "C")["num_ack_pending"], 2, "consumer")
        eq(js.pub("s.a")["seq"], 11, "next sequence")
        stop(js)
        eq(stream.index().messages, 11, "index.db is written again")


@test(SHEET, 23, needs="jetstream")
def an_index_of_another_version(ctx):
    from lib.highway import checksum
    js, stream = small(ctx)
    path = stream.file("msgs", "index.db")
    data = bytearray(read(path)[:-8])
    data[1] = 5
    write(path, bytes(data) + checksum("S", data))
    js = start(ctx, js)
    lines(js, "Stream state magic and version mismatch")
    eq(served(js), list(range(1, 11)), "messages")


# -- damage ---------------------------------------------------------------------------------------------

@test(SHEET, 24, needs="jetstream")
def what_was_appended_is_cut_off(ctx):
    for junk in (b"\xaa" * 50, bytes(64)):
        for index in (True, False):
            js, stream = small(ctx, consumer=True)
            intact = read(stream.block_path(1))
            stream.rewrite_block(1, lambda data: data + junk)
            if not index:
                stream.remove_index()
            js = start(ctx, js)
            eq(served(js), list(range(1, 11)), "messages")
            state = js.state("S", deleted_details=True)
            eq((state["last_seq"], state["lost"]["bytes"]), (10, len(junk)), "state")
            eq(js.pub("s.a")["seq"], 11, "next sequence")
            stop(js)
            check(read(stream.block_path(1)).startswith(intact), "the valid part stays")
            eq(len(stream.records()), 11, "records")


@test(SHEET, 24, needs="jetstream")
def an_extra_block_is_no_loss(ctx):
    for index in (True, False):
        js, stream = small(ctx, consumer=True)
        write(stream.block_path(2), b"")
        if not index:
            stream.remove_index()
        js = start(ctx, js)
        eq(served(js), list(range(1, 11)), "messages")
        eq(js.pub("s.a")["seq"], 11, "next sequence")
        js = restart(ctx, js)
        eq(js.state("S")["messages"], 11, "messages after another restart")


@test(SHEET, 24, needs="jetstream")
def a_block_that_the_index_does_not_know(ctx):
    """A record that is valid is taken, wherever it stands."""
    js, stream = small(ctx)
    write(stream.block_path(2), Record(11, 1795419323789008102, b"s.a", payload=b"m11").encode("S-2"))
    js = start(ctx, js)
    eq(served(js), list(range(1, 12)), "messages")
    js.server.wait_log("Stream state outdated, found extra blocks, will rebuild", since=js.server.start_mark)


@test(SHEET, 25, needs="jetstream")
def a_cut_tail(ctx):
    for cut in (20, 3, 35):
        for index in (True, False):
            js, stream = small(ctx, consumer=True)
            size = stream.records()[-1].size
            last_time = stream.records()[-1].time
            stream.rewrite_block(1, lambda data: data[:-min(cut, size - 1)])
            if not index:
                stream.remove_index()
            js = start(ctx, js)
            eq(served(js), list(range(1, 10)), "messages")
            state = js.state("S", deleted_details=True)
            eq(state["last_seq"], 10 if index else 9, "last sequence")
            check(state["lost"]["bytes"] > 0, "lost bytes")
            if index:
                eq((state["deleted"], nanos(state["last_ts"])), ([10], last_time), "deleted, last time")
            eq(js.pub("s.a")["seq"], state["last_seq"] + 1, "next sequence")
            stop(js)
            eq(stream.tombstones(), [10] if index else [], "tombstones")
            js = start(ctx, js)
            eq(js.seqs("S"), list(range(1, 10)) + [state["last_seq"] + 1], "messages after another restart")


def flip(stream, number, position):
    """Changes one bit in the payload of a record (by position in its block)."""
    record = stream.records(number)[position]
    last = record.offset + record.size - 9
    stream.rewrite_block(number, lambda data: data.__setitem__(last, data[last] ^ 1))
    return record.seq


@test(SHEET, 26, needs="jetstream")
def a_flipped_bit_with_index(ctx):
    js, stream = small(ctx)
    eq(flip(stream, 1, 4), 5, "damaged one")
    js = start(ctx, js)
    eq(served(js), [1, 2, 3, 4, 6, 7, 8, 9, 10], "messages")
    js.no_message("S", seq=5)
    make(js, EXPLICIT, "C")
    eq(seqs(fetch(js, "S", "C", 10)), [1, 2, 3, 4, 6, 7, 8, 9, 10], "deliveries")
    eq(js.pub("s.a")["seq"], 11, "next sequence")


@test(SHEET, 27, needs="jetstream")
def a_flipped_bit_without_index(ctx):
    js, stream = blocks(ctx)
    first, last = span(stream, 2)
    bad = flip(stream, 2, 10)
    stream.remove_index()
    js = start(ctx, js)
    got = served(js)
    surely = list(range(1, bad)) + list(range(last + 1, 101))
    check(set(surely) <= set(got) and bad not in got, "served: %r" % got)
    if ctx.is_peer:
        eq(got, surely, "messages")
    state = js.state("S", deleted_details=True)
    check(state["lost"]["bytes"] > 0, "lost bytes")
    eq((state["first_seq"], state["last_seq"], state["messages"]), (1, 100, len(got)), "state")
    stop(js)
    eq(sorted(stream.messages()), got, "records in the files afterwards")
    js = start(ctx, js)
    eq(served(js), got, "after another restart")


@test(SHEET, 27, needs="jetstream", better=True)
def a_flipped_bit_loses_only_its_record(ctx):
    """The reference drops the rest of the block."""
    js, stream = blocks(ctx)
    bad = flip(stream, 2, 10)
    stream.remove_index()
    js = start(ctx, js)
    eq(served(js), [seq for seq in range(1, 101) if seq != bad], "messages")
    eq(js.state("S", deleted_details=True)["lost"]["msgs"], [bad], "lost messages")
    js = restart(ctx, js)
    eq(served(js), [seq for seq in range(1, 101) if seq != bad], "messages after another restart")


@test(SHEET, 28, needs="jetstream")
def a_missing_middle_block(ctx):
    for index in (True, False):
        js, stream = blocks(ctx)
        first, last = span(stream, 2)
        gone = list(range(first, last + 1))
        os.remove(stream.block_path(2))
        if not index:
            stream.remove_index()
        js = start(ctx, js)
        eq(served(js), [seq for seq in range(1, 101) if seq not in gone], "messages")
        state = js.state("S", deleted_details=True)
        eq((state["deleted"], state["last_seq"]), (gone, 100), "deleted ones")
        eq(state.get("lost", {}).get("msgs"), gone if index else None, "lost ones")


@test(SHEET, 29, needs="jetstream")
def a_missing_last_block(ctx):
    js, stream = blocks(ctx)
    first, _ = span(stream, stream.block_numbers()[-1])
    os.remove(stream.block_path(stream.block_numbers()[-1]))
    js = start(ctx, js)
    eq(served(js), list(range(1, first)), "messages")
    state = js.state("S", deleted_details=True)
    eq((state["last_seq"], state["lost"]["msgs"]), (100, list(range(first, 101))), "state")
    eq(js.pub("s.a")["seq"], 101, "next sequence")
    stop(js)
    stream.remove_index()
    js = start(ctx, js)
    state = js.state("S")
    eq((state["last_seq"], state["messages"]), (101, first), "after a rebuild")


@test(SHEET, 30, needs="jetstream")
def consumers_ahead_are_pulled_back(ctx):
    for left, floor, pending in ((9, (6, 6), 2), (7, (6, 6), 1), (4, (8, 4), 0)):
        js, stream = small(ctx, consumer=True)
        records = stream.records(1)
        stream.rewrite_block(1, lambda data: data[:records[left].offset])
        stream.remove_index()
        js = start(ctx, js)
        info = js.consumer_info("S", "C")
        eq((pair(info["ack_floor"]), info["num_ack_pending"]), (floor, pending), "with %d messages left" % left)
        check(info["delivered"]["stream_seq"] <= left, "delivered")
        if left < 8:
            lines(js, "JetStream consumer '.G > S > C' delivered sequence 8 past last stream sequence of %d" % left)
        fill(js, 2, start=left + 1)
        eq([message.payload for message in fetch(js, "S", "C", 5)][-2:], [b"m%d" % (left + 1), b"m%d" % (left + 2)], "new messages")


@test(SHEET, 31, needs="jetstream")
def a_damaged_compressed_block_with_index(ctx):
    js, stream = blocks(ctx, 200, compression="s2")
    damaged = stream.block_numbers()[1]
    eq(stream.block_file(damaged)[:4], b"cmp\x01", "a compressed block")
    first, last = span(stream, damaged)
    stream.rewrite_block(damaged, lambda data: data.__setitem__(len(data) // 2, data[len(data) // 2] ^ 0xff))
    js = start(ctx, js)
    got = served(js)
    state = js.state("S")
    eq([seq for seq in got if not first <= seq <= last],
       [seq for seq in range(state["first_seq"], state["last_seq"] + 1) if not first <= seq <= last], "other blocks")


@test(SHEET, 31, needs="jetstream")
def a_damaged_compressed_block_without_index(ctx):
    js, stream = blocks(ctx, 130, compression="s2")
    damaged = stream.block_numbers()[1]
    intact = {number: read(stream.block_path(number)) for number in stream.block_numbers()}
    stream.rewrite_block(damaged, lambda data: data.__setitem__(len(data) // 2, data[len(data) // 2] ^ 0xff))
    stream.remove_index()
    js = start(ctx, js)
    if ctx.is_peer:
        # Which also removes all files of the stream.
        lines(js, 'Error recreating stream "S": ')
        js.err("STREAM.INFO.S", b"", 10059, 404)
        return
    served(js)
    stop(js)
    for number in intact:
        if number != damaged:
            eq(read(stream.block_path(number)), intact[number], "block %d" % number)


@test(SHEET, 31, needs="jetstream", better=True)
def a_damaged_compressed_block_costs_only_itself(ctx):
    """The reference does not load the stream at all."""
    js, stream = blocks(ctx, 130, compression="s2")
    damaged = stream.block_numbers()[1]
    first, last = span(stream, damaged)
    stream.rewrite_block(damaged, lambda data: data.__setitem__(len(data) // 2, data[len(data) // 2] ^ 0xff))
    stream.remove_index()
    js = start(ctx, js)
    got = served(js)
    eq([seq for seq in got if not first <= seq <= last], [seq for seq in range(got[0], 131) if not first <= seq <= last], "messages")
    eq(js.pub("s.a")["seq"], 131, "next sequence")


# -- purges and crashes ---------------------------------------------------------------------------------

@test(SHEET, 32, needs="jetstream")
def interrupted_purges(ctx):
    js, stream = blocks(ctx)
    number = stream.block_numbers()[-1] + 1
    new = stream.file("__new_msgs__")
    os.mkdir(new)
    js = start(ctx, js)
    eq(served(js), list(range(1, 101)), "without a block the purge did not happen")
    check(not os.path.exists(new), "__new_msgs__ is removed")
    stop(js)
    os.mkdir(new)
    last = stream.records()[-1]
    write(os.path.join(new, "%d.blk" % number), Record(100, last.time, kind="tombstone").encode("S-%d" % number))
    js = start(ctx, js)
    state = js.state("S")
    eq((state["messages"], state["first_seq"], state["last_seq"], nanos(state["last_ts"])), (0, 101, 100, last.time),
       "the purge is completed")
    eq(js.pub("s.a")["seq"], 101, "next sequence")
    stop(js)
    check(not os.path.exists(new), "__new_msgs__ is gone")
    old = stream.file("__msgs__")
    os.mkdir(old)
    write(os.path.join(old, "1.blk"), b"old")
    js = start(ctx, js)
    eq(js.seqs("S"), [101], "messages")
    wait_until(lambda: not os.path.exists(old), "__msgs__ is removed")


@test(SHEET, 33, needs="jetstream")
def killed_after_acked_publishes(ctx):
    js, stream = small(ctx)
    js = start(ctx, js)
    fill(js, 500, start=11)
    js.delete_msg("S", 3)
    stop(js, kill=True)
    js = start(ctx, js)
    if ctx.is_peer:
        lines(js, "Stream state outdated, last block has additional entries, will rebuild")
    eq(served(js), [seq for seq in range(1, 511) if seq != 3], "messages")
    check("lost" not in js.state("S", deleted_details=True), "lost")


def killed_while_publishing(ctx, config, **stream):
    """A crash amid publishes, 1500 of which are known as acked; the number of messages left."""
    js = own(ctx, config)
    js.create("S", "s.>", max_bytes=50_000_000, **stream)
    inboxes = []
    for number in range(1, 3001):
        inboxes.append(js.new_inbox())
        js.send("s.a", b"m%d" % number, inboxes[-1])
    for inbox in inboxes[:1500]:
        check(b'"seq"' in js.reply_to(inbox).payload, "ack")
    # More have been acked meanwhile; these 1500 surely.
    stop(js, kill=True)
    js = start(ctx, js)
    got = served(js)
    eq(got, list(range(1, len(got) + 1)), "messages")
    eq(js.pub("s.a")["seq"], len(got) + 1, "next sequence")
    return len(got)


@test(SHEET, 33, needs="jetstream")
def killed_while_publishing_default(ctx):
    check(killed_while_publishing(ctx, STORE) >= 1500, "acked messages are gone")


@test(SHEET, 33, needs="jetstream")
def killed_while_publishing_with_sync_always(ctx):
    left = killed_while_publishing(ctx, 'jetstream { store_dir: "js", max_file: 2GB, sync_interval: always }\n')
    check(left >= 1500, "acked messages are gone")


@test(SHEET, 33, needs="jetstream")
def killed_while_publishing_with_async_persistence(ctx):
    # The last messages may be gone, but no others.
    killed_while_publishing(ctx, STORE, persist_mode="async")


@test(SHEET, 34, needs="jetstream")
def killed_after_acks(ctx):
    js = own(ctx)
    js.create("S", "s.>")
    fill(js, 100)
    make(js, dict(EXPLICIT, durable_name="C"), "C")
    for message in fetch(js, "S", "C", 100):
        js.ack_sync(message)
    stop(js, kill=True)
    js = start(ctx, js)
    info = js.consumer_info("S", "C")
    floor = info["ack_floor"]["stream_seq"]
    near(floor, 0, 100, "ack floor")
    eq(js.state("S")["messages"], 100, "messages")
    # What is not known as acked comes again.
    make(js, {"ack_policy": "explicit", "ack_wait": SECOND // 5, "durable_name": "C"}, "C")
    missing = 100 - floor
    inbox = js.pull("S", "C", {"batch": max(missing, 1), "expires": 2 * SECOND if not missing else 20 * SECOND})
    eq(sorted(set(seqs(inbox.take(missing)))), list(range(floor + 1, 101)), "deliveries")
