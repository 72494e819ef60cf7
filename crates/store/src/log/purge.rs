//! What a purge request takes.

use crate::error::StoreError;
use crate::filter::Filter;
use crate::types::{Counting, Front, Purge, RemovedMany, Seq};

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
            return self.purge_below(self.first_of_newest(purge.keep));
        }
        if purge.filter == Filter::All && purge.keep == 0 {
            return self.purge_below(below);
        }
        let all = self.count(&purge.filter, 0, Counting::Messages)?;
        let most = all.saturating_sub(purge.keep);
        let mut seqs = Vec::new();
        let mut from = 0;
        while (seqs.len() as u64) < most
            && let Some(message) = self.seek(&purge.filter, from, Direction::Up)?
            && message.seq.0 < below
        {
            from = message.seq.0 + 1;
            seqs.push(message.seq.0);
        }
        if purge.keep > 0 && self.recount {
            // Damaged ones turned up: they are none of those that stay.
            let stay = self.first_of_readable(&purge.filter, purge.keep)?;
            seqs.retain(|&seq| seq < stay);
        }
        // One message has a tombstone that tells all anyway.
        if seqs.len() > 1 && self.name.is_some() {
            self.evictions.note_purge(0, seqs.clone());
        }
        let mut removed = RemovedMany::default();
        for seq in seqs {
            if let Some((_, size)) = self.take_out(seq, true)? {
                removed.messages += 1;
                removed.bytes += size;
            }
        }
        Ok(removed)
    }

    /// The first one of the newest so many messages that can be read; 0 if
    /// there are less.
    fn first_of_readable(&mut self, filter: &Filter, count: u64) -> Result<u64, StoreError> {
        let mut first = u64::MAX;
        for _ in 0..count {
            let from = first.saturating_sub(1);
            match self.seek(filter, from, Direction::Down)? {
                Some(message) => first = message.seq.0,
                None => return Ok(0),
            }
        }
        Ok(first)
    }

    /// Removes everything below a sequence: the first tombstone tells it, and
    /// if only whole blocks go, there is one to tell it.
    fn purge_below(&mut self, below: u64) -> Result<RemovedMany, StoreError> {
        let state = self.state();
        if state.messages == 0 || state.first.0 >= below {
            return Ok(RemovedMany::default());
        }
        if self.name.is_some() {
            let below = below.min(state.last.0 + 1);
            self.evictions.note_purge(below, Vec::new());
        }
        let removed = self.remove_front(Front::Below(Seq(below)), true)?;
        self.tell_evictions();
        Ok(removed)
    }

    /// The first one of the newest so many messages; after the last one if
    /// none is asked for.
    fn first_of_newest(&self, count: u64) -> u64 {
        let mut left = count;
        for block in self.blocks.iter().rev().filter(|_| count > 0) {
            if block.messages() < left {
                left -= block.messages();
                continue;
            }
            let mut seqs = (block.first..=block.last).rev();
            let seqs = seqs.by_ref().filter(|&seq| block.has(seq));
            return seqs.take(left as usize).last().unwrap_or(block.first);
        }
        if count == 0 { self.last + 1 } else { 0 }
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
        self.unwritten.clear();
        self.dirty_from = number;
        self.charge();
        removed
    }
}
