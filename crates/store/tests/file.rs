//! The file store against a naive model: in operation, over restarts, over
//! losses of power, and on a disk that is full.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod model;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use midge_store::crypt::{Cipher, EncryptionKeys};
use midge_store::disk::Disk;
use midge_store::{
    CacheBudget, FileStore, Filter, Nanos, PackTask, Recovery, RootOptions, Seq, StoreRoot,
    StreamOptions, StreamStore,
};
use model::disk::SimDisk;
use model::{Message, Model, Shape};

const FOLDER: &str = "/store/jetstream";

/// How many seeds to try: `MIDGE_STORE_SEEDS` in the environment multiplies it.
fn seeds(few: u64) -> u64 {
    let times = std::env::var("MIDGE_STORE_SEEDS")
        .ok()
        .and_then(|text| text.parse().ok());
    few * times.unwrap_or(1)
}

/// How a store is run in a test.
#[derive(Clone, Debug)]
struct Setup {
    options: StreamOptions,
    keys: Option<EncryptionKeys>,
    cache: usize,
}

impl Setup {
    fn random(random: &mut fastrand::Rng) -> Self {
        let cipher = match random.u8(..6) {
            0 => Some(Cipher::Aes),
            1 => Some(Cipher::ChaCha),
            _ => None,
        };
        Self {
            options: StreamOptions {
                block_size: [300, 1_000, 5_000, 60_000][random.usize(..4)],
                compress: random.u8(..4) == 0,
                ttl: false,
                limits: midge_store::Limits::Some,
            },
            keys: cipher.map(|cipher| EncryptionKeys {
                cipher,
                key: b"secret".to_vec(),
                previous: None,
            }),
            cache: [0, 5_000, 1 << 20][random.usize(..3)],
        }
    }

    fn root(&self, disk: &SimDisk) -> StoreRoot {
        let options = RootOptions {
            keys: self.keys.clone(),
            budget: CacheBudget::new(self.cache),
        };
        StoreRoot::open(Arc::new(disk.clone()), Path::new(FOLDER), options).unwrap()
    }

    fn create(&self, disk: &SimDisk) -> FileStore {
        let root = self.root(disk);
        let mut store = root.create_stream("A", "S", b"{}", self.options).unwrap();
        store.take_sync().unwrap().run().unwrap();
        // The folders above are the operator's.
        for folder in Path::new(FOLDER).ancestors().skip(1) {
            disk.sync_dir(folder).unwrap();
        }
        store
    }

    fn open(&self, disk: &SimDisk) -> (FileStore, Recovery) {
        self.root(disk).open_stream("A", "S", self.options).unwrap()
    }
}

fn shape(random: &mut fastrand::Rng) -> Shape {
    Shape {
        subjects: [1, 3, 40][random.usize(..3)],
        payload: [20, 200][random.usize(..2)],
        limits: true,
    }
}

fn new_model() -> Model {
    Model {
        file: true,
        ..Model::default()
    }
}

fn index() -> PathBuf {
    Path::new(FOLDER).join("A/streams/S/msgs/index.db")
}

fn sync(store: &mut FileStore) {
    if let Some(task) = store.take_sync() {
        task.run().unwrap();
    }
}

#[test]
fn the_file_store_behaves_like_the_model() {
    for seed in 0..seeds(25) {
        let mut random = fastrand::Rng::with_seed(seed);
        let (setup, shape) = (Setup::random(&mut random), shape(&mut random));
        let disk = SimDisk::default();
        let mut store = setup.create(&disk);
        let mut model = new_model();
        let mut waiting = Vec::new();
        for round in 0..400 {
            assert!(
                store.lost().messages.is_empty(),
                "seed {seed} {round} {setup:?}"
            );
            model::change(&mut store, &mut model, &mut random, shape);
            match random.u8(..60) {
                0..=9 => store.flush().unwrap(),
                10..=14 => {
                    store.flush().unwrap();
                    sync(&mut store);
                }
                15 | 16 => {
                    store.flush().unwrap();
                    if let Some(task) = store.take_packing().unwrap() {
                        // Before or after what comes next.
                        if random.bool() {
                            task.run();
                        } else {
                            waiting.push(task);
                        }
                    }
                    if random.bool() {
                        waiting.drain(..).for_each(|task| task.run());
                    }
                    while store.maintain(Nanos(round * 60_000_000_000)).unwrap() {}
                }
                17 => {
                    store.close().unwrap();
                    drop(store);
                    if random.u8(..3) == 0 {
                        let _ = disk.remove_file(&index());
                    }
                    let (opened, recovery) = setup.open(&disk);
                    assert!(
                        recovery.warnings.is_empty(),
                        "seed {seed} {setup:?}: {:?}",
                        recovery.warnings
                    );
                    store = opened;
                    drop_resurrected(&mut store, &model);
                    model::check_all(&mut store, &model);
                }
                _ => {}
            }
            if round % 4 == 0 {
                model::check(&mut store, &model, &mut random, shape);
            }
        }
        model::check_all(&mut store, &model);
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
        store.remove(seq, midge_store::Removal::Limit).unwrap();
    }
}

/// What may be found after a loss of power: everything up to the last sync,
/// and from there any of the changes that followed, in order.
#[test]
fn a_loss_of_power_keeps_what_was_synced() {
    for seed in 0..seeds(250) {
        let mut random = fastrand::Rng::with_seed(seed);
        let setup = Setup::random(&mut random);
        let shape = shape(&mut random);
        let mut disk = SimDisk::default();
        let mut store = setup.create(&disk);
        let mut model = new_model();
        let mut packing = None;
        let mut synced = model.clone();
        for _ in 0..random.usize(1..60) {
            for _ in 0..random.usize(1..8) {
                simple_change(&mut store, &mut model, &mut random, shape);
            }
            store.flush().unwrap();
            if random.u8(..3) == 0 {
                sync(&mut store);
                synced = model.clone();
            }
            if random.u8(..10) == 0 {
                while store.maintain(Nanos(1)).unwrap() {}
            }
            // A block is compressed while the store goes on, or the power goes.
            if random.bool() {
                packing.take().into_iter().for_each(PackTask::run);
            }
            packing = packing.or(store.take_packing().unwrap());
            if random.u8(..12) == 0 {
                packing = None;
                drop(store);
                disk = disk.after_power_loss(&mut random);
                store = setup.open(&disk).0;
                check_survivors(&mut store, &synced, &model, seed);
                // From here on what was found is what is there.
                model = adopt(&mut store, &model);
                store.flush().unwrap();
                sync(&mut store);
                synced = model.clone();
            }
        }
    }
}

/// Appends and deletes.
fn simple_change(
    store: &mut FileStore,
    model: &mut Model,
    random: &mut fastrand::Rng,
    shape: Shape,
) {
    if random.u8(..4) > 0 || model.messages.is_empty() {
        let message = Message {
            time: model.last_time + 1,
            subject: format!("a.{}", random.u64(..shape.subjects)).into_bytes(),
            header: Vec::new(),
            payload: (0..random.usize(..shape.payload))
                .map(|_| random.u8(..))
                .collect(),
        };
        model::append(store, model, message, None);
        return;
    }
    let at = random.usize(..model.messages.len());
    let seq = *model.messages.keys().nth(at).unwrap();
    store
        .remove(Seq(seq), midge_store::Removal::Delete)
        .unwrap();
    model.messages.remove(&seq);
}

fn check_survivors(store: &mut FileStore, synced: &Model, latest: &Model, seed: u64) {
    let mut from = Seq(0);
    let mut found = Vec::new();
    while let Some(message) = store.next(&Filter::All, from).unwrap() {
        let seq = message.seq.0;
        found.push(seq);
        from = message.seq.next();
        if let Some(want) = synced
            .messages
            .get(&seq)
            .or_else(|| latest.messages.get(&seq))
        {
            assert!(model::same(&message, want), "seed {seed}: {seq}");
        } else {
            // Deleted after the sync, or appended and deleted since.
            assert!(seq > synced.last, "seed {seed}: {seq} came back");
        }
    }
    for &seq in synced.messages.keys() {
        let deleted_since = !latest.messages.contains_key(&seq);
        assert!(
            found.contains(&seq) || deleted_since,
            "seed {seed}: {seq} is lost"
        );
    }
    assert!(
        store.state().last.0 >= synced.last,
        "seed {seed}: sequences went back"
    );
    assert!(store.state().last.0 <= latest.last, "seed {seed}");
}

fn adopt(store: &mut FileStore, latest: &Model) -> Model {
    let mut model = new_model();
    let mut from = Seq(0);
    while let Some(message) = store.next(&Filter::All, from).unwrap() {
        let copy = Message {
            time: message.timestamp.0,
            subject: message.subject.to_vec(),
            header: message.header.to_vec(),
            payload: message.payload.to_vec(),
        };
        model.messages.insert(message.seq.0, copy);
        from = message.seq.next();
    }
    model.last = store.state().last.0;
    model.last_time = latest.last_time;
    model
}

#[test]
fn a_full_disk_takes_nothing_and_loses_nothing() {
    for seed in 0..seeds(60) {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut setup, shape) = (Setup::random(&mut random), shape(&mut random));
        setup.options.compress = false;
        let disk = SimDisk::default();
        let mut store = setup.create(&disk);
        let mut model = new_model();
        let mut flushed = model.clone();
        for _ in 0..60 {
            let last = model.last;
            for _ in 0..random.usize(1..10) {
                simple_change(&mut store, &mut model, &mut random, shape);
            }
            if random.u8(..3) == 0 {
                disk.set_room(Some(random.usize(..900)));
            }
            match store.flush() {
                Ok(()) => flushed = model.clone(),
                Err(error) => {
                    assert!(error.is_disk_full());
                    let lost = (model.last > last).then_some(Seq(last + 1));
                    assert_eq!(error.lost_from, lost, "seed {seed}");
                    assert_eq!(error.last.0, last);
                    model = flushed.clone();
                }
            }
            disk.set_room(None);
            model::check(&mut store, &model, &mut random, shape);
            model::check_all(&mut store, &model);
        }
        drop(store);
        let (mut store, recovery) = setup.open(&disk);
        let left = store.state().messages;
        let want = model.messages.len() as u64;
        assert_eq!(left, want, "seed {seed} {recovery:?} {setup:?}");
        model::check_all(&mut store, &model);
        assert_eq!(store.state().last.0, model.last);
    }
}

#[test]
fn a_flipped_bit_costs_at_most_its_record() {
    for seed in 0..seeds(150) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut setup = Setup::random(&mut random);
        setup.options.compress = false;
        let shape = shape(&mut random);
        let disk = SimDisk::default();
        let mut store = setup.create(&disk);
        let mut model = new_model();
        for _ in 0..random.usize(1..80) {
            let message = Message {
                time: model.last_time + 1,
                subject: format!("a.{}", random.u64(..shape.subjects)).into_bytes(),
                header: Vec::new(),
                payload: vec![random.u8(..); random.usize(..shape.payload)],
            };
            model::append(&mut store, &mut model, message, None);
        }
        store.flush().unwrap();
        if random.bool() {
            store.close().unwrap();
        }
        drop(store);
        let msgs = Path::new(FOLDER).join("A/streams/S/msgs");
        let blocks: Vec<PathBuf> = disk
            .list(&msgs)
            .unwrap()
            .into_iter()
            .filter(|entry| entry.name.ends_with(".blk"))
            .map(|entry| msgs.join(entry.name))
            .collect();
        disk.flip(&blocks[random.usize(..blocks.len())], &mut random);
        for _ in 0..2 {
            let (mut store, _) = setup.open(&disk);
            let mut found = 0;
            let mut changed = 0;
            let mut from = Seq(0);
            while let Some(message) = store.next(&Filter::All, from).unwrap() {
                found += 1;
                // The length of a subject is outside of the checksum.
                changed += u32::from(!model::same(&message, &model.messages[&message.seq.0]));
                from = message.seq.next();
            }
            assert!(found + 1 >= model.messages.len(), "seed {seed}: {found}");
            assert!(changed <= 1, "seed {seed}");
            assert!(store.state().last.0 + 1 >= model.last);
            store.close().unwrap();
        }
    }
}
