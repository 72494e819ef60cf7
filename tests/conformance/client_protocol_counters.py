"""Counters, close reasons, logs, wrong ports, reloads: client-protocol.md 15, 22 and 23, items 112 to 119."""

import re
import socket

from lib import *

SHEET = "client_protocol"


def counters(server, *names):
    """Chosen fields of varz."""
    stats = server.varz()
    return tuple(stats[name] for name in names)


@test(SHEET, 112)
def received_bytes(ctx):
    server = ctx.start('authorization { users: [ {user: u, password: p, permissions: {publish: {deny: "no"}}} ] }\nmax_payload: 1024\n')
    client = ctx.client(server, user="u", headers=True, **{"pass": "p"})
    names = ("in_msgs", "in_bytes", "in_client_msgs", "in_client_bytes")
    eq(counters(server, *names), (0, 0, 0, 0), "counters of a fresh server")

    def after(messages, size, what):
        client.expect_quiet()
        wait_until(lambda: counters(server, *names) == (messages, size, messages, size),
                   lambda: "%s: counters %r" % (what, counters(server, *names)))
        entry = server.connection(client.cid)
        eq((entry["in_msgs"], entry["in_bytes"]), (messages, size), "connz " + what)

    client.pub("foo", "12345")
    after(1, 5, "after PUB")
    client.pub("foo", "123", headers="NATS/1.0\r\n\r\n")
    after(2, 20, "after HPUB")
    client.pub("no", "1234567")
    client.expect_err('Permissions Violation for Publish to "no"')
    after(3, 27, "after a refused publish")
    client.pub("foo", "1", reply="_R_.x")
    client.expect_err()
    after(4, 28, "after a refused reply")
    client.pub("a..b", "1234")
    after(5, 32, "after an undeliverable publish")
    eq(counters(server, "out_msgs", "out_bytes"), (0, 0), "out")
    client.send("PUB foo 1025\r\n")
    client.expect_err_closed("Maximum Payload Violation")
    entry = server.closed(client.cid)
    eq((entry["in_msgs"], entry["in_bytes"]), (5, 32), "connz after an oversize publish")
    eq(counters(server, *names), (5, 32, 5, 32), "after an oversize publish")


@test(SHEET, 112)
def connection_counters(ctx):
    server = ctx.start("max_connections: 2\n")
    first, _ = ctx.client(server), ctx.client(server)
    ctx.raw(server).expect_err_closed("maximum connections exceeded")
    first.sub("foo")
    first.expect_quiet()
    eq(counters(server, "connections", "total_connections"), (2, 3), "connections, total_connections")
    eq(server.connection(first.cid)["subscriptions"], 1, "subscriptions")
    matches(server.connection(first.cid)["rtt"], r"^[0-9.]+(ns|µs|ms|s)$", "rtt")


@test(SHEET, 113)
def sent_bytes(ctx):
    server = ctx.start()
    modern, old = ctx.client(server, headers=True), ctx.client(server)
    modern.sub("foo")
    old.sub("foo")
    modern.expect_quiet()
    old.expect_quiet()
    publisher = ctx.client(server, headers=True)
    publisher.pub("foo", "12345", headers="NATS/1.0\r\n\r\n")
    publisher.pub("foo", "123")
    modern.expect_msg(kind="HMSG")
    modern.expect_msg(kind="MSG")
    old.expect_msg(payload="12345", kind="MSG")
    old.expect_msg()
    for client, size in ((modern, 20), (old, 8)):
        entry = server.connection(client.cid)
        eq((entry["out_msgs"], entry["out_bytes"]), (2, size), "connz")
    eq(counters(server, "out_msgs", "out_client_msgs"), (4, 4), "out_msgs")
    check(server.varz()["out_bytes"] in (28, 40), "out_bytes of the server")
    eq(server.varz()["out_client_bytes"], server.varz()["out_bytes"], "out_client_bytes")


@test(SHEET, 114)
def close_reasons(ctx):
    server = ctx.start(debug=True)

    def reason_of(act, before=None):
        client = ctx.client(server) if before is None else before
        act(client)
        reason = server.close_reason(client.cid)
        server.wait_log(r"\[DBG\].*cid:%d\b.*Client connection closed: %s$" % (client.cid, re.escape(reason)))
        return reason

    eq(reason_of(lambda client: client.send("bogus\r\n")), "Protocol Violation", "parser error")
    eq(reason_of(lambda client: client.abort()), "Read Error", "reset")
    eq(reason_of(lambda client: client.close()), "Client Closed", "end of stream")
    eq(reason_of(lambda client: client.socket.shutdown(socket.SHUT_WR)), "Client Closed", "half close")
    eq(reason_of(lambda client: client.send('CONNECT {"protocol":7}\r\n')), "Bad Client Protocol Version", "protocol")
    eq(reason_of(lambda client: client.send("-ERR 'x'\r\n")), "Parse Error", "-ERR")
    eq(reason_of(lambda client: client.send("PUB foo 2000000\r\n")), "Maximum Message Payload Exceeded", "payload")
    eq(reason_of(lambda client: client.send("PUB ", "x" * 5000)), "Maximum Control Line Exceeded", "control line")
    eq(reason_of(lambda client: client.send("PUB foo 10\r\nabc") or client.close()), "Client Closed", "end inside a payload")
    eq(reason_of(lambda client: client.close(), ctx.raw(server)), "Client Closed", "end ahead of CONNECT")


def line_of(server, cid, text):
    """The text between the time stamp's level and `text` in the log line of this connection."""
    line = server.wait_log(r"cid:%d\b.*%s" % (cid, text))
    return matches(line, r"\[[A-Z]{3}\] (.*) - %s" % text, "log line").group(1)


@test(SHEET, 115)
def log_prefixes(ctx):
    key = KeyPair()
    server = ctx.start("accounts { A { users: [ {user: joe, password: p}, {nkey: %s} ] } }\nno_auth_user: joe\n" % key.public,
                       debug=True)
    client = ctx.raw(server)
    own = "127.0.0.1:%d - cid:%d" % (client.socket.getsockname()[1], client.cid)
    eq(line_of(server, client.cid, "Client connection created"), own, "prefix ahead of CONNECT")
    client.close()
    for options, middle in (({"version": "1.2", "lang": "go", "name": "app"}, ' - "v1.2:go:app"'), ({"lang": "py", "name": "app"}, ' - "py:app"'),
                            ({"name": "app"}, ' - "app"'), ({"version": "1.2", "lang": "go"}, ' - "v1.2:go"'), ({}, "")):
        client = ctx.client(server, user="joe", **{"pass": "p"}, **options)
        own = "127.0.0.1:%d - cid:%d" % (client.socket.getsockname()[1], client.cid)
        client.close()
        eq(line_of(server, client.cid, "Client connection closed: Client Closed"), own + middle + ' - "A/user:joe"', "prefix")
    client = ctx.raw(server)
    client.connect(nkey=key.public, sig=key.sign_nonce(client.info["nonce"]))
    client.close()
    check(line_of(server, client.cid, "Client connection closed: Client Closed").endswith(' - "A/nkey:%s"' % key.public), "nkey label")


@test(SHEET, 115)
def log_prefixes_without_users(ctx):
    for config, options, label in (("", {}, ""), ("", {"name": "app"}, ' - "app"'), ("authorization { token: t }\n", {"auth_token": "t"}, ' - "$G/token"')):
        server = ctx.start(config, debug=True)
        client = ctx.client(server, **options)
        own = "127.0.0.1:%d - cid:%d" % (client.socket.getsockname()[1], client.cid)
        client.close()
        eq(line_of(server, client.cid, "Client connection closed: Client Closed"), own + label, "prefix")


@test(SHEET, 115)
def secrets_are_redacted(ctx):
    server = ctx.start(trace=True)
    client = ctx.raw(server)
    client.send('CONNECT {"user":"joe","pass":"s3cret1","auth_token":"s3cret2","sig":"s3cret3","nkey":"s3cret4","passwd":"s3cret5",'
                '"verbose":false,"name":"visible"}\r\nPING\r\n')
    client.expect_pong()
    client.send('CONNECT { "name" : "again", "pass" : "s3cret6" , "proxy_sig" : "s3cret7", "auth_token" : "s3cret8" }\r\nPING\r\n')
    client.expect_pong()
    server.wait_log(r"cid:%d.*<<- \[CONNECT \{.*\[REDACTED\].*visible.*\}\]" % client.cid)
    server.wait_log(r"cid:%d.*<<- \[CONNECT \{.*again.*\[REDACTED\].*\}\]" % client.cid)
    eq(server.log_lines(r"CONNECT \{.*s3cret|s3cret[^4]"), [], "lines with a secret (the nkey may name the connection)")
    check('"user":"joe"' in server.log(), "the user name is shown")


@test(SHEET, 116)
def trace_lines(ctx):
    server = ctx.start(trace=True)
    client = ctx.client(server, headers=True, verbose=True)
    client.send("SUB foo qq 1\r\nPUB foo re 5\r\nhel\"o\r\nHPUB foo 12 14\r\nNATS/1.0\r\n\r\nhi\r\nUNSUB 1 9\r\nUNSUB 1\r\nPUB a..b 0\r\n\r\nPONG\r\nSUB x..y 2\r\nPING\r\n")
    client.until("PONG")
    for text in (r'<<- \[CONNECT \{', r'<<- \[PING\]', r'<<- \[PONG\]', r'<<- \[SUB foo qq 1\]', r'<<- \[PUB foo re 5\]',
                 r'<<- MSG_PAYLOAD: \["hel\\"o"\]', r'<<- \[HPUB foo 12 14\]', r'<<- MSG_PAYLOAD: \["NATS/1\.0\\r\\n\\r\\nhi"\]',
                 r'<<- \[UNSUB 1 9\]', r'<<- \[UNSUB 1\]', r'<<- \[PUB a\.\.b 0\]', r'->> \[MSG foo 1 re 5\]', r'->> MSG_PAYLOAD: \["hel\\"o"\]',
                 r'->> \[HMSG foo 1 12 14\]', r'->> \[PONG\]', r'->> \[OK\]', r'->> \[-ERR Invalid Subject\]', r'<-> \[DELSUB 1\]'):
        server.wait_log(r"\[TRC\] 127\.0\.0\.1:\d+ - cid:%d.* - %s$" % (client.cid, text if not text.endswith("{") else text + ".*"))
    payloads = server.log_lines(r"<<- MSG_PAYLOAD")
    eq(len(payloads), 2, "payload lines (none for an empty payload)")


@test(SHEET, 116)
def traced_payload_length(ctx):
    server = ctx.start("max_traced_msg_len: 4\n", trace=True)
    client = ctx.client(server, headers=True)
    client.pub("foo", "1234")
    client.pub("foo", "12345")
    client.pub("foo", "abc", headers="NATS/1.0\r\n\r\n")
    client.expect_quiet()
    server.wait_log(r'<<- MSG_PAYLOAD: \["1234"\]')
    server.wait_log(r'<<- MSG_PAYLOAD: \["1234\.\.\."\]')
    server.wait_log(r'<<- MSG_PAYLOAD: \["NATS\.\.\."\]')
    server.wait_log(r'<<- \[PUB foo 5\]')


@test(SHEET, 116)
def traced_headers_only(ctx):
    server = ctx.start("trace_headers: true\n", trace=True)
    client = ctx.client(server, headers=True)
    client.pub("foo", "plain")
    client.pub("foo", "body", headers="NATS/1.0\r\nA: b\r\n\r\n")
    client.expect_quiet()
    server.wait_log(r'<<- MSG_PAYLOAD: \["NATS/1\.0\\r\\nA: b"\]')
    eq(len(server.log_lines(r"MSG_PAYLOAD")), 1, "payload lines")
    server.wait_log(r"<<- \[PUB foo 5\]")
    server = ctx.start("trace_headers: true\n")
    client = ctx.client(server, headers=True)
    client.pub("foo", "body", headers="NATS/1.0\r\nA: b\r\n\r\n")
    server.wait_log(r'<<- MSG_PAYLOAD: \["NATS/1\.0\\r\\nA: b"\]')


def wrong_port(ctx, config, kind, text):
    """CONNECT of a client on a port for servers."""
    server = ctx.start(config)
    client = ctx.raw(server, port=server.port_of(kind))
    client.send('CONNECT {"verbose":false,"pedantic":false,"lang":"py","version":"1","protocol":1}\r\nPING\r\n')
    client.expect_err(text)
    client.expect_closed()
    server.wait_log(r"\[ERR\].*%s" % text)


@test(SHEET, 117, needs="cluster")
def client_on_the_route_port(ctx):
    wrong_port(ctx, 'cluster { name: c, listen: "127.0.0.1:-1" }\n', "cluster", "attempted to connect to route port")


@test(SHEET, 117, needs="leafnode")
def client_on_the_leafnode_port(ctx):
    wrong_port(ctx, 'leafnodes { listen: "127.0.0.1:-1" }\n', "leafnodes", "attempted to connect to leaf node port")


@test(SHEET, 117, needs="gateway")
def client_on_the_gateway_port(ctx):
    wrong_port(ctx, 'gateway { name: c, listen: "127.0.0.1:-1" }\n', "gateway", "attempted to connect to gateway port")


BASE = "max_pending: 8MB\nmax_subscriptions: 100\nlame_duck_duration: 60s\nlame_duck_grace_period: 5s\nmax_closed_clients: 50\n" \
       "max_sub_tokens: 10\nserver_name: one\nmax_control_line: 512\n"


@test(SHEET, 118, needs="reload")
def settings_that_refuse_a_reload(ctx):
    server = ctx.start(BASE)
    client = ctx.client(server)
    for old, new, name in (("max_pending: 8MB", "max_pending: 9MB", "MaxPending"),
                           ("max_subscriptions: 100", "max_subscriptions: 200", "MaxSubs"),
                           ("", "write_timeout: retry", "WriteTimeout"),
                           ("lame_duck_duration: 60s", "lame_duck_duration: 70s", "LameDuckDuration"),
                           ("lame_duck_grace_period: 5s", "lame_duck_grace_period: 6s", "LameDuckGracePeriod"),
                           ("", "proxy_protocol: true", "ProxyProtocol"),
                           ("", "allow_non_tls: true", "AllowNonTLS"),
                           ("", "no_header_support: true", "NoHeaderSupport"),
                           ("server_name: one", "server_name: two", "ServerName"),
                           ("max_sub_tokens: 10", "max_sub_tokens: 11", "MaxSubTokens"),
                           ("max_closed_clients: 50", "max_closed_clients: 60", "MaxClosedClients")):
        config = (BASE.replace(old, new) if old else BASE + new + "\n").replace("max_control_line: 512", "max_control_line: 1024")
        line = server.reload(config, check=False)
        matches(line, r"Failed to reload server configuration: config reload not supported for %s: old=.*, new=" % name, "log line")
        eq(server.varz()["max_control_line"], 512, "max_control_line after a refused reload")
    client.send("SUB ", "a" * 600, " 1\r\n")
    client.expect_err_closed("maximum control line exceeded")
    server.reload(BASE.replace("max_control_line: 512", "max_control_line: 1024"))
    eq(server.varz()["max_control_line"], 1024, "max_control_line")


@test(SHEET, 118, needs="reload")
def listener_that_refuses_a_reload(ctx):
    server = ctx.start("host: 127.0.0.1\nport: -1\n", listen=False)
    for config, name in (("host: 127.0.0.2\nport: -1\n", "Host"), ("host: 127.0.0.1\nport: 65000\n", "Port")):
        line = server.reload(config, check=False)
        matches(line, r"Failed to reload server configuration: config reload not supported for %s: old=.*, new=" % name, "log line")
    server.reload("host: 127.0.0.1\nport: -1\nmax_control_line: 512\n")
    ctx.client(server)


@test(SHEET, 119, needs="reload")
def reload_of_max_connections(ctx):
    server = ctx.start("max_connections: 10\n")
    clients = [ctx.client(server) for _ in range(8)]
    server.reload("max_connections: 3\n")
    wait_until(lambda: server.varz()["connections"] == 3, "three connections")
    closed = []
    for client in clients:
        if any(entry["cid"] == client.cid for entry in server.connz(state="closed")["connections"]):
            client.expect_err_closed("maximum connections exceeded")
            eq(server.close_reason(client.cid), "Maximum Connections Exceeded", "reason")
            closed.append(client)
    eq(len(closed), 5, "closed connections")
    for client in clients:
        if client not in closed:
            client.expect_quiet()
    server.wait_log("Closed 5 connections to fall within max_connections")
    ctx.raw(server).expect_err_closed("maximum connections exceeded")


@test(SHEET, 119, needs="reload")
def reload_of_max_payload(ctx):
    server = ctx.start("max_payload: 1024\n")
    client, other = ctx.client(server, protocol=1), ctx.client(server, protocol=1)
    server.reload("max_payload: 2048\n")
    client.expect_quiet()
    client.sub("foo")
    client.pub("foo", "x" * 2000)
    client.expect_msg(subject="foo")
    server.reload("max_payload: 512\n")
    client.expect_quiet()
    client.send("PUB foo 600\r\n")
    client.expect_err_closed("Maximum Payload Violation")
    other.expect_quiet()
    eq(ctx.raw(server).info["max_payload"], 512, "max_payload of a new connection")
