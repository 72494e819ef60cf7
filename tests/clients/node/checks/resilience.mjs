// The server goes away, comes back, or says that it will go.

import assert from "node:assert/strict";
import { Collector, Events } from "../harness.mjs";

async function reconnects(t, verb) {
  const server = `open:${verb}`;
  const connection = await t.connectForGood(server);
  const publisher = await t.connectForGood(server);
  const wild = new Collector(connection, "after.*");
  const group = new Collector(connection, "after.>", { queue: "workers" });
  await connection.flush();
  publisher.publish("after.first", "before");
  await wild.take(1);
  await group.take(1);
  const id = connection.info.server_id;
  const events = [connection, publisher].map((each) => new Events(each));
  await t.control(verb, server);
  for (const each of events) await each.find(t.client.isReconnect, "reconnect");
  assert.notEqual(connection.info.server_id, id);
  await connection.flush();
  for (let i = 0; i < 100; i++) publisher.publish("after.restart", String(i));
  await wild.take(101);
  await group.take(101);
  assert.deepEqual(wild.texts(), ["before", ...Array.from({ length: 100 }, (_, i) => String(i))]);
  assert.deepEqual(group.texts(), wild.texts());
}

export const reconnect_after_restart = (t) => reconnects(t, "restart");
export const reconnect_after_kill = (t) => reconnects(t, "kill");

export async function lame_duck(t) {
  const connection = await t.connect("open:lame");
  const events = new Events(connection);
  await connection.flush();
  await t.control("lame_duck", "open:lame");
  await events.find(t.client.isLameDuck, "the notice");
  assert.equal(connection.info.ldm, true);
  const collector = new Collector(connection, "still");
  connection.publish("still", "works");
  await collector.take(1);
}
