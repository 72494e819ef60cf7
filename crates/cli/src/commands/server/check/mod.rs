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
pub use consumer::consumer;
pub use credential::credential;
pub use exporter::exporter;
pub use jetstream::jetstream;
pub use kv::kv;
pub use message::message;
pub use meta::meta;
pub use request::request;
pub use server::server;
pub use stream::stream;
