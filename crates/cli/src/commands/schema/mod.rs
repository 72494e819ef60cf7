//! `nats schema`.

pub mod model;
