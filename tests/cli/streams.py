"""stream: items 65 to 84."""

import base64
import json
import os
import re
import signal
import stat
import subprocess

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


# How many metadata a stream has that the server did not add: a map without entries is not the same as none.
NO_METADATA = """  \tDiscardNewPer:          false,
  \tFirstSeq:               0,
- \tMetadata:               map[string]string{},
+ \tMetadata:               nil,
  \tAllowMsgTTL:            false,
  \tSubjectDeleteMarkerTTL: s"0s",
  \t... // 6 identical fields
  }
"""


@case(70)
def an_edit_shows_what_it_changes(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    edit = ("stream", "edit", "S", "--max-msgs", "10", "--description", "new")
    shown = """Differences (-old +new):
  api.StreamConfig{
  \tName:         "S",
- \tDescription:  "",
+ \tDescription:  "new",
  \tSubjects:     Inverse(Sort, []string{"s"}),
  \tRetention:    s"Limits",
  \tMaxConsumers: -1,
  \tMaxMsgsPer:   -1,
- \tMaxMsgs:      -1,
+ \tMaxMsgs:      10,
  \tMaxBytes:     -1,
  \tMaxAge:       s"0s",
  \t... // 18 identical fields
""" + NO_METADATA
    outcome = tool.run(*edit, "--dry-run", code=1)
    eq((spaces(outcome.out), outcome.err), (shown, ""))
    outcome = tool.run(*edit, code=1)
    eq((spaces(outcome.out), outcome.err),
       (shown, "nats: error: could not obtain confirmation: cannot ask for confirmation without a terminal\n"))
    out = spaces(tool.out(*edit, "-f"))
    check(out.startswith(shown), out)
    matches(out[len(shown):], r"^Stream S was updated\n\nInformation for Stream S created ")
    config = tool.run("stream", "info", "S", "-j").json["config"]
    eq((config["max_msgs"], config["description"]), (10, "new"))
    # The server's metadata is left out: what there is besides is empty, and that is a difference.
    eq(spaces(tool.run("stream", "edit", "S", "--max-msgs", "10", "--dry-run", code=1).out),
       "Differences (-old +new):\n  api.StreamConfig{\n  \t... // 27 identical fields\n" + NO_METADATA)
    tool.run("stream", "edit", "S", "--metadata", "k=v", "-f")
    eq(tool.out("stream", "edit", "S", "--max-msgs", "10"), "No difference in configuration\n")
    eq(tool.out("stream", "edit", "S", "--max-msgs", "10", "--dry-run", "--json"), "")
    refused = "could not create new configuration for Stream S: "
    for flag in ("--mirror", "--source"):
        eq(tool.error("stream", "edit", "S", flag, "M"), refused + "cannot edit mirrors, or sources using the CLI, use --config instead")
    eq(tool.error("stream", "edit", "S", "--max-age", "1"), refused + "invalid maximum age limit format: invalid duration")
    eq(tool.error("stream", "edit", "S", "--dupe-window", "1"), refused + "invalid duplicate window: invalid duration")
    eq(tool.error("stream", "edit", "S", "--replicas", "3", "-f"),
       "could not edit Stream S: replicas > 1 not supported in non-clustered mode (10074)")
    # Beside JSON, too.
    out = spaces(tool.out("stream", "edit", "S", "--max-msgs", "11", "-f", "--json"))
    head, _, rest = out.partition("  }\n{\n")
    eq(head, """Differences (-old +new):
  api.StreamConfig{
  \t... // 4 identical fields
  \tMaxConsumers: -1,
  \tMaxMsgsPer:   -1,
- \tMaxMsgs:      10,
+ \tMaxMsgs:      11,
  \tMaxBytes:     -1,
  \tMaxAge:       s"0s",
  \t... // 29 identical fields
""")
    eq(json.loads("{" + rest)["config"]["max_msgs"], 11)


@case(70)
def differences_in_lists_and_structures(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "a,b", "--metadata", "a=b", "--metadata", "c=d", "--cluster", "c", "--tag", "x",
             "--republish-source", "a", "--republish-destination", "r", "--defaults")

    def shown(*flags):
        out = spaces(tool.run("stream", "edit", "S", *flags, "--dry-run", code=1).out)
        return [line for line in out.split("\n") if not line.startswith(("  api.", "  \t...", "Differences", "  }"))][:-1]
    eq(shown("--subjects", "b,c,d"), [
        '  \tName:        "S",', '  \tDescription: "",', '  \tSubjects: []string(Inverse(Sort, []string{', '- \t\t"a",', '  \t\t"b",',
        '+ \t\t"c",', '+ \t\t"d",', "  \t})),", '  \tRetention:    s"Limits",', "  \tMaxConsumers: -1,"])
    eq(shown("--subjects", "b,a", "--metadata", "a=b"), [
        "  \tDiscardNewPer: false,", "  \tFirstSeq:      0,", "  \tMetadata: map[string]string{", '  \t\t"a": "b",', '- \t\t"c": "d",',
        "  \t},", "  \tAllowMsgTTL:            false,", '  \tSubjectDeleteMarkerTTL: s"0s",'])
    eq(shown("--cluster", "d"), [
        "  \tNoAck:      false,", '  \tDuplicates: s"2m0s",', "  \tPlacement: &api.Placement{", '- \t\tCluster:   "c",',
        '+ \t\tCluster:   "d",', '  \t\tTags:      Inverse(Sort, []string{"x"}),', '  \t\tPreferred: "",', "  \t},",
        "  \tMirror:  nil,", "  \tSources: nil,"])
    eq(shown("--tag", ""), [
        "  \tNoAck:      false,", '  \tDuplicates: s"2m0s",', "  \tPlacement: &api.Placement{", '  \t\tCluster:   "c",',
        '- \t\tTags:      []string(Inverse(Sort, []string{"x"})),', "+ \t\tTags:      []string(Inverse(Sort, []string(nil))),",
        '  \t\tPreferred: "",', "  \t},", "  \tMirror:  nil,", "  \tSources: nil,"])
    eq(shown("--transform-source", "a", "--transform-destination", "b"), [
        "  \tSources:          nil,", '  \tCompression:      s"None",', "- \tSubjectTransform: nil,",
        '+ \tSubjectTransform: &api.SubjectTransformConfig{Source: "a", Destination: "b"},',
        '  \tRePublish:        &{Source: "a", Destination: "r"},', "  \tSealed:           false,"])
    eq(shown("--compression", "s2", "--max-age", "1h", "--discard", "new"), [
        '  \tMaxMsgs:    -1,', "  \tMaxBytes:   -1,", '- \tMaxAge:     s"0s",', '+ \tMaxAge:     s"1h0m0s",', "  \tMaxMsgSize: -1,",
        '  \tStorage:    s"File",', '- \tDiscard:    s"Old",', '+ \tDiscard:    s"New",', "  \tReplicas:   1,", "  \tNoAck:      false,",
        "  \tMirror:           nil,", "  \tSources:          nil,", '- \tCompression:      s"None",',
        '+ \tCompression:      s"S2 Compression",', "  \tSubjectTransform: nil,",
        '  \tRePublish:        &{Source: "a", Destination: "r"},'])


@case(70, "deviation")
def an_edit_leaves_what_nobody_named(ctx):
    """The original turns on acknowledgements with each edit, and --no-republish does nothing."""
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--no-ack", "--republish-source", "s", "--republish-destination", "r", "--defaults")
    tool.run("stream", "edit", "S", "--max-msgs", "10", "-f")
    config = tool.run("stream", "info", "S", "-j").json["config"]
    eq((config["no_ack"], config["republish"]), (True, {"src": "s", "dest": "r"}))
    tool.run("stream", "edit", "S", "--no-republish", "-f")
    check("republish" not in tool.run("stream", "info", "S", "-j").json["config"], "it republishes")


@case(70)
def an_edit_from_a_file_or_in_an_editor(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    config = tool.run("stream", "info", "S", "-j").json["config"]
    config["max_msgs"] = 5
    tool.run("stream", "edit", "S", "--config", tool.write("s.json", json.dumps(config)), "-f")
    eq(tool.run("stream", "info", "S", "-j").json["config"]["max_msgs"], 5)
    editor = tool.write("editor", "#!/bin/sh\nsed -i 's/^max_msgs: 5/max_msgs: 6/' \"$1\"\n")
    os.chmod(editor, 0o700)
    out = tool.out("stream", "edit", "S", "-i", "-f", env={"EDITOR": editor})
    check("- \tMaxMsgs:      5,\n+ \tMaxMsgs:      6,\n" in spaces(out), out)
    eq(tool.run("stream", "info", "S", "-j").json["config"]["max_msgs"], 6)
    refused = "could not create new configuration for Stream S: "
    eq(tool.error("stream", "edit", "S", "-i", "-f"), refused + "set EDITOR environment variable to your chosen editor")
    matches(tool.error("stream", "edit", "S", "--config", tool.write("bad.json", "{"), "-f"), "^" + refused)
    # The name in the file does not count.
    config.update(name="OTHER", max_msgs=7)
    tool.run("stream", "edit", "S", "--config", tool.write("s.json", json.dumps(config)), "-f")
    eq(tool.run("stream", "info", "S", "-j").json["config"]["max_msgs"], 7)


@case(70)
def an_edit_that_is_refused_at_the_terminal(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    terminal = tool.terminal("stream", "edit", "S", "--max-msgs", "10")
    terminal.answer("Really edit Stream S", "n")
    terminal.finish()
    eq(tool.run("stream", "info", "S", "-j").json["config"]["max_msgs"], -1)


@case(70)
def a_bucket_asks_again(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B")
    for args in (("edit", "KV_B", "--max-msgs", "5", "-f"), ("purge", "KV_B", "-f"), ("rmm", "KV_B", "1", "-f")):
        outcome = tool.run("stream", *args, code=1)
        warning = "WARNING: Operating on the underlying stream of a Key-Value bucket is dangerous.\n\n"
        check(warning in outcome.out and outcome.out.startswith("Differences" if args[0] == "edit" else warning), outcome)
        eq(outcome.err, "nats: error: cannot ask for confirmation without a terminal\n")
    terminal = tool.terminal("stream", "purge", "KV_B", "-f")
    terminal.answer("Really operate on the KV stream?", "n")
    matches(terminal.finish(code=1), "aborting Key-Value store operation")


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


@case(79, "snapshots")
def a_backup_brings_a_stream_back(ctx):
    tool = nats(ctx)
    filled(tool)
    tool.run("consumer", "add", "ORDERS", "C", "--pull", "--defaults")
    out = tool.out("stream", "backup", "ORDERS", "kept")
    matches(out, r'^Starting backup of Stream "ORDERS" with [\d.]+ K?i?B\n\n done! \[[\d.]+ K?i?B in \d+m?s; .*/s\]\n\n'
                 r'Received [\d.]+ K?i?B compressed data in 1 chunks for stream "ORDERS" in \d+m?s, [\d.]+ K?i?B uncompressed \n$')
    eq(sorted(os.listdir(tool.path("kept"))), ["backup.json", "stream.tar.s2"])
    eq(stat.S_IMODE(os.stat(tool.path("kept")).st_mode), 0o700)
    with open(tool.path("kept", "backup.json"), encoding="utf-8") as source:
        about = json.load(source)
    eq((list(about), about["config"]["name"], about["state"]["messages"]), (["config", "state"], "ORDERS", 5))
    eq(list(about["config"])[:6], ["name", "subjects", "retention", "max_consumers", "max_msgs_per_subject", "max_msgs"])
    eq(tool.error("stream", "restore", "kept"), 'Stream "ORDERS" already exist')
    tool.run("stream", "rm", "ORDERS", "-f")
    outcome = tool.run("stream", "restore", "kept", "--no-progress")
    matches(outcome.out, r'^Starting restore of Stream "ORDERS" from file "kept"\n\n\nRestored stream "ORDERS" in 0s\n\nInformation for Stream ')
    eq(outcome.logs, ['Starting restore of "ORDERS" from kept/stream.tar.s2 using 1 chunks',
                      "Sent 1 chunks, server will now restore the snapshot, this might take a long time"])
    matches(tool.out("stream", "get", "ORDERS", "5"), "\n\nmsg 5\n")
    eq(tool.out("consumer", "ls", "ORDERS", "-n"), "C\n")
    tool.run("stream", "rm", "ORDERS", "-f")
    matches(tool.out("stream", "restore", "kept"), r'^Starting restore of Stream "ORDERS" from file "kept"\n\n done! \[65\.54KB in \d+m?s; .*B/s\]\n'
                                                   r'\nRestored stream "ORDERS" in 0s\n\nInformation for Stream ')
    matches(tool.terminal("stream", "backup", "ORDERS", "seen").finish(), r"Received .* uncompressed")
    matches(tool.out("stream", "backup", "ORDERS", "seen", "--check"),
            r"^Starting .*\n\nHealth Check was requested, this can take a long time without progress reports\n\n done! ")
    matches(tool.out("stream", "backup", "ORDERS", "seen", "--no-progress"), r"^Starting .*\n\nReceived .* uncompressed \n$")
    # Over an older one.
    tool.run("stream", "backup", "ORDERS", "kept", "--no-consumers", "--no-progress")
    eq(sorted(os.listdir(tool.path("kept"))), ["backup.json", "stream.tar.s2"])
    eq([name for name in os.listdir(tool.home) if "backup-" in name], [])


@case(79, "snapshots")
def a_backup_that_cannot_be_made(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "MEM", "--subjects", "mem", "--storage", "memory", "--defaults")
    eq(tool.error("stream", "backup", "MEM", "x"), "snapshot failed: memory streams do not support snapshots")
    eq(tool.error("stream", "backup", "NOPE", "x"), "stream not found (10059)")
    eq(tool.error("stream", "restore", "nope"), "path 'nope' does not exist")
    os.mkdir(tool.path("empty"))
    eq(tool.error("stream", "restore", "empty"), "restore failed: open empty/backup.json: no such file or directory")
    tool.write("empty/backup.json", "{")
    matches(tool.error("stream", "restore", "empty"), "^restore failed: ")
    tool.write("empty/backup.json", json.dumps({"config": {"name": "E", "subjects": ["e"]}, "state": {}}))
    eq(tool.error("stream", "restore", "empty"), "restore failed: stat empty/stream.tar.s2: no such file or directory")
    tool.write("empty/stream.tar.s2", "junk")
    eq(tool.error("stream", "restore", "empty"), "restore failed: restore failed: s2: corrupt input (10062)")
    eq(tool.out("stream", "ls", "-n"), "MEM\n")


@case(79, "snapshots", "deviation")
def a_restored_stream_is_shown_by_its_name(ctx):
    """The original shows no name."""
    tool = nats(ctx)
    filled(tool)
    tool.run("stream", "backup", "ORDERS", "kept", "--no-progress")
    tool.run("stream", "rm", "ORDERS", "-f")
    matches(tool.out("stream", "restore", "kept"), r"\nInformation for Stream ORDERS created ")


@case(79, "snapshots")
def a_backup_of_many_chunks(ctx):
    tool = nats(ctx)
    js = filled(tool, count=0)
    for _ in range(20):
        body = os.urandom(100_000)
        js.publish("orders.x", body)
    out = tool.out("stream", "backup", "ORDERS", "kept", "--chunk-size", "64KB", "--window-size", "128KB", "--no-progress")
    # Compressed or not, random bytes are 2 MB.
    check(int(re.search(r"in (\d+) chunks", out).group(1)) > 25, out)
    # Consumers may be left out; another configuration may be used.
    config = tool.run("stream", "info", "ORDERS", "-j").json["config"]
    config["description"] = "restored"
    tool.run("stream", "rm", "ORDERS", "-f")
    other = dict(config, name="OTHER")
    eq(tool.error("stream", "restore", "kept", "--config", tool.write("o.json", json.dumps(other))),
       "stream names may not be changed during restore")
    tool.run("stream", "restore", "kept", "--config", tool.write("c.json", json.dumps(config)))
    info = tool.run("stream", "info", "ORDERS", "-j").json
    eq((info["state"]["messages"], info["config"]["description"]), (20, "restored"))
    message = tool.run("stream", "get", "ORDERS", "20", "--json").json
    eq(base64.b64decode(message["data"]), body)


@case(79, "snapshots", "deviation")
def a_backup_that_fails_leaves_nothing(ctx):
    """The original leaves half of a backup, over one that was whole."""
    tool = nats(ctx)
    js = filled(tool, count=0)
    for _ in range(10):
        js.publish("orders.x", os.urandom(100_000))
    tool.run("stream", "backup", "ORDERS", "old", "--no-progress")
    before = os.path.getmtime(tool.path("old", "stream.tar.s2"))
    for target in ("new", "old"):
        # No file may become larger than 64 blocks, which stands for a full disk.
        process = subprocess.run(
            ["sh", "-c", 'trap "" XFSZ; ulimit -f 64; exec "$0" stream backup ORDERS "$1" --no-progress', tool.binary, target],
            cwd=tool.home, env=tool.env, capture_output=True, timeout=60, check=False)
        eq(process.returncode, 1)
        eq(process.stderr.decode(), "nats: error: snapshot failed: write %s/stream.tar.s2: file too large\n" % target)
    check(not os.path.exists(tool.path("new")), "half a backup is there")
    eq(os.path.getmtime(tool.path("old", "stream.tar.s2")), before)
    eq([name for name in os.listdir(tool.home) if "backup-" in name], [])


def pretending(tool, args, answers):
    """A run against an API that a test plays: `answers` gives the reply to each request by its name."""
    client = tool.ctx.client(tool.server, headers=True, no_responders=True)
    client.sub("fake.>")
    client.send("PING\r\n")
    client.expect_pong()
    run = tool.start(*args, "--js-api-prefix", "fake")
    for name, answer in answers:
        frame = client.expect_msg(subject="fake." + name)
        if callable(answer):
            answer(client, frame)
        else:
            client.pub(frame.reply, json.dumps(answer))
    return run.wait(code=1).err


def stream_info(js, name):
    """An answer with the information about a stream that there is."""
    return js.ok("STREAM.INFO." + name)


@case(79)
def a_server_without_snapshots(ctx):
    tool = nats(ctx)
    info = stream_info(filled(tool), "ORDERS")
    missing = {"type": API + "stream_info_response", "error": {"code": 404, "err_code": 10059, "description": "stream not found"}}
    refused = {"error": {"code": 503, "err_code": 10076, "description": "JetStream not enabled"}}
    answer = lambda kind: dict(refused, type=API + kind)  # noqa: E731
    eq(pretending(tool, ("stream", "backup", "ORDERS", "kept"),
                  [("STREAM.INFO.ORDERS", info), ("STREAM.SNAPSHOT.ORDERS", answer("stream_snapshot_response"))]),
       "nats: error: snapshot failed: JetStream not enabled (10076)\n")
    os.mkdir(tool.path("old"))
    tool.write("old/backup.json", json.dumps({"config": info["config"], "state": info["state"]}))
    tool.write("old/stream.tar.s2", "x")
    err = pretending(tool, ("stream", "restore", "old", "--no-progress"),
                     [("STREAM.INFO.ORDERS", missing), ("STREAM.RESTORE.ORDERS", answer("stream_restore_response"))])
    eq(err.splitlines()[-1], "nats: error: restore failed: JetStream not enabled (10076)")


@case(79, "deviation")
def a_backup_that_the_server_breaks_off(ctx):
    """The original leaves what came until then."""
    tool = nats(ctx)
    info = stream_info(filled(tool), "ORDERS")
    snapshot = {"type": API + "stream_snapshot_response", "config": info["config"], "state": info["state"]}

    def half(client, frame):
        deliver = json.loads(frame.payload)["deliver_subject"]
        client.pub(frame.reply, json.dumps(snapshot))
        client.pub(deliver, b"some data")
        client.pub(deliver, b"", headers=b"NATS/1.0 500 disk on fire\r\n\r\n")
    eq(pretending(tool, ("stream", "backup", "ORDERS", "kept", "--no-progress"),
                  [("STREAM.INFO.ORDERS", info), ("STREAM.SNAPSHOT.ORDERS", half)]),
       "nats: error: snapshot failed: 500 disk on fire\n")
    eq([name for name in os.listdir(tool.home) if not name.startswith("run-")], [])


@case(79, "deviation")
def a_backup_that_is_interrupted_leaves_nothing(ctx):
    """The original leaves what came until then."""
    tool = nats(ctx)
    info = stream_info(filled(tool), "ORDERS")
    client = tool.ctx.client(tool.server, headers=True, no_responders=True)
    client.sub("fake.>")
    client.send("PING\r\n")
    client.expect_pong()
    run = tool.start("stream", "backup", "ORDERS", "kept", "--js-api-prefix", "fake")
    frame = client.expect_msg(subject="fake.STREAM.INFO.ORDERS")
    client.pub(frame.reply, json.dumps(info))
    frame = client.expect_msg(subject="fake.STREAM.SNAPSHOT.ORDERS")
    client.pub(frame.reply, json.dumps(info))
    client.pub(json.loads(frame.payload)["deliver_subject"], b"some data")
    wait_until(lambda: [name for name in os.listdir(tool.home) if ".ORDERS.backup-" in name], "a begun backup")
    run.interrupt()
    run.wait(code=130)
    eq([name for name in os.listdir(tool.home) if not name.startswith("run-")], [])


@case(79, "snapshots")
def a_damaged_backup_is_refused(ctx):
    tool = nats(ctx)
    filled(tool)
    tool.run("stream", "backup", "ORDERS", "kept", "--no-progress")
    tool.run("stream", "rm", "ORDERS", "-f")
    with open(tool.path("kept", "stream.tar.s2"), "r+b") as data:
        data.seek(30)
        data.write(b"\x00" * 40)
    err = tool.run("stream", "restore", "kept", "--no-progress", code=1).err
    matches(err, r"\nnats: error: restore failed: restore failed: .*\(10062\)\n$")


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
       'could not create Stream: context deadline exceeded: nats: Permissions Violation for Publish to "$JS.API.STREAM.CREATE.S"')
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
