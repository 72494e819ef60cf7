//! Filtered counts from the middle of a stream read no blocks: by what is kept
//! of them in memory, and in a file over a restart.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod model;

use midge_store::crypt::Cipher;
use midge_store::disk::Disk;
use midge_store::hash::Checksum;
use midge_store::{Counting, FileStore, Filter, Front, Nanos, Recovery, Removal, Seq, StreamStore};
use model::disk::SimDisk;
use model::setup::{Setup, counts_file, keys, msgs, new_model};
use model::{Message, Model};

/// A stream of many blocks with `subjects` subjects, closed.
fn stream(setup: &Setup, disk: &SimDisk, messages: u64, subjects: u64) -> Model {
    let mut store = setup.create(disk, "S");
    let mut model = new_model();
    append(&mut store, &mut model, messages, subjects);
    store.close().unwrap();
    model
}

fn append(store: &mut FileStore, model: &mut Model, messages: u64, subjects: u64) {
    for number in 0..messages {
        let message = Message {
            time: number as i64 + 1,
            subject: format!("a.{}.{}", number % 7, number * 7_919 % subjects).into_bytes(),
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

/// Asks for counts from this sequence on, of few and of many subjects.
fn ask(store: &mut FileStore, model: &Model, from: u64) {
    for filter in [
        Filter::subject(b"a.3.*"),
        Filter::subject(b"a.>"),
        Filter::subject(b"a.5.5"),
        Filter::new(&["a.0.0", "a.1.1", "a.*.13", "nothing"]),
    ] {
        let matching = model.matching(&filter);
        let want = matching.iter().filter(|&&seq| seq >= from).count() as u64;
        let found = store.count(&filter, Seq(from), Counting::Messages);
        assert_eq!(found.unwrap(), want, "{filter:?} from {from}");
    }
}

fn blocks_read(disk: &SimDisk) -> usize {
    let names = disk.take_read();
    names.iter().filter(|name| name.ends_with(".blk")).count()
}

#[test]
fn a_running_store_reads_one_block_at_most() {
    // Room for the slots of some blocks, and for all summaries.
    let (setup, disk) = (Setup::new(4_000, 60_000), SimDisk::default());
    let mut store = setup.create(&disk, "S");
    let mut model = new_model();
    append(&mut store, &mut model, 3_000, 300);
    for seq in (2_500..3_000).step_by(13) {
        store.remove(Seq(seq), Removal::Delete).unwrap();
        model.messages.remove(&seq);
    }
    append(&mut store, &mut model, 3_000, 300);
    assert!(disk.list(&msgs("S")).unwrap().len() > 100);
    disk.take_read();
    for from in [200, 1_500, 3_000, 3_001, 4_700, 5_990] {
        ask(&mut store, &model, from);
        assert!(blocks_read(&disk) <= 1, "from {from}");
    }
    // Removals are told to the summaries.
    for seq in (1..3_000).step_by(17) {
        store.remove(Seq(seq), Removal::Delete).unwrap();
        model.messages.remove(&seq);
    }
    store.remove_front(Front::Below(Seq(700))).unwrap();
    model.messages.retain(|&seq, _| seq >= 700);
    store.flush().unwrap();
    disk.take_read();
    for from in [800, 2_000, 4_000] {
        ask(&mut store, &model, from);
        assert!(blocks_read(&disk) <= 1, "from {from}");
    }
}

#[test]
fn a_store_that_was_ended_and_started_reads_one_block_at_most() {
    for cipher in [None, Some(Cipher::Aes), Some(Cipher::ChaCha)] {
        let (mut setup, disk) = (Setup::new(4_000, 200_000), SimDisk::default());
        setup.keys = cipher.map(keys);
        let mut model = stream(&setup, &disk, 6_000, 300);
        for round in 0..3 {
            let (mut store, recovery) = setup.open(&disk);
            assert_eq!(recovery, Recovery::default());
            disk.take_read();
            ask(&mut store, &model, 2_900 + round);
            assert!(blocks_read(&disk) <= 1);
            if round == 1 {
                // Subjects go: those that are left have other places in the file.
                for (&seq, _) in model.messages.range(..40) {
                    store.remove(Seq(seq), Removal::Delete).unwrap();
                }
                model.messages = model.messages.split_off(&40);
                for number in 0..300 {
                    let subject = format!("a.{}.{number}", number % 7);
                    let seqs = model.matching(&Filter::subject(subject.as_bytes()));
                    for seq in seqs.into_iter().filter(|_| number % 5 == 0) {
                        store.remove(Seq(seq), Removal::Delete).unwrap();
                        model.messages.remove(&seq);
                    }
                }
                store.flush().unwrap();
            }
            store.close().unwrap();
        }
        // Nothing changed the last time, and nothing was written.
        let before = disk.read(&counts_file()).unwrap();
        let (mut store, _) = setup.open(&disk);
        store.close().unwrap();
        if cipher.is_none() {
            assert_eq!(disk.read(&counts_file()).unwrap(), before);
        }
        let plain = midge_store::file::counts_db::decode(&before[..before.len() - 8]);
        assert_eq!(plain.is_some(), cipher.is_none());
    }
}

#[test]
fn what_a_start_has_read_is_not_read_again() {
    let (setup, disk) = (Setup::new(4_000, 200_000), SimDisk::default());
    let mut store = setup.create(&disk, "S");
    let mut model = new_model();
    append(&mut store, &mut model, 3_000, 300);
    for seq in (1..3_000).step_by(11) {
        store.remove(Seq(seq), Removal::Delete).unwrap();
        model.messages.remove(&seq);
    }
    store.flush().unwrap();
    // Killed.
    drop(store);
    let (mut store, recovery) = setup.open(&disk);
    assert!(recovery.rebuilt);
    disk.take_read();
    for from in [400, 1_500, 2_700] {
        ask(&mut store, &model, from);
        assert!(blocks_read(&disk) <= 1, "from {from}");
    }
}

#[test]
fn subjects_are_found_without_blocks_that_have_none() {
    let (setup, disk) = (Setup::new(4_000, 200_000), SimDisk::default());
    let mut store = setup.create(&disk, "S");
    let mut model = new_model();
    append(&mut store, &mut model, 1_000, 10);
    let rare = |time| Message {
        time,
        subject: b"b.rare".to_vec(),
        header: Vec::new(),
        payload: Vec::new(),
    };
    model::append(&mut store, &mut model, rare(2_000), None);
    append(&mut store, &mut model, 1_000, 10);
    model::append(&mut store, &mut model, rare(9_000), None);
    append(&mut store, &mut model, 1_000, 10);
    store.close().unwrap();
    drop(store);
    let (mut store, _) = setup.open(&disk);
    disk.take_read();
    let all = Filter::subject(b">");
    let lasts = model.lasts(&all, u64::MAX);
    let want = lasts.iter().filter(|&&seq| seq >= 1_500).count() as u64;
    let found = store.count(
        &Filter::subject(b"*.>"),
        Seq(1_500),
        Counting::LastPerSubject,
    );
    assert_eq!((found.unwrap(), blocks_read(&disk)), (want, 0));
    let found = store.next(&Filter::subject(b"b.rare"), Seq(1_100)).unwrap();
    assert_eq!(found.map(|found| found.seq.0), Some(2_002));
    assert!(blocks_read(&disk) <= 2);
}

#[test]
fn what_was_read_for_a_question_is_known_after_a_start() {
    let (setup, disk) = (Setup::new(4_000, 200_000), SimDisk::default());
    let model = stream(&setup, &disk, 3_000, 300);
    disk.remove_file(&counts_file()).unwrap();
    let (mut store, _) = setup.open(&disk);
    disk.take_read();
    ask(&mut store, &model, 1_500);
    assert!(blocks_read(&disk) > 20);
    ask(&mut store, &model, 1_500);
    assert_eq!(blocks_read(&disk), 0);
    store.close().unwrap();
    drop(store);
    let (mut store, recovery) = setup.open(&disk);
    assert_eq!(recovery, Recovery::default());
    disk.take_read();
    ask(&mut store, &model, 1_500);
    assert!(blocks_read(&disk) <= 1);
}

#[test]
fn a_stream_of_one_block_has_no_file() {
    let (setup, disk) = (Setup::new(1 << 20, 1 << 20), SimDisk::default());
    stream(&setup, &disk, 1_000, 10);
    assert!(!disk.exists(&counts_file()));
}

#[test]
fn a_damaged_file_is_passed_over() {
    let (setup, disk) = (Setup::new(900, 1 << 20), SimDisk::default());
    let model = stream(&setup, &disk, 60, 9);
    let good = disk.read(&counts_file()).unwrap();
    let mut files: Vec<Vec<u8>> = (0..good.len()).map(|end| good[..end].to_vec()).collect();
    for at in 0..good.len() {
        let mut file = good.clone();
        file[at] ^= 1 << (at % 8);
        files.push(file);
    }
    files.push([&good[..], &[0]].concat());
    for file in files {
        let disk = disk.copy();
        disk.write(&counts_file(), &file).unwrap();
        let (mut store, recovery) = setup.open(&disk);
        assert!(!recovery.rebuilt);
        assert_eq!(recovery.warnings.len(), 1, "{recovery:?}");
        assert!(!disk.exists(&counts_file()));
        for from in [10, 30, 50] {
            ask(&mut store, &model, from);
        }
        store.close().unwrap();
        drop(store);
        let (_, recovery) = setup.open(&disk);
        assert_eq!(recovery, Recovery::default());
    }
}

/// Whoever makes up a file can make it tell wrong numbers, as with the index
/// file, and nothing worse.
#[test]
fn a_file_that_was_made_up_does_no_harm() {
    let (setup, disk) = (Setup::new(900, 1 << 20), SimDisk::default());
    let model = stream(&setup, &disk, 60, 9);
    let good = disk.read(&counts_file()).unwrap();
    let sum = Checksum::of_name(b"S");
    let body = good.len() - 8;
    for at in (0..body * 8).step_by(3) {
        let mut file = good.clone();
        file[at / 8] ^= 1 << (at % 8);
        let hash = sum.sum(&file[..body]);
        file[body..].copy_from_slice(&hash);
        let disk = disk.copy();
        disk.write(&counts_file(), &file).unwrap();
        let (mut store, _) = setup.open(&disk);
        let all = model.messages.len() as u64;
        let ask = |store: &mut FileStore| {
            for filter in ["a.>", "a.*.3", "a.1.1"] {
                let filter = Filter::subject(filter.as_bytes());
                let count = store.count(&filter, Seq(30), Counting::Messages).unwrap();
                assert!(count <= all);
            }
        };
        ask(&mut store);
        for &seq in model.messages.keys().filter(|&seq| seq % 3 > 0) {
            assert!(store.remove(Seq(seq), Removal::Delete).unwrap().is_some());
        }
        ask(&mut store);
        store.close().unwrap();
    }
}

#[test]
fn a_file_of_another_state_is_passed_over() {
    let (setup, disk) = (Setup::new(900, 1 << 20), SimDisk::default());
    let mut model = stream(&setup, &disk, 60, 9);
    let old = disk.read(&counts_file()).unwrap();
    let (mut store, _) = setup.open(&disk);
    for seq in 20..40 {
        store.remove(Seq(seq), Removal::Delete).unwrap();
        model.messages.remove(&seq);
    }
    store.close().unwrap();
    drop(store);
    disk.write(&counts_file(), &old).unwrap();
    let (mut store, recovery) = setup.open(&disk);
    assert_eq!(recovery, Recovery::default());
    assert!(!disk.exists(&counts_file()));
    for from in [10, 30, 50] {
        ask(&mut store, &model, from);
    }
    drop(store);
    // Nor is it used when the index file is not.
    disk.write(&counts_file(), &old).unwrap();
    disk.remove_file(&msgs("S").join("index.db")).unwrap();
    let (mut store, recovery) = setup.open(&disk);
    assert!(recovery.rebuilt && recovery.warnings.is_empty());
    assert!(!disk.exists(&counts_file()));
    ask(&mut store, &model, 30);
}

#[test]
fn a_message_that_turns_out_to_be_damaged_counts_no_more() {
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (setup, disk) = (Setup::new(900, 1 << 20), SimDisk::default());
        let mut model = stream(&setup, &disk, 200, 9);
        disk.flip(&msgs("S").join("3.blk"), &mut random);
        let (mut store, _) = setup.open(&disk);
        disk.take_read();
        store
            .count(&Filter::subject(b"a.3.*"), Seq(100), Counting::Messages)
            .unwrap();
        assert!(blocks_read(&disk) <= 1);
        let mut found = Vec::new();
        let mut from = Seq(0);
        while let Some(message) = store.next(&Filter::All, from).unwrap() {
            found.push(message.seq.0);
            from = message.seq.next();
        }
        // The subject of a message may be what changed.
        if found.len() == model.messages.len() {
            continue;
        }
        model.messages.retain(|seq, _| found.contains(seq));
        // How many each subject has is not known yet.
        let filter = Filter::subject(b"a.>");
        store.count(&filter, Seq(100), Counting::Messages).unwrap();
        while store.maintain(Nanos(1)).unwrap() {}
        for from in (1..200).step_by(9) {
            ask(&mut store, &model, from);
        }
    }
}

#[test]
fn streams_share_the_room() {
    let (setup, disk) = (Setup::new(1_000, 40_000), SimDisk::default());
    let (mut first, mut one) = (setup.create(&disk, "S"), new_model());
    append(&mut first, &mut one, 4_000, 300);
    let (mut second, mut two) = (setup.create(&disk, "T"), new_model());
    append(&mut second, &mut two, 400, 300);
    // Nobody asks the first one any more.
    ask(&mut first, &one, 2_000);
    let mut now = 0;
    let mut idle = |store: &mut FileStore| {
        now += 1_000_000_000;
        while store.maintain(Nanos(now)).unwrap() {}
    };
    for _ in 0..70 {
        idle(&mut second);
    }
    idle(&mut first);
    disk.take_read();
    let mut rounds = 0;
    loop {
        ask(&mut second, &two, 200);
        if blocks_read(&disk) == 0 {
            break;
        }
        idle(&mut first);
        rounds += 1;
        assert!(rounds < 40, "no room is made");
    }
    assert!(setup.budget.used() <= 2 * setup.budget.bytes());
}
