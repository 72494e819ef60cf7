//! Stores as they were left: by a crash, or for other keys.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod model;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use midge_store::crypt::{Cipher, EncryptionKeys};
use midge_store::disk::Disk;
use midge_store::hash::Checksum;
use midge_store::record::{Kind, put_mark, put_message};
use midge_store::{
    CacheBudget, Converted, Counting, FileStore, Filter, Nanos, NewMessage, Removal, RootOptions,
    Seq, StoreRoot, StreamOptions, StreamStore,
};
use model::disk::SimDisk;

const OPTIONS: StreamOptions = StreamOptions {
    block_size: 300,
    compress: false,
    ttl: false,
    limits: midge_store::Limits::Some,
};

fn root(disk: &SimDisk, cipher: Option<Cipher>) -> StoreRoot {
    let keys = cipher.map(|cipher| EncryptionKeys {
        cipher,
        key: b"secret".to_vec(),
        previous: None,
    });
    let options = RootOptions {
        keys,
        budget: CacheBudget::new(1 << 20),
    };
    StoreRoot::open(Arc::new(disk.clone()), Path::new("/store"), options).unwrap()
}

fn create(disk: &SimDisk, cipher: Option<Cipher>) -> FileStore {
    let root = root(disk, cipher);
    let mut store = root.create_stream("A", "S", b"{}", OPTIONS).unwrap();
    store.take_sync().unwrap().run().unwrap();
    store
}

fn open(disk: &SimDisk, cipher: Option<Cipher>) -> FileStore {
    let root = root(disk, cipher);
    root.open_stream("A", "S", OPTIONS).unwrap().0
}

fn without_index(disk: &SimDisk) {
    let index = PathBuf::from("/store/A/streams/S/msgs/index.db");
    if disk.exists(&index) {
        disk.remove_file(&index).unwrap();
    }
}

fn append(store: &mut FileStore, count: u64) {
    for _ in 0..count {
        let at = store.state().last.0 + 1;
        store
            .append(NewMessage {
                subject: b"key",
                header: b"",
                payload: &[b'x'; 50],
                timestamp: Nanos(at as i64),
                seq: None,
                expires: None,
                scheduled: false,
            })
            .unwrap();
    }
}

fn remove(store: &mut FileStore, seq: u64, how: Removal) {
    assert!(store.remove(Seq(seq), how).unwrap().is_some());
}

fn sync(store: &mut FileStore) {
    store.flush().unwrap();
    if let Some(task) = store.take_sync() {
        task.run().unwrap();
    }
}

fn stored(store: &mut FileStore) -> Vec<u64> {
    let last = store.state().last.0;
    let all = 1..=last;
    all.filter(|&seq| store.load(Seq(seq)).unwrap().is_some())
        .collect()
}

#[test]
fn what_a_limit_removed_stays_removed_when_newer_messages_are_deleted() {
    for closed_before in [false, true] {
        let disk = SimDisk::default();
        let mut store = create(&disk, None);
        append(&mut store, 12);
        for seq in [1, 2, 5] {
            remove(&mut store, seq, Removal::Limit);
        }
        sync(&mut store);
        if closed_before {
            store.close().unwrap();
            store = open(&disk, None);
        }
        remove(&mut store, 12, Removal::Delete);
        sync(&mut store);
        remove(&mut store, 7, Removal::Limit);
        remove(&mut store, 11, Removal::Delete);
        sync(&mut store);
        // Applied again after a crash, as no message was deleted since.
        remove(&mut store, 8, Removal::Limit);
        sync(&mut store);
        drop(store);
        without_index(&disk);
        let mut store = open(&disk, None);
        assert_eq!(stored(&mut store), [3, 4, 6, 8, 9, 10]);
        assert_eq!(store.state().last, Seq(12));
        assert!(store.lost().messages.is_empty());
    }
}

#[test]
fn what_limits_removed_stays_removed_when_they_change() {
    let disk = SimDisk::default();
    let mut store = create(&disk, None);
    append(&mut store, 12);
    for seq in [1, 2, 5] {
        remove(&mut store, seq, Removal::Limit);
    }
    sync(&mut store);
    store.limits_change();
    sync(&mut store);
    drop(store);
    let mut store = open(&disk, None);
    assert_eq!(stored(&mut store), [3, 4, 6, 7, 8, 9, 10, 11, 12]);
}

#[test]
fn a_block_of_tombstones_goes_without_a_trace() {
    let disk = SimDisk::default();
    let mut store = create(&disk, None);
    append(&mut store, 40);
    // Their tombstones fill blocks.
    for seq in 2..40 {
        remove(&mut store, seq, Removal::Delete);
        sync(&mut store);
    }
    // They are not needed any more once those blocks are written anew.
    for _ in 0..3 {
        while store.maintain(Nanos(1)).unwrap() {
            sync(&mut store);
        }
    }
    drop(store);
    without_index(&disk);
    let mut store = open(&disk, None);
    assert_eq!(stored(&mut store), [1, 40]);
}

#[test]
fn a_last_sequence_far_behind_the_last_message_is_no_message() {
    // Below and above what one block takes as a gap.
    for far in [1_000, 1 << 25] {
        let disk = SimDisk::default();
        drop(create(&disk, None));
        let sum = Checksum::of_block(b"S", 1);
        let mut block = Vec::new();
        for seq in [1, 2] {
            put_message(&mut block, Some(&sum), seq, 5, [b"key", b"", b"x"]);
        }
        put_mark(&mut block, Some(&sum), Kind::Tombstone, far, 7);
        let path = PathBuf::from("/store/A/streams/S/msgs/1.blk");
        disk.write_synced(&path, &block).unwrap();
        for _ in 0..2 {
            let mut store = open(&disk, None);
            let state = store.state();
            assert_eq!((state.messages, state.bytes), (2, 68), "{far}");
            assert_eq!((state.first, state.last), (Seq(1), Seq(far)));
            assert_eq!(state.deleted, far - 2);
            let all = Filter::All;
            assert_eq!(store.count(&all, Seq(3), Counting::Messages).unwrap(), 0);
            assert!(store.load(Seq(far)).unwrap().is_none());
            sync(&mut store);
        }
        // The first block goes; what its tombstone told stays.
        let mut store = open(&disk, None);
        for seq in [1, 2] {
            remove(&mut store, seq, Removal::Delete);
        }
        sync(&mut store);
        drop(store);
        let mut store = open(&disk, None);
        append(&mut store, 1);
        assert_eq!(store.state().last, Seq(far + 1));
        assert_eq!(store.state().messages, 1);
    }
}

#[test]
fn another_cipher_is_taken_over() {
    use Cipher::{Aes, ChaCha};
    for (before, after, converted) in [
        (Some(Aes), ChaCha, Converted::To(ChaCha)),
        (Some(ChaCha), Aes, Converted::To(Aes)),
        (None, Aes, Converted::Encrypted),
    ] {
        let disk = SimDisk::default();
        let mut store = create(&disk, before);
        append(&mut store, 12);
        store.close().unwrap();
        let told = |disk: &SimDisk| {
            let found = root(disk, Some(after)).streams("A").unwrap();
            let [found] = &found[..] else {
                panic!("{found:?}")
            };
            assert_eq!(found.meta.as_ref().unwrap(), b"{}");
            found.converted
        };
        assert_eq!(told(&disk), Some(converted));
        let mut store = open(&disk, Some(after));
        assert_eq!(stored(&mut store).len(), 12);
        append(&mut store, 1);
        store.close().unwrap();
        assert_eq!(told(&disk), None);
        without_index(&disk);
        let mut store = open(&disk, Some(after));
        assert_eq!(stored(&mut store).len(), 13);
    }
}

#[test]
fn a_stream_that_was_never_used_stays_so() {
    let disk = SimDisk::default();
    let mut store = create(&disk, None);
    assert!(store.state().never_used);
    store.close().unwrap();
    let mut store = open(&disk, None);
    assert!(store.state().never_used);
    store.skip_to(Seq(1000), Nanos::NONE).unwrap();
    sync(&mut store);
    drop(store);
    without_index(&disk);
    let mut store = open(&disk, None);
    let state = store.state();
    assert!(!state.never_used);
    assert_eq!((state.first, state.last), (Seq(1000), Seq(999)));
    assert_eq!((state.last_time, state.deleted), (Nanos::NONE, 0));
    append(&mut store, 1);
    assert_eq!(store.state().last, Seq(1000));
}

#[test]
fn files_of_servers_up_to_2_9_go() {
    let disk = SimDisk::default();
    let mut store = create(&disk, None);
    append(&mut store, 3);
    store.close().unwrap();
    let old = PathBuf::from("/store/A/streams/S/msgs/1.fss");
    for with_index in [true, false] {
        disk.write_synced(&old, b"junk").unwrap();
        if !with_index {
            without_index(&disk);
        }
        let mut store = open(&disk, None);
        assert_eq!(stored(&mut store), [1, 2, 3]);
        assert!(!disk.exists(&old));
    }
}
