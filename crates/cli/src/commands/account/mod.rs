//! `nats account`.

pub mod model;
