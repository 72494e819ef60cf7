// Payload sizes and permissions.

import assert from "node:assert/strict";
import { Collector, Events, within } from "../harness.mjs";

const MIB = 1024 * 1024;

async function largePayload(t, server, size) {
  const publisher = await t.connect(server);
  const subscriber = await t.connect(server);
  const collector = new Collector(subscriber, "large");
  await subscriber.flush();
  const bytes = Buffer.alloc(size, (_, i) => i);
  for (let i = 0; i < size; i += 4) bytes.writeUInt32LE((i * 2654435761) % 4294967296, i);
  publisher.publish("large", bytes);
  publisher.publish("large", "small");
  const [message] = await collector.take(2, 10_000);
  assert.ok(bytes.equals(message.data), "the payload differs");
}

export const large_payload_1mib = (t) => largePayload(t, "open", MIB);
export const large_payload_4mib = (t) => largePayload(t, "large", 4 * MIB);

export async function max_payload_client(t) {
  const connection = await t.connect();
  const collector = new Collector(connection, "limit");
  assert.throws(() => connection.publish("limit", new Uint8Array(MIB + 1)), (error) => t.client.isMaxPayload(error));
  const headers = t.client.headers();
  headers.set("A", "counts too");
  assert.throws(() => connection.publish("limit", new Uint8Array(MIB), { headers }), (error) =>
    t.client.isMaxPayload(error)
  );
  connection.publish("limit", "small");
  await collector.take(1);
  assert.deepEqual(collector.texts(), ["small"]);
}

export async function max_payload_server(t) {
  const connection = await t.connect("payload");
  assert.equal(connection.info.max_payload, 1024);
  await t.control("reload", "payload", "payload_small");
  connection.publish("limit", "x".repeat(64));
  await connection.flush();
  connection.publish("limit", "x".repeat(65));
  const error = await within(connection.closed(), "the end of the connection");
  assert.match(String(error), /maximum payload violation/i);
  const informed = await t.connect("payload");
  assert.equal(informed.info.max_payload, 64);
}

const limited = { user: "limited", pass: "l-secret" };
const admin = { user: "admin", pass: "admin-secret" };

async function stillWorks(connection) {
  const collector = new Collector(connection, "open.still");
  connection.publish("open.still", "yes");
  await collector.take(1);
  assert.deepEqual(collector.texts(), ["yes"]);
}

export async function permission_publish(t) {
  const connection = await t.connect("permissions", limited);
  const witness = await t.connect("permissions", admin);
  const everything = new Collector(witness, ">");
  await witness.flush();
  const events = new Events(connection);
  const id = connection.info.client_id;
  connection.publish("closed.subject", "not allowed");
  connection.publish("open.subject", "allowed");
  const status = await events.find((event) => t.client.violation(event), "the violation");
  assert.equal(t.client.violation(status).operation, "publish");
  assert.equal(t.client.violation(status).subject, "closed.subject");
  await stillWorks(connection);
  assert.equal(connection.info.client_id, id);
  await everything.take(2);
  assert.deepEqual(everything.texts(), ["allowed", "yes"]);
}

export async function permission_subscribe(t) {
  const connection = await t.connect("permissions", limited);
  const witness = await t.connect("permissions", admin);
  const events = new Events(connection);
  const plain = new Collector(connection, "closed.plain");
  const queue = new Collector(connection, "closed.queue", { queue: "workers" });
  for (const [subject, group] of [["closed.plain", undefined], ["closed.queue", "workers"]]) {
    const status = await events.find((event) => t.client.violation(event)?.subject === subject, `${subject} refused`);
    assert.equal(t.client.violation(status).operation, "subscription");
    assert.equal(t.client.violation(status).queue, group);
  }
  assert.equal(plain.errors.length, 1);
  assert.equal(queue.errors.length, 1);
  witness.publish("closed.plain", "secret");
  await witness.flush();
  await stillWorks(connection);
  assert.equal(plain.messages.length, 0);
}
