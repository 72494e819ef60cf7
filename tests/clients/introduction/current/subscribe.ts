// Listens on otp-updates until it is interrupted.

import { connect } from "@nats-io/transport-node";

interface OtpUpdate {
  status: string;
}

const nc = await connect({ servers: "nats://localhost:4222" });
const sub = nc.subscribe("otp-updates");
await nc.flush();
console.log(`listening on ${sub.getSubject()}`);
process.once("SIGINT", () => nc.drain());

for await (const msg of sub) {
  const update = msg.json<OtpUpdate>();
  console.log(`received on ${msg.subject}: ${update.status}`);
}
console.log("drained");
