// What the JetStream checks share: a context, requests to the API as they are on the wire, raw pulls.

import assert from "node:assert/strict";
import { Collector, fail, rejection, until } from "./harness.mjs";

// Milliseconds for an answer; more than a check that writes much to a slow disk needs.
const ANSWER_LIMIT = 10_000;

export const SERVER = "jetstream";
/** A server of their own for the checks that start it anew. */
export const RESTARTED = "jetstream:restart";

/** Nanoseconds, as JetStream wants them. */
export const nanos = (milliseconds) => milliseconds * 1_000_000;

/** A connection that comes back, with its JetStream context and manager. */
export async function open(t, server = SERVER) {
  const nc = await t.connectForGood(server);
  const js = t.client.jetstream(nc, { timeout: ANSWER_LIMIT });
  const jsm = await t.client.manager(nc, { timeout: ANSWER_LIMIT });
  return { nc, js, jsm };
}

/** The answer of the API, whatever the library makes of it. `body`: JSON, or the text to send. */
export async function api(nc, subject, body = "", options = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return (await nc.request(`$JS.API.${subject}`, text, { timeout: ANSWER_LIMIT, ...options })).json();
}

/** The promise is rejected with this error of the API; `description` may be left out. */
export async function refused(t, promise, code, description) {
  const error = await rejection(promise, `error ${code}`);
  const got = t.client.apiError(error) ?? fail(`not an error of the API: ${error}`);
  assert.equal(got.err_code, code, got.description);
  if (description !== undefined) assert.equal(got.description, description);
  return got;
}

/** Publishes `0`, `1`, ... and waits for all acks. */
export const fill = (js, subject, count, options = {}) =>
  Promise.all(Array.from({ length: count }, (_, i) => js.publish(subject, String(i), options)));

export const numbers = (count, from = 0) => Array.from({ length: count }, (_, i) => String(from + i));

/** Keeps what an iterator gives, as it comes. */
export class Reader {
  values = [];
  ended = false;

  constructor(iterator, each = () => {}) {
    (async () => {
      for await (const value of iterator) {
        each(value);
        this.values.push(value);
      }
    })().catch((error) => (this.error = error)).finally(() => (this.ended = true));
  }

  /** Waits until there are `count` values and returns all. */
  async take(count, limit) {
    const done = () => this.values.length >= count || this.ended;
    await until(done, `${count} values`, limit).catch((error) => fail(`${error.message} (${this.values.length} came)`));
    if (this.values.length < count) fail(`ended after ${this.values.length} of ${count}: ${this.error ?? "no error"}`);
    return this.values;
  }

  /** Waits for the iterator's own end and returns all values. */
  async end(limit) {
    await until(() => this.ended, "the end", limit);
    if (this.error) throw this.error;
    return this.values;
  }
}

/** All values of an iterator that ends by itself. */
export const all = (iterator, limit) => new Reader(iterator).end(limit);

export const texts = (messages) => messages.map((message) => message.string());

/** Waits until an asynchronous condition is truthy. */
export async function eventually(condition, what, limit) {
  let value;
  let problem;
  let busy = false;
  await until(() => {
    if (problem) throw problem;
    if (!busy && !value) {
      busy = true;
      condition().then((got) => (value = got), (error) => (problem = error)).finally(() => (busy = false));
    }
    return value;
  }, what, limit);
  return value;
}

/** Starts the server anew; resolves when the connections are back. */
export async function restart(t, verb, server, ...connections) {
  const ids = connections.map((nc) => nc.info.server_id);
  await t.control(verb, server);
  await until(() => connections.every((nc, i) => nc.info && nc.info.server_id !== ids[i]), "reconnect");
  for (const nc of connections) await nc.flush();
}

/** One pull request as it is on the wire; what comes is kept in `inbox`. */
export class Pull {
  constructor(nc, stream, consumer, body) {
    const reply = nc.options.inboxPrefix ? `${nc.options.inboxPrefix}.pull` : `_INBOX.${crypto.randomUUID()}`;
    this.inbox = new Collector(nc, reply);
    const text = typeof body === "string" ? body : JSON.stringify(body);
    nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, text, { reply });
  }

  get messages() {
    return this.inbox.messages.filter((message) => !message.headers?.code);
  }

  get statuses() {
    return this.inbox.messages.filter((message) => message.headers?.code);
  }

  /** The status that ends the pull, as `<code> <description>`; heartbeats do not. */
  async end(limit) {
    const ends = (message) => message.headers.code !== 100;
    const status = await until(() => this.statuses.find(ends), "the end of the pull", limit);
    assert.equal(status.data.length, 0);
    return `${status.headers.code} ${status.headers.description}`;
  }

  header(name) {
    return this.statuses.at(-1).headers.get(name);
  }
}
