//! `nats kv` (cli.md 6.1).

mod bucket;
mod config;
mod history;
mod info;
mod list;
pub mod model;
mod remove;
mod values;
mod watch;

pub use bucket::check_bucket_name;
pub use bucket::{Bucket, Entry, Operation};
pub use config::{add, edit, in_use, metadata, placement};
pub use history::{history, revert};
pub use info::info;
pub use list::list;
pub use remove::{compact, delete, purge};
pub use values::{create, get, put, update};
pub use watch::watch;
