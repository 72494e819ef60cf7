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
    eq(found[0]["description"], "Account usage is below the configured limits")
    eq(found[0]["configuration"]["connections"],
       {"key": "connections", "check": "ACCOUNTS_001", "description": "Alerting threshold as a fraction of configured connections limit",
        "default": 90, "unit": "%"})
    eq([found[CODES.index(code)]["configuration"][key]["unit"] for code, key in (
        ("CLUSTER_001", "memory"), ("CLUSTER_003", "assets"), ("JETSTREAM_002", "subjects"))], ["", "uint", "int"])


@case(142, "services")
def an_empty_server_is_captured(ctx):
    tool = nats(ctx)
    outcome = gather(tool)
    eq(outcome.out, "")
    server = tool.run("server", "list", "--json", *SYSTEM).json[0]["server"]
    said = [line for line in outcome.logs if not line.startswith("Received an error")]
    eq(said[:6], ["Broadcasting PING to discover servers... (this may take a few seconds)", "Discovered server '%s' (%s)" % (server["name"], server["id"]),
                  "Discovered 1 servers", "Broadcasting PING to discover accounts... ", "Discovered 3 accounts on server " + server["name"],
                  "Discovered system account name: SYS"])
    eq(said[6:13], ["Discovered 3 accounts over 1 servers", "Querying 10 endpoints on 1 known servers...",
                    "Captured 10 endpoint responses from 1 servers", "Skipping server profiles gathering",
                    "Querying 7 endpoints for 3 known accounts...", "Captured 19 endpoint responses from 3 accounts", "Gathering streams data..."])
    check("Discovered 0 streams in account APP" in said, outcome)
    eq(said[-1], "Archive created at: a.zip")
    check('Received an error from server %s: (0) account "SYS" not jetstream enabled' % server["name"] in outcome.logs, outcome)
    with zipfile.ZipFile(tool.path("a.zip")) as archive:
        metadata = json.loads(archive.read("capture/misc/audit_gather_metadata.json"))
        matches(metadata["user_name"], r"^\S+ \(.*\)$")
        matches(archive.read("capture/misc/audit_gather_log.log").decode(), r"^Broadcasting PING to discover servers\.\.\. ")
    out = tool.out("audit", "analyze", "a.zip", env={"NATS_URL": None})
    matches(out, r'^NATS Audit Report "a\.zip" captured at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n\n\[PASS\] \[ACCOUNTS_001\] Account usage is below the configured limits\n'
                 r"\[PASS\] \[CLUSTER_001\] ")
    eq(re.findall(r"(?m)^\[(?:PASS|WARN|FAIL|SKIP)\] \[(\w+)\] ", out), CODES)
    matches(out, r"\n\nReport Summary\n\nArchive Information:\n\n  Connection Server: \S+\n +Server Version: \S+\n +Creator: nats \S+\n +User: \S+ .*\n\n"
                 r"Summary of Checks:\n\n.* {15}PASS: 20\n$")
    eq(tool.error("audit", "analyze"), "archive path is required")
    eq(tool.error("audit", "analyze", "none.zip"), "path 'none.zip' does not exist")
    matches(tool.error("audit", "gather", "--timeout", "1s"), "ensure the account used has system privileges")


@case(142, "deviation", "services")
def a_server_is_captured_and_checked(ctx):
    """The original fails when a server without a cluster has a stream."""
    tool = nats(ctx)
    tool.run("request", "$JS.API.STREAM.CREATE.S", json.dumps({"name": "S", "subjects": ["s.>"], "storage": "file", "max_msgs": 10}), "--raw")
    for _ in range(10):
        tool.run("pub", "s.a", "x", "-J", "-q")
    outcome = gather(tool)
    eq(outcome.out, "")
    eq(outcome.logs[-1], "Archive created at: a.zip")
    check("Discovered stream S in account APP" in outcome.logs, outcome)
    check("Discovered 1 streams in account APP" in outcome.logs, outcome)
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
        eq(archive.getinfo(path).compress_type, zipfile.ZIP_DEFLATED)
    out = tool.out("audit", "analyze", "a.zip", env={"NATS_URL": None})
    matches(out, r'^NATS Audit Report "a\.zip" captured at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n\n')
    eq(re.findall(r"(?m)^\[(?:PASS|WARN|FAIL|SKIP)\] \[(\w+)\] ", out), CODES)
    matches(out, r"\[WARN\] \[JETSTREAM_003\] Stream usage is below the configured limits\n - stream S \(in APP on \S+\) using 100\.0% of messages limit \(10/10\)\n\n")
    matches(out, r"\n\nReport Summary\n\nArchive Information:\n\n +Connection Server: \S+\n +Server Version: \S+\n +Creator: nats \S+\n +User: \S+ .*\n\n"
                 r"Summary of Checks:\n\n +FAIL: 0\n +SKIP: 1\n +WARN: 1\n +PASS: 19\n$")
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
    matches(tool.error("audit", "analyze", "report.json"), "^failed to open archive: report.json is no audit archive: ")
    matches(tool.error("audit", "analyze", "--load", "a.zip"), "^a.zip is no report of an audit: ")


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
    # There is nothing that could be wrong.
    eq([outcomes(found)[code] for code in ("SERVER_001", "SERVER_002", "SERVER_008", "ACCOUNTS_001")], ["PASS", "SKIP", "SKIP", "PASS"])


@case(142, "deviation", "services")
def an_archive_of_nothing_is_not_written(ctx):
    """The original writes an archive of no servers, and does not tell the name that it chose if progress is off."""
    tool = nats(ctx)
    tool.run("audit", "capture", "-o", "a.zip", "--no-server-endpoints", "--no-server-profiles", "--no-account-endpoints", "--no-streams", *SYSTEM)
    eq(tool.error("server", "list", "--archive", "a.zip"), "no captured server data in a.zip")
    matches(tool.error("audit", "gather", "-o", "b.zip", "--cluster", "nowhere", *SYSTEM), "no results received")
    eq(os.path.exists(tool.path("b.zip")), False)
    out = tool.out("audit", "gather", "--no-progress", "--no-server-endpoints", "--no-server-profiles", "--no-account-endpoints",
                   "--no-streams", *SYSTEM, env={"TMPDIR": tool.home})
    matches(out, r"^%s/audit-archive-\d+\.zip\n$" % re.escape(tool.home))


@case(142, "services", "profile", slow=True)
def profiles_are_captured(ctx):
    tool = nats(ctx)
    tool.run("audit", "gather", "-o", "a.zip", "--no-server-endpoints", "--no-account-endpoints", "--no-streams", "--timeout", "2s", *SYSTEM)
    with zipfile.ZipFile(tool.path("a.zip")) as archive:
        found = [name for name in archive.namelist() if name.startswith("capture/profiles/unclustered/")]
        eq(sorted(name.split("__")[1] for name in found),
           ["allocs.prof", "block.prof", "cpu.prof", "goroutine_1.prof", "goroutine_2.prof", "heap.prof", "mutex.prof", "threadcreate.prof"])
        content = archive.read([name for name in found if name.endswith("heap.prof")][0])
    os.mkdir(tool.path("out"))
    out = tool.out("server", "request", "profile", "heap", "out", "--archive", "a.zip")
    path = re.search(r"profile written: (\S+)\n", out).group(1)
    with open(tool.path(path), "rb") as file:
        eq(file.read(), content)
    matches(tool.run("server", "request", "profile", "goroutine", "out", "--archive", "a.zip", "--level", "3", code=None).err, "goroutine")


@case(142, "deviation", "services")
def other_commands_read_an_archive(ctx):
    """As a_server_is_captured_and_checked."""
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
        matches(tool.out("server", "info", name, *archive), r" Version: \S+\n +Git Commit: ")
    eq(tool.error("server", "info", "nobody", *archive), 'no captured data for server "nobody" in a.zip')
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
    eq(tool.error("server", "report", "connections", "--json", "--state", "closed", *archive), "did not get results from any servers")
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
    eq(tool.out("server", "request", "variables", "--name", "nobody", *archive), "")
    matches(tool.error("server", "list", "--archive", "none.zip"), "none.zip")


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
            ({"varz": {"mem": 1000}}, "CLUSTER_001", "WARN", r"^Cluster C avg: 550 B, server b: 1000 B$"),
            ({"gateways": {"outbound_gateways": {"D": {"configured": True}}}}, "CLUSTER_002", "FAIL", r"^Cluster C, outbound gateways server (a: \[\] != server b: \[D\]|b: \[D\] != server a: \[\])$"),
            ({"jsz": {"ha_assets": 1001}}, "CLUSTER_003", "WARN", "^b: 1001 HA assets$"),
            ({"leafs": {"leafs": [{"name": "x y"}]}}, "LEAF_001", "FAIL", r"^Cluster C: \[x y\]$"),
            ({"jsz": {"meta_cluster": {"leader": "a", "replicas": [{"name": "c", "offline": True}]}}}, "META_001", "FAIL", "^C - b reports peer c as offline$"),
            ({"jsz": {"meta_cluster": {"leader": "b"}}}, "META_002", "FAIL", r"^Members of C disagree on meta leader \(map\[a:\[a\] b:\[b\]\]\)$"),
            ({"jsz": {"meta_cluster": {}}}, "META_002", "FAIL", "^Members of C have no meta leader$"),
            ({"health": {"status": "unavailable", "status_code": 503}}, "SERVER_001", "WARN", "^b: 503 - unavailable$"),
            ({"varz": {"version": "2"}}, "SERVER_002", "FAIL", "^a - 1\nb - 2$"),
            ({"varz": {"cpu": 190}}, "SERVER_003", "FAIL", r"^C - b: 95\.0%$"),
            ({"varz": {"slow_consumers": 3}}, "SERVER_004", "WARN", "^C/b: 3 slow consumers$"),
            ({"jsz": {"storage": 91}}, "SERVER_005", "WARN", "^b store usage: 91 B of 100 B$"),
            ({"jsz": {"config": {"domain": "a b"}}}, "SERVER_006", "WARN", "^Cluster C Server b Domain a b$"),
            ({"varz": {"auth_required": False}}, "SERVER_007", "WARN", "^b: authentication not required$"),
            ({"varz": later}, "SERVER_008", "WARN", r"^C/b server TLS certificate expires in 456h0m0s \(expires_at=2026-01-20 00:00:00 \+0000 UTC\)$"),
            ({"varz": {"cluster": {"tls_cert_not_after": "2026-01-02T00:00:00Z"}}}, "SERVER_008", "FAIL", r"^C/b cluster TLS certificate expires in 24h0m0s \(expires_at="),
            ({"varz": {"tls_cert_not_after": "2025-01-02T00:00:00Z"}}, "SERVER_008", "FAIL", r"^C/b server TLS certificate expired \(expired_at=2025-01-02 00:00:00 \+0000 UTC\)$")):
        bad, examples = found(two(change))
        eq(bad, {code: outcome}, change)
        matches("\n".join(examples), example)

    def spaces(files):
        server(files, "C D", "a")
    eq(found(spaces)[0], {"CLUSTER_004": "FAIL"})

    watch = {"io.nats.monitor.enabled": "true"}
    consumer = {"name": "W", "cluster": {"leader": "a"}, "num_pending": 9, "config": {"metadata": {**watch, "io.nats.monitor.unprocessed-critical": "5"}}}
    for changes, code, outcome, example in (
            ({"state": {"last_seq": 80}}, "JETSTREAM_001", "FAIL", "^A/S server b lastSequence: 80 is behind highest lastSequence: 100 on server: a$"),
            ({"state": {"num_subjects": 1000001}}, "JETSTREAM_002", "WARN", "^A/S: 1000001 subjects$"),
            ({"config": {"max_msgs": 5}}, "JETSTREAM_003", "WARN", r"^stream S \(in A on b\) using 100\.0% of messages limit \(5/5\)$")):
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
    eq(examples, ["CRITICAL: consumer W in stream S in A: Unprocessed Messages: 9"])

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
        matches(tool.error("audit", "analyze", bad), "^failed to open archive: ")
    with zipfile.ZipFile(tool.path("other.zip"), "w") as out:
        out.writestr("x", "y")
    matches(tool.error("server", "list", "--archive", tool.path("other.zip")), "manifest")


@case(142, "deviation")
def what_the_manifest_lists_has_to_be_there(ctx):
    """The original passes all checks of an archive whose files are lost."""
    tool = nats(ctx, server=False)
    with zipfile.ZipFile(tool.path("lacking.zip"), "w") as out:
        out.writestr("capture/misc/manifest.json", json.dumps({"capture/x.json": []}))
    matches(tool.error("audit", "analyze", tool.path("lacking.zip")), "^failed to open archive: .*capture/x.json is missing")


@case(142, "deviation")
def accounts_near_their_limits_are_found(ctx):
    """The original looks for limits where answers do not have them, and passes all accounts."""
    tool = nats(ctx, server=False)
    for count, wanted, example in ((9, "PASS", None), (10, "WARN", "account A (on a) using 100.0% of client connections limit (10/10)"),
                                   (11, "FAIL", "account A (on a) exceeded client connections limit (110.0%, 11/10)")):
        files = {}
        of_server(files, "C", "a", "variables", {"version": "1", "auth_required": True})
        tags = {"cluster": "C", "server": "a", "account": "A", "artifact_type": "account_info"}
        files["capture/accounts/A/servers/C__a/account_info/0001.json"] = (tags, {
            "server": {"name": "a"}, "data": {"client_connections": count, "decoded_jwt": {"nats": {"limits": {"conn": 10}}}}})
        report = tool.run("audit", "analyze", write_archive(tool, "made.zip", files), "--json").json
        eq((outcomes(report)["ACCOUNTS_001"], report["checks"][0]["examples"].get("examples", [None])[0]), (wanted, example))


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
