//! `nats cheat`.

pub mod model;
