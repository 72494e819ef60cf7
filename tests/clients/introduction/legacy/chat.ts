// Stores a message in a stream and works off what there is, until it is interrupted; with the older package.

import { AckPolicy, connect, JSONCodec } from "nats";

interface ChatMessage {
  msg: string;
}

const codec = JSONCodec<ChatMessage>();
const nc = await connect({ servers: "nats://localhost:4222" });
const js = nc.jetstream();
const jsm = await nc.jetstreamManager();

await jsm.streams.add({ name: "CHAT", subjects: ["chat.>", "user.>"] });
const ack = await js.publish("chat.room1", codec.encode({ msg: "Hello!" }));
console.log(`stored in ${ack.stream} as ${ack.seq}`);

await jsm.consumers.add("CHAT", { durable_name: "processor", ack_policy: AckPolicy.Explicit });
const processor = await js.consumers.get("CHAT", "processor");
const messages = await processor.consume();
process.once("SIGINT", () => messages.close());

for await (const message of messages) {
  const chat = codec.decode(message.data);
  message.ack();
  console.log(`received on ${message.subject}: ${chat.msg} (${message.seq})`);
}
await nc.drain();
console.log("drained");
