//! `nats kv`.

pub mod model;
