// Stores a message in a stream and works off what there is, until it is interrupted.

import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

interface ChatMessage {
  msg: string;
}

const nc = await connect({ servers: "nats://localhost:4222" });
const js = jetstream(nc);
const jsm = await jetstreamManager(nc);

await jsm.streams.add({ name: "CHAT", subjects: ["chat.>", "user.>"] });
const ack = await js.publish("chat.room1", JSON.stringify({ msg: "Hello!" }));
console.log(`stored in ${ack.stream} as ${ack.seq}`);

await jsm.consumers.add("CHAT", { durable_name: "processor", ack_policy: AckPolicy.Explicit });
const processor = await js.consumers.get("CHAT", "processor");
const messages = await processor.consume();
process.once("SIGINT", () => messages.close());

for await (const message of messages) {
  const chat = message.json<ChatMessage>();
  message.ack();
  console.log(`received on ${message.subject}: ${chat.msg} (${message.seq})`);
}
await nc.drain();
console.log("drained");
