//! `nats context` (cli.md 2.6).

mod edit;
mod info;
mod list;
pub mod model;
mod remove;
mod save;
mod select;

pub use edit::edit;
pub use info::{info, validate};
pub use list::list;
pub use remove::remove;
pub use save::{add, copy};
pub use select::{previous, select, unselect};
