//! `nats traffic`.

pub mod model;
