//! `nats errors` (cli.md 10.1 to 10.3).

mod definitions;
mod edit;
mod list;
mod lookup;
pub mod model;

pub use edit::{edit, validate};
pub use list::list;
pub use lookup::lookup;
