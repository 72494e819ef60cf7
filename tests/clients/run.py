#!/usr/bin/env python3
"""Drives a nats-server binary with real clients. See README.md."""

import argparse
import concurrent.futures
import os
import shutil
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from harness import environments, processes  # noqa: E402
from harness.checks import FEATURES, expected  # noqa: E402
from harness.credentials import Credentials  # noqa: E402
from harness.servers import Servers  # noqa: E402
from harness.suites import FAIL, OK, SKIP, Result, Suite  # noqa: E402

PRINT = threading.Lock()


def arguments():
    names = ",".join(environments.SUITES)
    parser = argparse.ArgumentParser(description="End-to-end suites with real NATS clients.")
    parser.add_argument("--server", help="binary under test")
    parser.add_argument("--only", metavar="A,B", help="suites to run, of " + names)
    parser.add_argument("--check", metavar="A,B", help="only checks whose name contains one of these texts")
    parser.add_argument("--without", default="", metavar="A,B",
                        help="features that are not there; what needs them is left out, of " + ",".join(FEATURES))
    parser.add_argument("-j", type=int, default=3, metavar="N", help="suites at a time (default 3)")
    parser.add_argument("--limit", type=int, default=300, metavar="S", help="seconds a suite may take (default 300)")
    parser.add_argument("--list", action="store_true", help="print suites and checks")
    parser.add_argument("--prepare", action="store_true", help="make the environments and stop")
    parser.add_argument("--keep", action="store_true", help="keep the run's directory (logs, configurations)")
    chosen = parser.parse_args()
    chosen.suites = [name for name in (chosen.only or names).split(",") if name]
    unknown = [name for name in chosen.suites if name not in environments.SUITES]
    if unknown:
        parser.error("unknown suite %s; there are %s" % (", ".join(unknown), names))
    if not chosen.server and not (chosen.list or chosen.prepare):
        parser.error("--server is missing")
    if chosen.server:
        chosen.server = shutil.which(chosen.server)
        if not chosen.server:
            parser.error("--server is not an executable file")
        chosen.server = os.path.abspath(chosen.server)
    return chosen


def wanted(suite, chosen):
    texts = [text for text in (chosen.check or "").split(",") if text]
    return [name for name in expected(suite, chosen.without.split(",")) if not texts or any(text in name for text in texts)]


def show(result):
    with PRINT:
        print(result.line(), flush=True)
    return result


def prepare(suites, run_dir):
    """Suite name to its command, or to an Unavailable. One after the other: a build has the machine for itself."""
    commands = {}
    for name in suites:
        work = os.path.join(run_dir, name)
        os.makedirs(work)
        try:
            commands[name] = environments.SUITES[name](work)
        except environments.Unavailable as error:
            commands[name] = error
    return commands


def run_suite(name, command, chosen, run_dir, credentials):
    checks = wanted(name, chosen)
    if isinstance(command, environments.Unavailable):
        return [show(Result(name, check, FAIL, 0.0, "no environment: %s" % command)) for check in checks[:1]]
    if not checks:
        return []
    directory = os.path.join(run_dir, name)
    servers = Servers(chosen.server, os.path.join(directory, "servers"), credentials.config)
    suite = Suite(name, command, checks, servers, directory, credentials.environment, chosen.limit)
    try:
        return [show(result) for result in suite.results()]
    finally:
        servers.close()


def table(results, seconds):
    """Prints a line per suite; True when nothing failed."""
    print("\n%-14s %5s %5s %5s %8s" % ("suite", "ok", "FAIL", "skip", "seconds"))
    for name in dict.fromkeys(result.suite for result in results):
        mine = [result for result in results if result.suite == name]
        count = {status: sum(result.status == status for result in mine) for status in (OK, FAIL, SKIP)}
        spent = sum(result.seconds for result in mine)
        print("%-14s %5d %5d %5d %8.1f" % (name, count[OK], count[FAIL], count[SKIP], spent))
    failed = [result for result in results if result.status == FAIL]
    print("%d checks, %d failed, %.1f s" % (len(results), len(failed), seconds))
    for result in failed:
        print(result.line())
    return not failed


def main():
    chosen = arguments()
    if chosen.list:
        for name in chosen.suites:
            print("%s: %s" % (name, " ".join(expected(name, chosen.without.split(",")))))
        return 0
    processes.end_with_signals()
    run_dir = tempfile.mkdtemp(prefix="client-suites-")
    passed = False
    try:
        environments.need_command("openssl", "openssl")
        commands = prepare(chosen.suites, run_dir)
        if chosen.prepare:
            for name, command in commands.items():
                print("%s: %s" % (name, command if isinstance(command, Exception) else "ready"))
            passed = not any(isinstance(command, Exception) for command in commands.values())
            return 0 if passed else 1
        started = time.monotonic()
        credentials = Credentials(os.path.join(run_dir, "credentials"))
        with concurrent.futures.ThreadPoolExecutor(max(chosen.j, 1)) as pool:
            runs = [pool.submit(run_suite, name, command, chosen, run_dir, credentials)
                    for name, command in commands.items()]
            results = [result for run in runs for result in run.result()]
        passed = table(results, time.monotonic() - started)
        return 0 if passed else 1
    except environments.Unavailable as error:
        print("cannot run: %s" % error, file=sys.stderr)
        return 1
    finally:
        if chosen.keep or not passed:
            print("logs: %s" % run_dir)
        else:
            shutil.rmtree(run_dir, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
