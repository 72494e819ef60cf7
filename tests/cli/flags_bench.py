"""Flags of bench that no other test needs: items 62, 63."""

from tool import *
from benches import results

# Of every publisher to a stream.
PUBLISHERS = {"sync": "JetStream synchronous publisher", "async": "JetStream asynchronous publisher"}
BATCHES = {"atomic": "JetStream atomic batch publisher", "fast": "JetStream fast batch publisher"}


def publish_with_every_flag(tool, kind, label):
    """A run of `bench js pub KIND` into a new stream, whose messages show what the flags did."""
    stream, subject = "S" + kind.upper(), "b" + kind
    payload = tool.write("payload", "p" * 77)
    outcome = tool.run(
        "bench", "js", "pub", kind, subject, "--create", "--stream", stream, "--storage", "memory", "--replicas", "1", "--maxbytes", "1MB",
        "--dedup", "--dedupwindow", "1m", "--purge", "--multisubject", "--multisubjectmax", "7", "--payload", payload,
        "--header", "A:1", "--msgs", "50", "--clients", "2", "--csv", kind + ".csv", "--no-progress", "--sleep", "1us")
    check(label + " aggregated stats" in outcome.out, outcome)
    info = tool.run("stream", "info", stream, "--json").json
    config = info["config"]
    eq((config["storage"], config["num_replicas"], config["max_bytes"], config["duplicate_window"], config["subjects"]),
       ("memory", 1, 1 << 20, 60 * 10**9, [subject + ".*"]))
    eq(info["state"]["messages"], 50)
    subjects = tool.run("stream", "subjects", stream, "--json").json
    eq(sorted(subjects), ["%s.%d" % (subject, number) for number in range(7)])
    message = tool.out("stream", "get", stream, "1")
    matches(message, r"  A: 1\n")
    matches(message, r"  Nats-Msg-Id: \S+\n")
    matches(message, r"\np{77}\n")
    eq(len(open(tool.path(kind + ".csv"), encoding="utf-8").read().splitlines()), 3)
    # At random among as many.
    tool.run("bench", "js", "pub", kind, subject, "--stream", stream, "--purge", "--multisubject", "--multisubjectmax", "5",
             "--multisubjectrandomize", "--msgs", "30", "--no-progress")
    check(set(tool.run("stream", "subjects", stream, "--json").json) <= {"%s.%d" % (subject, number) for number in range(5)}, "subjects")
    # A rate for a time.
    outcome = tool.run("bench", "js", "pub", kind, subject, "--stream", stream, "--multisubject", "--throughput", "200", "--duration", "200ms",
                       "--no-progress")
    check("msgs=40" in outcome.err, outcome.err)


@case(63)
def publishers_with_every_flag(ctx):
    tool = nats(ctx)
    for kind, label in PUBLISHERS.items():
        publish_with_every_flag(tool, kind, label)
        tool.run("bench", "js", "pub", kind, "a" + kind, "--create", "--stream", "A" + kind, "--persistasync", "--msgs", "5", "--no-progress")
        eq(tool.run("stream", "info", "A" + kind, "--json").json["config"]["persist_mode"], "async")


@case(63, "atomic_batch", "fast_batch")
def batches_with_every_flag(ctx):
    tool = nats(ctx)
    for kind, label in BATCHES.items():
        publish_with_every_flag(tool, kind, label)
    tool.run("bench", "js", "pub", "fast", "a", "--create", "--stream", "AF", "--persistasync", "--msgs", "5", "--no-progress")


@case(63)
def consumers_with_every_flag(ctx):
    tool = nats(ctx)
    fill = ("bench", "js", "pub", "async", "b", "--create", "--multisubject", "--multisubjectmax", "2", "--msgs", "100", "--no-progress")
    tool.run(*fill)
    only = ("--filter", "b.0", "--msgs", "50", "--no-progress")
    outcome = tool.run("bench", "js", "ordered", *only, "--filter", "none", "--batch", "10", "--sleep", "1us", "--size", "10")
    eq(results(outcome.out, latencies=False), "JetStream ordered ephemeral consumer")
    check(outcome.logs[0].endswith("[clients=1, filter=b.0,none, msg-size=10 B, msgs=50, purge=false, sleep=1µs, stream=benchstream]"), outcome)
    for kind in ("consume", "fetch"):
        outcome = tool.run("bench", "js", kind, *only, "--doubleack", "--batch", "10", "--clients", "1")
        results(outcome.out)
        check("[acks=explicit, batch=10, clients=1, consumer=nats-bench, double-acked=true, filter=b.0, msg-size" in outcome.logs[0], outcome)
        info = tool.run("consumer", "info", "benchstream", "nats-bench", "--json").json
        eq((info["config"]["filter_subjects"], info["ack_floor"]["consumer_seq"]), (["b.0"], 50))
        tool.run("consumer", "rm", "benchstream", "nats-bench", "-f")
    results(tool.out("bench", "js", "get", "batch", "--filter", "b.1", "--batch", "7", "--msgs", "50", "--no-progress"))
    # What was there is purged; then nothing comes, until somebody publishes.
    for name in ("p1", "p2"):
        tool.run("consumer", "add", "benchstream", name, "--pull", "--defaults")
    for kind, consumer in (("ordered", ()), ("consume", ("--consumer", "p1")), ("fetch", ("--consumer", "p2"))):
        run = tool.start("bench", "js", kind, "--purge", "--msgs", "10", "--no-progress", *consumer)
        run.wait_err(r"expecting 10 messages")
        eq(tool.run("stream", "info", "benchstream", "--json").json["state"]["messages"], 0)
        tool.run("bench", "js", "pub", "sync", "b", "--multisubject", "--msgs", "10", "--no-progress")
        results(run.wait().out)


@case(63)
def buckets_with_every_flag(ctx):
    tool = nats(ctx)
    outcome = tool.run("bench", "kv", "put", "--storage", "memory", "--replicas", "1", "--maxbytes", "2MB", "--history", "3", "--msgs", "60",
                       "--clients", "2", "--size", "10", "--randomize", "5", "--no-progress", "--csv", "kv.csv", "--sleep", "1us")
    eq(results(outcome.out, latencies=True, clients=2), "JetStream KV putter")
    config = tool.run("stream", "info", "KV_benchbucket", "--json").json["config"]
    eq((config["storage"], config["num_replicas"], config["max_bytes"], config["max_msgs_per_subject"]), ("memory", 1, 2 << 20, 3))
    keys = tool.out("kv", "ls", "benchbucket").split()
    check(set(keys) <= set("01234") and keys, keys)
    eq(len(open(tool.path("kv.csv"), encoding="utf-8").read().splitlines()), 3)
    eq(len(tool.run("kv", "get", "benchbucket", keys[0], "--raw").out.rstrip("\n")), 10)
    tool.run("kv", "add", "B")
    tool.run("bench", "kv", "put", "--bucket", "B", "--msgs", "20", "--no-progress")
    eq(len(tool.out("kv", "ls", "B").split()), 20)
    outcome = tool.run("bench", "kv", "put", "--bucket", "B", "--throughput", "200", "--duration", "100ms", "--no-progress")
    check("[bucket=B, clients=1, duration=100ms, msg-size=128 B, msgs=20, purge=false, sleep=0s, throughput=200]" in outcome.err, outcome.err)
    outcome = tool.run("bench", "kv", "get", "--bucket", "B", "--randomize", "20", "--msgs", "20", "--no-progress")
    results(outcome.out)
    check("randomize=20" in outcome.err, outcome)


@case(63)
def core_messages_with_every_flag(ctx):
    tool = nats(ctx)
    payload = tool.write("payload", "p" * 33)
    sub = tool.start("bench", "sub", "m", "--multisubject", "--clients", "2", "--msgs", "20", "--size", "33", "--csv", "sub.csv",
                     "--no-progress")
    sub.wait_err(r"\[2\] Starting Core NATS subscriber, expecting 20 messages")
    wait_until(lambda: sum("m.*" in (c.get("subscriptions_list") or []) for c in tool.server.connz(subs=1)["connections"]) == 2)
    see = tool.start("sub", "m.*", "--count", "20")
    see.wait_err("Subscribing")
    tool.run("bench", "pub", "m", "--multisubject", "--multisubjectmax", "3", "--multisubjectrandomize", "--payload", payload, "--header",
             "A:1", "--msgs", "20", "--no-progress")
    check("Core NATS subscriber aggregated stats" in sub.wait().out, sub.out)
    eq(len(open(tool.path("sub.csv"), encoding="utf-8").read().splitlines()), 3)
    out = see.wait().out
    eq((out.count("\nA: 1\n"), out.count("p" * 33)), (20, 20))
    check(set(word for word in out.split('"') if word.startswith("m.")) <= {"m.0", "m.1", "m.2"}, out)


@case(63)
def requests_with_every_flag(ctx):
    tool = nats(ctx)
    payload = tool.write("payload", "p" * 33)
    serve = tool.start("bench", "service", "serve", "svc", "--no-progress", "--sleep", "1us")
    serve.wait_err("hit control-c to stop")
    see = tool.start("sub", "svc", "--count", "10")
    see.wait_err("Subscribing")
    wait_until(lambda: sum("svc" in (c.get("subscriptions_list") or []) for c in tool.server.connz(subs=1)["connections"]) == 2)
    outcome = tool.run("bench", "service", "request", "svc", "--payload", payload, "--header", "A:1", "--msgs", "10", "--csv", "svc.csv",
                       "--no-progress")
    results(outcome.out)
    out = see.wait().out
    eq((out.count("\nA: 1\n"), out.count("p" * 33)), (10, 10))
    eq(len(open(tool.path("svc.csv"), encoding="utf-8").read().splitlines()), 2)
    outcome = tool.run("bench", "service", "request", "svc", "--throughput", "200", "--duration", "100ms", "--no-progress")
    check("msgs=20" in outcome.err, outcome.err)


@case(63)
def older_consumers_with_every_flag(ctx):
    tool = nats(ctx)
    tool.run("bench", "js", "pub", "async", "b", "--create", "--multisubject", "--multisubjectmax", "2", "--msgs", "60", "--no-progress",
             "--stream", "OLD")
    more = ("--stream", "OLD", "--msgs", "60", "--no-progress", "--size", "10", "--sleep", "1us")
    results(tool.out("bench", "oldjs", "ordered", "b", "--multisubject", "--csv", "o.csv", *more))
    eq(len(open(tool.path("o.csv"), encoding="utf-8").read().splitlines()), 2)
    results(tool.out("bench", "oldjs", "push", "b.*", "--maxacks", "10", "--ack", "--doubleack", *more))
    tool.run("consumer", "add", "OLD", "p", "--target", "to.p", "--deliver-group", "p-GROUP", "--ack", "explicit", "--defaults")
    outcome = tool.run("bench", "oldjs", "push", "b.*", "--consumer", "p", "--no-doubleack", *more)
    results(outcome.out)
    check(not any("Deleted" in line for line in outcome.logs), outcome)
    eq(tool.run("consumer", "info", "OLD", "p", "--json").json["ack_floor"]["consumer_seq"], 60)
    out = tool.out("bench", "oldjs", "pull", "b.*", "--batch", "10", "--ack", "--doubleack", "--clients", "2", *more)
    results(out, latencies=False, clients=2)
    results(tool.out("bench", "oldjs", "pull", "b.*", "--consumer", "q", *more))
