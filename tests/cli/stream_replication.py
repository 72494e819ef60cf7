"""Streams in clusters, mirrors and sources: items 82 and 84."""

import os
import stat

from streams import NOT_PICKED, TIME, conforms, filled
from tool import *


@case(82)
def a_stream_that_is_not_clustered(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    eq(tool.error("stream", "cluster", "step-down", "S"), 'stream "S" is not clustered')
    eq(tool.error("stream", "cluster", "peer-remove", "S", "n1"),
       "removing the only peer on a stream will result in data loss, use --force to force")
    outcome = tool.run("stream", "cluster", "peer-remove", "S", "n1", "-f", code=1)
    eq(outcome.logs, ['Removing peer "n1"', "nats: error: JetStream clustering support required (10010)"])
    # Nothing to balance is fine, what cannot be balanced is not.
    eq(tool.out("stream", "cluster", "balance", "--subject", "nope"), "")
    eq(tool.error("stream", "cluster", "balance"), 'failed to balance streams: stream "S" has no cluster information')
    eq(tool.error("stream", "cluster", "step-down", "NOPE", "-f"), NOT_PICKED)


@case(82, "cluster", slow=True)
def leaders_step_down(ctx):
    tool = nats(ctx, server=cluster(ctx)[0])
    tool.run("stream", "add", "S", "--subjects", "s", "--replicas", "3", "--defaults")
    out = tool.out("stream", "info", "S")
    matches(out, r"\nCluster Information:\n\n +Name: c\n +Cluster Group: \S+\n +Leader: n\d.*\n +Replica: n\d, ")
    old = tool.run("stream", "info", "S", "-j").json["cluster"]["leader"]
    outcome = tool.run("stream", "cluster", "step-down", "S")
    eq(outcome.logs[0], 'Requesting leader step down of "%s" for stream "S" in a 3 peer cluster group' % old)
    new = tool.run("stream", "info", "S", "-j").json["cluster"]["leader"]
    eq(outcome.logs[1], 'New leader elected "%s"' % new)
    matches(outcome.out, "^\nInformation for Stream S created ")
    third = ({"n1", "n2", "n3"} - {old, new}).pop()
    wait_until(lambda: all(peer["current"] for peer in tool.run("stream", "info", "S", "-j").json["cluster"]["replicas"]),
               "current replicas", every=0.2)
    outcome = tool.run("stream", "cluster", "elect", "S", "--preferred", third)
    eq(outcome.logs[-1], 'New leader elected "%s"' % third)
    matches(tool.out("stream", "report", "-l"), r"│ n\d\*?, n\d\*?, n\d\*? +│\n.*RAFT Leader Report.*\n.*\n"
            r"│ Server │ Cluster │ Streams │ Distribution │\n.*│ %s +│ c +│ 1 +│ \*{10} " % third)
    eq(tool.out("stream", "find", "-n", "--leader", third), "S\n")
    tool.run("stream", "add", "M", "--mirror", "S", "--replicas", "1", "--defaults")
    matches(tool.out("stream", "info", "S"), r"\n +Alternates: \w: Cluster: c\n +\w: Cluster: c\n")
    tool.run("stream", "rm", "M", "-f")
    eq(tool.out("stream", "find", "-n", "--cluster", "^c$", "--server-name", "n3"), "S\n")


@case(82, "cluster", slow=True)
def leaders_are_spread(ctx):
    tool = nats(ctx, server=cluster(ctx)[0])
    for number in range(6):
        name = "S%d" % number
        tool.run("stream", "add", name, "--subjects", name, "--replicas", "3", "--defaults")

    def current():
        return all(peer["current"] for name in tool.out("stream", "ls", "-n").split()
                   for peer in tool.run("stream", "info", name, "-j").json["cluster"]["replicas"])
    wait_until(current, "current replicas", every=0.2)
    for number in range(6):
        name = "S%d" % number
        if tool.run("stream", "info", name, "-j").json["cluster"]["leader"] != "n1":
            tool.run("stream", "cluster", "step-down", name, "--preferred", "n1")
    wait_until(current, "current replicas", every=0.2)
    outcome = tool.run("stream", "cluster", "balance")
    eq(outcome.out, "Balanced 4 streams.\n")
    eq(sorted(outcome.logs[:6]), ["", "Cluster c has 3 available peers", "Found cluster c with a balanced distribution of 2",
                                  "Nats server 'n1' is the lead of 6 entities with a offset of 4",
                                  "Nats server 'n2' is the lead of 0 entities with a offset of -2",
                                  "Nats server 'n3' is the lead of 0 entities with a offset of -2"])
    eq(outcome.logs[6], "Rebalancing server 'n1' with offset of 4")
    matches("\n".join(outcome.logs[7:10]), r"^Moving (S\d) to available server in cluster c\nRequesting leader 'n1' step down for stream '\1'. "
            r"New preferred leader is n[23]\.\nSuccessful step down for stream '\1'$")

    def leaders():
        return sorted(tool.run("stream", "info", "S%d" % number, "-j").json["cluster"].get("leader", "") for number in range(6))
    wait_until(lambda: leaders() == ["n1", "n1", "n2", "n2", "n3", "n3"], "leaders everywhere", every=0.2)


@case(82, "cluster", slow=True)
def a_peer_is_removed(ctx):
    tool = nats(ctx, server=cluster(ctx)[0])
    tool.run("stream", "add", "S", "--subjects", "s", "--replicas", "1", "--defaults")
    leader = tool.run("stream", "info", "S", "-j").json["cluster"]["leader"]
    eq(tool.error("stream", "cluster", "peer-remove", "S", leader),
       "removing the only peer on a stream will result in data loss, use --force to force")
    outcome = tool.run("stream", "cluster", "peer-remove", "S", leader, "-f")
    eq(outcome.logs, ['Removing peer "%s"' % leader, 'Requested removal of peer "%s"' % leader])
    wait_until(lambda: (tool.run("stream", "info", "S", "-j", code=None).out or "{}").count('"leader": "%s"' % leader) == 0,
               "another leader", every=0.2)


@case(84, "mirrors", "sources")
def mirrors_and_sources_are_reported(ctx):
    tool = nats(ctx)
    js = filled(tool)
    tool.run("stream", "add", "M", "--mirror", "ORDERS", "--defaults")
    tool.run("stream", "add", "OTHER", "--subjects", "other.*", "--defaults")
    tool.run("stream", "add", "SRC", "--source", '{"name":"ORDERS","filter_subject":"orders.1"}',
             "--source", '{"name":"OTHER","subject_transforms":[{"src":"other.*","dest":"x.{{wildcard(1)}}"}]}', "--defaults")
    js.publish("other.1", "x")
    wait_until(lambda: tool.run("stream", "info", "SRC", "-j").json["state"]["messages"] == 2, "sourced messages", every=0.1)
    out = tool.out("stream", "report", "--dot", "graph.dot")
    matches(out, r"Replication Report .*\n.*\n│ Stream │ Kind +│ API Prefix │ Source Stream │ Filters and Transforms +│ Active +│ Lag │ Error │\n")
    matches(out, r"│ M +│ Mirror │ +│ ORDERS +│ +│")
    matches(out, r"│ SRC +│ Source │ +│ ORDERS +│ orders\.1 untransformed +│")
    matches(out, r"│ SRC +│ Source │ +│ OTHER +│ other\.\* to x\.\{\{wildcard\(1\)\}\} +│")
    with open(tool.path("graph.dot"), encoding="utf-8") as source:
        eq(source.read(), """digraph  {
\tlabel="Stream Replication Structure";
\tn1[label="M"];
\tn2[label="ORDERS"];
\tn4[label="OTHER"];
\tn3[label="SRC"];
\tn2->n1[color="blue",label="Mirror"];
\tn2->n3[color="green",label="orders.1"];
\tn4->n3[color="green"];
\t
}
""")
    eq(stat.S_IMODE(os.stat(tool.path("graph.dot")).st_mode), 0o600)
    info = tool.out("stream", "info", "SRC")
    matches(info, r"\nReplication:\n\n +Sources: ORDERS\n +OTHER\n\nSource Information:\n\n")
    # In the order of the server, which is any.
    seen = r" +Lag: \d\n +Last Seen: \S+\n\n"
    matches(info, r"\n +Stream Name: ORDERS\n +Subject Filter: orders\.1\n" + seen)
    matches(info, r"\n +Stream Name: OTHER\n +Subject Filter and Transform: other\.\* to x\.\{\{wildcard\(1\)\}\}\n" + seen)
    matches(info, r"Last Seen: \S+\n\nState:\n")
    # The state has all that servers tell.
    matches(tool.out("stream", "state", "SRC"), r"^State for Stream SRC created %s\n\nSource Information:\n" % TIME)
    matches(tool.out("stream", "report", "--raw", env={"NATS_TABLE_FORMAT": "csv"}), r"\nM,Mirror,,ORDERS,,[\d.]+m?s,0,\n")
    conforms(tool.run("stream", "info", "M", "--json").json, "stream_info_response")
    matches(tool.out("stream", "info", "M"), r"\nMirror Information:\n\n +Stream Name: ORDERS\n")
    eq(tool.out("stream", "find", "--mirrored", "-n"), "M\n")
    eq(tool.out("stream", "find", "--sourced", "-n"), "SRC\n")


@case(84, "mirrors", "sources")
def a_source_is_asked_about_at_the_terminal(ctx):
    tool = nats(ctx)
    filled(tool)
    terminal = tool.terminal("stream", "add", "SRC", "--source", "ORDERS", "--storage", "file", "--replicas", "1", "--retention",
                             "limits", "--discard", "old", "--max-msgs=-1", "--max-msgs-per-subject=-1", "--max-bytes=-1",
                             "--max-age=-1", "--max-msg-size=-1", "--no-allow-rollup", "--no-deny-delete", "--no-deny-purge", rows=60)
    terminal.answer("Duplicate tracking time window")
    terminal.answer('Configure a custom durable consumer for "ORDERS"')
    terminal.answer('Adjust source "ORDERS" start', "y")
    terminal.answer("ORDERS Source Start Sequence", "3")
    terminal.answer("ORDERS Source UTC Time Stamp (YYYY:MM:DD HH:MM:SS)")
    terminal.answer('Adjust source "ORDERS" filter and transform', "y")
    terminal.answer("Filter source by subject (hit enter to finish)", "orders.*")
    terminal.answer("Subject transform destination", "other.{{wildcard(1)}}")
    terminal.wait(r"(?s)Filter source by subject.*Subject transform.*Filter source by subject")
    terminal.answer("Filter source by subject (hit enter to finish)")
    terminal.answer('Import "ORDERS" from a different JetStream domain')
    terminal.answer('Import "ORDERS" from a different account')
    terminal.finish()
    source = tool.run("stream", "info", "SRC", "-j").json["config"]["sources"][0]
    eq(source, {"name": "ORDERS", "opt_start_seq": 3,
                "subject_transforms": [{"src": "orders.*", "dest": "other.{{wildcard(1)}}"}]})


@case(84, "mirrors", "sources")
def a_mirror_is_asked_about_at_the_terminal(ctx):
    tool = nats(ctx)
    filled(tool)
    given = ("--storage", "file", "--replicas", "1", "--retention", "limits", "--discard", "old", "--max-msgs=-1", "--max-bytes=-1",
             "--max-age=-1", "--max-msg-size=-1", "--no-allow-rollup", "--no-deny-delete", "--no-deny-purge")
    # No subjects, so no limit for each; and no window.
    terminal = tool.terminal("stream", "add", "M", "--mirror", "ORDERS", *given, rows=60)
    terminal.answer("Configure a custom durable consumer")
    terminal.answer("Adjust mirror start", "y")
    terminal.answer("Mirror Start Sequence")
    terminal.answer("Mirror Start Time (YYYY:MM:DD HH:MM:SS)", "2026:01:02 03:04:05")
    terminal.answer("Adjust mirror filter and transform")
    terminal.answer("Import mirror from a different JetStream domain", "y")
    terminal.answer("Foreign JetStream domain name", "hub")
    terminal.answer("Delivery prefix")
    matches(terminal.finish(), "Stream M was created\n")
    config = tool.run("stream", "info", "M", "-j").json["config"]
    eq(config["mirror"], {"name": "ORDERS", "opt_start_time": "2026-01-02T03:04:05Z", "external": {"api": "$JS.hub.API", "deliver": ""}})
    eq((config["max_msgs_per_subject"], config.get("duplicate_window")), (-1, None))
