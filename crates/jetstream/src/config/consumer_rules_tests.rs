//! Rules of consumer configurations, with their codes.

use super::*;
use crate::config::consumer::ConsumerRequest;
use crate::json::Strictness;

fn check_in(body: &str, stream: &StreamConfig) -> Result<ConsumerConfig, ApiError> {
    let mut request = ConsumerRequest::parse(
        format!(r#"{{"stream_name":"S",{}"#, body.trim_start_matches('{')).as_bytes(),
        Strictness::Strict,
    )
    .map_err(|error| errors::INVALID_JSON.with(error))?;
    let around = Surroundings {
        stream,
        server: &ServerLimits::default(),
        account: &AccountLimits::UNLIMITED,
    };
    normalise(&mut request.config, around, request.pedantic)?;
    Ok(request.config)
}

fn stream() -> StreamConfig {
    let mut config = StreamConfig {
        name: "S".to_owned(),
        subjects: vec!["s.>".to_owned()],
        ..StreamConfig::default()
    };
    crate::config::stream_rules::normalise(&mut config, &ServerLimits::default(), None, false)
        .unwrap();
    config
}

fn check(body: &str) -> Result<ConsumerConfig, ApiError> {
    check_in(body, &stream())
}

fn error(body: &str) -> (u16, String) {
    match check(body) {
        Ok(config) => (0, format!("accepted: {config:?}")),
        Err(error) => (error.err_code, error.description.into_owned()),
    }
}

#[test]
fn consumers_001_002_defaults() {
    let config = check(r#"{"config":{}}"#).unwrap();
    assert_eq!(
        (
            config.max_deliver,
            config.max_waiting,
            config.inactive_threshold
        ),
        (-1, 512, 5_000_000_000)
    );
    assert_eq!((config.ack_wait, config.max_ack_pending), (0, 0));
    for policy in ["explicit", "all"] {
        let config = check(&format!(
            r#"{{"config":{{"durable_name":"D","ack_policy":"{policy}"}}}}"#
        ))
        .unwrap();
        assert_eq!(
            (config.ack_wait, config.max_ack_pending),
            (30_000_000_000, 1000)
        );
    }
    let json = String::from_utf8(crate::json::to_json(
        &check(r#"{"config":{"durable_name":"D","name":"D","ack_policy":"explicit"}}"#).unwrap(),
    ))
    .unwrap();
    assert_eq!(
        json,
        r#"{"durable_name":"D","name":"D","deliver_policy":"all","ack_policy":"explicit","ack_wait":30000000000,"max_deliver":-1,"replay_policy":"instant","max_waiting":512,"max_ack_pending":1000,"num_replicas":0,"metadata":{"_nats.req.level":"0"}}"#
    );
}

#[test]
fn consumers_007_to_025_rules_and_their_codes() {
    for (config, code) in [
        (r#"{"name":"a.b"}"#, 10052),
        (
            r#"{"filter_subject":"s.a","filter_subjects":["s.b"]}"#,
            10136,
        ),
        (r#"{"filter_subjects":["s.a","s.a"]}"#, 10138),
        (r#"{"filter_subjects":["s.*","s.a"]}"#, 10138),
        (r#"{"filter_subjects":["s.a",""]}"#, 10139),
        (r#"{"filter_subject":"s..a"}"#, 10052),
        (r#"{"num_replicas":3}"#, 10126),
        (r#"{"num_replicas":-1}"#, 10133),
        (r#"{"ack_wait":-1}"#, 10183),
        (r#"{"backoff":[-1]}"#, 10184),
        (r#"{"backoff":[1,2,3],"max_deliver":2}"#, 10116),
        (r#"{"deliver_subject":"d.*"}"#, 10079),
        (r#"{"deliver_subject":"d..x"}"#, 10112),
        (r#"{"deliver_subject":"s.x"}"#, 10081),
        (r#"{"deliver_subject":"d","max_waiting":1}"#, 10080),
        (r#"{"deliver_subject":"d","max_ack_pending":1}"#, 10082),
        (r#"{"deliver_subject":"d","idle_heartbeat":1}"#, 10083),
        (r#"{"deliver_subject":"d","flow_control":true}"#, 10108),
        (r#"{"rate_limit_bps":1}"#, 10086),
        (r#"{"idle_heartbeat":1000000000}"#, 10088),
        (r#"{"flow_control":true}"#, 10089),
        (r#"{"max_expires":1}"#, 10115),
        (r#"{"direct":true}"#, 10090),
        (
            r#"{"direct":true,"durable_name":"D","deliver_subject":"d"}"#,
            10091,
        ),
        (r#"{"sample_freq":"abc"}"#, 10095),
        (r#"{"priority_policy":"overflow"}"#, 10159),
        (
            r#"{"priority_policy":"overflow","priority_groups":[""]}"#,
            10161,
        ),
        (
            r#"{"priority_policy":"overflow","priority_groups":["a b"]}"#,
            10162,
        ),
        (r#"{"priority_groups":["a"]}"#, 10196),
        (r#"{"priority_timeout":1}"#, 10197),
        (
            r#"{"priority_policy":"overflow","priority_groups":["a"],"deliver_subject":"d"}"#,
            10178,
        ),
        (r#"{"ack_policy":"flow_control"}"#, 10218),
        (
            r#"{"ack_policy":"flow_control","deliver_subject":"d","max_ack_pending":-1}"#,
            10220,
        ),
        (
            r#"{"ack_policy":"flow_control","deliver_subject":"d","ack_wait":1}"#,
            10221,
        ),
        (
            r#"{"ack_policy":"flow_control","deliver_subject":"d","max_deliver":1}"#,
            10222,
        ),
    ] {
        assert_eq!(
            error(&format!(r#"{{"config":{config}}}"#)).0,
            code,
            "{config}"
        );
    }
    assert_eq!(
        error(r#"{"pedantic":true,"config":{"ack_policy":"flow_control","deliver_subject":"d"}}"#)
            .0,
        10219
    );
    for field in ["max_waiting", "max_batch", "max_ack_pending", "max_deliver"] {
        assert!(check(&format!(r#"{{"config":{{"{field}":-5}}}}"#)).is_ok());
        assert_eq!(
            error(&format!(r#"{{"pedantic":true,"config":{{"{field}":-5}}}}"#)).0,
            10157
        );
    }
    assert!(check(r#"{"config":{"filter_subjects":["s.*.a","s.b.*"]}}"#).is_ok());
}

#[test]
fn consumers_021_start_positions_that_do_not_fit() {
    for (config, text) in [
        (
            r#"{"opt_start_seq":1}"#,
            "deliver all, but optional start sequence is also set",
        ),
        (
            r#"{"deliver_policy":"new","opt_start_time":"2024-01-01T00:00:00Z"}"#,
            "deliver new, but optional start time is also set",
        ),
        (
            r#"{"deliver_policy":"by_start_sequence"}"#,
            "deliver by start sequence, but optional start sequence is not set",
        ),
        (
            r#"{"deliver_policy":"by_start_time"}"#,
            "deliver by start time, but optional start time is not set",
        ),
        (
            r#"{"deliver_policy":"by_start_time","opt_start_time":"2024-01-01T00:00:00Z","opt_start_seq":1}"#,
            "deliver by start time, but optional start start sequence is also set",
        ),
        (
            r#"{"deliver_policy":"last_per_subject"}"#,
            "deliver last per subject, but optional filter subject is not set",
        ),
    ] {
        assert_eq!(
            error(&format!(r#"{{"config":{config}}}"#)),
            (10094, format!("consumer delivery policy is {text}"))
        );
    }
}

#[test]
fn consumers_029_stream_limits_are_defaults_and_bounds() {
    let mut stream = stream();
    stream.consumer_limits.max_ack_pending = 10;
    stream.consumer_limits.inactive_threshold = 60_000_000_000;
    let config = check_in(r#"{"config":{"ack_policy":"explicit"}}"#, &stream).unwrap();
    assert_eq!(
        (config.max_ack_pending, config.inactive_threshold),
        (10, 60_000_000_000)
    );
    let error = check_in(r#"{"config":{"inactive_threshold":61000000000}}"#, &stream).unwrap_err();
    assert_eq!(
        error.description,
        "consumer inactive threshold exceeds system limit of 1m0s"
    );
    assert!(
        check_in(
            r#"{"config":{"ack_policy":"explicit","max_ack_pending":-1}}"#,
            &stream
        )
        .is_ok()
    );
}
