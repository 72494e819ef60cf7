//! Message and consumer stores of JetStream.
//!
//! A [`StreamStore`] keeps the messages of one stream, a [`ConsumerStore`] the
//! state of one consumer. Each comes in two kinds: on disk, byte for byte in
//! the format of the Go server (storage-format.md), so that either server
//! opens what the other one left; and in memory.
//!
//! Nothing here knows limits, retention, acknowledgement or the network, and
//! nothing here has a thread, a lock or a clock.

pub mod backup;
mod cache;
pub mod compress;
pub mod consumer;
pub mod counts;
pub mod crypt;
pub mod disk;
mod error;
pub mod file;
mod filter;
pub mod hash;
pub mod limits;
mod log;
mod memory;
mod meta;
pub mod note;
pub mod record;
mod reserve;
mod root;
pub mod s2;
pub mod scan;
pub mod seqset;
pub mod sidefiles;
mod sizing;
mod stream;
mod subjects;
mod sync;
pub mod ttl;
mod types;
pub mod varint;

pub use cache::CacheBudget;
pub use consumer::{
    ConsumerChange, ConsumerState, ConsumerStore, FileConsumerStore, PendingAck, SeqPair,
};
pub use error::{FlushError, KeyError, StoreError};
pub use file::fetch::FetchTask;
pub use file::pack::PackTask;
pub use file::{FileStore, Recovery};
pub use filter::{Filter, Pattern};
pub use memory::{MemoryConsumerStore, MemoryStore};
pub use meta::{Converted, MetaError};
pub use root::{Found, RootOptions, StoreRoot};
pub use sizing::{BlockSizing, block_size};
pub use stream::{SideFile, StreamStore};
pub use sync::{SyncTask, each_at_once, run_all};
pub use types::{
    Appended, Counting, Front, Limits, LostData, MessageRef, Nanos, NewMessage, Purge, Removal,
    Removed, RemovedMany, Seq, StoreState, StreamOptions, SubjectState,
};
