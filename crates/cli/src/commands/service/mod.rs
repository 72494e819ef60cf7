//! `nats service`.

pub mod model;
