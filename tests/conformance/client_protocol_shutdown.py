"""Lame duck mode, kick, shutdown: client-protocol.md 20, items 101 to 103."""

import json
import signal as signals
import socket
import time

from lib import *

SHEET = "client_protocol"
LAME_DUCK = 'lame_duck_duration: "30s"\nlame_duck_grace_period: "1s"\n'


def refused(server):
    """True when TCP connections to the client port are refused."""
    try:
        socket.create_connection((server.host, server.port), 5).close()
        return False
    except OSError:
        return True


@test(SHEET, 101, slow=True)
def lame_duck_mode(ctx):
    server = ctx.start(LAME_DUCK, debug=True)
    modern, old = ctx.client(server, protocol=1), ctx.client(server)
    early = ctx.raw(server).connect(protocol=1, ping=False)
    modern.sub("foo")
    modern.expect_quiet()
    started = time.monotonic()
    server.signal(signals.SIGUSR2)
    info = modern.expect_info()
    eq(info.get("ldm"), True, "ldm")
    check("connect_urls" not in info, "connect_urls without other servers")
    wait_until(lambda: refused(server), "new connections are refused")
    old.pub("foo", "x")
    modern.expect("MSG foo 1 1\r\nx\r\n")
    old.expect_quiet()
    for client in (modern, old, early):
        client.expect_closed()
    near(time.monotonic() - started, 0.9, 10.0, "seconds until all are closed")
    eq(server.wait_exit(), 0, "exit code")
    server.wait_log("Entering lame duck mode, stop accepting new clients")
    server.wait_log("Closing existing clients")
    server.wait_log("Client connection closed: Server Shutdown", count=3)


@test(SHEET, 101)
def lame_duck_mode_without_clients(ctx):
    server = ctx.start(LAME_DUCK)
    server.signal(signals.SIGUSR2)
    eq(server.wait_exit(), 0, "exit code")


@test(SHEET, 101)
def lame_duck_settings(ctx):
    for config, text in (('lame_duck_duration: "29s"\n', "invalid lame_duck_duration of 29s, minimum is 30 seconds"),
                         ('lame_duck_duration: "30s"\nlame_duck_grace_period: "30s"\n',
                          "lame duck grace period (30s) should be strictly lower than lame duck duration (30s)")):
        code, output = ctx.check_config(config)
        if code == 0:
            try:
                ctx.start(config)
                fail("started with %r" % config)
            except StartFailed as failure:
                output = failure.log
        check(text in output, output)


@test(SHEET, 101, needs="cluster", slow=True)
def lame_duck_mode_in_a_cluster(ctx):
    config = LAME_DUCK + 'server_name: %s\ncluster { name: c, listen: "127.0.0.1:-1"%s }\n'
    first = ctx.start(config % ("one", ""))
    client = ctx.client(first, protocol=1)
    second = ctx.start(config % ("two", ', routes: [ "nats://127.0.0.1:%d" ]' % first.port_of("cluster")),
                       binary=ctx.peer)
    other = ctx.client(second, protocol=1)
    eq(client.expect_info()["connect_urls"], [first.address, second.address], "connect_urls")
    first.signal(signals.SIGUSR2)
    info = client.expect_info()
    eq((info.get("ldm"), info.get("connect_urls")), (True, [second.address]), "ldm, connect_urls")
    urls = None
    while urls != [second.address]:
        info = other.expect_info()
        check("ldm" not in info, "ldm from the server that stays")
        urls = info["connect_urls"]
    client.expect_closed(allow=("INFO",))
    eq(first.wait_exit(), 0, "exit code")
    other.expect_quiet()


SYSTEM = ("accounts { S { users: [ {user: s, password: p} ] }, A { users: [ {user: a, password: p} ] } }\n"
          "system_account: S\n")


@test(SHEET, 102, needs="system services")
def requests_for_one_client(ctx):
    server = ctx.shared(SYSTEM)
    login = {"user": "a", "pass": "p"}
    admin = ctx.client(server, user="s", **{"pass": "p"})
    one, two, old = ctx.client(server, protocol=1, **login), ctx.client(server, protocol=1, **login), ctx.client(server, **login)
    prefix = "$SYS.REQ.SERVER.%s." % one.info["server_id"]

    def ask(what, cid):
        return admin.request_json(prefix + what, json.dumps({"cid": cid}))

    answer = ask("LDM", one.cid)
    check("error" not in answer, "answer %r" % answer)
    info = one.expect_info()
    eq(info.get("ldm"), True, "ldm")
    eq(info.get("connect_urls"), one.connect_info.get("connect_urls"), "connect_urls")
    one.expect_quiet()
    two.expect_quiet()
    refusal = "client does not support Lame Duck Mode or is not ready to receive the notification"
    check(refusal in json.dumps(ask("LDM", old.cid)), "LDM for a protocol 0 client")
    old.expect_quiet()
    check("no such client id" in json.dumps(ask("LDM", 999999)), "LDM for an unknown client")
    answer = ask("KICK", two.cid)
    check("error" not in answer, "answer %r" % answer)
    two.expect_closed()
    eq(server.close_reason(two.cid), "Kicked", "reason")
    check("no such client or leafnode id" in json.dumps(ask("KICK", two.cid)), "KICK for an unknown client")
    one.expect_quiet()
    old.expect_quiet()


@test(SHEET, 103)
def sigterm_and_sigint(ctx):
    for number in (signals.SIGTERM, signals.SIGINT):
        server = ctx.start(debug=True)
        clients = [ctx.client(server, protocol=1) for _ in range(5)] + [ctx.raw(server)]
        server.signal(number)
        for client in clients:
            client.expect_closed()
        server.wait_exit()
        check(refused(server), "the port is closed")
        # The peer ends without waiting for these lines: those that are there have to be right.
        if not ctx.is_peer:
            server.wait_log("Client connection closed: Server Shutdown", count=6)
        reasons = server.log_lines("Client connection closed: ")
        check(all("Server Shutdown" in line for line in reasons), server.log())


@test(SHEET, 103)
def pending_output_is_flushed_at_shutdown(ctx):
    server = ctx.start()
    subscriber, publisher = ctx.client(server), ctx.client(server)
    subscriber.sub("foo")
    subscriber.expect_quiet()
    publisher.send("PUB foo 1024\r\n%s\r\n" % ("x" * 1024) * 300)
    publisher.expect_quiet()
    server.signal(signals.SIGTERM)
    for _ in range(300):
        subscriber.expect_msg(subject="foo")
    subscriber.expect_closed()
