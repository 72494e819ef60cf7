"""Random scenarios on the reference server and the server under test; see README.md."""

import argparse
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from dimensions import KINDS
from servers import EXTRA, Pair
from session import Difference, Known, play
from shrink import shrink

# How often a difference is looked for again before it counts: the reference has races.
AGAIN = 2
# Lines shown of a difference.
LINES = 8


class Run:
    """Plays scenarios and keeps count."""

    def __init__(self, options):
        self.options = options
        self.pair = Pair(options.peer, options.server, options.jetstream)
        self.clean, self.known, self.races, self.found = 0, {}, {}, {}
        self.stopping = []
        signal.signal(signal.SIGTERM, lambda *_: self.stopping.append(1))

    def signature(self, scenario, hurry=True):
        """What kind of difference a scenario shows, None without one."""
        if self.stopping:
            return None
        result = play(self.pair, scenario, hurry)
        return result.signature if isinstance(result, Difference) else None

    def one(self, seed):
        """Plays the scenario of a seed."""
        scenario = KINDS[self.options.kind](seed).scenario()
        result = play(self.pair, scenario)
        if result is None:
            self.clean += 1
        elif isinstance(result, Known):
            self.known[str(result)] = self.known.get(str(result), 0) + 1
        elif result.signature in self.found:
            self.found[result.signature] += 1
        else:
            self.examine(seed, dict(scenario, ops=scenario["ops"][:result.step + 1]), result)

    def examine(self, seed, scenario, result):
        """Shows a difference of a new kind, if it is there again."""
        if not all(self.signature(scenario, False) == result.signature for _ in range(AGAIN)):
            self.races[result.signature] = self.races.get(result.signature, 0) + 1
            return
        self.found[result.signature] = 1
        print("DIFFERENCE seed %d step %d: %s" % (seed, result.step, result.signature))
        if self.options.shrink:
            smaller, signature = shrink(scenario, self.signature, self.options.shrink)
            if signature == result.signature:
                scenario = smaller
                again = play(self.pair, scenario)
                result = again if isinstance(again, Difference) else result
        for at, op in enumerate(scenario["ops"]):
            print("    %2d %s" % (at, json.dumps(op)[:700]))
        for line in result.detail[:LINES]:
            print(line[:900])
        sys.stdout.flush()

    def all(self):
        """Plays the scenarios of the options; the exit code."""
        options = self.options
        started = time.monotonic()
        seed = options.seed
        try:
            while not self.stopping and seed < options.seed + options.count and time.monotonic() - started < options.seconds:
                self.one(seed)
                seed += 1
        finally:
            self.pair.stop()
        played, differ = seed - options.seed, sum(self.found.values())
        print("differential: %d scenarios (%s, seeds %d to %d), %d without a difference, %d ended at a known one, %d showed one that did"
              " not come again, %d differ; %d s" % (played, options.kind, options.seed, seed - 1, self.clean,
                                                    sum(self.known.values()), sum(self.races.values()), differ, time.monotonic() - started))
        for title, table in (("known", self.known), ("once", self.races), ("DIFFER", self.found)):
            for name, times in sorted(table.items(), key=lambda entry: -entry[1]):
                print("  %4d %s: %s" % (times, title, name[:220]))
        print("%d checks, %d failed" % (played, differ))
        return 1 if self.found else 0


def main():
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True, help="the reference server")
    parser.add_argument("--server", required=True, help="the server under test")
    parser.add_argument("--kind", choices=sorted(KINDS), default="plain")
    parser.add_argument("--jetstream", choices=sorted(EXTRA), default="", help="more of the configuration")
    parser.add_argument("--seed", type=int, default=1, help="of the first scenario")
    parser.add_argument("--count", type=int, default=100, help="how many scenarios")
    parser.add_argument("--seconds", type=float, default=10**9, help="no scenario begins after that")
    parser.add_argument("--shrink", type=int, default=220, metavar="N", help="plays to make a scenario smaller; 0: show it as it is")
    parser.add_argument("--play", metavar="FILE", help="play a scenario that was saved as JSON")
    options = parser.parse_args()
    run = Run(options)
    if options.play:
        with open(options.play) as file:
            result = play(run.pair, json.load(file))
        run.pair.stop()
        print(repr(result), *getattr(result, "detail", []), sep="\n")
        return 1 if isinstance(result, Difference) else 0
    return run.all()


if __name__ == "__main__":
    sys.exit(main())
