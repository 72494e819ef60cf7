//! Times and durations as text: RFC 3339, and the compact form of durations
//! (`1m30s`).

pub mod duration;
pub mod time;

pub use duration::{parse_duration, push_duration};
pub use time::{Timestamp, push_time};
