"""Limits and discard policies: jetstream-streams.md 4, items 52 to 57."""

import time

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")

STORAGES = ("file", "memory")


@case(52)
def discard_new(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create("S", ["s.*"], storage=storage, discard="new", max_msgs=2)
        js.pub_many(["s.a", "s.b"])
        js.pub_err("s.c", b"", None, 10077, 503, "maximum messages exceeded")
        eq((js.seqs("S"), js.state("S")["last_seq"]), ([1, 2], 2), "sequences")
        js.delete_msg("S", 1)
        eq(js.pub("s.c")["seq"], 3, "sequence")
        js.anew()


@case(52)
def discard_new_by_bytes(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        size = record_size(storage, "s", b"x" * 50)
        js.create("S", ["s"], storage=storage, discard="new", max_bytes=3 * size)
        js.pub_many(["s"] * 3, b"x" * 50)
        js.pub_err("s", b"", None, 10077, 503, "maximum bytes exceeded")
        js.delete_msg("S", 1)
        js.pub_err("s", b"x" * 51, None, 10077, 503, "maximum bytes exceeded")
        eq(js.pub("s", b"x" * 50)["seq"], 4, "sequence")
        js.anew()


@case(53)
def discard_new_per_subject(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create("S", ["s.*"], storage=storage, discard="new", discard_new_per_subject=True, max_msgs_per_subject=1, allow_rollup_hdrs=True)
        js.pub_many(["s.a", "s.b"])
        js.pub_err("s.a", b"", None, 10077, 503, "maximum messages per subject exceeded")
        js.pub("s.a", b"", {"Nats-Rollup": "sub"})
        eq(js.seqs("S"), [2, 3], "sequences")
        js.pub_err("s.b", b"", None, 10077, 503, "maximum messages per subject exceeded")
        js.delete_msg("S", 2)
        eq(js.pub("s.b")["seq"], 4, "sequence")
        js.anew()


@case(54)
def per_subject_limit_replaces_under_discard_new(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create("S", ["s.*"], storage=storage, discard="new", max_msgs_per_subject=1, max_msgs=2)
        js.pub_many(["s.a", "s.b", "s.a"])
        eq(js.seqs("S"), [2, 3], "sequences")
        js.pub_err("s.c", b"", None, 10077, 503, "maximum messages exceeded")
        js.pub_many(["s.b", "s.b"])
        eq(js.seqs("S"), [3, 5], "sequences")
        js.anew()


@case(54)
def per_subject_limit_replaces_by_bytes(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        size = record_size(storage, "s.a", b"x" * 50)
        js.create("S", ["s.*"], storage=storage, discard="new", max_msgs_per_subject=1, max_bytes=2 * size)
        js.pub_many(["s.a", "s.b"], b"x" * 50)
        js.pub_err("s.a", b"x" * 51, None, 10077, 503, "maximum bytes exceeded")
        js.pub_err("s.c", b"", None, 10077, 503, "maximum bytes exceeded")
        js.pub("s.a", b"x" * 50)
        js.pub("s.b", b"x" * 40)
        eq(js.seqs("S"), [3, 4], "sequences")
        js.anew()


@case(55)
def message_larger_than_max_bytes(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create("S", ["s"], storage=storage, max_bytes=100)
        js.pub_many(["s"] * 2)
        eq(js.pub("s", b"x" * 500), {"stream": "S", "seq": 3}, "answer")
        state = js.state("S")
        eq((state["messages"], state["bytes"], state["first_seq"], state["last_seq"]), (0, 0, 4, 3), "state")
        js.pub("s")
        eq(js.seqs("S"), [4], "sequences")
        js.anew()


@case(56)
def combined_limits(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create("S", ["s.*"], storage=storage, max_msgs_per_subject=2, max_msgs=4)
        js.pub_many(["s.a", "s.b", "s.a", "s.b"])
        js.pub("s.a")
        eq(js.seqs("S"), [2, 3, 4, 5], "per subject first: nothing is left for the total")
        js.pub("s.c")
        eq(js.seqs("S"), [3, 4, 5, 6], "total")
        js.pub("s.a")
        eq(js.seqs("S"), [4, 5, 6, 7], "per subject")
        size = record_size(storage, "s.a", b"")
        js.update("S", ["s.*"], storage=storage, max_msgs_per_subject=2, max_msgs=4, max_bytes=3 * size)
        eq(js.seqs("S"), [5, 6, 7], "bytes")
        js.pub("s.d", b"x" * size)
        eq((js.seqs("S"), js.state("S")["bytes"]), ([7, 8], 3 * size), "bytes")
        js.anew()


@case(56)
def totals(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create("S", ["s.*"], storage=storage, max_msgs=10)
        js.pub_many(["s.%d" % number for number in range(25)])
        eq((js.seqs("S"), js.state("S")["num_subjects"]), (list(range(16, 26)), 10), "sequences")
        js.delete_msg("S", 20)
        js.pub("s.x")
        eq(js.seqs("S"), [16, 17, 18, 19, 21, 22, 23, 24, 25, 26], "sequences with a gap")
        js.anew()
        js.create("S", ["s.*"], storage=storage, max_msgs_per_subject=3)
        js.pub_many(["s.%d" % (number % 3) for number in range(30)])
        eq((js.seqs("S"), js.state("S", subjects_filter=">")["subjects"]), (list(range(22, 31)), {"s.0": 3, "s.1": 3, "s.2": 3}), "per subject")
        js.anew()


@case(57, slow=True)
def max_age(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create(storage, ["s.%s.*" % storage], storage=storage, max_age=SECOND, allow_msg_ttl=True)
        js.pub("s.%s.a" % storage)
        js.pub("s.%s.keep" % storage, b"", {"Nats-TTL": "never"})
        js.pub("s.%s.b" % storage)
    started = time.monotonic()
    for storage in STORAGES:
        js.wait_state(storage, messages=1)
    near(time.monotonic() - started, 0.5, 2.5, "seconds until the messages are gone")
    for storage in STORAGES:
        eq(js.seqs(storage), [2], "sequences")
        eq(js.state(storage)["last_seq"], 3, "last sequence")
        eq(js.get(storage, seq=2)["subject"], "s.%s.keep" % storage, "kept message")


@case(57, slow=True)
def max_age_by_update(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"], discard="new")
    js.pub_many(["s"] * 10)
    js.update("S", ["s"], discard="new", max_age=500 * MS)
    js.wait_state("S", messages=0, first_seq=11, last_seq=10)
