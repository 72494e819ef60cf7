//! What limits the server and an account set to JetStream
//! (jetstream-api.md 8 and 22).

use serde::Serialize;

/// Limits of the server. 0 is "none" where not said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Ceiling of `max_ack_pending` of consumers.
    pub max_ack_pending: i64,
    /// Ceiling and default of `max_batch` of consumers.
    pub max_request_batch: i64,
    /// Ceiling of `duplicate_window`, nanoseconds.
    pub duplicate_window: i64,
    /// Consumers of a stream for which neither it nor its account has a limit;
    /// 0 is no limit.
    pub default_max_consumers: i64,
    /// Bytes of all memory streams together.
    pub max_memory: i64,
    /// Bytes of all file streams together.
    pub max_storage: i64,
    /// Largest message a client may publish, bytes.
    pub max_payload: i64,
    /// Default bound of a batched direct get, bytes.
    pub max_pending: i64,
    /// Whether unknown fields of requests are refused.
    pub strict: bool,
    /// Whether acknowledgement subjects name domain and account.
    pub long_ack_subjects: bool,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            max_ack_pending: 0,
            max_request_batch: 0,
            duplicate_window: 0,
            default_max_consumers: 0,
            max_memory: i64::MAX,
            max_storage: i64::MAX,
            max_payload: 1 << 20,
            max_pending: 64 << 20,
            strict: true,
            long_ack_subjects: false,
        }
    }
}

impl ServerLimits {
    /// How requests are read.
    pub fn strictness(&self) -> crate::json::Strictness {
        if self.strict {
            crate::json::Strictness::Strict
        } else {
            crate::json::Strictness::Lenient
        }
    }
}

/// Limits of an account, or of one of its tiers. -1 is "none".
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountLimits {
    /// Bytes in memory.
    pub max_memory: i64,
    /// Bytes on disk.
    pub max_storage: i64,
    /// Streams.
    pub max_streams: i64,
    /// Consumers of a stream.
    pub max_consumers: i64,
    /// Ceiling of `max_ack_pending` of a consumer.
    pub max_ack_pending: i64,
    /// Largest `max_bytes` of a memory stream.
    pub memory_max_stream_bytes: i64,
    /// Largest `max_bytes` of a file stream.
    pub storage_max_stream_bytes: i64,
    /// Whether streams have to have `max_bytes`.
    pub max_bytes_required: bool,
}

impl AccountLimits {
    /// No limits.
    pub const UNLIMITED: Self = Self {
        max_memory: -1,
        max_storage: -1,
        max_streams: -1,
        max_consumers: -1,
        max_ack_pending: -1,
        memory_max_stream_bytes: -1,
        storage_max_stream_bytes: -1,
        max_bytes_required: false,
    };

    /// What an account with tiers shows besides them.
    pub const NOTHING: Self = Self {
        max_memory: 0,
        max_storage: 0,
        max_streams: 0,
        max_consumers: 0,
        max_ack_pending: 0,
        memory_max_stream_bytes: 0,
        storage_max_stream_bytes: 0,
        max_bytes_required: false,
    };
}
