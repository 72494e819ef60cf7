"""INFO and the start of a connection: client-protocol.md 1 and 3, items 1 to 18."""

import re
import time

from lib import *

SHEET = "client_protocol"
ALWAYS = {"server_id", "server_name", "version", "proto", "go", "host", "port", "headers", "max_payload",
          "client_id", "client_ip", "api_lvl", "xkey"}
USERS = 'authorization { users: [ {user: u, password: p} ] }\n'


def operator_setup(limits=None):
    """(configuration text, account key pair, operator key pair) of an operator-mode server."""
    operator, account, system = KeyPair("O"), KeyPair("A"), KeyPair("A")
    unlimited = {"subs": -1, "conn": -1, "leaf": -1, "imports": -1, "exports": -1, "data": -1, "payload": -1,
                 "wildcards": True}
    claims = {"type": "account", "limits": dict(unlimited, **(limits or {}))}
    config = 'operator: "%s"\nsystem_account: "%s"\nresolver: MEMORY\nresolver_preload {\n%s: "%s"\n%s: "%s"\n}\n' % (
        encode_jwt(operator, operator.public, {"type": "operator", "system_account": system.public}, "op"),
        system.public, account.public, encode_jwt(operator, account.public, claims, "acc"),
        system.public, encode_jwt(operator, system.public, {"type": "account", "limits": unlimited}, "sys"))
    return config, account, operator


def jwt_login(client, account):
    """CONNECT options of a new user of the account."""
    user = KeyPair("U")
    token = encode_jwt(account, user.public, {"type": "user", "subs": -1, "data": -1, "payload": -1}, "joe")
    return {"jwt": token, "sig": user.sign_nonce(client.info["nonce"])}


def wait_authenticated_info(client, **options):
    """The INFO that follows the first PONG."""
    return client.connect(protocol=1, **options).connect_info


@test(SHEET, 1)
def first_info(ctx):
    server = ctx.shared()
    client = ctx.raw(server, read_info=False)
    frame = client.read_info()
    matches(frame.raw.decode(), r"^INFO \{[^\r\n]*\} \r\n$", "wire form")
    info = client.info
    eq(set(info) - {"git_commit"}, ALWAYS, "keys")
    matches(info["server_id"], r"^N[A-Z2-7]{55}$", "server_id")
    matches(info["xkey"], r"^X[A-Z2-7]{55}$", "xkey")
    matches(info["version"], r"^\d+\.\d+\.\d+", "version")
    if "git_commit" in info:
        matches(info["git_commit"], r"^[0-9a-f]{7,}$", "git_commit")
    for key, want in (("proto", 1), ("host", "127.0.0.1"), ("port", server.port), ("headers", True),
                      ("max_payload", 1048576), ("client_ip", "127.0.0.1"), ("api_lvl", 5)):
        eq(info[key], want, key)
    check(isinstance(info["go"], str) and info["go"], "go")
    check(isinstance(info["client_id"], int) and info["client_id"] > 0, "client_id")
    other = ctx.raw(server)
    check(other.cid > client.cid, "client_id increases")
    eq(other.info["server_id"], info["server_id"], "server_id is constant")


@test(SHEET, 1)
def server_id_is_new_at_each_start(ctx):
    server = ctx.start()
    first = ctx.raw(server).info["server_id"]
    server.stop()
    server.start()
    check(ctx.raw(server).info["server_id"] != first, "the same server_id after a restart")


@test(SHEET, 1)
def headers_false_without_header_support(ctx):
    eq(ctx.raw(ctx.shared("no_header_support: true\n")).info["headers"], False, "headers")


@test(SHEET, 2)
def server_name_default_and_configured(ctx):
    info = ctx.raw(ctx.shared()).info
    eq(info["server_name"], info["server_id"], "server_name")
    info = ctx.raw(ctx.shared("server_name: bob\n")).info
    eq(info["server_name"], "bob", "server_name")


@test(SHEET, 3)
def auth_required_by_configuration(ctx):
    key = KeyPair()
    rows = (
        ("", {}, False, False),
        (USERS, {"user": "u", "pass": "p"}, True, True),
        ("authorization { user: u, password: p }\n", {"user": "u", "pass": "p"}, True, True),
        ("authorization { token: t }\n", {"auth_token": "t"}, True, True),
        ("authorization { users: [ {nkey: %s} ] }\n" % key.public, key, True, True),
        ("accounts { A { users: [ {user: u, password: p} ] } }\n", {"user": "u", "pass": "p"}, True, True),
        (USERS + "no_auth_user: u\n", {}, False, True),
        ("accounts { A { users: [ {user: u, password: p} ] } }\nno_auth_user: u\n", {}, False, True),
        ("accounts { S { users: [ {user: s, password: p} ] } }\nsystem_account: S\n", {}, True, True),
    )
    for config, login, first, later in rows:
        client = ctx.raw(ctx.shared(config))
        eq(client.info.get("auth_required"), True if first else None, "first INFO with %r" % config)
        if isinstance(login, KeyPair):
            login = {"nkey": login.public, "sig": login.sign_nonce(client.info["nonce"])}
        eq(wait_authenticated_info(client, **login).get("auth_required"), True if later else None,
           "later INFO with %r" % config)


@test(SHEET, 3, needs="jwt")
def auth_required_in_operator_mode(ctx):
    config, account, _ = operator_setup()
    client = ctx.raw(ctx.start(config))
    eq(client.info.get("auth_required"), True, "first INFO")
    info = wait_authenticated_info(client, **jwt_login(client, account))
    eq(info.get("auth_required"), True, "later INFO")
    eq(info["remote_account"], account.public, "remote_account")


@test(SHEET, 4)
def nonce_where_it_is_used(ctx):
    key = KeyPair()
    nkeys = ctx.shared("authorization { users: [ {nkey: %s} ] }\n" % key.public)
    client = ctx.raw(nkeys)
    matches(client.info["nonce"], r"^[A-Za-z0-9_-]{15}$", "nonce")
    check(ctx.raw(nkeys).info["nonce"] != client.info["nonce"], "two connections with the same nonce")
    info = wait_authenticated_info(client, nkey=key.public, sig=key.sign_nonce(client.info["nonce"]))
    check("nonce" not in info, "nonce in a later INFO")
    proxied = ctx.raw(ctx.shared("proxies { trusted: [ {key: %s} ] }\n" % KeyPair("N").public))
    matches(proxied.info["nonce"], r"^[A-Za-z0-9_-]{15}$", "nonce with a trusted proxy")
    for config in ("", USERS, "authorization { token: t }\n"):
        check("nonce" not in ctx.raw(ctx.shared(config)).info, "nonce with %r" % config)


@test(SHEET, 4, needs="jwt")
def nonce_in_operator_mode(ctx):
    config, _, _ = operator_setup()
    matches(ctx.raw(ctx.start(config)).info["nonce"], r"^[A-Za-z0-9_-]{15}$", "nonce")


@test(SHEET, 4)
def signature_forms_of_the_nonce(ctx):
    key = KeyPair()
    server = ctx.shared("authorization { users: [ {nkey: %s} ] }\n" % key.public)
    client = ctx.raw(server)
    padded = key.sign_nonce(client.info["nonce"]).replace("-", "+").replace("_", "/") + "=="
    client.connect(nkey=key.public, sig=padded)
    client = ctx.raw(server)
    client.connect(nkey=key.public, sig=key.sign_nonce("x" * 15), ping=False)
    client.expect_err_closed("Authorization Violation")


@test(SHEET, 5, needs="jetstream")
def jetstream_and_domain(ctx):
    info = ctx.raw(ctx.start('jetstream { store_dir: "js" }\n')).info
    eq(info["jetstream"], True, "jetstream")
    check("domain" not in info, "domain without a domain")
    info = ctx.raw(ctx.start('jetstream { store_dir: "js", domain: hub }\n')).info
    eq((info["jetstream"], info["domain"]), (True, "hub"), "jetstream, domain")
    check("jetstream" not in ctx.raw(ctx.shared()).info, "jetstream without JetStream")


@test(SHEET, 5)
def client_advertise(ctx):
    info = ctx.raw(ctx.shared('client_advertise: "example.com:5678"\n')).info
    eq((info["host"], info["port"]), ("example.com", 5678), "host, port")
    server = ctx.shared('client_advertise: "1.2.3.4"\n')
    info = ctx.raw(server).info
    eq((info["host"], info["port"]), ("1.2.3.4", server.port), "host, port")


@test(SHEET, 6)
def connect_info_behind_the_first_pong(ctx):
    client = ctx.raw(ctx.shared())
    client.send('CONNECT {"verbose":false,"pedantic":false,"protocol":1}\r\nPING\r\nPING\r\nPING\r\n')
    client.expect_pong()
    info = client.expect_info()
    eq((info["connect_info"], info["remote_account"]), (True, "$G"), "connect_info, remote_account")
    for key in ("server_id", "client_id", "client_ip", "max_payload", "port", "version", "xkey", "api_lvl"):
        eq(info[key], client.info[key], key)
    client.expect("PONG\r\nPONG\r\n")
    client.expect_quiet()


@test(SHEET, 7)
def protocol_0_gets_one_info(ctx):
    server = ctx.shared()
    for options in ({}, {"protocol": 0}):
        client = ctx.client(server, **options)
        client.expect_quiet()
        client.expect_quiet()
        client.expect_nothing(0.2)


@test(SHEET, 8)
def ping_ahead_of_connect(ctx):
    client = ctx.raw(ctx.shared())
    client.expect_quiet()
    client.expect_quiet()
    client.connect(protocol=1)
    eq(client.connect_info["connect_info"], True, "connect_info")
    client.expect_quiet()


@test(SHEET, 9)
def acc_is_sys(ctx):
    server = ctx.shared("accounts { S { users: [ {user: s, password: p} ] }, A { users: [ {user: a, password: p} ] } }\n"
                        "system_account: S\n")
    info = wait_authenticated_info(ctx.raw(server), user="s", **{"pass": "p"})
    eq((info.get("acc_is_sys"), info["remote_account"]), (True, "S"), "acc_is_sys, remote_account")
    info = wait_authenticated_info(ctx.raw(server), user="a", **{"pass": "p"})
    eq((info.get("acc_is_sys"), info["remote_account"]), (None, "A"), "acc_is_sys, remote_account")


@test(SHEET, 10)
def max_payload_of_the_account(ctx):
    server = ctx.shared("max_payload: 4096\naccounts {\n"
                        " A { users: [ {user: a, password: p} ], limits { max_payload: 512 } }\n"
                        " B { users: [ {user: b, password: p} ], limits { max_payload: 9000 } }\n}\n")
    for user, limit in (("a", 512), ("b", 4096)):
        client = ctx.raw(server)
        eq(client.info["max_payload"], 4096, "first INFO")
        eq(wait_authenticated_info(client, user=user, **{"pass": "p"})["max_payload"], limit, "connect_info")
        client.pub("foo", b"x" * limit)
        client.expect_quiet()
        client.send("PUB foo %d\r\n" % (limit + 1))
        client.expect_err_closed("Maximum Payload Violation")


CLUSTER = 'server_name: %s\ncluster { name: c, listen: "127.0.0.1:-1"%s }\n'


def join(ctx, first, name, **options):
    """A second server routed to `first`; with `--peer` it is the reference server."""
    extra = ', routes: [ "nats://127.0.0.1:%d" ]' % first.port_of("cluster")
    return ctx.start(CLUSTER % (name, extra), binary=ctx.peer, **options)


@test(SHEET, 11, needs="cluster")
def a_joining_server_is_announced(ctx):
    first = ctx.start(CLUSTER % ("one", ""))
    ready = ctx.client(first, protocol=1)
    check("connect_urls" not in ready.connect_info, "connect_urls without routes")
    eq(ready.connect_info["cluster"], "c", "cluster")
    old = ctx.client(first, protocol=0)
    early = ctx.raw(first).connect(protocol=1, ping=False)
    second = join(ctx, first, "two")
    info = ready.expect_info()
    eq(info["connect_urls"], [first.address, second.address], "connect_urls")
    check("connect_info" not in info, "connect_info in an update")
    old.expect_quiet()
    old.expect_nothing(0.3)
    early.expect_nothing(0.1)
    early.send("PING\r\n")
    early.expect_pong()
    info = early.expect_info()
    eq((info["connect_info"], info["connect_urls"]), (True, [first.address, second.address]), "late connect_info")
    late = ctx.raw(second)
    urls = wait_until(lambda: ctx.raw(second).info.get("connect_urls"), "connect_urls on the second server")
    eq(urls, [second.address, first.address], "connect_urls of the second server")
    late.expect_quiet()


@test(SHEET, 11, needs="cluster")
def an_advertised_address_is_announced(ctx):
    first = ctx.start('client_advertise: "own.example:1"\n' + CLUSTER % ("one", ""))
    ready = ctx.client(first, protocol=1)
    join_options = 'client_advertise: "other.example:2"\n' + CLUSTER % (
        "two", ', routes: [ "nats://127.0.0.1:%d" ]' % first.port_of("cluster"))
    ctx.start(join_options)
    eq(ready.expect_info()["connect_urls"], ["own.example:1", "other.example:2"], "connect_urls")


@test(SHEET, 12, needs="cluster")
def a_leaving_server_is_announced(ctx):
    first = ctx.start(CLUSTER % ("one", ""))
    ready = ctx.client(first, protocol=1)
    second = join(ctx, first, "two")
    eq(ready.expect_info()["connect_urls"], [first.address, second.address], "connect_urls")
    second.kill()
    eq(ready.expect_info()["connect_urls"], [first.address], "connect_urls after the other left")
    eq(ctx.raw(first).info.get("connect_urls"), [first.address], "connect_urls of a new client")


@test(SHEET, 13)
def no_connect_urls_without_a_cluster(ctx):
    client = ctx.client(ctx.shared(), protocol=1)
    check("connect_urls" not in client.info, "first INFO")
    check("connect_urls" not in client.connect_info, "connect_info")


@test(SHEET, 13, needs="cluster")
def no_connect_urls_without_a_route(ctx):
    client = ctx.client(ctx.start(CLUSTER % ("one", "")), protocol=1)
    check("connect_urls" not in client.info, "first INFO")
    check("connect_urls" not in client.connect_info, "connect_info")


@test(SHEET, 14)
def html_characters_in_the_server_name(ctx):
    client = ctx.raw(ctx.shared('server_name: "a<b>c&dä"\n'), read_info=False)
    raw = client.read_info().raw
    check(b'"server_name":"a\\u003cb\\u003ec\\u0026d\xc3\xa4"' in raw, "escapes in %r" % raw)
    eq(client.info["server_name"], "a<b>c&dä", "server_name")


@test(SHEET, 15)
def defaults_without_connect(ctx):
    client = ctx.raw(ctx.shared())
    client.send("SUB foo 1\r\n")
    client.expect("+OK\r\n")
    client.send("PUB foo 2\r\nhi\r\n")
    client.expect("+OK\r\nMSG foo 1 2\r\nhi\r\n")
    client.send("PUB foo.* 0\r\n\r\n")
    client.expect("-ERR 'Invalid Publish Subject'\r\n+OK\r\n")
    client.send("PING\r\n")
    client.expect("PONG\r\n")
    client.expect_nothing(0.1)
    client.send("HPUB foo 12 12\r\nNATS/1.0\r\n\r\n\r\n")
    client.expect_closed()


@test(SHEET, 15, slow=True)
def no_deadline_for_connect_without_auth(ctx):
    client = ctx.raw(ctx.shared())
    client.expect_nothing(3.0)
    client.connect()


@test(SHEET, 16)
def first_byte_other_than_c(ctx):
    server = ctx.shared(USERS)
    for data in (b"PING\r\n", b"SUB foo 1\r\n", b"PUB foo 0\r\n\r\n", b"\r\n", b"\r", b" CONNECT {}\r\n", b"+OK\r\n",
                 b"x", b"\x16\x03\x01", b"\x00", b"INFO {}\r\n", b"GET / HTTP/1.1\r\n\r\n"):
        client = ctx.raw(server)
        client.send(data)
        client.expect_err_closed("Authorization Violation")
        eq(server.close_reason(client.cid), "Authentication Failure", "reason after %r" % data)


@test(SHEET, 16)
def first_byte_c_that_is_not_connect(ctx):
    server = ctx.shared(USERS)
    for data in (b"CONNECX {}\r\n", b"cat\r\n"):
        client = ctx.raw(server)
        client.send(data)
        client.expect_err_closed("Unknown Protocol Operation")
        eq(server.close_reason(client.cid), "Protocol Violation", "reason after %r" % data)
    client = ctx.raw(server)
    client.send('connect {"user":"u","pass":"p","verbose":false}\r\nPING\r\n')
    client.expect_pong()


def authentication_timeout(ctx, config, low, high, tls=None):
    server = ctx.shared(config)

    def until_the_timeout():
        # From before the handshake: on a busy machine a good deal of the time has passed when that is done.
        started = time.monotonic()
        try:
            client = ctx.raw(server, tls=tls)
            client.expect_err_closed("Authentication Timeout")
        except (Failure, OSError):
            if tls:
                # The handshake was not done in its own time.
                return float("inf")
            raise
        took = time.monotonic() - started
        eq(server.close_reason(client.cid), "Authentication Timeout", "reason")
        return took

    lasts(until_the_timeout, low, high, "seconds until the timeout")


@test(SHEET, 17, slow=True)
def no_connect_within_the_timeout_is_closed(ctx):
    authentication_timeout(ctx, USERS, 1.9, 5.0)


@test(SHEET, 17, slow=True)
def configured_authentication_timeout(ctx):
    authentication_timeout(ctx, "authorization { timeout: 0.5, user: u, password: p }\n", 0.4, 1.8)


@test(SHEET, 17, slow=True, needs="tls")
def authentication_timeout_with_tls(ctx):
    authentication_timeout(ctx, USERS + ctx.certs.block(), 2.8, 6.0, ctx.certs.context())
    authentication_timeout(ctx, USERS + ctx.certs.block("timeout: 0.3"), 1.2, 2.6, ctx.certs.context())


@test(SHEET, 17, slow=True)
def connect_stops_the_authentication_timer(ctx):
    server = ctx.shared("authorization { timeout: 0.5, user: u, password: p }\n")
    client = ctx.client(server, user="u", **{"pass": "p"})
    client.expect_nothing(1.5)
    client.expect_quiet()


@test(SHEET, 18)
def no_auth_user_is_logged_in_by_its_first_verb(ctx):
    server = ctx.shared("accounts {\n A { users: [ {user: a, password: p, permissions: {publish: \"ok.>\"}} ] }\n"
                        " B { users: [ {user: b, password: p} ] }\n}\nno_auth_user: a\n")
    client = ctx.raw(server)
    client.expect_quiet()
    client.send("PUB no 0\r\n\r\n")
    client.expect_err('Permissions Violation for Publish to "no"')
    client.send("SUB ok.x 1\r\nPUB ok.x 0\r\n\r\n")
    client.expect("+OK\r\n+OK\r\nMSG ok.x 1 0\r\n\r\n")
    eq(server.connection(client.cid, auth=True)["account"], "A", "account")
    client = ctx.raw(server)
    client.connect(protocol=1)
    eq(client.connect_info["remote_account"], "A", "CONNECT without credentials")
    client = ctx.raw(server)
    client.connect(protocol=1, user="b", **{"pass": "p"})
    eq(client.connect_info["remote_account"], "B", "CONNECT as another user")
    client = ctx.raw(server)
    client.send("x")
    client.expect_err_closed("Unknown Protocol Operation")
