#!/usr/bin/env python3
"""Kills a server under load, again and again, and looks at what is left. See README.md."""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "conformance")]

import menu  # noqa: E402
from lib.check import Failure  # noqa: E402
from lib.context import is_go_binary  # noqa: E402
from lib.server import Server, kill_all  # noqa: E402
from line import Line  # noqa: E402
from load import Load, change, consume  # noqa: E402
from model import Op, Stream  # noqa: E402
from verify import consumers_hold, ids_are_known, streams_hold  # noqa: E402

# Rounds that a directory lives.
ROUNDS_OF_A_DIRECTORY = 5
# Threads that change streams, and threads that consume.
CHANGERS, CONSUMERS = 3, 2


def arguments():
    parser = argparse.ArgumentParser(description="Crash tests: kill -9 at random moments under a mixed JetStream load.")
    parser.add_argument("--server", required=True, help="binary under test")
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="number of crashes (default 20)")
    parser.add_argument("--seed", type=int, metavar="S", help="of the first directory; the next ones follow (default: random)")
    parser.add_argument("--seconds", type=float, default=0.7, metavar="T", help="longest load before a crash (default 0.7)")
    parser.add_argument("--keep", action="store_true", help="keep all directories, not only that of a failure")
    parser.add_argument("--forgive", default="", metavar="A,B", help="to find others: leftovers (names may be unusable after a crash in a create), "
                        "acks (streams that do not wait for the disk may forget confirmed ones), ghosts (consumers may count "
                        "messages as pending that they do not deliver), stops (no server is stopped with SIGTERM)")
    parser.add_argument("--dir", help="where directories are made (default: the system's folder for temporary files)")
    return parser.parse_args()


class Directory:
    """A store directory, from its first server to the last crash. `acks` and so on: sums of its rounds."""

    def __init__(self, binary, seed, base, forgive=""):
        self.seed = seed
        self.random = random.Random(seed)
        self.go = is_go_binary(binary)
        self.word, config = menu.server_config(self.random, self.go)
        self.server = Server(binary, config, http=False, base_dir=base)
        self.streams = menu.streams(self.random, self.go)
        for stream in self.streams:
            stream.acks_forgiven = "acks" in forgive and (self.word == "interval" or "persist_mode" in stream.config)
            stream.ghosts_forgiven = "ghosts" in forgive
        self.never_stop = "stops" in forgive
        line = Line(self.server)
        for stream in self.streams:
            self.create(line, stream)
        line.close()

    def create(self, line, stream):
        """Makes a stream with its consumers."""
        stream.apply(Op("create"))
        line.ok("STREAM.CREATE." + stream.name, stream.config)
        for name, config in stream.setup:
            subject = "CONSUMER.CREATE.%s.%s" % (stream.name, name)
            if "filter_subject" in config:
                subject += "." + config["filter_subject"]
            line.ok(subject, {"stream_name": stream.name, "config": dict(config, name=name, durable_name=name)})

    def round(self, seconds):
        """Load, crash, start, checks. What happened, as a text."""
        load, end = self.crash(seconds)
        started = time.monotonic()
        again = self.start()
        ready = time.monotonic() - started
        if "panicked at" in self.server.log():
            raise Failure("a panic, see the log: " + self.server.log_path)
        if load.failures:
            raise Failure("under load: " + "\n".join(load.failures))
        line = Line(self.server)
        try:
            self.check(load, line)
        finally:
            line.close()
        stored = sum(len(stream.msgs) for stream in self.streams)
        return "%s%s after %.2f s: %d publishes, %d changes, %d confirmed acks; %d messages there, started in %.2f s, checked in %.1f s" % (
            end, again, self.load_time, load.publishes, load.changes, load.acks, stored, ready,
            time.monotonic() - started - ready)

    def crash(self, seconds):
        """Runs the load until the server is killed (or, now and then, stopped)."""
        load = Load(self.server)
        streams = list(self.streams)
        self.random.shuffle(streams)
        for number in range(CHANGERS):
            load.start(change, streams[number::CHANGERS], self.random.random())
        for number in range(CONSUMERS):
            load.start(consume, streams[number::CONSUMERS], self.random.random())
        self.load_time = self.random.uniform(0.05, seconds)
        deadline = time.monotonic() + self.load_time
        while time.monotonic() < deadline and not load.failures and self.server.alive():
            time.sleep(min(0.02, max(0.0, deadline - time.monotonic())))
        if not self.server.alive():
            raise Failure("the server ended under load; log: " + self.server.log_path)
        if self.random.random() < 0.1 and not self.never_stop:
            end, load.ending = "stopped", True
            code = self.server.stop()
            if code not in (0, 1) or code == 1 and not self.go:
                raise Failure("the server ends with %s when it is stopped" % code)
        else:
            end = "killed"
            self.server.kill()
        load.join()
        # The next start changes it.
        crashed = self.server.path("js-as-crashed")
        shutil.rmtree(crashed, ignore_errors=True)
        shutil.copytree(self.server.path("js"), crashed)
        return load, end

    def start(self):
        """Starts the server again; now and then it is killed while it starts."""
        again = ""
        while self.random.random() < 0.2:
            self.server.start(ready=False)
            time.sleep(self.random.uniform(0.0, 0.15))
            self.server.kill()
            again += ", again in the start"
        self.server.start()
        return again

    def check(self, load, line):
        """Everything that must hold after a crash."""
        for stream in self.streams:
            if stream.in_memory:
                stream.pending.clear()
                stream.apply(Op("remove"))
        streams_hold(line, self.streams)
        for stream in self.streams:
            if stream.exists and stream.profile["ids"]:
                ids_are_known(line, stream)
        consumers_hold(load, line, self.streams, self.random)
        if load.failures:
            raise Failure("\n".join(load.failures))
        for stream in self.streams:
            if stream.in_memory:
                self.create(line, stream)


def main():
    options = arguments()
    binary = os.path.abspath(options.server)
    if not os.access(binary, os.X_OK):
        sys.exit("no such binary: " + binary)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    Stream.leftovers_forgiven = "leftovers" in options.forgive
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    base = tempfile.mkdtemp(prefix="crash-", dir=options.dir)
    started, done, failed, directory = time.monotonic(), 0, 0, None
    try:
        while done < options.rounds and not failed:
            number = done % ROUNDS_OF_A_DIRECTORY
            try:
                if directory is None or not number:
                    if directory is not None:
                        directory.server.kill()
                        if not options.keep:
                            directory.server.discard()
                    directory = Directory(binary, seed + done // ROUNDS_OF_A_DIRECTORY, base, options.forgive)
                text = directory.round(options.seconds)
            except Exception as problem:
                failed = 1
                text = str(problem) if isinstance(problem, Failure) else traceback.format_exc()
                if directory and "panicked at" in directory.server.log():
                    text += "\nThere was a panic: " + directory.server.log_lines("panicked at")[0]
            done += 1
            print("[%d/%d] %-4s seed %d, crash %d (%s): %s" % (
                done, options.rounds, "FAIL" if failed else "ok", seed + (done - 1) // ROUNDS_OF_A_DIRECTORY, number + 1,
                directory.word if directory else "-", text), flush=True)
    finally:
        kill_all()
        if not failed and not options.keep:
            shutil.rmtree(base, ignore_errors=True)
    if failed:
        print("again: python3 tests/crash/run.py --server %s --seed %d --rounds %d --seconds %g" % (
            options.server, directory.seed if directory else seed, ROUNDS_OF_A_DIRECTORY, options.seconds))
        print("what is left (js-as-crashed is from before the last start): %s" % (directory.server.dir if directory else base))
    print("%d tests, %d failed, %.0f s" % (done, failed, time.monotonic() - started))
    return failed


if __name__ == "__main__":
    sys.exit(main())
