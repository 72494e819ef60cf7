//! The values that streams and consumers exchange with their stores.

use std::fmt;

/// A stream sequence. The first message of a stream has 1; 0 is "none".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub u64);

impl Seq {
    /// "No sequence", and the last sequence of a stream that was never used.
    pub const NONE: Self = Self(0);
    /// Above every sequence that a stream can reach.
    pub const MAX: Self = Self(u64::MAX);

    /// The one after this.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The one before this; 0 stays 0.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Debug for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A point in time: nanoseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Nanos(pub i64);

impl Nanos {
    /// "No time", for a stream that never had a message.
    pub const NONE: Self = Self(0);
}

impl fmt::Debug for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A stored message, borrowed from the store until its next use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MessageRef<'a> {
    /// Its sequence in the stream.
    pub seq: Seq,
    /// When it was stored; for mirrors, at the origin.
    pub timestamp: Nanos,
    /// The stored (transformed) subject.
    pub subject: &'a [u8],
    /// From `NATS/1.0` to the closing empty line, or empty.
    pub header: &'a [u8],
    /// What follows the header.
    pub payload: &'a [u8],
}

/// A message to be stored.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewMessage<'a> {
    /// The subject to store it under, valid and without wildcards.
    pub subject: &'a [u8],
    /// The complete header section, or empty.
    pub header: &'a [u8],
    /// The body.
    pub payload: &'a [u8],
    /// Its time.
    pub timestamp: Nanos,
    /// Its sequence; `None` for the next one. A sequence further on leaves a
    /// gap (as [`StreamStore::skip_to`](crate::StreamStore::skip_to) does); one
    /// that was used is refused with [`StoreError::SequenceUsed`](crate::StoreError::SequenceUsed).
    pub seq: Option<Seq>,
    /// When it expires by its own TTL. It is offered by
    /// [`take_expired`](crate::StreamStore::take_expired) then, nothing more.
    pub expires: Option<Nanos>,
    /// Whether it has a `Nats-Schedule` header that counts. Only kept as a
    /// count in the index file.
    pub scheduled: bool,
}

/// What became of a [`NewMessage`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Appended {
    /// Its sequence.
    pub seq: Seq,
    /// What it adds to the stream's bytes.
    pub size: u64,
    /// Messages with its subject, itself included.
    pub subject_messages: u64,
}

/// Why a message is removed, which decides what is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removal {
    /// By a limit that is applied again after a crash: nothing is written. Only
    /// for what the limits that are in force remove when messages are added in
    /// their order, and for the oldest messages when they get too old.
    Limit,
    /// For good: a tombstone is written.
    Delete,
    /// For good, and the stored bytes are overwritten with random ones before
    /// the call returns (an encrypted stream only gets the tombstone).
    Erase,
}

/// A message that was removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Removed<'a> {
    /// Its sequence.
    pub seq: Seq,
    /// When it had been stored.
    pub timestamp: Nanos,
    /// Its subject.
    pub subject: &'a [u8],
    /// What it had counted in the stream's bytes.
    pub size: u64,
}

/// Messages that were removed together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RemovedMany {
    /// How many.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What the oldest messages of a stream are removed down to, as limits do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Front {
    /// At most this many messages stay.
    Messages(u64),
    /// At most this many bytes stay.
    Bytes(u64),
    /// Messages at or before this time go; it stops at the first younger one.
    /// Messages that never expire and delete markers are the caller's business:
    /// where such may be, it removes one by one.
    Until(Nanos),
    /// Messages below this sequence go.
    Below(Seq),
}

/// A purge request.
#[derive(Clone, Debug, Default)]
pub struct Purge {
    /// What to purge.
    pub filter: crate::Filter,
    /// Only sequences below this one. Together with [`Filter::All`](crate::Filter::All) a sequence
    /// above the last makes it the next one of the stream.
    pub below: Option<Seq>,
    /// The newest so many matches stay.
    pub keep: u64,
}

/// The numbers of a stream, always at hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StoreState {
    /// Messages that can be read.
    pub messages: u64,
    /// What they count (jetstream-streams.md 4.3).
    pub bytes: u64,
    /// First message; last + 1 for an empty stream. A stream that was never
    /// used has 1 here and 0 as last; the API shows 0 and 0.
    pub first: Seq,
    /// Its time, or [`Nanos::NONE`].
    pub first_time: Nanos,
    /// The last sequence that was used, be the message there or not.
    pub last: Seq,
    /// Its time, or [`Nanos::NONE`].
    pub last_time: Nanos,
    /// Distinct subjects.
    pub subjects: u64,
    /// Sequences between first and last without a message.
    pub deleted: u64,
    /// No sequence was ever used, for all that is known: after a loss of the
    /// index file it is not.
    pub never_used: bool,
}

/// Data that recovery or reading found to be lost. It stays known until the
/// store is closed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LostData {
    /// Sequences that are known to have been there, ascending.
    pub messages: Vec<Seq>,
    /// Bytes of messages or of files.
    pub bytes: u64,
}

/// Messages of one subject.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SubjectState {
    /// How many.
    pub messages: u64,
    /// The oldest.
    pub first: Seq,
    /// The newest.
    pub last: Seq,
}

/// What [`StreamStore::count`](crate::StreamStore::count) counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counting {
    /// Every message.
    Messages,
    /// One for each subject: its last message.
    LastPerSubject,
}

/// What limits a stream has, as far as its store has to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Limits {
    /// None that removes messages.
    #[default]
    None,
    /// Some.
    Some,
    /// Some of which one makes room for what another one would remove: bytes,
    /// and messages of each subject. What they left can only be found again
    /// one message after the other.
    Ordered,
}

/// What a stream's configuration means to its store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamOptions {
    /// Target size of a block file in bytes, storage-format.md 3.2; see
    /// [`block_size`](crate::block_size).
    pub block_size: u32,
    /// Whether finished blocks are compressed.
    pub compress: bool,
    /// Whether message TTLs count (`allow_msg_ttl`). Switching it on makes the
    /// headers of stored messages count.
    pub ttl: bool,
    /// What removes messages with [`Removal::Limit`].
    pub limits: Limits,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            block_size: crate::limits::BLOCK_BYTES_LARGE,
            compress: false,
            ttl: false,
            limits: Limits::None,
        }
    }
}
