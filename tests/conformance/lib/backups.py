"""Backups over the snapshot and restore API (storage-format.md 12, jetstream-api.md 14)."""

import io
import json
import os
import tarfile

from .check import Failure, check, eq
from .formats import parse_archive
from .jetstream import decode, status
from .s2 import decode_stream
from .storedir import SAMPLES, read


def snapshot(js, stream, chunk=60000, **body):
    """Takes a backup: (reply, raw bytes). Full chunks are acknowledged, the end is checked."""
    inbox = js.subscribe(js.new_inbox())
    reply = js.ok("STREAM.SNAPSHOT." + stream, dict(body, deliver_subject=inbox.subject, chunk_size=chunk),
                  kind="stream_snapshot_response")
    data, full = [], 0
    while True:
        frame = inbox.next()
        if not frame.payload:
            eq(status(frame), "204" if full else "", "end of the backup")
            inbox.unsubscribe()
            return reply, b"".join(data)
        data.append(frame.payload)
        if frame.reply:
            full += 1
            eq(len(frame.payload), chunk, "size of a full chunk")
            js.send(frame.reply.decode())


def restore(js, name, config, state, data, chunk=60000):
    """Restores a backup under a name: the final reply, which may have an `error`; so may the first."""
    first = js.request("STREAM.RESTORE." + name, {"config": dict(config, name=name), "state": state})
    if "error" in first:
        return first
    for at in range(0, len(data), chunk):
        frame = js.ask(first["deliver_subject"], data[at:at + chunk])
        if status(frame):
            raise Failure("chunk of a restore: status %r" % status(frame))
        if frame.payload:
            # The restore has failed already.
            return decode(frame.payload)
    return decode(js.ask(first["deliver_subject"]).payload)


def restored(js, name, config, state, data):
    """A restore that must succeed."""
    reply = restore(js, name, config, state, data)
    check("error" not in reply, reply)
    return reply


def archive(data):
    """Entries of a backup of form 2."""
    return parse_archive(decode_stream(data))


def tar_entries(data):
    """{name: bytes} of a backup of form 1, in order."""
    with tarfile.open(fileobj=io.BytesIO(decode_stream(data))) as tar:
        entries = {}
        for member in tar.getmembers():
            check(member.isfile(), "odd entry %r" % member.name)
            entries[member.name] = tar.extractfile(member).read()
        return entries


def sample(name):
    """(config, state, raw bytes) of a sample."""
    folder = os.path.join(SAMPLES, "backup-" + name)
    with open(os.path.join(folder, "backup.json"), encoding="utf-8") as source:
        described = json.load(source)
    return described["config"], described["state"], read(os.path.join(folder, "stream.tar.s2"))
