//! What limits have removed since it was last noted on disk.

use crate::seqset::SeqSet;

/// Sequences kept one by one; with more, all deleted ones are noted instead.
const SEQS_MAX: u64 = 4096;

/// Messages that limits removed, as far as that is not noted on disk (see
/// `file::removed`).
#[derive(Default)]
pub(crate) struct Evictions {
    /// Since the last flush.
    staged: Vec<u64>,
    /// Messages got tombstones since the last flush.
    staged_tombstones: bool,
    /// Those above the first message; all below it are gone anyway.
    seqs: SeqSet,
    /// There are some.
    dirty: bool,
    /// There are more than `seqs` tells.
    overflow: bool,
    /// Messages got tombstones since the last note.
    tombstones: bool,
}

impl Evictions {
    /// A limit removed a message.
    #[inline]
    pub fn note(&mut self, seq: u64) {
        self.staged.push(seq);
    }

    /// A message got a tombstone, or went with its whole block.
    #[inline]
    pub fn note_tombstone(&mut self) {
        self.staged_tombstones = true;
    }

    /// Not known what limits have removed.
    pub fn forget(&mut self) {
        *self = Self {
            dirty: true,
            overflow: true,
            ..Self::default()
        };
    }

    /// What was staged is flushed; `first` is the first message.
    pub fn commit(&mut self, first: u64) {
        self.tombstones |= std::mem::take(&mut self.staged_tombstones);
        if self.staged.is_empty() {
            return;
        }
        self.dirty = true;
        for seq in self.staged.drain(..) {
            if seq >= first && !self.overflow {
                self.seqs.insert(seq);
            }
        }
        if self.seqs.len() > SEQS_MAX {
            self.seqs.remove_below(first);
        }
        if self.seqs.len() > SEQS_MAX {
            self.seqs = SeqSet::default();
            self.overflow = true;
        }
    }

    /// What was staged is taken back.
    pub fn rollback(&mut self) {
        self.staged.clear();
        self.staged_tombstones = false;
    }

    /// What is to be noted on disk now: `None` for nothing, `Some(None)` for
    /// all that is deleted. Only together with tombstones: without them the
    /// limits tell the same again.
    pub fn take(&mut self) -> Option<Option<SeqSet>> {
        let wanted = std::mem::take(&mut self.tombstones) && self.dirty;
        if !wanted {
            return None;
        }
        let taken = std::mem::take(self);
        Some((!taken.overflow).then_some(taken.seqs))
    }
}
