"""CONNECT: client-protocol.md 4, items 19 to 28."""

from lib import *

SHEET = "client_protocol"


def silent_close(ctx, server, data, reason="Protocol Violation", client=None):
    """Sends `data` on a fresh connection (or `client`) and expects a close without any byte."""
    client = client or ctx.raw(server)
    client.send(data)
    try:
        client.expect_closed()
    except Failure as failure:
        fail("after %r: %s" % (data[:200], failure))
    eq(server.close_reason(client.cid), reason, "reason after %r" % data[:200])
    return client


@test(SHEET, 19)
def empty_object(ctx):
    client = ctx.raw(ctx.shared())
    client.send("CONNECT {}\r\n")
    client.expect("+OK\r\n")
    client.send("CONNECT{}\r\n")
    client.expect("+OK\r\n")
    client.send("CONNECT {} \r\n")
    client.expect("+OK\r\n")


def state_after(ctx, connect):
    """(verbose, pedantic) after a CONNECT, found by what the server answers."""
    client = ctx.raw(ctx.shared())
    client.send(connect, "\r\nPING\r\n")
    first = client.frame()
    verbose = first.kind == "+OK"
    if verbose:
        client.expect_pong()
    else:
        eq(first.kind, "PONG", "answer to %r" % connect)
    client.send("PUB foo.* 0\r\n\r\nPING\r\n")
    kinds = [frame.kind for frame in client.until("PONG")]
    eq("+OK" in kinds, verbose, "verbose after %r" % connect)
    return verbose, "-ERR" in kinds


@test(SHEET, 20)
def lenient_json(ctx):
    for connect, state in (
            ('CONNECT {"VERBOSE":false,"Pedantic":false}', (False, False)),
            ('CONNECT {"vErBoSe":false,"pedantic":true}', (False, True)),
            ('CONNECT {"verbose":false,"nonsense":{"a":[1,2,{"b":null}]},"more":"x","pedantic":false,"n":1.5e3}',
             (False, False)),
            ('CONNECT {"verbose":true,"verbose":false}', (False, True)),
            ('CONNECT {"verbose":false,"verbose":true}', (True, True)),
            ('CONNECT {"verbose":null,"pedantic":null}', (True, True)),
            ('CONNECT {"verbose":false,"verbose":null}', (False, True)),
            ('CONNECT {"name":null,"protocol":null,"user":null,"verbose":false}', (False, True)),
            ('CONNECT null', (True, True)),
            ('CONNECT  {"verbose" : false , "pedantic" : false } ', (False, False)),
            ('CONNECT\t{"verbose":false}', (False, True)),
            ('CONNECT {"ver\\u0062ose":false}', (False, True))):
        eq(state_after(ctx, connect), state, "(verbose, pedantic) after %r" % connect)


@test(SHEET, 20)
def strings_are_decoded(ctx):
    server = ctx.shared()
    client = ctx.raw(server)
    client.send('CONNECT {"verbose":false,"name":"a\\"b\\u00e4\\n","LANG":"py","version":"1.2"}\r\nPING\r\n')
    client.expect_pong()
    entry = server.connection(client.cid)
    eq((entry["name"], entry["lang"], entry["version"]), ('a"bä\n', "py", "1.2"), "name, lang, version")


@test(SHEET, 21)
def json_errors(ctx):
    server = ctx.shared()
    for body in ('{"verbose":1}', '{"verbose":0}', '{"verbose":"true"}', '{"pedantic":"false"}', '{"echo":[]}',
                 '{"headers":{}}', '{"name":1}', '{"user":true}', '{"lang":[]}', '{"protocol":"1"}',
                 '{"protocol":1.5}', '{"protocol":true}', '{"no_responders":1}', '{"tls_required":"x"}',
                 '', ' ', '{', '{"verbose":', '{"verbose":true', '{"name":"x}', '[]', '"x"', '1', 'true', '{} x', '{}{}',
                 '{"verbose":false}}', '{verbose:false}', "{'verbose':false}", '{"verbose":false,}', 'nul'):
        silent_close(ctx, server, "CONNECT %s\r\n" % body)


@test(SHEET, 21)
def json_errors_log_one_line(ctx):
    server = ctx.start()
    client = ctx.raw(server)
    client.send('CONNECT {"verbose":1}\r\n')
    client.expect_closed()
    server.wait_log(r"\[ERR\].*cid:%d\b" % client.cid)
    eq(len(server.log_lines(r"\[ERR\]")), 1, "error lines")


@test(SHEET, 22)
def other_protocol_levels(ctx):
    server = ctx.shared()
    for level in ("2", "-1", "100"):
        client = ctx.raw(server)
        client.send('CONNECT {"verbose":true,"protocol":%s}\r\n' % level)
        client.expect_err_closed("invalid client protocol")
        eq(server.close_reason(client.cid), "Bad Client Protocol Version", "reason for %s" % level)
    for level in ("1.0", "1e0", "99999999999999999999"):
        silent_close(ctx, server, 'CONNECT {"protocol":%s}\r\n' % level)


@test(SHEET, 23)
def no_responders_without_headers(ctx):
    for config, options in (("", '{"no_responders":true}'), ("", '{"no_responders":true,"headers":false}'),
                            ("no_header_support: true\n", '{"no_responders":true,"headers":true}')):
        server = ctx.shared(config)
        client = ctx.raw(server)
        client.send("CONNECT %s\r\n" % options)
        client.expect_err_closed("no responders requires headers support")
        eq(server.close_reason(client.cid), "No Responders Requires Headers", "reason")
    ctx.client(ctx.shared(), no_responders=True, headers=True)


@test(SHEET, 24)
def obsolete_account_fields(ctx):
    server = ctx.shared()
    for options in ('{"account":"x"}', '{"new_account":true}', '{"account":"$G","new_account":false}'):
        client = ctx.raw(server)
        client.send("CONNECT %s\r\n" % options)
        client.expect_err_closed("Authorization Violation")
        eq(server.close_reason(client.cid), "Authentication Failure", "reason for %s" % options)
    ctx.client(server, account="", new_account=False)


@test(SHEET, 25)
def tls_required_on_a_plain_connection(ctx):
    client = ctx.client(ctx.shared(), tls_required=True)
    client.sub("foo")
    client.pub("foo", "hi")
    client.expect("MSG foo 1 2\r\nhi\r\n")


@test(SHEET, 26)
def credentials_without_authentication(ctx):
    server = ctx.shared()
    client = ctx.client(server, user="joe", **{"pass": "x"})
    eq(server.connection(client.cid, auth=True)["authorized_user"], "joe", "authorized_user")
    ctx.client(server, auth_token="tok")
    ctx.client(server, nkey=KeyPair().public, sig="AAAA")
    ctx.client(server, jwt="not.a.jwt")


@test(SHEET, 27)
def second_connect_removes_subscriptions_and_merges(ctx):
    server = ctx.shared()
    client = ctx.client(server, name="first", lang="py")
    client.sub("foo", "1")
    client.sub("bar", "2", queue="q")
    client.pub("foo", "a")
    client.expect("MSG foo 1 1\r\na\r\n")
    client.send('CONNECT {"verbose":true}\r\n')
    client.expect_ok()
    client.send("PUB foo 1\r\nb\r\nPUB bar 1\r\nb\r\nPING\r\n")
    client.expect("+OK\r\n+OK\r\nPONG\r\n")
    eq(server.connection(client.cid)["subscriptions"], 0, "subscriptions")
    eq((server.connection(client.cid)["name"], server.connection(client.cid)["lang"]), ("first", "py"), "name, lang")
    client.send("SUB new 1\r\nPUB new 1\r\nc\r\n")
    client.expect("+OK\r\n+OK\r\nMSG new 1 1\r\nc\r\n")
    client.send("PUB foo.* 0\r\n\r\nPING\r\n")
    client.expect("+OK\r\nPONG\r\n")
    client.send('CONNECT {"echo":false,"verbose":false}\r\n')
    client.sub("foo", "1")
    client.pub("foo", "d")
    client.expect_quiet()
    client.send('CONNECT {"headers":true,"echo":true}\r\n')
    client.sub("foo", "1")
    client.pub("foo", "e", headers="NATS/1.0\r\n\r\n")
    client.expect("HMSG foo 1 12 13\r\nNATS/1.0\r\n\r\ne\r\n")


@test(SHEET, 27)
def second_connect_withdraws_interest(ctx):
    server = ctx.shared()
    client = ctx.client(server)
    client.sub("svc", "1")
    client.expect_quiet()
    asker = ctx.client(server, headers=True, no_responders=True)
    asker.sub("inbox", "1")
    asker.pub("svc", "", reply="inbox")
    asker.expect_quiet()
    client.send("CONNECT {}\r\n")
    client.expect_msg(subject="svc")
    client.send("PING\r\n")
    client.expect_pong()
    asker.pub("svc", "", reply="inbox")
    asker.expect("HMSG inbox 1 35 35\r\nNATS/1.0 503\r\nNats-Subject: svc\r\n\r\n\r\n")


@test(SHEET, 27)
def second_connect_can_change_the_account_or_be_refused(ctx):
    server = ctx.shared("accounts { A { users: [ {user: a, password: p} ] }, B { users: [ {user: b, password: p} ] } }\n")
    client = ctx.client(server, user="a", **{"pass": "p"})
    other = ctx.client(server, user="b", **{"pass": "p"})
    other.sub("foo")
    other.expect_quiet()
    client.pub("foo", "1")
    client.expect_quiet()
    client.send('CONNECT {"user":"b","pass":"p"}\r\n')
    client.pub("foo", "2")
    client.expect_quiet()
    other.expect("MSG foo 1 1\r\n2\r\n")
    client.send('CONNECT {"pass":"wrong"}\r\n')
    client.expect_err_closed("Authorization Violation")
    eq(server.close_reason(client.cid), "Authentication Failure", "reason")
    for bad, reason in (('{"verbose":1}', "Protocol Violation"), ("{", "Protocol Violation")):
        client = ctx.client(server, user="a", **{"pass": "p"})
        silent_close(ctx, server, "CONNECT %s\r\n" % bad, reason, client)
    client = ctx.client(server, user="a", **{"pass": "p"})
    client.send('CONNECT {"protocol":2}\r\n')
    client.expect_err_closed("invalid client protocol")


@test(SHEET, 28)
def no_second_connect_info(ctx):
    client = ctx.client(ctx.shared(), protocol=1)
    client.connect(protocol=1)
    client.expect_quiet()
    client.expect_nothing(0.2)
