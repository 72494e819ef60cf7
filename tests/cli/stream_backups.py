"""stream backup, restore: item 79."""

import base64
import json
import os
import re
import stat
import subprocess

from streams import API, filled
from tool import *


@case(79, "snapshots")
def a_backup_brings_a_stream_back(ctx):
    tool = nats(ctx)
    filled(tool)
    tool.run("consumer", "add", "ORDERS", "C", "--pull", "--defaults")
    out = tool.out("stream", "backup", "ORDERS", "kept")
    matches(out, r'^Starting backup of Stream "ORDERS" with [\d.]+ K?i?B\n\n done! \[[\d.]+ K?i?B in \d+m?s; .*/s\]\n\n'
                 r'Received [\d.]+ K?i?B compressed data in 1 chunks for stream "ORDERS" in \d+m?s, [\d.]+ K?i?B uncompressed \n$')
    eq(sorted(os.listdir(tool.path("kept"))), ["backup.json", "stream.tar.s2"])
    eq(stat.S_IMODE(os.stat(tool.path("kept")).st_mode), 0o700)
    with open(tool.path("kept", "backup.json"), encoding="utf-8") as source:
        about = json.load(source)
    eq((list(about), about["config"]["name"], about["state"]["messages"]), (["config", "state"], "ORDERS", 5))
    eq(list(about["config"])[:6], ["name", "subjects", "retention", "max_consumers", "max_msgs_per_subject", "max_msgs"])
    eq(tool.error("stream", "restore", "kept"), 'Stream "ORDERS" already exist')
    tool.run("stream", "rm", "ORDERS", "-f")
    outcome = tool.run("stream", "restore", "kept", "--no-progress")
    matches(outcome.out, r'^Starting restore of Stream "ORDERS" from file "kept"\n\n\nRestored stream "ORDERS" in 0s\n\nInformation for Stream ')
    eq(outcome.logs, ['Starting restore of "ORDERS" from kept/stream.tar.s2 using 1 chunks',
                      "Sent 1 chunks, server will now restore the snapshot, this might take a long time"])
    matches(tool.out("stream", "get", "ORDERS", "5"), "\n\nmsg 5\n")
    eq(tool.out("consumer", "ls", "ORDERS", "-n"), "C\n")
    tool.run("stream", "rm", "ORDERS", "-f")
    matches(tool.out("stream", "restore", "kept"), r'^Starting restore of Stream "ORDERS" from file "kept"\n\n done! \[65\.54KB in \d+m?s; .*B/s\]\n'
                                                   r'\nRestored stream "ORDERS" in 0s\n\nInformation for Stream ')
    matches(tool.terminal("stream", "backup", "ORDERS", "seen").finish(), r"Received .* uncompressed")
    matches(tool.out("stream", "backup", "ORDERS", "seen", "--check"),
            r"^Starting .*\n\nHealth Check was requested, this can take a long time without progress reports\n\n done! ")
    matches(tool.out("stream", "backup", "ORDERS", "seen", "--no-progress"), r"^Starting .*\n\nReceived .* uncompressed \n$")
    # Over an older one.
    tool.run("stream", "backup", "ORDERS", "kept", "--no-consumers", "--no-progress")
    eq(sorted(os.listdir(tool.path("kept"))), ["backup.json", "stream.tar.s2"])
    eq([name for name in os.listdir(tool.home) if "backup-" in name], [])


@case(79, "snapshots")
def a_backup_that_cannot_be_made(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "MEM", "--subjects", "mem", "--storage", "memory", "--defaults")
    eq(tool.error("stream", "backup", "MEM", "x"), "snapshot failed: memory streams do not support snapshots")
    eq(tool.error("stream", "backup", "NOPE", "x"), "stream not found (10059)")
    eq(tool.error("stream", "restore", "nope"), "path 'nope' does not exist")
    os.mkdir(tool.path("empty"))
    eq(tool.error("stream", "restore", "empty"), "restore failed: open empty/backup.json: no such file or directory")
    tool.write("empty/backup.json", "{")
    matches(tool.error("stream", "restore", "empty"), "^restore failed: ")
    tool.write("empty/backup.json", json.dumps({"config": {"name": "E", "subjects": ["e"]}, "state": {}}))
    eq(tool.error("stream", "restore", "empty"), "restore failed: stat empty/stream.tar.s2: no such file or directory")
    tool.write("empty/stream.tar.s2", "junk")
    eq(tool.error("stream", "restore", "empty"), "restore failed: restore failed: s2: corrupt input (10062)")
    eq(tool.out("stream", "ls", "-n"), "MEM\n")


@case(79, "snapshots", "deviation")
def a_restored_stream_is_shown_by_its_name(ctx):
    """The original shows no name."""
    tool = nats(ctx)
    filled(tool)
    tool.run("stream", "backup", "ORDERS", "kept", "--no-progress")
    tool.run("stream", "rm", "ORDERS", "-f")
    matches(tool.out("stream", "restore", "kept"), r"\nInformation for Stream ORDERS created ")


@case(79, "snapshots")
def a_backup_of_many_chunks(ctx):
    tool = nats(ctx)
    js = filled(tool, count=0)
    for _ in range(20):
        body = os.urandom(100_000)
        js.publish("orders.x", body)
    out = tool.out("stream", "backup", "ORDERS", "kept", "--chunk-size", "64KB", "--window-size", "128KB", "--no-progress")
    # Compressed or not, random bytes are 2 MB.
    check(int(re.search(r"in (\d+) chunks", out).group(1)) > 25, out)
    # Consumers may be left out; another configuration may be used.
    config = tool.run("stream", "info", "ORDERS", "-j").json["config"]
    config["description"] = "restored"
    tool.run("stream", "rm", "ORDERS", "-f")
    other = dict(config, name="OTHER")
    eq(tool.error("stream", "restore", "kept", "--config", tool.write("o.json", json.dumps(other))),
       "stream names may not be changed during restore")
    tool.run("stream", "restore", "kept", "--config", tool.write("c.json", json.dumps(config)))
    info = tool.run("stream", "info", "ORDERS", "-j").json
    eq((info["state"]["messages"], info["config"]["description"]), (20, "restored"))
    message = tool.run("stream", "get", "ORDERS", "20", "--json").json
    eq(base64.b64decode(message["data"]), body)


@case(79, "snapshots", "deviation")
def a_backup_that_fails_leaves_nothing(ctx):
    """The original leaves half of a backup, over one that was whole."""
    tool = nats(ctx)
    js = filled(tool, count=0)
    for _ in range(10):
        js.publish("orders.x", os.urandom(100_000))
    tool.run("stream", "backup", "ORDERS", "old", "--no-progress")
    before = os.path.getmtime(tool.path("old", "stream.tar.s2"))
    for target in ("new", "old"):
        # No file may become larger than 64 blocks, which stands for a full disk.
        process = subprocess.run(
            ["sh", "-c", 'trap "" XFSZ; ulimit -f 64; exec "$0" stream backup ORDERS "$1" --no-progress', tool.binary, target],
            cwd=tool.home, env=tool.env, capture_output=True, timeout=60, check=False)
        eq(process.returncode, 1)
        eq(process.stderr.decode(), "nats: error: snapshot failed: write %s/stream.tar.s2: file too large\n" % target)
    check(not os.path.exists(tool.path("new")), "half a backup is there")
    eq(os.path.getmtime(tool.path("old", "stream.tar.s2")), before)
    eq([name for name in os.listdir(tool.home) if "backup-" in name], [])


def pretending(tool, args, answers):
    """A run against an API that a test plays: `answers` gives the reply to each request by its name."""
    client = tool.ctx.client(tool.server, headers=True, no_responders=True)
    client.sub("fake.>")
    client.send("PING\r\n")
    client.expect_pong()
    run = tool.start(*args, "--js-api-prefix", "fake")
    for name, answer in answers:
        frame = client.expect_msg(subject="fake." + name)
        if callable(answer):
            answer(client, frame)
        else:
            client.pub(frame.reply, json.dumps(answer))
    return run.wait(code=1).err


def stream_info(js, name):
    """An answer with the information about a stream that there is."""
    return js.ok("STREAM.INFO." + name)


@case(79)
def a_server_without_snapshots(ctx):
    tool = nats(ctx)
    info = stream_info(filled(tool), "ORDERS")
    missing = {"type": API + "stream_info_response", "error": {"code": 404, "err_code": 10059, "description": "stream not found"}}
    refused = {"error": {"code": 503, "err_code": 10076, "description": "JetStream not enabled"}}
    answer = lambda kind: dict(refused, type=API + kind)  # noqa: E731
    eq(pretending(tool, ("stream", "backup", "ORDERS", "kept"),
                  [("STREAM.INFO.ORDERS", info), ("STREAM.SNAPSHOT.ORDERS", answer("stream_snapshot_response"))]),
       "nats: error: snapshot failed: JetStream not enabled (10076)\n")
    os.mkdir(tool.path("old"))
    tool.write("old/backup.json", json.dumps({"config": info["config"], "state": info["state"]}))
    tool.write("old/stream.tar.s2", "x")
    err = pretending(tool, ("stream", "restore", "old", "--no-progress"),
                     [("STREAM.INFO.ORDERS", missing), ("STREAM.RESTORE.ORDERS", answer("stream_restore_response"))])
    eq(err.splitlines()[-1], "nats: error: restore failed: JetStream not enabled (10076)")


@case(79, "deviation")
def a_backup_that_the_server_breaks_off(ctx):
    """The original leaves what came until then."""
    tool = nats(ctx)
    info = stream_info(filled(tool), "ORDERS")
    snapshot = {"type": API + "stream_snapshot_response", "config": info["config"], "state": info["state"]}

    def half(client, frame):
        deliver = json.loads(frame.payload)["deliver_subject"]
        client.pub(frame.reply, json.dumps(snapshot))
        client.pub(deliver, b"some data")
        client.pub(deliver, b"", headers=b"NATS/1.0 500 disk on fire\r\n\r\n")
    eq(pretending(tool, ("stream", "backup", "ORDERS", "kept", "--no-progress"),
                  [("STREAM.INFO.ORDERS", info), ("STREAM.SNAPSHOT.ORDERS", half)]),
       "nats: error: snapshot failed: 500 disk on fire\n")
    eq([name for name in os.listdir(tool.home) if not name.startswith("run-")], [])


@case(79, "deviation")
def a_backup_that_is_interrupted_leaves_nothing(ctx):
    """The original leaves what came until then."""
    for end, code in (("interrupt", 130), ("terminate", 143)):
        interrupted_backup(ctx, end, code)


def interrupted_backup(ctx, end, code):
    tool = nats(ctx)
    info = stream_info(filled(tool), "ORDERS")
    client = tool.ctx.client(tool.server, headers=True, no_responders=True)
    client.sub("fake.>")
    client.send("PING\r\n")
    client.expect_pong()
    run = tool.start("stream", "backup", "ORDERS", "kept", "--js-api-prefix", "fake")
    frame = client.expect_msg(subject="fake.STREAM.INFO.ORDERS")
    client.pub(frame.reply, json.dumps(info))
    frame = client.expect_msg(subject="fake.STREAM.SNAPSHOT.ORDERS")
    client.pub(frame.reply, json.dumps(info))
    client.pub(json.loads(frame.payload)["deliver_subject"], b"some data")
    wait_until(lambda: [name for name in os.listdir(tool.home) if ".ORDERS.backup-" in name], "a begun backup")
    getattr(run, end)()
    run.wait(code=code)
    eq([name for name in os.listdir(tool.home) if not name.startswith("run-")], [])


@case(79, "snapshots")
def a_damaged_backup_is_refused(ctx):
    tool = nats(ctx)
    filled(tool)
    tool.run("stream", "backup", "ORDERS", "kept", "--no-progress")
    tool.run("stream", "rm", "ORDERS", "-f")
    with open(tool.path("kept", "stream.tar.s2"), "r+b") as data:
        data.seek(30)
        data.write(b"\x00" * 40)
    err = tool.run("stream", "restore", "kept", "--no-progress", code=1).err
    matches(err, r"\nnats: error: restore failed: restore failed: .*\(10062\)\n$")
