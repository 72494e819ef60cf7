//! Consumer stores over restarts and losses of power, and the store directory.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod model;

use std::path::Path;
use std::sync::Arc;

use midge_store::crypt::{Cipher, EncryptionKeys};
use midge_store::disk::Disk;
use midge_store::{
    ConsumerChange, ConsumerState, ConsumerStore, FileConsumerStore, Nanos, PendingAck,
    RootOptions, Seq, SeqPair, StoreError, StoreRoot, StreamOptions, StreamStore,
};
use model::disk::SimDisk;

const FOLDER: &str = "/store/jetstream";

fn root(disk: &SimDisk, key: Option<&str>, previous: Option<&str>) -> StoreRoot {
    let options = RootOptions {
        keys: key.map(|key| EncryptionKeys {
            cipher: Cipher::ChaCha,
            key: key.into(),
            previous: previous.map(Into::into),
        }),
        ..RootOptions::default()
    };
    let root = StoreRoot::open(Arc::new(disk.clone()), Path::new(FOLDER), options).unwrap();
    for folder in Path::new(FOLDER).ancestors().skip(1) {
        disk.sync_dir(folder).unwrap();
    }
    root
}

fn sorted(mut state: ConsumerState) -> ConsumerState {
    state.pending.sort_by_key(|entry| entry.stream);
    state.redelivered.sort();
    // Files keep whole seconds.
    for entry in &mut state.pending {
        entry.delivered_at = Nanos(0);
    }
    state
}

fn sync(store: &mut FileConsumerStore) {
    if let Some(task) = store.take_sync() {
        task.run().unwrap();
    }
}

fn random_change(state: &ConsumerState, random: &mut fastrand::Rng) -> ConsumerChange {
    let floor = state.ack_floor.stream.0;
    let seq = Seq(floor + random.u64(1..50));
    match random.u8(..20) {
        0 => ConsumerChange::Floor(SeqPair {
            consumer: state.ack_floor.consumer + 1,
            stream: Seq(floor + random.u64(..3)),
        }),
        1..=3 => ConsumerChange::Delivered(SeqPair {
            consumer: state.delivered.consumer + 1,
            stream: seq,
        }),
        4..=12 => ConsumerChange::Pending(PendingAck {
            stream: seq,
            consumer: state.ack_floor.consumer + random.u64(1..50),
            delivered_at: Nanos(1_700_000_000_000_000_000),
        }),
        13..=17 => ConsumerChange::Settled(seq),
        _ => ConsumerChange::Redelivered(seq, random.u64(..4)),
    }
}

#[test]
fn a_consumer_forgets_nothing_that_was_synced() {
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let key = [None, Some("secret")][random.usize(..2)];
        let mut disk = SimDisk::default();
        let place = root(&disk, key, None);
        let mut stream = place
            .create_stream("A", "S", b"{}", StreamOptions::default())
            .unwrap();
        stream.take_sync().unwrap().run().unwrap();
        drop(stream);
        let mut state = ConsumerState::default();
        let mut store = place.create_consumer("A", "S", "C", b"{}", &state).unwrap();
        sync(&mut store);
        // Every state since the last sync.
        let mut possible = vec![sorted(state.clone())];
        for _ in 0..random.usize(1..200) {
            match random.u8(..40) {
                0..=29 => {
                    let change = random_change(&state, &mut random);
                    for _ in 0..random.usize(1..20) {
                        // Applying one again does no harm.
                        store.change(change);
                    }
                    state.apply(change);
                }
                30 | 31 => store.write(&state),
                32..=35 => {
                    store.flush().unwrap();
                    sync(&mut store);
                    possible = vec![sorted(state.clone())];
                }
                36 => {
                    drop(store);
                    disk = disk.after_power_loss(&mut random);
                    let place = root(&disk, key, None);
                    store = place.open_consumer("A", "S", "C").unwrap();
                    let found = store.take_recovered().unwrap();
                    assert!(possible.contains(&sorted(found.clone())), "seed {seed}");
                    state = found;
                    possible = vec![sorted(state.clone())];
                }
                37 => {
                    store.flush().unwrap();
                    store.close(&state).unwrap();
                    store = root(&disk, key, None).open_consumer("A", "S", "C").unwrap();
                    let found = store.take_recovered().unwrap();
                    assert_eq!(sorted(found), sorted(state.clone()));
                    possible = vec![sorted(state.clone())];
                }
                _ => store.flush().unwrap(),
            }
            possible.push(sorted(state.clone()));
        }
    }
}

#[test]
fn a_long_journal_is_folded_into_the_state() {
    let disk = SimDisk::default();
    let place = root(&disk, None, None);
    drop(
        place
            .create_stream("A", "S", b"{}", StreamOptions::default())
            .unwrap(),
    );
    let mut state = ConsumerState::default();
    let mut store = place.create_consumer("A", "S", "C", b"{}", &state).unwrap();
    let folder = place.stream_folder("A", "S").join("obs/C");
    let mut written = 0;
    for at in 1..100_000u64 {
        let change = ConsumerChange::Delivered(SeqPair {
            consumer: at,
            stream: Seq(at),
        });
        state.apply(change);
        store.change(change);
        if at % 50 == 0 {
            if store.wants_write() {
                store.write(&state);
                written += 1;
            }
            store.flush().unwrap();
            sync(&mut store);
            assert!(disk.read(&folder.join("journal.db")).unwrap().len() < 100_000);
        }
    }
    assert!(written > 3);
    store.flush().unwrap();
    drop(store);
    let mut store = place.open_consumer("A", "S", "C").unwrap();
    assert_eq!(store.take_recovered(), Some(state));
}

#[test]
fn a_state_that_another_server_wrote_makes_the_journal_void() {
    let disk = SimDisk::default();
    let place = root(&disk, None, None);
    drop(
        place
            .create_stream("A", "S", b"{}", StreamOptions::default())
            .unwrap(),
    );
    let first = ConsumerState::default();
    let mut store = place.create_consumer("A", "S", "C", b"{}", &first).unwrap();
    store.change(ConsumerChange::Delivered(SeqPair {
        consumer: 5,
        stream: Seq(5),
    }));
    store.flush().unwrap();
    drop(store);
    let theirs = ConsumerState {
        delivered: SeqPair {
            consumer: 9,
            stream: Seq(9),
        },
        ..ConsumerState::default()
    };
    let path = place.stream_folder("A", "S").join("obs/C/o.dat");
    disk.write(&path, &midge_store::consumer::odat::encode(&theirs))
        .unwrap();
    let mut store = place.open_consumer("A", "S", "C").unwrap();
    assert_eq!(store.take_recovered(), Some(theirs));
}

#[test]
fn streams_and_consumers_come_and_go() {
    let disk = SimDisk::default();
    let place = root(&disk, None, None);
    assert!(place.accounts().unwrap().is_empty());
    let options = StreamOptions::default();
    drop(
        place
            .create_stream("A", "S", b"{\"name\":\"S\"}", options)
            .unwrap(),
    );
    let again = place.create_stream("A", "S", b"{}", options);
    assert!(matches!(again.err(), Some(StoreError::Exists(_))));
    drop(
        place
            .create_consumer("A", "S", "C", b"{}", &ConsumerState::default())
            .unwrap(),
    );
    place
        .set_stream_meta("A", "S", b"{\"name\":\"S\",\"x\":1}")
        .unwrap();
    let mut random = fastrand::Rng::with_seed(1);
    let after = disk.after_power_loss(&mut random);
    let place = root(&after, None, None);
    assert_eq!(place.accounts().unwrap(), ["A"]);
    let found = place.streams("A").unwrap();
    assert_eq!(found[0].meta.as_ref().unwrap(), b"{\"name\":\"S\",\"x\":1}");
    assert_eq!(place.consumers("A", "S").unwrap()[0].name, "C");
    place.delete_consumer("A", "S", "C").unwrap();
    assert!(place.consumers("A", "S").unwrap().is_empty());
    place.delete_stream("A", "S").unwrap();
    let after = after.after_power_loss(&mut random);
    let place = root(&after, None, None);
    place.clean("A").unwrap();
    assert!(place.streams("A").unwrap().is_empty());
    assert!(place.accounts().unwrap().is_empty());
}

#[test]
fn a_configuration_survives_a_crash_while_it_is_replaced() {
    for seed in 0..200 {
        let mut random = fastrand::Rng::with_seed(seed);
        let key = [None, Some("secret")][random.usize(..2)];
        let disk = SimDisk::default();
        let place = root(&disk, key, None);
        let mut stream = place
            .create_stream("A", "S", b"{\"v\":1}", StreamOptions::default())
            .unwrap();
        stream.take_sync().unwrap().run().unwrap();
        drop(stream);
        // The disk stops at some write.
        disk.set_room(Some(random.usize(..120)));
        let done = place.set_stream_meta("A", "S", b"{\"v\":2}");
        let after = disk.after_power_loss(&mut random);
        let found = root(&after, key, None).streams("A").unwrap();
        let meta = found[0].meta.as_ref().unwrap();
        assert!(
            meta == b"{\"v\":1}" && done.is_err() || meta == b"{\"v\":2}",
            "seed {seed}"
        );
    }
}

#[test]
fn a_new_key_opens_what_the_previous_one_wrote() {
    let disk = SimDisk::default();
    let place = root(&disk, Some("old"), None);
    drop(
        place
            .create_stream("A", "S", b"{}", StreamOptions::default())
            .unwrap(),
    );
    drop(
        place
            .create_consumer("A", "S", "C", b"{}", &ConsumerState::default())
            .unwrap(),
    );
    let place = root(&disk, Some("new"), Some("old"));
    assert!(place.streams("A").unwrap()[0].meta.is_ok());
    assert!(
        place
            .open_consumer("A", "S", "C")
            .unwrap()
            .take_recovered()
            .is_some()
    );
    drop(
        place
            .open_stream("A", "S", StreamOptions::default())
            .unwrap(),
    );
    // From then on the old key is not needed.
    let place = root(&disk, Some("new"), None);
    assert!(place.streams("A").unwrap()[0].meta.is_ok());
    assert!(
        place
            .open_consumer("A", "S", "C")
            .unwrap()
            .take_recovered()
            .is_some()
    );
    let place = root(&disk, Some("other"), None);
    assert!(place.streams("A").unwrap()[0].meta.is_err());
}
