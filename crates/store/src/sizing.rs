//! How large the blocks of a stream are (storage-format.md 3.2).

use crate::limits::{
    BLOCK_BYTES_ENCRYPTED, BLOCK_BYTES_LARGE, BLOCK_BYTES_MEDIUM, BLOCK_BYTES_SMALL,
};

/// What the target size of a stream's blocks depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BlockSizing {
    /// `max_bytes`, or 0 without.
    pub max_bytes: u64,
    /// `max_msgs`, or 0 without.
    pub max_messages: u64,
    /// Bytes of the largest record that a message may have.
    pub largest_record: u64,
    /// Whether there is a `max_msgs_per_subject`.
    pub per_subject: bool,
    /// Whether retention is by limits, not by interest or as a work queue.
    pub by_limits: bool,
    /// Whether the stream is encrypted.
    pub encrypted: bool,
}

/// Target size of a block, as the Go server chooses it. It is stored nowhere,
/// and blocks of any size can be read.
pub fn block_size(sizing: &BlockSizing) -> u32 {
    let estimate = match (sizing.max_bytes, sizing.max_messages) {
        (0, 0) => 0,
        (0, messages) => messages.saturating_mul(sizing.largest_record),
        (bytes, _) => bytes,
    };
    if estimate > 0 {
        let quarter = (estimate / 4 + 1).div_ceil(100) * 100;
        return if quarter <= u64::from(BLOCK_BYTES_SMALL) {
            BLOCK_BYTES_SMALL
        } else if quarter >= u64::from(BLOCK_BYTES_LARGE) {
            BLOCK_BYTES_LARGE
        } else {
            BLOCK_BYTES_MEDIUM
        };
    }
    if sizing.encrypted {
        BLOCK_BYTES_ENCRYPTED
    } else if sizing.per_subject || !sizing.by_limits {
        BLOCK_BYTES_MEDIUM
    } else {
        BLOCK_BYTES_LARGE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_choose_the_size() {
        let of = |max_bytes, max_messages, per_subject, by_limits| {
            block_size(&BlockSizing {
                max_bytes,
                max_messages,
                largest_record: 1 << 20,
                per_subject,
                by_limits,
                encrypted: false,
            })
        };
        assert_eq!(of(127_000, 0, false, true), 32_000);
        assert_eq!(of(1 << 20, 0, false, true), 4 << 20);
        assert_eq!(of(1 << 30, 0, false, true), 8 << 20);
        assert_eq!(of(0, 4, false, true), 4 << 20);
        assert_eq!(of(0, 0, true, true), 4 << 20);
        assert_eq!(of(0, 0, false, false), 4 << 20);
        assert_eq!(of(0, 0, false, true), 8 << 20);
    }
}
