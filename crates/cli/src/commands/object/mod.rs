//! `nats object`.

pub mod model;
