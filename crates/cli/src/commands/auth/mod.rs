//! `nats auth`.

pub mod model;
pub mod nkey;
