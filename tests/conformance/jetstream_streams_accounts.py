"""Limits of accounts and of the server, and removed features: jetstream-streams.md 19 and 21, items 149 to 151."""

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")


def limited(ctx, limits, more=""):
    """JetStream of an account with these limits."""
    config = STORE + more + "accounts { A { jetstream { %s }, users: [ {user: a, password: p} ] }, N { users: [ {user: n, password: p} ] } }\n" % limits
    return jetstream(ctx, config, guard=False, user="a", **{"pass": "p"})


@case(149)
def account_without_jetstream(ctx):
    first = limited(ctx, "max_streams: 5")
    js = jetstream(ctx, server=first.server, user="n", **{"pass": "p"})
    js.create_err("S", 10039, 503, "JetStream not enabled for account")
    js.update_err("S", 10039, 503, "JetStream not enabled for account")


@case(149)
def limits_at_create(ctx):
    js = limited(ctx, "max_mem: 10000, max_store: 20000, max_streams: 3, max_consumers: 2, mem_max_stream_bytes: 5000, "
                      "disk_max_stream_bytes: 15000, max_bytes_required: true")
    js.create_err("S", 10113, 400, "account requires a stream config to have max bytes set")
    js.create_err("S", 10122, 400, "stream max bytes exceeds account limit max stream bytes", max_bytes=15001)
    js.create_err("S", 10122, 400, "stream max bytes exceeds account limit max stream bytes", max_bytes=5001, storage="memory")
    js.create_err("S", 10026, 400, "maximum consumers limit reached", max_bytes=1000, max_consumers=3)
    js.create("A", max_bytes=15000, max_consumers=2)
    js.create_err("B", 10047, 500, "insufficient storage resources available", max_bytes=5001)
    js.update_err("A", 10122, 400, max_bytes=15001)
    js.create("B", max_bytes=5000, storage="memory")
    js.create("C", max_bytes=3000, storage="memory")
    js.create_err("D", 10027, 400, "maximum number of streams reached", max_bytes=1000, storage="memory")
    js.create("C", max_bytes=3000, storage="memory")
    js.delete("C")
    js.create("E", max_bytes=4000, storage="memory")
    js.update_err("E", 10122, 400, max_bytes=5001, storage="memory")
    js.update("E", max_bytes=5000, storage="memory")
    js.delete("A")
    js.create_err("F", 10028, 500, "insufficient memory resources available", max_bytes=1, storage="memory")
    js.create("F", max_bytes=15000)
    js.update_err("F", 10113, 400, "account requires a stream config to have max bytes set")


@case(149)
def reservations(ctx):
    js = limited(ctx, "max_mem: 10000, max_store: 20000")
    js.create("A", max_bytes=20000)
    js.create_err("B", 10047, 500, "insufficient storage resources available", max_bytes=1)
    js.create_err("B", 10047, 500, "insufficient storage resources available")
    js.create("M", max_bytes=6000, storage="memory")
    js.create_err("N", 10028, 500, "insufficient memory resources available", max_bytes=4001, storage="memory")
    js.create("N", storage="memory")
    js.update("A", max_bytes=10000)
    js.create("B", max_bytes=10000)
    js.update_err("A", 10047, 500, "insufficient storage resources available", max_bytes=10001)


@case(149)
def reservations_of_the_server(ctx):
    js = jetstream(ctx, "jetstream { store_dir: js, max_mem: 10000, max_file: 20000 }\n", guard=False)
    js.create_err("A", 10047, 500, "insufficient storage resources available", max_bytes=20001)
    js.create_err("A", 10028, 500, "insufficient memory resources available", max_bytes=10001, storage="memory")
    js.create("A", max_bytes=20000)
    js.create_err("B", 10047, 500, "insufficient storage resources available", max_bytes=1)
    js.delete("A")
    js.create("B", max_bytes=20000)


@case(149)
def limits_at_publish(ctx):
    js = limited(ctx, "max_mem: 1000, max_store: 2000")
    for storage, limit in (("file", 2000), ("memory", 1000)):
        js.create(storage, storage=storage)
        size = record_size(storage, storage, b"x" * 100)
        for _ in range(limit // size):
            js.pub(storage, b"x" * 100)
        js.pub_err(storage, b"x" * 100, None, 10002, 400, "resource limits exceeded for account")
        state = js.state(storage)
        eq((state["messages"], state["last_seq"]), (limit // size, limit // size), "state")
        js.server.wait_log(r'\[WRN\] JetStream %s resource limits exceeded for account: "A"' % storage)
        js.delete_msg(storage, 1)
        js.pub(storage, b"x" * 100)
        js.pub_err(storage, b"", {"Nats-Expected-Stream": "x"}, 10060)
        js.purge(storage)
        js.pub(storage, b"x" * 100)


@case(149)
def consumers_of_the_account(ctx):
    js = limited(ctx, "max_consumers: 2")
    js.create("A")
    js.create("B")
    js.consumer("A", "1")
    js.consumer("A", "2")
    js.consumer_err("A", 10026, 400, "maximum consumers limit reached", name="3")
    js.consumer("B", "1")
    js.consumer("A", "1")


@case(150)
def duplicate_window_of_the_server(ctx):
    js = jetstream(ctx, STORE.replace("}", ", limits { duplicate_window: 30s } }"))
    eq(js.create("A")["config"]["duplicate_window"], 30 * SECOND, "default")
    eq(js.create("B", duplicate_window=10 * SECOND)["config"]["duplicate_window"], 10 * SECOND, "smaller")
    text = "duplicates window can not be larger then server limit of 30s"
    js.create_err("C", 10052, 500, text, duplicate_window=31 * SECOND)
    js.update_err("A", 10052, 500, text, duplicate_window=31 * SECOND)
    js.create("C", duplicate_window=30 * SECOND)
    js = jetstream(ctx, STORE.replace("}", ", limits { duplicate_window: \"2m\" } }"))
    js.create_err("C", 10052, 500, "duplicates window can not be larger then server limit of 2m0s", duplicate_window=121 * SECOND)


@case(151)
def templates_are_gone(ctx):
    js = jetstream(ctx)
    for operation in ("CREATE.T", "INFO.T", "DELETE.T", "NAMES"):
        js.silent("%s.STREAM.TEMPLATE.%s" % (API, operation), b"")
    js.silent(API + ".STREAM.TEMPLATES", b"")
