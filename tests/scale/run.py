#!/usr/bin/env python3
"""Many of everything on one server: is it still right, and what does it cost? See README.md."""

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "conformance")]

import behind  # noqa: E402
import consumers  # noqa: E402
import messages  # noqa: E402
import streams  # noqa: E402
from lib.check import Failure  # noqa: E402
from lib.context import is_go_binary  # noqa: E402
from lib.server import Server, kill_all  # noqa: E402
from wire import Failed, Wire  # noqa: E402

# What there is: the module's `run(place, scale)`, most of it with `scale` 1.
SCENARIOS = {"streams": streams, "consumers": consumers, "messages": messages, "behind": behind}

# Seconds in which a server must be there again.
START_PATIENCE = 600.0


class Place:
    """A server with an empty store directory, and the figures that are measured on it."""

    def __init__(self, binary, base, sync):
        self.is_peer = is_go_binary(binary)
        interval = ', sync_interval: "2m"' if sync == "interval" else ""
        config = 'jetstream { store_dir: "js", max_mem: 4GB, max_file: 100GB%s }\n' % interval
        self.server = Server(binary, config, base_dir=base, start=False)
        self.figures = {}
        self.start()

    def start(self):
        """Starts the server; seconds until it answers."""
        began = time.monotonic()
        self.server.start(ready=False)
        self.server.wait_ready(START_PATIENCE)
        self.wire().close()
        return time.monotonic() - began

    def restart(self, kill=False):
        """Stops the server, or kills it, and starts it again. Seconds until it answers, and seconds of the stop."""
        began = time.monotonic()
        if kill:
            self.server.kill()
        else:
            self.server.stop(timeout=START_PATIENCE)
        stopped = time.monotonic() - began
        return self.start(), stopped

    def wire(self):
        return Wire(self.server.port)

    def note(self, what, value, unit):
        self.figures[what] = (value, unit)
        print("    %-64s %s" % (what, show(value, unit)), flush=True)

    def memory(self, what):
        self.note("memory " + what, self.server.rss() / 1e6, "MB")

    def read_bytes(self):
        """Bytes that the server has read from files so far."""
        with open("/proc/%d/io" % self.server.pid, encoding="ascii") as source:
            return int(source.readline().split()[1])


def show(value, unit):
    if unit == "/s":
        return "%.1f k/s" % (value / 1e3) if value < 1e6 else "%.2f M/s" % (value / 1e6)
    if unit == "s":
        return "%.1f ms" % (value * 1e3) if value < 1 else "%.1f s" % value
    if unit == "MB":
        return "%.0f MB" % value
    return "%g" % value


def check(condition, what):
    if not condition:
        raise Failed(what)


def table(figures):
    """Rows of all figures, a column a server."""
    names = list(figures)
    rows = ["| scenario | figure | %s |" % " | ".join(names), "| --- | --- | %s |" % " | ".join("---:" for _ in names)]
    first = figures[names[0]]
    for scenario in first:
        for what in first[scenario]:
            cells = []
            for name in names:
                found = figures[name].get(scenario, {}).get(what)
                cells.append(show(*found) if found else "")
            rows.append("| %s | %s | %s |" % (scenario, what, " | ".join(cells)))
    return "\n".join(rows)


def main():
    parser = argparse.ArgumentParser(description="Many streams, consumers, messages and subjects on one server.")
    parser.add_argument("--server", required=True, help="binary under test")
    parser.add_argument("--peer", help="another binary, measured after it")
    parser.add_argument("--scale", type=float, default=0.02, metavar="X",
                        help="share of the full size: 10,000 streams, 10,000 consumers, 10 M messages (default 0.02)")
    parser.add_argument("--sync", choices=("always", "interval"), default="always",
                        help="of the server under test; the peer always has its default, an interval")
    parser.add_argument("--only", default=",".join(SCENARIOS), metavar="A,B", help="of %s" % ", ".join(SCENARIOS))
    parser.add_argument("--dir", help="where store directories are made (default: the system's folder for temporary files)")
    options = parser.parse_args()
    base = tempfile.mkdtemp(prefix="scale-", dir=options.dir)
    figures, failed = {}, 0
    try:
        for name, binary in (("midge", options.server), ("peer", options.peer)):
            if not binary:
                continue
            figures[name] = {}
            for scenario in options.only.split(","):
                print("%s, %s:" % (scenario, name), flush=True)
                place = None
                try:
                    place = Place(os.path.abspath(binary), base, options.sync if name == "midge" else "always")
                    SCENARIOS[scenario].run(place, options.scale)
                    figures[name][scenario] = place.figures
                except (Failed, Failure, OSError):
                    failed += 1
                    print("FAILED\n" + traceback.format_exc(), flush=True)
                    if place:
                        print(place.server.log()[-3000:])
                finally:
                    if place:
                        place.server.discard()
    finally:
        kill_all()
        shutil.rmtree(base, ignore_errors=True)
    if figures and any(figures.values()):
        print(table(figures))
    print("scale: %s" % ("%d failed" % failed if failed else "passed"))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
