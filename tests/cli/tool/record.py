"""What the tests of a run have done with the tool: a line of JSON for each call, for the tests that look at all others."""

import json
import os
import sys
import threading

from lib.check import Skip

_lock = threading.Lock()


def path(run):
    """The file of a run of the suite."""
    return os.path.join(run.dir, "calls.jsonl")


def _append(run, entry):
    with _lock, open(path(run), "a", encoding="utf-8") as out:
        out.write(json.dumps(entry) + "\n")


def called(ctx, args):
    """The tool was started with these words."""
    _append(ctx.run, {"test": ctx.name, "args": args})


def validated(ctx, kinds):
    """Its output had documents of these schemas."""
    if kinds:
        _append(ctx.run, {"test": ctx.name, "kinds": sorted(set(kinds))})


def entries(run):
    """All entries so far."""
    with _lock, open(path(run), encoding="utf-8") as source:
        return [json.loads(line) for line in source]


def need_whole_run(ctx):
    """Skips a test about all other tests unless they all have run: against the reference server, nothing left out."""
    if not ctx.is_peer or {"--only", "--without"} & {word.split("=")[0] for word in sys.argv}:
        raise Skip("only with all tests against the reference server")
