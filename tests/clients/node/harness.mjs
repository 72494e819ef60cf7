// Speaks with run.py: reports checks, asks for servers (harness/suites.py says how), and runs the checks.

import { createInterface } from "node:readline";

// Milliseconds: one check, one condition, closing what a check left open.
const CHECK_LIMIT = 45_000;
const WAIT_LIMIT = 5_000;
const CLOSE_LIMIT = 1_000;
const POLL = 2;

/** Thrown by a check for what the client cannot do. */
export class Skip extends Error {}

export function fail(text) {
  throw new Error(text);
}

/** Resolves as soon as `condition()` is truthy, with its value. */
export async function until(condition, what, limit = WAIT_LIMIT) {
  const deadline = performance.now() + limit;
  for (;;) {
    const value = condition();
    if (value) return value;
    if (performance.now() > deadline) fail(`${what}: not within ${limit} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}

/** The promise, or a failure after `limit` milliseconds. */
export async function within(promise, what, limit = WAIT_LIMIT) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${limit} ms`)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The error a promise is rejected with. */
export async function rejection(promise, what) {
  let value;
  try {
    value = await within(promise, what);
  } catch (error) {
    return error;
  }
  return fail(`${what}: no error, but ${value}`);
}

/** A subscription that keeps what it receives. */
export class Collector {
  messages = [];
  errors = [];

  constructor(connection, subject, options = {}) {
    this.subscription = connection.subscribe(subject, {
      ...options,
      callback: (error, message) => {
        if (error) this.errors.push(error);
        else this.messages.push(message);
      },
    });
  }

  /** Waits until there are `count` messages and returns all. */
  async take(count, limit = WAIT_LIMIT) {
    try {
      await until(() => this.messages.length >= count, `${count} messages`, limit);
    } catch (error) {
      fail(`${error.message} (there are ${this.messages.length})`);
    }
    return this.messages;
  }

  texts() {
    return this.messages.map((message) => message.string());
  }
}

/** What a connection's status() tells, from now on. */
export class Events {
  seen = [];

  constructor(connection) {
    (async () => {
      for await (const event of connection.status()) this.seen.push(event);
    })();
  }

  find(predicate, what) {
    return until(() => this.seen.find(predicate), what);
  }
}

const answers = [];
const waiting = [];
createInterface({ input: process.stdin }).on("line", (line) => {
  const next = waiting.shift();
  if (next) next(line);
  else answers.push(line);
});

async function control(verb, server, ...more) {
  process.stdout.write(`@control ${[verb, server, ...more].join(" ")}\n`);
  const line = answers.shift() ?? (await new Promise((resolve) => waiting.push(resolve)));
  return line.startsWith("ok ") ? line.slice(3) : fail(line.replace(/^error /, ""));
}

/** What a check has in hand. `client` is the adapter of the library under test. */
class Check {
  #connections = [];

  constructor(client) {
    this.client = client;
  }

  /** The address of the suite's server made from configs/<template>.conf (`<template>:x` for another instance). */
  server(name = "open") {
    return control("server", name);
  }

  control(verb, server, ...more) {
    return control(verb, server, ...more);
  }

  /** A connection that is closed after the check. `server`: a name as in `server()`. */
  async connect(server = "open", options = {}) {
    const address = await this.server(server);
    const connection = await within(
      this.client.connect({ servers: address, reconnect: false, timeout: WAIT_LIMIT, ...options }),
      "connect",
    );
    this.#connections.push(connection);
    return connection;
  }

  /** As `connect`, with a reconnect that does not wait long. */
  connectForGood(server, options = {}) {
    return this.connect(server, {
      reconnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 20,
      reconnectJitter: 0,
      reconnectJitterTLS: 0,
      ...options,
    });
  }

  async close() {
    const closing = this.#connections.map((connection) => connection.close());
    await within(Promise.allSettled(closing), "close", CLOSE_LIMIT).catch(() => {});
  }
}

function report(kind, name, seconds, text) {
  const shown = seconds === undefined ? [] : [(seconds / 1000).toFixed(3)];
  const flat = String(text ?? "").replace(/\s+/g, " ").trim();
  process.stdout.write(`@check ${[kind, name, ...shown, flat].join(" ").trim()}\n`);
}

async function runOne(client, name, check) {
  const context = new Check(client);
  report("begin", name);
  const start = performance.now();
  try {
    await within(check(context), "the check", CHECK_LIMIT);
    report("ok", name, performance.now() - start);
  } catch (error) {
    if (error instanceof Skip) report("skip", name, undefined, error.message);
    else report("fail", name, performance.now() - start, error?.message || error);
  } finally {
    await context.close();
  }
}

/** Runs the checks the environment names. */
export async function run(client, checks) {
  process.on("unhandledRejection", (reason) => console.error("unhandled rejection:", reason));
  const chosen = new Set((process.env.CLIENT_TEST_CHECKS ?? "").split(","));
  for (const [name, check] of Object.entries(checks)) {
    if (chosen.has(name)) await runOne(client, name, check);
  }
  process.stdout.write("@end\n");
  process.exit(0);
}
