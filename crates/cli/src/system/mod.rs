//! Questions to servers over the system account (cli.md 1.4,
//! monitoring-events.md 5), or to an archive of what they said.

mod ask;
mod servers;
mod stored;
mod unpack;

pub use ask::{Answer, Expect, NO_RESPONDERS, NO_RESULTS, System};
pub use servers::{Asked, Servers};
pub use unpack::unpacked;
