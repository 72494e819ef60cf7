//! `nats bench`.

pub mod model;
