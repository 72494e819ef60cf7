"""How connections are made: WebSockets, servers that take their time: items 12 to 14, 61."""

import itertools
import os
import re
import socket
import struct
import threading

from messaging import wait_for_interest
from tool import *
from tool.answers import Answers

WEBSOCKET = """
jetstream { store_dir: "js", max_mem: 256MB, max_file: 2GB }
accounts {
    SYS { users: [ { user: sys, password: sys } ] }
    APP { jetstream: enabled, users: [ { user: app, password: app } ] }
}
system_account: SYS
no_auth_user: app
websocket { listen: "127.0.0.1:-1", %s }
"""


def websocket(ctx, settings, scheme):
    """The tool with a server that it reaches over a WebSocket."""
    tool = nats(ctx, config=WEBSOCKET % settings)
    port = tool.server.varz()["websocket"]["port"]
    tool.env["NATS_URL"] = "%s://127.0.0.1:%d" % (scheme, port)
    return tool


@case(12, "websocket")
def commands_over_a_websocket(ctx):
    tool = websocket(ctx, "no_tls: true", "ws")
    url = tool.env["NATS_URL"]
    matches(tool.out("rtt", "1"), r"^%s:\n\n   %s: \S+\n" % (url, url))
    matches(tool.out("account", "info"), "Connected URL: %s\n" % url)
    # Long and short, there and back.
    big = "x" * 700_000
    reply = tool.start("reply", "svc", "{{Request}}")
    wait_for_interest(tool, "svc")
    for body in ("short", big):
        eq(tool.out("request", "svc", "--raw", "--force-stdin", stdin=body).strip(), body)
    tool.run("kv", "add", "B")
    tool.run("kv", "put", "B", "k", stdin=big)
    eq(tool.out("kv", "get", "B", "k", "--raw"), big)
    content = bytes(range(256)) * 20_000
    tool.write("f", content)
    tool.run("object", "add", "O")
    tool.run("object", "put", "O", "f", "--no-progress")
    tool.run("object", "get", "O", "f", "-O", "g", "--no-progress")
    with open(tool.path("g"), "rb") as copy:
        check(copy.read() == content, "another content")
    out = tool.out("bench", "pub", "bench", "--msgs", "20000", "--size", "100", "--clients", "2", "--no-progress")
    check("aggregated stats" in out, out)
    reply.interrupt()
    reply.wait(code=1)
    kinds = tool.run("server", "request", "connections", "--filter-account", "SYS", *SYSTEM).json["data"]["connections"]
    eq([entry["type"] for entry in kinds], ["websocket"])
    # A context has such URLs, too.
    tool.run("context", "add", "ws", "--server", url, "--select", env={"NATS_URL": None})
    tool.run("publish", "a", "x", env={"NATS_URL": None})
    matches(tool.error("publish", "a", "x", "-s", "ws://%s" % tool.server.address), "invalid websocket connection|EOF|malformed HTTP")


@case(12, "websocket")
def an_encrypted_websocket(ctx):
    certs = ctx.certs
    tool = websocket(ctx, certs.block(""), "wss")
    ca = ("--tlsca", certs.ca)
    tool.run("publish", "a", "x", *ca)
    matches(tool.out("account", "info", *ca), r"Connected URL: wss://.*TLS Version: 1\.3")
    matches(tool.error("publish", "a", "x"), "certificate signed by unknown authority")
    # What the flags say about TLS counts for ws:// as well.
    tool.run("publish", "a", "x", *ca, "-s", tool.env["NATS_URL"].replace("wss://", "ws://"))
    sub = tool.start("sub", "a", "--count", "1", "--raw", *ca)
    wait_for_interest(tool, "a")
    tool.run("publish", "a", "y" * 100_000, *ca)
    eq(sub.wait().out, "y" * 100_000 + "\n")


@case(12, "websocket")
def a_websocket_is_made_again(ctx):
    tool = websocket(ctx, "no_tls: true", "ws")
    port = tool.server.varz()["websocket"]["port"]
    sub = tool.start("sub", "foo", "--count", "2", "--raw")
    wait_for_interest(tool, "foo")
    tool.run("publish", "foo", "one")
    sub.wait_out("one")
    tool.server.stop()
    sub.wait_err("Disconnected due to: .*, will attempt reconnect")
    tool.server.write_config('websocket { listen: "127.0.0.1:%d", no_tls: true }\n' % port)
    tool.server.start()
    wait_for_interest(tool, "foo")
    tool.run("publish", "foo", "two")
    eq(sub.wait().out, "one\ntwo\n")


def serve(ctx, act):
    """Port of a server that calls `act` with each connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    ctx.later(listener.close)

    def accept():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=run, args=(client,), daemon=True).start()

    def run(client):
        try:
            act(client)
        except OSError:
            pass
        client.close()
    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def dripping(begin, drop, ended):
    """Sends the beginning, and then a little every now and then, for ever."""
    def act(client):
        client.sendall(begin)
        # As long as the other side is there and the test goes on.
        while not ended.wait(0.02):
            client.sendall(drop)
    return act


@case(12)
def a_server_that_drips_is_given_up(ctx):
    tool = nats(ctx, server=False)
    ended = threading.Event()
    ctx.later(ended.set)
    # The beginning of a TLS record that says it is long, of an INFO, of an HTTP answer.
    for begin, drop, url, flags in (
            (b"\x16\x03\x03" + struct.pack(">H", 16_000), b"\0", "tls://127.0.0.1:%d", ("--tlsfirst",)),
            (b"INFO {", b" ", "127.0.0.1:%d", ()),
            (b"HTTP/1.1 101 x\r\n", b"A: b\r\n", "ws://127.0.0.1:%d", ())):
        port = serve(ctx, dripping(begin, drop, ended))
        # Not all libraries name what they waited for.
        matches(tool.error("publish", "a", "x", "-s", url % port, "--timeout", "300ms", *flags), "timeout$", url)
    # A proxy that never comes to its point: it accepts, and then names a host for ever.
    def proxy(client):
        client.recv(100)
        client.sendall(b"\x05\x00")
        client.recv(100)
        dripping(b"\x05\x00\x00\x03\xff", b"x", ended)(client)
        ended.wait()
    port = serve(ctx, proxy)
    tool.run("publish", "a", "x", "-s", "127.0.0.1:1", "--socks-proxy", "socks5://127.0.0.1:%d" % port, "--timeout", "300ms", code=1)


@case(12, "deviation")
def a_port_that_is_no_websocket(ctx):
    """The original says the first four words at most."""
    tool = nats(ctx, server=False)
    for answer, text in ((b"HTTP/1.1 400 Bad Request\r\n\r\n", "invalid websocket connection: the server answers 400 Bad Request: is this its WebSocket port?"),
                         (b"INFO {}\r\n", "invalid websocket connection: the answer is no HTTP: "),
                         (b"HTTP/1.1 101 x\r\nSec-WebSocket-Accept: other\r\n\r\n", "invalid websocket connection: the answer is not to this request"),
                         (b"", "EOF")):
        def act(client, answer=answer):
            client.recv(4096)
            client.sendall(answer)
        port = serve(ctx, act)
        matches(tool.error("publish", "a", "x", "-s", "ws://127.0.0.1:%d" % port), "^" + text.replace("?", r"\?"))


@case(12)
def a_server_that_says_nothing(ctx):
    tool = nats(ctx, server=False)
    ended = threading.Event()
    ctx.later(ended.set)
    port = serve(ctx, lambda client: ended.wait())
    matches(tool.error("publish", "a", "x", "-s", "127.0.0.1:%d" % port, "--timeout", "300ms"),
            r"^read tcp 127\.0\.0\.1:\d+->127\.0\.0\.1:%d: i/o timeout$" % port)
    port = serve(ctx, lambda client: None)
    eq(tool.error("publish", "a", "x", "-s", "127.0.0.1:%d" % port), "EOF")
    eq(tool.error("stream", "ls", "-s", "127.0.0.1:%d" % port), "setup failed: EOF")


def version_of(crate):
    """The version of a crate that the tool is built with."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Cargo.lock")) as lock:
        return re.search(r'name = "%s"\nversion = "(.*)"' % crate, lock.read()).group(1)


@case(12, "deviation")
def which_client_connects(ctx):
    """Commands that only ask and wait for answers come over async-nats, the others with the tool's own client."""
    library, own = version_of("async-nats"), version_of("midge-cli")
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    tool.run("consumer", "add", "S", "C", "--pull", "--defaults")
    tool.run("kv", "add", "B")
    tool.run("pub", "s", "x")
    number = itertools.count()

    def comes_with(version, *words, code=0):
        name = "test-%d" % next(number)
        before = tool.server.varz()["total_connections"]
        tool.run(*words, "--connection-name", name, code=code)
        eq(tool.server.varz()["total_connections"] - before, 1, repr(words))

        def versions():
            closed = tool.server.get("/connz?state=closed&limit=1000")["connections"]
            return [one["version"] for one in closed if one.get("name") == name]
        wait_until(versions, "a connection of %s" % (words,))
        eq(versions(), [version], repr(words))

    for words in (("stream", "ls"), ("stream", "info", "S"), ("stream", "edit", "S", "--max-msgs", "9", "--force"),
                  ("stream", "add", "T", "--subjects", "t", "--defaults"), ("stream", "purge", "S", "--force"),
                  ("stream", "report"), ("stream", "subjects", "S"), ("stream", "find"), ("stream", "rm", "T", "--force"),
                  ("consumer", "ls", "S"), ("consumer", "info", "S", "C"), ("consumer", "add", "S", "D", "--pull", "--defaults"),
                  ("consumer", "add", "S", "E", "--pull", "--defaults", "--overflow-groups", "a"),
                  ("consumer", "report", "S"), ("consumer", "pause", "S", "C", "1h", "--force"),
                  ("consumer", "resume", "S", "C", "--force"), ("consumer", "rm", "S", "D", "--force"),
                  ("kv", "ls"), ("kv", "info", "B"), ("kv", "add", "K", "--marker-ttl", "1m"), ("kv", "del", "K", "--force"),
                  ("object", "ls"), ("object", "add", "O"), ("object", "info", "O"),
                  ("server", "check", "stream", "--stream", "S"), ("server", "check", "jetstream"),
                  ("stream", "ls", "--inbox-prefix", "mine.too")):
        comes_with(library, *words)
    for words in (("pub", "a", "x"), ("request", "$JS.API.INFO", ""), ("rtt",), ("account", "info"), ("stream", "get", "S", "--last-for", "s"),
                  ("consumer", "next", "S", "C", "--timeout", "50ms"), ("kv", "put", "B", "k", "v"), ("kv", "get", "B", "k"),
                  ("server", "check", "connection"), ("stream", "ls", "--trace")):
        missing = words[:2] in (("stream", "get"), ("consumer", "next"))
        comes_with(own, *words, code=1 if missing else 0)


@case(12, "deviation", "services")
def which_client_asks_servers(ctx):
    library = version_of("async-nats")
    tool = nats(ctx)
    asked = (("server", "list"), ("server", "info"), ("server", "report", "connections"), ("server", "request", "variables"),
             ("server", "report", "jetstream"), ("server", "check", "server", "--name", tool.server.varz()["server_name"]))
    for words in asked:
        check(tool.run(*words, *SYSTEM, "--connection-name", "asks", code=None).out, words)

    def versions():
        closed = tool.server.get("/connz?state=closed&limit=1000")["connections"]
        return [one["version"] for one in closed if one.get("name") == "asks"]
    wait_until(lambda: len(versions()) >= len(asked), "the last connection")
    eq(versions(), [library] * len(asked))


@case(12)
def an_inbox_prefix_that_is_no_subject(ctx):
    tool = nats(ctx)
    for prefix in ("a b", "a..b", "a\r\nPING"):
        matches(tool.error("stream", "ls", "--inbox-prefix", prefix), "nats: invalid subject$", prefix)


@case(12, "deviation")
def a_server_that_is_too_old_for_what_is_asked(ctx):
    """The library does not read the API level, which follows from the version. The original looks at the level."""
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    tool.run("consumer", "add", "S", "C", "--pull", "--defaults")
    pause = ("consumer", "pause", "S", "C", "1h", "--force")
    old = Answers(ctx, tool.server, lambda answer: answer, {"version": "2.10.29", "api_lvl": 0}).address
    for more in ((), ("--trace",)):
        eq(tool.error(*pause, "-s", old, *more), "pausing Consumers requires NATS Server 2.11", more)
    new = Answers(ctx, tool.server, lambda answer: answer, {"version": "2.11.0", "api_lvl": 1}).address
    for more in ((), ("--trace",)):
        tool.run(*pause, "-s", new, *more)


@case(12)
def one_server_that_says_nothing_and_another(ctx):
    tool = nats(ctx)
    ended = threading.Event()
    ctx.later(ended.set)
    silent = "nats://127.0.0.1:%d" % serve(ctx, lambda client: ended.wait())
    for words in (("stream", "ls"), ("pub", "a", "x")):
        tool.run(*words, "-s", "%s,%s" % (silent, tool.server.address), "--timeout", "1s")


@case(12)
def a_server_that_wants_tls_though_nobody_asked(ctx):
    tool = nats(ctx, config="jetstream { store_dir: js }\n" + ctx.certs.block(""))
    url = ("-s", "nats://%s" % tool.server.address)
    for words in (("stream", "ls"), ("publish", "a", "x")):
        tool.run(*words, *url, env={"SSL_CERT_FILE": ctx.certs.ca})
        matches(tool.error(*words, *url, env={"SSL_CERT_FILE": "/dev/null"}), "signed by unknown authority|invalid peer certificate")


# tests/data/make.sh there makes them.
ODD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "crates", "certificates", "tests", "data")


@case(12)
def certificates_as_people_make_them(ctx):
    """`openssl req -x509` makes one that is its own authority, `openssl x509 -req` one of version 1."""
    def odd(name, kind="pem"):
        return os.path.join(ODD, "%s.%s" % (name, kind))

    both = 'tls { cert_file: "%s", key_file: "%s", ca_file: "%s", verify: true, timeout: 5 }'
    tool = nats(ctx, config=both % (odd("selfmade"), odd("selfmade", "key"), odd("root")))
    server = ("-s", "tls://localhost:%s" % tool.server.address.rsplit(":", 1)[1])
    own = ("--tlscert", odd("version1"), "--tlskey", odd("version1", "key"))
    tool.run("pub", "a", "x", *server, *own, "--tlsca", odd("selfmade"))
    matches(tool.error("pub", "a", "x", *server, *own, "--tlsca", odd("stranger")), "certificate signed by unknown authority")
    stranger = ("--tlscert", odd("version1"), "--tlskey", odd("stranger", "key"))
    matches(tool.error("pub", "a", "x", *server, *stranger, "--tlsca", odd("selfmade")), "private key does not match public key")
    tool = nats(ctx, config=both % (odd("authority"), odd("authority", "key"), odd("root")))
    server = ("-s", "tls://localhost:%s" % tool.server.address.rsplit(":", 1)[1])
    tool.run("pub", "a", "x", *server, *own, "--tlsca", odd("root"))


@case(12)
def what_is_wrong_with_a_certificate(ctx):
    def says(own, text, *flags, host="localhost"):
        pair = 'tls { cert_file: "%s", key_file: "%s" }' % (os.path.join(ODD, own + ".pem"), os.path.join(ODD, own + ".key"))
        tool = nats(ctx, config=pair if own else "")
        url = "tls://%s:%s" % (host, tool.server.address.rsplit(":", 1)[1])
        error = tool.error("pub", "a", "x", "-s", url, *(flags or ("--tlsca", os.path.join(ODD, (own or "root") + ".pem"))))
        eq(error.strip(), "nats: tls error: tls: " + text)
        if own:
            tool.server.wait_log("TLS handshake error: .*([cC]ertificate|UnknownCA)")

    failed = "failed to verify certificate: x509: certificate "
    by_root = ("--tlsca", os.path.join(ODD, "root.pem"))
    says("elsewhere", failed + "is valid for elsewhere.test, *.elsewhere.test, not localhost")
    says("elsewhere", "failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't "
         "contain any IP SANs", host="127.0.0.1")
    says("stranger", failed + "signed by unknown authority", *by_root)
    says("for-mail", failed + "specifies an incompatible key usage")
    says("", "first record does not look like a TLS handshake", "--tlsfirst", *by_root)
