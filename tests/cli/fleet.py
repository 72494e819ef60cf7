"""server commands that look at all servers at once: items 105 to 111."""

import json
import re

from tool import *
from tool import check as lib_check

# What two servers say about a stream with two replicas and a consumer, and a third server about a stream of its own.
ANSWERS = [
    {"server": {"name": "n2", "id": "N2"}, "data": {"total": 1, "account_details": [{"name": "APP", "id": "AC", "stream_detail": [
        {"name": "S", "cluster": {"leader": "n1", "raft_group": "G", "replicas": [{"name": "n1", "current": True}]},
         "state": {"messages": 4, "bytes": 90, "first_seq": 2, "last_seq": 5, "num_subjects": 1, "consumer_count": 1},
         "consumer_detail": [
             {"name": "C", "delivered": {"stream_seq": 2, "consumer_seq": 2}, "ack_floor": {"stream_seq": 1, "consumer_seq": 1},
              "num_ack_pending": 1, "cluster": {"leader": "n1", "raft_group": "H", "replicas": [{"name": "n1"}]}}]}]}]}},
    {"server": {"name": "n1", "id": "N1"}, "data": {"total": 1, "account_details": [{"name": "APP", "id": "AC", "stream_detail": [
        {"name": "S", "cluster": {"leader": "n1", "raft_group": "G", "replicas": [{"name": "n2", "current": False, "lag": 1}]},
         "state": {"messages": 5, "bytes": 110, "first_seq": 1, "last_seq": 5, "num_subjects": 1, "consumer_count": 1},
         "consumer_detail": [
             {"name": "C", "delivered": {"stream_seq": 2, "consumer_seq": 2}, "ack_floor": {"stream_seq": 2, "consumer_seq": 2},
              "num_waiting": 3, "cluster": {"leader": "n1", "raft_group": "H", "replicas": [{"name": "n2", "current": True}]}}]}]}]}},
    {"server": {"name": "n3", "id": "N3"}, "data": {"total": 1, "account_details": [{"name": "APP", "id": "AC", "stream_detail": [
        {"name": "R", "cluster": {"leader": "n3"}, "state": {"messages": 1, "bytes": 3, "first_seq": 1, "last_seq": 1}}]}]}},
]
LINES = "".join(json.dumps(answer) + "\n" for answer in ANSWERS)


@case(109)
def replicas_of_a_former_look_are_compared(ctx):
    tool = nats(ctx, server=False)
    outcome = tool.run("server", "stream-check", "--stdin", "--csv", stdin=LINES)
    eq(outcome.logs, ["Servers: 3", "Streams: 2"])
    eq(outcome.out.splitlines(), [
        "Stream Replica,Raft,Account,Account ID,Node,Messages,Bytes,Subjects,Deleted,Consumers,First,Last,Status,Leader,Peers",
        "R,,APP,AC,n3*,1,3,0,0,0,1,1,IN SYNC,n3,",
        "S,G,APP,AC,n1*,5,110,1,0,1,1,5,IN SYNC,n1,n2 (not current) (lag 1)",
        'S,G,APP,AC,n2,4,90,1,0,1,2,5,"UNSYNCED:MESSAGES,BYTES,FIRST",n1,n1'])
    out = tool.out("server", "stream-check", "--stdin", "--unsynced", stdin=LINES)
    matches(out, r"^Servers: 3\nStreams: 2\n\n╭.*Streams.*│ S +│ G .*IN SYNC.*UNSYNCED:MESSAGES,BYTES,FIRST")
    lib_check("│ R " not in out, out)
    out = tool.out("server", "stream-check", "--stdin", "--csv", "--raft-group", "G", stdin=LINES)
    eq(len(out.splitlines()), 3)
    eq(len(tool.out("server", "stream-check", "--stdin", "--csv", "--stream", "R", stdin=LINES).splitlines()), 2)
    out = tool.out("server", "consumer-check", "--stdin", "--csv", stdin=LINES)
    eq(out.splitlines(), [
        "Consumer,Stream,Raft,Account,Account ID,Node,\"Delivered (S,C)\",\"ACK Floor (S,C)\",Counters,Status,Leader,"
        "Stream Cluster Leader,Peers",
        'C,S,H,APP,AC,n1*,"2, 2","2, 2","ack pending 0, redelivered 0, waiting 3, pending 0",IN SYNC,n1,n1,n2',
        'C,S,H,APP,AC,n2,"2, 2","1, 1","ack pending 1, redelivered 0, waiting 0, pending 0",'
        '"UNSYNCED:ACK FLOOR,ACK PENDING",n1,n1,n1'])
    eq(len(tool.out("server", "consumer-check", "--stdin", "--csv", "--consumer", "D", stdin=LINES).splitlines()), 1)
    eq(tool.error("server", "stream-check", "--stdin", stdin=""), "standard input has no answers of servers")
    matches(tool.error("server", "stream-check", "--stdin", stdin="\n{\n"), "^line 2 of standard input is no JSON: ")


@case(109, "cluster", slow=True)
def replicas_on_all_servers_are_compared(ctx):
    servers = cluster(ctx)
    tool = nats(ctx, server=servers[0])
    tool.run("stream", "add", "S", "--subjects", "s.>", "--replicas", "3", "--defaults")
    tool.run("consumer", "add", "S", "C", "--pull", "--defaults")
    tool.run("publish", "s.a", "x", "--count", "5", "-J", "-q")
    out = tool.out("consumer", "next", "S", "C", "--count", "2", "--raw")
    eq(out, "x\nx\n")

    def in_sync(kind, count):
        rows = tool.out("server", kind, "--csv", *SYSTEM).splitlines()[1:]
        return len(rows) == count and all(",IN SYNC," in row for row in rows)
    wait_until(lambda: in_sync("stream-check", 3), "streams in sync")
    wait_until(lambda: in_sync("consumer-check", 3), "consumers in sync")
    out = tool.out("server", "stream-check", "--health", "--stream", "S", *SYSTEM)
    matches(out, r"^Connected in \d+\.\d{3}s\nResponse took \d+\.\d{3}s\nServers: 3\nStreams: 1\n\n")
    eq(len(re.findall(r"│ S +│ S-R3F-\w{8} │ APP +│ APP +│ n[123]\*? +│ +5 │.*│ IN SYNC │ n[123] +│.*│ ok \(200\) │", out)), 3, out)
    eq(len(re.findall(r"│ n[123]\* ", out)), 1, out)
    # What servers answered before is the same as what they answer now.
    answers = tool.out("server", "request", "jetstream", "--all", "--raft", "3", *SYSTEM)
    eq(tool.out("server", "consumer-check", "--csv", "--stdin", stdin=answers),
       tool.out("server", "consumer-check", "--csv", *SYSTEM))
    eq(tool.out("server", "stream-check", "--csv", "--unsynced", *SYSTEM).count("\n"), 1)
    servers[2].stop()

    def missing():
        # The two that are left know soon that they are two.
        out = tool.run("server", "stream-check", "--csv", "--unsynced", *SYSTEM, code=None).out
        return len(re.findall(r"UNSYNCED:[^\n]*MISSING n3", out)) == 2
    wait_until(missing, "a missing replica", timeout=20.0, every=0.2)
    eq(tool.error("server", "stream-check"),
       "server request failed, ensure the account used has system privileges and appropriate permissions")


@case(109, "services")
def what_keeps_servers_from_going_back_is_found(ctx):
    tool = nats(ctx)
    eq(tool.run("server", "report", "downgrade", "0", "--json", *SYSTEM).out, "{}\n")
    eq(tool.out("server", "report", "downgrade", "0", *SYSTEM),
       "Obtaining JetStream Asset information\n\nAll assets are compatible with the specified API level.\n")
    tool.run("stream", "add", "NEW", "--subjects", "n", "--allow-msg-ttl", "--defaults")
    tool.run("stream", "add", "OLD", "--subjects", "o", "--defaults")
    for stream in ("NEW", "OLD"):
        body = {"stream_name": stream, "config": {"durable_name": "C", "ack_policy": "explicit", "priority_policy": "overflow",
                                                  "priority_groups": ["a"]}}
        tool.run("request", "$JS.API.CONSUMER.DURABLE.CREATE.%s.C" % stream, json.dumps(body), "--raw")
    found = tool.run("server", "report", "downgrade", "0", "--json", *SYSTEM).json
    eq(found, {"streams": [{"account": "APP", "name": "NEW", "api_level": 1}],
               "consumers": [{"account": "APP", "name": "C", "stream": "OLD", "api_level": 1}]})
    found = tool.run("server", "report", "downgrade", "0", "--json", "--all", *SYSTEM).json
    eq([entry["stream"] for entry in found["consumers"]], ["NEW", "OLD"])
    out = tool.out("server", "report", "downgrade", "0", *SYSTEM)
    matches(out, r"^Obtaining JetStream Asset information\n\n.*Assets: Streams.*│ APP +│ NEW +│ +1 │.*"
                 r"Assets: Consumers.*│ APP +│ OLD +│ C +│ +1 │")
    eq(tool.run("server", "report", "downgrade", "1", "--json", *SYSTEM).json, {})
    matches(tool.error("server", "report", "downgrade", "x", *SYSTEM), 'parsing "x"')
    eq(tool.usage_error("server", "report", "downgrade"), "required argument 'api' not provided")
