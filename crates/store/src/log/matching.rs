//! The next message of a filter with wildcards or several subjects.
//!
//! Near matches are found by looking at messages one by one. Beyond that,
//! few subjects are followed one by one through the index, and many by going
//! through the messages' subject numbers with a memo of which are wanted.

use std::ops::ControlFlow;

use crate::error::StoreError;
use crate::filter::Filter;
use crate::limits::{SCAN_RECORDS, SUBJECTS_FOLLOWED};
use crate::subjects::{SubjectId, SubjectIndex};

use super::Log;
use super::find::{Direction, Place};

/// Entries of the subject index that a search looks at before it goes through
/// the messages instead.
const SUBJECTS_VISITED: usize = 2048;

/// Filters whose memos are kept: 1 MiB at 500,000 subjects.
const MEMOS: usize = 8;

/// Which subjects a filter wants, as far as it was asked.
pub(super) struct Memo {
    filter: Filter,
    /// Of the subject index; numbers mean other subjects afterwards.
    generation: u64,
    /// Bits by subject number.
    known: Vec<u64>,
    wanted: Vec<u64>,
}

impl Memo {
    fn new(filter: &Filter, subjects: &SubjectIndex) -> Self {
        let words = subjects.id_bound().div_ceil(64);
        Self {
            filter: filter.clone(),
            generation: subjects.generation(),
            known: vec![0; words],
            wanted: vec![0; words],
        }
    }

    #[inline]
    fn wants(&mut self, id: SubjectId, subjects: &SubjectIndex) -> bool {
        let (word, bit) = (id.0 as usize / 64, 1 << (id.0 % 64));
        match self.known.get(word) {
            Some(known) if known & bit != 0 => self
                .wanted
                .get(word)
                .is_some_and(|wanted| wanted & bit != 0),
            _ => self.look(id, subjects),
        }
    }

    #[cold]
    fn look(&mut self, id: SubjectId, subjects: &SubjectIndex) -> bool {
        if id == SubjectId::NONE {
            return false;
        }
        let (word, bit) = (id.0 as usize / 64, 1 << (id.0 % 64));
        if word >= self.known.len() {
            self.known.resize(word + 1, 0);
            self.wanted.resize(word + 1, 0);
        }
        let wants = self.filter.matches(subjects.text(id));
        if let (Some(known), Some(wanted)) = (self.known.get_mut(word), self.wanted.get_mut(word)) {
            *known |= bit;
            *wanted |= if wants { bit } else { 0 };
        }
        wants
    }
}

impl Log {
    pub(super) fn matching_from(
        &mut self,
        filter: &Filter,
        from: u64,
        direction: Direction,
    ) -> Result<Option<Place>, StoreError> {
        let mut memo = self.take_memo(filter);
        let found = self.search(filter, from, direction, &mut memo);
        self.memos.extend(memo);
        found
    }

    /// The memo of a filter, if there is one that still holds.
    fn take_memo(&mut self, filter: &Filter) -> Option<Memo> {
        let generation = self.subjects.generation();
        self.memos.retain(|memo| memo.generation == generation);
        let at = self.memos.iter().position(|memo| memo.filter == *filter)?;
        Some(self.memos.remove(at))
    }

    fn search(
        &mut self,
        filter: &Filter,
        from: u64,
        direction: Direction,
        memo: &mut Option<Memo>,
    ) -> Result<Option<Place>, StoreError> {
        // Dense matches are near.
        let mut budget = SCAN_RECORDS;
        let mut next = self.start_block(from, direction);
        while let Some(at) = next {
            self.ensure_ids(at)?;
            let range = self.slots_from(at, from, direction);
            let found = match memo {
                Some(memo) => self.scan_memo(at, range, direction, &mut budget, memo),
                None => self.scan_texts(at, range, direction, &mut budget, filter),
            };
            match found {
                ControlFlow::Break(Some(slot)) => return Ok(Some((at, slot))),
                ControlFlow::Break(None) => break,
                ControlFlow::Continue(()) => {}
            }
            next = self.following(at, from, direction);
        }
        if next.is_none() {
            return Ok(None);
        }
        if let Some(subjects) = self.few_subjects(filter, from, direction) {
            return self.follow(subjects, from, direction);
        }
        let memo = match memo {
            Some(memo) => memo,
            None => {
                if self.memos.len() >= MEMOS {
                    self.memos.remove(0);
                }
                memo.insert(Memo::new(filter, &self.subjects))
            }
        };
        while let Some(at) = next {
            self.ensure_ids(at)?;
            let range = self.slots_from(at, from, direction);
            let mut budget = usize::MAX;
            let found = self.scan_memo(at, range, direction, &mut budget, memo);
            if let ControlFlow::Break(Some(slot)) = found {
                return Ok(Some((at, slot)));
            }
            next = self.following(at, from, direction);
        }
        Ok(None)
    }

    fn scan_memo(
        &self,
        at: usize,
        range: (usize, usize),
        direction: Direction,
        budget: &mut usize,
        memo: &mut Memo,
    ) -> ControlFlow<Option<usize>> {
        self.scan_slots(at, range, direction, budget, |id| {
            memo.wants(id, &self.subjects)
        })
    }

    fn scan_texts(
        &self,
        at: usize,
        range: (usize, usize),
        direction: Direction,
        budget: &mut usize,
        filter: &Filter,
    ) -> ControlFlow<Option<usize>> {
        self.scan_slots(at, range, direction, budget, |id| {
            id != SubjectId::NONE && filter.matches(self.subjects.text(id))
        })
    }

    /// The next message of any of some subjects.
    fn follow(
        &mut self,
        mut subjects: Vec<(SubjectId, u64)>,
        from: u64,
        direction: Direction,
    ) -> Result<Option<Place>, StoreError> {
        subjects.sort_unstable_by_key(|&(_, bound)| match direction {
            Direction::Up => bound,
            Direction::Down => u64::MAX - bound,
        });
        let mut best: Option<(u64, SubjectId)> = None;
        for (id, bound) in subjects {
            let hopeless = best.is_some_and(|(seq, _)| match direction {
                Direction::Up => bound >= seq,
                Direction::Down => bound <= seq,
            });
            if hopeless {
                break;
            }
            let Some(place) = self.of_subject_from(id, from, direction)? else {
                continue;
            };
            let Some(seq) = self.seq_of(place) else {
                continue;
            };
            let better = best.is_none_or(|(other, _)| match direction {
                Direction::Up => seq < other,
                Direction::Down => seq > other,
            });
            if better {
                best = Some((seq, id));
            }
        }
        // A later search may have pushed the block out again.
        match best {
            Some((seq, id)) => self.of_subject_from(id, seq, direction),
            None => Ok(None),
        }
    }

    /// The subjects of a filter with messages at or beyond `from`, each with
    /// the nearest sequence where it may have one; `None` if they are many.
    fn few_subjects(
        &mut self,
        filter: &Filter,
        from: u64,
        direction: Direction,
    ) -> Option<Vec<(SubjectId, u64)>> {
        let mut found = Vec::new();
        let mut visited = 0;
        self.subjects.for_each(filter, &mut |id, _, entry| {
            visited += 1;
            let bound = match direction {
                Direction::Up => (entry.last >= from).then(|| entry.first.max(from)),
                Direction::Down => (entry.first <= from).then(|| entry.last.min(from)),
            };
            found.extend(bound.map(|bound| (id, bound)));
            if visited > SUBJECTS_VISITED || found.len() > SUBJECTS_FOLLOWED {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        (visited <= SUBJECTS_VISITED && found.len() <= SUBJECTS_FOLLOWED).then_some(found)
    }
}
