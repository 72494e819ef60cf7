"""Snapshot and restore: jetstream-streams.md 20, items 143 to 148."""

import os
import time

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")

NEED = "snapshots"


class Snapshot:
    """What a snapshot sent: `chunks`, `replies` (None for a chunk without), `end` (the header block), `reply`."""

    def __init__(self, js, name, ack=True, **body):
        deliver = js.subscribe(js.inbox + ".snapshot.%d" % id(self))
        self.reply = js.ok("STREAM.SNAPSHOT." + name, dict({"deliver_subject": deliver.subject}, **body), kind="stream_snapshot_response")
        self.chunks, self.replies = [], []
        while True:
            frame = deliver.next()
            if not frame.payload:
                self.end, self.end_reply = frame.headers, frame.reply
                break
            self.chunks.append(frame.payload)
            self.replies.append(frame.reply.decode() if frame.reply else None)
            if frame.reply and ack:
                js.send(frame.reply, b"")
        deliver.unsubscribe()

    @property
    def data(self):
        return b"".join(self.chunks)


def restore(js, name, reply, data, chunk=60000, **config):
    """Sends a restore as stream `name`; the last answer as JSON."""
    request = {"config": dict(reply["config"], name=name, **config), "state": reply["state"]}
    subject = js.ok("STREAM.RESTORE." + name, request, kind="stream_restore_response")["deliver_subject"]
    matches(subject, r"^\$JS\.SNAPSHOT\.RESTORE\.%s\.\w+$" % name, "deliver subject")
    for start in range(0, len(data), chunk):
        frame = js.ask(subject, data[start:start + chunk])
        if frame.payload:
            return validate(decode(frame.payload))
    return validate(decode(js.ask(subject, b"").payload))


def filled(js, storage="file", count=20, size=20000, **config):
    """A stream S with random (incompressible) messages, one of them deleted, and a consumer with some acks."""
    js.create("S", ["s.*"], storage=storage, **config)
    for number in range(count):
        js.pub("s.%d" % (number % 3), os.urandom(size), {"n": str(number)})
    js.delete_msg("S", 4)
    js.consumer("S", "C")
    for message in js.fetch("S", "C", 3)[:2]:
        js.ack_sync(message)


@case(143, NEED)
def errors_and_chunks(ctx):
    js = jetstream(ctx)
    filled(js)
    js.err("STREAM.SNAPSHOT.S", b"", 10003, 400, "bad request", kind="stream_snapshot_response")
    js.err("STREAM.SNAPSHOT.T", {"deliver_subject": "x"}, 10059, 404, "stream not found")
    js.err("STREAM.SNAPSHOT.S", "x", 10025, 400)
    for subject in ("", "a.*", "a..b", ">"):
        js.err("STREAM.SNAPSHOT.S", {"deliver_subject": subject, "chunk_size": 1}, 10015, 400, "deliver subject not valid")
    for asked, size in ((None, 131072), (1, 1024), (50000, 50000), (1 << 30, 1 << 20)):
        taken = Snapshot(js, "S", **({"chunk_size": asked} if asked else {}))
        full = len(taken.data) // size
        eq({len(chunk) for chunk in taken.chunks[:full]} or {size}, {size}, "sizes of chunks")
        for number in range(full):
            matches(taken.replies[number], r"^\$JS\.SNAPSHOT\.ACK\.S\.\w+\.%d\.%d$" % (size, number + 1), "reply subject")
        eq((taken.replies[full:], len(taken.chunks) - full <= 1), ([None] * (len(taken.chunks) - full), True), "last chunk")
        eq((taken.end, taken.end_reply), (b"NATS/1.0 204\r\n\r\n" if full else None, None), "end")
        eq((taken.reply["state"]["messages"], list(taken.reply["config"]["metadata"])), (19, ["_nats.req.level"]), "reply")


@case(143, NEED)
def advisories(ctx):
    js = jetstream(ctx)
    filled(js, count=5, size=10)
    events = js.subscribe(ADVISORY + ".STREAM.*.>")
    taken = Snapshot(js, "S")
    create = events.next_json()
    eq((create["type"], create["stream"], create["state"]["messages"]), ("io.nats.jetstream.advisory.v1.snapshot_create", "S", 4), "event")
    complete = events.next_json()
    eq((complete["type"], complete["stream"], "error" in complete), ("io.nats.jetstream.advisory.v1.snapshot_complete", "S", False), "event")
    check(nanos(complete["start"]) <= nanos(complete["end"]), "times")
    eq(complete["client"]["acc"], "$G", "client")
    restore(js, "R", taken.reply, taken.data, subjects=["r.*"])
    kinds = []
    while "restore_complete" not in kinds:
        event = events.next_json()
        kinds.append(event["type"].rsplit(".", 1)[1])
    eq(event["bytes"], len(taken.data), "bytes")
    eq(sorted(kinds), ["restore_complete", "restore_create", "stream_action"], "events")


@case(144, NEED, slow=True)
def without_acks(ctx):
    js = jetstream(ctx)
    filled(js)
    events = js.subscribe(ADVISORY + ".STREAM.SNAPSHOT_COMPLETE.>")
    started = time.monotonic()
    taken = Snapshot(js, "S", ack=False, chunk_size=1024, window_size=4096)
    near(time.monotonic() - started, 4.0, 10.0, "seconds")
    eq((len(taken.chunks), taken.end), (4, b"NATS/1.0 408 No Flow Response\r\n\r\n"), "chunks and end")
    eq(events.next_json()["error"], "no flow response", "error of the event")


@case(144, NEED, slow=True)
def subscriber_goes_away(ctx):
    js = jetstream(ctx)
    filled(js)
    events = js.subscribe(ADVISORY + ".STREAM.SNAPSHOT_COMPLETE.>")
    deliver = js.subscribe("snapshot.here")
    js.ok("STREAM.SNAPSHOT.S", {"deliver_subject": "snapshot.here", "chunk_size": 1024, "window_size": 1024})
    deliver.next()
    deliver.unsubscribe()
    js.flush()
    eq(events.next_json()["error"], "no interest", "error of the event")


@case(145, NEED)
def memory_stream(ctx):
    js = jetstream(ctx)
    filled(js, "memory", size=100)
    data = [js.get("S", seq=seq)["data"] for seq in (1, 10)]
    taken = Snapshot(js, "S")
    reply = restore(js, "R", taken.reply, taken.data, subjects=["r.*"])
    eq((reply["state"]["messages"], reply["state"]["last_seq"]), (19, 20), "state")
    eq([js.get("R", seq=seq)["data"] for seq in (1, 10)], data, "payloads")


@case(146, NEED)
def round_trip(ctx):
    js = jetstream(ctx)
    filled(js)
    before = {seq: js.get("S", seq=seq) for seq in js.seqs("S")}
    consumer = js.consumer_info("S", "C")
    taken = Snapshot(js, "S")
    js.anew()
    reply = restore(js, "S", taken.reply, taken.data)
    eq((reply["type"], "did_create" in reply), (TYPE + "stream_create_response", False), "reply")
    eq({seq: js.get("S", seq=seq) for seq in js.seqs("S")}, before, "messages")
    eq(js.state("S")["num_deleted"], 1, "deleted")
    after = js.consumer_info("S", "C")
    for field in ("delivered", "ack_floor", "num_ack_pending", "num_pending"):
        got, want = after[field], consumer[field]
        if isinstance(got, dict):
            got, want = [(entry["consumer_seq"], entry["stream_seq"]) for entry in (got, want)]
        eq(got, want, field)
    eq(js.pub("s.0")["seq"], 21, "sequence")
    eq(len(js.fetch("S", "C", 20)), 17, "messages that the consumer has not seen")


@case(146, NEED)
def other_subjects_storage_and_name(ctx):
    js = jetstream(ctx)
    filled(js, size=100)
    taken = Snapshot(js, "S", no_consumers=True)
    reply = restore(js, "R", taken.reply, taken.data, subjects=["r.*"], storage="memory", max_msgs=5)
    eq((reply["config"]["name"], reply["config"]["storage"], reply["config"]["subjects"]), ("R", "memory", ["r.*"]), "configuration")
    eq((js.seqs("R"), js.state("R")["consumer_count"]), ([16, 17, 18, 19, 20], 0), "sequences")
    eq(js.pub("r.x")["seq"], 21, "sequence")


@case(147, NEED)
def errors_of_restore(ctx):
    js = jetstream(ctx)
    filled(js, count=5, size=10)
    taken = Snapshot(js, "S")
    request = {"config": taken.reply["config"], "state": taken.reply["state"]}
    kind = "stream_restore_response"
    eq(js.err("STREAM.RESTORE.S", request, 10130, 400, "stream name already in use, cannot restore", kind=kind)["deliver_subject"], "", "deliver subject")
    js.err("STREAM.RESTORE.R", b"", 10003, 400, "bad request", kind=kind)
    js.err("STREAM.RESTORE.R", "x", 10025, 400, kind=kind)
    js.err("STREAM.RESTORE.R", request, 10056, 400, "stream name in subject does not match request", kind=kind)
    js.err("STREAM.RESTORE.R", {"config": dict(taken.reply["config"], name="R", max_age=-1), "state": taken.reply["state"]}, 10052, 500,
           "max age can not be negative", kind=kind)
    reply = restore(js, "R", taken.reply, b"this is no snapshot at all", subjects=["r.*"])
    eq((reply["type"], reply["error"]["err_code"], reply["error"]["code"]), (TYPE + "stream_create_response", 10062, 500), "corrupt data")
    check(reply["error"]["description"].startswith("restore failed: "), "text %r" % reply)
    reply = restore(js, "R2", taken.reply, taken.data[:len(taken.data) // 2], subjects=["r2.*"])
    eq(reply["error"]["err_code"], 10062, "truncated data")


@case(148, NEED)
def chunk_without_reply(ctx):
    js = jetstream(ctx)
    filled(js, count=5, size=10)
    taken = Snapshot(js, "S")
    request = {"config": dict(taken.reply["config"], name="R", subjects=["r.*"]), "state": taken.reply["state"]}
    subject = js.ok("STREAM.RESTORE.R", request)["deliver_subject"]
    js.send(subject, taken.data[:10])
    js.server.wait_log(r"restore for stream '\$G > R' requires reply subject for each chunk")
    wait_until(lambda: status(js.ask(subject, b"x")) == "503", "no responders")
    js.err("STREAM.INFO.R", b"", 10059, 404)


@case(148, NEED, slow=True)
def stalled_restore(ctx):
    js = jetstream(ctx)
    filled(js, count=5, size=10)
    taken = Snapshot(js, "S")
    request = {"config": dict(taken.reply["config"], name="R", subjects=["r.*"]), "state": taken.reply["state"]}
    subject = js.ok("STREAM.RESTORE.R", request)["deliver_subject"]
    eq(js.ask(subject, taken.data[:10]).payload, b"", "answer of a chunk")
    time.sleep(5.2)
    wait_until(lambda: status(js.ask(subject, b"x")) == "503", "no responders", 8.0, 5.2)
    js.err("STREAM.INFO.R", b"", 10059, 404)
