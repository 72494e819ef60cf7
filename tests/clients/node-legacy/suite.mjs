// The suite for the older package `nats` 2.x. The checks are those of ../node.

import nats from "nats";
import { checks } from "../node/checks/all.mjs";
import { run, until } from "../node/harness.mjs";

const { connect, consumerOpts, createInbox, credsAuthenticator, ErrorCode, Events, headers } = nats;
const { nkeyAuthenticator, RequestStrategy } = nats;

// Milliseconds for an answer.
const PATIENT = { timeout: 10_000 };

async function* lister(nc, list) {
  yield* list(await nc.jetstreamManager(PATIENT));
}

const client = {
  connect,
  createInbox,
  credsAuthenticator,
  headers,
  nkeyAuthenticator,
  isAuthorizationError: (error) => error.code === ErrorCode.AuthorizationViolation,
  isNoResponders: (error) => error.code === ErrorCode.NoResponders,
  isMaxPayload: (error) => error.code === ErrorCode.MaxPayloadExceeded,
  isReconnect: (status) => status.type === Events.Reconnect,
  isLameDuck: (status) => status.type === Events.LDM,
  violation: (status) =>
    status.type === Events.Error && status.data === ErrorCode.PermissionsViolation
      ? status.permissionContext
      : undefined,
  jetstream: (nc, options) => nc.jetstream(options),
  manager: (nc, options) => nc.jetstreamManager(options),
  apiError: (error) => error.api_error,
  orNull: async (promise) => {
    try {
      return await promise;
    } catch (error) {
      if (error.api_error?.err_code === 10037 || error.code === "404") return null;
      throw error;
    }
  },
  isNotEnabled: (error) => error.code === ErrorCode.JetStreamNotEnabled,
  isNotStored: (error) => error.code === ErrorCode.NoResponders,
  push: async (nc, stream, name) => {
    const jsm = await nc.jetstreamManager();
    const { config } = await jsm.consumers.info(stream, name);
    const options = consumerOpts().bind(stream, name).manualAck();
    if (config.deliver_group) options.queue(config.deliver_group);
    return nc.jetstream().subscribe(config.filter_subject ?? "", options);
  },
  endPush: (subscription) => subscription.drain(),
  buckets: (nc) => ({
    create: (name, options) => nc.jetstream(PATIENT).views.kv(name, options),
    open: (name) => nc.jetstream(PATIENT).views.kv(name, { bindOnly: true }),
    list: () => lister(nc, (jsm) => jsm.streams.listKvs()),
  }),
  hasMarkerTtl: false,
  // It finds out only after 10 s that a watch's consumer, which is in memory, was lost.
  watchesGoOn: false,
  stores: (nc) => ({
    create: (name, options) => nc.jetstream(PATIENT).views.os(name, options),
    list: () => lister(nc, (jsm) => jsm.streams.listObjectStores()),
  }),
  // A null stands for the end of what was there.
  watched: (reader, count) =>
    until(() => reader.values.filter(Boolean).length >= count, `${count} objects`),
  collectUntilSilence: { strategy: RequestStrategy.JitterTimer, jitter: 200 },
  collectUntilEmpty: { strategy: RequestStrategy.SentinelMsg },
};

await run(client, checks);
