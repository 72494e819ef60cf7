// Publish and subscribe: subjects, headers, groups, order, and how a subscription ends.

import assert from "node:assert/strict";
import { Collector, rejection, within } from "../harness.mjs";

/** The server knows of no subscription any more. */
async function nobodyListens(t, connection, subject) {
  const error = await rejection(connection.request(subject, "", { timeout: 4000 }), "request");
  assert.ok(t.client.isNoResponders(error), `request to ${subject}: ${error}`);
}

export async function publish_subscribe(t) {
  const publisher = await t.connect();
  const subscriber = await t.connect();
  const collector = new Collector(subscriber, "plain.subject");
  await subscriber.flush();
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  publisher.publish("plain.subject", bytes, { reply: "answer.here" });
  publisher.publish("plain.subject");
  publisher.publish("plain.Subject", "another subject");
  publisher.publish("plain.subject", "Grüße 🦟");
  const [first, second, third] = await collector.take(3);
  assert.deepEqual([...first.data], [...bytes]);
  assert.equal(first.subject, "plain.subject");
  assert.equal(first.reply, "answer.here");
  assert.equal(second.data.length, 0);
  assert.equal(third.string(), "Grüße 🦟");
}

export async function wildcards(t) {
  const publisher = await t.connect();
  const subscriber = await t.connect();
  const one = new Collector(subscriber, "w.*.c");
  const rest = new Collector(subscriber, "w.a.>");
  const all = new Collector(subscriber, "w.>");
  const end = new Collector(subscriber, "end");
  await subscriber.flush();
  for (const subject of ["w.a.c", "w.b.c", "w.a.b.c", "w.a", "w", "w.a.b", "x.a.c"]) publisher.publish(subject, subject);
  publisher.publish("end");
  await end.take(1);
  assert.deepEqual(one.texts(), ["w.a.c", "w.b.c"]);
  assert.deepEqual(rest.texts(), ["w.a.c", "w.a.b.c", "w.a.b"]);
  assert.deepEqual(all.texts(), ["w.a.c", "w.b.c", "w.a.b.c", "w.a", "w.a.b"]);
}

export async function headers(t) {
  const publisher = await t.connect();
  const subscriber = await t.connect();
  const collector = new Collector(subscriber, "with.headers");
  await subscriber.flush();
  const sent = t.client.headers();
  sent.set("Kind", "test");
  sent.set("lower-case", "kept: as is");
  publisher.publish("with.headers", "body", { headers: sent });
  publisher.publish("with.headers", "", { headers: sent });
  publisher.publish("with.headers", "bare");
  const [full, empty, bare] = await collector.take(3);
  assert.equal(full.headers.get("Kind"), "test");
  assert.equal(full.headers.get("lower-case"), "kept: as is");
  assert.equal(full.string(), "body");
  assert.equal(empty.headers.get("Kind"), "test");
  assert.equal(empty.data.length, 0);
  assert.equal(bare.headers, undefined);
}

export async function headers_multi_value(t) {
  const publisher = await t.connect();
  const subscriber = await t.connect();
  const collector = new Collector(subscriber, "many.values");
  await subscriber.flush();
  const sent = t.client.headers();
  for (const value of ["one", "two", "three"]) sent.append("Value", value);
  sent.append("value", "another name");
  publisher.publish("many.values", "body", { headers: sent });
  const [message] = await collector.take(1);
  assert.deepEqual(message.headers.values("Value"), ["one", "two", "three"]);
  assert.deepEqual(message.headers.values("value"), ["another name"]);
}

export async function queue_group(t) {
  const count = 600;
  const publisher = await t.connect();
  const connections = [await t.connect(), await t.connect()];
  const members = [0, 1, 0].map((i) => new Collector(connections[i], "jobs.*", { queue: "workers" }));
  const other = new Collector(connections[1], "jobs.>", { queue: "auditors" });
  const plain = new Collector(connections[0], "jobs.new");
  await Promise.all(connections.map((connection) => connection.flush()));
  for (let i = 0; i < count; i++) publisher.publish("jobs.new", String(i));
  await plain.take(count);
  await other.take(count);
  await publisher.flush();
  await Promise.all(connections.map((connection) => connection.flush()));
  const got = members.flatMap((member) => member.texts()).map(Number).sort((a, b) => a - b);
  assert.deepEqual(got, Array.from({ length: count }, (_, i) => i));
  assert.ok(members.every((member) => member.messages.length > 0), "a member got nothing");
}

export async function order_10000(t) {
  const count = 10_000;
  const publisher = await t.connect();
  const subscriber = await t.connect();
  const collector = new Collector(subscriber, "order");
  const end = new Collector(subscriber, "order.end");
  await subscriber.flush();
  for (let i = 0; i < count; i++) publisher.publish("order", String(i));
  publisher.publish("order.end");
  await end.take(1, 15_000);
  assert.equal(collector.messages.length, count);
  collector.texts().forEach((text, i) => assert.equal(text, String(i)));
}

export async function unsubscribe(t) {
  const publisher = await t.connect();
  const subscriber = await t.connect();
  const collector = new Collector(subscriber, "until.now");
  const end = new Collector(subscriber, "end.of.it");
  await subscriber.flush();
  publisher.publish("until.now", "before");
  await collector.take(1);
  collector.subscription.unsubscribe();
  await subscriber.flush();
  publisher.publish("until.now", "after");
  publisher.publish("end.of.it");
  await end.take(1);
  assert.deepEqual(collector.texts(), ["before"]);
  assert.ok(collector.subscription.isClosed());
  await nobodyListens(t, publisher, "until.now");
}

export async function unsubscribe_with_max(t) {
  const publisher = await t.connect();
  const subscriber = await t.connect();
  const atOnce = new Collector(subscriber, "max", { max: 5 });
  const later = new Collector(subscriber, "max");
  const end = new Collector(subscriber, "end.of.max");
  await subscriber.flush();
  publisher.publish("max", "0");
  await later.take(1);
  later.subscription.unsubscribe(3);
  await subscriber.flush();
  for (let i = 1; i < 10; i++) publisher.publish("max", String(i));
  publisher.publish("end.of.max");
  await end.take(1);
  assert.deepEqual(atOnce.texts(), ["0", "1", "2", "3", "4"]);
  assert.deepEqual(later.texts(), ["0", "1", "2"]);
  await nobodyListens(t, publisher, "max");
}

export async function drain_subscription(t) {
  const count = 500;
  const publisher = await t.connect();
  const subscriber = await t.connect();
  const collector = new Collector(subscriber, "drained");
  await subscriber.flush();
  for (let i = 0; i < count; i++) publisher.publish("drained", String(i));
  // What was published before this flush belongs to the subscription that is drained after it.
  await publisher.flush();
  await within(collector.subscription.drain(), "drain");
  assert.equal(collector.messages.length, count);
  await nobodyListens(t, publisher, "drained");
  assert.equal(collector.messages.length, count);
}

export async function drain_connection(t) {
  const count = 500;
  const publisher = await t.connect();
  const subscriber = await t.connect();
  const answers = new Collector(publisher, "answers");
  const collected = [];
  subscriber.subscribe("questions", {
    callback: (_, message) => {
      collected.push(message.string());
      subscriber.publish("answers", message.data);
    },
  });
  await Promise.all([subscriber.flush(), publisher.flush()]);
  for (let i = 0; i < count; i++) publisher.publish("questions", String(i));
  await publisher.flush();
  await within(subscriber.drain(), "drain");
  assert.equal(collected.length, count);
  assert.ok(subscriber.isClosed());
  assert.equal((await answers.take(count)).length, count);
}
