//! Rules of stream configurations, with their texts.

use super::*;
use crate::config::stream::StreamRequest;
use crate::json::Strictness;

fn check(body: &str) -> Result<StreamConfig, ApiError> {
    let mut request = StreamRequest::parse(body.as_bytes(), Strictness::Strict)
        .map_err(|error| errors::INVALID_JSON.with(error))?;
    check_new(&request.config)?;
    normalise(
        &mut request.config,
        &ServerLimits::default(),
        None,
        request.pedantic,
    )?;
    refuse_later_features(&request.config)?;
    Ok(request.config)
}

fn error(body: &str) -> (u16, String) {
    match check(body) {
        Ok(config) => (0, format!("accepted: {config:?}")),
        Err(error) => (error.err_code, error.description.into_owned()),
    }
}

#[test]
fn streams_001_defaults() {
    let config = check(r#"{"name":"A"}"#).unwrap();
    let text = String::from_utf8(crate::json::to_json(&config.shown())).unwrap();
    assert_eq!(
        text,
        r#"{"name":"A","subjects":["A"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"file","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}}"#
    );
}

#[test]
fn streams_005_006_what_is_not_json_of_a_stream() {
    for (body, text) in [
        (
            r#"{"name":"A","template_owner":""}"#,
            "invalid JSON: json: unknown field \"template_owner\"",
        ),
        (
            r#"{"name":5}"#,
            "invalid JSON: json: cannot unmarshal number into Go struct field StreamConfigRequest.name of type string",
        ),
        (
            r#"{"name":"A","max_age":"x"}"#,
            "invalid JSON: json: cannot unmarshal string into Go struct field StreamConfigRequest.max_age of type time.Duration",
        ),
        (
            r#"{"name":"A","max_msgs":1.5}"#,
            "invalid JSON: json: cannot unmarshal number 1.5 into Go struct field StreamConfigRequest.max_msgs of type int64",
        ),
        (
            r#"{"name":"A","retention":"foo"}"#,
            r#"invalid JSON: can not unmarshal "\"foo\"""#,
        ),
        (
            r#"{"name":"A","retention":null}"#,
            r#"invalid JSON: can not unmarshal "null""#,
        ),
        (
            r#"{"name":"A","compression":""}"#,
            "invalid JSON: unknown compression algorithm",
        ),
    ] {
        assert_eq!(error(body), (10025, text.to_owned()));
    }
    assert!(check(r#"{"NAME":"A","discard":"NEW"}"#).is_ok());
    assert!(check(r#"{"name":"B"} {"name":"A"}"#).is_ok_and(|config| config.name == "A"));
}

#[test]
fn streams_007_to_011_rules_and_their_texts() {
    for (body, code, text) in [
        (
            r#"{"name":"A","max_msgs":-5,"pedantic":true}"#,
            10157,
            "pedantic mode: max_msgs must be set to -1",
        ),
        (
            r#"{"name":"A","max_age":1}"#,
            10052,
            "max age needs to be >= 100ms",
        ),
        (
            r#"{"name":"A","max_age":-1}"#,
            10052,
            "max age can not be negative",
        ),
        (
            r#"{"name":"A","duplicate_window":1}"#,
            10052,
            "duplicates window needs to be >= 100ms",
        ),
        (
            r#"{"name":"A","duplicate_window":-1}"#,
            10052,
            "duplicates window can not be negative",
        ),
        (
            r#"{"name":"A","duplicate_window":2000000000,"max_age":1000000000}"#,
            10052,
            "duplicates window can not be larger then max age",
        ),
        (
            r#"{"name":"A","num_replicas":6}"#,
            10052,
            "maximum replicas is 5",
        ),
        (
            r#"{"name":"A","num_replicas":-1}"#,
            10133,
            "replicas count cannot be negative",
        ),
        (
            r#"{"name":"A","subjects":[">"]}"#,
            10052,
            "capturing all subjects requires no-ack to be true",
        ),
        (
            r#"{"name":"A","subjects":["$JS.>"]}"#,
            10052,
            "subjects that overlap with jetstream api require no-ack to be true",
        ),
        (
            r#"{"name":"A","subjects":["$SYS.>"]}"#,
            10052,
            "subjects that overlap with system api require no-ack to be true",
        ),
        (
            r#"{"name":"A","subjects":["a","a"]}"#,
            10052,
            "subject \"a\" overlaps with \"a\"",
        ),
        (
            r#"{"name":"A","subjects":["a.*","a.b"]}"#,
            10052,
            "subject \"a.*\" overlaps with \"a.b\"",
        ),
        (
            r#"{"name":"A","subjects":["a b"]}"#,
            10052,
            "invalid subject",
        ),
        (
            r#"{"name":"a*"}"#,
            10052,
            "stream name is required and can not contain '.', '*', '>', '\\', '/'",
        ),
        (
            r#"{"name":"A","sealed":true}"#,
            10052,
            "stream configuration for create can not be sealed",
        ),
        (
            r#"{"name":"A","placement":{"preferred":"x"}}"#,
            10052,
            "preferred server not permitted in placement",
        ),
        (
            r#"{"name":"A","republish":{"src":"a.*","dest":"x.$2"}}"#,
            10052,
            "stream configuration for republish with transform from 'a.*' to 'x.$2' not valid",
        ),
        (
            r#"{"name":"A","subjects":["a"],"republish":{"src":">","dest":"a"}}"#,
            10052,
            "stream configuration for republish destination forms a cycle",
        ),
        (
            r#"{"name":"A","subject_transform":{"src":"a..b","dest":"x"}}"#,
            10155,
            "stream transform source: invalid subject a..b",
        ),
        (
            r#"{"name":"A","subject_transform":{"src":"a.*","dest":"x.$2"}}"#,
            10156,
            "stream transform: invalid mapping destination: wildcard index out of range in $2: [2]",
        ),
        (
            r#"{"name":"A","subject_transform":{"src":"a.*","dest":"x..y"}}"#,
            10156,
            "stream transform: invalid mapping destination: invalid transform",
        ),
        (
            r#"{"name":"A","mirror":{"name":"B"},"subjects":["a"]}"#,
            10034,
            "stream mirrors can not contain subjects",
        ),
        (
            r#"{"name":"A","sources":[{"name":"B"},{"name":"B"}]}"#,
            10140,
            "duplicate source configuration detected",
        ),
        (
            r#"{"name":"A","allow_atomic":true}"#,
            10052,
            "allow_atomic is not supported by this server version yet",
        ),
    ] {
        assert_eq!(error(body), (code, text.to_owned()), "{body}");
    }
    assert!(check(r#"{"name":"A","subjects":["$JS.EVENT.>","$SYS.ACCOUNT.>"]}"#).is_ok());
    assert!(
        check(r#"{"name":"A","placement":{}}"#)
            .unwrap()
            .placement
            .is_none()
    );
}

#[test]
fn streams_017_markers_bring_what_they_need() {
    let config =
        check(r#"{"name":"A","subject_delete_marker_ttl":1000000000,"deny_purge":true}"#).unwrap();
    assert!(config.allow_msg_ttl && config.allow_rollup_hdrs && !config.deny_purge);
    assert_eq!(config.metadata[metadata::REQUIRED_LEVEL], "1");
}
