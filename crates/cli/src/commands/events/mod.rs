//! `nats events`.

pub mod model;
