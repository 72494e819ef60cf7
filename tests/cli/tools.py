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
                    r"\[\d\d:\d\d:\d\d\] \[\S{22}\] Stream Create\n\n.* Stream: X1\n")
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
    run.wait_out(r"Client Connection\n\n.*   Server: \S+.*User: .*Client Disconnection\n")
    js = jetstream(ctx, server=tool.server, guard=False)
    js.create("EV", ["$JS.EVENT.ADVISORY.STREAM.>"])
    js.create("Y", ["y"])
    kept = tool.start("events", "--stream", "EV", "--since", "1h", "--short")
    kept.wait_out(r"\[Stream Create\] Y\n")
    eq(tool.error("events", "--no-srv-advisory"), "no events were chosen")
    eq(tool.error("events", "--stream", "EV", "-a"),
       "cannot specify both Stream and specific advisories or extra subjects")


@case(137)
def services(ctx):
    tool = nats(ctx)
    eq(tool.error("service", "list"), "no service instances found")
    runs = [tool.start("service", "serve", "demo") for _ in range(2)]
    for run in runs:
        run.wait_err("is listening on")
    listed = tool.run("service", "list", "--json").json
    eq([(entry["type"], entry["name"], entry["version"]) for entry in listed],
       [("io.nats.micro.v1.info_response", "demo", "1.0.0")] * 2)
    out = tool.out("service", "ls")
    matches(out, r"All Services.*│ Name │ Version │ ID +│ Description +│.*│ demo │ 1\.0\.0 +│ \S{22} │.*\n│ +│ +│ \S{22} │")
    check("demo Service Instances" in tool.out("service", "ls", "demo"))
    found = tool.run("service", "info", "demo", "--json").json
    eq(list(found), ["info", "stats"])
    eq(found["info"]["id"], found["stats"]["id"])
    wanted = listed[1]["id"]
    matches(tool.out("service", "info", "demo", wanted),
            r'^Service Information\n\n +Service: demo \(%s\)\n.*Endpoints:\n.* Subject: demo\.echo\n.*'
            r'Statistics for 1 Endpoint\(s\):\n.*echo Endpoint Statistics:\n\n +Requests: 0 in group "q"\n' % wanted)
    matches(tool.out("service", "stats", "demo"), r"demo Service Statistics.*│ ID +│ Endpoint │ Requests │ Queue Group │ Errors │")
    eq(len(tool.run("service", "stats", "demo", "--json").json), 2)
    matches(tool.out("service", "ping", "demo", "--timeout", "300ms"), r"^demo \S{22} +rtt=[\d.]+(ms|µs)\ndemo ")
    eq(tool.error("service", "info", "nope", "--timeout", "300ms"), "no service instances found")


@case(138)
def a_request_to_a_service(ctx):
    tool = nats(ctx)
    run = tool.start("service", "serve", "demo", "-H", "X:y")
    run.wait_err("is listening on")
    eq(tool.out("service", "request", "demo", "echo", "hello", "--raw").strip(), "hello")
    logs = tool.run("service", "request", "demo", "echo", "hello", "-H", "A:1").logs
    for line in ("X: y", "A: 1", "Subject: demo.echo"):
        check(line in logs, logs)
    check(any(line.startswith("ConnectedUrl: ") for line in logs), logs)
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
    eq(tool.error("errors", "ls", "zzzz"), "no errors found matching regular expression zzzz")
    tool.write("e.json", json.dumps([{"constant": "A", "code": 400, "error_code": 1, "description": "d"}]))
    eq(tool.out("errors", "validate", "e.json"), "Validated 1 errors\n")
    tool.run("errors", "edit", "e.json", "1", env={"EDITOR": "sed -i s/^description.*/description:\\ other/"})
    eq(json.load(open(tool.path("e.json"), encoding="utf-8"))[0]["description"], "other")
    tool.write("bad.json", json.dumps([{"constant": "A", "code": 400, "error_code": 1, "description": "d"}] * 2))
    matches(tool.error("errors", "validate", "bad.json"), "error code 1 is there twice")


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
    matches(tool.out("schema", "search", "stream_conf"), r"^Matched Schemas:\n\n  %s\n\n$" % name)
    eq(tool.run("schema", "ls", "stream_conf", "--json").json, [name])
    eq(tool.run("schema", "info", name).json["title"], name)
    matches(tool.out("schema", "info", name, "--yaml"), '\ntitle: "%s"\n' % name)
    tool.write("bad.json", json.dumps({"name": "S", "storage": "tape"}))
    out = tool.out("schema", "validate", name, "bad.json")
    matches(out, r"^Validation errors in bad\.json:\n\n.*  storage: ")
    check(len(tool.run("schema", "validate", name, "bad.json", "--json").json) > 1)
    js = jetstream(ctx, server=tool.server, guard=False)
    js.create("S", ["s"])
    tool.write("good.json", json.dumps(js.info("S")["config"]))
    eq(tool.out("schema", "validate", name, "good.json"), "good.json validates against %s\n" % name)
    eq(tool.out("schema", "request", "$JS.API.INFO"),
       "Response is a valid io.nats.jetstream.api.v1.account_info_response message\n")
    matches(tool.error("schema", "info", "nope"), "^unknown schema nope")


@case(143, "services")
def a_snapshot_of_top(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "foo", "--connection-name", "watched")
    sub.wait_err("Subscribing")
    name = tool.server.varz()["server_name"]
    tool.run("top", name, "-o", "snap.txt", "--subs", *SYSTEM)
    text = open(tool.path("snap.txt"), encoding="utf-8").read()
    matches(text, r"^NATS server version \S+ \(uptime: \S+\)\nServer: .*\n  ID:   N\S+\n  Load: CPU: .*\n  In:   Msgs: .*\n"
                  r"  Out:  Msgs: .*\n\nConnections Polled: 2\n  HOST +CID +NAME +SUBS +PENDING +MSGS_TO +MSGS_FROM +BYTES_TO +"
                  r"BYTES_FROM +LANG +VERSION +UPTIME +LAST_ACTIVITY +SUBSCRIPTIONS\n")
    matches(text, r"\n  127\.0\.0\.1:\d+ +\d+ +watched +1 .* foo\n")
    lines = tool.out("top", name, "-o", "-", "--delimiter", ",", "--sort", "subs", *SYSTEM).splitlines()
    check(lines[0].startswith("HOST,CID,NAME,") and len(lines) == 3, lines)
    eq(tool.error("top", name, *SYSTEM), "top needs a terminal: use --output FILE for a snapshot")
    matches(tool.error("top", name, "-o", "x"), "ensure the account used has system privileges")
    matches(tool.error("top", "nobody", "-o", "x", "--timeout", "300ms", *SYSTEM), 'no answer from server "nobody"')


@case(143, "services")
def top_at_a_terminal(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "foo", "--connection-name", "watched")
    sub.wait_err("Subscribing")
    terminal = tool.terminal("top", tool.server.varz()["server_name"], *SYSTEM, columns=200)
    terminal.wait(r"NATS server version .*Connections Polled: 2\n  HOST .*watched")
    check("SUBSCRIPTIONS" not in terminal.screen.text())
    terminal.type("s")
    terminal.wait(r"SUBSCRIPTIONS\n(.*\n)*.* foo")
    terminal.type("?")
    terminal.wait("show or hide host names")
    terminal.type("x")
    terminal.wait("NATS server version")
    terminal.type("n")
    terminal.wait("Connections: _")
    terminal.type("1\r")
    terminal.wait("Connections Polled: 1\n")
    terminal.type("q")
    terminal.finish()
