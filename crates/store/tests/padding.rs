//! Room behind the records of a stream whose syncs are small: it spares the
//! file system's journal, and nobody else notices.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod model;

use std::path::Path;
use std::sync::Arc;

use midge_store::crypt::{Cipher, EncryptionKeys};
use midge_store::disk::Disk;
use midge_store::{
    CacheBudget, FileStore, Limits, Nanos, NewMessage, Recovery, Removal, RootOptions, Seq,
    StoreRoot, StreamOptions, StreamStore,
};
use model::disk::SimDisk;

const OPTIONS: StreamOptions = StreamOptions {
    block_size: 1 << 20,
    compress: false,
    ttl: false,
    limits: Limits::None,
};
const BLOCK: &str = "/store/A/streams/S/msgs/1.blk";

fn root(disk: &SimDisk, encrypted: bool) -> StoreRoot {
    let keys = encrypted.then(|| EncryptionKeys {
        cipher: Cipher::ChaCha,
        key: b"secret".to_vec(),
        previous: None,
    });
    let options = RootOptions {
        keys,
        budget: CacheBudget::new(1 << 20),
    };
    StoreRoot::open(Arc::new(disk.clone()), Path::new("/store"), options).unwrap()
}

fn create(disk: &SimDisk, options: StreamOptions) -> FileStore {
    let root = root(disk, false);
    root.create_stream("A", "S", b"{}", options).unwrap()
}

fn reopen(disk: &SimDisk, options: StreamOptions) -> (FileStore, Recovery) {
    root(disk, false).open_stream("A", "S", options).unwrap()
}

/// Appends a message, and syncs it.
fn append(store: &mut FileStore, bytes: usize) {
    let next = store.state().last.0 + 1;
    let message = NewMessage {
        subject: b"s",
        payload: &vec![next as u8; bytes],
        timestamp: Nanos(next as i64),
        ..NewMessage::default()
    };
    assert_eq!(store.append(message).unwrap().seq, Seq(next));
    store.flush().unwrap();
    sync(store);
}

fn sync(store: &mut FileStore) {
    store
        .take_sync()
        .into_iter()
        .for_each(|task| task.run().unwrap());
}

fn file(disk: &SimDisk, number: u32) -> Vec<u8> {
    let path = Path::new(BLOCK).with_file_name(format!("{number}.blk"));
    disk.read(&path).unwrap()
}

/// Bytes behind the records.
fn room(disk: &SimDisk, store: &FileStore) -> usize {
    file(disk, 1).len() - store.state().bytes as usize
}

#[test]
fn small_syncs_have_room_and_large_ones_have_not() {
    let disk = SimDisk::default();
    let mut store = create(&disk, OPTIONS);
    append(&mut store, 100);
    assert_eq!(room(&disk, &store), 0, "one message is no habit");
    let (mut lengths, mut rooms) = (Vec::new(), Vec::new());
    for _ in 0..2_000 {
        append(&mut store, 100);
        lengths.push(file(&disk, 1).len());
        rooms.push(room(&disk, &store));
    }
    let grown = lengths.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(grown < 12, "grown {grown} times for 2,000 messages");
    assert!(rooms.iter().all(|&room| room < (64 << 10) + 4096));
    let behind = file(&disk, 1).split_off(store.state().bytes as usize);
    let (zeros, mark) = behind.split_at(behind.len() - 8);
    assert!(zeros.iter().all(|&byte| byte == 0));
    assert_eq!(mark, [0xff; 8]);

    let disk = SimDisk::default();
    let mut store = create(&disk, OPTIONS);
    for _ in 0..20 {
        append(&mut store, 20_000);
        assert_eq!(room(&disk, &store), 0);
    }
}

#[test]
fn encrypted_blocks_have_no_room() {
    let disk = SimDisk::default();
    let made = root(&disk, true).create_stream("A", "S", b"{}", OPTIONS);
    let mut store = made.unwrap();
    for _ in 0..20 {
        append(&mut store, 100);
        assert_eq!(room(&disk, &store), 0);
    }
}

#[test]
fn a_closed_or_idle_stream_has_no_room() {
    for end in ["closed", "idle", "index"] {
        let disk = SimDisk::default();
        let mut store = create(&disk, OPTIONS);
        for _ in 0..20 {
            append(&mut store, 100);
        }
        assert!(room(&disk, &store) > 0);
        match end {
            "closed" => store.close().unwrap(),
            "idle" => {
                for _ in 0..3 {
                    store.maintain(Nanos(1)).unwrap();
                }
            }
            _ => {
                // Not idle, but the index is due.
                store.maintain(Nanos(1)).unwrap();
                append(&mut store, 100);
                store.maintain(Nanos(1 << 60)).unwrap();
                sync(&mut store);
            }
        }
        assert_eq!(room(&disk, &store), 0, "{end}");
        drop(store);
        let (mut store, recovery) = reopen(&disk, OPTIONS);
        assert_eq!(recovery.rebuilt, end == "idle", "{end}");
        assert_eq!(recovery.warnings, [""; 0], "{end}");
        let last = store.state().last;
        assert_eq!(
            store.load(last).unwrap().unwrap().payload,
            [last.0 as u8; 100]
        );
        // It goes on where it was.
        append(&mut store, 7);
        assert_eq!(
            store.load(Seq(last.0 + 1)).unwrap().unwrap().payload.len(),
            7
        );
    }
}

#[test]
fn a_finished_block_has_no_room() {
    let options = StreamOptions {
        block_size: 1_000,
        ..OPTIONS
    };
    let disk = SimDisk::default();
    let mut store = create(&disk, options);
    let record = store.size_of(b"s", b"", &[0; 100]) as usize;
    for _ in 0..100 {
        append(&mut store, 100);
        let newest = store.state().last;
        // Blocks are read while they have room, too.
        store.load(newest).unwrap();
        store.load(Seq(1)).unwrap();
    }
    let mut number = 1;
    while disk.exists(&Path::new(BLOCK).with_file_name(format!("{}.blk", number + 1))) {
        assert_eq!(file(&disk, number).len() % record, 0, "block {number}");
        number += 1;
    }
    assert!(number > 5);
}

#[test]
fn a_kill_leaves_room_that_nobody_takes_for_damage() {
    for seed in 0..200 {
        let mut random = fastrand::Rng::with_seed(seed);
        let options = StreamOptions {
            block_size: [1_000, 1 << 20][random.usize(..2)],
            ..OPTIONS
        };
        let disk = SimDisk::default();
        let mut store = create(&disk, options);
        let mut sizes = vec![0];
        for _ in 0..random.usize(3..60) {
            sizes.push(random.usize(..300));
            append(&mut store, sizes[sizes.len() - 1]);
        }
        let last = store.state().last;
        drop(store);
        let kill = random.bool();
        let disk = if kill {
            disk
        } else {
            disk.after_power_loss(&mut random)
        };
        let (mut store, recovery) = reopen(&disk, options);
        assert_eq!(recovery.warnings, [""; 0], "seed {seed}");
        assert_eq!(store.lost().bytes, 0, "seed {seed}");
        assert_eq!(store.state().last, last, "seed {seed}");
        for seq in 1..=last.0 {
            let payload = store.load(Seq(seq)).unwrap().unwrap().payload;
            assert_eq!(payload, vec![seq as u8; sizes[seq as usize]], "seed {seed}");
        }
        store.close().unwrap();
        let (store, recovery) = reopen(&disk, options);
        assert!(
            !recovery.rebuilt && recovery.warnings.is_empty(),
            "seed {seed}"
        );
        assert_eq!(store.state().last, last);
    }
}

/// An index file of an empty stream has zeros where it has the end of the last
/// block.
#[test]
fn the_index_of_an_empty_stream_does_not_fit_to_one_with_room() {
    let disk = SimDisk::default();
    create(&disk, OPTIONS).close().unwrap();
    let (mut store, _) = reopen(&disk, OPTIONS);
    for _ in 0..5 {
        append(&mut store, 100);
    }
    let bytes = store.state().bytes as usize;
    drop(store);
    let (store, recovery) = reopen(&disk, OPTIONS);
    assert!(recovery.rebuilt);
    assert_eq!(store.state().last, Seq(5));
    drop(store);
    // Somebody else's zeros behind the records.
    let (store, _) = reopen(&disk, OPTIONS);
    drop(store);
    let mut content = file(&disk, 1);
    content.truncate(bytes);
    content.extend([0; 100]);
    disk.write(Path::new(BLOCK), &content).unwrap();
    let (store, recovery) = reopen(&disk, OPTIONS);
    assert!(recovery.rebuilt);
    assert_eq!(store.state().last, Seq(5));
    assert_eq!(store.lost().bytes, 100);
}

#[test]
fn a_torn_record_before_room_is_told_of_without_the_room() {
    let disk = SimDisk::default();
    let mut store = create(&disk, OPTIONS);
    for _ in 0..20 {
        append(&mut store, 100);
    }
    let (bytes, room) = (store.state().bytes as usize, room(&disk, &store));
    assert!(room > 0);
    drop(store);
    let mut torn = file(&disk, 1);
    torn[bytes - 60..bytes].fill(0);
    disk.write(Path::new(BLOCK), &torn).unwrap();
    let (store, recovery) = reopen(&disk, OPTIONS);
    assert_eq!(store.state().last, Seq(19));
    assert_eq!(recovery.warnings.len(), 1);
    assert!(store.lost().bytes < 132, "{:?}", store.lost());
    assert_eq!(file(&disk, 1).len(), store.state().bytes as usize);
}

#[test]
fn a_full_disk_takes_what_it_has_place_for() {
    let disk = SimDisk::default();
    let mut store = create(&disk, OPTIONS);
    for _ in 0..3 {
        append(&mut store, 100);
    }
    // Fill the room, then leave place for three records and no more room.
    while room(&disk, &store) >= 200 {
        append(&mut store, 100);
    }
    let last = store.state().last.0;
    disk.set_room(Some(4 * 131));
    let mut taken = 0;
    loop {
        let message = NewMessage {
            subject: b"s",
            payload: &[1; 100],
            timestamp: Nanos(i64::MAX / 2),
            ..NewMessage::default()
        };
        let appended = store.append(message);
        if appended.is_err() || store.flush().is_err() {
            break;
        }
        sync(&mut store);
        taken += 1;
    }
    assert!(taken > 0);
    assert_eq!(store.state().last.0, last + taken);
    disk.set_room(None);
    append(&mut store, 5);
    store.remove(Seq(1), Removal::Delete).unwrap();
    store.flush().unwrap();
    store.close().unwrap();
    let (store, recovery) = reopen(&disk, OPTIONS);
    assert!(!recovery.rebuilt, "{recovery:?}");
    assert_eq!(store.state().last.0, last + taken + 1);
}
