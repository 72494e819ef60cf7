"""stream add, copy: items 65 to 69."""

import json
import os
import stat

from lib.schema import load, problems
from streams import API, TIME, below, filled
from tool import *


@case(65)
def a_stream_with_default_answers(ctx):
    out = nats(ctx).out("stream", "add", "S", "--subjects", "a.>,b", "--defaults")
    matches(out, r"^Stream S was created\n\nInformation for Stream S created %s\n\n +Subjects: a\.>, b\n +Replicas: 1\n"
                 r" +Storage: File\n\nOptions:\n\n +Retention: Limits\n +Acknowledgments: true\n +Discard Policy: Old\n"
                 r" +Duplicate Window: 2m0s\n +Direct Get: true\n +Allows Atomic Batch Publish: false\n"
                 r" +Allows Fast Batch Publish: false\n +Allows Counters: false\n +Allows Msg Delete: true\n"
                 r" +Allows Per-Message TTL: false\n +Allows Purge: true\n +Allows Schedules: false\n +Allows Rollups: false\n"
                 r"\nLimits:\n\n +Maximum Messages: unlimited\n +Maximum Per Subject: unlimited\n +Maximum Bytes: unlimited\n"
                 r" +Maximum Age: unlimited\n +Maximum Message Size: unlimited\n +Maximum Consumers: unlimited\n\nState:\n\n"
                 r".* +Messages: 0\n +Bytes: 0 B\n +First Sequence: \d\n +Last Sequence: 0\n +Active Consumers: 0\n$" % TIME)


@case(65)
def a_stream_with_every_flag(ctx):
    tool = nats(ctx)
    config = below("Stream S was created", tool.run(
        "stream", "add", "S", "--subjects", "a.>", "--subjects", "b c", "--description", "d", "--storage", "m",
        "--replicas", "1", "--no-ack", "--retention", "work", "--discard", "new",
        "--discard-per-subject", "--first-sequence", "10", "--max-age", "1h", "--max-bytes", "1MB", "--max-consumers", "5",
        "--max-msg-size", "1k", "--max-msgs", "100", "--max-msgs-per-subject", "7", "--dupe-window", "30s", "--deny-delete",
        "--allow-rollup", "--no-allow-direct", "--allow-msg-ttl", "--metadata", "k=v",
        "--transform-source", "a.*", "--transform-destination", "x.{{wildcard(1)}}", "--republish-source", ">",
        "--republish-destination", "r.>", "--republish-headers", "--limit-consumer-inactive", "10s",
        "--limit-consumer-max-pending", "50", "--defaults", "--json"))["config"]
    wanted = {
        "name": "S", "description": "d", "subjects": ["a.>", "b", "c"], "storage": "memory", "num_replicas": 1, "no_ack": True,
        "retention": "workqueue", "discard": "new", "discard_new_per_subject": True, "first_seq": 10,
        "max_age": 3600 * 10**9, "max_bytes": 1 << 20, "max_consumers": 5, "max_msg_size": 1024, "max_msgs": 100,
        "max_msgs_per_subject": 7, "duplicate_window": 30 * 10**9, "deny_delete": True, "deny_purge": False,
        "allow_rollup_hdrs": True, "allow_direct": False, "allow_msg_ttl": True,
        "subject_transform": {"src": "a.*", "dest": "x.{{wildcard(1)}}"},
        "republish": {"src": ">", "dest": "r.>", "headers_only": True},
        "consumer_limits": {"inactive_threshold": 10 * 10**9, "max_ack_pending": 50},
    }
    eq({key: config.get(key) for key in wanted}, wanted)
    eq(config["metadata"]["k"], "v")
    # Scripts see an order.
    eq(list(config), [
        "name", "description", "subjects", "retention", "max_consumers", "max_msgs_per_subject", "max_msgs", "max_bytes", "max_age",
        "max_msg_size", "storage", "discard", "num_replicas", "no_ack", "duplicate_window", "subject_transform", "republish", "sealed",
        "deny_delete", "deny_purge", "allow_rollup_hdrs", "allow_direct", "mirror_direct", "discard_new_per_subject", "first_seq",
        "metadata", "allow_msg_ttl", "consumer_limits"])
    # What is not set is not there, but for switches that streams have had for long.
    plain = below("Stream T was created", tool.run("stream", "add", "T", "--subjects", "t", "--defaults", "--json"))
    eq(list(plain["config"]), [
        "name", "subjects", "retention", "max_consumers", "max_msgs_per_subject", "max_msgs", "max_bytes", "max_age", "max_msg_size",
        "storage", "discard", "num_replicas", "duplicate_window", "sealed", "deny_delete", "deny_purge", "allow_rollup_hdrs",
        "allow_direct", "mirror_direct", "metadata", "consumer_limits"])
    eq(plain["config"]["consumer_limits"], {})


@case(65)
def mistakes_in_flags_are_explained(ctx):
    tool = nats(ctx)
    add = ("stream", "add", "S", "--subjects", "s", "--defaults")
    refused = "could not create Stream: "
    eq(tool.error("stream", "add", "a.b", "--subjects", "s", "--defaults"), refused + '"a.b" is not a valid stream name')
    eq(tool.error("stream", "add", "a b", "--subjects", "s", "--defaults"), refused + '"a b" is not a valid stream name')
    eq(tool.error(*add, "--replicas=-1"), "replicas should be >= 1")
    eq(tool.error(*add, "--replicas", "3"), refused + "replicas > 1 not supported in non-clustered mode (10074)")
    eq(tool.error("stream", "add", "S", "--subjects", ">", "--defaults"),
       refused + "capturing all subjects requires no-ack to be true (10052)")
    eq(tool.error(*add, "--max-msg-size", "2G"), "max value size 2,147,483,648 is too big maximum is 2,147,483,647")
    eq(tool.error(*add, "--max-bytes", "1XB"),
       "invalid bytes specification 1XB: bytes must end in B, K, KB, M, MB, G, GB, T or TB")
    eq(tool.error(*add, "--max-age", "1"), "invalid maximum age limit format: invalid duration")
    eq(tool.error(*add, "--dupe-window", "1"), "invalid duplicate window format: invalid duration")
    eq(tool.error(*add, "--transform-source", "s"), "must specify both --transform-source and --transform-destination")
    both = "must specify both --republish-source and --republish-destination"
    eq(tool.error(*add, "--republish-source", "s"), both)
    eq(tool.error(*add, "--republish-headers", "--transform-source", "s"), both + " when using --headers-only")
    eq(tool.error(*add, "--mirror", "M"), "mirrors cannot listen for messages on subjects")
    eq(tool.error("stream", "add", "S", "--source", '{"filter_subject":"a"}', "--defaults"), "invalid source: name is required")
    eq(tool.error("stream", "add", "S", "--mirror", '{"filter_subject":"a"}', "--defaults"), "invalid mirror: name is required")
    matches(tool.error("stream", "add", "S", "--source", "{bad}", "--defaults"), "^invalid source: ")
    eq(tool.out("stream", "ls", "-n"), "")


@case(66)
def without_a_terminal_nobody_is_asked(ctx):
    tool = nats(ctx)
    text = "invalid input: cannot prompt for user input without a terminal"
    eq(tool.error("stream", "add", "S"), text)
    eq(tool.error("stream", "add"), text)
    eq(tool.error("stream", "add", "S", "--defaults"), text)
    eq(tool.error("stream", "add", "S", "--subjects", "s"), text)
    eq(tool.error("stream", "add", "S", "--subjects", "s", "--storage", "file"),
       "invalid input: cannot ask for confirmation without a terminal")


@case(66)
def the_questions_at_a_terminal(ctx):
    tool = nats(ctx)
    terminal = tool.terminal("stream", "add", rows=60)
    terminal.answer("Stream Name", "ASKED")
    terminal.answer("Subjects", "x, y.*")
    terminal.answer("Storage", "memory")
    terminal.answer("Replication")
    terminal.answer("Retention Policy", "Interest")
    terminal.answer("Discard Policy")
    terminal.answer("Stream Messages Limit", "10")
    terminal.answer("Per Subject Messages Limit")
    terminal.answer("Total Stream Size", "1MB")
    terminal.answer("Message TTL", "1m")
    terminal.answer("Max Message Size")
    terminal.wait(r"Duplicate tracking time window.*1m0s")
    terminal.answer("Duplicate tracking time window")
    terminal.answer("Allow message Roll-ups", "y")
    terminal.answer("Allow message deletion", "n")
    terminal.answer("Allow purging subjects or the entire stream")
    terminal.finish()
    config = tool.run("stream", "info", "ASKED", "-j").json["config"]
    wanted = {"subjects": ["x", "y.*"], "storage": "memory", "retention": "interest", "discard": "old", "max_msgs": 10,
              "max_bytes": 1 << 20, "max_age": 60 * 10**9, "duplicate_window": 60 * 10**9, "allow_rollup_hdrs": True,
              "deny_delete": True, "deny_purge": False}
    eq({key: config.get(key) for key in wanted}, wanted)


@case(66, "deviation")
def an_answer_that_cannot_be_read_is_asked_for_again(ctx):
    """The original ends, and all answers are lost."""
    tool = nats(ctx)
    terminal = tool.terminal("stream", "add", "S", "--subjects", "s", "--storage", "file", "--replicas", "1", "--retention", "limits",
                             "--discard", "old", "--max-msgs=-1", "--max-msgs-per-subject=-1", rows=60)
    terminal.answer("Total Stream Size", "bogus")
    terminal.wait(r"(?s)invalid bytes specification.*Total Stream Size")
    terminal.type("1MB\r")
    terminal.wait("Message TTL")


@case(66)
def questions_that_flags_answer_are_not_asked(ctx):
    tool = nats(ctx)
    terminal = tool.terminal(
        "stream", "add", "S", "--subjects", "s", "--storage", "file", "--replicas", "1", "--retention", "limits",
        "--discard", "old", "--max-msgs=-1", "--max-msgs-per-subject=-1", "--max-bytes=-1", "--max-age=-1",
        "--max-msg-size=-1", "--dupe-window", "1m", "--no-allow-rollup", "--no-deny-delete", "--no-deny-purge")
    text = terminal.finish()
    check("?" not in text, text)
    eq(tool.out("stream", "ls", "-n"), "S\n")


@case(66)
def an_account_may_require_a_size(ctx):
    tool = nats(ctx, config="""
jetstream { store_dir: "js" }
accounts { APP { jetstream: { max_file: 1GB, max_mem: 1MB, max_bytes_required: true }, users: [ { user: app, password: app } ] } }
no_auth_user: app
""")
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    eq(tool.run("stream", "info", "S", "-j").json["config"]["max_bytes"], 256 << 20)


@case(67)
def a_name_that_is_taken(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    # The same again is no change.
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    eq(tool.error("stream", "add", "S", "--subjects", "s", "--defaults", "--max-msgs", "3"),
       "could not create Stream: stream name already in use with a different configuration (10058)")


@case(68)
def a_configuration_without_a_stream(ctx):
    tool = nats(ctx)
    eq(tool.out("stream", "add", "S", "--subjects", "s.>", "--defaults", "--output", "s.json"), "")
    with open(tool.path("s.json"), encoding="utf-8") as source:
        text = source.read()
    check(not text.endswith("\n"), "a line end")
    eq(stat.S_IMODE(os.stat(tool.path("s.json")).st_mode), 0o600)
    config = json.loads(text)
    eq(text, """{
  "name": "S",
  "subjects": [
    "s.\\u003e"
  ],
  "retention": "limits",
  "max_consumers": -1,
  "max_msgs_per_subject": -1,
  "max_msgs": -1,
  "max_bytes": -1,
  "max_age": 0,
  "max_msg_size": -1,
  "storage": "file",
  "discard": "old",
  "num_replicas": 1,
  "duplicate_window": 120000000000,
  "sealed": false,
  "deny_delete": false,
  "deny_purge": false,
  "allow_rollup_hdrs": false,
  "allow_direct": true,
  "mirror_direct": false,
  "consumer_limits": {}
}""")
    eq(problems(config, load(API + "stream_configuration")) if load(API + "stream_configuration") else [], [])
    out = tool.out("stream", "add", "S", "--subjects", "s.>", "--defaults", "--validate")
    shown, sentence = out.split("\n\n")
    eq(json.loads(shown), config)
    eq(sentence, "Configuration is a valid Stream matching io.nats.jetstream.api.v1.stream_configuration\n")
    outcome = tool.run("stream", "add", "S", "--subjects", ">", "--defaults", "--validate", code=1)
    eq(outcome.err, "nats: error: Validation Failed: subjects cannot be '>' when acknowledgement is enabled\n")
    eq(list(json.loads(outcome.out))[:2], ["name", "subjects"])
    matches(tool.error("stream", "add", "a.b", "--subjects", "s", "--defaults", "--validate"), "^Validation Failed: /?name: does not match")
    eq(tool.out("stream", "ls", "-n"), "")


@case(68, "deviation")
def a_configuration_without_a_server(ctx):
    """The original connects although it asks the server for nothing that it could not do without."""
    tool = nats(ctx, server=False)
    eq(tool.out("stream", "add", "S", "--subjects", "s.>", "--defaults", "--output", "s.json"), "")
    matches(tool.out("stream", "add", "S", "--subjects", "s.>", "--defaults", "--validate"), "\nConfiguration is a valid Stream matching ")


@case(69)
def a_stream_from_a_file(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "OLD", "--subjects", "old", "--defaults", "--max-msgs", "7", "--metadata", "k=v")
    # Both a configuration and a whole information will do.
    for number, key in enumerate((None, "config")):
        info = tool.run("stream", "info", "OLD", "--json").json
        path = tool.write("old.json", json.dumps(info if key is None else info[key]))
        name = "NEW%d" % number
        tool.run("stream", "add", name, "--config", path, "--subjects", name, "--description", "copied")
        config = tool.run("stream", "info", name, "--json").json["config"]
        eq((config["name"], config["subjects"], config["max_msgs"], config["description"], config["metadata"]["k"]),
           (name, [name], 7, "copied", "v"))
    matches(tool.error("stream", "add", "X", "--config", tool.write("bad.json", "{")), "^invalid input: ")
    # What a file does not say is not set; what no stream has is left out.
    least = tool.write("least.json", json.dumps({"name": "LEAST", "subjects": ["least"], "unheard_of": 1}))
    out = tool.out("stream", "add", "--config", least, "--validate")
    shown = json.loads(out.split("\n\n")[0])
    eq((shown["name"], shown["max_msgs"], shown["num_replicas"], "max_msg_size" in shown, "unheard_of" in shown), ("LEAST", 0, 0, False, False))
    matches(tool.out("stream", "add", "--config", least), r"^Stream LEAST was created\n\nInformation for Stream LEAST created ")
    eq(tool.error("stream", "add", "--config", tool.write("nameless.json", '{"subjects":["n"]}')),
       'could not create Stream: "" is not a valid stream name')


@case(69)
def a_copy_has_the_configuration_only(ctx):
    tool = nats(ctx)
    filled(tool)
    out = tool.out("stream", "cp", "ORDERS", "COPY", "--subjects", "copy.>", "--max-age", "1h")
    matches(out, r"^Stream COPY was created\n\nInformation for Stream \w+ created %s\n\n +Subjects: copy\.>\n" % TIME)
    info = tool.run("stream", "info", "COPY", "-j").json
    eq((info["config"]["subjects"], info["config"]["max_age"], info["state"]["messages"]), (["copy.>"], 3600 * 10**9, 0))
    eq(tool.error("stream", "copy", "COPY", "COPY"), "source and destination Stream names cannot be the same")
    eq(tool.error("stream", "copy", "COPY", "a.b"), 'could not create Stream: "a.b" is not a valid stream name')
    eq(tool.error("stream", "copy", "COPY", "ORDERS"),
       "could not create Stream: stream name already in use with a different configuration (10058)")
    for flag in ("--mirror", "--source"):
        eq(tool.error("stream", "copy", "COPY", "X", flag, "ORDERS"),
           "could not copy Stream COPY: cannot edit mirrors, or sources using the CLI, use --config instead")
    eq(tool.error("stream", "copy", "COPY", "X", "--max-age", "1"),
       "could not copy Stream COPY: invalid maximum age limit format: invalid duration")


@case(69, "deviation")
def a_copy_is_shown_by_its_name(ctx):
    """The original shows the name of the source above the copy, and turns on acknowledgements."""
    tool = nats(ctx)
    tool.run("stream", "add", "SRC", "--subjects", "src", "--no-ack", "--defaults")
    matches(tool.out("stream", "cp", "SRC", "COPY", "--subjects", "copy"), r"\nInformation for Stream COPY created .*\n +Acknowledgments: false\n")
