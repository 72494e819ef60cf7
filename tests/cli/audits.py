"""audit, and --archive of other commands: item 142."""

import json
import os
import re
import stat
import zipfile

from tool import *

CODES = (["ACCOUNTS_001"] + ["CLUSTER_%03d" % n for n in range(1, 5)] + ["JETSTREAM_%03d" % n for n in range(1, 6)] + ["LEAF_001"]
         + ["META_001", "META_002"] + ["SERVER_%03d" % n for n in range(1, 9)])


def gather(tool, *options):
    """Captures a.zip quickly."""
    return tool.run("audit", "gather", "--output", "a.zip", "--no-server-profiles", *options, *SYSTEM)


def outcomes(report):
    return {result["check"]["code"]: result["outcome_string"] for result in report["checks"]}


def write_archive(tool, name, files):
    """An archive with these files: path → (tags, content)."""
    manifest = {path: [{"Name": key, "Value": value} for key, value in tags.items()] for path, (tags, _) in files.items()}
    with zipfile.ZipFile(tool.path(name), "w", zipfile.ZIP_DEFLATED) as out:
        for path, (_, content) in files.items():
            out.writestr(path, json.dumps(content))
        out.writestr("capture/misc/manifest.json", json.dumps(manifest))
    return tool.path(name)


def of_server(files, cluster, server, kind, data, page=1):
    files["capture/clusters/%s/%s/%s/%04d.json" % (cluster, server, kind, page)] = (
        {"cluster": cluster, "server": server, "artifact_type": kind},
        {"server": {"name": server, "cluster": cluster, "id": "N" + server}, "data": data})


@case(142)
def checks_are_listed(ctx):
    tool = nats(ctx, server=False)
    out = tool.out("audit", "checks")
    matches(out, r"Audit Checks.*│ Suite +│ Code +│ Description +│ Configuration +│")
    eq(re.findall(r"│ ([A-Z]+_\d{3}) ", out), CODES)
    matches(out, r"│ accounts +│ ACCOUNTS_001 +│ .*│ connections \(90%\), subscriptions \(90%\) +│")
    matches(out, r"│ CLUSTER_001 +│ .*│ memory \(1\.5\) +│.*│ CLUSTER_003 +│ .*│ assets \(1,000\) +│")
    found = tool.run("audit", "ls", "--json").json
    eq([check["code"] for check in found], CODES)
    eq(list(found[0]), ["code", "suite", "name", "description", "configuration"])
    eq({key: found[0]["configuration"]["connections"][key] for key in ("key", "check", "default", "unit")},
       {"key": "connections", "check": "ACCOUNTS_001", "default": 90, "unit": "%"})


@case(142, "services")
def a_server_is_captured_and_checked(ctx):
    tool = nats(ctx)
    tool.run("request", "$JS.API.STREAM.CREATE.S", json.dumps({"name": "S", "subjects": ["s.>"], "storage": "file", "max_msgs": 10}), "--raw")
    for _ in range(10):
        tool.run("pub", "s.a", "x", "-J", "-q")
    outcome = gather(tool)
    eq(outcome.out, "")
    eq(outcome.logs[-1], "Archive created at: a.zip")
    check("Found 3 accounts on 1 servers" in outcome.logs, outcome)
    eq(stat.S_IMODE(os.stat(tool.path("a.zip")).st_mode), 0o600)
    eq([name for name in os.listdir(tool.home) if "tmp" in name], [])
    with zipfile.ZipFile(tool.path("a.zip")) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("capture/misc/manifest.json"))
        eq(sorted(manifest), sorted(name for name in names if not name.endswith("manifest.json")))
        server = tool.run("server", "list", "--json", *SYSTEM).json[0]["server"]["name"]
        for kind in ("variables", "exp_variables", "connections", "routes", "gateways", "leafs", "subs", "jetstream_info", "accounts", "health"):
            path = "capture/clusters/unclustered/%s/%s/0001.json" % (server, kind)
            eq({tag["Name"]: tag["Value"] for tag in manifest[path]},
               {"cluster": "unclustered", "server": server, "artifact_type": kind})
            eq(list(json.loads(archive.read(path))), ["server", "data"])
        path = "capture/accounts/APP/streams/S/replicas/unclustered__%s/stream_info/0001.json" % server
        eq(json.loads(archive.read(path))["state"]["messages"], 10)
        metadata = json.loads(archive.read("capture/misc/audit_gather_metadata.json"))
        eq(list(metadata), ["capture_timestamp", "connected_server_name", "connected_server_version", "connect_url", "user_name", "version"])
        check("sys" not in metadata["connect_url"], metadata)
        matches(archive.read("capture/misc/audit_gather_log.log").decode(), r"^\d\d:\d\d:\d\d INFO: ")
        eq(archive.getinfo(path).compress_type, zipfile.ZIP_DEFLATED)
    out = tool.out("audit", "analyze", "a.zip", env={"NATS_URL": None})
    matches(out, r'^NATS Audit Report "a\.zip" captured at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n\n')
    eq(re.findall(r"(?m)^\[(?:PASS|WARN|FAIL|SKIP)\] \[(\w+)\] ", out), CODES)
    matches(out, r"\[WARN\] \[JETSTREAM_003\] .*\n - APP/S on \S+: 100\.0% of the limit of messages \(10/10\)\n\n")
    matches(out, r"\n\nReport Summary\n\nArchive Information:\n\n +Connection Server: \S+\n +Server Version: \S+\n +Creator: nats \S+\n +User: \S+\n\n"
                 r"Summary of Checks:\n\n +PASS: 19\n +SKIP: 1\n +WARN: 1\n +FAIL: 0\n")
    report = tool.run("audit", "analyze", "a.zip", "--json", "--skip", "jetstream_003", "--save", "report.json").json
    eq(list(report), ["type", "time", "metadata", "skipped_checks", "skipped_suites", "checks", "outcomes"])
    eq((report["type"], report["skipped_checks"]), ("io.nats.audit.v1.analysis", ["jetstream_003"]))
    eq(report["outcomes"], {"FAIL": 0, "PASS": 19, "SKIP": 2, "WARN": 0})
    eq(report["checks"][0]["outcome"], 0)
    check('\n   "type"' in "\n" + tool.out("audit", "analyze", "a.zip", "-j").replace("{\n", "\n", 1), "three blanks")
    eq(json.loads(open(tool.path("report.json"), encoding="utf-8").read()), report)
    eq(tool.error("audit", "analyze", "a.zip", "--save", "report.json"), 'result file "report.json" already exist, use --force to overwrite')
    tool.run("audit", "analyze", "a.zip", "--save", "report.json", "-f")
    matches(tool.out("audit", "analyze", "--load", "report.json"), r'^NATS Audit Report "report\.json" captured at .*\[WARN\] \[JETSTREAM_003\]')
    matches(tool.out("audit", "analyze", "a.zip", "--markdown"),
            r"^# NATS Audit Report .*\|WARN\|1\|.*### Check Suite: jetstream\n.*#### Stream Limits\n\nOutcome: \*\*WARN\*\*\n\n\|#\|Example\|\n")
    eq(tool.error("audit", "analyze"), "archive path is required")
    matches(tool.error("audit", "analyze", "report.json"), "^report.json is no audit archive: ")
    matches(tool.error("audit", "analyze", "--load", "a.zip"), "^a.zip is no report of an audit: ")
    matches(tool.error("audit", "gather", "--timeout", "1s"), "ensure the account used has system privileges")


@case(142, "services")
def parts_are_left_out(ctx):
    tool = nats(ctx)
    outcome = tool.run("audit", "capture", "-o", "a.zip", "--no-progress", "--no-server-endpoints", "--no-server-profiles",
                       "--no-account-endpoints", "--no-streams", *SYSTEM)
    eq((outcome.out, outcome.err), ("", ""))
    with zipfile.ZipFile(tool.path("a.zip")) as archive:
        eq(sorted(archive.namelist()), ["capture/misc/audit_gather_log.log", "capture/misc/audit_gather_metadata.json",
                                        "capture/misc/manifest.json"])
    found = tool.run("audit", "analyze", "a.zip", "--json").json
    eq(outcomes(found)["SERVER_001"], "SKIP")
    matches([check["examples"]["error"] for check in found["checks"] if check["check"]["code"] == "SERVER_001"][0], "no health of servers")
    eq(tool.error("server", "list", "--archive", "a.zip"),
       "no results received, ensure the account used has system privileges and appropriate permissions")
    matches(tool.error("audit", "gather", "-o", "b.zip", "--cluster", "nowhere", *SYSTEM), "no results received")
    eq(os.path.exists(tool.path("b.zip")), False)
    out = tool.out("audit", "gather", "--no-progress", "--no-server-endpoints", "--no-server-profiles", "--no-account-endpoints",
                   "--no-streams", *SYSTEM, env={"TMPDIR": tool.home})
    matches(out, r"^%s/audit-archive-\d+\.zip\n$" % re.escape(tool.home))


@case(142, "services")
def details_and_consumers_are_left_out(ctx):
    tool = nats(ctx)
    tool.run("request", "$JS.API.STREAM.CREATE.S", json.dumps({"name": "S", "subjects": ["s.>"], "storage": "file"}), "--raw")
    body = {"stream_name": "S", "config": {"durable_name": "C", "ack_policy": "explicit"}}
    tool.run("request", "$JS.API.CONSUMER.DURABLE.CREATE.S.C", json.dumps(body), "--raw")

    def captured():
        with zipfile.ZipFile(tool.path("a.zip")) as archive:
            pages = {name.split("/")[-2]: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith("/0001.json")}
        return [consumer["name"] for consumer in pages["stream_info"].get("consumer_detail") or []], pages["jetstream_info"]["data"]

    gather(tool, "--consumers", "--details")
    consumers, js = captured()
    eq((consumers, len(js["account_details"])), (["C"], 1))
    gather(tool, "--no-consumers", "--no-details")
    consumers, js = captured()
    eq((consumers, "account_details" in js), ([], False))
    outcome = tool.run("audit", "analyze", "a.zip", "--verbose")
    check("ACCOUNTS_001 ended with PASS" in outcome.logs and "SERVER_008 ended with SKIP" in outcome.logs, outcome)


@case(142, "services", "profile", slow=True)
def profiles_are_captured(ctx):
    tool = nats(ctx)
    tool.run("audit", "gather", "-o", "a.zip", "--no-server-endpoints", "--no-account-endpoints", "--no-streams", "--timeout", "2s", *SYSTEM)
    with zipfile.ZipFile(tool.path("a.zip")) as archive:
        found = [name for name in archive.namelist() if name.startswith("capture/profiles/unclustered/")]
        eq(sorted(name.split("__")[1] for name in found),
           ["allocs.prof", "block.prof", "cpu.prof", "goroutine_1.prof", "goroutine_2.prof", "heap.prof", "mutex.prof", "threadcreate.prof"])
        content = archive.read([name for name in found if name.endswith("heap.prof")][0])
    out = tool.out("server", "request", "profile", "heap", "out", "--archive", "a.zip")
    path = re.search(r"profile written: (\S+)\n", out).group(1)
    with open(tool.path(path), "rb") as file:
        eq(file.read(), content)
    matches(tool.error("server", "request", "profile", "goroutine", "out", "--archive", "a.zip", "--level", "3"),
            r"the archive has no profile goroutine_3, it has: allocs, ")


@case(142, "services")
def other_commands_read_an_archive(ctx):
    tool = nats(ctx)
    for name, subject in (("first", "a.>"), ("second", "b")):
        watching = tool.start("sub", subject, "--connection-name", name)
        watching.wait_err("Subscribing")
    tool.run("request", "$JS.API.STREAM.CREATE.S", json.dumps({"name": "S", "subjects": ["s.>"], "storage": "file"}), "--raw")
    server = tool.run("server", "list", "--json", *SYSTEM).json[0]["server"]
    gather(tool)
    tool.env["NATS_URL"] = "nats://127.0.0.1:1"
    archive = ("--archive", "a.zip")
    listed = tool.run("server", "list", "--json", *archive).json
    eq([entry["server"]["id"] for entry in listed], [server["id"]])
    eq(list(listed[0]), ["server", "statsz"])
    matches(tool.out("server", "list", *archive), r"Server Overview.*│ yes │ 3 ")
    for name in (server["name"], server["id"]):
        matches(tool.out("server", "info", name, *archive), r"^Server information for \S+ \(%s\)\n" % server["id"])
    matches(tool.error("server", "info", "nobody", *archive), "no results received")
    matches(tool.out("server", "account", "info", "APP", *archive), r"^Account information for account APP\n")
    for report, shown in (("jetstream", "JetStream Summary"), ("accounts", "2 Accounts Overview"), ("cpu", "CPU Usage"), ("mem", "Memory Usage"),
                          ("routes", "Cluster Report"), ("gateways", "Super Cluster Report"), ("leafnodes", "Leafnode Report"),
                          ("health", r"ok: 1 / err: 0")):
        matches(tool.out("server", "report", report, *archive), shown)
    matches(tool.out("server", "report", "jetstream", "--account", "APP", *archive), r"JetStream Summary for Account APP.* 1 ")
    found = tool.run("server", "report", "connections", "--json", "--account", "APP", *archive).json
    eq(sorted(entry["name"] for entry in found), ["first", "second"])
    found = tool.run("server", "report", "connections", "--json", "--subject", "a.x", *archive).json
    eq([entry["name"] for entry in found], ["first"])
    eq(tool.run("server", "report", "connections", "--json", "--state", "closed", *archive).json, [])
    for request, keys in (("variables", {"server_id", "cores"}), ("connections", {"connections"}), ("routes", {"routes"}),
                          ("gateways", {"outbound_gateways"}), ("leafnodes", {"leafs"}), ("accounts", {"accounts"}),
                          ("subscriptions", {"num_subscriptions"}), ("jetstream", {"config"}), ("jetstream-health", {"status"}),
                          ("raft", set()), ("ipqueue", set())):
        answer = tool.run("server", "request", request, *archive).json
        check(keys <= set(answer["data"]), (request, sorted(answer["data"])))
        eq(answer["server"]["name"], server["name"])
    page = tool.run("server", "request", "connections", "--limit", "1", "--offset", "1", *archive).json["data"]
    eq((len(page["connections"]), page["total"], page["offset"], page["limit"]), (1, 3, 1, 1))
    eq("account_details" in tool.run("server", "request", "jetstream", *archive).json["data"], False)
    details = tool.run("server", "request", "jetstream", "--account", "APP", "--streams", *archive).json["data"]["account_details"]
    eq([stream["name"] for detail in details for stream in detail["stream_detail"]], ["S"])
    matches(tool.error("server", "request", "variables", "--name", "nobody", *archive), "no results received")
    matches(tool.error("server", "list", "--archive", "none.zip"), "none.zip")
    matches(tool.out("server", "stream-check", *archive), r"^Servers: 1\nStreams: 1\n\n.*│ S +│.* IN SYNC ")
    matches(tool.out("server", "consumer-check", *archive), r"^Servers: 1\nConsumers: 0\n")
    eq(tool.error("server", "stream-check", "--health", *archive), "--health asks servers, which --archive does not")
    eq(tool.run("server", "report", "downgrade", "0", "--json", *archive).json, {})


@case(142)
def each_check_finds_what_it_is_for(ctx):
    tool = nats(ctx, server=False)

    def server(files, cluster, name, **changes):
        of_server(files, cluster, name, "variables", {
            "version": "1", "mem": 100, "cpu": 1, "cores": 2, "auth_required": True, "now": "2026-01-01T00:00:00Z", **changes.get("varz", {})})
        of_server(files, cluster, name, "health", {"status": "ok", "status_code": 200, **changes.get("health", {})})
        of_server(files, cluster, name, "gateways", changes.get("gateways", {}))
        of_server(files, cluster, name, "leafs", changes.get("leafs", {}))
        of_server(files, cluster, name, "jetstream_info", {
            "memory": 1, "storage": 1, "config": {"max_memory": 100, "max_storage": 100}, "meta_cluster": {"leader": "a"}, **changes.get("jsz", {})})
        account = {"cluster": cluster, "server": name, "account": "A", "artifact_type": "account_info"}
        files["capture/accounts/A/servers/%s__%s/account_info/0001.json" % (cluster, name)] = (account, {
            "server": {"name": name}, "data": {"client_connections": 1, "decoded_jwt": {"nats": {"limits": {"conn": 10}}}, **changes.get("account", {})}})

    def stream(files, server, name="S", consumers=(), **changes):
        tags = {"account": "A", "cluster": "C", "server": server, "stream": name, "artifact_type": "stream_info"}
        files["capture/accounts/A/streams/%s/replicas/C__%s/stream_info/0001.json" % (name, server)] = (tags, {
            "name": name, "cluster": {"leader": "a"}, "config": {"name": name, "max_msgs": -1, **changes.get("config", {})},
            "state": {"messages": 5, "last_seq": 100, **changes.get("state", {})}, "consumer_detail": list(consumers)})

    def found(make):
        files = {}
        make(files)
        report = tool.run("audit", "analyze", write_archive(tool, "made.zip", files), "--json").json
        bad = {code: outcome for code, outcome in outcomes(report).items() if outcome in ("WARN", "FAIL")}
        return bad, [example for result in report["checks"] for example in result["examples"].get("examples", [])]

    def two(change, at="b"):
        def make(files):
            server(files, "C", "a")
            server(files, "C", at, **change)
            stream(files, "a")
            stream(files, at)
        return make

    eq(found(two({})), ({}, []))
    later = {"tls_cert_not_after": "2026-01-20T00:00:00Z"}
    for change, code, outcome, example in (
            ({"account": {"client_connections": 10}}, "ACCOUNTS_001", "WARN", r"account A on b: 100\.0% of the limit of client connections \(10/10\)"),
            ({"account": {"client_connections": 11}}, "ACCOUNTS_001", "FAIL", r"\(11/10\)"),
            ({"varz": {"mem": 1000}}, "CLUSTER_001", "WARN", r"cluster C: b uses 1000 B, the mean is 550 B"),
            ({"gateways": {"outbound_gateways": {"D": {"configured": True}}}}, "CLUSTER_002", "FAIL", r"outbound gateways of b are \[D\], those of a are \[\]"),
            ({"jsz": {"ha_assets": 1001}}, "CLUSTER_003", "WARN", "b: 1001 replicated assets"),
            ({"leafs": {"leafs": [{"name": "x y"}]}}, "LEAF_001", "FAIL", 'leaf node "x y"'),
            ({"jsz": {"meta_cluster": {"leader": "a", "replicas": [{"name": "c", "offline": True}]}}}, "META_001", "FAIL", "b says that c is offline"),
            ({"jsz": {"meta_cluster": {"leader": "b"}}}, "META_002", "FAIL", r"leaders a \(a\), b \(b\)"),
            ({"jsz": {"meta_cluster": {}}}, "META_002", "FAIL", "no leader, say b"),
            ({"health": {"status": "unavailable", "status_code": 503}}, "SERVER_001", "WARN", "b: 503 - unavailable"),
            ({"varz": {"version": "2"}}, "SERVER_002", "FAIL", "2: b"),
            ({"varz": {"cpu": 190}}, "SERVER_003", "FAIL", r"C/b: 95\.0%"),
            ({"varz": {"slow_consumers": 3}}, "SERVER_004", "WARN", "C/b: 3 slow consumers"),
            ({"jsz": {"storage": 91}}, "SERVER_005", "WARN", "b: store 91 B of 100 B"),
            ({"jsz": {"config": {"domain": "a b"}}}, "SERVER_006", "WARN", 'domain "a b"'),
            ({"varz": {"auth_required": False}}, "SERVER_007", "WARN", "b: clients need no login"),
            ({"varz": later}, "SERVER_008", "WARN", "C/b client: the certificate ends in 19d"),
            ({"varz": {"cluster": {"tls_cert_not_after": "2026-01-02T00:00:00Z"}}}, "SERVER_008", "FAIL", "C/b cluster: the certificate ends in 1d"),
            ({"varz": {"tls_cert_not_after": "2025-01-02T00:00:00Z"}}, "SERVER_008", "FAIL", "the certificate ended at 2025-01-02")):
        bad, examples = found(two(change))
        eq(bad, {code: outcome}, change)
        matches("\n".join(examples), example)

    def spaces(files):
        server(files, "C D", "a")
    eq(found(spaces)[0], {"CLUSTER_004": "FAIL"})

    watch = {"io.nats.monitor.enabled": "true"}
    consumer = {"name": "W", "cluster": {"leader": "a"}, "num_pending": 9, "config": {"metadata": {**watch, "io.nats.monitor.unprocessed-critical": "5"}}}
    for changes, code, outcome, example in (
            ({"state": {"last_seq": 80}}, "JETSTREAM_001", "FAIL", "A/S: the last sequence on b is 80, on a it is 100"),
            ({"state": {"num_subjects": 1000001}}, "JETSTREAM_002", "WARN", "A/S on b: 1000001 subjects"),
            ({"config": {"max_msgs": 5}}, "JETSTREAM_003", "WARN", r"A/S on b: 100\.0% of the limit of messages \(5/5\)")):
        def make(files, changes=changes):
            two({})(files)
            stream(files, "b", **changes)
        bad, examples = found(make)
        eq(bad, {code: outcome})
        matches("\n".join(examples), example)
    for metadata, at, wanted in (({**watch, "io.nats.monitor.msgs-critical": "9"}, "a", {"JETSTREAM_004": "FAIL"}),
                                 ({**watch, "io.nats.monitor.msgs-warn": "9"}, "a", {"JETSTREAM_004": "WARN"}),
                                 # Others than the leader do not count, nor what is not asked for.
                                 ({**watch, "io.nats.monitor.msgs-critical": "9"}, "b", {}),
                                 ({"io.nats.monitor.msgs-critical": "9"}, "a", {})):
        def watched(files, metadata=metadata, at=at):
            two({})(files)
            stream(files, at, config={"metadata": metadata})
        eq(found(watched)[0], wanted)

    def consumers(files):
        two({})(files)
        stream(files, "a", consumers=[consumer])
        stream(files, "b", consumers=[consumer])
    bad, examples = found(consumers)
    eq(bad, {"JETSTREAM_005": "FAIL"})
    eq(examples, ["CRITICAL: consumer S > W in A: Unprocessed Messages: 9"])

    def many(files):
        for number in range(8):
            server(files, "C", "s%d" % number, varz={"slow_consumers": 1})
    archive = {}
    many(archive)
    path = write_archive(tool, "many.zip", archive)
    eq(tool.out("audit", "analyze", path, "--max-examples", "3").count(" 1 slow consumers\n"), 3)
    matches(tool.out("audit", "analyze", path, "--max-examples", "3"), r"\n - \.\.\. and 5 more \.\.\.\n")
    eq(tool.out("audit", "analyze", path, "--max-examples", "0").count(" 1 slow consumers\n"), 8)


@case(142)
def damaged_archives_are_refused(ctx):
    tool = nats(ctx, server=False)
    files = {}
    of_server(files, "C", "a", "variables", {})
    path = write_archive(tool, "good.zip", files)
    with open(path, "rb") as file:
        content = file.read()
    for size in range(0, len(content), 37):
        bad = tool.write("bad.zip", content[:size])
        matches(tool.error("audit", "analyze", bad), "is no audit archive")
    with zipfile.ZipFile(tool.path("lacking.zip"), "w") as out:
        out.writestr("capture/misc/manifest.json", json.dumps({"capture/x.json": []}))
    matches(tool.error("audit", "analyze", tool.path("lacking.zip")), "capture/x.json is missing")
    with zipfile.ZipFile(tool.path("other.zip"), "w") as out:
        out.writestr("x", "y")
    matches(tool.error("server", "list", "--archive", tool.path("other.zip")), "manifest")


@case(142, "cluster", slow=True)
def a_cluster_is_captured_and_checked(ctx):
    servers = cluster(ctx)
    tool = nats(ctx, server=servers[0])
    tool.run("request", "$JS.API.STREAM.CREATE.S", json.dumps({
        "name": "S", "subjects": ["s.>"], "storage": "file", "num_replicas": 3,
        "metadata": {"io.nats.monitor.enabled": "true", "io.nats.monitor.peer-expect": "3", "io.nats.monitor.msgs-critical": "5"}}), "--raw")
    tool.run("pub", "s.a", "x", "-J", "-q")
    gather(tool)
    with zipfile.ZipFile(tool.path("a.zip")) as archive:
        names = archive.namelist()
    for number in (1, 2, 3):
        check("capture/clusters/c/n%d/variables/0001.json" % number in names, names)
        check("capture/accounts/APP/streams/S/replicas/c__n%d/stream_info/0001.json" % number in names, names)
    report = tool.run("audit", "analyze", "a.zip", "--json").json
    found = outcomes(report)
    eq((found["JETSTREAM_004"], found["META_002"], found["SERVER_002"]), ("FAIL", "PASS", "PASS"), report)
    matches(tool.out("server", "report", "jetstream", "--archive", "a.zip"), r"RAFT Meta Group Information - Lead cluster: c")
    matches(tool.out("server", "report", "routes", "--archive", "a.zip"), r"Cluster Report.*│ n1 ")
    matches(tool.out("server", "request", "raft", "--account", "APP", "--archive", "a.zip"), r'"APP":\{"S-R3F-')
    eq(len(tool.out("server", "request", "variables", "--archive", "a.zip").splitlines()), 3)
    matches(tool.out("server", "stream-check", "--archive", "a.zip"), r"^Servers: 3\nStreams: 1\n")
