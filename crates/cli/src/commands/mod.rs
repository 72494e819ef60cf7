//! What commands do: a folder for each group, in it `model.rs` with the
//! commands as data and a file for each command or few that belong together.

pub mod account;
pub mod assets;
pub mod audit;
pub mod auth;
pub mod bench;
pub mod cheat;
pub mod consumer;
pub mod context;
pub mod counter;
pub mod errors;
pub mod events;
pub mod help;
pub mod kv;
pub mod latency;
pub mod object;
pub mod plugins;
pub mod publish;
pub mod reply;
pub mod request;
pub mod rtt;
pub mod schema;
pub mod server;
pub mod service;
pub mod stream;
pub mod subscribe;
pub mod top;
pub mod trace;
pub mod traffic;
