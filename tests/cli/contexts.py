"""Contexts: items 21 to 35."""

import base64
import json
import os
import stat

from tool import *

KEYS = ["description", "url", "socks_proxy", "token", "user", "password", "creds", "nkey", "cert", "key", "ca", "nsc",
        "jetstream_domain", "jetstream_api_prefix", "jetstream_event_prefix", "inbox_prefix", "user_jwt", "user_seed",
        "color_scheme", "tls_first", "windows_cert_store", "windows_cert_match_by", "windows_cert_match",
        "windows_ca_certs_match"]


def context_file(tool, name):
    with open(tool.path("config/nats/context/%s.json" % name), encoding="utf-8") as source:
        return source.read()


@case(21)
def adding_writes_all_keys_in_order(ctx):
    tool = nats(ctx, server=False)
    out = tool.out("context", "add", "local", "--server", "localhost:4222", "--description", "my ctx")
    path = tool.path("config/nats/context/local.json")
    eq(out, 'NATS Configuration Context "local"\n\n  Description: my ctx\n  Server URLs: localhost:4222\n'
            "         Path: %s\n\n" % path)
    text = context_file(tool, "local")
    values = json.loads(text)
    eq(list(values), KEYS)
    eq(text, json.dumps(values, indent=2))
    eq((values["url"], values["tls_first"], values["windows_ca_certs_match"]), ("localhost:4222", False, None))
    eq(stat.S_IMODE(os.stat(path).st_mode), 0o600)
    eq(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode), 0o700)
    eq(os.listdir(os.path.dirname(path)), ["local.json"])


@case(22)
def selecting_remembers_the_one_before(ctx):
    tool = nats(ctx, server=False)
    for name in "ab":
        tool.run("context", "add", name)
    tool.run("context", "select", "a")
    tool.run("context", "select", "b")
    read = lambda name: open(tool.path("config/nats", name), encoding="utf-8").read()  # noqa: E731
    eq((read("context.txt"), read("previous-context.txt")), ("b", "a"))
    matches(tool.out("context", "previous"), 'Context "a"')
    matches(tool.out("context", "previous"), 'Context "b"')
    eq((read("context.txt"), read("previous-context.txt")), ("b", "a"))
    eq(tool.out("context", "unselect"), 'Unselected the "b" context\n')
    eq(tool.out("context", "unselect"), "No context currently selected\n")
    eq(read("previous-context.txt"), "b")
    eq(tool.error("context", "select", "c"), 'context not found: "c"')


@case(22)
def nothing_to_select(ctx):
    tool = nats(ctx, server=False)
    eq(tool.error("context", "select", "c"), "no context defined")
    eq(tool.error("context", "select"), "no context defined")
    eq(tool.error("context", "previous"), "no default context and no name supplied")
    eq(tool.error("context", "info"), "no default context and no name supplied")
    eq(tool.error("context", "info", "c"), 'context not found: "c"')
    eq(tool.error("context", "edit", "c"), 'unknown context "c"')


@case(22, "deviation")
def a_dash_is_the_one_before(ctx):
    """The original has this alias, but takes the word for an empty one."""
    tool = nats(ctx, server=False)
    for name in "ab":
        tool.run("context", "add", name)
        tool.run("context", "select", name)
    matches(tool.out("context", "-"), 'Context "a"')


@case(22)
def selecting_from_a_list(ctx):
    tool = nats(ctx, server=False)
    for name in ("alpha", "beta", "gamma"):
        tool.run("context", "add", name)
    terminal = tool.terminal("context", "select")
    terminal.answer("Select a Context", "bet")
    terminal.wait('Context "beta"')
    terminal.finish()
    eq(tool.out("context", "ls", "--names"), "alpha\nbeta\ngamma\n")
    matches(tool.out("context", "ls"), r"│ beta\* +│")
    matches(tool.error("context", "select"), "without a terminal")


@case(23)
def the_list_marks_the_selected_one(ctx):
    tool = nats(ctx, server=False)
    eq(tool.out("context", "ls"), "No known contexts\n")
    eq(tool.out("context", "ls", "--json"), "null\n")
    tool.run("context", "add", "local", "--description", "my ctx", "--select", "-s", "127.0.0.1:1")
    eq(tool.out("context", "ls"), """\
╭──────────────────────╮
│    Known Contexts    │
├────────┬─────────────┤
│ Name   │ Description │
├────────┼─────────────┤
│ local* │ my ctx      │
╰────────┴─────────────╯

""")
    eq(tool.out("context", "ls", "--names"), "local\n")
    listed = tool.run("context", "ls", "--json").json
    eq([list(entry) for entry in listed], [["name"] + KEYS])
    eq(tool.out("context", "ls", "--completion"), "local*:my ctx\n")
    tool.run("context", "add", "o:x", "--description", "a:b")
    eq(tool.out("context", "ls", "--completion"), "local*:my ctx\no\\:x:a:b\n")


@case(24)
def the_selected_one_is_not_removed(ctx):
    tool = nats(ctx, server=False)
    tool.run("context", "add", "a", "--select", "-s", "127.0.0.1:1")
    eq(tool.error("context", "rm", "a"),
       "cannot remove the selected context, select another one or use the unselect command")
    tool.run("context", "rm", "a", "-f")
    eq(tool.out("context", "ls", "--names"), "")


@case(25)
def removing_asks_first(ctx):
    tool = nats(ctx, server=False)
    tool.run("context", "add", "x")
    eq(tool.error("context", "rm", "x"), "could not obtain confirmation: cannot ask for confirmation without a terminal")
    for answer, left in (("n", "x\n"), ("y", "")):
        terminal = tool.terminal("context", "rm", "x")
        terminal.answer('Really delete context "x" (y/N)', answer)
        terminal.finish()
        eq(tool.out("context", "ls", "--names"), left)
    eq(tool.out("context", "rm", "x", "-f"), "")


@case(26)
def names_that_are_none(ctx):
    tool = nats(ctx, server=False)
    eq(tool.error("context", "add", "a/b"), 'invalid context name: "a/b" must not contain "/" or "\\"')
    for name in ("a..b", "../x"):
        eq(tool.error("context", "add", name), 'invalid context name: "%s" must not contain ".."' % name)
    eq(tool.error("context", "add", ""), "invalid context name: name is empty")


@case(27)
def one_kind_of_credentials(ctx):
    tool = nats(ctx, server=False)
    eq(tool.error("context", "add", "x", "--user", "u", "--password", "p", "--creds", "/c"),
       "too many types of credentials. Choose only one from 'user/token', 'creds', 'nkey', 'nsc'")
    check(not os.path.exists(tool.path("config/nats/context/x.json")), "it was saved")


@case(28)
def a_user_without_password_is_a_token(ctx):
    tool = nats(ctx, server=False)
    tool.run("context", "add", "tk", "--user", "mytoken")
    values = json.loads(context_file(tool, "tk"))
    eq((values["token"], values["user"]), ("mytoken", ""))


@case(29)
def info_as_json_has_the_name(ctx):
    tool = nats(ctx, server=False)
    tool.run("context", "add", "x", "--js-domain", "a>b")
    outcome = tool.run("context", "info", "x", "--json")
    eq(list(outcome.json), ["name"] + KEYS)
    check('"a\\u003eb"' in outcome.out, outcome.out)


@case(30)
def the_environment_is_pointed_out(ctx):
    tool = nats(ctx, server=False)
    tool.run("context", "add", "x")
    out = tool.out("context", "info", "x", env={"NATS_URL": "z:1", "NATS_TIMEOUT": "1s"})
    check(out.endswith("\n\nWARNING: Shell environment overrides in place using NATS_URL, NATS_TIMEOUT\n"), out)


@case(31)
def a_selection_that_is_gone(ctx):
    tool = nats(ctx, server=False)
    tool.run("context", "add", "gone", "--select", "-s", "127.0.0.1:1")
    os.remove(tool.path("config/nats/context/gone.json"))
    outcome = tool.run("rtt", code=1)
    eq(outcome.out, 'The selected context "gone" was not found, unselecting it\n\n')
    eq(outcome.err, "nats: error: context not found\n")
    check(not os.path.exists(tool.path("config/nats/context.txt")), "still selected")


@case(31, "deviation")
def an_unknown_context_leaves_the_selection_alone(ctx):
    """The original unselects the selected one; also where no context is needed, as for help and --version."""
    tool = nats(ctx, server=False)
    tool.run("context", "add", "kept", "--select", "-s", "127.0.0.1:1")
    matches(tool.error("rtt", "--context", "nope"), 'context not found.*nope')
    matches(tool.out("context", "ls"), r"kept\*")
    os.remove(tool.path("config/nats/context/kept.json"))
    for words in (("--version",), ("--help",), ("context", "ls"), ("errors", "lookup", "10059")):
        check("unselecting" not in tool.out(*words), words)
    eq(open(tool.path("config/nats/context.txt"), encoding="utf-8").read(), "kept")


@case(31)
def a_broken_context_file_is_left_out(ctx):
    tool = nats(ctx)
    tool.write("config/nats/context/bad.json", "{ no json")
    tool.write("config/nats/context.txt", "bad\n")
    tool.error("context", "info", "bad", "--no-context")
    # Selected, it is as good as gone.
    outcome = tool.run("rtt", code=1)
    eq(outcome.out, 'The selected context "bad" was not found, unselecting it\n\n')
    matches(outcome.err, "^nats: error: context not found")
    tool.run("context", "add", "good", env={"NATS_URL": None})
    outcome = tool.run("context", "ls", "--names")
    eq(outcome.out, "good\n")
    matches(outcome.err, r"^\d\d:\d\d:\d\d Could not load context bad: ")
    eq(tool.run("context", "ls", "--completion").err, "")
    # A context without a URL has the default one.
    tool.write("config/nats/context/good.json", "{}")
    outcome = tool.run("context", "validate", env={"NATS_URL": None})
    matches(outcome.out, r'^Could not load bad: [^\n]+\n\n\nNATS Configuration Context "good"\n\n'
                         r"  Server URLs: nats://127\.0\.0\.1:4222\n         Path: [^\n]+\n\n\n$")
    eq(tool.run("context", "ls", "--json").json[0]["url"], "nats://127.0.0.1:4222")
    tool.run("context", "add", "lost", "--creds", "/no/such/file")
    eq(tool.error("context", "validate"), "validation failed")


@case(32)
def adding_again_changes_what_is_given(ctx):
    tool = nats(ctx, server=False)
    tool.run("context", "add", "x", "--server", "a:1", "--tlsfirst")
    tool.run("context", "add", "x", "--description", "new")
    values = json.loads(context_file(tool, "x"))
    eq((values["url"], values["tls_first"], values["description"]), ("a:1", True, "new"))
    tool.run("context", "copy", "x", "y", "--server", "b:2")
    values = json.loads(context_file(tool, "y"))
    eq((values["url"], values["description"]), ("b:2", "new"))
    # An empty value changes nothing.
    tool.run("context", "add", "y", "--description", "", "--server", "")
    values = json.loads(context_file(tool, "y"))
    eq((values["url"], values["description"]), ("b:2", "new"))
    eq(tool.error("context", "copy", "x", "y"), 'context "y" already exist')
    eq(tool.error("context", "copy", "z", "w"), 'unknown context "z"')


@case(30)
def states_in_colours_at_a_terminal(ctx):
    tool = nats(ctx)
    tool.write("there", "x")
    red, green, cyan = ("\x1b[%sm%%s\x1b[0m" % code for code in (31, 32, 36))
    for value, state in (("there", green % "OK"), ("nope", red % "ERROR"), ("nsc://O/A/u", cyan % "nsc"),
                         ("op://v/i/f", cyan % "1Password"), ("env://NOPE", cyan % "runtime environment"), ("data:x", red % "ERROR")):
        tool.write("config/nats/context/c.json", json.dumps({"creds": value}))
        raw = at_terminal(tool, "context", "info", "c")
        check("Credentials: %s (%s)\r\n" % (value, state) in raw, raw)
        check("\x1b[91mWARNING\x1b[0m: Shell environment overrides" in raw, raw)
    check("\x1b[" not in at_terminal(tool, "context", "info", "c", env={"NO_COLOR": "1"}), "NO_COLOR")
    check("(ERROR)\n" in tool.out("context", "info", "c"), "colours in a pipe")
    tool.write("config/nats/context/c.json", json.dumps({"url": tool.server.address}))
    raw = at_terminal(tool, "context", "validate", "c", "--connect")
    check("Connection: %s\r\n" % (green % "OK") in raw, raw)
    tool.write("config/nats/context/c.json", json.dumps({"url": "nats://127.0.0.1:1"}))
    raw = at_terminal(tool, "context", "validate", "c", "--connect", code=1)
    check("Connection: %s\r\n" % (red % "nats: no servers available for connection") in raw, raw)
    raw = at_terminal(tool, "context", "validate", "other")
    matches(raw, "Could not load other: \x1b\\[31m[^\x1b]+\x1b\\[0m\r\n")


def at_terminal(tool, *args, **options):
    """What is written to a terminal, colours and all."""
    code = options.pop("code", 0)
    terminal = tool.terminal(*args, **options)
    terminal.finish(code)
    return terminal.raw


@case(33)
def the_password_is_not_shown(ctx):
    tool = nats(ctx, server=False)
    out = tool.out("context", "add", "x", "--user", "u", "--password", "secret")
    check("secret" not in out and "Password: ******\n" in out, out)
    # Bytes are counted, and what is no reference is taken for a file.
    out = tool.out("context", "add", "y", "--user", "u", "--password", "sécret")
    check("Password: *******\n" in out, out)
    out = tool.out("context", "add", "z", "--jwt", "abc", "--seed", "env://X")
    check("     User JWT: abc (ERROR)\n    User Seed: env://X (runtime environment)\n" in out, out)


@case(34)
def editing_needs_an_editor(ctx):
    tool = nats(ctx, server=False)
    tool.run("context", "add", "x", "--server", "a:1")
    eq(tool.error("context", "edit", "x"), "set EDITOR environment variable to your chosen editor")
    editor = "sed -i 's/^url: .*/url: \"b:2\"/'"
    matches(tool.out("context", "edit", "x", env={"EDITOR": editor}), "Server URLs: b:2")
    eq(json.loads(context_file(tool, "x"))["url"], "b:2")
    matches(tool.error("context", "edit", "x", env={"EDITOR": "sed -i 's/^url: .*/url: [/'"}), "yaml: ")
    eq(json.loads(context_file(tool, "x"))["url"], "b:2")
    eq(tool.error("context", "edit", "nope", env={"EDITOR": "true"}), 'unknown context "nope"')


@case(35)
def secrets_by_reference(ctx):
    key = KeyPair("U")
    tool = nats(ctx, config='authorization { users: [ { user: u, password: p }, { nkey: %s } ] }' % key.public)
    ok = lambda *flags, **env: matches(  # noqa: E731
        tool.out("rtt", *flags, env=env), tool.server.address + ": [0-9.]+(µs|ms)")
    seed = tool.write("seed.nk", key.seed + "\n")
    ok("--user", "u", "--password", "p")
    ok("--user", "u", "--password", "env://PW", PW="p")
    ok("--user", "u", "--password", "data:;base64," + base64.b64encode(b"p\n").decode())
    ok("--user", "u", "--password", "file://" + tool.write("pw", "p\n"))
    ok("--nkey", seed)
    ok("--nkey", "file://" + seed)
    ok("--nkey", "$WHERE/seed.nk", WHERE=tool.home)
    ok("--nkey", "data:;base64," + base64.b64encode(key.seed.encode()).decode())
    tool.write("bin/op", "#!/bin/sh\n[ \"$1 $2\" = 'read op://v/i/f' ] && echo p\n")
    os.chmod(tool.path("bin/op"), 0o755)
    ok("--user", "u", "--password", "op://v/i/f", PATH=tool.path("bin") + ":" + tool.env["PATH"])
    tool.run("context", "add", "emb", "--nkey", seed, "--embed")
    check(json.loads(context_file(tool, "emb"))["nkey"].startswith("data:;base64,"), "not embedded")
    os.remove(seed)
    ok("--context", "emb")
    eq(tool.error("pub", "a", "x", "--user", "u", "--password", "env://NOPE"),
       'configuration error: password: env: variable "NOPE" is not set')
    eq(tool.error("pub", "a", "x", "--creds", "op://x/y/z", env={"PATH": "/nowhere"}),
       'configuration error: creds: op read failed: exec: "op": executable file not found in $PATH')
    matches(tool.error("pub", "a", "x", "--nkey", "data:;base64,!"), "^configuration error: nkey: data: base64 decode failed: ")
    eq(tool.error("pub", "a", "x", "--creds", "/no/such/file"), "nats: open /no/such/file: no such file or directory")
    # What is not used is not asked for.
    tool.run("pub", "a", "x", "--user", "u", "--password", "p", "--creds", "op://x/y/z")


@case(35, "deviation")
def the_home_is_that_of_the_environment(ctx):
    """The original takes it from the database of users, where containers often have none."""
    key = KeyPair("U")
    tool = nats(ctx, config="authorization { users: [ { nkey: %s } ] }" % key.public)
    tool.write("seed.nk", key.seed + "\n")
    matches(tool.out("rtt", "--nkey", "~/seed.nk"), tool.server.address + ": [0-9.]+(µs|ms)")


@case(28, "deviation")
def a_token_is_saved(ctx):
    """The original forgets that of --token, and keeps that of --user."""
    tool = nats(ctx, server=False)
    tool.run("context", "add", "tk", "--token", "mytoken")
    eq(json.loads(context_file(tool, "tk"))["token"], "mytoken")


@case(12)
def no_server_and_a_wrong_password(ctx):
    tool = nats(ctx, config="authorization { users: [ { user: u, password: p } ] }")
    eq(tool.error("pub", "a", "b", "-s", "127.0.0.1:1"), "nats: no servers available for connection")
    eq(tool.error("pub", "a", "b", "--user", "u", "--password", "x"), "nats: Authorization Violation")


@case(13)
def a_context_file_with_keys_in_any_case(ctx):
    tool = nats(ctx)
    tool.run("context", "add", "c", "--server", "127.0.0.1:1")
    with open(tool.path("config/nats/context/c.json"), "w") as file:
        file.write('{"URL":"nats://%s","user":null,"Description":"mine","tls_first":null}' % tool.server.address)
    tool.run("pub", "a", "x", "--context", "c", env={"NATS_URL": None})
    eq(tool.run("context", "info", "c", "--json").json["description"], "mine")
