"""Key-value buckets: their streams, values, history and markers."""

from harness import Collector, check, equal, settle
from jetstream import RESTARTED, SERVER, api, eventually, open_context, refused, restart
from nats.js.api import RePublish, StorageType
from nats.js.errors import (APIError, BucketNotFoundError, KeyNotFoundError,
                            KeyWrongLastSequenceError, NoKeysError)


async def open_bucket(t, name, server=SERVER, **options):
    nc, js = await open_context(t, server)
    return nc, js, await js.create_key_value(bucket=name, **options)


async def fails(call, kind, text=None):
    """The call fails with this kind of error, which is returned."""
    try:
        value = await call
    except kind as error:
        if text is not None:
            equal(error.description, text, "description")
        return error
    raise AssertionError("no %s, but %.200r" % (kind.__name__, value))


def shown(entries):
    return ["%s %s %s %d" % (entry.key, entry.operation or "PUT", (entry.value or b"").decode(), entry.revision)
            for entry in entries]


async def take(watcher, count):
    """The next entries of a watch. None, the end of what was there, is left out."""
    entries = []
    while len(entries) < count:
        entry = await watcher.updates(timeout=5)
        if entry is not None:
            entries.append(entry)
    return entries


@check
async def kv_buckets(t):
    """A bucket is a stream with the properties asked for."""
    options = {"history": 5, "ttl": 60, "description": "a bucket", "max_bytes": 100_000, "max_value_size": 1000,
               "storage": StorageType.MEMORY, "direct": True}
    nc, js, kv = await open_bucket(t, "buckets", **options)
    config = (await js.stream_info("KV_buckets")).config
    equal((config.subjects, config.discard, config.max_msgs_per_subject), (["$KV.buckets.>"], "new", 5), "config")
    equal((config.allow_rollup_hdrs, config.allow_direct, config.deny_delete), (True, True, True), "config")
    equal((config.max_age, config.duplicate_window, config.storage), (60, 60, "memory"), "config")
    revision = await kv.put("a", b"1")
    status = await kv.status()
    equal((status.bucket, status.values, status.history, status.ttl), ("buckets", 1, 5, 60), "status")
    await js.create_key_value(bucket="buckets", **options)
    error = await fails(js.create_key_value(bucket="buckets", history=6), APIError)
    equal((error.err_code, error.description),
          (10058, "stream name already in use with a different configuration"), "error")
    equal((await (await js.key_value("buckets")).get("a")).value, b"1", "value")
    await refused(js.delete_msg("KV_buckets", revision), 10057, "message delete not permitted")
    names = (await api(nc, "STREAM.NAMES", {"subject": "$KV.*.>"}))["streams"]
    assert "KV_buckets" in names and all(name.startswith("KV_") for name in names), names
    assert await js.delete_key_value("buckets")
    await fails(js.key_value("buckets"), BucketNotFoundError)


async def values(t, name, **options):
    _, js, kv = await open_bucket(t, name, history=3, **options)
    await fails(kv.get("a"), KeyNotFoundError)
    equal(await kv.put("a", b"1"), 1, "revision")
    equal(await kv.create("b.c", b"2"), 2, "revision")
    await fails(kv.create("b.c", b"no"), KeyWrongLastSequenceError, "wrong last sequence: 2")
    equal(await kv.update("a", b"3", last=1), 3, "revision")
    await fails(kv.update("a", b"no", last=1), KeyWrongLastSequenceError, "wrong last sequence: 3")
    equal(shown([await kv.get("a"), await kv.get("a", revision=1)]), ["a PUT 3 3", "a PUT 1 1"], "entries")
    await fails(kv.get("a", revision=2), KeyNotFoundError)
    await kv.delete("a")
    error = await fails(kv.get("a"), KeyNotFoundError)
    equal((error.op, error.entry.revision), ("DEL", 4), "marker")
    equal(await kv.create("a", b"5"), 5, "revision")
    await kv.purge("a")
    equal((await fails(kv.get("a"), KeyNotFoundError)).op, "PURGE", "marker")
    await fails(kv.get("a", revision=5), KeyNotFoundError)
    equal(await kv.create("a", b"7"), 7, "revision")
    await fails(kv.delete("a", last=1), APIError, "wrong last sequence: 7")
    # No message is left on the subject: zero is right again.
    await js.purge_stream("KV_" + name, subject="$KV.%s.a" % name)
    equal(await kv.create("a", b"8"), 8, "revision")
    equal(await kv.put("empty", b""), 9, "revision")
    equal((await kv.get("empty")).value or b"", b"", "empty value")


@check
async def kv_values(t):
    """Values have revisions; create and update check them; a deleted key can be made again."""
    await values(t, "values")
    await values(t, "direct", direct=True)


@check
async def kv_watch(t):
    """A watch gives what is there, an end of that, then what changes."""
    _, _, kv = await open_bucket(t, "watch", history=5)
    empty = await kv.watchall()
    equal(await empty.updates(timeout=5), None, "end of nothing")
    for key, value in (("a.x", b"1"), ("b", b"2"), ("a.x", b"3"), ("a.y", b"4")):
        await kv.put(key, value)
    everything = await kv.watchall()
    there = [await everything.updates(timeout=5) for _ in range(4)]
    equal(shown(there[:3]), ["b PUT 2 2", "a.x PUT 3 3", "a.y PUT 4 4"], "what is there")
    equal(there[3], None, "end of what is there")
    equal([entry.delta for entry in there[:3]], [2, 1, 0], "pending")
    quiet = await kv.watch("a.*", ignore_deletes=True)
    equal(shown(await take(quiet, 2)), ["a.x PUT 3 3", "a.y PUT 4 4"], "keys under a")
    await kv.put("b", b"5")
    await kv.delete("a.y")
    await kv.put("a.z", b"7")
    await kv.purge("b")
    equal(shown(await take(everything, 4)), ["b PUT 5 5", "a.y DEL  6", "a.z PUT 7 7", "b PURGE  8"], "changes")
    equal(shown(await take(quiet, 1)), ["a.z PUT 7 7"], "changes but deletes")
    history = await kv.watch("a.x", include_history=True)
    equal(shown(await take(history, 2)), ["a.x PUT 1 1", "a.x PUT 3 3"], "history")
    for watcher in (empty, everything, quiet, history):
        await watcher.stop()


@check
async def kv_keys(t):
    """keys lists what has a value."""
    _, _, kv = await open_bucket(t, "keys")
    await fails(kv.keys(), NoKeysError)
    for i in range(200):
        await kv.put("k.%d" % i, b"x" * i)
    await kv.delete("k.7")
    await kv.purge("k.8")
    equal(await kv.keys(), ["k.%d" % i for i in range(200) if i not in (7, 8)], "keys")
    equal(await kv.keys(filters=["k.19"]), ["k.19"] + ["k.%d" % i for i in range(190, 200)], "some keys")


@check
async def kv_history(t):
    """history gives the revisions that are kept, markers among them."""
    _, _, kv = await open_bucket(t, "history", history=3)
    for i in range(1, 6):
        await kv.put("a", b"%d" % i)
    equal(shown(await kv.history("a")), ["a PUT 3 3", "a PUT 4 4", "a PUT 5 5"], "history")
    await kv.delete("a")
    equal(shown(await kv.history("a")), ["a PUT 4 4", "a PUT 5 5", "a DEL  6"], "history")
    await fails(kv.history("none"), NoKeysError)
    await kv.purge("a")
    equal(shown(await kv.history("a")), ["a PURGE  7"], "history")


@check
async def kv_purge_deletes(t):
    """purge_deletes takes away what lies under markers, and old markers with it."""
    _, _, kv = await open_bucket(t, "purge", history=5)
    for key in ("a", "b", "c"):
        for i in range(3):
            await kv.put(key, b"%d" % i)
    await kv.delete("a")
    await kv.delete("b")
    assert await kv.purge_deletes()
    equal((await kv.status()).values, 5, "values with young markers")
    assert await kv.purge_deletes(olderthan=0)
    equal((await kv.status()).values, 3, "values without markers")
    await fails(kv.get("a"), KeyNotFoundError)


@check
async def kv_age(t):
    """A bucket with a time to live forgets its values."""
    _, _, kv = await open_bucket(t, "age", ttl=1)
    await kv.put("a", b"1")
    equal((await kv.get("a")).value, b"1", "value")

    async def gone():
        return (await kv.status()).values == 0

    await eventually(gone, "the end of the value")
    await fails(kv.get("a"), KeyNotFoundError)
    equal(await kv.create("a", b"2"), 2, "revision")


@check
async def kv_marker_ttl(t):
    """A key's own time to live ends in a marker that watchers see; then the key can be made again."""
    _, js, kv = await open_bucket(t, "markers", limit_marker_ttl=2)
    equal((await kv.status()).marker_ttl, 2, "marker_ttl")
    watcher = await kv.watchall()
    await kv.create("a", b"1", msg_ttl=1)
    await kv.create("p", b"2")
    await kv.purge("p", msg_ttl=1)
    equal(shown(await take(watcher, 4)), ["a PUT 1 1", "p PUT 2 2", "p PURGE  3", "a PURGE  4"], "entries")
    marker = await js.get_msg("KV_markers", seq=4)
    equal(list(marker.headers.items()),
          [("Nats-Marker-Reason", "MaxAge"), ("Nats-TTL", "2s"), ("Nats-Rollup", "sub")], "marker")

    async def empty():
        return (await kv.status()).values == 0

    await eventually(empty, "the end of the marker")
    equal(await kv.create("a", b"again"), 5, "revision")
    await watcher.stop()


@check
async def kv_limits(t):
    """A bucket keeps its limits; a full one still takes new values of the keys it has."""
    _, js, kv = await open_bucket(t, "limits", max_bytes=5000, max_value_size=1000)
    large = await refused(kv.put("a", b"x" * 1001), 10054, "message size exceeds maximum allowed")
    equal(large.code, 400, "code")
    for i in range(4):
        await kv.put("k%d" % i, b"x" * 1000)
    full = await refused(kv.put("k4", b"x" * 1000), 10077, "maximum bytes exceeded")
    equal(full.code, 503, "code")
    await kv.put("k0", b"y" * 1000)
    equal((await kv.get("k0")).value[:1], b"y", "value")
    await refused(js.publish("$KV.limits.k0", b"x", headers={"Nats-Rollup": "bad"}), 10111,
                  'rollup value invalid: "bad"')


@check
async def kv_republish(t):
    """What a bucket stores is published again, with headers that tell a gap."""
    nc, js = await open_context(t)
    copies = await Collector.on(nc, "again.>")
    await settle(nc)
    republish = RePublish(src=">", dest="again.>")
    kv = await js.create_key_value(bucket="republish", republish=republish)
    await kv.put("a", b"first")
    await kv.put("b", b"other")
    await kv.put("a", b"second")
    messages = await copies.take(3)
    equal([message.subject for message in messages], ["again.$KV.republish." + key for key in "aba"], "subjects")
    equal(list(messages[0].headers),
          ["Nats-Stream", "Nats-Subject", "Nats-Sequence", "Nats-Time-Stamp", "Nats-Last-Sequence"], "headers")
    equal([message.headers["Nats-Last-Sequence"] for message in messages], ["0", "0", "1"], "last sequences")


@check
async def kv_restart(t):
    """Values and history are there, and watches start, when the server was started anew."""
    nc, _, kv = await open_bucket(t, "restart", RESTARTED, history=5)
    await kv.put("a", b"1")
    await kv.put("a", b"2")
    await kv.delete("b")
    revision = 2
    for verb, new in (("restart", 4), ("kill", 5)):
        await restart(t, verb, RESTARTED, nc)
        entry = await kv.get("a")
        equal(entry.revision, revision, "revision")
        equal((await fails(kv.get("b"), KeyNotFoundError)).op, "DEL", "marker")
        watcher = await kv.watch("a")
        await take(watcher, 1)
        equal(await kv.update("a", verb.encode(), last=revision), new, "revision")
        equal(shown(await take(watcher, 1)), ["a PUT %s %d" % (verb, new)], "entries")
        await watcher.stop()
        revision = new
    equal(shown(await kv.history("a")), ["a PUT 1 1", "a PUT 2 2", "a PUT restart 4", "a PUT kill 5"], "history")
    equal(await kv.keys(), ["a"], "keys")
