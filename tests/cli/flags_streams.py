"""Flags of stream and consumer commands that no other test needs: items 65 to 92."""

import json


from streams import NOT_PICKED, below, filled, spaces
from tool import *

SECOND = 10**9


def config_of(tool, *path):
    """The configuration of a stream, or of a consumer of one."""
    return tool.run("stream" if len(path) == 1 else "consumer", "info", *path, "--json").json["config"]


def has(config, **wanted):
    """The configuration has these values; None: the field is not there."""
    eq({key: config.get(key) for key in wanted}, wanted)


# Flags that `add`, `copy` and `edit` have, with what they do.
SHARED = (
    "--subjects", "a.>", "--description", "d", "--compression", "s2", "--tag", "", "--retention", "interest",
    "--discard", "new", "--discard-per-subject", "--max-age", "1h", "--max-bytes", "1MB", "--max-consumers", "5",
    "--max-msg-size", "1k", "--max-msgs", "100", "--max-msgs-per-subject", "7", "--dupe-window", "30s", "--allow-rollup",
    "--no-allow-direct", "--allow-msg-ttl", "--subject-del-markers-ttl", "5s", "--metadata", "k=v",
    "--transform-source", "a.*", "--transform-destination", "x.{{wildcard(1)}}", "--republish-source", ">",
    "--republish-destination", "r.>", "--republish-headers")
SHARED_CONFIG = {
    "subjects": ["a.>"], "description": "d", "compression": "s2", "placement": None, "retention": "interest", "discard": "new",
    "discard_new_per_subject": True, "max_age": 3600 * SECOND, "max_bytes": 1 << 20, "max_consumers": 5, "max_msg_size": 1024,
    "max_msgs": 100, "max_msgs_per_subject": 7, "duplicate_window": 30 * SECOND, "allow_rollup_hdrs": True,
    "allow_direct": False, "allow_msg_ttl": True, "subject_delete_marker_ttl": 5 * SECOND,
    "subject_transform": {"src": "a.*", "dest": "x.{{wildcard(1)}}"},
    "republish": {"src": ">", "dest": "r.>", "headers_only": True},
}


@case(69)
def a_copy_may_differ_in_everything(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "SRC", "--subjects", "src", "--defaults")
    config = tool.run("stream", "copy", "SRC", "DST", *SHARED, "--no-ack", "--storage", "memory", "--replicas", "1",
                      "--deny-delete", "--no-deny-purge", "--json").json["config"]
    has(config, **dict(SHARED_CONFIG, no_ack=True, storage="memory", num_replicas=1, deny_delete=True))
    eq(config["metadata"]["k"], "v")


@case(69, "deviation")
def a_copy_may_differ_in_what_streams_keep(ctx):
    """The original does not look at these flags."""
    tool = nats(ctx)
    tool.run("stream", "add", "SRC", "--subjects", "src", "--defaults")
    config = tool.run("stream", "copy", "SRC", "DST", "--subjects", "dst", "--first-sequence", "10", "--limit-consumer-inactive", "10s",
                      "--limit-consumer-max-pending", "50", "--persist-mode", "async", "--json").json["config"]
    has(config, first_seq=10, consumer_limits={"inactive_threshold": 10 * SECOND, "max_ack_pending": 50}, persist_mode="async")


@case(70)
def an_edit_may_change_what_a_stream_can_change(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    # What a server does not change is left at what it is.
    words = ["limits" if before == "--retention" else word for before, word in zip(("",) + SHARED, SHARED)]
    at = words.index("--max-consumers")
    words[at:at + 2] = ["--max-consumers=-1"]
    edit = lambda *flags: edited(tool, "S", *flags)  # noqa: E731
    config = edit(*words, "--no-ack", "--no-deny-delete", "--no-deny-purge")
    has(config, **dict(SHARED_CONFIG, retention="limits", max_consumers=-1, no_ack=True, deny_delete=False))
    config = edit("--no-transform", "--ack")
    has(config, subject_transform=None, max_msgs=100)
    check(not config.get("no_ack"), config)
    # No difference is no change, and no information.
    eq(tool.out("stream", "edit", "S", "--max-msgs", "100", "--json"), "No difference in configuration\n")
    # What it refuses is said in its words.
    matches(tool.error("stream", "edit", "S", "--retention", "work", "-f"), r"^could not edit Stream S: .* \(\d+\)$")


def edited(tool, stream, *flags):
    """The configuration after an edit, which is shown below the differences."""
    out = spaces(tool.out("stream", "edit", stream, *flags, "-f", "--json"))
    head, _, rest = out.partition("\n  }\n{\n")
    check(head.startswith("Differences (-old +new):\n  api.StreamConfig{\n"), out)
    return json.loads("{" + rest)["config"]


def added(tool, stream, *flags):
    """The configuration of a new stream, which is shown below a sentence."""
    outcome = tool.run("stream", "add", stream, *flags, "--defaults", "--json")
    return below("Stream %s was created" % stream, outcome)["config"]


@case(65)
def how_a_stream_is_written(ctx):
    tool = nats(ctx)
    config = added(tool, "S", "--subjects", "s", "--compression", "s2", "--persist-mode", "async")
    has(config, compression="s2", persist_mode="async")
    out = tool.out("stream", "info", "S")
    matches(out, r"Compression: S2 Compression\n +Persistence Mode: Async")
    tool.run("stream", "add", "T", "--subjects", "t", "--persist-mode", "default", "--defaults")
    has(config_of(tool, "T"), persist_mode=None)


@case(65)
def markers_for_subjects(ctx):
    tool = nats(ctx)
    config = added(tool, "S", "--subjects", "s", "--subject-del-markers-ttl", "1m", "--allow-msg-ttl", "--allow-rollup")
    has(config, subject_delete_marker_ttl=60 * SECOND, allow_msg_ttl=True)


@case(65, "atomic_batch", "fast_batch", "counters", "schedules")
def kinds_of_publishing(ctx):
    tool = nats(ctx)
    batches = {"allow_atomic": True, "allow_batched": True, "allow_msg_schedules": True}
    flags = ("--allow-batch", "--allow-fast", "--allow-schedules")
    has(added(tool, "S", "--subjects", "s", *flags, "--allow-msg-ttl", "--allow-rollup"), **batches)
    out = tool.out("stream", "info", "S")
    for line in ("Allows Atomic Batch Publish: true", "Allows Fast Batch Publish: true", "Allows Schedules: true"):
        check(line + "\n" in out, out)
    has(tool.run("stream", "copy", "S", "T", "--subjects", "t", *flags, "--json").json["config"], **batches)
    tool.run("stream", "add", "U", "--subjects", "u", "--allow-msg-ttl", "--allow-rollup", "--defaults")
    has(edited(tool, "U", *flags), **batches)
    has(added(tool, "C", "--subjects", "c", "--allow-counter"), allow_msg_counter=True)
    has(tool.run("stream", "copy", "C", "D", "--subjects", "d", "--allow-counter", "--json").json["config"], allow_msg_counter=True)
    # A stream does not become one of counters; the request is made as it was asked for.
    matches(tool.error("stream", "edit", "U", "--allow-counter", "-f"), r"^could not edit Stream U: .* \(\d+\)$")


@case(84, "mirrors", "sources")
def mirrors_and_sources_by_flags(ctx):
    tool = nats(ctx)
    filled(tool)
    config = added(tool, "M", "--mirror", "ORDERS", "--allow-mirror-direct")
    has(config, mirror_direct=True, mirror={"name": "ORDERS"}, duplicate_window=None)
    config = added(tool, "O", "--source", "ORDERS", "--source", '{"name":"B","filter_subject":"x"}', "--subjects", "o")
    has(config, sources=[{"name": "ORDERS"}, {"name": "B", "filter_subject": "x"}], subjects=["o"])
    config = edited(tool, "M", "--no-mirror", "--subjects", "m")
    has(config, mirror=None, subjects=["m"])
    eq(tool.error("stream", "copy", "ORDERS", "N", "--subjects", "n", "--allow-mirror-direct"),
       "could not create Stream: stream has no mirror but does have mirror direct (10052)")
    tool.run("stream", "edit", "ORDERS", "--no-allow-batch", "--no-allow-fast", "--no-allow-schedules", "--no-allow-mirror-direct", "-f")


@case(82, "cluster", slow=True)
def placement_and_filters_in_a_cluster(ctx):
    servers = cluster(ctx, tags=True)
    tool = nats(ctx, server=servers[0])
    config = added(tool, "S", "--subjects", "s", "--replicas", "3", "--cluster", "c")
    has(config, placement={"cluster": "c"}, num_replicas=3)
    config = tool.run("stream", "copy", "S", "T", "--subjects", "t", "--replicas", "1", "--tag", "n:2", "--cluster", "c",
                      "--json").json["config"]
    has(config, placement={"cluster": "c", "tags": ["n:2"]})
    eq(tool.run("stream", "info", "T", "-j").json["cluster"]["leader"], "n2")
    has(edited(tool, "T", "--tag", "n:3", "--cluster", "c"), placement={"cluster": "c", "tags": ["n:3"]})
    wait_until(lambda: (tool.run("stream", "info", "T", "-j", code=None).out or "").count('"leader": "n3"') == 1,
               "the stream has moved", every=0.2, timeout=30.0)
    for kind in ("kv", "object"):
        tool.run(kind, "add", "B", "--replicas", "1", "--tags", "n:1", "--cluster", "c")
        name = {"kv": "KV_B", "object": "OBJ_B"}[kind]
        has(config_of(tool, name), placement={"cluster": "c", "tags": ["n:1"]})
        tool.run(kind, "edit", "B", "--tags", "n:2", "--cluster", "c")
        has(config_of(tool, name), placement={"cluster": "c", "tags": ["n:2"]})
        tool.run(kind, "add", "R")
        tool.run(kind, "edit", "R", "--replicas", "3")
        has(config_of(tool, name[:-1] + "R"), num_replicas=3)
    matches(tool.out("stream", "report", "--cluster", "c", "-o"), r"│ T +│ File +│ cluster: c tags: n:3 +│")
    # A stream that has just got its replicas has no leader for a moment, and is told of.
    nowhere = lambda: tool.out("stream", "report", "--cluster", "nowhere", "-m")  # noqa: E731
    wait_until(lambda: nowhere() == "Obtaining Stream stats\n\nNo Streams defined\n", "no streams in a cluster that is not there",
               every=0.2, timeout=30.0)
    for name in "XYZ":
        tool.run("consumer", "add", "S", name, "--pull", "--replicas", "3", "--defaults")
    info = lambda: tool.run("consumer", "info", "S", "X", "-j").json["cluster"]  # noqa: E731
    wait_until(lambda: all(peer["current"] for peer in info()["replicas"]), "current replicas", every=0.2)
    eq(tool.out("consumer", "find", "S", "--leader", info()["leader"], "--replicas", "3").split().count("X"), 1)
    tool.run("consumer", "edit", "S", "X", "--replicas", "1", "-f")
    has(config_of(tool, "S", "X"), num_replicas=1)
    # Nobody to step down for: the flags are understood, the server is asked.
    matches(tool.run("consumer", "cluster", "step-down", "S", "Y", "-f").err, "New leader elected")
    matches(tool.run("stream", "cluster", "step-down", "S", "-f").err, "New leader elected")
    old = tool.run("stream", "info", "S", "-j").json["cluster"]["leader"]
    nothing = (("--empty", "--invert"), ("--idle", "1h", "--invert"), ("--created", "1h"), ("--consumers", "0", "--subject", "s"),
               ("--subject", "nope"), ("--sourced",), ("--mirrored",), ("--leader", "nobody"), ("--replicas", "1", "--empty", "--invert"),
               ("--server-name", "nobody"), ("--cluster", "nowhere"), ("--expression", "state.messages > 0"))
    for words in nothing:
        eq(tool.out("stream", "cluster", "balance", *words), "", words)
    eq(tool.run("stream", "info", "S", "-j").json["cluster"]["leader"], old)
    nothing = (("--pull", "--invert"), ("--push",), ("--bound",), ("--waiting", "5"), ("--ack-pending", "5"), ("--pending", "5"),
               ("--idle", "1h"), ("--created", "1h"), ("--replicas", "1", "--push"), ("--leader", "nobody"), ("--pinned",),
               ("--expression", "config.name == 'nobody'"))
    for words in nothing:
        eq(tool.out("consumer", "cluster", "balance", "S", *words), "No consumers on S\n", words)


@case(79, "snapshots")
def a_backup_that_the_server_checks(ctx):
    tool = nats(ctx)
    filled(tool)
    tool.run("stream", "backup", "ORDERS", "kept", "--check", "--no-progress")
    tool.run("stream", "rm", "ORDERS", "-f")
    tool.run("stream", "restore", "kept", "--replicas", "1", "--tag", "", "--no-progress")
    has(config_of(tool, "ORDERS"), num_replicas=1)
    tool.run("stream", "rm", "ORDERS", "-f")
    # The place is asked for; a server alone does not mind.
    tool.run("stream", "restore", "kept", "--cluster", "c", "--tag", "t")
    has(config_of(tool, "ORDERS"), placement={"cluster": "c", "tags": ["t"]})


@case(115, "snapshots")
def an_account_is_backed_up_with_checks(ctx):
    tool = nats(ctx)
    filled(tool)
    tool.run("consumer", "add", "ORDERS", "C", "--pull", "--defaults")
    tool.run("account", "backup", "B", "--check", "--no-consumers", "-f")
    tool.run("stream", "rm", "ORDERS", "-f")
    tool.run("account", "restore", "B", "--cluster", "c", "--tag", "t")
    has(config_of(tool, "ORDERS"), placement={"cluster": "c", "tags": ["t"]})
    eq(tool.out("consumer", "ls", "ORDERS", "-n"), "")


@case(74)
def orders_of_the_report(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "SMALL", "--subjects", "small", "--defaults")
    tool.run("stream", "add", "BIG", "--subjects", "big", "--defaults")
    tool.run("publish", "small", "x", "-J", "--count", "3", "-q")
    tool.run("publish", "big", "x" * 1000, "-J", "-q")
    tool.run("consumer", "add", "BIG", "C", "--pull", "--defaults")
    rows = lambda *args: [line.split(",")[0] for line in tool.out(  # noqa: E731
        "stream", "report", *args, env={"NATS_TABLE_FORMAT": "csv"}).splitlines()[4:] if line]
    eq(rows(), ["SMALL", "BIG"])
    eq(rows("--messages"), ["BIG", "SMALL"])
    eq(rows("--consumers"), ["SMALL", "BIG"])
    eq(rows("--name"), ["BIG", "SMALL"])


@case(72)
def the_state_as_json(ctx):
    tool = nats(ctx)
    filled(tool)
    eq(tool.run("stream", "state", "ORDERS", "--json").json["state"]["messages"], 5)
    matches(tool.error("stream", "state", "NOPE", "--no-select"), "^" + NOT_PICKED)
    tool.run("consumer", "add", "ORDERS", "C", "--pull", "--defaults")
    eq(tool.run("consumer", "state", "ORDERS", "C", "--json").json["num_pending"], 5)
    eq(tool.error("consumer", "state", "ORDERS", "X", "--no-select"), 'could not select Consumer: unknown consumer "ORDERS" > "X"')
    eq(tool.error("consumer", "ls", "NOPE", "--no-select"),
       "could not select Stream: cannot pick a Stream without a terminal and no Stream name supplied")


@case(76)
def pages_of_a_subject(ctx):
    tool = nats(ctx)
    filled(tool, count=3)
    terminal = tool.terminal("stream", "view", "ORDERS", "--subject", "orders.2", "--since", "1h", "--translate", "tr a-z A-Z")
    text = terminal.finish()
    matches(text, r"\[2\] Subject: orders\.2 .*MSG 2\n")
    check("orders.1" not in text and "orders.3" not in text, text)


@case(80)
def gaps_without_a_bar(ctx):
    tool = nats(ctx)
    filled(tool)
    tool.run("stream", "rmm", "ORDERS", "2", "-f")
    check("done!" not in tool.out("stream", "gaps", "ORDERS", "-f", "--no-progress"), "a bar")


@case(85)
def a_copy_of_a_consumer_may_differ(ctx):
    tool = nats(ctx)
    filled(tool)
    tool.run("consumer", "add", "ORDERS", "PULL", "--pull", "--defaults")
    tool.run("consumer", "add", "ORDERS", "PUSH", "--target", "out", "--defaults")
    tool.run("consumer", "copy", "ORDERS", "PUSH", "P2", "--target", "out2", "--deliver-group", "g", "--ack", "all", "--bps", "8192",
             "--deliver", "2", "--description", "d", "--filter", "orders.1", "--flow-control", "--heartbeat", "5s",
             "--headers-only", "--max-deliver", "7", "--max-pending", "9", "--replay", "original", "--sample", "30", "--wait", "10s",
             "--inactive-threshold", "1h")
    config = config_of(tool, "ORDERS", "P2")
    has(config, durable_name="P2", deliver_subject="out2", deliver_group="g", ack_policy="all", rate_limit_bps=8192, opt_start_seq=2,
        description="d", filter_subject="orders.1", flow_control=True, idle_heartbeat=5 * SECOND, headers_only=True,
        max_deliver=7, max_ack_pending=9, replay_policy="original", sample_freq="30", ack_wait=10 * SECOND,
        inactive_threshold=3600 * SECOND)
    tool.run("consumer", "copy", "ORDERS", "P2", "P3")
    has(config_of(tool, "ORDERS", "P3"), deliver_subject="out2", deliver_group=None)
    tool.run("consumer", "copy", "ORDERS", "PULL", "Q2", "--pull", "--max-waiting", "5", "--max-pull-batch", "6", "--max-pull-expire",
             "7s", "--max-pull-bytes", "800", "--backoff", "linear", "--backoff-steps", "2", "--backoff-min", "1s",
             "--backoff-max", "3s")
    has(config_of(tool, "ORDERS", "Q2"), name="Q2", durable_name="Q2", max_waiting=5, max_batch=6, max_expires=7 * SECOND,
        max_bytes=800, backoff=[SECOND, 2 * SECOND], max_deliver=-1)
    tool.run("consumer", "copy", "ORDERS", "PUSH", "Q3", "--pull")
    has(config_of(tool, "ORDERS", "Q3"), deliver_subject=None)
    tool.run("consumer", "add", "ORDERS", "T", "--pull", "--pinned-groups", "g", "--pinned-ttl", "90s", "--defaults")
    has(config_of(tool, "ORDERS", "T"), priority_timeout=90 * SECOND)
    matches(tool.error("consumer", "copy", "ORDERS", "PULL", "X", "--bps", "5"), r"^Consumer creation failed: .* rate limit set \(10086\)$")


@case(92)
def an_edit_may_change_what_a_consumer_can_change(ctx):
    tool = nats(ctx)
    filled(tool)
    tool.run("consumer", "add", "ORDERS", "C", "--pull", "--inactive-threshold", "2h", "--defaults")
    tool.run("consumer", "edit", "ORDERS", "C", "--description", "d", "--headers-only", "--inactive-threshold", "1h",
             "--max-pending", "9", "--max-pull-batch", "6", "--max-pull-expire", "7s", "--max-pull-bytes", "800",
             "--metadata", "k=v", "--replicas", "1", "--sample", "30", "--backoff", "linear", "--backoff-steps", "2", "--backoff-min",
             "1s", "--backoff-max", "3s", "-f")
    config = config_of(tool, "ORDERS", "C")
    has(config, description="d", headers_only=True, inactive_threshold=3600 * SECOND, max_ack_pending=9, max_batch=6,
        max_expires=7 * SECOND, max_bytes=800, num_replicas=1, sample_freq="30", backoff=[SECOND, 2 * SECOND])
    eq(config["metadata"]["k"], "v")
    eq(tool.error("consumer", "edit", "ORDERS", "C", "--sample", "101", "-f"), "sample percent is not between 0 and 100")
    # Metadata of servers is none.
    eq(tool.out("consumer", "edit", "ORDERS", "C", "--config", tool.write("c.json", json.dumps(config)), "-f"),
       "No difference in configuration\n")
    config.update(description="from a file")
    tool.run("consumer", "edit", "ORDERS", "C", "--config", tool.write("c.json", json.dumps(config)), "-f")
    has(config_of(tool, "ORDERS", "C"), description="from a file", max_ack_pending=9)
    tool.run("consumer", "add", "ORDERS", "P", "--target", "out", "--defaults")
    tool.run("consumer", "edit", "ORDERS", "P", "--target", "other", "-f")
    has(config_of(tool, "ORDERS", "P"), deliver_subject="other")


@case(88)
def receiving_raw_and_in_a_group(ctx):
    tool = nats(ctx)
    filled(tool, count=2)
    tool.run("consumer", "add", "ORDERS", "P", "--target", "out", "--deliver-group", "g", "--ack", "explicit", "--defaults")
    run = tool.start("consumer", "sub", "ORDERS", "P", "--deliver-group", "g", "--raw", "--no-ack")
    run.wait_out(r"^msg 1\nmsg 2\n$")
    eq(tool.run("consumer", "info", "ORDERS", "P", "-j").json["num_ack_pending"], 2)


@case(89)
def consumers_of_internal_streams(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B")
    tool.run("consumer", "add", "KV_B", "C", "--pull", "--defaults")
    terminal = tool.terminal("consumer", "ls", "--all")
    terminal.answer("Select a Stream", "KV_B")
    matches(terminal.finish(), r"│ C +│")
    matches(tool.terminal("consumer", "ls").finish(code=1), "no Streams are defined")
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    tool.run("consumer", "add", "S", "W", "--pull", "--defaults")
    waiting = tool.start("consumer", "next", "S", "W", "--timeout", "20s")
    wait_until(lambda: tool.out("consumer", "find", "S", "--waiting", "5") == "W\n", "a waiting pull")
    eq(tool.out("consumer", "find", "S", "--replicas", "1"), "W\n")
    tool.run("publish", "s", "x", "-J", "-q")
    waiting.wait()
