//! What a purge request takes.

use crate::error::StoreError;
use crate::filter::Filter;
use crate::types::{Counting, Front, Purge, RemovedMany};

use super::Log;
use super::find::Direction;

impl Log {
    /// A purge of all messages, or of all below a sequence above the last:
    /// the stream's next sequence after it. `None` for other purges.
    pub fn purges_all(&self, purge: &Purge) -> Option<u64> {
        if purge.filter != Filter::All || purge.keep > 0 {
            return None;
        }
        match purge.below {
            None => Some(self.last + 1),
            Some(below) if below.0 > self.last => Some(below.0),
            Some(_) => None,
        }
    }

    /// A purge that leaves some messages.
    pub fn purge_some(&mut self, purge: &Purge) -> Result<RemovedMany, StoreError> {
        let below = purge.below.map_or(u64::MAX, |seq| seq.0);
        if purge.filter == Filter::All && below == u64::MAX {
            return self.remove_front(Front::Messages(purge.keep), true);
        }
        if purge.filter == Filter::All && purge.keep == 0 {
            return self.remove_front(Front::Below(crate::types::Seq(below)), true);
        }
        let all = self.count(&purge.filter, 0, Counting::Messages)?;
        let mut left = all.saturating_sub(purge.keep);
        let mut removed = RemovedMany::default();
        let mut from = 0;
        while left > 0 {
            let Some(message) = self.seek(&purge.filter, from, Direction::Up)? else {
                break;
            };
            let seq = message.seq.0;
            if seq >= below {
                break;
            }
            if let Some((_, size)) = self.take_out(seq, true)? {
                removed.messages += 1;
                removed.bytes += size;
            }
            left -= 1;
            from = seq + 1;
        }
        Ok(removed)
    }

    /// Forgets all messages: the stream goes on after `last` in a new block.
    /// Nothing of it can be taken back.
    pub fn reset(&mut self, number: u32, last: u64, last_time: i64) -> RemovedMany {
        let removed = RemovedMany {
            messages: self.messages,
            bytes: self.bytes,
        };
        self.blocks.clear();
        let block = super::Block::new(number, self.checksum(number), last, last_time);
        self.blocks.push_back(block);
        self.subjects.clear();
        self.messages = 0;
        self.bytes = 0;
        self.last = last;
        self.last_time = last_time;
        self.expiries.clear();
        self.evictions = super::Evictions::default();
        self.undo.clear();
        self.doomed.clear();
        self.doomed_now.clear();
        self.dirty_from = number;
        self.charge();
        removed
    }
}
