//! What streams do, by the numbers of the conformance list of
//! jetstream-streams.md where an item is covered.

mod support;

use serde_json::json;
use support::{MILLI, SECOND, World, block};

const S: &str = r#"{"name":"S","subjects":["s.>"],"storage":"memory","allow_direct":true}"#;

fn with(fields: &str) -> World {
    World::new(&format!(
        r#"{{"name":"S","subjects":["s.>"],"storage":"memory",{fields}}}"#
    ))
}

#[test]
fn streams_039_040_answers_byte_for_byte() {
    let mut world = World::new(S);
    assert_eq!(
        world.publish_with("s.a", "", "x"),
        r#"{"stream":"S","seq":1}"#
    );
    assert_eq!(
        world.publish_with("s.a", &block(&[("Nats-Expected-Stream", "T")]), "x"),
        r#"{"error":{"code":400,"err_code":10060,"description":"expected stream does not match"},"stream":"S","seq":0}"#
    );
    let id = block(&[("Nats-Msg-Id", "1")]);
    assert_eq!(
        world.publish_with("s.a", &id, "x"),
        r#"{"stream":"S","seq":2}"#
    );
    assert_eq!(
        world.publish_with("s.b", &id, "x"),
        r#"{"stream":"S","seq":2,"duplicate": true}"#
    );
}

#[test]
fn api_008_a_domain_is_named_in_answers() {
    let settings = midge_jetstream::Settings {
        domain: "D".to_owned(),
        ..midge_jetstream::Settings::default()
    };
    let mut world = World::with_settings(S, settings);
    assert_eq!(
        world.publish_with("s.a", "", "x"),
        r#"{"stream":"S","domain":"D","seq":1}"#
    );
}

#[test]
fn streams_033_034_state_of_a_stream() {
    let mut world = World::new(S);
    let state = world.info()["state"].clone();
    assert_eq!(
        state,
        json!({"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0})
    );
    world.publish("s.a", "12345");
    world.publish_with("s.a", &block(&[("A", "b")]), "12345");
    let state = world.info()["state"].clone();
    assert_eq!(state["bytes"], 24 + 24 + 18);
    world.api("STREAM.PURGE.S", "");
    let state = world.info()["state"].clone();
    assert_eq!(
        (&state["first_seq"], &state["last_seq"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(state["first_ts"], "0001-01-01T00:00:00Z");
    assert_ne!(state["last_ts"], "0001-01-01T00:00:00Z");
}

#[test]
fn streams_035_036_details_of_an_info() {
    let mut world = World::new(S);
    for subject in ["s.c", "s.a", "s.b", "s.a"] {
        world.publish(subject, "x");
    }
    world.api("STREAM.MSG.DELETE.S", r#"{"seq":2}"#);
    assert_eq!(world.info()["state"]["num_deleted"], 1);
    let info = world.api(
        "STREAM.INFO.S",
        r#"{"deleted_details":true,"subjects_filter":">","offset":1}"#,
    );
    assert_eq!(info["state"]["deleted"], json!([2]));
    assert_eq!(
        (&info["total"], &info["offset"], &info["limit"]),
        (&json!(3), &json!(1), &json!(100_000))
    );
    assert_eq!(info["state"]["subjects"], json!({"s.b":1,"s.c":1}));
    let info = world.api("STREAM.INFO.S", r#"{"subjects_filter":"x"}"#);
    assert_eq!(info["limit"], 0);
    assert_eq!(world.api_code("STREAM.INFO.S", "hello"), 0);
    assert_eq!(world.api_code("STREAM.INFO.S", r#"{"x":1}"#), 10025);
}

#[test]
fn streams_043_statuses_are_not_stored() {
    let mut world = World::new(S);
    world.publish_with("s.a", "NATS/1.0 503 x\r\nA: b\r\n\r\n", "x");
    world.publish_with("s.a", "NATS/1.0 503 x\r\n\r\n", "x");
    let got = world.api("STREAM.MSG.GET.S", r#"{"seq":1}"#);
    assert_eq!(got["message"]["hdrs"], "TkFUUy8xLjANCkE6IGINCg0K");
    let got = world.api("STREAM.MSG.GET.S", r#"{"seq":2}"#);
    assert!(got["message"].get("hdrs").is_none());
}

#[test]
fn streams_046_to_050_refused_headers() {
    let mut world = with(r#""max_msg_size":100"#);
    assert_eq!(world.publish_code("s.a", &[], &"x".repeat(101)), 10054);
    assert_eq!(
        world.publish_code("s.a", &[("Nats-Stream-Source", "x")], ""),
        10227
    );
    assert_eq!(
        world.publish_code("s.a", &[("Nats-Rollup", "sub")], ""),
        10111
    );
    assert_eq!(world.publish_code("s.a", &[("Nats-Incr", "x")], ""), 10171);
    assert_eq!(world.publish_code("s.a", &[("Nats-Incr", "+1")], ""), 10168);
    assert_eq!(
        world.publish_code("s.a", &[("Nats-Batch-Id", "b")], ""),
        10174
    );
    assert_eq!(
        world.publish_code("s.a", &[("Nats-Schedule", "@at x")], ""),
        10188
    );
    let mut world = World::new(S);
    assert_eq!(
        world.publish_code("s.a", &[("A", &"x".repeat(70_000))], ""),
        10097
    );
}

#[test]
fn streams_052_053_full_streams_that_refuse() {
    let mut world = with(r#""max_msgs":2,"discard":"new""#);
    world.publish("s.a", "x");
    world.publish("s.a", "x");
    let answer = world.publish_with("s.a", "", "x");
    assert!(
        answer.contains(r#""code":503,"err_code":10077,"description":"maximum messages exceeded""#)
    );
    let mut world = with(r#""max_bytes":50,"discard":"new""#);
    world.publish("s.a", "x");
    world.publish("s.a", "x");
    assert!(
        world
            .publish_with("s.a", "", "x")
            .contains("maximum bytes exceeded")
    );
    let mut world = with(
        r#""max_msgs_per_subject":1,"discard":"new","discard_new_per_subject":true,"allow_rollup_hdrs":true"#,
    );
    world.publish("s.a", "x");
    assert!(
        world
            .publish_with("s.a", "", "x")
            .contains("maximum messages per subject exceeded")
    );
    assert_eq!(world.publish_code("s.a", &[("Nats-Rollup", "sub")], "y"), 0);
}

#[test]
fn streams_054_a_full_subject_replaces_its_oldest() {
    let mut world = with(r#""max_msgs":2,"max_msgs_per_subject":1,"discard":"new""#);
    world.publish("s.a", "x");
    world.publish("s.b", "x");
    assert_eq!(world.publish("s.a", "y"), 3);
    assert_eq!(world.publish_code("s.c", &[], "y"), 10077);
    assert_eq!(world.messages(), 2);
}

#[test]
fn streams_055_056_old_messages_make_room() {
    let mut world = with(r#""max_bytes":10"#);
    assert_eq!(world.publish("s.a", "x"), 1);
    assert_eq!(world.messages(), 0);
    let mut world = with(r#""max_msgs":3,"max_msgs_per_subject":2"#);
    for subject in ["s.a", "s.b", "s.a", "s.a", "s.c"] {
        world.publish(subject, "x");
    }
    let state = world.info()["state"].clone();
    assert_eq!(
        (&state["messages"], &state["first_seq"]),
        (&json!(3), &json!(3))
    );
}

#[test]
fn streams_057_077_age_and_ttl() {
    let mut world = with(r#""max_age":1000000000,"allow_msg_ttl":true"#);
    assert_eq!(
        world.publish_code("s.never", &[("Nats-TTL", "never")], "x"),
        0
    );
    assert_eq!(world.publish_code("s.long", &[("Nats-TTL", "60")], "x"), 0);
    world.publish("s.a", "x");
    world.pass(900 * MILLI);
    assert_eq!(world.messages(), 3);
    world.pass(200 * MILLI);
    assert_eq!(world.messages(), 1);
    let mut world = with(r#""max_age":60000000000,"allow_msg_ttl":true"#);
    assert_eq!(world.publish_code("s.a", &[("Nats-TTL", "1s")], "x"), 0);
    world.publish("s.b", "x");
    world.pass(1100 * MILLI);
    assert_eq!(world.info()["state"]["first_seq"], 2);
}

#[test]
fn streams_059_062_the_window_of_ids() {
    let mut world = with(r#""duplicate_window":1000000000"#);
    let id = [("Nats-Msg-Id", "1")];
    world.publish_code("s.a", &id, "x");
    world.pass(1001 * MILLI);
    assert_eq!(
        world.publish_with("s.a", &block(&id), "x"),
        r#"{"stream":"S","seq":2}"#
    );
    world.api("STREAM.PURGE.S", "");
    assert!(
        world
            .publish_with("s.a", &block(&id), "x")
            .contains("duplicate")
    );
    world.pass(500 * MILLI);
    world
        .update(
            r#"{"name":"S","subjects":["s.>"],"storage":"memory","duplicate_window":100000000}"#,
        )
        .unwrap();
    assert!(
        !world
            .publish_with("s.a", &block(&id), "x")
            .contains("duplicate")
    );
}

#[test]
fn streams_063_to_065_expectations() {
    let mut world = World::new(S);
    world.publish_code("s.a", &[("Nats-Msg-Id", "one")], "x");
    let answer = world.publish_with("s.a", &block(&[("Nats-Expected-Last-Sequence", "7")]), "x");
    assert!(answer.contains("wrong last sequence: 1"), "{answer}");
    for (name, value, code) in [
        ("Nats-Expected-Last-Sequence", "abc", 10071),
        ("Nats-Expected-Last-Sequence", "", 0),
        ("Nats-Expected-Last-Subject-Sequence", "2", 0),
        ("Nats-Expected-Last-Subject-Sequence", "2", 10071),
        ("Nats-Expected-Last-Subject-Sequence-Subject", "s.b", 10193),
        ("Nats-Expected-Last-Msg-Id", "one", 10070),
        ("Nats-Expected-Stream", "S", 0),
    ] {
        assert_eq!(
            world.publish_code("s.a", &[(name, value)], "x"),
            code,
            "{name} {value}"
        );
    }
    let of = |pattern: &'static str, seq: &'static str| {
        [
            ("Nats-Expected-Last-Subject-Sequence", seq),
            ("Nats-Expected-Last-Subject-Sequence-Subject", pattern),
        ]
    };
    assert_eq!(world.publish_code("s.b", &of("s.x", "0"), "x"), 0);
    assert_eq!(world.publish_code("s.b", &of("s.*", "5"), "x"), 0);
    assert_eq!(world.publish_code("s.b", &of("s.*", "5"), "x"), 10071);
}

#[test]
fn streams_067_deletion_in_memory() {
    let mut world = World::new(S);
    world.publish("s.a", "x");
    assert_eq!(world.api_code("STREAM.MSG.DELETE.S", ""), 10003);
    for seq in [0, 7] {
        assert_eq!(
            world.api_code("STREAM.MSG.DELETE.S", &format!(r#"{{"seq":{seq}}}"#)),
            10043
        );
    }
    assert_eq!(
        world.api("STREAM.MSG.DELETE.S", r#"{"seq":1}"#),
        json!({"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","success":true})
    );
    assert_eq!(world.api_code("STREAM.MSG.DELETE.S", r#"{"seq":1}"#), 10043);
}

#[test]
fn streams_068_purge_forms() {
    let filled = || {
        let mut world = World::new(S);
        for n in 0..10 {
            world.publish(if n % 2 == 0 { "s.a" } else { "s.b" }, "x");
        }
        world
    };
    for (body, purged, left) in [
        ("", 10, 0),
        ("junk", 10, 0),
        (r#"{"seq":4}"#, 3, 7),
        (r#"{"seq":1}"#, 0, 10),
        (r#"{"keep":3}"#, 7, 3),
        (r#"{"filter":"s.a"}"#, 5, 5),
        (r#"{"filter":"s.a","seq":4}"#, 2, 8),
        (r#"{"filter":"s.*","keep":2}"#, 8, 2),
        (r#"{"filter":"x"}"#, 0, 10),
    ] {
        let mut world = filled();
        assert_eq!(
            world.api("STREAM.PURGE.S", body)["purged"],
            purged,
            "{body}"
        );
        assert_eq!(world.messages(), left, "{body}");
    }
    let mut world = filled();
    world.api("STREAM.PURGE.S", r#"{"seq":100}"#);
    assert_eq!(world.publish("s.a", "x"), 100);
    assert_eq!(
        world.api("STREAM.PURGE.S", r#"{"seq":1,"keep":1}"#),
        json!({"type":"io.nats.jetstream.api.v1.stream_purge_response","error":{"code":400,"err_code":10003,"description":"bad request"},"purged":0})
    );
}

#[test]
fn streams_069_rollups() {
    let mut world = with(r#""allow_rollup_hdrs":true"#);
    for n in 0..30 {
        world.publish(if n % 3 == 0 { "s.a" } else { "s.b" }, "x");
    }
    assert_eq!(world.publish_code("s.b", &[("Nats-Rollup", "sub")], "y"), 0);
    assert_eq!(world.messages(), 11);
    assert_eq!(world.publish_code("s.b", &[("Nats-Rollup", "ALL")], "y"), 0);
    let state = world.info()["state"].clone();
    assert_eq!(
        (&state["messages"], &state["first_seq"]),
        (&json!(1), &json!(32))
    );
    let answer = world.publish_with("s.a", &block(&[("Nats-Rollup", "zz")]), "x");
    assert!(
        answer.contains(r#"rollup value invalid: \"zz\""#),
        "{answer}"
    );
}

#[test]
fn streams_070_071_sealed_and_denied() {
    let mut world = with(r#""deny_delete":true,"deny_purge":true"#);
    world.publish("s.a", "x");
    assert_eq!(world.api_code("STREAM.MSG.DELETE.S", r#"{"seq":1}"#), 10057);
    assert_eq!(world.api_code("STREAM.PURGE.S", ""), 10110);
    let mut world = World::new(S);
    world.publish("s.a", "x");
    world.update(r#"{"name":"S","subjects":["s.>"],"storage":"memory","sealed":true,"max_age":1000000000}"#).unwrap();
    let config = world.info()["config"].clone();
    assert_eq!(
        (
            &config["max_age"],
            &config["discard"],
            &config["deny_purge"]
        ),
        (&json!(0), &json!("new"), &json!(true))
    );
    assert_eq!(world.publish_code("s.a", &[], "x"), 10109);
    assert_eq!(world.api_code("STREAM.PURGE.S", ""), 10109);
    assert_eq!(world.api_code("STREAM.MSG.DELETE.S", r#"{"seq":1}"#), 10109);
    let error = world.update(S).unwrap_err();
    assert_eq!(
        error.description,
        "stream configuration update can not unseal a sealed stream"
    );
}

#[test]
fn streams_073_to_076_ttl_and_markers() {
    let mut world = World::new(S);
    assert_eq!(world.publish_code("s.a", &[("Nats-TTL", "5")], "x"), 10166);
    assert_eq!(world.publish_code("s.a", &[("Nats-TTL", "x")], "x"), 10165);
    let mut world = with(r#""subject_delete_marker_ttl":2000000000,"max_age":1000000000"#);
    world.publish("s.a", "x");
    world.publish("s.a", "y");
    world.publish_code("s.b", &[("KV-Operation", "PURGE")], "");
    world.pass(1100 * MILLI);
    let got = world.direct(None, r#"{"last_by_subj":"s.a"}"#);
    assert!(got[0].header.starts_with("NATS/1.0\r\nNats-Marker-Reason: MaxAge\r\nNats-TTL: 2s\r\nNats-Rollup: sub\r\nNats-Stream: S\r\n"), "{got:?}");
    assert_eq!(world.messages(), 1);
    world.pass(2 * SECOND);
    assert_eq!(world.messages(), 0, "a marker goes without another");
    let mut world = with(r#""subject_delete_marker_ttl":5000000000"#);
    world.publish_code("s.a", &[("Nats-TTL", "1"), ("A", "b")], "x");
    let got = world.direct(None, r#"{"seq":1}"#);
    assert!(
        got[0]
            .header
            .starts_with("NATS/1.0\r\nA: b\r\nNats-TTL: 5\r\n"),
        "{got:?}"
    );
    world.api("STREAM.MSG.DELETE.S", r#"{"seq":1}"#);
    assert_eq!(world.messages(), 0);
}

#[test]
fn streams_066_116_subjects_are_transformed_first() {
    let mut world = with(r#""subject_transform":{"src":"s.*","dest":"t.$1"}"#);
    world.publish("s.a", "x");
    world.publish("s.a.b", "x");
    assert_eq!(
        world.api("STREAM.MSG.GET.S", r#"{"seq":1}"#)["message"]["subject"],
        "t.a"
    );
    assert_eq!(
        world.api("STREAM.MSG.GET.S", r#"{"seq":2}"#)["message"]["subject"],
        "s.a.b"
    );
    assert_eq!(
        world.publish_code("s.a", &[("Nats-Expected-Last-Subject-Sequence", "1")], "x"),
        0
    );
}

#[test]
fn streams_117_republished_messages() {
    let mut world = with(r#""republish":{"src":"s.*","dest":"r.$1","headers_only":true}"#);
    world.publish("s.a", "x");
    world.publish_with("s.a", &block(&[("A", "b")]), "four");
    let sent = world.take_to("r.a");
    assert_eq!(sent.len(), 2);
    assert_eq!(
        sent[1].header,
        "NATS/1.0\r\nA: b\r\nNats-Stream: S\r\nNats-Subject: s.a\r\nNats-Sequence: 2\r\nNats-Time-Stamp: 2023-11-14T22:13:20.000000001Z\r\nNats-Last-Sequence: 1\r\nNats-Msg-Size: 4\r\n\r\n"
    );
    assert_eq!((sent[1].payload.as_str(), sent[1].reply.as_str()), ("", ""));
}

#[test]
fn streams_114_interest_without_consumers_uses_up_sequences() {
    let mut world = with(r#""retention":"interest""#);
    assert_eq!(world.publish("s.a", "x"), 1);
    assert_eq!(
        world.publish_code(
            "s.a",
            &[("Nats-Expected-Last-Sequence", "1"), ("Nats-Msg-Id", "i")],
            "x"
        ),
        0
    );
    assert!(
        world
            .publish_with("s.a", &block(&[("Nats-Msg-Id", "i")]), "")
            .contains("duplicate")
    );
    let state = world.info()["state"].clone();
    assert_eq!(
        (&state["messages"], &state["last_seq"]),
        (&json!(0), &json!(2))
    );
}

#[test]
fn streams_136_to_140_direct_get() {
    let mut world = World::new(S);
    for (subject, payload) in [("s.a", "1"), ("s.b", "2"), ("s.a", "3"), ("s.c", "4")] {
        world.publish(subject, payload);
    }
    for (body, status) in [
        ("", "408 Empty Request"),
        ("{}", "408 Empty Request"),
        ("{x", "408 Malformed Request"),
        (r#"{"seq":1,"last_by_subj":"s.a"}"#, "408 Bad Request"),
        (r#"{"last_by_subj":"s.a","batch":1}"#, "408 Bad Request"),
        (r#"{"seq":9}"#, "404 Message Not Found"),
        (r#"{"seq":9,"batch":1}"#, "404 Message Not Found"),
        (r#"{"multi_last":["x"]}"#, "404 No Results"),
    ] {
        let got = world.direct(None, body);
        assert_eq!((got.len(), got[0].status()), (1, status), "{body}");
    }
    let got = world.direct(None, r#"{"next_by_subj":"s.a","seq":2}"#);
    assert_eq!(got[0].payload, "3");
    assert_eq!(
        got[0].header,
        "NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a\r\nNats-Sequence: 3\r\nNats-Time-Stamp: 2023-11-14T22:13:20.000000002Z\r\n\r\n"
    );
    assert_eq!(world.direct(Some("s.a"), "")[0].payload, "3");
    assert_eq!(
        world.direct(Some("s.a"), r#"{"no_hdr":true}"#)[0].header,
        ""
    );
    assert_eq!(
        world.direct(Some("s.a"), r#"{"seq":1}"#)[0].status(),
        "408 Bad Request"
    );
    let got = world.direct(None, r#"{"seq":1,"batch":3}"#);
    assert_eq!(support::payloads(&got), ["1", "2", "3", ""]);
    assert!(
        got[1]
            .header
            .contains("Nats-Num-Pending: 2\r\nNats-Last-Sequence: 1\r\n")
    );
    assert_eq!(
        got[3].header,
        "NATS/1.0 204 EOB\r\nNats-Num-Pending: 1\r\nNats-Last-Sequence: 3\r\n\r\n"
    );
    let got = world.direct(None, r#"{"multi_last":["s.a","s.b"],"up_to_seq":2}"#);
    assert_eq!(support::payloads(&got), ["1", "2", ""]);
    assert_eq!(
        got[2].header,
        "NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 2\r\nNats-UpTo-Sequence: 2\r\n\r\n"
    );
}

#[test]
fn streams_142_message_get_errors() {
    let mut world = World::new(S);
    world.publish("s.a", "x");
    for (body, code) in [
        ("", 10003),
        (r#"{"batch":1,"seq":1}"#, 10003),
        (r#"{"seq":1,"start_time":"2024-01-01T00:00:00Z"}"#, 10003),
        (r#"{"no_hdr":true}"#, 10003),
        (r#"{"seq":5}"#, 10037),
        (r#"{"last_by_subj":"x"}"#, 10037),
        (r#"{"last_by_subj":"s.*"}"#, 0),
        (r#"{"start_time":"2000-01-01T00:00:00Z"}"#, 0),
    ] {
        assert_eq!(world.api_code("STREAM.MSG.GET.S", body), code, "{body}");
    }
}

#[test]
fn streams_027_lowered_limits_trim_at_once() {
    let mut world = World::new(S);
    for n in 0..3000 {
        world.publish(&format!("s.{}", n % 10), "x");
    }
    world
        .update(r#"{"name":"S","subjects":["s.>"],"storage":"memory","max_msgs_per_subject":200}"#)
        .unwrap();
    assert_eq!(world.messages(), 2000);
    world
        .update(r#"{"name":"S","subjects":["s.>"],"storage":"memory","max_msgs":5}"#)
        .unwrap();
    assert_eq!(world.messages(), 5);
    world
        .update(
            r#"{"name":"S","subjects":["s.>"],"storage":"memory","max_msgs":2,"discard":"new"}"#,
        )
        .unwrap();
    assert_eq!(world.messages(), 5);
}

#[test]
fn streams_029_interest_without_consumers_empties_the_stream() {
    let mut world = World::new(S);
    world.publish("s.a", "x");
    world
        .update(r#"{"name":"S","subjects":["s.>"],"storage":"memory","retention":"interest"}"#)
        .unwrap();
    assert_eq!(world.messages(), 0);
    assert!(
        world
            .update(r#"{"name":"S","subjects":["s.>"],"storage":"memory","retention":"workqueue"}"#)
            .is_err()
    );
}

#[test]
fn streams_149_accounts_and_servers_have_limits() {
    let limits = midge_jetstream::limits::AccountLimits {
        max_memory: 60,
        ..midge_jetstream::limits::AccountLimits::UNLIMITED
    };
    let settings = midge_jetstream::Settings {
        account_limits: Some(limits),
        ..midge_jetstream::Settings::default()
    };
    let mut world = World::with_settings(S, settings);
    world.publish("s.a", "0123456789");
    world.publish("s.a", "0123456789");
    assert_eq!(world.publish_code("s.a", &[], "x"), 10002);
    world.api("STREAM.PURGE.S", "");
    assert_eq!(world.publish_code("s.a", &[], "x"), 0);
}

#[test]
fn api_035_messages_of_a_batch_have_times_of_their_own() {
    let mut world = World::new(S);
    for payload in ["1", "2", "3"] {
        world.publish("s.a", payload);
    }
    let third = world.api("STREAM.MSG.GET.S", r#"{"seq":3}"#)["message"]["time"].clone();
    let body = json!({ "start_time": third }).to_string();
    assert_eq!(world.api("STREAM.MSG.GET.S", &body)["message"]["seq"], 3);
}

#[test]
fn api_021_an_empty_level_is_none() {
    let mut world = World::new(S);
    let header = block(&[("Nats-Required-Api-Level", "")]);
    assert!(world.api_with("STREAM.INFO.S", &header, "")["error"].is_null());
}
