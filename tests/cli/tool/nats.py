"""Runs of the tool with a home of its own."""

import itertools
import json
import os
import re
import signal
import subprocess
import tempfile
import time

from lib.check import PATIENCE, Failure, check, eq

from . import documents, record
from .terminal import Terminal

# Seconds a run may take.
RUN_PATIENCE = 30.0
# Options of the system account's user on the servers that `nats` starts.
SYSTEM = ("--user", "sys", "--password", "sys")

# A server with JetStream, a system account, and an account that needs no login.
CONFIG = """
jetstream { store_dir: "js", max_mem: 256MB, max_file: 2GB }
accounts {
    SYS { users: [ { user: sys, password: sys } ] }
    APP { jetstream: enabled, users: [ { user: app, password: app } ] }
}
system_account: SYS
no_auth_user: app
"""

# Variables of the shell that the tool would look at.
OWN = re.compile(r"^(NATS_|XDG_|EDITOR$|NO_COLOR$|LLMFORMAT$|TESTING$|NOVALIDATE$|PASSWORD$|COLUMNS$|LINES$)")

_numbers = itertools.count(1)


def plain(text):
    """Without colours and cursor movements."""
    return re.sub(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[()][A-Z0-9]|[78=>])", "", text)


def nats(ctx, config=None, server=True, **options):
    """The tool with an empty home; with a server of this test alone unless `server` is False."""
    started = None
    if server is True:
        started = ctx.start(CONFIG if config is None else config, **options)
    elif server:
        started = server
    return Nats(ctx, started)


class Outcome:
    """The end of a run: `code`, `out`, `err`."""

    def __init__(self, args, code, out, err):
        self.args = args
        self.code = code
        self.out = out
        self.err = err

    def __repr__(self):
        return "nats %s: exit code %s\nstdout: %r\nstderr: %r" % (
            " ".join(self.args), self.code, self.out[-3000:], self.err[-3000:])

    @property
    def json(self):
        """stdout as JSON."""
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise Failure("no JSON: %s: %r" % (error, self)) from None

    @property
    def logs(self):
        """Lines of stderr without their times, which must be there."""
        lines = []
        for line in self.err.splitlines():
            found = re.match(r"\d\d:\d\d:\d\d (.*)", line)
            lines.append(found.group(1) if found else line)
        return lines


class Nats:
    """The tool as one user has it. `server`: the server it talks to, `home`: its directory."""

    def __init__(self, ctx, server):
        self.ctx = ctx
        self.server = server
        self.binary = os.environ["MIDGE_NATS"]
        self.home = tempfile.mkdtemp(prefix="home-%d-" % next(_numbers), dir=ctx.dir)
        self.env = {key: value for key, value in os.environ.items() if not OWN.match(key)}
        self.env.update(HOME=self.home, XDG_CONFIG_HOME=self.path("config"), XDG_DATA_HOME=self.path("data"),
                        TERM="xterm-256color", TZ="UTC")
        if server:
            self.env["NATS_URL"] = server.address

    def path(self, *names):
        """A path below the home."""
        return os.path.join(self.home, *names)

    def write(self, name, content):
        """Writes a file below the home; its path."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content.encode() if isinstance(content, str) else content)
        return path

    def _environment(self, env):
        merged = dict(self.env)
        for key, value in (env or {}).items():
            if value is None:
                merged.pop(key, None)
            else:
                merged[key] = value
        return merged

    def run(self, *args, stdin=None, env=None, code=0, timeout=RUN_PATIENCE, binary_out=False):
        """Runs to the end; fails unless it ends with `code` (None: any)."""
        args = [str(arg) for arg in args]
        record.called(self.ctx, args)
        if isinstance(stdin, str):
            stdin = stdin.encode()
        process = subprocess.Popen([self.binary, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                                   cwd=self.home, env=self._environment(env), start_new_session=True)
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise Failure("nats %s does not end; stdout %r, stderr %r" % (" ".join(args), out[-2000:], err[-2000:])) from None
        outcome = Outcome(args, process.returncode, out if binary_out else out.decode("utf-8", "replace"),
                          err.decode("utf-8", "replace"))
        if code is not None and outcome.code != code:
            raise Failure("expected exit code %s: %r" % (code, outcome))
        if not binary_out:
            record.validated(self.ctx, documents.check_output(args, outcome.out))
        return outcome

    def out(self, *args, **options):
        """stdout of a run that ends well."""
        return self.run(*args, **options).out

    def error(self, *args, **options):
        """The text after `nats: error: ` of a run that fails with exit code 1."""
        outcome = self.run(*args, code=1, **options)
        last = outcome.err.rstrip("\n").split("\n")[-1] if outcome.err else ""
        if "nats: error: " not in outcome.err:
            raise Failure("no error: %r" % outcome)
        return outcome.err[outcome.err.index("nats: error: ") + len("nats: error: "):].rstrip("\n") or last

    def usage_error(self, *args, **options):
        """The text after `error: ` of a run whose command line is wrong; the usage must be on stdout."""
        outcome = self.run(*args, code=1, **options)
        found = re.fullmatch(r"error: (.*)\n\n", outcome.err)
        check(found and outcome.out.startswith("usage: nats"), "no usage error: %r" % outcome)
        return found.group(1)

    def start(self, *args, env=None, stdin=False):
        """Starts in the background; killed when the test ends."""
        return Background(self, [str(arg) for arg in args], self._environment(env), stdin)

    def terminal(self, *args, env=None, rows=40, columns=120):
        """Starts at a terminal; killed when the test ends."""
        record.called(self.ctx, [str(arg) for arg in args])
        terminal = Terminal([self.binary, *map(str, args)], self.home, self._environment(env), rows, columns)
        self.ctx.later(terminal.close)
        return terminal


class Background:
    """A run that goes on beside the test."""

    def __init__(self, nats, args, env, stdin):
        self.args = args
        self.ctx = nats.ctx
        record.called(nats.ctx, args)
        self.out_path = nats.path("run-%d.out" % next(_numbers))
        self.err_path = self.out_path[:-3] + "err"
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen([nats.binary, *args], stdout=out, stderr=err, cwd=nats.home, env=env,
                                            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                                            start_new_session=True)
        nats.ctx.later(self.kill)

    @staticmethod
    def _text(path):
        with open(path, "rb") as source:
            return source.read().decode("utf-8", "replace")

    @property
    def out(self):
        """stdout so far."""
        return self._text(self.out_path)

    @property
    def err(self):
        """stderr so far."""
        return self._text(self.err_path)

    def _wait(self, path, pattern, timeout):
        deadline = time.monotonic() + timeout
        while True:
            ended = self.process.poll() is not None
            found = re.search(pattern, self._text(path), re.S)
            if found:
                if path == self.out_path:
                    record.validated(self.ctx, documents.check_output(self.args, found.string))
                return found
            if ended or time.monotonic() > deadline:
                raise Failure("nats %s: nothing matches %r; code %s, stdout %r, stderr %r" % (
                    " ".join(self.args), pattern, self.process.returncode, self.out[-2000:], self.err[-2000:]))
            time.sleep(0.01)

    def wait_out(self, pattern, timeout=PATIENCE):
        """Waits until the regular expression is found in stdout; its match."""
        return self._wait(self.out_path, pattern, timeout)

    def wait_err(self, pattern, timeout=PATIENCE):
        """Waits until the regular expression is found in stderr; its match."""
        return self._wait(self.err_path, pattern, timeout)

    def write(self, data):
        """Writes to its stdin."""
        self.process.stdin.write(data.encode() if isinstance(data, str) else data)
        self.process.stdin.flush()

    def wait(self, code=0, timeout=RUN_PATIENCE):
        """Waits for the end with this exit code; the outcome."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure("nats %s does not end; stdout %r, stderr %r" % (
                " ".join(self.args), self.out[-2000:], self.err[-2000:])) from None
        outcome = Outcome(self.args, self.process.returncode, self.out, self.err)
        if code is not None:
            eq(outcome.code, code, "exit code of %r" % outcome)
        record.validated(self.ctx, documents.check_output(self.args, outcome.out))
        return outcome

    def interrupt(self):
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def terminate(self):
        """What `kill` sends."""
        self.process.send_signal(signal.SIGTERM)

    def kill(self):
        """SIGKILL."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
