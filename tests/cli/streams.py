"""stream: items 71 to 78, 80, 81 and 83, and what the other modules about streams need."""

import base64
import json
import signal

from lib.schema import load, problems
from tool import *

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
API = "io.nats.jetstream.api.v1."
# Without a terminal there is no list to pick from.
NOT_PICKED = "could not pick a Stream to operate on: cannot pick a Stream without a terminal and no Stream name supplied"


def conforms(document, kind):
    """The document fits the schema of an answer, which has a type and, in lists, pages."""
    found = problems(dict(document, type=API + kind), load(API + kind))
    eq(found, [], "problems with " + kind)


def below(sentence, outcome):
    """The JSON that a command prints below a sentence and an empty line."""
    head, _, rest = outcome.out.partition("\n\n")
    eq(head, sentence)
    try:
        return json.loads(rest)
    except ValueError as error:
        raise Failure("no JSON: %s: %r" % (error, outcome)) from None


def spaces(text):
    """Differences with plain spaces: the original writes others every other second, so that nobody takes them for stable."""
    return text.replace("\u00a0", " ")


def filled(tool, count=5, name="ORDERS"):
    """A stream with messages `msg 1`, ... on `orders.1`, ..."""
    tool.run("stream", "add", name, "--subjects", "orders.>", "--defaults")
    client = tool.ctx.client(tool.server, headers=True, no_responders=True)
    js = JetStream(client, tool.server)
    for number in range(1, count + 1):
        js.publish("orders.%d" % number, "msg %d" % number, headers={"k": "v"})
    return js


@case(71)
def information_as_json(ctx):
    tool = nats(ctx)
    filled(tool)
    info = tool.run("stream", "info", "ORDERS", "--json").json
    conforms(info, "stream_info_response")
    eq([key for key in info if key not in ("domain", "cluster")], ["config", "created", "state", "ts"])
    eq(list(info["state"]), ["messages", "bytes", "first_seq", "first_ts", "last_seq", "last_ts", "num_subjects", "consumer_count"])
    eq(info["state"]["messages"], 5)
    # An empty line stands below, as below the information for people.
    check(tool.out("stream", "info", "ORDERS", "--json").endswith("}\n\n"), "no empty line")
    tool.run("stream", "rmm", "ORDERS", "2", "-f")
    state = tool.run("stream", "info", "ORDERS", "-j", "--state").json["state"]
    eq(list(state)[6:9], ["num_deleted", "num_subjects", "consumer_count"])
    tool.run("publish", "orders.2", "x", "-J", "-q")
    matches(tool.out("stream", "info", "ORDERS"), r"Active Consumers: 0\n +Number of Subjects: 5\n\n$")


@case(72)
def the_state_only(ctx):
    tool = nats(ctx)
    filled(tool)
    out = tool.out("stream", "state", "ORDERS")
    matches(out, r"^State for Stream ORDERS created %s\n\nState:\n\n.* +Messages: 5\n +Bytes: [\d.]+ K?i?B\n"
                 r" +First Sequence: 1 @ %s\n +Last Sequence: 5 @ %s\n" % (TIME, TIME, TIME))
    check("Retention" not in out, out)
    eq(tool.out("stream", "info", "ORDERS", "--state").split("\n")[0], out.split("\n")[0])


@case(73)
def listing_streams(ctx):
    tool = nats(ctx)
    eq(tool.out("stream", "ls"), "No Streams defined\n")
    tool.run("kv", "add", "B")
    eq(tool.out("stream", "ls"), "No Streams defined, pass -a to include system streams\n")
    filled(tool)
    tool.run("stream", "add", "A", "--subjects", "a", "--defaults", "--description", "about a")
    # Bare names are all of them.
    for flags in (("-n",), ("-n", "-a")):
        eq(tool.out("stream", "ls", *flags), "A\nKV_B\nORDERS\n")
    eq(tool.run("stream", "ls", "-n", "--json").json, ["A", "KV_B", "ORDERS"])
    eq(tool.out("stream", "ls", "--json"), '[\n  "A",\n  "ORDERS"\n]\n')
    eq(tool.run("stream", "ls", "--json", "-a").json, ["A", "KV_B", "ORDERS"])
    eq(tool.out("stream", "ls", "--json", "--subject", "nope"), "null\n")
    eq(tool.out("stream", "ls", "--subject", "nope"), "No Streams defined\n")
    eq(tool.out("stream", "ls", "-n", "--subject", "orders.7"), "ORDERS\n")
    # The smallest first.
    matches(tool.out("stream", "ls"), r"Streams  .*\n.* Name +│ Description +│ Created +│ Messages │ Size +│ Last Message"
                                      r".*\n│ A .* about a .* 0 +│ 0 B .* never .*\n│ ORDERS .* 5 .*\n╰.*\n\n\n$")
    matches(tool.out("stream", "ls", "--subject", "a"), "Streams matching a")


@case(74)
def the_report(ctx):
    tool = nats(ctx)
    js = filled(tool)
    tool.run("stream", "rmm", "ORDERS", "2", "-f")
    out = tool.out("stream", "report")
    matches(out, r"^Obtaining Stream stats\n\n.*Stream Report.*\n.*Stream │ Storage │ Placement │ Consumers │ Messages │ Bytes +│ "
                 r"Lost │ Deleted │ API Level │ Replicas *│\n.*\n│ ORDERS │ File +│ +│ 0 +│ 4 +│ [\d.]+ K?i?B │ 0 +│ 1 +│ 0 +│ *\w* *│\n.*\n\n$")
    js.ok("STREAM.CREATE.A", {"name": "A", "subjects": ["a"], "storage": "memory"})
    rows = lambda *args: [line.split(",")[0] for line in tool.out(
        "stream", "report", *args, env={"NATS_TABLE_FORMAT": "csv"}).splitlines()[4:] if line]
    eq(rows(), ["A", "ORDERS"])
    eq(rows("-t"), ["ORDERS", "A"])
    eq(rows("-n"), ["A", "ORDERS"])
    eq(rows("--subject", "a"), ["A"])
    matches(tool.out("stream", "report", "--raw", "--subject", "orders.1", env={"NATS_TABLE_FORMAT": "csv"}), r"ORDERS,File,,0,4,\d+,0,1,")
    # A server alone leads nothing, and is in no cluster that could be looked for.
    check("RAFT" not in tool.out("stream", "report", "-l"), "leaders")
    # Internal streams, too.
    tool.run("kv", "add", "B")
    eq(rows("--subject", "$KV.B.>"), ["KV_B"])
    eq(tool.out("stream", "report", "--subject", "nope"), "Obtaining Stream stats\n\nNo Streams defined\n")


@case(74, "deviation")
def plain_numbers_stand_below_their_titles(ctx):
    """The original leaves the API level out of the row and not of the header."""
    tool = nats(ctx)
    filled(tool)
    matches(tool.out("stream", "report", "--raw", env={"NATS_TABLE_FORMAT": "csv"}), r"\nORDERS,File,,0,5,\d+,0,0,0,\w*\n")


@case(75)
def subjects_and_their_messages(ctx):
    tool = nats(ctx)
    js = filled(tool)
    js.publish("orders.4", "again")
    eq(tool.run("stream", "subjects", "ORDERS", "--json").json, {"orders.1": 1, "orders.2": 1, "orders.3": 1, "orders.4": 2, "orders.5": 1})
    eq(tool.out("stream", "subjects", "ORDERS", "--names", "--sort", "name"),
       "orders.1\norders.2\norders.3\norders.4\norders.5\n")
    eq(tool.out("stream", "subjects", "ORDERS", "orders.4", "--names"), "orders.4\n")
    eq(tool.out("stream", "subjects", "ORDERS", "nope"), "No subjects found matching nope\n")
    # Three pairs of columns, filled one after the other.
    matches(tool.out("stream", "subjects", "ORDERS", "--sort", "name"), r"5 Subjects in stream ORDERS.*\n.*\n│ Subject  │ Count │ Subject  │ Count "
            r"│ Subject .*\n.*\n│ orders.1 │ 1     │ orders.3 │ 1     │ orders.5 │ 1     │\n│ orders.2 │ 1     │ orders.4 │ 2     │ +│ +│\n")
    # The fewest messages first.
    eq(tool.out("stream", "subjects", "ORDERS", "--names").split("\n")[-2], "orders.4")
    eq(tool.out("stream", "subjects", "ORDERS", "--names", "-R").split("\n")[0], "orders.4")
    matches(tool.out("stream", "subjects", "ORDERS", "orders.4"), r"│ +1 Subjects in stream ORDERS +│\n.*\n│ Subject  │ Count │ Subject │ Count "
            r"│ Subject │ Count │\n.*\n│ orders.4 │ 2     │         │       │         │       │\n")
    # Longer ones need room.
    js.publish("orders.abcdefghijklmnop", "x")
    matches(tool.out("stream", "subjects", "ORDERS", "--sort", "subjects"), r"│ Subject  │ Count │ Subject +│ Count │\n.*\n│ orders.1 │ 1     │ orders.4 ")
    js.publish("orders.abcdefghijklmnop.abcdefghijkl", "x")
    matches(tool.out("stream", "subjects", "ORDERS", "--sort", "name"), r"│ Subject +│ Count │\n.*\n│ orders.1 +│ 1     │\n│ orders.2 ")


@case(76)
def one_message(ctx):
    tool = nats(ctx)
    filled(tool)
    matches(tool.out("stream", "get", "ORDERS", "1"),
            r"^Item: ORDERS#1 received \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000 UTC \(\S+\) on Subject orders\.1\n\n"
            r"Headers:\n  k: v\n\nmsg 1\n\n\n$")
    message = tool.run("stream", "get", "ORDERS", "2", "--json").json
    eq(list(message), ["subject", "seq", "hdrs", "data", "time"])
    eq((message["subject"], message["seq"], base64.b64decode(message["data"])), ("orders.2", 2, b"msg 2"))
    matches(tool.out("stream", "get", "ORDERS", "-S", "orders.3"), "^Item: ORDERS#3 ")
    matches(tool.out("stream", "get", "ORDERS", "1", "--translate", "tr a-z A-Z"), "\n\nMSG 1\n")
    eq(tool.error("stream", "get", "ORDERS", "99"), "could not retrieve ORDERS#99: no message found (10037)")
    eq(tool.error("stream", "get", "ORDERS", "-S", "nope"), "could not retrieve ORDERS#-1: no message found (10037)")
    eq(tool.error("stream", "get", "ORDERS", "0"), "could not retrieve ORDERS#0: bad request (10003)")
    eq(tool.error("stream", "get", "ORDERS", "x"), 'strconv.ParseInt: parsing "x": invalid syntax')
    eq(tool.error("stream", "get", "ORDERS"), "invalid input: cannot prompt for user input without a terminal")
    # A sequence wins over a subject.
    matches(tool.out("stream", "get", "ORDERS", "2", "-S", "orders.3"), "^Item: ORDERS#2 ")


@case(76)
def pages_of_messages(ctx):
    tool = nats(ctx)
    filled(tool, count=3)
    eq(tool.error("stream", "view", "ORDERS"), "interactive stream paging requires a valid terminal")
    terminal = tool.terminal("stream", "view", "ORDERS", "2")
    terminal.wait(r"\[1\] Subject: orders\.1 Received: %s\n\n  k: v\nmsg 1\n\n\n\[2\] Subject: orders\.2" % TIME)
    terminal.answer("Next Page?", "y")
    matches(terminal.finish(), r"\[3\] Subject: orders\.3 .*\d\d:\d\d:\d\d Reached apparent end of data")
    tool.run("publish", "orders.4", "msg 4", "-J", "-q")
    matches(tool.terminal("stream", "view", "ORDERS", "--id", "4").finish(),
            r"^\[4\] Subject: orders\.4 Received: %s\nmsg 4\n\n\n\d\d:\d\d:\d\d Reached apparent end of data$" % TIME)
    tool.run("stream", "rmm", "ORDERS", "4", "-f")
    terminal = tool.terminal("stream", "view", "ORDERS", "30", "--id", "2", "--raw")
    text = terminal.finish()
    matches(text, r"Page size is limited to 25, setting to 25\.\.\.\nmsg 2\nmsg 3\n")


@case(77)
def removing_is_silent(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    eq(tool.error("stream", "rm", "-f"), "--force requires a stream name")
    eq(tool.error("stream", "rm", "S"), "could not obtain confirmation: cannot ask for confirmation without a terminal")
    outcome = tool.run("stream", "rm", "S", "-f")
    eq((outcome.out, outcome.err), ("", ""))
    eq(tool.error("stream", "rm", "S", "-f"), "stream not found (10059)")


@case(77)
def removing_what_was_picked(ctx):
    tool = nats(ctx)
    for name in ("A", "B"):
        tool.run("stream", "add", name, "--subjects", name, "--defaults")
    terminal = tool.terminal("stream", "rm")
    terminal.answer("Select a Stream", "B")
    terminal.answer("Really delete Stream B", "y")
    terminal.finish()
    eq(tool.out("stream", "ls", "-n"), "A\n")


@case(78)
def purging(ctx):
    tool = nats(ctx)
    filled(tool)
    eq(tool.error("stream", "purge", "ORDERS", "-f", "--seq", "2", "--keep", "1"),
       "sequence and keep cannot be combined when purging")
    matches(tool.out("stream", "purge", "ORDERS", "-f", "--subject", "orders.1"), r"^Purged 1 messages from ORDERS\n\nState for Stream ")
    matches(tool.out("stream", "purge", "ORDERS", "-f", "--seq", "3"), "^Purged 1 messages")
    matches(tool.out("stream", "purge", "ORDERS", "-f", "--keep", "1"), r"^Purged 2 messages .*Messages: 1\n")
    info = below("Purged 1 messages from ORDERS", tool.run("stream", "purge", "ORDERS", "-f", "--json"))
    eq(info["state"]["messages"], 0)
    matches(tool.out("stream", "purge", "ORDERS", "-f"), r"^Purged 0 messages from ORDERS\n\nState for Stream ORDERS created %s\n\nState:\n" % TIME)
    eq(tool.error("stream", "purge", "NOPE", "-f"), NOT_PICKED)


@case(78)
def one_message_and_the_seal(ctx):
    tool = nats(ctx)
    filled(tool)
    eq(tool.out("stream", "rmm", "ORDERS", "3", "-f"), "")
    eq(tool.error("stream", "rmm", "ORDERS", "3", "-f"), "sequence 3 not found (10043)")
    eq(tool.error("stream", "rmm", "ORDERS", "99", "-f"), "stream store EOF (10057)")
    eq(tool.error("stream", "rmm", "ORDERS", "0", "-f"), "sequence number is required")
    eq(tool.error("stream", "rmm", "ORDERS", "x", "-f"), 'strconv.ParseInt: parsing "x": invalid syntax')
    eq(tool.error("stream", "rmm", "ORDERS"), "invalid input: cannot prompt for user input without a terminal")
    eq(tool.error("stream", "seal", "ORDERS"), "could not obtain confirmation: cannot ask for confirmation without a terminal")
    matches(tool.out("stream", "seal", "ORDERS", "-f"), "Sealed: true\n")
    eq(tool.error("stream", "rmm", "ORDERS", "1", "-f"), "invalid operation on sealed stream (10109)")
    eq(tool.error("stream", "seal", "NOPE", "-f"), NOT_PICKED)


@case(80)
def gaps_of_deleted_messages(ctx):
    tool = nats(ctx)
    filled(tool, count=6)
    # Nobody is asked about nothing.
    eq(tool.out("stream", "gaps", "ORDERS"), "No deleted messages in ORDERS\n")
    eq(tool.out("stream", "gaps", "ORDERS", "--json"), "{}\nNo deleted messages in ORDERS\n")
    for seq in ("2", "3", "5"):
        tool.run("stream", "rmm", "ORDERS", seq, "-f")
    matches(tool.out("stream", "gaps", "ORDERS", "-f", "--no-progress"), r"^╭.*2 gaps found in Stream ORDER.*\n.*\n│ First Message │ Last Message .*\n.*\n"
            r"│ 2 +│ 3 +│\n│ 5 +│ 5 +│\n╰.*╯\n\n$")
    eq(tool.run("stream", "gaps", "ORDERS", "-f", "--json").json, [[2, 3], [5, 5]])
    outcome = tool.run("stream", "gaps", "ORDERS", code=1)
    eq(outcome.out, "WARNING: Detecting gaps in a stream consumes the entire stream and can be resource intensive on the Server, Client and "
                    "Network.\n\n")
    eq(outcome.err, "nats: error: could not obtain confirmation: cannot ask for confirmation without a terminal\n")


@case(80)
def many_gaps_are_found_by_reading(ctx):
    tool = nats(ctx)
    js = filled(tool, count=0)
    # More than are asked for by number.
    for number in range(1, 60_001):
        js.client.pub("orders.%s" % ("kept" if number % 6_000 == 0 else "gone"), b"x")
    wait_until(lambda: tool.run("stream", "info", "ORDERS", "-j").json["state"]["last_seq"] == 60_000, "messages")
    tool.run("stream", "purge", "ORDERS", "--subject", "orders.gone", "-f")
    for _ in range(2):
        js.publish("orders.kept", "x")
    tool.run("stream", "rmm", "ORDERS", "60001", "-f")
    js.publish("orders.kept", "x")
    wanted = [[first + 1, first + 5_999] for first in range(6_000, 60_000, 6_000)] + [[60_001, 60_001]]
    eq(tool.run("stream", "gaps", "ORDERS", "-f", "--json").json, wanted)
    tool.run("stream", "rmm", "ORDERS", "60003", "-f")
    out = tool.out("stream", "gaps", "ORDERS", "-f")
    matches(out, r" done! \[60\.00K in .*; .*/s\]\n.*11 gaps found in Stream ORDE.*│ 6,001 +│ 11,999 +│.*│ 60,003 +│ 60,003 +│")


@case(81)
def finding_streams(ctx):
    tool = nats(ctx)
    filled(tool)
    tool.run("stream", "add", "EMPTY", "--subjects", "e.*", "--defaults")
    find = lambda *args: tool.out("stream", "find", *args, "-n").split()
    eq(find("--empty"), ["EMPTY"])
    eq(find("--empty", "--invert"), ["ORDERS"])
    eq(find("--expression", "state.messages > 0"), ["ORDERS"])
    eq(find("--expression", "Info.Config.Name startsWith 'EM' and info.config.subjects[0] == 'e.*'"), ["EMPTY"])
    for text in ('let name = config.name; name == "EMPTY"', 'config.name | lower() == "empty"', "config.subjects | any(# == 'e.*')",
                 "state.messages == 0 and Info.Created.Before(now()) and now().Sub(Info.Created).Hours() < 1",
                 "info.created.Year() > 2000 and state.last_ts.Year() == 1", 'config.description == "" and config.name == "EMPTY"',
                 'Info.Config.Duplicates.Minutes() == 2 and config.duplicate_window == "2m0s" and Info.State.Msgs == 0',
                 "Info.Config.Sources == nil and len(Info.Config.Sources) == 0 and config.subjects[:1] == ['e.*']",
                 'date("2026-01-02").Weekday().String() == "Friday" and duration("90m").String() == "1h30m0s" and state.bytes == 0'):
        eq(find("--expression", text), ["EMPTY"], text)
    eq(find("--subject", "e.>"), ["EMPTY"])
    eq(find("--subject", "e.x"), [])
    eq(find("--created", "1h"), [])
    eq(find("--created", "1h", "--invert"), ["EMPTY", "ORDERS"])
    eq(find("--idle", "1h"), ["EMPTY"])
    eq(find("--consumers", "0"), ["EMPTY", "ORDERS"])
    eq(find("--replicas", "1"), ["EMPTY", "ORDERS"])
    eq(find("--mirrored"), [])
    eq(find("--api-level", "1"), [])
    # Internal ones, too, by name; and nothing is an empty line, or an empty table.
    tool.run("kv", "add", "B")
    eq(tool.out("stream", "find", "-n"), "EMPTY\nKV_B\nORDERS\n")
    eq(tool.out("stream", "find", "-n", "--mirrored"), "\n")
    matches(tool.out("stream", "find", "--mirrored"), r"Streams .*\n.*\n│ Name │ Description │ Created │ Messages │ Size │ Last Message │\n.*\n╰.*╯\n\n\n$")
    # Turned round, limits include what is just on them, and one subject beside is enough.
    eq(find("--replicas", "1", "--invert"), ["EMPTY", "KV_B", "ORDERS"])
    eq(find("--subject", "e.*", "--invert"), ["KV_B", "ORDERS"])
    matches(tool.out("stream", "find", "--empty"), r"Streams .*\n.*Name +│ Description.*\n.*\n│ EMPTY ")
    matches(tool.error("stream", "find", "--expression", "state.messages >"), "unexpected (token EOF|end)")
    matches(tool.error("stream", "find", "--expression", "1"), ".")
    matches(tool.error("stream", "find", "--server-name", "("), "^error parsing regexp: ")


@case(83)
def a_stream_that_is_not_there(ctx):
    tool = nats(ctx)
    for args in (("info", "nosuch"), ("info",), ("info", "nosuch", "--no-select"), ("state", "a b")):
        matches(tool.error("stream", *args), "^" + NOT_PICKED)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    for args in (("info", "nosuch"), ("info",), ("info", "nosuch", "--no-select"), ("get", "nosuch", "1"), ("copy", "nosuch", "T")):
        outcome = tool.run("stream", *args, code=1)
        eq((outcome.out, outcome.logs[-1]), ("", "nats: error: " + NOT_PICKED))
    # People who want no list have none.
    terminal = tool.terminal("stream", "info", "nosuch", "--no-select")
    matches(terminal.finish(code=1), 'could not pick a Stream to operate on: unknown stream "nosuch"')
    matches(nats(ctx, config="").error("stream", "ls"), "^could not list streams: nats: no responders available for request")


@case(83, "deviation")
def a_name_that_is_unknown_is_said(ctx):
    """The original says that none was given, although one was; and not that JetStream is missing."""
    tool = nats(ctx)
    eq(tool.run("stream", "info", "nosuch", code=1).logs, ['stream "nosuch" not found', "nats: error: " + NOT_PICKED])
    matches(nats(ctx, config="").error("stream", "ls"), "is JetStream enabled")


@case(83, "deviation")
def what_is_not_permitted(ctx):
    """The original says that time is up, and not why."""
    tool = nats(ctx, config="""
jetstream { store_dir: "js" }
authorization { users: [ { user: u, password: p, permissions: { publish: { deny: "$JS.API.STREAM.CREATE.>" } } } ] }
""")
    login = ("--user", "u", "--password", "p", "--timeout", "500ms")
    eq(tool.error("stream", "add", "S", "--subjects", "s", "--defaults", *login),
       'could not create Stream: context deadline exceeded: nats: permissions violation: Permissions Violation for Publish to "$JS.API.STREAM.CREATE.S"')
    eq(tool.out("stream", "ls", *login), "No Streams defined\n")


@case(83)
def a_stream_is_picked_from_a_list(ctx):
    tool = nats(ctx)
    for name in ("ALPHA", "BETA"):
        tool.run("stream", "add", name, "--subjects", name, "--defaults")
    tool.run("kv", "add", "B")
    terminal = tool.terminal("stream", "info", "nosuch", rows=60)
    text = terminal.wait(r"Select a Stream.*BETA").group(0)
    check("KV_B" not in text, text)
    terminal.type("BET\r")
    matches(terminal.finish(), "Information for Stream BETA created ")
    terminal = tool.terminal("stream", "info")
    terminal.wait("Select a Stream")
    terminal.interrupt()
    terminal.finish(code=None)


@case(83)
def graphs_need_a_terminal(ctx):
    tool = nats(ctx)
    filled(tool)
    eq(tool.error("stream", "graph", "ORDERS"), "can only graph data on an interactive terminal")
    terminal = tool.terminal("stream", "graph", "ORDERS", rows=8)
    matches(terminal.finish(code=1), "please increase terminal dimensions")
    terminal = tool.terminal("stream", "graph", "ORDERS", rows=60)
    terminal.wait(r"(?s)Stream Statistics for ORDERS\n.*Messages Stored.*Messages Removed / second.*Messages Stored / second")
    terminal.process.send_signal(signal.SIGINT)
    terminal.finish()


@case(83, "deviation")
def graphs_are_drawn_with_dots(ctx):
    """The original draws lines, over what was on the screen before."""
    tool = nats(ctx)
    filled(tool)
    terminal = tool.terminal("stream", "graph", "ORDERS")
    # Each chart has its scale, and a line of dots that ends at the right.
    terminal.wait(r"Stream Statistics for ORDERS\n\nMessages Stored: 5\n6│\n.*\n5│ +[⠁-⣿]+\n.*"
                  r"Messages Removed / second: \d.*Messages Stored / second: \d.*q: leave")
    tool.run("publish", "orders.x", "x", "-J", "-q")
    terminal.wait(r"Messages Stored: 6\n")
    terminal.process.send_signal(signal.SIGINT)
    terminal.finish()
    terminal = tool.terminal("stream", "graph", "ORDERS")
    terminal.wait(r"Messages Stored: 6\n")
    terminal.type("q")
    terminal.finish()
    check("\x1b[?1049l" in terminal.raw, "the terminal is not given back")


@case(83, "deviation")
def a_graph_stays_when_its_server_goes(ctx):
    """The original shows what was last, and log lines over it."""
    tool = nats(ctx)
    filled(tool)
    terminal = tool.terminal("stream", "graph", "ORDERS", "--timeout", "300ms")
    terminal.wait(r"Messages Stored: 5\n.*q: leave$")
    tool.server.kill()
    # The last line says what is wrong; log lines wait until the picture is gone.
    terminal.wait(r"Messages Stored: 5\n.*context deadline exceeded$")
    check("Disconnected" not in terminal.raw, terminal.raw)
    terminal.type("q")
    terminal.finish()
    before, _, after = terminal.raw.rpartition("\x1b[?1049l")
    matches(after, r"^[^\n]*\d\d:\d\d:\d\d >>> Disconnected due to: ")
