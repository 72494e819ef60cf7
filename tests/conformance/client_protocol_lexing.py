"""Framing, lexing and limits: client-protocol.md 2, 5 and 15, items 29 to 47."""

import time

from client_protocol_connect import silent_close
from lib import *

SHEET = "client_protocol"
LEX_ERROR = "Unknown Protocol Operation"
LINE_ERROR = "maximum control line exceeded"


def lex_error(ctx, server, data, text=LEX_ERROR, reason="Protocol Violation"):
    """A connected client sends `data`: an -ERR and a close."""
    client = ctx.client(server, headers=True)
    client.send(data)
    try:
        client.expect_err_closed(text)
    except Failure as failure:
        fail("after %r: %s" % (data[:200], failure))
    eq(server.close_reason(client.cid), reason, "reason after %r" % data[:200])


@test(SHEET, 29)
def case_and_separators(ctx):
    server = ctx.shared()
    client = ctx.raw(server)
    client.send('cOnNeCt {"verbose":false,"pedantic":false,"headers":true}\r\npInG\r\n')
    client.expect_pong()
    for line in (b"sub foo 1", b"SuB\tfoo\t1", b"SUB  \t foo \t 1 \t ", b"SUB foo\t1\t"):
        client.send(line, b"\r\nPUB foo 2\r\nhi\r\n")
        client.expect("MSG foo 1 2\r\nhi\r\n")
        client.send(b"unsub   1\t \r\nPuB \t foo \t  2  \r\nhi\r\n")
        client.expect_quiet()
    client.send("SUB foo  \t q\t 7  \r\npub\tfoo\treply\t2\t\r\nhi\r\n")
    client.expect("MSG foo 7 reply 2\r\nhi\r\n")
    client.send("HpUb  foo \t reply  12\t14 \r\nNATS/1.0\r\n\r\nhi\r\n")
    client.expect("HMSG foo 7 reply 12 14\r\nNATS/1.0\r\n\r\nhi\r\n")
    client.send("pOnG\r\n+oK\r\ninfo{}\r\nInFo \t {}\r\nping\r\n")
    client.expect_pong()
    client.send("-eRr 'x'\r\n")
    client.expect_closed()


@test(SHEET, 30)
def line_feed_alone_ends_a_line(ctx):
    client = ctx.raw(ctx.shared())
    client.send('CONNECT {"verbose":false,"pedantic":false,"headers":true}\nPING\n')
    client.expect("PONG\r\n")
    client.send("SUB foo 1\nPUB foo 2\nhi\r\nHPUB foo 12 14\nNATS/1.0\r\n\r\nhi\r\nPONG\n+OK\nINFO {}\nUNSUB 1\nPUB foo 0\n\r\nPING\n")
    client.expect("MSG foo 1 2\r\nhi\r\nHMSG foo 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPONG\r\n")


@test(SHEET, 30)
def payload_ends_with_cr_lf(ctx):
    server = ctx.shared()
    for data in (b"PUB foo 2\r\nhi\n", b"PUB foo 2\r\nhi\n\r\n", b"PUB foo 2\r\nhi\r\r", b"PUB foo 0\r\n\n",
                 b"PUB foo 2\r\nhi\rX", b"HPUB foo 12 14\r\nNATS/1.0\r\n\r\nhi\n"):
        lex_error(ctx, server, data)


@test(SHEET, 31)
def tails_of_ping_and_pong(ctx):
    client = ctx.client(ctx.shared())
    client.send("PINGxyz\r\n")
    client.expect_pong()
    client.send("PONG garbage\r\n+OK whatever\r\n+OKmore\r\nPING \t x\r\n")
    client.expect_pong()
    client.send("PONG", "g" * 100000, "\r\nPING", "x" * 100000, "\r\n")
    client.expect_pong()
    client.send("+OK", "g" * 100000, "\r\n")
    client.expect_quiet()


@test(SHEET, 32)
def bytes_that_are_no_verb(ctx):
    server = ctx.shared()
    for data in (b"\r\n", b"\n", b" PING\r\n", b"\tPING\r\n", b"FOO\r\n", b"PINK\r\n", b"PUBX foo 0\r\n", b"SUBx\r\n",
                 b"UNSUBS 1\r\n", b"+NO\r\n", b"-OK\r\n", b"-ERX 'x'\r\n", b"PUB\r\n", b"SUB\r\n",
                 b"UNSUB\r\n", b"HPUB\r\n", b"MSG foo 1 2\r\nhi\r\n", b"RMSG $G foo 2\r\nhi\r\n",
                 b"LMSG foo 2\r\nhi\r\n", b"RS+ $G foo\r\n", b"RS- $G foo\r\n", b"LS+ foo\r\n", b"LS- foo\r\n",
                 b"A+ X\r\n", b"A- X\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00", b"\xff\xfe",
                 b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x11" * 64):
        lex_error(ctx, server, data)


@test(SHEET, 32)
def the_same_ahead_of_connect(ctx):
    server = ctx.shared()
    for data in (b"\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"MSG a 1 0\r\n"):
        client = ctx.raw(server)
        client.send(data)
        client.expect_err_closed(LEX_ERROR)
        eq(server.close_reason(client.cid), "Protocol Violation", "reason after %r" % data)


@test(SHEET, 32)
def parser_errors_are_logged(ctx):
    server = ctx.start()
    lex_error(ctx, server, b"bogus \"x\"\r\n")
    server.wait_log(r"\[ERR\] 127\.0\.0\.1:\d+ - cid:\d+.* - Client parser ERROR, state=\d+, i=\d+: proto='\"")


@test(SHEET, 33)
def server_verbs_sent_by_a_client(ctx):
    server = ctx.start()
    client = ctx.client(server, verbose=True)
    client.send("+OK\r\n+OK\r\nINFO {}\r\nINFO {\"server_id\":\"x\",\"connect_urls\":[\"a:1\"]}\r\nPING\r\n")
    client.expect_pong()
    client.send("-ERR 'it broke'\r\n")
    client.expect_closed()
    eq(server.close_reason(client.cid), "Parse Error", "reason")
    server.wait_log(r"cid:%d.* - Client Error 'it broke'" % client.cid)
    for data in ("INFO {bad\r\n", "INFO \r\n", "INFO {\"port\":\"x\"}\r\n"):
        silent_close(ctx, server, data)


@test(SHEET, 34)
def byte_by_byte(ctx):
    client = ctx.raw(ctx.shared())
    script = (b'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\nPING\r\n'
              b"SUB foo.* 1\r\nSUB bar q 22\r\nPUB foo.a 5\r\nhello\r\nPUB foo.b reply.to 0\r\n\r\n"
              b"HPUB bar re 18 20\r\nNATS/1.0\r\nA: b\r\n\r\nhi\r\nPUB foo.c 6\r\n\r\n\r\n\r\n\r\n"
              b"UNSUB 22 5\r\nUNSUB 1\r\nPUB foo.a 1\r\nx\r\nPONG\r\n+OK\r\nINFO {}\r\nPUB nobody bar 0\r\n\r\nPING\r\n")
    wanted = (b"PONG\r\nMSG foo.a 1 5\r\nhello\r\nMSG foo.b 1 reply.to 0\r\n\r\n"
              b"HMSG bar 22 re 18 20\r\nNATS/1.0\r\nA: b\r\n\r\nhi\r\nMSG foo.c 1 6\r\n\r\n\r\n\r\n\r\nPONG\r\n")
    for index in range(len(script)):
        client.send(script[index:index + 1])
        time.sleep(0.0003)  # so that most bytes arrive in a read of their own
    client.expect(wanted)


@test(SHEET, 34)
def every_two_part_split(ctx):
    client = ctx.client(ctx.shared(), headers=True)
    client.sub("foo", "1")
    script = b"HPUB foo re 12 17\r\nNATS/1.0\r\n\r\nhello\r\nPUB  foo\t3 \r\nabc\r\nPING\r\n"
    wanted = b"HMSG foo 1 re 12 17\r\nNATS/1.0\r\n\r\nhello\r\nMSG foo 1 3\r\nabc\r\nPONG\r\n"
    for split in range(1, len(script)):
        client.send(script[:split])
        time.sleep(0.001)
        client.send(script[split:])
        client.expect(wanted)


def padded_lines(limit):
    """(verb, line without line end) with exactly `limit` argument bytes each; all harmless."""
    yield "PUB", b"PUB " + b"a" * (limit - 2) + b" 0"
    yield "PUB", b"PUB foo" + b" " * (limit - 4) + b"0"
    yield "PUB", b"PUB foo 0" + b" " * (limit - 5)
    yield "PUB", b"PUB foo " + b"r" * (limit - 6) + b" 0"
    yield "HPUB", b"HPUB " + b"a" * (limit - 6) + b" 12 12"
    yield "SUB", b"SUB " + b"a" * (limit - 2) + b" 9"
    yield "SUB", b"SUB foo " + b"9" * (limit - 4)
    yield "UNSUB", b"UNSUB " + b"9" * limit
    yield "INFO", b"INFO {" + b" " * (limit - 2) + b"}"
    yield "CONNECT", b'CONNECT {"verbose":false,"name":"' + b"n" * (limit - 27) + b'"}'


def at_the_limit(ctx, server, limit):
    """Lines of `limit` argument bytes are accepted, one more is refused."""
    tail = {"PUB": b"\r\n\r\n", "HPUB": b"\r\nNATS/1.0\r\n\r\n\r\n"}
    for verb, line in padded_lines(limit):
        client = ctx.client(server, headers=True)
        client.send(line, tail.get(verb, b"\r\n"))
        try:
            client.expect_quiet()
        except Failure as failure:
            fail("%s of %d argument bytes: %s" % (verb, limit, failure))
    for verb, line in padded_lines(limit + 1):
        for end in (b"\r\n", b"\n"):
            lex_error(ctx, server, line + end, LINE_ERROR, "Maximum Control Line Exceeded")


@test(SHEET, 35)
def argument_length_at_the_limit(ctx):
    at_the_limit(ctx, ctx.shared(), 4096)


@test(SHEET, 35)
def argument_length_at_the_limit_when_split(ctx):
    server = ctx.shared()
    for extra in (0, 1):
        client = ctx.client(server)
        line = b"SUB " + b"a" * (4094 + extra) + b" 9\r\n"
        for part in (line[:2], line[2:1500], line[1500:3000], line[3000:-2], line[-2:-1], line[-1:]):
            client.try_send(part)
            time.sleep(0.01)
        if extra:
            client.expect_err_closed(LINE_ERROR)
            eq(server.close_reason(client.cid), "Maximum Control Line Exceeded", "reason")
        else:
            client.expect_quiet()


@test(SHEET, 35)
def an_error_line_is_limited_too(ctx):
    lex_error(ctx, ctx.shared(), b"-ERR " + b"x" * 4097 + b"\r\n", LINE_ERROR, "Maximum Control Line Exceeded")


@test(SHEET, 36)
def endless_line(ctx):
    server = ctx.start()
    for verb in (b"PUB ", b"SUB ", b"CONNECT ", b"UNSUB ", b"HPUB ", b"INFO ", b"-ERR "):
        lex_error(ctx, server, verb + b"x" * 5000, LINE_ERROR, "Maximum Control Line Exceeded")
    server.wait_log(r"\[ERR\].*cid:\d+.* - maximum control line exceeded")


@test(SHEET, 37)
def configured_control_line(ctx):
    at_the_limit(ctx, ctx.shared("max_control_line: 512\n"), 512)
    at_the_limit(ctx, ctx.shared("max_control_line: 1KB\n"), 1024)
    at_the_limit(ctx, ctx.shared("max_control_line: 1K\n"), 1000)
    at_the_limit(ctx, ctx.shared("max_control_line: 0\n"), 4096)


@test(SHEET, 37, needs="reload")
def reloaded_control_line(ctx):
    server = ctx.start("max_control_line: 512\n")
    stays, widened = ctx.client(server), ctx.client(server)
    server.reload("max_control_line: 1024\n")
    widened.sub("a" * 1000)
    widened.expect_quiet()
    server.reload("max_control_line: 256\n")
    stays.send("SUB ", "a" * 300, " 1\r\n")
    stays.expect_err_closed(LINE_ERROR)
    status = ctx.check_config('max_control_line: 2147483648\n')
    eq(status[0], 1, "exit code of -t")
    check("max_control_line value is too big" in status[1], status[1])


@test(SHEET, 38)
def bad_pub_arguments(ctx):
    server = ctx.start()
    for args, log in (("foo", "processPub Parse Error"), ("foo a b 1", "processPub Parse Error"), ("", "processPub Parse Error"),
                      ("1", "processPub Parse Error"), ("foo -1", "processPub Bad or Missing Size"),
                      ("foo +1", "processPub Bad or Missing Size"), ("foo abc", "processPub Bad or Missing Size"),
                      ("foo 1x", "processPub Bad or Missing Size"), ("foo 1.0", "processPub Bad or Missing Size"),
                      ("foo 0000000001", "processPub Bad or Missing Size"),
                      ("foo reply 1234567890", "processPub Bad or Missing Size")):
        client = silent_close(ctx, server, "PUB %s\r\n" % args, client=ctx.client(server))
        server.wait_log(r'\[ERR\].*cid:%d.* - %s: "?%s' % (client.cid, log, args.replace("+", r"\+")))


@test(SHEET, 38)
def bad_sub_and_unsub_arguments(ctx):
    server = ctx.start()
    for line, log in (("SUB foo", "processSub Parse Error"), ("SUB ", "processSub Parse Error"),
                      ("SUB foo q 1 2", "processSub Parse Error"), ("UNSUB ", "processUnsub Parse Error"),
                      ("UNSUB 1 2 3", "processUnsub Parse Error")):
        client = silent_close(ctx, server, line + "\r\n", client=ctx.client(server))
        server.wait_log(r"\[ERR\].*cid:%d.* - %s" % (client.cid, log))


@test(SHEET, 39)
def nine_digit_sizes(ctx):
    client = ctx.client(ctx.shared(), headers=True)
    client.sub("foo")
    client.send("PUB foo 000000002\r\nhi\r\n")
    client.expect("MSG foo 1 000000002\r\nhi\r\n")
    client.send("PUB foo 002\r\nhi\r\nPUB foo 00\r\n\r\n")
    client.expect("MSG foo 1 002\r\nhi\r\nMSG foo 1 00\r\n\r\n")
    client.send("HPUB foo 0012 000014\r\nNATS/1.0\r\n\r\nhi\r\n")
    client.expect("HMSG foo 1 0012 000014\r\nNATS/1.0\r\n\r\nhi\r\n")


@test(SHEET, 39)
def a_stripped_header_gets_a_fresh_size(ctx):
    server = ctx.shared()
    plain = ctx.client(server)
    plain.sub("foo")
    plain.expect_quiet()
    ctx.client(server, headers=True).send("HPUB foo 0012 000014\r\nNATS/1.0\r\n\r\nhi\r\n")
    plain.expect("MSG foo 1 2\r\nhi\r\n")


@test(SHEET, 40)
def payload_length_other_than_announced(ctx):
    server = ctx.shared()
    for data in (b"PUB foo 2\r\nhello\r\n", b"PUB foo 2\r\nhix\r\n", b"PUB foo 3\r\nhi\r\n\n", b"PUB foo 4\r\nhi\r\nPING\r\n",
                 b"PUB foo 0\r\nx\r\n", b"HPUB foo 12 14\r\nNATS/1.0\r\n\r\nhix\r\n"):
        lex_error(ctx, server, data)


@test(SHEET, 41)
def payload_at_the_limit(ctx):
    for config, limit in (("", 1048576), ("max_payload: 1024\n", 1024)):
        server = ctx.start(config)
        client = ctx.client(server, headers=True)
        eq(client.info["max_payload"], limit, "max_payload")
        client.sub("foo")
        client.pub("foo", b"x" * limit)
        eq(len(client.expect_msg(subject="foo").payload), limit, "payload")
        client.pub("foo", b"y" * (limit - 12), headers="NATS/1.0\r\n\r\n")
        eq(len(client.expect_msg(subject="foo", kind="HMSG").payload), limit - 12, "payload")
        for line in ("PUB foo %d\r\n" % (limit + 1), "PUB foo 999999999\r\n", "HPUB foo 12 %d\r\n" % (limit + 1)):
            client = ctx.client(server, headers=True)
            client.send(line)
            client.expect_err_closed("Maximum Payload Violation")
            eq(server.close_reason(client.cid), "Maximum Message Payload Exceeded", "reason")
            size = int(line.split()[-1])
            server.wait_log(r"\[ERR\].*cid:%d.*maximum payload exceeded: %d vs %d" % (client.cid, size, limit))


@test(SHEET, 42)
def unlimited_payload(ctx):
    server = ctx.shared("max_payload: -1\n")
    client = ctx.client(server, protocol=1)
    eq((client.info["max_payload"], client.connect_info["max_payload"]), (-1, -1), "max_payload")
    client.sub("foo")
    client.pub("foo", b"x" * 3000000)
    eq(len(client.expect_msg().payload), 3000000, "payload")


@test(SHEET, 43)
def max_payload_above_max_pending(ctx):
    config = "max_payload: 2000000\nmax_pending: 1000000\n"
    text = "max_payload (2000000) cannot be higher than max_pending (1000000)"
    try:
        ctx.start(config)
        fail("the server started")
    except StartFailed as failure:
        eq(failure.code, 1, "exit code")
        check(text in failure.log, failure.log)


@test(SHEET, 43)
def max_payload_above_8_mb_warns(ctx):
    server = ctx.start("max_payload: 9MB\n")
    server.wait_log(r"\[WRN\] Maximum payloads over 8\.00 MB are generally discouraged and could lead to poor performance")


def refused_connection(ctx, server):
    """A connection beyond the limit: INFO, the error, the end."""
    client = ctx.raw(server)
    client.expect_err_closed("maximum connections exceeded")
    eq(server.close_reason(client.cid), "Maximum Connections Exceeded", "reason")


@test(SHEET, 44)
def connection_limit(ctx):
    server = ctx.shared("max_connections: 2\n")
    first, second = ctx.client(server), ctx.client(server)
    refused_connection(ctx, server)
    refused_connection(ctx, server)
    first.expect_quiet()
    second.close()
    wait_until(lambda: server.varz()["connections"] == 1, "a free place")
    ctx.client(server)
    refused_connection(ctx, server)


@test(SHEET, 44)
def connection_limit_zero_and_negative(ctx):
    for limit in ("0", "-1"):
        refused_connection(ctx, ctx.shared("max_connections: %s\n" % limit))


@test(SHEET, 45)
def subscription_limit(ctx):
    server = ctx.start("max_subscriptions: 2\n")
    client = ctx.client(server, verbose=True)
    client.sub("a", "1")
    client.sub("b", "2")
    client.expect("+OK\r\n+OK\r\n")
    for subject, sid in (("c", "3"), ("a", "1"), ("a..b", "4")):
        client.sub(subject, sid)
        client.expect_err("maximum subscriptions exceeded")
    client.send("PUB c 0\r\n\r\nPUB a 0\r\n\r\n")
    client.expect("+OK\r\n+OK\r\nMSG a 1 0\r\n\r\n")
    client.send("UNSUB 2\r\nSUB c 3\r\nPUB c 0\r\n\r\n")
    client.expect("+OK\r\n+OK\r\n+OK\r\nMSG c 3 0\r\n\r\n")
    other = ctx.client(server)
    other.sub("a", "1")
    other.expect_quiet()
    server.wait_log(r"cid:%d.* - maximum subscriptions exceeded" % client.cid)


@test(SHEET, 46)
def subject_token_limit(ctx):
    server = ctx.start("max_sub_tokens: 3\n")
    client = ctx.client(server, verbose=True)
    for subject, allowed in (("a.b.c", True), ("a.b.c.d", False), ("a.*.>", True), ("a.b.*.>", False)):
        client.sub(subject, subject)
        if allowed:
            client.expect_ok()
        else:
            client.expect_err('Permissions Violation for Subscription to "%s", too many tokens' % subject)
    server.wait_log(r'cid:%d.* - Subscription Violation Too Many Tokens - Subject "a\.b\.c\.d", SID a\.b\.c\.d' % client.cid)
    client.send("PUB a.b.c.d.e.f 0\r\n\r\n")
    client.expect("+OK\r\nMSG a.b.c.d.e.f a.*.> 0\r\n\r\n")
    for value, text in (("0", None), ("-1", "max_sub_tokens value can not be negative"),
                        ("256", "max_sub_tokens value is too big")):
        code, output = ctx.check_config("max_sub_tokens: %s\n" % value)
        if text:
            eq(code, 1, "exit code for %s" % value)
            check(text in output, output)


@test(SHEET, 47)
def two_hundred_tokens(ctx):
    client = ctx.client(ctx.shared())
    subject = ".".join("t%d" % i for i in range(200))
    client.sub(subject, "1")
    client.sub("t0.*.>", "2")
    client.sub(".".join("*" * 200), "3")
    client.pub(subject, "x")
    frames = [client.expect_msg(subject=subject, payload="x") for _ in range(3)]
    eq(sorted(frame.sid for frame in frames), [b"1", b"2", b"3"], "sids")
    client.expect_quiet()
