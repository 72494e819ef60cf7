//! `nats consumer`: consumers.

mod add;
mod check;
mod cluster;
mod config_flags;
mod edit;
mod fields;
mod file;
mod find;
mod graph;
mod info;
mod information;
mod manage;
pub mod model;
mod next;
mod pick;
mod report;
mod settings;
mod variables;
mod wizard;
