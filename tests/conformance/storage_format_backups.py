"""Storage: backups (storage-format.md 12, items 49 to 54)."""

import json
import os

from lib import *
from lib.backups import archive, restore, restored, sample, snapshot, tar_entries
from lib.consumers import fetch, make, pair
from lib.formats import ARCHIVE_MAGIC, parse_block, parse_consumer, write_sv, write_uv
from lib.jetstream import SECOND, nanos
from lib.s2 import decode_stream, encode_stream
from lib.storedir import SAMPLES
from lib.stores import contents, messages_of, own, restart, same_messages

SHEET = "storage_format"
NEEDS = ("jetstream", "snapshots")
EXPLICIT = {"ack_policy": "explicit", "ack_wait": 3600 * SECOND}


def expected_of(name, stream):
    """Content of a stream of a sample directory."""
    with open(os.path.join(SAMPLES, name + ".expected.json"), encoding="utf-8") as source:
        return json.load(source)["streams"][stream]


def filled(js, **config):
    """Stream S with headers, a deleted message at its end and a consumer."""
    js.create("S", "s.>", **config)
    for number in range(1, 11):
        js.pub("s.%d" % (number % 3), b"m%d" % number, {"N": str(number)} if number % 3 == 0 else None)
    js.delete_msg("S", 4)
    js.delete_msg("S", 10)
    make(js, dict(EXPLICIT, durable_name="C"), "C")
    for message in fetch(js, "S", "C", 6)[:3]:
        js.ack_sync(message)


@test(SHEET, 49, needs=NEEDS)
def a_backup_is_an_archive(ctx):
    js = own(ctx)
    filled(js)
    stored = messages_of(js, "S", js.state("S"))
    reply, data = snapshot(js, "S")
    entries = archive(data)
    name, _, seq, header, state = entries[0]
    eq((name, seq, header), (b"state.json", 0, b""), "first entry")
    state = json.loads(state)
    eq((state["messages"], state["first_seq"], state["last_seq"], state["consumer_count"]), (8, 1, 10, 1), "state.json")
    name, _, seq, header, body = entries[1]
    eq((name, seq, header), (b"consumers/C", 0, b""), "consumer entry")
    consumer = json.loads(body)
    eq(consumer["config"]["durable_name"], "C", "config of the consumer")
    eq((pair(consumer["state"]["delivered"]), pair(consumer["state"]["ack_floor"])), ((6, 7), (3, 4)), "state of the consumer")
    eq(sorted(consumer["state"]["pending"]), ["5", "6", "7"], "pending ones")
    eq([(name.decode(), time, seq, header.decode(), body) for name, time, seq, header, body in entries[2:]],
       [(entry["subject"], nanos(entry["time"]), entry["seq"], entry.get("headers", ""), entry["payload"]) for entry in stored],
       "messages")
    eq(reply["config"]["name"], "S", "config in the reply")
    _, without = snapshot(js, "S", no_consumers=True, jsck=True)
    entries = archive(without)
    eq((json.loads(entries[0][4])["consumer_count"], entries[1][2]), (0, 1), "without consumers")
    # Many chunks.
    _, again = snapshot(js, "S", chunk=1024)
    eq(archive(again)[2:], archive(data)[2:], "in small chunks")


@test(SHEET, 49, needs="jetstream")
def samples_of_form_1(ctx):
    """Checks the readers of this suite with backups of 2.14.6 and 2.9.10."""
    for name, release in (("v1-2.14.6-ORDERS", "older-2.14.6"), ("v1-2.9.10-ORDERS", "older-2.9.10")):
        entries = tar_entries(sample(name)[2])
        eq(list(entries)[:2], ["meta.inf", "meta.sum"], "first entries")
        check("obs/PROC/o.dat" in entries, sorted(entries))
        records = [record for record in parse_block(entries["msgs/1.blk"], "ORDERS-1") if record.kind == "message"]
        check({entry["seq"] for entry in expected_of(release, "ORDERS")["messages"]} <= {record.seq for record in records}, records)
        parse_consumer(entries["obs/PROC/o.dat"])


@test(SHEET, 50, needs=NEEDS)
def samples_are_restored(ctx):
    for name, origin, stream, consumers in (
            ("v2-2.15.1-ORDERS", "plain", "ORDERS", True), ("v2-2.15.1-TOMB", "deletes", "TOMB", False),
            ("v1-2.14.6-ORDERS", "older-2.14.6", "ORDERS", True), ("v1-2.9.10-ORDERS", "older-2.9.10", "ORDERS", True)):
        js = own(ctx)
        config, state, data = sample(name)
        reply = restored(js, stream, config, state, data)
        eq(reply["type"], "io.nats.jetstream.api.v1.stream_create_response", "type")
        want = expected_of(origin, stream)
        for _ in range(2):
            got = contents(js)[stream]
            same_messages(got["messages"], want["messages"], name)
            for key in ("messages", "first_seq", "last_seq", "num_subjects", "deleted"):
                eq(got["state"].get(key), want["state"].get(key), "%s of %s" % (key, name))
            if consumers:
                for consumer, numbers in want["consumers"].items():
                    for key in ("delivered", "ack_floor", "num_ack_pending", "num_redelivered", "num_pending"):
                        eq(got["consumers"][consumer][key], numbers[key], "%s of %s" % (key, consumer))
            else:
                eq(got["consumers"], {}, "consumers")
            js = restart(ctx, js)


@test(SHEET, 50, needs=NEEDS)
def creation_times(ctx):
    js = own(ctx)
    config, state, data = sample("v1-2.14.6-ORDERS")
    created = json.loads(tar_entries(data)["meta.inf"])["Created"]
    eq(restored(js, "ORDERS", config, state, data)["created"], created, "form 1 keeps it")
    js.delete("ORDERS")
    if ctx.is_peer:
        config, state, data = sample("v2-2.15.1-ORDERS")
        check(restored(js, "ORDERS", config, state, data)["created"] > created, "form 2 makes a new one")


@test(SHEET, 50, needs=NEEDS)
def round_trip(ctx):
    js = own(ctx)
    filled(js, max_msgs=100, description="x")
    before = contents(js)["S"]
    reply, data = snapshot(js, "S")
    js.delete("S")
    created = restored(js, "S", reply["config"], reply["state"], data)
    eq((created["config"]["max_msgs"], created["config"]["description"]), (100, "x"), "config")
    after = contents(js)["S"]
    same_messages(after["messages"], before["messages"], "S")
    eq(after["consumers"], before["consumers"], "consumers")
    eq((after["state"]["last_seq"], after["state"]["deleted"]), (10, [4, 10]), "state")
    eq(js.pub("s.a")["seq"], 11, "next sequence")


@test(SHEET, 52, needs=NEEDS)
def damaged_backups(ctx):
    js = own(ctx)
    filled(js)
    reply, data = snapshot(js, "S")
    js.delete("S")
    streams = os.path.join(js.server.path("js"), "jetstream", "$G", "streams")
    for damaged in (data[:len(data) // 2], b"garbage" * 100, data[:40]):
        answer = restore(js, "S", reply["config"], reply["state"], damaged)
        error = answer["error"]
        eq((error["code"], error["err_code"]), (500, 10062), "error")
        check(error["description"].startswith("restore failed: "), error)
        js.err("STREAM.INFO.S", b"", 10059, 404)
        wait_until(lambda: not os.path.isdir(streams) or not os.listdir(streams), "nothing is left on disk")
    plain = decode_stream(data)
    answer = restore(js, "S", reply["config"], reply["state"], encode_stream(plain[:-5]))
    eq((answer["error"]["err_code"], answer["error"]["description"]), (10062, "restore failed: EOF"), "without sentinel")


@test(SHEET, 52, needs=NEEDS)
def archives_against_the_rules(ctx):
    js = own(ctx)
    filled(js)
    reply, data = snapshot(js, "S", no_consumers=True)
    js.delete("S")

    def entry(name, time=0, seq=0, header=b"", body=b""):
        return b"".join((write_uv(len(name)), write_sv(time), write_uv(seq), write_uv(len(header)), write_uv(len(body)),
                         name, header, body))

    state = entry(b"state.json", 1, 0, b"", json.dumps(dict(reply["state"], consumer_count=0)).encode())
    one, two = entry(b"s.a", 10 ** 18, 1, b"", b"x"), entry(b"s.a", 10 ** 18, 2, b"", b"x")
    for body, text in ((one, "expected state.json first"), (state + two + one, "message sequence 1 out of order"),
                       (state + entry(b"s.a", 5), "expected message sequence")):
        answer = restore(js, "S", reply["config"], reply["state"], encode_stream(ARCHIVE_MAGIC + body + bytes(5)))
        eq((answer["error"]["err_code"], answer["error"]["description"]), (10062, "restore failed: " + text), "error")
        js.request("STREAM.DELETE.S")


@test(SHEET, 53, needs=NEEDS)
def where_backups_can_go(ctx):
    js = own(ctx)
    config, state, data = sample("v2-2.15.1-ORDERS")
    restored(js, "ORDERS", config, state, data)
    answer = restore(js, "ORDERS", config, state, data)
    eq((answer["error"]["code"], answer["error"]["err_code"], answer["error"]["description"]),
       (400, 10130, "stream name already in use, cannot restore"), "existing stream")
    js.delete("ORDERS")
    eq(restored(js, "COPY", config, state, data)["state"]["messages"], 10, "under another name")
    js.delete("COPY")
    restored(js, "ORDERS", dict(config, storage="memory"), state, data)
    info = js.info("ORDERS")
    eq((info["config"]["storage"], info["state"]["messages"]), ("memory", 10), "as a memory stream")
    eq(js.get("ORDERS", seq=3)["data"], b"order-0003", "a message")
    js.delete("ORDERS")
    config, state, data = sample("v1-2.14.6-ORDERS")
    answer = restore(js, "COPY", config, state, data)
    eq((answer["error"]["err_code"], answer["error"]["description"]), (10062, "restore failed: stream names do not match"), "form 1")


@test(SHEET, 54, needs=NEEDS)
def an_archive_without_compression(ctx):
    js = own(ctx)
    config, state, data = sample("v2-2.15.1-ORDERS")
    plain = decode_stream(data)
    restored(js, "ORDERS", config, state, encode_stream(plain))
    same_messages(contents(js)["ORDERS"]["messages"], expected_of("plain", "ORDERS")["messages"], "ORDERS")
    # A padding chunk and small chunks do not matter.
    js.delete("ORDERS")
    small = encode_stream(plain, 100)
    restored(js, "ORDERS", config, state, small[:10] + b"\xfe\x03\x00\x00abc" + small[10:])
    eq(js.state("ORDERS")["messages"], 10, "messages")
