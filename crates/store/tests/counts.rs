//! Filtered counts from the middle of a stream are right, whatever has happened
//! to its blocks.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod model;

use midge_store::crypt::Cipher;
use midge_store::disk::Disk;
use midge_store::{Counting, FileStore, Filter, Front, Nanos, Removal, Seq, StreamStore};
use model::disk::SimDisk;
use model::setup::{Setup, counts_file, keys, msgs, new_model};
use model::{Message, Model, Shape};

fn seeds(few: u64) -> u64 {
    let times = std::env::var("MIDGE_STORE_SEEDS")
        .ok()
        .and_then(|text| text.parse().ok());
    few * times.unwrap_or(1)
}

fn literals(random: &mut fastrand::Rng, shape: Shape, count: usize) -> Filter {
    let mut one = || format!("a.{}.{}", random.u64(..shape.subjects), random.u8(..4));
    let subjects: Vec<String> = (0..count).map(|_| one()).collect();
    Filter::new(&subjects)
}

/// Some counts, which must be those of the model.
fn check(store: &mut FileStore, model: &Model, random: &mut fastrand::Rng, shape: Shape) {
    for _ in 0..4 {
        let filter = match random.u8(..7) {
            0 => literals(random, shape, 1),
            1 => literals(random, shape, 5),
            2 => literals(random, shape, 60),
            3 => Filter::subject(b"a.*.1"),
            4 => Filter::subject(format!("a.{}.*", random.u64(..shape.subjects)).as_bytes()),
            5 => Filter::new(&["a.*.1", "a.*.2", "a.0.3", "b.>"]),
            _ => Filter::subject(b"a.>"),
        };
        let span = model.last + 3 - model.first().min(model.last);
        let from = model.first().saturating_sub(1) + random.u64(..span);
        let matching = model.matching(&filter);
        let want = matching.iter().filter(|&&seq| seq >= from).count() as u64;
        let found = store.count(&filter, Seq(from), Counting::Messages).unwrap();
        assert_eq!(found, want, "{filter:?} from {from}");
        let lasts = model.lasts(&filter, u64::MAX);
        let want = lasts.iter().filter(|&&seq| seq >= from).count() as u64;
        let found = store.count(&filter, Seq(from), Counting::LastPerSubject);
        assert_eq!(found.unwrap(), want, "last of {filter:?} from {from}");
        let want = matching.iter().copied().rfind(|&seq| seq <= from);
        let found = store.previous(&filter, Seq(from)).unwrap();
        assert_eq!(found.map(|found| found.seq.0), want);
    }
}

/// Messages that limits removed come back when the index file is lost; the
/// stream applies its limits again then.
fn drop_resurrected(store: &mut FileStore, model: &Model) {
    let mut from = Seq(0);
    let mut extra = Vec::new();
    while let Some(message) = store.next(&Filter::All, from).unwrap() {
        if !model.messages.contains_key(&message.seq.0) {
            extra.push(message.seq);
        }
        from = message.seq.next();
    }
    for seq in extra {
        store.remove(seq, Removal::Limit).unwrap();
    }
}

/// Changes that a full disk takes back.
fn fail_to_flush(
    store: &mut FileStore,
    model: &mut Model,
    disk: &SimDisk,
    random: &mut fastrand::Rng,
    shape: Shape,
) {
    store.flush().unwrap();
    let flushed = model.clone();
    for _ in 0..random.usize(1..12) {
        match random.u8(..4) {
            0 => {
                let keep = model.messages.len() / 8 * 7;
                store.remove_front(Front::Messages(keep as u64)).unwrap();
                while model.messages.len() > keep {
                    model.messages.pop_first();
                }
                assert_eq!(model.messages.len() as u64, store.state().messages);
            }
            1 => {
                let seqs: Vec<u64> = model.messages.keys().copied().collect();
                if !seqs.is_empty() {
                    let seq = seqs[random.usize(..seqs.len())];
                    store.remove(Seq(seq), Removal::Delete).unwrap();
                    model.messages.remove(&seq);
                }
            }
            _ => {
                let message = Message {
                    time: model.last_time + 1,
                    subject: format!("a.{}.9", random.u64(..shape.subjects)).into_bytes(),
                    header: Vec::new(),
                    payload: vec![7; random.usize(..shape.payload)],
                };
                model::append(store, model, message, None);
            }
        }
        if random.bool() {
            check(store, model, random, shape);
        }
    }
    disk.set_room(Some(0));
    let failed = store.flush().is_err();
    disk.set_room(None);
    if failed {
        *model = flushed;
    }
}

#[test]
fn counts_are_right_whatever_happens_to_the_blocks() {
    for seed in 0..seeds(25) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut setup = Setup::random(&mut random);
        let shape = Shape {
            subjects: [1, 3, 40, 200][random.usize(..4)],
            payload: 40,
            limits: true,
        };
        let disk = SimDisk::default();
        let mut store = setup.create(&disk, "S");
        let mut model = new_model();
        let mut now = 0;
        let mut old_counts = None;
        for round in 0..700 {
            let fresh = model.messages.len() < 300 && random.u8(..3) > 0;
            if fresh {
                let message = Message {
                    time: model.last_time + 1,
                    subject: format!("a.{}.{}", random.u64(..shape.subjects), random.u8(..4))
                        .into_bytes(),
                    header: Vec::new(),
                    payload: vec![1; random.usize(..shape.payload)],
                };
                model::append(&mut store, &mut model, message, None);
            } else {
                model::change(&mut store, &mut model, &mut random, shape);
            }
            match random.u8(..90) {
                0..=9 => store.flush().unwrap(),
                10..=12 => {
                    store.flush().unwrap();
                    if let Some(task) = store.take_sync() {
                        task.run().unwrap();
                    }
                }
                13 | 14 => {
                    // Idle for long: slots go.
                    store.flush().unwrap();
                    for _ in 0..random.usize(1..150) {
                        now += 1_000_000_000;
                        while store.maintain(Nanos(now)).unwrap() {}
                    }
                }
                15 => fail_to_flush(&mut store, &mut model, &disk, &mut random, shape),
                16 => {
                    let bytes = [3_000, 20_000, 1 << 20][random.usize(..3)];
                    setup.budget.set_bytes(bytes);
                }
                17 => {
                    store.close().unwrap();
                    let counts = disk.read(&counts_file()).ok();
                    drop(store);
                    assert_eq!(setup.budget.used(), 0, "seed {seed}");
                    let damaged = match random.u8(..7) {
                        0 => {
                            let _ = disk.remove_file(&msgs("S").join("index.db"));
                            false
                        }
                        1 => {
                            let _ = disk.remove_file(&counts_file());
                            false
                        }
                        2 if counts.is_some() => {
                            disk.flip(&counts_file(), &mut random);
                            true
                        }
                        3 if old_counts.is_some() && old_counts != counts => {
                            // Left over from an earlier end.
                            let old: &Vec<u8> = old_counts.as_ref().unwrap();
                            disk.write(&counts_file(), old).unwrap();
                            false
                        }
                        4 if setup.keys.is_none() && random.u8(..4) == 0 => {
                            setup.keys = Some(keys(Cipher::ChaCha));
                            false
                        }
                        _ => false,
                    };
                    old_counts = counts.or(old_counts);
                    let (opened, recovery) = setup.open(&disk);
                    // A flush that failed may have left the file of a block that is not
                    // there.
                    let of_counts = |line: &&String| line.contains("counts file");
                    let warnings = recovery.warnings.iter().filter(of_counts).count();
                    let wanted = damaged && !recovery.rebuilt;
                    assert_eq!(warnings, usize::from(wanted), "seed {seed}: {recovery:?}");
                    store = opened;
                    drop_resurrected(&mut store, &model);
                }
                18 => {
                    // Killed.
                    store.flush().unwrap();
                    drop(store);
                    let (opened, _) = setup.open(&disk);
                    store = opened;
                    drop_resurrected(&mut store, &model);
                }
                _ => {}
            }
            if round % 3 == 0 {
                check(&mut store, &model, &mut random, shape);
            }
        }
        model::check_all(&mut store, &model);
    }
}
