"""The first user's programs, run as they stand against a server on port 4222.

Core: a publish that nobody listens to is lost, one that somebody listens to arrives. JetStream: what a stream has
stored is delivered until it is acknowledged and never again, also by a server that was started anew. Speaks with
run.py as ../harness/suites.py says.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# Seconds for one line of a program, or for its end. The first start compiles TypeScript.
LIMIT = 15


class Program:
    """A TypeScript program; `lines` is what it prints, None at its end."""

    def __init__(self, path):
        self._path = path
        self._process = subprocess.Popen(["node", "--import", "tsx", path], cwd=HERE, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, text=True)
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line.strip())
        self._lines.put(None)

    def expect(self, wanted):
        try:
            line = self._lines.get(timeout=LIMIT)
        except queue.Empty:
            raise AssertionError("%s printed nothing, not %r" % (self._path, wanted)) from None
        if line != wanted:
            raise AssertionError("%s printed %r, not %r" % (self._path, line, wanted))

    def interrupt(self):
        self._process.send_signal(signal.SIGINT)

    def expect_end(self):
        self.expect(None)
        code = self._process.wait(LIMIT)
        if code != 0:
            raise AssertionError("%s ended with code %s" % (self._path, code))

    def close(self):
        self._process.kill()
        self._process.wait()


def control(*words):
    print("@control", *words, flush=True)
    answer = sys.stdin.readline().strip()
    if not answer.startswith("ok "):
        raise AssertionError(answer or "run.py is gone")


@contextlib.contextmanager
def server(name):
    """A server on the port that every program here uses."""
    control("server", name)
    try:
        yield
    finally:
        control("stop", name)


def publish(generation):
    program = Program(os.path.join(generation, "publish.ts"))
    try:
        program.expect("published")
        program.expect_end()
    finally:
        program.close()


def core(generation):
    with server("introduction"):
        publish(generation)
        subscriber = Program(os.path.join(generation, "subscribe.ts"))
        try:
            subscriber.expect("listening on otp-updates")
            publish(generation)
            subscriber.expect("received on otp-updates: email verified")
            subscriber.interrupt()
            # The first publish, which nobody listened to, has not come.
            subscriber.expect("drained")
            subscriber.expect_end()
        finally:
            subscriber.close()


def chat(generation, sequence):
    """The program stores the message with this sequence, and gets that one only."""
    program = Program(os.path.join(generation, "chat.ts"))
    try:
        program.expect("stored in CHAT as %d" % sequence)
        program.expect("received on chat.room1: Hello! (%d)" % sequence)
        program.interrupt()
        program.expect("drained")
        program.expect_end()
    finally:
        program.close()


def jetstream(generation, name):
    with server(name):
        chat(generation, 1)
        control("restart", name)
        chat(generation, 2)
        control("kill", name)
        chat(generation, 3)


CHECKS = {
    "current_generation": lambda: core("current"),
    "legacy_generation": lambda: core("legacy"),
    "jetstream_current": lambda: jetstream("current", "introduction_jetstream:current"),
    "jetstream_legacy": lambda: jetstream("legacy", "introduction_jetstream:legacy"),
    "jetstream_argument": lambda: jetstream("current", "introduction_js"),
}


def main():
    chosen = os.environ.get("CLIENT_TEST_CHECKS", "").split(",")
    for name, check in CHECKS.items():
        if name not in chosen:
            continue
        print("@check begin", name, flush=True)
        start = time.monotonic()
        try:
            check()
            print("@check ok %s %.3f" % (name, time.monotonic() - start), flush=True)
        except Exception as error:  # whatever went wrong is the check's failure
            text = " ".join(str(error).split())
            print("@check fail %s %.3f %s" % (name, time.monotonic() - start, text), flush=True)
    print("@end", flush=True)


main()
