//! A stream that applies limits, killed in the middle of a write: what is left
//! is the stream after some first ones of the changes, all that were flushed
//! among them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod model;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use midge_store::disk::Disk;
use midge_store::hash::Checksum;
use midge_store::note::Note;
use midge_store::scan::{Found, Scan};
use midge_store::{
    CacheBudget, FileStore, Filter, Limits, Nanos, NewMessage, PackTask, Purge, Removal,
    RootOptions, Seq, StoreRoot, StreamOptions, StreamStore,
};
use model::disk::SimDisk;

const FOLDER: &str = "/store";
const SUBJECTS: u8 = 5;

fn seeds(few: u64) -> u64 {
    let times = std::env::var("MIDGE_STORE_SEEDS")
        .ok()
        .and_then(|text| text.parse().ok());
    few * times.unwrap_or(1)
}

/// A stream's configuration; 0 is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Config {
    messages: u64,
    bytes: u64,
    per_subject: u64,
}

impl Config {
    fn random(random: &mut fastrand::Rng) -> Self {
        let mut one = |most: u64| {
            if random.bool() {
                random.u64(1..most)
            } else {
                0
            }
        };
        Self {
            messages: one(40),
            bytes: one(3_000),
            per_subject: one(6),
        }
    }

    fn limits(&self) -> Limits {
        match (self.bytes > 0, self.per_subject > 0) {
            (true, true) => Limits::Ordered,
            _ if *self == Self::default() => Limits::None,
            _ => Limits::Some,
        }
    }
}

/// What is in the stream.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct State {
    config: Config,
    /// Subject and size by sequence.
    messages: BTreeMap<u64, (u8, u64)>,
    last: u64,
}

impl State {
    fn excess(&self, subjects: impl Iterator<Item = u8>) -> Vec<u64> {
        let mut left = self.messages.clone();
        let mut gone = Vec::new();
        for subject in subjects {
            let seqs: Vec<u64> = left
                .iter()
                .filter(|(_, message)| message.0 == subject)
                .map(|(seq, _)| *seq)
                .collect();
            let max = match self.config.per_subject {
                0 => usize::MAX,
                max => max as usize,
            };
            gone.extend(&seqs[..seqs.len().saturating_sub(max)]);
            gone.iter().for_each(|seq| {
                left.remove(seq);
            });
        }
        let over = |left: &BTreeMap<u64, (u8, u64)>| {
            let bytes: u64 = left.values().map(|message| message.1).sum();
            let (messages, most) = (self.config.messages, self.config.bytes);
            (messages > 0 && left.len() as u64 > messages) || (most > 0 && bytes > most)
        };
        while over(&left) {
            let (first, _) = left.pop_first().unwrap();
            gone.push(first);
        }
        gone
    }
}

struct Stream {
    disk: SimDisk,
    options: StreamOptions,
    store: FileStore,
    state: State,
    /// Its state after each change since the last flush, and at that.
    states: Vec<State>,
    /// What its configuration is on disk.
    kept: Config,
}

impl Stream {
    fn new(random: &mut fastrand::Rng) -> Self {
        let disk = SimDisk::default();
        let state = State {
            config: Config::random(random),
            ..State::default()
        };
        let options = StreamOptions {
            block_size: [300, 1_000, 5_000][random.usize(..3)],
            compress: random.u8(..4) == 0,
            ttl: false,
            limits: state.config.limits(),
        };
        let store = root(&disk).create_stream("A", "S", b"{}", options).unwrap();
        Self {
            disk,
            options,
            store,
            states: vec![state.clone()],
            kept: state.config,
            state,
        }
    }

    fn drop_all(&mut self, seqs: Vec<u64>, how: Removal) {
        for seq in seqs {
            let removed = self.store.remove(Seq(seq), how);
            assert!(removed.is_ok() || self.disk.is_killed());
            let failed = removed.is_err();
            // An erase that fails is a delete that was done or not.
            self.state.messages.remove(&seq);
            if failed {
                return;
            }
        }
    }

    fn publish(&mut self, random: &mut fastrand::Rng) {
        let subject = random.u8(..SUBJECTS);
        let payload = vec![b'x'; random.usize(..200)];
        let appended = self.store.append(NewMessage {
            subject: format!("s.{subject}").as_bytes(),
            payload: &payload,
            timestamp: Nanos(self.state.last as i64 + 1),
            ..NewMessage::default()
        });
        let Ok(appended) = appended else { return };
        self.state.last = appended.seq.0;
        let message = (subject, appended.size);
        self.state.messages.insert(self.state.last, message);
        let excess = self.state.excess(std::iter::once(subject));
        self.drop_all(excess, Removal::Limit);
    }

    fn enforce(&mut self) {
        let excess = self.state.excess(0..SUBJECTS);
        self.drop_all(excess, Removal::Limit);
    }

    fn delete(&mut self, random: &mut fastrand::Rng) {
        let seqs: Vec<u64> = self.state.messages.keys().copied().collect();
        if seqs.is_empty() {
            return;
        }
        let newest = seqs.len().saturating_sub(3);
        let at = match random.bool() {
            true => random.usize(newest..seqs.len()),
            false => random.usize(..seqs.len()),
        };
        let how = match random.u8(..6) {
            0 => Removal::Erase,
            _ => Removal::Delete,
        };
        self.drop_all(vec![seqs[at]], how);
    }

    fn purge(&mut self, random: &mut fastrand::Rng) {
        let subject = random.bool().then(|| random.u8(..SUBJECTS));
        let below = random
            .bool()
            .then(|| self.state.last.saturating_sub(random.u64(..30)));
        let keep = if random.bool() { random.u64(..9) } else { 0 };
        let purge = Purge {
            filter: match subject {
                Some(subject) => Filter::subject(format!("s.{subject}").as_bytes()),
                None => Filter::All,
            },
            below: below.map(Seq),
            keep,
        };
        let matches = self.state.messages.iter();
        let matches = matches.filter(|(_, message)| subject.is_none_or(|one| message.0 == one));
        let mut gone: Vec<u64> = matches.map(|(seq, _)| *seq).collect();
        gone.truncate(gone.len().saturating_sub(keep as usize));
        gone.retain(|&seq| below.is_none_or(|below| seq < below));
        // One that fails is done or not.
        assert!(self.store.purge(&purge).is_ok() || self.disk.is_killed());
        gone.iter().for_each(|seq| {
            self.state.messages.remove(seq);
        });
    }

    fn update(&mut self, random: &mut fastrand::Rng) {
        self.store.limits_change();
        if self.store.flush().is_err() {
            return;
        }
        let config = Config::random(random);
        self.kept = config;
        self.state.config = config;
        self.options.limits = config.limits();
        self.store.set_options(self.options).unwrap();
        self.states.push(self.state.clone());
        self.enforce();
    }

    fn change(&mut self, random: &mut fastrand::Rng) {
        if self.disk.is_killed() {
            return;
        }
        match random.u8(..40) {
            0..=27 => self.publish(random),
            28..=33 => self.delete(random),
            34..=36 => self.purge(random),
            37 => self.update(random),
            _ => {}
        }
        self.states.push(self.state.clone());
    }

    /// Everything is answered.
    fn flush(&mut self) {
        if self.store.flush().is_ok() && !self.disk.is_killed() {
            self.states = vec![self.state.clone()];
        }
    }

    fn sync(&mut self) {
        let _ = self.store.take_sync().map(|task| task.run());
    }

    /// All records on disk, for a failure.
    fn records(&self) -> Vec<String> {
        let msgs = Path::new(FOLDER).join("A/streams/S/msgs");
        let entries = self.disk.list(&msgs).unwrap();
        let mut numbers: Vec<u32> = entries
            .iter()
            .filter_map(|entry| entry.name.strip_suffix(".blk")?.parse().ok())
            .collect();
        numbers.sort_unstable();
        let mut lines = Vec::new();
        for number in numbers {
            let bytes = self.disk.read(&msgs.join(format!("{number}.blk"))).unwrap();
            let plain = midge_store::compress::unpack(bytes).block;
            lines.push(format!("block {number}"));
            for found in Scan::new(&plain, Some(&Checksum::of_block(b"S", number))) {
                lines.push(match found {
                    Found::Record(_, record) => {
                        let note = Note::decode(record.payload);
                        format!("  {:?} {} {note:?}", record.kind, record.seq)
                    }
                    Found::Damage(from, to) => format!("  damage {from}..{to}"),
                });
            }
        }
        lines
    }

    /// What is there once limits were applied again, which is one of the
    /// states.
    fn reopen(&mut self, what: &str) {
        self.disk.set_life(None);
        self.options.limits = self.kept.limits();
        let before = self.records();
        let opened = root(&self.disk).open_stream("A", "S", self.options);
        self.store = opened.unwrap().0;
        self.state = State {
            config: self.kept,
            messages: BTreeMap::new(),
            last: self.store.state().last.0,
        };
        let mut from = Seq(0);
        while let Some(message) = self.store.next(&Filter::All, from).unwrap() {
            let subject = message.subject[2] - b'0';
            let size = (30 + message.subject.len() + message.payload.len()) as u64;
            self.state.messages.insert(message.seq.0, (subject, size));
            from = message.seq.next();
        }
        let found = self.state.clone();
        self.enforce();
        if !self.states.contains(&self.state) {
            for state in &self.states {
                if state.last == self.state.last && state.config == self.state.config {
                    eprintln!("one of   {state:?}");
                }
            }
            before.iter().for_each(|line| eprintln!("{line}"));
            eprintln!("first    {:?}", self.states[0]);
            eprintln!("found    {found:?}");
            panic!("{what}: is {:?}", self.state);
        }
        self.store.flush().unwrap();
        self.states = vec![self.state.clone()];
    }
}

fn root(disk: &SimDisk) -> StoreRoot {
    let options = RootOptions {
        keys: None,
        budget: CacheBudget::new(5_000),
    };
    StoreRoot::open(Arc::new(disk.clone()), Path::new(FOLDER), options).unwrap()
}

fn run(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut stream = Stream::new(&mut random);
    for life in 0..12 {
        let batch = [2, 10, 60][random.usize(..3)];
        let batches = random.usize(1..12);
        let dies_at = random.usize(..batches);
        let mut waiting = Vec::new();
        for at in 0..batches {
            for _ in 0..random.usize(1..=batch) {
                stream.change(&mut random);
            }
            if at == dies_at {
                let life = if random.bool() { 200 } else { 8_000 };
                stream.disk.set_life(Some(random.usize(1..life)));
            }
            stream.flush();
            if random.u8(..3) == 0 {
                stream.sync();
            }
            if random.u8(..4) == 0 {
                while stream.store.maintain(Nanos(1)).is_ok_and(|more| more) {}
            }
            if random.u8(..3) == 0 {
                waiting.drain(..).for_each(PackTask::run);
                waiting.extend(stream.store.take_packing().ok().flatten());
            }
            if random.u8(..20) == 0 {
                let _ = stream.store.close();
                if !stream.disk.is_killed() {
                    stream.reopen(&format!("seed {seed}, life {life}, closed"));
                }
            }
            if stream.disk.is_killed() {
                break;
            }
        }
        if random.u8(..3) == 0 && !stream.disk.is_killed() {
            let index = Path::new(FOLDER).join("A/streams/S/msgs/index.db");
            let _ = stream.disk.remove_file(&index);
        }
        stream.reopen(&format!("seed {seed}, life {life}, killed"));
    }
}

#[test]
fn a_kill_leaves_the_first_changes_and_no_others() {
    for seed in 0..seeds(100) {
        run(seed);
    }
}
