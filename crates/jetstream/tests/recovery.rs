//! Streams and consumers over a store directory: what is there after a clean
//! stop and after a crash.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy allows it in test functions only"
)]

#[path = "support/on_disk.rs"]
mod on_disk;
mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use midge_jetstream::stream::read_stream_meta;
use midge_store::disk::RealDisk;
use midge_store::record::Kind;
use midge_store::scan::{Found, Scan};
use midge_store::{CacheBudget, Nanos, StoreRoot};
use on_disk::{ACCOUNT, create, recover, recover_found};
use serde_json::json;
use support::{MILLI, SECOND, World, block, payloads};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("midge-js-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn open(&self) -> Arc<StoreRoot> {
        on_disk::open(RealDisk, &self.0.join("jetstream"), CacheBudget::default())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const S: &str = r#"{"name":"S","subjects":["s.>"]}"#;

fn stopped(world: World) -> Nanos {
    let now = world.now;
    world.stream.close().unwrap();
    now
}

#[test]
fn consumers_116_state_survives_a_clean_stop() {
    let folder = Folder::new("clean");
    let root = folder.open();
    let mut world = create(&root, S);
    for n in 1..=6 {
        world.publish_with(
            "s.a",
            &block(&[("Nats-Msg-Id", &n.to_string())]),
            &n.to_string(),
        );
    }
    let created = world.consumer(r#"{"durable_name":"C","ack_policy":"explicit"}"#);
    world.consumer(r#"{"name":"E"}"#);
    world.consumer(r#"{"durable_name":"M","mem_storage":true}"#);
    let got = world.fetch("C", "4");
    world.ack(&got[0].reply, "");
    world.ack(&got[2].reply, "");
    world.ack(&got[1].reply, "-NAK");
    assert_eq!(world.fetch("C", "1")[0].deliveries(), 2);
    let before = world.consumer_info("C");
    let now = stopped(world);

    let mut world = recover(&root, now).unwrap();
    let after = world.consumer_info("C");
    for field in [
        "created",
        "config",
        "num_ack_pending",
        "num_redelivered",
        "num_pending",
    ] {
        assert_eq!(before[field], after[field], "{field}");
    }
    assert_eq!(created["created"], after["created"]);
    for field in ["delivered", "ack_floor"] {
        assert_eq!(
            before[field]["stream_seq"], after[field]["stream_seq"],
            "{field}"
        );
        assert_eq!(
            before[field]["consumer_seq"], after[field]["consumer_seq"],
            "{field}"
        );
    }
    assert!(world.id("E").is_some(), "ephemerals in files are recovered");
    assert!(world.id("M").is_none());
    assert_eq!(world.fetch("C", "1")[0].consumer_seq(), 6);
    let again = block(&[("Nats-Msg-Id", "6"), ("Nats-Expected-Last-Msg-Id", "6")]);
    assert_eq!(
        world.publish_with("s.b", &again, ""),
        r#"{"stream":"S","seq":6,"duplicate": true}"#
    );
    assert_eq!(world.publish("s.a", "7"), 7);
}

#[test]
fn consumers_119_messages_that_are_overdue_come_soon() {
    let folder = Folder::new("overdue");
    let root = folder.open();
    let mut world = create(&root, S);
    world.publish("s.a", "1");
    world.publish("s.a", "2");
    world.consumer(r#"{"durable_name":"C","ack_policy":"explicit","ack_wait":2000000000}"#);
    world.fetch("C", "1");
    let now = Nanos(stopped(world).0 + 10 * SECOND);
    let mut world = recover(&root, now).unwrap();
    let inbox = world.pull_from("C", "5");
    assert_eq!(payloads(&world.take_to(&inbox)), ["2"]);
    world.pass(1500 * MILLI);
    assert_eq!(payloads(&world.take_to(&inbox)), ["1"]);
}

#[test]
fn streams_078_what_expired_meanwhile_is_gone() {
    let folder = Folder::new("expired");
    let root = folder.open();
    let mut world = create(
        &root,
        r#"{"name":"S","subjects":["s.>"],"allow_msg_ttl":true,"max_age":5000000000}"#,
    );
    world.publish_with("s.a", &block(&[("Nats-TTL", "1")]), "1");
    world.publish_with("s.a", &block(&[("Nats-TTL", "3")]), "2");
    world.publish_with("s.a", &block(&[("Nats-TTL", "never")]), "3");
    world.publish("s.a", "4");
    let now = stopped(world);
    let mut world = recover(&root, Nanos(now.0 + 2 * SECOND)).unwrap();
    assert_eq!(world.messages(), 3);
    world.pass(4 * SECOND);
    assert_eq!(world.messages(), 1);
}

#[test]
fn a_crash_keeps_what_was_flushed() {
    let folder = Folder::new("crash");
    let root = folder.open();
    let mut world = create(
        &root,
        r#"{"name":"S","subjects":["s.>"],"retention":"workqueue"}"#,
    );
    for n in 1..=4 {
        world.publish("s.a", &n.to_string());
    }
    world.consumer(r#"{"durable_name":"C","ack_policy":"explicit"}"#);
    let got = world.fetch("C", "3");
    world.ack(&got[1].reply, "");
    let now = world.now;
    // Nothing is closed.
    drop(world);
    let mut world = recover(&root, now).unwrap();
    assert_eq!(world.messages(), 3);
    let info = world.consumer_info("C");
    assert_eq!(info["num_ack_pending"], 2);
    assert_eq!(info["delivered"]["stream_seq"], 3);
    assert_eq!(payloads(&world.fetch("C", "1")), ["4"]);
}

/// Cuts the last records off the only block of the stream, and forgets its
/// index: a disk that lost what came last.
fn cut_messages(folder: &Folder, count: usize) {
    let msgs = folder.0.join("jetstream/$G/streams/S/msgs");
    let _ = std::fs::remove_file(msgs.join("index.db"));
    let path = msgs.join("1.blk");
    let block = std::fs::read(&path).unwrap();
    let mut ends = Vec::new();
    for found in Scan::new(&block, None) {
        if let Found::Record(at, record) = found
            && record.kind == Kind::Message
        {
            ends.push(at);
        }
    }
    std::fs::write(&path, &block[..ends[ends.len() - count]]).unwrap();
}

#[test]
fn consumers_122_a_consumer_ahead_of_its_stream_goes_on_with_new_messages() {
    for policy in ["explicit", "all", "none"] {
        for acked in [0, 2, 5, 6] {
            let folder = Folder::new("ahead");
            let root = folder.open();
            let mut world = create(&root, S);
            for n in 1..=6 {
                world.publish("s.a", &n.to_string());
            }
            let durable = format!(r#"{{"durable_name":"C","ack_policy":"{policy}"}}"#);
            world.consumer(&durable);
            let got = world.fetch("C", "6");
            assert_eq!(got.len(), 6);
            if policy == "explicit" {
                got[..acked].iter().for_each(|message| {
                    world.ack(&message.reply, "");
                });
            } else if policy == "all" && acked > 0 {
                world.ack(&got[acked - 1].reply, "");
            }
            let now = world.now;
            drop(world);
            drop(root);
            // Three messages are left.
            cut_messages(&folder, 3);

            let root = folder.open();
            let mut world = recover(&root, now).unwrap();
            let what = format!("{policy}, {acked} acknowledged");
            assert_eq!(world.info()["state"]["last_seq"], 3, "{what}");
            let info = world.consumer_info("C");
            let acked = if policy == "none" { 3 } else { acked.min(3) };
            assert_eq!(info["ack_floor"]["stream_seq"], acked, "{what}");
            assert_eq!(info["delivered"]["stream_seq"], 3, "{what}");
            assert_eq!(info["num_ack_pending"], 3 - acked, "{what}");
            assert_eq!(info["num_pending"], 0, "{what}");
            for n in ["new 4", "new 5"] {
                world.publish("s.a", n);
            }
            assert_eq!(world.consumer_info("C")["num_pending"], 2, "{what}");
            let inbox = world.pull_from("C", "5");
            assert_eq!(
                payloads(&world.take_to(&inbox)),
                ["new 4", "new 5"],
                "{what}"
            );
            // What was not acknowledged comes again.
            world.pass(60 * SECOND);
            let again: Vec<String> = (acked + 1..=3).map(|n| n.to_string()).collect();
            let got = world.take_to(&inbox);
            let got: Vec<_> = payloads(&got)
                .into_iter()
                .filter(|text| text.len() == 1)
                .collect();
            assert_eq!(got, again, "{what}");
        }
    }
}

#[test]
fn streams_026_an_update_is_kept() {
    let folder = Folder::new("update");
    let root = folder.open();
    let mut world = create(&root, S);
    world
        .update(r#"{"name":"S","subjects":["t.>"],"max_msgs":7}"#)
        .unwrap();
    let now = stopped(world);
    let mut world = recover(&root, now).unwrap();
    let config = world.info()["config"].clone();
    assert_eq!(
        (&config["subjects"], &config["max_msgs"]),
        (&json!(["t.>"]), &json!(7))
    );
}

#[test]
fn streams_018_5_unknown_features_are_left_alone() {
    let level = |json: &str| read_stream_meta(json.as_bytes()).unwrap_err().reason;
    assert_eq!(
        level(
            r#"{"Created":"2024-01-01T00:00:00Z","name":"S","metadata":{"_nats.req.level":"9"}}"#
        ),
        "unsupported - required API level: 9, current API level: 5"
    );
    assert_eq!(
        level(r#"{"Created":"2024-01-01T00:00:00Z","name":"S","x":1}"#),
        "decoding error: json: unknown field \"x\""
    );
    assert_eq!(
        level(r#"{"name":"S","x":1,"metadata":{"_nats.req.level":"9"}}"#),
        "unsupported - config error: unknown field \"x\""
    );
    assert!(level(r#"{"name":"S","mirror":{"name":"T"}}"#).contains("does not have yet"));
}

#[test]
fn consumers_of_the_samples_are_recovered() {
    let Some(samples) = samples() else {
        return;
    };
    let folder = Folder::new("samples");
    std::fs::create_dir_all(&folder.0).unwrap();
    let unpacked = std::process::Command::new("tar")
        .arg("xzf")
        .arg(samples.join("workqueue.tar.gz"))
        .arg("-C")
        .arg(&folder.0)
        .status()
        .unwrap();
    assert!(unpacked.success());
    let root = find_root(&folder.0).expect("a jetstream folder");
    let root = on_disk::open(RealDisk, &root, CacheBudget::default());
    let mut seen = 0;
    for found in root.streams(ACCOUNT).unwrap() {
        seen += root.consumers(ACCOUNT, &found.name).unwrap().len();
        let (_, created) = read_stream_meta(found.meta.as_deref().unwrap()).unwrap();
        recover_found(&root, found, created).unwrap();
    }
    assert!(seen > 3, "{seen}");
}

/// The store directories of the Go server, where they are at hand.
fn samples() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("MIDGE_STORE_SAMPLES")?);
    path.is_dir().then_some(path)
}

fn find_root(path: &Path) -> Option<PathBuf> {
    let direct = path.join("jetstream");
    if direct.is_dir() {
        return Some(direct);
    }
    let entries = std::fs::read_dir(path).ok()?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .find_map(|path| find_root(&path))
}
