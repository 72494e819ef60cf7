"""auth: items 134, 135; server check credential: item 131."""

import os
import re
import stat

from tool import *


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def operator(tool):
    """An operator OP with the account APP and its user u1 in u1.creds, sys in sys.creds."""
    tool.run("auth", "operator", "add", "OP")
    tool.run("auth", "account", "add", "APP", "--defaults", *JETSTREAM)
    tool.run("auth", "user", "add", "u1", "APP", "--defaults", "--credential", "u1.creds")
    tool.run("auth", "user", "add", "sys", "SYSTEM", "--defaults", "--credential", "sys.creds")


@case(134)
def an_operator_in_files(ctx):
    tool = nats(ctx, server=False)
    out = tool.out("auth", "operator", "add", "OP", "--tags", "B", "--tags", "a,c")
    matches(out, r"^Operator OP \((O\w{55})\)\n\nConfiguration:\n\n {12}Name: OP\n {9}Subject: \1\n {12}Tags: a,c\n {18}b\n {8}Accounts: 1\n"
                 r"  System Account: SYSTEM \(A\w{55}\)\n    Signing Keys: O\w{55}\n\n$")
    eq(tool.error("auth", "operator", "add", "OP"), "operator OP already exist")
    for name in ([], ["NO"]):
        eq(tool.error("auth", "account", "info", *name), "cannot pick an Account without a terminal and no Account name supplied")
    root = tool.path("data", "nats", "nsc")
    for path in ("stores/OP/.nsc", "stores/OP/OP.jwt", "stores/OP/accounts/SYSTEM/SYSTEM.jwt", "keys/.gitignore"):
        check(os.path.isfile(os.path.join(root, path)), path)
    keys = [os.path.join(where, name) for where, _, names in os.walk(os.path.join(root, "keys", "keys")) for name in names]
    eq(len(keys), 3, "operator, signing key, system account")
    for path in keys:
        eq(mode(path), 0o600)
        public = os.path.basename(path)[:-3]
        check(path.endswith("/%s/%s/%s.nk" % (public[0], public[1:3], public)), path)
        eq(tool.out("auth", "nkey", "show", path), public + "\n")
    # JSON has all of it, the seeds, too.
    found = tool.run("auth", "operator", "info", "--json").json
    eq(list(found), ["name", "key", "token", "signingKeys", "accounts"])
    matches(found["key"]["key"], r"^SO\w{56}$")
    eq([(list(account), account["signingKeys"], account["users"]) for account in found["accounts"]],
       [(["name", "key", "token", "signingKeys", "users"], None, None)])
    eq(tool.run("auth", "account", "info", "SYSTEM", "--json").json, found["accounts"][0])
    eq(tool.out("auth", "operator", "list", "--names"), "OP\n")


@case(134)
def accounts_and_users(ctx):
    tool = nats(ctx, server=False)
    operator(tool)
    out = tool.out("auth", "account", "edit", "APP", "--connections", "10", "--js-disk", "2GB", "--expiry", "1h")
    matches(out, r"Connections: 10\n")
    matches(out, r"Max File Storage: 2.0 GiB\n")
    matches(out, r"Expiry: \d{4}-")
    matches(tool.out("auth", "account", "ls"), r"│ APP +│ A\w{55} │ +1 │ true +│ +│\n")
    path = tool.path("u1.creds")
    eq(mode(path), 0o600)
    eq(tool.error("auth", "user", "add", "u1", "APP", "--defaults"), "user u1 already exist")
    eq(tool.error("auth", "user", "add", "u2", "APP", "--defaults", "--credential", path), "file %s already exist" % path)
    out = tool.out("auth", "user", "edit", "u1", "APP", "--pub-allow", "a.>", "--pub-allow", "b", "--subscriptions", "5")
    matches(out, r"Max Subscriptions: 5\n")
    matches(out, r"Publish:\n\n +Allow: a.>\n +b\n")
    eq(tool.error("auth", "user", "edit", "nobody", "APP"), "user not found")
    eq(tool.error("auth", "user", "rm", "nobody", "APP", "-f"), "user does not exist")
    eq(tool.error("auth", "user", "credential", "x.creds", "nobody", "APP"), "user not found")
    # The user was made before its file was refused.
    eq(tool.out("auth", "user", "ls", "APP", "--names"), "u1\nu2\n")
    # By its key, too.
    public = key_of(tool, "user", "info", "u1", "APP")
    matches(tool.out("auth", "user", "info", public, "APP"), r"^User u1 \(")
    eq(tool.error("auth", "user", "info", "nobody", "APP"), "user nobody not found")
    eq(tool.out("auth", "user", "rm", "u1", "APP", "-f", "--revoke"), "Removed user u1\n")
    matches(tool.out("auth", "account", "info", "APP"), r"Users: 1\n +Revocations: 1\n")
    check(not os.path.exists(tool.path("data", "nats", "nsc", "keys", "keys", "U", public[1:3], public + ".nk")), "the key is there still")


@case(134, "deviation")
def permissions_of_users_are_listed(ctx):
    """The original has the marks under each other's titles, and 0 subscriptions for users of a role."""
    tool = nats(ctx, server=False)
    operator(tool)
    tool.run("auth", "user", "edit", "u1", "APP", "--pub-allow", "b", "--subscriptions", "5")
    tool.run("auth", "account", "keys", "add", "APP", "reader", "--sub-allow", "s.>", "--subscriptions", "7")
    tool.run("auth", "user", "add", "u2", "APP", "--key", "reader", "--defaults")
    matches(tool.out("auth", "user", "ls", "APP"),
            r"│ u1 +│ U\w{55} │ false +│ {11}│ ✓ +│ 5 +│\n│ u2 +│ U\w{55} │ true +│ ✓ +│ {11}│ 7 +│\n")


@case(134, "deviation")
def a_name_has_to_be_that_of_a_file(ctx):
    """The original writes outside of its store."""
    tool = nats(ctx, server=False)
    eq(tool.error("auth", "operator", "add", "../x"), 'invalid operator name "../x"')
    operator(tool)
    eq(tool.error("auth", "account", "add", "../x", "--defaults"), 'invalid account name "../x"')
    eq(tool.error("auth", "user", "add", "../x", "APP", "--defaults"), 'invalid user name "../x"')


@case(134, "operator")
def a_server_trusts_what_was_made(ctx):
    tool = nats(ctx, server=False)
    operator(tool)
    stores = tool.path("data", "nats", "nsc", "stores", "OP")
    system = key_of(tool, "account", "info", "SYSTEM")
    with open(os.path.join(stores, "OP.jwt")) as file:
        trusted = file.read()
    with open(os.path.join(stores, "accounts", "SYSTEM", "SYSTEM.jwt")) as file:
        preload = file.read()
    server = ctx.start("""
        operator: %s
        system_account: %s
        resolver { type: full, dir: "jwt" }
        resolver_preload { %s: %s }
        jetstream { store_dir: "js" }
    """ % (trusted, system, system, preload))
    tool.env["NATS_URL"] = server.address
    matches(tool.error("account", "info", "--creds", "u1.creds"), "nats: Authorization Violation$")
    out = tool.out("auth", "account", "push", "APP", "--creds", "sys.creds")
    matches(out, r"^Updating account APP \(A\w{55}\) on 1 server\(s\)\n\n✓ Update completed on \S+\n\nSuccess 1 Failed 0 Expected 1\n$")
    out = tool.out("account", "info", "--creds", "u1.creds")
    matches(out, r"User: u1 \(U\w{55}\)\n +Account: APP \(A\w{55}\)\n.* +Expires: never\n")
    tool.run("kv", "add", "B", "--creds", "u1.creds")
    tool.run("auth", "user", "credential", "short.creds", "u1", "APP", "--expire", "1h")
    matches(tool.out("account", "info", "--creds", "short.creds"), r"Expires: 59m")
    matches(tool.out("auth", "account", "query", "APP", "copy.jwt", "--creds", "sys.creds"), r"^Account APP ")
    eq(mode(tool.path("copy.jwt")), 0o600)
    outcome = tool.run("auth", "account", "push", "APP", "--creds", "u1.creds", "--timeout", "1s", code=1)
    matches(outcome.out, r"^Updating Account APP \(A\w{55}\) on all servers\n\n$")
    matches(outcome.err, "server request failed, ensure the account used has system privileges and appropriate permissions")
    matches(tool.out("auth", "account", "query", "APP", "--creds", "sys.creds"), r"Issuer: O\w{55}\n +JetStream: true\n +Users: 0\n")


@case(135)
def key_pairs(ctx):
    tool = nats(ctx, server=False)
    for kind, letter in (("user", "U"), ("account", "A"), ("server", "N"), ("cluster", "C"), ("operator", "O"), ("curve", "X"),
                         ("x25519", "X")):
        seed, public = tool.out("auth", "nkey", "gen", kind, "--public").split()
        matches(seed, r"^S%s\w{56}$" % letter)
        matches(public, r"^%s\w{55}$" % letter)
        eq(tool.out("auth", "nkey", "show", tool.write("k.nk", "# a key\n%s\n" % seed)), public + "\n")
        matches(tool.run("auth", "nkey", "show", tool.write("p.nk", public), code=1).err, "nkeys: invalid seed\n$")
    matches(tool.out("auth", "nkey", "gen", "user"), r"^SU\w{56}\n$")
    eq(tool.out("auth", "nkey", "gen", "user", "--output", "u.nk"), "")
    matches(open(tool.path("u.nk")).read(), r"^SU\w{56}\n$")
    eq(tool.error("auth", "nkey", "show", "missing"), "path 'missing' does not exist")
    matches(tool.error("auth", "nkey", "gen", "bogus"), "^enum value must be one of .*, got 'bogus'$")
    eq(tool.error("auth", "nkey", "show", tool.write("none", "x\n")), "could not find a valid key in %s" % tool.path("none"))
    entropy = tool.write("entropy", bytes(range(32)))
    eq(tool.out("auth", "nkey", "gen", "user", "--entropy", entropy), "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y\n")
    eq(tool.error("auth", "nkey", "gen", "user", "--entropy", tool.write("short", "x")), 'could not create "user": unexpected EOF')


@case(135, "deviation")
def seeds_and_secrets_are_files_of_their_owner(ctx):
    """The original writes seeds and what it seals and unseals readable for everybody."""
    tool = nats(ctx, server=False)
    tool.write("file", "content")
    for kind, name in (("user", "u.nk"), ("curve", "x.nk")):
        tool.run("auth", "nkey", "gen", kind, "--output", name)
        eq(mode(tool.path(name)), 0o600)
    public = tool.out("auth", "nkey", "show", "x.nk").strip()
    tool.run("auth", "nkey", "seal", "file", "x.nk", public, "--output", "sealed")
    tool.run("auth", "nkey", "unseal", "sealed", "x.nk", public, "--output", "plain")
    eq([mode(tool.path(name)) for name in ("sealed", "plain")], [0o600, 0o600])


@case(135)
def signatures_and_sealed_files(ctx):
    tool = nats(ctx, server=False)
    tool.write("file", "content")
    tool.run("auth", "nkey", "gen", "user", "--output", "u.nk")
    signature = tool.out("auth", "nkey", "sign", "file", "u.nk")
    matches(signature, r"^[\w-]{86}\n$")
    tool.write("sig", signature)
    eq(tool.out("auth", "nkey", "verify", "file", "sig", "u.nk"), "Verified OK\n")
    tool.write("other", "changed")
    eq(tool.error("auth", "nkey", "verify", "other", "sig", "u.nk"), "nkeys: signature verification failed")
    publics = []
    for name in ("a.xk", "b.xk"):
        tool.run("auth", "nkey", "gen", "curve", "--output", name)
        publics.append(tool.out("auth", "nkey", "show", name).strip())
    tool.run("auth", "nkey", "seal", "file", "a.xk", publics[1], "--output", "sealed")
    eq(tool.out("auth", "nkey", "unseal", "sealed", "b.xk", publics[0]), "content\n")
    matches(tool.error("auth", "nkey", "unseal", "sealed", "a.xk", publics[0]), "could not decrypt input")
    tool.run("auth", "nkey", "seal", "file", "a.xk", publics[1], "--no-b64", "--output", "raw")
    with open(tool.path("raw"), "rb") as file:
        eq(file.read(4), b"xkv1")
    eq(tool.out("auth", "nkey", "unseal", "raw", "b.xk", publics[0], "--no-b64"), "content\n")
    matches(tool.out("auth", "nkey", "seal", "file", "a.xk", publics[1]), r"^[\w+/]+=*\n$")
    check(not open(tool.path("sealed")).read().endswith("\n"), "the file has a line end")
    for recipient in ("a.xk", "x"):
        eq(tool.error("auth", "nkey", "seal", "file", "a.xk", recipient), "invalid public key provided")
    eq(tool.error("auth", "nkey", "seal", "file", "u.nk", publics[1]), "nkeys: only curve key can seal/open")


@case(131)
def credentials_are_checked(ctx):
    tool = nats(ctx, server=False)
    operator(tool)
    args = ("server", "check", "credential", "--credential")
    # Never is the beginning of the epoch.
    matches(tool.out(*args, "u1.creds", code=2), r"^CRITICAL Credential Crit:never expires \| expiry=-\d{10}\.0000s\n$")
    matches(tool.out(*args, "u1.creds", "--no-require-expiry"), r"^OK Credential OK:never expires \| expiry=-\d{10}\.0000s\n$")
    tool.run("auth", "user", "credential", "short.creds", "u1", "APP", "--expire", "1h")
    matches(tool.out(*args, "short.creds"), r"^OK Credential OK:expires in \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC \| expiry=3[56]\d\d\.0000s\n$")
    matches(tool.out(*args, "short.creds", "--validity-warn", "2h", code=1), r"^WARNING Credential Warn:expires sooner than 2h0m0s \| ")
    matches(tool.out(*args, "short.creds", "--validity-critical", "2h", code=2), r"^CRITICAL Credential Crit:expires sooner than 2h0m0s \| ")
    eq(tool.out(*args, "nothing", code=2), "CRITICAL Credential Crit:credential not accessible: stat nothing: no such file or directory\n")
    tool.write("bad", "x")
    eq(tool.out(*args, "bad", code=2), "CRITICAL Credential Crit:invalid credential: expected 3 chunks\n")
    eq(tool.out(*args, ".", code=2), "CRITICAL Credential Crit:credential not accessible: is a directory\n")


@case(131, "deviation")
def thresholds_of_credentials_are_seconds(ctx):
    """The original compares seconds with nanoseconds, so that every threshold alarms, and tells of credentials that have expired
    when they will. Here thresholds mean what they say, and what has expired is critical."""
    tool = nats(ctx, server=False)
    operator(tool)
    args = ("server", "check", "credential", "--credential", "short.creds")
    tool.run("auth", "user", "credential", "short.creds", "u1", "APP", "--expire", "1h")
    matches(tool.out(*args, "--validity-warn", "2m", "--validity-critical", "1m"), r"^OK Credential OK:expires in .* expiry=3[56]\d\d\.0000s;120\.0000;60\.0000\n$")
    matches(tool.out(*args, "--validity-warn", "2h", "--validity-critical", "1m", code=1), r"^WARNING Credential Warn:expires sooner than 2h0m0s \| ")
    tool.run("auth", "user", "credential", "short.creds", "u1", "APP", "--expire", "1s", "-f")
    wait_until(lambda: tool.run(*args, code=None).out.startswith("CRITICAL Credential Crit:expired "), "the end of the credential")


@case(134)
def scoped_keys_and_mappings(ctx):
    tool = nats(ctx, server=False)
    operator(tool)
    keys, mappings = ("auth", "account", "keys"), ("auth", "account", "mappings")
    eq(tool.out(*keys, "ls", "APP"), "No Scoped Signing Keys or Roles defined\n")
    eq(tool.error("auth", "user", "add", "r1", "APP", "--key", "reader"), "no signing keys found")
    out = tool.out(*keys, "add", "APP", "reader", "--sub-allow", "s.>", "--subscriptions", "7", "--description", "d")
    key = re.search(r"A\w{55}", out).group()
    about = """\
Scoped Signing Key %s

Config:

        Description: d
                Key: %s
               Role: reader
       Bearer Token: false

Limits:

        Max Payload: %s
           Max Data: unlimited
  Max Subscriptions: 7

Permissions:

  Publish:

   No permissions defined

  Subscribe:

                Allow: s.>

"""
    eq(out, about % (key, key, "0"))
    eq(tool.out(*keys, "info", "APP", "reader"), about % (key, key, "unlimited"))
    eq(tool.out(*keys, "ls", "APP"), """\
╭─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╮
│                                                     Scoped Signing Keys                                                     │
├────────┬──────────────────────────────────────────────────────────┬─────────────┬───────────────────┬───────────┬───────────┤
│ Role   │ Key                                                      │ Description │ Max Subscriptions │ Pub Perms │ Sub Perms │
├────────┼──────────────────────────────────────────────────────────┼─────────────┼───────────────────┼───────────┼───────────┤
│ reader │ %s │ d           │                 7 │         0 │         1 │
╰────────┴──────────────────────────────────────────────────────────┴─────────────┴───────────────────┴───────────┴───────────╯


""" % key)
    out = tool.out("auth", "user", "add", "r1", "APP", "--key", "reader", "--defaults", "--subscriptions", "3")
    matches(out, r"Scoped: true\n {7}Bearer Token: false\n\nLimits:\n\n {8}Max Payload: unlimited\n {11}Max Data: unlimited\n  Max Subscriptions: 7\n")
    eq(tool.error("auth", "user", "add", "r2", "APP", "--key", "reader"), "cannot ask for confirmation without a terminal")
    eq(tool.out(*mappings, "ls", "APP"), "No mappings defined\n")
    tool.run(*mappings, "add", "APP", "a.*", "b.{{wildcard(1)}}", "60")
    add = (*mappings, "add", "APP", "a.*")
    eq(tool.error(*add, "c.{{wildcard(1)}}", "50"), "Mapping \"a.*\" exceeds 100% among all of it's weighted to mappings")
    eq(tool.error(*add, "c.{{wildcard(1)}}", "150"), 'Mapping "a.*" has a weight 150 that exceeds 100')
    eq(tool.error(*add, "b.{{wildcard(1)}}", "5"), "mapping a.* -> b.{{wildcard(1)}} already exists")
    out = tool.out(*add, "c.{{wildcard(1)}}", "40", "east")
    eq(out, """\
Subject mappings

Configuration:

        Source: a.*
        Target: b.{{wildcard(1)}}
        Weight: 60
       Cluster:\x20
                \x20
        Source: a.*
        Target: c.{{wildcard(1)}}
        Weight: 40
       Cluster: east
                \x20
  Total weight: 100
                \x20

""".replace(" " * 16 + "\x20\n", " " * 16 + "\n"))
    eq(tool.out(*mappings, "info", "APP", "a.*"), out)
    eq(tool.error(*add, "d", "61", "east"), "Mapping \"a.*\" in cluster \"east\" exceeds 100% among all of it's weighted to mappings")
    out = tool.out(*mappings, "ls", "APP")
    matches(out, r"Subject mappings for account APP")
    matches(out, r"│ a\.\* +│ c\.\{\{wildcard\(1\)\}\} │ +40 │ east +│")
    eq([entry["Weight"] for entry in tool.run(*mappings, "info", "APP", "a.*", "--json").json["a.*"]], [60, 40])
    eq(tool.out(*mappings, "rm", "APP", "no"), "Deleted mapping {no}\n")
    eq(tool.out(*mappings, "rm", "APP", "a.*"), "Deleted mapping {a.*}\n")
    eq(tool.error(*keys, "rm", "APP", "--key", "reader"), "cannot ask for confirmation without a terminal")
    eq(tool.out(*keys, "rm", "APP", "--key", "reader", "-f"), 'key "%s" removed\n' % key)
    eq(tool.out(*keys, "ls", "APP"), "No Scoped Signing Keys or Roles defined\n")


@case(134, "deviation")
def a_mapping_that_servers_would_refuse_is_refused(ctx):
    """The original stores it, and servers then log an error and leave it out."""
    tool = nats(ctx, server=False)
    operator(tool)
    matches(tool.error("auth", "account", "mappings", "add", "APP", "a.*", "c.{{wildcard(2)}}", "5"), "^invalid mapping: ")
