// Acks of every kind, redelivery, work queues, and consumers that push.

import assert from "node:assert/strict";
import { Collector, until } from "../harness.mjs";
import { all, eventually, fill, nanos, numbers, open, Reader, refused, texts } from "../jetstream.mjs";

/** Every kind of ack does what it is for. */
export async function jetstream_acks(t) {
  const { nc, js, jsm } = await open(t);
  await jsm.streams.add({ name: "acks", subjects: ["acks"] });
  await jsm.consumers.add("acks", { durable_name: "a", ack_policy: "explicit", ack_wait: nanos(20_000) });
  const consumer = await js.consumers.get("acks", "a");
  const terms = new Collector(nc, "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.acks.a");
  await fill(js, "acks", 6);
  const fetch = (count) => consumer.fetch({ max_messages: count, expires: 3000 }).then((messages) => all(messages));
  const [ack, confirmed, nak, later, working, term] = await fetch(6);
  ack.ack();
  assert.equal(await confirmed.ackAck(), true);
  nak.nak();
  const [again] = await fetch(1);
  assert.deepEqual([again.seq, again.info.deliveryCount, again.redelivered], [3, 2, true]);
  again.ack();
  const start = performance.now();
  later.nak(500);
  working.working();
  term.term("not wanted");
  const [delayed] = await fetch(1);
  assert.deepEqual([delayed.seq, delayed.info.deliveryCount], [4, 2]);
  assert.ok(performance.now() - start > 400, "came before its delay was over");
  delayed.ack();
  const [advisory] = await terms.take(1);
  assert.equal(advisory.json().reason, "not wanted");
  await eventually(async () => (await consumer.info()).num_ack_pending === 1, "all acks but one");
  assert.equal((await consumer.info()).ack_floor.stream_seq, 4);
  assert.equal(await working.ackAck(), true);
  assert.equal((await consumer.info()).ack_floor.stream_seq, 6);
  // An empty ack is one too.
  await fill(js, "acks", 1);
  const [plain] = await fetch(1);
  const answer = await nc.request(plain.reply ?? plain.msg.reply, "", { timeout: 2000 });
  assert.equal(answer.data.length, 0);
  assert.equal((await consumer.info()).ack_floor.stream_seq, 7);
}

/** A message that nobody acknowledges comes again after ack_wait or the back-off, as often as it may. */
export async function jetstream_redelivery(t) {
  const { nc, js, jsm } = await open(t);
  await jsm.streams.add({ name: "redelivery", subjects: ["redelivery"] });
  const backoff = [200, 400].map(nanos);
  await jsm.consumers.add("redelivery", { durable_name: "r", ack_policy: "explicit", backoff, max_deliver: 3 });
  const given_up = new Collector(nc, "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.redelivery.r");
  await nc.flush();
  await fill(js, "redelivery", 1);
  const consumer = await js.consumers.get("redelivery", "r");
  const times = [];
  const messages = await consumer.consume();
  const reader = new Reader(messages, () => times.push(performance.now()));
  await reader.take(3);
  assert.deepEqual(reader.values.map((message) => message.info.deliveryCount), [1, 2, 3]);
  const [first, second] = [times[1] - times[0], times[2] - times[1]];
  assert.ok(first > 150 && second > 350, `came again after ${first} and ${second} ms`);
  const advisory = (await given_up.take(1))[0].json();
  assert.deepEqual([advisory.stream_seq, advisory.deliveries], [1, 3]);
  assert.equal(reader.values.length, 3);
  await messages.close();
}

/** What is acknowledged leaves a work queue; filters of its consumers must not overlap. */
export async function jetstream_work_queue(t) {
  const { js, jsm } = await open(t);
  await jsm.streams.add({ name: "work", subjects: ["work.*"], retention: "workqueue" });
  await jsm.consumers.add("work", { durable_name: "a", ack_policy: "explicit", filter_subject: "work.a" });
  const overlapping = { durable_name: "b", ack_policy: "explicit", filter_subject: "work.*" };
  await refused(t, jsm.consumers.add("work", overlapping), 10100);
  await jsm.consumers.add("work", { ...overlapping, filter_subject: "work.b" });
  await fill(js, "work.a", 100);
  await fill(js, "work.b", 10);
  // Several clients share one consumer: each message goes to one of them.
  const readers = [];
  for (let i = 0; i < 3; i++) {
    const consumer = await (await open(t)).js.consumers.get("work", "a");
    const messages = await consumer.consume({ max_messages: 10 });
    readers.push(new Reader(messages, (message) => message.ack()));
  }
  await eventually(async () => (await jsm.streams.info("work")).state.messages === 10, "an empty queue");
  const got = readers.flatMap((reader) => texts(reader.values));
  assert.deepEqual(got.sort((a, b) => a - b), numbers(100));
}

/** A consumer pushes what it has when somebody listens, and goes on from its acks when the listener comes back. */
export async function jetstream_push(t) {
  const { nc, js, jsm } = await open(t);
  await jsm.streams.add({ name: "push", subjects: ["push"] });
  await fill(js, "push", 300);
  const config = { ack_policy: "explicit", deliver_subject: "push-here", max_ack_pending: 1000 };
  await jsm.consumers.add("push", { durable_name: "p", ...config });
  assert.equal((await jsm.consumers.info("push", "p")).push_bound ?? false, false);
  // The listener comes after the consumer.
  const messages = await t.client.push(nc, "push", "p");
  const reader = new Reader(messages, (message) => message.ack());
  assert.deepEqual(texts(await reader.take(300)), numbers(300));
  assert.equal((await jsm.consumers.info("push", "p")).push_bound, true);
  await eventually(async () => (await jsm.consumers.info("push", "p")).ack_floor.stream_seq === 300, "all acks");
  await t.client.endPush(messages);
  await nc.flush();
  await fill(js, "push", 10);
  const next = new Reader(await t.client.push(nc, "push", "p"), (message) => message.ack());
  assert.deepEqual(texts(await next.take(10)), numbers(10));

  // The listener is there before the consumer, which delivers at once.
  const early = new Collector(nc, "push-early");
  await nc.flush();
  await jsm.consumers.add("push", { durable_name: "e", ack_policy: "none", deliver_subject: "push-early" });
  await early.take(310);
  const headers = new Collector(nc, "push-headers");
  await jsm.consumers.add("push", {
    durable_name: "h",
    ack_policy: "none",
    deliver_subject: "push-headers",
    headers_only: true,
    deliver_policy: "last",
  });
  const [bare] = await headers.take(1);
  assert.deepEqual([bare.data.length, bare.headers.get("Nats-Msg-Size")], [0, "1"]);
}

/** A consumer with a deliver group pushes each message to one member. */
export async function jetstream_push_members(t) {
  const { js, jsm } = await open(t);
  await jsm.streams.add({ name: "members", subjects: ["members"] });
  await jsm.consumers.add("members", {
    durable_name: "m",
    ack_policy: "explicit",
    deliver_subject: "members-here",
    deliver_group: "workers",
  });
  const readers = [];
  for (let i = 0; i < 3; i++) {
    const { nc } = await open(t);
    readers.push(new Reader(await t.client.push(nc, "members", "m"), (message) => message.ack()));
    await nc.flush();
  }
  await fill(js, "members", 300);
  const count = () => readers.reduce((sum, reader) => sum + reader.values.length, 0);
  await until(() => count() >= 300, "all messages");
  await eventually(async () => (await jsm.consumers.info("members", "m")).ack_floor.stream_seq === 300, "all acks");
  const got = readers.flatMap((reader) => texts(reader.values));
  assert.deepEqual(got.sort((a, b) => a - b), numbers(300));
  for (const reader of readers) assert.ok(reader.values.length > 30, `${reader.values.length} for one member`);
}

/** Flow control holds a fast consumer back without losing anything; heartbeats come when it is idle. */
export async function jetstream_push_flow(t) {
  const { nc, js, jsm } = await open(t);
  await jsm.streams.add({ name: "flow", subjects: ["flow"] });
  const payload = "x".repeat(10_000);
  await Promise.all(Array.from({ length: 1000 }, () => js.publish("flow", payload)));
  await jsm.consumers.add("flow", {
    durable_name: "f",
    ack_policy: "none",
    deliver_subject: "flow-here",
    flow_control: true,
    idle_heartbeat: nanos(500),
  });
  const inbox = new Collector(nc, "flow-here");
  const status = (message) => message.headers?.code ? `${message.headers.code} ${message.headers.description}` : "";
  let answered = 0;
  let requests = 0;
  let stalled = 0;
  const answer = () => {
    for (; answered < inbox.messages.length; answered++) {
      const message = inbox.messages[answered];
      if (status(message) === "100 FlowControl Request") {
        requests++;
        message.respond();
      } else if (message.headers?.get("Nats-Consumer-Stalled")) {
        stalled++;
        nc.publish(message.headers.get("Nats-Consumer-Stalled"));
      }
    }
    return inbox.messages.filter((message) => !status(message)).length === 1000;
  };
  await until(answer, "all messages", 10_000);
  assert.ok(requests > 0, "no flow control");
  const sequences = inbox.messages.filter((message) => !status(message)).map((message) => message.reply.split(".")[6]);
  assert.deepEqual(sequences, Array.from({ length: 1000 }, (_, i) => String(i + 1)));
  const idle = (message) => status(message) === "100 Idle Heartbeat";
  const beat = await until(() => inbox.messages.slice(answered).find(idle), "a heartbeat");
  assert.deepEqual([beat.headers.get("Nats-Last-Consumer"), beat.headers.get("Nats-Last-Stream")], ["1000", "1000"]);
  assert.equal(beat.subject, "flow-here");
}
