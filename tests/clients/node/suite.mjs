// The suite for @nats-io/transport-node and the packages beside it.

import { jetstream, JetStreamApiError, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { RequestError } from "@nats-io/nats-core";
import { Objm } from "@nats-io/obj";
import {
  AuthorizationError,
  connect,
  createInbox,
  credsAuthenticator,
  headers,
  InvalidArgumentError,
  nkeyAuthenticator,
  PermissionViolationError,
} from "@nats-io/transport-node";
import { checks } from "./checks/all.mjs";
import { run } from "./harness.mjs";

// Milliseconds for an answer.
const PATIENT = { timeout: 10_000 };

const client = {
  connect,
  createInbox,
  credsAuthenticator,
  headers,
  nkeyAuthenticator,
  isAuthorizationError: (error) => error instanceof AuthorizationError,
  isNoResponders: (error) => error instanceof RequestError && error.isNoResponders(),
  isMaxPayload: (error) => error instanceof InvalidArgumentError && error.message.includes("max_payload"),
  isReconnect: (status) => status.type === "reconnect",
  isLameDuck: (status) => status.type === "ldm",
  // The violation in a status, as {operation, subject, queue}.
  violation: (status) =>
    status.type === "error" && status.error instanceof PermissionViolationError ? status.error : undefined,
  jetstream,
  manager: jetstreamManager,
  // The error of the API behind an error, as {code, err_code, description}.
  apiError: (error) => error instanceof JetStreamApiError ? error.apiError() : undefined,
  // What a get of nothing gives: here null, elsewhere an error.
  orNull: (promise) => promise,
  isNotEnabled: (error) => error.name === "JetStreamNotEnabled",
  isNotStored: (error) => error.name === "JetStreamNotEnabled",
  // Messages of a consumer that pushes, as a member of its group if it has one.
  push: async (nc, stream, name) => (await jetstream(nc).consumers.getPushConsumer(stream, name)).consume(),
  endPush: (messages) => messages.close(),
  buckets: (nc) => new Kvm(jetstream(nc, PATIENT)),
  hasMarkerTtl: true,
  watchesGoOn: true,
  // Waits until a watch of an object store has given so many objects.
  watched: (reader, count) => reader.take(count),
  stores: (nc) => new Objm(jetstream(nc, PATIENT)),
  collectUntilSilence: { strategy: "stall", stall: 200 },
  collectUntilEmpty: { strategy: "sentinel" },
};

await run(client, checks);
