"""Queue groups, echo, headers, no-responders, ordering: client-protocol.md 10, 12, 13 and 25, items 66 to 77 and
120 to 122."""

from lib import *

SHEET = "client_protocol"
EMPTY = "NATS/1.0\r\n\r\n"


def collect(clients):
    """Messages each client has got, in front of a PONG."""
    result = []
    for client in clients:
        client.send("PING\r\n")
        frames = client.until("PONG")[:-1]
        for frame in frames:
            check(frame.kind in ("MSG", "HMSG"), "unexpected %r" % frame)
        result.append(frames)
    return result


def counts(clients):
    """Numbers of messages."""
    return [len(frames) for frames in collect(clients)]


def no_responders(client, subject, reply, sid):
    """The 503 exactly."""
    size = 32 + len(subject.encode())
    client.expect("HMSG %s %s %d %d\r\nNATS/1.0 503\r\nNats-Subject: %s\r\n\r\n\r\n" % (reply, sid, size, size, subject))


@test(SHEET, 66)
def one_member_per_group(ctx):
    server = ctx.shared()
    members = [ctx.client(server) for _ in range(4)]
    for member in members:
        member.sub("foo", queue="q")
        member.expect_quiet()
    publisher = ctx.client(server)
    for _ in range(40):
        publisher.send("PUB foo 1\r\nx\r\n" * 100)
    publisher.expect_quiet()
    shares = counts(members)
    eq(sum(shares), 4000, "messages in all")
    for share in shares:
        near(share, 800, 1200, "messages of one member of four (sd 27)")


@test(SHEET, 66)
def members_on_one_connection(ctx):
    client = ctx.client(ctx.shared())
    for sid in "abcd":
        client.sub("foo", sid, queue="q")
    client.send("PUB foo 0\r\n\r\n" * 4000)
    frames = collect([client])[0]
    eq(len(frames), 4000, "messages")
    for sid in b"abcd":
        near(sum(frame.sid[0] == sid for frame in frames), 800, 1200, "messages of one member")


@test(SHEET, 67)
def a_group_spans_subjects(ctx):
    server = ctx.shared()
    one, two, publisher = ctx.client(server), ctx.client(server), ctx.client(server)
    one.sub("foo", queue="q")
    two.sub("*", queue="q")
    one.expect_quiet()
    two.expect_quiet()
    publisher.send("PUB foo 0\r\n\r\n" * 1000)
    publisher.expect_quiet()
    shares = counts([one, two])
    eq(sum(shares), 1000, "messages")
    near(shares[0], 380, 620, "messages of the first (sd 16)")
    publisher.send("PUB bar 0\r\n\r\n" * 10)
    publisher.expect_quiet()
    eq(counts([one, two]), [0, 10], "messages on bar")


@test(SHEET, 68)
def plain_subscribers_and_several_groups(ctx):
    server = ctx.shared()
    plain, a1, a2, b1, b2 = clients = [ctx.client(server) for _ in range(5)]
    plain.sub("foo")
    for client, queue in ((a1, "a"), (a2, "a"), (b1, "b"), (b2, "b")):
        client.sub("foo", queue=queue)
    for client in clients:
        client.expect_quiet()
    publisher = ctx.client(server)
    publisher.send("PUB foo 3\r\nabc\r\n" * 3000)
    publisher.expect_quiet()
    got = counts(clients)
    eq((got[0], got[1] + got[2], got[3] + got[4]), (3000, 3000, 3000), "messages")
    for share in got[1:]:
        near(share, 1200, 1800, "messages of one member (sd 27)")


@test(SHEET, 69)
def echo_off(ctx):
    server = ctx.shared()
    own, other = ctx.client(server, echo=False), ctx.client(server)
    own.sub("foo", "1")
    own.pub("foo")
    own.expect_quiet()
    own.sub("work", "2", queue="q")
    other.sub("work", "1", queue="q")
    other.sub("foo", "2")
    other.expect_quiet()
    own.send("PUB work 0\r\n\r\n" * 50, "PUB foo 0\r\n\r\n")
    own.expect_quiet()
    eq(counts([other]), [51], "messages of the other")
    other.pub("foo", "x")
    own.expect("MSG foo 1 1\r\nx\r\n")
    other.send("UNSUB 1\r\n")
    other.expect_msg(subject="foo")
    other.expect_quiet()
    own.send("PUB work 0\r\n\r\n")
    own.expect_quiet()


@test(SHEET, 70)
def headers_by_receiver(ctx):
    server = ctx.shared()
    modern, old, publisher = ctx.client(server, headers=True), ctx.client(server), ctx.client(server, headers=True)
    modern.sub("foo", "1")
    old.sub("foo", "2")
    modern.expect_quiet()
    old.expect_quiet()
    block = "NATS/1.0\r\nName: value\r\nname:x\r\nName: second\r\n\r\n"
    publisher.pub("foo", "payload", reply="re", headers=block)
    modern.expect("HMSG foo 1 re %d %d\r\n%spayload\r\n" % (len(block), len(block) + 7, block))
    old.expect("MSG foo 2 re 7\r\npayload\r\n")
    publisher.pub("foo", "", headers=block)
    modern.expect("HMSG foo 1 %d %d\r\n%s\r\n" % (len(block), len(block), block))
    old.expect("MSG foo 2 0\r\n\r\n")
    publisher.pub("foo", "plain")
    modern.expect("MSG foo 1 5\r\nplain\r\n")
    old.expect("MSG foo 2 5\r\nplain\r\n")


@test(SHEET, 71)
def hpub_without_headers(ctx):
    for config, options in (("", {}), ("", {"headers": False}), ("no_header_support: true\n", {"headers": True})):
        server = ctx.start(config)
        client = ctx.client(server, **options)
        client.send("HPUB foo 12 12\r\n")
        client.expect_closed()
        eq(server.close_reason(client.cid), "Protocol Violation", "reason")
        server.wait_log(r"\[ERR\].*cid:%d.* - message headers not supported" % client.cid)


@test(SHEET, 72)
def hpub_sizes(ctx):
    server = ctx.start()
    for args, log in (("foo 13 12", "Header Size larger then TotalSize"), ("foo -1 12", "Bad or Missing Header Size"),
                      ("foo x 12", "Bad or Missing Header Size"), ("foo 0000000012 12", "Bad or Missing Header Size"),
                      ("foo 12 -1", "Bad or Missing Total Size"), ("foo 12 x", "Bad or Missing Total Size"),
                      ("foo 12 1234567890", "Bad or Missing Total Size"), ("foo 12", "Parse Error"), ("foo", "Parse Error"),
                      ("foo a b 12 12", "Parse Error"), ("", "Parse Error")):
        client = ctx.client(server, headers=True)
        client.send("HPUB %s\r\n" % args)
        client.expect_closed()
        eq(server.close_reason(client.cid), "Protocol Violation", "reason after HPUB %s" % args)
        server.wait_log(r'\[ERR\].*cid:%d.* - processHeaderPub %s: "?%s' % (client.cid, log, args))


@test(SHEET, 72)
def empty_header_block(ctx):
    client = ctx.client(ctx.shared(), headers=True)
    client.sub("foo")
    client.send("HPUB foo 0 2\r\nhi\r\nHPUB foo re 0 0\r\n\r\n")
    client.expect("MSG foo 1 2\r\nhi\r\nMSG foo 1 re 0\r\n\r\n")


@test(SHEET, 73)
def header_content_is_not_read(ctx):
    client = ctx.client(ctx.shared(), headers=True)
    client.sub("foo")
    for block in (b"garbage", b"\x00\xff\r\n", b"NATS/1.0\r\nno colon\r\n", b"NATS/9.9 999 x\r\n\r\n", b"x", EMPTY.encode()):
        client.pub("foo", b"p", headers=block)
        client.expect(b"HMSG foo 1 %d %d\r\n" % (len(block), len(block) + 1) + block + b"p\r\n")


@test(SHEET, 74)
def no_responders_among_several_own_subscriptions(ctx):
    """The one that is found first: `>` before `*` before names, but a last name before a last `*`."""
    server = ctx.shared()
    cases = (("x.*", "x.1", ">"), "3"), (("x.*", "x.1"), "2"), (("x.1", "*.1"), "2"), (("x.1", "x.>"), "2"), (("x.1",), "1")
    for number, (patterns, wanted) in enumerate(cases):
        client = ctx.client(server, headers=True, no_responders=True)
        for sid, pattern in enumerate(patterns, 1):
            client.sub("own%d.%s" % (number, pattern), str(sid))
        client.pub("nobody.listens", b"", reply="own%d.x.1" % number)
        eq(client.expect_msg().sid.decode(), wanted, "subscription for %r" % (patterns,))


@test(SHEET, 74)
def no_responders_with_very_many_subscriptions(ctx):
    client = ctx.client(ctx.shared(), headers=True, no_responders=True)
    client.send(b"".join(b"SUB many.%d %d\r\n" % (n, n) for n in range(50_000)), b"SUB _INBOX.m.* in\r\n")
    client.expect_quiet()
    client.send(b"PUB nobody.listens _INBOX.m.1 0\r\n\r\n" * 3000)
    for _ in range(3000):
        eq(client.expect_msg().sid, b"in", "subscription")
    client.expect_quiet()


@test(SHEET, 74)
def no_responders_bytes(ctx):
    client = ctx.client(ctx.shared(), headers=True, no_responders=True)
    client.sub("inbox.*", "7")
    for subject in ("nobody", "a.b.c", "ä.b", "x" * 300):
        client.pub(subject, "payload", reply="inbox.1")
        no_responders(client, subject, "inbox.1", "7")
        client.pub(subject, "payload", reply="inbox.2", headers="NATS/1.0\r\nA: b\r\n\r\n")
        no_responders(client, subject, "inbox.2", "7")
    client.pub("nobody", "x")
    client.expect_quiet()
    client.send('CONNECT {"no_responders":true,"verbose":true}\r\nSUB inbox.* 7\r\nPUB nobody inbox.3 0\r\n\r\nPING\r\n')
    client.expect("+OK\r\n+OK\r\n+OK\r\nHMSG inbox.3 7 38 38\r\nNATS/1.0 503\r\nNats-Subject: nobody\r\n\r\n\r\nPONG\r\n")


@test(SHEET, 74)
def no_responders_off(ctx):
    server = ctx.shared()
    for options in ({"headers": True}, {"headers": True, "no_responders": False}, {}):
        client = ctx.client(server, **options)
        client.sub("inbox")
        client.pub("nobody", "x", reply="inbox")
        client.expect_quiet()


@test(SHEET, 75)
def which_subscription_a_503_needs(ctx):
    server = ctx.shared()
    client = ctx.client(server, headers=True, no_responders=True)
    other = ctx.client(server, headers=True, no_responders=True)
    other.sub("inbox", "1")
    other.expect_quiet()
    client.pub("nobody", "x", reply="inbox")
    client.expect_quiet()
    client.sub("inbox", "q", queue="group")
    client.pub("nobody", "x", reply="inbox")
    client.expect_quiet()
    client.sub("inbox", "1")
    client.pub("nobody", "x", reply="inbox")
    no_responders(client, "nobody", "inbox", "1")
    client.expect_quiet()
    client.sub("*", "2")
    client.sub(">", "3")
    client.sub("nobody.but.this", "4")
    client.pub("no.body", "x", reply="inbox")
    # ">" matches the subject itself, so this one is delivered
    client.expect_msg(subject="no.body", sid="3", reply="inbox")
    client.expect_quiet()
    client.unsub("3")
    client.pub("no.body", "x", reply="inbox")
    frame = client.expect_msg(subject="inbox", kind="HMSG")
    check(frame.sid in (b"1", b"2"), "sid %r" % frame.sid)
    client.expect_quiet()
    other.expect_quiet()


@test(SHEET, 76)
def a_503_is_not_counted(ctx):
    server = ctx.start()
    client = ctx.client(server, headers=True, no_responders=True)
    client.sub("inbox", "1")
    client.unsub("1", 1)
    for _ in range(3):
        client.pub("nobody", "x", reply="inbox")
        no_responders(client, "nobody", "inbox", "1")
    client.expect_quiet()
    eq(server.varz()["out_msgs"], 0, "out_msgs of the server")
    eq(server.connection(client.cid)["out_msgs"], 0, "out_msgs of the connection")
    client.pub("inbox", "real")
    client.expect("MSG inbox 1 4\r\nreal\r\n")
    client.pub("inbox", "more")
    client.expect_quiet()
    eq(server.varz()["out_msgs"], 1, "out_msgs of the server")


@test(SHEET, 77)
def nobody_but_the_publisher(ctx):
    server = ctx.shared()
    client = ctx.client(server, headers=True, no_responders=True, echo=False)
    client.sub("inbox", "1")
    client.sub("svc", "2")
    client.sub("svcq", "3", queue="q")
    for subject in ("svc", "svcq"):
        client.pub(subject, "x", reply="inbox")
        no_responders(client, subject, "inbox", "1")
    client = ctx.client(server, headers=True, no_responders=True)
    client.sub("inbox", "1")
    for subject in ("a..b", ".a", "a."):
        client.pub(subject, "x", reply="inbox")
        no_responders(client, subject, "inbox", "1")
    client.expect_quiet()


@test(SHEET, 120)
def order_of_one_publisher(ctx):
    server = ctx.shared()
    subscriber, publisher = ctx.client(server), ctx.client(server)
    subscriber.sub("foo")
    subscriber.expect_quiet()
    for start in range(0, 20000, 500):
        publisher.send("".join("PUB foo %d\r\n%d\r\n" % (len(str(i)), i) for i in range(start, start + 500)))
    for number in range(20000):
        eq(subscriber.expect_msg().payload, b"%d" % number, "message")


@test(SHEET, 120)
def order_over_many_subjects(ctx):
    """Nearly every message of a chunk is on another subject than the one before."""
    server = ctx.shared()
    subscriber, publisher = ctx.client(server), ctx.client(server)
    subscriber.send("".join("SUB many.%d %d\r\n" % (i, i) for i in range(300)), "SUB many.*.all all\r\n")
    subscriber.expect_quiet()
    numbers = [i * 7919 % 311 for i in range(5000)]
    lines, expected = [], []
    for place, number in enumerate(numbers):
        lines.append("PUB many.%d %d\r\n%d\r\n" % (number, len(str(place)), place))
        if number < 300:
            expected.append((b"many.%d" % number, b"%d" % number, b"%d" % place))
        if place % 100 == 50:
            lines.append("PING\r\nPUB many.%d.all 1\r\nx\r\n" % number)
            expected.append((b"many.%d.all" % number, b"all", b"x"))
    publisher.send("".join(lines))
    for want in expected:
        frame = subscriber.expect_msg()
        eq((frame.subject, frame.sid, frame.payload), want, "message")
    publisher.expect("PONG\r\n" * 50)


@test(SHEET, 120)
def an_error_among_many_subjects(ctx):
    """What comes before a payload that is too long has gone out, nothing after it."""
    server = ctx.start("max_payload: 100\n")
    subscriber, publisher = ctx.client(server), ctx.client(server)
    subscriber.send("".join("SUB e.%d %d\r\n" % (i, i) for i in range(30)))
    subscriber.expect_quiet()
    publisher.send("".join("PUB e.%d 2\r\n%02d\r\n" % (i, i) for i in range(21)),
                   "PUB e.21 101\r\n", "x" * 101, "\r\n",
                   "".join("PUB e.%d 2\r\n%02d\r\n" % (i, i) for i in range(22, 30)))
    publisher.expect("-ERR 'Maximum Payload Violation'\r\n")
    publisher.expect_closed()
    for i in range(21):
        subscriber.expect_msg(subject="e.%d" % i, payload="%02d" % i)
    subscriber.expect_quiet()


@test(SHEET, 77)
def a_group_whose_last_member_is_gone(ctx):
    """A member that has got all it wanted refuses: the requests after that have no responder."""
    server = ctx.shared()
    requester, member = ctx.client(server, headers=True, no_responders=True), ctx.client(server)
    member.send("SUB work q 1\r\n", "UNSUB 1 2\r\n")
    member.expect_quiet()
    requester.sub("inbox", "9")
    requester.expect_quiet()
    requester.send("PUB work inbox 0\r\n\r\n" * 5)
    for _ in range(2):
        member.expect_msg(subject="work")
    for _ in range(3):
        no_responders(requester, "work", "inbox", "9")
    requester.expect_quiet()
    member.expect_quiet()


@test(SHEET, 69)
def echo_off_in_a_group_that_refuses(ctx):
    """A request that another member refuses does not come back to a publisher without echo."""
    server = ctx.shared()
    own, other = ctx.client(server, echo=False, headers=True, no_responders=True), ctx.client(server)
    own.sub("job", "1", queue="q")
    own.sub("inbox", "9")
    own.expect_quiet()
    other.send("SUB job q 1\r\n", "UNSUB 1 3\r\n")
    other.expect_quiet()
    own.send("PUB job inbox 0\r\n\r\n" * 10)
    for _ in range(3):
        other.expect_msg(subject="job")
    for _ in range(7):
        no_responders(own, "job", "inbox", "9")
    own.expect_quiet()
    other.expect_quiet()


@test(SHEET, 120)
def order_of_queue_members(ctx):
    server = ctx.shared()
    members, publisher = [ctx.client(server) for _ in range(3)], ctx.client(server)
    for member in members:
        member.sub("foo", queue="q")
        member.expect_quiet()
    publisher.send("".join("PUB foo %d\r\n%d\r\n" % (len(str(i)), i) for i in range(3000)))
    publisher.expect_quiet()
    seen = []
    for frames in collect(members):
        numbers = [int(frame.payload) for frame in frames]
        eq(numbers, sorted(numbers), "messages of a member")
        seen += numbers
    eq(sorted(seen), list(range(3000)), "messages of all members")


@test(SHEET, 121)
def pong_marks_the_place(ctx):
    client = ctx.client(ctx.shared())
    client.sub("foo")
    client.send("PUB foo 1\r\na\r\nPING\r\nPUB foo 1\r\nb\r\nPING\r\n" * 50)
    client.expect("MSG foo 1 1\r\na\r\nPONG\r\nMSG foo 1 1\r\nb\r\nPONG\r\n" * 50)


@test(SHEET, 121)
def pong_means_processed_for_others(ctx):
    server = ctx.shared()
    subscriber, publisher = ctx.client(server), ctx.client(server)
    subscriber.sub("foo")
    subscriber.expect_quiet()
    for _ in range(100):
        publisher.send("PUB foo 0\r\n\r\nPING\r\n")
        publisher.expect_pong()
        subscriber.send("PING\r\n")
        subscriber.expect("MSG foo 1 0\r\n\r\nPONG\r\n")


@test(SHEET, 122)
def sub_and_pub_in_one_write(ctx):
    server = ctx.shared()
    client = ctx.client(server)
    noise = ctx.client(server)
    for number in range(300):
        noise.send("SUB noise.%d %d\r\n" % (number, number))
        client.send("SUB s.%d %d\r\nPUB s.%d 0\r\n\r\nUNSUB %d\r\nPUB s.%d 0\r\n\r\nPING\r\n" % ((number,) * 5))
        client.expect("MSG s.%d %d 0\r\n\r\nPONG\r\n" % (number, number))
