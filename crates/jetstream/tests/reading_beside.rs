//! Consumers do not wait for the disk, others do: blocks are read by other
//! threads, or by nobody.

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

use std::path::Path;

use disk::SimDisk;
use midge_store::{CacheBudget, FetchTask};
use support::{SECOND, World};

/// With this limit blocks are small, and a message has 4 KB.
const MESSAGES: u64 = 30;
const STREAM: &str = r#"{"name":"S","subjects":["s.>"],"max_bytes":127000}"#;

/// Several blocks of messages on two subjects, none of which is in memory.
fn cold(disk: &SimDisk) -> World {
    let open = |cache| on_disk::open(disk.clone(), Path::new("/store"), cache);
    let mut world = on_disk::create(&open(CacheBudget::default()), STREAM);
    let filler = "x".repeat(4_000);
    for number in 1..=MESSAGES {
        let subject = if number % 2 == 0 { "s.even" } else { "s.odd" };
        world.publish(subject, &format!("{number}:{filler}"));
    }
    world.consumer(r#"{"durable_name":"C","filter_subject":"s.even","ack_policy":"none"}"#);
    // Long enough for nothing to be read for duplicates.
    let now = midge_store::Nanos(world.now.0 + 3600 * SECOND);
    world.stream.close().unwrap();
    let mut world = on_disk::recover(&open(CacheBudget::new(1)), now).unwrap();
    world.stream.read_beside();
    disk.take_read();
    world
}

fn blocks_read(disk: &SimDisk) -> usize {
    let names = disk.take_read();
    names.iter().filter(|name| name.ends_with(".blk")).count()
}

/// Numbers of the messages that came to an inbox.
fn numbers(world: &mut World, inbox: &str) -> Vec<u64> {
    let sent = world.take_to(inbox).into_iter();
    sent.filter(|sent| sent.status().is_empty())
        .map(|sent| sent.payload.split(':').next().unwrap().parse().unwrap())
        .collect()
}

/// What consumer `C` delivers if `with` is done with each task.
fn deliver_all(world: &mut World, disk: &SimDisk, with: impl Fn(FetchTask)) -> Vec<u64> {
    let inbox = world.pull_from("C", "100");
    let mut got = numbers(world, &inbox);
    assert!(got.is_empty(), "{got:?} without waiting");
    assert_eq!(blocks_read(disk), 0);
    loop {
        let tasks = world.stream.take_fetches();
        if tasks.is_empty() {
            return got;
        }
        tasks.into_iter().for_each(&with);
        disk.take_read();
        world.act(|stream, _| stream.fetched());
        got.extend(numbers(world, &inbox));
    }
}

fn even() -> Vec<u64> {
    (1..=MESSAGES).filter(|number| number % 2 == 0).collect()
}

#[test]
fn others_read_for_consumers() {
    let disk = SimDisk::default();
    let mut world = cold(&disk);
    let got = deliver_all(&mut world, &disk, FetchTask::run);
    assert_eq!(got, even());
}

#[test]
fn what_others_failed_to_read_is_read_here() {
    let disk = SimDisk::default();
    let mut world = cold(&disk);
    // As if the thread had panicked.
    let got = deliver_all(&mut world, &disk, drop);
    assert_eq!(got, even());
}

#[test]
fn requests_for_messages_wait_for_the_disk() {
    let disk = SimDisk::default();
    let mut world = cold(&disk);
    // Counts what there is for it, and reads for that.
    assert_eq!(world.consumer_info("C")["num_pending"], MESSAGES / 2);
    assert_eq!(message(&mut world, 20), 20);
    // Also while a consumer waits for its first message to be read.
    world.pull_from("C", "1");
    assert_eq!(message(&mut world, 10), 10);
}

/// The sequence of the message that the API finds.
fn message(world: &mut World, sequence: u64) -> u64 {
    let answer = world.api("STREAM.MSG.GET.S", &format!(r#"{{"seq":{sequence}}}"#));
    answer["message"]["seq"].as_u64().expect("a message")
}
