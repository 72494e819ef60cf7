"""auth end to end: what the tool made, on servers in operator mode; item 134."""

import re
import zipfile

from lib.process import free_ports
from tool import *


@case(134, "operator")
def accounts_of_a_memory_resolver(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    serve(ctx, tool, "memory")
    out = tool.out("account", "info", *as_user("a"))
    matches(out, r"User: a \(U\w{55}\)\n +Account: A \(A\w{55}\)\n")
    tool.run("kv", "add", "B", *as_user("a"))
    # Users need no push: their account signs them.
    tool.run("auth", "user", "add", "late", "A", "--defaults", "--credential", "late.creds")
    matches(tool.out("account", "info", *as_user("late")), r"User: late ")
    # The servers change the account that they have loaded.
    tool.run("auth", "account", "edit", "A", "--connections", "0")
    push(tool, "A")
    matches(tool.error("account", "info", *as_user("a")), "maximum account active connections exceeded")
    tool.run("auth", "account", "edit", "A", "--connections=-1")
    push(tool, "A")
    tool.run("account", "info", *as_user("a"))
    tool.run("auth", "account", "add", "NEW", "--defaults")
    matches(tool.out("auth", "account", "push", "NEW", "--show", *as_user("sys")),
            r"^Account JWT for NEW\n\neyJ[\w.-]+\n\nUpdating account NEW \(A\w{55}\) on 1 server\(s\)\n")


@case(134, "operator")
def an_operator_is_changed(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    edit = ("auth", "operator", "edit", "OP")
    out = tool.out(*edit, "--service", "nats://a:4222", "--service", "tls://b", "--account-server", "nats://a:4222", "--tags", "X", "--tags", "y")
    matches(out, r"Tags: x, y\n +Service URL\(s\): nats://a:4222\n +tls://b\n +Account Server: nats://a:4222\n")
    out = tool.out("auth", "op", "update", "OP", "--no-tags", "x", "--service", "", "--account-server", "")
    matches(out, r"Tags: y\n +Accounts: 3\n")
    for service in ("a:4222", "http://a", "nats://a/x"):
        matches(tool.error(*edit, "--service", service), r"^service url \"%s\"" % re.escape(service))
    eq(tool.error(*edit, "--service", "nats://u:secret@a"), "a service url must not have a user")
    eq(tool.error(*edit, "--account-server", "x"), 'account server url "x" has no scheme')
    matches(tool.out("auth", "operator", "info"), r"Tags: y\n +Accounts: 3\n")
    # The server takes what was changed.
    tool.run(*edit, "--service", "wss://a:443", "--account-server", "nats://a:4222")
    serve(ctx, tool)
    push(tool, "A")
    tool.run("account", "info", *as_user("a"))


@case(134)
def one_of_several_operators(ctx):
    tool = nats(ctx, server=False)
    select = ("auth", "operator", "select")
    eq(tool.error(*select), "no operators found")
    tool.run("auth", "operator", "add", "ONE", "--no-signing-key")
    eq(tool.out(*select), 'Selected operator "ONE" as default\n')
    tool.run("auth", "operator", "add", "TWO")
    eq(tool.out("auth", "operator", "keys", "list"), "")
    matches(tool.out("auth", "operator", "info"), "^Operator ONE ")
    eq(tool.out(*select, "TWO"), 'Selected operator "TWO" as default\n')
    eq(tool.run("auth", "operator", "info", "-j").json["name"], "TWO")
    eq(read(tool, "config", "nats", "cli", "config.json"), '{\n  "select_operator": "TWO"\n}')
    eq(tool.error(*select, "NO"), "unknown operator: NO")
    eq(tool.error(*select), "cannot pick an Operator without a terminal and no operator name supplied")
    terminal = tool.terminal(*select)
    terminal.answer("Select an Operator", "ONE")
    matches(terminal.finish(), 'Selected operator "ONE" as default')
    terminal = tool.terminal("auth", "operator", "add")
    terminal.answer("Operator Name", "THREE")
    matches(terminal.finish(), r"Operator THREE \(O")
    eq(tool.error("auth", "operator", "add", "../x"), 'invalid operator name "../x"')
    matches(tool.out("auth", "operator", "ls"), r"Operators.*│ ONE +│ O\w{55} │ +1 │ +│ +0 │\n│ THREE +│ O\w{55} │ +1 │ +│ +1 │\n│ TWO ")
    eq(tool.out("auth", "account", "ls", "TWO", "--names"), "SYSTEM\n")


@case(134, "operator")
def signing_keys_of_an_operator(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    keys = ("auth", "operator", "keys")
    first = tool.out(*keys, "list", "OP").strip()
    second = tool.out(*keys, "add").strip()
    eq(tool.out(*keys, "ls"), "%s\n%s\n" % (first, second))
    eq(tool.error(*keys, "rm", "OP", "OABC"), "signing key OABC not found")
    eq(tool.error(*keys, "rm", "OP", first), "could not obtain confirmation: cannot ask for confirmation without a terminal")
    terminal = tool.terminal(*keys, "rm")
    terminal.answer("Select a key", first)
    terminal.answer("Really remove signing key %s" % first, "y")
    matches(terminal.finish(), "Signing key removed")
    eq(tool.out(*keys, "ls"), second + "\n")
    # What the removed key signed is signed anew with the one that is left, then the server takes it.
    for account in ("A", "SYSTEM"):
        tool.run("auth", "account", "edit", account)
        eq(tool.run("auth", "account", "info", account, "--json").json["iss"], second)
    serve(ctx, tool)
    push(tool, "A")
    tool.run("account", "info", *as_user("a"))
    # B was not, and its token is not trusted any more.
    push(tool, "B")
    eq(tool.error("account", "info", *as_user("b")), "nats: Authorization Violation")
    tool.run(*keys, "delete", "OP", second, "--force")
    eq(tool.error(*keys, "rm", "OP"), "no signing keys found")


@case(134, "operator")
def roles_limit_their_users(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    keys = ("auth", "account", "keys")
    eq(tool.error(*keys, "rm", "A"), "no signing keys found")
    tool.run(*keys, "add", "A", "reader", "--sub-allow", "s.>", "--sub-allow", "_INBOX.>", "--pub-deny", ">", "--payload", "100")
    terminal = tool.terminal(*keys, "add", "A")
    terminal.answer("Role Name", "writer")
    matches(terminal.finish(), "Role: writer")
    key = tool.run(*keys, "info", "A", "reader", "--json").json
    eq((key["role"], key["template"]["pub"], key["template"]["payload"], key["template"]["subs"]), ("reader", {"deny": [">"]}, 100, -1))
    terminal = tool.terminal(*keys, "info", "A")
    terminal.answer("Select a key", "writer")
    matches(terminal.finish(), "Role: writer")
    out = tool.out("auth", "user", "add", "r", "A", "--key", "reader", "--credential", "r.creds")
    matches(out, r"Scoped: true\n")
    tool.run("auth", "user", "add", "w", "A", "--key", key["key"], "--credential", "w.creds")
    eq(tool.error("auth", "user", "edit", "r", "A", "--payload", "5"), "--payload cannot be used with a scoped signing key")
    matches(tool.out("auth", "user", "edit", "r", "A", "--tags", "t"), r"Tags: t\n")
    serve(ctx, tool)
    push(tool, "A")
    watching = tool.start("sub", "s.x", "--count", "1", *as_user("r"))
    watching.wait_err("Subscribing")
    tool.run("pub", "s.x", "seen", *as_user("a"))
    matches(watching.wait().out, "seen")
    matches(tool.error("pub", "s.x", "x", *as_user("r")), "ermissions Violation for Publish")
    # Without its key the role is gone, and so are its users.
    eq(tool.out(*keys, "rm", "A", "--key", "reader", "-f"), "Signing key removed\n")
    push(tool, "A")
    eq(tool.error("pub", "s.x", "x", *as_user("r")), "nats: Authorization Violation")


@case(134, "operator")
def users_are_limited_and_revoked(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    tool.run("auth", "user", "add", "u", "A", "--defaults", "--pub-allow", "ok.>", "--pub-allow", "$SYS.REQ.USER.INFO", "--sub-deny", "secret.>", "--payload", "10", "--credential", "u.creds")
    serve(ctx, tool)
    push(tool, "A")
    out = tool.out("account", "info", *as_user("u"))
    matches(out, r"Maximum Payload: 10 B\n")
    matches(out, r"Connection Permissions:\n\n +Publish:\n\n +Allow: (ok\.>|\$SYS\.REQ\.USER\.INFO)\n.*\n +Subscribe:\n\n +Deny: secret\.>\n")
    tool.run("pub", "ok.1", "x", *as_user("u"))
    matches(tool.error("pub", "no", "x", *as_user("u")), "ermissions Violation for Publish")
    matches(tool.error("pub", "ok.1", "12345678901", *as_user("u")), "(?i)maximum payload|connection closed")
    # Other limits need a new credential.
    tool.run("auth", "user", "edit", "u", "A", "--pub-allow", "", "--payload=-1", "--credential", "u.creds")
    tool.run("pub", "no", "12345678901", *as_user("u"))
    tool.run("auth", "user", "credential", "short.creds", "u", "A", "--expire", "1h")
    matches(tool.out("account", "info", *as_user("short")), r"Expires: 59m")
    eq(tool.error("auth", "user", "credential", "short.creds", "u", "A"), "file short.creds already exist")
    tool.run("auth", "user", "credential", "short.creds", "u", "A", "--force")
    matches(tool.out("account", "info", *as_user("short")), r"Expires: never")
    eq(tool.error("auth", "user", "rm", "u", "A"), "could not obtain confirmation: cannot ask for confirmation without a terminal")
    terminal = tool.terminal("auth", "user", "rm", "--revoke")
    terminal.answer("Select an Account", "A")
    terminal.wait("Select a User")
    terminal.answer("Select a User", "u")
    terminal.answer("Really remove user u", "y")
    matches(terminal.finish(), "Removed user u")
    push(tool, "A")
    eq(tool.error("account", "info", *as_user("u")), "nats: Authorization Violation")
    tool.run("account", "info", *as_user("a"))


@case(134, "operator")
def a_bearer_needs_no_seed(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    tool.run("auth", "account", "edit", "A", "--bearer")
    tool.run("auth", "user", "add", "u", "A", "--defaults", "--bearer", "--credential", "u.creds")
    serve(ctx, tool)
    push(tool, "A")
    token = read(tool, "u.creds").splitlines()[1]
    matches(tool.out("account", "info", "--jwt", token), r"User: u ")
    tool.run("auth", "account", "edit", "A", "--no-bearer")
    matches(tool.out("auth", "account", "info", "A"), r"Bearer Tokens Allowed: false\n")
    push(tool, "A")
    eq(tool.error("account", "info", "--jwt", token), "nats: Authorization Violation")


@case(134)
def questions_about_new_accounts_and_users(ctx):
    tool = nats(ctx, server=False)
    tool.run("auth", "operator", "add", "OP")
    eq(tool.error("auth", "account", "add", "A"), "cannot prompt for user input without a terminal")
    terminal = tool.terminal("auth", "account", "add", "--jetstream", "--js-memory", "1MB")
    for question, answer in (("Account Name", "A"), ("Maximum Connections", "5"), ("Maximum Subscriptions", ""), ("Maximum Message Payload", "1KB"),
                             ("Maximum JetStream Disk Storage", "2GB")):
        terminal.answer(question, answer)
    terminal.finish()
    out = tool.out("auth", "account", "info", "A")
    matches(out, r"Subscriptions: unlimited\n +Connections: 5\n +Maximum Payload: 1\.0 KiB\n")
    matches(out, r"Max File Storage: 2\.0 GiB\n.*Max Memory Storage: 1\.0 MiB\n")
    outcome = tool.run("auth", "account", "add", "B", "--defaults", "--js-streams", "5")
    eq(outcome.logs, ["--js-streams has no effect without --jetstream"])
    eq(tool.error("auth", "user", "add", "u", "A"), "cannot prompt for user input without a terminal")
    eq(tool.error("auth", "user", "info", "u", "A"), "user u not found")
    terminal = tool.terminal("auth", "user", "add", "u", "A")
    terminal.answer("Maximum Payload", "100")
    terminal.answer("Maximum Subscriptions", "7")
    terminal.finish()
    out = tool.out("auth", "user", "info", "u", "A")
    matches(out, r"Max Payload: 100 B\n +Max Data: unlimited\n +Max Subscriptions: 7\n")
    terminal = tool.terminal("auth", "account", "edit")
    terminal.answer("Select an Account", "B")
    matches(terminal.finish(), r"Account B \(A")


@case(134, "operator")
def mappings_are_pushed(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    mappings = ("auth", "account", "mappings")
    eq(tool.error(*mappings, "rm", "A"), "no mappings defined")
    tool.write("m.yaml", "in.*:\n  - subject: out.{{wildcard(1)}}\n    weight: 100\nother:\n  - subject: x\n    weight: 50\n")
    matches(tool.out(*mappings, "add", "A", "--config", "m.yaml"), r"│ in\.\* +│ out\.\{\{wildcard\(1\)\}\} │ +100 │")
    terminal = tool.terminal(*mappings, "add", "A")
    terminal.answer("Source subject", "y")
    terminal.answer("Target subject", "z")
    matches(terminal.finish(), "Source: y")
    serve(ctx, tool)
    push(tool, "A")
    watching = tool.start("sub", "out.*", "--count", "1", *as_user("a"))
    watching.wait_err("Subscribing")
    tool.run("pub", "in.1", "seen", *as_user("a"))
    matches(watching.wait().out, r'Received on "out\.1"')


@case(134, "operator", "cluster", slow=True)
def an_account_reaches_all_servers(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    ports = free_ports(3)
    routes = ", ".join('"nats://127.0.0.1:%d"' % port for port in ports)
    stores = ("data", "nats", "nsc", "stores", "OP")
    system = key_of(tool, "account", "info", "SYSTEM")
    servers = [ctx.start("""
        server_name: n%d
        operator: %s
        resolver: { type: full, dir: "jwt" }
        resolver_preload { %s: %s }
        cluster { name: c, listen: "127.0.0.1:%d", routes: [ %s ] }
    """ % (number, read(tool, *stores, "OP.jwt"), system, read(tool, *stores, "accounts", "SYSTEM", "SYSTEM.jwt"), port, routes))
        for number, port in enumerate(ports, 1)]
    tool.env["NATS_URL"] = servers[0].address
    wait_until(lambda: all(len(server.get("/routez")["routes"]) >= 2 for server in servers), "routes", timeout=20.0)
    wait_until(lambda: len(tool.run("server", "list", "--json", *as_user("sys")).json) == 3, "three servers", timeout=20.0)
    out = tool.out("auth", "account", "push", "A", *as_user("sys"))
    matches(out, r"on 3 server\(s\)\n\n(✓ Update completed on n\d\n){3}\nSuccess 3 Failed 0 Expected 3\n$")
    for server in servers:
        matches(tool.out("account", "info", *as_user("a"), env={"NATS_URL": server.address}), r"Account: A \(")
    matches(tool.out("auth", "account", "pull", "A", "a.jwt", *as_user("sys")), r"^Account A \(")
    eq(read(tool, "a.jwt"), read(tool, *stores, "accounts", "A", "A.jwt"))
    matches(tool.error("auth", "account", "query", "B", *as_user("sys")), "is not known to the servers")


@case(134, "services", "operator")
def an_account_is_purged(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    serve(ctx, tool)
    push(tool, "A")
    tool.run("kv", "add", "B", *as_user("a"))
    account = key_of(tool, "account", "info", "A")
    purge = ("server", "account", "purge", account, *as_user("sys"))
    eq(tool.error(*purge), "could not obtain confirmation: cannot ask for confirmation without a terminal")
    terminal = tool.terminal(*purge)
    terminal.answer("Really purge account %s" % account, "y")
    matches(terminal.finish(), "Purge operation on account %s initiated" % account)
    wait_until(lambda: tool.out("kv", "ls", "-n", *as_user("a")) in ("", "No Key-Value buckets found\n"), "the bucket is gone", timeout=20.0)


@case(134, "services", "operator")
def tokens_of_users_stay_out_of_archives(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    serve(ctx, tool)
    push(tool, "A")
    watching = tool.start("sub", "x", *as_user("a"))
    watching.wait_err("Subscribing")
    tool.run("audit", "gather", "-o", "a.zip", "--no-server-profiles", *as_user("sys"))
    token = read(tool, "a.creds").splitlines()[1]
    user = key_of(tool, "user", "info", "a", "A")
    with zipfile.ZipFile(tool.path("a.zip")) as archive:
        texts = [archive.read(name).decode() for name in archive.namelist()]
    check(any(user in text for text in texts), "the user is not in the archive")
    check(not any(token in text for text in texts), "a token is in the archive")


@case(112)
def a_password_is_asked_for(ctx):
    tool = nats(ctx, server=False)
    terminal = tool.terminal("server", "passwd", "--cost", "4")
    terminal.answer("Enter password", "long enough 1")
    terminal.answer("Re-enter password", "long enough 1")
    matches(terminal.finish(), r"\$2a\$04\$")
    check("long enough" not in terminal.raw, "the password is shown")
    terminal = tool.terminal("server", "passwd", "--cost", "4")
    terminal.answer("Enter password", "long enough 1")
    terminal.answer("Re-enter password", "long enough 2")
    terminal.wait("nats: error: ")
    terminal.finish(code=1)
