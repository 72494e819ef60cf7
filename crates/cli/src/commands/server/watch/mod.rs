//! `nats server watch`: tables that are drawn each second (cli.md 7.7).

mod accounts;
mod jetstream;
mod requests;
mod screen;
mod servers;
mod statistics;

pub use accounts::accounts;
pub use jetstream::jetstream;
pub use requests::requests;
pub use servers::servers;
