//! The NATS server.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`server`] | starting, stopping, what all threads share |
//! | [`account`] | accounts and their interest |
//! | `acceptor` | the client listener |
//! | `shard` | the data plane: connections, matching, delivery |
//! | [`runtime`] | the settings in force |
//! | `internal` | the server's own subscriptions |
//! | [`counters`] | counts of the whole server |
//! | [`tls`] | TLS of the client port |

pub mod acceptor;
pub mod account;
pub mod counters;
mod internal;
mod redact;
pub mod runtime;
pub mod server;
mod shard;
mod slow_checks;
mod text;
pub mod tls;
