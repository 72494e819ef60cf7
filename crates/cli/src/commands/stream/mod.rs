//! `nats stream`: streams.

mod add;
pub mod backup;
mod check;
mod cluster;
mod config_flags;
mod edit;
mod find;
mod gaps;
mod get;
mod graph;
mod info;
pub mod information;
mod list;
pub mod model;
mod origin;
mod remove;
mod replication_graph;
mod report;
pub mod restore;
mod s2_size;
mod settings;
mod subjects;
mod wizard;

pub use cluster::need_preferred;
pub use list::Streams;
