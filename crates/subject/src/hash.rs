//! The hash of subjects and tokens: fast, and seeded once per process so that
//! a client cannot choose subjects that collide.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::LazyLock;

use foldhash::fast::FixedState;

static STATE: LazyLock<FixedState> = LazyLock::new(|| {
    // The standard library's map seed is the only randomness it offers.
    let seed = std::hash::RandomState::new().build_hasher().finish();
    FixedState::with_seed(seed)
});

/// Hash of a whole subject or of one token. The same within a process,
/// different from process to process.
#[inline]
pub fn subject_hash(bytes: &[u8]) -> u64 {
    let mut hasher = STATE.build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

/// Hash of any value, seeded as [`subject_hash`] is.
#[inline]
pub(crate) fn value_hash(value: &impl Hash) -> u64 {
    STATE.hash_one(value)
}
