"""Runs of the binary that end by themselves, with stdout and stderr apart: `-t`, refused starts, flags."""

import hashlib
import itertools
import json
import os
import random
import re
import shutil
import socket
import subprocess
import threading
import tempfile
import time
from http.client import HTTPConnection, HTTPSConnection

from .check import PATIENCE, Failure, check, eq

# What `-t` prints for a valid file.
VALID = r"nats-server: configuration file %s is valid \((sha256:[0-9a-f]{64})\)\n"
# Seconds a run that must end may take.
RUN_PATIENCE = 20.0

_numbers = itertools.count(1)


# The line that Midge adds to a line about an option: FILE:LINE:COLUMN: "PATH": found X, expected Y
# (configuration.md 11). Tools know the lines without it.
DETAIL = re.compile(r'^[^\n:]+:\d+:\d+: (?:"(?:[^"\n\\]|\\.)*": )?found [^\n]*\n', re.M)


class Outcome:
    """The end of a process: `code`, `out` (stdout), `err` (stderr without `details`), `details` (lines that tell the
    place of an option, what was found and what was expected)."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = DETAIL.sub("", err)
        self.details = [line.rstrip("\n") for line in DETAIL.findall(err)]

    def __repr__(self):
        return "exit code %s, stdout %r, stderr %r, details %r" % (self.code, self.out[-1500:], self.err[-1500:],
                                                                   self.details[-20:])


def folder(ctx, files=None):
    """A new directory of the run with these files ({name: text or bytes})."""
    path = tempfile.mkdtemp(prefix="dir-%d-" % next(_numbers), dir=ctx.dir)
    for name, content in (files or {}).items():
        target = os.path.join(path, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as out:
            out.write(content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content)
    return path


def environment(more=None):
    """The environment of this process with changes; a value of None removes."""
    env = dict(os.environ)
    for key, value in (more or {}).items():
        if value is None:
            env.pop(key, None)
        else:
            env[key] = value
    return env


# User and group that own nothing ("nobody").
NOBODY = 65534


class Unprivileged:
    """Runs binaries as a user whom permissions of files bind, in a folder of that user. Without root that is the
    user of the tests."""

    def __init__(self, ctx, files=None):
        self.dir = tempfile.mkdtemp(prefix="conformance-nobody-")
        ctx.later(lambda: shutil.rmtree(self.dir, ignore_errors=True))
        # Readable for whoever it is run by: the binary may be in a folder that is not.
        self.binary = os.open(ctx.binary, os.O_RDONLY)
        ctx.later(lambda: os.close(self.binary))
        os.chmod(self.dir, 0o755)
        for name, content in (files or {}).items():
            self.write(name, content)
        self._give(self.dir)

    @staticmethod
    def _give(path):
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)

    def path(self, name):
        """Absolute path of a file of the folder."""
        return os.path.join(self.dir, name)

    def write(self, name, content, mode=0o644):
        """Writes a file that belongs to the user."""
        with open(self.path(name), "wb") as out:
            out.write(content.encode() if isinstance(content, str) else content)
        self._give(self.path(name))
        os.chmod(self.path(name), mode)

    def folder(self, name, mode):
        """Makes a folder that belongs to the user."""
        os.mkdir(self.path(name))
        self._give(self.path(name))
        os.chmod(self.path(name), mode)

    def arguments(self):
        """For subprocess.Popen."""
        found = {"executable": "/proc/self/fd/%d" % self.binary, "pass_fds": (self.binary,)}
        if os.geteuid() == 0:
            found.update(user=NOBODY, group=NOBODY, extra_groups=[])
        return found


def run(binary, *args, cwd, env=None, timeout=RUN_PATIENCE, ready_first=False, user=None):
    """Runs the binary until it ends. A server that gets ready instead is killed, which fails the test, unless
    it is known to end only thereafter (`ready_first`). `user`: an Unprivileged."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen([binary, *map(str, args)], stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                   cwd=cwd, env=environment(env), start_new_session=True,
                                   **(user.arguments() if user else {}))

        def text(stream):
            stream.seek(0)
            return stream.read().decode("utf-8", "surrogateescape")

        deadline = time.monotonic() + timeout
        pause = 0.002
        while True:
            try:
                process.wait(pause)
                break
            except subprocess.TimeoutExpired:
                pause = min(pause * 2, 0.02)
            ready = not ready_first and b"Server is ready" in os.pread(err.fileno(), 1 << 20, 0)
            if ready or time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise Failure("%r %s: %s" % (args, "started a server" if ready else "did not end",
                                             text(err)[-2000:]))
        return Outcome(process.returncode, text(out), text(err))


def run_config(ctx, config, *args, files=None, env=None, name="x.conf", flags=("-t",), ready_first=False):
    """Runs the binary in a new directory that holds `config` as `name`, with `-c name`, `flags` and `args`."""
    path = folder(ctx, dict({name: config}, **(files or {})))
    return run(ctx.binary, "-c", name, *flags, *args, cwd=path, env=env, ready_first=ready_first)


def valid(ctx, config, **options):
    """`-t` accepts the text, with exactly the documented output; returns the digest (`sha256:...`)."""
    outcome = run_config(ctx, config, **options)
    found = re.fullmatch(VALID % re.escape(options.get("name", "x.conf")), outcome.err)
    check(outcome.code == 0 and outcome.out == "" and found, "%r is not valid: %r" % (config, outcome))
    return found.group(1)


def refused(ctx, config, *texts, **options):
    """`-t` refuses the text with these lines (in any order; `x.conf:1:0: ...`), each ended by a newline."""
    outcome = run_config(ctx, config, **options)
    what = "-t of %r" % (config,)
    eq(outcome.code, 1, what + ": exit code; %r" % outcome)
    eq(outcome.out, "", what + ": stdout")
    check(outcome.err.startswith("nats-server: "), "%s: %r" % (what, outcome))
    lines = outcome.err[len("nats-server: "):]
    check(lines.endswith("\n\n"), "%s: no empty line at the end: %r" % (what, outcome.err))
    eq(sorted(lines[:-2].split("\n")), sorted("\n".join(texts).split("\n")), what)
    if not ctx.is_peer:
        check(len(outcome.details) == len("\n".join(texts).split("\n")), "%s: places are missing: %r" % (what, outcome))
    return outcome


def refused_plain(ctx, config, *texts, **options):
    """`-t` refuses the text with one line, one of `texts`; errors without a list form end in one newline.

    A position in front is a documented improvement (configuration.md 11) and accepted."""
    outcome = run_config(ctx, config, **options)
    what = "-t of %r" % (config,)
    eq(outcome.code, 1, what + ": exit code; %r" % outcome)
    eq(outcome.out, "", what + ": stdout")
    found = re.fullmatch(r"nats-server: (?:[^\s:]+:\d+:\d+: )?(.*)\n", outcome.err, re.S)
    check(found and (found.group(1) in texts or outcome.err[len("nats-server: "):-1] in texts),
          "%s: expected %r, got %r" % (what, texts, outcome.err))
    return outcome


def refused_syntax(ctx, config, line, *messages, **options):
    """`-t` refuses the text with a `Parse error` of this line and one of these messages."""
    return refused_plain(ctx, config, *["Parse error on line %d: '%s'" % (line, message) for message in messages],
                         **options)


def start_refused(ctx, config, *texts, args=(), **options):
    """A start with this configuration ends with exit code 1 and `nats-server: TEXT`, TEXT one of `texts`."""
    outcome = run_config(ctx, config, *args, flags=(), **options)
    what = "start with %r %r" % (config, args)
    eq(outcome.code, 1, what + ": exit code; %r" % outcome)
    lines = outcome.err.rstrip("\n").split("\n")
    wanted = ["nats-server: " + text for text in texts]
    check(lines[-1] in wanted or outcome.err.rstrip("\n") in wanted,
          "%s: expected %r, got %r" % (what, wanted, outcome.err))
    return outcome


def start_fatal(ctx, config, text, args=(), **options):
    """A start ends with exit code 1 and a last log line `[FTL] TEXT`; `text` is a regular expression for it."""
    outcome = run_config(ctx, config, *args, flags=(), **options)
    what = "start with %r %r" % (config, args)
    eq(outcome.code, 1, what + ": exit code; %r" % outcome)
    last = outcome.err.rstrip("\n").split("\n")[-1]
    check(re.search(r"\[FTL\] (?:%s)$" % text, last), "%s: expected FTL %r, got %r" % (what, text, outcome.err))
    return outcome


def go_json(value):
    """Compact JSON with sorted keys and HTML characters escaped, as the digest uses it."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, "\\u%04x" % ord(char))
    return text


def digest_of(value):
    """The configuration digest of a parsed top-level map (configuration.md 1.12)."""
    return "sha256:" + hashlib.sha256((go_json(value) + "\n").encode("utf-8", "surrogateescape")).hexdigest()


_given_ports = set()
_given_ports_lock = threading.Lock()


def free_ports(count):
    """Ports of 127.0.0.1 for servers that must know each other's ports. They lie below the range from which the
    system takes ports by itself, and each is given out once in a run, so that nobody else gets one of them before
    its server listens."""
    ports = []
    while len(ports) < count:
        port = random.randrange(15000, 32000)
        with _given_ports_lock:
            if port in _given_ports:
                continue
            _given_ports.add(port)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
    return ports


def spawn(ctx, *args, cwd=None, env=None, name="process", user=None):
    """Starts the binary with exactly these arguments; stdout and stderr go to files. Killed at the test's end.
    `user`: an Unprivileged."""
    process = Process(ctx.binary, args, cwd or (user.dir if user else folder(ctx)), env, name, user)
    ctx.later(process.kill)
    return process


class Process:
    """A running server with nothing added to its command line. `dir`, `pid`, `process`."""

    def __init__(self, binary, args, cwd, env, name, user=None):
        self.dir = cwd
        self.out_path = os.path.join(cwd, name + ".stdout")
        self.err_path = os.path.join(cwd, name + ".stderr")
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen([binary, *map(str, args)], stdout=out, stderr=err,
                                            stdin=subprocess.DEVNULL, cwd=cwd, env=environment(env),
                                            start_new_session=True, **(user.arguments() if user else {}))
        self.pid = self.process.pid

    def path(self, name):
        """Absolute path of a file in the working directory."""
        return os.path.join(self.dir, name)

    def out(self):
        """stdout so far."""
        return read(self.out_path)

    def err(self):
        """stderr so far."""
        return read(self.err_path)

    def wait_err(self, pattern, timeout=PATIENCE, path=None):
        """Waits for a complete line of stderr (or of the file `path`) with this regular expression; its match."""
        deadline = time.monotonic() + timeout
        while True:
            ended = self.process.poll() is not None
            text = read(path or self.err_path)
            for line in text.split("\n")[:-1]:
                found = re.search(pattern, line)
                if found:
                    return found
            if ended or time.monotonic() > deadline:
                raise Failure("no line %r%s; stderr: %s; file: %s" % (
                    pattern, " (process ended with %s)" % self.process.returncode if ended else "",
                    self.err()[-2000:], text[-2000:] if path else ""))
            time.sleep(0.01)

    def port(self, path=None):
        """The client port, from the log, once the server is ready."""
        self.wait_err(r"Server is ready", path=path)
        return int(self.wait_err(r"Listening for client connections on \S+:(\d+)", path=path).group(1))

    def signal(self, number):
        """Sends a signal."""
        self.process.send_signal(number)

    def wait(self, timeout=PATIENCE):
        """Waits for the end; the exit code."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure("process still runs after %.1f s; stderr: %s" % (timeout, self.err()[-2000:])) from None

    def kill(self):
        """SIGKILL."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def read(path):
    """Text of a file, "" without it."""
    try:
        with open(path, "rb") as source:
            return source.read().decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def http(server, path, method="GET", headers=None, context=None, timeout=PATIENCE):
    """One request to the monitoring port with the path as it is and no redirects followed:
    (status, headers, body). `context`: an ssl.SSLContext for HTTPS."""
    if context is not None:
        connection = HTTPSConnection(server.host, server.http_port, timeout=timeout, context=context)
    else:
        connection = HTTPConnection(server.host, server.http_port, timeout=timeout)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def sample(name):
    """A captured answer of the reference server from data/."""
    with open(os.path.join(os.path.dirname(os.path.dirname(__file__)), "data", name), encoding="utf-8") as source:
        return json.load(source)


def same_keys(ctx, got, want, what):
    """Fails unless `got` has exactly these keys. The server under test may add own ones, the reference not."""
    got, want = set(got), set(want)
    check(not want - got, "%s: missing keys %r" % (what, sorted(want - got)))
    if ctx.is_peer:
        check(not got - want, "%s: keys that the sample has not: %r" % (what, sorted(got - want)))
