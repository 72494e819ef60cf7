// What a connection tells, and its options.

import assert from "node:assert/strict";
import { Collector } from "../harness.mjs";

export async function server_info(t) {
  const connection = await t.connect();
  const info = connection.info;
  assert.match(info.version, /^\d+\.\d+\.\d+$/);
  assert.equal(info.headers, true);
  assert.equal(info.max_payload, 1024 * 1024);
  assert.equal(info.host, "127.0.0.1");
  assert.equal(info.client_ip, "127.0.0.1");
  assert.ok(info.client_id > 0);
  assert.match(info.server_id, /^N[A-Z2-7]{55}$/);
  assert.equal(connection.getServer(), await t.server());
}

export async function verbose_and_pedantic(t) {
  const connection = await t.connect("open", { verbose: true, pedantic: true });
  const collector = new Collector(connection, "verbose.>");
  for (let i = 0; i < 10; i++) connection.publish("verbose.x", String(i));
  await connection.flush();
  assert.deepEqual((await collector.take(10)).length, 10);
}

export async function no_echo(t) {
  const silent = await t.connect("open", { noEcho: true });
  const other = await t.connect();
  const collector = new Collector(silent, "echo");
  await silent.flush();
  silent.publish("echo", "mine");
  await silent.flush();
  other.publish("echo", "of another");
  await collector.take(1);
  assert.deepEqual(collector.texts(), ["of another"]);
}

export async function flush_and_rtt(t) {
  const connection = await t.connect();
  for (let i = 0; i < 5; i++) await connection.flush();
  await Promise.all([connection.flush(), connection.flush(), connection.flush()]);
  const rtt = await connection.rtt();
  assert.ok(rtt >= 0 && rtt < 1000, `rtt ${rtt} ms`);
}
