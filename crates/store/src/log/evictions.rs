//! What limits have removed since a tombstone last told of it
//! (see [`crate::note`]).

use crate::note::Note;

/// Messages from between others that are kept in mind; with more of them a
/// tombstone is written to tell. 512 KiB a stream.
pub(crate) const SEQS_MAX: usize = 65_536;

/// Removed messages that no tombstone tells of.
#[derive(Clone, Default)]
struct Untold {
    /// Those that were not the first of the stream.
    seqs: Vec<u64>,
    /// All below are gone, or will be once the purge under way is done.
    below: u64,
    /// Some were the first of the stream.
    front: bool,
    /// The highest one and its time.
    highest: Option<(u64, i64)>,
    /// Not known which: everything that is missing is to be told.
    everything: bool,
}

impl Untold {
    fn is_empty(&self) -> bool {
        self.highest.is_none() && self.below == 0 && self.seqs.is_empty() && !self.everything
    }

    fn add(&mut self, other: Self) {
        if self.seqs.is_empty() {
            self.seqs = other.seqs;
        } else {
            self.seqs.extend(other.seqs);
        }
        self.below = self.below.max(other.below);
        self.front |= other.front;
        self.highest = self.highest.max(other.highest);
        self.everything |= other.everything;
    }
}

/// What a tombstone is to tell.
pub(crate) struct Telling {
    pub note: Note,
    /// Add everything that is missing.
    pub everything: bool,
}

/// Messages that limits removed, as far as no tombstone tells of them.
#[derive(Default)]
pub(crate) struct Evictions {
    /// Up to the last flush.
    flushed: Untold,
    /// Since then.
    staged: Untold,
    /// What was `flushed` before a tombstone that is staged told of it.
    told: Option<Untold>,
}

impl Evictions {
    /// A limit removed a message. `first`: it was the first of the stream.
    #[inline]
    pub fn note(&mut self, seq: u64, time: i64, first: bool) {
        self.staged.highest = self.staged.highest.max(Some((seq, time)));
        if first {
            self.staged.front = true;
        } else {
            self.staged.seqs.push(seq);
        }
    }

    /// A purge begins that removes everything below `below`, and these
    /// messages.
    pub fn note_purge(&mut self, below: u64, seqs: Vec<u64>) {
        self.staged.below = self.staged.below.max(below);
        self.staged.seqs.extend(seqs);
    }

    /// Not known what limits have removed.
    pub fn forget(&mut self) {
        self.flushed.everything = true;
    }

    /// Whether there is anything to tell.
    #[inline]
    pub fn is_untold(&self) -> bool {
        !self.staged.is_empty() || !self.flushed.is_empty()
    }

    /// Whether there is so much to tell that it should be told.
    pub fn are_many(&self) -> bool {
        self.staged.seqs.len() + self.flushed.seqs.len() > SEQS_MAX
    }

    /// The highest removed message that no tombstone tells of, and its time.
    pub fn highest(&self) -> Option<(u64, i64)> {
        self.staged.highest.max(self.flushed.highest)
    }

    /// What a tombstone that is staged now has to tell is no longer than this,
    /// in a stream from which so many messages are missing.
    pub fn note_bytes_max(&self, deleted: u64) -> usize {
        if !self.is_untold() {
            return 0;
        }
        let mut ranges = self.staged.seqs.len() + self.flushed.seqs.len();
        if self.flushed.everything {
            ranges += deleted as usize;
        }
        Note::bytes_max(ranges)
    }

    /// What a tombstone that is being staged is to tell, if anything.
    /// `first` is the first message.
    pub fn tell(&mut self, first: u64) -> Option<Telling> {
        if !self.is_untold() {
            return None;
        }
        let flushed = std::mem::take(&mut self.flushed);
        let mut untold = std::mem::take(&mut self.staged);
        if self.told.is_none() {
            untold.add(flushed.clone());
            self.told = Some(flushed);
        } else {
            untold.add(flushed);
        }
        untold.seqs.sort_unstable();
        let mut below = untold.below;
        if untold.front || untold.everything {
            below = below.max(first);
        }
        Some(Telling {
            note: Note::new(below, untold.seqs.iter().copied()),
            everything: untold.everything,
        })
    }

    /// What was staged is flushed.
    pub fn commit(&mut self) {
        self.told = None;
        if !self.staged.is_empty() {
            let staged = std::mem::take(&mut self.staged);
            self.flushed.add(staged);
        }
    }

    /// What was staged is taken back.
    pub fn rollback(&mut self) {
        self.staged = Untold::default();
        if let Some(told) = self.told.take() {
            self.flushed = told;
        }
    }
}
