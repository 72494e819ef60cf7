"""The examples of `nats --help` and `nats cheat`: what a newcomer can paste is understood, and does what it says. Item 141."""

import json
import os
import re
import shlex

from messaging import wait_for_interest
from tool import *

LABELS = ("account", "auth", "bench", "consumer", "context", "errors", "events", "kv", "latency", "object", "publish", "reply", "schemas",
          "server", "stream", "subscribe")
# They go on until somebody ends them.
ENDLESS = re.compile(r"nats (sub\b(?!.*--count)|reply|events|kv watch|object watch|bench service serve|sub --stream)")
# What they are told at the terminal: {beginning of the command: [(question, answer)]}.
ASKED = {
    "nats stream add\n": [("Stream Name", "ASKED"), ("Subjects", "asked.>")] + [("?", "")] * 13,
    "nats stream rmm": [("Really remove message", "y")],
    "nats stream purge": [("Really purge Stream", "y")],
    "nats stream edit": [("Really edit Stream", "y")],
    "nats consumer pause": [("Really pause", "y")],
    "nats consumer resume": [("Really resume", "y")],
    "nats consumer rm": [("Really delete Consumer", "y")],
    "nats kv revert": [("Really revert to revision", "y")],
    "nats kv del CONFIG color": [("Delete key", "y")],
    "nats kv del CONFIG\n": [("Delete bucket", "y")],
    "nats object del": [("Delete", "y")],
    "nats account backup": [("Perform backup", "y")],
    "nats server passwd": [("Enter password", "long enough"), ("Re-enter password", "long enough")],
}


def commands(text):
    """The lines of a text that can be pasted."""
    found = [re.sub(r"\s+#.*", "", line.strip()) for line in text.splitlines()]
    return [line for line in found if line.startswith("nats ")]


def help_examples(tool):
    """Those of the help; the original has none there, and in its sheets placeholders that nobody can paste."""
    text = tool.out("--help")
    found = commands(text[text.index("\nExamples:"):])
    check(len(found) > 4, text)
    return found


class Tour:
    """A user who pastes."""

    def __init__(self, tool, **words):
        self.tool = tool
        self.words = words
        self.pasted = 0

    def paste(self, line):
        """Runs a line to its end; what has no end is started and must live."""
        for word, value in self.words.items():
            line = line.replace(word, value)
        args = shlex.split(line)[1:]
        self.pasted += 1
        asked = next((answers for start, answers in ASKED.items() if (line + "\n").startswith(start)), None)
        if ENDLESS.match(line):
            # It ends with an error, or has something to say, or waits.
            run = self.tool.start(*args)
            poll(lambda: run.process.poll() is not None or run.out or run.err, timeout=2.0)
            check(run.process.poll() in (None, 0), "%s: %s %r %r" % (line, run.process.poll(), run.out, run.err))
            return run
        if asked:
            terminal = self.tool.terminal(*args, rows=60)
            for question, answer in asked:
                terminal.answer(question, answer)
                if question == "?":
                    poll(lambda: terminal.ended, timeout=0.1)
            terminal.finish(timeout=30.0)
            return None
        return self.tool.run(*args, stdin="a\nb\n" if "--send-on" in line or "--name backup.tar" in line else None)

    def label(self, name, leave_out=()):
        """All lines of a cheat sheet."""
        for line in commands(self.tool.out("cheat", name)):
            if not any(line.startswith(start) for start in leave_out):
                self.paste(line)


@case(141, "deviation")
def every_example_is_understood(ctx):
    """The examples here are others than those of the original, and can be pasted as they are."""
    tool = nats(ctx, server=False)
    lines = help_examples(tool) + [line for label in LABELS for line in commands(tool.out("cheat", label))]
    check(len(lines) > 90, lines)
    # Nobody is there: what fails has to fail because of that.
    env = {"NATS_URL": "127.0.0.1:1", "NATS_TIMEOUT": "100ms"}
    for line in lines:
        plain = re.sub(r"\S*\b(localhost:4222|\w+\.example\.net:4222)", "127.0.0.1:1", line)
        outcome = tool.run(*shlex.split(plain)[1:], env=env, code=None)
        text = outcome.err.replace("invalid input: cannot prompt", "").replace("unknown context", "")
        check(not re.search(r"^error: |unknown|enum value|invalid|expected|panicked", text, re.M), "%s: %r" % (line, outcome))


@case(141, "deviation", slow=True)
def the_examples_do_what_they_say(ctx):
    """As above."""
    tool = nats(ctx)
    tool.write("image.jpg", os.urandom(50_000))
    tool.write("config.json", json.dumps({"name": "S", "storage": "file"}))
    tour = Tour(tool, **{"localhost:4222": tool.server.address, "srv1.example.net:4222": tool.server.address,
                         "srv2.example.net:4222": tool.server.address, "--duration 30s": "--duration 200ms", "--rate 5000": "--rate 500",
                         "1000000": "20000", "curl -s wttr.in/{{2}}?format=3": "echo {{2}}", "--sleep 1s": "--sleep 1ms"})
    tour.label("errors")
    tour.label("schemas")
    # Publishing to a stream needs one.
    tool.run("stream", "add", "EARLY", "--subjects", "orders.>", "--defaults")
    tour.label("publish")
    tool.run("stream", "rm", "EARLY", "-f")
    tour.label("reply")
    eq(tool.out("request", "svc.hello", "you", "--raw").strip(), "hello you")
    tour.label("stream", leave_out=("nats stream backup", "nats stream restore", "nats stream view", "nats stream get", "nats stream rmm"))
    eq(tool.out("stream", "ls", "-n"), "ASKED\nORDERS\n")
    tool.run("publish", "orders.new", "order {{Count}}", "-J", "--count", "20", "-q")
    first = tool.run("stream", "info", "ORDERS", "--json").json["state"]["first_seq"]
    for line in ("nats stream get ORDERS 1", "nats stream rmm ORDERS 1"):
        check(line in commands(tool.out("cheat", "stream")), line)
        tour.paste(line.replace(" 1", " %d" % first))
    tour.label("subscribe", leave_out=("nats sub 'orders.>' --count 10",))
    # Others listen there, too.
    listeners = lambda: sum("orders.>" in (client.get("subscriptions_list") or [])  # noqa: E731
                            for client in tool.server.connz(subs=1)["connections"])
    before = listeners()
    waiting = tool.start("sub", "orders.>", "--count", "10")
    wait_until(lambda: listeners() > before, "another subscription")
    tool.run("publish", "orders.new", "x", "--count", "10", "-q")
    waiting.wait()
    tour.label("consumer")
    tour.label("kv", leave_out=("nats kv update",))
    tour.label("object")
    with open(tool.path("image.jpg"), "rb") as image, open(tool.path("copy.jpg"), "rb") as copy:
        check(image.read() == copy.read(), "another image")
    tour.label("latency")
    # The subscriber first, as the sheet says; then it has all.
    lines = commands(tool.out("cheat", "bench"))
    subscriber = tool.start(*shlex.split(lines[0].replace("1000000", "20000"))[1:], "--no-progress")
    wait_for_interest(tool, "demo")
    tour.paste(lines[1])
    subscriber.wait()
    serving = tour.paste(lines[2])
    wait_for_interest(tool, "demo")
    tour.paste(lines[3] + " --msgs 2000")
    serving.kill()
    for line in lines[4:]:
        tour.paste(line + " --msgs 2000")
    check(tour.pasted > 60, tour.pasted)


@case(141, "deviation")
def contexts_of_the_examples(ctx):
    """As above."""
    tool = nats(ctx)
    tool.write("user.creds", "none")
    address = tool.server.address
    tool.env.pop("NATS_URL")
    tour = Tour(tool, **{"localhost:4222": address, "/path/to/user.creds": tool.path("user.creds"), "nats://nats.example.net:4222": address,
                         "nats rtt --context prod": "nats rtt --context local", "--connect": ""})
    tour.label("context")
    eq(tool.out("context", "ls", "--names"), "local\nprod\n")
    # And those of the help, from the first to the last.
    tour = Tour(tool, **{"localhost:4222": address})
    for line in help_examples(tool):
        tour.paste(line)
    eq(tool.out("stream", "ls", "-n", "-a"), "KV_CONFIG\nORDERS\n")


@case(141, "deviation", "services", "snapshots", "operator")
def the_examples_for_operators(ctx):
    """As above."""
    tool = nats(ctx, config="server_name: srv1\njetstream { store_dir: js }\naccounts { SYS { users: [ { user: sys, password: sys } ] }\n"
                            "APP { jetstream: enabled, users: [ { user: app, password: app } ] }\n}\nsystem_account: SYS\nno_auth_user: app\n")
    backup = tool.path("backup")
    tool.run("stream", "add", "ORDERS", "--subjects", "orders.>", "--defaults")
    tour = Tour(tool, **{"/path/to/backup": backup})
    tour.label("stream", leave_out=("nats stream add", "nats stream view", "nats stream get", "nats stream rmm", "nats stream restore"))
    tool.run("stream", "rm", "ORDERS", "-f")
    tour.paste("nats stream restore /path/to/backup")
    tool.run("publish", "orders.new", "x", "-J", "-q")
    tour.words["/path/to/backup"] = tool.path("account")
    tour.label("account", leave_out=("nats account restore", "nats account tls"))
    tool.run("stream", "rm", "ORDERS", "-f")
    tour.paste("nats account restore /path/to/backup")
    eq(tool.out("stream", "ls", "-n"), "ORDERS\n")
    system = Tour(tool)
    tool.env.update(NATS_USER="sys", NATS_PASSWORD="sys")
    system.label("server", leave_out=("nats server check",))
    system.label("events")
    for name in ("NATS_USER", "NATS_PASSWORD"):
        del tool.env[name]
    for line in commands(tool.out("cheat", "server")):
        if line.startswith("nats server check"):
            tour.paste(line.replace(" --peer-expect 3", ""))
    tour.label("auth", leave_out=("nats auth account push",))
    eq(tool.out("auth", "user", "ls", "ORDERS", "--names"), "alice\nsensor\n")
