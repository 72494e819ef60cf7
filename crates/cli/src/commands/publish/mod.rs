//! `nats publish`.

pub mod model;
