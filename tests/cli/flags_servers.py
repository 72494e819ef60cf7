"""Flags of server and account that no other test needs: items 105 to 132."""

import json
import os
import re
import stat

from messaging import wait_for_interest
from servers import check as run_check
from servers import stream
from tool import *

# A server of the name s with a leaf node that has connected to it.
HUB = """
server_name: s
accounts {
    SYS { users: [ { user: sys, password: sys } ] }
    APP { users: [ { user: app, password: app } ] }
}
system_account: SYS
no_auth_user: app
leafnodes { listen: "127.0.0.1:-1" }
gateway { name: east, listen: "127.0.0.1:-1" }
"""
ALONE = """
server_name: s
server_tags: ["a:b"]
jetstream { store_dir: "js", max_mem: 256MB, max_file: 2GB }
accounts {
    SYS { users: [ { user: sys, password: sys } ] }
    APP { jetstream: enabled, users: [ { user: app, password: app } ] }
}
system_account: SYS
no_auth_user: app
"""


def csv_rows(tool, *args):
    """Rows of the first table of a report."""
    lines = tool.out(*args, *SYSTEM, env={"NATS_TABLE_FORMAT": "csv"}).splitlines()
    at = next(number for number, line in enumerate(lines) if "," in line)
    rows = []
    for line in lines[at + 1:]:
        if not line:
            break
        rows.append(line.split(","))
    return rows


@case(106, "services")
def pings_with_ids_and_a_graph(ctx):
    tool = nats(ctx, config=ALONE)
    matches(tool.out("server", "ping", "1", "--id", *SYSTEM), r"^N[A-Z2-7]{55} s {60}rtt=")
    matches(tool.out("server", "ping", "1", "--graph", *SYSTEM), r"ping statistics.*┤.*Responses per 25ms")
    matches(tool.out("server", "ping", "3", "--timeout", "300ms", *SYSTEM), r"\n\nMissing 2 server\(s\)\n$")


@case(105, "cluster", slow=True)
def lists_in_every_order(ctx):
    tool = nats(ctx, server=cluster(ctx)[0])
    names = lambda *args: [row[0] for row in csv_rows(tool, "server", "list", "3", *args)][:3]  # noqa: E731
    for key in ("name", "cluster", "conns", "conn", "subs", "sub", "routes", "route", "gw", "mem", "cpu", "slow", "uptime", "rtt"):
        eq(sorted(names("--sort", key)), ["n1", "n2", "n3"], key)
    eq(names("--sort", "name"), ["n1", "n2", "n3"])
    eq(names("--sort", "name", "--reverse"), ["n3", "n2", "n1"])
    eq(names("--sort", "name", "--no-compact"), ["n1", "n2", "n3"])
    # The connection of the tool is on n1.
    eq(names("--sort", "conns")[0], "n1")
    eq(names("--sort", "conns", "--reverse")[-1], "n1")
    for key in ("routes", "gw"):
        eq(names("--sort", key), ["n1", "n2", "n3"], key)
    eq(names("--sort", "cluster"), ["n3", "n2", "n1"])
    eq(names("--sort", "uptime"), ["n1", "n2", "n3"])
    # Reports about some of the servers.
    for kind in ("cpu", "mem"):
        found = tool.run("server", "report", kind, "--json", "--host", "n2", *SYSTEM).json
        eq(list(found), ["n2"])
        eq(sorted(tool.run("server", "report", kind, "--json", "--cluster", "c", *SYSTEM).json), ["n1", "n2", "n3"])
    rows = csv_rows(tool, "server", "report", "routes", "--host", "n1", "--sort", "name")
    eq({row[0] for row in rows if row[0]} & {"n2", "n3"}, set())
    for key in ("server", "cluster", "name", "account", "subs", "in-bytes", "out-bytes"):
        csv_rows(tool, "server", "report", "routes", "--sort", key, "--cluster", "c")
    for key in ("name", "cluster", "streams", "consumers", "msgs", "mbytes", "bytes", "mem", "file", "store", "api", "err"):
        eq(len(csv_rows(tool, "server", "report", "jetstream", "--sort", key, "--account", "APP", "--no-compact")) >= 3, True, key)
    stream(tool, "S", num_replicas=3)
    out = tool.out("server", "report", "jetstream", "--leaders", "--cluster", "c", *SYSTEM)
    matches(out, r"RAFT Leader Report.*Stream Leaders.*RAFT Leader Report.*Consumer Leaders")
    eq([row[0].rstrip("*") for row in csv_rows(tool, "server", "report", "jetstream", "--host", "n3")][:1], ["n3"])
    eq([row[0] for row in csv_rows(tool, "server", "report", "health", "--host", "n2", "--account", "APP", "--stream", "S")][:1], ["n2"])
    matches(tool.out("server", "report", "health", "--cluster", "c", "--js-enabled", *SYSTEM), "ok: 3 / err: 0")
    matches(tool.out("server", "report", "health", "--cluster", "c", "--server-only", *SYSTEM), "ok: 3 / err: 0")
    # A stream that is not there is an error; two servers of three say so.
    out = tool.out("server", "report", "health", "--account", "APP", "--stream", "S", "--consumer", "NO", *SYSTEM)
    matches(out, r"err: [1-3]")
    wide = tool.run("server", "request", "jetstream", "--cluster", "c", *SYSTEM)
    eq(len(wide.out.splitlines()), 3, wide)
    # A host is one server.
    wide = tool.run("server", "request", "jetstream", "--host", "127.0.0.1", "--cluster", "c", *SYSTEM)
    eq(len(wide.out.splitlines()), 1, wide)
    led = tool.run("server", "request", "jetstream", "--leader", *SYSTEM).json
    eq(led["server"]["name"], led["data"]["meta_cluster"]["leader"])
    groups = tool.run("server", "request", "raft", "--account", "SYS", "--group", "_meta_", *SYSTEM).out.splitlines()
    eq(len(groups), 3)
    eq(list(json.loads(groups[0])["data"]["SYS"]), ["_meta_"])


@case(108, "services")
def an_answer_without_data(ctx):
    tool = nats(ctx, config=ALONE)
    eq(list(tool.run("server", "request", "accounts", "--account", "NOPE", *SYSTEM).json), ["server", "error"])


@case(108, "services")
def requests_with_every_flag(ctx):
    tool = nats(ctx, config=ALONE)
    server = tool.server
    stream(tool, "S")
    subs = [tool.start("sub", subject, "--connection-name", subject) for subject in ("one", "two")]
    for sub in subs:
        sub.wait_err("Subscribing")
    wait_for_interest(tool, "two")
    request = lambda *args: tool.run("server", "request", *args, *SYSTEM).json["data"]  # noqa: E731
    name = lambda data: [entry.get("name") for entry in data["connections"]]  # noqa: E731
    mine = ("connections", "--filter-account", "APP")
    for key in ("cid", "start", "subs", "pending", "msgs_to", "msgs_from", "bytes_to", "bytes_from", "last", "idle", "uptime"):
        eq(sorted(name(request(*mine, "--sort", key))), ["one", "two"], key)
    found = request(*mine, "--sort", "cid")["connections"]
    eq([entry["name"] for entry in request(*mine, "--limit", "1")["connections"]], [found[0]["name"]])
    eq([entry["name"] for entry in request(*mine, "--limit", "1", "--offset", "1")["connections"]], [found[1]["name"]])
    eq(name(request(*mine, "--filter-cid", found[1]["cid"])), [found[1]["name"]])
    eq(name(request("connections", "--filter-user", "app")), name({"connections": found}))
    # A server looks for subjects among the subscriptions of accounts.
    eq(name(request(*mine, "--filter-subject", "two", "--subscriptions")), ["two"])
    eq(request(*mine, "--subscriptions", "--filter-cid", found[0]["cid"])["connections"][0]
       ["subscriptions_list_detail"][0]["subject"], found[0]["name"])
    eq(tool.out("server", "request", "connections", "--filter-account", "NO", "--filter-empty", *SYSTEM), "")
    subs[0].kill()
    wait_until(lambda: name(request(*mine, "--filter-state", "closed"))[-1:] == ["one"], "a closed connection")
    for key in ("stop", "reason"):
        check("one" in name(request(*mine, "--filter-state", "closed", "--sort", key)), key)
    eq(sorted(set(name(request(*mine, "--filter-state", "all", "--sort", "rtt"))) & {"one", "two"}), ["one", "two"])
    for words in (("variables", "--name", "s"), ("variables", "--host", "127.0.0.1"), ("variables", "--tags", "a:b")):
        eq(request(*words)["server_name"], "s", words)
    for words in (("--tags", "a:c"), ("--cluster", "nowhere"), ("--host", "nowhere")):
        eq(tool.out("server", "request", "variables", *words, "--timeout", "300ms", *SYSTEM), "", words)
    eq(request("accounts", "--account", "APP")["account_detail"]["account_name"], "APP")
    data = request("subscriptions", "--detail", "--filter-account", "APP", "--filter-subject", "two")
    eq([entry["subject"] for entry in data["subscriptions_list"]], ["two"])
    for kind in ("routes", "leafnodes"):
        request(kind, "--subscriptions")
    request("gateways", "1", "west", "--accounts", "--filter-account", "APP", "--no-subscriptions")
    check(request("ipqueue", "--filter", "send", "--no-all") is not None)
    data = request("jetstream", "--account", "APP", "--accounts", "--streams", "--consumer", "--config", "--raft")
    eq(data["account_details"][0]["stream_detail"][0]["config"]["name"], "S")
    eq(request("jetstream", "--all")["account_details"][0]["stream_detail"][0]["name"], "S")
    eq(request("jetstream", "--stream-leader", "--streams", "--accounts")["streams"], 1)
    data = request("jetstream-health", "--account", "APP", "--stream", "NO", "--consumer", "C", "--no-details")
    check(data["status"] != "ok" and "errors" not in data, data)
    eq(request("jetstream-health", "--js-enabled")["status"], "ok")
    eq(request("jetstream-health", "--server-only")["status"], "ok")
    # A connection is ended by its number.
    answer = tool.run("server", "request", "kick", next(entry["cid"] for entry in found if entry["name"] == "two"), server.varz()["server_id"], *SYSTEM)
    eq(list(answer.json), ["server"], answer)
    subs[1].wait_err("Disconnected due to")
    answer = tool.run("server", "request", "kick", "99999", server.varz()["server_id"], *SYSTEM).json
    matches(answer["error"]["description"], "no such client")


@case(108, "services", "profile")
def profiles_are_written(ctx):
    tool = nats(ctx, config=ALONE)
    os.mkdir(tool.path("out"))
    text = tool.out("server", "request", "profile", "goroutine", "out", "--level", "1", *SYSTEM)
    path = re.fullmatch(r'Server "s" profile written: (out/goroutine-\d{8}-\d{6}-s)\n', text).group(1)
    matches(open(tool.path(path), encoding="utf-8").read(), "^goroutine profile: ")
    eq(stat.S_IMODE(os.stat(tool.path(path)).st_mode), 0o600)
    eq(tool.error("server", "request", "profile", "bogus", *SYSTEM),
       "enum value must be one of allocs,heap,goroutine,mutex,threadcreate,block,cpu, got 'bogus'")
    eq(tool.error("server", "request", "profile", "heap", tool.write("file", "x"), *SYSTEM), "'file' is a file")
    eq(tool.error("server", "request", "profile", "heap", "no-directory", *SYSTEM), "path 'no-directory' does not exist")
    matches(tool.out("server", "request", "profile", "heap", *SYSTEM), r'^Server "s" profile written: heap-\d{8}-\d{6}-s\n$')


@case(110, "services")
def connections_in_every_order(ctx):
    tool = nats(ctx, config=ALONE)
    # The one after the other, as their numbers are looked at.
    tool.start("sub", "one", "--connection-name", "one").wait_err("Subscribing")
    tool.start("sub", "two", "three", "--connection-name", "two").wait_err("Subscribing")
    wait_for_interest(tool, "three")
    tool.run("publish", "one", "12345", "--count", "3", "--connection-name", "publisher")
    report = ("server", "report", "connections", "--account", "APP", "--json")
    names = lambda *args: [entry["name"] for entry in tool.run(*report, *args, *SYSTEM).json]  # noqa: E731
    rows = lambda *args: [row[1] for row in csv_rows(tool, "server", "report", "connections", "--account", "APP", *args)  # noqa: E731
                          if row[0]]
    for key, last in (("subs", "two"), ("out-msgs", "one"), ("out-bytes", "one"), ("cid", "two"), ("in-msgs", None),
                      ("in-bytes", None), ("uptime", "one")):
        found = rows("--sort", key)
        eq(sorted(found), ["one", "two"], key)
        eq(sorted(names("--sort", key, "--top", "1")), ["one", "two"], key)
        if last:
            eq(found[-1], last, key)
    eq(rows("--sort", "subs", "-R"), ["two", "one"])
    # The first ones of the order are shown.
    eq(rows("--sort", "subs", "--top", "1"), ["one"])
    eq(rows("--sort", "subs", "--top", "1", "-R"), ["two"])
    eq(names("1", "--subject", "three"), ["two"])
    matches(tool.error(*report, "--username", "nobody", *SYSTEM), "^did not get results from any servers$")
    eq(sorted(names("--username", "app")), ["one", "two"])
    closed = lambda *args: names("--state", "closed", *args)  # noqa: E731
    check("publisher" in closed("--closed-reason", "^client closed$"), "no closed connection")
    matches(tool.error(*report, "--state", "closed", "--closed-reason", "^slow", *SYSTEM), "^did not get results from any servers$")
    eq(sorted(names("--host", "s", "--tags", "a:b")), ["one", "two"])
    matches(tool.error(*report, "--cluster", "nowhere", "--timeout", "300ms", *SYSTEM), "^did not get results from any servers$")
    matches(tool.out("server", "report", "connections", "--state", "all", *SYSTEM), r"Subs +│ Reason ")
    accounts = lambda *args: [entry["account"] for entry in tool.run(  # noqa: E731
        "server", "report", "accounts", "--json", *args, *SYSTEM).json]
    for key in ("in-bytes", "out-bytes", "in-msgs", "out-msgs", "conns", "subs"):
        eq(sorted(accounts("--sort", key)), ["APP", "SYS"], key)
    eq(accounts("--sort", "conns"), ["SYS", "APP"])
    eq(accounts("--sort", "conns", "--reverse", "--host", "s", "--tags", "a:b"), ["APP", "SYS"])
    eq(accounts("--sort", "conns", "--top", "1"), ["APP"])
    matches(tool.error("server", "report", "accounts", "--cluster", "nowhere", "--timeout", "300ms", *SYSTEM),
            "^did not get results from any servers$")


@case(110, "services")
def reports_of_some_servers_and_again(ctx):
    tool = nats(ctx, config=ALONE)
    for kind in ("cpu", "mem", "health", "jetstream", "routes", "leafnodes", "gateways"):
        tool.run("server", "report", kind, "--tags", "a:b", *SYSTEM)
        outcome = tool.run("server", "report", kind, "--tags", "a:c", "--timeout", "300ms", *SYSTEM, code=None)
        if kind == "jetstream":
            matches(outcome.err, "no results received")
        else:
            eq(outcome.code, 0)
            check("\n│ s " not in outcome.out and "  s: " not in outcome.out, outcome)
    for kind in ("connections", "accounts", "cpu", "mem", "health", "jetstream", "routes", "leafnodes", "gateways"):
        run = tool.start("server", "report", kind, "--watch", "1", *SYSTEM)
        # Most of them clear the screen each time.
        run.wait_out({"mem": "(Memory Usage.*){2}", "leafnodes": "(Leafnode Report.*){2}"}.get(kind, "(\x1b\\[2J.*){2}\n"))
        run.interrupt()
        run.wait()
    eq(tool.error("server", "report", "cpu", "--watch", "1", "--archive", "x.zip", *SYSTEM),
       "--watch is not supported when using --archive")


@case(110, "services", "deviation")
def many_connections_come_in_pages(ctx):
    """The original asks for the second page from the connection 1025 on and so loses one of each thousand; here none
    is missing."""
    tool = nats(ctx, config=ALONE)
    # More than a server gives at once.
    clients = [ctx.client(tool.server, name="c%04d" % number) for number in range(1100)]
    found = tool.run("server", "report", "connections", "--account", "APP", "--top", "2000", "--json", *SYSTEM)
    text = found.out[found.out.index("["):]
    names = {entry["name"] for entry in json.loads(text)}
    eq(len(names & {"c%04d" % number for number in range(len(clients))}), len(clients))
    matches(tool.out("server", "report", "connections", "5", *SYSTEM), r"^Gathering paged connection information\.\n.*out of 1,10\d ")


@case(110, "services", "leafnode", "gateway")
def reports_about_other_links(ctx):
    server = ctx.start(HUB)
    tool = nats(ctx, server=server)
    varz = server.varz()
    leaf = ctx.start('server_name: leaf\nleafnodes { remotes: [ { url: "nats://app:app@127.0.0.1:%d" } ] }\n' % varz["leaf"]["port"])
    other = ctx.start("""
server_name: w
accounts { SYS { users: [ { user: sys, password: sys } ] } }
system_account: SYS
gateway { name: west, listen: "127.0.0.1:-1", gateways: [ { name: east, url: "nats://127.0.0.1:%d" } ] }
""" % varz["gateway"]["port"])
    wait_until(lambda: server.varz()["leafnodes"] == 1, "the leaf node")
    wait_until(lambda: len(server.get("/gatewayz")["outbound_gateways"]) == 1 and len(server.get("/gatewayz")["inbound_gateways"]) == 1,
               "the gateways")
    check(leaf.alive() and other.alive())
    rows = lambda *args: [row for row in csv_rows(tool, "server", "report", *args)]  # noqa: E731
    for key in ("server", "name", "account", "subs", "in-bytes", "out-bytes", "in-msgs", "out-msgs"):
        eq([row[1] for row in rows("leafnodes", "--sort", key, "--host", "s", "--account", "APP")], ["leaf"], key)
    eq(tool.run("server", "request", "leafnodes", "--subscriptions", "--name", "s", *SYSTEM).json["data"]["leafs"][0]["name"], "leaf")
    for key in ("server", "cluster"):
        found = rows("gateways", "--sort", key, "--host", "s")
        eq([row[:4] for row in found[:3]], [["s", "east", str(varz["gateway"]["port"]), ""], ["", "", "", "Inbound"], ["", "", "", "Outbound"]], key)
        for row in found[1:3]:
            matches(row[4], r"^west 127\.0\.0\.1:\d+$")
            matches(row[5], r"^gid:\d+$")
        eq((found[3][:2], found[3][4]), (["1", "1"], "2"), key)
    eq([row[:2] for row in rows("gateways", "--filter-name", "nowhere", "--cluster", "east")], [["s", "east"], ["1", "1"]])
    both = rows("gateways")
    eq([row[0] for row in both], ["s", "", "", "w", "", "", "2"])
    eq([row[1] for row in rows("gateways", "-R")], ["west", "", "", "east", "", "", "2"])
    leaf_row = rows("leafnodes")[0]
    eq(leaf_row[:3] + leaf_row[9:], ["s", "leaf", "APP", "5", "s2_uncompressed", "false"])
    matches(leaf_row[4], r"^[\d.]+(µs|ms)$")
    eq(len(rows("leafnodes", "--cluster", "east")), 1)


@case(107, "services")
def an_account_as_the_server_knows_it(ctx):
    tool = nats(ctx, config=ALONE)
    out = tool.out("server", "account", "info", "APP", "--host", "s", *SYSTEM)
    matches(out, r"^Account information for account APP\n\nDetails:\n\n +Complete: true\n +Expired: false\n +System Account: false\n"
                 r" +Updated: .* ago\)\n +JetStream: true\n")
    detail = tool.run("server", "account", "info", "APP", "--json", *SYSTEM).json
    eq((detail["account_name"], detail["jetstream_enabled"]), ("APP", True))
    eq(tool.error("server", "account", "info", "APP", "--host", "nowhere", "--timeout", "300ms", *SYSTEM),
       "no responses received, ensure the account used has system privileges and appropriate permissions")
    eq(tool.error("server", "account", "info", "NO", *SYSTEM), "Account NO does not exist")
    eq(tool.error("server", "account", "info", "APP"), "$SYS.REQ.SERVER.PING.ACCOUNTZ: server request failed, ensure the account used has "
       "system privileges and appropriate permissions")
    imports = re.findall(r"^( +)Subject: (\S+) from subject (\S+) in account SYS\n +Type: service\n +Sharing: (?:true|false)\n +Tracking: false\n\n",
                         out, re.M)
    check(imports and {len(spaces) for spaces, *_ in imports} == {9}, out)
    matches(tool.out("server", "account", "info", "SYS", *SYSTEM),
            r"\n          Subject: \S+\n             Type: service\n  Tokens Required: false\n    Response Type: Singleton\n\n")
    stream(tool, "S")
    outcome = tool.run("server", "account", "purge", "APP", *SYSTEM, code=1)
    eq((outcome.out, outcome.err), ("This operation deletes all data from the APP account and cannot be reversed.\n\n",
                                    "nats: error: cannot ask for confirmation without a terminal\n"))
    matches(tool.error("server", "account", "purge", "APP", "-f", "--js-domain", "x", *SYSTEM),
            "^the --js-domain option cannot be used with account purge: ")
    terminal = tool.terminal("server", "account", "purge", "APP", *SYSTEM)
    terminal.answer("Really purge account APP", "n")
    terminal.finish()
    eq(tool.out("stream", "ls", "-n"), "S\n")
    outcome = tool.run("server", "account", "purge", "APP", "-f", *SYSTEM, code=None)
    # Only servers of a cluster purge accounts.
    matches(outcome.err + outcome.out, r"Purge operation on account APP initiated|JetStream clustering support required|\(\d+\)")


@case(111, "cluster", slow=True)
def an_account_is_purged_and_peers_are_removed(ctx):
    servers = cluster(ctx, tags=True)
    tool = nats(ctx, server=servers[0])
    stream(tool, "S", num_replicas=3)
    eq(tool.out("server", "account", "purge", "APP", "-f", *SYSTEM), "Purge operation on account APP initiated\n")
    wait_until(lambda: tool.out("stream", "ls", "-n") == "", "the stream has gone", every=0.2)
    # The next leader as it is asked for.
    def leader():
        return servers[0].get("/jsz")["meta_cluster"]["leader"]
    for place in (("--host", "n%d"), ("--tags", "n:%d"), ("--cluster", "c")):
        old = leader()
        number = 1 if old != "n1" else 2
        words = [place[0], place[1] % number if "%" in place[1] else place[1]]
        outcome = tool.run("server", "cluster", "step-down", *words, *SYSTEM)
        eq(outcome.out, "" if place[0] == "--cluster" else
           "WARNING: Using placement tags or node name required NATS Server 2.11 or newer\n\n")
        if "%" in place[1]:
            eq(outcome.logs[-1], 'New leader elected "n%d"' % number)
        wait_until(lambda: leader() not in ("", old), "another leader", every=0.1)
    tool.run("server", "cluster", "step-down", "-f", *SYSTEM)
    wait_until(leader, "a leader", every=0.1)
    gone = next(server for server, name in zip(servers[1:], ("n2", "n3")) if leader() != name)
    name = gone.varz()["server_name"]
    gone.stop()
    eq(tool.error("server", "cluster", "peer-remove", name, *SYSTEM).split("\n")[-1],
       "Could not prompt for confirmation: cannot ask for confirmation without a terminal")
    eq(tool.out("server", "cluster", "peer-remove", name, "-f", *SYSTEM), "")


@case(111, "cluster", "deviation", slow=True)
def changes_of_a_cluster_as_json(ctx):
    """The original takes --json and prints none. Here it is obeyed."""
    servers = cluster(ctx)
    tool = nats(ctx, server=servers[0])
    outcome = tool.run("server", "cluster", "step-down", "--json", *SYSTEM)
    eq((outcome.json["name"], outcome.logs[-1]), ("c", 'New leader elected "%s"' % outcome.json["leader"]))
    eq(tool.run("server", "account", "purge", "APP", "-f", "--json", *SYSTEM).json, {"initiated": True})
    name = next(name for name in ("n2", "n3") if name != outcome.json["leader"])
    eq(tool.run("server", "cluster", "peer-remove", name, "-f", "--json", *SYSTEM).json, {"success": True})


@case(112)
def passwords_are_asked_for(ctx):
    tool = nats(ctx, server=False)
    terminal = tool.terminal("server", "passwd", "-c", "4")
    terminal.answer("Enter password", "long enough")
    terminal.answer("Re-enter password", "long enough")
    text = terminal.finish()
    matches(text, r"\$2a\$04\$[./A-Za-z0-9]{53}")
    check("long enough" not in terminal.raw, "the password is shown")
    terminal = tool.terminal("server", "passwd", "-c", "4")
    terminal.answer("Enter password", "long enough")
    terminal.answer("Re-enter password", "other words")
    matches(terminal.finish(code=1), "entered and re-entered passwords do not match")
    matches(tool.error("server", "passwd"), "without a terminal")


@case(113)
def mappings_are_tried_out_at_the_terminal(ctx):
    tool = nats(ctx, server=False)
    terminal = tool.terminal("server", "mappings", "a.*", "b.{{wildcard(1)}}")
    terminal.wait(r"^Enter subjects to test, empty subject terminates\.\n\n"
                  r"NOTE: This only tests mappings, it does not add them to the server\n")
    terminal.answer("Subject", "a.x")
    terminal.wait(r"\nb\.x\n.*Subject")
    terminal.answer("Subject", "c")
    terminal.wait("\nError: no matching transforms available.*Subject")
    terminal.answer("Subject")
    terminal.finish()
    eq(tool.error("server", "mappings", "a.*"), "cannot prompt for user input without a terminal")


@case(117)
def each_part_of_a_connection_has_its_thresholds(ctx):
    tool = nats(ctx)
    for part, text in (("rtt", "rtt time exceeded"), ("req", "round trip request took")):
        matches(run_check(tool, "connection", "--%s-warn" % part, "1ns", "--%s-critical" % part, "1h", code=1), "Warn:" + text)
        matches(run_check(tool, "connection", "--%s-warn" % part, "1h", "--%s-critical" % part, "1ns", code=2), "Crit:" + text)


@case(121, "mirrors", "sources")
def sources_of_a_stream_are_checked(ctx):
    tool = nats(ctx)
    stream(tool, "A")
    stream(tool, "B", subjects=[], sources=[{"name": "A"}])
    for words, code, text in ((("--min-sources", "1", "--max-sources", "1"), 0, "OK:1 sources"),
                              (("--min-sources", "2"), 2, "Crit:1 sources"),
                              (("--min-sources", "0", "--max-sources", "0", "--lag-critical", "1"), None, "1 sources"),
                              (("--seen-critical", "1h"), None, "1 sources")):
        matches(run_check(tool, "stream", "--stream", "B", *words, code=code), text)


@case(122, "cluster", slow=True)
def replicas_of_a_stream_have_thresholds(ctx):
    tool = nats(ctx, server=cluster(ctx)[0])
    stream(tool, "S", num_replicas=3)
    limits = ("--peer-expect", "3", "--peer-lag-critical", "100", "--peer-seen-critical", "1h")
    matches(run_check(tool, "stream", "--stream", "S", *limits), "OK:3 peers OK:replicas are current OK:replicas are active")
    tight = ("--peer-expect", "3", "--peer-seen-critical", "1ns")
    matches(run_check(tool, "stream", "--stream", "S", *tight, code=2), r"Crit:\d replicas inactive")
    matches(run_check(tool, "jetstream", "--replica-seen-critical", "1ns", "--replica-lag-critical", "10", code=2), "unhealthy streams")
    matches(run_check(tool, "jetstream", "--no-replicas"), "^OK JetStream ")


@case(124)
def every_threshold_of_a_consumer(ctx):
    tool = nats(ctx)
    stream(tool, "S")
    tool.run("publish", "S.a", "x", "-J", "--count", "3", "-q")
    tool.run("consumer", "add", "S", "C", "--pull", "--wait", "50ms", "--defaults")
    tool.run("consumer", "next", "S", "C")
    # Given twice: it is redelivered, and not acknowledged.
    tool.run("consumer", "next", "S", "C", "--no-ack")
    def redelivered():
        tool.run("consumer", "next", "S", "C", "--no-ack")
        return tool.run("consumer", "info", "S", "C", "--json").json["num_redelivered"] > 0
    wait_until(redelivered, "a redelivery", every=0.1)
    of = ("consumer", "--stream", "S", "--consumer", "C")
    for words, text in ((("--outstanding-ack-critical", "1"), r"Crit:Ack Pending: \d"), (("--redelivery-critical", "1"), r"Crit:Redelivered: \d"),
                        (("--last-ack-critical", "1ns"), r"Crit:Last ack \S+ ago"), (("--last-delivery-critical", "1ns"), r"Crit:Last delivery \S+ ago")):
        matches(run_check(tool, *of, *words, code=2), text)
    matches(run_check(tool, *of, "--last-ack-critical", "1h", "--last-delivery-critical", "1h"),
            r"^OK S_C OK:Last delivery \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC OK:Last ack \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC \| "
            r"ack_pending=\d pull_waiting=0 pending=\d redelivered=\d last_delivery=[\d.]+s;;3600\.0000 last_ack=[\d.]+s;;3600\.0000\n$")
    tool.run("consumer", "add", "S", "W", "--pull", "--filter", "S.none", "--defaults")
    waiting = tool.start("consumer", "next", "S", "W", "--timeout", "20s")
    waits = ("consumer", "--stream", "S", "--consumer", "W", "--waiting-critical", "1")
    wait_until(lambda: run_check(tool, *waits, code=None).startswith("CRITICAL S_W Crit:Waiting Pulls: 1"), "a waiting pull")


@case(127)
def every_threshold_of_jetstream(ctx):
    tool = nats(ctx)
    stream(tool, "S", storage="memory", subjects=["S.>"])
    stream(tool, "T")
    tool.run("publish", "S.a", "x" * 1000, "-J", "--count", "10", "-q")
    tool.run("publish", "T.a", "x" * 1000, "-J", "--count", "10", "-q")
    tool.run("consumer", "add", "S", "C", "--pull", "--defaults")
    wide = ("--mem-warn", "50", "--mem-critical", "60", "--store-warn", "50", "--store-critical", "60")
    matches(run_check(tool, "jetstream", *wide), r"memory_pct=0%;50;60 .*storage_pct=0%;50;60 ")
    limited = nats(ctx, config="""
jetstream { store_dir: "js" }
accounts { APP { jetstream: { max_mem: 20000, max_file: 20000, max_streams: 2, max_consumers: 2 }, users: [ { user: app, password: app } ] } }
no_auth_user: app
""")
    stream(limited, "S", storage="memory")
    stream(limited, "T")
    for name in "ST":
        limited.run("publish", name + ".a", "x" * 900, "-J", "--count", "10", "-q")
    limited.run("consumer", "add", "S", "C", "--pull", "--defaults")
    for what, name in (("mem", "memory"), ("store", "storage"), ("streams", "streams"), ("consumers", "consumers")):
        matches(run_check(limited, "jetstream", "--%s-warn" % what, "10", "--%s-critical" % what, "200", code=None),
                r"Warn:\d+%% %s|invalid thresholds|exceed server limits" % name)
        matches(run_check(limited, "jetstream", "--%s-warn" % what, "5", "--%s-critical" % what, "10", code=2), r"Crit:\d+%% %s" % name)


@case(128, "services")
def every_threshold_of_a_server(ctx):
    certs = ctx.certs
    tool = nats(ctx, config=ALONE.replace("no_auth_user: app", "") + certs.block(""))
    login = ("--tlsca", certs.ca, *SYSTEM)
    of = ("server", "--name", "s")
    ok = lambda *words: matches(run_check(tool, *of, *words, *login), "^OK s ")  # noqa: E731
    ok("--auth-required", "--tls-required", "--js-required")
    for kind in ("conn", "subs"):
        ok("--%s-warn" % kind, "1000", "--%s-critical" % kind, "2000")
        # Fewer than expected.
        matches(run_check(tool, *of, "--%s-warn" % kind, "5000", "--%s-critical" % kind, "4000", *login, code=2), r"Crit:(Connections|Subscriptions) \d")
    ok("--cpu-warn", "900", "--cpu-critical", "1000", "--mem-warn", "9000000000", "--mem-critical", "10000000000")
    matches(run_check(tool, *of, "--mem-warn", "2", "--mem-critical", "1", *login, code=2), "invalid thresholds")
    ok("--tls-cert-warn", "1h", "--tls-cert-crit", "30m")
    matches(run_check(tool, *of, "--tls-cert-warn", "200y", "--tls-cert-crit", "1h", *login, code=1), "Warn:server TLS certificate expires in ")
    matches(run_check(tool, *of, "--tls-cert-warn", "200y", "--tls-cert-crit", "100y", *login, code=2), "Crit:server TLS certificate expires in ")


@case(130)
def a_request_with_payload_headers_and_thresholds(ctx):
    tool = nats(ctx)
    service = tool.start("reply", "svc", "--echo")
    service.wait_err("Listening")
    ask = ("request", "--subject", "svc", "--payload", "hello", "--headers", "A=1", "--match-payload", "^hello$", "--match-headers", "A=1")
    matches(run_check(tool, *ask, "--response-warn", "5s", "--response-critical", "10s"), r"^OK svc OK:Valid response \| time=\S+;5\.0000;10\.0000\n")
    matches(run_check(tool, *ask, "--response-warn", "1ns", code=1), "^WARNING svc Warn:response took ")
    matches(run_check(tool, *ask, "--response-critical", "1ns", code=2), "^CRITICAL svc Crit:response took ")


@case(105, "deviation")
def a_server_to_try_things_out_as_wished(ctx):
    """The original has no such command."""
    tool = nats(ctx, server=False)
    from lib.process import free_ports
    port = free_ports(1)[0]
    running = tool.start("server", "run", "try", "--binary", ctx.binary, "--host", "127.0.0.1", "--port", port, "--jetstream")
    running.wait_out("Use it by")
    matches(tool.out("rtt", "1", "--context", "try"), r"127\.0\.0\.1:%d: " % port)
    tool.run("kv", "add", "B", "--context", "try")
    running.interrupt()
    running.wait()


@case(109, "services")
def checks_of_replicas_with_every_flag(ctx):
    tool = nats(ctx, config=ALONE)
    stream(tool, "S")
    tool.run("consumer", "add", "S", "C", "--pull", "--defaults")
    rows = lambda kind, *args: tool.out("server", kind, "--csv", *args, *SYSTEM).rstrip("\n").split("\n")[2:]  # noqa: E731
    common = ("--expected", "1", "--read-timeout", "2")
    eq(len(rows("stream-check", "--stream", "S", *common)), 1)
    eq(len(rows("stream-check", "--stream", "T", *common)), 0)
    eq(len(rows("consumer-check", "--stream", "S", "--consumer", "C", "--health", *common)), 1)
    eq(rows("consumer-check", "--stream", "T", *common), [])
    eq(rows("consumer-check", "--raft-group", "none", *common), [])
    # A server alone has no cluster to tell of.
    eq(rows("consumer-check", *common), ['C,S,,APP,APP,s,"0 [0, 0] 0%  | 0",0 | 0,"(ap:0, nr:0, nw:0, np:0)",NO_CLUSTER,,s,,'])


@case(105, "services")
def watching_in_every_order(ctx):
    tool = nats(ctx, config=ALONE)
    stream(tool, "S")
    servers = {"conns": "Connections", "cpu": "CPU", "gway": "Gateways", "mem": "Memory", "name": "Server Name", "recvb": "Received Bytes",
               "recvm": "Received Messages", "route": "Routes", "sentb": "Sent Bytes", "sentm": "Sent Messages", "slow": "Slow Consumers",
               "subs": "Subscriptions"}
    accounts = {key: servers[key] for key in ("conns", "recvb", "recvm", "sentb", "sentm", "slow", "subs")}
    js = {"api": "API Requests", "assets": "HA Asset", "file": "File Storage", "mem": "Memory Used"}
    for kind, what, keys in (("accounts", "Account", accounts), ("jetstream", "Server", js), ("servers", "Server", servers)):
        terminals = [(name, tool.terminal("server", "watch", kind, "--sort", key, "--number", "1", *SYSTEM, columns=200))
                     for key, name in keys.items()]
        for name, terminal in terminals:
            terminal.wait(r"│ +Top [01] %s activity by %s at " % (what, name))
            terminal.interrupt()
            terminal.finish()
    terminal = tool.terminal("server", "watch", "api", "requests", "--no-compact", "--top", "3", "--record-consumer", "--reverse", *SYSTEM, columns=200)
    terminal.wait("Waiting")
    tool.run("request", "$JS.API.STREAM.INFO.S", "")
    terminal.wait(r"│ +Top 3 JS API activity +│.*│ stream_info_request │ APP     │ +1 │ 1            │ S     │\n")
    terminal.interrupt()
    terminal.finish()


@case(142, "deviation", "services")
def archives_with_every_flag(ctx):
    """The original fails when a server without a cluster has a stream."""
    tool = nats(ctx, config=ALONE)
    stream(tool, "S")
    tool.run("consumer", "add", "S", "C", "--pull", "--defaults")
    common = ("--no-server-profiles", "--no-progress", *SYSTEM)
    tool.run("audit", "gather", "-o", "all.zip", "--consumers", "--details", *common)
    tool.run("audit", "gather", "-o", "few.zip", "--no-consumers", "--no-details", *common)
    tool.env["NATS_URL"] = "nats://127.0.0.1:1"
    rows = lambda kind, archive: tool.out("server", kind, "--csv", "--archive", archive).rstrip("\n").split("\n")[1:]  # noqa: E731
    eq([row.split(",")[0] for row in rows("stream-check", "all.zip")], ["S"])
    eq([row.split(",")[0] for row in rows("consumer-check", "all.zip")], ["C"])
    eq(rows("consumer-check", "few.zip"), [])
    eq(tool.run("server", "report", "downgrade", "0", "--json", "--archive", "all.zip").json, {})
    short, long = (tool.out("audit", "analyze", "all.zip", *more) for more in ((), ("--verbose",)))
    check(len(long) >= len(short), "less is said")
