//! Configurations of streams and consumers: fields, defaults, checks, and
//! what an update may change (jetstream-streams.md 1, jetstream-consumers.md 3).

pub mod consumer;
pub mod consumer_rules;
pub mod consumer_update;
pub mod enums;
pub mod metadata;
mod names;
mod pause;
pub mod source;
mod source_rules;
pub mod stream;
pub mod stream_rules;
pub mod stream_update;

pub use consumer::ConsumerConfig;
pub use enums::{
    AckPolicy, Compression, DeliverPolicy, Discard, PersistMode, PriorityPolicy, ReplayPolicy,
    Retention, Storage,
};
pub use names::{has_path_separator, is_valid_name};
pub use pause::PauseUntil;
pub use stream::StreamConfig;
