"""pub, sub, req, reply, rtt: items 36 to 61."""

import base64
import json
import os
import re
import socket
import threading

from tool import *


def listeners(tool, subject):
    """How many have subscribed to the subject."""
    return sum((client.get("subscriptions_list") or []).count(subject)
               for client in tool.server.connz(subs=1)["connections"])


def listening(tool, *args):
    """A subscriber that is ready. The first argument is the subject."""
    before = listeners(tool, args[0])
    run = tool.start("sub", *args)
    run.wait_err("Subscribing ")
    # The line may come before the subscription.
    wait_until(lambda: listeners(tool, args[0]) > before, "a subscription to " + args[0])
    return run


def wait_for_interest(tool, subject):
    """Waits until somebody has subscribed to the subject."""
    wait_until(lambda: listeners(tool, subject), "a subscription to " + subject)


def stream(tool, name, subjects, **config):
    """A stream, made without the tool."""
    client = tool.ctx.client(tool.server, headers=True, no_responders=True)
    js = JetStream(client, tool.server)
    js.create(name, subjects, **config)
    return js


@case(36)
def publishing_expands_templates(ctx):
    tool = nats(ctx)
    sub = listening(tool, "foo.*", "--count", "2")
    logs = tool.run("pub", "foo.1", "hello {{Count}}", "--count", "2").logs
    eq(logs, ['Published 7 bytes to "foo.1"'] * 2)
    out = sub.wait().out
    eq(out, '[#1] Received on "foo.1"\nhello 1\n\n\n[#2] Received on "foo.1"\nhello 2\n\n\n')


@case(36)
def many_messages_have_a_progress_bar(ctx):
    tool = nats(ctx)
    outcome = tool.run("pub", "foo", "x", "--count", "100")
    eq(outcome.err, "")
    matches(outcome.out, r"^ done! \[100 in \d+ms; \d+(\.\d\d[KM])?/s\]\n$")
    # The bar is no log: being quiet does not take it away.
    matches(tool.out("pub", "foo", "x", "--count", "21", "-q"), r"^ done! \[21 in ")
    # Of several lines the first has one.
    matches(tool.out("pub", "foo", "--count", "21", "--send-on", "newline", stdin="a\nb\n"), r"^ done! \[21 in [^\n]*\n$")
    terminal = tool.terminal("pub", "foo", "x", "--count", "2000", "--sleep", "1ms")
    terminal.wait(r"\d%")
    matches(terminal.finish(), r" done! \[2\.00K in \d+(\.\d+)?s; \d+/s\]")


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
    # Templates have one name, whatever they are for; the body comes first.
    eq(tool.run("pub", "a.{{x}}", "{{y}}").logs[:2],
       ['Could not parse body template: template: body:1: function "y" not defined',
        'Could not parse subject template: template: body:1: function "x" not defined'])
    eq(tool.error("pub", "a", "x", "-H", "K: {{z}}"),
       'failed to parse Header template for K: template: body:1: function "z" not defined')


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


@case(40)
def each_line_is_counted_anew(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "foo", "--count", "7", "--dump=-")
    wait_for_interest(tool, "foo")
    tool.run("pub", "foo", "--send-on", "newline", "--count", "2", stdin="a{{Count}}\nb{{Count}}\n")
    # Empty lines are messages, one carriage return is a part of the end, the last line may have none.
    tool.run("pub", "foo", "--send-on", "newline", stdin="\nx\r\r\ny")
    bodies = [base64.b64decode(json.loads(entry)["Data"]) for entry in sub.wait().out.split("\0")[:-1]]
    eq(bodies, [b"a1", b"a2", b"b1", b"b2", b"", b"x\r", b"y"])


@case(39)
def templates_in_what_is_no_text(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "foo", "--count", "1", "--dump=-")
    wait_for_interest(tool, "foo")
    tool.run("pub", "foo", stdin=b"\xff{{Count}}{{.Request}}")
    eq(base64.b64decode(json.loads(sub.wait().out[:-1])["Data"]), b"\xff1")


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
    outcome = tool.run("pub", "nobody", "x", "-J", code=1)
    eq(outcome.logs, ['Published 1 bytes to "nobody"', "nats: error: nats: no responders available for request"])
    eq(tool.run("pub", "orders.1", "x", "-J", "-H", "Nats-Expected-Stream:X", code=1).logs,
       ['Published 1 bytes to "orders.1"', "nats: error: expected stream does not match (10060)"])
    # What comes line by line goes on after a failure.
    eq(tool.run("pub", "nobody", "-J", "--send-on", "newline", stdin="a\nb\n").logs[1:],
       ['Published 1 bytes to "nobody"', "Could not publish message: nats: no responders available for request"] * 2)
    eq(tool.out("pub", "orders.1", "hello", "-J", "--trace"), '<<< {"stream":"ORDERS","seq":2}\n')
    tool.run("pub", "orders.1", "x", "-J", "-q", "--count", "998")
    eq(tool.run("pub", "orders.1", "x", "-J").logs[1], "Stored in Stream: ORDERS Sequence: 1,001")


@case(42, "schedules", "deviation")
def a_schedule_after_some_time(ctx):
    """The original leaves `@at` out, which servers refuse."""
    tool = nats(ctx)
    stream(tool, "S", ["s.*"], allow_msg_schedules=True)
    logs = tool.run("pub", "s.in", "later", "--schedule-after", "1s", "--schedule-dest", "s.out").logs
    eq(logs[1], "Stored in Stream: S Sequence: 1")
    matches(tool.out("sub", "s.out", "--all", "--count", "1"), "later")


@case(42)
def schedules_that_make_no_sense(ctx):
    tool = nats(ctx)
    eq(tool.error("pub", "s.in", "x", "--schedule-every", "1s"),
       "schedule destination is required when setting schedule properties")
    eq(tool.error("pub", "s.in", "x", "--schedule-every=-1s", "--schedule-dest", "d"),
       "--schedule-every must be greater than 0")
    eq(tool.error("pub", "s.in", "x", "--schedule-every", "1s", "--schedule-cron", "* * * * * *", "--schedule-dest", "d"),
       "--schedule-at, --schedule-every and --schedule-after may not be used with --schedule-cron")
    eq(tool.error("pub", "s.in", "x", "--schedule-after", "0s", "--schedule-at", "x", "--schedule-dest", "d"),
       "--schedule-after must be greater than 0")
    eq(tool.error("pub", "s.in", "x", "--schedule-at", "2030-01-01T00:00:00Z", "--schedule-after", "1s", "--schedule-dest", "d"),
       "--schedule-at and --schedule-after are mutually exclusive")
    eq(tool.error("pub", "s.in", "x", "--schedule-every", "1s", "--schedule-dest", "d", "--atomic"),
       "atomic batch publishing does not support schedules")


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
    # All lines are read before anything is sent.
    eq(tool.run("pub", "nobody", "--atomic", "--send-on", "newline", stdin="a\n\n", code=1).logs[1:],
       ['Adding 1 bytes to batch on subject "nobody"', 'Adding 0 bytes to batch on subject "nobody"',
        "nats: error: nats: API error: code=404 err_code=10059 description=stream not found"])
    eq(tool.error("pub", "bt.z", "--atomic", "--send-on", "newline", "-H", "Nats-Expected-Stream:X", stdin="a\nb\n").split("\n")[-1],
       "nats: API error: code=400 err_code=10060 description=expected stream does not match")


@case(43, "atomic_batch", "deviation")
def the_last_message_of_a_batch_is_like_the_others(ctx):
    """The original sends it without headers, to the subject as it was written."""
    tool = nats(ctx)
    js = stream(tool, "BT", ["bt.*"], allow_atomic=True)
    tool.run("pub", "bt.{{Count}}", "--atomic", "--send-on", "newline", "--count", "2", "-H", "K:v", stdin="a\n")
    last = js.ok("STREAM.MSG.GET.BT", {"seq": 2})["message"]
    eq(last["subject"], "bt.2")
    check(b"K: v\r\n" in base64.b64decode(last["hdrs"]), last)


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
    sub = tool.start("sub", "foo", "--count", "2", "--raw", "--translate", "wc -c")
    wait_for_interest(tool, "foo")
    tool.run("pub", "foo", "")
    tool.run("pub", "foo", "abc")
    eq(sub.wait().out, "0\n3\n")
    sub = tool.start("sub", "foo", "--count", "1", "--raw")
    wait_for_interest(tool, "foo")
    tool.run("pub", "foo", "")
    eq(sub.wait().out, "nil body\n")


@case(46)
def dumping_to_stdout(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "foo", "--count", "1", "--dump=-")
    wait_for_interest(tool, "foo")
    tool.run("pub", "foo", "hi", "-H", "B:3", "-H", "A:1", "-H", "A:2", "--reply", "r")
    eq(sub.wait().out, '{"Subject":"foo","Reply":"r","Header":{"A":["1","2"],"B":["3"]},"Data":"aGk=","Sub":null}\0')
    sub = tool.start("sub", "foo", "--count", "1", "--dump=-", "--translate", "tr a-z A-Z")
    wait_for_interest(tool, "foo")
    tool.run("pub", "foo", "hi")
    eq(sub.wait().out, '{"Subject":"foo","Reply":"","Header":null,"Data":"SEk=","Sub":null}\0')


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
    outcome = tool.run("sub", "--stream", "ORDERS", "--all", "--count", "3")
    matches(outcome.out, r"^\[#1\] Received JetStream message: stream: ORDERS seq: 1 / pending: 2 / subject: orders\.1 / "
                         r"time: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\nm1\n\n\n\[#2\] [^\n]*seq: 2 / pending: 1 [^\n]*\nm2\n\n\n"
                         r"\[#3\] [^\n]*seq: 3 / pending: 0 [^\n]*\nm3\n\n\n$")
    eq(outcome.logs, ["Subscribing to subject > from first received message "])
    last = tool.run("sub", "orders.>", "--last", "--count", "1")
    matches(last.out, "seq: 3 / pending: 0")
    eq(last.logs, ["Subscribing to subject orders.> from last received message "])
    outcome = tool.run("sub", "--stream", "ORDERS", "--start-sequence", "3", "-T", "-I", "a.*,b")
    matches(outcome.out, r"^\[#1\] [^\n]*seq: 3 ")
    eq(outcome.logs, ["Subscribing to subject > starting at sequence 3 ", "Ignored subjects: a.*, b"])
    outcome = tool.run("sub", "orders.1", "--stream", "ORDERS", "--since", "90m", "-T")
    matches(outcome.out, r"^\[#1\] [^\n]*seq: 1 ")
    eq(outcome.logs, ["Subscribing to subject orders.1 since 1h30m0s "])
    outcome = tool.run("sub", "--stream", "ORDERS", "--last-per-subject", "-T")
    matches(outcome.out, r"seq: 1 .*seq: 2 .*seq: 3 ")
    eq(outcome.logs, ["Subscribing to subject > for last message per subject "])
    # Without a start it is the first message, and nothing is said.
    outcome = tool.run("sub", "--stream", "ORDERS", "-T", "--subjects-only")
    eq(([line.split(" ")[0] for line in outcome.out.splitlines()], outcome.err), (["[#1]", "[#2]", "[#3]"], ""))
    # Other forms have the log line, too.
    outcome = tool.run("sub", "orders.2", "--all", "-T", "--raw")
    eq((outcome.out, outcome.logs), ("m2\n", ["Subscribing to subject orders.2 from first received message "]))
    outcome = tool.run("sub", "orders.2", "--all", "-T", "--dump=-")
    matches(outcome.out, r'^\{"Subject":"orders\.2","Reply":"\$JS\.ACK\.ORDERS\.[^"]+","Header":null,"Data":"bTI=","Sub":null\}\0$')
    matches(tool.out("sub", "orders.2", "--all", "-T", "--trace"), r"^<<< Reply Subject: \$JS\.ACK\.ORDERS\.[^\n]+\n\[#1\] ")
    eq(tool.error("sub", "nope.>", "--all"), "no stream found with subject: nope.>")
    eq(tool.error("sub", "--stream", "NOPE", "--all"), "nats: API error: code=404 err_code=10059 description=stream not found")


@case(49)
def numbers_of_a_stream_have_commas(ctx):
    tool = nats(ctx)
    stream(tool, "S", ["s"])
    tool.run("pub", "s", "x", "-J", "-q", "--count", "2100")
    matches(tool.run("sub", "--stream", "S", "--start-sequence", "1001", "--count", "1").out, r"^\[#1\] [^\n]*seq: 1,001 / pending: 1,099 / ")
    tool.run("sub", "--stream", "S", "--start-sequence", "2099", "-T", "--dump", "out")
    eq(sorted(os.listdir(tool.path("out"))), ["2099.json", "2100.json"])


@case(49)
def a_durable_consumer(ctx):
    tool = nats(ctx)
    js = stream(tool, "ORDERS", ["orders.*"])
    tool.run("pub", "orders.1", "m{{Count}}", "-J", "--count", "2")
    js.ok("CONSUMER.DURABLE.CREATE.ORDERS.D", {"stream_name": "ORDERS", "config": {
        "durable_name": "D", "ack_policy": "explicit", "deliver_policy": "all"}})
    outcome = tool.run("sub", "--stream", "ORDERS", "--durable", "D", "--all", "--count", "2")
    matches(outcome.out, r"^\[#1\] [^\n]*seq: 1 .*seq: 2 ")
    eq(outcome.logs, ["Subscribing to subject > from first received message ",
                      'Subscribing to JetStream Stream "ORDERS" using existing pull consumer "D"'])
    wait_until(lambda: js.consumer("ORDERS", "D")["ack_floor"]["stream_seq"] == 2)
    js.ok("CONSUMER.DURABLE.CREATE.ORDERS.P", {"stream_name": "ORDERS", "config": {
        "durable_name": "P", "ack_policy": "none", "deliver_policy": "all", "deliver_subject": "push"}})
    outcome = tool.run("sub", "--stream", "ORDERS", "--durable", "P", "--count", "2")
    matches(outcome.out, r"^\[#1\] [^\n]*seq: 1 .*seq: 2 ")
    eq(outcome.logs[0], 'Subscribing to JetStream Stream "ORDERS" using existing push consumer "P"')
    matches(outcome.logs[1], '^Detected push consumer "P" on stream "ORDERS" — ')


@case(49, "deviation")
def no_more_messages_than_asked_for(ctx):
    """The original goes on until it has shown what had arrived."""
    tool = nats(ctx)
    js = stream(tool, "ORDERS", ["orders.*"])
    tool.run("pub", "orders.1", "m{{Count}}", "-J", "--count", "4")
    eq(tool.out("sub", "--stream", "ORDERS", "--all", "--raw", "--count", "2"), "m1\nm2\n")
    js.ok("CONSUMER.DURABLE.CREATE.ORDERS.D", {"stream_name": "ORDERS", "config": {
        "durable_name": "D", "ack_policy": "explicit", "deliver_policy": "all"}})
    eq(tool.out("sub", "--stream", "ORDERS", "--durable", "D", "--raw", "--count", "1"), "m1\n")
    eq(tool.out("sub", "--stream", "ORDERS", "--durable", "D", "--raw", "--count", "2"), "m2\nm3\n")


@case(49, "deviation")
def a_durable_consumer_is_made(ctx):
    """That of the original is gone after 5 seconds, and acknowledges nothing."""
    tool = nats(ctx)
    js = stream(tool, "ORDERS", ["orders.*"])
    tool.run("pub", "orders.1", "m{{Count}}", "-J", "--count", "4")
    matches(tool.out("sub", "--stream", "ORDERS", "--durable", "D", "--all", "--count", "1"), "seq: 1")
    found = js.consumer("ORDERS", "D")["config"]
    eq((found["durable_name"], found["ack_policy"]), ("D", "explicit"))
    outcome = tool.run("sub", "--stream", "ORDERS", "--durable", "D", "--count", "2")
    matches(outcome.out, "seq: 2 .*seq: 3 ")
    wait_until(lambda: js.consumer("ORDERS", "D")["ack_floor"]["stream_seq"] == 3)


@case(50)
def until_the_end(ctx):
    tool = nats(ctx)
    stream(tool, "S", ["s.*"])
    tool.run("pub", "s.{{Count}}", "m{{Count}}", "-J", "--count", "3")
    eq(tool.out("sub", "s.*", "--stream", "S", "--all", "-T", "--raw"), "m1\nm2\nm3\n")
    eq(tool.out("sub", "s.2", "--stream", "S", "--all", "-T", "--raw"), "m2\n")


@case(50, "deviation")
def nothing_is_an_end_as_well(ctx):
    """The original waits for a message, and for one that is not ignored."""
    tool = nats(ctx)
    stream(tool, "S", ["s.*"])
    eq(tool.out("sub", "s.1", "--stream", "S", "--all", "-T", "--raw"), "")
    tool.run("pub", "s.{{Count}}", "m{{Count}}", "-J", "--count", "2")
    eq(tool.out("sub", "--stream", "S", "--all", "-T", "--raw", "-I", "s.2"), "m1\n")


@case(51)
def silence_ends_it(ctx):
    outcome = nats(ctx).run("sub", "foo", "--wait", "300ms")
    eq((outcome.out, outcome.logs), ("", ["Subscribing on foo "]))


@case(52)
def what_cannot_be_subscribed_to(ctx):
    tool = nats(ctx)
    outcome = tool.run("sub", code=1)
    check(outcome.out.startswith("No subjects or --stream flag provided.\nusage: nats subscribe "), outcome.out)
    eq(outcome.err, "error: required argument\n\n")
    check(tool.run("sub", "--all", code=1).out.startswith("No subjects"), "subjects are needed for streams, too")
    eq(tool.error("sub", "-T", "foo"), "--terminate-at-end is only supported for JetStream subscriptions")
    eq(tool.error("sub", "-t", "-d", "foo"), "timestamp and delta-time flags are mutually exclusive")
    eq(tool.error("sub", "a", "b", "--all"), "streams subscribe support only 1 subject")
    eq(tool.error("sub", "a", "--all", "--queue", "q"), "queue group subscriptions are not supported with JetStream")
    eq(tool.error("sub", "a", "--durable", "d"), "cannot specify both subjects and a durable consumer")
    eq(tool.error("sub", "a", "--report-subjects", "--report-top", "0"), "subject count must be at least one")
    eq(tool.error("sub", "-i", "--dump=-"), "generating inboxes is not compatible with dumping to stdout using null terminated strings")
    eq(tool.error("sub", "-i", "--all"), "generating inboxes is not compatible with JetStream subscriptions")
    eq(tool.error("sub", "a", "--graph").split("\n")[-1], "failed to get terminal dimensions: inappropriate ioctl for device")


DIRECT = "Subscribing to JetStream Stream (direct) holding messages with subject "


@case(53)
def direct_gets(ctx):
    tool = nats(ctx)
    js = stream(tool, "S", ["s.*", "t"], allow_direct=True)
    tool.run("pub", "s.{{Count}}", "m{{Count}}", "-J", "--count", "3", "-H", "K:v")
    outcome = tool.run("sub", "--stream", "S", "--direct", "--all", "--count", "3")
    blocks = outcome.out.split("[#")
    eq((len(blocks), blocks[0]), (4, ""))
    for number, block in enumerate(blocks[1:], 1):
        head, *headers, empty, body, one, two, three = block.split("\n")
        matches(head, r"^%d\] Received JetStream message \(direct\): stream: S seq %d / subject: s\.%d / time: %s$"
                % (number, number, number, r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"))
        eq((empty, body, one, two, three), ("", "m%d" % number, "", "", ""))
        eq(sorted(header.split(":")[0] for header in headers),
           ["K", "Nats-Last-Sequence", "Nats-Num-Pending", "Nats-Sequence", "Nats-Stream", "Nats-Subject", "Nats-Time-Stamp"])
    eq(outcome.logs, [DIRECT + "s.*, t starting with the first message received "])
    outcome = tool.run("sub", "--stream", "S", "--direct", "--start-sequence", "2", "--count", "2", "--raw")
    eq((outcome.out, outcome.logs), ("m2\nm3\n", [DIRECT + "s.*, t starting with sequence 2 "]))
    outcome = tool.run("sub", "s.3", "--direct", "--last", "--count", "1", "--subjects-only", "--stream", "S")
    eq(outcome.logs, [DIRECT + "s.3 starting with the last message received "])
    # Without a start it is the first message, and nothing is said.
    outcome = tool.run("sub", "--stream", "S", "--direct", "--count", "1", "--raw")
    eq((outcome.out, outcome.err), ("m1\n", ""))
    js.create("W", ["w.*"], retention="workqueue")
    eq(tool.error("sub", "--stream", "W", "--all"),
       "cannot enable direct gets: allow_direct is not set to true for stream W")
    eq(tool.error("sub", "--stream", "S", "--direct", "--durable", "d"), "cannot use direct get when a durable name is supplied")
    eq(tool.error("sub", "--stream", "S", "--all", "--match-replies"), "cannot enable --match-replies for JetStream streams")


@case(53, "deviation")
def direct_gets_end_and_have_a_subject(ctx):
    """The original shows all subjects, knows no end, and repeats the last messages for ever."""
    tool = nats(ctx)
    stream(tool, "S", ["s.*"], allow_direct=True)
    tool.run("pub", "s.{{Count}}", "m{{Count}}", "-J", "--count", "3")
    eq(tool.out("sub", "--stream", "S", "--direct", "--all", "-T", "--raw"), "m1\nm2\nm3\n")
    eq(tool.out("sub", "s.2", "--stream", "S", "--direct", "--all", "-T", "--raw"), "m2\n")
    eq(tool.out("sub", "--stream", "S", "--direct", "--last-per-subject", "-T", "--raw"), "m1\nm2\nm3\n")


@case(44)
def queue_groups_ignored_subjects_and_inboxes(ctx):
    tool = nats(ctx)
    one = listening(tool, "foo.*", "--queue", "q", "--count", "1", "-I", "foo.no,bar")
    matches(one.err, r"\d Subscribing on foo\.\* \nIgnored subjects: foo\.no, bar\n$")
    tool.run("pub", "foo.no", "x")
    tool.run("pub", "foo.yes", "x")
    matches(one.wait().out, r'^\[#1\] Received on "foo\.yes"')
    inbox = tool.start("sub", "-i", "--count", "1", "--inbox-prefix", "_ME")
    subject = inbox.wait_err(r"Subscribing on (_ME\.\S+) ").group(1)
    wait_for_interest(tool, subject)
    tool.run("pub", subject, "x")
    inbox.wait()


@case(44, "deviation")
def replies_shown_with_their_requests(ctx):
    """The original gives each the number 0, ends after the first one without --count, and never with it."""
    tool = nats(ctx)
    sub = listening(tool, "svc", "--match-replies", "--count", "1")
    eq([line for line in sub.err.splitlines()][0].split(" ", 1)[1], "Matching replies with inbox prefix _INBOX.>")
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
    eq(sub.wait().out, '[#1] Received on "foo"\nABC\n\n\n')
    sub = listening(tool, "foo", "--count", "1", "--translate", "sh -c 'echo \"a\\\\tb\" >&2; exit 3'")
    tool.run("pub", "foo", "abc")
    matches(sub.wait().out, r'^\[#1\] Received on "foo"\n"a.*b.*"\nError while translating msg body: exit status 3\n\n$')
    sub = listening(tool, "foo", "--count", "1", "--translate", "no-such-command")
    tool.run("pub", "foo", "abc")
    eq(sub.wait().out, '[#1] Received on "foo"\n""\nError while translating msg body: '
                       'exec: "no-such-command": executable file not found in $PATH\n\n')


REPORT = """\
╭─────────────────────────────────╮
│   Top 2 Active Subjects Report  │
├─────────┬───────────────┬───────┤
│ Subject │ Message Count │ Bytes │
├─────────┼───────────────┼───────┤
│ foo.b   │ 2             │ 10 B  │
│ foo.a   │ 1             │ 1 B   │
├─────────┼───────────────┼───────┤
│ Totals  │ 3             │ 11 B  │
╰─────────┴───────────────┴───────╯

"""


@case(44)
def counts_per_subject(ctx):
    tool = nats(ctx)
    sub = listening(tool, "foo.*", "--report-subjects", "--report-top", "2")
    tool.run("pub", "foo.b", "12345", "--count", "2")
    tool.run("pub", "foo.a", "1")
    sub.wait_out(re.escape("\x1b[2J\x1b[H" + REPORT))
    # The same of a stream.
    stream(tool, "S", ["s.*"])
    tool.run("pub", "s.{{Count}}", "x", "-J", "--count", "2")
    sub = tool.start("sub", "--stream", "S", "--all", "--report-subjects", "--report-top", "1")
    sub.wait_out(r"│ +Top Subject Report +│\n[^\n]*\n│ Subject │ Message Count │ Bytes │\n[^\n]*\n"
                 r"│ s\.1 +│ 1 +│ 1 B +│\n[^\n]*\n│ Totals +│ 1 +│ 1 B +│\n")


@case(44, "deviation")
def the_last_report_is_shown(ctx):
    """The original draws each second, and nothing at its end."""
    tool = nats(ctx)
    sub = listening(tool, "foo.*", "--report-subjects", "--count", "3", "--report-top", "2")
    tool.run("pub", "foo.b", "12345", "--count", "2")
    tool.run("pub", "foo.a", "1")
    check(sub.wait().out.endswith(REPORT), sub.out)


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
    # A bar stands for many requests, and their answers.
    outcome = tool.run("req", "svc.1", "ping", "--count", "21")
    matches(outcome.out, r"^ done! \[21 in \d+ms; [^\n]*/s\]\n$")
    eq(outcome.err, "")


@case(55)
def nobody_answers(ctx):
    outcome = nats(ctx).run("req", "svc", "x")
    eq((outcome.out, outcome.logs), ("", ['Sending request on "svc"', "No responders are available"]))
    outcome = nats(ctx).run("req", "svc", "--raw", stdin="x")
    eq((outcome.out, outcome.logs), ("", ["Reading payload from STDIN", "No responders are available"]))


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
    env.wait_err(r"failed to run: exit status 3")
    # The output is the answer as it is; what is no command is not answered.
    eq(tool.out("req", "env", "ping", "--raw"), "env ping\n\n")
    bad = tool.start("reply", "bad", "--command", 'echo "')
    bad.wait_err("Listening")
    eq(tool.out("req", "bad", "x", "--raw", "--timeout", "300ms"), "")
    bad.wait_err("Could not parse command: Unterminated double-quoted string")


@case(57)
def a_message_without_reply_is_no_request(ctx):
    tool = nats(ctx)
    reply = tool.start("reply", "svc", "{{Count}}")
    reply.wait_err("Listening")
    tool.run("pub", "svc", "x")
    reply.wait_err("Could not publish reply: nats: message does not have a reply")
    eq(tool.out("req", "svc", "ping", "--raw").strip(), "0")
    echo = tool.start("reply", "other", "")
    echo.wait_err("No body or command supplied, enabling echo mode\n[^\n]* Listening")
    eq(tool.out("req", "other", "--raw", stdin=b"\xffx"), "\ufffdx\n\n\n")


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
    url = "nats://" + tool.server.address
    eq(list(result), ["time", "address", "rtt", "url"])
    eq((found[0]["url"], result["address"], result["url"]), (url, url, url))
    check(0 < result["rtt"] < 5e9, result)
    matches(tool.out("rtt", "2"), r"^%s:\n\n   %s: [\d.]+(µs|ms)\n\n$" % (url, url))
    # URLs are shown as they were written, addresses with the same width.
    outcome = tool.run("rtt", "1", "-s", "127.0.0.1:1,localhost:%d" % tool.server.port)
    space = " " * (len(str(tool.server.port)) - 1)
    matches(outcome.out, r"^nats://127\.0\.0\.1:1:\n\n   %snats://127\.0\.0\.1:1: failed\n\nnats://localhost:%d:\n\n   (%s|nats://\[::1\]:\d+): "
            % (space, tool.server.port, url))
    failed = tool.run("rtt", "-s", "127.0.0.1:1", "--json").json[0]["results"][0]
    eq((failed["rtt"], failed["url"]), (0, ""))
    matches(tool.out("rtt", "2", "--trace"), r"^RTT iterations for server: %s\n#1:\trtt=\S+\n#2:\trtt=\S+\n\n%s:\n" % (url, url))


@case(12)
def a_publish_that_is_not_allowed(ctx):
    tool = nats(ctx, config="""authorization { users: [
        { user: u, password: p, permissions: { publish: "ok", subscribe: "ok" } } ] }""")
    login = ("--user", "u", "--password", "p")
    tool.run("pub", "ok", "x", *login)
    eq(tool.error("pub", "no", "x", *login), 'nats: permissions violation: Permissions Violation for Publish to "no"')
    matches(tool.error("sub", "no", *login), '^nats: permissions violation: Permissions Violation for Subscription to "no"$')


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
    matches(tool.out("rtt", "--socks-proxy", url), r": \d\S+s\n")
    matches(tool.out("rtt", "--socks-proxy", "socks5://127.0.0.1:1"), r": failed\n")
    eq(proxy.targets, ["%s:%d" % ("127.0.0.1", tool.server.port)] * 2)
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
    terminal.wait(r" 5(\.00)? ┤ *[─╭].*a\.\* / second.*b / second")
    terminal.interrupt()
    small = tool.terminal("sub", "a", "--graph", rows=10, columns=60)
    small.wait("please increase terminal dimensions")
    small.finish(code=1)


@case(15)
def the_trace_of_requests_and_connections(ctx):
    tool = nats(ctx)
    outcome = tool.run("kv", "ls", "--trace")
    # The connection is told by another thread, perhaps later.
    check(re.search(r"(?m)^\d\d:\d\d:\d\d >>> Connected to nats://\S+ \(127\.0\.0\.1:\d+\)\n", outcome.err), outcome)
    rest = "".join(line for line in outcome.err.splitlines(True) if "Connected" not in line)
    matches(rest, r"^\d\d:\d\d:\d\d >>> \$JS\.API\.STREAM\.LIST\n\d\d:\d\d:\d\d \{[^\n]*\}\n"
                  r"\d\d:\d\d:\d\d <<< \$JS\.API\.STREAM\.LIST\n\{[^\n]*\}\n\n")


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
    matches(tool.error("kv", "get", "B", "k", "--js-domain", "nope"), "nats: no responders available for request")


@case(13, "deviation")
def nobody_answers_for_a_reason(ctx):
    """The original does not say which subject, and why that may be."""
    matches(nats(ctx).error("kv", "get", "B", "k", "--js-domain", "nope"),
            r"on \$JS\.nope\.API\.STREAM\.INFO\.KV_B: is JetStream enabled")


@case(45)
def nothing_is_left_of_a_subscriber_that_was_killed(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    sub = tool.start("sub", "s", "--all", "--raw")
    wait_until(lambda: tool.run("consumer", "ls", "S", "--names").out.strip(), "a consumer")
    name = tool.run("consumer", "ls", "S", "--names").out.strip()
    eq(tool.run("consumer", "info", "S", name, "--json").json["config"]["inactive_threshold"], 5_000_000_000)
    sub.kill()


@case(45, "deviation")
def a_subscriber_goes_on_after_its_consumer_is_gone(ctx):
    """The original waits for ever."""
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    sub = tool.start("sub", "s", "--all", "--raw", "--count", "2")
    tool.run("pub", "s", "one")
    sub.wait_out("one")
    tool.run("consumer", "rm", "S", tool.run("consumer", "ls", "S", "--names").out.strip(), "--force")
    tool.run("pub", "s", "two")
    eq(sub.wait().out, "one\ntwo\n")


@case(36, "deviation")
def a_number_that_is_too_large_to_count(ctx):
    """The original publishes once: the number becomes another."""
    tool = nats(ctx)
    matches(tool.error("pub", "a", "x", "--count", "99999999999999999999"), "value out of range")


@case(61)
def a_server_without_a_name(ctx):
    tool = nats(ctx, server=False)
    for words in (("rtt",), ("pub", "a", "x")):
        tool.error(*words, "-s", " ")


@case(36)
def a_line_that_is_too_long(ctx):
    tool = nats(ctx)
    eq(tool.error("pub", "a" * 5000, "x"), "nats: maximum control line exceeded")


@case(36)
def a_publisher_that_is_terminated(ctx):
    tool = nats(ctx)
    run = tool.start("pub", "a", "x", "--count", "20", "--sleep", "2s")
    run.wait_err("Published")
    run.terminate()
    matches(run.wait(code=1).err, "nats: error: context canceled\n$")
