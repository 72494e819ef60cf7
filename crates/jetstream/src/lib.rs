//! JetStream as state machines: streams, their consumers, and the API.
//!
//! Nothing here does I/O, knows sockets or looks at the clock. A stream takes
//! a published message, an acknowledgement, a request or the time, and leaves
//! what is to be sent in an [`Effects`](effects::Effects) buffer.

pub mod config;
pub mod error;
pub mod json;
pub mod limits;
pub mod text;
pub mod units;

pub use error::ApiError;
pub use units::{Nanos, Seq};
