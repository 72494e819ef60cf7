#!/usr/bin/env python3
"""Runs the black-box conformance suite against a nats-server binary. See README.md."""

import argparse
import fnmatch
import glob
import importlib
import json
import os
import queue
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
import xml.etree.ElementTree as xml

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from lib.check import Failure, Skip  # noqa: E402
from lib.context import Context, Run  # noqa: E402
from lib.registry import TESTS  # noqa: E402
from lib.server import kill_all  # noqa: E402

PASS, FAIL, SKIP, NOT_YET, BETTER = "pass", "FAIL", "skip", "not yet", "better"


class Result:
    """Outcome of one test. `status`: pass, FAIL, skip, not yet, better (the peer differs, as documented)."""

    def __init__(self, test, status, seconds=0.0, text=""):
        self.test = test
        self.status = status
        self.seconds = seconds
        self.text = text


def arguments():
    parser = argparse.ArgumentParser(description="Black-box conformance suite for nats-server binaries.")
    parser.add_argument("--server", help="binary under test")
    parser.add_argument("--peer", help="reference binary; the second server of cluster tests is then this one")
    parser.add_argument("--only", action="append", metavar="PATTERN",
                        help="run tests whose name contains PATTERN or matches it as a glob (repeatable)")
    parser.add_argument("--without", default="", metavar="A,B", help="features reported as 'not yet', not run")
    parser.add_argument("-j", type=int, default=4, metavar="N", help="tests at a time (default 4)")
    parser.add_argument("--list", action="store_true", help="print the names of the tests")
    parser.add_argument("--count", action="store_true", help="print the table of items only")
    parser.add_argument("--junit", metavar="FILE", help="write a JUnit report")
    parser.add_argument("--json", metavar="FILE", help="write a JSON report")
    parser.add_argument("--keep", action="store_true", help="keep the run's directory")
    return parser.parse_args()


def discover():
    """Imports every test module next to this file; returns the names of those that cannot be imported."""
    broken = []
    for path in sorted(glob.glob(os.path.join(HERE, "*.py"))):
        name = os.path.basename(path)[:-3]
        if name == "run":
            continue
        try:
            importlib.import_module(name)
        except Exception:
            broken.append(name)
            print("cannot import %s:\n%s" % (name, traceback.format_exc()), file=sys.stderr)
    TESTS.sort(key=lambda test: (test.sheet, test.item, test.name))
    return broken


def load_items():
    """{sheet: {number: title}} of items/*.json."""
    sheets = {}
    for path in sorted(glob.glob(os.path.join(HERE, "items", "*.json"))):
        with open(path, encoding="utf-8") as source:
            data = json.load(source)
        sheets[data["sheet"]] = {entry["number"]: entry["title"] for entry in data["items"]}
    return sheets


def wanted(test, patterns):
    return not patterns or any(part in test.name or fnmatch.fnmatch(test.name, part) for part in patterns)


def execute(test, run):
    """Runs one test in a thread of its own, so that a hanging one can be given up."""
    context = Context(run, test.name)
    outcome = {}

    def body():
        try:
            test.function(context)
            outcome["status"] = PASS
        except Skip as reason:
            outcome.update(status=SKIP, text=str(reason))
        except Failure as failure:
            frames = [frame for frame in traceback.extract_tb(failure.__traceback__)
                      if os.path.dirname(frame.filename) == HERE]
            where = " <- ".join("%s:%d" % (os.path.basename(frame.filename), frame.lineno)
                                for frame in reversed(frames))
            outcome.update(status=FAIL, text="%s\n  at %s" % (failure, where))
        except BaseException:
            outcome.update(status=FAIL, text=traceback.format_exc())

    started = time.monotonic()
    thread = threading.Thread(target=body, name=test.name, daemon=True)
    thread.start()
    thread.join(test.timeout)
    if thread.is_alive():
        context.kill_servers()
        thread.join(5.0)
        outcome = {"status": FAIL, "text": "still running after %.0f s; then: %s"
                   % (test.timeout, outcome.get("text", "?"))}
    seconds = time.monotonic() - started
    logs = context.finish(outcome["status"] == FAIL)
    if outcome["status"] == FAIL and test.better and run.is_peer:
        outcome["status"] = BETTER
    text = outcome.get("text", "")
    if outcome["status"] == FAIL and logs:
        text += "\n" + "\n".join(logs)
    return Result(test, outcome["status"], seconds, text)


def run_all(tests, run, threads, without):
    """Runs the tests; prints a line for each."""
    results = []
    lock = threading.Lock()
    due = []
    for test in tests:
        missing = [need for need in test.needs if need in without]
        if missing:
            results.append(Result(test, NOT_YET, 0.0, "needs " + ", ".join(missing)))
        else:
            due.append(test)
    total = len(due)

    def report(result):
        with lock:
            results.append(result)
            done = sum(1 for entry in results if entry.status != NOT_YET)
            note = "" if result.status in (PASS, FAIL) else " (%s)" % result.text.split("\n")[0][:160]
            print("[%d/%d] %-7s %6.2fs %s%s" % (done, total, result.status, result.seconds, result.test.name, note))
            if result.status == FAIL:
                print("    " + result.text.replace("\n", "\n    "))
            sys.stdout.flush()

    jobs = queue.Queue()
    for test in sorted((test for test in due if not test.exclusive), key=lambda test: not test.slow):
        jobs.put(test)

    def work():
        while True:
            try:
                test = jobs.get_nowait()
            except queue.Empty:
                return
            report(execute(test, run))

    workers = [threading.Thread(target=work, daemon=True) for _ in range(max(1, threads))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for test in due:
        if test.exclusive:
            report(execute(test, run))
    results.sort(key=lambda result: (result.test.sheet, result.test.item, result.test.name))
    return results


def table(sheets, results):
    """Lines of the table: one row a sheet, counted in items."""
    rows = [("sheet", "items", "tested", "tests", "passing", "failing", "better", "skipped", "not yet")]
    reasons = {}
    names = sorted(set(sheets) | {test.sheet for test in TESTS})
    for sheet in names:
        tests = [test for test in TESTS if test.sheet == sheet]
        items = sheets.get(sheet, {})
        by_item = {}
        for result in results or []:
            if result.test.sheet == sheet:
                by_item.setdefault(result.test.item, []).append(result)
                if result.status in (SKIP, NOT_YET):
                    key = "%s: %s: %s" % (sheet, result.status, result.text)
                    reasons[key] = reasons.get(key, 0) + 1
        counts = {PASS: 0, FAIL: 0, BETTER: 0, SKIP: 0, NOT_YET: 0}
        for item_results in by_item.values():
            states = {result.status for result in item_results}
            for status in (FAIL, NOT_YET, SKIP, BETTER, PASS):
                if status in states:
                    counts[status] += 1
                    break
        row = [sheet, len(items) or "?", len({test.item for test in tests}), len(tests)]
        row += [counts[status] if results is not None else "-" for status in (PASS, FAIL, BETTER, SKIP, NOT_YET)]
        rows.append(tuple(str(cell) for cell in row))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                       for i, (cell, width) in enumerate(zip(row, widths))) for row in rows]
    for sheet in names:
        known = sheets.get(sheet, {})
        tested = {test.item for test in TESTS if test.sheet == sheet}
        missing = sorted(set(known) - tested)
        if missing:
            lines.append("%s: no test for %s" % (sheet, ", ".join(map(str, missing))))
        unknown = sorted(tested - set(known))
        if unknown:
            lines.append("%s: not in items/: %s" % (sheet, ", ".join(map(str, unknown))))
    lines += ["%s (%d)" % entry for entry in sorted(reasons.items())]
    return lines


def write_json(path, results, sheets):
    with open(path, "w", encoding="utf-8") as out:
        json.dump([{"name": result.test.name, "sheet": result.test.sheet, "item": result.test.item,
                    "title": sheets.get(result.test.sheet, {}).get(result.test.item, ""),
                    "status": result.status.lower(), "seconds": round(result.seconds, 3), "text": result.text}
                   for result in results], out, indent=1)
        out.write("\n")


def write_junit(path, results):
    suite = xml.Element("testsuite", name="conformance", tests=str(len(results)),
                        failures=str(sum(result.status == FAIL for result in results)))
    for result in results:
        case = xml.SubElement(suite, "testcase", classname=result.test.sheet, name=result.test.name,
                              time="%.3f" % result.seconds)
        clean = "".join(c for c in result.text if c in "\n\t" or 32 <= ord(c) < 0xD800)
        if result.status == FAIL:
            xml.SubElement(case, "failure", message=clean.split("\n")[0]).text = clean
        elif result.status != PASS:
            xml.SubElement(case, "skipped", message="%s: %s" % (result.status, clean.split("\n")[0]))
    xml.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def main():
    options = arguments()
    broken = discover()
    sheets = load_items()
    tests = [test for test in TESTS if wanted(test, options.only)]
    if options.list:
        for test in tests:
            notes = (["needs " + ", ".join(test.needs)] if test.needs else []) + (["better"] if test.better else [])
            print(test.name + (" (%s)" % "; ".join(notes) if notes else ""))
        return 0
    if options.count:
        print("\n".join(table(sheets, None)))
        return 0
    if not options.server:
        sys.exit("--server is missing")
    binary = os.path.abspath(options.server)
    if not os.access(binary, os.X_OK):
        sys.exit("no such binary: " + binary)
    peer = os.path.abspath(options.peer) if options.peer else None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    directory = tempfile.mkdtemp(prefix="conformance-")
    run = Run(binary, peer, directory)
    started = time.monotonic()
    try:
        results = run_all(tests, run, options.j, set(filter(None, options.without.split(","))))
    finally:
        run.pool.close()
        kill_all()
        if not options.keep:
            shutil.rmtree(directory, ignore_errors=True)
    print()
    print("\n".join(table(sheets, results)))
    failed = [result for result in results if result.status == FAIL]
    print("%d tests, %d failed, %.0f s%s" % (len(results), len(failed), time.monotonic() - started,
                                            " (reference server)" if run.is_peer else ""))
    for result in failed:
        print("FAIL " + result.test.name)
    for name in broken:
        print("FAIL module " + name)
    if options.json:
        write_json(options.json, results, sheets)
    if options.junit:
        write_junit(options.junit, results)
    return 1 if failed or broken else 0


if __name__ == "__main__":
    sys.exit(main())
