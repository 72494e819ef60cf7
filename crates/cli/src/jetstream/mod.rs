//! Requests to the JetStream API. Bodies are JSON that keeps unknown fields
//! and the order of keys, so that what a newer server says is passed on.

mod api;
mod error;

pub use api::Api;
pub use error::ApiError;
