"""bench: items 62, 63."""

import base64
import os
import re
import time

from tool import *

NUMBER = r"(?:\d{1,3}(?:,\d{3})*)"
MICROS = NUMBER + r"(?:\.\d{1,2})?us"
RATES = NUMBER + r" msgs/sec ~ [\d.]+ (?:B|[KMG]iB)/sec"
LATENCIES = "".join(" ~ %s: %s" % (name, MICROS) for name in ("min", "avg", "max", "P50", "P90", "P99", r"P99\.9"))
SPREAD = " latencies per operation min {0} \\| avg {0} \\| max {0} \\| stddev {0} \\| P50 {0} \\| P90 {0} \\| P99 {0} \\| P99\\.9: {0}\n".format(
    MICROS)
COLUMNS = "#RunID,ClientID,MsgCount,MsgBytes,MsgsPerSec,BytesPerSec,DurationSecs"
MORE_COLUMNS = (",MinLatencyMicroSecs,AvgLatencyMicroSecs,MaxLatencyMicroSecs,P50LatencyMicroSecs,P90LatencyMicroSecs,"
                "P99LatencyMicroSecs,P99.9LatencyMicroSecs,StdDevLatencyMicroSecs")
# Bars of a run whose output is no terminal: each drawing of them wipes out the one before it.
BAR = r"(?:\x1b\[1A\x1b\[2K)*(?:[A-Za-z ]{8,10} )? *[\dms-]{2,5} \[[=>-]{78}\] {1,3}\d{1,3}%\n"


def results(text, latencies=None, clients=1):
    """What a run measured, as its whole output must say it: the label. `latencies`: whether there are any."""
    text = re.sub("^(?:%s)+" % BAR, "", text)
    with_latencies = LATENCIES if latencies else "(?:%s)?" % LATENCIES if latencies is None else ""
    if clients == 1:
        found = re.fullmatch("\nNATS (.*) stats: %s%s\n\n(Saved metric data in csv file .*\n)?" % (RATES, with_latencies), text)
    else:
        rows = "".join(r"  \[%d\] %s%s \(%s msgs\)\n" % (client + 1, RATES, with_latencies, NUMBER) for client in range(clients))
        spread = SPREAD if latencies else "(?:%s)?" % SPREAD if latencies is None else ""
        found = re.fullmatch("\n%s\n NATS (.*) aggregated stats: %s\n message rates min {0} \\| avg {0} \\| max {0} \\| stddev {0} msgs\n"
                             "%s\n(Saved metric data in csv file .*\n)?".replace("{0}", NUMBER) % (rows, RATES, spread), text)
    check(found, "no result: %r" % text)
    return found.group(1)


def table(tool, name, latencies):
    """Rows of a CSV file, which must have all its columns: (client, messages of the connection, bytes)."""
    path = tool.path(name)
    eq(oct(os.stat(path).st_mode & 0o777), "0o600")
    with open(path, encoding="utf-8") as source:
        text = source.read()
    check(text.endswith("\n"), text)
    header, *lines = text.splitlines()
    eq(header, COLUMNS + (MORE_COLUMNS if latencies else ""))
    for line in lines:
        matches(line, r"\A\w{22},[PS]\d+,\d+,\d+,\d+,\d+\.\d{6},\d+\.\d{6}%s\Z" % (r",\d+\.\d{6}" * 8 if latencies else ""))
    rows = [line.split(",") for line in lines]
    check(len({row[0] for row in rows}) <= 1, rows)
    return [(row[1], int(row[2]), int(row[3])) for row in rows]


def starting(label, **attributes):
    """The first log line of a run."""
    given = {"clients": "1", "msg-size": "128 B", **{key.replace("_", "-"): value for key, value in attributes.items()}}
    return "Starting %s benchmark [%s]" % (label, ", ".join("%s=%s" % pair for pair in sorted(given.items())))


ONE_SUBJECT = {"multi_subject": "false", "multi_subject_max": "100,000", "multi_subject_randomize": "false"}


def listens(tool, *subjects):
    """Waits until clients listen on all these subjects."""
    def listed():
        found = [subject for c in tool.server.connz(subs=1)["connections"] for subject in c.get("subscriptions_list") or []]
        return all(subject in found for subject in subjects)
    wait_until(listed, "subscriptions to " + ", ".join(subjects))


@case(62)
def results_as_csv(ctx):
    tool = nats(ctx)
    out = tool.out("bench", "pub", "foo", "--msgs", "1000", "--size", "16", "--clients", "3", "--csv", "out.csv")
    eq(results(out, latencies=True, clients=3), "Core NATS publisher")
    check(out.endswith("msgs)\n") or out.endswith("\nSaved metric data in csv file out.csv\n"), out)
    matches(out, r"\(334 msgs\)\n(?:.*\n)*\n NATS")
    rows = table(tool, "out.csv", latencies=True)
    eq([row[0] for row in rows], ["P0", "P1", "P2"])
    eq(sorted(row[1:] for row in rows), [(333, 5328), (333, 5328), (334, 5344)])
    eq(tool.error("bench", "pub", "foo", "--msgs", "1", "--no-progress", "--csv", "none/out.csv"),
       "writing file none/out.csv: open none/out.csv: no such file or directory")


@case(63)
def publishers_and_subscribers(ctx):
    tool = nats(ctx)
    sub = tool.start("bench", "sub", "foo", "--msgs", "20000", "--no-progress", "--csv", "sub.csv")
    sub.wait_err("expecting 20,000 messages")
    listens(tool, "foo")
    outcome = tool.run("bench", "pub", "foo", "--msgs", "20000", "--no-progress")
    eq(outcome.logs, [starting("Core NATS publisher", msgs="20,000", sleep="0s", subject="foo", **ONE_SUBJECT),
                      "[1] Starting Core NATS publisher, publishing 20,000 messages"])
    eq(results(outcome.out, latencies=True), "Core NATS publisher")
    outcome = sub.wait()
    eq(outcome.logs, [starting("Core NATS subscriber", msgs="20,000", subject="foo", multi_subject="false"),
                      "[1] Starting Core NATS subscriber, expecting 20,000 messages"])
    eq(results(outcome.out, latencies=False), "Core NATS subscriber")
    eq(table(tool, "sub.csv", latencies=False), [("S0", 20000, 20000 * 128)])


@case(63)
def subjects_of_their_own_and_a_rate(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "m.*", "--count", "12", "--subjects-only")
    sub.wait_err("Subscribing")
    results(tool.out("bench", "pub", "m", "--msgs", "12", "--multisubject", "--multisubjectmax", "10"))
    names = re.findall(r'on "(.*)"', sub.wait().out)
    eq(names, ["m.%02d" % (number % 10) for number in range(12)])
    outcome = tool.run("bench", "pub", "foo", "--throughput", "2000", "--duration", "500ms", "--multisubject")
    eq(outcome.logs[0], starting("Core NATS publisher", msgs="1,000", sleep="0s", subject="foo.*", throughput="2,000", duration="500ms",
                                 **{**ONE_SUBJECT, "multi_subject": "true"}))
    rate = int(re.search("stats: (%s) msgs/sec" % NUMBER, outcome.out).group(1).replace(",", ""))
    check(rate <= 2600, "faster than asked for: %d" % rate)


@case(63)
def every_client_has_subjects_of_its_own(ctx):
    tool = nats(ctx)
    for most, names in (("1000", ["m.%04d" % number for number in range(5)]), ("0", ["m.%d" % number for number in range(5)])):
        sub = tool.start("sub", "m.*", "--count", "5", "--subjects-only")
        sub.wait_err("Subscribing")
        tool.run("bench", "pub", "m", "--msgs", "5", "--clients", "2", "--multisubject", "--multisubjectmax", most, "--no-progress")
        eq(sorted(re.findall(r'on "(.*)"', sub.wait().out)), names)


@case(63)
def mistakes_of_the_user(ctx):
    tool = nats(ctx)
    for args, text in (
            (("--duration", "1s"), "--duration requires --throughput to be set"),
            (("--duration=-1s",), "--duration cannot be negative"),
            (("--duration", "1ms", "--throughput", "1"),
             "the combination of --throughput=1 and --duration=1ms results in zero messages"),
            (("--msgs", "0"), "number of messages should be greater than 0"),
            (("--msgs", "9999999999999999999"), 'strconv.ParseInt: parsing "9999999999999999999": value out of range'),
            (("--msgs=-5",), "number of messages should be greater than 0"),
            (("--size", "x"), "can not parse or invalid the value specified for the message size: x"),
            (("--size", "0"), "can not parse or invalid the value specified for the message size: 0"),
            (("--size=-1",), "can not parse or invalid the value specified for the message size: -1")):
        eq(tool.error("bench", "pub", "foo", *args), text)
    eq(tool.error("bench", "js", "pub", "sync", "foo", "--maxbytes", "x"),
       "can not parse or invalid the value specified for the max stream/bucket size: x")
    eq(tool.error("bench", "js", "pub", "fast", "foo", "--max-outstanding-acks", "0"), "--max-outstanding-acks must be >= 1")
    eq(tool.error("bench", "js", "pub", "atomic", "foo", "--persistasync", "--replicas", "3"),
       "async persist mode is only supported for streams with 1 replica and incompatible with atomic batch publishing")
    # What only a client notices.
    for args, text in (((("pub", "a b"), "publishing: publishing: nats: invalid subject")),
                       ((("pub", "a", "--size", "2MB"), "publishing: publishing: nats: maximum payload exceeded")),
                       ((("pub", "a", "-H", "x"), 'publishing: invalid header "x"')),
                       ((("sub", "a b"), "subscribing to 'a b': nats: invalid subject")),
                       ((("service", "request", "a b"), "requesting: requesting: nats: invalid subject"))):
        outcome = tool.run("bench", *args, "--msgs", "1", "--no-progress", code=1)
        eq((outcome.out, outcome.logs[-2:]), ("", ["Error from client 0: " + text, "nats: error: " + text]))


@case(63)
def never_more_clients_than_messages(ctx):
    tool = nats(ctx)
    outcome = tool.run("bench", "pub", "foo", "--msgs", "2", "--clients", "5", "--no-progress")
    eq(len(outcome.logs), 3)
    check("[clients=2, " in outcome.logs[0], outcome)
    results(outcome.out, latencies=True, clients=2)
    outcome = tool.run("bench", "pub", "foo", "--clients", "0", "--csv", "out.csv")
    eq(outcome.out, "\nNo publisher or subscribers. Nothing to report.\nSaved metric data in csv file out.csv\n")
    eq(table(tool, "out.csv", latencies=False), [])


@case(63)
def bars_without_a_terminal(ctx):
    tool = nats(ctx)
    out = tool.out("bench", "pub", "foo", "--msgs", "100", "--clients", "2")
    check(out.endswith(re.sub("^(?:%s)+" % BAR, "", out)), out)
    drawn = out[:out.index("\n\n")].split("\x1b[2K")[-1].splitlines()
    eq(drawn[-1], "Finished      0s [%s] 100%%" % ("=" * 78))
    out = tool.out("bench", "pub", "foo", "--msgs", "40", "--sleep", "20ms")
    matches(out, r"\nPublishing    0s \[=+>-+\]  \d\d%\n|\x1b\[1A\x1b\[2KPublishing    0s \[=*>-+\]  \d\d%\n")
    eq(results(out), "Core NATS publisher")
    check(tool.out("bench", "pub", "foo", "--msgs", "10", "--no-progress").startswith("\nNATS "), "a bar without being asked for")


@case(63)
def bars_at_a_terminal(ctx):
    tool = nats(ctx)
    terminal = tool.terminal("bench", "pub", "foo", "--msgs", "300", "--sleep", "5ms", "--clients", "2")
    terminal.wait(r"Publishing +\d+s \[=*>-*\] +\d+%\s*\n *Publishing +\d+s \[=*>-*\] +\d+%")
    screen = terminal.finish()
    matches(screen, "aggregated stats")
    matches(screen, r"Finished +\d+s \[=+\] 100%")


@case(63)
def requests_and_responses(ctx):
    tool = nats(ctx)
    serve = tool.start("bench", "service", "serve", "svc", "--size", "10", "--msgs", "5")
    serve.wait_err("hit control-c to stop")
    listens(tool, "svc", "$SRV.PING")
    eq(len(tool.server.connz()["connections"]), 1)
    outcome = tool.run("bench", "service", "request", "svc", "--msgs", "300", "--clients", "2", "--csv", "out.csv", "--no-progress")
    eq(outcome.logs[0], starting("Core NATS service requester", clients="2", msgs="300", sleep="0s", subject="svc"))
    eq(sorted(outcome.logs[1:]), ["[%d] Starting Core NATS service requester, requesting 150 messages" % client for client in (1, 2)])
    eq(results(outcome.out, latencies=True, clients=2), "Core NATS service requester")
    eq(table(tool, "out.csv", latencies=True), [("P0", 300, 150 * 128), ("P1", 300, 150 * 128)])
    eq(tool.out("request", "svc", "", "--raw").strip(), "ok")
    listed = tool.run("service", "list", "--json").json
    eq([(entry["name"], entry["version"], entry["description"]) for entry in listed], [("nats-bench-service", "1.0.0", "")])
    found = tool.run("service", "info", "nats-bench-service", "--json").json
    (endpoint,) = found["info"]["endpoints"]
    eq((endpoint["name"], endpoint["subject"], endpoint["queue_group"]), ("default", "svc", "q"))
    (endpoint,) = found["stats"]["endpoints"]
    eq((endpoint["num_requests"], endpoint["num_errors"]), (301, 0))
    eq([line.split(" [")[0] for line in serve.err.splitlines()],
       [line.split(" [")[0] for line in serve.err.splitlines()][:2])
    matches(serve.err, r"Starting Core NATS service server benchmark \[clients=1, msg-size=10 B, msgs=5, sleep=0s, subject=svc\]\n"
                       r"\d\d:\d\d:\d\d \[1\] Starting Core NATS service server, hit control-c to stop\n")


@case(63)
def requests_that_fail(ctx):
    tool = nats(ctx)
    outcome = tool.run("bench", "service", "request", "nobody", "--msgs", "3", code=1)
    why = "requesting: requesting: nats: no responders available for request"
    eq(outcome.logs[-2:], ["Error from client 0: " + why, "nats: error: " + why])
    for text in ("-oops", "an error"):
        reply = tool.start("reply", "svc", "--", text)
        reply.wait_err("Listening on")
        listens(tool, "svc")
        outcome = tool.run("bench", "service", "request", "svc", "--msgs", "3", "--no-progress", code=1)
        eq((outcome.out, outcome.logs[2:]), ("", ["Request did not receive a good reply: \"%s\"" % text]))
        reply.interrupt()
        reply.wait(code=None)


@case(63)
def what_one_may_not_do(ctx):
    tool = nats(ctx, 'authorization { users: [{user: u, password: u, permissions: {publish: {deny: "x"}}}] }\nno_auth_user: u')
    outcome = tool.run("bench", "service", "request", "x", "--msgs", "3", "--no-progress", "--timeout", "1s", code=1)
    eq(outcome.logs[2:], ['Async connection error received: nats: permissions violation: Permissions Violation for Publish to "x"',
                          "Error from client 0: requesting: requesting: nats: timeout",
                          "nats: error: requesting: requesting: nats: timeout"])
    # The messages are sent, and as many errors come back.
    outcome = tool.run("bench", "pub", "x", "--msgs", "20000", "--no-progress")
    check('Async connection error received: nats: permissions violation: Permissions Violation for Publish to "x"' in outcome.logs, outcome)
    check("WARNING: at least one of the clients disconnected or experienced an error during the benchmark. These results are not optimal!"
          in outcome.logs, outcome)
    eq(results(outcome.out), "Core NATS publisher")


@case(63)
def connections_that_are_lost(ctx):
    tool = nats(ctx)
    tool.run("bench", "js", "pub", "async", "b", "--create", "--maxbytes", "10MB", "--msgs", "60", "--no-progress")
    tool.run("bench", "kv", "put", "--maxbytes", "10MB", "--msgs", "60", "--no-progress")
    server = tool.server.varz()["server_id"]
    runs = []
    for args in (("pub", "a"), ("js", "pub", "sync", "b"), ("js", "ordered"), ("js", "consume"),
                 ("js", "get", "sync"), ("kv", "put", "--maxbytes", "10MB"), ("kv", "get")):
        known = {c["cid"] for c in tool.server.connz()["connections"]}
        run = tool.start("bench", *args, "--msgs", "40", "--sleep", "100ms", "--no-progress")
        run.wait_err(r"\[1\] Starting")
        # The last one is the client's; whatever else was connected first may stay.
        cids = wait_until(lambda: sorted({c["cid"] for c in tool.server.connz()["connections"]} - known), "connections of " + " ".join(args))
        runs.append((run, cids[-1]))
    time.sleep(1)
    for run, cid in runs:
        tool.run("server", "request", "kick", str(cid), server, *SYSTEM)
    for run, _ in runs:
        outcome = run.wait()
        check(any(line.startswith("Disconnected due to: ") for line in outcome.logs), outcome)
        eq(outcome.logs[-1], "WARNING: at least one of the clients disconnected or experienced an error during the benchmark. "
                             "These results are not optimal!")
        results(outcome.out)


CREATED = {"storage": "file", "max_bytes": "1,073,741,824", "replicas": "1", "deduplication": "false", "dedup_window": "2m0s"}


@case(63)
def publishing_to_a_stream(ctx):
    tool = nats(ctx)
    for args, label, batch, operations in (
            (("sync",), "JetStream synchronous publisher", "0", 1000),
            (("async", "--batch", "100"), "JetStream asynchronous publisher", "100", 10)):
        outcome = tool.run("bench", "js", "pub", *args, "b", "--create", "--purge", "--msgs", "1000", "--size", "32", "--no-progress",
                           "--csv", "out.csv")
        eq(results(outcome.out, latencies=True), label)
        eq(outcome.logs, [starting(label, batch=batch, msg_size="32 B", msgs="1,000", purge="true", sleep="0s", stream="benchstream",
                                   subject="b", **ONE_SUBJECT, **CREATED),
                          "Using stream: benchstream", "Purging the stream", "[1] Starting %s, publishing 1,000 messages" % label])
        eq(table(tool, "out.csv", latencies=True), [("P0", 2000, 32000)])
        eq(tool.run("stream", "info", "benchstream", "--json").json["state"]["messages"], 1000)
    config = tool.run("stream", "info", "benchstream", "--json").json["config"]
    eq((config["subjects"], config["retention"], config["discard"], config["max_bytes"], config["duplicate_window"], config["allow_direct"]),
       (["b"], "limits", "new", 1 << 30, 120 * 10**9, True))
    # It is not changed.
    eq(tool.error("bench", "js", "pub", "sync", "b", "--create", "--dedupwindow", "1m"),
       "could not create the stream. If you want to delete and re-define the stream use `nats stream delete benchstream`: "
       "stream name already in use with a different configuration (10058)")


@case(63)
def streams_that_are_not_there(ctx):
    tool = nats(ctx)
    missing = "nats: API error: code=404 err_code=10059 description=stream not found"
    outcome = tool.run("bench", "js", "pub", "sync", "b", code=1)
    eq(outcome.logs, [starting("JetStream synchronous publisher", batch="0", msgs="100,000", purge="false", sleep="0s",
                               stream="benchstream", subject="b", **ONE_SUBJECT),
                      "nats: error: could not access stream benchstream: " + missing])
    for args in (("ordered",), ("consume", "--consumer", "c"), ("fetch", "--consumer", "c"), ("get", "sync")):
        outcome = tool.run("bench", "js", *args, "--stream", "NONE", code=1)
        eq(outcome.logs[-2:], ["Error from client 0: getting stream 'NONE': " + missing,
                               "nats: error: getting stream 'NONE': " + missing])
    for args in (("ordered",), ("consume", "--consumer", "c"), ("fetch", "--consumer", "c")):
        eq(tool.run("bench", "js", *args, "--stream", "NONE", "--purge", code=1).logs[1:],
           ["nats: error: getting stream 'NONE': " + missing])
    for kind in ("consume", "fetch"):
        eq(tool.run("bench", "js", kind, "--stream", "NONE", code=1).logs[1:],
           ["nats: error: creating the durable consumer 'nats-bench': " + missing])
    tool.run("bench", "js", "pub", "sync", "b", "--create", "--msgs", "1", "--no-progress")
    for kind, why in (("sync", "publishing: publishing synchronously: nats: no response from stream"),
                      ("async", "publishing: async publish acknowledgement is an error: nats: no response from stream")):
        outcome = tool.run("bench", "js", "pub", kind, "other", "--msgs", "2", "--no-progress", code=1)
        eq(outcome.logs[-2:], ["Fatal error from client 0: " + why, "nats: error: " + why])
    for name, why in (("", "nats: stream name is required"), ("a.b", 'nats: invalid stream name: "a.b"')):
        eq(tool.run("bench", "js", "pub", "sync", "b", "--stream", name, code=1).logs[-1],
           "nats: error: could not access stream %s: %s" % (name, why))
        eq(tool.run("bench", "js", "ordered", "--stream", name, code=1).logs[-1],
           "nats: error: getting stream '%s': %s" % (name, why))
    tool.run("bench", "js", "pub", "sync", "s", "--create", "--stream", "SMALL", "--maxbytes", "1KB", "--msgs", "1", "--no-progress")
    full = "nats: API error: code=503 err_code=10077 description=maximum bytes exceeded"
    for kind, why in (("sync", "publishing: publishing synchronously: nats: "),
                      ("async", "publishing: async publish acknowledgement is an error: ")):
        outcome = tool.run("bench", "js", "pub", kind, "s", "--stream", "SMALL", "--msgs", "100", "--no-progress", code=1)
        eq(outcome.logs[-2:], ["Fatal error from client 0: " + why + full, "nats: error: " + why + full])


@case(63)
def ids_and_subjects_of_stored_messages(ctx):
    tool = nats(ctx)
    for kind in ("sync", "async"):
        tool.run("bench", "js", "pub", kind, "b", "--create", "--purge", "--msgs", "5", "--clients", "2", "--dedup", "--multisubject",
                 "--multisubjectmax", "10", "--no-progress", "-H", "Z:1", "-H", "A:2")
        subjects = tool.run("stream", "subjects", "benchstream", "--json").json
        eq(sorted(subjects), ["b.%02d" % number for number in range(5)])
        last = tool.run("stream", "get", "benchstream", "--last-for", "b.04", "--json").json
        headers = base64.b64decode(last["hdrs"]).decode()
        matches(headers, r"\ANATS/1.0\r\nA: 2\r\nNats-Msg-Id: [0-9a-f]{11}-1-4\r\nZ: 1\r\n\r\n\Z")


@case(63)
def consumers(ctx):
    tool = nats(ctx)
    tool.run("bench", "js", "pub", "async", "b", "--create", "--msgs", "1000", "--no-progress")
    outcome = tool.run("bench", "js", "ordered", "--msgs", "1000", "--no-progress", "--csv", "out.csv")
    label = "JetStream ordered ephemeral consumer"
    eq(results(outcome.out, latencies=False), label)
    eq(outcome.logs, [starting(label, msgs="1,000", purge="false", sleep="0s", stream="benchstream"),
                      "[1] Starting %s, expecting 1,000 messages" % label])
    ((client, messages, size),) = table(tool, "out.csv", latencies=False)
    eq((client, size), ("S0", 128000))
    # The messages, two requests with their answers, and requests for messages.
    check(1005 <= messages <= 1015, messages)
    for kind, in_words in (("consume", "callback"), ("fetch", "fetch")):
        label = "JetStream durable consumer (%s)" % in_words
        for acks in ("explicit", "none", "all"):
            outcome = tool.run("bench", "js", kind, "--msgs", "1000", "--acks", acks, "--batch", "100", "--clients", "2", "--no-progress",
                               "--csv", "out.csv")
            eq(results(outcome.out, latencies=kind == "fetch", clients=2), label)
            eq(outcome.logs[0], starting(label, acks=acks, batch="100", clients="2", consumer="nats-bench", double_acked="false",
                                         msgs="1,000", purge="false", sleep="0s", stream="benchstream"))
            eq(sorted(outcome.logs[1:]), ["[%d] Starting %s, expecting 500 messages" % (client, label) for client in (1, 2)])
            # Each message is acknowledged by itself.
            for client, messages, size in table(tool, "out.csv", latencies=kind == "fetch"):
                least = 500 if acks == "none" else 1000
                check(least + 5 <= messages <= least + 100, (kind, acks, messages))
            info = tool.run("consumer", "info", "benchstream", "nats-bench", "--json").json
            config = info["config"]
            eq((config["ack_policy"], config["max_ack_pending"], config["inactive_threshold"], config["deliver_policy"]),
               (acks, 200, 10 * 10**9, "all"))
            if acks != "none":
                eq(info["ack_floor"]["consumer_seq"], 1000)
            tool.run("consumer", "rm", "benchstream", "nats-bench", "-f")


@case(63)
def a_consumer_with_a_name_must_be_there(ctx):
    tool = nats(ctx)
    tool.run("bench", "js", "pub", "async", "b", "--create", "--msgs", "10", "--no-progress")
    missing = "nats: API error: code=404 err_code=10014 description=consumer not found"
    for kind in ("consume", "fetch"):
        outcome = tool.run("bench", "js", kind, "--consumer", "mine", "--msgs", "10", code=1)
        eq(outcome.logs[-2:], ["Error from client 0: getting durable consumer 'mine': " + missing,
                               "nats: error: getting durable consumer 'mine': " + missing])
    tool.run("consumer", "add", "benchstream", "mine", "--pull", "--ack", "explicit", "--max-pending", "7", "--defaults")
    results(tool.out("bench", "js", "consume", "--consumer", "mine", "--msgs", "4", "--batch", "3", "--no-progress"))
    results(tool.out("bench", "js", "fetch", "--consumer", "mine", "--msgs", "6", "--batch", "3", "--no-progress"))
    info = tool.run("consumer", "info", "benchstream", "mine", "--json").json
    eq((info["config"]["max_ack_pending"], info["ack_floor"]["consumer_seq"]), (7, 10))


@case(63)
def consumers_wait_for_messages(ctx):
    tool = nats(ctx)
    tool.run("bench", "js", "pub", "async", "b", "--create", "--msgs", "3", "--no-progress")
    # Longer than any timeout.
    runs = [tool.start("bench", "js", *args, "--msgs", "5", "--no-progress", "--timeout", "200ms") for args in (("ordered",), ("consume",))]
    for run in runs:
        run.wait_err("expecting 5 messages")
    wait_until(lambda: tool.run("stream", "info", "benchstream", "--json").json["state"]["consumer_count"] == 2, "consumers")
    time.sleep(1)
    tool.run("bench", "js", "pub", "sync", "b", "--msgs", "2", "--no-progress")
    for run in runs:
        results(run.wait().out)


@case(63)
def gets(ctx):
    tool = nats(ctx)
    tool.run("bench", "js", "pub", "async", "b", "--create", "--msgs", "20", "--no-progress")
    tool.run("stream", "rmm", "benchstream", "1", "-f")
    outcome = tool.run("bench", "js", "get", "sync", "--msgs", "10", "--clients", "2", "--no-progress", "--csv", "out.csv")
    label = "JetStream synchronous getter"
    eq(results(outcome.out, latencies=True, clients=2), label)
    eq(outcome.logs[0], starting(label, clients="2", msgs="10", sleep="0s", stream="benchstream"))
    # Every client gets everything, from the first message on.
    eq(sorted(outcome.logs[1:]), ["[%d] Starting %s, expecting 10 messages" % (client, label) for client in (1, 2)])
    eq(table(tool, "out.csv", latencies=True), [("S0", 24, 1280), ("S1", 24, 1280)])
    why = "getting message sequence number 21 from the stream: nats: API error: code=404 err_code=10037 description=message not found"
    outcome = tool.run("bench", "js", "get", "sync", "--msgs", "20", "--no-progress", code=1)
    eq(outcome.logs[-2:], ["Error from client 0: " + why, "nats: error: " + why])
    outcome = tool.run("bench", "js", "get", "batch", "--msgs", "19", "--batch", "10", "--no-progress")
    label = "JetStream batched direct getter"
    eq(results(outcome.out, latencies=True), label)
    eq(outcome.logs, [starting(label, batch="10", filter=">", msgs="19", sleep="0s", stream="benchstream"),
                      "[1] Starting %s, expecting 19 messages" % label])
    outcome = tool.run("bench", "js", "get", "batch", "--msgs", "30", "--no-progress", code=1)
    why = "getting message from the stream: no messages"
    eq(outcome.logs[2:], ["[1] Warning: Got 19 (expected 30) messages in this batch", "Error from client 0: " + why, "nats: error: " + why])


@case(63)
def buckets(ctx):
    tool = nats(ctx)
    outcome = tool.run("bench", "kv", "put", "--msgs", "100", "--clients", "2", "--no-progress", "--csv", "out.csv")
    label = "JetStream KV putter"
    eq(results(outcome.out, latencies=True, clients=2), label)
    eq(outcome.logs[0], starting(label, bucket="benchbucket", clients="2", msgs="100", purge="false", sleep="0s"))
    eq(sorted(outcome.logs[1:]), ["[%d] Starting %s, publishing 50 messages" % (client, label) for client in (1, 2)])
    eq(table(tool, "out.csv", latencies=True), [("P0", 102, 6400), ("P1", 102, 6400)])
    eq(sorted(map(int, tool.out("kv", "ls", "benchbucket").split())), list(range(100)))
    config = tool.run("stream", "info", "KV_benchbucket", "--json").json["config"]
    eq((config["description"], config["max_msgs_per_subject"], config["max_bytes"], config["storage"]),
       ("nats bench bucket", 1, 1 << 30, "file"))
    outcome = tool.run("bench", "kv", "get", "--msgs", "3", "--clients", "4", "--no-progress")
    label = "JetStream KV getter"
    eq(outcome.logs[0], starting(label, bucket="benchbucket", clients="4", msgs="3", randomize="0", sleep="0s"))
    eq(sorted(outcome.logs[1:]), ["[%d] Starting %s, trying to get %d messages" % (client + 1, label, client < 3) for client in range(4)])
    matches(outcome.out, r"\[\d\] 0 msgs/sec ~ 0 B/sec \(0 msgs\)\n|\(0 msgs\)\n")
    outcome = tool.run("bench", "kv", "get", "--msgs", "101", "--no-progress", code=1)
    eq(outcome.logs[-2:], ["Error from client 0: getting key '100': nats: key not found",
                           "nats: error: getting key '100': nats: key not found"])
    # Other settings than those it has.
    outcome = tool.run("bench", "kv", "put", "--msgs", "1", "--history", "4", code=1)
    eq(outcome.logs[1:], ["nats: error: nats: bucket name already in use: benchbucket",
                          "nats: API error: code=400 err_code=10058 description=stream name already in use"])
    tool.run("bench", "kv", "put", "--msgs", "5", "--history", "4", "--purge", "--no-progress")
    eq(len(tool.out("kv", "ls", "benchbucket").split()), 5)


@case(63)
def buckets_that_are_not_there(ctx):
    tool = nats(ctx)
    outcome = tool.run("bench", "kv", "put", "--msgs", "1", "--purge", code=1)
    eq(outcome.logs[1:], ["nats: error: nats: bucket not found: benchbucket",
                          "nats: API error: code=404 err_code=10059 description=stream not found"])
    for verb, why in (("put", "putting: getting the kv bucket 'MINE': nats: bucket not found"),
                      ("get", "finding kv bucket 'MINE': nats: bucket not found")):
        outcome = tool.run("bench", "kv", verb, "--bucket", "MINE", "--msgs", "1", code=1)
        eq(outcome.logs[-2:], ["Error from client 0: " + why, "nats: error: " + why])
    eq(tool.out("kv", "ls", "--names"), "")


@case(63, "deviation")
def a_bucket_with_a_name_stays(ctx):
    """The original deletes the bucket with `--purge`, and fails as it is not there then."""
    tool = nats(ctx)
    tool.run("kv", "add", "MINE", "--history", "3")
    tool.run("bench", "kv", "put", "--bucket", "MINE", "--msgs", "5", "--no-progress")
    results(tool.out("bench", "kv", "put", "--bucket", "MINE", "--purge", "--msgs", "3", "--no-progress"))
    eq(sorted(tool.out("kv", "ls", "MINE").split()), ["0", "1", "2"])
    eq(tool.run("stream", "info", "KV_MINE", "--json").json["config"]["max_msgs_per_subject"], 3)


@case(63, "deviation")
def a_single_latency_does_not_deviate(ctx):
    """The original takes an average in microseconds from times in nanoseconds."""
    tool = nats(ctx)
    tool.run("bench", "pub", "foo", "--msgs", "1", "--no-progress", "--csv", "out.csv")
    row = open(tool.path("out.csv"), encoding="utf-8").read().splitlines()[1].split(",")
    eq(row[-1], "0.000000")
    eq(len(set(row[7:14])), 1)


@case(63, "deviation")
def clients_without_messages_and_batches_of_none(ctx):
    """The original hangs or crashes."""
    tool = nats(ctx)
    tool.run("bench", "js", "pub", "sync", "b", "--create", "--msgs", "2", "--no-progress")
    for kind in ("consume", "fetch"):
        outcome = tool.run("bench", "js", kind, "--msgs", "2", "--clients", "3")
        eq(results(outcome.out, clients=3), "JetStream durable consumer (%s)" % ("callback" if kind == "consume" else kind))
        tool.run("consumer", "rm", "benchstream", "nats-bench", "-f")
    for args in (("pub", "async", "b"), ("pub", "atomic", "b"), ("fetch",), ("get", "batch"), ("consume",)):
        eq(tool.error("bench", "js", *args, "--batch", "0", "--msgs", "2").splitlines()[-1], "--batch must be >= 1")
    eq(tool.error("bench", "pub", "b", "--clients=-1"), "number of clients cannot be negative")


@case(63, "atomic_batch")
def atomic_batches(ctx):
    tool = nats(ctx)
    outcome = tool.run("bench", "js", "pub", "atomic", "b", "--create", "--msgs", "250", "--batch", "100", "--no-progress", "--csv",
                       "out.csv")
    label = "JetStream atomic batch publisher"
    eq(results(outcome.out, latencies=True), label)
    eq(outcome.logs, [starting(label, batch="100", msgs="250", purge="false", sleep="0s", stream="benchstream", subject="b", **ONE_SUBJECT,
                               **CREATED), "Using stream: benchstream", "[1] Starting %s, publishing 250 messages" % label])
    eq(table(tool, "out.csv", latencies=True), [("P0", 253, 250 * 128)])
    config = tool.run("stream", "info", "benchstream", "--json").json["config"]
    eq((config.get("allow_atomic"), config.get("allow_batched")), (True, True))
    for args, why in ((("c", "--msgs", "3"), "publishing: publishing with batch commit: nats: no response from stream"),
                      (("b", "--batch", "2000", "--msgs", "1500"),
                       "publishing: publishing with batch commit: nats: nats: API error: code=400 err_code=10199 "
                       "description=atomic publish batch is too large: 1000")):
        outcome = tool.run("bench", "js", "pub", "atomic", *args, "--no-progress", code=1)
        eq(outcome.logs[-2:], ["Fatal error from client 0: " + why, "nats: error: " + why])


@case(63, "fast_batch")
def fast_batches(ctx):
    tool = nats(ctx)
    for more in ((), ("--batch", "20", "--max-outstanding-acks", "3"), ("--msgs", "1")):
        args = list(more) if "--msgs" in more else ["--msgs", "1000", *more]
        out = tool.out("bench", "js", "pub", "fast", "b", "--create", "--purge", *args)
        eq(results(out, latencies=True), "JetStream fast batch publisher")
    eq(tool.run("stream", "info", "benchstream", "--json").json["state"]["messages"], 1)
    outcome = tool.run("bench", "js", "pub", "fast", "b", "--batch", "100000", "--msgs", "3", "--no-progress")
    eq(outcome.logs[1], "WARNING: --batch 100000 exceeds the fast publisher flow window maximum of 65535; capping at 65535")
    check("[batch=100,000, " in outcome.logs[0], outcome)


@case(63, "fast_batch", "deviation")
def fast_batches_that_fail(ctx):
    """The original waits for its timeout, or says only that the batch is closed."""
    tool = nats(ctx)
    tool.run("bench", "js", "pub", "fast", "b", "--create", "--maxbytes", "1KB", "--msgs", "1", "--no-progress")
    outcome = tool.run("bench", "js", "pub", "fast", "b", "--msgs", "1000", "--no-progress", code=1)
    eq(outcome.logs[-1], "nats: error: publishing: fast batch publishing: nats: batch publisher closed: "
                         "nats: API error: code=503 err_code=10077 description=maximum bytes exceeded")
    outcome = tool.run("bench", "js", "pub", "fast", "other", "--msgs", "1", "--no-progress", code=1)
    eq(outcome.logs[-1], "nats: error: publishing: fast batch publishing: batch message 1 ack timeout: "
                         "nats: no responders available for request")


@case(63)
def older_kinds_of_consumers(ctx):
    tool = nats(ctx)
    tool.run("bench", "js", "pub", "async", "b", "--create", "--msgs", "500", "--no-progress")
    label = "JetStream ordered ephemeral consumer (old API)"
    # Its stream is that of the subject.
    outcome = tool.run("bench", "oldjs", "ordered", "b", "--msgs", "500", "--stream", "OTHER", "--no-progress", "--csv", "out.csv")
    eq(outcome.logs, [starting(label, msgs="500", multi_subject="false", sleep="0s", stream="OTHER"),
                      "[1] Starting %s, expecting 500 messages" % label])
    eq(results(outcome.out, latencies=False), label)
    label = "JetStream durable push consumer (old API)"
    outcome = tool.run("bench", "oldjs", "push", "b", "--msgs", "500", "--no-progress")
    eq(outcome.logs, [starting(label, acked="true", consumer="nats-bench", double_acked="false", msgs="500", sleep="0s",
                               stream="benchstream"),
                      "Defined durable explicitly acked push consumer: nats-bench", "[1] Starting %s, expecting 500 messages" % label,
                      "Deleted durable consumer: nats-bench"])
    eq(results(outcome.out, latencies=False), label)
    label = "JetStream durable pull consumer (old API)"
    outcome = tool.run("bench", "oldjs", "pull", "b", "--msgs", "500", "--no-ack", "--no-progress")
    eq(outcome.logs, [starting(label, acked="false", batch="500", consumer="nats-bench", double_acked="false", msgs="500", sleep="0s",
                               stream="benchstream"),
                      "Defined durable pull consumer: nats-bench", "[1] Starting %s, expecting 500 messages" % label,
                      "Deleted durable consumer: nats-bench"])
    eq(results(outcome.out, latencies=False), label)
    # One with a name is made, too.
    outcome = tool.run("bench", "oldjs", "pull", "b", "--msgs", "500", "--consumer", "made", "--no-progress")
    results(outcome.out, latencies=False)
    eq(len(outcome.logs), 2)
    tool.run("consumer", "add", "benchstream", "mine", "--pull", "--filter", "b", "--defaults")
    for args, why in ((("ordered", "none"), "subscribing to the ordered consumer on subject 'none': nats: no stream matches subject"),
                      (("push", "b", "--consumer", "mine"), "subscribing to the push durable 'mine': "
                       "nats: must use pull subscribe to bind to pull based consumer"),
                      (("push", "b", "--consumer", "none"), "subscribing to the push durable 'none': nats: consumer not found"),
                      (("pull", "other", "--consumer", "mine"), "PullSubscribe: nats: subject does not match consumer")):
        outcome = tool.run("bench", "oldjs", *args, "--no-progress", code=1)
        eq(outcome.logs[-2:], ["Error from client 0: " + why, "nats: error: " + why])
    eq(tool.run("bench", "oldjs", "pull", "b", "--stream", "NONE", code=1).logs[-1],
       "nats: error: creating the durable consumer 'nats-bench': nats: stream not found")
    eq(tool.run("bench", "oldjs", "push", "b", "--stream", "NONE", code=1).logs[-1],
       "Error creating the durable push consumer: nats: stream not found")


@case(63)
def without_a_server(ctx):
    tool = nats(ctx, server=False)
    tool.env["NATS_URL"] = "nats://127.0.0.1:1"
    for prefix, commands in (
            ("", (("pub", "a"), ("js", "pub", "sync", "a"), ("js", "ordered", "--purge"), ("oldjs", "push", "a"))),
            ("client number 0 failed to connect: ", (("sub", "a"), ("service", "request", "a"), ("service", "serve", "a"))),
            ("client number 0 could not connect: ", (("js", "ordered"), ("oldjs", "ordered", "a"))),
            ("client number 0 cloud not connect: ", (("kv", "get"),)),
            ("connecting: ", (("js", "consume"), ("js", "fetch"), ("js", "get", "sync"), ("js", "get", "batch"), ("kv", "put"),
                              ("oldjs", "pull", "a")))):
        for args in commands:
            outcome = tool.run("bench", *args, code=1)
            eq(outcome.logs[1:], ["nats: error: " + prefix + "nats: no servers available for connection"], args)


@case(63)
def without_jetstream(ctx):
    tool = nats(ctx, "")
    for args, why in ((("js", "pub", "sync", "a"), "could not access stream benchstream: nats: no responders available for request"),
                      (("js", "pub", "atomic", "a"), "nats: jetstream not enabled"),
                      (("js", "ordered"), "getting stream 'benchstream': nats: no responders available for request"),
                      (("js", "consume"), "creating the durable consumer 'nats-bench': nats: no responders available for request"),
                      (("js", "get", "batch"), "getting message from the stream: nats: no responders available for request"),
                      (("kv", "put"), "nats: API error: code=503 err_code=10076 description=jetstream not enabled"),
                      (("kv", "get"), "finding kv bucket 'benchbucket': nats: no responders available for request"),
                      (("oldjs", "pull", "a"), "creating the durable consumer 'nats-bench': nats: jetstream not enabled")):
        outcome = tool.run("bench", *args, "--msgs", "1", code=1)
        check(outcome.logs[-1].startswith("nats: error: " + why), outcome)
