"""stream edit: item 70."""

import json
import os

from streams import spaces
from tool import *


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


@case(70)
def an_empty_subject_is_a_mistake(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    eq(tool.error("stream", "edit", "S", "--subjects", "", "--force"), "could not edit Stream S: invalid subject (10052)")
    for words in (("--subjects", ""), ("--subjects", "t", "--subjects", "")):
        eq(tool.error("stream", "add", "T", "--defaults", *words), "could not create Stream: invalid subject (10052)")


@case(70)
def keys_of_a_file_are_in_any_case(ctx):
    tool = nats(ctx)
    tool.write("s.json", '{"name":"S","subjects":["s"],"MAX_MSGS":5,"Description":"case","Consumer_Limits":{"MAX_ACK_PENDING":7}}')
    tool.run("stream", "add", "--config", "s.json")
    config = tool.run("stream", "info", "S", "--json").json["config"]
    eq([config["max_msgs"], config["description"], config["consumer_limits"]], [5, "case", {"max_ack_pending": 7}])
    tool.write("c.json", '{"Durable_Name":"C","ack_policy":"explicit","Max_Deliver":3,"deliver_policy":"all","replay_policy":"instant"}')
    tool.run("consumer", "add", "S", "--config", "c.json")
    eq(tool.run("consumer", "info", "S", "C", "--json").json["config"]["max_deliver"], 3)


@case(70)
def numbers_with_groups_of_digits(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults", "--max-msgs", "1_000")
    eq(tool.run("stream", "info", "S", "--json").json["config"]["max_msgs"], 1000)


@case(70)
def an_answer_that_is_none_is_asked_for_again(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    terminal = tool.terminal("stream", "edit", "S", "--max-msgs", "7")
    terminal.wait("Really edit Stream S")
    terminal.type("foo\r")
    terminal.wait(r'X Sorry, your reply was invalid: "foo" is not a valid answer, please try again\.\n\? Really edit Stream S')
    terminal.type("n\r")
    terminal.finish()
    eq(tool.run("stream", "info", "S", "--json").json["config"]["max_msgs"], -1)


@case(70)
def a_word_that_is_none_in_the_editor(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    tool.write("editor", "#!/bin/sh\nsed -i s/limits/limitz/ \"$1\"\n")
    os.chmod(tool.path("editor"), 0o755)
    terminal = tool.terminal("stream", "edit", "S", "-i", env={"EDITOR": tool.path("editor")})
    terminal.wait('could not create new configuration for Stream S: can not unmarshal "limitz"')
    terminal.finish(code=1)
