"""pub, sub, req, reply, rtt: items 36 to 61."""

import base64
import json
import os
import socket
import threading

from tool import *


def listening(tool, *args):
    """A subscriber that is ready."""
    run = tool.start("sub", *args)
    run.wait_err("Subscribing ")
    return run


def wait_for_interest(tool, subject):
    """Waits until somebody has subscribed to the subject."""
    wait_until(lambda: any(subject in (client.get("subscriptions_list") or [])
                           for client in tool.server.connz(subs=1)["connections"]), "a subscription to " + subject)


def stream(tool, name, subjects, **config):
    """A stream, made without the tool."""
    client = tool.ctx.client(tool.server, headers=True, no_responders=True)
    js = JetStream(client, tool.server)
    js.create(name, subjects, **config)
    return js


@case(36)
def publishing_expands_templates(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "foo.*", "--count", "2")
    sub.wait_err("Subscribing on foo")
    logs = tool.run("pub", "foo.1", "hello {{Count}}", "--count", "2").logs
    eq(logs, ['Published 7 bytes to "foo.1"'] * 2)
    out = sub.wait().out
    eq(out, '[#1] Received on "foo.1"\nhello 1\n\n\n[#2] Received on "foo.1"\nhello 2\n\n\n')


@case(36)
def many_messages_have_a_progress_bar(ctx):
    tool = nats(ctx)
    outcome = tool.run("pub", "foo", "x", "--count", "100")
    eq(outcome.err, "")
    matches(outcome.out, r"^ done! \[100 in .*; .*/s\]\n$")
    terminal = tool.terminal("pub", "foo", "x", "--count", "2000", "--sleep", "1ms")
    terminal.wait(r"Publishing \[=+>? *\] [\d,]+ / 2,000")
    matches(terminal.finish(), r"done! \[2,000 in ")


@case(36)
def subjects_and_headers_are_templates_too(ctx):
    tool = nats(ctx)
    sub = listening(tool, "s.*", "--count", "1")
    tool.run("pub", "s.{{Count}}", "b", "-H", "K: v{{Count}}", "--reply", "r")
    eq(sub.wait().out, '[#1] Received on "s.1" with reply "r"\nK: v1\n\nb\n\n\n')


@case(37)
def quiet_and_empty(ctx):
    tool = nats(ctx)
    sub = listening(tool, "foo", "--count", "2")
    outcome = tool.run("pub", "foo", "", "-q")
    eq((outcome.out, outcome.err), ("", ""))
    eq(tool.run("pub", "foo", "").logs, ['Published 0 bytes to "foo"'])
    eq(sub.wait().out, '[#1] Received on "foo"\nnil body\n\n\n[#2] Received on "foo"\nnil body\n\n\n')


@case(38)
def a_broken_template_is_sent_as_it_is(ctx):
    tool = nats(ctx)
    sub = listening(tool, "foo", "--count", "1")
    logs = tool.run("pub", "foo", "{{bogus}}").logs
    eq(logs, ['Could not parse body template: template: body:1: function "bogus" not defined',
              'Published 9 bytes to "foo"'])
    check("\n{{bogus}}\n" in sub.wait().out)


@case(39)
def templates_can_be_off(ctx):
    tool = nats(ctx)
    sub = listening(tool, "foo", "--count", "1")
    tool.run("pub", "foo", "{{Count}}", "--no-templates")
    check("\n{{Count}}\n" in sub.wait().out)


@case(40)
def bodies_from_standard_input(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "foo", "--count", "3", "--dump=-")
    wait_for_interest(tool, "foo")
    logs = tool.run("pub", "foo", "--send-on", "newline", stdin="a\nb\n").logs
    eq(logs, ["Reading payload from STDIN", 'Published 1 bytes to "foo"', 'Published 1 bytes to "foo"'])
    tool.run("pub", "foo", stdin=b"x\n\xff\n")
    bodies = [base64.b64decode(json.loads(entry)["Data"]) for entry in sub.wait().out.split("\0")[:-1]]
    eq(bodies, [b"a", b"b", b"x\n\xff\n"])


@case(41)
def a_header_without_a_colon(ctx):
    eq(nats(ctx).error("pub", "foo", "x", "-H", "bad"), 'invalid header "bad"')


@case(42)
def publishing_to_a_stream(ctx):
    tool = nats(ctx)
    stream(tool, "ORDERS", ["orders.*"])
    logs = tool.run("pub", "orders.1", "hello", "-J", "-H", "Nats-Msg-Id:1").logs
    eq(logs, ['Published 5 bytes to "orders.1"', "Stored in Stream: ORDERS Sequence: 1"])
    logs = tool.run("pub", "orders.1", "hello", "-J", "-H", "Nats-Msg-Id:1").logs
    eq(logs[1], "Stored in Stream: ORDERS Sequence: 1 Duplicate: true")
    eq(tool.error("pub", "nobody", "x", "-J"), "nats: no responders available for request")
    eq(tool.error("pub", "orders.1", "x", "-J", "-H", "Nats-Expected-Stream:X"), "expected stream does not match (10060)")


@case(42, "schedules")
def schedules(ctx):
    tool = nats(ctx)
    stream(tool, "S", ["s.*"], allow_msg_schedules=True)
    logs = tool.run("pub", "s.in", "later", "--schedule-after", "1s", "--schedule-dest", "s.out").logs
    eq(logs[1], "Stored in Stream: S Sequence: 1")
    matches(tool.out("sub", "s.out", "--all", "--count", "1"), "later")
    eq(tool.error("pub", "s.in", "x", "--schedule-every", "1s"),
       "schedule destination is required when setting schedule properties")
    eq(tool.error("pub", "s.in", "x", "--schedule-every=-1s", "--schedule-dest", "d"),
       "--schedule-every must be greater than 0")
    eq(tool.error("pub", "s.in", "x", "--schedule-every", "1s", "--schedule-cron", "* * * * * *", "--schedule-dest", "d"),
       "--schedule-at, --schedule-every and --schedule-after may not be used with --schedule-cron")


@case(43, "atomic_batch")
def an_atomic_batch(ctx):
    tool = nats(ctx)
    js = stream(tool, "BT", ["bt.*"], allow_atomic=True)
    logs = tool.run("pub", "bt.z", "--atomic", "--send-on", "newline", stdin="a\nb\n").logs
    eq(logs[1:3], ['Adding 1 bytes to batch on subject "bt.z"'] * 2)
    matches(logs[3], r"^Wrote batch ID: \S{22} Messages: 2 Sequence: 2$")
    eq(tool.error("pub", "bt.z", "--atomic", "--send-on", "newline", stdin="").split("\n")[-1],
       "no messages to publish in atomic batch")
    js.create("NO", ["no.*"])
    eq(tool.error("pub", "no.z", "--atomic", "--send-on", "newline", stdin="a\n").split("\n")[-1],
       "atomic publishing is not allowed for stream NO with subject no.z")


@case(43)
def an_atomic_batch_needs_lines(ctx):
    eq(nats(ctx).error("pub", "x", "--atomic"),
       "atomic batch publishing requires JetStream and STDIN with --send-on=newline")


@case(45)
def raw_bodies(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "foo", "--count", "2", "--raw")
    wait_for_interest(tool, "foo")
    tool.run("pub", "foo", "a")
    tool.run("pub", "foo", stdin="b\n")
    outcome = sub.wait()
    eq((outcome.out, outcome.err), ("a\nb\n", ""))


@case(46)
def dumping_to_stdout(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "foo", "--count", "1", "--dump=-")
    wait_for_interest(tool, "foo")
    tool.run("pub", "foo", "hi", "-H", "A:1", "-H", "A:2", "--reply", "r")
    eq(sub.wait().out, '{"Subject":"foo","Reply":"r","Header":{"A":["1","2"]},"Data":"aGk=","Sub":null}\0')


@case(47)
def dumping_to_files(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "foo", "--count", "2", "--dump", "out")
    wait_for_interest(tool, "foo")
    tool.run("pub", "foo", "x", "--count", "2")
    sub.wait()
    eq(sorted(os.listdir(tool.path("out"))), ["1.json", "2.json"])
    with open(tool.path("out/2.json"), encoding="utf-8") as source:
        eq(json.load(source), {"Subject": "foo", "Reply": "", "Header": None, "Data": "eA==", "Sub": None})


@case(48)
def parts_of_messages(ctx):
    tool = nats(ctx)
    heads = listening(tool, "foo", "--count", "1", "--headers-only", "-t")
    names = listening(tool, "foo", "--count", "1", "--subjects-only", "-d")
    tool.run("pub", "foo", "x", "-H", "A:1")
    matches(heads.wait().out, r'^\[#1\] @ [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\.\d{6} Received on "foo"\nA: 1\n\n$')
    matches(names.wait().out, r'^\[#1\] @ [\d.]+(s|ms|µs) Received on "foo"\n$')


@case(49)
def messages_of_a_stream(ctx):
    tool = nats(ctx)
    stream(tool, "ORDERS", ["orders.*"])
    tool.run("pub", "orders.{{Count}}", "m{{Count}}", "-J", "--count", "3")
    outcome = tool.run("sub", "--stream", "ORDERS", "--all", "--count", "2")
    matches(outcome.out, r"^\[#1\] Received JetStream message: stream: ORDERS seq: 1 / pending: 2 / subject: orders\.1 / "
                         r"time: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\nm1\n\n\n\[#2\] [^\n]*seq: 2 / pending: 1 [^\n]*\nm2\n\n\n$")
    eq(outcome.logs, ["Subscribing to subject > starting from first received message"])
    last = tool.run("sub", "orders.>", "--last", "--count", "1")
    matches(last.out, "seq: 3 / pending: 0")
    eq(last.logs, ["Subscribing to subject orders.> starting from last received message"])
    matches(tool.out("sub", "--stream", "ORDERS", "--start-sequence", "2", "--count", "1"), "seq: 2")
    matches(tool.out("sub", "--stream", "ORDERS", "--since", "1h", "--count", "1"), "seq: 1")
    matches(tool.out("sub", "--stream", "ORDERS", "--last-per-subject", "-T"), r"seq: 1 .*seq: 2 .*seq: 3 ")
    eq(tool.error("sub", "nope.>", "--all"), "no stream found with subject: nope.>")


@case(49)
def a_durable_consumer(ctx):
    tool = nats(ctx)
    js = stream(tool, "ORDERS", ["orders.*"])
    tool.run("pub", "orders.1", "m{{Count}}", "-J", "--count", "4")
    matches(tool.out("sub", "--stream", "ORDERS", "--durable", "D", "--all", "--count", "1"), "seq: 1")
    outcome = tool.run("sub", "--stream", "ORDERS", "--durable", "D", "--count", "2")
    matches(outcome.out, "seq: 2 .*seq: 3 ")
    eq(outcome.logs, ['Subscribing to JetStream Stream "ORDERS" using existing pull consumer "D"'])
    wait_until(lambda: js.consumer("ORDERS", "D")["ack_floor"]["stream_seq"] == 3)


@case(50)
def until_the_end(ctx):
    tool = nats(ctx)
    stream(tool, "S", ["s.*"])
    eq(tool.out("sub", "s.1", "--stream", "S", "--all", "-T", "--raw"), "")
    tool.run("pub", "s.{{Count}}", "m{{Count}}", "-J", "--count", "3")
    eq(tool.out("sub", "s.*", "--stream", "S", "--all", "-T", "--raw"), "m1\nm2\nm3\n")
    eq(tool.out("sub", "s.2", "--stream", "S", "--all", "-T", "--raw"), "m2\n")


@case(51)
def silence_ends_it(ctx):
    outcome = nats(ctx).run("sub", "foo", "--wait", "300ms")
    eq((outcome.out, outcome.logs), ("", ["Subscribing on foo "]))


@case(52)
def what_cannot_be_subscribed_to(ctx):
    tool = nats(ctx)
    outcome = tool.run("sub", code=1)
    check(outcome.out.startswith("No subjects or --stream flag provided.\n\nusage: nats sub"), outcome.out)
    check(outcome.err.startswith("error: required argument"), outcome.err)
    eq(tool.error("sub", "-T", "foo"), "--terminate-at-end is only supported for JetStream subscriptions")
    eq(tool.error("sub", "-t", "-d", "foo"), "timestamp and delta-time flags are mutually exclusive")
    eq(tool.error("sub", "a", "b", "--all"), "streams subscribe support only 1 subject")
    eq(tool.error("sub", "a", "--all", "--queue", "q"), "queue group subscriptions are not supported with JetStream")
    eq(tool.error("sub", "a", "--graph"), "can only graph data on an interactive terminal")


@case(53)
def direct_gets(ctx):
    tool = nats(ctx)
    js = stream(tool, "S", ["s.*"], allow_direct=True)
    tool.run("pub", "s.{{Count}}", "m{{Count}}", "-J", "--count", "3", "-H", "K:v")
    out = tool.out("sub", "--stream", "S", "--direct", "--all", "-T")
    matches(out, r"^\[#1\] Received JetStream message \(direct\): stream: S seq 1 / subject: s\.1 / time: [^\n]*\n"
                 r"K: v\n.*Nats-Sequence: 1\n.*\n\nm1\n\n\n\[#2\] .*m3\n\n\n$")
    js.create("W", ["w.*"], retention="workqueue")
    eq(tool.error("sub", "--stream", "W", "--all"),
       "cannot enable direct gets: allow_direct is not set to true for stream W")


@case(44)
def queue_groups_ignored_subjects_and_inboxes(ctx):
    tool = nats(ctx)
    one = listening(tool, "foo.*", "--queue", "q", "--count", "1", "-I", "foo.no,bar")
    tool.run("pub", "foo.no", "x")
    tool.run("pub", "foo.yes", "x")
    matches(one.wait().out, r'^\[#1\] Received on "foo\.yes"')
    inbox = tool.start("sub", "-i", "--count", "1", "--inbox-prefix", "_ME")
    subject = inbox.wait_err(r"Subscribing on (_ME\.\S+) ").group(1)
    tool.run("pub", subject, "x")
    inbox.wait()


@case(44)
def replies_shown_with_their_requests(ctx):
    tool = nats(ctx)
    sub = listening(tool, "svc", "--match-replies", "--count", "1")
    reply = tool.start("reply", "svc", "pong")
    reply.wait_err("Listening")
    tool.run("req", "svc", "ping")
    matches(sub.wait().out, r'^\[#1\] Received on "svc" with reply "_INBOX\.\S+"\nping\n\n\n'
                            r'\[#1\] Matched reply on "_INBOX\.\S+"\npong\n\n\n$')


@case(44)
def bodies_through_a_command(ctx):
    tool = nats(ctx)
    sub = listening(tool, "foo", "--count", "1", "--translate", "tr a-z A-Z")
    tool.run("pub", "foo", "abc")
    matches(sub.wait().out, "\nABC\n")


@case(44)
def counts_per_subject(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "foo.*", "--report-subjects", "--count", "3", "--report-top", "2")
    wait_for_interest(tool, "foo.*")
    tool.run("pub", "foo.b", "12345", "--count", "2")
    tool.run("pub", "foo.a", "1")
    out = plain(sub.wait().out)
    matches(out, r"Top 2 Active Subjects Report.*│ foo\.b +│ 2 .*│ foo\.a +│ 1 .*│ Totals +│ 3 +│ 11 B")


@case(54)
def request_and_answer(ctx):
    tool = nats(ctx)
    reply = tool.start("reply", "svc.*", "pong {{Request}}", "-H", "X:y")
    reply.wait_err('Listening on "svc.\\*" in group "NATS-RPLY-22"')
    outcome = tool.run("req", "svc.1", "ping")
    eq(outcome.out, "pong ping\n\n\n")
    logs = outcome.logs
    eq(logs[0], 'Sending request on "svc.1"')
    matches(logs[1], r"^Received with rtt [\d.]+(ms|µs|s)$")
    eq(logs[2:], ["X: y", ""])
    raw = tool.run("req", "svc.1", "ping", "--raw")
    eq((raw.out, raw.err), ("pong ping\n\n\n", ""))
    eq(tool.out("req", "svc.1", "a", "--translate", "wc -c", "--raw").strip(), "6")


@case(55)
def nobody_answers(ctx):
    outcome = nats(ctx).run("req", "svc", "x")
    eq(outcome.logs, ['Sending request on "svc"', "No responders are available"])


@case(55)
def no_answer_in_time(ctx):
    tool = nats(ctx)
    listening(tool, "svc")
    outcome = tool.run("req", "svc", "x", "--timeout", "200ms")
    eq((outcome.out, outcome.logs), ("", ['Sending request on "svc"']))


@case(56)
def several_answers(ctx):
    tool = nats(ctx)
    for name in "ab":
        run = tool.start("reply", "svc", name, "--queue", name)
        run.wait_err("Listening")
    for args in (("--replies", "0", "--timeout", "1s"), ("--replies", "3"), ("--replies", "2")):
        out = tool.out("req", "svc", "x", "--raw", *args)
        eq(sorted(out.split()), ["a", "b"], args)


@case(57)
def replies_are_templates(ctx):
    tool = nats(ctx)
    reply = tool.start("reply", "svc", "{{.Request}} {{Count}}")
    reply.wait_err("Listening")
    eq([tool.out("req", "svc", "ping", "--raw").strip() for _ in range(2)], ["ping 0", "ping 1"])
    matches(reply.out, "\nping\n\nping\n")


@case(58)
def replies_by_a_command(ctx):
    tool = nats(ctx)
    reply = tool.start("reply", "svc.cmd.*", "--command", "echo {{2}} {{.Request}}")
    reply.wait_err("Listening")
    eq(tool.out("req", "svc.cmd.third", "ping", "--raw").strip(), "third ping")
    env = tool.start("reply", "env", "--command", "sh -c 'echo $NATS_REQUEST_SUBJECT $NATS_REQUEST_BODY; exit 3'")
    env.wait_err("Listening")
    eq(tool.out("req", "env", "ping", "--raw").strip(), "env ping")
    env.wait_err("failed to run: exit status 3")


@case(59)
def echoes_have_a_counter(ctx):
    tool = nats(ctx)
    reply = tool.start("reply", "svc", "--echo")
    reply.wait_err("Listening")
    outcome = tool.run("req", "svc", "ping", "-H", "A:1")
    eq(outcome.out.strip(), "ping")
    check({"A: 1", "NATS-Reply-Counter: 0"} <= set(outcome.logs), outcome)


@case(60)
def a_counted_reply_ends(ctx):
    tool = nats(ctx)
    reply = tool.start("reply", "svc", "x", "--count", "1")
    reply.wait_err("Listening")
    tool.run("req", "svc", "a")
    logs = reply.wait(code=1).err
    matches(logs, r"\d\d \nDraining\.\.\.\n\d\d:\d\d:\d\d Exiting\n$")


@case(60)
def ctrl_c_ends_a_reply_and_a_subscription(ctx):
    tool = nats(ctx)
    reply = tool.start("reply", "svc", "x")
    reply.wait_err("Listening")
    reply.interrupt()
    matches(reply.wait(code=1).err, "Exiting")
    sub = listening(tool, "foo")
    sub.interrupt()
    eq(sub.wait(code=None).code, -2)


@case(61)
def rtt_as_json_and_text(ctx):
    tool = nats(ctx)
    found = tool.run("rtt", "--json").json
    eq(len(found), 1)
    result = found[0]["results"][0]
    eq(sorted(result), ["address", "rtt", "time", "url"])
    check(result["address"] == tool.server.address and 0 < result["rtt"] < 5e9, result)
    matches(tool.out("rtt", "2"), r"^nats://%s:\n\n   %s: [\d.]+(µs|ms)\n\n$" % ((tool.server.address,) * 2))


@case(12)
def a_publish_that_is_not_allowed(ctx):
    tool = nats(ctx, config="""authorization { users: [
        { user: u, password: p, permissions: { publish: "ok", subscribe: "ok" } } ] }""")
    login = ("--user", "u", "--password", "p")
    tool.run("pub", "ok", "x", *login)
    matches(tool.error("pub", "no", "x", *login), 'nats: Permissions Violation for Publish to "no"')
    matches(tool.error("sub", "no", *login), 'nats: Permissions Violation for Subscription to "no"')


@case(12)
def a_connection_is_made_again(ctx):
    tool = nats(ctx)
    sub = listening(tool, "foo", "--count", "2")
    tool.run("pub", "foo", "one")
    sub.wait_out("one")
    port = tool.server.port
    tool.server.stop()
    sub.wait_err("Disconnected due to: .*, will attempt reconnect")
    tool.server.write_config('listen: "127.0.0.1:%d"\n' % port)
    tool.server.listen = False
    tool.server.start()
    wait_for_interest(tool, "foo")
    tool.run("pub", "foo", "two", "-s", "127.0.0.1:%d" % port)
    matches(sub.wait().out, "one.*two")


@case(12)
def tls(ctx):
    certs = ctx.certs
    tool = nats(ctx, config=certs.block("verify: true"))
    good = ("--tlsca", certs.ca, "--tlscert", certs.client_cert, "--tlskey", certs.client_key)
    tool.run("pub", "a", "x", *good)
    big = tool.write("big", "y" * 300000)
    sub = listening(tool, "a", "--count", "1", *good)
    tool.run("pub", "a", *good, stdin=open(big, "rb").read())
    check(len(sub.wait().out) > 300000)
    matches(tool.error("pub", "a", "x", "--tlscert", certs.client_cert, "--tlskey", certs.client_key),
            "certificate signed by unknown authority")
    tool.error("pub", "a", "x", "--tlsca", certs.ca)
    first = nats(ctx, config=certs.block("handshake_first: true"))
    first.run("pub", "a", "x", "--tlsca", certs.ca, "--tlsfirst")
    plain_server = nats(ctx)
    eq(plain_server.error("pub", "a", "x", "--tlsca", certs.ca), "nats: secure connection not available")


@case(12)
def a_socks_proxy(ctx):
    tool = nats(ctx)
    proxy = Proxy(ctx)
    url = "socks5://u:p@127.0.0.1:%d" % proxy.port
    tool.run("pub", "a", "x", "--socks-proxy", url)
    eq(proxy.targets, ["%s:%d" % ("127.0.0.1", tool.server.port)])
    tool.run("context", "add", "c", "--socks-proxy", "socks5://127.0.0.1:1", "--select")
    eq(tool.error("pub", "a", "x"), "nats: no servers available for connection")
    tool.run("pub", "a", "x", "--socks-proxy", "none")
    tool.run("pub", "a", "x", "--no-context")


class Proxy:
    """A SOCKS5 proxy that wants the login u/p."""

    def __init__(self, ctx):
        self.targets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        ctx.later(self.listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        stream = client.makefile("rb")
        _, count = stream.read(2)
        if 2 not in stream.read(count):
            client.close()
            return
        client.sendall(b"\x05\x02")
        stream.read(1)
        user = stream.read(stream.read(1)[0])
        password = stream.read(stream.read(1)[0])
        client.sendall(b"\x01\x00" if (user, password) == (b"u", b"p") else b"\x01\x01")
        kind = stream.read(4)[3]
        host = socket.inet_ntoa(stream.read(4)) if kind == 1 else stream.read(stream.read(1)[0]).decode()
        port = int.from_bytes(stream.read(2), "big")
        self.targets.append("%s:%d" % (host, port))
        server = socket.create_connection((host, port))
        client.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")

        def pump(source, target):
            try:
                while data := source.recv(65536):
                    target.sendall(data)
            except OSError:
                pass
            for end in (source, target):
                end.close()

        threading.Thread(target=pump, args=(server, client), daemon=True).start()
        pump(client, server)


@case(44)
def graphs_of_subjects(ctx):
    tool = nats(ctx)
    terminal = tool.terminal("sub", "a.*", "b", "--graph", rows=30, columns=80)
    wait_for_interest(tool, "a.*")
    tool.run("pub", "a.1", "x", "--count", "5")
    terminal.wait(r" 5 ┤ *[─╭].*a\.\* / second.*b / second")
    terminal.interrupt()
    small = tool.terminal("sub", "a", "--graph", rows=10, columns=60)
    small.wait("please increase terminal dimensions")
    small.finish(code=1)


@case(15)
def the_trace_of_requests_and_connections(ctx):
    tool = nats(ctx)
    outcome = tool.run("kv", "ls", "--trace")
    matches(outcome.err, r"\d\d:\d\d:\d\d >>> Connected to nats://\S+ \(127\.0\.0\.1:\d+\)\n"
                         r"\d\d:\d\d:\d\d >>> \$JS\.API\.STREAM\.LIST\n\{[^\n]*\}\n\n\d\d:\d\d:\d\d <<< \$JS\.API\.STREAM\.LIST\n\{")


@case(13)
def names_prefixes_and_domains(ctx):
    tool = nats(ctx, config='jetstream { store_dir: "js", domain: hub }\n')
    sub = tool.start("sub", "foo", "--connection-name", "mine")
    sub.wait_err("Subscribing")
    eq([client.get("name") for client in tool.server.connz()["connections"]], ["mine"])
    tool.run("kv", "add", "B", "--js-domain", "hub")
    tool.run("kv", "put", "B", "k", "v", "--js-domain", "hub")
    eq(tool.out("kv", "get", "B", "k", "--raw", "--js-api-prefix", "$JS.hub.API"), "v")
    tool.run("context", "add", "d", "--js-domain", "hub")
    eq(tool.out("kv", "get", "B", "k", "--raw", "--context", "d"), "v")
    matches(tool.error("kv", "get", "B", "k", "--js-domain", "nope"), "is JetStream enabled")
