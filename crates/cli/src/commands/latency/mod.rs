//! `nats latency`.

pub mod model;
