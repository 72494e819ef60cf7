"""server commands that look at all servers at once: items 105 to 111."""

import json
import re
import signal
import socket
import ssl
import urllib.error
import urllib.request

from lib.process import free_ports
from tool import *

# What two servers say about a stream with two replicas and a consumer, and a third server about a stream of its own.
ANSWERS = [
    {"server": {"name": "n2", "id": "N2"}, "data": {"total": 1, "account_details": [{"name": "APP", "id": "AC", "stream_detail": [
        {"name": "S", "cluster": {"leader": "n1", "raft_group": "G", "replicas": [{"name": "n1", "current": True}]},
         "state": {"messages": 4, "bytes": 90, "first_seq": 2, "last_seq": 5, "num_subjects": 1, "consumer_count": 1},
         "consumer_detail": [
             {"name": "C", "stream_name": "S", "delivered": {"stream_seq": 2, "consumer_seq": 2}, "ack_floor": {"stream_seq": 1, "consumer_seq": 1},
              "num_ack_pending": 1, "cluster": {"leader": "n1", "raft_group": "H", "replicas": [{"name": "n1"}]}}]}]}]}},
    {"server": {"name": "n1", "id": "N1"}, "data": {"total": 1, "account_details": [{"name": "APP", "id": "AC", "stream_detail": [
        {"name": "S", "cluster": {"leader": "n1", "raft_group": "G", "replicas": [{"name": "n2", "current": False, "lag": 1}]},
         "state": {"messages": 5, "bytes": 110, "first_seq": 1, "last_seq": 5, "num_subjects": 1, "consumer_count": 1},
         "consumer_detail": [
             {"name": "C", "stream_name": "S", "delivered": {"stream_seq": 2, "consumer_seq": 2}, "ack_floor": {"stream_seq": 2, "consumer_seq": 2},
              "num_waiting": 3, "cluster": {"leader": "n1", "raft_group": "H", "replicas": [{"name": "n2", "current": True}]}}]}]}]}},
    {"server": {"name": "n3", "id": "N3"}, "data": {"total": 1, "account_details": [{"name": "APP", "id": "AC", "stream_detail": [
        {"name": "R", "cluster": {"leader": "n3"}, "state": {"messages": 1, "bytes": 3, "first_seq": 1, "last_seq": 1}}]}]}},
]
LINES = "".join(json.dumps(answer) + "\n" for answer in ANSWERS)


@case(109)
def replicas_of_a_former_look_are_compared(ctx):
    tool = nats(ctx, server=False)
    outcome = tool.run("server", "stream-check", "--stdin", "--csv", stdin=LINES)
    header = "Stream Replica,Raft,Account,Account ID,Node,Messages,Bytes,Subjects,Deleted,Consumers,First,Last,Status,Leader,Peers"
    eq(outcome.err, "")
    eq(outcome.out, header + """,
R,,APP,AC,n3*,1,3,0,0,0,1,1,IN SYNC,n3,,
S,G,APP,AC,n1*,5,110,1,0,1,1,5,UNSYNCED,n1,"n2(current=false,offline=false)",
S,G,APP,AC,n2,4,90,1,0,1,2,5,UNSYNCED,n1,"n1(current=true ,offline=false)",

""")
    # How far those are that do not lead.
    eq(tool.out("server", "stream-check", "--stdin", "--csv", "--unsynced", stdin=LINES), header + """,
S,G,APP,AC,n1*,5,110,1,0,1,1,5,UNSYNCED,n1,"n2(current=false,offline=false)",
S,G,APP,AC,n2,4 (-20%),90 (-18.18%),1,0,1,2 (+100%),5,UNSYNCED,n1,"n1(current=true ,offline=false)",

""")
    out = tool.out("server", "stream-check", "--stdin", stdin=LINES)
    matches(out, r"^Response took 0\.\d{3}s\nServers: 3\nStreams: 3\n╭─+╮\n│ +Streams +│\n├[─┬]+┤\n"
                 r"│ Stream Replica │ Raft │ Account │ Account ID │ Node │ Messages │ Bytes │ Subjects │ Deleted │ Consumers │ First │ Last │ Status   │ Leader "
                 r"│ Peers +│  │\n├[─┼]+┤\n"
                 r"│ R +│      │ APP     │ AC         │ n3\*  │ +1 │ +3 │ +0 │ +0 │ +0 │ +1 │ +1 │ IN SYNC  │ n3     │ +│  │\n├[─┼]+┤\n"
                 r"│ S +│ G    │ APP     │ AC         │ n1\*  │ +5 │ +110 │ +1 │ +0 │ +1 │ +1 │ +5 │ UNSYNCED │ n1     │ n2\(current=false,offline=false\) │  │\n"
                 r"│ S +│ G    │ APP     │ AC         │ n2   │ +4 │ +90 │ +1 │ +0 │ +1 │ +2 │ +5 │ UNSYNCED │ n1     │ n1\(current=true ,offline=false\) │  │\n"
                 r"╰[─┴]+╯\n\n$")
    rows = lambda kind, *args: tool.out("server", kind, "--stdin", "--csv", *args, stdin=LINES).rstrip("\n").split("\n")[1:]  # noqa: E731
    eq(len(rows("stream-check", "--raft-group", "G")), 2)
    eq(len(rows("stream-check", "--stream", "R")), 1)
    eq(len(rows("stream-check", "--expected", "2")), 2)
    matches(tool.out("server", "stream-check", "--stdin", "--expected", "4", stdin=LINES),
            r"\nServers: 3\nWarning: expected 4 responses got 3\nStreams: 3\n")
    eq(tool.out("server", "consumer-check", "--stdin", "--csv", stdin=LINES),
       """Consumer,Stream,Raft,Account,Account ID,Node,"Delivered (S,C)","ACK Floor (S,C)",Counters,Status,Leader,Stream Cluster Leader,Peers,
C,S,H,APP,AC,n1*,"2 [1, 5] 40 % | 2",2 | 2,"(ap:0, nr:0, nw:3, np:0)","UNSYNCED:ACK_FLOOR, / INTERSECT",n1,n1,"n2(current=true ,offline=false)",
C,S,H,APP,AC,n2,"2 [2, 5] 40 % | 2",1 | 1,"(ap:1, nr:0, nw:0, np:0)","UNSYNCED:ACK_FLOOR,",n1,n1,"n1(current=false,offline=false)",

""")
    matches(rows("consumer-check", "--unsynced")[1], r",1 \(-50%\) \| 1 \(-50%\),")
    for flags, count in (("--consumer D", 0), ("--consumer C", 2), ("--stream R", 0), ("--stream S", 2), ("--raft-group H", 2),
                         ("--raft-group G", 0), ("--unsynced", 2)):
        eq(len(rows("consumer-check", *flags.split())), count, flags)
    eq(tool.error("server", "stream-check", "--stdin", stdin=""), "no JSZ responses received")
    eq(tool.run("server", "stream-check", "--stdin", stdin="\n{\n", code=1).out, "")


@case(109, "cluster", slow=True)
def replicas_on_all_servers_are_compared(ctx):
    servers = cluster(ctx)
    tool = nats(ctx, server=servers[0])
    tool.run("stream", "add", "S", "--subjects", "s.>", "--replicas", "3", "--defaults")
    tool.run("consumer", "add", "S", "C", "--pull", "--defaults")
    tool.run("publish", "s.a", "x", "--count", "5", "-J", "-q")
    out = tool.out("consumer", "next", "S", "C", "--count", "2", "--raw")
    eq(out.replace("\n", ""), "xx")

    def rows(kind, *args):
        found = tool.run("server", kind, "--csv", *args, *SYSTEM, code=None).out
        return found.rstrip("\n").split("\n")[2:]

    def in_sync(kind, count):
        found = rows(kind)
        return len(found) == count and all(",IN SYNC" in row for row in found)
    wait_until(lambda: in_sync("stream-check", 3), "streams in sync")
    wait_until(lambda: in_sync("consumer-check", 3), "consumers in sync")
    out = tool.out("server", "stream-check", "--health", "--stream", "S", *SYSTEM)
    matches(out, r"^Connected in \d+\.\d{3}s\nResponse took \d+\.\d{3}s\nServers: 3\nStreams: 3\n╭")
    eq(len(re.findall(r"│ S +│ S-R3F-\w{8} │ APP     │ APP        │ n[123]\*? +│ +5 │.*│ IN SYNC │ n[123]     │ n\d\(current=.*offline=false\) │ :ok: +│\n", out)), 3, out)
    eq(len(re.findall(r"│ n[123]\* ", out)), 1, out)
    matches(tool.out("server", "stream-check", "--csv", *SYSTEM), r"^Connected in \d+\.\d{3}s\nStream Replica,")
    found = rows("consumer-check", "--health", "--stream", "S")
    eq(len([row for row in found if row.endswith(",:ok:")]), 3, found)
    # Who waits for one answer gets one; who waits for more than there are waits in vain.
    for kind in ("stream-check", "consumer-check"):
        matches(tool.out("server", kind, "--expected", "1", *SYSTEM), r"\nServers: 1\n(Stream|Consumer)s: 1\n")
        out = tool.out("server", kind, "--expected", "4", "--read-timeout", "1", "--timeout", "300ms", *SYSTEM)
        found = re.search(r"\nResponse took (\d+\.\d{3})s\nServers: 3\nWarning: expected 4 responses got 3\n", out)
        check(found and float(found.group(1)) >= 1, out)
    # What servers answered before is the same as what they answer now.
    answers = tool.out("server", "request", "jetstream", "--all", "--raft", "3", *SYSTEM)
    eq(tool.out("server", "consumer-check", "--csv", "--stdin", stdin=answers),
       tool.out("server", "consumer-check", "--csv", *SYSTEM).split("\n", 1)[1])
    eq(rows("stream-check", "--unsynced"), [])
    eq(tool.error("server", "stream-check"), "failed to get current active servers: server request failed, ensure the account used has "
       "system privileges and appropriate permissions")


@case(109, "services")
def what_keeps_servers_from_going_back_is_found(ctx):
    tool = nats(ctx)
    eq(tool.run("server", "report", "downgrade", "0", "--json", *SYSTEM).out, "{}\n")
    eq(tool.out("server", "report", "downgrade", "0", *SYSTEM),
       "Obtaining JetStream Asset information\nAll assets are compatible with the specified API level.\n")
    tool.run("stream", "add", "NEW", "--subjects", "n", "--allow-msg-ttl", "--defaults")
    tool.run("stream", "add", "OLD", "--subjects", "o", "--defaults")
    for stream in ("NEW", "OLD"):
        body = {"stream_name": stream, "config": {"durable_name": "C", "ack_policy": "explicit", "priority_policy": "overflow",
                                                  "priority_groups": ["a"]}}
        tool.run("request", "$JS.API.CONSUMER.DURABLE.CREATE.%s.C" % stream, json.dumps(body), "--raw")
    found = tool.run("server", "report", "downgrade", "0", "--json", *SYSTEM).json
    eq(found, {"streams": [{"account": "APP", "name": "NEW", "api_level": 1}],
               "consumers": [{"account": "APP", "name": "C", "stream": "NEW", "api_level": 1},
                             {"account": "APP", "name": "C", "stream": "OLD", "api_level": 1}]})
    found = tool.run("server", "report", "downgrade", "0", "--json", "--all", *SYSTEM).json
    # Those whose stream goes have a star.
    eq([entry["stream"] for entry in found["consumers"]], ["NEW*", "OLD"])
    out = tool.out("server", "report", "downgrade", "0", *SYSTEM)
    matches(out, r"^Obtaining JetStream Asset information\n╭─+╮\n│ +Assets: Streams +│\n├[─┬]+┤\n│ Account │ Stream │ Required API level │\n├[─┼]+┤\n"
                 r"│ APP     │ NEW    │ +1 │\n╰[─┴]+╯\n\n╭─+╮\n│ +Assets: Consumers +│\n├[─┬]+┤\n│ Account │ Stream │ Consumer │ Required API level │\n├[─┼]+┤\n"
                 r"│ APP     │ NEW    │ C        │ +1 │\n│ APP     │ OLD    │ C        │ +1 │\n╰[─┴]+╯\n\n$")
    eq(tool.run("server", "report", "downgrade", "1", "--json", *SYSTEM).json, {})
    matches(tool.error("server", "report", "downgrade", "x", *SYSTEM), 'parsing "x"')
    eq(tool.usage_error("server", "report", "downgrade"), "required argument 'api' not provided")


@case(107, "services", "deviation")
def the_largest_batch_is_shown(ctx):
    """The original shows the largest request there, too."""
    tool = nats(ctx, config="""
accounts { APP { users: [ { user: app, password: app } ], jetstream: enabled }, SYS { users: [ { user: sys, password: sys } ] } }
system_account: SYS
jetstream { store_dir: js, limits { max_request_batch: 17, batch { max_msgs: 23 } } }
""")
    matches(tool.out("server", "info", *SYSTEM), r" Maximum Messages Per Batch: 23\n")


@case(107, "services")
def graphs_of_a_server(ctx):
    tool = nats(ctx)
    name = tool.server.varz()["server_name"]
    eq(tool.error("server", "graph", name, *SYSTEM), "can only graph data on an interactive terminal")
    matches(tool.terminal("server", "graph", name, *SYSTEM, rows=8).finish(code=1), "please increase terminal dimensions")
    matches(tool.terminal("server", "graph", "nobody", "--timeout", "300ms", *SYSTEM, rows=60).finish(code=1),
            "no results received, ensure the account used has system privileges and appropriate permissions")
    for what, *captions in ((name, r"CPU % Used \(normalized for \d+ cores\)", "Memory Used", "Connections", "Subscriptions",
                             r"Messages In\+Out / second", r"Bytes In\+Out / second"),
                            (tool.server.varz()["server_id"], "CPU % Used", "HA Assets", "API Requests / second", "Pending API Requests",
                             "File Storage", "Memory Storage")):
        flags = ("-j",) if "HA Assets" in captions else ()
        terminal = tool.terminal("server", "graph", what, *flags, *SYSTEM, rows=60, columns=100)
        terminal.wait("Statistics for %s\n.*%s" % (re.escape(what), ".*".join(captions)))
        terminal.process.send_signal(signal.SIGINT)
        terminal.finish()


@case(107, "services", "deviation")
def graphs_of_a_server_are_drawn_with_dots(ctx):
    """The original draws lines, over what was on the screen before, calls all of it JetStream, and graphs a JetStream that is not there."""
    tool = nats(ctx)
    name = tool.server.varz()["server_name"]
    terminal = tool.terminal("server", "graph", name, *SYSTEM, rows=50)
    terminal.wait(r"^Server Statistics for %s\n\nCPU %% Used \(normalized for \d+ cores\): [\d.]+ +Memory Used: [\d.]+ MiB\n"
                  % re.escape(name))
    terminal.wait(r"Connections: 1 +Subscriptions: \d+\n.*Messages In\+Out / second: [\d.,]+ +Bytes In\+Out / second: [\d.]+ \w+\n")
    sub = tool.start("sub", "a")
    sub.wait_err("Subscribing")
    terminal.wait(r"Connections: 2 ")
    terminal.interrupt()
    terminal.finish()
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    terminal = tool.terminal("server", "graph", tool.server.varz()["server_id"], "-j", *SYSTEM, rows=60, columns=100)
    terminal.wait(r"^JetStream Statistics for .*\nCPU %.*\nHA Assets: 0\n.*\nAPI Requests / second: [\d.]+\n.*\nPending API Requests: 0\n.*"
                  r"\nFile Storage: 0 B\n.*\nMemory Storage: 0 B\n.*q: leave$")
    terminal.type("q")
    terminal.finish()
    plain = nats(ctx, config=tool_config_without_jetstream())
    name = plain.server.varz()["server_name"]
    matches(plain.terminal("server", "graph", name, "-j", *SYSTEM).finish(code=1), "server %s has no JetStream" % re.escape(name))


def tool_config_without_jetstream():
    return """
accounts { SYS { users: [ { user: sys, password: sys } ] }, APP { users: [ { user: app, password: app } ] } }
system_account: SYS
no_auth_user: app
"""


# Messages and bytes in a cell.
FLOW = r"[\d,]+ / [\d.]+ \w+ +"
# When a table is from.
AT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


@case(105, "services")
def servers_and_accounts_are_watched(ctx):
    tool = nats(ctx)
    shown = re.escape(tool.server.varz()["server_name"])
    servers = tool.terminal("server", "watch", "servers", *SYSTEM, columns=250)
    servers.wait(r"^╭─+╮\n│ +Top 1 Server activity by Connections at %s +│\n├[─┬]+┤\n"
                 r"│ Server +│ Connections │ Subscription │ Slow │ Memory +│ CPU +│ Cores │ Routes │ Gateways │ Sent +│ Received +│\n├[─┼]+┤\n"
                 r"│ %s *│ 1 +│ \d+ +│ 0    │ [\d.]+ MiB +│ [\d.]+ +│ \d+ +│ 0      │ 0        │ %s│ %s│\n├[─┼]+┤\n"
                 r"│ Totals \(All Servers\) +│ 1 +│ \d+ +│ 0    │ [\d.]+ MiB +│ +│ +│ +│ +│ %s│ %s│\n╰[─┴]+╯$"
                 % (AT, shown, FLOW, FLOW, FLOW, FLOW))
    accounts = tool.terminal("server", "watch", "acct", "--sort", "subs", "-n", "1", *SYSTEM, columns=250)
    accounts.wait(r"^╭─+╮\n│ +Top 0 Account activity by Subscriptions at 0001-01-01 00:00:00 +│\n├[─┬]+┤\n"
                  r"│ Account │ Servers │ Connections │ Leafnodes │ Subscriptions │ Slow │ Sent │ Received │\n├[─┼]+┤\n╰[─┴]+╯$")
    # Servers tell of accounts when their connections change, and of themselves now and then.
    sub = tool.start("sub", "a")
    sub.wait_err("Subscribing")
    accounts.wait(r"│ +Top 1 Account activity by Subscriptions at %s +│\n.*\n│ APP     │ +1 │ 1           │ 0         │ \d+ +│ 0    │ %s│ %s│\n╰" % (AT, FLOW, FLOW))
    both = tool.terminal("server", "watch", "accounts", *SYSTEM, columns=250)
    both.wait(r"Top 0 Account")
    more = tool.start("sub", "b")
    more.wait_err("Subscribing")
    both.wait(r"│ +Top 1 Account activity by Connections at %s +│\n.*\n│ APP +│ +1 │ 2 " % AT)
    for terminal in (servers, accounts, both):
        terminal.interrupt()
        terminal.finish()
    eq(tool.error("server", "watch", "servers", *SYSTEM), "could not determine screen dimensions: inappropriate ioctl for device")
    eq(tool.error("server", "watch", "accounts", "-n", "3", *SYSTEM), "requested render limits exceed screen size")
    matches(tool.terminal("server", "watch", "servers", *SYSTEM, rows=8).finish(code=1), "requested render limits exceed screen size")


@case(105, "services", "deviation")
def watching_without_rights_is_an_error(ctx):
    """The original shows an empty table for ever."""
    tool = nats(ctx)
    for kind in ("servers", "jetstream"):
        matches(tool.terminal("server", "watch", kind).finish(code=1), "ensure the account used has system privileges")


@case(105, "cluster", slow=True)
def servers_with_jetstream_are_watched(ctx):
    servers = cluster(ctx)
    tool = nats(ctx, server=servers[0])
    tool.run("stream", "add", "S", "--subjects", "s", "--replicas", "3", "--defaults")
    tool.run("publish", "s", "x" * 1000, "-J", "-q")
    js = tool.terminal("server", "watch", "jetstream", *SYSTEM, columns=200)
    row = r"│ n%d\*? +│ 2 +│ 0 B    │ 1\.0 KiB │ \d+ +│ \d+ +│ 0       │ [^│]*│\n"
    js.wait(r"^╭─+╮\n│ +Top 3 Server activity by HA Asset at %s +│\n├[─┬]+┤\n"
            r"│ Server +│ HA Assets │ Memory │ File +│ API +│ API Errors │ Pending │ Snapshot Time +│\n├[─┼]+┤\n%s├[─┼]+┤\n"
            r"│ Totals \(3 Servers\) │ 6 +│ 0 B    │ 3\.\d KiB │ \d+ +│ \d+ +│ 0       │ +│\n╰[─┴]+╯$"
            % (AT, "".join(row % number for number in (1, 2, 3))))
    eq(len(re.findall(r"\n│ n\d\* ", js.screen.text())), 1, js.screen.text())
    limited = tool.terminal("server", "watch", "servers", "--sort", "name", "-n", "2", *SYSTEM, columns=200)
    limited.wait(r"│ +Top 2 / 3 Server activity by Server Name at .*\n│ n1 .*\n│ n2 .*\n│ Totals ")
    check("│ n3" not in limited.screen.text())
    one = tool.terminal("server", "watch", "jetstream", "--sort", "file", "-n", "1", *SYSTEM, columns=200)
    one.wait(r"│ +Top 1 / 3 Server activity by File Storage .*\n│ n\d\*? [^\n]+\n├[─┼]+┤\n│ Totals \(1 Servers\) ")
    for terminal in (js, limited, one):
        terminal.interrupt()
        terminal.finish()


@case(105, "services")
def requests_to_the_api_are_watched(ctx):
    tool = nats(ctx)
    waiting = tool.terminal("server", "watch", "api", "requests", *SYSTEM)
    waiting.wait(r"^Waiting for requests\.\.\.\nWaiting for requests")
    terminals = [tool.terminal("server", "watch", "api", "requests", *args, *SYSTEM, columns=160)
                 for args in ((), ("--no-record-consumer", "-R", "-n", "2"), ("--account", "^X"), ("--no-compact", "--rate", "5m"))]
    for terminal in terminals:
        terminal.wait("Waiting")
    long = "C" * 25
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    for _ in range(3):
        tool.run("request", "$JS.API.STREAM.MSG.GET.S", '{"seq":1}', "--raw")
        tool.run("request", "$JS.API.CONSUMER.INFO.S.D", "", "--raw")
    tool.run("request", "$JS.API.CONSUMER.INFO.S." + long, "", "--raw")
    tool.run("request", "$JS.API.INFO", "", "--raw")
    every, few, none, whole = terminals
    every.wait(r"^╭─+╮\n│ +Top 10 JS API activity +│\n├[─┬]+┤\n│ Type +│ Account │ Count │ Event / 1m0s │ Asset +│\n├[─┼]+┤\n"
               r"(│ stream_msg_get_request +│ APP     │ +3 │ 3 +│ +│\n|│ consumer_info_request +│ APP     │ +3 │ 3 +│ S > D +│\n){2}.*"
               r"│ consumer_info_request +│ APP     │ +1 │ 1 +│ S > C{12}\.\.\. +│\n")
    check("INFO" not in every.screen.text(), "account information is not counted")
    few.wait(r"^╭─+╮\n│ +Top 2 JS API activity +│\n├[─┬]+┤\n│ Type [^\n]*\n├[─┼]+┤\n(│ \w+ +│ APP     │ +1 │ 1 +│ +S? +│\n){2}╰")
    check("Waiting" in none.screen.text(), none.screen.text())
    whole.wait(r"│ Event / 5m0s │.*│ S > %s +│\n" % long)
    for terminal in (waiting, *terminals):
        terminal.interrupt()
        terminal.finish()


@case(111, "cluster", slow=True)
def connections_are_spread_over_a_cluster(ctx):
    servers = cluster(ctx)
    tool = nats(ctx, server=servers[0])
    # Twelve clients at one server, which is where they start.
    watching = [tool.start("sub", "a.%d" % number, "--connection-name", "c%d" % number) for number in range(12)]
    for one in watching:
        one.wait_err("Subscribing")

    def connected():
        found = tool.run("server", "report", "connections", "--account", "APP", "--json", *SYSTEM).json
        return [entry["server"]["name"] for entry in found]
    eq(connected(), ["n1"] * 12)
    # Asked first; and what there is nobody to be asked for fails.
    eq(tool.error("server", "cluster", "balance", "1s", "--account", "APP", *SYSTEM).split("\n")[-1],
       "cannot ask for confirmation without a terminal")
    terminal = tool.terminal("server", "cluster", "balance", "1s", "--account", "APP", *SYSTEM)
    terminal.answer("Really re-balance connections", "n")
    matches(terminal.finish(code=1), "balance canceled")
    # Filters that leave nothing.
    for flags in (("--idle", "1h"), ("--kind", "Leafnode"), ("--cluster", "other"), ("--server-name", "n1"), ("--server-name", "n[12]"),
                  ("--subject", "b.>")):
        outcome = tool.run("server", "cluster", "balance", "1s", "-f", "--account", "APP", *flags, *SYSTEM)
        eq(outcome.out, "\nBalanced 0 connections\n", flags)
    eq(connected(), ["n1"] * 12)
    outcome = tool.run("server", "cluster", "balance", "1s", "-f", "--account", "APP", *SYSTEM)
    eq(outcome.logs[:3], ["Connection distribution across 3 servers (target: 4 per server):", "  Server 'n1': 12 connections (offset: +8)",
                          "Balancing 8 connections with 125ms sleep between each balance request"])
    eq(len(outcome.logs), 11)
    for line in outcome.logs[3:]:
        matches(line, r"^Balanced client \d+ \(c\d+\) on n1$")
    eq(outcome.out, "\nBalanced 8 connections\n")
    # The eight have been sent away; where they go is their own choice.
    wait_until(lambda: len(connected()) == 12, "all clients to be back")
    closed = tool.run("server", "report", "connections", "--account", "APP", "--state", "closed", "--closed-reason", "kicked",
                      "--json", *SYSTEM).json
    eq([entry["server"]["name"] for entry in closed], ["n1"] * 8)
    # The tool does not disconnect itself.
    outcome = tool.run("server", "cluster", "balance", "1s", "-f", "--account", "SYS", *SYSTEM)
    eq(outcome.logs[:2], ["Connection distribution across 3 servers (target: 1 per server):", "  Server 'n1': 1 connections (offset: +0)"])
    eq(outcome.out, "\nBalanced 0 connections\n")
    eq(tool.error("server", "cluster", "balance", "--kind", "Router", *SYSTEM),
       "enum value must be one of Client,Leafnode, got 'Router'")
    matches(tool.error("server", "cluster", "balance", "--subject", "a", "-f", *SYSTEM),
            "^can only filter by subject if account is given$")
    eq(tool.error("server", "cluster", "balance", "x", *SYSTEM), "invalid duration")
    eq(tool.error("server", "cluster", "balance", "-f"),
       "$SYS.REQ.SERVER.PING.VARZ: server request failed, ensure the account used has system privileges and appropriate permissions")


EXPORTER = """
context: app
checks:
  - name: link
    kind: connection
    properties:
      connect_time_critical: 10
  - name: orders
    kind: stream
    reuse_connection: true
    properties:
      stream_name: S
      messages_critical: 2
  - name: other orders
    kind: stream
    properties: { stream_name: S, messages_critical: 0 }
  - name: svc
    kind: request
    context: app
    properties: { subject: nobody }
"""


def fetch(url, context=None, method="GET"):
    """(status, headers, body) of a page."""
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20, context=context) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def exporting(tool, *args):
    """Starts an exporter at a free port; it, and its port."""
    port = free_ports(1)[0]
    exporter = tool.start("server", "check", "exporter", "--config", "checks.yaml", "--port", port, *args)
    exporter.wait_err(r"NATS CLI Prometheus Exporter listening on https?://0\.0\.0\.0:%da?/metrics\n" % port)
    def listens():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0
    wait_until(listens, "the exporter")
    return exporter, port


def of_checks(text):
    """The metrics of checks: the original has others about itself, too."""
    return "".join(line + "\n" for line in text.splitlines() if "nats_server_check" in line)


@case(133)
def an_exporter_serves_the_results_of_checks(ctx):
    tool = nats(ctx)
    tool.run("context", "add", "app", "--server", tool.server.address)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    tool.write("checks.yaml", EXPORTER)
    exporter, port = exporting(tool)
    url = "http://127.0.0.1:%d/metrics" % port
    status, headers, text = fetch(url)
    eq(status, 200)
    headers = {key.lower(): value for key, value in headers.items()}
    matches(headers["content-type"], r"^text/plain; version=0\.0\.4; charset=utf-8")
    matches(of_checks(text), r"""^# HELP nats_server_check_connection_connect_time Time taken to connect to NATS
# TYPE nats_server_check_connection_connect_time gauge
nats_server_check_connection_connect_time\{item="link"\} \S+
# HELP nats_server_check_connection_request_time Time taken for a full Request-Reply operation
# TYPE nats_server_check_connection_request_time gauge
nats_server_check_connection_request_time\{item="link"\} \S+
# HELP nats_server_check_connection_rtt The round-trip-time of the connection
# TYPE nats_server_check_connection_rtt gauge
nats_server_check_connection_rtt\{item="link"\} \S+
# HELP nats_server_check_connection_status_code Nagios compatible status code for connection
# TYPE nats_server_check_connection_status_code gauge
nats_server_check_connection_status_code\{item="link",status="OK"\} 0
# HELP nats_server_check_request_status_code Nagios compatible status code for request
# TYPE nats_server_check_request_status_code gauge
nats_server_check_request_status_code\{item="svc",status="CRITICAL"\} 2
# HELP nats_server_check_request_time How long the request took
# TYPE nats_server_check_request_time gauge
nats_server_check_request_time\{item="svc"\} \S+
# HELP nats_server_check_stream_messages Messages stored in the stream
# TYPE nats_server_check_stream_messages gauge
nats_server_check_stream_messages\{item="orders"\} 0
# HELP nats_server_check_stream_sources Number of sources being consumed by this stream
# TYPE nats_server_check_stream_sources gauge
nats_server_check_stream_sources\{item="orders"\} 0
nats_server_check_stream_sources\{item="other orders"\} 0
# HELP nats_server_check_stream_status_code Nagios compatible status code for stream
# TYPE nats_server_check_stream_status_code gauge
nats_server_check_stream_status_code\{item="orders",status="CRITICAL"\} 2
nats_server_check_stream_status_code\{item="other orders",status="OK"\} 0
$""")
    # Each result is logged.
    exporter.wait_err(r"\d\d:\d\d:\d\d OK link OK:connected to \S+ in \S+ .*\n\d\d:\d\d:\d\d CRITICAL orders Crit:0 messages OK:0 sources \| messages=0;;2 sources=0\n"
                      r"\d\d:\d\d:\d\d OK other orders OK:0 sources \| sources=0\n\d\d:\d\d:\d\d CRITICAL svc Crit:could not send request: ")
    # Each scrape looks again.
    for _ in range(3):
        tool.run("publish", "s", "x", "-J", "-q")
    matches(fetch(url)[2], r'_stream_status_code\{item="orders",status="OK"\} 0\n')
    # One connection is kept, the others were closed.
    total = tool.server.varz()["total_connections"]
    fetch(url)
    eq(tool.server.varz()["total_connections"], total + 3)
    wait_until(lambda: tool.server.varz()["connections"] == 1, "one connection that is kept")
    eq(fetch(url.replace("metrics", "other"))[0], 404)
    # Without its server it goes on, and says so.
    tool.server.stop()
    text = fetch(url)[2]
    matches(text, r'_connection_status_code\{item="link",status="CRITICAL"\} 2\n')
    matches(text, r'_stream_status_code\{item="orders",status="CRITICAL"\} 2\n')
    exporter.process.terminate()
    exporter.wait(None)


@case(133)
def an_exporter_goes_on_with_mistakes_in_its_configuration(ctx):
    tool = nats(ctx)
    tool.run("context", "add", "app", "--server", tool.server.address)
    tool.write("checks.yaml", """
context: app
checks:
  - { name: none, kind: nope }
  - { name: wrong, kind: stream, properties: { stream_name: [1] } }
  - { name: more, kind: kv, properties: { bucket: NONE, foo: 1 } }
  - { name: js, kind: jetstream }
""")
    exporter, port = exporting(tool)
    text = of_checks(fetch("http://127.0.0.1:%d/metrics" % port)[2])
    eq(re.findall(r"^nats_server_check_(\w+)_status_code(.*)$", text, re.M), [
        ("jetstream", '{item="js",status="OK"} 0'), ("kv", '{item="more",status="CRITICAL"} 2'),
        ("stream", '{item="wrong",status="CRITICAL"} 2')])
    exporter.wait_err(r"Unknown check kind nope\n")
    exporter.wait_err(r"CRITICAL wrong Crit:invalid properties: ")
    exporter.wait_err(r"CRITICAL more Crit:bucket NONE not found\n")
    # What is not set is not looked at.
    exporter.wait_err(r"OK js \| memory=0B memory_pct=0% storage=0B storage_pct=0% streams=0 streams_pct=0% consumers=0 consumers_pct=0%\n")


@case(133)
def an_exporter_with_https(ctx):
    tool = nats(ctx)
    certs = ctx.certs
    tool.run("context", "add", "app", "--server", tool.server.address, "--select")
    tool.write("checks.yaml", "checks: [{ name: link, kind: connection }]\n")
    _, port = exporting(tool, "--https-certificate", certs.server_cert, "--https-key", certs.server_key, "--namespace", "mine")
    text = fetch("https://localhost:%d/metrics" % port, ssl.create_default_context(cafile=certs.ca))[2]
    matches(text, r'\nmine_connection_status_code\{item="link",status="OK"\} 0\n')
    eq(tool.usage_error("server", "check", "exporter"), "required flag --config not provided")


@case(133, "deviation")
def an_exporter_that_cannot_start_says_why(ctx):
    """The original serves plain HTTP if only one of key and certificate is given, and tells of no port that it did not get from its
    command line. Here a half configured HTTPS is an error, port 0 is any that is free, and checks of the same name, which the original
    cannot serve, are one at the start."""
    tool = nats(ctx)
    certs = ctx.certs
    tool.write("checks.yaml", "checks: [{ name: link, kind: connection }]\n")
    args = ("server", "check", "exporter", "--config", "checks.yaml", "--port", "0")
    # Without --context the connection is the one of the exporter's own command line.
    exporter = tool.start(*args)
    port = exporter.wait_err(r"listening on http://0\.0\.0\.0:(\d+)/metrics\n").group(1)
    url = "http://127.0.0.1:%s/metrics" % port
    matches(fetch(url)[2], r'\nnats_server_check_connection_status_code\{item="link",status="OK"\} 0\n')
    eq(fetch(url, method="HEAD")[::2], (200, ""))
    eq(fetch(url, method="POST")[0], 405)
    eq(tool.error(*args, "--https-key", certs.server_key), "HTTPS needs both --https-certificate and --https-key")
    matches(tool.error("server", "check", "exporter", "--config", "checks.yaml", "--port", port),
            "^could not listen on port %s: " % port)
    eq(tool.error("server", "check", "exporter", "--config", "checks.yaml", "--port", "70000"), "there is no port 70000")
    tool.write("checks.yaml", "checks: [{ name: a, kind: connection }, { name: a, kind: connection }]\n")
    eq(tool.error(*args), 'checks.yaml: two checks of the same kind are called "a"')
    tool.write("checks.yaml", "checks: [\n")
    matches(tool.error(*args), "^checks.yaml: yaml: ")


@case(109, "services", "deviation")
def streams_without_groups_are_told_apart(ctx):
    """The original tells replicas apart by their groups, which streams of a server alone do not have: it shows one of them. Here
    all are shown."""
    tool = nats(ctx)
    for name in ("S", "T"):
        tool.run("stream", "add", name, "--subjects", name, "--allow-msg-ttl", "--defaults")
        tool.run("consumer", "add", name, "C", "--pull", "--defaults")
    rows = lambda *args: tool.out("server", *args, "--csv").rstrip("\n").split("\n")  # noqa: E731
    live = rows("stream-check", *SYSTEM)
    eq([row.split(",")[:2] for row in live[2:]], [["S", ""], ["T", ""]])
    eq([row.split(",")[:2] for row in rows("consumer-check", *SYSTEM)[2:]], [["C", "S"], ["C", "T"]])
    tool.run("audit", "gather", "--output", "a.zip", "--no-server-profiles", *SYSTEM)
    eq(rows("stream-check", "--archive", "a.zip"), live[1:])
    # The original cannot gather of a server alone.
    downgrade = ("server", "report", "downgrade", "0", "--all", "--json")
    eq(tool.run(*downgrade, "--archive", "a.zip").json, tool.run(*downgrade, *SYSTEM).json)
    for kind in ("stream-check", "consumer-check"):
        eq(tool.error("server", kind, "--health", "--archive", "a.zip"), "--health requires a live server connection")
    matches(tool.out("server", "consumer-check", "--archive", "a.zip"), r"^Response took \d+\.\d{3}s\nServers: 1\nConsumers: 2\n╭")


@case(109, "services", "deviation", slow=True)
def more_accounts_than_servers_tell_at_once(ctx):
    """The original takes the first answers of servers for all; here it is asked on."""
    # A server tells of 1,024 accounts in an answer.
    accounts = ["A%04d" % number for number in range(1100)]
    tool = nats(ctx, config="""
        jetstream { store_dir: "js", max_mem: 1MB, max_file: 100MB }
        accounts {
            SYS { users: [ { user: sys, password: sys } ] }
            %s
        }
        system_account: SYS
    """ % "\n".join("%s { jetstream: enabled, users: [ { user: %s, password: x } ] }" % (name, name) for name in accounts))
    for name in (accounts[0], accounts[-1]):
        tool.run("stream", "add", "S", "--subjects", "s", "--allow-msg-ttl", "--defaults", "--user", name, "--password", "x")
    rows = tool.out("server", "stream-check", "--csv", *SYSTEM).rstrip("\n").split("\n")[2:]
    eq([row.split(",")[:4] for row in rows], [["S", "", name, name] for name in (accounts[0], accounts[-1])])
    found = tool.run("server", "report", "downgrade", "0", "--json", *SYSTEM).json
    eq([entry["account"] for entry in found["streams"]], [accounts[0], accounts[-1]])
    tool.run("audit", "gather", "--output", "a.zip", "--no-server-profiles", "--no-account-endpoints", "--no-streams",
             "--no-consumers", *SYSTEM)
    eq(tool.out("server", "stream-check", "--csv", "--archive", "a.zip").rstrip("\n").split("\n")[1:], rows)
