//! The `jetstream` block (configuration.md 5).

use std::time::Duration;

/// JetStream of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct JetStreamOptions {
    /// Folder above `jetstream`; `None` is the temporary folder.
    pub store_dir: Option<String>,
    /// Memory storage, bytes; `None` is 75 % of the machine's memory.
    pub max_memory_store: Option<i64>,
    /// File storage, bytes; `None` is 75 % of the free space.
    pub max_file_store: Option<i64>,
    /// Unknown fields in API requests are refused.
    pub strict: bool,
    /// Domain.
    pub domain: Option<String>,
    /// Time between syncs; `None` takes 2 min.
    pub sync_interval: Option<Duration>,
    /// Every write is synced.
    pub sync_always: bool,
    /// Encryption key.
    pub key: Option<String>,
    /// Key of existing data.
    pub prev_key: Option<String>,
    /// Cipher.
    pub cipher: Cipher,
    /// `no_extend` or `will_extend`.
    pub extension_hint: Option<String>,
    /// Tag prefix replicas must differ in.
    pub unique_tag: Option<String>,
    /// Limits for streams and consumers.
    pub limits: JetStreamLimits,
    /// Trusted platform module.
    pub tpm: Tpm,
    /// Bytes in flight to a catching-up replica; 0 takes 64 MiB.
    pub max_outstanding_catchup: i64,
    /// Bytes of a stream's inbound queue; 0 takes 128 MiB.
    pub max_buffered_size: i64,
    /// Messages of a stream's inbound queue; 0 takes 100,000.
    pub max_buffered_msgs: i64,
    /// API requests waiting; 10,000.
    pub request_queue_limit: i64,
    /// Information requests waiting; as `request_queue_limit`.
    pub info_queue_limit: i64,
    /// Entries after which the meta log is compacted; 0 decides itself.
    pub meta_compact: u64,
    /// Bytes after which the meta log is compacted; 0 decides itself.
    pub meta_compact_size: u64,
    /// Compact in the foreground.
    pub meta_compact_sync: bool,
    /// Concurrent file operations, 4 to 8192; 4096.
    pub max_concurrent_io: i64,
}

impl Default for JetStreamOptions {
    fn default() -> Self {
        JetStreamOptions {
            store_dir: None,
            max_memory_store: None,
            max_file_store: None,
            strict: true,
            domain: None,
            sync_interval: None,
            sync_always: false,
            key: None,
            prev_key: None,
            cipher: Cipher::Default,
            extension_hint: None,
            unique_tag: None,
            limits: JetStreamLimits::default(),
            tpm: Tpm::default(),
            max_outstanding_catchup: 0,
            max_buffered_size: 0,
            max_buffered_msgs: 0,
            request_queue_limit: 0,
            info_queue_limit: 0,
            meta_compact: 0,
            meta_compact_size: 0,
            meta_compact_sync: false,
            max_concurrent_io: 0,
        }
    }
}

/// Time between syncs of the file store, if nothing else is configured.
pub const DEFAULT_STORE_SYNC_INTERVAL: Duration = Duration::from_secs(120);

/// Encryption of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cipher {
    /// Not configured: ChaCha20-Poly1305.
    #[default]
    Default,
    /// ChaCha20-Poly1305.
    ChaCha,
    /// AES-256-GCM.
    Aes,
}

/// `jetstream.limits`; 0 is unset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JetStreamLimits {
    /// Outstanding acks of a consumer.
    pub max_ack_pending: i64,
    /// Replicated assets on this server.
    pub max_ha_assets: i64,
    /// Size of a pull request.
    pub max_request_batch: i64,
    /// Longest duplicate window.
    pub duplicate_window: Duration,
    /// Consumers of a stream without own limit.
    pub default_max_consumers: i64,
    /// Atomic batches.
    pub batch: BatchLimits,
}

/// `jetstream.limits.batch`; 0 takes the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchLimits {
    /// Open batches of a stream.
    pub max_inflight_per_stream: i64,
    /// Open batches of the server.
    pub max_inflight_total: i64,
    /// Messages of a batch.
    pub max_msgs: i64,
    /// Time between two messages of a batch.
    pub timeout: Duration,
}

/// `jetstream.tpm`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tpm {
    /// Sealed keys.
    pub keys_file: Option<String>,
    /// Password of the sealed key.
    pub encryption_password: Option<String>,
    /// Password of the storage root key.
    pub srk_password: Option<String>,
    /// Platform register; 22 if a keys file is set.
    pub pcr: i64,
    /// Cipher.
    pub cipher: Cipher,
}
