// Publishes one update and leaves; with the older package.

import { connect, StringCodec } from "nats";

const nc = await connect({ servers: "nats://localhost:4222" });
nc.publish("otp-updates", StringCodec().encode(JSON.stringify({ status: "email verified" })));
await nc.drain();
console.log("published");
