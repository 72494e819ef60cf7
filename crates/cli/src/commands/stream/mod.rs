//! `nats stream`.

pub mod model;
