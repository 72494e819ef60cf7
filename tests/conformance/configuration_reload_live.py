"""What a reload does to connections and TLS: configuration.md 3.8, 8.5, items 81 and 83 to 86."""

import hashlib
import re
import shutil
import signal
import ssl
import subprocess

from lib import *
from lib.jetstream import SECOND
from configuration_reload import FAILED, apply, refuse, unsupported

SHEET = "configuration"
USERS = "authorization { users: [ %s ] }\n"


def login(name, password):
    """CONNECT options of a user."""
    return {"user": name, "pass": password}


@test(SHEET, 81, needs="reload")
def removed_user_is_closed_silently(ctx):
    server = ctx.start(USERS % "{user: a, password: b}, {user: c, password: d}")
    gone, stays = ctx.client(server, **login("a", "b")), ctx.client(server, **login("c", "d"))
    server.reload(USERS % "{user: c, password: d}")
    gone.expect_closed()
    stays.expect_quiet()


@test(SHEET, 81, needs="reload")
def removed_nkey_is_closed_silently(ctx):
    one, two = KeyPair("U"), KeyPair("U")
    server = ctx.start(USERS % ("{nkey: %s}, {nkey: %s}" % (one.public, two.public)))
    clients = []
    for pair in (one, two):
        client = ctx.raw(server)
        clients.append(client.connect(nkey=pair.public, sig=pair.sign_nonce(client.info["nonce"])))
    server.reload(USERS % ("{nkey: %s}" % two.public))
    clients[0].expect_closed()
    clients[1].expect_quiet()


@test(SHEET, 81, needs="reload")
def changed_password_is_a_violation(ctx):
    server = ctx.start(USERS % "{user: a, password: b}, {user: c, password: d}")
    changed, stays = ctx.client(server, **login("a", "b")), ctx.client(server, **login("c", "d"))
    server.reload(USERS % "{user: a, password: x}, {user: c, password: d}")
    changed.expect_err_closed("Authorization Violation")
    stays.expect_quiet()
    eq(server.close_reason(changed.cid), "Authentication Failure", "reason")


@test(SHEET, 81, needs="reload")
def added_token_is_a_violation(ctx):
    server = ctx.start()
    client = ctx.client(server)
    server.reload("authorization { token: t }\n")
    client.expect_err_closed("Authorization Violation")
    server.reload("authorization { token: u }\n")
    ctx.client(server, auth_token="u")


@test(SHEET, 81, needs="reload")
def changed_password_of_the_single_user(ctx):
    config = "authorization { user: a, password: %s }\n"
    server = ctx.start(config % "b")
    client = ctx.client(server, **login("a", "b"))
    server.reload(config % "c")
    # The sheet says that the client gets an error; the peer closes it without one.
    client.expect_closed(allow=("-ERR",))
    ctx.client(server, **login("a", "c"))


@test(SHEET, 81, needs="reload", better=True)
def an_unchanged_single_user_stays(ctx):
    # The peer closes the clients of `authorization { user, password }` at every reload.
    config = "authorization { user: a, password: b }\n"
    server = ctx.start(config)
    client = ctx.client(server, **login("a", "b"))
    server.reload(config)
    client.expect_quiet()


@test(SHEET, 81, needs="reload")
def narrowed_permissions_remove_subscriptions(ctx):
    user = "{user: a, password: b%s}"
    server = ctx.start(USERS % (user % ""))
    client = ctx.client(server, **login("a", "b"))
    client.sub("foo", 1)
    client.sub("bar", 2, queue="q")
    client.sub("baz", 3)
    client.expect_quiet()
    mark = server.mark()
    server.reload(USERS % (user % ", permissions { subscribe: baz, publish: \">\" }"))
    texts = {client.expect_err(), client.expect_err()}
    eq(texts, {'Permissions Violation for Subscription to "foo" (sid "1")',
               'Permissions Violation for Subscription to "bar" using queue "q" (sid "2")'})
    for subject, sid in (("foo", 1), ("bar", 2)):
        server.wait_log(r'Removed sub "%s"( using queue "q")? \(sid "%d"\) for User "a" - not authorized$' % (subject, sid), since=mark)
    for subject in ("foo", "bar"):
        client.pub(subject, "x")
    client.expect_quiet()
    client.pub("baz", "x")
    client.expect_msg("baz", "x")


@test(SHEET, 81, needs="reload")
def narrowed_publish_permissions(ctx):
    user = "{user: a, password: b%s}"
    server = ctx.start(USERS % (user % ""))
    client = ctx.client(server, **login("a", "b"))
    client.sub("foo")
    client.pub("foo", "x")
    client.expect_msg("foo", "x")
    server.reload(USERS % (user % ", permissions { publish: bar }"))
    client.pub("foo", "x")
    client.expect_err('Permissions Violation for Publish to "foo"')
    server.reload(USERS % (user % ""))
    client.pub("foo", "y")
    client.expect_msg("foo", "y")


@test(SHEET, 81, needs="reload")
def moved_account_is_closed(ctx):
    config = "accounts { A { users [ %s ] }, B { users [ %s ] } }\n"
    one, two = "{user: a, password: b}", "{user: c, password: d}"
    server = ctx.start(config % (one, two))
    moved, stays = ctx.client(server, **login("a", "b")), ctx.client(server, **login("c", "d"))
    server.reload(config % ("", one + ", " + two))
    moved.expect_closed()
    stays.expect_quiet()


@test(SHEET, 81, needs="reload")
def clients_of_a_removed_account_are_closed(ctx):
    config = "accounts { A { users [ {user: a, password: b} ] }%s }\n"
    server = ctx.start(config % ", B { users [ {user: c, password: d} ] }")
    stays, gone = ctx.client(server, **login("a", "b")), ctx.client(server, **login("c", "d"))
    server.reload(config % "")
    gone.expect_closed()
    stays.expect_quiet()


@test(SHEET, 81, needs="reload")
def surplus_connections_are_closed(ctx):
    server = ctx.start("max_connections: 10\n")
    clients = [ctx.client(server) for _ in range(5)]
    mark = server.mark()
    server.reload("max_connections: 2\n")
    server.wait_log(r"Closed 3 connections to fall within max_connections$", since=mark)
    wait_until(lambda: server.varz()["connections"] == 2, "two connections")
    closed = 0
    for client in clients:
        frame = client.drain(0.05)
        if frame:
            eq([entry.text for entry in frame], ["maximum connections exceeded"])
            client.expect_closed()
            closed += 1
        else:
            client.expect_quiet()
    eq(closed, 3, "closed clients")


@test(SHEET, 81, needs="reload")
def larger_payloads_are_refused(ctx):
    server = ctx.start()
    client = ctx.client(server, protocol=1)
    client.pub("foo", "x" * 2000)
    client.expect_quiet()
    server.reload("max_payload: 1000\n")
    client.expect_quiet()  # no INFO is sent
    client.pub("foo", "x" * 1000)
    client.expect_quiet()
    client.send("PUB foo 1001\r\n")
    client.expect_err_closed("Maximum Payload Violation")


@test(SHEET, 81, needs="reload")
def longer_control_lines_are_refused(ctx):
    server = ctx.start()
    client = ctx.client(server)
    client.sub("a" * 2000, 1)
    client.expect_quiet()
    server.reload("max_control_line: 1024\n")
    client.send("SUB %s 2\r\n" % ("b" * 2000))
    matches(client.expect_err(), "(?i)^maximum control line exceeded$")
    client.expect_closed()


@test(SHEET, 81, needs="reload")
def connection_type_no_longer_allowed(ctx):
    server = ctx.start(USERS % "{user: a, password: b}")
    client = ctx.client(server, **login("a", "b"))
    server.reload(USERS % "{user: a, password: b, allowed_connection_types: [WEBSOCKET]}")
    client.expect_err_closed("Authorization Violation")


def subject_of(client):
    """Common name of the certificate that the server showed."""
    for part in client.socket.getpeercert()["subject"]:
        for key, value in part:
            if key == "commonName":
                return value
    return None


def tls_server(ctx, config, name="server"):
    """A server whose certificate and key lie in its directory as `cert.pem` and `key.pem`."""
    server = ctx.start(start=False)
    use_certificate(ctx, server, name)
    server.write_config(config)
    return server.start()


def use_certificate(ctx, server, name):
    """Puts the certificate `name` in place of the server's."""
    cert, key = ctx.certs.issue(name)
    shutil.copy(cert, server.path("cert.pem"))
    shutil.copy(key, server.path("key.pem"))


TLS = 'tls { cert_file: "cert.pem", key_file: "key.pem"%s }\n'


@test(SHEET, 83, needs=("reload", "tls"))
def new_certificates_are_used(ctx):
    server = ctx.start()
    use_certificate(ctx, server, "first")
    server.reload(TLS % "")
    old = ctx.raw(server, tls=ctx.certs.context()).connect()
    eq(subject_of(old), "first")
    use_certificate(ctx, server, "second")
    server.reload()
    new = ctx.raw(server, tls=ctx.certs.context()).connect()
    eq(subject_of(new), "second", "a new handshake")
    old.expect_quiet()


@test(SHEET, 83, needs=("reload", "tls"))
def tls_is_added_and_removed(ctx):
    server = ctx.start()
    use_certificate(ctx, server, "first")
    plain = ctx.client(server)
    apply(server, TLS % "", "Reloaded: tls = enabled")
    check(ctx.raw(server).info.get("tls_required"), "tls_required")
    secure = ctx.raw(server, tls=ctx.certs.context()).connect()
    apply(server, "", "Reloaded: tls = disabled")
    check("tls_required" not in ctx.client(server).info, "tls_required is gone")
    plain.expect_quiet()
    secure.expect_quiet()


@test(SHEET, 83, needs=("reload", "tls"))
def other_tls_lines(ctx):
    server = ctx.start(ctx.certs.block())
    apply(server, ctx.certs.block("timeout: 5"), "Reloaded: tls timeout = 5")
    apply(server, ctx.certs.block("verify: true"), "Reloaded: tls = enabled")
    check(ctx.raw(server).info.get("tls_verify"), "tls_verify")
    apply(server, ctx.certs.block("handshake_first: true"), "Reloaded: Client TLS handshake first: true")
    ctx.raw(server, tls=ctx.certs.context(), tls_first=True).connect()
    apply(server, ctx.certs.block('handshake_first: "200ms"'),
          "Reloaded: Client TLS handshake first fallback delay: 200ms")


@test(SHEET, 83, needs=("reload", "tls"))
def a_missing_key_rejects_the_reload(ctx):
    server = ctx.start(ctx.certs.block())
    line = server.reload('tls { cert_file: "%s", key_file: "/nope" }\n' % ctx.certs.server_cert, check=False)
    matches(line + server.log()[-400:], r"error parsing X509 certificate/key pair: open /nope: no such file or directory")
    matches(line, FAILED)
    ctx.raw(server, tls=ctx.certs.context()).connect()
    line = server.reload('tls { cert_file: "%s" }\n' % ctx.certs.server_cert, check=False)
    matches(line, FAILED + r".*missing 'key_file' in TLS configuration")


@test(SHEET, 84, needs=("reload", "tls"))
def tls_changes_that_are_refused(ctx):
    server = ctx.start(ctx.certs.block())
    refuse(server, ctx.certs.block("verify_and_map: true"), unsupported("TLSMap", "false", "true"))
    refuse(server, ctx.certs.block("connection_rate_limit: 10"), unsupported("TLSRateLimit", "0", "10"))
    server.reload(ctx.certs.block())


@test(SHEET, 84, needs=("reload", "auth_callout"))
def auth_callout_change_is_refused(ctx):
    users = "users [ {user: a, password: b} ]"
    callout = "auth_callout { issuer: %s, auth_users: [a] }" % KeyPair("A").public
    server = ctx.start("authorization { %s }\n" % users)
    line = server.reload("authorization { %s, %s }\n" % (users, callout), check=False)
    matches(line, FAILED + "config reload not supported for AuthCallout: old=.*, new=.*$")
    server = ctx.start("authorization { %s, %s }\n" % (users, callout))
    line = server.reload("authorization { %s }\n" % users, check=False)
    matches(line, FAILED + "config reload not supported for AuthCallout: old=.*, new=.*$")


def pin_of(cert):
    """SHA-256 of the certificate's public key information, as hex."""
    key = subprocess.run(["openssl", "x509", "-in", cert, "-noout", "-pubkey"], stdout=subprocess.PIPE, check=True).stdout
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(
        key.decode().replace("PUBLIC KEY", "CERTIFICATE"))).hexdigest()


@test(SHEET, 85, needs=("reload", "tls"))
def pinned_certificates_bind_new_connections(ctx):
    certs = ctx.certs
    pairs = [certs.issue("pin-%d" % number) for number in range(2)]
    pins = [pin_of(cert) for cert, _ in pairs]
    block = lambda *pinned: certs.block("verify: true\npinned_certs: [%s]" % ", ".join('"%s"' % pin for pin in pinned))
    server = ctx.start(block(*pins))
    contexts = [client_context(certs.ca, pair) for pair in pairs]
    for context in contexts:
        ctx.raw(server, tls=context).connect()
    apply(server, block(pins[0]), "Reloaded: 1 pinned_certs")
    ctx.raw(server, tls=contexts[0]).connect()
    try:
        client = ctx.raw(server, tls=contexts[1])
        client.try_send("CONNECT {}\r\nPING\r\n")
        client.expect_closed()
    except (OSError, Failure) as problem:
        check("PONG" not in str(problem), "the other certificate is still accepted: %s" % problem)


@test(SHEET, 85, needs=("reload", "tls"))
def connections_with_other_certificates_are_closed(ctx):
    certs = ctx.certs
    pairs = [certs.issue("pin-%d" % number) for number in range(2)]
    pins = [pin_of(cert) for cert, _ in pairs]
    block = lambda *pinned: certs.block("verify: true\npinned_certs: [%s]" % ", ".join('"%s"' % pin for pin in pinned))
    server = ctx.start(block(*pins))
    stays, gone = [ctx.raw(server, tls=client_context(certs.ca, pair)).connect() for pair in pairs]
    server.reload(block(pins[0]))
    gone.expect_closed(timeout=5, allow=("-ERR",))
    stays.expect_quiet()
    server.wait_log(r"Disconnect 1 clients due to pinned certs reload$")


@test(SHEET, 85, needs=("reload", "tls", "cluster"))
def routes_with_other_certificates_are_closed(ctx):
    certs = ctx.certs
    cert, key = certs.issue("pin-0")
    other = pin_of(certs.issue("pin-1")[0])
    block = 'cluster { name: c, listen: "127.0.0.1:-1", %s }\n'
    tls = lambda *pins: block % certs.block("pinned_certs: [%s]" % ", ".join('"%s"' % pin for pin in pins))
    one = ctx.start(tls(pin_of(cert), other))
    ctx.start('cluster { name: c, listen: "127.0.0.1:-1", routes: [ "nats://127.0.0.1:%d" ], tls { cert_file: "%s", '
              'key_file: "%s", ca_file: "%s" } }\n' % (one.port_of("cluster"), cert, key, certs.ca))
    wait_until(lambda: one.varz()["routes"] == 4, "a pool of routes")
    one.reload(tls(other))
    one.wait_log(r"Disconnect 4 clients due to pinned certs reload$")
    wait_until(lambda: one.varz()["remotes"] == 0, "the route is closed")


@test(SHEET, 85, needs=("reload", "tls", "leafnodes"))
def leafnodes_with_other_certificates(ctx):
    certs = ctx.certs
    cert, key = certs.issue("pin-0")
    other = pin_of(certs.issue("pin-1")[0])
    block = 'leafnodes { listen: "127.0.0.1:-1", %s }\n'
    tls = lambda *pins: block % certs.block("verify: true\npinned_certs: [%s]" % ", ".join('"%s"' % pin for pin in pins))
    hub = ctx.start(tls(pin_of(cert), other))
    address = matches(hub.log(), r"Listening for leafnode connections on (\S+)").group(1)
    ctx.start('leafnodes { remotes [ { url: "tls://%s", tls { cert_file: "%s", key_file: "%s", ca_file: "%s" } } ] }\n'
              % (address, cert, key, certs.ca))
    wait_until(lambda: hub.varz()["leafnodes"] == 1, "leaf node")
    line = hub.reload(tls(other), check=False)
    # The sheet lets the change apply; the peer refuses it.
    if re.search(FAILED, line):
        matches(line, FAILED + r'config reload not supported for LeafNode: field "TLSPinnedCerts": old=map\[.*\], '
                r"new=map\[%s:\{\}\]$" % other)
    else:
        wait_until(lambda: hub.varz()["leafnodes"] == 0, "the leaf node is closed")


def survives(server, config):
    """The process answers a reload, whatever it says."""
    server.write_config(config)
    mark = server.mark()
    server.signal(signal.SIGHUP)
    wait_until(lambda: not server.alive() or server.log_lines("server configuration", since=mark), "an answer")
    check(server.alive(), "the process ended with %s" % server.process.returncode)


@test(SHEET, 86, needs="reload", better=True)
def a_proxies_block_does_not_end_the_process(ctx):
    key = KeyPair("U").public
    for before, after in (("", "proxies { trusted: [ {key: %s} ] }\n" % key),
                          ("", "proxies { trusted: [] }\n")):
        server = ctx.start(before)
        client = ctx.client(server)
        survives(server, after)
        client.expect_quiet()


@test(SHEET, 86, needs=("reload", "proxies"), better=True)
def removing_the_proxies_block_does_not_end_the_process(ctx):
    server = ctx.start("proxies { trusted: [ {key: %s} ] }\n" % KeyPair("U").public)
    client = ctx.client(server)
    survives(server, "")
    client.expect_quiet()


@test(SHEET, 86, needs=("reload", "proxies"))
def changed_proxy_keys(ctx):
    one, two = KeyPair("U").public, KeyPair("U").public
    block = "proxies { trusted: [ {key: %s} ] }\n"
    server = ctx.start(block % one)
    apply(server, block % two, 'Reloaded: proxies trusted keys ["%s"] were added' % two,
          'Reloaded: proxies trusted keys ["%s"] were removed' % one)


@test(SHEET, 81, needs="reload")
def a_lowered_subscription_limit_of_an_account_closes_clients(ctx):
    """Those that have more; the reference closes those that have just as many, too."""
    config = "accounts { A { users: [ {user: a, password: a} ], limits { max_subs: %d } } }\n"
    server = ctx.start(config % 10)
    clients = {}
    for count in (1, 4, 6):
        clients[count] = ctx.client(server, **login("a", "a"))
        for number in range(count):
            clients[count].sub("s.%d" % number, str(number))
        clients[count].expect_quiet()
    server.reload(config % 3)
    for count in (4, 6):
        clients[count].expect_err("maximum subscriptions exceeded")
        clients[count].expect_closed()
        eq(server.close_reason(clients[count].cid), "Maximum Subscriptions Exceeded", "reason")
    clients[1].expect_quiet()
    for sid in ("10", "11"):
        clients[1].sub("t", sid)
    clients[1].expect_quiet()
    clients[1].sub("t", "12")
    clients[1].expect_err("maximum subscriptions exceeded")
    clients[1].expect_quiet()


@test(SHEET, 76, needs=("reload", "jetstream"))
def streams_go_on_when_jetstream_limits_change(ctx):
    """Nothing is started again: memory streams keep their messages, a consumer its place, a waiting pull its request."""
    config = ('server_name: a\njetstream { store_dir: "js", max_mem: %s, max_file: 1G, limits { max_ack_pending: %d } }\n'
              "max_payload: %d\n")
    js = jetstream(ctx, config % ("100MB", 1000, 1 << 20))
    js.create("M", "m.>", storage="memory")
    js.create("F", "f.>")
    for number in range(5):
        js.pub("m.a", "m%d" % number)
        js.pub("f.a", "f%d" % number)
    js.consumer("M", "C", ack_policy="explicit", mem_storage=True)
    js.consumer("F", "W", filter="f.later", ack_policy="explicit")
    first = js.fetch("M", "C", 2)
    js.ack_sync(first[0])
    inbox = js.subscribe("reply.here")
    js.send("$JS.API.CONSUMER.MSG.NEXT.F.W", {"batch": 1, "expires": 30 * SECOND}, "reply.here")
    js.wait_consumer("F", "W", num_waiting=1)
    mark = js.server.mark()
    js.server.reload(config % ("200MB", 50, 2 << 20))
    check(js.server.log_lines(r"Reloaded: JetStream max_mem_store = 200.00 MB", since=mark), js.server.log(mark))
    check(not js.server.log_lines("Restarting JetStream|JetStream Shutdown", since=mark), js.server.log(mark))
    eq(js.state("M")["messages"], 5, "messages in memory")
    eq([got.payload for got in js.fetch("M", "C", 3)], [b"m2", b"m3", b"m4"], "what the consumer delivers next")
    js.pub("f.later", "here")
    eq(inbox.next().payload, b"here", "message for a pull from before")
    js.consumer_err("F", 10121, 400, "consumer max ack pending exceeds system limit of 50", name="X", max_ack_pending=51)
    eq(js.server.varz()["jetstream"]["config"]["max_memory"], 200 << 20, "max_memory")
    eq(js.server.varz()["jetstream"]["limits"]["max_ack_pending"], 50, "max_ack_pending")


@test(SHEET, 76, needs=("reload", "jetstream"))
def accounts_get_and_lose_jetstream(ctx):
    """Limits of an account count at once; its streams on disk come back with it; other accounts do not notice."""
    config = """server_name: a
jetstream { store_dir: "js", max_mem: 100M, max_file: 1G }
accounts {
  A { users: [{user: a, password: a}]%s }
  B { users: [{user: b, password: b}], jetstream: enabled }
}
"""
    server = ctx.start(config % "\n jetstream { max_streams: 2 }")

    def user(name):
        return jetstream(ctx, server=server, user=name, **{"pass": name})

    a, b = user("a"), user("b")
    a.create("S", "s.>")
    a.pub("s.a", "one")
    b.create("M", "s.>", storage="memory")
    b.pub("s.a", "two")
    a.create("T", "t.>")
    a.create_err("U", 10027, 400, "maximum number of streams reached", subjects="u.>")
    server.reload(config % "\n jetstream { max_streams: 3 }")
    a.create("U", "u.>")
    eq(a.ok("INFO")["limits"]["max_streams"], 3, "max_streams")
    server.reload(config % "")
    a.err("STREAM.INFO.S", b"", 10039, 503, "JetStream not enabled for account")
    eq(b.state("M")["messages"], 1, "messages of the other account")
    server.reload(config % "\n jetstream { max_streams: 3 }")
    wait_until(lambda: "error" not in a.request("STREAM.INFO.S"), "the stream of before")
    eq((a.get("S", seq=1)["data"], a.pub("s.a", "three")["seq"]), (b"one", 2), "first message, sequence of the next")
    eq(sorted(a.ok("STREAM.NAMES")["streams"]), ["S", "T", "U"], "streams")
    eq(b.state("M")["messages"], 1, "messages of the other account")
