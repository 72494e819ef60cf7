//! `nats errors`.

pub mod model;
