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
    matches(tool.out("context", "-"), 'Context "b"')
    eq((read("context.txt"), read("previous-context.txt")), ("b", "a"))
    eq(tool.out("context", "unselect"), 'Unselected the "b" context\n')
    eq(tool.out("context", "unselect"), "No context currently selected\n")
    eq(read("previous-context.txt"), "b")
    eq(tool.error("context", "select", "c"), 'context not found: "c"')


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
    eq(tool.error("context", "add", "a..b"), 'invalid context name: "a..b" must not contain ".."')
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


@case(31)
def an_unknown_context_leaves_the_selection_alone(ctx):
    # The original unselects the selected one here (cli.md 11.1).
    tool = nats(ctx, server=False)
    tool.run("context", "add", "kept", "--select", "-s", "127.0.0.1:1")
    matches(tool.error("rtt", "--context", "nope"), 'context not found.*nope')
    matches(tool.out("context", "ls"), r"kept\*")


@case(31)
def a_broken_context_file_is_left_out(ctx):
    tool = nats(ctx)
    tool.write("config/nats/context/bad.json", "{ no json")
    tool.write("config/nats/context.txt", "bad\n")
    matches(tool.out("rtt"), tool.server.address)
    for words in ((), ("--context", "bad")):
        matches(tool.run("rtt", *words).err, r'The context "bad" is ignored: .*bad\.json cannot be read')
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
    eq(tool.error("context", "copy", "x", "y"), 'context "y" already exist')
    eq(tool.error("context", "copy", "z", "w"), 'unknown context "z"')


@case(33)
def the_password_is_not_shown(ctx):
    tool = nats(ctx, server=False)
    out = tool.out("context", "add", "x", "--user", "u", "--password", "secret")
    check("secret" not in out and "Password: ******\n" in out, out)


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
    ok("--nkey", "~/seed.nk")
    ok("--nkey", "$WHERE/seed.nk", WHERE=tool.home)
    ok("--nkey", "data:;base64," + base64.b64encode(key.seed.encode()).decode())
    tool.write("bin/op", "#!/bin/sh\n[ \"$1 $2\" = 'read op://v/i/f' ] && echo p\n")
    os.chmod(tool.path("bin/op"), 0o755)
    ok("--user", "u", "--password", "op://v/i/f", PATH=tool.path("bin") + ":" + tool.env["PATH"])
    tool.run("context", "add", "emb", "--nkey", seed, "--embed")
    check(json.loads(context_file(tool, "emb"))["nkey"].startswith("data:;base64,"), "not embedded")
    os.remove(seed)
    ok("--context", "emb")
    eq(tool.error("rtt", "--user", "u", "--password", "env://NOPE"), 'password: env: variable "NOPE" is not set')


@case(12)
def no_server_and_a_wrong_password(ctx):
    tool = nats(ctx, config="authorization { users: [ { user: u, password: p } ] }")
    eq(tool.error("pub", "a", "b", "-s", "127.0.0.1:1"), "nats: no servers available for connection")
    eq(tool.error("pub", "a", "b", "--user", "u", "--password", "x"), "nats: Authorization Violation")
