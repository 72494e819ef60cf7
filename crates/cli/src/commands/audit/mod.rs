//! `nats audit`.

pub mod model;
