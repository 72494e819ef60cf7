"""TLS and the PROXY protocol on the client port: client-protocol.md 18 and 19, items 93 to 100."""

import re
import socket
import ssl
import struct
import time

from lib import *

SHEET = "client_protocol"
FAILURE = "TLS Handshake Failure"


def works(client, **options):
    """CONNECT and one message there and back."""
    client.connect(**options)
    client.sub("foo")
    client.pub("foo", "hi")
    client.expect("MSG foo 1 2\r\nhi\r\n")
    return client


def last_closed(server, reason):
    """Waits for a closed connection with this reason; returns its entry."""
    return wait_until(lambda: [entry for entry in server.connz(state="closed", limit=10000)["connections"]
                               if entry["reason"] == reason], "a connection closed with %s" % reason)[-1]


@test(SHEET, 93, needs="tls")
def tls_required(ctx):
    server = ctx.start(ctx.certs.block("timeout: 5"), debug=True)
    server.wait_log("TLS required for client connections")
    client = ctx.raw(server)
    eq((client.info.get("tls_required"), client.info.get("tls_available"), client.info.get("tls_verify")),
       (True, None, None), "tls_required, tls_available, tls_verify")
    client.start_tls(ctx.certs.context())
    client.expect_nothing(0.2)
    works(client, protocol=1)
    eq(client.connect_info.get("tls_required"), True, "tls_required in connect_info")
    entry = server.connection(client.cid)
    matches(entry["tls_version"], r"1\.[23]", "tls_version")
    check(entry["tls_cipher_suite"], "tls_cipher_suite")
    server.wait_log(r"\[DBG\].*cid:%d.*TLS handshake complete" % client.cid)
    client = ctx.raw(server)
    client.send('CONNECT {"verbose":false}\r\nPING\r\n')
    near(client.expect_closed(), 0, 4.0, "seconds until the close")
    eq(server.close_reason(client.cid), FAILURE, "reason")
    server.wait_log(r"\[DBG\].*cid:%d.*TLS handshake error: " % client.cid)


@test(SHEET, 93, needs="tls", slow=True)
def tls_silence(ctx):
    for extra, low, high in (("", 1.9, 4.5), ("timeout: 0.5", 0.45, 2.0)):
        server = ctx.shared(ctx.certs.block(extra))
        client = ctx.raw(server)
        near(client.expect_closed(), low, high, "seconds until the close")
        eq(server.close_reason(client.cid), FAILURE, "reason")


@test(SHEET, 93, needs="tls")
def tls_handshake_in_pieces(ctx):
    server = ctx.shared(ctx.certs.block())
    client = ctx.raw(server)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = ctx.certs.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    done = False
    while not done:
        try:
            session.do_handshake()
            done = True
        except ssl.SSLWantReadError:
            pass
        for byte in outgoing.read():
            client.socket.sendall(bytes([byte]))
        if not done:
            incoming.write(client.socket.recv(65536))
    session.write(b"PING\r\n")
    client.socket.sendall(outgoing.read())
    data = b""
    while len(data) < 6:
        try:
            data += session.read(100)
        except ssl.SSLWantReadError:
            incoming.write(client.socket.recv(65536))
    eq(data, b"PONG\r\n", "answer")


@test(SHEET, 94, needs="tls")
def tls_optional(ctx):
    server = ctx.shared(ctx.certs.block("timeout: 1") + "allow_non_tls: true\n")
    client = ctx.raw(server)
    eq((client.info.get("tls_required"), client.info.get("tls_available")), (None, True), "tls_required, tls_available")
    client.start_tls(ctx.certs.context())
    works(client)
    check("tls_version" in server.connection(client.cid), "a TLS connection")
    client = works(ctx.raw(server))
    check("tls_version" not in server.connection(client.cid), "a plain connection")


@test(SHEET, 94, needs="tls", slow=True)
def late_plaintext(ctx):
    server = ctx.shared(ctx.certs.block("timeout: 0.5") + "allow_non_tls: true\n")
    client = ctx.raw(server)
    client.expect_nothing(1.2)
    works(client)


@test(SHEET, 95, needs="tls")
def handshake_first(ctx):
    for word in ("handshake_first: true", "first: true", "immediate: true", "handshake_first: on"):
        server = ctx.start(ctx.certs.block(word + ", timeout: 1"))
        client = ctx.raw(server, tls=ctx.certs.context(), tls_first=True)
        eq(client.info.get("tls_required"), True, "tls_required")
        works(client)
        server.stop()


@test(SHEET, 95, needs="tls", slow=True)
def handshake_first_sends_nothing_in_clear(ctx):
    server = ctx.start("allow_non_tls: true\n" + ctx.certs.block("handshake_first: true, timeout: 1"))
    server.wait_log(r"\[WRN\].*Clients that are not using \"TLS Handshake First\" option will fail to connect")
    client = ctx.raw(server, read_info=False)
    near(client.expect_closed(), 0.8, 3.0, "seconds until the close")
    last_closed(server, FAILURE)
    client = ctx.raw(server, read_info=False)
    client.send('CONNECT {}\r\nPING\r\n')
    client.expect_closed()


@test(SHEET, 95, needs="tls")
def handshake_first_off(ctx):
    server = ctx.shared(ctx.certs.block("handshake_first: off"))
    works(ctx.raw(server, tls=ctx.certs.context()))


def fallback(ctx, value, low, high):
    """INFO in clear comes after the delay; an immediate handshake works."""
    server = ctx.shared(ctx.certs.block("handshake_first: %s" % value))
    started = time.monotonic()
    client = ctx.raw(server)
    near(time.monotonic() - started, low, high, "seconds until INFO with %s" % value)
    eq(client.info.get("tls_required"), True, "tls_required")
    client.start_tls(ctx.certs.context())
    works(client)
    client = ctx.raw(server, tls=ctx.certs.context(), tls_first=True)
    eq(client.info.get("tls_required"), True, "tls_required")
    works(client)


@test(SHEET, 96, needs="tls")
def handshake_first_auto(ctx):
    fallback(ctx, "auto", 0.04, 1.0)
    fallback(ctx, "auto_fallback", 0.04, 1.0)


@test(SHEET, 96, needs="tls")
def handshake_first_with_a_duration(ctx):
    fallback(ctx, '"700ms"', 0.6, 2.5)


@test(SHEET, 96, needs="tls")
def fallback_with_optional_tls(ctx):
    server = ctx.shared("allow_non_tls: true\n" + ctx.certs.block("handshake_first: auto"))
    client = ctx.raw(server)
    eq((client.info.get("tls_required"), client.info.get("tls_available")), (None, True), "tls_required, tls_available")
    works(client)
    works(ctx.raw(server, tls=ctx.certs.context(), tls_first=True))


@test(SHEET, 97, needs="tls")
def client_certificates(ctx):
    server = ctx.shared(ctx.certs.block("verify: true"))
    client = ctx.raw(server)
    eq((client.info.get("tls_required"), client.info.get("tls_verify")), (True, True), "tls_required, tls_verify")
    client.start_tls(ctx.certs.context(client=True))
    works(client)
    client = ctx.raw(server)
    try:
        client.start_tls(ctx.certs.context())
        client.send("PING\r\n")
        check(not client.drain(5), "a client without certificate was served")
    except (ssl.SSLError, OSError):
        pass
    eq(server.close_reason(client.cid), FAILURE, "reason")


@test(SHEET, 98, needs="tls")
def connection_rate_limit(ctx):
    server = ctx.start(ctx.certs.block("connection_rate_limit: 2, timeout: 10"))
    clients = [ctx.raw(server) for _ in range(9)]
    throttled, going_on = [], []
    deadline = time.monotonic() + 10
    # Nine connections within one second, two of which may go on; a window's border allows two more.
    while len(throttled) < 5 and time.monotonic() < deadline:
        for client in clients:
            if client in throttled:
                continue
            frames = client.drain(0.01)
            if frames:
                eq(frames[0].raw, b"-ERR 'Connection throttling is active. Please try again later.'\r\n", "frame")
                client.expect_closed()
                throttled.append(client)
    near(len(throttled), 5, 7, "throttled connections")
    for client in throttled:
        eq(server.close_reason(client.cid), "Maximum Connections Exceeded", "reason")
    for client in clients:
        if client not in throttled:
            client.start_tls(ctx.certs.context())
            going_on.append(works(client))
    check(going_on, "nobody got through")


SIGNATURE = bytes.fromhex("0D0A0D0A000D0A515549540A")


def v2(command, family, body, length=None):
    """A version 2 header. `command`: version and command byte; `family`: family and protocol byte."""
    return SIGNATURE + bytes([command, family]) + struct.pack("!H", len(body) if length is None else length) + body


def ipv4(source, port):
    return socket.inet_aton(source) + socket.inet_aton("10.0.0.1") + struct.pack("!HH", port, 4222)


def ipv6(source, port):
    return (socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, "2001:db8::2")
            + struct.pack("!HH", port, 4222))


OWN = None
V1_IPV4 = b"PROXY TCP4 192.168.1.50 10.0.0.1 12345 4222\r\n"
V1_IPV6 = b"PROXY TCP6 2001:db8::1 2001:db8::2 54321 4222\r\n"
V2_IPV4 = v2(0x21, 0x11, ipv4("192.168.1.50", 12345))
V2_IPV6 = v2(0x21, 0x21, ipv6("2001:db8::1", 54321))
GOOD = (
    (V1_IPV4, ("192.168.1.50", 12345)),
    (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 65535\r\n", ("1.2.3.4", 1)),
    (b"PROXY TCP4 1.2.3.4 5.6.7.8 65535 0\r\n", ("1.2.3.4", 65535)),
    (V1_IPV6, ("2001:db8::1", 54321)),
    (b"PROXY TCP6 ::ffff:1.2.3.4 ::1 1000 4222\r\n", ("1.2.3.4", 1000)),
    (b"PROXY UNKNOWN\r\n", OWN),
    (b"PROXY UNKNOWN ff:ff ff 1 2 3 4\r\n", OWN),
    (V2_IPV4, ("192.168.1.50", 12345)),
    (v2(0x21, 0x11, ipv4("192.168.1.51", 1) + b"\x04\x00\x03abc"), ("192.168.1.51", 1)),
    (V2_IPV6, ("2001:db8::1", 54321)),
    (v2(0x21, 0x21, ipv6("2001:db8::9", 9) + b"\x04\x00\x01a"), ("2001:db8::9", 9)),
    (b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n", OWN),  # 107 bytes
    (v2(0x20, 0x00, b""), OWN),
    (v2(0x20, 0x11, ipv4("9.9.9.9", 9)), OWN),
    (v2(0x20, 0x00, b"whatever it is"), OWN),
    (v2(0x21, 0x01, b""), OWN),
    (v2(0x21, 0x01, b"\0" * 12), OWN),
)

INVALID = "invalid PROXY protocol header: "
UNSUPPORTED = "unsupported PROXY protocol feature: "
BAD = (
    (b"PROXY TCP4 " + b"1" * 100 + b"\r\n", INVALID + "v1 line too long"),
    (b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n", INVALID + "v1 line too long"),
    (b"PROXY TCP4 " + b"1" * 150, INVALID + "v1 line too long"),
    (b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", INVALID + "invalid v1 format"),
    (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", INVALID + "invalid v1 format"),
    (b"PROXY TCP4\r\n", INVALID + "invalid v1 format"),
    (b"PROXY TCP4 1.2.3.x 5.6.7.8 1 2\r\n", INVALID + "invalid address"),
    (b"PROXY TCP4 1.2.3.4 host 1 2\r\n", INVALID + "invalid address"),
    (b"PROXY TCP4 ::1 ::2 1 2\r\n", INVALID + "TCP4 with IPv6 address"),
    (b"PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", INVALID + "TCP6 with IPv4 address"),
    (b"PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", INVALID + "invalid protocol UDP4"),
    (b"PROXY TCP4 1.2.3.4 5.6.7.8 70000 2\r\n", "invalid source port: "),
    (b"PROXY TCP4 1.2.3.4 5.6.7.8 x 2\r\n", "invalid source port: "),
    (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 -1\r\n", "invalid dest port: "),
    (v2(0x21, 0x12, ipv4("1.2.3.4", 1)), UNSUPPORTED + "only STREAM protocol supported"),
    (v2(0x21, 0x10, ipv4("1.2.3.4", 1)), UNSUPPORTED + "only STREAM protocol supported"),
    (v2(0x21, 0x00, b""), UNSUPPORTED + "only STREAM protocol supported"),
    (v2(0x21, 0x31, b"\0" * 216), UNSUPPORTED + "unsupported address family 0x"),
    (v2(0x11, 0x11, ipv4("1.2.3.4", 1)), INVALID + "invalid version 0x"),
    (v2(0x31, 0x11, ipv4("1.2.3.4", 1)), INVALID + "invalid version 0x"),
    (v2(0x22, 0x11, ipv4("1.2.3.4", 1)), "unknown PROXY protocol command: 0x"),
    (v2(0x21, 0x11, b"\0" * 8), "IPv4 address data too short: 8 bytes"),
    (v2(0x21, 0x21, b"\0" * 12), "IPv6 address data too short: 12 bytes"),
)


@test(SHEET, 99, needs="proxy protocol")
def proxy_headers_accepted(ctx):
    server = ctx.start("proxy_protocol: true\n")
    server.wait_log("PROXY protocol enabled for client connections")
    for data, address in GOOD:
        client = ctx.raw(server)
        own = client.socket.getsockname()
        client.send(data, 'CONNECT {"verbose":false,"protocol":1}\r\nPING\r\n')
        try:
            client.expect_pong()
        except Failure as failure:
            fail("after %r: %s" % (data, failure))
        client_ip = client.expect_info()["client_ip"]
        entry = server.connection(client.cid)
        eq((entry["ip"], entry["port"]), address or own, "connz after %r" % data)
        eq(client_ip, (address or own)[0], "client_ip after %r" % data)


@test(SHEET, 99, needs="proxy protocol")
def proxy_headers_refused(ctx):
    server = ctx.start("proxy_protocol: true\n")
    for data, text in BAD:
        client = ctx.raw(server)
        own = "%s:%d" % client.socket.getsockname()
        client.send(data)
        try:
            client.expect_closed()
        except Failure as failure:
            fail("after %r: %s" % (data, failure))
        eq(server.close_reason(client.cid), "Protocol Violation", "reason after %r" % data)
        server.wait_log(r"\[WRN\].*Error reading PROXY protocol header from %s: .*%s" % (re.escape(own), re.escape(text)))


@test(SHEET, 99, needs="proxy protocol")
def proxy_header_in_pieces_and_with_data(ctx):
    server = ctx.shared("proxy_protocol: true\n")
    for data, address in ((V1_IPV4, "192.168.1.50"), (V1_IPV6, "2001:db8::1"), (V2_IPV4, "192.168.1.50"), (V2_IPV6, "2001:db8::1")):
        client = ctx.raw(server)
        for byte in data + b"PING\r\n":
            client.send(bytes([byte]))
            time.sleep(0.0003)  # so that most bytes arrive in a read of their own
        client.expect_pong()
        eq(server.connection(client.cid)["ip"], address, "ip")


@test(SHEET, 99, needs=("proxy protocol", "tls"))
def proxy_header_ahead_of_tls(ctx):
    server = ctx.shared("proxy_protocol: true\n" + ctx.certs.block())
    client = ctx.raw(server)
    check("client_ip" not in client.info, "client_ip")
    client.send(V1_IPV4)
    client.start_tls(ctx.certs.context())
    works(client, protocol=1)
    eq(client.connect_info["client_ip"], "192.168.1.50", "client_ip")
    server = ctx.shared("proxy_protocol: true\n" + ctx.certs.block("handshake_first: true"))
    client = ctx.raw(server, read_info=False)
    client.send(V2_IPV4)
    client.start_tls(ctx.certs.context())
    client.read_info()
    eq(client.info["client_ip"], "192.168.1.50", "client_ip")
    works(client)


@test(SHEET, 100, needs="proxy protocol")
def client_ip_with_proxy_protocol(ctx):
    server = ctx.shared("proxy_protocol: true\n")
    client = ctx.raw(server)
    check("client_ip" not in client.info, "client_ip in the first INFO")
    client.send(b"PROXY TCP4 9.8.7.6 10.0.0.1 1234 4222\r\n")
    client.connect(protocol=1)
    eq(client.connect_info["client_ip"], "9.8.7.6", "client_ip")
    client = ctx.client(server, protocol=1)
    check("client_ip" not in client.info, "client_ip in the first INFO")
    eq(client.connect_info["client_ip"], "127.0.0.1", "client_ip without header")


@test(SHEET, 100, needs="proxy protocol", slow=True)
def silence_with_proxy_protocol(ctx):
    server = ctx.shared("proxy_protocol: true\n")
    silent, short = ctx.raw(server), ctx.raw(server)
    short.send("PING\r")
    near(silent.expect_closed(), 4.5, 9.0, "seconds until the close")
    short.expect_closed()
    eq(server.close_reason(silent.cid), "Protocol Violation", "reason")
    eq(server.close_reason(short.cid), "Protocol Violation", "reason")


@test(SHEET, 100, needs="proxy protocol")
def no_proxy_protocol_no_header(ctx):
    client = ctx.raw(ctx.shared())
    client.send(V1_IPV4)
    client.expect_err_closed("Unknown Protocol Operation")
