"""Object stores: objects in chunks, with a digest over all of them."""

import base64
import hashlib
import io

from harness import check, equal
from jetstream import RESTARTED, SERVER, api, open_context, refused, restart
from nats.js.api import ObjectMeta, ObjectMetaOptions, StorageType
from nats.js.errors import BucketNotFoundError, NotFoundError, ObjectNotFoundError

MIB = 1024 * 1024
CHUNK = 128 * 1024
EMPTY = "SHA-256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU="


def some_bytes(size, seed=0):
    """Bytes that no two chunks have in common."""
    return hashlib.shake_128(b"%d" % seed).digest(size)


def digest(data):
    return "SHA-256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()


async def open_store(t, name, server=SERVER, **options):
    nc, js = await open_context(t, server)
    return nc, js, await js.create_object_store(bucket=name, **options)


async def chunks(js, bucket):
    info = await js.stream_info("OBJ_" + bucket, subjects_filter="$O.%s.C.>" % bucket)
    return sum((info.state.subjects or {}).values())


async def missing(call, kind=ObjectNotFoundError):
    try:
        value = await call
    except kind:
        return
    raise AssertionError("there is %.200r" % value)


@check
async def object_stores(t):
    """A store is a stream with two subjects; zero limits in a request mean none."""
    nc, js, os = await open_store(t, "stores", description="a store", storage=StorageType.MEMORY)
    config = (await js.stream_info("OBJ_stores")).config
    equal(config.subjects, ["$O.stores.C.>", "$O.stores.M.>"], "subjects")
    equal((config.discard, config.allow_rollup_hdrs, config.allow_direct), ("new", True, True), "config")
    equal((config.max_consumers, config.max_bytes, config.max_msgs, config.max_msgs_per_subject), (-1, -1, -1, -1),
          "limits")
    status = await os.status()
    equal((status.bucket, status.description, status.sealed), ("stores", "a store", False), "status")
    names = (await api(nc, "STREAM.NAMES", {"subject": "$O.*.C.>"}))["streams"]
    assert "OBJ_stores" in names and all(name.startswith("OBJ_") for name in names), names
    assert await js.delete_object_store("stores")
    await missing(js.object_store("stores"), BucketNotFoundError)


@check
async def object_put_get(t):
    """What was put is got again, with its size, its digest and what was said about it."""
    _, js, os = await open_store(t, "objects")
    await missing(os.get("none"))
    for size in (0, 1, CHUNK, 300_000):
        name, data = "size %d" % size, some_bytes(size)
        put = await os.put(name, data)
        equal((put.size, put.chunks, put.digest), (size, -(-size // CHUNK), digest(data)), "put")
        got = await os.get(name)
        equal((got.info.size, got.info.digest), (size, digest(data)), "info")
        assert (got.data or b"") == data, "other data"
    equal((await os.get_info("size 0")).digest, EMPTY, "digest of nothing")
    meta = ObjectMeta(description="described", options=ObjectMetaOptions(max_chunk_size=1000))
    equal((await os.put("meta", some_bytes(2500), meta)).chunks, 3, "chunks")
    equal((await os.get_info("meta")).description, "described", "description")
    # A new object of the name takes the place of the old one's chunks.
    before = await chunks(js, "objects")
    await os.put("meta", b"short")
    equal(await chunks(js, "objects"), before - 2, "chunks")
    equal((await os.get("meta")).data, b"short", "data")


@check
async def object_100mib(t):
    """An object of 100 MiB comes back whole from a server that was started anew."""
    nc, js, os = await open_store(t, "large", RESTARTED)
    data = b"".join(some_bytes(MIB, i) for i in range(100))
    put = await os.put("large", io.BytesIO(data))
    equal((put.size, put.chunks, put.digest), (100 * MIB, 800, digest(data)), "put")
    await restart(t, "restart", RESTARTED, nc)
    into = io.BytesIO()
    got = await os.get("large", writeinto=into)
    equal(got.info.digest, put.digest, "digest")
    assert into.getvalue() == data, "other data"
    await os.delete("large")
    state = (await js.stream_info("OBJ_large")).state
    equal(state.messages, 1, "messages")
    assert state.bytes < 1000, "%d bytes are left" % state.bytes
    assert await js.delete_object_store("large")


@check
async def object_changes(t):
    """Objects are described anew and deleted."""
    _, js, os = await open_store(t, "changes")
    await os.put("a", b"first")
    await os.update_meta("a", ObjectMeta(name="a", description="new"))
    info = await os.get_info("a")
    equal((info.description, info.size), ("new", 5), "info")
    await os.delete("a")
    await missing(os.get("a"))
    equal((await os.get_info("a", show_deleted=True)).deleted, True, "deleted")
    equal(await chunks(js, "changes"), 0, "chunks")
    await os.put("a", b"second")
    equal((await os.get("a")).data, b"second", "data")


@check
async def object_list_watch(t):
    """list has what is there; a watch has what is there and what changes."""
    _, _, os = await open_store(t, "list")
    await missing(os.list(), NotFoundError)
    for name in ("a", "b", "c"):
        await os.put(name, b"x")
    await os.delete("b")
    equal([info.name for info in await os.list(ignore_deletes=True)], ["a", "c"], "list")
    watcher = await os.watch()

    async def take(count):
        infos = [await watcher.updates(timeout=5) for _ in range(count)]
        return [info and info.name + (" deleted" if info.deleted else "") for info in infos]

    equal(await take(4), ["a", "c", "b deleted", None], "what is there")
    await os.put("d", b"x")
    await os.delete("a")
    equal(await take(2), ["d", "a deleted"], "changes")
    await watcher.stop()


@check
async def object_seal(t):
    """A sealed store keeps what it has, and nothing changes it but its own end."""
    _, js, os = await open_store(t, "sealed")
    await os.put("kept", b"data")
    await os.seal()
    config = (await js.stream_info("OBJ_sealed")).config
    equal((config.sealed, config.deny_delete, config.deny_purge, config.allow_rollup_hdrs),
          (True, True, True, False), "config")
    await refused(os.put("more", b"data"), 10109, "invalid operation on sealed stream")
    await refused(js.purge_stream("OBJ_sealed"), 10109, "invalid operation on sealed stream")
    equal((await os.get("kept")).data, b"data", "data")
    assert await js.delete_object_store("sealed")
