//! `nats top`.

pub mod model;
