"""Signals, exit codes and files of the process: configuration.md 7.5, 8.2, 8.3 and 9, items 60 to 68."""

import json
import os
import subprocess
import re
import signal
import socket
import stat

from lib import *
from lib.process import folder, read, run, spawn, start_fatal

SHEET = "configuration"
LISTEN = 'listen: "127.0.0.1:-1"\n'
LOCAL = ("-a", "127.0.0.1", "-p", "-1")
# A pid that no process has: above the kernel's largest.
NO_PID = "4194399"


def fake_pgrep(ctx, pids, code=0):
    """A PATH whose only `pgrep` lists these pids, so that no process outside of the test is ever found."""
    path = folder(ctx)
    script = "#!/bin/sh\n%s\nexit %d\n" % ("\n".join("echo %s" % pid for pid in pids), code)
    # Written by another process: a child that a thread forks meanwhile would hold our descriptor
    # open for writing, and the script could not be run ("text file busy").
    write = 'cat > "$0" && chmod 755 "$0"'
    subprocess.run(["sh", "-c", write, os.path.join(path, "pgrep")], input=script.encode("ascii"), check=True)
    return {"PATH": "%s:%s" % (path, os.environ.get("PATH", "/bin:/usr/bin"))}


def send(ctx, command, env=None, cwd=None):
    """Runs `-sl COMMAND`."""
    return run(ctx.binary, "-sl", command, cwd=cwd or folder(ctx), env=env)


def fails(ctx, command, text, env=None, cwd=None):
    """`-sl COMMAND` ends with exit code 1 and this text."""
    outcome = send(ctx, command, env, cwd)
    eq((outcome.code, outcome.out, outcome.err), (1, "", "nats-server: %s\n" % text), "-sl " + command)


def texts_of(log):
    """The texts of log lines, without pid, time and level."""
    return [re.sub(r"^\[\d+\] (\S+ \S+ )?\[\w+\] ", "", line) for line in log.split("\n")]


def in_order(log, *patterns):
    """The regular expressions match lines of the log in this order."""
    lines = log.split("\n")
    place = 0
    for pattern in patterns:
        while place < len(lines) and not re.search(pattern, lines[place]):
            place += 1
        check(place < len(lines), "no line %r (in this order) in\n%s" % (pattern, log))
        place += 1


@test(SHEET, 60)
def signal_texts(ctx):
    none = fake_pgrep(ctx, [], 1)
    fails(ctx, "a=b=c", "invalid signal parameters: [c]")
    fails(ctx, "quit=abc", "invalid pid: abc")
    fails(ctx, "quit=1x", "invalid pid: 1x")
    fails(ctx, "quit=/nope", "invalid pid: /nope")
    fails(ctx, "quit=" + NO_PID, '\nsignal "quit" %s: no such process' % NO_PID)
    fails(ctx, "foo=" + NO_PID, 'unknown signal "foo"')
    fails(ctx, "quit", "no nats-server processes running", none)
    fails(ctx, "foo", "no nats-server processes running", none)
    fails(ctx, "quit", "multiple nats-server processes running:\n4194398\n4194399",
          fake_pgrep(ctx, ["4194398", "4194399"]))
    fails(ctx, "foo", 'unknown signal "foo"', fake_pgrep(ctx, [NO_PID]))
    fails(ctx, "quit", "unable to resolve pid, try providing one", {"PATH": folder(ctx)})


@test(SHEET, 60)
def signal_to_the_only_process(ctx):
    server = spawn(ctx, *LOCAL)
    server.wait_err("Server is ready")
    outcome = send(ctx, "reopen", fake_pgrep(ctx, [server.pid]))
    eq((outcome.code, outcome.out, outcome.err), (0, "", ""))
    server.wait_err(r'Trapped "user defined signal 1" signal')


@test(SHEET, 60)
def signal_by_pid_file(ctx):
    server = spawn(ctx, *LOCAL, "-P", "pid")
    server.wait_err("Server is ready")
    with open(server.path("pid"), encoding="ascii") as source:
        pid = source.read()
    with open(server.path("newline"), "w", encoding="ascii") as out:
        out.write(pid + "\n")
    outcome = send(ctx, "reopen=newline", cwd=server.dir)
    # Taking a trailing newline is documented as better (configuration.md 11).
    if ctx.is_peer or outcome.code != 0:
        eq((outcome.code, outcome.err), (1, "nats-server: invalid pid: %s\n\n" % pid))
    eq(send(ctx, "quit=pid", cwd=server.dir).code, 0, "pid file")
    eq(server.wait(), 0, "exit code")


@test(SHEET, 60)
def signal_by_prefix(ctx):
    servers = [spawn(ctx, *LOCAL), spawn(ctx, *LOCAL)]
    for server in servers:
        server.wait_err("Server is ready")
    pids = [str(server.pid) for server in servers]
    env = fake_pgrep(ctx, pids)
    eq(send(ctx, "reopen=%s*" % pids[0], env).code, 0)
    servers[0].wait_err("Trapped")
    prefix = os.path.commonprefix(pids)
    eq(send(ctx, "quit=%s*" % prefix, env).code, 0)
    for server in servers:
        eq(server.wait(), 0, "exit code")
    check("user defined" not in servers[1].err(), "the first signal went to both")


@test(SHEET, 60)
def commands_and_their_signals(ctx):
    server = spawn(ctx, *LOCAL)
    server.wait_err("Server is ready")
    for command, text in (("reload", "hangup"), ("reopen", "user defined signal 1"), ("quit", "interrupt")):
        outcome = send(ctx, "%s=%d" % (command, server.pid))
        eq((outcome.code, outcome.out, outcome.err), (0, "", ""), command)
        server.wait_err(r'\[INF\] Trapped "%s" signal$' % text)
    eq(server.wait(), 0)
    for command, code, text in (("term", 0, "terminated"), ("ldm", 0, "user defined signal 2"), ("stop", -9, None)):
        server = spawn(ctx, *LOCAL)
        server.wait_err("Server is ready")
        eq(run(ctx.binary, "--signal", "%s=%d" % (command, server.pid), cwd=server.dir).code, 0, command)
        eq(server.wait(), code, command)
        check(text is None or '[INF] Trapped "%s" signal\n' % text in server.err(), server.err())


@test(SHEET, 61)
def exit_codes_of_signals(ctx):
    for number, code in ((signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGQUIT, 2), (signal.SIGKILL, -9)):
        server = spawn(ctx, *LOCAL)
        server.wait_err("Server is ready")
        server.signal(number)
        eq(server.wait(), code, str(number))


@test(SHEET, 61)
def signals_that_keep_the_process(ctx):
    server = ctx.start()
    client = ctx.client(server)
    for number, text in ((signal.SIGHUP, "hangup"), (signal.SIGUSR1, "user defined signal 1")):
        server.signal(number)
        server.wait_log(r'\[INF\] Trapped "%s" signal$' % text)
        client.expect_quiet()
    check(server.alive(), "process")


@test(SHEET, 61)
def signals_during_the_start(ctx):
    server = spawn(ctx, *LOCAL)
    server.wait_err("Starting nats-server")
    server.wait_err("  ID:  ")
    server.wait_err("Listening for client connections on")
    server.signal(signal.SIGINT)
    eq(server.wait(), 0, "exit code")


@test(SHEET, 62)
def shutdown_lines(ctx):
    for number, text in ((signal.SIGINT, "interrupt"), (signal.SIGTERM, "terminated")):
        server = ctx.start()
        client = ctx.client(server)
        server.signal(number)
        client.expect_closed()
        eq(server.wait_exit(), 0)
        in_order(server.log(), r'\[INF\] Trapped "%s" signal$' % text, r"\[INF\] Initiating Shutdown\.\.\.$",
                 r"\[INF\] Server Exiting\.\.$")
        check(server.log().endswith("[INF] Server Exiting..\n"), server.log())


@test(SHEET, 62, needs="jetstream")
def shutdown_lines_of_jetstream(ctx):
    server = ctx.start('jetstream { store_dir: "store" }\n')
    server.stop()
    in_order(server.log(), r'Trapped "terminated" signal$', r"\[INF\] Initiating Shutdown\.\.\.$",
             r"\[INF\] Initiating JetStream Shutdown\.\.\.$", r"\[INF\] JetStream Shutdown$",
             r"\[INF\] Server Exiting\.\.$")


@test(SHEET, 63)
def lame_duck_without_clients(ctx):
    server = ctx.start()
    server.signal(signal.SIGUSR2)
    eq(server.wait_exit(), 0)
    in_order(server.log(), r'Trapped "user defined signal 2" signal$',
             r"\[INF\] Entering lame duck mode, stop accepting new clients$", r"Initiating Shutdown\.\.\.$",
             r"Server Exiting\.\.$")
    check("Closing existing clients" not in server.log(), server.log())


@test(SHEET, 63, slow=True)
def lame_duck_with_clients(ctx):
    server = ctx.start('lame_duck_duration: "30s"\nlame_duck_grace_period: "1s"\n')
    clients = [ctx.client(server, protocol=1) for _ in range(3)]
    old = ctx.client(server, protocol=0)
    mark = server.mark()
    server.signal(signal.SIGUSR2)
    for client in clients:
        info = client.expect_info()
        check(info.get("ldm") is True, "ldm: %r" % info)
        check("connect_urls" not in info, "connect_urls of a single server: %r" % info)
    old.expect_quiet()
    for client in clients:
        client.expect_quiet()
    wait_until(lambda: refuses(server.port), "new connections are refused")
    server.signal(signal.SIGTERM)
    server.signal(signal.SIGUSR2)
    server.wait_log(r'Trapped "terminated" signal$', since=mark)
    clients[0].expect_quiet()
    check(server.alive(), "SIGTERM is ignored")
    for client in clients + [old]:
        client.expect_closed()
    eq(server.wait_exit(), 0, "exit code")
    log = server.log(mark)
    in_order(log, "Entering lame duck mode, stop accepting new clients$", r"\[INF\] Closing existing clients$",
             r"Initiating Shutdown\.\.\.$", r"Server Exiting\.\.$")
    times = {name: seconds_of(re.search(r"(\S+) \[INF\] %s" % name, log).group(1))
             for name in ("Entering", "Closing")}
    near((times["Closing"] - times["Entering"]) % 86400, 0.95, 3.0, "seconds of grace")


def refuses(port):
    """True when nothing listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def seconds_of(text):
    """Seconds since midnight of `hh:mm:ss.uuuuuu`."""
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@test(SHEET, 63)
def interrupt_ends_lame_duck_mode(ctx):
    server = ctx.start('lame_duck_grace_period: "20s"\n')
    client = ctx.client(server, protocol=1)
    server.signal(signal.SIGUSR2)
    client.expect_info()
    server.signal(signal.SIGINT)
    client.expect_closed()
    eq(server.wait_exit(), 0)
    check("Closing existing clients" not in server.log(), server.log())


@test(SHEET, 63)
def monitoring_goes_on_in_lame_duck_mode(ctx):
    server = ctx.start('lame_duck_grace_period: "20s"\n')
    client = ctx.client(server, protocol=1)
    server.signal(signal.SIGUSR2)
    client.expect_info()
    eq(server.varz()["connections"], 1, "/varz")


@test(SHEET, 64)
def port_in_use(ctx):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        start_fatal(ctx, 'listen: "127.0.0.1:%d"\n' % port,
                    r'Error listening on port: 127\.0\.0\.1:%d, "listen tcp 127\.0\.0\.1:%d: bind: address already in use"'
                    % (port, port))
        start_fatal(ctx, LISTEN + 'http: "127.0.0.1:%d"\n' % port,
                    r"Can't start monitoring: can't listen to the monitor port: listen tcp 127\.0\.0\.1:%d: bind: "
                    "address already in use" % port)


@test(SHEET, 64)
def numbers_that_are_no_ports(ctx):
    for number in (99999, -5):
        start_fatal(ctx, "host: 127.0.0.1\nport: %d\n" % number,
                    r'Error listening on port: 127\.0\.0\.1:%d, "listen tcp: address %d: invalid port"' % (number, number))
        start_fatal(ctx, LISTEN + "http_port: %d\n" % number,
                    r"Can't start monitoring: can't listen to the monitor port: listen tcp: address %d: invalid port" % number)


@test(SHEET, 64)
def pid_file_stays_when_the_port_is_in_use(ctx):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        path = folder(ctx, {"x.conf": 'listen: "127.0.0.1:%d"\npid_file: pid\n' % taken.getsockname()[1]})
        eq(run(ctx.binary, "-c", "x.conf", cwd=path).code, 1, "exit code")
    # Removing the pid file at exit is documented as better.
    check(os.path.exists(os.path.join(path, "pid")) or not ctx.is_peer, "pid file")


def taken_port(ctx):
    """A port that listens until the test ends."""
    taken = socket.socket()
    ctx.later(taken.close)
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken.getsockname()[1]


@test(SHEET, 64, needs="cluster")
def route_port_in_use(ctx):
    port = taken_port(ctx)
    start_fatal(ctx, LISTEN + 'cluster { name: c, listen: "127.0.0.1:%d" }\n' % port,
                r"Error listening on router port: %d - listen tcp 127\.0\.0\.1:%d: bind: address already in use"
                % (port, port), ready_first=True)


@test(SHEET, 64, needs="gateway")
def gateway_port_in_use(ctx):
    port = taken_port(ctx)
    start_fatal(ctx, LISTEN + 'gateway { name: A, listen: "127.0.0.1:%d" }\n' % port,
                r"Error listening on gateway port: %d - listen tcp 127\.0\.0\.1:%d: bind: address already in use"
                % (port, port))


@test(SHEET, 64, needs="leafnodes")
def leafnode_port_in_use(ctx):
    port = taken_port(ctx)
    start_fatal(ctx, LISTEN + 'leafnodes { listen: "127.0.0.1:%d" }\n' % port,
                r"Error listening on leafnode port: %d - listen tcp 127\.0\.0\.1:%d: bind: address already in use"
                % (port, port))


@test(SHEET, 64, needs="websocket")
def websocket_port_in_use(ctx):
    port = taken_port(ctx)
    start_fatal(ctx, LISTEN + 'websocket { no_tls: true, listen: "127.0.0.1:%d" }\n' % port,
                r"Unable to listen for websocket connections: listen tcp 127\.0\.0\.1:%d: bind: address already in use"
                % port)


@test(SHEET, 64, needs=("mqtt", "jetstream"))
def mqtt_port_in_use(ctx):
    port = taken_port(ctx)
    start_fatal(ctx, LISTEN + 'server_name: a\njetstream { store_dir: "store" }\nmqtt { listen: "127.0.0.1:%d" }\n' % port,
                r"Unable to listen for MQTT connections: listen tcp 127\.0\.0\.1:%d: bind: address already in use"
                % port)


@test(SHEET, 65)
def pid_file(ctx):
    for args, config in ((("-P", "pid"), ""), (("--pid", "pid"), ""), ((), "pid_file: pid\n"), ((), "pidfile: pid\n")):
        path = folder(ctx, {"x.conf": LISTEN + config, "pid": "old content, longer than a pid"})
        server = spawn(ctx, "-c", "x.conf", *args, cwd=path)
        server.wait_err("Server is ready")
        eq(read(server.path("pid")), str(server.pid), "content")
        server.signal(signal.SIGTERM)
        eq(server.wait(), 0)
        # Removing it at exit is documented as better (configuration.md 11).
        if ctx.is_peer or os.path.exists(server.path("pid")):
            eq(read(server.path("pid")), str(server.pid), "content after the exit")


@test(SHEET, 65)
def mode_of_the_pid_file(ctx):
    server = spawn(ctx, *LOCAL, "-P", "pid")
    server.wait_err("Server is ready")
    eq(stat.S_IMODE(os.stat(server.path("pid")).st_mode), 0o600, "mode")


@test(SHEET, 65)
def ports_file(ctx):
    path = folder(ctx, {"x.conf": LISTEN + 'http: "127.0.0.1:-1"\nports_file_dir: "."\n'})
    server = spawn(ctx, "-c", "x.conf", cwd=path)
    name = server.path("%s_%d.ports" % (os.path.basename(ctx.binary), server.pid))
    wait_until(lambda: read(name), "ports file")
    text = wait_until(lambda: read(name) if read(name).endswith("}") else None, "complete ports file")
    client = int(server.wait_err(r"Listening for client connections on 127\.0\.0\.1:(\d+)$").group(1))
    http = int(server.wait_err(r"Starting http monitor on 127\.0\.0\.1:(\d+)$").group(1))
    ports = json.loads(text)
    eq({key: ports.get(key) for key in ("nats", "monitoring")},
       {"nats": ["nats://127.0.0.1:%d" % client], "monitoring": ["http://127.0.0.1:%d" % http]})
    # More members are documented as better, but not in place of the known ones.
    eq([key for key in ports if key in ("nats", "monitoring", "cluster", "profile", "websocket")],
       ["nats", "monitoring"])
    check("\n" not in text and ": " not in text, "compact: %r" % text)
    eq(stat.S_IMODE(os.stat(name).st_mode) & 0o700, 0o600, "mode")
    server.signal(signal.SIGTERM)
    eq(server.wait(), 0)
    check(not os.path.exists(name), "ports file after the exit")


@test(SHEET, 65)
def ports_file_with_tls(ctx):
    server = ctx.start(ctx.certs.block() + 'https: "127.0.0.1:-1"\n', http=False)
    matches(server.ports["nats"][0], r"^tls://127\.0\.0\.1:\d+$")
    matches(server.ports["monitoring"][0], r"^https://127\.0\.0\.1:\d+$")


@test(SHEET, 65)
def ports_file_of_all_interfaces(ctx):
    server = ctx.start('listen: "0.0.0.0:-1"\n', listen=False)
    eq(server.ports["nats"][0], "nats://127.0.0.1:%d" % server.port)
    eq(len(set(server.ports["nats"])), len(server.ports["nats"]))


@test(SHEET, 66)
def files_that_cannot_be_written(ctx):
    for config, text in (('pid_file: "x.conf/pid"\n', "Could not write pidfile: open x.conf/pid: not a directory"),
                         ('pid_file: "nodir/pid"\n',
                          "Could not write pidfile: open nodir/pid: no such file or directory")):
        start_fatal(ctx, LISTEN + config, re.escape(text))
    for config, text in (('log_file: "x.conf/log"\n', "open x.conf/log: not a directory"),
                         ('log_file: "nodir/log"\n', "open nodir/log: no such file or directory")):
        path = folder(ctx, {"x.conf": LISTEN + config})
        outcome = run(ctx.binary, "-c", "x.conf", cwd=path)
        eq((outcome.code, outcome.out), (1, ""), repr(outcome))
        matches(outcome.err, r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d error opening file: %s\n$" % text)


@test(SHEET, 66)
def ports_file_that_cannot_be_written(ctx):
    server = spawn(ctx, *LOCAL, "--ports_file_dir", "nodir")
    name = "nodir/%s_%d.ports" % (os.path.basename(ctx.binary), server.pid)
    server.wait_err(r"\[ERR\] Error writing ports file \(%s\): open %s: no such file or directory$"
                    % (re.escape(name), re.escape(name)))
    server.signal(signal.SIGTERM)
    eq(server.wait(), 0)
    server_line = r"\[ERR\] Error cleaning up ports file %s: remove %s: no such file or directory\n" % (
        re.escape(name), re.escape(name))
    matches(server.err(), server_line)


@test(SHEET, 66, needs="jetstream")
def store_directory_that_cannot_be_written(ctx):
    start_fatal(ctx, LISTEN + 'jetstream { store_dir: "x.conf" }\n',
                "Can't start JetStream: storage directory is not a directory")
    start_fatal(ctx, LISTEN + 'jetstream { store_dir: "/proc/nope" }\n',
                "Can't start JetStream: could not create storage directory - mkdir /proc/nope: no such file or directory")
    if os.geteuid() != 0:
        path = folder(ctx)
        os.makedirs(os.path.join(path, "jetstream"))
        os.chmod(os.path.join(path, "jetstream"), 0o500)
        start_fatal(ctx, LISTEN + 'jetstream { store_dir: "%s" }\n' % path,
                    "Can't start JetStream: storage directory is not writable")


@test(SHEET, 67)
def random_ports(ctx):
    server = ctx.start()
    log = server.log()
    for line in (r"Listening for client connections on 127\.0\.0\.1:%d\n" % server.port,
                 r"Starting http monitor on 127\.0\.0\.1:%d\n" % server.http_port):
        matches(log, line)
    eq(server.varz()["port"], server.port, "/varz port")
    client = ctx.client(server)
    eq(client.info["port"], server.port, "INFO port")


@test(SHEET, 67, needs="profile")
def random_profile_port(ctx):
    server = ctx.start('host: "127.0.0.1"\nport: -1\nprof_port: -1\n', listen=False)
    port = server.port_of("profile")
    matches(server.log(), r"\[INF\] profiling port: %d\n" % port)
    check(not refuses(port), "profile port")


@test(SHEET, 67, needs="cluster")
def random_cluster_port(ctx):
    server = ctx.start('cluster { name: c, listen: "127.0.0.1:-1" }\n')
    server.wait_log(r"Listening for route connections on 127\.0\.0\.1:%d$" % server.port_of("cluster"))


@test(SHEET, 67, needs="websocket")
def random_websocket_port(ctx):
    server = ctx.start('websocket { listen: "127.0.0.1:-1", no_tls: true }\n')
    server.wait_log(r"\[INF\] Listening for websocket clients on ws://127\.0\.0\.1:%d$" % server.port_of("websocket"))
    server.wait_log(r"\[WRN\] Websocket not configured with TLS\. DO NOT USE IN PRODUCTION!$")


@test(SHEET, 68, needs="jetstream")
def two_servers_on_one_store(ctx):
    store = folder(ctx)
    ctx.start('jetstream { store_dir: "%s" }\n' % store)
    try:
        second = ctx.start('jetstream { store_dir: "%s" }\n' % store)
    except StartFailed:
        # Locking the store directory is documented as better (configuration.md 11).
        check(not ctx.is_peer, "the second server did not start")
    else:
        check(second.alive(), "second server")
