"""latency, trace, events, service, counter, errors, cheat, plugins, top: items 64, 104, 136 to 145."""

import json
import os
import re

from messaging import listening
from tool import *

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


@case(64, "tracing")
def tracing_a_message(ctx):
    tool = nats(ctx)
    js = jetstream(ctx, server=tool.server, guard=False)
    js.create("ORDERS", ["orders.*"])
    out = tool.out("trace", "orders.1")
    matches(out, r'^Tracing message route to subject orders\.1 \n\n'
                 r'Client "NATS CLI Version \S+" cid:\d+ server:"\S+" version:"2\.15\.1"\n'
                 r'--J JetStream action:"stored" stream:"ORDERS" subject:"orders\.1"\n--X No active interest\n\n'
                 r'Legend: Client: --C Router: --> Gateway: ==> Leafnode: ~~> JetStream: --J Error: --X\n\n'
                 r'Egress Count:\n\n  JetStream: 1\n$')
    eq(js.state("ORDERS")["messages"], 0)
    matches(tool.out("trace", "nobody"), r'^Tracing message route to subject nobody \n\nClient [^\n]*\n--X No active interest\n\nLegend: [^\n]*\n\n$')
    sub = listening(tool, "foo", "--count", "1", "--queue", "q")
    out = tool.out("trace", "foo", "body", "--deliver", "-T")
    matches(out, r'^Tracing message route to subject foo with delivery to the final destination\n\n\[0s\] Client "[^\n]*\n'
                 r'\[\d\S*\] --C Client "NATS CLI Version \S+" cid:\d+ subject:"foo" queue:"q"\n\n'
                 r'Legend: [^\n]*\n\nEgress Count:\n\n  Client: 1\n$')
    matches(sub.wait().out, "\nbody\n")


@case(104, "counters")
def counters(ctx):
    tool = nats(ctx)
    js = jetstream(ctx, server=tool.server, guard=False)
    js.create("C", ["c.*"], allow_msg_counter=True, allow_direct=True)
    eq(tool.out("counter", "increment", "c.a", "5"), "5\n")
    eq(tool.out("counter", "decrement", "c.a", "2"), "3\n")
    eq(tool.out("counter", "get", "c.a"), "3\n")
    eq(tool.out("counter", "view", "c.a"),
       "Counter c.a\n\n      Value: 3\n  Increment: -2\n    Subject: c.a\n No source information found\n")
    tool.run("counter", "inc", "c.b", "100000000000000000000000")
    # The original's have no order.
    eq(sorted(tool.out("counter", "ls", "--stream", "C").splitlines()), ["c.a", "c.b"])
    eq(sorted(tool.run("counter", "ls", "c.*", "--json").json), ["c.a", "c.b"])
    eq(tool.error("counter", "ls"), "no stream or subject specified")
    eq(tool.error("counter", "inc", "c.a", "x"), "invalid value")
    js.create("NO", ["no.*"])
    eq(tool.error("counter", "get", "no.a"), '"NO" is not a valid counter stream')
    eq(tool.error("counter", "inc", "no.a", "1"), '"NO" is not a valid counter stream')
    eq(tool.error("counter", "get", "c.z"), "counter not initialized for subject: c.z")
    matches(tool.error("counter", "view", "c.z"), "^counter not initialized for subject")
    eq(tool.error("counter", "ls", "c.z"), "no counters found")
    eq(tool.error("counter", "get", "nobody"), "nats: API error: code=404 err_code=10059 description=stream not found")


@case(136)
def events_of_streams(ctx):
    tool = nats(ctx)
    runs = [tool.start("events", "--js-advisory", "--no-srv-advisory", *form)
            for form in ((), ("--short",), ("--json",), ("--cloudevent",), ("--short", "--filter", "\"stream\":\"x2\""))]
    js = jetstream(ctx, server=tool.server, guard=False)
    wait_until(lambda: sum("$JS.EVENT.ADVISORY.>" in (c.get("subscriptions_list") or [])
                           for c in tool.server.connz(subs=1)["connections"]) == 5)
    js.create("X1", ["x1"])
    js.create("X2", ["x2"])
    blocks, lines, raw, cloud, filtered = runs
    blocks.wait_out(r"Listening for Advisories on \$JS\.EVENT\.ADVISORY\.>\n.*"
                    r"\n\[\d\d:\d\d:\d\d\] \[\S{22}\] Stream Create Action\n\n {8}Stream: X1\n")
    lines.wait_out(r"\n\d\d:\d\d:\d\d \[Stream Create\] X1\n")
    raw.wait_out("X2.*\n")
    kinds = [json.loads(line)["type"] for line in raw.out.splitlines()]
    check("io.nats.jetstream.advisory.v1.stream_action" in kinds, kinds)
    text = cloud.wait_out(r"(\{\n  \"type\".*?\n\}\n)").group(1)
    eq(list(json.loads(text)), ["type", "time", "id", "source", "dataschema", "specversion", "subject", "data"])
    filtered.wait_out("X2")
    check("X1" not in filtered.out, filtered.out)


@case(136, "services")
def connections_and_events_in_a_stream(ctx):
    tool = nats(ctx)
    run = tool.start("events", *SYSTEM)
    run.wait_out(r"Listening for Client Connection events on \$SYS\.ACCOUNT\.\*\.CONNECT\n")
    tool.run("rtt", "1")
    run.wait_out(r"\n\[\d\d:\d\d:\d\d\] \[\S{22}\] Client Connection\n\n   Server: \S+\n(  Cluster: \S+\n)?\n   Client:\n {17}ID: \d+\n"
                 r".*    Library Version: \S+  Language: \S+\n.*\n\n"
                 r"\[\d\d:\d\d:\d\d\] \[\S{22}\] Client Disconnection\n\n    Reason: Client Closed\n    Server: \S+\n.*\n   Stats:\n {18}RTT: \S+\n"
                 r"      Client Received: \d+ messages \(.*\)\n     Client Published: \d+ messages \(.*\)\n")
    js = jetstream(ctx, server=tool.server, guard=False)
    js.create("EV", ["$JS.EVENT.ADVISORY.STREAM.>"])
    js.create("Y", ["y"])
    kept = tool.start("events", "--stream", "EV", "--since", "1h", "--short")
    kept.wait_out(r"^Listening for Events in stream EV since \d{4}-.*\[Stream Create\] Y\n")
    whole = tool.start("events", "--stream", "EV", "--short")
    whole.wait_out(r"^Listening for Events in stream EV\n.*\[Stream Create\] Y\n")
    eq(tool.error("events", "--no-srv-advisory"), "no events were chosen")
    eq(tool.error("events", "--stream", "EV", "-a"),
       "cannot specify both Stream and specific advisories or extra subjects")


@case(137)
def services(ctx):
    tool = nats(ctx)
    eq(tool.error("service", "list"), "no service instances found")
    eq(tool.error("service", "serve", "a.b"), "validation: service name: name should not be empty and should consist of "
       "alphanumerical characters, dashes and underscores")
    runs = [tool.start("service", "serve", "demo") for _ in range(2)]
    for run in runs:
        run.wait_out(r"^NATS CLI Service demo handler \d+ waiting for requests on nats://\S+\n\nListening Subjects:\n\n"
                     r"  demo\.echo: Echo Service\n\nRequests Log:\n\n$")
    listed = tool.run("service", "list", "--json").json
    eq([(entry["type"], entry["name"], entry["version"]) for entry in listed],
       [("io.nats.micro.v1.info_response", "demo", "1.0.0")] * 2)
    out = tool.out("service", "ls")
    matches(out, r"All Services.*│ Name │ Version │ ID +│ Description +│.*│ demo │ 1\.0\.0 +│ \S{22} │ NATS CLI Demo Service \(demo\) │"
                 r"\n│ +│ +│ \S{22} │ +│\n")
    eq(list(listed[0]), ["name", "id", "version", "metadata", "type", "description", "endpoints"])
    eq(listed[0]["endpoints"], [{"name": "echo", "subject": "demo.echo", "queue_group": "q", "metadata": None}])
    check("demo Service Instances" in tool.out("service", "ls", "demo"))
    found = tool.run("service", "info", "demo", "--json").json
    eq(list(found), ["info", "stats"])
    eq(found["info"]["id"], found["stats"]["id"])
    wanted = listed[1]["id"]
    matches(tool.out("service", "info", "demo", wanted),
            r'^Service Information\n\n {10}Service: demo \(%s\)\n {6}Description: NATS CLI Demo Service \(demo\)\n {10}Version: 1\.0\.0\n'
            r' {9}Metadata: _nats\.client\.created\.library: natscli\n {19}_nats\.client\.created\.version: \S+\n\n'
            r'Endpoints:\n\n {15}Name: echo\n {12}Subject: demo\.echo\n {8}Queue Group: q\n\n'
            r'Statistics for 1 Endpoint\(s\):\n\n  echo Endpoint Statistics:\n\n {11}Requests: 0 in group "q"\n    Processing Time: 0s \(average 0s\)\n'
            r' {12}Started: \d{4}-.* \(.* ago\)\n {13}Errors: 0\n\n  Endpoint Specific Statistics:\n\n    \{\n {8}"total_payload": 0\n    \}\n$' % wanted)
    eq(tool.run("service", "info", "demo", "--json", "-e", "nope").json["info"]["endpoints"], [])
    matches(tool.out("service", "stats", "demo"), r"demo Service Statistics.*│ ID +│ Endpoint │ Requests │ Queue Group │ Errors │")
    eq(len(tool.run("service", "stats", "demo", "--json").json), 2)
    matches(tool.out("service", "ping", "demo", "--timeout", "300ms"), r"^demo \S{22} +rtt=[\d.]+(ms|µs)\ndemo ")
    for command in ("ls", "info", "stats"):
        eq(tool.error("service", command, "nope", "--timeout", "300ms"), "no service instances found")
    eq(tool.out("service", "ping", "nope", "--timeout", "300ms"), "")


@case(138)
def a_request_to_a_service(ctx):
    tool = nats(ctx)
    run = tool.start("service", "serve", "demo", "-H", "X:y")
    run.wait_out(r"Custom Response Headers:\n\n {10}X: y\n\nRequests Log:\n\n")
    eq(tool.out("service", "request", "demo", "echo", "hello", "--raw").strip(), "hello")
    logs = tool.run("service", "request", "demo", "echo", "hello", "-H", "A:1").logs
    for line in ("X: y", "A: 1", "Subject: demo.echo"):
        check(line in logs, logs)
    check(any(line.startswith("ConnectedUrl: ") for line in logs), logs)
    run.wait_err(r"\d\d:\d\d:\d\d Handling request on subject demo\.echo\n")
    eq(tool.error("service", "request", "demo", "nope", "x"), 'service "demo" has no endpoint "nope" (available: echo)')


@case(139)
def error_codes(ctx):
    tool = nats(ctx, server=False)
    out = tool.out("errors", "lookup", "10059")
    matches(out, r"^NATS Error Code: 10059\n\n +Description: stream not found\n +HTTP Code: 404\n"
                 r" +Go Index Constant: JSStreamNotFoundErr\n\n No further information available\n$")
    eq(tool.error("errors", "lookup", "1"), "no error matches code 1")
    matches(tool.out("errors", "ls", "stream not found"),
            r"NATS Errors.*│ NATS Code │ HTTP Error Code │ Description +│ Comment │ Go Constant +│.*│ +10059 │ +404 │ stream not found │")
    for code, why in (("x", "invalid syntax"), ("99999", "value out of range")):
        eq(tool.error("errors", "lookup", code), 'strconv.ParseUint: parsing "%s": %s' % (code, why))
    eq(tool.error("errors", "ls", "ZZZZ"), "no errors found matching regular expression zzzz")
    eq(tool.error("errors", "ls", "x", "bad"), "enum value must be one of code,http,description,descr,d, got 'bad'")
    rows = lambda *args: [line.split(",")[0] for line in tool.out(  # noqa: E731
        "errors", "ls", *args, env={"NATS_TABLE_FORMAT": "csv"}).splitlines()[2:] if line]
    # Descriptions, codes, constants, comments and help, but not URLs.
    eq(rows("10059"), ["10059"])
    eq(rows("jsstreamnotfound"), ["10059"])
    check("10023" not in rows("stream"), "an error that has stream in its URL only")


@case(139)
def error_definitions_are_maintained(ctx):
    tool = nats(ctx, server=False)
    tool.write("e.json", json.dumps([{"constant": "A", "code": 400, "error_code": 10001, "description": "d"}]))
    eq(tool.out("errors", "validate", "e.json"), "Validated 1 errors\n")
    eq(tool.error("errors", "validate"), "errors file is required")
    eq(tool.error("errors", "validate", "none.json"), "path 'none.json' does not exist")
    editor = lambda script: {"EDITOR": "sed -i " + script}  # noqa: E731
    script = tool.write("old.sed", 's/"d"/"other"/\n')
    eq(tool.out("errors", "edit", "e.json", "10001", env=editor("-f " + script)), "Validated 1 errors\n")
    changed = {"constant": "A", "code": 400, "error_code": 10001, "description": "other", "comment": "", "help": "", "url": "",
               "deprecates": ""}
    eq(open(tool.path("e.json"), encoding="utf-8").read(), json.dumps([changed], indent=2))
    # One that is not there yet.
    script = tool.write("new.sed", 's/"constant": ""/"constant": "B"/\ns/"code": 0/"code": 500/\ns/"description": ""/"description": "new"/\n')
    eq(tool.out("errors", "edit", "e.json", env=editor("-f " + script)), "Validated 2 errors\n")
    added = json.load(open(tool.path("e.json"), encoding="utf-8"))[1]
    eq((added["constant"], added["code"], added["error_code"], added["description"]), ("B", 500, 10002, "new"))
    outcome = tool.run("errors", "edit", "e.json", env=editor("-e s/x/x/"), code=1)
    eq((outcome.out, outcome.err), ("Invalid error specification: code is require, constant is required, description is required\n",
                                    "nats: error: aborted\n"))
    tool.write("bad.json", json.dumps([{"constant": "A", "code": 0, "error_code": 1, "description": "{x} and {"},
                                       {"constant": "B", "code": 400, "error_code": 10003, "description": "{err}"}]))
    outcome = tool.run("errors", "validate", "bad.json", code=1)
    eq(outcome.out, "1 failed: error codes may not be below 10000, code is require, unmatched number of { and }, constants for errors with "
                    "tokens must end in F like JSStreamMsgDeleteFailedF\n"
                    "10003 failed: token only descriptions requires a comment, constants for errors with tokens must end in F like "
                    "JSStreamMsgDeleteFailedF\n")
    eq(outcome.err, "nats: error: bad.json is invalid\n")


@case(141)
def cheats(ctx):
    tool = nats(ctx, server=False)
    labels = tool.out("cheat").split("\n")
    eq(labels[:2], ["Available Cheats:", ""])
    names = [line.strip() for line in labels[2:] if line]
    eq(len(names), 16)
    eq(tool.out("cheat", "nope"), tool.out("cheat"))
    matches(tool.out("cheat", "kv"), r"^# to [^\n]*\nnats kv ")
    out = tool.out("cheat", "--save", "sheets")
    eq(out, "".join("Saved cheat to sheets/%s\n" % name for name in names))
    text = open(tool.path("sheets/kv"), encoding="utf-8").read()
    check(text.startswith("---\ntags: [nats]\n---\n\n# to "), text)
    eq(sorted(os.listdir(tool.path("sheets"))), sorted(names))


@case(144)
def a_plugin(ctx):
    tool = nats(ctx, server=False)
    script = tool.write("bin/hello", """#!/bin/sh
if [ "$1" = --fisk-introspect ]; then echo '{"name":"hello","help":"h","commands":[{"name":"say","help":"s","args":[{"name":"what","help":"w"}]}]}'; exit; fi
echo "hello: $*"; exit 7
""")
    os.chmod(script, 0o755)
    out = tool.out("plugins", "register", "foo", script)
    eq(out, "WARNING: Plugins support is experimental and not officially supported\n\n"
            "Plugin foo using command %s was added or updated\n" % script)
    kept = json.load(open(tool.path("data/nats/cli/plugins/foo.json"), encoding="utf-8"))
    eq((list(kept), kept["cmd"]), (["cmd", "def"], script))
    eq(tool.run("foo", "say", "it", code=None).out, "hello: say it\n")
    eq(tool.usage_error("--nope", "foo"), "unknown long flag '--nope'")
    eq(tool.error("plugins", "register", "foo", script), "plugins foo already registered, use --force to update")
    tool.run("plugins", "register", "foo", script, "--force")
    eq(tool.error("plugins", "register", "Foo", script), "plugins names must match ^[a-z]$")
    # From where it is called, through links, and before anything else the warning.
    os.symlink("bin", tool.path("link"))
    eq(tool.out("plugins", "register", "bar", "link/hello"), "WARNING: Plugins support is experimental and not officially supported\n\n"
       "Plugin bar using command link/hello was added or updated\n")
    eq(json.load(open(tool.path("data/nats/cli/plugins/bar.json"), encoding="utf-8"))["cmd"], tool.path("link/hello"))
    refused = tool.run("plugins", "register", "bar", script, code=1)
    eq(refused.out, "WARNING: Plugins support is experimental and not officially supported\n\n")


@case(144, "deviation")
def a_plugin_gets_its_words_as_they_are(ctx):
    """The original reads them first, in another order than they were written, and ends with 1 whatever it ends with."""
    tool = nats(ctx, server=False)
    script = tool.write("bin/hello", """#!/bin/sh
if [ "$1" = --fisk-introspect ]; then echo '{"name":"hello","help":"h","commands":[]}'; exit; fi
echo "hello: $*"; exit 7
""")
    os.chmod(script, 0o755)
    tool.run("plugins", "register", "foo", script)
    outcome = tool.run("foo", "--own", "x", code=7)
    eq(outcome.out, "hello: --own x\n")
    # Global flags before it are handed on.
    eq(tool.run("-s", "host:1", "--trace", "foo", "a", "-s", "b", code=7).out, "hello: -s host:1 --trace a -s b\n")


@case(145)
def latency_between_servers(ctx):
    tool = nats(ctx)
    outcome = tool.run("latency", "--server-b", tool.server.address, "--duration", "1s", "--rate", "200", "--histogram", "h")
    eq(outcome.out, "")
    rule, time = "=" * 30, r"[\d.]+(µs|ms|s)"
    patterns = [rule, "Pub Server RTT : " + time, "Sub Server RTT : " + time, "Message Payload: 8B", "Target Duration: 1s",
                "Target Msgs/Sec: 200", r"Target Band/Sec: 3\.1K", rule, "HDR Percentiles:"]
    patterns += ["%-10s%s" % (percent + ":", time) for percent in
                 ("10", "50", "75", "90", "99", "99.9", "99.99", "99.999", "99.9999", "99.99999", "100")]
    patterns += [rule, r"Actual Msgs/Sec: \d+", r"Actual Band/Sec: [\d.]+[BK]", "Minimum Latency: " + time, "Median Latency : " + time,
                 "Maximum Latency: " + time, "1st Sent Wall Time : " + time, "Last Sent Wall Time: " + time, "Last Recv Wall Time: " + time]
    eq(len(outcome.logs), len(patterns), outcome)
    for line, pattern in zip(outcome.logs, patterns):
        matches(line, "^" + pattern + "$")
    lines = open(tool.path("h.raw"), encoding="utf-8").read().splitlines()
    eq(len(lines), 200)
    check(all(re.fullmatch(r"\d+\.\d{6}", line) for line in lines), lines[:3])
    head, empty, *rows = open(tool.path("h.histogram"), encoding="utf-8").read().splitlines()
    eq((head, empty, len(rows)), ("Value    Percentile    TotalCount    1/(1-Percentile)", "", 12))
    for row, rest in ((rows[0], r"0\.100000        20            1\.111111"), (rows[1], r"0\.250000        50            1\.333333"),
                      (rows[8], r"0\.999990        200            99999\.999999"), (rows[11], r"1\.000000        200            10000000\.000000")):
        matches(row, r"^\d+\.\d{6}    %s$" % rest)
    eq(tool.error("latency", "--server-b", "127.0.0.1:1"), "second connection failed: nats: no servers available for connection")
    eq(tool.error("latency", "--server-b", "127.0.0.1:1", "-s", "127.0.0.1:1"),
       "first connection failed: nats: no servers available for connection")
    eq(tool.error("latency", "--server-b", "x", "--size", "4"), "message Payload Size must be at least 8 bytes")


@case(140)
def schemas(ctx):
    tool = nats(ctx)
    name = "io.nats.jetstream.api.v1.stream_configuration"
    eq(tool.out("schema", "search", "stream_conf"), "Matched Schemas:\n\n  %s\n" % name)
    eq(tool.out("schema", "search", "zzzz"), 'No schemas matched "zzzz"\n')
    eq(tool.out("schema", "search", "zzzz", "--json"), "null\n")
    eq(tool.run("schema", "ls", "stream_conf", "--json").json, [name])
    eq(tool.run("schema", "info", name).json["title"], name)
    matches(tool.out("schema", "info", name), r'^\{\n  "\$schema": .*"pattern": "\^\[\^\.\*>\]\*\$".*\n\}\n\n$')
    matches(tool.out("schema", "info", name, "--yaml"), '\ntitle: "?%s"?\n' % name)
    tool.write("bad.json", json.dumps({"name": "S", "storage": "tape"}))
    problems = ["missing properties: 'retention', 'max_consumers', 'max_msgs', 'max_bytes', 'max_age', 'num_replicas'",
                '/storage: value must be one of "file", "memory"']
    eq(tool.out("schema", "validate", name, "bad.json"), "Validation errors in bad.json:\n\n  %s\n  %s\n" % tuple(problems))
    eq(tool.run("schema", "validate", name, "bad.json", "--json").json, problems)
    eq(tool.out("schema", "validate", "nope", "bad.json"), "Validation errors in bad.json:\n\n  unknown schema type nope\n")
    tool.write("text", "x")
    matches(tool.error("schema", "validate", name, "text"), '^could not parse JSON data in "text": ')
    js = jetstream(ctx, server=tool.server, guard=False)
    js.create("S", ["s"])
    tool.write("good.json", json.dumps(js.info("S")["config"]))
    eq(tool.out("schema", "validate", name, "good.json"), "good.json validates against %s\n" % name)
    eq(tool.out("schema", "request", "$JS.API.INFO"),
       "Response is a valid io.nats.jetstream.api.v1.account_info_response message\n")
    eq(tool.error("schema", "info", "nope"), 'could not load schema "nope": unsupported schema type "nope"')


@case(143, "services")
def a_snapshot_of_top(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "foo", "--connection-name", "watched")
    sub.wait_err("Subscribing")
    name = tool.server.varz()["server_name"]
    eq(tool.out("top", name, "-o", "snap.txt", "--subs", *SYSTEM), "")
    eq(os.stat(tool.path("snap.txt")).st_mode & 0o777, 0o600)
    text = open(tool.path("snap.txt"), encoding="utf-8").read()
    matches(text, r"^NATS server version \S+ \(uptime: \S+\) \nServer: .*\n  ID:   N\S+\n"
                  r"  Load: CPU:  \d+\.\d%  Memory: \S+  Slow Consumers: 0\n"
                  r"  In:   Msgs: \d+  Bytes: \S+  Msgs/Sec: 0\.0  Bytes/Sec: 0\n"
                  r"  Out:  Msgs: \d+  Bytes: \S+  Msgs/Sec: 0\.0  Bytes/Sec: 0\n\nConnections Polled: 2\n"
                  r"  HOST             CID    NAME +SUBS    PENDING     MSGS_TO     MSGS_FROM   BYTES_TO    "
                  r"BYTES_FROM  LANG     VERSION  UPTIME   LAST_ACTIVITY                           SUBSCRIPTIONS\n")
    matches(text, r"\n  127\.0\.0\.1:\d+ +\d+ +watched +1       0           0           0           0           0           "
                  r"\S+ +\S+ +\S+ +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000 UTC *foo\n")
    lines = tool.out("top", name, "--output=-", "--delimiter", ",", "--sort", "subs", *SYSTEM).splitlines()
    matches(lines[0], r"^NATS server version,\S+,\(uptime: \S+\),$")
    eq(lines[1], "Server:")
    matches(lines[2], r"^Load:,CPU:,\d+\.\d%,Memory:,\S+,Slow Consumers:,0$")
    matches(lines[3], r"^In:,Msgs:,\S+,Bytes:,\S+,Msgs/Sec:,0\.0,Bytes/Sec:,0$")
    matches(lines[4], r"^Out:,Msgs:,")
    eq(lines[5:8], ["", "Connections Polled:,2", "HOST,CID,NAME,SUBS,PENDING,MSGS_TO,MSGS_FROM,BYTES_TO,BYTES_FROM,LANG,"
                    "VERSION,UPTIME,LAST_ACTIVITY"])
    eq(len(lines), 10)
    matches("\n".join(lines), r"\n127\.0\.0\.1:\d+,\d+,watched,1,0,0,0,0,0,")
    # An order that the server refuses is said on the page.
    matches(tool.out("top", name, "--output=-", "--sort", "stop", *SYSTEM),
            r"^NATS server version \S+ \(uptime: \S+\) sort by stop only valid on closed connections \(0\)\n"
            r"(.*\n)*Connections Polled: 0\n")
    eq(tool.error("top", name, "-o", "x"), "initial test request failed: no results received, ensure the account used "
       "has system privileges and appropriate permissions")
    eq(tool.error("top", "nobody", "-o", "x", *SYSTEM), "initial test request failed: nats: timeout")
    check(not os.path.exists(tool.path("x")))
    matches(tool.error("top", name, "-o", "no/x", *SYSTEM), r"^failed to open output file 'no/x': .*no such file or directory$")


@case(143, "services", "deviation")
def top_without_a_terminal(ctx):
    tool = nats(ctx)
    name = tool.server.varz()["server_name"]
    eq(tool.error("top", name, *SYSTEM), "top needs a terminal: use --output FILE for a snapshot")
    matches(tool.out("top", name, "-o", "-", *SYSTEM), "^NATS server version .*\n")


def keys(terminal, text, question):
    """Types an answer, each letter after the one before is seen."""
    for end in range(len(text)):
        terminal.type(text[end])
        terminal.wait(question + text[:end + 1])


@case(143, "services")
def top_at_a_terminal(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "foo", "--connection-name", "watched")
    sub.wait_err("Subscribing")
    terminal = tool.terminal("top", tool.server.varz()["server_name"], *SYSTEM, columns=260)
    terminal.wait(r"NATS server version .*Connections Polled: 2\n  HOST .*watched")
    check("SUBSCRIPTIONS" not in terminal.screen.text())
    terminal.type("s")
    terminal.wait(r"SUBSCRIPTIONS\n(.*\n)*.*foo")
    terminal.type("?")
    terminal.wait("Command          Description\n\no<option> +Set primary sort key to <option>.")
    terminal.type("x")
    terminal.wait("NATS server version")
    terminal.type("n")
    terminal.wait(r"limit   \[1024\]:")
    terminal.type("1")
    terminal.wait(r"limit   \[1024\]: 1")
    terminal.type("\r")
    # Keys are lost until the question is gone.
    terminal.wait(r"\A(?!(?s:.*)(?:limit|sort by) +\[)(?s:.*)Connections Polled: 1\n")
    terminal.type("o")
    terminal.wait(r"sort by \[cid\]:")
    keys(terminal, "subs", r"sort by \[cid\]: ")
    terminal.type("\r")
    # Keys are lost until the question is gone.
    terminal.wait(r"\A(?!(?s:.*)(?:limit|sort by) +\[)(?s:.*)Connections Polled: 1\n")
    terminal.type("o")
    terminal.wait(r"sort by \[subs\]:")
    keys(terminal, "nope", r"sort by \[subs\]: ")
    terminal.type("\r")
    terminal.wait("invalid order: nope")
    terminal.type("q")
    terminal.finish()
