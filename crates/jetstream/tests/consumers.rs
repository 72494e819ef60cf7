//! What consumers do, by the numbers of the conformance list of
//! jetstream-consumers.md where an item is covered.

mod support;

use serde_json::{Value, json};
use support::{MILLI, SECOND, World, payloads};

const S: &str = r#"{"name":"S","subjects":["s.>"],"storage":"memory"}"#;
const EXPLICIT: &str = r#"{"durable_name":"C","ack_policy":"explicit"}"#;

fn filled(consumer: &str, messages: u64) -> World {
    let mut world = World::new(S);
    for n in 1..=messages {
        world.publish("s.a", &n.to_string());
    }
    let info = world.consumer(consumer);
    assert!(info.get("error").is_none(), "{info}");
    world
}

fn floor(world: &mut World) -> (Value, Value) {
    let info = world.consumer_info("C");
    (
        info["ack_floor"]["consumer_seq"].clone(),
        info["ack_floor"]["stream_seq"].clone(),
    )
}

#[test]
fn consumers_001_an_unnamed_consumer_gets_a_name() {
    let mut world = World::new(S);
    let info = world.consumer("{}");
    assert_eq!(info["name"].as_str().unwrap().len(), 8);
    assert!(info["config"].get("name").is_none());
    assert_eq!(info["config"]["inactive_threshold"], 5 * SECOND);
}

#[test]
fn consumers_004_to_009_names_and_subjects() {
    let mut world = World::new(S);
    for (subject, config, code) in [
        ("CONSUMER.CREATE.S.C", r#"{"name":"D"}"#, 0),
        ("CONSUMER.CREATE.S.C", r#"{"durable_name":"D"}"#, 10017),
        (
            "CONSUMER.DURABLE.CREATE.S.C",
            r#"{"durable_name":"D"}"#,
            10017,
        ),
        ("CONSUMER.DURABLE.CREATE.S.C", "{}", 10018),
        ("CONSUMER.CREATE.S", r#"{"durable_name":"D"}"#, 10020),
        ("CONSUMER.CREATE.S.a/b", "{}", 10127),
        ("CONSUMER.CREATE.S", r#"{"name":"a.b"}"#, 10052),
        ("CONSUMER.CREATE.S.a.b", "{}", 10131),
        (
            "CONSUMER.CREATE.S.a.s.x",
            r#"{"filter_subject":"s.y"}"#,
            10131,
        ),
        (
            "CONSUMER.CREATE.S.a.s.x",
            r#"{"filter_subjects":["s.x"]}"#,
            10137,
        ),
        ("CONSUMER.CREATE.S.a.s.x", r#"{"filter_subject":"s.x"}"#, 0),
        ("CONSUMER.CREATE.S.b", r#"{"num_replicas":3}"#, 10074),
        ("CONSUMER.CREATE.S.b", r#"{"foo":3}"#, 10025),
    ] {
        let body = format!(r#"{{"stream_name":"S","config":{config}}}"#);
        assert_eq!(world.api_code(subject, &body), code, "{subject} {config}");
    }
    assert_eq!(world.api_code("CONSUMER.CREATE.S.C", ""), 10056);
    let long = "x".repeat(256);
    assert_eq!(
        world.consumer(&format!(r#"{{"durable_name":"{long}"}}"#))["error"]["err_code"],
        10102
    );
}

#[test]
fn consumers_020_direct_consumers_are_hidden() {
    let mut world = World::new(S);
    world.consumer(r#"{"name":"D","direct":true,"deliver_subject":"d"}"#);
    assert_eq!(world.api("CONSUMER.NAMES.S", "")["consumers"], json!([]));
    assert_eq!(world.info()["state"]["consumer_count"], 0);
    assert_eq!(world.consumer_info("D")["name"], "D");
}

#[test]
fn consumers_030_to_036_limits_and_updates() {
    let mut world =
        World::new(r#"{"name":"S","subjects":["s.>"],"storage":"memory","max_consumers":1}"#);
    world.consumer(EXPLICIT);
    assert_eq!(
        world.consumer(r#"{"durable_name":"D"}"#)["error"]["err_code"],
        10026
    );
    let create = |action: &str, config: &str| {
        format!(r#"{{"stream_name":"S","action":"{action}","config":{config}}}"#)
    };
    assert_eq!(
        world.api_code("CONSUMER.CREATE.S.C", &create("create", EXPLICIT)),
        0
    );
    let other = r#"{"durable_name":"C","ack_policy":"explicit","description":"x"}"#;
    assert_eq!(
        world.api_code("CONSUMER.CREATE.S.C", &create("create", other)),
        10148
    );
    assert_eq!(
        world.api_code("CONSUMER.CREATE.S.D", &create("update", "{}")),
        10149
    );
    assert_eq!(
        world.api_code("CONSUMER.CREATE.S.C", &create("bogus", "{}")),
        10025
    );
    assert_eq!(
        world.api_code("CONSUMER.CREATE.S.C", &create("update", other)),
        0
    );
    for (config, text) in [
        (
            r#"{"durable_name":"C","ack_policy":"all"}"#,
            "ack policy can not be updated",
        ),
        (
            r#"{"durable_name":"C","ack_policy":"explicit","deliver_policy":"new"}"#,
            "deliver policy can not be updated",
        ),
        (
            r#"{"durable_name":"C","ack_policy":"explicit","max_waiting":5}"#,
            "max waiting can not be updated",
        ),
        (
            r#"{"durable_name":"C","ack_policy":"explicit","deliver_subject":"d"}"#,
            "can not update pull consumer to push based",
        ),
        (
            r#"{"durable_name":"C","ack_policy":"explicit","mem_storage":true}"#,
            "storage type can not be updated",
        ),
    ] {
        let error = world.consumer(config)["error"].clone();
        assert_eq!(
            (&error["code"], &error["err_code"]),
            (&json!(500), &json!(10012)),
            "{config}"
        );
        assert_eq!(error["description"], text);
    }
    let update = world.update(r#"{"name":"S","subjects":["s.>"],"storage":"memory","consumer_limits":{"max_ack_pending":5}}"#);
    assert_eq!(
        update.unwrap_err().description,
        "change to limits violates consumers: C"
    );
}

#[test]
fn consumers_038_a_shorter_ack_wait_counts_for_pending_messages() {
    let mut world = filled(EXPLICIT, 1);
    world.fetch("C", "");
    world.pass(3 * SECOND);
    world.consumer(r#"{"durable_name":"C","ack_policy":"explicit","ack_wait":1000000000}"#);
    world.pass(100 * MILLI);
    let got = world.fetch("C", "");
    assert_eq!(got[0].deliveries(), 2);
}

#[test]
fn consumers_037_a_moved_push_consumer_redelivers_at_once() {
    let mut world = filled(
        r#"{"durable_name":"C","ack_policy":"explicit","deliver_subject":"d"}"#,
        2,
    );
    world.listen("d", "");
    assert_eq!(world.take_to("d").len(), 2);
    let moved = r#"{"durable_name":"C","ack_policy":"explicit","deliver_subject":"e"}"#;
    assert_eq!(world.consumer(moved)["error"]["err_code"], 10013);
    world.leave("d");
    world.listen("e", "");
    assert!(world.consumer(moved).get("error").is_none());
    let got = world.take_to("e");
    assert_eq!(
        got.iter().map(|sent| sent.deliveries()).collect::<Vec<_>>(),
        [2, 2]
    );
}

#[test]
fn consumers_039_a_filter_update_keeps_the_cursor() {
    let mut world = World::new(S);
    for subject in ["s.a", "s.b", "s.a", "s.b", "s.b"] {
        world.publish(subject, subject);
    }
    world.consumer(r#"{"durable_name":"C","filter_subject":"s.a"}"#);
    assert_eq!(world.consumer_info("C")["num_pending"], 2);
    world.fetch("C", "2");
    world.consumer(r#"{"durable_name":"C","filter_subject":"s.b"}"#);
    assert_eq!(world.consumer_info("C")["num_pending"], 2);
    assert_eq!(world.fetch("C", "2")[0].stream_seq(), 4);
}

#[test]
fn consumers_042_to_046_start_positions() {
    let mut world = World::new(S);
    for (subject, n) in [("s.a", 1), ("s.b", 2), ("s.a", 3), ("s.c", 4)] {
        world.publish(subject, &n.to_string());
        world.pass(SECOND);
    }
    for (name, config, want) in [
        ("A", r#""deliver_policy":"last""#, 4),
        ("B", r#""deliver_policy":"last","filter_subject":"s.a""#, 3),
        (
            "C",
            r#""deliver_policy":"last","filter_subjects":["s.a","s.b"]"#,
            3,
        ),
        (
            "D",
            r#""deliver_policy":"by_start_sequence","opt_start_seq":2"#,
            2,
        ),
        (
            "E",
            r#""deliver_policy":"by_start_time","opt_start_time":"2023-11-14T22:13:21.5Z""#,
            3,
        ),
        ("F", r#""deliver_policy":"all""#, 1),
    ] {
        world.consumer(&format!(r#"{{"durable_name":"{name}",{config}}}"#));
        assert_eq!(world.fetch(name, "")[0].stream_seq(), want, "{config}");
    }
    let info = world.consumer(r#"{"durable_name":"N","deliver_policy":"new"}"#);
    assert_eq!(
        (&info["num_pending"], &info["delivered"]["stream_seq"]),
        (&json!(0), &json!(4))
    );
    world
        .consumer(r#"{"durable_name":"X","deliver_policy":"by_start_sequence","opt_start_seq":7}"#);
    world.consumer(r#"{"durable_name":"Z","deliver_policy":"last","filter_subject":"s.z"}"#);
    for n in 5..=8 {
        world.publish(if n == 8 { "s.z" } else { "s.a" }, &n.to_string());
    }
    assert_eq!(world.fetch("X", "")[0].stream_seq(), 7);
    assert_eq!(world.fetch("Z", "")[0].stream_seq(), 8);
    let info = world.consumer(
        r#"{"durable_name":"L","deliver_policy":"last_per_subject","filter_subject":"s.>"}"#,
    );
    assert_eq!(info["num_pending"], 4);
    let got = world.fetch("L", "9");
    assert_eq!(
        got.iter()
            .map(|sent| (sent.stream_seq(), sent.pending()))
            .collect::<Vec<_>>(),
        [(2, 3), (4, 2), (7, 1), (8, 0)]
    );
    world.publish("s.b", "9");
    let got = world.take();
    assert_eq!((got.len(), got[0].stream_seq()), (1, 9));
}

#[test]
fn consumers_043a_a_deleted_entry_of_the_list_does_not_stall() {
    let mut world = World::new(S);
    for subject in ["s.a", "s.b", "s.c"] {
        world.publish(subject, subject);
    }
    world.consumer(
        r#"{"durable_name":"L","deliver_policy":"last_per_subject","filter_subject":"s.>"}"#,
    );
    world.api("STREAM.MSG.DELETE.S", r#"{"seq":2}"#);
    assert_eq!(payloads(&world.fetch("L", "5")), ["s.a", "s.c"]);
}

#[test]
fn consumers_047_a_delivery_shows_the_stored_subject() {
    let mut world = filled(EXPLICIT, 2);
    let got = world.fetch("C", "");
    assert_eq!(got[0].subject, "s.a");
    assert_eq!(
        got[0].reply,
        format!("$JS.ACK.S.C.1.1.1.{}.1", support::START)
    );
}

#[test]
fn consumers_049_to_052_one_shots_and_expiry() {
    let mut world = filled(EXPLICIT, 2);
    let got = world.fetch("C", r#"{"batch":5,"no_wait":true}"#);
    assert_eq!(
        (got.len(), got[2].header.as_str()),
        (3, "NATS/1.0 404 No Messages\r\n\r\n")
    );
    assert_eq!(
        world.fetch("C", r#"{"no_wait":true}"#)[0].status(),
        "404 No Messages"
    );
    let inbox = world.pull_from("C", r#"{"batch":2,"no_wait":true,"expires":1000000000}"#);
    assert!(world.take_to(&inbox).is_empty());
    world.pass(SECOND);
    assert_eq!(
        world.take_to(&inbox)[0].header,
        "NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 2\r\nNats-Pending-Bytes: 0\r\n\r\n"
    );
    let inbox = world.pull_from("C", r#"{"batch":2,"no_wait":true,"expires":1000000000}"#);
    world.publish("s.a", "3");
    assert_eq!(world.take_to(&inbox)[1].status(), "404 No Messages");
    let inbox = world.pull_from("C", r#"{"batch":5,"expires":1000000000}"#);
    world.publish("s.a", "4");
    world.pass(SECOND);
    let got = world.take_to(&inbox);
    assert_eq!(
        got[1].header,
        "NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 4\r\nNats-Pending-Bytes: 0\r\n\r\n"
    );
    let inbox = world.pull_from("C", r#"{"expires":-1}"#);
    world.pass(MILLI);
    assert_eq!(world.take_to(&inbox)[0].status(), "408 Request Timeout");
}

#[test]
fn consumers_053_054_heartbeats_of_requests() {
    let mut world = filled(EXPLICIT, 0);
    let inbox = world.pull_from(
        "C",
        r#"{"batch":5,"expires":1000000000,"idle_heartbeat":300000000}"#,
    );
    world.pass(700 * MILLI);
    let got = world.take_to(&inbox);
    assert_eq!(got.len(), 2);
    assert_eq!(
        got[0].header,
        "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 0\r\nNats-Last-Stream: 0\r\n\r\n"
    );
    for body in [
        r#"{"expires":1000000000,"idle_heartbeat":600000000}"#,
        r#"{"idle_heartbeat":1}"#,
    ] {
        assert_eq!(
            world.fetch("C", body)[0].status(),
            "400 Bad Request - heartbeat value too large"
        );
    }
}

#[test]
fn consumers_055_056_057_limits_of_requests() {
    let mut world = filled(
        r#"{"durable_name":"C","max_batch":10,"max_expires":1000000000,"max_bytes":1000,"max_waiting":1}"#,
        0,
    );
    for (body, status) in [
        (r#"{"batch":11}"#, "409 Exceeded MaxRequestBatch of 10"),
        (
            r#"{"expires":1000000001}"#,
            "409 Exceeded MaxRequestExpires of 1s",
        ),
        (
            r#"{"max_bytes":1001}"#,
            "409 Exceeded MaxRequestMaxBytes of 1000",
        ),
        (
            r#"{"priority":10}"#,
            "400 Bad Request - Priority must be between 0 and 9",
        ),
        (
            r#"{"id":"x"}"#,
            "400 Bad Request - Not a Pinned Client Priority consumer",
        ),
        (
            r#"{"min_pending":1}"#,
            "400 Bad Request - Not a Overflow Priority consumer",
        ),
    ] {
        assert_eq!(world.fetch("C", body)[0].status(), status);
    }
    world.pull_from("C", r#"{"expires":1000000000}"#);
    assert_eq!(world.fetch("C", "")[0].status(), "409 Exceeded MaxWaiting");
    assert!(
        world
            .fetch("C", r#"{"expires":1000000000,"idle_heartbeat":100000000}"#)
            .is_empty()
    );
    world.consumer(r#"{"durable_name":"P","deliver_subject":"d"}"#);
    assert_eq!(
        world.fetch("P", "")[0].status(),
        "409 Consumer is push based"
    );
}

#[test]
fn consumers_051_058_requests_take_turns() {
    let mut world = filled(EXPLICIT, 0);
    let names = ["_INBOX.x", "_INBOX.y", "_INBOX.z"];
    for (name, batch) in names.iter().zip(["4", "2", "3"]) {
        world.pull_to("C", batch, name);
    }
    for n in 0..9 {
        world.publish("s.a", &n.to_string());
    }
    let order: String = world
        .take()
        .iter()
        .map(|sent| sent.to.trim_start_matches("_INBOX.").to_owned())
        .collect();
    assert_eq!(order, "xyzxyzxzx");
    world.pull_to("C", r#"{"batch":5}"#, "_INBOX.x");
    world.ack("$JS.ACK.S.C.1.1.1.0.0", "-NAK");
    world.pull_to("C", r#"{"batch":2}"#, "_INBOX.x");
    assert_eq!(world.take().len(), 1);
}

#[test]
fn consumers_059_byte_budgets() {
    let mut world = filled(EXPLICIT, 0);
    for _ in 0..3 {
        world.publish("s.a", &"x".repeat(100));
    }
    let size = 3 + format!("$JS.ACK.S.C.1.1.1.{}.2", support::START).len() + 100;
    let got = world.fetch("C", &format!(r#"{{"batch":10,"max_bytes":{}}}"#, size + 10));
    assert_eq!(
        got[1].header,
        "NATS/1.0 409 Message Size Exceeds MaxBytes\r\nNats-Pending-Messages: 9\r\nNats-Pending-Bytes: 10\r\n\r\n"
    );
    let got = world.fetch("C", &format!(r#"{{"batch":1,"max_bytes":{}}}"#, size + 10));
    assert_eq!(
        got[1].header,
        "NATS/1.0 409 Batch Completed\r\nNats-Pending-Messages: 0\r\nNats-Pending-Bytes: 10\r\n\r\n"
    );
    let got = world.fetch("C", &format!(r#"{{"batch":2,"max_bytes":{size}}}"#));
    assert_eq!(got.len(), 1);
}

#[test]
fn consumers_060_requests_without_interest_vanish() {
    let mut world = filled(EXPLICIT, 0);
    world.pull_to("C", "5", "gone");
    let kept = world.pull_from("C", "5");
    world.publish("s.a", "1");
    assert_eq!(world.take_to(&kept).len(), 1);
    assert_eq!(world.consumer_info("C")["num_waiting"], 1);
}

#[test]
fn consumers_061_max_ack_pending_stalls_new_messages_only() {
    let mut world = filled(
        r#"{"durable_name":"C","ack_policy":"explicit","max_ack_pending":2}"#,
        5,
    );
    let inbox = world.pull_from("C", "10");
    let got = world.take_to(&inbox);
    assert_eq!(got.len(), 2);
    world.ack(&got[0].reply, "-NAK");
    let again = world.take_to(&inbox);
    assert_eq!((again.len(), again[0].deliveries()), (1, 2));
    world.ack(&got[1].reply, "+ACK");
    assert_eq!(payloads(&world.take_to(&inbox)), ["3"]);
}

#[test]
fn consumers_062_063_the_end_of_requests() {
    let mut world = filled(EXPLICIT, 0);
    let inbox = world.pull_from("C", "5");
    world.act(|stream, cx| stream.shutdown(cx));
    assert_eq!(
        world.take_to(&inbox)[0].header,
        "NATS/1.0 409 Server Shutdown\r\nNats-Pending-Messages: 5\r\nNats-Pending-Bytes: 0\r\n\r\n"
    );
    let inbox = world.pull_from("C", "5");
    assert_eq!(world.api("CONSUMER.DELETE.S.C", "")["success"], true);
    assert_eq!(
        world.take_to(&inbox)[0].header,
        "NATS/1.0 409 Consumer Deleted\r\n\r\n"
    );
    assert_eq!(world.api_code("CONSUMER.DELETE.S.C", ""), 10014);
    assert_eq!(world.api_code("CONSUMER.INFO.S.C", "x"), 10038);
}

#[test]
fn consumers_065_066_072_acknowledgements() {
    let mut world = filled(EXPLICIT, 4);
    let got = world.fetch("C", "3");
    for (at, want) in [(2, 0), (0, 1), (1, 3)] {
        let (heard, answers) = world.ack(&got[at].reply, ["", "+ACK", "+OK"][at]);
        assert!(heard);
        assert_eq!((answers.len(), answers[0].payload.as_str()), (1, ""));
        assert_eq!(floor(&mut world), (json!(want), json!(want)));
    }
    assert_eq!(world.ack(&got[0].reply, "").1.len(), 1, "again");
    assert_eq!(
        world.ack("$JS.ACK.S.C.1.4.4.0.0", "").1.len(),
        0,
        "not delivered yet"
    );
    assert_eq!(
        world
            .ack("$JS.ACK._.szMpdrwD.S.C.1.3.3.0.0.x", "bogus")
            .1
            .len(),
        1
    );
    assert!(!world.ack("$JS.ACK.S.C.1.1.1.0", "").0);
    assert_eq!(world.consumer_info("C")["num_ack_pending"], 0);
}

#[test]
fn consumers_067_068_naks() {
    let mut world = filled(EXPLICIT, 4);
    let got = world.fetch("C", "3");
    world.ack(&got[2].reply, "-NAK");
    world.ack(&got[0].reply, "-NAK xyz");
    world.ack(&got[1].reply, r#"-NAK {"delay": 300000000}"#);
    let again = world.fetch("C", "3");
    assert_eq!(
        again
            .iter()
            .map(|sent| (sent.stream_seq(), sent.deliveries()))
            .collect::<Vec<_>>(),
        [(3, 2), (1, 2), (4, 1)]
    );
    let inbox = world.pull_from("C", "9");
    world.pass(299 * MILLI);
    assert!(world.take_to(&inbox).is_empty());
    world.pass(2 * MILLI);
    assert_eq!(world.take_to(&inbox)[0].stream_seq(), 2);
}

#[test]
fn consumers_069_to_071_term_progress_next() {
    let mut world = filled(EXPLICIT, 6);
    world
        .listeners
        .plain
        .insert("$JS.EVENT.ADVISORY.>".to_owned());
    let got = world.fetch("C", "2");
    world.ack(&got[0].reply, "+TERM because");
    let advisory = world.take_to("$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.S.C")[0].json();
    assert_eq!(advisory["reason"], "because");
    assert_eq!(
        (&advisory["stream_seq"], &advisory["deliveries"]),
        (&json!(1), &json!(1))
    );
    world.pass(20 * SECOND);
    world.ack(&got[1].reply, "+WPI");
    world.pass(20 * SECOND);
    assert_eq!(world.consumer_info("C")["num_redelivered"], 0);
    let (_, next) = world.ack(&got[1].reply, "+NXT 2");
    assert_eq!(payloads(&next), ["3", "4"]);
    let (_, next) = world.ack(&next[0].reply, r#"+NXT {"batch":1}"#);
    assert_eq!(payloads(&next), ["5"]);
    let (_, next) = world.ack(&next[0].reply, "+NXT {x");
    assert!(next[0].status().starts_with("400 Bad Request - "));
}

#[test]
fn consumers_073_no_acknowledgements_no_subscription() {
    let mut world = filled(r#"{"durable_name":"C"}"#, 1);
    let got = world.fetch("C", "");
    assert!(!world.ack(&got[0].reply, "").0);
    assert_eq!(floor(&mut world), (json!(1), json!(1)));
}

#[test]
fn consumers_075_long_subjects() {
    let mut settings = midge_jetstream::Settings::default();
    settings.limits.long_ack_subjects = true;
    let mut world = World::with_settings(S, settings);
    world.publish("s.a", "x");
    world.consumer(EXPLICIT);
    let got = world.fetch("C", "");
    assert_eq!(
        got[0].reply,
        format!("$JS.ACK._.szMpdrwD.S.C.1.1.1.{}.0", support::START)
    );
    assert_eq!(world.ack(&got[0].reply, "").1.len(), 1);
    assert_eq!(world.ack("$JS.ACK.S.C.1.1.1.0.0", "").1.len(), 1);
}

#[test]
fn consumers_076_acknowledging_all() {
    let mut world = filled(r#"{"durable_name":"C","ack_policy":"all"}"#, 8);
    let got = world.fetch("C", "8");
    world.ack(&got[3].reply, "");
    assert_eq!(floor(&mut world), (json!(4), json!(4)));
    assert_eq!(world.ack(&got[1].reply, "").1.len(), 1);
    assert_eq!(floor(&mut world), (json!(4), json!(4)));
    world.ack(&got[5].reply, "+TERM");
    assert_eq!(world.consumer_info("C")["num_ack_pending"], 2);
}

#[test]
fn consumers_080_083_deliveries_end() {
    let mut world = filled(
        r#"{"durable_name":"C","ack_policy":"explicit","ack_wait":500000000,"max_deliver":3}"#,
        1,
    );
    world
        .listeners
        .plain
        .insert("$JS.EVENT.ADVISORY.>".to_owned());
    let inbox = world.pull_from("C", "9");
    world.pass(5 * SECOND);
    let got = world.take_to(&inbox);
    assert_eq!(
        got.iter().map(|sent| sent.deliveries()).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    let advisories = world.take_to("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.S.C");
    assert_eq!(advisories.len(), 1);
    let advisory = advisories[0].json();
    assert_eq!(
        (&advisory["stream_seq"], &advisory["deliveries"]),
        (&json!(1), &json!(3))
    );
    let info = world.consumer_info("C");
    assert_eq!(
        (&info["num_ack_pending"], &info["num_redelivered"]),
        (&json!(0), &json!(1))
    );
    world.ack(&got[0].reply, "");
    assert_eq!(world.consumer_info("C")["num_redelivered"], 0);
    let mut world = filled(
        r#"{"durable_name":"C","ack_policy":"explicit","ack_wait":500000000,"max_deliver":1}"#,
        1,
    );
    world.fetch("C", "");
    world.pass(SECOND);
    let info = world.consumer_info("C");
    assert_eq!(
        (&info["num_ack_pending"], &info["num_redelivered"]),
        (&json!(0), &json!(0))
    );
}

#[test]
fn consumers_081_082_backoff() {
    let mut world = filled(
        r#"{"durable_name":"C","ack_policy":"explicit","backoff":[200000000,600000000,1000000000],"max_deliver":5}"#,
        1,
    );
    let inbox = world.pull_from("C", "9");
    let mut times = Vec::new();
    for _ in 0..400 {
        let deliveries = world.take_to(&inbox);
        times.extend(
            deliveries
                .iter()
                .map(|_| (world.now.0 - support::START) / MILLI),
        );
        world.pass(10 * MILLI);
    }
    assert_eq!(times, [0, 200, 800, 1800, 2800]);
}

#[test]
fn consumers_084_to_087_messages_that_go_while_pending() {
    let mut world = filled(EXPLICIT, 6);
    world
        .listeners
        .plain
        .insert("$JS.EVENT.ADVISORY.>".to_owned());
    let got = world.fetch("C", "3");
    world.api("STREAM.MSG.DELETE.S", r#"{"seq":2}"#);
    let advisory = world.take_to("$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.S.C")[0].json();
    assert_eq!(advisory["reason"], "Unacknowledged message was deleted");
    assert_eq!(world.consumer_info("C")["num_ack_pending"], 2);
    world.ack(&got[0].reply, "-NAK");
    world.api("STREAM.MSG.DELETE.S", r#"{"seq":1}"#);
    assert_eq!(payloads(&world.fetch("C", "")), ["4"]);
    world.take();
    world.api("STREAM.PURGE.S", "");
    assert!(world.take().is_empty(), "no advisories");
    let info = world.consumer_info("C");
    assert_eq!(info["ack_floor"]["stream_seq"], 6);
    assert_eq!(info["delivered"]["stream_seq"], 6);
    assert_eq!(
        (&info["num_ack_pending"], &info["num_pending"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(world.publish("s.a", "7"), 7);
    assert_eq!(payloads(&world.fetch("C", "")), ["7"]);
}

#[test]
fn consumers_088_to_090_push_and_interest() {
    let mut world = filled(
        r#"{"durable_name":"C","deliver_subject":"d","idle_heartbeat":1000000000}"#,
        2,
    );
    world.listen("*", "");
    world.listen("d", "g");
    world.pass(3 * SECOND);
    assert!(world.take().is_empty());
    world.listen("d", "");
    assert_eq!(payloads(&world.take_to("d")), ["1", "2"]);
    assert_eq!(world.consumer_info("C")["push_bound"], true);
    world.pass(2100 * MILLI);
    let beats = world.take_to("d");
    assert_eq!(beats.len(), 2);
    assert_eq!(
        beats[0].header,
        "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 2\r\nNats-Last-Stream: 2\r\n\r\n"
    );
    world.leave("d");
    world.pass(2 * SECOND);
    assert!(world.take_to("d").is_empty());
    let mut world = filled(
        r#"{"durable_name":"C","deliver_subject":"d","deliver_group":"g"}"#,
        1,
    );
    world.listen("d", "");
    world.listen("d", "h");
    assert!(world.take().is_empty());
    world.listen("d", "g");
    assert_eq!(world.take_to("d").len(), 1);
}

#[test]
fn consumers_091_092_flow_control() {
    let mut world = World::new(S);
    for _ in 0..40 {
        world.publish("s.a", &"x".repeat(100_000));
    }
    world.consumer(r#"{"durable_name":"C","deliver_subject":"d","flow_control":true,"idle_heartbeat":1000000000}"#);
    world.listen("d", "");
    let got = world.take_to("d");
    let requests: Vec<_> = got
        .iter()
        .filter(|sent| sent.status() == "100 FlowControl Request")
        .collect();
    assert_eq!(
        (got.len(), requests.len()),
        (22, 1),
        "a request after half of the window, then the whole window"
    );
    let subject = requests[0].reply.clone();
    assert!(subject.starts_with("$JS.FC.S.C."));
    world.pass(SECOND);
    assert!(
        world.take_to("d")[0]
            .header
            .contains(&format!("Nats-Consumer-Stalled: {subject}\r\n"))
    );
    let id = world.id("C").unwrap();
    world.act(|stream, cx| stream.flow_reply(id, b"$JS.FC.S.C.x", b"", cx));
    assert!(world.take_to("d").is_empty());
    world.act(|stream, cx| stream.flow_reply(id, subject.as_bytes(), b"", cx));
    assert_eq!(
        world
            .take_to("d")
            .iter()
            .filter(|sent| sent.status().is_empty())
            .count(),
        19
    );
}

#[test]
fn consumers_093_to_096_rate_stall_headers_replay() {
    let mut world = World::new(S);
    for _ in 0..5 {
        world.publish("s.a", &"x".repeat(500_000));
        world.pass(200 * MILLI);
    }
    world.consumer(r#"{"durable_name":"C","deliver_subject":"d","rate_limit_bps":8000000}"#);
    world.listen("d", "");
    assert_eq!(world.take_to("d").len(), 2);
    world.pass(600 * MILLI);
    assert_eq!(world.take_to("d").len(), 1);
    world.consumer(r#"{"durable_name":"D","deliver_subject":"e","ack_policy":"explicit","max_ack_pending":2,"headers_only":true}"#);
    world.listen("e", "");
    let got = world.take_to("e");
    assert_eq!(got.len(), 2);
    assert_eq!(
        (got[0].header.as_str(), got[0].payload.as_str()),
        ("NATS/1.0\r\nNats-Msg-Size: 500000\r\n\r\n", "")
    );
    world.ack(&got[1].reply, "");
    assert_eq!(world.take_to("e").len(), 1);
    world.consumer(r#"{"durable_name":"R","deliver_subject":"r","replay_policy":"original","headers_only":true}"#);
    world.listen("r", "");
    assert_eq!(world.take_to("r").len(), 1);
    world.pass(410 * MILLI);
    assert_eq!(world.take_to("r").len(), 2);
    world.pass(SECOND);
    assert_eq!(world.take_to("r").len(), 2);
}

#[test]
fn consumers_097_acknowledgement_by_flow_control() {
    let mut world = filled(
        r#"{"durable_name":"C","ack_policy":"flow_control","deliver_subject":"d","max_ack_pending":3}"#,
        5,
    );
    world.listen("d", "");
    let got = world.take_to("d");
    let request = got.last().unwrap().reply.clone();
    assert_eq!((got.len(), got[3].status()), (4, "100 FlowControl Request"));
    let id = world.id("C").unwrap();
    let header = "NATS/1.0\r\nNats-Last-Stream: 3\r\nNats-Last-Consumer: 3\r\n\r\n";
    world.act(|stream, cx| stream.flow_reply(id, request.as_bytes(), header.as_bytes(), cx));
    assert_eq!(floor(&mut world), (json!(3), json!(3)));
    assert_eq!(payloads(&world.take_to("d")), ["4", "5"]);
}

#[test]
fn consumers_098_to_100_inactivity() {
    let mut world = filled(r#"{"name":"C","deliver_subject":"d"}"#, 0);
    world.pass(5 * SECOND);
    assert!(world.id("C").is_some());
    world.pass(SECOND);
    assert!(world.id("C").is_none());
    let mut world = filled(
        r#"{"name":"C","deliver_subject":"d","inactive_threshold":700000000}"#,
        0,
    );
    world.listen("d", "");
    world.pass(10 * SECOND);
    world.leave("d");
    world.pass(699 * MILLI);
    assert!(world.id("C").is_some());
    world.pass(MILLI);
    assert!(world.id("C").is_none());
    let mut world = filled(
        r#"{"name":"C","inactive_threshold":1000000000,"ack_policy":"explicit","ack_wait":3000000000}"#,
        1,
    );
    world.pull_from("C", r#"{"batch":2,"expires":5000000000}"#);
    world.pass(4900 * MILLI);
    world.consumer_info("C");
    assert!(world.id("C").is_some());
    world.pass(20 * SECOND);
    assert!(world.id("C").is_none());
}

#[test]
fn consumers_101_102_pause() {
    let mut world = filled(EXPLICIT, 1);
    world
        .listeners
        .plain
        .insert("$JS.EVENT.ADVISORY.>".to_owned());
    let paused = world.api(
        "CONSUMER.PAUSE.S.C",
        r#"{"pause_until":"2023-11-14T22:13:25Z"}"#,
    );
    assert_eq!(
        paused,
        json!({"type":"io.nats.jetstream.api.v1.consumer_pause_response","paused":true,"pause_until":"2023-11-14T22:13:25Z","pause_remaining":5 * SECOND})
    );
    assert_eq!(world.take()[0].json()["paused"], true);
    let inbox = world.pull_from(
        "C",
        r#"{"batch":2,"expires":9000000000,"idle_heartbeat":2000000000}"#,
    );
    assert_eq!(
        world.fetch("C", r#"{"no_wait":true}"#)[0].status(),
        "408 Requests Pending"
    );
    world.pass(4900 * MILLI);
    assert_eq!(world.take_to(&inbox).len(), 2);
    world.pass(200 * MILLI);
    assert_eq!(payloads(&world.take_to(&inbox)), ["1"]);
    assert_eq!(world.take()[0].json()["paused"], false);
    for body in ["", "{}", "text"] {
        let resumed = world.api("CONSUMER.PAUSE.S.C", body);
        assert_eq!(
            resumed,
            json!({"type":"io.nats.jetstream.api.v1.consumer_pause_response","paused":false,"pause_until":"0001-01-01T00:00:00Z"})
        );
    }
    assert_eq!(
        world.api_code("CONSUMER.PAUSE.S.C", r#"{"pause_until":"zzz"}"#),
        10025
    );
    assert_eq!(world.api_code("CONSUMER.PAUSE.S.X", ""), 10014);
}

#[test]
fn consumers_103_reset() {
    let mut world = filled(EXPLICIT, 5);
    let got = world.fetch("C", "3");
    world.ack(&got[0].reply, "");
    let reset = world.reset("C", "");
    assert_eq!(
        (
            &reset["reset_seq"],
            &reset["num_pending"],
            &reset["num_ack_pending"]
        ),
        (&json!(2), &json!(4), &json!(0))
    );
    let got = world.fetch("C", "");
    assert_eq!((got[0].stream_seq(), got[0].consumer_seq()), (2, 1));
    assert_eq!(world.reset("C", r#"{"seq":1}"#)["reset_seq"], 1);
    assert_eq!(
        world.reset("C", r#"{"seq":100}"#)["delivered"]["stream_seq"],
        99
    );
    world.consumer(r#"{"durable_name":"N","deliver_policy":"new"}"#);
    let refused = world.reset("N", r#"{"seq":1}"#);
    assert_eq!(
        (&refused["error"]["description"], &refused["reset_seq"]),
        (&json!("invalid reset: not allowed"), &json!(0))
    );
    world
        .consumer(r#"{"durable_name":"B","deliver_policy":"by_start_sequence","opt_start_seq":3}"#);
    assert_eq!(
        world.reset("B", r#"{"seq":2}"#)["error"]["description"],
        "invalid reset: below start seq"
    );
}

#[test]
fn consumers_104_to_107_pinned_clients() {
    let mut world = filled(
        r#"{"durable_name":"C","ack_policy":"explicit","priority_policy":"pinned_client","priority_groups":["g"],"priority_timeout":10000000000}"#,
        0,
    );
    world
        .listeners
        .plain
        .insert("$JS.EVENT.ADVISORY.>".to_owned());
    assert_eq!(
        world.fetch("C", r#"{"batch":1}"#)[0].status(),
        "400 Bad Request - Priority Group missing"
    );
    assert_eq!(
        world.fetch("C", r#"{"group":"x"}"#)[0].status(),
        "400 Bad Request - Invalid Priority Group"
    );
    let first = world.pull_from("C", r#"{"batch":3,"group":"g"}"#);
    let second = world.pull_from("C", r#"{"batch":3,"group":"g"}"#);
    world.publish("s.a", "1");
    world.publish("s.a", "2");
    let got = world.take_to(&first);
    assert_eq!(payloads(&got), ["1", "2"]);
    let pin = got[1]
        .header
        .strip_prefix("NATS/1.0\r\nNats-Pin-Id: ")
        .unwrap()
        .trim_end()
        .to_owned();
    assert_eq!(pin.len(), 22);
    let group = world.consumer_info("C")["priority_groups"][0].clone();
    assert_eq!(
        (&group["group"], &group["pinned_client_id"]),
        (&json!("g"), &json!(pin))
    );
    assert_eq!(
        world.take_to("$JS.EVENT.ADVISORY.CONSUMER.PINNED.S.C")[0].json()["pinned_id"],
        json!(pin)
    );
    assert_eq!(
        world.fetch("C", r#"{"group":"g","id":"wrong"}"#)[0].status(),
        "423 Nats-Pin-Id mismatch"
    );
    world.pass(11 * SECOND);
    assert_eq!(
        world.take_to("$JS.EVENT.ADVISORY.CONSUMER.UNPINNED.S.C")[0].json()["reason"],
        "timeout"
    );
    world.publish("s.a", "3");
    world.publish("s.a", "4");
    assert_eq!(payloads(&world.take_to(&second)), ["3", "4"]);
    assert_eq!(world.take_to(&first)[0].status(), "423 Nats-Wrong-Pin-Id");
    for (body, code) in [
        ("", 10025),
        ("{}", 10025),
        (r#"{"group":"a b"}"#, 10162),
        (r#"{"group":"x"}"#, 10160),
    ] {
        assert_eq!(world.api_code("CONSUMER.UNPIN.S.C", body), code, "{body}");
    }
    assert_eq!(
        world.api("CONSUMER.UNPIN.S.C", r#"{"group":"g"}"#),
        json!({"type":"io.nats.jetstream.api.v1.consumer_unpin_response"})
    );
    assert_eq!(
        world.take_to("$JS.EVENT.ADVISORY.CONSUMER.UNPINNED.S.C")[0].json()["reason"],
        "admin"
    );
}

#[test]
fn consumers_108_overflow() {
    let mut world = filled(
        r#"{"durable_name":"C","ack_policy":"explicit","priority_policy":"overflow","priority_groups":["g"]}"#,
        2,
    );
    let inbox = world.pull_from(
        "C",
        r#"{"batch":5,"group":"g","min_pending":3,"expires":5000000000}"#,
    );
    assert!(world.take_to(&inbox).is_empty());
    world.publish("s.a", "3");
    assert_eq!(payloads(&world.take_to(&inbox)), ["1"]);
    let other = world.pull_from(
        "C",
        r#"{"batch":5,"group":"g","min_pending":100,"min_ack_pending":1,"expires":5000000000}"#,
    );
    assert_eq!(payloads(&world.take_to(&other)), ["2", "3"]);
    world.pass(6 * SECOND);
    assert_eq!(world.take_to(&inbox)[0].status(), "408 Request Timeout");
}

#[test]
fn consumers_109_urgency() {
    let mut world = filled(
        r#"{"durable_name":"C","priority_policy":"prioritized","priority_groups":["g"]}"#,
        0,
    );
    for (name, priority, batch) in [("e", 5, 1), ("a", 0, 2), ("c", 2, 1), ("b", 0, 2)] {
        world.pull_to(
            "C",
            &format!(r#"{{"group":"g","priority":{priority},"batch":{batch}}}"#),
            &format!("_INBOX.{name}"),
        );
    }
    for n in 0..6 {
        world.publish("s.a", &n.to_string());
    }
    let order: String = world
        .take()
        .iter()
        .map(|sent| sent.to.trim_start_matches("_INBOX.").to_owned())
        .collect();
    assert_eq!(order, "ababce");
}

#[test]
fn consumers_111_work_queues() {
    let mut world =
        World::new(r#"{"name":"S","subjects":["s.>"],"storage":"memory","retention":"workqueue"}"#);
    let code = |world: &mut World, config: &str| {
        world.consumer(config)["error"]["err_code"]
            .as_u64()
            .unwrap_or(0)
    };
    assert_eq!(code(&mut world, r#"{"durable_name":"A"}"#), 10084);
    assert_eq!(
        code(&mut world, r#"{"durable_name":"A","ack_policy":"all"}"#),
        10098
    );
    assert_eq!(
        code(
            &mut world,
            r#"{"durable_name":"A","ack_policy":"explicit","deliver_policy":"new"}"#
        ),
        10101
    );
    assert_eq!(
        code(
            &mut world,
            r#"{"durable_name":"A","ack_policy":"explicit","filter_subject":"s.a"}"#
        ),
        0
    );
    assert_eq!(
        code(
            &mut world,
            r#"{"durable_name":"B","ack_policy":"explicit"}"#
        ),
        10099
    );
    assert_eq!(
        code(
            &mut world,
            r#"{"durable_name":"B","ack_policy":"explicit","filter_subject":"s.*"}"#
        ),
        10100
    );
    assert_eq!(
        code(
            &mut world,
            r#"{"durable_name":"B","ack_policy":"explicit","filter_subject":"s.b"}"#
        ),
        0
    );
    for subject in ["s.a", "s.a", "s.b", "s.c"] {
        world.publish(subject, "x");
    }
    let got = world.fetch("A", "2");
    world.ack(&got[0].reply, "");
    world.ack(&got[1].reply, "+TERM");
    assert_eq!(world.messages(), 2);
}

#[test]
fn consumers_112_interest() {
    let mut world =
        World::new(r#"{"name":"S","subjects":["s.>"],"storage":"memory","retention":"interest"}"#);
    world.consumer(r#"{"durable_name":"A","ack_policy":"explicit","filter_subject":"s.a"}"#);
    world.consumer(r#"{"durable_name":"B","filter_subject":"s.*"}"#);
    world.publish("s.a", "1");
    world.publish("s.b", "2");
    world.publish("s.x.y", "3");
    assert_eq!(world.messages(), 2);
    world.fetch("B", "5");
    assert_eq!(world.messages(), 1);
    let got = world.fetch("A", "5");
    world.ack(&got[0].reply, "");
    assert_eq!(world.messages(), 0);
    world.publish("s.a", "4");
    world.fetch("B", "5");
    world.api("CONSUMER.DELETE.S.A", "");
    assert_eq!(world.messages(), 0);
}

#[test]
fn consumers_113_pending_follows_removals() {
    let mut world = World::new(S);
    for subject in ["s.a", "s.b", "s.a", "s.c", "s.a"] {
        world.publish(subject, "x");
    }
    world.consumer(r#"{"durable_name":"C","filter_subjects":["s.a","s.b"]}"#);
    assert_eq!(world.consumer_info("C")["num_pending"], 4);
    for (seq, left) in [(4, 4), (3, 3), (2, 2)] {
        world.api("STREAM.MSG.DELETE.S", &format!(r#"{{"seq":{seq}}}"#));
        assert_eq!(world.consumer_info("C")["num_pending"], left);
    }
    world.publish("s.b", "x");
    assert_eq!(world.consumer_info("C")["num_pending"], 3);
    world.api("STREAM.PURGE.S", "");
    assert_eq!(world.consumer_info("C")["num_pending"], 0);
}

#[test]
fn consumers_114_115_advisories_and_samples() {
    let mut world = World::new(S);
    world.listeners.plain.insert("$JS.EVENT.>".to_owned());
    world.publish("s.a", "x");
    world.consumer(r#"{"durable_name":"C","ack_policy":"explicit","sample_freq":"100%"}"#);
    let created = world.take_to("$JS.EVENT.ADVISORY.CONSUMER.CREATED.S.C")[0].clone();
    let json = created.json();
    assert_eq!(
        json["type"],
        "io.nats.jetstream.advisory.v1.consumer_action"
    );
    assert_eq!(json["id"].as_str().unwrap().len(), 22);
    assert_eq!(
        (&json["stream"], &json["consumer"], &json["action"]),
        (&json!("S"), &json!("C"), &json!("create"))
    );
    let got = world.fetch("C", "");
    world.ack(&got[0].reply, "-NAK");
    let naked = world.take_to("$JS.EVENT.ADVISORY.CONSUMER.MSG_NAKED.S.C")[0].json();
    assert_eq!(
        (
            &naked["consumer_seq"],
            &naked["stream_seq"],
            &naked["deliveries"]
        ),
        (&json!(1), &json!(1), &json!(1))
    );
    let got = world.fetch("C", "");
    world.pass(7 * MILLI);
    world.ack(&got[0].reply, "");
    let sample = world.take_to("$JS.EVENT.METRIC.CONSUMER.ACK.S.C")[0].json();
    assert_eq!(
        (&sample["ack_time"], &sample["deliveries"]),
        (&json!(7 * MILLI), &json!(2))
    );
    world.api("CONSUMER.DELETE.S.C", "{}");
    assert_eq!(
        world.take_to("$JS.EVENT.ADVISORY.CONSUMER.DELETED.S.C")[0].json()["action"],
        "delete"
    );
}

#[test]
fn consumers_123_124_pages() {
    let mut world = World::new(S);
    for n in 0..300 {
        world.consumer(&format!(r#"{{"durable_name":"C{n:03}"}}"#));
    }
    let page = world.api("CONSUMER.LIST.S", r#"{"offset":250}"#);
    assert_eq!(
        (&page["total"], &page["offset"], &page["limit"]),
        (&json!(300), &json!(250), &json!(256))
    );
    assert_eq!(page["consumers"].as_array().unwrap().len(), 50);
    assert_eq!(page["consumers"][0]["name"], "C250");
    assert_eq!(
        page["consumers"][0]["config"]["metadata"],
        json!({"_nats.req.level":"0"})
    );
    let page = world.api("CONSUMER.NAMES.S", r#"{"offset":1000}"#);
    assert_eq!(
        (&page["offset"], &page["consumers"]),
        (&json!(300), &json!([]))
    );
}

#[test]
fn consumers_103_reset_of_a_missing_consumer_is_answered() {
    let mut world = World::new(S);
    let reply = world.api("CONSUMER.RESET.S.C", "");
    assert_eq!(
        (&reply["error"]["err_code"], &reply["reset_seq"]),
        (&json!(10014), &json!(0))
    );
}

#[test]
fn consumers_080_the_floor_moves_past_given_up_messages() {
    let mut world = World::new(S);
    world.publish("s.a", "1");
    world.publish("s.a", "2");
    world.consumer(
        r#"{"durable_name":"C","ack_policy":"explicit","ack_wait":1000000000,"max_deliver":1}"#,
    );
    assert_eq!(world.fetch("C", r#"{"batch":2}"#).len(), 2);
    world.pass(2 * SECOND);
    let info = world.consumer_info("C");
    assert_eq!(
        (&info["ack_floor"]["stream_seq"], &info["num_ack_pending"]),
        (&json!(2), &json!(0))
    );
}

#[test]
fn consumers_061_a_request_that_does_not_wait_is_answered_at_max_ack_pending() {
    let mut world = World::new(S);
    world.publish("s.a", "1");
    world.publish("s.a", "2");
    world.consumer(r#"{"durable_name":"C","ack_policy":"explicit","max_ack_pending":1}"#);
    assert_eq!(world.fetch("C", "").len(), 1);
    let got = world.fetch("C", r#"{"no_wait":true}"#);
    assert_eq!(got[0].status(), "404 No Messages");
}
