//! `nats object` (cli.md 6.2).

mod bucket;
mod config;
mod get;
mod info;
mod list;
pub mod model;
mod put;
mod remove;
mod watch;

pub use config::{add, edit, seal};
pub use get::get;
pub use info::info;
pub use list::list;
pub use put::put;
pub use remove::delete;
pub use watch::watch;
