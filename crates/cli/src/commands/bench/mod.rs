//! `nats bench` (cli.md 3.7).
//!
//! Each client is a thread with a connection of its own. Publishing and
//! requesting use the link directly, so that the tool needs a fraction of what
//! the server needs for a message.

mod bars;
mod buckets;
mod consume;
mod core;
mod direct;
mod histogram;
pub mod model;
mod old;
mod pipeline;
mod plan;
mod publish;
mod puller;
mod raw;
mod report;
mod run;
mod service;
mod stream;
mod trouble;

pub use buckets::{kv_get, kv_put};
pub use consume::{consume, fetch, ordered};
pub use core::{publish as core_publish, subscribe as core_subscribe};
pub use direct::{get_batch, get_sync};
pub use old::{ordered as old_ordered, pull as old_pull, push as old_push};
pub use pipeline::{fast, in_flight};
pub use publish::{atomic, sync};
pub use service::{request as service_request, serve as service_serve};
