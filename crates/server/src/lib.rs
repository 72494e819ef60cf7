//! The NATS server.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`boot`] | from the command line to a running server and back |
//! | [`server`] | starting and stopping threads, what they all share |
//! | [`settings`], [`runtime`] | options → the settings in force |
//! | [`account`] | accounts and their interest |
//! | [`acceptor`] | the client listener |
//! | `shard` | the data plane: connections, matching, delivery |
//! | `internal` | the server's own subscriptions |
//! | `slow_checks` | password hashes, off the shards |
//! | [`counters`] | counts of the whole server |
//! | [`tls`], [`tls_config`] | TLS of the client port |
//! | [`monitor`] | the monitoring port |
//! | [`process`] | pid and ports files, signals, resource usage |

pub mod acceptor;
pub mod account;
mod balance;
mod batch;
pub mod boot;
pub mod counters;
mod internal;
pub mod jetstream;
pub mod monitor;
pub mod process;
mod redact;
mod rendezvous;
pub mod runtime;
pub mod server;
pub mod settings;
mod shard;
mod slow_checks;
mod spin;
mod text;
pub mod tls;
pub mod tls_config;
