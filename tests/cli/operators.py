"""auth operator, exports and imports of accounts: item 134, with servers that trust what the tool made."""

import base64
import json
import os
import re
import stat

from tool import *

SEED = r"\bS[OAUX][A-Z2-7]{56}\b"


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def stored(tool):
    """All files of the store, by their path in it."""
    root = tool.path("data", "nats", "nsc")
    found = {}
    for where, _, names in os.walk(root):
        for name in names:
            path = os.path.join(where, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, root)] = file.read()
    return found


@case(134)
def an_operator_is_backed_up_and_restored(ctx):
    tool, other = nats(ctx, server=False), nats(ctx, server=False)
    make_operator(tool)
    tool.run("auth", "account", "keys", "add", "A", "reader", "--sub-allow", "s.>")
    tool.run("auth", "user", "add", "r", "A", "--key", "reader", "--defaults")
    out = tool.out("auth", "operator", "backup", "OP", "op.json")
    eq(out, "Wrote backup for OP to op.json\n\nWARNING: The output file is unencrypted and contains secrets,\n"
            "consider encrypting it with 'nats auth nkey seal'\n")
    check(not re.search(SEED, out), "a seed is printed")
    eq(mode(tool.path("op.json")), 0o600)
    saved = json.loads(read(tool, "op.json"))
    eq(list(saved), ["name", "key", "token", "signingKeys", "accounts"])
    eq([(account["name"], [user["name"] for user in account["users"]]) for account in saved["accounts"]],
       [("A", ["a", "r"]), ("B", ["b"]), ("SYSTEM", ["sys"])])
    matches(saved["key"]["key"], "^SO")
    eq(len(saved["accounts"][0]["signingKeys"]), 1)

    out = other.out("auth", "operator", "restore", "OP", tool.path("op.json"))
    matches(out, r"^Operator OP \(O\w{55}\)\n.*Accounts: 3\n +System Account: SYSTEM \(A")
    eq(stored(other), stored(tool))
    eq(other.error("auth", "operator", "restore", "OP", tool.path("op.json")), "operator OP already exist")
    # Whatever it is asked for by, it has the name that it had.
    matches(other.error("auth", "operator", "restore", "COPY", tool.path("op.json")), r'^operator "OP" already exists in `.*/nsc/stores`$')
    eq(other.out("auth", "operator", "list", "--names"), "OP\n")
    other.run("auth", "user", "add", "new", "A", "--key", "reader", "--defaults")
    eq(other.run("auth", "operator", "info", "-j").json["accounts"][1:], saved["accounts"][1:])
    # The only operator is taken for any other.
    eq(tool.out("auth", "operator", "backup", "NO", "x").splitlines()[0], "Wrote backup for OP to x")


@case(134)
def a_backup_is_encrypted(ctx):
    tool, other = nats(ctx, server=False), nats(ctx, server=False)
    make_operator(tool)
    for name in ("mine.xk", "wrong.xk"):
        tool.run("auth", "nkey", "gen", "curve", "--output", name)
    eq(tool.out("auth", "operator", "backup", "OP", "op.sealed", "--key", "mine.xk"), "Wrote backup for OP to op.sealed\n")
    eq(mode(tool.path("op.sealed")), 0o600)
    sealed = read(tool, "op.sealed")
    eq(base64.b64decode(sealed, validate=True)[:4], b"xkv1")
    # It is the box of `nkey seal` from the key to itself.
    public = tool.out("auth", "nkey", "show", "mine.xk").strip()
    eq(json.loads(tool.out("auth", "nkey", "unseal", "op.sealed", "mine.xk", public))["name"], "OP")
    restore = ("auth", "operator", "restore", "OP", tool.path("op.sealed"))
    matches(other.error(*restore), "^unmarshal failed: ")
    eq(other.error(*restore, "--key", tool.path("wrong.xk")), "open failed: nkeys: could not decrypt input")
    tool.run("auth", "nkey", "gen", "user", "--output", "user.nk")
    eq(other.error(*restore, "--key", tool.path("user.nk")), "invalid public key provided")
    eq(stored(other), {})
    other.run(*restore, "--key", tool.path("mine.xk"))
    eq(stored(other), stored(tool))


@case(134, "deviation")
def a_wrong_backup_leaves_nothing_behind(ctx):
    """The original restores what a damaged or forged backup says; this checks all of it before it writes anything."""
    tool, other = nats(ctx, server=False), nats(ctx, server=False)
    make_operator(tool)
    tool.run("auth", "operator", "backup", "OP", "op.json")
    good = read(tool, "op.json")
    seeds = re.findall(SEED, good)

    def refused(content, why):
        bad = tool.write("bad.json", content)
        text = other.error("auth", "operator", "restore", "OP", bad)
        matches(text, why)
        check(not re.search(SEED, text), "a seed is printed")
        eq(stored(other), {})

    refused(good[:len(good) // 2], "^unmarshal failed: ")
    saved = json.loads(good)
    saved["accounts"][1]["key"] = saved["accounts"][0]["key"]
    refused(json.dumps(saved), "account B: the key is not that of the token")
    saved = json.loads(good)
    saved["accounts"][0]["users"][0]["name"] = "../../x"
    refused(json.dumps(saved), "invalid user name")
    saved = json.loads(good)
    saved["token"] = saved["token"][:-6] + "AAAAAA"
    refused(json.dumps(saved), "signature verification")
    saved = json.loads(good)
    saved["signingKeys"].append({"key": seeds[-1]})
    refused(json.dumps(saved), "the token does not name")


@case(134, "deviation")
def a_seed_that_is_kept_elsewhere_is_not_in_the_backup(ctx):
    """The original does nothing for an operator whose own seed is not in the store."""
    tool, other = nats(ctx, server=False), nats(ctx, server=False)
    make_operator(tool)
    public = key_of(tool, "operator", "info", "OP")
    os.remove(tool.path("data", "nats", "nsc", "keys", "keys", "O", public[1:3], public + ".nk"))
    outcome = tool.run("auth", "operator", "backup", "OP", "op.json")
    eq(outcome.logs, ["The seed of %s is not in the store, and so not in the backup" % public])
    eq(json.loads(read(tool, "op.json"))["key"], {"key": public})
    other.run("auth", "operator", "restore", "OP", tool.path("op.json"))
    eq(stored(other), stored(tool))
    # The signing key is there still.
    other.run("auth", "account", "add", "C", "--defaults")


@case(134)
def an_operator_is_imported(ctx):
    tool, other = nats(ctx, server=False), nats(ctx, server=False)
    make_operator(tool)
    path = tool.path("data", "nats", "nsc", "stores", "OP", "OP.jwt")
    claims = claims_of(tool, "operator", "info")
    keys = [tool.path("data", "nats", "nsc", "keys", "keys", "O", public[1:3], public + ".nk")
            for public in [claims["sub"], *claims["nats"]["signing_keys"]]]
    matches(other.error("auth", "operator", "import", path), "^not all keys are provided: 0")
    matches(other.error("auth", "operator", "import", path, keys[0]), "^not all keys are provided: 1")
    stranger = tool.out("auth", "nkey", "gen", "operator").strip()
    matches(other.error("auth", "operator", "import", path, *keys, tool.write("stranger.nk", stranger)),
            "^invalid seed .*: is not referenced by the operator$")
    user = tool.out("auth", "nkey", "gen", "user").strip()
    matches(other.error("auth", "operator", "import", path, tool.write("user.nk", user)), "^invalid seed at 0: ")
    eq(other.error("auth", "operator", "import", tool.path("none")), "path '%s' does not exist" % tool.path("none"))
    account = tool.path("data", "nats", "nsc", "stores", "OP", "accounts", "A", "A.jwt")
    eq(other.error("auth", "operator", "import", account), "not operator claim")
    eq(stored(other), {})
    out = other.out("auth", "operator", "import", path, *keys)
    matches(out, r"^Operator OP \(%s\)\n.*Accounts: 0\n +System Account: not set\n +Signing Keys: O" % claims["sub"])
    check(not re.search(SEED, out), "a seed is printed")
    matches(other.error("auth", "operator", "import", path, *keys), r'^operator "OP" already exists in `.*/nsc/stores`$')
    other.run("auth", "account", "add", "NEW", "--defaults")
    for name in stored(other):
        eq(mode(other.path("data", "nats", "nsc", name)), 0o600, name)


@case(134)
def exports_are_managed(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    exports = ("auth", "account", "exports")
    eq(tool.out(*exports, "ls", "A"), "No Exports defined\n")
    eq(tool.error(*exports, "info", "--operator", "OP", "x", "A"), "unknown export")
    eq(tool.error(*exports, "info", "", "A"), "no exports defined")
    out = tool.out(*exports, "add", "events", "ev.*.>", "A", "--description", "d", "--url", "https://example.net",
                   "--token-position", "2", "--advertise")
    matches(out, r"^Export info for events exporting ev\.\*\.>\n\nConfiguration:\n\n +Name: events\n +Description: d\n +Kind: Stream\n"
                 r" +Info: https://example.net\n +Subject: ev\.\*\.>\n +Activation Required: false\n +Account Token Position: 2\n"
                 r" +Advertised: true\n\nRevocations:\n\n *No revocations found\n")
    tool.run(*exports, "new", "api", "api.*", "A", "--service")
    eq(claims_of(tool, "account", "info", "A")["nats"]["exports"],
       [{"name": "api", "subject": "api.*", "type": "service"},
        {"name": "events", "subject": "ev.*.>", "type": "stream", "account_token_position": 2, "advertise": True,
         "description": "d", "info_url": "https://example.net"}])
    out = tool.out(*exports, "ls", "A")
    matches(out, r"Exports for account A .*│ Name +│ Kind +│ Subject +│ Activation Required │ Advertised │ Token Position │ Revocations │")
    matches(out, r"│ api +│ Service │ api\.\* +│ false +│ false +│ +0 │ 0 +│\n│ events +│ Stream +│ ev\.\*\.> +│ false +│ true +│ +2 │ 0 +│")
    matches(tool.out(*exports, "update", "ev.*.>", "A", "--no-advertise", "--description", ""), r"Kind: Stream\n.*Advertised: false\n")
    eq("Description" in tool.out(*exports, "info", "ev.*.>", "A"), False)
    eq(tool.error(*exports, "edit", "no", "A"), 'export for subject "no" not found')
    eq(tool.error(*exports, "add", "x", "api.a", "A", "--service"), 'service export subject "api.*" already exports "api.a"')
    matches(tool.error(*exports, "add", "x", "b.*", "A", "--token-position", "1"), "must match a [*] in: b.[*]$")
    eq(tool.error(*exports, "edit", "api.*", "A", "--url", "example"), "error parsing info url: no hostname or scheme")
    eq(tool.error(*exports, "rm", "api.*", "A"), "cannot ask for confirmation without a terminal")
    eq(tool.error(*exports, "rm", "no", "A", "-f"), 'subject "no" is not exported')
    eq(tool.out(*exports, "rm", "api.*", "A", "-f"), 'Removing Service Export for subject "api.*"\n')
    terminal = tool.terminal(*exports, "rm", "ev.*.>", "A")
    terminal.answer("Really remove the ev.*.> Export", "n")
    terminal.finish()
    terminal = tool.terminal(*exports, "info")
    terminal.answer("Select an Account", "A")
    terminal.answer("Select an Export", "")
    matches(terminal.finish(), "Export info for events")
    eq(tool.out(*exports, "rm", "ev.*.>", "A", "--force"), 'Removing Stream Export for subject "ev.*.>"\n')
    eq(tool.out(*exports, "list", "A"), "No Exports defined\n")
    eq("exports" in claims_of(tool, "account", "info", "A")["nats"], False)


@case(134, "deviation")
def shares_and_roles_are_shown_as_json(ctx):
    """The original prints {} for exports, imports and scoped signing keys; this prints what tokens say about them."""
    tool = nats(ctx, server=False)
    make_operator(tool)
    tool.run("auth", "account", "exports", "add", "events", "ev.*.>", "A", "--description", "d", "--token-position", "2", "--advertise")
    eq(tool.run("auth", "account", "exports", "show", "ev.*.>", "A", "--json").json,
       {"name": "events", "subject": "ev.*.>", "type": "stream", "account_token_position": 2, "advertise": True, "description": "d"})
    tool.run("auth", "account", "imports", "add", "api", "api.*.*", "B", "--source", "A", "--service", "--share", "--local", "a.$2.$1")
    eq(tool.run("auth", "account", "imports", "info", "a.$2.$1", "B", "-j").json,
       {"name": "api", "subject": "api.*.*", "account": key_of(tool, "account", "info", "A"), "local_subject": "a.$2.$1",
        "type": "service", "share": True})
    tool.run("auth", "account", "keys", "add", "A", "reader", "--pub-deny", ">", "--payload", "100")
    key = tool.run("auth", "account", "keys", "info", "A", "reader", "--json").json
    eq((key["role"], key["template"]["pub"], key["template"]["payload"], key["template"]["subs"]), ("reader", {"deny": [">"]}, 100, -1))


@case(134, "deviation")
def an_import_can_be_traced_from_the_start(ctx):
    """The original takes --traceable of `imports add` for --share, and so refuses it for streams."""
    tool = nats(ctx, server=False)
    make_operator(tool)
    out = tool.out("auth", "account", "imports", "add", "events", "ev.>", "B", "--source", "A", "--traceable")
    matches(out, r"Sharing Connection Info: false\n +Allows Message Tracing: true\n")
    eq(claims_of(tool, "account", "info", "B")["nats"]["imports"][0]["allow_trace"], True)


@case(134, "deviation")
def a_source_that_is_not_known_is_an_error(ctx):
    """The original draws a list without a terminal, and fails with "EOF"."""
    tool = nats(ctx, server=False)
    make_operator(tool)
    for source in ((), ("--source", "NO")):
        eq(tool.error("auth", "account", "imports", "add", "events", "ev.>", "B", *source),
           "could not select source account: cannot pick an Account without a terminal and no Account name supplied")
    # Any account exports, not only one of this operator.
    public = tool.out("auth", "nkey", "gen", "account", "--public").split()[1]
    matches(tool.out("auth", "account", "imports", "add", "events", "ev.>", "B", "--source", public), r"From Account: %s\n" % public)
    tool.run("auth", "account", "keys", "add", "A", "reader")
    eq(tool.error("auth", "account", "keys", "info", "A", "no"), "signing key no not found")


@case(134)
def imports_are_managed(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    source = key_of(tool, "account", "info", "A")
    imports = ("auth", "account", "imports")
    eq(tool.out(*imports, "ls", "B", "OP"), "No Imports defined\n")
    out = tool.out(*imports, "add", "events", "ev.>", "B", "--source", "A", "--local", "from.a.>")
    eq(out, """\
Import info for import "events" importing "from.a.>"

Configuration:

                     Name: events
             From Account: A (%s)
            Local Subject: from.a.>
                     Kind: Stream
           Remote Subject: ev.>
  Sharing Connection Info: false
   Allows Message Tracing: false

""" % source)
    matches(tool.out(*imports, "edit", "from.a.>", "B", "--traceable"), r"Allows Message Tracing: true\n")
    tool.run(*imports, "a", "api", "api.*.*", "B", "--source", source, "--service", "--share", "--local", "a.$2.$1")
    found = claims_of(tool, "account", "info", "B")["nats"]["imports"]
    eq(found, [{"name": "api", "subject": "api.*.*", "account": source, "local_subject": "a.$2.$1", "type": "service", "share": True},
               {"name": "events", "subject": "ev.>", "account": source, "local_subject": "from.a.>", "type": "stream", "allow_trace": True}])
    eq(tool.out(*imports, "ls", "B"), """\
╭───────────────────────────────────────────────────────────────────────────────────────────────────────╮
│                                         Imports for account B                                         │
├────────┬─────────┬────────┬───────────────┬────────────────┬────────────────┬─────────────────────────┤
│ Name   │ Kind    │ Source │ Local Subject │ Remote Subject │ Allows Tracing │ Sharing Connection Info │
├────────┼─────────┼────────┼───────────────┼────────────────┼────────────────┼─────────────────────────┤
│ api    │ Service │ A      │ a.$2.$1       │ api.*.*        │                │ true                    │
│ events │ Stream  │ A      │ from.a.>      │ ev.>           │ true           │ false                   │
╰────────┴─────────┴────────┴───────────────┴────────────────┴────────────────┴─────────────────────────╯

""")
    # A stream may come twice, a service not.
    tool.run(*imports, "add", "more", "ev.>", "B", "--source", "A", "--local", "from.a.>")
    tool.run(*imports, "rm", "from.a.>", "B", "-f")
    eq(tool.error(*imports, "add", "more", "x.y", "B", "--source", "A", "--service", "--local", "a.x.y"),
       'overlapping subject namespace for "a.x.y" and "a.*.*" in same account "%s"' % source)
    eq(tool.error(*imports, "info", "no", "B"), "unknown import")
    matches(tool.error(*imports, "add", "more", "x.*", "B", "--source", "A", "--local", "y"), "does not contain enough")
    eq(tool.error(*imports, "add", "more", "x", "B", "--source", "A", "--share"),
       'sharing information (for latency tracking) is only valid for services: "x"')
    eq(tool.error(*imports, "edit", "a.$2.$1", "B", "--traceable"), "service imports cannot allow tracing")
    eq(tool.error(*imports, "edit", "no", "B"), 'import for local subject "no" not found')
    matches(tool.out(*imports, "update", "a.$2.$1", "B", "--local", "b.$1.$2"), r"Local Subject: b\.\$1\.\$2\n")
    eq(tool.error(*imports, "rm", "no", "B", "-f"), 'subject "no" is not imported')
    eq(tool.error(*imports, "rm", "b.$1.$2", "B"), "cannot ask for confirmation without a terminal")
    terminal = tool.terminal(*imports, "rm", "b.$1.$2", "B")
    terminal.answer("Really remove the b.$1.$2 import", "y")
    matches(terminal.finish(), r'Removing service Import for local subject "b\.\$1\.\$2" imported from Account\s+"A\w+')
    eq(len(claims_of(tool, "account", "info", "B")["nats"]["imports"]), 1)
    eq(tool.out(*imports, "rm", "from.a.>", "B", "-f"),
       'Removing stream Import for local Subject "from.a.>" imported from Account "%s"\n' % source)
    tool.run("auth", "account", "edit", "B", "--imports", "1")
    terminal = tool.terminal(*imports, "add", "more", "more", "B")
    terminal.answer("Select the Source account", source)
    matches(terminal.finish(), r"From Account: A \(")
    eq(tool.error(*imports, "add", "third", "third", "B", "--source", "A"),
       "the account contains more imports than allowed by the operator")
    tool.run("auth", "account", "edit", "B", "--imports", "2")
    tool.run(*imports, "add", "third", "third", "B", "--source", "A")
    eq(tool.error("auth", "account", "edit", "B", "--imports", "1"), "the account contains more imports than allowed by the operator")


@case(134, "operator")
def a_server_shares_what_is_exported_and_imported(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    for kind in ("", "--service"):
        extra = [kind] if kind else []
        tool.run("auth", "account", "exports", "add", "n", "api.*" if kind else "ev.>", "A", *extra)
        tool.run("auth", "account", "imports", "add", "n", "api.*" if kind else "ev.>", "B", "--source", "A", "--local",
                 "a.api.$1" if kind else "a.ev.>", *extra)
    serve(ctx, tool)
    push(tool, "A", "B")
    watching = tool.start("sub", "a.ev.>", "--count", "1", *as_user("b"))
    watching.wait_err("Subscribing")
    answering = tool.start("reply", "api.*", "hello {{.Request}}", *as_user("a"))
    answering.wait_err("Listening")
    eq(tool.out("request", "a.api.x", "b", "--raw", *as_user("b")).rstrip("\n"), "hello b")
    tool.run("pub", "ev.1", "seen", "-q", *as_user("a"))
    matches(watching.wait().out, r'^\[#1\] Received on "a.ev.1"\nseen\n')
    # What the tool takes back is gone.
    tool.run("auth", "account", "imports", "rm", "a.api.$1", "B", "-f")
    push(tool, "B")
    matches(tool.run("request", "a.api.x", "b", *as_user("b")).err, "No responders are available")


@case(134, "operator")
def a_bucket_is_shared(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    eq(tool.error("auth", "account", "exports", "kv", "CFG"),
       "cannot pick an Account without a terminal and no Account name supplied")
    terminal = tool.terminal("auth", "account", "exports", "kv", "CFG")
    terminal.answer("Select an Account", "A")
    out = terminal.finish()
    for subject in ("$JS.API.STREAM.INFO.KV_CFG", "$JS.API.DIRECT.GET.KV_CFG.$KV.CFG.>", "$JS.API.CONSUMER.CREATE.KV_CFG.>", "$KV.CFG.>"):
        check("Exporting Service Subject: %s\n" % subject in out, out)
    check("Exporting Stream Subject: _INBOX.KV_CFG.>" in out, out)
    terminal = tool.terminal("auth", "account", "imports", "kv", "CFG", "shared", key_of(tool, "account", "info", "A"))
    terminal.answer("Select an Account", "B")
    out = terminal.finish()
    check("Importing Service Subject: shared.STREAM.INFO.KV_CFG\n" in out, out)
    check("Importing Service Subject: shared.$KV.CFG.>\n" in out, out)
    serve(ctx, tool)
    push(tool, "A", "B")
    tool.run("kv", "add", "CFG", *as_user("a"))
    tool.run("kv", "put", "CFG", "k", "v1", *as_user("a"))
    eq(tool.out("kv", "get", "CFG", "k", "--raw", "--js-api-prefix", "shared", *as_user("b")), "v1")
    tool.run("kv", "put", "CFG", "k", "v2", "--js-api-prefix", "shared", *as_user("b"))
    eq(tool.out("kv", "get", "CFG", "k", "--raw", *as_user("a")), "v2")
