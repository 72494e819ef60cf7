"""Files that the user of the server may not read or write: configuration.md 8.1, 9 and 11. The tests run as root
mostly, whom no permission binds, so the servers of these run as another user."""

import os
import re
import signal

from lib import *
from lib.process import Unprivileged, read, run, spawn

SHEET = "configuration"
HEAD = "host: 127.0.0.1, port: -1\n"
DENIED = "permission denied"


def certificates_of(ctx):
    """A folder with certificates that the user may read."""
    files = {"ca.pem": ctx.certs.ca, "c.pem": ctx.certs.server_cert, "k.pem": ctx.certs.server_key}
    return Unprivileged(ctx, {name: read(path) for name, path in files.items()})


def start(ctx, user, config, *args):
    """A start with this configuration that has to end."""
    user.write("x.conf", HEAD + config)
    outcome = run(ctx.binary, "-c", "x.conf", *args, cwd=user.dir, user=user)
    eq((outcome.code, outcome.out), (1, ""), "%r: %r" % (config, outcome))
    check("panic" not in outcome.err, repr(outcome))
    return outcome


TLS = 'tls { cert_file: "c.pem", key_file: "k.pem", ca_file: "ca.pem", verify: true }\n'
# File that cannot be read, what is said about it.
CERTIFICATES = (("c.pem", "error parsing X509 certificate/key pair: open c.pem: " + DENIED),
                ("k.pem", "error parsing X509 certificate/key pair: open k.pem: " + DENIED),
                ("ca.pem", "open ca.pem: " + DENIED))


@test(SHEET, 66)
def certificates_that_cannot_be_read(ctx):
    for name, text in CERTIFICATES:
        user = certificates_of(ctx)
        os.chmod(user.path(name), 0)
        for flags in ((), ("-t",)):
            outcome = start(ctx, user, TLS, *flags)
            eq(outcome.err, "nats-server: x.conf:2:1: %s\n\n" % text, "%s is not readable, %r" % (name, flags))


@test(SHEET, 66)
def certificates_named_by_flags_that_cannot_be_read(ctx):
    for name, text in CERTIFICATES:
        user = certificates_of(ctx)
        os.chmod(user.path(name), 0)
        outcome = run(ctx.binary, "-p", "-1", "--tlsverify", "--tlscert", "c.pem", "--tlskey", "k.pem", "--tlscacert", "ca.pem",
                      cwd=user.dir, user=user)
        eq((outcome.code, outcome.out, outcome.err), (1, "", "nats-server: %s\n" % text), "%s is not readable" % name)


@test(SHEET, 66)
def configuration_that_cannot_be_read(ctx):
    user = Unprivileged(ctx)
    user.write("x.conf", HEAD, 0)
    for flags in ((), ("-t",)):
        outcome = run(ctx.binary, "-c", "x.conf", *flags, cwd=user.dir, user=user)
        eq((outcome.code, outcome.out, outcome.err), (1, "", "nats-server: open x.conf: %s\n" % DENIED), repr(flags))
    os.chmod(user.path("x.conf"), 0o644)
    os.chmod(user.dir, 0)
    outcome = run(ctx.binary, "-c", user.path("x.conf"), cwd="/", user=user)
    os.chmod(user.dir, 0o755)
    eq((outcome.code, outcome.err), (1, "nats-server: open %s: %s\n" % (user.path("x.conf"), DENIED)), "its folder")


@test(SHEET, 66)
def include_that_cannot_be_read(ctx):
    user = Unprivileged(ctx)
    user.write("inc.conf", "debug: true\n", 0)
    outcome = start(ctx, user, 'include "inc.conf"\n')
    matches(outcome.err, r"^nats-server: (x\.conf:2:\d+: )?error parsing include file 'inc\.conf', open inc\.conf: %s\n$" % DENIED)


@test(SHEET, 66)
def log_file_that_cannot_be_written(ctx):
    user = Unprivileged(ctx)
    user.folder("closed", 0o500)
    user.write("log", "", 0o400)
    for name in ("closed/log", "log"):
        outcome = start(ctx, user, 'log_file: "%s"\n' % name)
        matches(outcome.err, r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d error opening file: open %s: %s\n$" % (name, DENIED))


@test(SHEET, 66)
def pid_file_that_cannot_be_written(ctx):
    user = Unprivileged(ctx)
    user.folder("closed", 0o500)
    user.write("pid", "1", 0o400)
    for name in ("closed/pid", "pid"):
        outcome = start(ctx, user, 'pid_file: "%s"\n' % name)
        last = outcome.err.rstrip("\n").split("\n")[-1]
        matches(last, r"\[FTL\] Could not write pidfile: open %s: %s$" % (name, DENIED))


@test(SHEET, 66)
def ports_file_directory_that_cannot_be_written(ctx):
    """The server goes on without the file."""
    user = Unprivileged(ctx)
    user.folder("closed", 0o500)
    server = spawn(ctx, "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", "closed", user=user)
    name = r"closed/\S+_%d\.ports" % server.pid
    server.wait_err(r"\[ERR\] Error writing ports file \(%s\): open %s: %s$" % (name, name, DENIED))
    server.wait_err("Server is ready")
    server.signal(signal.SIGTERM)
    eq(server.wait(), 0)


@test(SHEET, 66, needs="jetstream")
def store_directory_without_permission(ctx):
    user = Unprivileged(ctx)
    user.folder("closed", 0o500)
    user.folder("store", 0o700)
    user.folder("store/jetstream", 0o500)
    for name, text in (("closed", r"Can't start JetStream: could not create storage directory - mkdir \S*closed/jetstream: " + DENIED),
                       ("store", "Can't start JetStream: storage directory is not writable")):
        outcome = start(ctx, user, 'jetstream { store_dir: "%s" }\n' % user.path(name))
        matches(outcome.err.rstrip("\n").split("\n")[-1], r"\[FTL\] %s$" % text)


@test(SHEET, 83, needs="reload")
def a_reload_with_files_that_cannot_be_read_changes_nothing(ctx):
    user = certificates_of(ctx)
    user.write("x.conf", HEAD + TLS)
    server = spawn(ctx, "-c", "x.conf", user=user)
    server.wait_err("Server is ready")

    def reload(text):
        server.signal(signal.SIGHUP)
        server.wait_err(r"\[ERR\] Failed to reload server configuration: %s(\\n)?$" % text)

    for name, text in CERTIFICATES:
        os.chmod(user.path(name), 0)
        reload(r"x\.conf:2:1: " + re.escape(text))
        os.chmod(user.path(name), 0o644)
    os.chmod(user.path("x.conf"), 0)
    reload("open x.conf: " + DENIED)
    os.chmod(user.path("x.conf"), 0o644)
    server.signal(signal.SIGHUP)
    server.wait_err("Reloaded server configuration")
    server.signal(signal.SIGTERM)
    eq(server.wait(), 0)


@test(SHEET, 76, needs="reload")
def a_reload_with_files_that_cannot_be_written_goes_on(ctx):
    """The pid file: it is logged, and everything else of the reload is applied."""
    user = Unprivileged(ctx)
    user.folder("closed", 0o500)
    user.write("x.conf", HEAD)
    server = spawn(ctx, "-c", "x.conf", user=user)
    server.wait_err("Server is ready")
    user.write("x.conf", HEAD + 'pid_file: "closed/pid", debug: true\n')
    server.signal(signal.SIGHUP)
    server.wait_err(r"\[ERR\] Failed to write pidfile: open closed/pid: %s$" % DENIED)
    server.wait_err("Reloaded server configuration")
    server.signal(signal.SIGTERM)
    eq(server.wait(), 0)


@test(SHEET, 66)
def files_that_are_folders(ctx):
    """No permission is missing, and still they are no files."""
    user = certificates_of(ctx)
    user.folder("d", 0o700)
    for config, text in (('tls { cert_file: "d", key_file: "k.pem" }\n', "read d: is a directory"),
                         ('tls { cert_file: "c.pem", key_file: "d" }\n', "read d: is a directory"),
                         ('tls { cert_file: "c.pem", key_file: "k.pem", ca_file: "d" }\n', "read d: is a directory"),
                         ('include "d"\n', "read d: is a directory"), ('log_file: "d"\n', "open d: is a directory"),
                         ('pid_file: "d"\n', "open d: is a directory")):
        outcome = start(ctx, user, config)
        check(text in outcome.err, "%r: %r" % (config, outcome))


@test(SHEET, 64, better=True)
def a_port_that_the_user_may_not_have_is_named(ctx):
    """Only where the system keeps low ports for root."""
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as source:
        if int(source.read()) <= 79:
            return
    user = Unprivileged(ctx)
    outcome = run(ctx.binary, "-a", "127.0.0.1", "-p", "79", cwd=user.dir, user=user)
    eq(outcome.code, 1, repr(outcome))
    matches(outcome.err.rstrip("\n").split("\n")[-1],
            r"\[FTL\] Error listening on port: 127\.0\.0\.1:79, \"listen tcp 127\.0\.0\.1:79: bind: %s\"$" % DENIED)
