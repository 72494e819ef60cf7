//! A disk that fails to sync, and works again: nothing that was confirmed is
//! lost, and nothing is confirmed that a loss of power would take.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod model;

use std::path::Path;
use std::sync::Arc;

use midge_store::crypt::{Cipher, EncryptionKeys};
use midge_store::{
    CacheBudget, ConsumerChange, ConsumerState, ConsumerStore, FileStore, Limits, Nanos,
    NewMessage, Removal, RootOptions, Seq, SeqPair, StoreError, StoreRoot, StreamOptions,
    StreamStore,
};
use model::disk::SimDisk;

const OPTIONS: StreamOptions = StreamOptions {
    block_size: 1_000,
    compress: false,
    ttl: false,
    limits: Limits::None,
};

fn root(disk: &SimDisk, encrypted: bool, cache: usize) -> StoreRoot {
    let keys = encrypted.then(|| EncryptionKeys {
        cipher: Cipher::ChaCha,
        key: b"secret".to_vec(),
        previous: None,
    });
    let options = RootOptions {
        keys,
        budget: CacheBudget::new(cache),
    };
    StoreRoot::open(Arc::new(disk.clone()), Path::new("/store"), options).unwrap()
}

fn append(store: &mut FileStore, random: &mut fastrand::Rng) -> Result<u64, StoreError> {
    let payload = vec![random.u8(..); random.usize(..300)];
    let appended = store.append(NewMessage {
        subject: b"s",
        payload: &payload,
        timestamp: Nanos(store.state().last.0 as i64 + 1),
        ..NewMessage::default()
    })?;
    Ok(appended.seq.0)
}

/// Runs what there is to sync; whether all is on disk.
fn sync(store: &mut FileStore) -> bool {
    let done = store.take_sync().is_none_or(|task| task.run().is_ok());
    if !done {
        store.sync_failed();
    }
    done
}

#[test]
fn what_a_failed_sync_was_about_is_written_anew() {
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let encrypted = random.u8(..4) == 0;
        // Without a cache the files have to tell.
        let cache = [0, 1 << 20][random.usize(..2)];
        let disk = SimDisk::default();
        let mut store = root(&disk, encrypted, cache)
            .create_stream("A", "S", b"{}", OPTIONS)
            .unwrap();
        let (mut confirmed, mut deleted) = (Vec::new(), Vec::new());
        // What a sync that succeeds has on disk, whichever was the first to try.
        let (mut appended, mut removed) = (Vec::new(), Vec::new());
        for _ in 0..random.usize(5..30) {
            disk.set_syncs_fail(random.u8(..3) == 0);
            let (before, removed_before) = (appended.len(), removed.len());
            for _ in 0..random.usize(1..8) {
                match append(&mut store, &mut random) {
                    Ok(seq) => appended.push(seq),
                    Err(error) => assert!(matches!(error, StoreError::Broken { .. })),
                }
            }
            if random.u8(..3) == 0 && !confirmed.is_empty() {
                let seq: u64 = confirmed[random.usize(..confirmed.len())];
                if let Ok(Some(_)) = store.remove(Seq(seq), Removal::Delete) {
                    removed.push(seq);
                }
            }
            if store.flush().is_err() {
                // The key of a new block could not be written: taken back.
                assert!(encrypted, "seed {seed}");
                appended.truncate(before);
                removed.truncate(removed_before);
            }
            if sync(&mut store) {
                confirmed.append(&mut appended);
                deleted.append(&mut removed);
            } else {
                // Until it is written anew, nothing is taken.
                assert!(append(&mut store, &mut random).is_err(), "seed {seed}");
                let last = store.state().last;
                assert!(store.load(last).is_ok());
            }
        }
        disk.set_syncs_fail(false);
        drop(store);
        let disk = disk.after_power_loss(&mut random);
        let opened = root(&disk, encrypted, cache).open_stream("A", "S", OPTIONS);
        let mut store = opened.unwrap().0;
        for seq in confirmed {
            if removed.contains(&seq) {
                // Gone or not.
                continue;
            }
            let there = store.load(Seq(seq)).unwrap().is_some();
            assert_eq!(there, !deleted.contains(&seq), "seed {seed}: {seq}");
        }
    }
}

#[test]
fn a_consumer_is_written_anew_after_a_failed_sync() {
    let (disk, mut random) = (SimDisk::default(), fastrand::Rng::with_seed(1));
    let root_of = |disk: &SimDisk| root(disk, false, 0);
    root_of(&disk)
        .create_stream("A", "S", b"{}", OPTIONS)
        .unwrap();
    let start = ConsumerState::default();
    let made = root_of(&disk).create_consumer("A", "S", "C", b"{}", &start);
    let mut store = made.unwrap();
    let mut state = start;
    let ack = |store: &mut dyn ConsumerStore, state: &mut ConsumerState, seq: u64| {
        let pair = SeqPair {
            consumer: seq,
            stream: Seq(seq),
        };
        for change in [ConsumerChange::Delivered(pair), ConsumerChange::Floor(pair)] {
            state.apply(change);
            store.change(change);
        }
        store.flush().unwrap();
        store.take_sync().is_none_or(|task| task.run().is_ok())
    };
    assert!(ack(&mut store, &mut state, 1));
    disk.set_syncs_fail(true);
    assert!(!ack(&mut store, &mut state, 2));
    assert!(store.renew(&state).is_err());
    disk.set_syncs_fail(false);
    store.renew(&state).unwrap();
    assert!(ack(&mut store, &mut state, 3));
    drop(store);
    let disk = disk.after_power_loss(&mut random);
    let mut store = root_of(&disk).open_consumer("A", "S", "C").unwrap();
    assert_eq!(store.take_recovered().unwrap().ack_floor.consumer, 3);
}
