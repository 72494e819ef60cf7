"""Flags of commands about messages, services and events that no other test needs: items 36 to 64, 136 to 145."""

import json

from messaging import listening, stream, wait_for_interest
from tool import *


@case(12)
def logging_in_by_token_and_jwt(ctx):
    key = KeyPair("U")
    tool = nats(ctx, config='authorization { token: "secret" }')
    tool.run("rtt", "1", "--token", "secret")
    tool.run("publish", "a", "x", "--token", "secret")
    eq(tool.error("publish", "a", "x", "--token", "wrong"), "nats: Authorization Violation")
    # A JWT is for servers with operators.
    eq(tool.error("publish", "a", "x", "--jwt", "e30.e30.e30", "--seed", key.seed), "nats: Authorization Violation")


@case(136)
def events_with_another_prefix(ctx):
    tool = nats(ctx)
    run = tool.start("events", "--js-metric", "--no-srv-advisory", "--js-event-prefix", "my.event", "--subjects", "mine.>", "--json")
    wait_for_interest(tool, "mine.>")
    tool.run("publish", "mine.a", '{"type":"io.example.v1.mine"}')
    run.wait_out(r'^\{"type":"io\.example\.v1\.mine"\}\n$')
    found = [entry for client in tool.server.connz(subs=1)["connections"] for entry in client.get("subscriptions_list") or []]
    check("my.event.METRIC.>" in found, found)


@case(136, "services")
def connections_as_json(ctx):
    tool = nats(ctx)
    run = tool.start("events", "--all", "--json", *SYSTEM)
    wait_for_interest(tool, "$SYS.ACCOUNT.*.DISCONNECT")
    tool.run("rtt", "1", "--connection-name", "seen")
    run.wait_out(r'"type":"io\.nats\.server\.advisory\.v1\.client_connect"[^\n]*"name":"seen".*'
                 r'"type":"io\.nats\.server\.advisory\.v1\.client_disconnect"[^\n]*"name":"seen"[^\n]*\n')


@case(37)
def standard_input_by_force(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "foo", "--count", "2", "--raw")
    wait_for_interest(tool, "foo")
    tool.run("publish", "foo", "--force-stdin", stdin="from stdin")
    # A body that is given wins.
    tool.run("publish", "foo", "given", "--force-stdin", stdin="ignored")
    eq(sub.wait().out, "from stdin\ngiven\n")


@case(42)
def headers_of_schedules(ctx):
    tool = nats(ctx)
    client = ctx.client(tool.server, headers=True)
    client.sub("s.in")
    client.send("PING\r\n")
    client.expect_pong()
    for flags, wanted in (
            (("--schedule-at", "2099-01-02T03:04:05Z", "--schedule-source", "s.src"),
             {"Nats-Schedule": "@at 2099-01-02T03:04:05Z", "Nats-Schedule-Source": "s.src"}),
            (("--schedule-every", "90s", "--schedule-ttl", "5m"), {"Nats-Schedule": "@every 1m30s", "Nats-Schedule-TTL": "5m0s"}),
            (("--schedule-cron", "0 0 5 * * *"), {"Nats-Schedule": "0 0 5 * * *"})):
        run = tool.start("publish", "s.in", "x", "--schedule-dest", "s.out", *flags)
        frame = client.expect_msg(subject="s.in")
        client.pub(frame.reply, b'{"stream":"S","seq":1}')
        run.wait()
        found = dict(headers_of(frame.headers)[1])
        eq({key: found.get(key) for key in wanted}, wanted)
        eq(found["Nats-Schedule-Target"], "s.out")


@case(57)
def a_reply_takes_its_time(ctx):
    tool = nats(ctx)
    reply = tool.start("reply", "svc", "x", "--sleep", "5ms")
    reply.wait_err("Listening")
    eq(tool.out("request", "svc", "a", "--raw").strip(), "x")


@case(56)
def requests_until_an_empty_answer(ctx):
    tool = nats(ctx)
    client = ctx.client(tool.server, headers=True)
    client.sub("svc")
    client.send("PING\r\n")
    client.expect_pong()
    run = tool.start("request", "svc", "x", "--raw", "--wait-for-empty")
    frame = client.expect_msg(subject="svc")
    for body in (b"one", b"two", b"three", b"", b"late"):
        client.pub(frame.reply, body)
    eq(run.wait().out, "one\n\n\ntwo\n\n\nthree\n\n\nnil body\n\n\n")
    check("late" not in run.out, run.out)
    # The gap ends it as well.
    run = tool.start("request", "svc", "x", "--raw", "--replies", "9", "--reply-timeout", "50ms")
    frame = client.expect_msg(subject="svc")
    client.pub(frame.reply, b"only")
    eq(run.wait().out.split(), ["only"])


@case(54)
def requests_from_lines(ctx):
    tool = nats(ctx)
    reply = tool.start("reply", "svc", "<{{Request}}>")
    reply.wait_err("Listening")
    eq(tool.out("request", "svc", "--raw", "--send-on", "newline", "--force-stdin", stdin="a\nb\n").split(), ["<a>", "<b>"])
    eq(tool.out("request", "svc", "{{Count}}", "--raw", "--count", "3").split(), ["<1>", "<2>", "<3>"])
    eq(tool.out("request", "svc", "{{Count}}", "--raw", "--no-templates").strip(), "<{{Count}}>")


@case(49)
def acknowledging_and_new_messages(ctx):
    tool = nats(ctx)
    js = stream(tool, "S", ["s.*"])
    js.ok("CONSUMER.DURABLE.CREATE.S.P", {"stream_name": "S", "config": {
        "durable_name": "P", "deliver_subject": "push", "ack_policy": "explicit"}})
    floor = lambda: js.ok("CONSUMER.INFO.S.P")["ack_floor"]["stream_seq"]  # noqa: E731
    sub = tool.start("subscribe", "push", "--ack", "--count", "1")
    sub.wait_err(r"Subscribing on push with acknowledgement of JetStream messages ")
    js.publish("s.1", "old")
    sub.wait()
    wait_until(lambda: floor() == 1, "the acknowledgement")
    run = tool.start("subscribe", "s.*", "--stream", "S", "--new", "--count", "1")
    run.wait_err("Subscribing to subject .* for new messages")
    wait_until(lambda: len(js.ok("CONSUMER.NAMES.S")["consumers"]) == 2, "a consumer")
    js.publish("s.2", "new")
    matches(run.wait().out, r"^\[#1\] .*seq: 2 .*\nnew\n")


@case(44)
def counts_per_subscription(ctx):
    tool = nats(ctx)
    # Each gets a copy of its own, and counts that.
    sub = tool.start("subscribe", "foo.*", "foo.a", "--report-subscriptions", "--report-top", "3")
    wait_for_interest(tool, "foo.a")
    for subject in ("foo.a", "foo.b", "foo.b"):
        tool.run("publish", subject, "x")
    sub.wait_out(r"│ +Top 3 Active Subjects Report +│.*│ foo\.\* +│ 3 +│ 3 B +│\n│ foo\.a +│ 1 +│ 1 B +│\n[^\n]*\n│ Totals +│ 4 +│ 4 B ")


@case(64, "tracing")
def a_trace_with_headers(ctx):
    tool = nats(ctx)
    sub = listening(tool, "foo", "--count", "1")
    tool.run("trace", "foo", "x", "--deliver", "--header", "A=1", "-H", "B:2")
    out = sub.wait().out
    check("\nA: 1\n" in out and "\nB: 2\n" in out, out)


@case(145)
def latency_at_a_rate(ctx):
    tool = nats(ctx)
    logs = tool.run("latency", "--server-b", tool.server.address, "--duration", "1s", "--rate", "500").logs
    check("Target Msgs/Sec: 500" in logs and "Target Band/Sec: 7.8K" in logs, logs)


@case(145, "deviation")
def latency_for_less_than_a_second(ctx):
    """The original counts whole seconds; without one it waits for ever."""
    tool = nats(ctx)
    logs = tool.run("latency", "--server-b", tool.server.address, "--duration", "100ms", "--rate", "500").logs
    check("Target Duration: 100ms" in logs, logs)


@case(138)
def requests_to_a_service_from_lines(ctx):
    tool = nats(ctx)
    run = tool.start("service", "serve", "demo")
    run.wait_out("Requests Log")
    request = ("service", "request", "demo", "echo", "--raw")
    eq(tool.out(*request, "{{Count}}", "--count", "2").split(), ["1", "2"])
    eq(tool.out(*request, "{{Count}}", "--no-templates").strip(), "{{Count}}")
    eq(tool.out(*request, "--force-stdin", "--send-on", "newline", stdin="a\nb\n").split(), ["a", "b"])
    eq(tool.out(*request, "abc", "--translate", "tr a-z A-Z").strip(), "ABC")
    found = tool.run("service", "info", "demo", "--endpoint", "^e", "--json").json
    eq([entry["name"] for entry in found["stats"]["endpoints"]], ["echo"])
    check("echo" not in tool.out("service", "info", "demo", "--endpoint", "^nothing$"), "an endpoint that does not match")


@case(139)
def errors_from_a_file(ctx):
    tool = nats(ctx, server=False)
    entry = {"constant": "JSTestErr", "code": 400, "error_code": 59999, "description": "made up", "comment": "", "help": "", "url": "",
             "deprecates": ""}
    path = tool.write("errors.json", json.dumps([entry, dict(entry, constant="JSOtherErr", error_code=59998)]))
    matches(tool.out("errors", "lookup", "59999", "--errors", path), "Description: made up\n")
    rows = lambda *args: [line.split(",")[0] for line in tool.out(  # noqa: E731
        "errors", "ls", "--errors", path, *args, env={"NATS_TABLE_FORMAT": "csv"}).splitlines()[2:] if line]
    eq(rows(), ["59998", "59999"])
    eq(rows("--reverse"), ["59999", "59998"])
    eq(tool.error("errors", "lookup", "10059", "--errors", path), "no error matches code 10059")


@case(140)
def answers_of_requests_are_validated(ctx):
    tool = nats(ctx)
    name = "io.nats.jetstream.api.v1.account_info_response"
    out = tool.out("schema", "request", "$JS.API.INFO", "--show", "--schema", name)
    matches(out, r'^\{\n  "api": \{\n    "errors": 0,.*\n  "type": "%s"\n\}\n\nResponse is a valid %s message\n$' % (name, name))
    eq(tool.error("schema", "request", "$JS.API.INFO", "--schema", "io.nats.jetstream.api.v1.stream_info_response"),
       "invalid message type " + name)
    name = "io.nats.micro.v1.info_response"
    answering = tool.start("reply", "bad", '{"type":"%s","name":"a b"}' % name)
    answering.wait_err("Listening")
    matches(tool.out("schema", "request", "bad"), r"^Message did not pass validation against %s\n\n(?:   .*\n)*   .*/name: does not match pattern '" % name)


@case(141)
def cheats_by_name(ctx):
    tool = nats(ctx, server=False)
    matches(tool.out("cheat", "--list"), r"^Available Cheats:\n\n    account\n")


@case(21)
def a_context_copied_selected_and_embedded(ctx):
    key = KeyPair("U")
    tool = nats(ctx, config="authorization { users: [ { nkey: %s } ] }" % key.public)
    seed = tool.write("u.nk", key.seed)
    tool.run("context", "add", "a", "--nkey", seed, "--server", tool.server.address)
    out = tool.out("context", "copy", "a", "b", "--description", "copied", "--select", "--embed")
    matches(out, "Description: copied\n.*embedded data.*Connection: OK\n")
    matches(tool.out("context", "info", "--connect"), 'Context "b".*Connection: OK\n')
    matches(tool.out("context", "validate", "b", "--connect"), "Connection: OK\n")
    tool.run("context", "add", "c", "--server", "127.0.0.1:1")
    outcome = tool.run("context", "validate", "c", "--connect", code=1)
    matches(outcome.out, "Connection: nats: no servers available")
    matches(outcome.err, "validation failed")


@case(104, "counters")
def counters_of_a_stream(ctx):
    tool = nats(ctx)
    stream(tool, "C", ["c.*"], allow_msg_counter=True, allow_direct=True)
    tool.run("counter", "increment", "c.a", "5")
    eq(tool.out("counter", "get", "c.a", "--stream", "C"), "5\n")
    matches(tool.out("counter", "view", "c.a", "--stream", "C"), "Value: 5\n")
    tool.run("counter", "increment", "c.a", "9223372036854775810")
    tool.run("pub", "c.a", "", "-H", "Nats-Incr:+1000", "--jetstream")
    matches(tool.out("counter", "view", "c.a", "--stream", "C"), "Value: 9,223,372,036,854,776,815\n +Increment: 1,000\n")
    tool.error("counter", "get", "c.a", "--stream", "NO")


@case(143, "services")
def snapshots_of_top(ctx):
    tool = nats(ctx)
    subs = [tool.start("sub", "foo", "--connection-name", "watched") for _ in range(2)]
    for sub in subs:
        sub.wait_err("Subscribing")
    name = tool.server.varz()["server_name"]
    # What is made for a terminal does not change a snapshot.
    text = tool.out("top", name, "--output=-", "--conns", "1", "--lookup", "--raw", *SYSTEM)
    matches(text, r"Connections Polled: 1\n  HOST .*\n  127\.0\.0\.1:\d+ .*\n$")
    terminal = tool.terminal("top", name, "--lookup", "--raw", *SYSTEM, columns=200)
    terminal.wait(r"Connections Polled: 3\n(.*\n)*  localhost  +\d+ +watched ")
    terminal.type("q")
    terminal.finish()
    terminal = tool.terminal("top", name, "--interval", "1", "--max-refresh", "2", *SYSTEM, columns=200)
    terminal.wait("Connections Polled: 3")
    # After so many refreshes it ends by itself.
    terminal.finish()
