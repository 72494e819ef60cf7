//! Requests to the JetStream API. Bodies are JSON that keeps unknown fields
//! and the order of keys, so that what a newer server says is passed on.

mod api;
mod delivered;
pub mod describe;
mod direct;
mod error;
mod ordered;
mod pull;
mod reader;

pub use api::{Api, api_prefix};
pub use delivered::Delivered;
pub use direct::{DirectMessage, POLL, direct_get, direct_pages};
pub use error::ApiError;
pub use ordered::Ordered;
pub use pull::Pull;
pub use reader::{Reader, Start, set_filters};
