// Every check by the name run.py knows it by.

import * as authentication from "./authentication.mjs";
import * as connection from "./connection.mjs";
import * as jetstreamConsumers from "./jetstream_consumers.mjs";
import * as jetstreamDelivery from "./jetstream_delivery.mjs";
import * as jetstreamReading from "./jetstream_reading.mjs";
import * as jetstreamStreams from "./jetstream_streams.mjs";
import * as kv from "./kv.mjs";
import * as limits from "./limits.mjs";
import * as messaging from "./messaging.mjs";
import * as object from "./object.mjs";
import * as requests from "./requests.mjs";
import * as resilience from "./resilience.mjs";
import * as tls from "./tls.mjs";

export const checks = {
  ...connection,
  ...authentication,
  ...tls,
  ...messaging,
  ...requests,
  ...limits,
  ...resilience,
  ...jetstreamStreams,
  ...jetstreamReading,
  ...jetstreamConsumers,
  ...jetstreamDelivery,
  ...kv,
  ...object,
};
