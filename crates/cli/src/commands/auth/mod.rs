//! `nats auth`.

pub mod model;
