#!/usr/bin/env python3
"""Runs the suite of the `nats` tool. See README.md."""

import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# The conformance suite has the runner, and servers to run against.
SUITE = os.path.join(os.path.dirname(HERE), "conformance")


def take_option(name):
    """Removes `NAME VALUE` from the command line; its value or None."""
    if name not in sys.argv[1:]:
        return None
    at = sys.argv.index(name)
    if at + 1 == len(sys.argv):
        sys.exit(name + " needs a value")
    value = sys.argv[at + 1]
    del sys.argv[at:at + 2]
    return value


def main():
    # A shell starts what it puts in the background deaf to Ctrl-C, and the tool would be, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.path[:0] = [HERE, SUITE]
    tool = take_option("--nats") or os.environ.get("MIDGE_NATS")
    size = take_option("--object-bytes")
    if size:
        os.environ["MIDGE_OBJECT_BYTES"] = size
    import importlib.util
    spec = importlib.util.spec_from_file_location("suite", os.path.join(SUITE, "run.py"))
    suite = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(suite)
    suite.HERE = HERE
    if tool:
        tool = os.path.abspath(tool)
        if not os.access(tool, os.X_OK):
            sys.exit("no such binary: " + tool)
        os.environ["MIDGE_NATS"] = tool
    elif not {"--list", "--count", "-h", "--help"} & set(sys.argv[1:]):
        sys.exit("--nats is missing")
    return suite.main()


if __name__ == "__main__":
    sys.exit(main())
