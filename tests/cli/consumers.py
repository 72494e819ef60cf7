"""consumer: items 85 to 92."""

import json
import os
import signal

from streams import TIME, conforms, filled, spaces
from tool import *


def with_consumer(tool, *args):
    """A stream with five messages and the pull consumer C."""
    js = filled(tool)
    tool.run("consumer", "add", "ORDERS", "C", "--pull", "--defaults", *args)
    return js


@case(85)
def a_pull_consumer_with_default_answers(ctx):
    tool = nats(ctx)
    filled(tool)
    out = tool.out("consumer", "add", "ORDERS", "C", "--pull", "--defaults")
    matches(out, r"^Information for Consumer ORDERS > C created %s\n\nConfiguration:\n\n +Name: C\n +Pull Mode: true\n"
                 r" +Deliver Policy: All\n +Ack Policy: Explicit\n +Ack Wait: 30\.00s\n +Replay Policy: Instant\n"
                 r" +Max Ack Pending: 1,000\n +Max Waiting Pulls: 512\n\nState:\n\n"
                 r".* +Last Delivered Message: Consumer sequence: 0 Stream sequence: 0\n"
                 r" +Acknowledgment Floor: Consumer sequence: 0 Stream sequence: 0\n +Outstanding Acks: 0 out of maximum 1,000\n"
                 r" +Redelivered Messages: 0\n +Unprocessed Messages: 5\n +Waiting Pulls: 0 of maximum 512\n$" % TIME)
    info = tool.run("consumer", "info", "ORDERS", "C", "-j").json
    conforms(info, "consumer_info_response")
    eq(list(info), ["stream_name", "name", "config", "created", "delivered", "ack_floor", "num_ack_pending", "num_redelivered",
                    "num_waiting", "num_pending", "ts"])
    eq(list(info["config"]), ["ack_policy", "ack_wait", "deliver_policy", "durable_name", "name", "max_ack_pending", "max_deliver",
                              "max_waiting", "replay_policy", "num_replicas", "metadata", "pause_until"])
    eq((info["config"]["durable_name"], info["config"]["pause_until"]), ("C", "0001-01-01T00:00:00Z"))


@case(85)
def a_consumer_with_every_flag(ctx):
    tool = nats(ctx)
    filled(tool)
    tool.run("consumer", "add", "ORDERS", "P", "--target", "out", "--deliver-group", "g", "--ack", "all", "--bps", "8192",
             "--deliver", "2", "--description", "d", "--filter", "orders.1", "--filter", "orders.2", "--flow-control", "--heartbeat",
             "5s", "--headers-only", "--max-deliver", "7", "--max-pending", "9", "--replay", "instant", "--sample", "30",
             "--wait", "10s", "--inactive-threshold", "1h", "--memory", "--metadata", "k=v", "--pause", "1h", "--defaults")
    config = tool.run("consumer", "info", "ORDERS", "P", "-j").json["config"]
    wanted = {
        "deliver_subject": "out", "deliver_group": "g", "ack_policy": "all", "rate_limit_bps": 8192, "opt_start_seq": 2,
        "deliver_policy": "by_start_sequence", "description": "d", "filter_subjects": ["orders.1", "orders.2"],
        "flow_control": True, "idle_heartbeat": 5 * 10**9, "headers_only": True, "max_deliver": 7, "max_ack_pending": 9,
        "replay_policy": "instant", "sample_freq": "30", "ack_wait": 10 * 10**9, "inactive_threshold": 3600 * 10**9,
        "mem_storage": True,
    }
    eq({key: config.get(key) for key in wanted}, wanted)
    check(config["pause_until"] > "2020", config)
    out = tool.out("consumer", "info", "ORDERS", "P")
    for line in ("Delivery Subject: out", "Deliver Queue Group: g", "Rate Limit: 1.0 KiB / second", "Sampling Rate: 30",
                 "Filter Subjects: orders.1, orders.2", "Deliver Policy: From Sequence 2", "Active Interest: No interest"):
        check(line + "\n" in out, out)
    matches(out, r"Paused Until Deadline: %s \(\S+ remaining\)\n.*Paused Until: %s \((1h0m0s|59m5\ds) remaining\)\n" % (TIME, TIME))
    tool.run("consumer", "add", "ORDERS", "Q", "--pull", "--max-waiting", "5", "--max-pull-batch", "6", "--max-pull-expire", "7s",
             "--max-pull-bytes", "800", "--backoff", "linear", "--backoff-steps", "2", "--backoff-min", "1s", "--backoff-max",
             "3s", "--deliver", "new", "--ephemeral", "--filter", "orders.1", "--replay", "original", "--defaults")
    config = tool.run("consumer", "info", "ORDERS", "Q", "-j").json["config"]
    wanted = {"max_waiting": 5, "max_batch": 6, "max_expires": 7 * 10**9, "max_bytes": 800, "backoff": [10**9, 2 * 10**9],
              "max_deliver": 3, "deliver_policy": "new", "filter_subject": "orders.1", "durable_name": None,
              "replay_policy": "original"}
    eq({key: config.get(key) for key in wanted}, wanted)
    matches(tool.out("consumer", "add", "ORDERS", "S", "--pull", "--deliver", "1h", "--backoff", "linear", "--backoff-steps", "16",
                     "--backoff-min", "1s", "--backoff-max", "17s", "--defaults"),
            r"Deliver Policy: Since %s(\.\d+)? \+0000 UTC\n.* Maximum Deliveries: 17\n"
            r".* Backoff: 1s, 2s, 3s, 4s, 5s, \.\.\., 12s, 13s, 14s, 15s, 16s \(16 total\)\n" % TIME)
    matches(tool.out("consumer", "add", "ORDERS", "L", "--pull", "--deliver", "subject", "--defaults"),
            r"Filter Subject: >\n +Deliver Policy: Last Per Subject\n")


@case(85, "deviation")
def flags_that_the_original_forgets(ctx):
    """The original does not send the groups of --overflow-groups, so that servers refuse the consumer; with a target and --defaults
    it takes --replay instant whatever is said; of a copy it ignores --memory, --metadata, --pause, --replicas, the flags about groups
    and, without --pull, --max-waiting."""
    tool = nats(ctx)
    filled(tool)
    config = lambda name: tool.run("consumer", "info", "ORDERS", name, "-j").json["config"]
    tool.run("consumer", "add", "ORDERS", "O", "--pull", "--overflow-groups", "g1", "--defaults")
    eq((config("O")["priority_policy"], config("O")["priority_groups"]), ("overflow", ["g1"]))
    tool.run("consumer", "add", "ORDERS", "P", "--target", "out", "--replay", "original", "--defaults")
    eq(config("P")["replay_policy"], "original")
    tool.run("consumer", "add", "ORDERS", "C", "--pull", "--defaults")
    tool.run("consumer", "copy", "ORDERS", "C", "D", "--memory", "--metadata", "k=v", "--pause", "1h", "--replicas", "1", "--max-waiting", "5",
             "--pinned-groups", "g", "--pinned-ttl", "2m")
    wanted = {"mem_storage": True, "num_replicas": 1, "max_waiting": 5, "priority_policy": "pinned_client", "priority_groups": ["g"],
              "priority_timeout": 120 * 10**9}
    eq({key: config("D").get(key) for key in wanted}, wanted)
    check(config("D")["pause_until"] > "2020" and config("D")["metadata"]["k"] == "v", config("D"))
    for name, flag, policy in (("F", "--overflow-groups", "overflow"), ("R", "--prioritized-groups", "prioritized")):
        tool.run("consumer", "copy", "ORDERS", "C", name, flag, "g")
        eq((config(name)["priority_policy"], config(name)["priority_groups"]), (policy, ["g"]))


@case(92, "deviation")
def an_ephemeral_copy_has_its_name(ctx):
    """The original keeps the name of the source for --ephemeral: it asks the server to change the source, and says nothing."""
    tool = nats(ctx)
    with_consumer(tool)
    eq(tool.out("consumer", "copy", "ORDERS", "C", "D", "--ephemeral", "--inactive-threshold", "1h"), "")
    config = tool.run("consumer", "info", "ORDERS", "D", "-j").json["config"]
    eq((config["name"], "durable_name" in config), ("D", False))


@case(85)
def groups_with_priorities(ctx):
    tool = nats(ctx)
    filled(tool)
    for name, flag, policy in (("P", "--pinned-groups", "pinned_client"), ("R", "--prioritized-groups", "prioritized")):
        tool.run("consumer", "add", "ORDERS", name, "--pull", flag, "g1", "--defaults")
        config = tool.run("consumer", "info", "ORDERS", name, "-j").json["config"]
        eq((config["priority_policy"], config["priority_groups"]), (policy, ["g1"]))
    matches(tool.out("consumer", "info", "ORDERS", "P"), "Priority Policy: Pinned Client\n +Priority Groups: g1\n +Pinned TTL: 2m0s\n.*Priority Groups: g1: No client\n$")
    check("No client" not in tool.out("consumer", "info", "ORDERS", "R"), "a client")
    eq(tool.error("consumer", "add", "ORDERS", "X", "--pull", "--overflow-groups", "a", "--pinned-groups", "b", "--defaults"),
       "setting both overflow and pinned groups are not supported")


@case(85)
def mistakes_are_explained(ctx):
    tool = nats(ctx)
    filled(tool)
    add = ("consumer", "add", "ORDERS", "C", "--pull", "--defaults")
    eq(tool.error(*add, "--bps", "5"), "rate limits are only possible on Push consumers")
    eq(tool.error(*add, "--heartbeat", "5s"), "pull subscribers does not support idle heartbeats")
    eq(tool.error(*add, "--sample", "101"), "sample percent is not between 0 and 100")
    eq(tool.error(*add, "--pause", "soon"), "could not parse the pause time as either timestamp or duration")
    eq(tool.error(*add, "--deliver", "bogus"), "could not parse starting delta: invalid duration")
    eq(tool.error(*add, "--backoff", "linear", "--backoff-steps", "0"),
       "could not determine backoff policy: required policy properties not supplied")
    eq(tool.error("consumer", "add", "ORDERS", "a.b", "--pull", "--defaults"), "durable name can not contain '.', '*', '>'")
    matches(tool.error(*add, "--replicas", "3"), r"^Consumer creation failed: .* \(10074\)$")
    eq(tool.error("consumer", "add", "ORDERS", "--pull"),
       "could not request durable name: cannot prompt for user input without a terminal")
    eq(tool.error("consumer", "add", "--pull"),
       "could not select Stream: cannot pick a Stream without a terminal and no Stream name supplied")
    for arguments in (("C",), ("C", "--defaults")):
        eq(tool.error("consumer", "add", "ORDERS", *arguments),
           "could not request delivery target: cannot prompt for user input without a terminal")
    eq(tool.error("consumer", "add", "ORDERS", "C", "--pull"),
       "could not request start policy: cannot prompt for user input without a terminal")
    eq(tool.error(*add, env={"NATS_URL": "127.0.0.1:1"}), "setup failed: nats: no servers available for connection")
    eq(tool.out("consumer", "ls", "ORDERS"), "No Consumers defined\n")


@case(85)
def the_questions_at_a_terminal(ctx):
    tool = nats(ctx)
    filled(tool)
    terminal = tool.terminal("consumer", "add", rows=60)
    terminal.answer("Select a Stream")
    terminal.answer("Consumer name", "ASKED")
    terminal.answer("Delivery target (empty for Pull Consumers)", "out")
    terminal.answer("Delivery Queue Group", "g")
    terminal.answer("Start policy (all, new, last, subject, 1h, msg sequence)", "last")
    terminal.answer("Acknowledgment policy", "explicit")
    terminal.answer("Replay policy")
    terminal.answer("Filter Stream by subjects", "orders.*")
    terminal.answer("Maximum Allowed Deliveries", "9")
    terminal.answer("Maximum Acknowledgments Pending", "20")
    terminal.answer("Idle Heartbeat", "10s")
    terminal.answer("Enable Flow Control, ie --flow-control", "y")
    terminal.answer("Deliver headers only without bodies", "y")
    terminal.answer("Add a Retry Backoff Policy", "y")
    terminal.answer("Backoff policy", "linear")
    terminal.answer("Minimum retry time", "1s")
    terminal.answer("Maximum retry time", "5s")
    terminal.answer("Number of steps to generate in the policy", "2")
    matches(terminal.finish(), "Active Interest: No interest")
    config = tool.run("consumer", "info", "ORDERS", "ASKED", "-j").json["config"]
    wanted = {"deliver_subject": "out", "deliver_group": "g", "deliver_policy": "last", "ack_policy": "explicit",
              "filter_subject": "orders.*", "max_deliver": 9, "max_ack_pending": 20, "idle_heartbeat": 10 * 10**9,
              "flow_control": True, "headers_only": True, "backoff": [10**9, 3 * 10**9]}
    eq({key: config.get(key) for key in wanted}, wanted)


@case(85)
def a_consumer_from_a_file(ctx):
    tool = nats(ctx)
    filled(tool)
    eq(tool.out("consumer", "add", "ORDERS", "C", "--pull", "--max-deliver", "4", "--defaults", "--output", "c.json"), "")
    out = tool.out("consumer", "add", "ORDERS", "--config", "c.json", "--validate")
    shown, sentence = out.split("\n\n")
    eq((json.loads(shown)["max_deliver"], sentence), (4, "Configuration is a valid Consumer\n"))
    tool.run("consumer", "add", "ORDERS", "D", "--config", "c.json")
    info = tool.run("consumer", "info", "ORDERS", "D", "-j").json
    eq((info["config"]["durable_name"], info["config"]["max_deliver"]), ("D", 4))
    tool.run("consumer", "add", "ORDERS", "E", "--config", tool.write("info.json", json.dumps(info)))
    eq(tool.out("consumer", "ls", "ORDERS", "-n"), "D\nE\n")
    for text, error in (('{"ack_policy":"bogus","durable_name":"X"}', r'can not unmarshal "\"bogus\""'),
                        ('{"priority_policy":"bogus","durable_name":"X"}', 'cannot unmarshal "bogus"')):
        eq(tool.error("consumer", "add", "ORDERS", "X", "--config", tool.write("bad.json", text), "--validate"), error)
    tool.write("bad.json", '{"ack_policy":"all","durable_name":"X","num_replicas":9}')
    outcome = tool.run("consumer", "add", "ORDERS", "--config", "bad.json", "--validate", code=1)
    matches(outcome.err, "^nats: error: Validation Failed: /?num_replicas: must be <= 5")
    eq(json.loads(outcome.out)["num_replicas"], 9)


@case(86)
def a_consumer_that_exists_is_changed(ctx):
    tool = nats(ctx)
    with_consumer(tool)
    matches(tool.out("consumer", "add", "ORDERS", "C", "--pull", "--defaults", "--max-deliver", "7"), "Maximum Deliveries: 7\n")
    eq(tool.run("consumer", "info", "ORDERS", "C", "-j").json["config"]["max_deliver"], 7)


@case(87)
def the_next_message(ctx):
    tool = nats(ctx)
    with_consumer(tool)
    matches(tool.out("consumer", "next", "ORDERS", "C"),
            r"^\[\d\d:\d\d:\d\d\] subj: orders\.1 / tries: 1 / cons seq: 1 / str seq: 1 / pending: 4\n\n"
            r"Headers:\n\n  k: v\n\nData:\n\n\nmsg 1\n\nAcknowledged message\n\n$")
    eq(tool.out("consumer", "next", "ORDERS", "C", "--raw", "--count", "2"), "msg 2\nmsg 3\n")
    state = lambda: tool.run("consumer", "info", "ORDERS", "C", "-j").json
    eq(state()["ack_floor"]["stream_seq"], 3)
    matches(tool.out("consumer", "next", "ORDERS", "C", "--nak"), r"msg 4\n\nNegative Acknowledged message\n\n$")
    matches(tool.out("consumer", "next", "ORDERS", "C", "--no-ack"), r"tries: 2 .*msg 4\n$")
    eq(state()["num_ack_pending"], 1)
    matches(tool.out("consumer", "next", "ORDERS", "C", "--term"), r"msg 5\n\nTerminated message\n$")
    eq(tool.out("consumer", "next", "ORDERS", "C", "--count", "0"), "")
    eq(state()["num_ack_pending"], 1)
    eq(tool.error("consumer", "next", "ORDERS", "C", "--ack", "--term"), "can not both Acknowledge and Terminate message")


@case(87)
def a_pause_before_the_acknowledgement(ctx):
    tool = nats(ctx)
    with_consumer(tool)
    matches(tool.out("consumer", "next", "ORDERS", "C", "--wait", "20ms"), r"\nAcknowledged message after \S+ delay\n\n$")


@case(88, "deviation")
def no_message_in_time(ctx):
    """The original says so only if its own clock is ahead of the server's, whose answer it takes for a message."""
    tool = nats(ctx)
    with_consumer(tool)
    tool.run("stream", "purge", "ORDERS", "-f")
    eq(tool.error("consumer", "next", "ORDERS", "C", "--timeout", "200ms"), "no message received: nats: timeout")


@case(88)
def no_next_message(ctx):
    tool = nats(ctx)
    with_consumer(tool)
    eq(tool.error("consumer", "next", "ORDERS", "X"), 'could not load consumer "X": consumer not found (10014)')
    eq(tool.error("consumer", "next", "NO", "X"), 'could not load consumer "X": stream not found (10059)')


@case(88, "deviation")
def statuses_are_no_messages(ctx):
    """The original shows what the server says about a request as if it were a message, and fails to acknowledge it."""
    tool = nats(ctx)
    with_consumer(tool)
    tool.run("consumer", "add", "ORDERS", "P", "--target", "out", "--defaults")
    outcome = tool.run("consumer", "next", "ORDERS", "P", code=1)
    eq((outcome.out, outcome.err), ("", 'nats: error: consumer "P" is not a Pull consumer\n'))
    tool.run("consumer", "add", "ORDERS", "G", "--pull", "--pinned-groups", "g", "--defaults")
    outcome = tool.run("consumer", "next", "ORDERS", "G", code=1)
    eq((outcome.out, outcome.err), ("", "nats: error: no message received: nats: Bad Request - Priority Group missing\n"))


@case(88)
def receiving_what_is_pushed(ctx):
    tool = nats(ctx)
    filled(tool)
    tool.run("consumer", "add", "ORDERS", "P", "--target", "out", "--ack", "explicit", "--defaults")
    run = tool.start("consumer", "sub", "ORDERS", "P")
    run.wait_out(r"^Subscribing to topic out auto acknowledgment: true\n\nConsumer Info:\n  Ack Policy: Explicit\n"
                 r"    Ack Wait: 30s\n\n\[\d\d:\d\d:\d\d\] subj: orders\.1 / tries: 1 / cons seq: 1 / str seq: 1 / pending: 4\n\n"
                 r"Headers:\n\n   k: v\n\nData:\nmsg 1\n\n\[.*str seq: 5 / pending: 0\n\nHeaders:\n\n   k: v\n\nData:\nmsg 5\n\n$")
    wait_until(lambda: tool.run("consumer", "info", "ORDERS", "P", "-j").json["ack_floor"]["stream_seq"] == 5, "acknowledgements")
    run.interrupt()
    eq(run.wait(code=None).code, -signal.SIGINT)
    tool.run("consumer", "add", "ORDERS", "C", "--pull", "--defaults")
    matches(tool.out("consumer", "sub", "ORDERS", "C"), r"str seq: 1 / pending: 4\n.*Acknowledged message\n")


@case(89)
def listing_and_reporting(ctx):
    tool = nats(ctx)
    with_consumer(tool, "--description", "about c")
    tool.run("consumer", "add", "ORDERS", "B", "--target", "out", "--defaults", "--deliver", "new")
    eq(tool.out("consumer", "ls", "ORDERS", "-n"), "B\nC\n")
    eq(tool.run("consumer", "ls", "ORDERS", "-j").json, ["B", "C"])
    tool.run("consumer", "next", "ORDERS", "C")
    tool.run("consumer", "next", "ORDERS", "C", "--no-ack")
    matches(tool.out("consumer", "ls", "ORDERS"), r"Consumers .*\n.*\n│ Name │ Description │ Created +│ Ack Pending │ Unprocessed │ Last Delivery │\n"
            r".*\n│ B +│ +│ %s │ +0 │ +0 │ never +│\n│ C +│ about c +│ %s │ +1 │ +3 │ \S+ +│\n" % (TIME, TIME))
    matches(tool.out("consumer", "report", "ORDERS"), r"Consumer report for ORDERS with 2 consumers.*\n.*\n│ Consumer │ Mode │ Ack Policy │ Ack Wait │ "
            r"Ack Pending │ Redelivered │ Unprocessed │ Ack Floor │ API Level │ Cluster *│\n.*\n"
            r"│ B +│ Push │ None +│ 0s +│ 0 +│ 0 +│ 0 +│ \d +│ 0 +│ *\w* *│\n│ C +│ Pull │ Explicit +│ 30\.00s +│ 1 +│ 0 +│ 3 / 60% +│ 1 +│ 0 +│")
    matches(tool.out("consumer", "report", "ORDERS", "--raw", env={"NATS_TABLE_FORMAT": "csv"}), "\nC,Pull,Explicit,30s,1,0,3,1,0,")
    check("RAFT" not in tool.out("consumer", "report", "ORDERS", "-l"), "leaders")
    eq(tool.error("consumer", "ls"), "could not select Stream: cannot pick a Stream without a terminal and no Stream name supplied")
    eq(tool.error("consumer", "info", "ORDERS", "X"),
       "could not select Consumer: cannot pick a Consumer without a terminal and no Consumer name supplied")
    eq(tool.error("consumer", "info", "ORDERS", "X", "--no-select"), 'could not select Consumer: unknown consumer "ORDERS" > "X"')


@case(89)
def a_consumer_is_picked_from_a_list(ctx):
    tool = nats(ctx)
    with_consumer(tool)
    terminal = tool.terminal("consumer", "info", "ORDERS")
    terminal.answer("Select a Consumer")
    matches(terminal.finish(), "Unprocessed Messages: 5")


@case(89)
def finding_consumers(ctx):
    tool = nats(ctx)
    with_consumer(tool)
    tool.run("consumer", "add", "ORDERS", "B", "--target", "out", "--defaults", "--deliver", "new")
    find = lambda *args: tool.out("consumer", "find", "ORDERS", *args).split()
    eq(find(), ["B", "C"])
    eq(find("--pull"), ["C"])
    eq(find("--push"), ["B"])
    eq(find("--push", "--invert"), ["C"])
    eq(find("--bound"), [])
    eq(find("--pending", "9"), ["C"])
    eq(find("--pending", "2", "--invert"), ["C"])
    eq(find("--idle", "1h"), [])
    tool.run("consumer", "next", "ORDERS", "C", "--no-ack")
    eq(find("--idle", "1h"), ["C"])
    eq(find("--ack-pending", "5"), ["C"])
    eq(find("--created", "1h"), [])
    eq(find("--expression", "config.ack_policy == 'none' and state.numpending == 0"), ["B"])
    eq(find("--expression", "config.ack_wait == '30s' and config.headers_only == false"), ["C"])
    eq(find("--expression", "info.delivered.consumer > 0"), ["C"])
    eq(find("--created", "1h", "--invert"), ["B", "C"])
    eq(tool.error("consumer", "find", "ORDERS", "--pull", "--push"), "cannot match pull and push concurrently")
    eq(find("--expression", "Info.Config.Durable == 'C'"), ["C"])
    eq(find("--pinned"), [])
    eq(find("--api-level", "1"), [])


@case(90)
def pausing_and_resuming(ctx):
    tool = nats(ctx)
    with_consumer(tool)
    eq(tool.error("consumer", "pause", "ORDERS", "C", "1h"), "could not obtain confirmation: cannot ask for confirmation without a terminal")
    matches(tool.out("consumer", "pause", "ORDERS", "C", "1h", "-f"), r"^Paused ORDERS > C until %s \((1h0m0s|59m5\ds)\)\n$" % TIME)
    matches(tool.out("consumer", "resume", "ORDERS", "C", "-f"),
            r"^Consumer ORDERS > C was resumed while previously paused until %s\n$" % TIME)
    eq(tool.error("consumer", "resume", "ORDERS", "C", "-f"), "consumer is not paused")
    matches(tool.out("consumer", "pause", "ORDERS", "C", "2099-01-02 03:04:05", "-f"), r"until 2099-01-02 03:04:05 \(")
    eq(tool.error("consumer", "pause", "ORDERS", "C", "2001-01-02 03:04:05", "-f"),
       "pause request failed, perhaps due to a time in the past")
    eq(tool.error("consumer", "pause", "ORDERS", "C", "soon", "-f"), "could not parse the pause time as either timestamp or duration")


@case(90)
def a_pinned_client_loses_its_place(ctx):
    tool = nats(ctx)
    js = with_consumer(tool, "--pinned-groups", "g1")
    eq(tool.error("consumer", "unpin", "ORDERS", "C", "-f"), "no priority groups have pinned clients")
    inbox = js.new_inbox()
    js.send("$JS.API.CONSUMER.MSG.NEXT.ORDERS.C", json.dumps({"batch": 1, "expires": 10**10, "group": "g1"}), inbox)
    wait_until(lambda: "pinned_client_id" in tool.run("consumer", "info", "ORDERS", "C", "-j").json["priority_groups"][0],
               "a pinned client")
    matches(tool.out("consumer", "state", "ORDERS", "C"), r"Priority Groups: g1: pinned \S+ at %s\n" % TIME)
    eq(tool.out("consumer", "find", "ORDERS", "--pinned"), "C\n")
    matches(tool.out("consumer", "unpin", "ORDERS", "C", "g1", "-f"), r"^Unpinned client \w{22} from Priority Group ORDERS > C > g1\n$")
    tool.run("consumer", "add", "ORDERS", "D", "--pull", "--defaults")
    eq(tool.error("consumer", "unpin", "ORDERS", "D", "-f"), "consumer is not a pinned priority consumer")


@case(90)
def setting_a_consumer_back(ctx):
    tool = nats(ctx)
    with_consumer(tool)
    tool.run("consumer", "next", "ORDERS", "C", "--count", "4")
    eq(tool.error("consumer", "reset", "ORDERS", "C"), "could not obtain confirmation: cannot ask for confirmation without a terminal")
    matches(tool.out("consumer", "reset", "ORDERS", "C", "--sequence", "2", "-f"),
            r"^State for Consumer ORDERS > C created .*Unprocessed Messages: 4\n")
    matches(tool.out("consumer", "next", "ORDERS", "C"), "str seq: 2 ")


@case(91)
def removing_is_silent(ctx):
    tool = nats(ctx)
    with_consumer(tool)
    eq(tool.error("consumer", "rm", "ORDERS", "-f"), "--force requires a stream and consumer name")
    outcome = tool.run("consumer", "rm", "ORDERS", "C", "-f")
    eq((outcome.out, outcome.err), ("", ""))
    eq(tool.error("consumer", "rm", "ORDERS", "C", "-f"), "consumer not found (10014)")


@case(91)
def removing_is_asked_for_at_the_terminal(ctx):
    tool = nats(ctx)
    with_consumer(tool)
    terminal = tool.terminal("consumer", "rm", "ORDERS", "C")
    terminal.answer("Really delete Consumer ORDERS > C", "y")
    terminal.finish()
    eq(tool.out("consumer", "ls", "ORDERS", "-j"), "null\n")


@case(92)
def an_edit_shows_what_it_changes(ctx):
    tool = nats(ctx)
    with_consumer(tool)
    edit = ("consumer", "edit", "ORDERS", "C", "--max-deliver", "9")
    shown = """Differences (-old +new):
  api.ConsumerConfig{
  \t... // 11 identical fields
  \tHeartbeat:     s"0s",
  \tMaxAckPending: 1000,
- \tMaxDeliver:    -1,
+ \tMaxDeliver:    9,
  \tBackOff:       nil,
  \tMaxWaiting:    512,
  \t... // 18 identical fields
  }
"""
    eq(spaces(tool.run(*edit, "--dry-run", code=1).out), shown)
    out = spaces(tool.out(*edit, "-f"))
    check(out.startswith(shown), out)
    matches(out[len(shown):], "^Information for Consumer ORDERS > C created")
    eq(tool.out(*edit, "-f"), "No difference in configuration\n")
    eq(tool.error("consumer", "edit", "ORDERS", "C", "--wait", "5s"),
       "could not obtain confirmation: cannot ask for confirmation without a terminal")
    tool.run("consumer", "edit", "ORDERS", "C", "--filter", "orders.1", "--filter", "orders.2", "-f")
    eq(tool.run("consumer", "info", "ORDERS", "C", "-j").json["config"]["filter_subjects"], ["orders.1", "orders.2"])
    tool.run("consumer", "edit", "ORDERS", "C", "--backoff", "linear", "--backoff-steps", "3", "-f")
    eq(tool.error("consumer", "edit", "ORDERS", "C", "--wait", "5s", "-f"),
       "consumers with backoff policies do not support editing Ack Wait")
    tool.run("consumer", "add", "ORDERS", "E", "--pull", "--ephemeral", "--inactive-threshold", "1h", "--defaults")
    eq(tool.error("consumer", "edit", "ORDERS", "E", "--max-deliver", "9", "-f"), "only durable consumers can be edited")


@case(92)
def an_edit_in_an_editor_and_a_copy(ctx):
    tool = nats(ctx)
    with_consumer(tool)
    editor = tool.write("editor", "#!/bin/sh\nsed -i 's/^max_deliver: -1/max_deliver: 6/' \"$1\"\n")
    os.chmod(editor, 0o700)
    tool.run("consumer", "edit", "ORDERS", "C", "-i", "-f", env={"EDITOR": editor})
    eq(tool.run("consumer", "info", "ORDERS", "C", "-j").json["config"]["max_deliver"], 6)
    matches(tool.out("consumer", "cp", "ORDERS", "C", "D", "--filter", "orders.3"), r"^Information for Consumer ORDERS > D created")
    config = tool.run("consumer", "info", "ORDERS", "D", "-j").json["config"]
    eq((config["durable_name"], config["max_deliver"], config["filter_subject"]), ("D", 6, "orders.3"))
    matches(tool.error("consumer", "cp", "ORDERS", "X", "Y"), r"^could not load source Consumer: consumer not found \(10014\)$")


@case(92)
def a_graph_of_a_consumer(ctx):
    tool = nats(ctx)
    with_consumer(tool)
    terminal = tool.terminal("consumer", "graph", "ORDERS", "C", rows=60, columns=100)
    terminal.wait("Consumer Statistics for ORDERS > C\n")
    terminal.wait("5 ?[┼┤│].*Messages Waiting for Ack.*Messages Acknowledged / second.*Messages Delivered / second")
    check("Messages Pending" in terminal.screen.text(), terminal.screen.text())
    terminal.interrupt()
    terminal.finish()
    eq(tool.error("consumer", "graph", "ORDERS", "C"), "can only graph data on an interactive terminal")


@case(92, "deviation")
def graphs_use_the_room_there_is(ctx):
    """The original stacks its graphs, whatever the terminal, and scrolls; a value stands beside each of ours."""
    tool = nats(ctx)
    with_consumer(tool)
    terminal = tool.terminal("consumer", "graph", "ORDERS", "C", columns=140)
    terminal.wait(r"Messages Pending: 5 +Messages Waiting for Ack: 0\n.*"
                  r"Messages Acknowledged / second: 0 +Messages Delivered / second: 0\n")
    terminal.process.send_signal(signal.SIGINT)
    terminal.finish()


@case(92)
def a_consumer_that_is_not_clustered(ctx):
    tool = nats(ctx)
    with_consumer(tool)
    eq(tool.error("consumer", "cluster", "step-down", "ORDERS", "C"), 'consumer "ORDERS" > "C" is not clustered')
    eq(tool.error("consumer", "cluster", "balance", "ORDERS"),
       'failed to balance consumers on ORDERS - consumer "C" has no cluster info')
    eq(tool.out("consumer", "cluster", "balance", "ORDERS", "--push"), "No consumers on ORDERS\n")


@case(92, "cluster", slow=True)
def leaders_of_consumers(ctx):
    tool = nats(ctx, server=cluster(ctx)[0])
    tool.run("stream", "add", "S", "--subjects", "s", "--replicas", "3", "--defaults")
    names = ["C%d" % number for number in range(6)]
    for name in names:
        tool.run("consumer", "add", "S", name, "--pull", "--defaults")
    info = lambda name: tool.run("consumer", "info", "S", name, "-j").json["cluster"]

    def current():
        return all(peer["current"] for name in names for peer in info(name)["replicas"])
    wait_until(current, "current replicas", every=0.2)
    matches(tool.out("consumer", "info", "S", "C0"), r"\nCluster Information:\n\n +Name: c\n +Raft Group: \S+\n +Leader: n\d.*\n +Replica: n\d, ")
    for name in names:
        old = info(name)["leader"]
        if old != "n1":
            outcome = tool.run("consumer", "cluster", "step-down", "S", name, "--preferred", "n1")
            eq(outcome.logs, ['Requesting leader step down of "%s" in a 3 peer RAFT group' % old, 'New leader elected "n1"'])
            matches(outcome.out, "^\nInformation for Consumer S > %s created " % name)
    wait_until(current, "current replicas", every=0.2)
    matches(tool.out("consumer", "report", "S", "-l"), r"RAFT Leader Report.*│ Server │ Cluster │ Consumers │ Distribution +│\n.*\n"
            r"│ n1 +│ c +│ 6 +│ \*{10} +│\n╰")
    eq(tool.out("consumer", "cluster", "balance", "S"), "Balanced 4 consumers on S\n")
    wait_until(lambda: sorted(info(name).get("leader", "") for name in names) == ["n1", "n1", "n2", "n2", "n3", "n3"], "balanced leaders",
               every=0.2)
