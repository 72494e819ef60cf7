// The suite for @nats-io/transport-node and @nats-io/nats-core.

import { RequestError } from "@nats-io/nats-core";
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
  collectUntilSilence: { strategy: "stall", stall: 200 },
  collectUntilEmpty: { strategy: "sentinel" },
};

await run(client, checks);
