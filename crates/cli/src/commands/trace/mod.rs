//! `nats trace`.

pub mod model;
