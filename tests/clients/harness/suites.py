"""Runs one suite as a process and turns its lines into results.

A suite prints `@check begin <name>`, then `@check ok <name> <seconds>`, `@check fail <name> <seconds> <text>` or
`@check skip <name> <text>`, and `@end`. `@control <verb> <server> ...` asks for a server (see servers.py); the answer
comes on its standard input as one line, `ok <host:port>` or `error <text>`. Other lines are its log.
"""

import os
import queue
import subprocess
import threading
import time

from . import processes
from .servers import ServerFailed

# Seconds one check may take before the suite's process is killed; the suites' own limits are shorter.
CHECK_LIMIT = 60
# Times a suite is started again, for the checks that are left, after it crashed or hung.
RESTARTS = 10

# Characters of a failure's text that are shown.
TEXT_LIMIT = 300

OK, FAIL, SKIP = "ok", "FAIL", "skip"


class Result:
    def __init__(self, suite, name, status, seconds=0.0, text=""):
        self.suite = suite
        self.name = name
        self.status = status
        self.seconds = seconds
        self.text = text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + "..."

    def line(self):
        shown = "%s %s %s" % (self.status, self.suite, self.name)
        if self.status != SKIP:
            shown += " %.2fs" % self.seconds
        return shown + (": " + self.text if self.text else "")


class Suite:
    """`command`: how to start it. `checks`: the names to run. `servers`: Servers of its own."""

    def __init__(self, name, command, checks, servers, directory, environment, limit):
        self._name = name
        self._command = command
        self._left = list(checks)
        self._servers = servers
        self._log = os.path.join(directory, "suite.log")
        self._dir = directory
        self._environment = environment
        self._deadline = time.monotonic() + limit
        self._process = None
        self._begun = None
        self._begun_at = 0.0

    def results(self):
        """Yields a Result per check, in the suite's order."""
        for _ in range(RESTARTS):
            yield from self._process_results()
            if not self._left or time.monotonic() > self._deadline:
                break
        for name in self._left:
            yield Result(self._name, name, FAIL, 0.0, "was not run")

    def _process_results(self):
        """One process: until its end, its crash, or a check that takes too long."""
        environment = dict(os.environ, **self._environment, CLIENT_TEST_CHECKS=",".join(self._left))
        with open(self._log, "ab") as log:
            self._process = processes.start(self._command, cwd=self._dir, env=environment, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=log, text=True, errors="replace")
        lines = queue.Queue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        self._begun = None
        self._begun_at = time.monotonic()
        reported = ended = False
        try:
            while not ended:
                limit = min(self._begun_at + CHECK_LIMIT, self._deadline) - time.monotonic()
                try:
                    line = lines.get(timeout=max(limit, 0.01))
                except queue.Empty:
                    yield from self._broken("took longer than %d s" % CHECK_LIMIT)
                    return
                if line is None:
                    break
                ended = line == "@end"
                result = self._take(line)
                if result:
                    reported = True
                    yield result
        finally:
            self._process.kill()
            code = self._process.wait()
            self._process.stdin.close()
        if not ended:
            yield from self._broken("the suite ended with code %s" % code)
        elif self._left and not reported:
            # It does not know the checks that are left: starting it again would not help.
            self._deadline = 0.0

    def _read(self, lines):
        with open(self._log, "a", encoding="utf-8") as log:
            for line in self._process.stdout:
                log.write(line)
                lines.put(line.rstrip("\n"))
        lines.put(None)

    def _broken(self, what):
        """The check that was under way gets the blame; the next process goes on behind it."""
        name = self._begun or self._left[0]
        self._left.remove(name)
        yield Result(self._name, name, FAIL, time.monotonic() - self._begun_at, what)

    def _take(self, line):
        words = line.split(" ")
        if words[0] == "@control":
            self._answer(words[1:])
        elif words[0] == "@check" and words[1] == "begin":
            self._begun, self._begun_at = words[2], time.monotonic()
        elif words[0] == "@check" and words[2] in self._left:
            status, name = words[1], words[2]
            self._left.remove(name)
            self._begun, self._begun_at = None, time.monotonic()
            if status == "ok":
                return Result(self._name, name, OK, float(words[3]))
            if status == "fail":
                return Result(self._name, name, FAIL, float(words[3]), " ".join(words[4:]))
            return Result(self._name, name, SKIP, 0.0, " ".join(words[3:]))
        return None

    def _answer(self, request):
        try:
            answer = "ok " + self._servers.obey(*request)
        except (ServerFailed, OSError) as error:
            answer = "error " + " ".join(str(error).split())
        try:
            self._process.stdin.write(answer + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
