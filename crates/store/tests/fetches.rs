//! Readers that do not wait for the disk: other threads read the blocks.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod model;

use std::collections::VecDeque;

use midge_store::crypt::Cipher;
use midge_store::disk::Disk;
use midge_store::{
    FetchTask, FileStore, Filter, Front, Nanos, Recovery, Removal, Seq, StoreError, StreamStore,
};
use model::disk::SimDisk;
use model::setup::{Setup, keys, msgs, new_model};
use model::{Message, Model};

fn append(store: &mut FileStore, model: &mut Model, messages: u64) {
    for number in 0..messages {
        let message = Message {
            time: number as i64 + 1,
            subject: format!("a.{}", number % 17).into_bytes(),
            header: Vec::new(),
            payload: vec![b'p'; 40],
        };
        model::append(store, model, message, None);
        if number % 50 == 0 {
            store.flush().unwrap();
        }
    }
    store.flush().unwrap();
}

fn blocks_read(disk: &SimDisk) -> usize {
    let names = disk.take_read();
    names.iter().filter(|name| name.ends_with(".blk")).count()
}

/// The next message as an impatient reader finds it: `None` if it is not at
/// hand.
fn look(store: &mut FileStore, model: &Model, filter: &Filter, from: u64) -> Option<Option<u64>> {
    store.set_patient(false);
    let found = match store.next(filter, Seq(from)) {
        Err(StoreError::NotAtHand) => None,
        Ok(None) => Some(None),
        Ok(Some(message)) => {
            assert!(model::same(&message, &model.messages[&message.seq.0]));
            Some(Some(message.seq.0))
        }
        Err(error) => panic!("{error}"),
    };
    store.set_patient(true);
    if let Some(found) = found {
        let want = model.matching(filter).into_iter().find(|&seq| seq >= from);
        assert_eq!(found, want, "from {from}");
    }
    found
}

#[test]
fn a_reader_from_the_beginning_waits_for_no_block() {
    let (setup, disk) = (Setup::new(4_000, 30_000), SimDisk::default());
    let mut store = setup.create(&disk, "S");
    let mut model = new_model();
    append(&mut store, &mut model, 2_000);
    store.close().unwrap();
    let (mut store, recovery) = setup.open(&disk);
    assert_eq!(recovery, Recovery::default());
    disk.take_read();
    let (mut at, mut refused, mut ahead) = (1, 0, 0);
    loop {
        let found = look(&mut store, &model, &Filter::All, at);
        // The last block is read by its owner: it may be written at any time.
        let is_last = at + 60 > 2_000;
        assert!(blocks_read(&disk) == 0 || is_last, "at {at}");
        let tasks = store.take_fetches();
        assert!(tasks.len() <= 2);
        match found {
            None => {
                refused += 1;
                assert!(!tasks.is_empty(), "nothing is read for {at}");
            }
            Some(None) => break,
            Some(Some(seq)) => {
                ahead += tasks.len();
                at = seq + 1;
            }
        }
        tasks.into_iter().for_each(FetchTask::run);
        disk.take_read();
    }
    assert_eq!(at, 2_001);
    // The first one is waited for, and the ones behind it are there in time.
    assert!(refused <= 2, "{refused} times something was not at hand");
    assert!(ahead > 20, "{ahead} blocks were read ahead");
}

#[test]
fn what_nobody_uses_leaves_memory() {
    let (setup, disk) = (Setup::new(4_000, 1 << 20), SimDisk::default());
    let mut store = setup.create(&disk, "S");
    let mut model = new_model();
    append(&mut store, &mut model, 1_000);
    store.close().unwrap();
    let (mut store, _) = setup.open(&disk);
    assert_eq!(look(&mut store, &model, &Filter::All, 1), None);
    store.take_fetches().into_iter().for_each(FetchTask::run);
    for second in 0..4 {
        store.maintain(Nanos(second * 1_000_000_000)).unwrap();
    }
    assert_eq!(look(&mut store, &model, &Filter::All, 1), None);
    assert_eq!(store.take_fetches().len(), 1);
}

#[test]
fn readers_far_apart_get_theirs_in_turn() {
    let (setup, disk) = (Setup::new(4_000, 1 << 20), SimDisk::default());
    let mut store = setup.create(&disk, "S");
    let mut model = new_model();
    append(&mut store, &mut model, 2_000);
    store.close().unwrap();
    let (mut store, _) = setup.open(&disk);
    let mut readers = [1, 400, 800, 1_200, 1_600];
    for round in 0.. {
        let mut is_done = true;
        for at in &mut readers {
            match look(&mut store, &model, &Filter::All, *at) {
                Some(Some(seq)) => *at = seq + 1,
                Some(None) => continue,
                None => {}
            }
            is_done = false;
        }
        store.take_fetches().into_iter().for_each(FetchTask::run);
        if is_done {
            break;
        }
        assert!(round < 20_000, "no progress: {readers:?}");
    }
}

#[test]
fn a_block_that_was_written_anew_is_read_anew() {
    for cipher in [None, Some(Cipher::Aes), Some(Cipher::ChaCha)] {
        let (mut setup, disk) = (Setup::new(4_000, 9_000), SimDisk::default());
        setup.keys = cipher.map(keys);
        let mut store = setup.create(&disk, "S");
        let mut model = new_model();
        append(&mut store, &mut model, 500);
        store.close().unwrap();
        let (mut store, _) = setup.open(&disk);
        assert_eq!(look(&mut store, &model, &Filter::All, 1), None);
        let tasks = store.take_fetches();
        // The owner needs the block before.
        for seq in 2..30 {
            store.remove(Seq(seq), Removal::Delete).unwrap();
            model.messages.remove(&seq);
        }
        store.flush().unwrap();
        tasks.into_iter().for_each(FetchTask::run);
        disk.take_read();
        let before = disk.read(&msgs("S").join("1.blk")).unwrap();
        for _ in 0..2 {
            store.maintain(Nanos(1)).unwrap();
        }
        assert_ne!(
            disk.read(&msgs("S").join("1.blk")).unwrap(),
            before,
            "compacted"
        );
        // Others need its place in memory.
        for seq in 100..500 {
            store.load(Seq(seq)).unwrap();
        }
        let mut at = 1;
        while let Some(Some(seq)) = loop {
            let found = look(&mut store, &model, &Filter::All, at);
            store.take_fetches().into_iter().for_each(FetchTask::run);
            if found.is_some() {
                break found;
            }
        } {
            at = seq + 1;
        }
        model::check_all(&mut store, &model);
    }
}

/// Whatever happens to the stream while its blocks are being read, readers see
/// what is there.
#[test]
fn changes_meanwhile_are_seen() {
    for seed in 0..100 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (setup, disk) = (Setup::random(&mut random), SimDisk::default());
        let mut store = setup.create(&disk, "S");
        let mut model = new_model();
        append(&mut store, &mut model, 500);
        let mut under_way: VecDeque<FetchTask> = VecDeque::new();
        let mut at = 1;
        for _ in 0..120 {
            match random.u8(..10) {
                0..5 => {
                    let filter = if random.bool() {
                        Filter::All
                    } else {
                        Filter::subject(b"a.3")
                    };
                    match look(&mut store, &model, &filter, at) {
                        Some(Some(seq)) => at = seq + 1 + random.u64(..20),
                        Some(None) => at = 1 + random.u64(..200),
                        None => {}
                    }
                }
                5..8 => {
                    if let Some(task) = under_way.pop_front() {
                        task.run();
                    }
                }
                8 => change(&mut store, &mut model, &mut random),
                _ => thin_out(&mut store, &mut model, at, &mut random),
            }
            under_way.extend(store.take_fetches());
        }
        model::check_all(&mut store, &model);
    }
}

/// Removes most of the messages that are read next, so that their block is
/// written anew, and takes it out of memory.
fn thin_out(store: &mut FileStore, model: &mut Model, at: u64, random: &mut fastrand::Rng) {
    let seqs: Vec<u64> = model
        .messages
        .range(at..at + 60)
        .map(|(&seq, _)| seq)
        .collect();
    let how = [Removal::Delete, Removal::Erase][random.usize(..2)];
    for seq in seqs.into_iter().filter(|_| random.u8(..4) > 0) {
        store.remove(Seq(seq), how).unwrap();
        model.messages.remove(&seq);
    }
    store.flush().unwrap();
    for _ in 0..2 {
        store.maintain(Nanos(1)).unwrap();
    }
}

/// One change of the stream, of those that touch blocks at rest.
fn change(store: &mut FileStore, model: &mut Model, random: &mut fastrand::Rng) {
    let seqs: Vec<u64> = model.messages.keys().copied().collect();
    match random.u8(..6) {
        0 => append(store, model, random.u64(1..30)),
        1 | 2 if !seqs.is_empty() => {
            let seq = seqs[random.usize(..seqs.len())];
            let how = [Removal::Delete, Removal::Erase][random.usize(..2)];
            store.remove(Seq(seq), how).unwrap();
            model.messages.remove(&seq);
            store.flush().unwrap();
        }
        3 if seqs.len() > 60 => {
            let below = seqs[random.usize(..20)];
            store.remove_front(Front::Below(Seq(below))).unwrap();
            model.messages.retain(|&seq, _| seq >= below);
            store.flush().unwrap();
        }
        4 => {
            // Evicts and compacts.
            let now = Nanos(random.i64(..1_000_000_000_000));
            store.maintain(now).unwrap();
        }
        _ => {
            if let Ok(Some(task)) = store.take_packing() {
                task.run();
            }
        }
    }
}
