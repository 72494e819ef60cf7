//! `nats subscribe`.

pub mod model;
