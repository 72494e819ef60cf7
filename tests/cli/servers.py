"""server, account: items 105 to 116; server check: items 117 to 132."""

import json
import os
import re
import shutil
import signal
import stat

from tool import *
from tool import check as lib_check


def check(tool, *args, code=0, **options):
    return tool.run("server", "check", *args, code=code, **options).out


@case(105, "services")
def servers_are_listed(ctx):
    tool = nats(ctx)
    name = tool.server.varz()["server_name"]
    # A server alone is in no cluster, which leaves out the second table.
    matches(tool.out("server", "list", "--no-compact", *SYSTEM),
            r"^╭─+╮\n│ +Server Overview +│\n├[─┬]+┤\n"
            r"│ Name +│ Cluster │ Host +│ Version │ JS +│ Conns │ Subs │ Routes │ GWs │ Mem +│ CPU %% │ Cores │ Slow │ Uptime +│ RTT +│\n"
            r"├[─┼]+┤\n"
            r"│ %s │         │ 127\.0\.0\.1 │ 2\.15\.1  │ yes │ 1     │ \d+ +│      0 │   0 │ [\d.]+ MiB +│ \d+ +│ +\d │ 0    │ \S+ +│ \d+m?s +│\n"
            r"├[─┼]+┤\n"
            r"│ +│ 0       │ 1         │         │ 1   │ 1     │ \d+ +│        │     │ [\d.]+ MiB +│       │       │ 0    │ +│ +│\n"
            r"╰[─┴]+╯\n$" % name)
    found = tool.run("server", "list", "--json", *SYSTEM).json
    eq(len(found), 1)
    eq(list(found[0]), ["server", "statsz"])
    eq(tool.error("server", "list"),
       "no results received, ensure the account used has system privileges and appropriate permissions")


@case(105, "services", "deviation")
def addresses_are_not_compacted(ctx):
    """The original cuts what all hosts have in common at dots, addresses included: 127.0.0.1 becomes 127, which is
    no host. Here addresses stay whole."""
    tool = nats(ctx)
    matches(tool.out("server", "list", *SYSTEM), r"│ 127\.0\.0\.1 │")


@case(106, "services")
def servers_are_pinged(ctx):
    tool = nats(ctx)
    out = tool.out("server", "ping", "--timeout", "2s", *SYSTEM)
    matches(out, r"^N[A-Z2-7]{55} {5}rtt=[\d.]+(µs|ms)\n\n---- ping statistics ----\n1 replies max: \d+\.00 min: \d+\.00 avg: \d+\.00\n$")
    outcome = tool.run("server", "ping", code=1)
    eq(outcome.out, "503 status from $SYS.REQ.SERVER.PING, ensure a system account is used with appropriate permissions\n")


@case(107, "services")
def a_server_is_shown(ctx):
    tool = nats(ctx)
    name = tool.run("server", "list", "--json", *SYSTEM).json[0]["server"]["name"]
    # A server without a name of its own has its id as name.
    out = tool.out("server", "info", name, *SYSTEM)
    matches(out, r"^Server information for %s\n\nProcess Details:\n\n" % name)
    labels = [line.split(":")[0].strip() for line in out.split("\n")[2:] if ":" in line]
    eq(labels, [
        "Process Details", "Version", "Git Commit", "Go Version", "Start Time", "Configuration Load Time", "Configuration Digest", "Uptime",
        "Connection Details", "Auth Required", "TLS Required", "Host",
        "JetStream", "Domain", "API Support Level", "Storage Directory", "Active Accounts", "Memory In Use", "File In Use", "API Requests",
        "API Errors", "Always sync writes to disk", "Write sync Frequency", "Maximum Memory Storage", "Maximum File Storage",
        "Cluster Message Compression", "Maximum HA Assets", "Maximum Ack Pending", "Maximum Request Batch", "Maximum Duplicate Window",
        "Maximum Messages Per Batch", "Maximum Batch Timeout", "Maximum Open Batches Per Stream", "Maximum Open Batches Per Server",
        "Strict API Parsing", "Limits", "Maximum Connections", "Maximum Subscriptions", "Maximum Payload", "TLS Timeout", "Write Deadline",
        "Statistics", "CPU Cores", "GOMAXPROCS", "Memory", "Connections", "Subscriptions", "Messages", "Bytes", "Slow Consumers"])
    matches(out, r"\n                           Domain: \n                API Support Level: \d+\n")
    matches(out, r"\n             Write sync Frequency: 2m0s\n           Maximum Memory Storage: 256 MiB\n             Maximum File Storage: 2\.0 GiB\n")
    matches(out, r"\nLimits:\n\n +Maximum Connections: 65,536\n +Maximum Subscriptions: 0\n +Maximum Payload: 1\.0 MiB\n +TLS Timeout: 2\.00s\n"
                 r" +Write Deadline: 10\.00s\n\nStatistics:\n\n +CPU Cores: \d+ [\d.]+%\n")
    matches(out, r" +Messages: [\d,]+ in [\d,]+ out\n +Bytes: [\d.]+ \w+ in [\d.]+ \w+ out\n +Slow Consumers: 0\n$")
    eq([line.split(":")[0] for line in tool.out("server", "info", *SYSTEM).split("\n")], [line.split(":")[0] for line in out.split("\n")])
    eq(tool.error("server", "info", "nobody", "--timeout", "1s", *SYSTEM),
       "no results received, ensure the account used has system privileges and appropriate permissions")
    eq(tool.error("server", "info", name),
       "no results received, ensure the account used has system privileges and appropriate permissions")


@case(108, "services")
def monitoring_data_is_asked_for(ctx):
    tool = nats(ctx)
    name = tool.run("server", "list", "--json", *SYSTEM).json[0]["server"]["name"]
    for kind in ("variables", "connections", "routes", "gateways", "leafnodes", "accounts", "subscriptions", "jetstream",
                 "jetstream-health", "ipqueue"):
        lines = tool.out("server", "request", kind, "--name", name, *SYSTEM).splitlines()
        eq(len(lines), 1, kind)
        answer = json.loads(lines[0])
        eq([key for key in answer if key != "error"], ["server", "data"], kind)
        eq(answer["server"]["name"], name)
    answer = tool.run("server", "request", "connections", "--filter-account", "SYS", *SYSTEM).json
    eq([entry["account"] for entry in answer["data"]["connections"]], ["SYS"])
    eq(tool.error("server", "request", "variables"),
       "$SYS.REQ.SERVER.PING.VARZ: server request failed, ensure the account used has system privileges and appropriate permissions")
    # No answer is no mistake.
    outcome = tool.run("server", "request", "variables", "--name", "nobody", "--timeout", "300ms", *SYSTEM)
    eq((outcome.out, outcome.err), ("", ""))


@case(112)
def passwords_are_hashed(ctx):
    tool = nats(ctx, server=False)
    out = tool.out("server", "passwd", "-g", "--cost", "4")
    matches(out, r"^Generated password: [\w@#%^&()-]{22}\n       bcrypt hash: \$2a\$04\$[./A-Za-z0-9]{53}\n$")
    matches(tool.out("server", "passwd", "-p", "long enough", "-c", "5"), r"^\$2a\$05\$.{53}\n$")
    matches(tool.out("server", "passwd", env={"PASSWORD": "long enough"}), r"^\$2a\$11\$.{53}\n$")
    matches(tool.out("server", "passwd", "-g", "-p", "long enough", "-c", "4"), r"^       bcrypt hash: \$2a\$04\$.{53}\n$")
    eq(tool.error("server", "passwd"), "could not read password: cannot prompt for user input without a terminal")
    eq(tool.error("server", "passwd", "-p", "short"), "password should be at least 10 characters long")
    eq(tool.error("server", "passwd", "-p", "long enough", "-c", "3"), "bcrypt cost should be between 4 and 31")


@case(113)
def mappings_are_tried_out(ctx):
    tool = nats(ctx, server=False)
    eq(tool.out("server", "mappings", "a.*.b", "x.{{wildcard(1)}}", "a.1.b"), "x.1\n\n")
    eq(tool.out("server", "mappings", "a.*.b", "x.{{wildcard(1)}}", "b.1.b"), "Error: no matching transforms available\n\n\n")
    matches(tool.error("server", "mappings", "a", "x.{{wildcard(1)}}", "a"), "^invalid mapping destination: ")


@case(114)
def the_own_account_without_what_the_server_tells_of_users(ctx):
    tool = nats(ctx)
    out = tool.out("account", "info")
    matches(out, r"^Account Information\n\n( +User: app\n +Account: APP \(APP\)\n +System Account: false\n +Expires: never\n)? +Client ID: \d+\n")
    matches(out, r"Account Usage:\n\n +Storage: 0 B\n +Memory: 0 B\n +Streams: 0\n +Consumers: 0\n")
    matches(out, r"Tier: Default:\n")


@case(115, "snapshots")
def an_account_is_backed_up(ctx):
    tool = nats(ctx)
    eq(tool.error("account", "backup", "B", "-f"), "no streams found")
    for name in ("S", "T"):
        stream(tool, name)
        tool.run("publish", name + ".a", "x", "-J", "-q")
    stream(tool, "M", storage="memory")
    out = tool.out("account", "backup", "B", "-f")
    matches(out, r"^Performing backup of all streams to B\n\n +Streams: 3\n +Size: \d+ B\n +Consumers: 0\n")
    matches(out, r"\nBackup of M failed: memory streams do not support snapshots\n\n.*"
                 r"Backup Warnings: \n  M: memory streams do not support snapshots\n\n$")
    shutil.rmtree(tool.path("B", "M"), ignore_errors=True)
    eq(sorted(os.listdir(tool.path("B"))), ["S", "T"])
    eq(tool.error("account", "backup", "C"), "cannot ask for confirmation without a terminal")
    eq(sorted(os.listdir(tool.path("B", "S"))), ["backup.json", "stream.tar.s2"])
    eq(tool.error("account", "backup", "C", "-f", "-w"), "backup failed")
    eq(tool.error("account", "restore", "B"), 'stream "S" exists already')
    tool.run("stream", "rm", "S", "-f")
    tool.run("stream", "rm", "T", "-f")
    matches(tool.out("account", "restore", "B"), r'^Restoring backup of all 2 streams in directory "B"\n\n')
    os.makedirs(tool.path("D", "empty"))
    eq(tool.error("account", "restore", "D"), "expected backup.json: stat D/empty/backup.json: no such file or directory")
    tool.write("F/file", "")
    eq(tool.error("account", "restore", "F"), 'expected a directory "file"')
    eq(tool.error("account", "restore", "G"), "path 'G' does not exist")
    eq(tool.out("stream", "ls", "-n", "-a"), "M\nS\nT\n")
    eq(tool.run("stream", "info", "T", "--json").json["state"]["messages"], 1)


@case(115, "snapshots", "deviation")
def streams_that_cannot_be_backed_up_leave_nothing(ctx):
    """The original leaves a directory with empty files for each of them, which it then cannot restore."""
    tool = nats(ctx)
    stream(tool, "S")
    stream(tool, "M", storage="memory")
    tool.run("account", "backup", "B", "-f")
    eq(sorted(os.listdir(tool.path("B"))), ["S"])


@case(114, "services")
def the_own_account_is_shown(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults", code=None)
    out = tool.out("account", "info")
    matches(out, r"^Account Information\n\n +User: app\n +Account: APP \(APP\)\n +System Account: false\n +Expires: never\n"
                 r" +Client ID: \d+\n +Client IP: 127.0.0.1\n +RTT: \S+\n +Headers Supported: true\n +Maximum Payload: 1\.0 MiB\n"
                 r" +Connected URL: nats://127\.0\.0\.1:\d+\n +Connected Address: 127\.0\.0\.1:\d+\n +Connected Server ID: N\w{55}\n"
                 r" +Connected Server Version: \S+\n")
    matches(out, r"TLS Connection: no\n")
    matches(out, r"JetStream Account Information:\n")
    matches(out, r"\n\n  Tier: Default:\n\n      Configuration Requirements:\n\n +Stream Requires Max Bytes Set: false\n"
                 r" +Consumer Maximum Ack Pending: Unlimited\n\n      Stream Resource Usage Limits:\n\n +Memory: 0 B of Unlimited \n"
                 r" +Memory Per Stream: Unlimited\n +Storage: \S+ B of Unlimited \n +Storage Per Stream: Unlimited\n"
                 r" +Streams: 1 of Unlimited\n +Consumers: Unlimited\n$")
    matches(tool.out("account", "info", *SYSTEM), r"System Account: true\n.*\n\n +Could not obtain account information:  "
            r"JetStream not enabled for account \(10039\)\n$")
    matches(nats(ctx, config="").out("account", "info"), r"\n\n +JetStream is not supported in this account\n$")
    eq(tool.error("account", "info", env={"NATS_URL": "127.0.0.1:1"}), "setup failed: nats: no servers available for connection")


@case(114, "services")
def what_the_own_user_may_do(ctx):
    tool = nats(ctx, config="""
        authorization { users: [{ user: u, password: u, permissions: {
            publish: { allow: ["b", "$SYS.>", "$JS.>", "a.>"], deny: "c" }, subscribe: ["x", "_INBOX.>"] } }] }""")
    matches(tool.out("account", "info", "--user", "u", "--password", "u"),
            r"\nConnection Permissions:\n\n   Publish:\n +Allow: \$JS\.>\n +\$SYS\.>\n +a\.>\n +b\n +\n +Deny: c\n\n   Subscribe:\n"
            r" +Allow: _INBOX\.>\n +x\n\n")


@case(116, "services")
def a_configuration_is_read_again(ctx):
    tool = nats(ctx)
    server = tool.run("server", "list", "--json", *SYSTEM).json[0]["server"]["id"]
    matches(tool.out("server", "config", "reload", server, "-f", *SYSTEM), r"^Server information for %s\n" % server)
    eq(tool.error("server", "config", "reload", server, *SYSTEM), "cannot ask for confirmation without a terminal")
    terminal = tool.terminal("server", "config", "reload", server, *SYSTEM, columns=200)
    terminal.answer("Really reload configuration for %s (%s) on 127.0.0.1" % (server, server), "n")
    text = terminal.finish()
    lib_check("Server information" not in text, text)
    matches(tool.error("server", "config", "reload", "NOBODY", "-f", *SYSTEM), "^server request failed, ensure the account")


@case(117)
def a_connection_is_checked(ctx):
    tool = nats(ctx)
    out = check(tool, "connection")
    matches(out, r"^OK Connection OK:connected to nats://\S+ in \S+ OK:rtt time \S+ OK:round trip took 0\.\d{6}s "
                 r"\| connect_time=\d\.\d{4}s;0\.5000;1\.0000 rtt=0\.\d{4}s;0\.5000;1\.0000 request_time=0\.\d{4}s;0\.5000;1\.0000\n$")
    out = check(tool, "connection", "--connect-warn", "1ns", "--connect-critical", "1h", code=1)
    matches(out, r"^WARNING Connection Warn:connected to \S+, connect time exceeded ")
    eq(check(tool, "connection", "-s", "nats://127.0.0.1:1", code=2),
       "CRITICAL Connection Crit:connection failed: nats: no servers available for connection\n")


@case(118)
def prometheus_always_ends_well(ctx):
    tool = nats(ctx)
    out = check(tool, "connection", "-s", "nats://127.0.0.1:1", "--format", "prometheus")
    matches(out, r'# TYPE nats_server_check_connections_status_code gauge\n'
                 r'nats_server_check_connections_status_code\{item="Connection",status="CRITICAL"\} 2\n\n$')
    out = check(tool, "connection", "--format", "prometheus", "--namespace", "mine")
    matches(out, r'mine_connections_rtt\{item="Connection"\} [\d.e-]+\n')
    names = re.findall(r"# HELP (\S+)", out)
    eq(names, sorted(names))


@case(119)
def a_check_as_json(ctx):
    tool = nats(ctx)
    found = json.loads(check(tool, "connection", "--format", "json"))
    eq(list(found), ["status", "check_suite", "check_name", "ok", "perf_data"])
    eq((found["status"], found["check_suite"], found["check_name"]), ("OK", "connections", "Connection"))
    eq(list(found["perf_data"][0]), ["name", "value", "warning", "critical", "unit"])


@case(119)
def tiny_numbers_of_a_check(ctx):
    tool = nats(ctx)
    out = check(tool, "connection", "--format", "json", "--req-warn", "2ns", "--req-critical", "15s", code=1)
    matches(out, r'"warning": 2e-9,\n +"critical": 15,')


@case(120)
def a_check_as_text(ctx):
    tool = nats(ctx)
    out = check(tool, "connection", "--format", "text")
    matches(out, r"^Connection: OK\n\nStatus Detail\n\n╭[─┬]+╮\n│ Status │ Message +│\n├[─┼]+┤\n│ OK     │ connected to \S+ in \S+ +│\n│ OK     │ rtt time \S+ +│\n"
                 r"│ OK     │ round trip took \S+ +│\n╰[─┴]+╯\n\nCheck Metrics\n\n╭[─┬]+╮\n"
                 r"│ Metric       │ Value +│ Unit │ Critical Threshold │ Warning Threshold │ Description +│\n├[─┼]+┤\n"
                 r"│ connect_time │ [\d.]+ +│ s    │ 1                  │ 0\.5               │ Time taken to connect to NATS +│\n"
                 r"│ rtt          │ [\d.]+ +│ s    │ 1                  │ 0\.5               │ The round-trip-time of the connection +│\n"
                 r"│ request_time │ [\d.]+ +│ s    │ 1                  │ 0\.5               │ Time taken for a full Request-Reply operation │\n╰[─┴]+╯\n\n$")
    matches(check(tool, "stream", "--stream", "NO", "--format", "text", code=2),
            r"^NO: CRITICAL\n\nStatus Detail\n\n╭[─┬]+╮\n│ Status   │ Message +│\n├[─┼]+┤\n│ Critical │ could not load info: stream not found \(10059\) │\n╰[─┴]+╯\n\n$")


@case(120)
def a_check_as_text_at_a_narrow_terminal(ctx):
    tool = nats(ctx)
    for env in ({}, {"NATS_TABLE_FORMAT": "csv"}, {"LLMFORMAT": "1"}):
        terminal = tool.terminal("server", "check", "stream", "--stream", "NO", "--format", "text", "--colors", "red", columns=30, env=env)
        terminal.finish(code=2)
        lib_check("│ Critical │ could not load info: stream not found (10059) │" in terminal.raw, terminal.raw)


@case(120)
def decimals_of_a_check_are_cut(ctx):
    tool = nats(ctx)
    # A fast server takes less than that.
    out = check(tool, "connection", "--format", "text", "--req-warn", "200us", "--req-critical", "1999ms", code=None)
    matches(out, r"\n│ request_time │ [\d.]+ +│ s    │ 1\.999 +│ 0\.000 +│ Time taken")
    out = check(tool, "connection", "--format", "text", "--rtt-critical", "2001500us")
    matches(out, r"\n│ rtt +│ [\d.]+ +│ s    │ 2\.001 +│ 0\.5 +│ The ")


def stream(tool, name, **config):
    """A stream made over the API."""
    body = {"name": name, "subjects": [name + ".>"], "storage": "file", "retention": "limits", "num_replicas": 1, **config}
    tool.run("request", "$JS.API.STREAM.CREATE." + name, json.dumps(body), "--raw")


@case(121)
def thresholds_of_a_stream(ctx):
    tool = nats(ctx)
    stream(tool, "S")
    for subject in ("S.a", "S.b", "S.b"):
        tool.run("publish", subject, "x", "-J", "-q")
    eq(check(tool, "stream", "--stream", "S", "--msgs-warn", "10", "--msgs-critical", "1", "--subjects-warn", "5",
             "--subjects-critical", "9", code=1),
       "WARNING S Warn:3 messages OK:2 subjects OK:0 sources | messages=3;10;1 subjects=2;5;9 sources=0\n")
    # Fewer subjects are worse if the critical threshold is not the higher one; without one, none at all is critical.
    eq(check(tool, "stream", "--stream", "S", "--subjects-warn", "5", "--subjects-critical", "2", code=2),
       "CRITICAL S Crit:2 subjects OK:0 sources | subjects=2;5;2 sources=0\n")
    eq(check(tool, "stream", "--stream", "S", "--subjects-warn", "2", code=1),
       "WARNING S Warn:2 subjects OK:0 sources | subjects=2;2 sources=0\n")
    matches(check(tool, "stream", "--stream", "S", "--msgs-critical", "3", code=2), r"^CRITICAL S Crit:3 messages ")
    eq(check(tool, "stream", "--stream", "S", "--peer-expect", "1", code=2), "CRITICAL S Crit:Stream is not clustered OK:0 sources | sources=0\n")
    eq(check(tool, "stream", "--stream", "S", "--lag-critical", "3", code=2),
       "CRITICAL S Crit:not mirrored OK:0 sources OK:0 sources current OK:0 sources active | sources=0 sources_lagged=0 sources_inactive=0\n")
    eq(check(tool, "stream", "--stream", "NO", code=2), "CRITICAL NO Crit:could not load info: stream not found (10059)\n")


@case(123)
def metadata_of_a_stream_wins(ctx):
    tool = nats(ctx)
    stream(tool, "S", metadata={"io.nats.monitor.msgs-critical": "5"})
    tool.run("publish", "S.a", "x", "-J", "-q")
    matches(check(tool, "stream", "--stream", "S", "--msgs-critical", "0", code=2), r"^CRITICAL S Crit:1 messages ")


@case(124)
def a_consumer_is_checked(ctx):
    tool = nats(ctx)
    stream(tool, "S")
    tool.run("publish", "S.a", "x", "-J", "-q")
    body = {"stream_name": "S", "config": {"durable_name": "C", "ack_policy": "explicit"}}
    tool.run("request", "$JS.API.CONSUMER.DURABLE.CREATE.S.C", json.dumps(body), "--raw")
    eq(check(tool, "consumer", "--stream", "S", "--consumer", "C"),
       "OK S_C | ack_pending=0 pull_waiting=0 pending=1 redelivered=0\n")
    eq(check(tool, "consumer", "--stream", "S", "--consumer", "C", "--unprocessed-critical", "1",
             "--last-delivery-critical", "1h", code=2),
       "CRITICAL S_C Crit:Unprocessed Messages: 1 Crit:No deliveries | "
       "ack_pending=0 pull_waiting=0 pending=1;;1 redelivered=0\n")
    eq(check(tool, "consumer", "--stream", "S", "--consumer", "C", "--outstanding-ack-critical", "1", "--waiting-critical", "2",
             "--unprocessed-critical", "3", "--redelivery-critical", "4"),
       "OK S_C OK:Ack Pending: 0 OK:Waiting Pulls: 0 OK:Unprocessed Messages: 1 OK:Redelivered: 0 | "
       "ack_pending=0;;1 pull_waiting=0;;2 pending=1;;3 redelivered=0;;4\n")
    eq(check(tool, "consumer", "--stream", "S", "--consumer", "NO", code=2),
       "CRITICAL S_NO Crit:could not load info: consumer not found (10014)\n")
    matches(check(tool, "consumer", "--stream", "S", "--consumer", "C", "--pinned", code=2),
            r"Crit:Not pinned client priority mode")


@case(125)
def a_message_is_checked(ctx):
    tool = nats(ctx)
    stream(tool, "S")
    tool.run("publish", "S.a", "hello", "-J", "-q")
    matches(check(tool, "message", "--stream", "S", "--subject", "S.a", "--content", "^h"),
            r"^OK Stream Message OK:Valid message on S > S.a \| age=\d+\.\d{4}s size=5B\n$")
    matches(check(tool, "message", "--stream", "S", "--subject", "S.a", "--age-warn", "1ns", code=1),
            r"^WARNING Stream Message Warn:\S+ old ")
    matches(check(tool, "message", "--stream", "S", "--subject", "S.a", "--content", "^x", code=2),
            r"Crit:does not match regex: \^x ")
    eq(check(tool, "message", "--stream", "S", "--subject", "S.no", code=2),
       "CRITICAL Stream Message Crit:no message found\n")
    eq(check(tool, "message", "--stream", "S", code=2),
       'CRITICAL Stream Message Crit:Check failed: invalid subject ">"\n')
    tool.run("publish", "S.t", "1000", "-J", "-q")
    matches(check(tool, "message", "--stream", "S", "--subject", "S.t", "--body-timestamp", "--age-critical", "1h", code=2),
            r"Crit:\d+h\d+m[\d.]+s old")
    eq(check(tool, "message", "--stream", "S", "--subject", "S.a", "--body-timestamp", code=2),
       'CRITICAL Stream Message Crit:invalid timestamp body: strconv.ParseInt: parsing "hello": invalid syntax\n')
    eq(check(tool, "message", "--stream", "S", "--subject", "S.*", code=2),
       'CRITICAL Stream Message Crit:Check failed: invalid subject "S.*"\n')


@case(127)
def use_of_jetstream_is_checked(ctx):
    tool = nats(ctx)
    out = check(tool, "jetstream")
    matches(out, r"^OK JetStream \| memory=0B memory_pct=0%;75;90 storage=0B storage_pct=0%;75;90 "
                 r"streams=0 streams_pct=0% consumers=0 consumers_pct=0% replicas_ok=0 replicas_no_leader=0 "
                 r"replicas_missing_replicas=0 replicas_lagged=0;;200 replicas_not_seen=0.0000s;;5.0000 replicas_fail=0\n$")
    eq(check(nats(ctx, config=""), "jetstream", code=2), "CRITICAL JetStream Crit:JetStream not available: nats: jetstream not enabled "
       "Crit:JetStream not available: invalid account status\n")
    # Streams that are not replicated are well.
    stream(tool, "S")
    matches(check(tool, "jetstream"), " replicas_ok=1 ")
    helps = dict(re.findall(r"^# HELP nats_server_check_jetstream_(\S+) (.*)$", check(tool, "jetstream", "--format", "prometheus"), re.M))
    eq(helps, {
        "consumers": "JetStream consumers resource usage", "consumers_pct": "JetStream consumers resource usage in percent",
        "memory": "JetStream memory resource usage", "memory_pct": "JetStream memory resource usage in percent",
        "replicas_fail": "Streams unhealthy cluster state", "replicas_lagged": "Streams with > 200 lagged replicas",
        "replicas_missing_replicas": "Streams where there are fewer known replicas than configured",
        "replicas_no_leader": "Streams with no leader elected", "replicas_not_seen": "Streams with replicas seen > 5s ago",
        "replicas_ok": "Streams with healthy cluster state", "status_code": "Nagios compatible status code for jetstream",
        "storage": "JetStream storage resource usage", "storage_pct": "JetStream storage resource usage in percent",
        "streams": "JetStream streams resource usage", "streams_pct": "JetStream streams resource usage in percent"})


@case(128, "services")
def a_server_is_checked(ctx):
    tool = nats(ctx)
    name = tool.run("server", "list", "--json", *SYSTEM).json[0]["server"]["name"]
    out = check(tool, "server", "--name", name, "--js-required", *SYSTEM)
    matches(out, r"^OK %s OK:JetStream enabled \| uptime=\d+\.\d{4}s cpu=\d+%% mem=\d+ connections=\d+ subscriptions=\d+\n$"
            % re.escape(name))
    matches(check(tool, "server", "--name", name, "--uptime-warn", "2h", "--uptime-critical", "1h", *SYSTEM, code=2), r"Crit:Up ")
    matches(check(tool, "server", "--name", name, "--tls-required", *SYSTEM, code=2), r"Crit:TLS not required")
    eq(check(tool, "server", "--name", "nobody", "--timeout", "1s", *SYSTEM, code=2),
       "CRITICAL nobody Crit:varz failed: nats: timeout\n")


@case(129)
def a_bucket_is_checked(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B")
    tool.run("kv", "put", "B", "k", "v")
    eq(check(tool, "kv", "--bucket", "B", "--key", "k", "--values-warn", "5", "--values-critical", "9"),
       "OK B OK:bucket B OK:key k found OK:1 values | values=1;5;9 bytes=%dB replicas=1\n"
       % tool.run("request", "$JS.API.STREAM.INFO.KV_B", "", "--raw").json["state"]["bytes"])
    matches(check(tool, "kv", "--bucket", "B", "--key", "x", code=2), r"Crit:key x not found")
    matches(check(tool, "kv", "--bucket", "B", "--values-warn", "5", "--values-critical", "1", code=2), r"Crit:1 values")
    eq(check(tool, "kv", "--bucket", "B", "--values-warn", "1", code=1).split(" | ")[0], "WARNING B Warn:1 values OK:bucket B")
    tool.run("kv", "del", "B", "k", "-f")
    matches(check(tool, "kv", "--bucket", "B", "--key", "k", code=2), r"^CRITICAL B Crit:key k not found OK:bucket B \| values=1 bytes=\d+B replicas=1\n$")
    matches(check(tool, "kv", "--bucket", "B", "--format", "prometheus"), r"\n# HELP nats_server_check_kv_replicas Data about the NATS CLI check kv\n")
    eq(check(tool, "kv", "--bucket", "NO", code=2), "CRITICAL NO Crit:bucket NO not found\n")


@case(130)
def a_service_is_checked(ctx):
    tool = nats(ctx)
    matches(check(tool, "request", "--subject", "nobody", code=2),
            r"^CRITICAL nobody Crit:could not send request: nats: no responders available for request \| time=\d\.\d{4}s\n$")
    service = tool.start("reply", "svc", "answer", "-H", "K:V")
    service.wait_err("Listening")
    matches(check(tool, "request", "--subject", "svc", "--match-payload", "^ans", "--match-headers", "K=V"),
            r"^OK svc OK:Valid response \| time=0\.\d{3}0s\n$")
    matches(check(tool, "request", "--subject", "svc", "--match-payload", "^x", code=2), r"^CRITICAL svc Crit:response does not match regexp \| ")


@case(130, "deviation")
def headers_of_an_answer_are_checked(ctx):
    """The original sends the headers of --match-headers instead of comparing them with the answer's. Here they are compared."""
    tool = nats(ctx)
    service = tool.start("reply", "svc", "answer", "-H", "K:V")
    service.wait_err("Listening")
    matches(check(tool, "request", "--subject", "svc", "--match-headers", "K=W", code=2), r'^CRITICAL svc Crit:invalid header "K" = "V" \| ')


@case(132)
def a_result_goes_to_a_file(ctx):
    tool = nats(ctx)
    path = tool.path("result")
    eq(check(tool, "stream", "--stream", "NO", "--outfile", path, code=2), "")
    with open(path) as file:
        eq(file.read(), "CRITICAL NO Crit:could not load info: stream not found (10059)\n")
    eq(stat.S_IMODE(os.stat(path).st_mode), 0o600)


@case(109, "cluster", slow=True)
def a_report_about_jetstream(ctx):
    tool = nats(ctx, server=cluster(ctx)[0])
    stream(tool, "S", num_replicas=3)
    summary = (r"^╭─+╮\n│ +JetStream Summary +│\n├[─┬]+┤\n"
               r"│ Server │ Cluster │ Streams │ Consumers │ Messages │ Bytes │ Memory │ File │ API Req │ Pending │\n├[─┼]+┤\n"
               r"(?:│ n\d     │ c       │ 1       │ 0         │ 0        │ 0 B   │ 0 B    │ 0 B  │ \d       │       0 │\n){%d}"
               r"│ n\d\*    │ c       │ 1       │ 0         │ 0        │ 0 B   │ 0 B    │ 0 B  │ \d       │       0 │\n"
               r"(?:│ n\d     │ c       │ 1       │ 0         │ 0        │ 0 B   │ 0 B    │ 0 B  │ \d       │       0 │\n){%d}"
               r"├[─┼]+┤\n│        │         │ 3       │ 0         │ 0        │ 0 B   │ 0 B    │ 0 B  │ \d+ +│       0 │\n╰[─┴]+╯\n\n")
    meta = (r"╭─+╮\n│ +RAFT Meta Group Information - Lead cluster: c +│\n├[─┬]+┤\n"
            r"│ Connection Name │ ID       │ Leader │ Current │ Online │ Active +│ Lag │\n├[─┼]+┤\n"
            r"(?:│ n\d              │ \w{8} │ (?:yes|   )    │ true    │ true   │ \S+ +│ 0   │\n){3}╰[─┴]+╯\n")
    out = tool.out("server", "report", "jetstream", *SYSTEM)
    before = int(re.search(r"n(\d)\*", out).group(1)) - 1
    matches(out, summary % (before, 2 - before) + meta + "$")
    eq(out.count("yes"), 1)
    out = tool.out("server", "report", "jetstream", "--leaders", *SYSTEM)
    leaders = (r"╭─+╮\n│ +RAFT Leader Report +│\n├[─┬]+┤\n│ Server │ Cluster │ %s Leaders │ Distribution │\n├[─┼]+┤\n"
               r"│ n\d     │ c       │ %d +│ (%s) +│\n╰[─┴]+╯\n\n")
    matches(out, meta + "\n" + leaders % ("Stream", 1, r"\*{10}") + leaders % ("Consumer", 0, "") + "$")
    # Of some servers, the group is not told of.
    check_one = tool.out("server", "report", "jetstream", "--host", "n1", *SYSTEM)
    eq((check_one.count("╭"), check_one.count("│ n")), (1, 1))
    matches(check_one, "╯\n\n$")
    matches(tool.out("server", "report", "jetstream", "--account", "APP", *SYSTEM), r"│ +JetStream Summary for Account APP +│")
    eq(tool.error("server", "report", "jetstream", "--host", "no", "--timeout", "300ms", *SYSTEM),
       "no results received, ensure the account used has system privileges and appropriate permissions")
    out = tool.out("server", "report", "routes", *SYSTEM)
    matches(out, r"^╭─+╮\n│ +Cluster Report +│\n├[─┬]+┤\n"
                 r"│ Server │ Cluster │ Name │ Account │ Address +│ ID +│ Uptime +│ RTT +│ Subs │ Bytes In +│ Bytes Out │\n├[─┼]+┤\n"
                 r"(?:│ n1     │ c       │ n2   │|│        │         │      │|│        │         │ n3   │|│ n[23]     │ c       │ n1   │|│        │         │ n2   │)"
                 r"(?:         │| SYS     │) 127\.0\.0\.1:\d+ +│ rid:\d+ +│ \S+ +│ \S+ +│ \d+ +│ [\d.]+ \w+ +│ [\d.]+ \w+ +│\n")
    matches(out, r"├[─┼]+┤\n│ 3      │ 1       │      │         │ \d+ +│ +│ +│ +│ \d+ +│ [\d.]+ \w+ +│ [\d.]+ \w+ +│\n╰[─┴]+╯\n\n$")
    matches(tool.out("server", "list", *SYSTEM),
            r"╯\n\n╭─+╮\n│ +Cluster Overview +│\n├[─┬]+┤\n│ Cluster │ Node Count │ Outgoing Gateways │ Incoming Gateways │ Connections │\n├[─┼]+┤\n"
            r"│ c       │          3 │                 0 │                 0 │           1 │\n├[─┼]+┤\n"
            r"│         │          3 │                 0 │                 0 │           1 │\n╰[─┴]+╯\n$")


@case(110, "services")
def a_report_about_connections(ctx):
    tool = nats(ctx)
    watching = tool.start("sub", "a.>", "--connection-name", "watcher")
    watching.wait_err("Subscribing")
    found = tool.run("server", "report", "connections", "--account", "APP", "--json", *SYSTEM).json
    eq([entry["name"] for entry in found], ["watcher"])
    eq(found[0]["server"]["id"], tool.run("server", "list", "--json", *SYSTEM).json[0]["server"]["id"])
    for words in (("--filter", 'conn.name == "watcher"'), ("--filter", 'Conn.NumSubs == 1 and Conn.Name startsWith "w"'),
                  ("--filter", 'server.name == Server.Name and Conn.Account == "APP" and conn.mqtt_client == ""')):
        eq([entry["name"] for entry in tool.run("server", "report", "connections", *words, "--json", *SYSTEM).json], ["watcher"], words)
    for words in (("--filter", 'conn.name == "nobody"'), ("--account", "NO")):
        outcome = tool.run("server", "report", "connections", *words, *SYSTEM, code=1)
        eq((outcome.out, outcome.err), ("\n", "nats: error: did not get results from any servers\n"))
        eq(tool.error("server", "report", "connections", *words, "--json", *SYSTEM), "did not get results from any servers")
    matches(tool.error("server", "report", "connections", "--filter", "x(", *SYSTEM), "^Invalid expression: ")
    eq(tool.error("server", "report", "connections", "--filter", "true", "--closed-reason", "x", *SYSTEM),
       "cannot filter for closed reason and use a filter expression at the same time")
    name = found[0]["server"]["name"]
    out = tool.out("server", "report", "connections", "--connection-name", "x", *SYSTEM)
    matches(out, r"^\n╭─+╮\n│ +Top 2 Connections out of 2 by subs +│\n├[─┬]+┤\n"
                 r"│ CID │ Name +│ Server +│ Cluster │ IP +│ Account │ Uptime │ In Msgs │ Out Msgs │ In Bytes │ Out Bytes │ Subs │\n├[─┼]+┤\n"
                 r"(?:│ \d+ +│ (?:x|watcher) +│ %s │         │ 127\.0\.0\.1:\d+ │ (?:APP|SYS) +│ \d+s +│ \d+ +│ \d+ +│ [\d.]+ K?i?B +│ [\d.]+ K?i?B +│ 1    │\n){2}"
                 r"├[─┼]+┤\n│     │ Totals for 2 connections │ +│         │ +│         │        │ \d+ +│ \d+ +│ [\d.]+ K?i?B +│ [\d.]+ K?i?B +│ 2    │\n"
                 r"╰[─┴]+╯\n\n╭─+╮\n│ +Connections per server +│\n├[─┬]+┤\n│ Server +│ Cluster │ Connections │\n├[─┼]+┤\n│ %s │         │ +2 │\n╰[─┴]+╯\n$"
            % (name, name))
    accounts = tool.run("server", "report", "accounts", "--json", *SYSTEM).json
    eq(sorted(entry["account"] for entry in accounts), ["APP", "SYS"])
    eq(list(accounts[0])[:4], ["account", "connections", "connection_info", "in_msgs"])
    matches(tool.out("server", "report", "accounts", *SYSTEM),
            r"^\n╭─+╮\n│ +2 Accounts Overview +│\n├[─┬]+┤\n│ Account │ Connections │ In Msgs │ Out Msgs │ In Bytes │ Out Bytes │ Subs │\n├[─┼]+┤\n"
            r"(?:│ (?:APP|SYS)     │ 1           │ \d+ +│ \d+ +│ [\d.]+ K?i?B +│ [\d.]+ K?i?B +│ 1    │\n){2}╰[─┴]+╯\n$")
    matches(tool.out("server", "report", "accounts", "APP", *SYSTEM), r"^\n╭─+╮\n│ +Top 1 Connections out of 1 by subs +│\n")
    eq(list(tool.run("server", "report", "accounts", "APP", "--json", *SYSTEM).json), list(accounts[0]))
    matches(tool.out("server", "report", "mem", *SYSTEM), r"^Memory Usage\n\n  %s: █{30} \([\d.]+ MiB\)\n$" % name)
    matches(tool.out("server", "report", "cpu", *SYSTEM), r"^CPU Usage\n\n  %s: (▏ \(0\)|█{30} \([\d.]+\))\n$" % name)
    matches(tool.out("server", "report", "health", *SYSTEM),
            r"^╭─+╮\n│ +Health Report +│\n├[─┬]+┤\n│ Server +│ Cluster │ Domain │ Status         │ Type │ Error │\n├[─┼]+┤\n"
            r"│ %s │         │        │ ok \(200\)       │      │       │\n├[─┼]+┤\n"
            r"│ 1 +│ 1       │        │ ok: 1 / err: 0 │      │     0 │\n╰[─┴]+╯\n\n$" % name)
    for kind in ("health", "cpu", "mem", "jetstream", "routes", "gateways", "leafnodes"):
        service = {"cpu": "", "mem": "", "jetstream": ".JSZ", "routes": ".ROUTEZ", "gateways": ".GATEWAYZ", "leafnodes": ".LEAFZ",
                   "health": ".HEALTHZ"}[kind]
        eq(tool.error("server", "report", kind),
           "$SYS.REQ.SERVER.PING%s: server request failed, ensure the account used has system privileges and appropriate permissions" % service)
    empty = {"routes": r"│      0 │       0 │ +│ +│       0 │ +│ +│ +│    0 │      0 B │       0 B │\n",
             "gateways": r"│ %s │ +│    0 │ +│ +│ +│ +│ +│ +│ +│\n├[─┼]+┤\n│ 1 +│ 1    │ +│ +│ 0 +│ +│ +│ +│ 0 B +│ +│\n" % name,
             "leafnodes": ""}
    for kind, row in empty.items():
        matches(tool.out("server", "report", kind, *SYSTEM), r"\n├[─┼]+┤\n%s╰[─┴]+╯\n\n$" % row)


@case(111, "cluster", slow=True)
def the_meta_leader_steps_down(ctx):
    tool = nats(ctx, server=cluster(ctx)[0])
    outcome = tool.run("server", "cluster", "step-down", *SYSTEM)
    first = re.fullmatch(r'Requesting leader step down of "(n\d)" in a 3 peer RAFT group', outcome.logs[0])
    second = re.fullmatch(r'New leader elected "(n\d)"', outcome.logs[1])
    lib_check(first and second and first.group(1) != second.group(1), outcome)
    eq(tool.error("server", "cluster", "peer-remove", "nobody", *SYSTEM), "did not find a replica named nobody")
    matches(tool.error("server", "cluster", "step-down", "--js-domain", "x", *SYSTEM), "cannot be used with step-down")
    peer = next(name for name in ("n1", "n2", "n3") if name != second.group(1))
    outcome = tool.run("server", "cluster", "peer-remove", peer, *SYSTEM, code=1)
    matches(outcome.out, r"^Removing peers is intended for peers that will not come back, .*\nwhich may lead to duplicate deliveries\.\n\n$")
    eq(outcome.err, "nats: error: Could not prompt for confirmation: cannot ask for confirmation without a terminal\n")
    terminal = tool.terminal("server", "cluster", "peer-remove", peer, *SYSTEM)
    terminal.answer("Really remove online peer %s (y/N)" % peer, "n")
    matches(terminal.finish(), r"\nRemoval canceled\b")
    outcome = tool.run("server", "cluster", "step-down", "--tags", "x", *SYSTEM, code=1)
    eq(outcome.out, "WARNING: Using placement tags or node name required NATS Server 2.11 or newer\n\n")
    for args in (("step-down",), ("peer-remove", "n1")):
        eq(tool.error("server", "cluster", *args),
           "server request failed, ensure the account used has system privileges and appropriate permissions")


@case(122, "cluster", slow=True)
def replicas_of_a_stream_must_be_expected(ctx):
    tool = nats(ctx, server=cluster(ctx)[0])
    stream(tool, "S", num_replicas=3)
    eq(check(tool, "stream", "--stream", "S", code=2), "CRITICAL S Crit:Expected 0 replicas got 3 OK:0 sources | sources=0\n")
    eq(check(tool, "stream", "--stream", "S", "--peer-expect", "3"), "OK S OK:3 peers OK:0 sources | sources=0\n")
    eq(check(tool, "stream", "--stream", "S", "--peer-expect", "3", "--peer-lag-critical", "1000"),
       "OK S OK:3 peers OK:replicas are current OK:0 sources | sources=0\n")
    matches(check(tool, "jetstream"), r" replicas_ok=1 ")


@case(126, "cluster", slow=True)
def the_meta_group_is_checked(ctx):
    tool = nats(ctx, server=cluster(ctx)[0])
    limits = ("--lag-critical", "100", "--seen-critical", "1m")
    matches(check(tool, "meta", "--expect", "3", *limits, *SYSTEM),
            r"^OK JetStream Meta Cluster OK:3 peers led by n\d \| peers=3;3;3 peer_offline=0 peer_not_current=0 peer_inactive=0 "
            r"peer_lagged=0\n$")
    matches(check(tool, "meta", "--expect", "2", *limits, *SYSTEM, code=2), r"Crit:3 peers of expected 2 ")
    eq(check(tool, "meta", "--expect", "2", *limits, code=2),
       "CRITICAL JetStream Meta Cluster Crit:JSZ API request failed: nats: no responders available for request\n")


@case(105, "deviation")
def a_server_to_try_things_out(ctx):
    """The original has no such command in this line."""
    tool = nats(ctx, server=False)
    running = tool.start("server", "run", "try")
    running.wait_out("Use it by")
    matches(running.out, r"^Starting local development server, built into %s\n" % re.escape(os.path.realpath(tool.binary)))
    matches(tool.out("context", "ls", "--names"), "^try\ntry_service\ntry_system\n$")
    matches(tool.out("account", "info", "--context", "try"), r" Connected Server Name: try\n.*JetStream Account Information:")
    tool.run("kv", "add", "B", "--context", "try_service")
    eq(tool.error("server", "run", "try"), 'context "try" already exist')
    running.interrupt()
    running.wait()
    eq(tool.out("context", "ls", "--names"), "")


@case(105, "deviation")
def the_server_inside_ends_without_the_tool(ctx):
    """The original has no such command."""
    tool = nats(ctx, server=False)
    running = tool.start("server", "run", "try", "--no-jetstream")
    running.wait_out("Use it by")
    inside = child_of(running.process.pid)
    matches(tool.out("rtt", "1", "--context", "try"), "127.0.0.1")
    os.kill(inside, signal.SIGKILL)
    outcome = running.wait(1)
    matches(outcome.err, r"nats: error: the server ended: signal: 9 ")
    eq(tool.out("context", "ls", "--names"), "")
    # What stops the tool stops the server.
    running = tool.start("server", "run", "try")
    running.wait_out("Use it by")
    inside = child_of(running.process.pid)
    running.process.send_signal(signal.SIGTERM)
    running.wait()
    lib_check(not os.path.exists("/proc/%d" % inside), "the server is left")


def child_of(pid):
    """The one child of a process."""
    with open("/proc/%d/task/%d/children" % (pid, pid)) as source:
        children = source.read().split()
    eq(len(children), 1, "children of %d" % pid)
    return int(children[0])


@case(105, "deviation")
def another_server_to_try_things_out(ctx):
    """The original has no such command."""
    tool = nats(ctx, server=False)
    running = tool.start("server", "run", "try", "--binary", ctx.binary)
    running.wait_out("Use it by")
    matches(running.out, r"^Starting local development server, %s\n" % re.escape(ctx.binary))
    tool.run("kv", "add", "B", "--context", "try")
    running.interrupt()
    running.wait()
