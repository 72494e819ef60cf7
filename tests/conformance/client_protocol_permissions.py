"""Permissions and accounts as seen on the wire: client-protocol.md 7 and 21, items 78 to 84."""

from lib import *

SHEET = "client_protocol"
LOGIN = {"user": "u", "pass": "p"}


def users(permissions, more=""):
    return "authorization { users: [ {user: u, password: p, permissions: {%s}}, {user: free, password: p} ] }\n%s" % (
        permissions, more)


@test(SHEET, 78)
def violation_texts(ctx):
    server = ctx.start(users('publish: {allow: ["ok.>"], deny: ["ok.no"]}, subscribe: {allow: ["in.>", "jobs q.*"], deny: "in.no"}'))
    client = ctx.client(server, verbose=True, **LOGIN)
    for subject in ("foo", "ok.no", "ok", "okx.a"):
        client.pub(subject)
        client.expect_err('Permissions Violation for Publish to "%s"' % subject)
    client.pub("ok.yes")
    client.expect_ok()
    for subject in ("foo", "in.no", ">", "*"):
        client.sub(subject, "1")
        client.expect_err('Permissions Violation for Subscription to "%s"' % subject)
    for subject, queue in (("foo", "q"), ("jobs", "other")):
        client.sub(subject, "1", queue=queue)
        client.expect_err('Permissions Violation for Subscription to "%s" using queue "%s"' % (subject, queue))
    client.sub("jobs", "2", queue="q.a")
    client.expect_ok()
    client.sub("in.yes", "1")
    client.expect_ok()
    client.expect_quiet()
    server.wait_log(r'\[ERR\].*cid:%d.* - Publish Violation - Subject "foo"' % client.cid)
    server.wait_log(r'\[ERR\].*cid:%d.* - Subscription Violation - Subject "foo", SID 1' % client.cid)
    server.wait_log(r'\[ERR\].*cid:%d.* - Subscription Violation - Subject "foo", Queue: "q", SID 1' % client.cid)


@test(SHEET, 78)
def a_violation_each(ctx):
    client = ctx.client(ctx.shared(users('publish: "ok"')), **LOGIN)
    client.send("PUB foo 0\r\n\r\n" * 20, "PING\r\n")
    frames = client.until("PONG")
    eq([frame.kind for frame in frames], ["-ERR"] * 20 + ["PONG"], "frames")


@test(SHEET, 79)
def quoting_of_subjects(ctx):
    client = ctx.client(ctx.shared(users('publish: "ok", subscribe: "ok"')), **LOGIN)
    for subject, quoted in ((b'a"b', r'a\"b'), (b"\xff\x01", r"\xff\x01"), (b"a\\b", r"a\\b"), (b"\x00", r"\x00"),
                            (b"\x07\x08\x0c\x0b", r"\a\b\f\v"), (b"\x7f\x1b", r"\x7f\x1b"), ("ä☃".encode(), "ä☃"),
                            ("\u00a0\u200b".encode(), r"\u00a0\u200b"), ("\U000e0001".encode(), r"\U000e0001"),
                            ("\U0001f600".encode(), "\U0001f600"), (b"'", "'"), (b"<>&", "<>&"), (b"a\xe4b", r"a\xe4b"),
                            ("\ufffd".encode(), "\ufffd")):
        client.pub(subject)
        client.expect_err('Permissions Violation for Publish to "%s"' % quoted)
        client.sub(subject)
        client.expect_err('Permissions Violation for Subscription to "%s"' % quoted)
        client.sub(subject, queue=subject)
        client.expect_err('Permissions Violation for Subscription to "%s" using queue "%s"' % (quoted, quoted))
    client.pub("ok", reply=b"_R_.\xff")
    client.expect_err(r'Permissions Violation for Publish with Reply of "_R_.\xff"')


@test(SHEET, 80)
def account_connection_limit(ctx):
    server = ctx.shared("accounts { A { users: [ {user: u, password: p} ], limits { max_connections: 2 } },\n"
                        "B { users: [ {user: b, password: p} ] } }\n")
    first, _ = ctx.client(server, **LOGIN), ctx.client(server, **LOGIN)
    client = ctx.raw(server)
    client.connect(ping=False, **LOGIN)
    client.expect_err_closed("maximum account active connections exceeded")
    eq(server.close_reason(client.cid), "Maximum Account Connections Exceeded", "reason")
    ctx.client(server, user="b", **{"pass": "p"})
    first.close()
    wait_until(lambda: server.varz()["connections"] == 2, "a free place")
    ctx.client(server, **LOGIN)


@test(SHEET, 81)
def response_permission(ctx):
    server = ctx.shared(users('publish: {deny: ">"}, subscribe: ">", allow_responses: true'))
    responder, asker = ctx.client(server, **LOGIN), ctx.client(server, user="free", **{"pass": "p"})
    responder.sub("svc", "1")
    responder.expect_quiet()
    asker.sub("inbox.>", "1")
    asker.pub("svc", "q", reply="inbox.1")
    responder.expect_msg(subject="svc", reply="inbox.1")
    responder.pub("inbox.1", "a")
    asker.expect_msg(subject="inbox.1", payload="a")
    responder.pub("inbox.1", "b")
    responder.expect_err('Permissions Violation for Publish to "inbox.1"')
    responder.pub("inbox.2", "b")
    responder.expect_err('Permissions Violation for Publish to "inbox.2"')
    asker.expect_quiet()
    server = ctx.shared(users('publish: "ok", subscribe: ">", allow_responses: {max: 3, expires: "1m"}'))
    responder, asker = ctx.client(server, **LOGIN), ctx.client(server, user="free", **{"pass": "p"})
    responder.sub("svc", "1")
    responder.expect_quiet()
    asker.sub("inbox.>", "1")
    asker.pub("svc", "q", reply="inbox.1")
    responder.expect_msg(subject="svc")
    responder.send("PUB inbox.1 0\r\n\r\n" * 4)
    responder.expect_err('Permissions Violation for Publish to "inbox.1"')
    responder.expect_quiet()
    for _ in range(3):
        asker.expect_msg(subject="inbox.1")
    asker.expect_quiet()


@test(SHEET, 82, needs="reload")
def reload_takes_a_right_or_the_user(ctx):
    server = ctx.start(users('publish: ">", subscribe: [">"]'))
    client = ctx.client(server, **LOGIN)
    for line in ("SUB keep 1", "SUB gone 2", "SUB gone q 3"):
        client.send(line + "\r\n")
    client.expect_quiet()
    server.reload(users('publish: "ok", subscribe: ["keep"]'))
    texts = sorted(client.expect_err() for _ in range(2))
    eq(texts, ['Permissions Violation for Subscription to "gone" (sid "2")',
               'Permissions Violation for Subscription to "gone" using queue "q" (sid "3")'], "errors")
    client.expect_quiet()
    server.wait_log(r'Removed sub "gone" \(sid "2"\) for User "u" - not authorized')
    other = ctx.client(server, user="free", **{"pass": "p"})
    other.send("PUB gone 0\r\n\r\nPUB keep 1\r\nx\r\n")
    client.expect("MSG keep 1 1\r\nx\r\n")
    client.pub("foo")
    client.expect_err('Permissions Violation for Publish to "foo"')
    server.reload(users('publish: ">", subscribe: [">"]'))
    client.sub("gone", "2")
    client.pub("foo")
    client.pub("gone", "x")
    client.expect("MSG gone 2 1\r\nx\r\n")
    server.reload("authorization { users: [ {user: u, password: other}, {user: free, password: p} ] }\n")
    client.expect_err_closed("Authorization Violation")
    eq(server.close_reason(client.cid), "Authentication Failure", "reason")
    server.reload("authorization { users: [ {user: u, password: other} ] }\n")
    other.expect_closed(allow=("-ERR",))  # a user that is gone: closed, with or without a text


@test(SHEET, 82, needs="reload")
def reload_turns_authentication_on(ctx):
    server = ctx.start("")
    client = ctx.client(server)
    server.reload("authorization { user: u, password: p }\n")
    client.expect_err_closed("Authorization Violation")
    eq(server.close_reason(client.cid), "Authentication Failure", "reason")


@test(SHEET, 83, needs="reload")
def reload_moves_a_user(ctx):
    server = ctx.start("accounts { A { users: [ {user: u, password: p} ] }, B { users: [ {user: b, password: p} ] } }\n")
    client, other = ctx.client(server, **LOGIN), ctx.client(server, user="b", **{"pass": "p"})
    server.reload("accounts { A {}, B { users: [ {user: u, password: p}, {user: b, password: p} ] } }\n")
    client.expect_closed()
    eq(server.close_reason(client.cid), "Client Closed", "reason")
    other.expect_quiet()
    eq(ctx.client(server, protocol=1, **LOGIN).connect_info["remote_account"], "B", "account after the reload")


@test(SHEET, 84)
def wrong_credentials(ctx):
    key = KeyPair()
    server = ctx.start("authorization { users: [ {user: u, password: p}, {user: h, password: \"%s\"}, {nkey: %s} ] }\n"
                       % (bcrypt_hash("secret"), key.public))
    ctx.client(server, user="h", **{"pass": "secret"})
    for options, label in (({"user": "u", "pass": "x"}, r'User "u"'), ({"user": "u"}, r'User "u"'), ({"user": "nobody", "pass": "p"}, r'User "nobody"'),
                           ({"user": "h", "pass": "wrong"}, r'User "h"'), ({"nkey": key.public, "sig": "AAAA"}, r'Nkey "%s"' % key.public),
                           ({"nkey": KeyPair().public, "sig": ""}, "Nkey"), ({"auth_token": "t"}, r'Token "\[REDACTED\]"'), ({}, "")):
        client = ctx.raw(server)
        client.connect(ping=False, **options)
        client.expect_err_closed("Authorization Violation")
        eq(server.close_reason(client.cid), "Authentication Failure", "reason for %r" % options)
        server.wait_log(r"\[ERR\].*cid:%d\b.* - authentication error%s" % (client.cid, " - " + label if label else ""))
    server = ctx.shared("authorization { token: tok }\n")
    ctx.client(server, auth_token="tok")
    client = ctx.raw(server)
    client.connect(ping=False, auth_token="bad")
    client.expect_err_closed("Authorization Violation")
    eq(server.close_reason(client.cid), "Authentication Failure", "reason")
