"""Message TTL and delete markers: jetstream-streams.md 9, items 72 to 78."""

import time

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")

STORAGES = ("file", "memory")
INVALID = (10165, 400, "invalid per-message TTL")


def ttl(value, **others):
    return dict({"Nats-TTL": value}, **others)


@case(72)
def spellings(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"], allow_msg_ttl=True)
    for value in ("1", "60", "1s", "1m30s", "1.5h", "1500ms", "3600000000000ns", "2h45m30.5s", "never", "NEVER", "Never"):
        js.pub("s", b"", ttl(value))
    for value in ("0", "0s", "500ms", "999ms", "-1", "-5s", "soon", "1 s", "1d", "1.5", "1s ", "s", "neverx", "+"):
        js.pub_err("s", b"", ttl(value), *INVALID)
    eq(js.get("S", seq=4)["hdrs"], block(ttl("1m30s")), "headers are kept")
    js.pub("s", b"", ttl(""))


@case(72, slow=True)
def fractions_are_cut_off(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"], allow_msg_ttl=True)

    def until_it_is_gone():
        seq = js.pub("s", b"", ttl("1999ms"))["seq"]
        stored = nanos(js.get("S", seq=seq)["time"])
        js.wait_state("S", messages=0)
        return time.time() - stored / SECOND

    lasts(until_it_is_gone, 0.9, 1.95, "seconds until the message is gone")


@case(73)
def ttl_not_allowed(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    for value in ("1", "5s", "never"):
        js.pub_err("s", b"", ttl(value), 10166, 400, "per-message TTL is disabled")
    for value in ("0", "x", "500ms", "-1"):
        js.pub_err("s", b"", ttl(value), *INVALID)
    eq(js.state("S")["last_seq"], 0, "last sequence")


@case(73, slow=True)
def ttl_enabled_later(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    js.pub("s")
    js.update("S", ["s"], allow_msg_ttl=True)
    js.pub("s", b"", ttl("1s"))
    js.wait_state("S", messages=1)
    eq(js.seqs("S"), [1], "sequences")


@case(74, slow=True)
def markers(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        name = storage
        js.create(name, [name + ".*"], storage=storage, subject_delete_marker_ttl=2 * SECOND, max_age=SECOND)
        js.pub_many([name + ".a", name + ".b", name + ".a"])
        js.pub(name + ".purged", b"", {"KV-Operation": "PURGE"})
        js.pub(name + ".deleted", b"", {"KV-Operation": "DEL"})
        js.pub(name + ".marker", b"", {"Nats-Marker-Reason": "Remove"})
    for storage in STORAGES:
        js.wait_state(storage, last_seq=9, messages=3)
        markers = sorted((js.get(storage, seq=seq) for seq in (7, 8, 9)), key=lambda message: message["subject"])
        eq([message["subject"] for message in markers], [storage + ".a", storage + ".b", storage + ".deleted"], "subjects of markers")
        for message in markers:
            eq((message["hdrs"], message["data"]), (b"NATS/1.0\r\nNats-Marker-Reason: MaxAge\r\nNats-TTL: 2s\r\nNats-Rollup: sub\r\n\r\n", b""), "marker")
    for storage in STORAGES:
        eq(js.wait_state(storage, messages=0)["last_seq"], 9, "last sequence: markers leave no markers")


@case(74, slow=True)
def markers_are_delivered_and_republished(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.*"], subject_delete_marker_ttl=3600 * SECOND, republish={"src": ">", "dest": "copy.>"})
    watch = js.subscribe("copy.>")
    js.pub("s.a", b"", ttl("1s"))
    js.purge("S")
    js.update("S", ["s.*"], subject_delete_marker_ttl=60 * SECOND, max_msgs_per_subject=1, republish={"src": ">", "dest": "copy.>"})
    js.pub("s.a", b"", ttl("1s"))
    js.consumer("S", "c")
    eq(len(js.fetch("S", "c")), 1, "messages")
    watch.take(2)
    marker = watch.next()
    eq((marker.subject, header(marker, "Nats-Marker-Reason"), header(marker, "Nats-TTL"), header(marker, "Nats-Sequence"),
        header(marker, "Nats-Last-Sequence")), (b"copy.s.a", "MaxAge", "1m0s", "3", "2"), "republished marker")
    delivered, = js.fetch("S", "c", expires=5 * SECOND)
    eq((delivered.subject, header(delivered, "Nats-Marker-Reason"), header(delivered, "Nats-Rollup")), (b"s.a", "MaxAge", "sub"), "delivered marker")
    eq(js.seqs("S"), [3], "sequences")


@case(75)
def ttl_below_the_marker_ttl(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"], subject_delete_marker_ttl=60 * SECOND)
    js.pub("s", b"", [("a", "1"), ("Nats-TTL", "5s"), ("b", "2")])
    eq(js.get("S", seq=1)["hdrs"], block([("a", "1"), ("b", "2"), ("Nats-TTL", "60")]), "headers")
    js.pub("s", b"", [("Nats-TTL", "90s"), ("b", "2")])
    eq(js.get("S", seq=2)["hdrs"], block([("Nats-TTL", "90s"), ("b", "2")]), "headers of a longer TTL")
    js.pub("s", b"", ttl("never"))
    eq(js.get("S", seq=3)["hdrs"], block(ttl("never")), "headers of never")
    js.create("T", ["t"], subject_delete_marker_ttl=60 * SECOND, max_msgs_per_subject=1)
    js.pub("t", b"", ttl("5s"))
    eq(js.get("T", seq=1)["hdrs"], block(ttl("5s")), "headers with one message per subject")


@case(76)
def removal_without_markers(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create(storage, [storage + ".*"], storage=storage, subject_delete_marker_ttl=60 * SECOND, max_msgs=3)
        js.pub_many([storage + ".a", storage + ".b", storage + ".c", storage + ".d"])
        js.delete_msg(storage, 2)
        js.purge(storage, filter=storage + ".c")
        js.pub(storage + ".d", b"", {"Nats-Rollup": "sub"})
        eq((js.seqs(storage), js.state(storage)["last_seq"]), ([5], 5), "sequences")


@case(77, slow=True)
def earlier_of_ttl_and_max_age(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create(storage + "1", ["%s.1.*" % storage], storage=storage, max_age=SECOND, allow_msg_ttl=True)
        js.pub("%s.1.long" % storage, b"", ttl("1h"))
        js.create(storage + "2", ["%s.2.*" % storage], storage=storage, max_age=3600 * SECOND, allow_msg_ttl=True)
        js.pub("%s.2.stays" % storage)
        js.pub("%s.2.short" % storage, b"", ttl("1s"))
        js.pub("%s.2.last" % storage)
    for storage in STORAGES:
        js.wait_state(storage + "1", messages=0)
        js.wait_state(storage + "2", messages=2)
        eq((js.seqs(storage + "2"), js.state(storage + "2")["num_deleted"]), ([1, 3], 1), "sequences")


@case(78, slow=True)
def ttl_survives_a_kill(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.*"], allow_msg_ttl=True)
    js.pub("s.1", b"", ttl("1s"))
    js.pub("s.2", b"", ttl("3s"))
    js.pub("s.3", b"", ttl("1h"))
    js.pub("s.4")
    first = nanos(js.get("S", seq=1)["time"])
    js.server.kill()
    wait_until(lambda: time.time() > first / SECOND + 1.05, "the first TTL passes")
    js.server.start()
    js.reconnect()
    js.wait_state("S", timeout=1.0, first_seq=2, messages=3)
    js.wait_state("S", messages=2)
    eq(js.seqs("S"), [3, 4], "sequences")


@case(78, slow=True)
def max_age_while_down(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.*"], max_age=SECOND)
    js.pub_many(["s.1", "s.2"])
    last = nanos(js.get("S", seq=2)["time"])
    js.server.kill()
    wait_until(lambda: time.time() > last / SECOND + 1.05, "the age passes")
    js.server.start()
    js.reconnect()
    state = js.wait_state("S", messages=0, timeout=1.0)
    eq((state["first_seq"], state["last_seq"]), (3, 2), "state")
