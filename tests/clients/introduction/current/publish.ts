// Publishes one update and leaves.

import { connect } from "@nats-io/transport-node";

const nc = await connect({ servers: "nats://localhost:4222" });
nc.publish("otp-updates", JSON.stringify({ status: "email verified" }));
await nc.drain();
console.log("published");
