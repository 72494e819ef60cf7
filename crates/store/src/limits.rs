//! Bounds and sizes of the store.

/// Largest record of a message, in bytes: what the format allows.
pub const RECORD_BYTES_MAX: u64 = 32 << 20;

/// Target size of a block where nothing speaks for a smaller one.
pub const BLOCK_BYTES_LARGE: u32 = 8 << 20;
/// Target size of a block of key-value buckets, work queues and interest
/// streams, whose messages go in the middle: a smaller block is rewritten
/// faster.
pub const BLOCK_BYTES_MEDIUM: u32 = 4 << 20;
/// Target size of an encrypted block without limits.
pub const BLOCK_BYTES_ENCRYPTED: u32 = 2 << 20;
/// Smallest target size of a block.
pub const BLOCK_BYTES_SMALL: u32 = 32_000;

/// Sequences that may be missing within one block; a longer run starts a new
/// block, so that the set of a block's deleted sequences stays small.
pub const BLOCK_GAP_MAX: u64 = 65_536;

/// Sequences that may be missing before a record of the same block: more are
/// no gap, but damage that the checksum did not show.
pub const FOUND_GAP_MAX: u64 = 1 << 24;

/// Deleted sequences of one block that recovery takes from its records: 17 MB,
/// and what the encoding of a set has place for.
pub const FOUND_DELETES_MAX: u64 = 1 << 27;

/// Distance of sequences within one block that recovery accepts.
pub const BLOCK_SPAN_MAX: u64 = u32::MAX as u64 - 1;

/// Default of the memory for cached blocks of all streams together, in bytes.
pub const CACHE_BYTES_DEFAULT: usize = 64 << 20;

/// Part of that memory, 1 in so many, that summaries of blocks may use: what
/// subjects each has messages on, for counts. 32 MiB hold those of some 20 M
/// messages.
pub const SUMMARIES_SHARE: usize = 2;

/// Files that stay open between two writes, of all streams together. With more
/// of them each write opens its file and closes it, which costs some
/// microseconds: idle streams must not use up what a process may open.
pub const OPEN_FILES_MAX: usize = 512;

/// Blocks smaller than this are not rewritten after a delete in their middle.
pub const COMPACT_BYTES_MIN: u64 = 2 << 20;

/// Records that a search looks at one by one before it asks the index.
pub const SCAN_RECORDS: usize = 512;

/// Subjects that are followed one by one in a search with wildcards; with
/// more of them, records are looked at one by one.
pub const SUBJECTS_FOLLOWED: usize = 32;
