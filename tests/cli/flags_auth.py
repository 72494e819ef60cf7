"""Flags of auth that no other test needs: items 134, 135."""

import os

from keys import operator
from tool import *

GIB = 1 << 30

# Flags of `auth account add` and `edit`: (words, where in the account's JWT, value).
ACCOUNT = (
    (("--bearer",), "limits.disallow_bearer", None),
    (("--connections", "10"), "limits.conn", 10),
    (("--exports", "3"), "limits.exports", 3),
    (("--imports", "4"), "limits.imports", 4),
    (("--js-consumers", "5"), "limits.consumer", 5),
    (("--js-disk", "1GB"), "limits.disk_storage", GIB),
    (("--js-disk-stream", "2MB"), "limits.disk_max_stream_bytes", 2 << 20),
    (("--js-max-pending", "6"), "limits.max_ack_pending", 6),
    (("--js-memory", "3MB"), "limits.mem_storage", 3 << 20),
    (("--js-memory-stream", "4MB"), "limits.mem_max_stream_bytes", 4 << 20),
    (("--js-stream-size-required",), "limits.max_bytes_required", True),
    (("--js-streams", "7"), "limits.streams", 7),
    (("--js-cluster-traffic", "owner"), "cluster_traffic", "owner"),
    (("--leafnodes", "8"), "limits.leaf", 8),
    (("--payload", "9000"), "limits.payload", 9000),
    (("--subscriptions", "10"), "limits.subs", 10),
    (("--tags", "One"), "tags", ["one"]),
)
# The same of `auth user add` and `edit`.
USER = (
    (("--bearer",), "bearer_token", True),
    (("--data", "1000"), "data", 1000),
    (("--locale", "Europe/Berlin"), "times_location", "Europe/Berlin"),
    (("--payload", "500"), "payload", 500),
    (("--pub-allow", "a", "--pub-allow", "b"), "pub.allow", ["a", "b"]),
    (("--pub-deny", "c"), "pub.deny", ["c"]),
    (("--sub-allow", "d"), "sub.allow", ["d"]),
    (("--sub-deny", "e"), "sub.deny", ["e"]),
    (("--subscriptions", "5"), "subs", 5),
    (("--tags", "X"), "tags", ["x"]),
)


def at(claims, path):
    """The value at `a.b` of the NATS part of a JWT."""
    value = claims["nats"]
    for name in path.split("."):
        value = (value or {}).get(name)
    return value


def flags(table):
    """All flags of a table."""
    return [word for words, _, _ in table for word in words]


def holds(table, claims):
    """The claims are as the flags of a table say."""
    eq({path: at(claims, path) for _, path, _ in table}, {path: value for _, path, value in table})


@case(134)
def an_operator_with_every_flag(ctx):
    tool = nats(ctx, server=False)
    tool.run("auth", "operator", "add", "OP", "--no-signing-key", "--service", "nats://a:1", "--service", "nats://b:1", "--account-server",
             "http://a:2", "--tags", "One")
    info = lambda: claims_of(tool, "operator", "info", "OP")  # noqa: E731
    claims = info()
    eq((at(claims, "operator_service_urls"), at(claims, "account_server_url"), at(claims, "tags"), at(claims, "signing_keys")),
       (["nats://a:1", "nats://b:1"], "http://a:2", ["one"], None))
    out = tool.out("auth", "operator", "edit", "OP", "--service", "nats://c:1", "--account-server", "http://c:2", "--tags", "two",
                   "--no-tags", "one")
    matches(out, r"Service URL\(s\): nats://c:1\n.*Account Server: http://c:2\n")
    claims = info()
    eq((at(claims, "operator_service_urls"), at(claims, "account_server_url"), at(claims, "tags")), (["nats://c:1"], "http://c:2", ["two"]))
    key = tool.out("auth", "operator", "keys", "add", "OP").strip()
    eq(tool.out("auth", "operator", "keys", "ls", "OP").split(), [key])
    matches(tool.error("auth", "operator", "keys", "rm", "OP", key), "without a terminal")
    eq(tool.out("auth", "operator", "keys", "rm", "OP", key, "--force"), "Signing key removed\n")
    eq(tool.out("auth", "operator", "keys", "ls", "OP").split(), [])


@case(134)
def an_account_with_every_flag(ctx):
    tool = nats(ctx, server=False)
    for name in ("OP", "OTHER"):
        tool.run("auth", "operator", "add", name)
    of = ("--operator", "OP")
    tool.run("auth", "account", "add", "ALL", *of, *flags(ACCOUNT), "--expiry", "1h", "--jetstream", "--defaults")
    claims = claims_of(tool, "account", "info", "ALL", *of)
    holds(ACCOUNT, claims)
    check(claims["exp"] > claims["iat"], claims)
    tool.run("auth", "account", "add", "EDIT", *of, "--defaults", "--no-bearer")
    eq(at(claims_of(tool, "account", "info", "EDIT", *of), "limits.disallow_bearer"), True)
    tool.run("auth", "account", "edit", "EDIT", *of, *flags(ACCOUNT), "--expiry", "1h", "--jetstream")
    holds(ACCOUNT, claims_of(tool, "account", "info", "EDIT", *of))
    eq(tool.out("auth", "account", "ls", "OP", "--names"), "ALL\nEDIT\nSYSTEM\n")
    eq(tool.out("auth", "account", "ls", "OTHER", "--names"), "SYSTEM\n")
    eq(tool.error("auth", "account", "info", "ALL", "--operator", "OTHER"),
       "cannot pick an Account without a terminal and no Account name supplied")
    matches(tool.error("auth", "account", "add", "X", *of, "--jetstream", "--js-disk", "1XB", "--js-memory", "1", "--defaults"),
            "invalid bytes specification")
    matches(tool.out("auth", "account", "add", "X", *of, "--js-disk", "1GB", "--defaults"), r"JetStream: false\n")
    # JetStream can be switched off and on again.
    matches(tool.out("auth", "account", "edit", "ALL", *of, "--no-jetstream"), r"JetStream: false\n")
    claims = claims_of(tool, "account", "info", "ALL", *of)
    eq([at(claims, "limits." + name) for name in ("disk_storage", "mem_storage", "streams")], [None, None, 7])
    eq(tool.error("auth", "account", "edit", "ALL", *of, "--jetstream"), "cannot ask for confirmation without a terminal")
    eq(tool.error("auth", "account", "add", "Y", *of, "--defaults", "--key", "reader"), "no signing keys found")


@case(134, "deviation")
def an_account_is_signed_by_a_signing_key(ctx):
    """The original looks for --key among the keys of the account that is being made, which has none."""
    tool = nats(ctx, server=False)
    tool.run("auth", "operator", "add", "OP")
    key = tool.out("auth", "operator", "keys", "ls").strip()
    tool.run("auth", "account", "add", "A", "--defaults", "--key", key)
    eq(claims_of(tool, "account", "info", "A")["iss"], key)
    # It stays the issuer until it is gone.
    tool.run("auth", "account", "edit", "A", "--connections", "5")
    eq(claims_of(tool, "account", "info", "A")["iss"], key)
    tool.run("auth", "operator", "keys", "rm", "OP", key, "-f")
    tool.run("auth", "account", "edit", "A", "--connections", "6")
    eq(claims_of(tool, "account", "info", "A")["iss"], key_of(tool, "operator", "info"))


@case(134, "deviation")
def what_is_not_named_stays_as_it_is(ctx):
    """The original resets the payload of an account and all limits of a user that an edit does not name."""
    tool = nats(ctx, server=False)
    tool.run("auth", "operator", "add", "OP")
    tool.run("auth", "account", "add", "A", "--defaults", "--payload", "9000")
    tool.run("auth", "account", "edit", "A", "--connections", "5")
    eq(at(claims_of(tool, "account", "info", "A"), "limits.payload"), 9000)
    tool.run("auth", "user", "add", "u", "A", "--defaults", *flags(USER))
    tool.run("auth", "user", "edit", "u", "A", "--tags", "x")
    holds(USER, claims_of(tool, "user", "info", "u", "A"))
    # Users of a role have tags of their own, which the original does not change.
    tool.run("auth", "account", "keys", "add", "A", "reader")
    tool.run("auth", "user", "add", "r", "A", "--defaults", "--key", "reader")
    matches(tool.out("auth", "user", "edit", "r", "A", "--tags", "x"), r"Tags: x\n")


@case(134)
def a_user_with_every_flag(ctx):
    tool = nats(ctx, server=False)
    operator(tool)
    of = ("--operator", "OP")
    tool.run("auth", "user", "add", "all", "APP", *of, *flags(USER), "--credential", "all.creds", "--defaults")
    info = lambda name: claims_of(tool, "user", "info", name, "APP", *of)  # noqa: E731
    holds(USER, info("all"))
    before = open(tool.path("all.creds"), encoding="utf-8").read()
    # A file that is there is written over by force only.
    tool.run("auth", "user", "add", "more", "APP", *of, "--credential", "all.creds", "--force", "--defaults")
    check(open(tool.path("all.creds"), encoding="utf-8").read() != before, "the same credentials")
    tool.run("auth", "user", "edit", "more", "APP", *of, *flags(USER), "--credential", "more.creds")
    holds(USER, info("more"))
    check(os.path.exists(tool.path("more.creds")), "no credentials")
    tool.run("auth", "user", "edit", "more", "APP", *of, "--no-tags", "x", "--pub-allow", "", "--no-bearer")
    claims = info("more")
    eq((at(claims, "tags"), at(claims, "pub.allow"), at(claims, "bearer_token")), (None, None, None))
    eq(tool.out("auth", "user", "ls", "APP", *of, "--names"), "all\nmore\nu1\n")
    matches(tool.error("auth", "user", "credential", "all.creds", "all", "APP", *of), "already exist")
    eq(tool.out("auth", "user", "credential", "all.creds", "all", "APP", *of, "--force"), "Wrote credential for all to all.creds\n")
    eq(tool.out("auth", "user", "rm", "all", "APP", *of, "-f"), "Removed user all\n")


@case(134)
def keys_and_mappings_with_every_flag(ctx):
    tool = nats(ctx, server=False)
    operator(tool)
    of = ("--operator", "OP")
    tool.run("auth", "account", "keys", "add", "APP", "all", *of, "--bearer", "--connection", "ws", "--locale", "Europe/Berlin",
             "--payload", "500", "--pub-allow", "a", "--pub-deny", "b", "--sub-allow", "c", "--sub-deny", "d")
    key = claims_of(tool, "account", "info", "APP", *of)["nats"]["signing_keys"][0]
    template = key["template"]
    matches(tool.out("auth", "account", "keys", "info", "APP", "all", *of), r"Role: all\n")
    matches(tool.error("auth", "account", "keys", "add", "APP", "all", *of, "--connection", "WEBSOCKET"),
            "^enum value must be one of nats,ws,leaf,wsleaf,mqtt, got 'WEBSOCKET'$")
    eq((template["bearer_token"], template["allowed_connection_types"], template["times_location"], template["payload"],
        template["pub"], template["sub"]),
       (True, ["WEBSOCKET"], "Europe/Berlin", 500, {"allow": ["a"], "deny": ["b"]}, {"allow": ["c"], "deny": ["d"]}))
    matches(tool.out("auth", "account", "keys", "ls", "APP", *of), r"│ all +│")
    eq(tool.out("auth", "account", "keys", "rm", "APP", "--key", "all", *of, "-f"), 'key "%s" removed\n' % key["key"])
    config = tool.write("map.json", '{"a.*": [{"subject": "b.{{wildcard(1)}}", "weight": 70, "cluster": "east"}], "c": [{"subject": "d"}]}')
    tool.run("auth", "account", "mappings", "add", "APP", *of, "--config", config)
    rows = tool.out("auth", "account", "mappings", "ls", "APP", *of, env={"NATS_TABLE_FORMAT": "csv"}).splitlines()[2:]
    eq(sorted(row for row in rows if row), ["a.*,b.{{wildcard(1)}},70,east", "c,d,0,"])
    tool.write("bad.json", '{"a.*": [{"weight": 70}]}')
    eq(tool.error("auth", "account", "mappings", "add", "APP", *of, "--config", "bad.json"), "subject cannot be empty")
    tool.write("worse.json", '{"a.*": "b"}')
    matches(tool.error("auth", "account", "mappings", "add", "APP", *of, "--config", "worse.json"), "^unable to load config file: ")
    eq(tool.run("auth", "account", "mappings", "info", "APP", "c", *of, "--json").json, {"c": [{"Subject": "d", "Weight": 0, "Cluster": ""}]})
    eq(tool.out("auth", "account", "mappings", "rm", "APP", "c", *of), "Deleted mapping {c}\n")


@case(134, "operator")
def pushing_and_asking_in_an_operator(ctx):
    tool = nats(ctx, server=False)
    operator(tool)
    tool.run("auth", "operator", "add", "OTHER")
    stores = tool.path("data", "nats", "nsc", "stores", "OP")
    read = lambda *names: open(os.path.join(stores, *names), encoding="utf-8").read()  # noqa: E731
    system = key_of(tool, "account", "info", "SYSTEM", "--operator", "OP")
    server = ctx.start("operator: %s\nsystem_account: %s\nresolver { type: full, dir: jwt }\nresolver_preload { %s: %s }\n" % (
        read("OP.jwt"), system, system, read("accounts", "SYSTEM", "SYSTEM.jwt")))
    tool.env["NATS_URL"] = server.address
    out = tool.out("auth", "account", "push", "APP", "--operator", "OP", "--show", "--creds", "sys.creds")
    matches(out, r"Account APP|ey[\w-]+\.ey.*Updating account APP")
    matches(tool.out("auth", "account", "query", "APP", "--operator", "OP", "--creds", "sys.creds"), r"^Account APP ")


@case(135)
def unsealing_into_a_file(ctx):
    tool = nats(ctx, server=False)
    tool.write("file", "content")
    publics = []
    for name in ("a.xk", "b.xk"):
        tool.run("auth", "nkey", "gen", "curve", "--output", name)
        publics.append(tool.out("auth", "nkey", "show", name).strip())
    tool.run("auth", "nkey", "seal", "file", "a.xk", publics[1], "--output", "sealed")
    eq(tool.out("auth", "nkey", "unseal", "sealed", "b.xk", publics[0], "--output", "plain"), "")
    eq(open(tool.path("plain"), encoding="utf-8").read(), "content")


@case(134)
def exports_and_imports_with_every_flag(ctx):
    tool = nats(ctx, server=False)
    for name in ("OP", "OTHER"):
        tool.run("auth", "operator", "add", name)
    of = ("--operator", "OP")
    for name in "AB":
        tool.run("auth", "account", "add", name, *of, "--defaults")
    exports, imports = ("auth", "account", "exports"), ("auth", "account", "imports")
    tool.run(*exports, "add", "api", "api.*", "A", *of, "--service")
    tool.run(*exports, "edit", "api.*", "A", *of, "--token-position", "2", "--url", "https://example.net", "--description", "d", "--advertise")
    found = claims_of(tool, "account", "info", "A", *of)["nats"]["exports"][0]
    matches(tool.out(*exports, "info", "api.*", "A", *of), r"Info: https://example.net\n")
    eq((found["account_token_position"], found["info_url"], found["description"], found["advertise"]), (2, "https://example.net", "d", True))
    matches(tool.out(*exports, "ls", "A", *of), r"│ api +│ Service │ api\.\* +│")
    source = key_of(tool, "account", "info", "A", *of)
    tool.run(*imports, "add", "api", "api.x", "B", *of, "--source", source, "--service")
    tool.run(*imports, "edit", "api.x", "B", *of, "--share", "--local", "mine")
    found = claims_of(tool, "account", "info", "B", *of)["nats"]["imports"][0]
    matches(tool.out(*imports, "info", "mine", "B", *of), r"Local Subject: mine\n")
    eq((found["subject"], found["share"], found["account"]), ("api.x", True, source))
    # The other operator knows nothing of them.
    eq(tool.error(*exports, "info", "api.*", "A", "--operator", "OTHER"),
       "cannot pick an Account without a terminal and no Account name supplied")
    tool.run(*imports, "rm", "mine", "B", *of, "-f")
    tool.run(*exports, "rm", "api.*", "A", *of, "-f")
    eq(tool.out(*exports, "ls", "A", *of), "No Exports defined\n")
