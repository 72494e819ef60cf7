//! `nats server check` (cli.md 7.10).

mod connection;
mod consumer;
mod credential;
mod exporter;
mod jetstream;
mod kv;
mod message;
mod meta;
mod render;
mod report;
mod request;
mod run;
mod server;
mod stream;
mod threshold;

pub use connection::connection;
pub use consumer::{by_metadata as consumer_by_metadata, consumer};
pub use credential::credential;
pub use exporter::exporter;
pub use jetstream::jetstream;
pub use kv::kv;
pub use message::message;
pub use meta::meta;
pub use report::Report;
pub use request::request;
pub use server::server;
pub use stream::{by_metadata as stream_by_metadata, stream};
