//! A naive stream store, and random commands that a real one must answer
//! alike.

#![allow(dead_code, clippy::unwrap_used)]

pub mod disk;
pub mod open;
pub mod setup;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use midge_store::{
    Counting, Filter, Front, MessageRef, Nanos, NewMessage, Purge, Removal, Seq, StreamStore,
};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    pub time: i64,
    pub subject: Vec<u8>,
    pub header: Vec<u8>,
    pub payload: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Model {
    pub messages: BTreeMap<u64, Message>,
    pub last: u64,
    pub last_time: i64,
    /// Whether sizes are those of files.
    pub file: bool,
}

impl Model {
    pub fn size(&self, message: &Message) -> u64 {
        let (s, h, p) = (
            message.subject.len(),
            message.header.len(),
            message.payload.len(),
        );
        let fixed = match (self.file, h) {
            (false, _) => 16,
            (true, 0) => 30,
            (true, _) => 34,
        };
        (fixed + s + h + p) as u64
    }

    pub fn bytes(&self) -> u64 {
        self.messages
            .values()
            .map(|message| self.size(message))
            .sum()
    }

    pub fn first(&self) -> u64 {
        self.messages
            .keys()
            .next()
            .copied()
            .unwrap_or(self.last + 1)
    }

    pub fn matching(&self, filter: &Filter) -> Vec<u64> {
        let all = self.messages.iter();
        all.filter(|(_, message)| filter.matches(&message.subject))
            .map(|(seq, _)| *seq)
            .collect()
    }

    /// Last sequences at or below `up_to` by subject.
    pub fn lasts(&self, filter: &Filter, up_to: u64) -> Vec<u64> {
        let mut last = BTreeMap::new();
        for seq in self.matching(filter) {
            if seq <= up_to {
                last.insert(self.messages[&seq].subject.clone(), seq);
            }
        }
        let mut seqs: Vec<u64> = last.into_values().collect();
        seqs.sort_unstable();
        seqs
    }
}

pub fn same(found: &MessageRef<'_>, want: &Message) -> bool {
    (
        found.timestamp.0,
        found.subject,
        found.header,
        found.payload,
    ) == (
        want.time,
        &want.subject[..],
        &want.header[..],
        &want.payload[..],
    )
}

/// Sizes of what random commands do.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub subjects: u64,
    pub payload: usize,
    /// Whether messages are removed by limits as well.
    pub limits: bool,
}

fn filter(random: &mut fastrand::Rng, shape: Shape) -> Filter {
    let subject = |random: &mut fastrand::Rng| subject(random, shape);
    match random.u8(..6) {
        0 => Filter::All,
        1 => Filter::subject(&subject(random)),
        2 => Filter::subject(b"a.*.1"),
        3 => Filter::subject(format!("a.{}.*", random.u64(..shape.subjects)).as_bytes()),
        4 => Filter::new(&[
            subject(random),
            b"a.0.>".to_vec(),
            subject(random),
            b"a.*.2".to_vec(),
        ]),
        _ => Filter::subject(b"a.>"),
    }
}

fn subject(random: &mut fastrand::Rng, shape: Shape) -> Vec<u8> {
    format!("a.{}.{}", random.u64(..shape.subjects), random.u8(..4)).into_bytes()
}

fn message(random: &mut fastrand::Rng, model: &Model, shape: Shape) -> Message {
    Message {
        time: model.last_time + random.i64(1..1000),
        subject: subject(random, shape),
        header: match random.u8(..4) {
            0 => b"NATS/1.0\r\nA: b\r\n\r\n".to_vec(),
            _ => Vec::new(),
        },
        payload: (0..random.usize(..shape.payload))
            .map(|_| random.u8(..))
            .collect(),
    }
}

pub fn append(store: &mut dyn StreamStore, model: &mut Model, message: Message, seq: Option<u64>) {
    let done = store
        .append(NewMessage {
            subject: &message.subject,
            header: &message.header,
            payload: &message.payload,
            timestamp: Nanos(message.time),
            seq: seq.map(Seq),
            expires: None,
            scheduled: false,
        })
        .unwrap();
    model.last = seq.unwrap_or(model.last + 1);
    model.last_time = message.time;
    assert_eq!(done.seq.0, model.last);
    assert_eq!(done.size, model.size(&message));
    assert_eq!(
        store.size_of(&message.subject, &message.header, &message.payload),
        done.size
    );
    let subject = message.subject.clone();
    model.messages.insert(model.last, message);
    let same_subject = model
        .messages
        .values()
        .filter(|other| other.subject == subject);
    assert_eq!(done.subject_messages, same_subject.count() as u64);
}

/// One random change.
pub fn change(
    store: &mut dyn StreamStore,
    model: &mut Model,
    random: &mut fastrand::Rng,
    shape: Shape,
) {
    match random.u8(..40) {
        0..=19 => {
            let message = message(random, model, shape);
            append(store, model, message, None);
        }
        20 => {
            let message = message(random, model, shape);
            let seq = model.last + random.u64(1..20);
            append(store, model, message, Some(seq));
        }
        21 => {
            let next = model.last + random.u64(..30);
            store.skip_to(Seq(next), Nanos(1)).unwrap();
            if next > model.last + 1 {
                model.last = next - 1;
                if model.last_time == 0 {
                    model.last_time = 1;
                }
            }
        }
        22..=33 => {
            let span = model.last + 2 - model.first();
            let seq = match random.u8(..4) {
                0 => model.first(),
                1 => model.messages.keys().next_back().copied().unwrap_or(0),
                _ => model.first() + random.u64(..span),
            };
            let how = match random.u8(..8) {
                0 if shape.limits => Removal::Limit,
                1 => Removal::Erase,
                _ => Removal::Delete,
            };
            let removed = store.remove(Seq(seq), how).unwrap();
            match model.messages.remove(&seq) {
                None => assert_eq!(removed, None),
                Some(message) => {
                    let removed = removed.unwrap();
                    assert_eq!(removed.subject, message.subject);
                    assert_eq!(removed.size, model.size(&message));
                    assert_eq!(removed.timestamp.0, message.time);
                }
            }
        }
        34 | 35 if shape.limits => {
            let before = model.messages.len() as u64;
            let front = match random.u8(..4) {
                0 => Front::Messages(before.saturating_sub(random.u64(..20))),
                1 => Front::Bytes(model.bytes().saturating_sub(random.u64(..2000))),
                2 => Front::Below(Seq(model.first() + random.u64(..20))),
                _ => {
                    let at = model.first() + random.u64(..10);
                    let time = model.messages.range(at..).next().map_or(0, |(_, m)| m.time);
                    Front::Until(Nanos(time))
                }
            };
            let removed = store.remove_front(front).unwrap();
            while let Some((&seq, first)) = model.messages.iter().next() {
                let goes = match front {
                    Front::Messages(keep) => model.messages.len() as u64 > keep,
                    Front::Bytes(keep) => model.bytes() > keep,
                    Front::Below(below) => seq < below.0,
                    Front::Until(time) => first.time <= time.0,
                };
                if !goes {
                    break;
                }
                model.messages.remove(&seq);
            }
            assert_eq!(
                removed.messages,
                before - model.messages.len() as u64,
                "{front:?}"
            );
        }
        36 | 37 => {
            let purge = Purge {
                filter: filter(random, shape),
                below: random.bool().then(|| Seq(model.first() + random.u64(..40))),
                keep: if random.bool() { 0 } else { random.u64(..20) },
            };
            let all = purge.filter == Filter::All && purge.keep == 0;
            if all && random.u8(..4) != 0 {
                return;
            }
            let mut seqs = model.matching(&purge.filter);
            seqs.truncate(seqs.len().saturating_sub(purge.keep as usize));
            seqs.retain(|&seq| purge.below.is_none_or(|below| seq < below.0));
            let removed = store.purge(&purge).unwrap();
            assert_eq!(removed.messages, seqs.len() as u64, "{purge:?}");
            seqs.iter().for_each(|seq| {
                model.messages.remove(seq);
            });
            if all && let Some(below) = purge.below {
                model.last = model.last.max(below.0 - 1);
            }
        }
        _ => {}
    }
}

/// Everything that can be asked must be answered alike.
pub fn check(store: &mut dyn StreamStore, model: &Model, random: &mut fastrand::Rng, shape: Shape) {
    let state = store.state();
    assert_eq!(state.messages, model.messages.len() as u64);
    assert_eq!((state.first.0, state.last.0), (model.first(), model.last));
    assert_eq!(state.bytes, model.bytes());
    let first_time = model
        .messages
        .values()
        .next()
        .map_or(0, |message| message.time);
    assert_eq!(state.first_time.0, first_time);
    assert_eq!(state.last_time.0, model.last_time);
    let span = model.last + 1 - model.first();
    assert_eq!(state.deleted, span - model.messages.len() as u64);
    let mut deleted = Vec::new();
    store.deleted(&mut |first, last| {
        deleted.extend(first.0..=last.0);
        ControlFlow::Continue(())
    });
    let want: Vec<u64> = (model.first()..=model.last)
        .filter(|seq| !model.messages.contains_key(seq))
        .collect();
    assert_eq!(deleted, want);

    let mut subjects = BTreeMap::new();
    for message in model.messages.values() {
        *subjects.entry(message.subject.clone()).or_insert(0u64) += 1;
    }
    assert_eq!(state.subjects, subjects.len() as u64);
    for _ in 0..3 {
        let filter = filter(random, shape);
        let from = model.first().saturating_sub(2) + random.u64(..span + 4);
        let matching = model.matching(&filter);
        let want = matching.iter().copied().find(|&seq| seq >= from);
        match store.next(&filter, Seq(from)).unwrap() {
            None => assert_eq!(want, None, "{filter:?} {from}"),
            Some(found) => {
                assert_eq!(Some(found.seq.0), want, "{filter:?} {from}");
                assert!(same(&found, &model.messages[&found.seq.0]));
            }
        }
        let from = if random.u8(..4) == 0 { u64::MAX } else { from };
        let want = matching.iter().copied().rfind(|&seq| seq <= from);
        let found = store
            .previous(&filter, Seq(from))
            .unwrap()
            .map(|found| found.seq.0);
        assert_eq!(found, want, "{filter:?} {from}");
        let want = matching.iter().filter(|&&seq| seq >= from).count() as u64;
        assert_eq!(
            store.count(&filter, Seq(from), Counting::Messages).unwrap(),
            want
        );
        let lasts = model.lasts(&filter, u64::MAX);
        let want = lasts.iter().filter(|&&seq| seq >= from).count() as u64;
        assert_eq!(
            store
                .count(&filter, Seq(from), Counting::LastPerSubject)
                .unwrap(),
            want
        );
        let lasts = model.lasts(&filter, from);
        let mut found = Vec::new();
        store
            .last_per_subject(&filter, Seq(from), usize::MAX, &mut found)
            .unwrap();
        let found_seqs: Vec<u64> = found.iter().map(|seq| seq.0).collect();
        if found_seqs != lasts {
            for seq in &lasts {
                let s = &model.messages[seq].subject;
                eprintln!(
                    "{seq} {:?} {:?}",
                    String::from_utf8_lossy(s),
                    store.subject_state(s)
                );
            }
        }
        assert_eq!(found_seqs, lasts, "{filter:?} up to {from}");
        if !lasts.is_empty() {
            found.clear();
            let refused = store.last_per_subject(&filter, Seq(from), lasts.len() - 1, &mut found);
            assert!(refused.is_err() && found.is_empty());
        }
        let mut listed = BTreeMap::new();
        store.subjects(&filter, &mut |subject, messages| {
            assert_eq!(listed.insert(subject.to_vec(), messages), None);
            ControlFlow::Continue(())
        });
        let mut want = subjects.clone();
        want.retain(|subject, _| filter.matches(subject));
        assert_eq!(listed, want);
    }
    let subject = subject(random, shape);
    let of_subject = model.matching(&Filter::subject(&subject));
    assert_eq!(store.subject_messages(&subject), of_subject.len() as u64);
    let found = store.subject_state(&subject).unwrap();
    assert_eq!(
        found.map(|state| state.messages),
        subjects.get(&subject).copied()
    );
    assert_eq!(
        found.map(|state| state.first.0),
        of_subject.first().copied()
    );
    assert_eq!(found.map(|state| state.last.0), of_subject.last().copied());
    let time = random.i64(..model.last_time + 10);
    let want = model
        .messages
        .iter()
        .find(|(_, message)| message.time >= time);
    assert_eq!(
        store.seq_at(Nanos(time)).unwrap().0,
        want.map_or(model.last + 1, |(seq, _)| *seq)
    );
    for _ in 0..4 {
        let seq = model.first() + random.u64(..span + 1);
        let found = store.load(Seq(seq)).unwrap();
        assert_eq!(found.is_some(), model.messages.contains_key(&seq), "{seq}");
        if let Some(found) = found {
            assert!(same(&found, &model.messages[&seq]));
        }
    }
}

/// All messages of the store, compared with the model's.
pub fn check_all(store: &mut dyn StreamStore, model: &Model) {
    let mut from = 0;
    let mut wanted = model.messages.iter();
    while let Some(found) = store.next(&Filter::All, Seq(from)).unwrap() {
        let (seq, message) = wanted.next().unwrap();
        assert_eq!(found.seq.0, *seq);
        assert!(same(&found, message), "{seq}");
        from = found.seq.0 + 1;
    }
    assert_eq!(wanted.next(), None);
}
