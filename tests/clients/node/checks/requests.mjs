// Request and reply: one answer, none, many.

import assert from "node:assert/strict";
import { rejection } from "../harness.mjs";

export async function request_reply(t) {
  const service = await t.connect();
  const requester = await t.connect();
  service.subscribe("upper", {
    callback: (_, message) => message.respond(message.string().toUpperCase(), { headers: message.headers }),
  });
  await service.flush();
  const sent = t.client.headers();
  sent.set("Trace", "1");
  const answer = await requester.request("upper", "hello", { timeout: 2000, headers: sent });
  assert.equal(answer.string(), "HELLO");
  assert.equal(answer.headers.get("Trace"), "1");
  const own = await requester.request("upper", "inbox", { timeout: 2000, noMux: true });
  assert.equal(own.string(), "INBOX");
  const many = await Promise.all(
    Array.from({ length: 100 }, (_, i) => requester.request("upper", `a${i}`, { timeout: 2000 })),
  );
  assert.deepEqual(many.map((message) => message.string()), many.map((_, i) => `A${i}`));
}

export async function no_responders(t) {
  const requester = await t.connect();
  for (const noMux of [false, true]) {
    const start = performance.now();
    const error = await rejection(requester.request("nobody", "?", { timeout: 4000, noMux }), "request");
    assert.ok(t.client.isNoResponders(error), `another error: ${error}`);
    assert.ok(performance.now() - start < 1000, "the error came late");
  }
}

export async function request_many(t) {
  const service = await t.connect();
  const requester = await t.connect();
  for (let i = 0; i < 3; i++) {
    service.subscribe("gather", { callback: (_, message) => message.respond(`from ${i}`) });
  }
  service.subscribe("list", {
    callback: (_, message) => ["a", "b", "c", ""].forEach((text) => message.respond(text)),
  });
  await service.flush();
  const collect = async (subject, options) => {
    const texts = [];
    for await (const message of await requester.requestMany(subject, "", { maxWait: 2000, ...options })) {
      texts.push(message.string());
    }
    return texts;
  };
  const all = ["from 0", "from 1", "from 2"];
  assert.deepEqual((await collect("gather", { strategy: "count", maxMessages: 3 })).sort(), all);
  assert.deepEqual((await collect("gather", t.client.collectUntilSilence)).sort(), all);
  assert.deepEqual((await collect("list", t.client.collectUntilEmpty)).filter(Boolean), ["a", "b", "c"]);
  const own = { ...t.client.collectUntilEmpty, noMux: true };
  assert.deepEqual((await collect("list", own)).filter(Boolean), ["a", "b", "c"]);
}
