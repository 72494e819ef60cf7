"""Failure paths of every command family: no server, wrong credentials, no permission, no JetStream, bad flags, a broken context,
a full disk. Each ends with a message that says what is wrong and exit code 1, and leaves no half-written file."""

import os
import re
import subprocess

from lib.process import free_ports
from tool import *

# One command of each family that connects, with what it needs to come that far.
CONNECTING = (
    ("publish", "a", "x"), ("publish", "a", "x", "-J"), ("subscribe", "a"), ("subscribe", "--stream", "S", "--all"),
    ("request", "a", "x"), ("reply", "a", "x"), ("bench", "pub", "a", "--msgs", "1"), ("bench", "sub", "a", "--msgs", "1"),
    ("bench", "js", "pub", "sync", "a", "--msgs", "1"), ("bench", "kv", "put", "--msgs", "1"), ("bench", "service", "request", "a", "--msgs", "1"),
    ("stream", "ls"), ("stream", "add", "S", "--subjects", "s", "--defaults"), ("stream", "info", "S"), ("stream", "report"),
    ("stream", "rm", "S", "-f"), ("stream", "purge", "S", "-f"), ("stream", "get", "S", "1"), ("stream", "backup", "S", "out"),
    ("stream", "find"), ("stream", "copy", "S", "T"), ("stream", "subjects", "S"),
    ("consumer", "ls", "S"), ("consumer", "add", "S", "C", "--pull", "--defaults"), ("consumer", "info", "S", "C"),
    ("consumer", "next", "S", "C"), ("consumer", "rm", "S", "C", "-f"), ("consumer", "report", "S"),
    ("kv", "ls"), ("kv", "add", "B"), ("kv", "get", "B", "k"), ("kv", "put", "B", "k", "v"), ("kv", "watch", "B"), ("kv", "history", "B", "k"),
    ("object", "ls"), ("object", "add", "B"), ("object", "get", "B", "o"), ("object", "put", "B", "--name", "o"), ("object", "watch", "B"),
    ("counter", "get", "c"), ("counter", "increment", "c", "1"), ("service", "list"), ("service", "ping"), ("service", "serve", "demo"),
    ("events", "--js-advisory", "--no-srv-advisory"), ("trace", "a"), ("latency", "--server-b", "127.0.0.1:1", "--duration", "10ms"),
    ("schema", "request", "$JS.API.INFO"), ("account", "info"), ("account", "backup", "out", "-f"), ("account", "report", "statistics"),
    ("server", "list"), ("server", "info", "x"), ("server", "ping"), ("server", "request", "variables"), ("server", "report", "jetstream"),
    ("server", "report", "connections"), ("server", "account", "info", "A"), ("server", "config", "reload", "x", "-f"),
    ("server", "cluster", "step-down"), ("top", "x", "-o", "out"),
)
# Those among them that ask JetStream.
JETSTREAM = tuple(args for args in CONNECTING if args[0] in ("stream", "consumer", "kv", "object")
                  or args[:2] in (("bench", "kv"), ("account", "backup"), ("subscribe", "--stream"), ("counter", "get")))
# Those that publish, and wait in vain for a stream to answer.
STORING = (("publish", "a", "x", "-J"), ("bench", "js", "pub", "sync", "a", "--msgs", "1"), ("counter", "increment", "c", "1"))
# Those that need the system account.
SYSTEM_ONLY = tuple(args for args in CONNECTING if args[0] in ("server", "top") and args[1] != "ping")
# Groups and a flag that none of them has.
GROUPS = ("publish", "subscribe", "request", "reply", "rtt", "bench", "stream", "consumer", "kv", "object", "counter", "context", "server",
          "account", "auth", "events", "trace", "service", "errors", "schema", "latency", "top", "plugins", "cheat")


def ends_well_explained(tool, table, pattern, *flags):
    """Each command fails with one line that fits, prints nothing else and leaves nothing behind. What does not is listed."""
    wrong = []
    # The original makes this directory with its first run.
    os.makedirs(tool.path("data"), exist_ok=True)
    for args in table:
        # The original makes its directory for plugins.
        files = lambda: sorted(name for name in os.listdir(tool.home) if name != "data" and not name.startswith("run-"))  # noqa: E731
        before = files()
        outcome = tool.run(*args, *flags, code=None, stdin="")
        last = outcome.err.rstrip("\n").split("\n")[-1]
        left = files()
        if outcome.code != 1 or not re.search(pattern, last) or "panicked" in outcome.err or left != before:
            wrong.append("nats %s: code %s, stderr %r, stdout %r, files %r" % (
                " ".join(args), outcome.code, outcome.err[-300:], outcome.out[-200:], left))
    check(not wrong, "\n".join(wrong))


@case(12)
def no_server_anywhere(ctx):
    tool = nats(ctx, server=False)
    ends_well_explained(tool, CONNECTING, r"nats: (error: nats: )?no servers available for connection", "-s", "127.0.0.1:%d" % free_ports(1)[0],
                        "--timeout", "300ms")


@case(12)
def wrong_credentials_anywhere(ctx):
    tool = nats(ctx, config="jetstream { store_dir: js }\nauthorization { users: [ { user: u, password: p } ] }")
    ends_well_explained(tool, CONNECTING, r"nats: error: .*nats: Authorization Violation", "--user", "u", "--password", "wrong",
                        "--timeout", "300ms")


@case(83)
def no_jetstream_anywhere(ctx):
    tool = nats(ctx, config="accounts { A { users: [ { user: u, password: p } ] } }\nno_auth_user: u\n")
    ends_well_explained(tool, JETSTREAM, r"nats: error: .*(no responders available for request|[Jj]et[Ss]tream not enabled)", "--timeout", "300ms")
    ends_well_explained(tool, STORING, "nats: no responders available for request", "--timeout", "300ms")


@case(83, "deviation")
def no_permission_anywhere(ctx):
    """The original says that time is up, and not why."""
    tool = nats(ctx, config="""
jetstream { store_dir: js }
authorization { users: [ { user: u, password: p, permissions: { publish: { deny: ["$JS.API.>", "a"] } } } ] }
""")
    ends_well_explained(tool, JETSTREAM, r'nats: error: .*Permissions Violation for Publish to "\$JS\.API\.', "--user", "u", "--password",
                        "p", "--timeout", "300ms")


@case(105, "services")
def no_system_account_anywhere(ctx):
    tool = nats(ctx)
    ends_well_explained(tool, SYSTEM_ONLY, "ensure the account used has system privileges and appropriate permissions", "--timeout", "300ms")


@case(6)
def bad_flags_anywhere(ctx):
    tool = nats(ctx, server=False)
    for name in GROUPS:
        eq(tool.usage_error(name, "--no-such-flag"), "unknown long flag '--no-such-flag'", name)
        outcome = tool.run(name, "--timeout", "soon", code=1)
        matches(outcome.err, "invalid duration|required argument|a subcommand from the list below is required|required flag|"
                             "cannot pick|No subjects", name)


@case(31)
def a_broken_context_anywhere(ctx):
    tool = nats(ctx)
    tool.write("config/nats/context/bad.json", '{"url": 7')
    for args in (("publish", "a", "x"), ("stream", "ls"), ("kv", "ls"), ("object", "ls"), ("account", "info"), ("rtt", "1"),
                 ("server", "check", "connection")):
        tool.write("config/nats/context.txt", "bad")
        outcome = tool.run(*args, code=1)
        eq(outcome.out, 'The selected context "bad" was not found, unselecting it\n\n', args)
        matches(outcome.err, r"^nats: error: context not found", args)
        check(not os.path.exists(tool.path("config/nats/context.txt")), "still selected")
        # And then it goes on with the flags alone.
        check("context" not in tool.run(*args).err, args)
    for args in (("context", "info", "bad"), ("context", "edit", "bad"), ("context", "copy", "bad", "other")):
        outcome = tool.run(*args, code=1, env={"EDITOR": "true"})
        matches(outcome.err, r"^nats: error: ", args)
    eq(sorted(os.listdir(tool.path("config/nats/context"))), ["bad.json"])


@case(31, "deviation")
def a_broken_context_is_named(ctx):
    """The original says what is wrong, but not where."""
    tool = nats(ctx)
    tool.write("config/nats/context/bad.json", '{"url": 7')
    tool.write("config/nats/context.txt", "bad")
    for args in (("rtt", "1"), ("context", "info", "bad"), ("context", "edit", "bad"), ("context", "copy", "bad", "other")):
        matches(tool.error(*args, env={"EDITOR": "true"}), r"bad\.json cannot be read: ", args)


def small_disk(ctx, tool, kilobytes=64):
    """A file system below the home that is soon full; skips where none can be made."""
    path = tool.path("disk")
    os.mkdir(path)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dk" % kilobytes, "none", path], capture_output=True, check=False)
    if done.returncode != 0:
        ctx.skip("no file system can be mounted here: %s" % done.stderr.decode().strip())
    ctx.later(lambda: subprocess.run(["umount", "-l", path], capture_output=True, check=False))
    return path


FULL = "(?i)no space left on device"


@case(79, "snapshots", "deviation")
def a_full_disk_keeps_the_backup_that_was_there(ctx):
    """The original leaves half of a backup, over one that was whole."""
    tool = nats(ctx)
    disk = small_disk(ctx, tool)
    tool.run("stream", "add", "S", "--subjects", "s.>", "--defaults")
    tool.run("publish", "s.a", "small", "-J", "-q")
    tool.run("stream", "backup", "S", "disk/kept", "--no-progress")
    tool.run("stream", "add", "T", "--subjects", "t", "--defaults")
    tool.run("publish", "t", "small", "-J", "-q")
    kept = {name: open(os.path.join(disk, "kept", name), "rb").read() for name in ("backup.json", "stream.tar.s2")}
    for _ in range(3):
        tool.run("publish", "s.a", "-J", "-q", stdin=os.urandom(100_000))
    for target in ("disk/kept", "disk/new"):
        matches(tool.error("stream", "backup", "S", target, "--no-progress"), FULL)
    eq(sorted(os.listdir(disk)), ["kept"])
    eq({name: open(os.path.join(disk, "kept", name), "rb").read() for name in kept}, kept)
    # Of an account, what is whole stays.
    outcome = tool.run("account", "backup", "disk/account", "-f", code=1)
    matches(outcome.out + outcome.err, FULL)
    matches(outcome.err, "backup failed")
    eq(sorted(os.listdir(os.path.join(disk, "account"))), ["T"])
    # It comes back.
    tool.run("stream", "rm", "S", "-f")
    tool.run("stream", "restore", "disk/kept", "--no-progress")
    eq(tool.run("stream", "info", "S", "--json").json["state"]["messages"], 1)


def fill(disk):
    """No byte is left."""
    with open(os.path.join(disk, "fill"), "wb", buffering=0) as out:
        try:
            while True:
                out.write(b"x" * 4096)
        except OSError:
            pass


@case(103, "deviation")
def a_full_disk_leaves_no_half_file(ctx):
    """The original leaves files without their end, and removes those that it was to replace."""
    tool = nats(ctx)
    disk = small_disk(ctx, tool)
    tool.run("object", "add", "B")
    tool.run("object", "put", "B", "--name", "big", stdin=os.urandom(500_000))
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults", "--description", "d" * 3000)
    with open(os.path.join(disk, "old"), "w", encoding="utf-8") as out:
        out.write("old")
    matches(tool.error("object", "get", "B", "big", "-O", "disk/new", "--no-progress"), FULL)
    matches(tool.error("object", "get", "B", "big", "-O", "disk/old", "-f", "--no-progress"), FULL)
    eq(sorted(os.listdir(disk)), ["old"])
    fill(disk)
    for args in (("stream", "add", "S", "--subjects", "s", "--defaults", "--description", "d" * 4000, "--output", "disk/config"),
                 ("bench", "pub", "a", "--msgs", "100", "--clients", "50", "--csv", "disk/results", "--no-progress"),
                 ("cheat", "--save", "disk/cheats"),
                 ("auth", "nkey", "gen", "user", "--output", "disk/key"),
                 ("server", "check", "connection", "--outfile", "disk/result")):
        outcome = tool.run(*args, code=None)
        check(outcome.code != 0, outcome)
        matches(outcome.err, FULL, " ".join(args)[-40:])
        left = [name for where, _, names in os.walk(disk) for name in names]
        eq(sorted(left), ["fill", "old"], args)
    tool.env["XDG_CONFIG_HOME"] = os.path.join(disk, "config")
    outcome = tool.run("context", "add", "c", "--description", "d" * 4000, code=1)
    matches(outcome.err, FULL)
    eq([name for where, _, names in os.walk(disk) for name in names if name not in ("fill", "old")], [])
    with open(os.path.join(disk, "old"), encoding="utf-8") as source:
        eq(source.read(), "old")


@case(103, "services", "deviation")
def a_full_disk_leaves_no_half_archive(ctx):
    """The original leaves it."""
    tool = nats(ctx)
    disk = small_disk(ctx, tool)
    fill(disk)
    outcome = tool.run("audit", "gather", "-o", "disk/archive.zip", "--no-progress", *SYSTEM, code=1)
    eq(outcome.err, "nats: error: the archive cannot be written: no space left on device\n")
    eq(os.listdir(disk), ["fill"])


@case(68)
def files_are_written_through_links_and_into_pipes(ctx):
    tool = nats(ctx)
    tool.run("object", "add", "O")
    tool.write("content", "content")
    tool.run("object", "put", "O", "content", "--no-progress")
    target, link, pipe = tool.write("target", "old"), tool.path("link"), tool.path("pipe")
    os.symlink("target", link)
    os.mkfifo(pipe)
    for args, expected in ((("object", "get", "O", "content", "--no-progress", "-f", "-O"), "content"),
                           (("stream", "add", "S", "--subjects", "s", "--defaults", "--output"), '"name": "S"')):
        tool.run(*args, "link")
        check(os.path.islink(link), "the link is gone")
        with open(target, encoding="utf-8") as source:
            check(expected in source.read(), args)
        # Open for both, so that nobody waits for the other.
        end = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        tool.run(*args, "pipe")
        check(expected in os.read(end, 65536).decode(), args)
        os.close(end)
    eq(sorted(name for name in os.listdir(tool.home) if "tmp-" in name), [])
