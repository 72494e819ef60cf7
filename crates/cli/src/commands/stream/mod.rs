//! `nats stream`: streams.

mod add;
mod check;
mod config_flags;
mod edit;
mod info;
mod information;
mod list;
pub mod model;
mod remove;
mod settings;
mod subjects;
mod wizard;
