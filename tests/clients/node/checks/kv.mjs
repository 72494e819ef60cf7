// Key-value buckets: their streams, values, history and markers.

import assert from "node:assert/strict";
import { Collector, rejection, Skip, until } from "../harness.mjs";
import { all, api, eventually, nanos, open, Reader, refused, restart, RESTARTED, SERVER } from "../jetstream.mjs";

async function openBucket(t, name, options = {}, server = SERVER) {
  const context = await open(t, server);
  return { ...context, kv: await t.client.buckets(context.nc).create(name, options) };
}

const shown = (entries) =>
  entries.map((entry) => `${entry.key} ${entry.operation} ${entry.string()} ${entry.revision}`);

/** A bucket is a stream with the properties asked for; the payloads of other clients make buckets too. */
export async function kv_buckets(t) {
  const options = {
    history: 5,
    ttl: 60_000,
    description: "a bucket",
    max_bytes: 100_000,
    maxValueSize: 1000,
    compression: true,
    metadata: { owner: "test" },
    storage: "memory",
  };
  const { nc, jsm, kv } = await openBucket(t, "buckets", options);
  const buckets = t.client.buckets(nc);
  const { config } = await jsm.streams.info("KV_buckets");
  const { subjects, discard, max_msgs_per_subject, max_age, duplicate_window, compression, storage } = config;
  assert.deepEqual([subjects, discard, max_msgs_per_subject], [["$KV.buckets.>"], "new", 5]);
  assert.deepEqual([config.allow_rollup_hdrs, config.allow_direct], [true, true]);
  assert.deepEqual([max_age, duplicate_window, compression, storage], [nanos(60_000), nanos(60_000), "s2", "memory"]);
  await kv.put("a", "1");
  const status = await kv.status();
  assert.deepEqual([status.bucket, status.values, status.history, status.ttl], ["buckets", 1, 5, 60_000]);
  assert.deepEqual([status.compression, status.metadata.owner, status.description], [true, "test", "a bucket"]);
  await (await buckets.create("buckets", options)).put("b", "2");
  assert.equal((await (await buckets.open("buckets")).get("b")).string(), "2");
  const names = (await all(buckets.list())).flat().map((each) => each.bucket);
  assert.ok(names.includes("buckets"), names.join());
  const listed = await api(nc, "STREAM.NAMES", { subject: "$KV.*.>" });
  assert.ok(listed.streams.includes("KV_buckets") && listed.streams.every((name) => name.startsWith("KV_")));

  const others = [
    `{"name":"KV_gob","description":"dd","subjects":["$KV.gob.\\u003e"],"retention":"limits","max_consumers":-1,
      "max_msgs":-1,"max_bytes":100000,"discard":"new","max_age":3600000000000,"max_msgs_per_subject":5,
      "max_msg_size":1000,"storage":"memory","num_replicas":1,"duplicate_window":120000000000,"deny_delete":true,
      "allow_rollup_hdrs":true,"compression":"s2","republish":{"src":"\\u003e","dest":"rp.\\u003e"},
      "allow_direct":true,"mirror_direct":false,"consumer_limits":{},"allow_msg_ttl":true,
      "subject_delete_marker_ttl":10000000000}`,
    `{"name": "KV_pyb", "description": "d", "subjects": ["$KV.pyb.>"], "max_consumers": -1, "max_msgs": -1,
      "discard": "new", "discard_new_per_subject": false, "max_msgs_per_subject": 5, "num_replicas": 1,
      "no_ack": false, "duplicate_window": 120000000000, "sealed": false, "deny_delete": true, "deny_purge": false,
      "allow_rollup_hdrs": true, "allow_msg_ttl": true, "max_age": 0}`,
  ];
  for (const payload of others) {
    const { name } = JSON.parse(payload);
    const created = await api(nc, `STREAM.CREATE.${name}`, payload);
    assert.equal(created.error, undefined, created.error?.description);
    assert.deepEqual((await api(nc, `STREAM.CREATE.${name}`, payload)).config, created.config);
    const other = payload.replace(/"max_msgs_per_subject": ?5/, '"max_msgs_per_subject":6');
    const { error } = await api(nc, `STREAM.CREATE.${name}`, other);
    assert.equal(error.err_code, 10058);
    assert.equal(error.description, "stream name already in use with a different configuration");
    const bucket = await buckets.open(name.slice(3));
    const revision = await bucket.put("k", "v");
    await refused(t, jsm.streams.deleteMessage(name, revision), 10057, "message delete not permitted");
    assert.equal(await bucket.destroy(), true);
  }
  assert.equal(await kv.destroy(), true);
  assert.equal((await refused(t, kv.status(), 10059, "stream not found")).code, 404);
}

/** Values have revisions; create and update check them; a deleted key can be made again. */
export async function kv_values(t) {
  const { js, jsm, kv } = await openBucket(t, "values", { history: 3 });
  assert.equal(await kv.get("a"), null);
  assert.equal(await kv.put("a", "1"), 1);
  const first = await kv.get("a");
  assert.deepEqual([first.key, first.string(), first.revision, first.operation], ["a", "1", 1, "PUT"]);
  assert.ok(Math.abs(Date.now() - first.created.getTime()) < 60_000);
  assert.equal(await kv.create("b.c", "2"), 2);
  await refused(t, kv.create("b.c", "no"), 10071, "wrong last sequence: 2");
  assert.equal(await kv.update("a", "3", 1), 3);
  await refused(t, kv.update("a", "no", 1), 10071, "wrong last sequence: 3");
  assert.deepEqual(shown([await kv.get("a"), await kv.get("a", { revision: 1 })]), ["a PUT 3 3", "a PUT 1 1"]);
  assert.equal(await kv.get("a", { revision: 2 }), null);
  await kv.delete("a");
  assert.deepEqual(shown([await kv.get("a")]), ["a DEL  4"]);
  assert.equal(await kv.create("a", "5"), 5);
  await kv.purge("a");
  assert.deepEqual(shown([await kv.get("a")]), ["a PURGE  6"]);
  assert.equal(await kv.get("a", { revision: 5 }), null);
  assert.equal(await kv.create("a", "7"), 7);
  await refused(t, kv.delete("a", { previousSeq: 1 }), 10071, "wrong last sequence: 7");
  const stored = await jsm.streams.getMessage("KV_values", { seq: 7 });
  assert.equal(stored.header.get("Nats-Expected-Last-Subject-Sequence"), "6");
  // No message is left on the subject: zero is right again.
  await jsm.streams.purge("KV_values", { filter: "$KV.values.a" });
  assert.equal(await kv.create("a", "8"), 8);
  const headers = t.client.headers();
  headers.set("Nats-Expected-Last-Subject-Sequence", "many");
  for (const [key, last] of [["a", 8], ["none", 0]]) {
    await refused(t, js.publish(`$KV.values.${key}`, "x", { headers }), 10071, `wrong last sequence: ${last}`);
  }
  assert.equal(await kv.put("empty", ""), 9);
  assert.equal((await kv.get("empty")).value.length, 0);
  for (const key of ["x/y", "x=y", "x-y_z.1"]) {
    const revision = await kv.put(key, key);
    assert.deepEqual(shown([await kv.get(key)]), [`${key} PUT ${key} ${revision}`]);
  }
  await kv.delete("x-y_z.*");
  assert.equal((await kv.get("x-y_z.1")).operation, "DEL");
}

/** A watch gives what is there, then what changes; filters, history and a start choose. */
export async function kv_watch(t) {
  const { nc, jsm, kv } = await openBucket(t, "watch", { history: 5 });
  for (const [key, value] of [["a.x", "1"], ["b", "2"], ["a.x", "3"], ["a.y", "4"]]) await kv.put(key, value);
  const watch = async (options, count) => {
    const iterator = await kv.watch(options);
    const reader = new Reader(iterator);
    await reader.take(count);
    return { reader, iterator };
  };
  const everything = await watch({}, 3);
  assert.deepEqual(shown(everything.reader.values), ["b PUT 2 2", "a.x PUT 3 3", "a.y PUT 4 4"]);
  const updates = await watch({ include: "updates" }, 0);
  const quiet = await watch({ key: ["a.*", "b"], ignoreDeletes: true }, 3);
  await kv.put("b", "5");
  await kv.delete("a.y");
  await kv.put("c", "7");
  await kv.purge("b");
  const later = ["b PUT 5 5", "a.y DEL  6", "c PUT 7 7", "b PURGE  8"];
  assert.deepEqual(shown((await everything.reader.take(7)).slice(3)), later);
  assert.deepEqual(shown(await updates.reader.take(4)), later);
  assert.deepEqual(shown((await quiet.reader.take(5)).slice(3)), ["b PUT 5 5", "b PURGE  8"]);
  const narrow = await watch({ key: "a.*" }, 2);
  assert.deepEqual(shown(narrow.reader.values), ["a.x PUT 3 3", "a.y DEL  6"]);
  const history = await watch({ key: "a.x", include: "history" }, 2);
  assert.deepEqual(shown(history.reader.values), ["a.x PUT 1 1", "a.x PUT 3 3"]);
  const resumed = await watch({ resumeFromRevision: 6 }, 3);
  assert.deepEqual(shown(resumed.reader.values), ["a.y DEL  6", "c PUT 7 7", "b PURGE  8"]);
  for (const each of [everything, updates, quiet, narrow, history, resumed]) each.iterator.stop();

  // Last per subject with several filters: ascending, and what is pending counts down to nothing.
  const inbox = new Collector(nc, "watch-inbox");
  await nc.flush();
  const info = await jsm.consumers.add("KV_watch", {
    name: "counted",
    ack_policy: "none",
    deliver_policy: "last_per_subject",
    deliver_subject: "watch-inbox",
    filter_subjects: ["$KV.watch.a.*", "$KV.watch.c"],
  });
  const tokens = (await inbox.take(3)).map((message) => message.reply.split("."));
  assert.equal(info.num_pending + info.delivered.consumer_seq, 3);
  assert.deepEqual(tokens.map((each) => [each[5], each[8]]), [["3", "2"], ["6", "1"], ["7", "0"]]);
}

/** keys lists what has a value; it asks for headers only, which tell the sizes. */
export async function kv_keys(t) {
  const { nc, jsm, kv } = await openBucket(t, "keys");
  assert.deepEqual(await all(await kv.keys()), []);
  for (let i = 0; i < 300; i++) await kv.put(`k.${i}`, "x".repeat(i));
  await kv.delete("k.7");
  await kv.purge("k.8");
  const wanted = Array.from({ length: 300 }, (_, i) => `k.${i}`).filter((key) => !["k.7", "k.8"].includes(key));
  assert.deepEqual(await all(await kv.keys()), wanted);
  assert.deepEqual((await all(await kv.keys(["k.1", "k.2"]))).sort(), ["k.1", "k.2"]);
  const inbox = new Collector(nc, "keys-inbox");
  await nc.flush();
  await jsm.consumers.add("KV_keys", {
    name: "sizes",
    ack_policy: "none",
    deliver_policy: "last_per_subject",
    deliver_subject: "keys-inbox",
    filter_subject: "$KV.keys.>",
    headers_only: true,
  });
  const messages = await inbox.take(300);
  const sizes = messages.map((message) => [message.data.length, message.headers.get("Nats-Msg-Size")]);
  const numbers = Array.from({ length: 300 }, (_, i) => i).filter((i) => i !== 7 && i !== 8);
  assert.deepEqual(sizes, [...numbers, 0, 0].map((size) => [0, String(size)]));
  assert.equal(messages[298].headers.get("KV-Operation"), "DEL");
}

/** history gives the revisions that are kept, markers among them. */
export async function kv_history(t) {
  const { kv } = await openBucket(t, "history", { history: 3 });
  for (let i = 1; i <= 5; i++) await kv.put("a", String(i));
  await kv.put("b", "6");
  await kv.delete("b");
  const history = async (options) => shown(await all(await kv.history(options)));
  assert.deepEqual(await history({ key: "a" }), ["a PUT 3 3", "a PUT 4 4", "a PUT 5 5"]);
  assert.deepEqual(await history(), ["a PUT 3 3", "a PUT 4 4", "a PUT 5 5", "b PUT 6 6", "b DEL  7"]);
  assert.deepEqual(await history({ key: "none" }), []);
  await kv.purge("a");
  assert.deepEqual(await history({ key: "a" }), ["a PURGE  8"]);
}

/** purgeDeletes takes away what lies under markers, and old markers with it. */
export async function kv_purge_deletes(t) {
  const { jsm, kv } = await openBucket(t, "purge", { history: 5 });
  for (const key of ["a", "b", "c"]) for (let i = 0; i < 3; i++) await kv.put(key, String(i));
  await kv.delete("a");
  await kv.delete("b");
  const one = await jsm.streams.purge("KV_purge", { filter: "$KV.purge.a", keep: 1 });
  assert.deepEqual([one.success, one.purged], [true, 3]);
  const young = await kv.purgeDeletes();
  assert.deepEqual([young.success, young.purged], [true, 3]);
  assert.equal((await kv.status()).values, 5);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal((await kv.purgeDeletes(1)).purged, 2);
  assert.equal((await kv.status()).values, 3);
  assert.equal(await kv.get("a"), null);
}

/** A bucket with a time to live forgets its values. */
export async function kv_age(t) {
  const { kv } = await openBucket(t, "age", { ttl: 1000 });
  await kv.put("a", "1");
  assert.equal((await kv.get("a")).string(), "1");
  await eventually(async () => (await kv.get("a")) === null, "the end of the value");
  assert.equal((await kv.status()).values, 0);
  assert.equal(await kv.create("a", "2"), 2);
}

/** A key's own time to live ends in a marker that watchers see; then the key can be made again. */
export async function kv_marker_ttl(t) {
  if (!t.client.hasMarkerTtl) throw new Skip("the client has no such option");
  const { jsm, kv } = await openBucket(t, "markers", { markerTTL: 2000 });
  const deep = await t.client.buckets((await open(t)).nc).create("deep", { markerTTL: 2000, history: 5 });
  assert.equal((await kv.status()).markerTTL, 2000);
  const iterator = await kv.watch();
  const reader = new Reader(iterator);
  await kv.create("a", "1", "1s");
  await deep.create("a", "1", "1s");
  const ttl = async (stream) => (await jsm.streams.getMessage(stream, { seq: 1 })).header.get("Nats-TTL");
  // Below the markers' own time, it is raised where there is a history.
  assert.deepEqual([await ttl("KV_markers"), await ttl("KV_deep")], ["1s", "2"]);
  await kv.create("p", "2");
  await kv.purge("p", { ttl: "1s" });
  await reader.take(4);
  assert.deepEqual(shown(reader.values), ["a PUT 1 1", "p PUT 2 2", "p PURGE  3", "a PURGE  4"]);
  const marker = await jsm.streams.getMessage("KV_markers", { seq: 4 });
  assert.deepEqual([...marker.header.keys()], ["Nats-Marker-Reason", "Nats-TTL", "Nats-Rollup"]);
  assert.deepEqual([...marker.header.keys()].map((name) => marker.header.get(name)), ["MaxAge", "2s", "sub"]);
  await eventually(async () => (await kv.status()).values === 0, "the end of the marker");
  assert.equal(await kv.get("a"), null);
  assert.equal(await kv.create("a", "again"), 5);
  iterator.stop();
}

/** A bucket keeps its limits; a full one still takes new values of the keys it has. */
export async function kv_limits(t) {
  const { js, kv } = await openBucket(t, "limits", { max_bytes: 5000, maxValueSize: 1000 });
  const large = await refused(t, kv.put("a", "x".repeat(1001)), 10054, "message size exceeds maximum allowed");
  assert.equal(large.code, 400);
  for (let i = 0; i < 4; i++) await kv.put(`k${i}`, "x".repeat(1000));
  const full = await refused(t, kv.put("k4", "x".repeat(1000)), 10077, "maximum bytes exceeded");
  assert.equal(full.code, 503);
  await kv.put("k0", "y".repeat(1000));
  assert.equal((await kv.get("k0")).string()[0], "y");
  const headers = t.client.headers();
  headers.set("Nats-TTL", "1s");
  await refused(t, js.publish("$KV.limits.k0", "x", { headers }), 10166, "per-message TTL is disabled");
  const rollup = t.client.headers();
  rollup.set("Nats-Rollup", "bad");
  await refused(t, js.publish("$KV.limits.k0", "x", { headers: rollup }), 10111, 'rollup value invalid: "bad"');
  const far = (await rejection(kv.update("k0", "x", 999), "the update"));
  assert.equal(t.client.apiError(far).err_code, 10071);
}

/** What a bucket stores is published again, with headers that tell a gap. */
export async function kv_republish(t) {
  const { nc } = await open(t);
  const whole = new Collector(nc, "whole.>");
  const bare = new Collector(nc, "bare.>");
  await nc.flush();
  const buckets = t.client.buckets(nc);
  const one = await buckets.create("whole", { republish: { src: ">", dest: "whole.>" } });
  const two = await buckets.create("bare", { republish: { src: ">", dest: "bare.>", headers_only: true } });
  for (const kv of [one, two]) {
    await kv.put("a", "first");
    await kv.put("b", "other");
    await kv.put("a", "second");
    await kv.delete("a");
  }
  const header = (messages, name) => messages.map((message) => message.headers.get(name));
  const got = await whole.take(4);
  assert.deepEqual(got.map((message) => message.subject), ["a", "b", "a", "a"].map((key) => `whole.$KV.whole.${key}`));
  assert.deepEqual(whole.texts(), ["first", "other", "second", ""]);
  assert.deepEqual([...got[0].headers.keys()],
    ["Nats-Stream", "Nats-Subject", "Nats-Sequence", "Nats-Time-Stamp", "Nats-Last-Sequence"]);
  assert.deepEqual(header(got, "Nats-Sequence"), ["1", "2", "3", "4"]);
  assert.deepEqual(header(got, "Nats-Last-Sequence"), ["0", "0", "1", "3"]);
  assert.equal(got[3].headers.get("KV-Operation"), "DEL");
  const sizes = header(await bare.take(4), "Nats-Msg-Size");
  assert.deepEqual([bare.texts(), sizes], [["", "", "", ""], ["5", "5", "6", "0"]]);
}

/** Values, history and watches go on when the server was started anew. */
export async function kv_restart(t) {
  const { nc, kv } = await openBucket(t, "restart", { history: 5 }, RESTARTED);
  await kv.put("a", "1");
  await kv.put("a", "2");
  await kv.delete("b");
  let iterator = await kv.watch();
  let reader = new Reader(iterator);
  await reader.take(2);
  let revision = 3;
  for (const verb of ["restart", "kill"]) {
    await restart(t, verb, RESTARTED, nc);
    assert.equal((await kv.get("a")).revision, revision === 3 ? 2 : revision);
    assert.equal((await kv.get("b")).operation, "DEL");
    assert.equal(await kv.update("a", verb, (await kv.get("a")).revision), ++revision);
    await refused(t, kv.create("a", "no"), 10071, `wrong last sequence: ${revision}`);
    if (!t.client.watchesGoOn) {
      iterator.stop();
      iterator = await kv.watch({ resumeFromRevision: revision });
      reader = new Reader(iterator);
    }
    const seen = () => shown(reader.values).includes(`a PUT ${verb} ${revision}`);
    await until(seen, "the new value", 15_000);
  }
  const wanted = ["a PUT 1 1", "a PUT 2 2", "a PUT restart 4", "a PUT kill 5"];
  assert.deepEqual(shown(await all(await kv.history({ key: "a" }))), wanted);
  assert.deepEqual(await all(await kv.keys()), ["a"]);
  iterator.stop();
}
