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
    matches(out, r"^Wrote backup for OP to op.json\n\nWARNING: .*")
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
    # Under another name; tokens stay as they are.
    other.run("auth", "operator", "restore", "COPY", tool.path("op.json"))
    eq(other.out("auth", "operator", "list", "--names"), "COPY\nOP\n")
    eq(key_of(other, "operator", "info", "COPY"), key_of(tool, "operator", "info", "OP"))
    other.run("auth", "user", "add", "new", "A", "--operator", "COPY", "--key", "reader", "--defaults")
    eq(tool.error("auth", "operator", "backup", "NO", "x"), "unknown operator: NO")


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
    matches(other.error(*restore), "--key")
    eq(other.error(*restore, "--key", tool.path("wrong.xk")), "nkeys: could not decrypt input")
    tool.run("auth", "nkey", "gen", "user", "--output", "user.nk")
    eq(other.error(*restore, "--key", tool.path("user.nk")), "%s has no curve key" % tool.path("user.nk"))
    eq(stored(other), {})
    other.run(*restore, "--key", tool.path("mine.xk"))
    eq(stored(other), stored(tool))


@case(134)
def a_wrong_backup_leaves_nothing_behind(ctx):
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

    refused(good[:len(good) // 2], "no backup of an operator")
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


@case(134)
def a_seed_that_is_kept_elsewhere_is_not_in_the_backup(ctx):
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
    token = read(tool, "data", "nats", "nsc", "stores", "OP", "OP.jwt")
    claims = tool.run("auth", "operator", "info", "--json").json
    keys = [tool.path("data", "nats", "nsc", "keys", "keys", "O", public[1:3], public + ".nk")
            for public in [claims["sub"], *claims["nats"]["signing_keys"]]]
    path = tool.write("op.txt", "-----BEGIN NATS OPERATOR JWT-----\n%s\n------END NATS OPERATOR JWT------\n" % token)
    eq(other.error("auth", "operator", "import", path),
       "not all keys are provided: %s, %s missing" % (claims["sub"], claims["nats"]["signing_keys"][0]))
    matches(other.error("auth", "operator", "import", path, keys[0]), "^not all keys are provided: ")
    tool.run("auth", "nkey", "gen", "operator", "--output", "stranger.nk")
    matches(other.error("auth", "operator", "import", path, *keys, tool.path("stranger.nk")),
            r"^key O\w{55} is not referenced by the operator$")
    tool.run("auth", "nkey", "gen", "user", "--output", "user.nk")
    matches(other.error("auth", "operator", "import", path, tool.path("user.nk")), "has no seed of an operator$")
    account = tool.path("data", "nats", "nsc", "stores", "OP", "accounts", "A", "A.jwt")
    matches(other.error("auth", "operator", "import", account), "not operator claim$")
    eq(stored(other), {})
    out = other.out("auth", "operator", "import", path, *keys)
    matches(out, r"^Operator OP \(%s\)\n.*Accounts: 0\n +System Account: A\w{55}\n +Signing Keys: O" % claims["sub"])
    check(not re.search(SEED, out), "a seed is printed")
    eq(other.error("auth", "operator", "import", path, *keys), "operator OP already exist")
    other.run("auth", "account", "add", "NEW", "--defaults")
    for name in stored(other):
        eq(mode(other.path("data", "nats", "nsc", name)), 0o600, name)


@case(134)
def exports_are_managed(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    exports = ("auth", "account", "exports")
    eq(tool.out(*exports, "ls", "A"), "No Exports defined\n")
    eq(tool.error(*exports, "info", "--operator", "OP", "x", "A"), 'subject "x" is not exported')
    out = tool.out(*exports, "add", "events", "ev.*.>", "A", "--description", "d", "--url", "https://example.net",
                   "--token-position", "2", "--advertise")
    matches(out, r"^Export info for events exporting ev\.\*\.>\n\nConfiguration:\n\n +Name: events\n +Description: d\n +Kind: Stream\n"
                 r" +Info: https://example.net\n +Subject: ev\.\*\.>\n +Activation Required: false\n +Account Token Position: 2\n"
                 r" +Advertised: true\n\nRevocations:\n\n *No revocations found\n")
    tool.run(*exports, "new", "api", "api.*", "A", "--service")
    found = tool.run(*exports, "show", "ev.*.>", "A", "--json").json
    eq(found, {"name": "events", "subject": "ev.*.>", "type": "stream", "account_token_position": 2, "advertise": True,
               "description": "d", "info_url": "https://example.net"})
    eq(tool.run("auth", "account", "info", "A", "--json").json["nats"]["exports"],
       [found, {"name": "api", "subject": "api.*", "type": "service"}])
    out = tool.out(*exports, "ls", "A")
    matches(out, r"Exports for account A .*│ Name +│ Kind +│ Subject +│ Activation Required │ Advertised │ Token Position │ Revocations │")
    matches(out, r"│ api +│ Service │ api\.\* +│ false +│ false +│ +0 │ 0 +│\n│ events +│ Stream +│ ev\.\*\.> +│ false +│ true +│ +2 │ 0 +│")
    matches(tool.out(*exports, "update", "ev.*.>", "A", "--no-advertise", "--description", ""), r"Kind: Stream\n.*Advertised: false\n")
    eq("description" in tool.run(*exports, "info", "ev.*.>", "A", "--json").json, False)
    eq(tool.error(*exports, "edit", "no", "A"), 'export for subject "no" not found')
    eq(tool.error(*exports, "add", "x", "api.a", "A", "--service"), 'service export subject "api.*" already exports "api.a"')
    matches(tool.error(*exports, "add", "x", "b.*", "A", "--token-position", "1"), "must match a [*] in: b.[*]$")
    eq(tool.error(*exports, "edit", "api.*", "A", "--url", "example"), "error parsing info url: no hostname or scheme")
    eq(tool.error(*exports, "rm", "api.*", "A"), "could not obtain confirmation: cannot ask for confirmation without a terminal")
    eq(tool.error(*exports, "rm", "no", "A", "-f"), 'subject "no" is not exported')
    tool.run(*exports, "rm", "api.*", "A", "-f")
    terminal = tool.terminal(*exports, "rm", "ev.*.>", "A")
    terminal.answer("Really remove the ev.*.> Export", "n")
    terminal.finish()
    terminal = tool.terminal(*exports, "info")
    terminal.answer("Select an Account", "A")
    terminal.answer("Select an Export", "")
    matches(terminal.finish(), "Export info for events")
    tool.run(*exports, "rm", "ev.*.>", "A", "--force")
    eq(tool.out(*exports, "list", "A"), "No Exports defined\n")
    eq("exports" in tool.run("auth", "account", "info", "A", "--json").json["nats"], False)


@case(134)
def imports_are_managed(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    source = key_of(tool, "account", "info", "A")
    imports = ("auth", "account", "imports")
    eq(tool.out(*imports, "ls", "B", "OP"), "No Imports defined\n")
    eq(tool.error(*imports, "add", "events", "ev.>", "B"),
       "could not select source account: cannot pick an Account without a terminal and no Account name supplied")
    eq(tool.error(*imports, "add", "events", "ev.>", "B", "--source", "NO"), "could not select source account: unknown Account: NO")
    out = tool.out(*imports, "add", "events", "ev.>", "B", "--source", "A", "--local", "from.a.>", "--traceable")
    matches(out, r'^Import info for import "events" importing "from\.a\.>"\n\nConfiguration:\n\n +Name: events\n +From Account: A \(%s\)\n'
                 r" +Local Subject: from\.a\.>\n +Kind: Stream\n +Remote Subject: ev\.>\n +Sharing Connection Info: false\n"
                 r" +Allows Message Tracing: true\n" % source)
    tool.run(*imports, "a", "api", "api.*.*", "B", "--source", source, "--service", "--share", "--local", "a.$2.$1")
    found = tool.run("auth", "account", "info", "B", "--json").json["nats"]["imports"]
    eq(found, [{"name": "events", "subject": "ev.>", "account": source, "local_subject": "from.a.>", "type": "stream", "allow_trace": True},
               {"name": "api", "subject": "api.*.*", "account": source, "local_subject": "a.$2.$1", "type": "service", "share": True}])
    eq(tool.run(*imports, "info", "a.$2.$1", "B", "-j").json, found[1])
    out = tool.out(*imports, "ls", "B")
    matches(out, r"Imports for account B .*│ Name +│ Kind +│ Source │ Local Subject │ Remote Subject │ Allows Tracing │ Sharing Connection Info │")
    matches(out, r"│ api +│ Service │ A +│ a\.\$2\.\$1 +│ api\.\*\.\* +│ +│ true +│\n│ events │ Stream +│ A +│ from\.a\.> +│ ev\.> +│ true +│ false +│")
    eq(tool.error(*imports, "add", "more", "ev.>", "B", "--source", "A", "--local", "from.a.>"), 'subject "from.a.>" is already imported')
    matches(tool.error(*imports, "add", "more", "x.*", "B", "--source", "A", "--local", "y"), "does not contain enough")
    matches(tool.error(*imports, "add", "more", "x", "B", "--source", "A", "--share"), "is only valid for services")
    eq(tool.error(*imports, "edit", "a.$2.$1", "B", "--traceable"), "service imports cannot allow tracing")
    eq(tool.error(*imports, "edit", "no", "B"), 'import for local subject "no" not found')
    matches(tool.out(*imports, "update", "a.$2.$1", "B", "--local", "b.$1.$2"), r"Local Subject: b\.\$1\.\$2\n")
    eq(tool.error(*imports, "rm", "no", "B", "-f"), 'subject "no" is not imported')
    terminal = tool.terminal(*imports, "rm", "b.$1.$2", "B")
    terminal.answer("Really remove the b.$1.$2 import", "y")
    terminal.finish()
    eq(len(tool.run("auth", "account", "info", "B", "--json").json["nats"]["imports"]), 1)
    terminal = tool.terminal(*imports, "add", "more", "more", "B")
    terminal.answer("Select the Source account", "A")
    matches(terminal.finish(), r"From Account: A \(")
    tool.run("auth", "account", "edit", "B", "--imports", "2")
    eq(tool.error(*imports, "add", "third", "third", "B", "--source", "A"),
       "the account contains more imports than allowed by the operator")


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
    terminal = tool.terminal("auth", "account", "imports", "kv", "CFG", "shared", "A")
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
