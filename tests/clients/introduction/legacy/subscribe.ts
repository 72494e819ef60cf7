// Listens on otp-updates until it is interrupted; with the older package.

import { connect, JSONCodec } from "nats";

interface OtpUpdate {
  status: string;
}

const codec = JSONCodec<OtpUpdate>();
const nc = await connect({ servers: "nats://localhost:4222" });
const sub = nc.subscribe("otp-updates");
await nc.flush();
console.log(`listening on ${sub.getSubject()}`);
process.once("SIGINT", () => nc.drain());

for await (const msg of sub) {
  const update = codec.decode(msg.data);
  console.log(`received on ${msg.subject}: ${update.status}`);
}
console.log("drained");
