//! `nats server`.

pub mod model;
