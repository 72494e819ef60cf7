"""Subjects, SUB, UNSUB, PUB: client-protocol.md 5, 8, 9 and 11, items 48 to 65."""

from lib import *

SHEET = "client_protocol"


def received(client):
    """Frames in front of the PONG."""
    client.send("PING\r\n")
    return client.until("PONG")[:-1]


def sids(client):
    """Sorted sids of the messages in front of the PONG; other frames fail."""
    frames = received(client)
    for frame in frames:
        check(frame.kind in ("MSG", "HMSG"), "unexpected %r" % frame)
    return sorted(frame.sid.decode() for frame in frames)


@test(SHEET, 48)
def malformed_subjects(ctx):
    client = ctx.client(ctx.shared(), verbose=True)
    for subject in ("foo.", ".foo", "foo..bar", "foo.>.bar", ">.a", ".", "..", "foo.*.", "*..a"):
        client.sub(subject, "1")
        client.expect_err("Invalid Subject")
    client.send("SUB foo 1\r\nPUB foo 0\r\n\r\nPING\r\n")
    client.expect("+OK\r\n+OK\r\nMSG foo 1 0\r\n\r\nPONG\r\n")


@test(SHEET, 49)
def odd_bytes_are_literal(ctx):
    server = ctx.shared()
    for subject, other in ((b"foo*", b"foox"), (b"*foo", b"xfoo"), (b"foo>", b"foox"), (b">foo", b"xfoo"), (b"**", b"ab"),
                           (b">>", b"a"), (b"a.*b.c", b"a.xb.c"), (b"a.b>", b"a.bc"), (b"\x01\x02.\x7f", b"\x01\x02.\x7e"),
                           (b"\xff\xfe\x80", b"\xef\xbf\xbd"), (b"a\x00b", b"a"), (b"\x00", b"\x01"), ("grüße.☃".encode(), b"gr"),
                           (b"Foo", b"foo"), (b"\x0b\x0c", b"\x0b"), (b"'\"\\", b"'")):
        client = ctx.client(server)
        client.sub(subject)
        client.pub(other, "no")
        client.pub(subject, "yes")
        client.expect(b"MSG " + subject + b" 1 3\r\nyes\r\n")
        client.expect_quiet()
        client.close()


@test(SHEET, 49)
def wildcards_match_whole_tokens(ctx):
    client = ctx.client(ctx.shared())
    for sid, subject in enumerate(("foo.*", "foo.>", "*.bar", ">", "*", "foo.*.baz", "*.*", "foo.bar", "*.>", "foo")):
        client.sub(subject, str(sid))
    for subject, wanted in (("foo", "349"), ("foo.bar", "0123678"), ("foo.bar.baz", "1358"), ("x", "34"), ("x.bar", "2368"),
                            ("foo.", ""), ("FOO.bar", "2368")):
        client.pub(subject)
        eq("".join(sids(client)), wanted, "sids for %s" % subject)


@test(SHEET, 50)
def duplicate_sid(ctx):
    client = ctx.client(ctx.shared(), verbose=True)
    client.send("SUB foo 1\r\nSUB bar 1\r\nSUB foo q 1\r\n")
    client.expect("+OK\r\n+OK\r\n+OK\r\n")
    client.send("PUB bar 0\r\n\r\nPUB foo 0\r\n\r\nPING\r\n")
    client.expect("+OK\r\n+OK\r\nMSG foo 1 0\r\n\r\nPONG\r\n")
    client.send("UNSUB 1\r\nPUB foo 0\r\n\r\nPING\r\n")
    client.expect("+OK\r\n+OK\r\nPONG\r\n")


@test(SHEET, 51)
def odd_sids(ctx):
    client = ctx.client(ctx.shared())
    for sid in (b"abc", b"!@#$%", b"\xff\x00\x01", b"0", b"-1", b"01", b"1", b"s" * 1000, b"a.b.*", "ä".encode()):
        client.send(b"SUB foo " + sid + b"\r\nPUB foo 0\r\n\r\n")
        client.expect(b"MSG foo " + sid + b" 0\r\n\r\n")
        client.send(b"UNSUB " + sid + b"\r\nPUB foo 0\r\n\r\n")
        client.expect_quiet()


@test(SHEET, 51)
def sids_are_scoped_to_the_connection(ctx):
    server = ctx.shared()
    one, two = ctx.client(server), ctx.client(server)
    one.sub("foo", "1")
    two.sub("bar", "1")
    one.expect_quiet()
    two.expect_quiet()
    one.unsub("1")
    one.pub("bar", "x")
    one.expect_quiet()
    two.expect("MSG bar 1 1\r\nx\r\n")


@test(SHEET, 52)
def odd_queue_names(ctx):
    server = ctx.start()
    client = ctx.client(server, verbose=True)
    for queue in (b"a.b", b">", b"*", b"a..b", b".", b"\xff\x01", b"_sys", b"_sys_."):
        client.send(b"SUB foo " + queue + b" 1\r\nSUB foo " + queue + b" 2\r\nPUB foo 0\r\n\r\nUNSUB 1\r\nUNSUB 2\r\nPING\r\n")
        kinds = [frame.kind for frame in client.until("PONG")]
        eq(sorted(kinds), ["+OK"] * 5 + ["MSG", "PONG"], "answers with queue %r" % queue)
    client.sub("foo", "1", queue="_sys_")
    client.expect_err('Permissions Violation for Subscription to "foo" using queue "_sys_"')
    client.send("PUB foo 0\r\n\r\nPING\r\n")
    client.expect("+OK\r\nPONG\r\n")
    server.wait_log(r'cid:%d.* - Subscription Violation - Subject "foo", Queue: "_sys_", SID 1' % client.cid)


@test(SHEET, 53)
def unsub_of_an_unknown_sid(ctx):
    server = ctx.shared()
    client = ctx.client(server)
    client.send("UNSUB 77\r\nUNSUB 77 5\r\nUNSUB x\r\n")
    client.expect_quiet()
    client = ctx.client(server, verbose=True)
    client.send("UNSUB 77\r\nUNSUB 77 5\r\nPING\r\n")
    client.expect("+OK\r\n+OK\r\nPONG\r\n")


@test(SHEET, 54)
def unsub_with_a_maximum(ctx):
    server = ctx.start(debug=True)
    client = ctx.client(server)
    client.sub("foo", "1")
    client.unsub("1", 2)
    for _ in range(4):
        client.pub("foo")
    eq(sids(client), ["1", "1"], "messages")
    eq(server.connection(client.cid)["subscriptions"], 0, "subscriptions")
    server.wait_log(r"cid:%d.* - Auto-unsubscribe limit of 2 reached for sid '1'" % client.cid)
    for maximum in (1, 2):
        client.sub("foo", "2")
        client.pub("foo")
        client.pub("foo")
        client.unsub("2", maximum)
        client.pub("foo")
        eq(sids(client), ["2", "2"], "messages")
    client.sub("foo", "3")
    client.pub("foo")
    client.pub("foo")
    client.unsub("3", 3)
    client.pub("foo")
    client.pub("foo")
    eq(sids(client), ["3", "3", "3"], "messages")


@test(SHEET, 55)
def bad_maximum_removes_at_once(ctx):
    server = ctx.shared()
    for maximum in ("0", "abc", "-1", "1234567890", "+5", "000000000", "1x"):
        client = ctx.client(server)
        client.send("SUB foo 1\r\nUNSUB 1 %s\r\nPUB foo 0\r\n\r\n" % maximum)
        eq(sids(client), [], "messages after UNSUB 1 %s" % maximum)
    client = ctx.client(server)
    client.send("SUB foo 1\r\nUNSUB 1 000000002\r\nPUB foo 0\r\n\r\nPUB foo 0\r\n\r\nPUB foo 0\r\n\r\n")
    eq(sids(client), ["1", "1"], "messages after UNSUB 1 000000002")
    client.send("SUB foo 1\r\nUNSUB 1 999999999\r\nPUB foo 0\r\n\r\nPUB foo 0\r\n\r\n")
    eq(sids(client), ["1", "1"], "messages after UNSUB 1 999999999")


@test(SHEET, 56)
def unsub_replaced_and_sid_reused(ctx):
    client = ctx.client(ctx.shared())
    publish = "PUB foo 0\r\n\r\n"
    client.send("SUB foo 1\r\nUNSUB 1 5\r\n", publish, "UNSUB 1 2\r\n", publish * 3)
    eq(sids(client), ["1", "1"], "lowered maximum")
    client.send("SUB foo 1\r\nUNSUB 1 2\r\n", publish, "UNSUB 1 4\r\n", publish * 5)
    eq(sids(client), ["1"] * 4, "raised maximum")
    client.send("SUB foo 1\r\nUNSUB 1 5\r\n", publish, "UNSUB 1\r\n", publish)
    eq(sids(client), ["1"], "removed")
    client.send("SUB foo 1\r\nUNSUB 1 1\r\n", publish, "SUB bar 1\r\nPUB bar 0\r\n\r\n", publish)
    eq([frame.subject for frame in received(client)], [b"foo", b"bar"], "the sid belongs to the new subscription")
    client.send("UNSUB 1\r\nSUB foo 1\r\n", publish * 3)
    eq(sids(client), ["1"] * 3, "the old maximum does not stick")


@test(SHEET, 57)
def auto_unsubscribe_of_a_queue_member(ctx):
    server = ctx.shared()
    one, two, publisher = ctx.client(server), ctx.client(server), ctx.client(server)
    for _ in range(10):
        one.send("SUB foo q 1\r\nUNSUB 1 1\r\n")
        two.send("SUB foo q 1\r\n")
        one.expect_quiet()
        two.expect_quiet()
        publisher.send("PUB foo 0\r\n\r\n" * 10)
        publisher.expect_quiet()
        first, second = len(sids(one)), len(sids(two))
        check(first <= 1 and first + second == 10, "%d and %d messages" % (first, second))
        one.send("UNSUB 1\r\n")
        two.send("UNSUB 1\r\n")
        one.expect_quiet()
        two.expect_quiet()


@test(SHEET, 58)
def publishing_to_wildcard_tokens(ctx):
    client = ctx.client(ctx.shared())
    for sid, subject in enumerate(("foo.*", "foo.>", ">", "foo.bar", "*.*", "*", "foo")):
        client.sub(subject, str(sid))
    for subject, wanted in (("foo.*", "0124"), ("foo.>", "0124"), (">", "25"), ("*", "25"), ("foo.*.>", "12")):
        client.pub(subject)
        eq("".join(sids(client)), wanted, "sids for %s" % subject)


@test(SHEET, 59)
def pedantic_publish_check(ctx):
    client = ctx.client(ctx.shared(), pedantic=True)
    client.sub("foo.*", "1")
    client.sub(">", "2")
    for subject, wanted in (("foo.*", "12"), ("foo.>", "12"), (">", "2"), ("*", "2"), ("foo..bar", ""), (".foo", ""), ("foo.", ""),
                            ("*.x", "2")):
        client.send("PUB %s 0\r\n\r\n" % subject)
        client.expect_err("Invalid Publish Subject")
        eq("".join(sids(client)), wanted, "sids for %s" % subject)
    for subject in ("foo*", "foo>", "*a.b", "foo.bar", ">>"):
        client.send("PUB %s a..b 0\r\n\r\n" % subject)
        check("2" in sids(client), "%s is delivered" % subject)
    client.sub("x.*y", "3")
    client.expect_quiet()


@test(SHEET, 59)
def pedantic_does_not_close(ctx):
    client = ctx.client(ctx.shared(), pedantic=True, verbose=True)
    client.send("PUB foo.* 0\r\n\r\nPING\r\n")
    client.expect("-ERR 'Invalid Publish Subject'\r\n+OK\r\nPONG\r\n")
    client = ctx.client(ctx.shared(), pedantic=True, headers=True)
    client.send("HPUB foo..a 12 12\r\nNATS/1.0\r\n\r\n\r\n")
    client.expect_err("Invalid Publish Subject")
    client.expect_quiet()


@test(SHEET, 60)
def empty_tokens_are_undeliverable(ctx):
    server = ctx.shared()
    client = ctx.client(server)
    client.sub(">", "1")
    client.sub("*.*", "2")
    client.sub("*.*.*", "3")
    before = server.varz()["in_msgs"]
    for subject in ("foo..bar", ".foo", "foo.", ".", ".."):
        client.pub(subject, "x")
    client.expect_quiet()
    wait_until(lambda: server.varz()["in_msgs"] == before + 5, "they are counted")


@test(SHEET, 61)
def replies_are_relayed(ctx):
    client = ctx.client(ctx.shared(), pedantic=True)
    client.sub("foo")
    for reply in ("bar.*", "a..b", ">", ".", "\u00e4", "$SYS.x", "_INBOX.x", "_R", "$JS.API.x", "$JS.FC.x"):
        client.pub("foo", "x", reply=reply)
        client.expect("MSG foo 1 %s 1\r\nx\r\n" % reply)


@test(SHEET, 62)
def reserved_replies(ctx):
    server = ctx.start()
    client = ctx.client(server, verbose=True)
    client.send("SUB foo 1\r\n")
    client.expect_ok()
    for reply in ("_R_.x", "_R_.a.b", "_R_.", "$JS.ACK.x", "$JS.ACK.a.b.c", "_GR_.x", "_GR_.a.b"):
        client.pub("foo", "x", reply=reply)
        client.expect_err('Permissions Violation for Publish with Reply of "%s"' % reply)
    for reply in ("_R_", "_R_x", "$JS.ACK", "$JS.ACKx", "$JS.ACK.", "_GR_", "_GR_.", "_GR_x", "_r_.x"):
        client.pub("foo", "x", reply=reply)
        client.expect("+OK\r\nMSG foo 1 %s 1\r\nx\r\n" % reply)
    server.wait_log(r'cid:%d.* - Publish Violation - Reply "_R_\.x"' % client.cid)


@test(SHEET, 63)
def reserved_subjects(ctx):
    server = ctx.start()
    client = ctx.client(server, verbose=True)
    client.sub(">", "1")
    client.expect_ok()
    for subject in ("_GR_.x", "_GR_.a.b", "$NRG.x", "$NRG.a.b"):
        client.pub(subject, "x")
        client.expect_err('Permissions Violation for Publish to "%s"' % subject)
    for subject in ("_R_.x", "$GNR.x", "$SYS.foo", "$JS.API.X", "_INBOX.x", "_GR_", "_GR_x", "$NRG", "$NRGx", "$KV.a", "$O.a",
                    "$SRV.PING", "$MQTT.x", "$JS.ACK.x", "$JS.FC.x"):
        client.pub(subject, "x")
        client.expect("+OK\r\nMSG %s 1 1\r\nx\r\n" % subject)
    server.wait_log(r'cid:%d.* - Publish Violation - Subject "\$NRG\.x"' % client.cid)


@test(SHEET, 63)
def raft_subjects_in_the_system_account(ctx):
    server = ctx.shared("accounts { S { users: [ {user: s, password: p} ] } }\nsystem_account: S\n")
    client = ctx.client(server, user="s", **{"pass": "p"})
    client.sub("$NRG.x")
    client.pub("$NRG.x", "a")
    client.expect("MSG $NRG.x 1 1\r\na\r\n")
    client.pub("_GR_.x", "a")
    client.expect_err('Permissions Violation for Publish to "_GR_.x"')


@test(SHEET, 64)
def a_copy_for_each_subscription(ctx):
    client = ctx.client(ctx.shared())
    for sid, subject in (("1", "foo"), ("2", "foo"), ("3", "*"), ("4", ">")):
        client.sub(subject, sid)
    client.pub("foo", "x")
    eq(sids(client), ["1", "2", "3", "4"], "sids")


@test(SHEET, 65)
def order_of_ok(ctx):
    client = ctx.client(ctx.shared(), verbose=True, headers=True)
    client.send("SUB foo 1\r\nPUB foo 1\r\na\r\nHPUB foo 12 13\r\nNATS/1.0\r\n\r\nb\r\nPING\r\n")
    client.expect("+OK\r\n+OK\r\nMSG foo 1 1\r\na\r\n+OK\r\nHMSG foo 1 12 13\r\nNATS/1.0\r\n\r\nb\r\nPONG\r\n")
    client.send("UNSUB 1\r\nPONG\r\n+OK\r\nPUB foo 0\r\n\r\nPING\r\n")
    client.expect("+OK\r\n+OK\r\nPONG\r\n")
    client.send("SUB a..b 1\r\nPUB _GR_.x 0\r\n\r\nPUB x _R_.y 0\r\n\r\nSUB foo _sys_ 1\r\nPING\r\n")
    eq([frame.kind for frame in client.until("PONG")], ["-ERR"] * 4 + ["PONG"], "refused operations")
