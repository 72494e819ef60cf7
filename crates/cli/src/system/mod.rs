//! Questions to servers over the system account (cli.md 1.4,
//! monitoring-events.md 5).

mod ask;
mod unpack;

pub use ask::{Answer, Expect, NO_RESULTS, System};
