//! A disk that takes no writes or does not sync: what is answered, what is
//! there, and how it goes on.

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
use std::sync::Arc;

use disk::SimDisk;
use midge_jetstream::effects::When;
use midge_jetstream::stream::Publish;
use midge_store::{CacheBudget, Nanos, StoreRoot};
use support::{World, block, payloads};

fn open(disk: &SimDisk) -> Arc<StoreRoot> {
    on_disk::open(disk.clone(), Path::new("/store"), CacheBudget::default())
}

/// Creates the stream `S`; flushes may fail.
fn create(disk: &SimDisk, json: &str) -> World {
    let mut world = on_disk::create(&open(disk), json);
    world.may_fail = true;
    world
}

fn recover(disk: &SimDisk, now: Nanos) -> World {
    on_disk::recover(&open(disk), now).unwrap()
}

fn code(answer: &str) -> u64 {
    let json: serde_json::Value = serde_json::from_str(answer).unwrap();
    json["error"]["err_code"].as_u64().unwrap_or(0)
}

/// Syncs what there is, as a worker does; whether it is on disk.
fn sync(world: &mut World) -> bool {
    let mut tasks = Vec::new();
    let mut done = world.stream.renew().is_ok();
    if done {
        world.stream.take_syncs(&mut tasks);
        for task in tasks {
            done &= task.run().is_ok();
        }
    }
    if !done {
        world.stream.sync_failed();
    }
    done
}

#[test]
fn what_was_not_written_is_refused_and_was_never_there() {
    let disk = SimDisk::default();
    let mut world = create(&disk, r#"{"name":"S","subjects":["s.>"]}"#);
    for n in 1..=4 {
        world.publish("s.a", &n.to_string());
    }
    world.consumer(r#"{"durable_name":"C","ack_policy":"explicit"}"#);
    assert_eq!(payloads(&world.fetch("C", "4")), ["1", "2", "3", "4"]);
    let waiting = world.pull_from("C", "1");

    disk.set_room(Some(10));
    let id = block(&[("Nats-Msg-Id", "x")]);
    let answer = world.publish_with("s.b", &id, "5");
    assert_eq!(code(&answer), 10077, "{answer}");
    assert!(
        answer.contains("no storage space") || answer.contains("full"),
        "{answer}"
    );
    assert!(world.take_to(&waiting).is_empty(), "nothing is delivered");
    assert_eq!(world.failed.len(), 1);
    for body in [r#"{"seq":2,"no_erase":true}"#, r#"{"seq":2}"#] {
        let answer = world.api("STREAM.MSG.DELETE.S", body);
        assert!(answer["error"]["code"].is_number(), "{answer}");
        let kind = answer["type"].as_str().unwrap();
        assert_eq!(kind, "io.nats.jetstream.api.v1.stream_msg_delete_response");
    }
    let answer = world.api("STREAM.PURGE.S", r#"{"filter":"s.a"}"#);
    assert!(answer["error"]["code"].is_number(), "{answer}");
    assert_eq!(world.messages(), 4);

    disk.set_room(None);
    // Not a duplicate of the message that was refused.
    assert_eq!(
        world.publish_with("s.b", &id, "5"),
        r#"{"stream":"S","seq":5}"#
    );
    assert_eq!(payloads(&world.take_to(&waiting)), ["5"]);
    assert_eq!(world.api_code("STREAM.MSG.DELETE.S", r#"{"seq":2}"#), 0);
    let now = world.now;
    drop(world);
    let mut world = recover(&disk, now);
    assert_eq!(
        (world.messages(), world.info()["state"]["last_seq"].as_u64()),
        (4, Some(5))
    );
}

#[test]
fn an_erase_that_fails_takes_back_what_was_published_before_it() {
    let disk = SimDisk::default();
    let mut world = create(&disk, r#"{"name":"S","subjects":["s.>"]}"#);
    world.publish("s.a", "1");
    disk.set_room(Some(10));
    // One batch: what the erase flushes is the publish's record, too.
    world.act(|stream, cx| {
        let publish = |reply| Publish {
            subject: b"s.a",
            reply,
            header: b"",
            payload: b"2",
        };
        stream.publish(publish(b"first"), cx);
        stream.api(
            &midge_jetstream::stream::StreamCall {
                endpoint: midge_jetstream::api::Endpoint::parse(b"$JS.API.STREAM.MSG.DELETE.S")
                    .unwrap(),
                reply: b"erase",
                header: b"",
                body: br#"{"seq":1}"#,
            },
            cx,
        );
        stream.publish(publish(b"second"), cx);
    });
    for reply in ["first", "second"] {
        let answers = world.take_to(reply);
        assert_eq!(answers.len(), 1, "{reply}");
        assert_eq!(code(&answers[0].payload), 10077, "{answers:?}");
        assert_eq!(answers[0].when, When::Now);
    }
    assert!(world.take_to("erase")[0].json()["error"].is_object());
    disk.set_room(None);
    assert_eq!(world.publish("s.a", "2"), 2);
    assert_eq!(world.messages(), 2);
}

#[test]
fn acknowledged_messages_leave_a_work_queue_once_there_is_room() {
    let disk = SimDisk::default();
    let queue = r#"{"name":"S","subjects":["s.>"],"retention":"workqueue"}"#;
    let mut world = create(&disk, queue);
    world.publish("s.a", "1");
    world.publish("s.a", "2");
    world.consumer(r#"{"durable_name":"C","ack_policy":"explicit"}"#);
    let got = world.fetch("C", "2");
    disk.set_room(Some(5));
    let (_, confirmed) = world.ack(&got[0].reply, "");
    assert!(confirmed.is_empty(), "nothing was written: {confirmed:?}");
    disk.set_room(None);
    world.settle();
    assert_eq!(world.messages(), 1);
    let (_, confirmed) = world.ack(&got[1].reply, "");
    assert_eq!(confirmed.len(), 1);
    let now = world.now;
    drop(world);
    let mut world = recover(&disk, now);
    assert_eq!(world.messages(), 0);
    assert_eq!(world.consumer_info("C")["num_ack_pending"], 0);
}

#[test]
fn nothing_is_stored_after_a_failed_sync_until_all_is_written_anew() {
    let disk = SimDisk::default();
    let mut world = create(&disk, r#"{"name":"S","subjects":["s.>"]}"#);
    world.publish("s.a", "1");
    world.consumer(r#"{"durable_name":"C","ack_policy":"explicit"}"#);
    assert!(sync(&mut world));
    let id = block(&[("Nats-Msg-Id", "x")]);
    world.publish_with("s.a", &id, "2");
    let got = world.fetch("C", "2");
    world.ack(&got[0].reply, "");
    disk.set_syncs_fail(true);
    for _ in 0..3 {
        assert!(!sync(&mut world));
        assert_eq!(code(&world.publish_with("s.a", "", "3")), 10077);
    }
    assert_eq!(world.messages(), 2, "what is there can be read");
    disk.set_syncs_fail(false);
    assert!(sync(&mut world));
    // A duplicate is on disk as well: it may be confirmed.
    let answer = world.publish_with("s.a", &id, "2");
    assert!(answer.contains("duplicate"), "{answer}");
    assert_eq!(world.publish("s.a", "3"), 3);
    let now = world.now;
    drop(world);
    let mut random = fastrand::Rng::with_seed(4);
    let mut world = recover(&disk.after_power_loss(&mut random), now);
    assert!(world.messages() >= 2);
    assert_eq!(world.consumer_info("C")["ack_floor"]["stream_seq"], 1);
}
