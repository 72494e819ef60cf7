//! Streams and consumers as all servers see them: `nats server stream-check`,
//! `consumer-check` (cli.md 7.7), and what reports need of it.

mod check;
mod consumers;
mod gather;
mod replica;
mod streams;

pub use consumers::consumer_check;
pub use gather::{PAGE, ServerAssets, gather};
pub use streams::stream_check;
