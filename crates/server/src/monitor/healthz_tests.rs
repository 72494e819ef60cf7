//! Tests of `/healthz`.

use super::super::fake::Fake;
use super::super::json;
use super::*;

fn body(options: &HealthzOptions, source: &Fake) -> (u16, String) {
    let (status, health) = build(options, source).into_http();
    (status, String::from_utf8(json::compact(&health)).unwrap())
}

fn running(problems: Vec<HealthProblem>) -> Fake {
    Fake {
        health: Health {
            jetstream: JetStreamHealth::Running,
            ..Health::default()
        },
        problems,
        ..Fake::default()
    }
}

fn missing_account() -> HealthProblem {
    HealthProblem {
        account: "NOPE".into(),
        ..HealthProblem::new(
            ProblemKind::Account,
            404,
            "JetStream account \"NOPE\" not found",
        )
    }
}

#[test]
fn a_server_that_works_is_ok() {
    let ok = (200, "{\"status\":\"ok\"}".to_owned());
    assert_eq!(body(&HealthzOptions::default(), &Fake::default()), ok);
    let details = HealthzOptions {
        details: true,
        ..HealthzOptions::default()
    };
    assert_eq!(body(&details, &running(Vec::new())), ok);
}

#[test]
fn a_stream_needs_its_account_and_a_consumer_its_stream() {
    let mut options = HealthzOptions {
        stream: "x".into(),
        ..HealthzOptions::default()
    };
    assert_eq!(
        body(&options, &Fake::default()),
        (
            400,
            r#"{"status":"error","error":"\"account\" must not be empty when checking stream health"}"#.into()
        )
    );
    options.details = true;
    assert_eq!(
        body(&options, &Fake::default()),
        (
            400,
            r#"{"status":"error","errors":[{"type":"BAD_REQUEST","error":"\"account\" must not be empty when checking stream health"}]}"#.into()
        )
    );
    let consumer = HealthzOptions {
        account: "A".into(),
        consumer: "c".into(),
        ..HealthzOptions::default()
    };
    assert_eq!(
        body(&consumer, &Fake::default()).1,
        r#"{"status":"error","error":"\"stream\" must not be empty when checking consumer health"}"#
    );
}

#[test]
fn listeners_that_are_down_are_named() {
    let source = Fake {
        health: Health {
            not_listening: vec![
                NotListening {
                    listener: "server",
                    error: None,
                },
                NotListening {
                    listener: "route",
                    error: Some("in use".into()),
                },
            ],
            jetstream: JetStreamHealth::Down,
        },
        ..Fake::default()
    };
    let options = HealthzOptions {
        js_server_only: true,
        ..HealthzOptions::default()
    };
    assert_eq!(
        body(&options, &source),
        (
            500,
            r#"{"status":"error","error":"failed to be ready for connections after 1ms: server, route(in use)"}"#.into()
        )
    );
}

#[test]
fn jetstream_that_is_down_is_unavailable() {
    let source = Fake {
        health: Health {
            jetstream: JetStreamHealth::Down,
            ..Health::default()
        },
        ..Fake::default()
    };
    assert_eq!(
        body(&HealthzOptions::default(), &source),
        (
            503,
            r#"{"status":"unavailable","error":"JetStream not enabled (10076)"}"#.into()
        )
    );
    let server_only = HealthzOptions {
        js_server_only: true,
        ..HealthzOptions::default()
    };
    assert_eq!(body(&server_only, &source).0, 200);
}

#[test]
fn checks_stop_where_they_are_told() {
    let source = running(vec![missing_account()]);
    let enabled_only = HealthzOptions {
        js_enabled_only: true,
        ..HealthzOptions::default()
    };
    assert_eq!(body(&enabled_only, &source).0, 200);
    assert_eq!(
        body(&HealthzOptions::default(), &source),
        (
            404,
            r#"{"status":"unavailable","error":"JetStream account \"NOPE\" not found"}"#.into()
        )
    );
}

#[test]
fn details_name_the_asset() {
    let options = HealthzOptions {
        details: true,
        ..HealthzOptions::default()
    };
    assert_eq!(
        body(&options, &running(vec![missing_account()])),
        (
            404,
            r#"{"status":"error","errors":[{"type":"ACCOUNT","account":"NOPE","error":"JetStream account \"NOPE\" not found"}]}"#.into()
        )
    );
}

#[test]
fn failures_are_logged_with_their_text_or_number() {
    let options = |details| HealthzOptions {
        stream: "x".into(),
        details,
        ..HealthzOptions::default()
    };
    let warning = |details| build(&options(details), &Fake::default()).warning();
    assert_eq!(
        warning(false).as_deref(),
        Some(r#"Healthcheck failed: "\"account\" must not be empty when checking stream health""#)
    );
    assert_eq!(
        warning(true).as_deref(),
        Some("Healthcheck failed: 1 errors")
    );
}

#[test]
fn over_nats_the_status_code_is_inside() {
    let text = String::from_utf8(json::compact(&build(
        &HealthzOptions::default(),
        &Fake::default(),
    )))
    .unwrap();
    assert_eq!(text, r#"{"status":"ok","status_code":200}"#);
    let options: HealthzOptions =
        serde_json::from_str(r#"{"js-server-only":true,"account":"A"}"#).unwrap();
    assert!(options.js_server_only && options.account == "A");
}
