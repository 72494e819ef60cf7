//! JetStream as state machines: streams, their consumers, and the API.
//!
//! Nothing here does I/O, knows sockets or looks at the clock. A
//! [`Stream`] takes a published message, an acknowledgement, a request or the
//! time, and leaves what is to be sent in an [`Effects`] buffer.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`config`] | configurations of streams and consumers, and their rules |
//! | [`stream`] | a stream: publishing, limits, retention, requests |
//! | [`consumer`] | a consumer: delivery, acknowledgements, pull and push |
//! | [`catalog`] | the streams of an account, and requests about all of them |
//! | [`api`] | subjects, bodies and replies of the API |
//! | [`effects`] | what comes out |
//! | [`context`] | what goes in with every input |

mod advisory;
pub mod api;
mod capture;
pub mod catalog;
pub mod config;
pub mod consumer;
pub mod context;
pub mod effects;
pub mod error;
mod groups;
pub mod header;
pub mod json;
pub mod limits;
mod number;
mod random;
pub mod stream;
pub mod text;
pub mod units;
pub mod usage;

pub use catalog::Catalog;
pub use context::{Context, Interest, Settings};
pub use effects::Effects;
pub use error::ApiError;
pub use random::hash8 as node_id;
pub use stream::Stream;
