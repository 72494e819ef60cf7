//! Messages that can not be read: what goes on beside them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy allows it in test functions only"
)]

#[path = "../../store/tests/model/disk.rs"]
#[allow(dead_code, reason = "not all of it is used here")]
mod disk;
#[path = "support/on_disk.rs"]
mod on_disk;
mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use disk::SimDisk;
use midge_store::disk::Disk;
use midge_store::record::Kind;
use midge_store::scan::{Found, Scan};
use midge_store::{CacheBudget, Nanos, StoreRoot};
use support::{SECOND, World, block};

/// With this limit blocks are small, and a message has 4 KB.
const STREAM: &str =
    r#"{"name":"S","subjects":["s.>"],"max_bytes":127000,"allow_rollup_hdrs":true}"#;
const MESSAGES: u64 = 24;
const MSGS: &str = "/store/$G/streams/S/msgs";

/// Several blocks of messages on the subjects `s.1` to `s.8`.
fn filled(disk: &SimDisk) -> World {
    let mut world = on_disk::create(&open(disk, CacheBudget::default()), STREAM);
    let filler = "x".repeat(4_000);
    for number in 0..MESSAGES {
        world.publish(&format!("s.{}", number % 8 + 1), &filler);
    }
    world
}

fn open(disk: &SimDisk, cache: CacheBudget) -> Arc<StoreRoot> {
    on_disk::open(disk.clone(), Path::new("/store"), cache)
}

/// A stream of which nothing is in memory.
fn cold(disk: &SimDisk) -> World {
    let world = filled(disk);
    // Long enough for nothing to be read for duplicates.
    let now = Nanos(world.now.0 + 3600 * SECOND);
    world.stream.close().unwrap();
    on_disk::recover(&open(disk, CacheBudget::new(1)), now).unwrap()
}

/// A stream whose messages are not in memory, but their places are.
fn idle(disk: &SimDisk) -> World {
    let mut world = filled(disk);
    // What was used since the last time stays once more.
    for _ in 0..2 {
        world.stream.maintain(world.now).unwrap();
    }
    world
}

fn blocks(disk: &SimDisk) -> Vec<PathBuf> {
    let entries = disk.list(Path::new(MSGS)).unwrap();
    let names = entries.into_iter().map(|entry| entry.name);
    let mut blocks: Vec<PathBuf> = names
        .filter(|name| name.ends_with(".blk"))
        .map(|name| Path::new(MSGS).join(name))
        .collect();
    blocks.sort();
    assert!(blocks.len() > 2, "{blocks:?}");
    blocks
}

/// Flips a bit in the payload of a message.
fn damage(disk: &SimDisk, seq: u64) {
    for path in blocks(disk) {
        let bytes = disk.read(&path).unwrap();
        for found in Scan::new(&bytes, None) {
            if let Found::Record(offset, record) = found
                && record.kind == Kind::Message
                && record.seq == seq
            {
                let at = offset + 100;
                let file = disk.open(&path, true).unwrap();
                file.write_at(&[bytes[at] ^ 1], at as u64).unwrap();
                return;
            }
        }
    }
    panic!("no message {seq}");
}

fn purge(world: &mut World, body: &str) -> u64 {
    let answer = world.api("STREAM.PURGE.S", body);
    assert_eq!(answer["success"], true, "{body}: {answer}");
    answer["purged"].as_u64().unwrap()
}

/// Publishes on `s.1` what replaces others.
fn roll_up(world: &mut World, what: &str) {
    let header = block(&[("Nats-Rollup", what)]);
    let answer = world.publish_with("s.1", &header, "new");
    assert_eq!(answer, r#"{"stream":"S","seq":25}"#, "{what}");
}

/// Sequences of the messages on a subject that can be read.
fn sequences(world: &mut World, subject: &str) -> Vec<u64> {
    let mut found = Vec::new();
    for seq in 1..=MESSAGES + 1 {
        let answer = world.api("STREAM.MSG.GET.S", &format!(r#"{{"seq":{seq}}}"#));
        if answer["message"]["subject"] == subject {
            found.push(seq);
        }
    }
    found
}

#[test]
fn purges_of_a_subject_go_on_beside_a_damaged_message() {
    // Those on `s.1` are 1, 9 and 17.
    for (damaged, body, purged, left) in [
        (1, r#"{"filter":"s.1"}"#, 2, vec![]),
        (9, r#"{"filter":"s.1"}"#, 2, vec![]),
        (17, r#"{"filter":"s.1"}"#, 2, vec![]),
        (1, r#"{"filter":"s.1","seq":10}"#, 1, vec![17]),
        (1, r#"{"filter":"s.1","keep":1}"#, 1, vec![17]),
        (9, r#"{"filter":"s.1","keep":1}"#, 1, vec![17]),
        (1, r#"{"filter":"s.1","keep":2}"#, 0, vec![9, 17]),
    ] {
        let disk = SimDisk::default();
        let mut world = cold(&disk);
        damage(&disk, damaged);
        assert_eq!(purge(&mut world, body), purged, "{damaged}, {body}");
        assert_eq!(sequences(&mut world, "s.1"), left, "{damaged}, {body}");
        assert_eq!(sequences(&mut world, "s.8"), [8, 16, 24]);
        world.publish("s.1", "new");
    }
}

#[test]
fn rollups_go_on_beside_a_damaged_message() {
    for (what, others) in [("sub", vec![8, 16, 24]), ("all", vec![])] {
        for damaged in [1, 9, 24] {
            let disk = SimDisk::default();
            let mut world = cold(&disk);
            damage(&disk, damaged);
            roll_up(&mut world, what);
            assert_eq!(sequences(&mut world, "s.1"), [25], "{what}");
            let others: Vec<u64> = others
                .iter()
                .copied()
                .filter(|seq| *seq != damaged)
                .collect();
            assert_eq!(sequences(&mut world, "s.8"), others, "{what}");
        }
    }
}

#[test]
fn a_rollup_is_stored_and_acknowledged_beside_a_block_that_can_not_be_read() {
    for what in ["sub", "all"] {
        let disk = SimDisk::default();
        let mut world = cold(&disk);
        disk.set_unreadable(&blocks(&disk)[0]);
        roll_up(&mut world, what);
        let newest = world.api("STREAM.MSG.GET.S", r#"{"last_by_subj":"s.1"}"#);
        assert_eq!(newest["message"]["seq"], 25, "{newest}");
        world.publish("s.2", "new");
    }
}

#[test]
fn messages_are_stored_and_acknowledged_though_the_oldest_can_not_be_removed() {
    let disk = SimDisk::default();
    let mut world = cold(&disk);
    disk.set_unreadable(&blocks(&disk)[0]);
    let filler = "x".repeat(4_000);
    // More than the stream may hold.
    for seq in MESSAGES + 1..MESSAGES + 21 {
        let answer = world.publish_with("s.1", "", &filler);
        assert_eq!(answer, format!(r#"{{"stream":"S","seq":{seq}}}"#));
    }
    let newest = world.api("STREAM.MSG.GET.S", r#"{"last_by_subj":"s.1"}"#);
    assert_eq!(newest["message"]["seq"], MESSAGES + 20, "{newest}");
}

#[test]
fn counts_stay_when_not_all_can_be_counted_anew() {
    let disk = SimDisk::default();
    let mut world = cold(&disk);
    damage(&disk, 1);
    let last = blocks(&disk).pop().unwrap();
    disk.set_unreadable(&last);
    assert_eq!(
        world.api("STREAM.MSG.GET.S", r#"{"seq":1}"#)["error"]["code"],
        404
    );
    // All are counted anew, up to the one that cannot be read.
    let failed = world.stream.maintain(world.now).unwrap_err().to_string();
    assert!(failed.contains(last.to_str().unwrap()), "{failed}");
    let answer = world.api("STREAM.INFO.S", r#"{"subjects_filter":"s.>"}"#);
    let counts = answer["state"]["subjects"].as_object().unwrap();
    assert_eq!(counts.len(), 8, "{counts:?}");
    assert!(counts.values().all(|count| count == 3), "{counts:?}");
    // And no work is left undone for that.
    world.stream.maintain(world.now).unwrap();
}

#[test]
fn a_block_that_can_not_be_read_can_be_purged() {
    let purges: [fn(&mut World); 3] = [
        |world| roll_up(world, "all"),
        |world| assert_eq!(purge(world, r#"{"keep":1}"#), MESSAGES - 1),
        |world| assert_eq!(purge(world, r#"{"seq":24}"#), MESSAGES - 1),
    ];
    for purge in purges {
        let disk = SimDisk::default();
        let mut world = idle(&disk);
        disk.set_unreadable(&blocks(&disk)[0]);
        purge(&mut world);
        assert_eq!(world.messages(), 1);
        world.publish("s.2", "new");
    }
}
