"""Log lines, sinks and the banner: configuration.md 8.1 and 8.2, items 69 to 73."""

import calendar
import glob
import os
import pty
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time

from lib import *
from lib.process import folder, read, run, spawn
from configuration_process import in_order

SHEET = "configuration"
LISTEN = 'listen: "127.0.0.1:-1"\n'
LOCAL = ("-a", "127.0.0.1", "-p", "-1")
TIME = r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6}"


@test(SHEET, 69)
def lines_with_time(ctx):
    server = spawn(ctx, *LOCAL, "-DV")
    client = Client("127.0.0.1", server.port())
    client.connect().close()
    server.wait_err(r"\[DBG\] 127\.0\.0\.1:\d+ - cid:\d+ - Client connection closed: Client Closed$")
    for line in server.err().split("\n")[:-1]:
        matches(line, r"^\[%d\] %s \[(INF|DBG|TRC|WRN|ERR)\] \S?.*$" % (server.pid, TIME))


@test(SHEET, 69)
def lines_without_time(ctx):
    for args, config in ((("-T=false",), ""), (("-T=0",), ""), (("--logtime=false",), ""), ((), "logtime: false\n")):
        path = folder(ctx, {"x.conf": LISTEN + config})
        server = spawn(ctx, "-c", "x.conf", *args, cwd=path)
        server.wait_err("Server is ready")
        for line in server.err().split("\n")[:-1]:
            matches(line, r"^\[%d\] \[INF\] \S?.*$" % server.pid)


@test(SHEET, 69)
def local_and_utc_time(ctx):
    for utc in (False, True):
        path = folder(ctx, {"x.conf": LISTEN + "logtime_utc: %s\n" % str(utc).lower()})
        server = spawn(ctx, "-c", "x.conf", cwd=path, env={"TZ": "XXX-5"})
        now = time.time()
        line = server.wait_err(r"^\[\d+\] (%s) \[INF\] Starting nats-server$" % TIME)
        shown = time.strptime(line.group(1).split(".")[0], "%Y/%m/%d %H:%M:%S")
        offset = round((calendar.timegm(shown) - now) / 3600)
        check(offset in ((0,) if utc else (5, 0)), "offset of %d hours, utc %r" % (offset, utc))


@test(SHEET, 69)
def local_time_of_a_zone_file(ctx):
    zone = "/usr/share/zoneinfo/Asia/Kolkata"
    if not os.path.exists(zone):
        ctx.skip("no time zone data")
    server = spawn(ctx, *LOCAL, env={"TZ": "Asia/Kolkata"})
    now = time.time()
    line = server.wait_err(r"^\[\d+\] (%s) \[INF\] Starting nats-server$" % TIME)
    shown = time.strptime(line.group(1).split(".")[0], "%Y/%m/%d %H:%M:%S")
    near(calendar.timegm(shown) - now, 5.5 * 3600 - 30, 5.5 * 3600 + 30, "offset")


def on_terminal(ctx, *args):
    """What a server writes to a terminal until it is ready, then up to its end."""
    master, slave = pty.openpty()
    process = subprocess.Popen([ctx.binary, *args], stdin=slave, stdout=slave, stderr=slave, cwd=folder(ctx),
                               start_new_session=True)
    os.close(slave)
    ctx.later(process.kill)
    text = b""
    try:
        while b"Server is ready" not in text:
            text += os.read(master, 65536)
        process.send_signal(signal.SIGTERM)
        while b"Server Exiting.." not in text:
            text += os.read(master, 65536)
    except OSError:
        fail("the terminal was closed after %r" % text)
    process.wait(10)
    os.close(master)
    return text.decode()


@test(SHEET, 69)
def colours_on_a_terminal(ctx):
    text = on_terminal(ctx, *LOCAL, "-DV", "--user", "a", "--pass", "b")
    for level, code in (("INF", "32"), ("WRN", "0;93"), ("DBG", "36")):
        if level == "DBG" and "DBG" not in text:
            continue
        check("[\x1b[%sm%s\x1b[0m]" % (code, level) in text, "%s in %r" % (level, text))
    check("[INF]" not in text, "a level without colour in %r" % text)


@test(SHEET, 69)
def no_colours_in_files_and_pipes(ctx):
    server = spawn(ctx, *LOCAL)
    server.wait_err("Server is ready")
    check("\x1b" not in server.err(), repr(server.err()))
    text = on_terminal_with_file(ctx)
    check("\x1b" not in text and "[INF] Server is ready" in text, text)


def on_terminal_with_file(ctx):
    """The log file of a server whose stderr is a terminal."""
    master, slave = pty.openpty()
    path = folder(ctx)
    process = subprocess.Popen([ctx.binary, *LOCAL, "-l", "log"], stdin=slave, stdout=slave, stderr=slave, cwd=path,
                               start_new_session=True)
    os.close(slave)
    ctx.later(process.kill)
    ctx.later(lambda: os.close(master))
    wait_until(lambda: "Server is ready" in read(os.path.join(path, "log")), "log file")
    return read(os.path.join(path, "log"))


@test(SHEET, 69)
def debug_and_trace_are_off_by_default(ctx):
    server = ctx.start()
    client = ctx.client(server)
    client.sub("foo")
    client.pub("foo", "hello")
    client.expect_msg()
    check(not server.log_lines(r"\[(DBG|TRC)\]"), server.log())
    server = ctx.start(trace=True)
    client = ctx.client(server, name="app", lang="py", version="1.0")
    client.sub("foo")
    client.pub("foo", "hello")
    client.expect_msg()
    where = r'\[TRC\] 127\.0\.0\.1:%d - cid:%d - "v1\.0:py:app" - ' % (client.socket.getsockname()[1], client.cid)
    for text in (r"<<- \[PING\]", r"->> \[PONG\]", r"<<- \[SUB foo 1\]", r"<<- \[PUB foo 5\]",
                 r'<<- MSG_PAYLOAD: \["hello"\]', r"->> \[MSG foo 1 5\]"):
        server.wait_log(where + text + "$")
    check(not server.log_lines(r"\[DBG\]"), "debug with -V")


@test(SHEET, 69)
def flags_of_debug_and_trace(ctx):
    for flag, debug, trace in (("-D", True, False), ("--debug", True, False), ("-V", False, True),
                               ("--trace", False, True), ("-VV", False, True), ("-DV", True, True),
                               ("-DVV", True, True)):
        server = ctx.start(args=(flag,))
        ctx.client(server).close()
        server.wait_log(r"\[TRC\]" if trace else r"\[DBG\]")
        eq((bool(server.log_lines(r"\[DBG\]")), bool(server.log_lines(r"\[TRC\]"))), (debug, trace), flag)


@test(SHEET, 69)
def traced_payload_length(ctx):
    server = ctx.start(args=("-V", "--max_traced_msg_len", "4"))
    client = ctx.client(server)
    client.pub("foo", "hello")
    client.expect_quiet()
    server.wait_log(r'<<- MSG_PAYLOAD: \["hell\.\.\."\]$')
    server = ctx.start("trace_headers: true\n")
    client = ctx.client(server, headers=True)
    client.pub("foo", "hello", headers="NATS/1.0\r\nA: b\r\n\r\n")
    client.expect_quiet()
    server.wait_log(r"\[HPUB foo 18 23\]")
    check("hello" not in server.log(), "only headers are traced: " + server.log())


@test(SHEET, 70)
def remote_syslog(ctx):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        server = spawn(ctx, *LOCAL, "-D", "--user", "a", "--pass", "b", "-r",
                       "udp://127.0.0.1:%d" % receiver.getsockname()[1])
        packets = []
        while not any(b"Server is ready" in packet for packet in packets):
            packets.append(receiver.recv(65536))
        server.signal(signal.SIGTERM)
        eq(server.wait(), 0)
    seen = {}
    tag = re.escape(os.path.basename(ctx.binary))
    for packet in packets:
        found = matches(packet.decode(), r"^<(\d+)>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d) (\S+) %s\[%d\]: "
                        r"(.*)\n$" % (tag, server.pid))
        eq(found.group(3), socket.gethostname(), "host")
        seen[found.group(4)] = found.group(1)
        check("[INF]" not in packet.decode() and "[WRN]" not in packet.decode(), "level in %r" % packet)
    eq(seen.get("Server is ready"), "5", "notice")
    eq(seen.get("Plaintext passwords detected, use nkeys or bcrypt"), "4", "warning")
    debug = {text: level for text, level in seen.items() if level == "7"}
    check(debug or not any("Go build" in text for text in seen), "debug lines: %r" % seen)
    eq((server.out(), server.err()), ("", ""), "stdout and stderr")


@test(SHEET, 70)
def debug_lines_of_remote_syslog(ctx):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        path = folder(ctx, {"x.conf": LISTEN + 'debug: true\ntrace: true\nports_file_dir: "."\n'
                                      'remote_syslog: "udp://127.0.0.1:%d"\n' % receiver.getsockname()[1]})
        server = spawn(ctx, "-c", "x.conf", cwd=path)
        port = None
        while port is None:
            found = re.search(rb"Listening for client connections on \S+:(\d+)", receiver.recv(65536))
            port = int(found.group(1)) if found else None
        client = Client("127.0.0.1", port)
        client.connect().close()
        want = {b"7": rb"cid:\d+ - .*Client connection created", b"5": rb"cid:\d+ - .*<<- \[PING\]"}
        while want:
            packet = receiver.recv(65536)
            for level, pattern in list(want.items()):
                if re.search(pattern, packet):
                    check(packet.startswith(b"<%s>" % level), repr(packet))
                    del want[level]
    check(server.err() == "", server.err())


@test(SHEET, 70)
def remote_syslog_that_cannot_be_reached(ctx):
    stamp = r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d "
    outcome = run(ctx.binary, *LOCAL, "-r", "foo://x", cwd=folder(ctx))
    eq(outcome.code, 1)
    matches(outcome.err, stamp + 'error invalid network type: "foo"\n$')
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    outcome = run(ctx.binary, *LOCAL, "-r", "tcp://127.0.0.1:%d" % port, cwd=folder(ctx))
    eq(outcome.code, 1)
    matches(outcome.err, stamp + 'error connecting to syslog: "dial tcp 127.0.0.1:%d: connect: connection refused"\n$'
            % port)


@test(SHEET, 70)
def syslog_over_streams(ctx):
    directory = tempfile.mkdtemp(prefix="c-")
    ctx.later(lambda: shutil.rmtree(directory, ignore_errors=True))
    for family, address in ((socket.AF_UNIX, os.path.join(directory, "s")), (socket.AF_INET, ("127.0.0.1", 0))):
        with socket.socket(family) as listener:
            listener.bind(address)
            listener.listen()
            listener.settimeout(10)
            url = "unix://" + address if family == socket.AF_UNIX else "tcp://127.0.0.1:%d" % listener.getsockname()[1]
            server = spawn(ctx, *LOCAL, "-r", url)
            stream, _ = listener.accept()
            with stream:
                stream.settimeout(10)
                text = b""
                while b"Server is ready\n" not in text:
                    text += stream.recv(65536)
        tag = "%s[%d]: " % (os.path.basename(ctx.binary), server.pid)
        for line in text.decode().split("\n")[:-1]:
            check(line.startswith("<5>") and tag in line, "%s: %r" % (url, line))


def fill(server, path, done):
    """Makes a debugging server write log lines until `done()`."""
    port = server.port(path)

    def once():
        for _ in range(5):
            client = Client("127.0.0.1", port)
            client.connect().close()
        return done()

    wait_until(once, "log rotation", every=0.005)


def rotating(ctx, limit, number=0, more=""):
    """A debugging server with a log file `logs/log` and these limits."""
    path = folder(ctx, {"x.conf": LISTEN + 'debug: true\nlog_file: "logs/log"\nlog_size_limit: %d\n'
                                  "logfile_max_num: %d\n%s" % (limit, number, more)})
    os.makedirs(os.path.join(path, "logs"))
    return spawn(ctx, "-c", "x.conf", cwd=path), os.path.join(path, "logs", "log")


@test(SHEET, 71)
def rotation_by_size(ctx):
    server, path = rotating(ctx, 3000)
    fill(server, path, lambda: len(glob.glob(path + ".*")) >= 2)
    server.signal(signal.SIGTERM)
    server.wait()
    backups = sorted(glob.glob(path + ".*"))
    for name in backups:
        matches(name[len(path):], r"^\.\d{4}\.\d\d\.\d\d\.\d\d\.\d\d\.\d\d\.\d{9}$", "name of a backup")
        near(os.path.getsize(name), 2000, 3300, "size of a backup")
    text = read(path)
    matches(text, r"^\[%d\] %s \[INF\] Rotated log, backup saved as \"([^\"]*)\"\r\n" % (server.pid, TIME))
    named = re.match(r'.*saved as "([^"]*)"', text).group(1)
    eq(os.path.basename(named), os.path.basename(backups[-1]), "backup in the first line")
    eq(stat.S_IMODE(os.stat(path).st_mode) & ~0o027, 0o640 & ~0o027, "mode")
    eq(stat.S_IMODE(os.stat(path).st_mode) & 0o137, 0, "nobody else may read it")
    eq((server.out(), server.err()), ("", ""), "stdout and stderr")


@test(SHEET, 71)
def backups_are_purged(ctx):
    server, path = rotating(ctx, 2000, 3)
    fill(server, path, lambda: "Purged log file" in read(path))
    found = matches(read(path), r"\[INF\] Purged log file \"([^\"]*)\"\r?\n")
    matches(found.group(1), r"^log\.\d{4}\.")
    check(not os.path.exists(os.path.join(os.path.dirname(path), found.group(1))), "a purged file is still there")
    server.signal(signal.SIGTERM)
    server.wait()
    eq(len(glob.glob(path + "*")), 3, "files with the live one")


@test(SHEET, 71)
def a_large_file_is_rotated_at_the_start(ctx):
    path = folder(ctx, {"x.conf": LISTEN + 'log_file: log\nlogfile_size_limit: 5000\n', "log": "x" * 4999 + "\n" + "y" * 99})
    server = spawn(ctx, "-c", "x.conf", cwd=path)
    wait_until(lambda: "Server is ready" in read(server.path("log")), "log")
    backup = wait_until(lambda: glob.glob(server.path("log.*")), "backup")
    check(read(backup[0]).startswith("xxx"), "old content")
    matches(read(backup[0]), r"\[INF\] Rotating logfile\.\.\.")
    matches(read(server.path("log")), r"^\[\d+\] %s \[INF\] Rotated log, backup saved as" % TIME)


@test(SHEET, 71)
def an_existing_file_is_appended_to(ctx):
    path = folder(ctx, {"log": "before\n"})
    server = spawn(ctx, *LOCAL, "-l", "log", cwd=path)
    wait_until(lambda: "Server is ready" in read(server.path("log")), "log")
    check(read(server.path("log")).startswith("before\n["), read(server.path("log")))
    eq((server.out(), server.err()), ("", ""), "stdout and stderr")


@test(SHEET, 71)
def size_limit_flag(ctx):
    path = folder(ctx)
    server = spawn(ctx, *LOCAL, "-D", "-l", "log", "--log_size_limit", "3000", cwd=path)
    fill(server, server.path("log"), lambda: glob.glob(server.path("log.*")))


@test(SHEET, 72)
def reopen_of_the_log_file(ctx):
    path = folder(ctx)
    server = spawn(ctx, *LOCAL, "-l", "log", cwd=path)
    wait_until(lambda: "Server is ready" in read(server.path("log")), "log")
    os.rename(server.path("log"), server.path("old"))
    server.signal(signal.SIGUSR1)
    server.wait_err(r"\[INF\] File log re-opened$", path=server.path("log"))
    matches(read(server.path("old")), r'\[INF\] Trapped "user defined signal 1" signal\n$')
    server.signal(signal.SIGTERM)
    eq(server.wait(), 0)
    check("Server Exiting.." in read(server.path("log")), "later lines go to the new file")


@test(SHEET, 72)
def reopen_without_a_log_file(ctx):
    server = ctx.start()
    server.signal(signal.SIGUSR1)
    server.wait_log(r"\[INF\] File log re-open ignored, not a file logger$")


@test(SHEET, 72)
def rotation_goes_on_after_a_reopen(ctx):
    server, path = rotating(ctx, 3000)
    server.wait_err("Server is ready", path=path)
    server.signal(signal.SIGUSR1)
    server.wait_err(r"File log re-opened$", path=path)
    before = len(glob.glob(path + ".*"))
    fill_port = int(re.search(r"Listening for client connections on \S+:(\d+)",
                              "".join(read(name) for name in glob.glob(path + "*"))).group(1))

    def grown():
        client = Client("127.0.0.1", fill_port)
        client.connect().close()
        return len(glob.glob(path + ".*")) > before

    wait_until(grown, "rotation after the re-open", every=0.005)


@test(SHEET, 73)
def order_of_the_banner(ctx):
    server = ctx.start('server_name: joe\nfeature_flags { js_ack_fc_v2: true }\npid_file: pid\n'
                       "authorization { user: a, password: b }\nmax_payload: 9mb\n")
    lead = r"^\[\d+\] %s " % TIME
    in_order(server.log(), lead + r"\[INF\] Starting nats-server$", lead + r"\[INF\]   Version:  \d+\.\d+\.\d+$",
             lead + r"\[INF\]   Git:      \[([0-9a-f]{7,}|not set)\]$", lead + r"\[INF\]   Name:     joe$",
             lead + r"\[INF\]   ID:       N[A-Z2-7]{55}$", lead + r"\[INF\]   Feature flags:$",
             lead + r"\[WRN\] Plaintext passwords detected, use nkeys or bcrypt$",
             lead + r"\[INF\] Using configuration file: \S+ \(sha256:[0-9a-f]{64}\)$",
             lead + r"\[WRN\] Maximum payloads over 8\.00 MB are generally discouraged and could lead to poor performance$",
             lead + r"\[INF\] Starting http monitor on 127\.0\.0\.1:\d+$",
             lead + r"\[INF\] Listening for client connections on 127\.0\.0\.1:\d+$",
             lead + r"\[INF\] Server is ready$")
    version = ctx.raw(server).info["version"]
    check("[INF]   Version:  %s\n" % version in server.log(), "version")


@test(SHEET, 73)
def tls_lines_of_the_banner(ctx):
    server = ctx.start(ctx.certs.block())
    in_order(server.log(), "Listening for client connections on", r"\[INF\] TLS required for client connections$",
             "Server is ready$")
    server = ctx.start(ctx.certs.block() + "allow_non_tls: true\n")
    in_order(server.log(), "Listening for client connections on", r"\[INF\] TLS available for client connections$")
    server = ctx.start("proxy_protocol: true\n")
    in_order(server.log(), "Listening for client connections on",
             r"\[INF\] PROXY protocol enabled for client connections$", "Server is ready$")


@test(SHEET, 73, needs="jetstream")
def jetstream_lines_of_the_banner(ctx):
    server = ctx.start('server_name: n1\njetstream { store_dir: "store", domain: hub, key: abcdef, max_mem: 1Gb, max_file: 1000000000 }\n')
    in_order(server.log(), r"\[INF\]   Node:     fjFyEjc1$", r"Starting http monitor", r"\[INF\] Starting JetStream$",
             r"\[INF\]          https://docs\.nats\.io/jetstream$", r"\[INF\] $",
             r"\[INF\] ---------------- JETSTREAM ----------------$", r"\[INF\]   Strict:          true$",
             r"\[INF\]   Max Memory:      1\.00 GB$", r"\[INF\]   Max Storage:     953\.67 MB$",
             r'\[INF\]   Store Directory: "store/jetstream"$', r"\[INF\]   Domain:          hub$",
             r"\[INF\]   Encryption:      ChaCha20-Poly1305$", r"\[INF\]   API Level:       \d+$",
             r"\[INF\] -------------------------------------------$", r"\[INF\] Took \S+ to start JetStream$",
             r"Listening for client connections on", r"Server is ready$")


@test(SHEET, 73, needs="cluster")
def route_listener_line_of_the_banner(ctx):
    server = ctx.start('cluster { name: c, listen: "127.0.0.1:-1" }\n')
    server.wait_log(r"Listening for route connections on")
    in_order(server.log(), r"\[INF\]   Cluster:  c$", r"Server is ready$", r"\[INF\] Cluster name is c$",
             r"\[INF\] Listening for route connections on 127\.0\.0\.1:\d+$")
    server = ctx.start('cluster { listen: "127.0.0.1:-1" }\n')
    server.wait_log(r"\[WRN\] Cluster name was dynamically generated, consider setting one$")


@test(SHEET, 73, needs=("gateway", "leafnodes", "websocket"))
def other_listener_lines_of_the_banner(ctx):
    server = ctx.start('system_account: SYS\naccounts { SYS {} }\ngateway { name: G, listen: "127.0.0.1:-1" }\n'
                       'websocket { listen: "127.0.0.1:-1", no_tls: true }\nleafnodes { listen: "127.0.0.1:-1" }\n')
    in_order(server.log(), r"\[INF\] Gateway name is G$", r"\[INF\] Listening for gateways connections on 127\.0\.0\.1:\d+$",
             r'\[INF\] Address for gateway "G" is 127\.0\.0\.1:\d+$',
             r"\[INF\] Listening for websocket clients on ws://127\.0\.0\.1:\d+$",
             r"\[INF\] Listening for leafnode connections on 127\.0\.0\.1:\d+$",
             r"Listening for client connections on", r"Server is ready$")


@test(SHEET, 73, needs="operator")
def operator_lines_of_the_banner(ctx):
    operator, system = KeyPair("O"), KeyPair("A")
    server = ctx.start('operator: "%s"\nsystem_account: "%s"\nresolver: MEMORY\nresolver_preload { %s: "%s" }\n' % (
        encode_jwt(operator, operator.public, {"type": "operator"}, "op"), system.public, system.public,
        encode_jwt(operator, system.public, {"type": "account"}, "sys")))
    in_order(server.log(), r"Using configuration file", r"\[INF\] Trusted Operators$", r"\[INF\]   System  : \".*\"$",
             r'\[INF\]   Operator: "op"$', r"\[INF\]   Issued  : ", r"\[INF\]   Expires : Never$",
             r"Starting http monitor")
