// Consumers: their life, pulls in all forms, what ends a pull, groups of priority.

import assert from "node:assert/strict";
import { until } from "../harness.mjs";
import { all, api, eventually, fill, nanos, numbers, open, Pull, Reader, refused, restart, RESTARTED, texts }
  from "../jetstream.mjs";

/** A consumer is made, found, changed and deleted, by every subject that clients use for it. */
export async function jetstream_consumers(t) {
  const { nc, js, jsm } = await open(t);
  await jsm.streams.add({ name: "consumers", subjects: ["consumers.>"] });
  await fill(js, "consumers.a", 10);
  await refused(t, jsm.consumers.info("consumers", "none"), 10014, "consumer not found");
  const wanted = { durable_name: "durable", ack_policy: "explicit", filter_subject: "consumers.a" };
  const info = await jsm.consumers.add("consumers", wanted);
  const { config } = info;
  assert.deepEqual([info.name, info.stream_name, info.num_pending], ["durable", "consumers", 10]);
  assert.deepEqual(
    [config.deliver_policy, config.replay_policy, config.ack_wait, config.max_deliver, config.max_ack_pending],
    ["all", "instant", nanos(30_000), -1, 1000],
  );
  await jsm.consumers.add("consumers", wanted);
  const updated = await jsm.consumers.update("consumers", "durable", { ...config, max_deliver: 5, description: "x" });
  assert.deepEqual([updated.config.max_deliver, updated.config.description], [5, "x"]);
  // As the libraries send it: the name in the subject, the action says what must be there already.
  const create = (subject, action, more) =>
    api(nc, `CONSUMER.CREATE.consumers${subject}`, { stream_name: "consumers", action, config: more });
  const other = { name: "durable", durable_name: "durable", ack_policy: "explicit", deliver_policy: "new" };
  assert.equal((await create(".durable", "create", other)).error.err_code, 10148);
  const absent = { name: "absent", durable_name: "absent", ack_policy: "explicit" };
  assert.equal((await create(".absent", "update", absent)).error.err_code, 10149);
  // Several filters leave the name out of the subject; it counts all the same.
  const filters = ["consumers.a", "consumers.b"];
  const several = await create("", "create", { name: "several", ack_policy: "explicit", filter_subjects: filters });
  assert.deepEqual([several.name, several.config.name, several.num_pending], ["several", "several", 10]);
  assert.deepEqual(several.config.filter_subjects, filters);
  const unnamed = await create("", undefined, { ack_policy: "none", deliver_subject: "consumers-inbox" });
  assert.match(unnamed.name, /^[A-Za-z0-9]{8}$/);
  const old = await api(nc, "CONSUMER.DURABLE.CREATE.consumers.old", {
    stream_name: "consumers",
    config: { durable_name: "old", ack_policy: "explicit" },
  });
  assert.equal(old.name, "old");
  const names = (await all(jsm.consumers.list("consumers"))).flat().map((consumer) => consumer.name);
  for (const name of ["durable", "several", "old"]) assert.ok(names.includes(name), name);
  assert.equal(await jsm.consumers.delete("consumers", "durable"), true);
  await refused(t, jsm.consumers.delete("consumers", "durable"), 10014);
}

/** fetch gives what there is, up to the number or the bytes asked for, and ends when its time is over. */
export async function jetstream_fetch(t) {
  const { js, jsm } = await open(t);
  await jsm.streams.add({ name: "fetch", subjects: ["fetch"] });
  await fill(js, "fetch", 10);
  await jsm.consumers.add("fetch", { durable_name: "f", ack_policy: "explicit" });
  const consumer = await js.consumers.get("fetch", "f");
  const first = await all(await consumer.fetch({ max_messages: 4, expires: 2000 }));
  assert.deepEqual(texts(first), numbers(4));
  assert.deepEqual(first.map((message) => message.info.pending), [9, 8, 7, 6]);
  assert.deepEqual(first.map((message) => message.info.deliverySequence), [1, 2, 3, 4]);
  for (const message of first) message.ack();
  const start = performance.now();
  const rest = await all(await consumer.fetch({ max_messages: 100, expires: 1000 }));
  assert.deepEqual(texts(rest), numbers(6, 4));
  assert.ok(performance.now() - start > 900, "ended before its time");
  for (const message of rest) await message.ackAck();
  const info = await consumer.info();
  assert.deepEqual([info.num_ack_pending, info.num_pending, info.ack_floor.stream_seq], [0, 0, 10]);
  for (let i = 0; i < 5; i++) await js.publish("fetch", "x".repeat(1000));
  const bytes = new Reader(await consumer.fetch({ max_bytes: 2500, expires: 1000 }));
  await until(() => bytes.ended, "the end");
  assert.equal(bytes.values.length, 2);
  // One of the libraries makes an error of the status that ends the pull.
  assert.match(String(bytes.error ?? "exceeds maxbytes"), /exceeds maxbytes/);
}

/** A pull that gets nothing says so: at once, at its end, with heartbeats on the way. */
export async function jetstream_fetch_nothing(t) {
  const { nc, js, jsm } = await open(t);
  await jsm.streams.add({ name: "nothing", subjects: ["nothing"] });
  await jsm.consumers.add("nothing", { durable_name: "n", ack_policy: "explicit", max_waiting: 2 });
  const pull = (body) => new Pull(nc, "nothing", "n", body);
  assert.equal(await pull({ batch: 5, no_wait: true }).end(), "404 No Messages");
  const expired = pull({ batch: 5, expires: nanos(200) });
  assert.equal(await expired.end(), "408 Request Timeout");
  assert.deepEqual(["Nats-Pending-Messages", "Nats-Pending-Bytes"].map((name) => expired.header(name)), ["5", "0"]);
  const waited = pull({ batch: 5, no_wait: true, expires: nanos(200) });
  assert.equal(await waited.end(), "408 Request Timeout");
  const both = pull({ batch: 5, no_wait: true, expires: nanos(2000) });
  await nc.flush();
  await fill(js, "nothing", 1);
  assert.equal(await both.end(), "404 No Messages");
  assert.deepEqual(texts(both.messages), ["0"]);
  const beating = pull({ batch: 5, expires: nanos(1000), idle_heartbeat: nanos(250) });
  assert.equal(await beating.end(), "408 Request Timeout");
  const beats = beating.statuses.filter((status) => status.headers.code === 100);
  assert.ok(beats.length >= 2, `${beats.length} heartbeats`);
  assert.equal(beats[0].headers.description, "Idle Heartbeat");
  assert.deepEqual(["Nats-Last-Consumer", "Nats-Last-Stream"].map((name) => beats[0].headers.get(name)), ["1", "1"]);
  const fast = pull({ batch: 5, expires: nanos(300), idle_heartbeat: nanos(200) });
  assert.equal(await fast.end(), "400 Bad Request - heartbeat value too large");
  const open_ones = [pull({ batch: 1, expires: nanos(1000) }), pull({ batch: 1, expires: nanos(1000) })];
  assert.equal(await pull({ batch: 1, expires: nanos(1000) }).end(), "409 Exceeded MaxWaiting");
  // An empty request is for one message and waits for ever; a bare number is a batch.
  for (const waiting of open_ones) await waiting.end();
  const empty = pull("");
  await nc.flush();
  await fill(js, "nothing", 3);
  await until(() => empty.messages.length === 1, "the message");
  const two = pull("2");
  await until(() => two.messages.length === 2, "two messages");
  const gone = new Pull(nc, "nothing", "missing", { batch: 1 });
  assert.equal((await gone.end()).split(" ")[0], "503");
}

/** next gives one message, or null when its time is over. */
export async function jetstream_next(t) {
  const { js, jsm } = await open(t);
  await jsm.streams.add({ name: "next", subjects: ["next"] });
  await jsm.consumers.add("next", { durable_name: "n", ack_policy: "explicit" });
  const consumer = await js.consumers.get("next", "n");
  assert.equal(await consumer.next({ expires: 1000 }), null);
  const waiting = consumer.next({ expires: 5000 });
  await js.publish("next", "late");
  const message = await waiting;
  assert.deepEqual([message.string(), message.info.deliveryCount, message.redelivered], ["late", 1, false]);
  assert.equal(await message.ackAck(), true);
}

/** consume gives everything in order, with new pulls on the way; nothing comes twice. */
export async function jetstream_consume(t) {
  const { js, jsm } = await open(t);
  await jsm.streams.add({ name: "consume", subjects: ["consume"] });
  await jsm.consumers.add("consume", { durable_name: "c", ack_policy: "explicit" });
  const consumer = await js.consumers.get("consume", "c");
  await fill(js, "consume", 1000);
  const messages = await consumer.consume({ max_messages: 100 });
  const reader = new Reader(messages, (message) => message.ack());
  await reader.take(1000, 10_000);
  await fill(js, "consume", 1000);
  assert.deepEqual(texts(await reader.take(2000, 10_000)), [...numbers(1000), ...numbers(1000)]);
  await eventually(async () => (await consumer.info()).ack_floor.stream_seq === 2000, "all acks");
  const info = await consumer.info();
  assert.deepEqual([info.delivered.consumer_seq, info.num_redelivered, info.num_ack_pending], [2000, 0, 0]);
  await messages.close();
  assert.equal(reader.values.length, 2000);
}

/** consume goes on when the server was started anew, also after a kill: nothing is missing. */
export async function jetstream_consume_restart(t) {
  const { nc, js, jsm } = await open(t, RESTARTED);
  await jsm.streams.add({ name: "consume", subjects: ["consume", "consume.idle"] });
  await jsm.consumers.add("consume", { durable_name: "c", ack_policy: "explicit", ack_wait: nanos(1000) });
  const consumer = await js.consumers.get("consume", "c");
  const messages = await consumer.consume({ max_messages: 50, expires: 1000 });
  const reader = new Reader(messages, (message) => message.ack());
  const idle = { durable_name: "idle", ack_policy: "explicit", filter_subject: "consume.idle" };
  await jsm.consumers.add("consume", idle);
  const waiting = new Pull(nc, "consume", "idle", { batch: 1, expires: nanos(60_000) });
  let sent = 0;
  for (const verb of [undefined, "restart", "kill"]) {
    if (verb) await restart(t, verb, RESTARTED, nc);
    // Whoever waited was told, unless the server was killed.
    if (verb === "restart") assert.equal(await waiting.end(), "409 Server Shutdown");
    for (let i = 0; i < 100; i++) await js.publish("consume", String(sent++));
    const seen = () => new Set(reader.values.map((message) => message.seq)).size === sent;
    await until(seen, `all ${sent} messages`, 15_000);
  }
  await eventually(async () => (await consumer.info()).ack_floor.stream_seq === sent, "all acks");
  await messages.close();
}

/** Deleting a consumer or its stream ends all pulls that wait. */
export async function jetstream_consumer_deleted(t) {
  const { nc, jsm } = await open(t);
  await jsm.streams.add({ name: "deleted", subjects: ["deleted"] });
  for (const what of ["consumer", "stream"]) {
    await jsm.consumers.add("deleted", { durable_name: "d", ack_policy: "explicit" });
    const pulls = [1, 2, 3].map((batch) => new Pull(nc, "deleted", "d", { batch, expires: nanos(20_000) }));
    const waiting = async () => (await jsm.consumers.info("deleted", "d")).num_waiting === 3;
    await eventually(waiting, "three pulls that wait");
    if (what === "consumer") await jsm.consumers.delete("deleted", "d");
    else await jsm.streams.delete("deleted");
    for (const pull of pulls) assert.equal(await pull.end(), "409 Consumer Deleted");
    const late = { batch: 1, expires: nanos(100) };
    await eventually(
      () => new Pull(nc, "deleted", "d", late).end(500).then((end) => end.startsWith("503"), () => false),
      "nobody answers for the consumer",
    );
  }
}

/** A pull beyond the consumer's limits is refused, in words that some clients compare byte by byte. */
export async function jetstream_pull_limits(t) {
  const { nc, js, jsm } = await open(t);
  await jsm.streams.add({ name: "limits", subjects: ["limits"] });
  await jsm.consumers.add("limits", {
    durable_name: "l",
    ack_policy: "explicit",
    max_batch: 10,
    max_expires: nanos(1000),
    max_bytes: 1000,
  });
  await jsm.consumers.add("limits", { durable_name: "p", ack_policy: "none", deliver_subject: "limits-here" });
  const end = (consumer, body) => new Pull(nc, "limits", consumer, body).end();
  assert.equal(await end("l", { batch: 11, max_bytes: 1000 }), "409 Exceeded MaxRequestBatch of 10");
  assert.equal(await end("l", { batch: 1, expires: nanos(2000) }), "409 Exceeded MaxRequestExpires of 1s");
  assert.equal(await end("l", { batch: 1, max_bytes: 2000 }), "409 Exceeded MaxRequestMaxBytes of 1000");
  assert.equal(await end("p", { batch: 1 }), "409 Consumer is push based");
  await js.publish("limits", "x".repeat(2000));
  const large = { batch: 1, max_bytes: 1000, expires: nanos(1000) };
  assert.equal(await end("l", large), "409 Message Size Exceeds MaxBytes");
}

/** A consumer that nobody uses goes when its time is over; one that is used stays. */
export async function jetstream_inactive(t) {
  const { nc, js, jsm } = await open(t);
  await jsm.streams.add({ name: "inactive", subjects: ["inactive"] });
  const inactive_threshold = nanos(500);
  for (const name of ["used", "unused"]) {
    await jsm.consumers.add("inactive", { name, ack_policy: "explicit", inactive_threshold });
  }
  const waiting = (await js.consumers.get("inactive", "used")).next({ expires: 2000 });
  const names = async () => (await all(jsm.consumers.list("inactive"))).flat().map((consumer) => consumer.name);
  await eventually(async () => !(await names()).includes("unused"), "the end of the unused consumer");
  await js.publish("inactive", "x");
  assert.equal((await waiting).string(), "x");
  assert.deepEqual(await names(), ["used"]);
  const pushing = { ack_policy: "none", deliver_subject: "inactive-here" };
  const created = await api(nc, "CONSUMER.CREATE.inactive", { stream_name: "inactive", config: pushing });
  assert.deepEqual([created.config.inactive_threshold, created.num_pending], [nanos(5000), 1]);
}

/** A paused consumer delivers nothing until its time has come or it is resumed. */
export async function jetstream_pause(t) {
  const { js, jsm } = await open(t);
  await jsm.streams.add({ name: "pause", subjects: ["pause"] });
  await jsm.consumers.add("pause", { durable_name: "p", ack_policy: "explicit" });
  await fill(js, "pause", 2);
  const consumer = await js.consumers.get("pause", "p");
  const until_when = new Date(Date.now() + 60_000);
  assert.equal((await jsm.consumers.pause("pause", "p", until_when)).paused, true);
  assert.equal((await jsm.consumers.info("pause", "p")).paused, true);
  assert.equal(await consumer.next({ expires: 1000 }), null);
  assert.equal((await jsm.consumers.resume("pause", "p")).paused, false);
  assert.equal((await consumer.next({ expires: 2000 })).string(), "0");
  await jsm.consumers.pause("pause", "p", new Date(Date.now() + 500));
  assert.equal((await consumer.next({ expires: 3000 })).string(), "1");
}

/** A reset consumer delivers again from its ack floor, or from the sequence that was asked for. */
export async function jetstream_reset(t) {
  const { nc, js, jsm } = await open(t);
  await jsm.streams.add({ name: "reset", subjects: ["reset"] });
  await jsm.consumers.add("reset", { durable_name: "r", ack_policy: "explicit" });
  await fill(js, "reset", 10);
  const consumer = await js.consumers.get("reset", "r");
  const fetch = async (count) => {
    const got = await all(await consumer.fetch({ max_messages: count, expires: 2000 }));
    for (const message of got) await message.ackAck();
    return texts(got);
  };
  assert.deepEqual(await fetch(6), numbers(6));
  const answer = await api(nc, "CONSUMER.RESET.reset.r", { seq: 3 });
  assert.equal(answer.type, "io.nats.jetstream.api.v1.consumer_reset_response");
  assert.deepEqual([answer.name, answer.reset_seq], ["r", 3]);
  assert.deepEqual(await fetch(8), numbers(8, 2));
  await fill(js, "reset", 2);
  await all(await consumer.fetch({ max_messages: 2, expires: 2000 }));
  if (jsm.consumers.reset) assert.equal((await jsm.consumers.reset("reset", "r")).reset_seq, 11);
  else assert.equal((await api(nc, "CONSUMER.RESET.reset.r")).reset_seq, 11);
  assert.deepEqual(await fetch(2), numbers(2));
}

/** One of the clients of a pinned consumer gets all; the next one does when the first is unpinned. */
export async function jetstream_pinned(t) {
  const { nc, js, jsm } = await open(t);
  await jsm.streams.add({ name: "pinned", subjects: ["pinned"] });
  const group = { priority_groups: ["g"], priority_policy: "pinned_client", priority_timeout: nanos(5000) };
  await api(nc, "CONSUMER.CREATE.pinned.p", {
    stream_name: "pinned",
    config: { durable_name: "p", name: "p", ack_policy: "explicit", ...group },
  });
  const pull = (more = {}) => new Pull(nc, "pinned", "p", { group: "g", batch: 5, expires: nanos(5000), ...more });
  const first = pull({ batch: 2 });
  const second = pull();
  await nc.flush();
  await fill(js, "pinned", 2);
  await until(() => first.messages.length === 2, "messages for the first");
  const pin = first.messages[0].headers.get("Nats-Pin-Id");
  assert.match(pin, /^.{22}$/);
  assert.equal(first.messages[1].headers.get("Nats-Pin-Id"), pin);
  assert.equal(second.messages.length, 0);
  assert.equal((await pull({ id: "another" }).end()).split(" ")[0], "423");
  const [state] = (await jsm.consumers.info("pinned", "p")).priority_groups;
  assert.deepEqual([state.group, state.pinned_client_id], ["g", pin]);
  const unpinned = await api(nc, "CONSUMER.UNPIN.pinned.p", { group: "g" });
  assert.deepEqual(unpinned, { type: "io.nats.jetstream.api.v1.consumer_unpin_response" });
  await fill(js, "pinned", 1);
  await until(() => second.messages.length === 1, "the message for the second");
  assert.notEqual(second.messages[0].headers.get("Nats-Pin-Id"), pin);
  assert.equal((await new Pull(nc, "pinned", "p", { batch: 1, expires: nanos(1000) }).end()).split(" ")[0], "400");
}

/** A pull of an overflow group is served when enough waits. */
export async function jetstream_overflow(t) {
  const { nc, js, jsm } = await open(t);
  await jsm.streams.add({ name: "overflow", subjects: ["overflow"] });
  await api(nc, "CONSUMER.CREATE.overflow.o", {
    stream_name: "overflow",
    config: {
      durable_name: "o",
      name: "o",
      ack_policy: "explicit",
      priority_groups: ["g"],
      priority_policy: "overflow",
    },
  });
  const pull = new Pull(nc, "overflow", "o", { group: "g", batch: 10, min_pending: 10, expires: nanos(5000) });
  await nc.flush();
  await fill(js, "overflow", 5);
  await nc.flush();
  assert.equal(pull.messages.length, 0);
  await fill(js, "overflow", 10);
  await until(() => pull.messages.length > 0, "messages");
  const plain = new Pull(nc, "overflow", "o", { group: "g", batch: 5, expires: nanos(5000) });
  await until(() => plain.messages.length === 5, "messages without a condition");
}
