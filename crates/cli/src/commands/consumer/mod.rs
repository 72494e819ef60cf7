//! `nats consumer`: consumers.

mod config_flags;
pub mod model;
