"""Rows of docs/CLI.md about differences from the original that no test of a command looks at: secrets first, then what
could be lost or taken for a success."""

import json
import os
import re

from tool import *
from tool.trust import claims_of, make_operator

SEED = r"\bS[OAUX][A-Z2-7]{56}\b"


@case(13, "deviation")
def passwords_of_urls_are_not_shown(ctx):
    """The original shows the whole URL in `rtt` and `account info`, and the user in traces."""
    tool = nats(ctx, config="jetstream { store_dir: js }\nauthorization { users: [ { user: visible, password: secret-word } ] }")
    url = "nats://visible:secret-word@" + tool.server.address.split("://")[-1]
    for command in ("rtt",), ("rtt", "--json"), ("account", "info"), ("stream", "ls"), ("server", "check", "connection"), ("pub", "a", "b"):
        outcome = tool.run(*command, "--trace", "-s", url)
        text = outcome.out + outcome.err
        check("secret-word" not in text and "visible:" not in text, text)
    wrong = url.replace("secret-word", "other-word")
    for command in ("rtt",), ("pub", "a", "b"), ("stream", "ls"), ("account", "info"):
        outcome = tool.run(*command, "--trace", "-s", wrong, code=None)
        check("other-word" not in outcome.out + outcome.err, outcome.out + outcome.err)


@case(134, "deviation")
def seeds_stay_out_of_errors(ctx):
    """The original shows a seed that is not one of the operator's, and takes no token with lines around it."""
    tool, other = nats(ctx, server=False), nats(ctx, server=False)
    make_operator(tool)
    path = tool.path("data", "nats", "nsc", "stores", "OP", "OP.jwt")
    claims = claims_of(tool, "operator", "info")
    keys = [tool.path("data", "nats", "nsc", "keys", "keys", "O", public[1:3], public + ".nk")
            for public in [claims["sub"], *claims["nats"]["signing_keys"]]]
    stranger = tool.out("auth", "nkey", "gen", "operator").strip()
    error = other.error("auth", "operator", "import", path, *keys, tool.write("stranger.nk", stranger))
    check(not re.search(SEED, error), error)
    user = tool.out("auth", "nkey", "gen", "user").strip()
    error = other.error("auth", "operator", "import", path, tool.write("user.nk", user))
    check(not re.search(SEED, error), error)
    with open(path, encoding="utf-8") as file:
        token = file.read().strip()
    around = tool.write("around.jwt", "-----BEGIN NATS OPERATOR JWT-----\n%s\n------END NATS OPERATOR JWT------\n" % token)
    matches(other.out("auth", "operator", "import", around, *keys), r"^Operator OP \(%s\)" % claims["sub"])


@case(42, "deviation")
def whoever_answers_has_stored_nothing(ctx):
    """The original takes any answer with a JSON object for that of a stream: a publish that nobody stored succeeds."""
    tool = nats(ctx)
    for answer in ("{}", "null", '{"stream":"","seq":0}', '{"ok":true}'):
        reply = tool.start("reply", "a", answer)
        reply.wait_err("Listening")
        outcome = tool.run("pub", "a", "b", "-J", code=1)
        check("Stored in" not in outcome.err, outcome.err)
        reply.kill()


@case(84, "deviation", "mirrors")
def a_graph_that_cannot_be_written_is_told(ctx):
    """The original is silent."""
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    tool.run("stream", "add", "M", "--mirror", "S", "--defaults")
    tool.write("file", "")
    outcome = tool.run("stream", "report", "--dot", "file/graph.dot", code=1)
    matches(outcome.err, r"^nats: error: .*file.*: (not a directory|file exists)\n$")


@case(60, "deviation")
def nobody_listens_on_what_is_no_subject(ctx):
    """The original waits for ever."""
    tool = nats(ctx)
    for subject in "a b", "a..b":
        eq(tool.error("reply", subject, "x"), "nats: invalid subject")


@case(98, "deviation")
def a_list_of_values_is_one_request(ctx):
    """The original asks for each key again."""
    tool = nats(ctx)
    tool.run("kv", "add", "B")
    for key in range(5):
        tool.run("kv", "put", "B", "k%d" % key, "v")
    # Messages of the API: names of the keys and their values come with those of one consumer.
    before = jetstream_requests(tool)
    out = tool.out("kv", "ls", "B", "-v", "--display-value")
    eq(out.count("│ v     │"), 5)
    few = jetstream_requests(tool) - before
    for key in range(5, 40):
        tool.run("kv", "put", "B", "k%d" % key, "v")
    before = jetstream_requests(tool)
    eq(tool.out("kv", "ls", "B", "-v", "--display-value").count("│ v     │"), 40)
    eq(jetstream_requests(tool) - before, few)


def jetstream_requests(tool):
    """Messages that clients have sent so far."""
    return tool.server.varz()["in_msgs"]


@case(141, "deviation", "services")
def a_snapshot_needs_no_terminal(ctx):
    """The original crashes without a terminal, and takes `-` for no file."""
    tool = nats(ctx)
    name = tool.server.varz()["server_name"]
    eq(tool.error("top", name, *SYSTEM), "top needs a terminal: use --output FILE for a snapshot")
    matches(tool.out("top", name, "-o", "-", *SYSTEM), r"\S")
    check(not os.path.exists(tool.path("-")), "a file with this name")


@case(140, "deviation")
def documents_from_a_pipe_are_validated(ctx):
    """The original reads files only."""
    tool = nats(ctx, server=False)
    outcome = tool.run("schema", "validate", "io.nats.jetstream.api.v1.stream_purge_response", "-", "--json",
                       stdin=json.dumps({"type": "io.nats.jetstream.api.v1.stream_purge_response", "success": 1, "purged": 1}))
    check("success" in outcome.out, outcome.out)


@case(136, "deviation")
def limits_of_the_api_are_events(ctx):
    """The original has no line for them."""
    tool = nats(ctx)
    events = tool.start("events", "--short", "--js-advisory")
    events.wait_out("Listening for Advisories")
    tool.run("pub", "$JS.EVENT.ADVISORY.API.LIMIT_REACHED",
             json.dumps({"type": "io.nats.jetstream.advisory.v1.api_limit_reached", "id": "x", "timestamp": "2026-01-02T03:04:05Z",
                         "server": "n", "dropped": 7}))
    events.wait_out(r"\[JS API Limit\] n discarded 7 messages")


@case(142, "deviation", "services")
def an_archive_that_cannot_be_written_is_told(ctx):
    """The original is silent about files of the archive that it cannot write."""
    tool = nats(ctx)
    # An archive of 1 KiB at most.
    line = "trap '' XFSZ; ulimit -f 1; exec %s audit gather --no-progress -o a.zip %s" % (tool.binary, " ".join(SYSTEM))
    code, text = run_binary("/bin/bash", "-c", line, env=tool.env, cwd=tool.home)
    eq(code, 1)
    # Nothing else: no library has a word, too.
    matches(text, r"^nats: error: the archive cannot be written: file too large\n$")
    eq([name for name in os.listdir(tool.home) if name.endswith(".zip")], [])


@case(40, "deviation")
def headers_of_any_name_are_sent(ctx):
    """The original leaves those out whose names have other letters than HTTP allows, and says nothing."""
    tool = nats(ctx)
    sub = tool.start("sub", "a", "--count", "1")
    sub.wait_err("Subscribing on a")
    tool.run("pub", "a", "b", "-H", "a b:1", "-H", "c:2")
    eq(sub.wait().out, '[#1] Received on "a"\na b: 1\nc: 2\n\nb\n\n\n')


@case(139, "deviation")
def data_of_errors_and_schemas_is_the_servers(ctx):
    """The original has those of an older server, and a schema for messages that it does not know."""
    tool = nats(ctx, server=False)
    known = tool.out("errors", "ls")
    for code, name in (10124, "JSStreamMoveInProgressErr"), (10129, "JSStreamReconfigureNotInProgressErr"):
        matches(known, r"(?m)^│ +%d │ +400 │ .* │ %s +│$" % (code, name))
    schemas = tool.out("schema", "ls").split()
    check("io.nats.jetstream.advisory.v1.api_limit_reached" in schemas, "an advisory of servers is missing")
    check("io.nats.unknown_message" not in schemas, "nobody sends that")


@case(70, "deviation")
def what_happens_to_the_stream_of_a_bucket_is_told_first(ctx):
    """The original says more before the same question."""
    tool = nats(ctx)
    tool.run("kv", "add", "B")
    for args in ("purge", "KV_B"), ("edit", "KV_B", "--description", "x"), ("rmm", "KV_B", "1"):
        terminal = tool.terminal("stream", *args, "-f")
        terminal.wait(r"WARNING: Operating on the underlying stream of a Key-Value bucket is dangerous\.\r?\n\r?\n"
                      r"A bucket needs its stream to be as `nats kv` made it\.")
        terminal.answer("Really operate on the KV stream?", "n")
        matches(terminal.finish(code=1), "nats: error: aborting Key-Value store operation")
