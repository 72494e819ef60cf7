//! `nats reply`.

pub mod model;
