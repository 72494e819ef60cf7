//! `nats service` (cli.md 9.2).

mod announce;
mod discover;
mod info;
mod list;
pub mod model;
mod ping;
mod request;
mod serve;
mod stats;

pub use announce::{Description, Service};
pub use info::info;
pub use list::list;
pub use ping::ping;
pub use request::request;
pub use serve::serve;
pub use stats::stats;
