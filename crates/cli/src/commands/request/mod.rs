//! `nats request`.

pub mod model;
