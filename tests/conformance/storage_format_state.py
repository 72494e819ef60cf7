"""Storage: side files and consumer state (storage-format.md 8 and 10, items 44 to 48)."""

import os
import time

from lib import *
from lib.consumers import counts, fetch, fill, make, pair, seqs
from lib.formats import parse_fss, parse_idx, parse_schedules, parse_sources, parse_ttls, write_sv, write_uv
from lib.jetstream import SECOND
from lib.storedir import Account, read, unpack_sample, write
from lib.stores import lines, own, start, stop

SHEET = "storage_format"
EXPLICIT = {"ack_policy": "explicit", "ack_wait": 3600 * SECOND}


@test(SHEET, 44, needs="jetstream")
def ttl_file(ctx):
    js = own(ctx)
    js.create("S", "s.>", allow_msg_ttl=True)
    for ttl in (None, "3153600000", "never", "438000h", "1h30m", None):
        js.pub("s.a", b"x", {"Nats-TTL": ttl} if ttl else None)
    stream = stop(js).stream("S")
    stamp, entries = parse_ttls(read(stream.file("msgs", "thw.db")))
    messages = stream.messages()
    eq(stamp, 7, "stamp")
    eq(entries, {2: messages[2].time + 3153600000 * SECOND, 4: messages[4].time + 438000 * 3600 * SECOND,
                 5: messages[5].time + 5400 * SECOND}, "entries")


@test(SHEET, 44, needs="jetstream")
def a_missing_or_bad_ttl_file(ctx):
    for damage in (lambda path: os.remove(path), lambda path: write(path, b"\x07junk"), lambda path: write(path, b"")):
        js = own(ctx)
        js.create("S", "s.>", allow_msg_ttl=True)
        js.pub("s.a", b"short", {"Nats-TTL": "1s"})
        js.pub("s.a", b"long", {"Nats-TTL": "1h"})
        stream = stop(js).stream("S")
        damage(stream.file("msgs", "thw.db"))
        js = start(ctx, js)
        js.wait_state("S", messages=1, first_seq=2)
        stop(js)
        stamp, entries = parse_ttls(read(stream.file("msgs", "thw.db")))
        eq((stamp, sorted(entries)), (3, [2]), "thw.db afterwards")


@test(SHEET, 44, needs=("jetstream", "schedules"))
def schedule_file(ctx):
    js = own(ctx)
    js.create("S", ["s.>", "t.>"], allow_msg_schedules=True, allow_msg_ttl=True)
    js.pub("s.plain")
    js.pub("s.at", b"x", {"Nats-Schedule": "@at 2100-01-01T00:00:00Z", "Nats-Schedule-Target": "t.at"})
    js.pub("s.at", b"y", {"Nats-Schedule": "@at 2101-01-01T00:00:00Z", "Nats-Schedule-Target": "t.at"})
    js.pub("s.two", b"x", {"Nats-Schedule": "@at 2100-01-01T00:00:00Z", "Nats-Schedule-Target": "t.two"})
    last = js.state("S")["last_seq"]
    stream = stop(js).stream("S")
    stamp, entries = parse_schedules(read(stream.file("msgs", "sched.db")))
    eq(stamp, last + 1, "stamp")
    eq(entries, {b"s.at": (4133980800 * SECOND, 3), b"s.two": (4102444800 * SECOND, 4)}, "entries")
    index = stream.index()
    eq(sum(entry.schedules for entry in index.blocks) >= 2, True, "schedules in index.db")


@test(SHEET, 44, needs=("jetstream", "sources"))
def sources_file(ctx):
    js = own(ctx)
    js.create("O1", "o1.>")
    js.create("O2", "o2.>")
    js.create("AGG", "agg.>", sources=[{"name": "O1"}, {"name": "O2", "filter_subject": "o2.a"}])
    js.pub_many(["o1.a", "o1.b", "o2.a", "o2.b", "o2.a"])
    js.wait_state("AGG", messages=4)
    js.pub("agg.local")
    stamp, entries = parse_sources(read(stop(js).stream("AGG").file("sources.db")))
    eq(stamp, 6, "stamp")
    eq({key: seq for key, (seq, _) in entries.items()}, {b"O1 > >": 2, b"O2 o2.a >": 3}, "entries")
    for _, identity in entries.values():
        matches(identity.decode(), r"^[0-9A-Za-z]{8}$", "identity")


@test(SHEET, 45, needs="jetstream")
def expired_messages_go_after_a_start(ctx):
    js = own(ctx)
    js.create("S", "s.>", allow_msg_ttl=True)
    js.create("AGE", "a.>", max_age=SECOND)
    for ttl in ("1h", "1s", "never", None, "1s"):
        js.pub("s.a", b"x", {"Nats-TTL": ttl} if ttl else None)
    js.pub("a.a")
    stop(js)
    time.sleep(1.2)
    js = start(ctx, js)
    started = time.monotonic()
    js.wait_state("S", messages=3)
    js.wait_state("AGE", messages=0, first_seq=2, last_seq=1)
    near(time.monotonic() - started, 0, 5, "seconds")
    eq(js.seqs("S"), [1, 3, 4], "messages")


@test(SHEET, 46, needs="jetstream")
def index_files_of_2_9(ctx):
    js = own(ctx)
    js.server.stop()
    root = js.server.path("js")
    expected = unpack_sample("older-2.9.10", root)
    stream = Account(root).stream("ORDERS")
    idx = parse_idx(read(stream.file("msgs", "1.idx")))
    tail = read(stream.block_path(1))[-8:]
    eq((idx["messages"], idx["first"], idx["last"], idx["deleted"], idx["checksum"]), (7, 1, 10, {2, 5, 9}, tail), "idx")
    subjects, fss_tail = parse_fss(read(stream.file("msgs", "1.fss")), "ORDERS-1")
    eq((sum(entry[0] for entry in subjects.values()), fss_tail), (7, tail), "fss")
    js = start(ctx, js)
    eq(js.seqs("ORDERS"), [entry["seq"] for entry in expected["ORDERS"]["messages"]], "deletes that only the idx knows")
    wait_until(lambda: not [name for name in os.listdir(stream.file("msgs")) if name.endswith((".idx", ".fss"))], "they are deleted")
    stop(js)
    eq(stream.index().version, 4, "index.db")
    js = start(ctx, js)
    eq(js.seqs("ORDERS"), [entry["seq"] for entry in expected["ORDERS"]["messages"]], "after another restart")


# -- consumer state -------------------------------------------------------------------------------------

@test(SHEET, 47, needs="jetstream")
def states_of_consumers(ctx):
    js = own(ctx)
    js.create("S", "s.>")
    fill(js, 8)
    made = {"fresh": EXPLICIT, "explicit": EXPLICIT, "nak": EXPLICIT, "term": EXPLICIT,
            "all": dict(EXPLICIT, ack_policy="all"), "none": {}, "last": dict(EXPLICIT, deliver_policy="last"),
            "new": dict(EXPLICIT, deliver_policy="new"), "seq": dict(EXPLICIT, deliver_policy="by_start_sequence", opt_start_seq=5)}
    for name, config in made.items():
        make(js, dict(config, durable_name=name), name)
    now = time.time()
    messages = fetch(js, "S", "explicit", 6)
    for index in (0, 2):
        js.ack_sync(messages[index])
    message, = fetch(js, "S", "nak")
    js.ack_sync(message, b"-NAK")
    fetch(js, "S", "nak")
    js.ack_sync(fetch(js, "S", "nak")[0])
    messages = fetch(js, "S", "term", 3)
    js.ack_sync(messages[0], b"+TERM")
    js.ack_sync(fetch(js, "S", "all", 5)[2])
    fetch(js, "S", "none", 3)
    fetch(js, "S", "seq", 1)
    stream = stop(js).stream("S")
    for name, floor, delivered, pending, redelivered in (
            ("fresh", (0, 0), (0, 0), {}, {}),
            ("explicit", (1, 1), (6, 6), {2: 2, 4: 4, 5: 5, 6: 6}, {}),
            ("nak", (0, 0), (3, 2), {1: 1}, {1: 1}),
            ("term", (1, 1), (3, 3), {2: 2, 3: 3}, {}),
            ("all", (3, 3), (5, 5), {4: 4, 5: 5}, {}),
            ("none", (3, 3), (3, 3), {}, {}),
            ("last", (0, 7), (0, 7), {}, {}),
            ("new", (0, 8), (0, 8), {}, {}),
            ("seq", (0, 4), (1, 5), {5: 1}, {})):
        state = stream.consumer(name).state()
        eq((state.floor, state.delivered, {seq: entry[0] for seq, entry in state.pending.items()}, state.redelivered),
           (floor, delivered, pending, redelivered), "o.dat of " + name)
        for seq, (_, moment) in state.pending.items():
            near(moment, now - 30, time.time() + 2, "time of a pending entry")


@test(SHEET, 48, needs="jetstream")
def damaged_consumer_states(ctx):
    good = b"\x16\x02\x00\x02\x00\x02\x00\x00"
    for data, reason in ((b"\x17" + good[1:], "corrupt state file"), (b"\x16\x03" + good[2:], "unsupported version: 3"),
                         (good[:4], "corrupt state file"), (b"\x16\x02\x00\x02\x00\x05\x03\x00", "corrupt state file")):
        js = own(ctx)
        js.create("S", "s.>")
        fill(js, 3)
        for name in ("BAD", "OK"):
            make(js, dict(EXPLICIT, durable_name=name), name)
        stream = stop(js).stream("S")
        write(stream.consumer("BAD").file("o.dat"), data)
        js = start(ctx, js)
        lines(js, r"Error adding consumer '\$G > S > BAD': error creating store for consumer: %s" % reason)
        eq(js.ok("CONSUMER.NAMES.S")["consumers"], ["OK"], "consumers")
        eq(js.seqs("S"), [1, 2, 3], "messages")
        stop(js)
        eq(read(stream.consumer("BAD").file("o.dat")), data, "the file stays")


@test(SHEET, 48, needs="jetstream")
def empty_and_missing_consumer_states(ctx):
    js = own(ctx)
    js.create("S", "s.>")
    fill(js, 3)
    for name in ("EMPTY", "MISSING"):
        make(js, dict(EXPLICIT, durable_name=name), name)
        js.ack_sync(fetch(js, "S", name)[0])
    stream = stop(js).stream("S")
    write(stream.consumer("EMPTY").file("o.dat"), b"")
    os.remove(stream.consumer("MISSING").file("o.dat"))
    js = start(ctx, js)
    for name in ("EMPTY", "MISSING"):
        eq(seqs(fetch(js, "S", name, 5)), [1, 2, 3], "a fresh consumer")


@test(SHEET, 48, needs="jetstream")
def a_written_state_is_taken(ctx):
    """A state that the server did not write itself, with extra bytes behind it."""
    js = own(ctx)
    js.create("S", "s.>")
    fill(js, 8)
    make(js, dict(EXPLICIT, durable_name="C"), "C")
    stream = stop(js).stream("S")
    now = int(time.time())
    write(stream.consumer("C").file("o.dat"), b"\x16\x02" + bytes([2, 2, 7, 6, 3]) + write_sv(now)
          + b"".join(write_uv(seq) + write_uv(seq) + write_sv(1) for seq in (1, 2, 4)) + bytes([1, 2, 2]) + b"more")
    js = start(ctx, js)
    info = js.consumer_info("S", "C")
    eq((pair(info["delivered"]), pair(info["ack_floor"]), info["num_ack_pending"], info["num_redelivered"]), ((7, 6), (2, 2), 3, 1), "info")
    make(js, dict(EXPLICIT, durable_name="C", ack_wait=SECOND), "C")
    messages = js.pull("S", "C", {"batch": 5, "expires": 20 * SECOND}).take(5)
    eq(sorted(zip(seqs(messages), counts(messages))), [(3, 2), (4, 4), (6, 2), (7, 1), (8, 1)], "deliveries")
