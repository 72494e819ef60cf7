// Object stores: objects in chunks, with a digest over all of them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { all, api, open, Reader, refused, restart, RESTARTED, SERVER } from "../jetstream.mjs";

const MIB = 1024 * 1024;
const EMPTY = "SHA-256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=";

/** Bytes that no two chunks have in common. */
function bytes(size, seed = 0) {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + 1 + seed * words.length, 2_654_435_761);
  return new Uint8Array(words.buffer, 0, size);
}

/** Standard base64 with the alphabet of URLs. */
const urlSafe = (text) => text.replaceAll("+", "-").replaceAll("/", "_");
const encoded = (text) => urlSafe(Buffer.from(text).toString("base64"));
const digest = (hash) => `SHA-256=${urlSafe(hash.digest("base64"))}`;

async function openStore(t, name, options = {}, server = SERVER) {
  const context = await open(t, server);
  return { ...context, os: await t.client.stores(context.nc).create(name, options) };
}

const chunks = (jsm, bucket) =>
  jsm.streams.info(`OBJ_${bucket}`, { subjects_filter: `$O.${bucket}.C.>` })
    .then((info) => Object.values(info.state.subjects ?? {}).reduce((sum, count) => sum + count, 0));

/** A store is a stream with two subjects; zero limits in a request mean none. */
export async function object_stores(t) {
  const options = { description: "a store", storage: "memory", compression: "s2", metadata: { owner: "test" } };
  const { nc, jsm, os } = await openStore(t, "stores", options);
  const stores = t.client.stores(nc);
  const { config } = await jsm.streams.info("OBJ_stores");
  assert.deepEqual(config.subjects, ["$O.stores.C.>", "$O.stores.M.>"]);
  assert.deepEqual([config.discard, config.allow_rollup_hdrs, config.allow_direct], ["new", true, true]);
  assert.deepEqual([config.max_bytes, config.max_msgs, config.max_msgs_per_subject], [-1, -1, -1]);
  const status = await os.status();
  const { bucket, description, storage, sealed } = status;
  assert.deepEqual([bucket, description, storage, sealed], ["stores", "a store", "memory", false]);
  const names = (await all(stores.list())).flat().map((each) => each.bucket);
  assert.ok(names.includes("stores"), names.join());
  const listed = await api(nc, "STREAM.NAMES", { subject: "$O.*.C.>" });
  assert.ok(listed.streams.includes("OBJ_stores") && listed.streams.every((name) => name.startsWith("OBJ_")));
  const zeros = await api(nc, "STREAM.CREATE.OBJ_zeros", {
    name: "OBJ_zeros",
    subjects: ["$O.zeros.C.>", "$O.zeros.M.>"],
    retention: "limits",
    max_consumers: 0,
    max_msgs: 0,
    max_bytes: -1,
    discard: "new",
    max_age: 0,
    max_msgs_per_subject: 0,
    max_msg_size: 0,
    storage: "file",
    num_replicas: 0,
    duplicate_window: 0,
    placement: { cluster: "" },
    compression: "none",
    allow_rollup_hdrs: true,
    allow_direct: true,
    consumer_limits: {},
  });
  assert.equal(zeros.error, undefined, zeros.error?.description);
  const { max_consumers, max_msgs, max_msgs_per_subject, max_msg_size, num_replicas } = zeros.config;
  assert.deepEqual([max_consumers, max_msgs, max_msgs_per_subject, max_msg_size, num_replicas], [-1, -1, -1, -1, 1]);
  assert.equal(await os.destroy(), true);
  assert.equal(await jsm.streams.delete("OBJ_zeros"), true);
}

/** What was put is got again, with its size, its digest and what was said about it. */
export async function object_put_get(t) {
  const { nc, jsm, os } = await openStore(t, "objects");
  assert.equal(await os.info("none"), null);
  assert.equal(await os.get("none"), null);
  for (const size of [0, 1, 128 * 1024, 300_000]) {
    const data = bytes(size);
    const put = await os.putBlob({ name: `size ${size}` }, data);
    const wanted = digest(createHash("sha256").update(data));
    assert.deepEqual([put.size, put.chunks, put.digest], [size, Math.ceil(size / (128 * 1024)), wanted]);
    const info = await os.info(`size ${size}`);
    assert.deepEqual([info.size, info.digest, info.bucket, info.deleted], [size, wanted, "objects", false]);
    const got = await os.getBlob(`size ${size}`);
    assert.ok(Buffer.from(got ?? []).equals(Buffer.from(data)), `${got?.length} other bytes`);
  }
  assert.equal((await os.info("size 0")).digest, EMPTY);
  const headers = t.client.headers();
  headers.set("Kind", "test");
  const options = { max_chunk_size: 1000 };
  const meta = { name: "meta", description: "described", metadata: { a: "b" }, headers, options };
  assert.equal((await os.putBlob(meta, bytes(2500))).chunks, 3);
  const info = await os.info("meta");
  assert.deepEqual([info.description, info.metadata.a, info.headers.get("Kind")], ["described", "b", "test"]);
  assert.equal(info.options.max_chunk_size, 1000);
  // A new object of the name takes the place of the old one's chunks.
  const before = await chunks(jsm, "objects");
  await os.putBlob({ name: "meta" }, bytes(10));
  assert.equal(await chunks(jsm, "objects"), before - 2);
  assert.equal((await os.getBlob("meta")).length, 10);
  // A direct get by a wildcard gives the last of all.
  const last = await nc.request("$JS.API.DIRECT.GET.OBJ_objects.$O.objects.M.>", "", { timeout: 2000 });
  assert.equal(last.headers.get("Nats-Subject"), `$O.objects.M.${encoded("meta")}`);
  assert.equal(last.headers.get("Nats-Rollup"), "sub");
}

/** An object of 100 MiB comes back whole from a server that was started anew. */
export async function object_100mib(t) {
  const { nc, jsm, os } = await openStore(t, "large", {}, RESTARTED);
  const hash = createHash("sha256");
  let made = 0;
  const source = new ReadableStream({
    pull(controller) {
      const piece = bytes(MIB, made);
      hash.update(piece);
      controller.enqueue(piece);
      if (++made === 100) controller.close();
    },
  });
  // The older client publishes all chunks at once; the last ack comes when all are stored.
  const put = await os.put({ name: "large" }, source, { timeout: 30_000 });
  const wanted = digest(hash);
  assert.deepEqual([put.size, put.chunks, put.digest], [100 * MIB, 800, wanted]);
  await restart(t, "restart", RESTARTED, nc);
  const { info, data, error } = await os.get("large");
  const found = createHash("sha256");
  let size = 0;
  for await (const piece of data) {
    found.update(piece);
    size += piece.length;
  }
  assert.equal(await error ?? null, null);
  assert.deepEqual([size, digest(found), info.digest], [100 * MIB, wanted, wanted]);
  assert.ok((await os.status()).size > 100 * MIB);
  assert.equal((await os.delete("large")).purged, 800);
  const { state } = await jsm.streams.info("OBJ_large");
  assert.equal(state.messages, 1);
  assert.ok(state.bytes < 1000, `${state.bytes} bytes left`);
  assert.equal(await os.destroy(), true);
}

/** Objects are renamed, linked and deleted. */
export async function object_changes(t) {
  const { nc, jsm, os } = await openStore(t, "changes");
  const other = await t.client.stores(nc).create("elsewhere");
  await os.putBlob({ name: "a" }, bytes(1000));
  await os.update("a", { name: "b", description: "renamed" });
  assert.equal(await os.info("a"), null);
  assert.equal((await os.info("b")).description, "renamed");
  assert.equal((await os.getBlob("b")).length, 1000);
  await os.link("link", await os.info("b"));
  assert.deepEqual((await os.info("link")).options.link, { bucket: "changes", name: "b" });
  assert.equal((await os.getBlob("link")).length, 1000);
  await other.link("away", await os.info("b"));
  assert.equal((await other.getBlob("away")).length, 1000);
  await os.linkStore("store", other);
  assert.equal((await os.info("store")).options.link.bucket, "elsewhere");
  const deleted = await os.delete("b");
  assert.deepEqual([deleted.success, deleted.purged], [true, 1]);
  assert.equal((await os.info("b")).deleted, true);
  assert.equal(await os.get("b"), null);
  assert.equal(await chunks(jsm, "changes"), 0);
  await os.putBlob({ name: "b" }, bytes(2000));
  assert.equal((await os.getBlob("link")).length, 2000);
}

/** list has what is there; a watch has what is there and what changes. */
export async function object_list_watch(t) {
  const { os } = await openStore(t, "list");
  assert.deepEqual(await os.list(), []);
  for (const name of ["a", "b", "c"]) await os.putBlob({ name }, bytes(100));
  await os.delete("b");
  assert.deepEqual((await os.list()).map((info) => info.name), ["a", "c"]);
  const shown = (infos) => infos.filter(Boolean).map((info) => `${info.name}${info.deleted ? " deleted" : ""}`);
  const watch = await os.watch({ includeHistory: true });
  const reader = new Reader(watch);
  await t.client.watched(reader, 3);
  await os.putBlob({ name: "d" }, bytes(1));
  await os.delete("a");
  await t.client.watched(reader, 5);
  assert.deepEqual(shown(reader.values), ["a", "c", "b deleted", "d", "a deleted"]);
  watch.stop();
}

/** A sealed store keeps what it has, and nothing changes it but its own end. */
export async function object_seal(t) {
  const { js, jsm, os } = await openStore(t, "sealed");
  await os.putBlob({ name: "kept" }, bytes(1000));
  assert.equal((await os.seal()).sealed, true);
  const { config } = await jsm.streams.info("OBJ_sealed");
  const { sealed, deny_delete, deny_purge, allow_rollup_hdrs } = config;
  assert.deepEqual([sealed, deny_delete, deny_purge, allow_rollup_hdrs ?? false], [true, true, true, false]);
  await refused(t, js.publish("$O.sealed.M.x", "x"), 10109, "invalid operation on sealed stream");
  await refused(t, jsm.streams.purge("OBJ_sealed"), 10109, "invalid operation on sealed stream");
  assert.equal((await os.getBlob("kept")).length, 1000);
  assert.equal(await os.destroy(), true);
}
