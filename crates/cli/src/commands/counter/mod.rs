//! `nats counter`.

pub mod model;
