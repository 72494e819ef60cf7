//! The monitoring port: what the server shows about itself over HTTP
//! (monitoring-events.md 2 to 4).
//!
//! A request walks through these rooms:
//!
//! - `http`: the server: sockets, TLS, one task a connection, paths that need
//!   cleaning; knows nothing of the broker
//! - `patience`: how long a connection may take
//! - `heads`, `request_line`: raw bytes of request lines, before HTTP is spoken
//! - `path`, `query`: what is asked for
//! - `endpoint`: the paths there are, and how often each was asked
//! - `answers`: from endpoint to answer
//! - `params`: query parameters by type, with their error texts
//! - `varz`, `connz`, `subsz`, `links` (routes, gateways, leaf nodes),
//!   `accountz`, `accstatz`, `jsz`, `healthz`, `expvar`, `index`: the endpoints;
//!   each turns what a [`Source`] reports into the JSON of its section
//! - `json`: forms of times, durations and numbers that tools expect
//!
//! The broker's side is the trait [`Source`] in `source`, with the plain
//! records in `records`, `closed` and `accounts`. The `build` functions serve the system
//! account's requests over NATS as well: they take the options as a struct
//! that reads from JSON too.

pub mod accounts;
pub mod accountz;
pub mod accstatz;
pub mod closed;
pub mod connz;
pub mod endpoint;
pub mod expvar;
pub mod healthz;
pub mod http;
pub mod ipqueuesz;
pub mod json;
pub mod jsz;
pub mod links;
pub mod order;
pub mod records;
pub mod source;
pub mod subsz;
pub mod varz;
pub mod varz_parts;

mod answers;
#[cfg(test)]
mod fake;
mod heads;
mod index;
mod params;
mod path;
mod patience;
mod query;
mod request_line;

pub use answers::Monitor;
pub use closed::{ClosedConnections, ClosedRecord};
pub use endpoint::RequestCounters;
pub use http::{MonitorServer, TlsSource};
pub use records::{ConnKind, ConnQuery, ConnRecord, ConnSnapshot, ConnTls, SubRecord};
pub use source::Source;
