"""Storage: the records of message blocks (storage-format.md 2 and 3, items 10 to 20)."""

import os

from lib import *
from lib.consumers import fill
from lib.formats import ZERO_TIME
from lib.jetstream import block, nanos
from lib.stores import own, restart, start, stop

SHEET = "storage_format"


def times(js, stream, *seqs):
    """Times of messages in ns."""
    return [nanos(js.get(stream, seq=seq)["time"]) for seq in seqs]


def kinds(records):
    """(kind, sequence) of records."""
    return [(record.kind, record.seq) for record in records]


@test(SHEET, 10, needs="jetstream")
def messages_of_all_shapes(ctx):
    js = own(ctx)
    js.create("S", "s.>")
    shapes = [("s.a", b"hello", None), ("s.a", b"", None), ("s.b", bytes(range(256)) * 3, {"A": "1", "B": "two"}),
              ("s.c", b"", {"Only": "headers"}), ("s." + "x" * 200, b"y" * 5000, None),
              ("s.ünïcode", b"\r\n\x00", [("K", "v1"), ("K", "v2")])]
    for subject, payload, headers in shapes:
        js.pub(subject, payload, headers)
    moments = times(js, "S", *range(1, len(shapes) + 1))
    size = js.state("S")["bytes"]
    stream = stop(js).stream("S")
    records = stream.records()
    eq(kinds(records), [("message", seq) for seq in range(1, len(shapes) + 1)], "records")
    for record, moment, (subject, payload, headers) in zip(records, moments, shapes):
        eq((record.subject, record.payload, record.header, record.time),
           (subject.encode(), payload, block(headers) or b"", moment), "record %d" % record.seq)
    eq(sum(record.size for record in records), size, "bytes of the stream")


@test(SHEET, 11, needs="jetstream")
def delete_without_erasing(ctx):
    js = own(ctx)
    js.create("S", "s.>")
    fill(js, 4)
    second, = times(js, "S", 2)
    js.delete_msg("S", 2, no_erase=True)
    records = stop(js).stream("S").records()
    eq(kinds(records), [("message", 1), ("message", 2), ("message", 3), ("message", 4), ("tombstone", 2)], "records")
    eq((records[-1].time, records[-1].size, records[1].payload), (second, 30, b"m2"), "tombstone and deleted record")
    js = start(ctx, js)
    eq(js.seqs("S"), [1, 3, 4], "after a restart")


@test(SHEET, 12, needs="jetstream")
def delete_with_erasing(ctx):
    js = own(ctx)
    js.create("S", "s.>")
    for number in (1, 2, 3):
        js.pub("s.secret", b"top secret %d" % number, {"Secret": "header"})
    second, = times(js, "S", 2)
    js.delete_msg("S", 2)
    stream = stop(js).stream("S")
    records = stream.records()
    eq(kinds(records), [("message", 1), ("erased", 2), ("message", 3), ("tombstone", 2)], "records")
    erased = records[1]
    eq((erased.size, erased.subject, erased.header), (records[0].size, b"", b""), "erased record")
    check(erased.time in (0, second), "time of the erased record")
    check(b"secret" not in erased.payload and b"Secret" not in erased.payload, "the content is still there")
    eq(records[3].time, second, "time of the tombstone")
    js = start(ctx, js)
    eq(js.seqs("S"), [1, 3], "after a restart")


@test(SHEET, 13, needs="jetstream")
def purges_write_tombstones(ctx):
    js = own(ctx)
    for name in ("F", "Q", "K"):
        js.create(name, name.lower() + ".>")
        js.pub_many([name.lower() + ".a", name.lower() + ".b"] * 3)
    js.purge("F", filter="f.a")
    js.purge("Q", seq=4)
    js.purge("K", keep=2)
    account = stop(js)
    for name, gone, left in (("F", [1, 3, 5], [2, 4, 6]), ("Q", [1, 2, 3], [4, 5, 6]), ("K", [1, 2, 3, 4], [5, 6])):
        stream = account.stream(name)
        eq((sorted(stream.tombstones()), sorted(stream.messages())), (gone, left), "tombstones and messages of " + name)
    for remove in (False, True):
        for name in ("F", "Q", "K"):
            if remove:
                account.stream(name).remove_index()
        js = start(ctx, js)
        eq([js.seqs(name) for name in ("F", "Q", "K")], [[2, 4, 6], [4, 5, 6], [5, 6]], "after a restart")
        stop(js)


@test(SHEET, 14, needs="jetstream")
def whole_purge(ctx):
    js = own(ctx)
    js.create("S", "s.>")
    fill(js, 5)
    fifth, = times(js, "S", 5)
    eq(js.purge("S"), 5, "purged")
    state = js.state("S")
    eq((state["first_seq"], state["last_seq"], state["messages"]), (6, 5, 0), "state")
    stream = stop(js).stream("S")
    eq(len(stream.block_numbers()), 1, "blocks")
    record, = stream.records()
    eq((record.kind, record.seq, record.time), ("tombstone", 5, fifth), "record")
    stream.remove_index()
    js = start(ctx, js)
    state = js.state("S")
    eq((state["first_seq"], state["last_seq"], nanos(state["last_ts"])), (6, 5, fifth), "state without index.db")
    eq(js.pub("s.a")["seq"], 6, "next sequence")


@test(SHEET, 15, needs="jetstream")
def the_last_message_deleted(ctx):
    js = own(ctx)
    js.create("S", "s.>")
    fill(js, 2)
    second, = times(js, "S", 2)
    js.delete_msg("S", 1)
    js.delete_msg("S", 2, no_erase=True)
    stream = stop(js).stream("S")
    record, = stream.records()
    eq((record.kind, record.seq, record.time), ("tombstone", 2, second), "record")
    for remove in (False, True):
        if remove:
            stream.remove_index()
        js = start(ctx, js)
        state = js.state("S")
        eq((state["messages"], state["first_seq"], state["last_seq"], nanos(state["last_ts"])), (0, 3, 2, second), "state")
        stop(js)


@test(SHEET, 16, needs="jetstream")
def first_sequence(ctx):
    js = own(ctx)
    js.create("S", "s.>", first_seq=1000)
    stream = stop(js).stream("S")
    record, = stream.records()
    eq((record.kind, record.seq), ("tombstone", 999), "record")
    check(record.time in (ZERO_TIME, 0), "time %d" % record.time)
    js = start(ctx, js)
    eq(js.pub("s.a")["seq"], 1000, "sequence")
    stop(js)
    stream.remove_index()
    js = start(ctx, js)
    state = js.state("S")
    eq((state["first_seq"], state["last_seq"], state["messages"]), (1000, 1000, 1), "state without index.db")


@test(SHEET, 17, needs="jetstream")
def limits_write_no_tombstones(ctx):
    js = own(ctx)
    js.create("COUNT", "c.>", max_msgs=4)
    js.create("PER", "p.>", max_msgs_per_subject=1)
    for _ in range(3):
        js.pub_many(["c.a", "c.b", "p.a", "p.b"])
    account = stop(js)
    for name, left in (("COUNT", [3, 4, 5, 6]), ("PER", [5, 6])):
        stream = account.stream(name)
        eq(stream.tombstones(), [], "tombstones of " + name)
        stream.remove_index()
    js = start(ctx, js)
    eq((js.seqs("COUNT"), js.seqs("PER")), ([3, 4, 5, 6], [5, 6]), "messages after a rebuild")


@test(SHEET, 17, needs="jetstream", better=True)
def what_limits_removed_does_not_come_back(ctx):
    """After a rebuild the reference counts again: older messages come back when newer ones were deleted."""
    js = own(ctx)
    js.create("PER", "p.>", max_msgs_per_subject=2)
    js.create("COUNT", "c.>", max_msgs=2)
    for name in ("p.a", "c.a"):
        fill(js, 3, name)
    js.delete_msg("PER", 3)
    js.delete_msg("COUNT", 3)
    account = stop(js)
    for name in ("PER", "COUNT"):
        account.stream(name).remove_index()
    js = start(ctx, js)
    eq((js.seqs("PER"), js.seqs("COUNT")), ([2], [2]), "messages after a rebuild")


@test(SHEET, 18, needs=("jetstream", "mirrors"))
def mirrors_write_skip_records(ctx):
    js = own(ctx)
    js.create("O", "o.>")
    fill(js, 8, "o.a")
    for seq in (3, 4, 6):
        js.delete_msg("O", seq)
    js.create("M", mirror={"name": "O"})
    js.wait_state("M", last_seq=8, messages=5)
    account = stop(js)
    records = account.stream("M").records()
    eq(kinds(records), [("message", 1), ("message", 2), ("erased", 4), ("message", 5), ("erased", 6), ("message", 7), ("message", 8)],
       "records")
    eq([(record.is_skip, record.time) for record in records if record.kind == "erased"],
       [(True, records[1].time), (True, records[3].time)], "skip records")
    origin = account.stream("O").messages()
    eq([record.time for record in records if record.kind == "message"], [origin[seq].time for seq in (1, 2, 5, 7, 8)], "times")


@test(SHEET, 19, needs="jetstream")
def size_of_blocks(ctx):
    js = own(ctx)
    js.create("S", "s.>", max_bytes=127000)
    for number in range(100):
        js.pub("s.%d" % (number % 4), b"x" * 900)
    stream = stop(js).stream("S")
    sizes = [os.path.getsize(stream.block_path(number)) for number in stream.block_numbers()]
    check(len(sizes) >= 3 and max(sizes) <= 32000, "sizes of blocks: %r" % sizes)
    eq(stream.block_numbers(), list(range(1, len(sizes) + 1)), "numbers")
    eq(sorted(stream.messages()), list(range(1, 101)), "messages")
    js = start(ctx, js)
    for number in range(100):
        js.pub("s.%d" % (number % 4), b"x" * 900)
    state = js.state("S")
    stream = stop(js).stream("S")
    check(1 not in stream.block_numbers(), "the first block is gone with its messages")
    eq(max(stream.messages()), state["last_seq"], "last message")


@test(SHEET, 20, needs="jetstream", exclusive=True)
def too_large_a_record(ctx):
    js = own(ctx, 'max_payload: 64MB\nmax_pending: 128MB\njetstream { store_dir: "js" }\n')
    js.create("S", "s.>")
    reply = js.publish("s.a", b"x" * ((32 << 20) - 30 - 3 + 1))
    check(b'"error"' in reply.payload, reply)
    eq(js.state("S")["messages"], 0, "messages")
    eq(js.pub("s.a", b"x" * ((32 << 20) - 30 - 3))["seq"], 1, "the largest one")
    js = restart(ctx, js)
    eq(len(js.get("S", seq=1)["data"]), (32 << 20) - 33, "payload after a restart")
