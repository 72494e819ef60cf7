// TLS as the server asks for it: after INFO, before INFO, with a client certificate.

import assert from "node:assert/strict";
import { Collector, rejection } from "../harness.mjs";

const ca = () => ({ caFile: process.env.CLIENT_TEST_CA });
const certificate = () => ({ certFile: process.env.CLIENT_TEST_CERT, keyFile: process.env.CLIENT_TEST_KEY });

async function works(connection) {
  assert.equal(connection.info.tls_required, true);
  const collector = new Collector(connection, "secret");
  connection.publish("secret", "x".repeat(100_000));
  await collector.take(1);
  assert.equal(collector.messages[0].data.length, 100_000);
}

export async function tls_required(t) {
  await works(await t.connect("tls", { tls: ca() }));
}

export async function tls_untrusted_refused(t) {
  const tls = { caFile: process.env.CLIENT_TEST_OTHER_CA };
  const error = await rejection(t.connect("tls", { tls }), "connect");
  assert.match(String(error), /certificate/i);
}

export async function tls_handshake_first(t) {
  await works(await t.connect("tls_first", { tls: { ...ca(), handshakeFirst: true } }));
}

export async function tls_mutual(t) {
  await works(await t.connect("tls_mutual", { tls: { ...ca(), ...certificate() } }));
}

export async function tls_mutual_refused(t) {
  const start = performance.now();
  await rejection(t.connect("tls_mutual", { tls: ca() }), "connect without a certificate");
  assert.ok(performance.now() - start < 2000, "no refusal, but silence");
}
