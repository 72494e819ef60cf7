//! `nats consumer`.

pub mod model;
