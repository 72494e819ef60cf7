"""Servers whose store directory is looked at and changed between stop and start; contents of streams as dicts."""

import hashlib

from .check import Failure, check, eq
from .jetstream import STORE, decode, jetstream
from .storedir import Account, unpack_sample

# Payloads longer than this, or binary ones, are compared by their hash in the samples' expected files.
CONSUMER_KEYS = ("delivered", "ack_floor", "num_ack_pending", "num_redelivered", "num_pending")
STATE_KEYS = ("messages", "bytes", "first_seq", "first_ts", "last_seq", "last_ts", "num_subjects", "num_deleted", "deleted", "lost")


def own(ctx, config=STORE, **options):
    """A JetStream on a server of this test alone, with its store in the server's folder."""
    return jetstream(ctx, server=ctx.start(config, **options))


def stop(js, kill=False, **account):
    """Stops the server (or kills it); the global account of its store. `account`: `key`, `cipher`, `name`."""
    js.client.close()
    if kill:
        js.server.kill()
    else:
        js.server.stop()
    return Account(js.server.path("js"), **account)


def start(ctx, js, config=None):
    """Starts the server of `js` again (with another configuration); a new JetStream."""
    if config is not None:
        js.server.write_config(config)
    js.server.start()
    return jetstream(ctx, server=js.server)


def restart(ctx, js, kill=False):
    """Both in a row."""
    stop(js, kill)
    return start(ctx, js)


def log(js):
    """The log since the last start."""
    return js.server.log(js.server.start_mark)


def on_sample(ctx, name, config=STORE, change=None, binary=None):
    """A server on an unpacked sample: (JetStream, expected content). `change` gets the Account before the start."""
    server = ctx.start(config, binary=binary)
    server.stop()
    root = server.path("js")
    expected = unpack_sample(name, root)
    if change:
        change(Account(root))
    server.start()
    return jetstream(ctx, server=server), expected


def read_message(message):
    """A stored message in the form of the expected files."""
    import base64
    data = base64.b64decode(message.get("data", ""))
    entry = {"seq": message["seq"], "subject": message["subject"], "time": message["time"]}
    if "hdrs" in message:
        entry["headers"] = base64.b64decode(message["hdrs"]).decode()
    entry["payload"] = data
    return entry


def messages_of(js, stream, state):
    """All messages of a stream, each read by its sequence."""
    inboxes = []
    for seq in range(state["first_seq"], state["last_seq"] + 1):
        inboxes.append(js.new_inbox())
        js.send("$JS.API.STREAM.MSG.GET." + stream, {"seq": seq}, inboxes[-1])
    found = []
    for inbox in inboxes:
        reply = decode(js.reply_to(inbox).payload)
        if "error" in reply:
            eq(reply["error"]["err_code"], 10037, "error of a message get")
        else:
            found.append(read_message(reply["message"]))
    return found


def contents(js):
    """{stream: {"state", "messages", "consumers"}} of the account."""
    out = {}
    for name in js.ok("STREAM.NAMES")["streams"] or ():
        state = js.state(name, deleted_details=True)
        consumers = {}
        for info in js.ok("CONSUMER.LIST." + name)["consumers"]:
            consumers[info["name"]] = {key: _pairs(info[key]) for key in CONSUMER_KEYS}
        messages = messages_of(js, name, state) if state["messages"] else []
        # Damage shows when a block is read.
        state = js.state(name, deleted_details=True)
        if state.get("deleted") == [0]:
            # The reference tells of a deleted sequence 0 in a stream that was never used.
            state.update(deleted=None, num_deleted=None)
        out[name] = {"state": {key: state[key] for key in STATE_KEYS if state.get(key) is not None}, "consumers": consumers,
                     "messages": messages}
    return out


def _pairs(value):
    return {key: value[key] for key in ("consumer_seq", "stream_seq")} if isinstance(value, dict) else value


def same_messages(got, want, what):
    """Messages as read are those of an expected file (or of another read)."""
    eq([entry["seq"] for entry in got], [entry["seq"] for entry in want], "sequences of " + what)
    for entry, expected in zip(got, want):
        same_message(entry, expected, what)


def same_message(got, want, what):
    """One message is the expected one."""
    where = "%s message %d" % (what, want["seq"])
    for key in ("seq", "subject", "time", "headers"):
        eq(got.get(key), want.get(key), "%s of %s" % (key, where))
    if "payload" in want:
        eq(got["payload"], want["payload"], "payload of " + where)
    elif "data" in want:
        eq(got["payload"].decode(), want["data"], "payload of " + where)
    else:
        eq((len(got["payload"]), hashlib.sha256(got["payload"]).hexdigest()), (want["data_len"], want["data_sha256"]),
           "payload of " + where)


def same_contents(got, want, volatile=()):
    """Streams as read are those of an expected file; keys of `state` in `volatile` are not compared."""
    eq(sorted(got), sorted(want), "streams")
    for name in want:
        same_messages(got[name]["messages"], want[name].get("messages", []), name)
        for key in STATE_KEYS:
            if key not in volatile:
                eq(got[name]["state"].get(key), want[name]["state"].get(key), "%s of %s" % (key, name))
        eq(got[name]["consumers"], want[name].get("consumers", {}), "consumers of " + name)


def at_least(got, want, genuine):
    """Of a damaged store at least the expected messages are served, and nothing that was not stored:
    `genuine(stream, message)` tells whether a message beyond the expected ones is as it was published."""
    eq(sorted(got), sorted(want), "streams")
    for name, expected in want.items():
        read = {entry["seq"]: entry for entry in got[name]["messages"]}
        for entry in expected["messages"]:
            check(entry["seq"] in read, "%s lacks message %d" % (name, entry["seq"]))
            same_message(read.pop(entry["seq"]), entry, name)
        for entry in read.values():
            check(genuine(name, entry), "%s serves a message that was never stored: %r" % (name, entry))
        check(set(expected.get("consumers", ())) <= set(got[name]["consumers"]), "consumers of " + name)


def lines(js, pattern):
    """Fails unless a line of the log since the last start contains the pattern."""
    js.server.wait_log(pattern, since=js.server.start_mark)


def no_warnings(js, *allowed):
    """The log since the last start has no warnings or errors but those with one of the texts."""
    for line in log(js).splitlines():
        if ("[WRN]" in line or "[ERR]" in line) and not any(text in line for text in allowed):
            raise Failure("unexpected in the log: " + line)
