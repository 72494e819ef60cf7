#![no_main]
//! The interest table against a list that is searched from end to end, and
//! the stamps against the results that they vouch for.
//!
//! Input: one command a line. `+v SUBJECT` inserts and `-v SUBJECT` removes
//! the value `v` (one byte, as is the blank after it), `?? SUBJECT` asks who
//! gets a message, `~~ PATTERN` who overlaps.

use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use midge_subject::interest::{Generations, InterestTable, StampPlaces, subject_hash};
use midge_subject::{SubjectArc, is_valid_subscription_subject, matches, overlaps, quote};

/// Commands of one input; asking looks at all of them.
const COMMANDS: usize = 256;

#[derive(Default)]
struct Model {
    table: InterestTable<u8>,
    generations: Generations,
    list: Vec<(Vec<u8>, u8)>,
    /// Results by subject, with the stamp they were computed under.
    cached: HashMap<Vec<u8>, (u64, Vec<u8>)>,
}

fn sorted(mut values: Vec<u8>) -> Vec<u8> {
    values.sort_unstable();
    values
}

impl Model {
    fn insert(&mut self, subject: &[u8], value: u8) {
        let text = self
            .table
            .shared(subject)
            .unwrap_or_else(|| SubjectArc::new(subject));
        assert_eq!(text.as_bytes(), subject);
        self.table.insert(&text, value);
        self.generations.bump(subject);
        self.list.push((subject.to_vec(), value));
    }

    fn remove(&mut self, subject: &[u8], value: u8) {
        let at = self
            .list
            .iter()
            .position(|(text, have)| text == subject && *have == value);
        assert_eq!(
            self.table.remove(subject, value),
            at.is_some(),
            "{}",
            quote(subject)
        );
        if let Some(at) = at {
            self.list.swap_remove(at);
            self.generations.bump(subject);
        }
    }

    fn who_gets(&mut self, subject: &[u8]) {
        let want: Vec<u8> = self
            .list
            .iter()
            .filter(|(pattern, _)| matches(subject, pattern))
            .map(|&(_, value)| value)
            .collect();
        let mut found = Vec::new();
        self.table
            .for_each_match(subject, |value| found.push(value));
        assert_eq!(
            self.table.has_interest(subject),
            !want.is_empty(),
            "{}",
            quote(subject)
        );
        let (found, want) = (sorted(found), sorted(want));
        assert_eq!(found, want, "{}", quote(subject));

        let stamp = self.generations.stamp(subject);
        let places = StampPlaces::new(subject, subject_hash(subject));
        assert_eq!(stamp, self.generations.stamp_at(places));
        if let Some((before, result)) = self.cached.get(subject)
            && *before == stamp
        {
            assert_eq!(
                *result,
                found,
                "the stamp of {} is the same",
                quote(subject)
            );
        }
        self.cached.insert(subject.to_vec(), (stamp, found));
    }

    fn who_overlaps(&self, pattern: &[u8]) {
        let want = self
            .list
            .iter()
            .filter(|(other, _)| overlaps(other, pattern));
        let want = want.map(|&(_, value)| value).collect();
        let mut found = Vec::new();
        self.table
            .for_each_overlapping(pattern, |value| found.push(value));
        assert_eq!(sorted(found), sorted(want), "{}", quote(pattern));
    }

    /// Everything is there, and can be taken away again.
    fn drain(mut self) {
        let mut all = Vec::new();
        self.table
            .for_each(|subject, value| all.push((subject.as_bytes().to_vec(), value)));
        all.sort_unstable();
        self.list.sort_unstable();
        assert_eq!(all, self.list);
        for (subject, value) in std::mem::take(&mut self.list) {
            assert!(self.table.remove(&subject, value), "{}", quote(&subject));
        }
        assert!(self.table.is_empty() && !self.table.has_wildcards());
        for subject in self.cached.keys() {
            assert!(!self.table.has_interest(subject));
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut model = Model::default();
    for line in data.split(|&byte| byte == b'\n').take(COMMANDS) {
        let Some((&[command, value, _], subject)) = line.split_first_chunk() else {
            continue;
        };
        let valid = is_valid_subscription_subject(subject);
        match command {
            b'+' if valid => model.insert(subject, value),
            b'-' if valid => model.remove(subject, value),
            b'~' if valid => model.who_overlaps(subject),
            b'?' => model.who_gets(subject),
            _ => {}
        }
        assert_eq!(model.table.len(), model.list.len());
    }
    model.drain();
});
