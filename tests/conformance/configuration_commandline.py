"""The command line: configuration.md 7, items 49 to 59."""

import json
import os
import re
import socket

from lib import *
from lib.process import folder, run, run_config, spawn, start_fatal, valid

SHEET = "configuration"
LISTEN = 'listen: "127.0.0.1:-1"\n'
LOCAL = ("-a", "127.0.0.1", "-p", "-1")
GROUPS = ("Server Options:", "Logging Options:", "JetStream Options:", "Authorization Options:", "TLS Options:",
          "Cluster Options:", "Profiling Options:", "Common Options:")
# Flags and what must stand with them in the help: configuration.md 7.2.
HELP_FLAGS = ("-a", "--addr", "--net", "-p", "--port", "-n", "--name", "--server_name", "-P", "--pid", "-m",
              "--http_port", "-ms", "--https_port", "-c", "--config", "-t", "-sl", "--signal", "--client_advertise",
              "--ports_file_dir", "-l", "--log", "-T", "--logtime", "--logtime_utc", "-s", "--syslog", "-r",
              "--remote_syslog", "-D", "--debug", "-V", "--trace", "-VV", "-DV", "-DVV", "--log_size_limit",
              "--max_traced_msg_len", "-js", "--jetstream", "-sd", "--store_dir", "--user", "--pass", "--auth", "--tls",
              "--tlsverify", "--tlscert", "--tlskey", "--tlscacert", "--routes", "--cluster", "--cluster_name",
              "--no_advertise", "--cluster_advertise", "--connect_retries", "--profile", "-h", "--help", "-v",
              "--version", "--help_tls")


def plain(ctx, *args, cwd=None, env=None):
    """Runs the binary with just these arguments."""
    return run(ctx.binary, *args, cwd=cwd or folder(ctx), env=env)


def help_text(ctx):
    """What `-h` prints."""
    return plain(ctx, "-h").out


@test(SHEET, 49)
def version(ctx):
    texts = set()
    for args in (("-v",), ("--version",), ("-version",), ("--v",), ("version",), ("VERSION",), ("Version",),
                 ("-v", "-t"), ("-v", "-c", "nope.conf"), ("-D", "version"), ("-v=true",)):
        outcome = plain(ctx, *args)
        eq((outcome.code, outcome.err), (0, ""), "%r: %r" % (args, outcome))
        matches(outcome.out, r"^nats-server: v\d+\.\d+\.\d+\S*\n$", repr(args))
        texts.add(outcome.out)
    eq(len(texts), 1, "different versions %r" % texts)
    eq(texts.pop(), "nats-server: v%s\n" % ctx.raw(ctx.shared()).info["version"], "INFO and -v")


@test(SHEET, 50)
def help_is_the_same_in_all_forms(ctx):
    want = help_text(ctx)
    for args in (("-help",), ("--help",), ("-h",), ("help",), ("HELP",), ("-h", "-t"), ("--", "help")):
        outcome = plain(ctx, *args)
        eq((outcome.code, outcome.err), (0, ""), "%r" % (args,))
        check(outcome.out == want, "%r prints something else: %r" % (args, outcome.out[:300]))


@test(SHEET, 50)
def layout_of_the_help(ctx):
    text = help_text(ctx)
    check(text.startswith("\nUsage: nats-server [options]\n\n"), "head: %r" % text[:80])
    check(text.endswith("\n\n"), "end: %r" % text[-40:])
    titles = [line for line in text.split("\n") if line in GROUPS]
    eq(titles, list(GROUPS), "groups")
    words = set(re.findall(r"(?<![\w-])--?[A-Za-z_]+", text))
    eq([flag for flag in HELP_FLAGS if flag not in words], [], "flags that are missing")
    for default in ("(default: 0.0.0.0)", "(default: 4222)", "(default: auto)", "(default: true)",
                    "(default: unlimited)"):
        check(default in text, "no %r" % default)
    for line in text.split("\n"):
        # A server of another make may name itself in a line of its own.
        check(not line or line in GROUPS or line.startswith(("    ", "Usage:")) or not ctx.is_peer, "line %r" % line)


@test(SHEET, 50)
def help_of_tls(ctx):
    outcome = plain(ctx, "--help_tls")
    eq((outcome.code, outcome.err), (0, ""))
    for part in ("tls {", "Available cipher suites include:\n", "Available curve preferences include:\n",
                 "    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n", "    CurveP256\n", "    X25519\n", "ocsp_peer",
                 "ocsp_cache"):
        check(part in outcome.out, "no %r in %r" % (part, outcome.out))


@test(SHEET, 51)
def flag_errors(ctx):
    usage = help_text(ctx)
    for args, text in ((("-x",), "flag provided but not defined: -x"),
                       (("--foo", "3"), "flag provided but not defined: -foo"),
                       (("-p", "abc"), 'invalid value "abc" for flag -p: parse error'),
                       (("--port=abc",), 'invalid value "abc" for flag -port: parse error'),
                       (("-p", "99999999999999999999"),
                        'invalid value "99999999999999999999" for flag -p: value out of range'),
                       (("-p",), "flag needs an argument: -p"),
                       (("-c",), "flag needs an argument: -c"),
                       (("-D=maybe",), 'invalid boolean value "maybe" for -D: parse error'),
                       (("-v", "-x"), "flag provided but not defined: -x")):
        outcome = plain(ctx, *args)
        # A non-zero code with everything on stderr is documented as better (configuration.md 11).
        if ctx.is_peer or outcome.code == 0:
            eq((outcome.code, outcome.err), (0, text + "\n"), repr(args))
            check(outcome.out == usage, "%r: help on stdout: %r" % (args, outcome.out[:200]))
        else:
            eq(outcome.err.split("\n")[0], text, repr(args))
            check(usage in (outcome.err[len(text) + 1:], outcome.out), "%r: help: %r" % (args, outcome))


@test(SHEET, 51)
def boolean_flags(ctx):
    for value in ("1", "0", "t", "f", "T", "F", "true", "false", "TRUE", "FALSE", "True", "False"):
        eq(plain(ctx, "-D=" + value, "-v").code, 0, value)
    outcome = plain(ctx, "-D", "false")
    eq(outcome.err, 'nats-server: unrecognized command: "false"\n', "a value needs =")


@test(SHEET, 52)
def unknown_words(ctx):
    for args in (("foo",), ("-D", "foo"), ("--", "foo"), ("foo", "-v"), ("foo", "bar")):
        outcome = plain(ctx, *args)
        eq((outcome.code, outcome.out, outcome.err), (1, "", 'nats-server: unrecognized command: "foo"\n'), repr(args))


@test(SHEET, 53)
def configuration_test(ctx):
    outcome = plain(ctx, "-t")
    eq((outcome.code, outcome.out, outcome.err),
       (1, "", "nats-server: must specify [-c, --config] option to check configuration file syntax\n"))
    valid(ctx, "port: 4222\n")
    outcome = plain(ctx, "-c", "nope.conf", "-t")
    eq((outcome.code, outcome.err), (1, "nats-server: open nope.conf: no such file or directory\n"))
    outcome = run_config(ctx, "ping_interval: 5")
    # Exit code 0 with warnings alone is documented as better (configuration.md 11).
    check(outcome.code == 1 or not ctx.is_peer, "warnings only")
    check("ping_interval should be converted to a duration\n" in outcome.err, repr(outcome))


@test(SHEET, 53)
def configuration_test_touches_nothing(ctx):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        path = folder(ctx, {"x.conf": 'listen: "127.0.0.1:%d"\npid_file: "pid"\nlog_file: "log"\n'
                                      'jetstream { store_dir: "store" }\n' % port})
        outcome = run(ctx.binary, "-c", "x.conf", "-t", cwd=path)
    eq(outcome.code, 0, repr(outcome))
    eq(os.listdir(path), ["x.conf"], "files")


@test(SHEET, 53)
def configuration_test_makes_a_resolver_directory(ctx):
    path = folder(ctx, {"x.conf": "resolver { type: full, dir: jwts }"})
    eq(run(ctx.binary, "-c", "x.conf", "-t", cwd=path).code, 0)
    eq(os.stat(os.path.join(path, "jwts")).st_mode & 0o777, 0o700, "mode")


@test(SHEET, 54)
def warnings_do_not_stop_a_start(ctx):
    path = folder(ctx, {"x.conf": 'ping_interval: 5\n' + LISTEN})
    server = spawn(ctx, "-c", "x.conf", cwd=path)
    server.wait_err("Server is ready")
    eq(server.err().split("\n")[0],
       'x.conf:1:0: invalid use of field "ping_interval": ping_interval should be converted to a duration')


@test(SHEET, 55)
def flags_override_the_file(ctx):
    path = folder(ctx, {"x.conf": 'listen: "127.0.0.1:1"\ndebug: true\nserver_name: file\n'
                                  'authorization { user: a, password: b }\n'})
    server = spawn(ctx, "-c", "x.conf", "-p", "-1", "-D=false", "-n", "flag", "-m", "-1", cwd=path)
    port = server.port()
    check(port != 1, "port")
    check("[DBG]" not in server.err(), server.err())
    client = Client("127.0.0.1", port)
    eq(client.info["server_name"], "flag")
    client.close()
    server = spawn(ctx, "-p", "-1", "-c", "x.conf", cwd=path)
    server.port()
    check("[DBG]" in server.err(), "a flag that is not given resets nothing: " + server.err())


@test(SHEET, 55)
def authorization_flags(ctx):
    for args, good, bad in ((("--user", "u", "--pass", "p"), {"user": "u", "pass": "p"}, {"user": "u", "pass": "x"}),
                            (("--auth", "t"), {"auth_token": "t"}, {"auth_token": "x"})):
        server = ctx.start(None, args=args)
        ctx.client(server, **good)
        client = ctx.raw(server)
        client.connect(ping=False, **bad)
        client.expect_err_closed("Authorization Violation")
        status = server.http("/debug/vars")
        check(args[-1] not in json.loads(status[2])["cmdline"], "redacted")


@test(SHEET, 55, needs="jetstream")
def jetstream_flag_overrides_the_file(ctx):
    path = folder(ctx, {"x.conf": LISTEN + 'jetstream { store_dir: "store" }\n'})
    server = spawn(ctx, "-c", "x.conf", "-js=false", cwd=path)
    server.wait_err("Server is ready")
    check("JetStream" not in server.err(), server.err())


@test(SHEET, 56)
def flags_that_need_others(ctx):
    for args, text in (
            (("--routes", "nats://127.0.0.1:1"), "solicited routes require cluster capabilities, e.g. --cluster"),
            (("--cluster", "nats://127.0.0.1"), "address 127.0.0.1: missing port in address"),
            (("--cluster_listen", "nats://127.0.0.1"), "address 127.0.0.1: missing port in address"),
            (("--cluster", "nats://a@127.0.0.1:-1"), "expected cluster password to be set"),
            (("--tls",), "TLS Server certificate must be present and valid"),
            (("--tlsverify",), "TLS Server certificate must be present and valid"),
            (("--tls", "--tlskey", "x"), "TLS Server certificate must be present and valid"),
            (("--tls", "--tlscert", "x"), "TLS Server private key must be present and valid")):
        outcome = plain(ctx, *LOCAL, *args)
        eq((outcome.code, outcome.out, outcome.err), (1, "", "nats-server: %s\n" % text), repr(args))


@test(SHEET, 56)
def tls_flags(ctx):
    certs = ctx.certs
    pair = ("--tlscert", certs.server_cert, "--tlskey", certs.server_key)
    server = ctx.start(None, args=("--tls",) + pair)
    client = ctx.raw(server, tls=certs.context())
    check(client.info["tls_required"], "tls_required")
    client.connect()
    server = ctx.start(None, args=("--tlsverify", "--tlscacert", certs.ca) + pair)
    ctx.raw(server, tls=certs.context(client=True)).connect()
    check(ctx.raw(server).info["tls_verify"], "tls_verify")
    path = folder(ctx, {"x.conf": LISTEN + certs.block()})
    plain_server = spawn(ctx, "-c", "x.conf", "--tls=false", cwd=path)
    other = Client("127.0.0.1", plain_server.port())
    check("tls_required" not in other.info, "--tls=false removes it")
    other.close()


@test(SHEET, 57)
def monitoring_flags_that_fail(ctx):
    for args, text in ((("-m", "-1", "-ms", "-1"), r"can't specify both HTTP \(-1\) and HTTPs \(-1\) ports"),
                       (("-ms", "-1"), "TLS cert and key required for HTTPS")):
        outcome = plain(ctx, *LOCAL, *args)
        eq((outcome.code, outcome.out), (1, ""), repr(args))
        matches(outcome.err, r"\[FTL\] Can't start monitoring: %s\n$" % text)


@test(SHEET, 57)
def monitoring_keys_that_fail(ctx):
    start_fatal(ctx, LISTEN + "http_port: -1\nhttps_port: -1\n",
                r"Can't start monitoring: can't specify both HTTP \(-1\) and HTTPs \(-1\) ports")
    start_fatal(ctx, LISTEN + 'https: "127.0.0.1:-1"\n', "Can't start monitoring: TLS cert and key required for HTTPS")


@test(SHEET, 58)
def the_default_address(ctx):
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", 4222))
            taken.listen()
        except OSError:
            pass  # someone else has it, which does as well
        outcome = plain(ctx)
    eq(outcome.code, 1, repr(outcome))
    matches(outcome.err, r'\[FTL\] Error listening on port: 0\.0\.0\.0:4222, "listen tcp 0\.0\.0\.0:4222: bind: '
                         r'address already in use"\n$')


@test(SHEET, 58, needs="jetstream")
def the_seed_scenario(ctx):
    layouts = ('jetstream { store_dir: "%s", max_mem_store: 1Gb, max_file_store: 10Gb }\n',
               'jetstream {\n  store_dir: "%s"\n  max_mem_store: 1Gb\n  max_file_store: 10Gb\n}\n')
    for layout in layouts:
        for flags in ((), ("-js",)):
            store = os.path.join(folder(ctx), "some", "dir")
            path = folder(ctx, {".config/nats/nats-server.conf": layout % store})
            name = os.path.join(path, ".config/nats/nats-server.conf")
            server = spawn(ctx, "-c", name, *LOCAL, *flags, cwd=path, env={"HOME": path})
            server.wait_err("Server is ready")
            log = server.err()
            for line in ("  Max Memory:      1.00 GB", "  Max Storage:     10.00 GB",
                         '  Store Directory: "%s/jetstream"' % store):
                check(re.search(r"\[INF\] %s\n" % re.escape(line), log), "no line %r in %s" % (line, log))
            check("monitor" not in log, "a monitoring port")
            check("Using configuration file: %s (sha256:" % name in log, log)


@test(SHEET, 58)
def a_configuration_is_not_found_by_itself(ctx):
    path = folder(ctx, {".config/nats/nats-server.conf": "foo: 1\n", "nats-server.conf": "foo: 1\n",
                        "nats.conf": "foo: 1\n"})
    server = spawn(ctx, *LOCAL, cwd=path, env={"HOME": path})
    server.wait_err("Server is ready")
    check("configuration file" not in server.err(), server.err())


@test(SHEET, 59, needs="jetstream")
def jetstream_flag_alone(ctx):
    path = folder(ctx)
    server = spawn(ctx, "-js", *LOCAL, cwd=path, env={"TMPDIR": path})
    server.wait_err("Server is ready")
    server.wait_err(r'\[INF\]   Store Directory: "%s/nats/jetstream"$' % re.escape(path))
    server.wait_err(r"\[WRN\] Temporary storage directory used, data could be lost on system reboot$")


@test(SHEET, 59, needs="jetstream")
def jetstream_with_a_store_flag(ctx):
    path = folder(ctx)
    for flags in (("-js", "-sd", "store"), ("--jetstream", "--store_dir=store"), ("-js=true", "-sd=store")):
        server = spawn(ctx, *flags, *LOCAL, cwd=path)
        server.wait_err("Server is ready")
        check("Temporary storage" not in server.err(), server.err())
        server.kill()
    check(os.path.isdir(os.path.join(path, "store", "jetstream")), "directory")
