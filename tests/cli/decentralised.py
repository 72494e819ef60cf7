"""auth end to end: what the tool made, on servers in operator mode; item 134."""

import os
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
    matches(out, r"Tags: x\n {18}y\n  Service URL\(s\): nats://a:4222, tls://b\n  Account Server: nats://a:4222\n")
    out = tool.out("auth", "op", "update", "OP", "--no-tags", "x", "--service", "", "--account-server", "")
    matches(out, r"Tags: y\n +Accounts: 3\n")
    for service in ("a:4222", "http://a"):
        eq(tool.error(*edit, "--service", service),
           "operator service url \"%s\" - protocol not supported (only 'nats', 'tls', 'ws', 'wss' only)" % service)
    eq(tool.error(*edit, "--service", "nats://a/x"), 'operator service url "nats://a/x" - paths are not supported')
    matches(tool.error(*edit, "--service", "nats://u:secret@a"), " - credentials are not supported$")
    eq(tool.error(*edit, "--account-server", "x"), 'account server url "x" requires a protocol')
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
    eq(tool.error(*select), "cannot pick an Operator without a terminal and no operator name supplied")
    terminal = tool.terminal(*select)
    terminal.wait("nats: error: no operators found")
    terminal.finish(code=1)
    tool.run("auth", "operator", "add", "ONE", "--no-signing-key")
    # The only one is taken for any other.
    eq(tool.out(*select, "NO"), 'Selected operator "ONE" as default\n')
    tool.run("auth", "operator", "add", "TWO")
    eq(tool.out("auth", "operator", "keys", "list"), "")
    matches(tool.out("auth", "operator", "info"), "^Operator ONE ")
    eq(tool.out(*select, "TWO"), 'Selected operator "TWO" as default\n')
    eq(tool.run("auth", "operator", "info", "-j").json["name"], "TWO")
    eq(read(tool, "config", "nats", "cli", "config.json"), '{"select_operator":"TWO"}')
    eq(tool.error(*select, "NO"), "cannot pick an Operator without a terminal and no operator name supplied")
    eq(tool.error(*select), "cannot pick an Operator without a terminal and no operator name supplied")
    terminal = tool.terminal(*select)
    terminal.answer("Select an Operator", "ONE")
    matches(terminal.finish(), 'Selected operator "ONE" as default')
    terminal = tool.terminal("auth", "operator", "add")
    terminal.answer("Operator Name", "THREE")
    matches(terminal.finish(), r"Operator THREE \(O")
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
    eq(tool.error(*keys, "rm", "OP"), "public key is required")
    eq(tool.error(*keys, "rm", "OP", "OABC", "-f"), "signing key was not found")
    eq(tool.error(*keys, "rm", "OP", first), "cannot ask for confirmation without a terminal")
    # Accounts are signed by the operator itself.
    eq(claims_of(tool, "account", "info", "A")["iss"], key_of(tool, "operator", "info"))
    terminal = tool.terminal(*keys, "rm", "OP", first)
    terminal.answer("Really remove the signing key %s" % first, "y")
    matches(terminal.finish(), "Signing key removed")
    eq(tool.out(*keys, "ls"), second + "\n")
    path = tool.path("data", "nats", "nsc", "keys", "keys", "O", "%s", "%s.nk")
    check(not os.path.exists(path % (first[1:3], first)), "the key is there still")
    check(os.path.exists(path % (second[1:3], second)), "the other key is not there")
    serve(ctx, tool)
    push(tool, "A")
    tool.run("account", "info", *as_user("a"))
    eq(tool.out(*keys, "delete", "OP", second, "--force"), "Signing key removed\n")
    eq(tool.out(*keys, "ls"), "")


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
    by_role = {key["role"]: key for key in claims_of(tool, "account", "info", "A")["nats"]["signing_keys"]}
    key = by_role["reader"]
    eq((key["role"], key["template"]["pub"], key["template"]["payload"], key["template"]["subs"]), ("reader", {"deny": [">"]}, 100, -1))
    terminal = tool.terminal(*keys, "info", "A")
    terminal.answer("Select Signing Key", by_role["writer"]["key"])
    matches(terminal.finish(), "Role: writer")
    out = tool.out("auth", "user", "add", "r", "A", "--key", "reader", "--credential", "r.creds", "--defaults")
    matches(out, r"Scoped: true\n")
    tool.run("auth", "user", "add", "w", "A", "--key", key["key"], "--credential", "w.creds", "--defaults")
    # Their limits are those of the role, whatever they are given.
    matches(tool.out("auth", "user", "edit", "r", "A", "--payload", "5"), r"Max Payload: 100\n")
    serve(ctx, tool)
    push(tool, "A")
    watching = tool.start("sub", "s.x", "--count", "1", *as_user("r"))
    watching.wait_err("Subscribing")
    tool.run("pub", "s.x", "seen", *as_user("a"))
    matches(watching.wait().out, "seen")
    matches(tool.error("pub", "s.x", "x", *as_user("r")), "ermissions Violation for Publish")
    # Without its key the role is gone, and so are its users.
    eq(tool.out(*keys, "rm", "A", "--key", "reader", "-f"), 'key "%s" removed\n' % key["key"])
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
    matches(out, r"Connection Permissions:\n\n.*Publish.*Allow: .*ok\.>.*Subscribe.*Deny: secret\.>\n")
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
    eq(tool.error("auth", "user", "rm", "u", "A"), "cannot ask for confirmation without a terminal")
    terminal = tool.terminal("auth", "user", "rm", "--revoke")
    terminal.answer("Select an Account", "A")
    terminal.answer("Select a User", "u")
    terminal.answer("Really remove the User u", "y")
    matches(terminal.finish(), "Removed user u")
    push(tool, "A")
    matches(tool.error("account", "info", *as_user("u")), "nats: Authorization Violation$")
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
    matches(tool.error("account", "info", "--jwt", token), "nats: Authorization Violation$")


@case(134)
def questions_about_new_accounts_and_users(ctx):
    tool = nats(ctx, server=False)
    tool.run("auth", "operator", "add", "OP")
    eq(tool.error("auth", "account", "add"), "cannot prompt for user input without a terminal")
    eq(tool.error("auth", "account", "add", "A"), "cannot ask for confirmation without a terminal")
    # A quota is a must.
    for given in ((), ("--js-disk", "1GB"), ("--js-memory", "1GB")):
        eq(tool.error("auth", "account", "add", "A", "--defaults", "--jetstream", *given), "cannot ask for confirmation without a terminal")
    terminal = tool.terminal("auth", "account", "add", "--jetstream", "--js-memory", "1MB", "--payload", "1KB")
    for question, answer in (("Account Name", "A"), ("Maximum Connections", "5"), ("Maximum Subscriptions", ""),
                             ("Maximum JetStream Disk Storage", "-1")):
        terminal.answer(question, answer)
    terminal.wait("JetStream requires maximum Disk usage set.*Maximum JetStream Disk Storage")
    terminal.answer("Maximum JetStream Disk Storage", "2GB")
    terminal.finish()
    out = tool.out("auth", "account", "info", "A")
    matches(out, r"Subscriptions: unlimited\n +Connections: 5\n +Maximum Payload: 1\.0 KiB\n")
    matches(out, r"Max File Storage: 2\.0 GiB\n.*Max Memory Storage: 1\.0 MiB\n")
    matches(tool.out("auth", "account", "add", "B", "--defaults", "--js-streams", "5"), r"JetStream: false\n")
    eq(tool.error("auth", "user", "add", "u", "A"), "cannot ask for confirmation without a terminal")
    # All that would be asked for is given.
    matches(tool.out("auth", "account", "add", "C", "--connections", "1", "--subscriptions", "1"), r"^\nAccount C \(A")
    eq(tool.error("auth", "user", "info", "u", "A"), "user u not found")
    terminal = tool.terminal("auth", "user", "add", "u", "A")
    terminal.answer("Maximum Payload", "100")
    terminal.answer("Maximum Subscriptions", "7")
    terminal.finish()
    out = tool.out("auth", "user", "info", "u", "A")
    matches(out, r"Max Payload: 100\n +Max Data: unlimited\n +Max Subscriptions: 7\n")
    terminal = tool.terminal("auth", "account", "edit")
    terminal.answer("Select an Account", "B")
    matches(terminal.finish(), r"Account B \(A")


@case(134, "operator")
def mappings_are_pushed(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    mappings = ("auth", "account", "mappings")
    for command in ("rm", "info", "ls"):
        eq(tool.out(*mappings, command, "A"), "No mappings defined\n")
    tool.write("m.yaml", "in.*:\n  - subject: out.{{wildcard(1)}}\n    weight: 100\nother:\n  - subject: x\n    weight: 50\n")
    matches(tool.out(*mappings, "add", "A", "--config", "m.yaml"),
            r"^Subject mappings\n\nConfiguration:\n\n.* {8}Source: in\.\*\n {8}Target: out\.\{\{wildcard\(1\)\}\}\n {8}Weight: 100\n {7}Cluster: \n {16}\n"
            r"  Total weight: 100\n {16}\n(.*\n)?\n$")
    matches(tool.out(*mappings, "ls", "A"), r"│ in\.\* +│ out\.\{\{wildcard\(1\)\}\} │ +100 │")
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
    matches(tool.error("auth", "account", "query", "B", *as_user("sys")), "^did not receive a valid token from the server$")


@case(134, "services", "operator")
def an_account_is_purged(ctx):
    tool = nats(ctx, server=False)
    make_operator(tool)
    serve(ctx, tool)
    push(tool, "A")
    tool.run("kv", "add", "B", *as_user("a"))
    account = key_of(tool, "account", "info", "A")
    purge = ("server", "account", "purge", account, *as_user("sys"))
    matches(tool.error(*purge), "cannot ask for confirmation without a terminal$")
    terminal = tool.terminal(*purge)
    terminal.answer("Really purge account %s" % account, "y")
    matches(terminal.finish(), "Purge operation on account %s initiated" % account)
    wait_until(lambda: tool.out("kv", "ls", "-n", *as_user("a")) in ("", "No Key-Value buckets found\n"), "the bucket is gone", timeout=20.0)


@case(134, "deviation", "services", "operator")
def tokens_of_users_stay_out_of_archives(ctx):
    """The original does not ask who is connected; this does, and leaves the tokens out."""
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
