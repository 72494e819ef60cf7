// Direct gets, and consumers that read a stream in order.

import assert from "node:assert/strict";
import { Collector } from "../harness.mjs";
import { all, api, eventually, fill, numbers, open, Reader, restart, RESTARTED, texts } from "../jetstream.mjs";

/** One answer of a direct get as it is on the wire. */
async function direct(nc, subject, body = "") {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await nc.request(`$JS.API.DIRECT.GET.${subject}`, text, { timeout: 2000 });
  return { answer, status: `${answer.headers.code} ${answer.headers.description}` };
}

/** A direct get gives the message with its headers first and those of the stream behind them. */
export async function jetstream_direct_get(t) {
  const { nc, js, jsm } = await open(t, RESTARTED);
  await jsm.streams.add({ name: "direct", subjects: ["direct.>"], allow_direct: true });
  await jsm.streams.add({ name: "indirect", subjects: ["indirect.>"] });
  const headers = t.client.headers();
  headers.set("Own", "header");
  await js.publish("direct.a", "one", { headers });
  await js.publish("direct.b", "two");
  await js.publish("direct.a", "three");
  const get = (query) => t.client.orNull(jsm.direct.getMessage("direct", query));
  for (const verb of [undefined, "restart"]) {
    if (verb) await restart(t, verb, RESTARTED, nc);
    const one = await get({ seq: 1 });
    assert.deepEqual([one.subject, one.seq, one.string(), one.header.get("Own")], ["direct.a", 1, "one", "header"]);
    assert.ok(Math.abs(Date.now() - one.time.getTime()) < 60_000, `time ${one.time}`);
    assert.equal((await get({ last_by_subj: "direct.a" })).string(), "three");
    assert.equal((await get({ last_by_subj: "direct.*" })).seq, 3);
    assert.equal((await get({ seq: 2, next_by_subj: "direct.a" })).seq, 3);
    assert.equal((await get({ next_by_subj: "direct.b" })).seq, 2);
    assert.equal((await get({ start_time: one.time })).seq, 1);
    assert.equal(await get({ seq: 9 }), null);
    assert.equal(await get({ last_by_subj: "direct.c" }), null);
  }
  const { answer } = await direct(nc, "direct", { seq: 1 });
  const names = ["Own", "Nats-Stream", "Nats-Subject", "Nats-Sequence", "Nats-Time-Stamp"];
  assert.deepEqual([...answer.headers.keys()], names);
  assert.match(answer.headers.get("Nats-Time-Stamp"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
  const wrong = [
    ["direct", { seq: 9 }, "404 Message Not Found"],
    ["direct", { multi_last: ["direct.c"] }, "404 No Results"],
    ["direct", "", "408 Empty Request"],
    ["direct", {}, "408 Empty Request"],
    ["direct", "not JSON", "408 Malformed Request"],
    ["direct.direct.a", { seq: 1 }, "408 Bad Request"],
  ];
  for (const [subject, body, status] of wrong) {
    assert.equal((await direct(nc, subject, body)).status, status, `${subject} ${JSON.stringify(body)}`);
  }
  for (const stream of ["indirect", "missing"]) {
    await assert.rejects(direct(nc, stream, { seq: 1 }), t.client.isNoResponders, stream);
  }
}

/** Many answers to one direct get, with an end that says what is left. */
export async function jetstream_direct_batch(t) {
  const { nc, js, jsm } = await open(t);
  await jsm.streams.add({ name: "batch", subjects: ["batch.>"], allow_direct: true });
  for (let i = 0; i < 30; i++) await js.publish(`batch.${i % 3}`, String(i));
  const batch = async (body, count) => {
    const replies = new Collector(nc, `batches.${crypto.randomUUID()}`);
    nc.publish("$JS.API.DIRECT.GET.batch", JSON.stringify(body), { reply: replies.subscription.getSubject() });
    const got = await replies.take(count + 1);
    const end = got.at(-1);
    assert.equal(got.length, count + 1);
    assert.equal(`${end.headers.code} ${end.headers.description}`, "204 EOB");
    return { messages: got.slice(0, -1), end: end.headers };
  };
  const first = await batch({ seq: 1, next_by_subj: "batch.1", batch: 4 }, 4);
  assert.deepEqual(texts(first.messages), ["1", "4", "7", "10"]);
  const header = (name) => first.messages.map((message) => Number(message.headers.get(name)));
  assert.deepEqual(header("Nats-Last-Sequence"), [0, 2, 5, 8]);
  assert.deepEqual(header("Nats-Num-Pending"), [9, 8, 7, 6]);
  assert.deepEqual([first.end.get("Nats-Num-Pending"), first.end.get("Nats-Last-Sequence")], ["6", "11"]);
  const rest = await batch({ seq: 12, next_by_subj: "batch.1", batch: 100 }, 6);
  assert.equal(rest.end.get("Nats-Num-Pending"), "0");
  const last = await batch({ multi_last: ["batch.>"] }, 3);
  assert.deepEqual(texts(last.messages), ["27", "28", "29"]);
  assert.equal(last.end.get("Nats-UpTo-Sequence"), "30");
  const past = await batch({ multi_last: ["batch.0", "batch.2"], up_to_seq: 20 }, 2);
  assert.deepEqual(texts(past.messages), ["18", "17"].sort());
  await Promise.all(Array.from({ length: 1025 }, (_, i) => js.publish(`batch.many.${i}`)));
  const { status } = await direct(nc, "batch", { multi_last: ["batch.many.*"] });
  assert.equal(status, "413 Too Many Results");
  if (!jsm.direct.getLastMessagesFor) return;
  const found = await all(await jsm.direct.getBatch("batch", { seq: 1, batch: 5 }));
  assert.deepEqual(found.map((message) => message.seq), [1, 2, 3, 4, 5]);
  const lasts = await all(await jsm.direct.getLastMessagesFor("batch", { multi_last: ["batch.*"] }));
  assert.deepEqual(texts(lasts), ["27", "28", "29"]);
}

/** An ordered consumer reads everything once and in order, whatever becomes of its consumer on the server. */
export async function jetstream_ordered(t) {
  const { js, jsm } = await open(t);
  await jsm.streams.add({ name: "ordered", subjects: ["ordered.>"] });
  await fill(js, "ordered.a", 200);
  await fill(js, "ordered.b", 100);
  const messages = await (await js.consumers.get("ordered")).consume({ max_messages: 50, expires: 1000 });
  const reader = new Reader(messages);
  await reader.take(300);
  const [{ name, config }] = (await all(jsm.consumers.list("ordered"))).flat();
  assert.deepEqual([config.ack_policy, config.mem_storage, config.num_replicas], ["none", true, 1]);
  assert.equal(await jsm.consumers.delete("ordered", name), true);
  await fill(js, "ordered.c", 100);
  assert.deepEqual(texts(await reader.take(400, 15_000)), [...numbers(200), ...numbers(100), ...numbers(100)]);
  await messages.close();

  const subjects = ["ordered.b", "ordered.c"];
  // The older client has another name for it.
  const filtered = await js.consumers.get("ordered", { filter_subjects: subjects, filterSubjects: subjects });
  const fetched = await all(await filtered.fetch({ max_messages: 150, expires: 2000 }));
  assert.deepEqual(texts(fetched), [...numbers(100), ...numbers(50)]);
  // A start beyond the end waits for what is to come.
  const late = await js.consumers.get("ordered", { opt_start_seq: 402, deliver_policy: "by_start_sequence" });
  const later = await late.consume();
  const last = new Reader(later);
  await fill(js, "ordered.d", 3);
  assert.deepEqual(texts(await last.take(2)), ["1", "2"]);
  await later.close();
}

/** An ordered consumer goes on behind what it has when the server was started anew. */
export async function jetstream_ordered_restart(t) {
  const { nc, js, jsm } = await open(t, RESTARTED);
  await jsm.streams.add({ name: "ordered", subjects: ["ordered"] });
  const messages = await (await js.consumers.get("ordered")).consume({ expires: 1000 });
  const reader = new Reader(messages);
  let sent = 0;
  for (const verb of [undefined, "restart", "kill"]) {
    if (verb) await restart(t, verb, RESTARTED, nc);
    for (let i = 0; i < 100; i++) await js.publish("ordered", String(sent++));
    assert.deepEqual(texts(await reader.take(sent, 15_000)), numbers(sent));
  }
  await messages.close();
}

/** What was acknowledged before the server went is there after it: streams, messages, consumers, acks. */
export async function jetstream_restart(t) {
  const { nc, js, jsm } = await open(t, RESTARTED);
  await jsm.streams.add({ name: "file", subjects: ["file.>"], max_msgs_per_subject: 50, description: "kept" });
  await jsm.streams.add({ name: "memory", subjects: ["memory"], storage: "memory" });
  await fill(js, "file.a", 100);
  await fill(js, "file.b", 10, { headers: withHeader(t) });
  await fill(js, "memory", 10);
  await jsm.consumers.add("file", { durable_name: "worker", ack_policy: "explicit", filter_subject: "file.a" });
  const consumer = await js.consumers.get("file", "worker");
  const first = await all(await consumer.fetch({ max_messages: 10, expires: 2000 }));
  // Every second one stays unacknowledged.
  for (const [i, message] of first.entries()) if (i % 2 === 0) assert.equal(await message.ackAck(), true);
  const before = await jsm.streams.info("file");
  assert.equal(before.state.messages, 60);
  for (const verb of ["restart", "kill"]) {
    await restart(t, verb, RESTARTED, nc);
    const after = await jsm.streams.info("file");
    assert.deepEqual(after.config, before.config);
    assert.deepEqual(after.state, before.state);
    const info = await jsm.consumers.info("file", "worker");
    const { ack_floor, num_ack_pending, num_pending } = info;
    assert.deepEqual([ack_floor.stream_seq, num_ack_pending, num_pending], [51, 5, 40]);
    assert.equal((await api(nc, "STREAM.INFO.memory")).error?.err_code, verb === "restart" ? 10059 : undefined);
    if (verb === "restart") await jsm.streams.add({ name: "memory", subjects: ["memory"] });
  }
  assert.equal((await js.publish("file.b", "next")).seq, 111);
  await jsm.consumers.update("file", "worker", { ack_wait: 1_000_000 });
  const unacked = first.filter((_, i) => i % 2 === 1).map((message) => message.seq);
  const wanted = Array.from({ length: 40 }, (_, i) => 61 + i).concat(unacked).sort((a, b) => a - b);
  const messages = await consumer.consume();
  const reader = new Reader(messages, (message) => message.ack());
  await eventually(async () => (await consumer.info()).ack_floor.stream_seq === 100, "all acks");
  assert.deepEqual([...new Set(reader.values.map((message) => message.seq))].sort((a, b) => a - b), wanted);
  await messages.close();
}

function withHeader(t) {
  const headers = t.client.headers();
  headers.set("Kept", "yes");
  return headers;
}
