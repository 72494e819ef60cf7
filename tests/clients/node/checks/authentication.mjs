// Every way to log in, and that nothing else gets in.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Collector, rejection, Skip } from "../harness.mjs";

async function works(connection) {
  const collector = new Collector(connection, "hello");
  connection.publish("hello", "world");
  await collector.take(1);
  assert.deepEqual(collector.texts(), ["world"]);
}

async function accepted(t, server, options) {
  await works(await t.connect(server, options));
}

async function refused(t, server, options) {
  const error = await rejection(t.connect(server, options), "connect");
  assert.ok(t.client.isAuthorizationError(error), `another error: ${error}`);
}

function nkey(t, name) {
  const seed = readFileSync(process.env[name], "utf8").trim();
  return { authenticator: t.client.nkeyAuthenticator(new TextEncoder().encode(seed)) };
}

function creds(t, name) {
  return { authenticator: t.client.credsAuthenticator(readFileSync(process.env[name])) };
}

export const auth_none = (t) => accepted(t, "open", {});
export const auth_token = (t) => accepted(t, "token", { token: "t-secret" });
export const auth_bcrypt_token = (t) => accepted(t, "token_bcrypt", { token: "hashed-token" });
export const auth_token_refused = (t) => refused(t, "token", { token: "wrong" });
export const auth_missing_refused = (t) => refused(t, "token", {});
export const auth_user_password = (t) => accepted(t, "users", { user: "alice", pass: "a-secret" });

export async function auth_url_user_password() {
  throw new Skip("the client takes no user from URLs");
}

export async function auth_user_password_refused(t) {
  await refused(t, "users", { user: "alice", pass: "b-secret" });
  await refused(t, "users", { user: "nobody", pass: "a-secret" });
}

export const auth_bcrypt_password = (t) => accepted(t, "users", { user: "bob", pass: "b-secret" });
export const auth_bcrypt_password_refused = (t) => refused(t, "users", { user: "bob", pass: "a-secret" });
export const auth_nkey = (t) => accepted(t, "nkeys", nkey(t, "CLIENT_TEST_NKEY_SEED"));
export const auth_nkey_refused = (t) => refused(t, "nkeys", nkey(t, "CLIENT_TEST_STRANGER_SEED"));
export const auth_jwt = (t) => accepted(t, "operator", creds(t, "CLIENT_TEST_CREDS"));
export const auth_jwt_refused = (t) => refused(t, "operator", creds(t, "CLIENT_TEST_STRANGER_CREDS"));

export async function auth_no_auth_user(t) {
  const anonymous = await t.connect("no_auth_user");
  const guest = await t.connect("no_auth_user", { user: "guest", pass: "g-secret" });
  const alice = await t.connect("no_auth_user", { user: "alice", pass: "a-secret" });
  const collector = new Collector(anonymous, "news");
  await anonymous.flush();
  alice.publish("news", "of another account");
  await alice.flush();
  guest.publish("news", "of the same account");
  await collector.take(1);
  assert.deepEqual(collector.texts(), ["of the same account"]);
}

export const auth_no_auth_user_refused = (t) => refused(t, "no_auth_user", { user: "guest", pass: "wrong" });
