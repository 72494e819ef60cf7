//! `nats server report` (cli.md 7.4).

mod accounts;
mod bars;
pub mod connections;
mod downgrade;
mod fields;
pub mod filter;
mod gateways;
mod health;
mod jetstream;
mod leafnodes;
mod repeat;
mod routes;

pub use accounts::accounts;
pub use bars::{cpu, memory};
pub use connections::connections;
pub use downgrade::downgrade;
pub use gateways::gateways;
pub use health::health;
pub use jetstream::jetstream;
pub use leafnodes::leafnodes;
pub use routes::routes;
