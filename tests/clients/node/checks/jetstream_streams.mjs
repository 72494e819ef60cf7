// Streams: their life, what a publish is answered, what the account says.

import assert from "node:assert/strict";
import { rejection } from "../harness.mjs";
import { all, api, eventually, fill, open, Reader, refused, restart, RESTARTED } from "../jetstream.mjs";

/** The account counts streams, consumers and bytes, and says the level of its API. */
export async function jetstream_account(t) {
  const { nc, js, jsm } = await open(t);
  const before = await jsm.getAccountInfo();
  assert.deepEqual([before.limits.max_streams, before.limits.max_consumers, before.limits.max_storage], [-1, -1, -1]);
  await jsm.streams.add({ name: "account", subjects: ["account"] });
  await js.publish("account", "x".repeat(1000));
  await jsm.consumers.add("account", { durable_name: "one", ack_policy: "explicit" });
  const during = await jsm.getAccountInfo();
  assert.deepEqual([during.streams, during.consumers], [before.streams + 1, before.consumers + 1]);
  assert.ok(during.storage > before.storage + 1000, `${during.storage} bytes after ${before.storage}`);
  await jsm.streams.delete("account");
  const after = await jsm.getAccountInfo();
  assert.deepEqual([after.streams, after.consumers, after.storage], [before.streams, before.consumers, before.storage]);
  assert.equal((await api(nc, "INFO")).api.level, 5);
}

/** Where there is no JetStream, its users hear of it at once. */
export async function jetstream_absent(t) {
  const nc = await t.connect("open");
  const start = performance.now();
  const error = await rejection(t.client.manager(nc, { timeout: 4000 }), "the manager");
  assert.ok(t.client.isNotEnabled(error), `another error: ${error}`);
  assert.ok(performance.now() - start < 1000, "the error came late");
}

/** With a domain the API has another name, and acks tell the domain. */
export async function jetstream_domain(t) {
  const nc = await t.connect("jetstream_domain");
  assert.equal(nc.info.domain, "hub");
  const options = { domain: "hub" };
  const jsm = await t.client.manager(nc, options);
  const js = t.client.jetstream(nc, options);
  await jsm.streams.add({ name: "domain", subjects: ["domain"] });
  const ack = await js.publish("domain", "x");
  assert.deepEqual([ack.stream, ack.domain, ack.seq], ["domain", "hub", 1]);
  await jsm.consumers.add("domain", { durable_name: "d", ack_policy: "explicit" });
  const message = await (await js.consumers.get("domain", "d")).next({ expires: 2000 });
  assert.equal(message.string(), "x");
  assert.equal(await message.ackAck(), true);
  assert.equal((await api(nc, "STREAM.INFO.domain")).state.messages, 1);
}

/** A stream is made, found, changed, emptied and deleted. */
export async function jetstream_streams(t) {
  const { nc, js, jsm } = await open(t);
  const missing = await refused(t, jsm.streams.info("life"), 10059, "stream not found");
  assert.equal(missing.code, 404);
  const wanted = { name: "life", subjects: ["life.>"], max_msgs_per_subject: 100 };
  const { config, state } = await jsm.streams.add(wanted);
  const { retention, storage, discard, num_replicas, max_age, max_msgs } = config;
  assert.deepEqual({ retention, storage, discard, num_replicas, max_age, max_msgs }, {
    retention: "limits",
    storage: "file",
    discard: "old",
    num_replicas: 1,
    max_age: 0,
    max_msgs: -1,
  });
  assert.deepEqual([state.messages, state.first_seq, state.last_seq], [0, 0, 0]);
  assert.deepEqual((await jsm.streams.add(wanted)).config, config, "the same configuration again is no error");
  const other = { ...wanted, max_msgs_per_subject: 5 };
  await refused(t, jsm.streams.add(other), 10058, "stream name already in use with a different configuration");
  await refused(t, jsm.streams.add({ name: "overlap", subjects: ["life.a"] }), 10065);
  assert.equal(await jsm.streams.find("life.a"), "life");
  assert.deepEqual((await all(jsm.streams.names("life.*"))).flat(), ["life"]);
  assert.ok((await all(jsm.streams.list())).some((stream) => stream.config.name === "life"));

  // The library sends the whole configuration back, with the metadata that the server has put there.
  assert.ok(config.metadata?.["_nats.req.level"] !== undefined, "the level of the stream is missing");
  const updated = await jsm.streams.update("life", { ...config, description: "changed", subjects: ["life.>", "more"] });
  assert.deepEqual([updated.config.description, updated.config.subjects], ["changed", ["life.>", "more"]]);
  await refused(t, jsm.streams.update("life", { ...config, storage: "memory" }), 10052);

  for (const subject of ["life.a", "life.b"]) await fill(js, subject, 10);
  const counted = await jsm.streams.info("life", { subjects_filter: ">" });
  assert.deepEqual(counted.state.subjects, { "life.a": 10, "life.b": 10 });
  assert.deepEqual(await purged(jsm, { filter: "life.a", keep: 3 }), 7);
  assert.deepEqual(await purged(jsm, { filter: "life.b", seq: 16 }), 5);
  assert.deepEqual(await purged(jsm, undefined), 8);
  const empty = (await jsm.streams.info("life")).state;
  assert.deepEqual([empty.messages, empty.first_seq, empty.last_seq], [0, 21, 20]);

  const headers = t.client.headers();
  headers.set("Nats-Required-Api-Level", "999");
  const { error } = await api(nc, "STREAM.INFO.life", "", { headers });
  assert.deepEqual([error.code, error.err_code], [412, 10185]);
  assert.equal(error.description, "JetStream minimum api level required");

  assert.equal(await jsm.streams.delete("life"), true);
  await refused(t, jsm.streams.delete("life"), 10059);
}

async function purged(jsm, options) {
  const answer = await jsm.streams.purge("life", options);
  assert.equal(answer.success, true);
  return answer.purged;
}

/** More streams than a page has are all listed, once. */
export async function jetstream_paging(t) {
  const { nc, jsm } = await open(t, "jetstream:paging");
  const wanted = Array.from({ length: 260 }, (_, i) => `page${String(i).padStart(3, "0")}`);
  for (const name of wanted) await jsm.streams.add({ name, subjects: [`${name}.x`], storage: "memory" });
  assert.deepEqual((await all(jsm.streams.names())).flat().sort(), wanted);
  assert.deepEqual((await all(jsm.streams.list())).flat().map((stream) => stream.config.name).sort(), wanted);
  const page = await api(nc, "STREAM.LIST", { offset: 0 });
  assert.deepEqual([page.total, page.limit, page.streams.length], [260, 256, 256]);
  const names = await api(nc, "STREAM.NAMES", { offset: 250 });
  assert.deepEqual([names.total, names.limit, names.streams.length], [260, 1024, 10]);
}

/** An ack has the sequence; duplicates are recognised; expectations are kept. */
export async function jetstream_publish(t) {
  const { nc, js, jsm } = await open(t);
  await jsm.streams.add({ name: "publish", subjects: ["publish.>"] });
  const first = await js.publish("publish.a", "one", { msgID: "first" });
  assert.deepEqual([first.stream, first.seq, first.duplicate ?? false], ["publish", 1, false]);
  const again = await js.publish("publish.a", "one", { msgID: "first" });
  assert.deepEqual([again.stream, again.seq, again.duplicate], ["publish", 1, true]);
  const headers = t.client.headers();
  headers.set("Nats-Msg-Id", "first");
  const wire = (await nc.request("publish.a", "one", { headers, timeout: 2000 })).string();
  assert.equal(wire, '{"stream":"publish","seq":1,"duplicate": true}');

  await js.publish("publish.a", "two", {
    msgID: "second",
    expect: { streamName: "publish", lastSequence: 1, lastMsgID: "first", lastSubjectSequence: 1 },
  });
  const expecting = (expect, subject = "publish.a") => js.publish(subject, "no", { expect });
  await refused(t, expecting({ lastSequence: 1 }), 10071, "wrong last sequence: 2");
  await refused(t, expecting({ lastSubjectSequence: 1 }), 10071, "wrong last sequence: 2");
  await refused(t, expecting({ streamName: "other" }), 10060, "expected stream does not match");
  await refused(t, expecting({ lastMsgID: "first" }), 10070, "wrong last msg ID: second");
  await refused(t, expecting({ lastSubjectSequence: 2 }, "publish.new"), 10071, "wrong last sequence: 0");
  const acks = await fill(js, "publish.many", 500);
  assert.deepEqual(acks.map((ack) => ack.seq), Array.from({ length: 500 }, (_, i) => i + 3));
  assert.equal((await jsm.streams.info("publish")).state.messages, 502);
  const error = await rejection(js.publish("nobody.stores.this", "x"), "the publish");
  assert.ok(t.client.isNotStored(error), `another error: ${error}`);
}

/** A stored message is read with its headers, and deleted; a restart changes nothing. */
export async function jetstream_messages(t) {
  const { nc, js, jsm } = await open(t, RESTARTED);
  await jsm.streams.add({ name: "messages", subjects: ["messages.>"] });
  const headers = t.client.headers();
  headers.append("Color", "red");
  headers.append("Color", "blue");
  await js.publish("messages.a", "one", { headers });
  await js.publish("messages.b", "two");
  await js.publish("messages.a", "three");
  const get = (query) => t.client.orNull(jsm.streams.getMessage("messages", query));
  for (const verb of [undefined, "restart", "kill"]) {
    if (verb) await restart(t, verb, RESTARTED, nc);
    const one = await get({ seq: 1 });
    assert.deepEqual([one.subject, one.seq, one.string()], ["messages.a", 1, "one"]);
    assert.deepEqual(one.header.values("Color"), ["red", "blue"]);
    assert.ok(Math.abs(Date.now() - one.time.getTime()) < 60_000, `time ${one.time}`);
    assert.equal((await get({ last_by_subj: "messages.a" })).seq, 3);
    assert.equal((await get({ last_by_subj: "messages.*" })).seq, 3);
    assert.equal((await get({ seq: 2, next_by_subj: "messages.a" })).seq, 3);
    assert.equal(await get({ seq: 4 }), null);
    assert.equal(await get({ last_by_subj: "messages.c" }), null);
  }
  assert.equal(await jsm.streams.deleteMessage("messages", 2), true);
  await restart(t, "restart", RESTARTED, nc);
  assert.equal(await get({ seq: 2 }), null);
  const { state } = await jsm.streams.info("messages", { deleted_details: true });
  assert.deepEqual([state.messages, state.first_seq, state.last_seq, state.deleted], [2, 1, 3, [2]]);
  await refused(t, jsm.streams.deleteMessage("messages", 2), 10043);
  assert.equal((await js.publish("messages.a", "four")).seq, 4);
}

/** A message's own time to live ends it; a marker takes its place. */
export async function jetstream_ttl(t) {
  const { js, jsm } = await open(t);
  const ttl = (text) => {
    const headers = t.client.headers();
    headers.set("Nats-TTL", text);
    return { headers };
  };
  await jsm.streams.add({ name: "no_ttl", subjects: ["no_ttl"] });
  await refused(t, js.publish("no_ttl", "x", ttl("1s")), 10166, "per-message TTL is disabled");
  await jsm.streams.add({
    name: "ttl",
    subjects: ["ttl.*"],
    allow_msg_ttl: true,
    allow_rollup_hdrs: true,
    subject_delete_marker_ttl: 1_000_000_000,
  });
  for (const text of ["0", "500ms", "soon"]) {
    await refused(t, js.publish("ttl.bad", "x", ttl(text)), 10165, "invalid per-message TTL");
  }
  await js.publish("ttl.short", "gone soon", ttl("1s"));
  await js.publish("ttl.never", "stays", ttl("never"));
  const consumer = await js.consumers.get("ttl");
  const messages = await consumer.consume();
  const [short, never, marker] = await new Reader(messages).take(3);
  await messages.close();
  assert.deepEqual([short.string(), never.string()], ["gone soon", "stays"]);
  assert.deepEqual([marker.subject, marker.seq, marker.data.length], ["ttl.short", 3, 0]);
  assert.deepEqual(
    ["Nats-Marker-Reason", "Nats-TTL", "Nats-Rollup"].map((name) => marker.headers.get(name)),
    ["MaxAge", "1s", "sub"],
  );
  await eventually(async () => (await jsm.streams.info("ttl")).state.messages === 1, "the end of the marker");
  assert.equal((await jsm.streams.getMessage("ttl", { last_by_subj: "ttl.never" })).string(), "stays");
}
