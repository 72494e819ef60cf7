//! `nats server watch`: live tables (cli.md 7.7).

mod accounts;
mod jetstream;
mod requests;
mod servers;
mod traffic;

pub use accounts::accounts;
pub use jetstream::jetstream;
pub use requests::requests;
pub use servers::servers;
