#!/usr/bin/env python3
"""Checks what `midge-bench compare` wrote: text, Markdown and JSON have the same rows, each workload was measured on
both servers, and the ratios are those of the medians. No figure is judged.

usage: check_output.py TEXT MARKDOWN JSON
"""

import json
import sys

FIELDS = {"rate", "cpu_ns", "p50_us", "p99_us", "memory", "start_ms"}
RATIOS = {"rate", "cpu", "p50", "p99", "memory", "start"}
COLUMNS = 10
# Largest relative difference of two ways to divide.
TINY = 1e-9


def fail(text):
    sys.exit("check_output: " + text)


def cells(line):
    """The cells of a row of a Markdown table."""
    if not (line.startswith("| ") and line.endswith(" |")):
        fail("no row of a table: %r" % line)
    return [cell.strip() for cell in line[2:-2].split(" | ")]


def check_row(row):
    title = row["title"]
    if row["error"] is not None:
        fail("%s: %s" % (title, row["error"]))
    servers = {server["server"]: server for server in row["servers"]}
    if not {"midge", "peer"} <= set(servers) <= {"midge", "peer", "relay"}:
        fail("%s: measured were %s" % (title, sorted(servers)))
    for name, server in servers.items():
        for turn in [server["median"], *server["turns"]]:
            if set(turn) != FIELDS:
                fail("%s, %s: fields %s" % (title, name, sorted(turn)))
            if any(value is not None and not value >= 0 for value in turn.values()):
                fail("%s, %s: %s" % (title, name, turn))
        if not server["turns"] or all(value is None for value in server["median"].values()):
            fail("%s, %s: nothing was measured" % (title, name))
    if set(row["ratios"]) != RATIOS:
        fail("%s: ratios %s" % (title, sorted(row["ratios"])))
    midge, peer = servers["midge"]["median"], servers["peer"]["median"]
    for ratio, above, below in (("rate", midge["rate"], peer["rate"]), ("cpu", peer["cpu_ns"], midge["cpu_ns"])):
        found = row["ratios"][ratio]
        wanted = above / below if above is not None and below else None
        same = found == wanted or (found is not None and wanted is not None and abs(found - wanted) <= TINY * wanted)
        if not same:
            fail("%s: ratio %s is %s, not %s" % (title, ratio, found, wanted))


def main():
    text_path, markdown_path, json_path = sys.argv[1:]
    with open(json_path, encoding="utf-8") as source:
        rows = json.load(source)
    with open(markdown_path, encoding="utf-8") as source:
        markdown = [cells(line) for line in source.read().splitlines()]
    with open(text_path, encoding="utf-8") as source:
        text = source.read().splitlines()
    if not rows:
        fail("no row")
    for row in rows:
        check_row(row)
    if [len(line) for line in markdown] != [COLUMNS] * (len(rows) + 2):
        fail("columns of the Markdown: %s" % [len(line) for line in markdown])
    titles = [row["title"] for row in rows]
    if [line[0] for line in markdown[2:]] != titles:
        fail("rows of the Markdown: %s" % [line[0] for line in markdown[2:]])
    if len(text) != len(rows) + 1 or not all(line.startswith(title) for line, title in zip(text[1:], titles)):
        fail("rows of the text: %s" % text)
    for row, line in zip(rows, markdown[2:]):
        for ratio, column in (("rate", 3), ("cpu", 6)):
            value = row["ratios"][ratio]
            if line[column] != ("" if value is None else "%.1f×" % value):
                fail("%s: the table says %r, the JSON %r" % (row["title"], line[column], value))
    print("%d workloads, three forms, the same figures" % len(rows))


main()
