"""What test suites and launchers expect of the process: client-conventions.md 14, items 62 to 66 and 68 to 70."""

import json
import os
import re
import shutil
import signal
import socket

from lib import *
from lib.process import Process, folder, free_ports, read, run, spawn

SHEET = "client_conventions"
LOCAL = ("-a", "127.0.0.1", "-p", "-1")


@test(SHEET, 62)
def version_line(ctx):
    for flag in ("-v", "-version", "--version"):
        outcome = run(ctx.binary, flag, cwd=folder(ctx))
        eq((outcome.code, outcome.err), (0, ""), flag)
        matches(outcome.out, r"^nats-server: v(\d+\.\d+\.\d+)\n$", flag)


@test(SHEET, 63)
def readiness_lines_on_stderr(ctx):
    server = spawn(ctx, *LOCAL)
    server.wait_err("Server is ready")
    lines = server.err().split("\n")[:-1]
    for line in lines:
        matches(line, r"^\[%d\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} \[[A-Z]{3}\]" % server.pid)
    client = [number for number, line in enumerate(lines) if re.search(r"Listening for client connections on (.+):(\d+)$", line)]
    ready = [number for number, line in enumerate(lines) if "Server is ready" in line]
    eq((len(client), len(ready)), (1, 1), "lines")
    check(client[0] < ready[0], "order")
    found = re.search(r".+\sclient connections on\s+(\S+)", lines[client[0]])
    host, port = found.group(1).rsplit(":", 1)
    eq(host, "127.0.0.1")
    ctx.later(Client(host, int(port)).close)
    eq(server.out(), "", "stdout")


@test(SHEET, 63)
def readiness_lines_in_a_log_file(ctx):
    server = spawn(ctx, *LOCAL, "-l", "server.log", "-P", "pid")
    path = server.path("server.log")
    found = server.wait_err(r".+\sclient connections on\s+(\S+)", path=path)
    server.wait_err("Server is ready", path=path)
    matches(found.group(1), r"^127\.0\.0\.1:\d+$")
    eq((server.out(), server.err()), ("", ""), "stdout and stderr")
    server.signal(signal.SIGINT)
    eq(server.wait(), 0)
    check(read(path).endswith("[INF] Server Exiting..\n"), "the log is complete when the process has ended")


@test(SHEET, 63, needs="jetstream")
def store_directory_line(ctx):
    server = spawn(ctx, *LOCAL, "-js", "-sd", os.path.join(folder(ctx), "js"))
    found = server.wait_err(r'.+\sStore Directory:\s+"([^"]+)"')
    eq(os.path.basename(found.group(1)), "jetstream")


@test(SHEET, 63, needs="websocket")
def websocket_line(ctx):
    path = folder(ctx, {"x.conf": 'listen: "127.0.0.1:-1"\nwebsocket { listen: "127.0.0.1:-1", no_tls: true }\n'})
    server = spawn(ctx, "-c", "x.conf", cwd=path)
    server.wait_err("Server is ready")
    text = server.err()
    found = matches(text, r"Listening for websocket clients on (wss?)://(.+):(\d+)\n")
    eq(found.group(1), "ws")
    check(found.start() < text.index("Server is ready"), "order")


def executable_named(ctx, name):
    """The binary under another name."""
    path = os.path.join(folder(ctx), name)
    try:
        os.link(ctx.binary, path)
    except OSError:
        shutil.copy(ctx.binary, path)
    return path


def ports_of(server, binary, directory="."):
    """The ports file's path and content, once complete."""
    path = os.path.normpath(os.path.join(server.dir, directory, "%s_%d.ports" % (os.path.basename(binary), server.pid)))
    text = wait_until(lambda: read(path) if read(path).endswith("}") else None, "ports file " + path)
    return path, text


@test(SHEET, 64)
def ports_file_is_named_after_the_executable(ctx):
    binary = executable_named(ctx, "midge-x")
    server = Process(binary, LOCAL + ("--ports_file_dir", "."), folder(ctx), None, "process")
    ctx.later(server.kill)
    path, text = ports_of(server, binary)
    port = server.port()
    eq(json.loads(text)["nats"], ["nats://127.0.0.1:%d" % port])
    server.signal(signal.SIGTERM)
    eq(server.wait(), 0)
    check(not os.path.exists(path), "ports file after the exit")


@test(SHEET, 64)
def ports_file_content_and_removal(ctx):
    for number, code, left in ((signal.SIGTERM, 0, False), (signal.SIGINT, 0, False), (signal.SIGUSR2, 0, False),
                               (signal.SIGKILL, -9, True)):
        server = spawn(ctx, *LOCAL, "-m", "-1", "--ports_file_dir", ".")
        path, text = ports_of(server, ctx.binary)
        eq(text, json.dumps(json.loads(text), separators=(",", ":")), "compact, one line")
        ports = json.loads(text)
        eq(list(ports)[:2], ["nats", "monitoring"], "order of the members")
        matches(ports["nats"][0], r"^nats://127\.0\.0\.1:\d+$")
        matches(ports["monitoring"][0], r"^http://127\.0\.0\.1:\d+$")
        server.signal(number)
        eq(server.wait(), code, str(number))
        eq(os.path.exists(path), left, "ports file after %s" % number)


@test(SHEET, 64)
def ports_file_by_configuration(ctx):
    path = folder(ctx, {"x.conf": 'listen: "127.0.0.1:-1"\nports_file_dir: "ports"\n'})
    os.makedirs(os.path.join(path, "ports"))
    server = spawn(ctx, "-c", "x.conf", cwd=path)
    ports_of(server, ctx.binary, "ports")


@test(SHEET, 64)
def ports_file_of_all_interfaces(ctx):
    server = spawn(ctx, "-a", "0.0.0.0", "-p", "-1", "--ports_file_dir", ".")
    _, text = ports_of(server, ctx.binary)
    urls = json.loads(text)["nats"]
    eq(urls[0], "nats://127.0.0.1:%d" % server.port())
    eq(len(set(urls)), len(urls), "duplicates")


@test(SHEET, 64)
def missing_ports_directory(ctx):
    server = spawn(ctx, *LOCAL, "--ports_file_dir", "nodir")
    name = "nodir/%s_%d.ports" % (os.path.basename(ctx.binary), server.pid)
    server.wait_err(r"\[ERR\] Error writing ports file \(%s\): open %s: no such file or directory$"
                    % (re.escape(name), re.escape(name)))
    client = Client("127.0.0.1", server.port())
    client.connect().close()
    server.signal(signal.SIGTERM)
    eq(server.wait(), 0)
    matches(server.err(), r"\[ERR\] Error cleaning up ports file %s: remove .*\n" % re.escape(name))


@test(SHEET, 64, needs=("cluster", "websocket", "profile"))
def ports_file_with_all_members(ctx):
    path = folder(ctx, {"x.conf": 'host: "127.0.0.1"\nport: -1\nhttp: "127.0.0.1:-1"\nprof_port: -1\nports_file_dir: "."\n'
                                  'cluster { name: c, listen: "127.0.0.1:-1" }\n'
                                  'websocket { listen: "127.0.0.1:-1", no_tls: true }\n'})
    server = spawn(ctx, "-c", "x.conf", cwd=path)
    _, text = ports_of(server, ctx.binary)
    ports = json.loads(text)
    known = ["nats", "monitoring", "cluster", "profile", "websocket"]
    eq([key for key in ports if key in known], known, "order of the members")
    for key, scheme in zip(known, ("nats", "http", "nats", "http", "ws")):
        matches(ports[key][0], r"^%s://127\.0\.0\.1:\d+$" % scheme)


@test(SHEET, 65)
def pid_file_has_digits_only(ctx):
    server = spawn(ctx, *LOCAL, "-l", "log", "-P", "pid")
    server.wait_err("Server is ready", path=server.path("log"))
    eq(int(read(server.path("pid"))), server.pid)
    matches(read(server.path("pid")), r"^\d+\Z")


@test(SHEET, 66)
def stop_signals(ctx):
    for number, name in ((signal.SIGINT, "interrupt"), (signal.SIGTERM, "terminated")):
        server = spawn(ctx, *LOCAL)
        client = Client("127.0.0.1", server.port())
        client.connect()
        server.signal(number)
        eq(server.wait(5), 0, name)
        client.expect_closed()
        matches(server.err(), r'\[INF\] Trapped "%s" signal\n(.*\n)*.*\[INF\] Initiating Shutdown\.\.\.\n(.*\n)*'
                r".*\[INF\] Server Exiting\.\.\n$" % name)


@test(SHEET, 66)
def lame_duck_by_signal_flag(ctx):
    path = folder(ctx, {"x.conf": 'listen: "127.0.0.1:-1"\nlame_duck_duration: "30s"\nlame_duck_grace_period: "200ms"\n'})
    server = spawn(ctx, "-c", "x.conf", cwd=path)
    client = Client("127.0.0.1", server.port())
    client.connect(protocol=1)
    outcome = run(ctx.binary, "--signal", "ldm=%d" % server.pid, cwd=path)
    eq((outcome.code, outcome.out, outcome.err), (0, "", ""))
    check(client.expect_info().get("ldm") is True, "ldm")
    client.expect_closed()
    eq(server.wait(), 0)
    for text in ('Trapped "user defined signal 2" signal', "Entering lame duck mode, stop accepting new clients",
                 "Closing existing clients"):
        check("[INF] %s\n" % text in server.err(), server.err())


@test(SHEET, 66, needs="reload")
def other_commands_of_the_signal_flag(ctx):
    path = folder(ctx, {"x.conf": 'listen: "127.0.0.1:-1"\nlog_file: log\n'})
    server = spawn(ctx, "-c", "x.conf", cwd=path)
    log = server.path("log")
    server.wait_err("Server is ready", path=log)
    for command, line in (("reload", r"Reloaded server configuration \("), ("reopen", "File log re-opened$")):
        eq(run(ctx.binary, "--signal=%s=%d" % (command, server.pid), cwd=path).code, 0, command)
        server.wait_err(line, path=log)
    eq(run(ctx.binary, "-sl", "stop=%d" % server.pid, cwd=path).code, 0)
    eq(server.wait(), -9, "stop")


@test(SHEET, 66)
def restart_on_the_same_port(ctx):
    port, = free_ports(1)
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        server = spawn(ctx, "-a", "127.0.0.1", "-p", port)
        server.wait_err("Server is ready")
        client = Client("127.0.0.1", port)
        client.connect()
        server.signal(number)
        server.wait()
        client.close()


@test(SHEET, 68)
def all_addresses_of_both_families(ctx):
    if not socket.has_ipv6:
        ctx.skip("no IPv6")
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        ctx.skip("no IPv6")
    server = spawn(ctx, "-a", "::", "-p", "-1")
    server.wait_err("Server is ready")
    port = int(server.wait_err(r"Listening for client connections on \[::\]:(\d+)$").group(1))
    for host in ("127.0.0.1", "::1"):
        client = Client(host, port)
        client.connect()
        eq(client.info["client_ip"], host)
        client.close()


@test(SHEET, 69)
def port_in_use(ctx):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = run(ctx.binary, "-a", "127.0.0.1", "-p", port, cwd=folder(ctx))
    eq(outcome.code, 1)
    matches(outcome.err, r'\[FTL\] Error listening on port: 127\.0\.0\.1:%d, "listen tcp 127\.0\.0\.1:%d: bind: address '
                         r'already in use"\n$' % (port, port))


@test(SHEET, 69)
def configuration_errors(ctx):
    for config, text in (("port: 4222\nfoo = bar baz\n", r"nats-server: (x\.conf:\d+:\d+: )?Parse error on line 2: '.*'\n"),
                         ("foo: 1\n", r'nats-server: x\.conf:1:0: unknown field "foo"\n\n')):
        outcome = run(ctx.binary, "-c", "x.conf", cwd=folder(ctx, {"x.conf": config}))
        eq((outcome.code, outcome.out), (1, ""), config)
        matches(outcome.err, "^" + text + "$")
    outcome = run(ctx.binary, "-c", "nope.conf", cwd=folder(ctx))
    eq((outcome.code, outcome.err), (1, "nats-server: open nope.conf: no such file or directory\n"))


@test(SHEET, 70)
def trace_lines_are_verbatim(ctx):
    path = folder(ctx, {"x.conf": 'listen: "127.0.0.1:-1"\ndebug: true\ntrace: true\n'})
    server = spawn(ctx, "-c", "x.conf", cwd=path)
    client = Client("127.0.0.1", server.port())
    ctx.later(client.close)
    client.connect(name="n", lang="nats.js", version="3.4.0")
    client.sub("foo", 1)
    client.send("UNSUB 1 \r\nSUB  baz   bar  2\r\nUNSUB 2 5\r\n")
    client.pub("foo", "x", reply="r")
    client.expect_quiet()
    head = r'\[TRC\] 127\.0\.0\.1:%d - cid:%d - "v3\.4\.0:nats\.js:n" - ' % (client.socket.getsockname()[1], client.cid)
    for text in (r"<<- \[SUB foo 1\]", r"<<- \[UNSUB 1 \]", r"<<- \[SUB baz   bar  2\]", r"<<- \[UNSUB 2 5\]",
                 r"<<- \[PUB foo r 1\]", r"<<- \[PING\]", r"->> \[PONG\]"):
        server.wait_err(head + text + "$")
    eq(len(re.findall(r"\[SUB (\S+) \d]", server.err())), 1, "one line for the plain subscription")
