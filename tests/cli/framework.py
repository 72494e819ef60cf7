"""Parsing, help, exit codes, output formats: items 1 to 20."""

import json
import os
import re

from tool import *

LIST = ", use --help for full help including flags and arguments"


@case(1)
def nothing_lists_the_commands(ctx):
    outcome = nats(ctx, server=False).run()
    matches(outcome.out, r"^usage: nats \[<flags>\] <command>.*\n  stream  +\S")
    eq(outcome.err, "")


@case(2)
def an_unknown_command_shows_the_usage(ctx):
    tool = nats(ctx, server=False)
    eq(tool.usage_error("bogus"), 'expected command but got "bogus"' + LIST)
    eq(tool.usage_error("stream", "bogus"), 'expected command but got "bogus"' + LIST)


@case(3)
def a_group_needs_a_command(ctx):
    eq(nats(ctx, server=False).usage_error("stream"), "a subcommand from the list below is required" + LIST)


@case(19)
def arguments_in_usages(ctx):
    """The first line has their names, lists have what stands for them."""
    tool = nats(ctx, server=False)
    for line in ("consumer pause [<flags>] [<stream>] [<consumer>] [<until>]", "server request gateways [<flags>] [<wait>] [<filter-name>]",
                 "server request kick <client> <server>", "auth operator import <token> [<key>...]"):
        words = re.findall(r"^[a-z ]+[a-z]", line)[0].split()
        eq(tool.out("help", *words).splitlines()[0], "usage: nats " + line)
    everything = tool.out("--help-long").splitlines()
    for line in ("consumer pause [<flags>] [<stream>] [<consumer>] [TIME]", "auth operator import JWT [FILE...]"):
        check(line in everything, line)


@case(4)
def a_missing_argument(ctx):
    eq(nats(ctx, server=False).usage_error("pub"), "required argument 'subject' not provided")


@case(5)
def a_surplus_argument(ctx):
    eq(nats(ctx, server=False).usage_error("pub", "a", "b", "c"), "unexpected argument c")


@case(6)
def unknown_flags(ctx):
    tool = nats(ctx, server=False)
    eq(tool.usage_error("pub", "--nope"), "unknown long flag '--nope'")
    eq(tool.usage_error("kv", "revert", "b", "k", "1", "-f"), "unknown short flag '-f'")


@case(7)
def a_flag_without_its_value_and_one_too_many(ctx):
    tool = nats(ctx, server=False)
    eq(tool.usage_error("pub", "a", "--count"), "expected argument for flag '--count'")
    eq(tool.usage_error("pub", "a", "--count", "1", "--count", "2"), "flag 'count' cannot be repeated")


@case(7)
def arguments_from_a_file(ctx):
    tool = nats(ctx, server=False)
    path = tool.write("args", "pub\na\nb\nc\n")
    eq(tool.usage_error("@" + path), "unexpected argument c")
    # Comments and empty lines do not count, and files may name files.
    tool.write("more", "# a comment\n\n  \n@%s\n" % path)
    eq(tool.usage_error("@" + tool.path("more")), "unexpected argument c")
    eq(tool.error("@"), "expected @ file to expand arguments from")
    eq(tool.error("@/no/such/file"),
       'failed to open arguments file "/no/such/file": open /no/such/file: no such file or directory')


@case(7)
def a_word_with_a_dash_is_no_value(ctx):
    tool = nats(ctx, server=False)
    eq(tool.usage_error("pub", "a", "x", "--count", "-1"), "expected argument for flag '--count'")
    eq(tool.usage_error("counter", "increment", "c.a", "-2"), "unknown short flag '-2'")
    eq(tool.error("rtt", "--timeout=-1x"), "invalid duration: invalid unit x")
    eq(tool.error("sub", "a", "--count=-1"), 'strconv.ParseUint: parsing "-1": invalid syntax')
    eq(tool.error("sub", "a", "--count=1e3"), 'strconv.ParseUint: parsing "1e3": invalid syntax')
    eq(tool.error("pub", "a", "--count", "x"), 'strconv.ParseFloat: parsing "x": invalid syntax')


@case(8)
def missing_flags(ctx):
    tool = nats(ctx, server=False)
    eq(tool.usage_error("server", "check", "stream"), "required flag --stream not provided")
    # The original names them in any order.
    found = tool.usage_error("server", "check", "consumer")
    check(found in ("required flags --stream, --consumer not provided", "required flags --consumer, --stream not provided"), found)


@case(9)
def a_bad_enumeration_value(ctx):
    outcome = nats(ctx, server=False).run("stream", "add", "--retention", "bogus", code=1)
    eq(outcome.err, "nats: error: enum value must be one of limits,interest,workq,work, got 'bogus'\n")
    eq(outcome.out, "")


@case(10)
def bad_durations(ctx):
    tool = nats(ctx, server=False)
    eq(tool.error("rtt", "--timeout", "5"), "invalid duration")
    eq(tool.error("rtt", "--timeout", "1x"), "invalid duration: invalid unit x")


@case(11)
def a_file_that_is_not_there(ctx):
    tool = nats(ctx, server=False)
    eq(tool.error("rtt", "--tlsca", "/no/such/file"), "path '/no/such/file' does not exist")
    eq(tool.error("rtt", "--tlsca", "/"), "'/' is a directory")
    eq(tool.error("rtt", "--tlsca", tool.home), "'%s' is a directory" % os.path.basename(tool.home))


@case(13)
def flag_before_environment_before_context(ctx):
    tool = nats(ctx)
    address = tool.server.address
    tool.run("context", "add", "c", "--server", "127.0.0.1:1", "--select", env={"NATS_URL": None})
    matches(tool.out("rtt", env={"NATS_URL": address}), address)
    matches(tool.out("rtt", "-s", address, env={"NATS_URL": "127.0.0.1:2"}), address)
    outcome = tool.run("rtt", env={"NATS_URL": None})
    matches(outcome.out, "nats://127.0.0.1:1: failed")
    matches(tool.run("rtt", "--no-context", env={"NATS_URL": None}).out, r"^nats://127\.0\.0\.1:4222:")


@case(14)
def a_context_by_environment_flag_and_file(ctx):
    tool = nats(ctx)
    env = {"NATS_URL": None}
    tool.run("context", "add", "good", "--server", tool.server.address, env=env)
    tool.run("context", "add", "bad", "--server", "127.0.0.1:1", env=env)
    matches(tool.out("rtt", env=dict(env, NATS_CONTEXT="good")), tool.server.address + ": [0-9.]+(µs|ms)")
    matches(tool.out("rtt", "--context", "good", env=dict(env, NATS_CONTEXT="bad")), tool.server.address)
    path = tool.path("config/nats/context/good.json")
    matches(tool.out("rtt", "--context", path, env=env), tool.server.address)


@case(15)
def logs_have_times_and_go_to_stderr(ctx):
    outcome = nats(ctx, server=False).run("rtt", "-s", "127.0.0.1:1")
    eq(outcome.out, "nats://127.0.0.1:1:\n\n   nats://127.0.0.1:1: failed\n\n")
    matches(outcome.err, r"^\d\d:\d\d:\d\d Failed to compute rtt for nats://127\.0\.0\.1:1: nats: no servers available for connection\n$")


@case(16)
def tables_in_other_formats(ctx):
    tool = nats(ctx, server=False)
    tool.run("context", "add", "a", "--description", "x, y")
    eq(tool.out("context", "ls", env={"NATS_TABLE_FORMAT": "csv"}),
       'Known Contexts\nName,Description\na,"x, y"\n\n')
    eq(tool.out("context", "ls", env={"NATS_TABLE_FORMAT": "tsv"}), "Known Contexts\nName\tDescription\na\tx, y\n\n")
    eq(tool.out("context", "ls", env={"LLMFORMAT": "1"}),
       "# Known Contexts\n| Name | Description |\n| --- | --- |\n| a | x, y |\n\n")


@case(16)
def columns_in_other_formats(ctx):
    tool = nats(ctx, server=False)
    tool.run("context", "add", "a", "--description", "x", "--server", "s:1")
    path = tool.path("config/nats/context/a.json")
    eq(json.loads(tool.out("context", "info", "a", env={"TESTING": "true"})),
       {"Header": 'NATS Configuration Context "a"', "Description": "x", "Server URLs": "s:1", "Path": path})
    eq(tool.out("context", "info", "a", env={"LLMFORMAT": "1"}),
       '# NATS Configuration Context "a"\n\n- **Description:** x\n- **Server URLs:** s:1\n- **Path:** %s\n\n' % path)


@case(16)
def help_in_markdown(ctx):
    tool = nats(ctx, server=False)
    env = {"LLMFORMAT": "1"}
    flags = "\n| Flag | Description | Type | Default | Required | Env Var |\n|------|-------------|------|---------|----------|---------|\n"
    own = r"\| `--subject` \| \S[^|]* \| `string` \|  \| No \|  \|\n\| `--names`, `-n` \| \S[^|]* \| `bool` \|  \| No \|  \|\n"
    text = tool.out("stream", "ls", "--help", env=env)
    matches(text, r"^# nats stream ls\n\S[^\n]*\n\*\*Tags:\*\* scope:user, impact:ro\n\*\*Aliases:\*\* list, l\n## Usage\n\n"
                  r"```\nnats stream ls \[<flags>\]\n\n```\n## Flags\n" + re.escape(flags) + own + r"\| `--json`, `-j` [^\n]*\n\n## Global Flags\n"
                  + re.escape(flags) + r"\| `--help`, `-h` .*\n\| `--server`, `-s` \| \S[^|]* \| `string` \|  \| No \| `NATS_URL` \|\n.*"
                  r"\n\| `--\[no-\]tlsfirst` .*\n\| `--timeout` \| \S[^|]* \| `duration` \| `5s` \| No \| `NATS_TIMEOUT` \|\n.*"
                  r" \| `enum\(blue\\\|cyan\\\|.*\n\| `--all`, `-a` [^\n]*\n\n## Additional Information\n\n")
    eq(tool.out("help", "stream", "ls", env=env), text)
    eq(tool.out("stream", "ls", "--help-llm"), text)
    matches(tool.out("stream", "--help", env=env), r"\n## Subcommands\n\n\| Command \| Description \| Tags \|\n\|---------\|-------------\|------\|\n"
                                                   r"\| `stream add` \| [^|]+ \| scope:user, impact:rw \|\n.*\n\n## Global Flags\n")
    matches(tool.out("kv", "put", "--help-llm"), r"\n```\n## Arguments\n\n\| Argument \| Description \| Type \| Default \| Required \|\n"
                                                 r"\|----------\|-------------\|------\|---------\|----------\|\n"
                                                 r"\| `bucket` \| [^|]+ \| `string` \|  \| Yes \|\n.*\| `value` \| [^|]+ \| `string` \|  \| No \|\n\n## ")
    # Of a group some of whose commands have no tags, and of one without any.
    every = tool.out("--help-llm")
    matches(every, r"^# nats\nNATS .*\n## Usage\n\n```\nnats \[<flags>\] <command> \[<args> \.\.\.\]\n\n```\n## Commands\n\n"
                   r"\| Command \| Description \| Tags \|\n\|---------\|-------------\|------\|\n\| `account` \| [^|]+ \|\n.*"
                   r"\| `publish` \| [^|]+ \| scope:user, impact:rw \|\n.*\n\n## Additional Information\n\n")
    check("Global Flags" not in every, every)
    matches(tool.out("schema", "--help-llm"), r"\n\| Command \| Description \|\n\|---------\|-------------\|\n\| `schema search` \| [^|]+ \|\n")
    eq(tool.out("--help", env=env), every)
    check(tool.out("stream", "ls", "--help", env={"LLMFORMAT": "0"}).startswith("usage: "), "Markdown unasked")


@case(85)
def validation_can_be_off(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    tool.write("bad.json", '{"ack_policy":"all","durable_name":"X","num_replicas":9}')
    add = ("consumer", "add", "S", "--config", "bad.json", "--validate")
    matches(tool.error(*add), "^Validation Failed: /?num_replicas: ")
    # An empty variable is none.
    matches(tool.error(*add, env={"NOVALIDATE": ""}), "^Validation Failed: /?num_replicas: ")
    eq(tool.out(*add, env={"NOVALIDATE": "1"}), "\n\nConfiguration is a valid Consumer\n")


@case(16)
def colours_only_at_a_terminal(ctx):
    tool = nats(ctx, server=False)
    tool.run("context", "add", "a")
    check("\x1b[" not in tool.out("context", "ls", "--colors", "red"), "colours in a pipe")
    terminal = tool.terminal("context", "ls", "--colors", "red")
    terminal.finish()
    check("\x1b[31m╭" in terminal.raw, terminal.raw)
    terminal = tool.terminal("context", "ls", "--colors", "red", env={"NO_COLOR": "1"})
    terminal.finish()
    check("\x1b[31m" not in terminal.raw, terminal.raw)


@case(16)
def titles_of_tables_that_are_cut(ctx):
    tool = nats(ctx, server=False)
    tool.run("context", "add", "first", "--description", "text")
    wide = """\
╭────────────────────────────╮
│         NATS Errors        │
├───────────┬─────────────── ≈
│ NATS Code │ HTTP Error Cod ≈
├───────────┼─────────────── ≈
│     10010 │             50 ≈
╰───────────┴─────────────── ≈"""
    eq(tool.terminal("errors", "ls", "10010", columns=30).finish(), wide)
    narrow = """\
╭──────────╮
│ Known Co │
│  ntexts  │
├───────┬─ ≈
│ Name  │  ≈
├───────┼─ ≈
│ first │  ≈
╰───────┴─ ≈"""
    eq(tool.terminal("context", "ls", columns=12).finish(), narrow)


@case(80)
def a_title_wider_than_its_table(ctx):
    tool = nats(ctx)
    name = "A_stream_with_a_name_wider_than_its_table"
    tool.run("stream", "add", name, "--subjects", "s", "--defaults")
    tool.run("pub", "s", "x", "--count", "3", "--jetstream", "--quiet")
    tool.run("stream", "rmm", name, "2", "-f")
    title = """\
╭──────────────────────────────╮
│ 1 gap found in Stream A_stre │
│ am_with_a_name_wider_than_it │
│            s_table           │
├───────────────┬──────────────┤
"""
    check(title in tool.out("stream", "gaps", name, "-f"), "title")


@case(16, "deviation")
def double_lines_in_a_pipe(ctx):
    """The original draws them at a terminal only; they are no colour, and asked for."""
    tool = nats(ctx, server=False)
    tool.run("context", "add", "a")
    check("╔═" in tool.out("context", "ls", "--colors", "double"), "no double lines")


@case(17)
def shell_completion(ctx):
    tool = nats(ctx, server=False)
    script = tool.out("--completion-script-bash")
    check("_nats_bash_autocomplete" in script and "--completion-bash" in script, script)
    check("stream" in tool.out("--completion-bash", "").split(), "no commands offered")
    check("--names" in tool.out("--completion-bash", "stream", "ls", "--").split(), "no flags offered")
    eq(tool.out("--completion-bash", "pub", "--send-on", "").split(), ["newline", "eof"])
    script = tool.out("--completion-script-zsh")
    check(script.startswith("#compdef nats\n") and "--completion-zsh-menu" in script, script)
    menu = tool.out("--completion-zsh-menu", "stream")
    check(menu.startswith("D\t1\n") and "\nC\tls\t" in menu and "\nF\tall\ta\t_\tfalse\t" in menu, menu)
    menu = tool.out("publish", "--completion-zsh-menu")
    for pattern in (r"^D\t1\n", r"\nF\theader\tH\tK:V\tfalse\t[^\t]*\t\n", r"\nF\tsend-on\t_\teof\tfalse\t[^\t]*\tnewline,eof\n",
                    r"\nF\ttemplates\t_\t_\ttrue\t", r"\nF\tserver\ts\tURL\tfalse\t",
                    r"\nA\tsubject\trequired\t[^\t]+\nA\tbody\toptional\t[^\t]+\n$"):
        matches(menu, pattern)
    check('\tqueue\tq\t"NATS-RPLY-22"\t' in tool.out("reply", "--completion-zsh-menu"), "no default")


@case(17, "deviation")
def words_are_completed_before_they_are_whole(ctx):
    """The original takes the word being typed for a command: `nats st` would become `nats state`."""
    tool = nats(ctx, server=False)
    check("stream" in tool.out("--completion-bash", "st").split(), "no command")
    check("--no-templates" in tool.out("--completion-bash", "pub", "--").split(), "no opposite")
    check("--all" in tool.out("--completion-bash", "stream", "ls", "--").split(), "no flag of the group")
    check("complete -c nats" in tool.out("--completion-script-fish"), "fish")


@case(17)
def bash_completes(ctx):
    tool = nats(ctx, server=False)
    os.symlink(tool.binary, tool.path("nats"))
    script = tool.write("complete.sh", tool.out("--completion-script-bash") + """
COMP_WORDS=(nats kv re); COMP_CWORD=2
_nats_bash_autocomplete
echo "${COMPREPLY[@]}"
""")
    code, text = run_binary("/bin/bash", script, env=dict(tool.env, PATH=tool.home + ":" + tool.env["PATH"]))
    eq((code, text), (0, "revert\n"))


@case(18)
def the_version(ctx):
    outcome = nats(ctx, server=False).run("--version")
    matches(outcome.out, r"^v0\.4\.\d+\S*\n$")


@case(19)
def help_for_a_command(ctx):
    tool = nats(ctx, server=False)
    short = (r"^usage: nats stream ls \[<flags>\]\n\n[^\n]+\n\nFlags:\n      --subject=SUBJECT  [^\n]+\n  -n, --names            [^\n]+\n"
             r"  -j, --json             [^\n]+\n\nCommand Aliases: list, l\n\n")
    hint = "Pass --help to see global flags applicable to this command.\n"
    for words in (("stream", "ls", "--help"), ("stream", "ls", "-h")):
        matches(tool.out(*words), short + r"Global Flags:\n  -h, --help                    [^\n]+\n      --version                 [^\n]+\n"
                                  r"  -s, --server=URL  .*\(\$NATS_URL\)\n.*\n  -a, --all                     [^\n]+\n.*\n\n$")
    for text in (tool.out("help", "stream", "ls"), tool.run("stream", "ls", "--nope", code=1).out):
        matches(text, short + re.escape(hint) + "$")
    eq(tool.error("help", "bogus"), 'expected command but got "bogus"')
    # Groups name their commands in full; without aliases an empty line is left.
    matches(tool.out("help", "kv"), r"\nSubcommands:\n  kv add  +\S[^\n]*\n.*\n  kv compact  +\S[^\n]*\n\n\n" + re.escape(hint) + "$")
    matches(tool.out("help", "rtt"), r"\nArgs:\n  \[<iterations>\]  [^\n]+\n\nFlags:\n  -j, --json  [^\n]+\n\n\n" + re.escape(hint) + "$")
    # Without letters nothing is indented, long names have a line of their own, texts are quoted.
    matches(tool.out("help", "latency"), r"\nFlags:\n  --server-b=SERVER-B  [^\n]+\n  --size=8  ")
    matches(tool.out("help", "sub"), r"\n  -I, --ignore-subject=SUBJECT ...  \n {33}\S")
    matches(tool.out("help", "reply"), r'\n  -q, --queue="NATS-RPLY-22"  ')


@case(19)
def help_and_other_mistakes(ctx):
    tool = nats(ctx, server=False)
    # Help wins over values, but not over words.
    check(tool.out("pub", "--help", "--count=x").startswith("usage: nats publish "), "no help")
    eq(tool.usage_error("pub", "--help", "--nope"), "unknown long flag '--nope'")
    eq(tool.usage_error("pub", "a", "b", "c", "--help"), "unexpected argument c")
    eq(tool.usage_error("pub", "--count=1", "--count=2", "--nope"), "unknown long flag '--nope'")
    matches(tool.out("--version", "bogus"), r"^v0\.4\.\d")


@case(19)
def the_model_as_json_and_as_pages(ctx):
    tool = nats(ctx, server=False)
    model = tool.run("--fisk-introspect").json
    stream = next(command for command in model["commands"] if command["name"] == "stream")
    ls = next(command for command in stream["commands"] if command["name"] == "ls")
    names = next(flag for flag in ls["flags"] if flag["name"] == "names")
    eq({key: value for key, value in names.items() if key != "help"},
       {"name": "names", "short": ord("n"), "boolean": True, "cumulative": False})
    # What is empty or off is left out.
    eq(sorted(ls), ["aliases", "flags", "help", "name", "tags"])
    eq((ls["aliases"], ls["tags"]), (["list", "l"], ["scope:user", "impact:ro"]))
    eq([key for key in model if key != "author"],
       ["name", "help", "version", "cheats", "cheat_tags", "llm_extra_info", "commands", "flags"])
    eq(model["cheat_tags"], ["nats"])
    eq([command["name"] for command in model["commands"] if command.get("hidden")], ["plugins", "traffic"])
    check("bench" in model["cheats"] and "help" not in [command["name"] for command in model["commands"]], model["cheats"].keys())
    publish = next(command for command in model["commands"] if command["name"] == "publish")
    without_help = lambda entries: [{key: value for key, value in entry.items() if key != "help"} for entry in entries]  # noqa: E731
    eq(without_help(publish["args"]), [{"name": "subject", "required": True, "cumulative": False}, {"name": "body", "cumulative": False}])
    flags = {flag["name"]: flag for flag in without_help(publish["flags"])}
    eq(flags["header"], {"name": "header", "short": ord("H"), "place_holder": "K:V", "boolean": False, "cumulative": True})
    eq(flags["send-on"], {"name": "send-on", "default": ["eof"], "boolean": False, "cumulative": False, "completions": ["newline", "eof"]})
    eq(flags["templates"], {"name": "templates", "default": ["true"], "boolean": True, "negatable": True, "cumulative": False})
    other = next(flag for flag in model["flags"] if flag["name"] == "tls-first")
    eq(without_help([other]), [{"name": "tls-first", "hidden": True, "boolean": True, "negatable": True, "cumulative": False}])
    check(tool.out("--help-man").startswith(".TH nats 1"), "man page")
    check("stream ls [<flags>]" in tool.out("--help-long"), "long help")


@case(19)
def long_help_has_all_commands_and_their_flags(ctx):
    tool = nats(ctx, server=False)
    out = tool.out("--help-long")
    matches(out, r"^usage: nats \[<flags>\] <command> \[<args> \.\.\.\]\n\n.*\n\nFlags:\n  -h, --help  .*\n\nCommands:\n"
                 r"help \[<command>\.\.\.\]\n    \S[^\n]*\n\n\naccount info\n    \S[^\n]*\n\n\n"
                 r"account report connections \[<flags>\]\n    \S[^\n]*\n\n        --sort=subs  ")
    matches(out, r"\n    -R, --reverse  [^\n]*\n        --state=open  ")
    # Flags stand four blanks in where none of them has a letter; words for values stand without brackets.
    matches(out, r"\n\nserver check stream \[<flags>\]\n    \S.*\n\n    --stream=STREAM  ")
    matches(out, r"\n\nauth operator import JWT \[FILE\.\.\.\]\n")


@case(19)
def a_pipe_that_closes_is_no_crash(ctx):
    tool = nats(ctx, server=False)
    code, text = run_binary("/bin/bash", "-c", "set -o pipefail; %s --help-long | head -n 1" % tool.binary, env=tool.env)
    check(text.startswith("usage: nats") and "panicked" not in text, "%s %r" % (code, text))


@case(19, "deviation")
def output_that_cannot_be_written_is_a_failure(ctx):
    """The original loses it, and says that all is well."""
    tool = nats(ctx, server=False)
    for words in ("--version", "--help", "--help-man"):
        code, text = run_binary("/bin/bash", "-c", "%s %s > /dev/full" % (tool.binary, words), env=tool.env)
        eq(code, 1)
        matches(text, r"^nats: error: could not write the output: No space left on device")
    code, text = run_binary("/bin/bash", "-c", "%s bogus 2> /dev/full" % tool.binary, env=tool.env)
    check(code == 1 and text.startswith("usage: nats"), "%s %r" % (code, text))


@case(6, "deviation")
def a_word_that_is_no_text(ctx):
    """The original sends it where it is a body, and replaces it where it is a part of JSON."""
    tool = nats(ctx, server=False)
    code, text = run_binary("/bin/bash", "-c", tool.binary + r" pub $'a\xff'", env=tool.env)
    eq(code, 1)
    matches(text, r'^nats: error: "a\\xFF" is not valid UTF-8')


@case(17, "deviation")
def completion_of_other_shells(ctx):
    """The original has none."""
    tool = nats(ctx, server=False)
    for shell in ("elvish", "powershell"):
        check("nats;stream;ls" in tool.out("--completion-script-" + shell), shell)
