"""docs/CLI.md from its first line to its last: what it promises is what happens."""

import os
import re
import signal
import subprocess

from tool import *

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "CLI.md")


def steps():
    """(command, expected text) of all console blocks."""
    with open(PAGE, encoding="utf-8") as source:
        text = source.read()
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, expected = part.partition("\n")
            found.append((command, expected))
    return found


def fits(expected, text):
    """Whether the text is as expected; `…` stands for anything."""
    if expected.endswith("\n…"):
        # Something may follow, or nothing.
        expected = expected[:-2] + "…"
    pattern = ".*".join(re.escape(piece) for piece in expected.split("…"))
    return re.fullmatch(pattern, text, re.S)


def kill_group(group):
    """Ends all processes of a group that are left."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass


@case(21, slow=True, timeout=180.0)
def the_walk_through_of_the_documentation(ctx):
    tool = nats(ctx, config='jetstream { store_dir: "js" }\n')
    os.symlink(tool.binary, tool.path("nats"))
    env = dict(tool.env, PATH=tool.home + ":" + tool.env["PATH"])
    del env["NATS_URL"]
    done = steps()
    check(len(done) > 15, "the page has only %d steps" % len(done))
    wrong = []
    for command, expected in done:
        # The test's server is on a port of its own.
        line = command.replace("localhost:4222", "localhost:%d" % tool.server.port)
        shell = subprocess.Popen(["/bin/bash", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 cwd=tool.home, env=env, stdin=subprocess.DEVNULL, start_new_session=True)
        # What goes on in the background ends with the test.
        ctx.later(lambda group=shell.pid: kill_group(group))
        out, _ = shell.communicate(timeout=60)
        text = out.decode("utf-8", "replace").replace("localhost:%d" % tool.server.port, "localhost:4222")
        if not fits(expected.rstrip("\n"), text.rstrip("\n")):
            wrong.append("%s\nexpected:\n%s\ngot:\n%s" % (command, expected, text))
    check(not wrong, "\n\n".join(wrong))
