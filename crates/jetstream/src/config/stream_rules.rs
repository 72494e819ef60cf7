//! What a stream configuration may say, and what is filled in
//! (jetstream-streams.md 1.3 to 1.7).

use midge_subject::{
    Transform, TransformError, covers, is_valid_literal, is_valid_subject, overlaps,
};

use super::enums::{Discard, PersistMode, Retention, Storage};
use super::metadata;
use super::names::{MAX_DESCRIPTION, MAX_METADATA, MAX_NAME, is_valid_name};
use super::source::{StreamSource, SubjectTransform};
use super::stream::{Republish, StreamConfig};
use crate::error::ApiError;
use crate::error::catalogue as errors;
use crate::limits::ServerLimits;
use crate::text::duration::duration_text;
use crate::units::NANOS_PER_SECOND;

/// Most copies of a stream.
pub const MAX_REPLICAS: i64 = 5;
/// How long message ids are remembered if nothing is said.
pub const DEFAULT_DUPLICATE_WINDOW: i64 = 120 * NANOS_PER_SECOND;
/// Shortest `max_age` and duplicate window.
const SHORTEST: i64 = NANOS_PER_SECOND / 10;

fn invalid(text: impl std::fmt::Display) -> ApiError {
    errors::STREAM_INVALID_CONFIG.with(text)
}

/// Fills in defaults and checks what needs no other stream. What changes
/// silently is refused if `pedantic`.
///
/// # Errors
/// The first rule that is broken, in the order of the sheet.
pub fn normalise(
    config: &mut StreamConfig,
    server: &ServerLimits,
    pedantic: bool,
) -> Result<(), ApiError> {
    check_name_and_texts(config)?;
    fill_limits(config, pedantic)?;
    check_ages(config, server, pedantic)?;
    check_flags(config, pedantic)?;
    check_mirror(config)?;
    check_sources(config)?;
    check_subjects(config)?;
    check_transform(config)?;
    normalise_republish(config, pedantic)?;
    check_placement(config)?;
    let level = config.required_level();
    metadata::stamp(&mut config.metadata, level);
    Ok(())
}

/// The checks of a create request that come before all others.
///
/// # Errors
/// If the configuration can not be that of a new stream.
pub fn check_new(config: &StreamConfig) -> Result<(), ApiError> {
    if config.sealed {
        return Err(invalid("stream configuration for create can not be sealed"));
    }
    if config.mirror_direct && config.mirror.is_none() {
        return Err(invalid("stream has no mirror but does have mirror direct"));
    }
    Ok(())
}

fn check_name_and_texts(config: &mut StreamConfig) -> Result<(), ApiError> {
    if config.name.is_empty() || !is_valid_name(&config.name) {
        return Err(invalid(
            "stream name is required and can not contain '.', '*', '>', '\\', '/'",
        ));
    }
    if config.name.len() > MAX_NAME {
        return Err(invalid(format_args!(
            "stream name is too long, maximum allowed is {MAX_NAME}"
        )));
    }
    if config.description.len() > MAX_DESCRIPTION {
        return Err(invalid(format_args!(
            "stream description is too long, maximum allowed is {MAX_DESCRIPTION}"
        )));
    }
    if metadata::size(&config.metadata) > MAX_METADATA {
        return Err(invalid(format_args!(
            "stream metadata exceeds maximum size of {MAX_METADATA} bytes"
        )));
    }
    Ok(())
}

fn fill_limits(config: &mut StreamConfig, pedantic: bool) -> Result<(), ApiError> {
    if config.num_replicas == 0 {
        config.num_replicas = 1;
    }
    if config.num_replicas > MAX_REPLICAS {
        return Err(invalid(format_args!("maximum replicas is {MAX_REPLICAS}")));
    }
    if config.num_replicas < 0 {
        return Err(errors::REPLICAS_COUNT_CANNOT_BE_NEGATIVE);
    }
    let fill = |value: &mut i64, name: &str| {
        if pedantic && *value < -1 {
            return Err(errors::PEDANTIC.with(format_args!("{name} must be set to -1")));
        }
        if *value == 0 || *value < -1 {
            *value = -1;
        }
        Ok(())
    };
    fill(&mut config.max_msgs, "max_msgs")?;
    fill(&mut config.max_msgs_per_subject, "max_msgs_per_subject")?;
    fill(&mut config.max_bytes, "max_bytes")?;
    let mut max_msg_size = i64::from(config.max_msg_size);
    fill(&mut max_msg_size, "max_msg_size")?;
    config.max_msg_size = i32::try_from(max_msg_size).unwrap_or(-1);
    fill(&mut config.max_consumers, "max_consumers")
}

fn check_ages(
    config: &mut StreamConfig,
    server: &ServerLimits,
    pedantic: bool,
) -> Result<(), ApiError> {
    let limit = server.duplicate_window;
    let takes_over = config.mirror.is_some() || !config.sources.is_empty();
    if config.duplicate_window == 0 && !takes_over {
        let mut window = DEFAULT_DUPLICATE_WINDOW;
        if limit > 0 && window > limit {
            if pedantic {
                return Err(
                    errors::PEDANTIC.with("duplicate window limits are higher than current limits")
                );
            }
            window = limit;
        }
        if config.max_age > 0 && config.max_age < window {
            if pedantic {
                return Err(errors::PEDANTIC.with("duplicate window cannot be bigger than max age"));
            }
            window = config.max_age;
        }
        config.duplicate_window = window;
    }
    if config.max_age < 0 {
        return Err(invalid("max age can not be negative"));
    }
    if config.max_age > 0 && config.max_age < SHORTEST {
        return Err(invalid("max age needs to be >= 100ms"));
    }
    let window = config.duplicate_window;
    if window < 0 {
        return Err(invalid("duplicates window can not be negative"));
    }
    if config.max_age > 0 && window > config.max_age {
        return Err(invalid("duplicates window can not be larger then max age"));
    }
    if limit > 0 && window > limit {
        return Err(invalid(format_args!(
            "duplicates window can not be larger then server limit of {}",
            duration_text(limit)
        )));
    }
    if window > 0 && window < SHORTEST {
        return Err(invalid("duplicates window needs to be >= 100ms"));
    }
    Ok(())
}

fn check_flags(config: &mut StreamConfig, pedantic: bool) -> Result<(), ApiError> {
    if config.deny_purge && config.allow_rollup_hdrs {
        return Err(invalid("roll-ups require the purge permission"));
    }
    if config.allow_msg_counter {
        let problem = if config.discard == Discard::New {
            Some("counter stream cannot use discard new")
        } else if config.allow_msg_ttl {
            Some("counter stream cannot use message TTLs")
        } else if config.allow_msg_schedules {
            Some("counter stream cannot use message schedules")
        } else if config.retention != Retention::Limits {
            Some("counter stream can only use limits retention")
        } else {
            None
        };
        if let Some(problem) = problem {
            return Err(invalid(problem));
        }
    }
    check_discard_new_per_subject(config)?;
    if config.subject_delete_marker_ttl > 0 {
        if config.subject_delete_marker_ttl < NANOS_PER_SECOND {
            return Err(invalid(
                "subject delete marker TTL must be at least 1 second",
            ));
        }
        if !config.allow_msg_ttl && pedantic {
            return Err(invalid(
                "subject delete marker cannot be set if message TTLs are disabled",
            ));
        }
        config.allow_msg_ttl = true;
        allow_rollups(config, pedantic, "subject delete marker")?;
    } else if config.subject_delete_marker_ttl < 0 {
        return Err(invalid("subject delete marker TTL must not be negative"));
    }
    if config.allow_msg_schedules {
        if config.discard == Discard::New {
            return Err(invalid("message scheduling cannot use discard new"));
        }
        allow_rollups(config, pedantic, "message scheduling")?;
    }
    if config.persist_mode == PersistMode::Async {
        let problem = if config.storage != Storage::File {
            Some("async persist mode is only supported on file storage")
        } else if config.num_replicas > 1 {
            Some("async persist mode is not supported on replicated streams")
        } else if config.allow_atomic {
            Some("async persist mode is not supported with atomic batch publish")
        } else {
            None
        };
        if let Some(problem) = problem {
            return Err(invalid(problem));
        }
    }
    Ok(())
}

/// The two prerequisites of `discard_new_per_subject`.
pub(super) fn check_discard_new_per_subject(config: &StreamConfig) -> Result<(), ApiError> {
    if !config.discard_new_per_subject {
        return Ok(());
    }
    if config.discard != Discard::New {
        return Err(invalid(
            "discard new per subject requires discard new policy to be set",
        ));
    }
    if config.max_msgs_per_subject <= 0 {
        return Err(invalid(
            "discard new per subject requires max msgs per subject > 0",
        ));
    }
    Ok(())
}

fn allow_rollups(config: &mut StreamConfig, pedantic: bool, what: &str) -> Result<(), ApiError> {
    if config.allow_rollup_hdrs {
        return Ok(());
    }
    if pedantic {
        return Err(invalid(format_args!(
            "{what} cannot be set if roll-ups are disabled"
        )));
    }
    config.allow_rollup_hdrs = true;
    config.deny_purge = false;
    Ok(())
}

/// The source of a transform is no subject, or the destination is wrong.
enum BadTransform {
    Source(String),
    Destination(TransformError),
}

fn check_one_transform(transform: &SubjectTransform) -> Result<(), BadTransform> {
    if !transform.src.is_empty() && !is_valid_subject(transform.src.as_bytes()) {
        return Err(BadTransform::Source(format!(
            "invalid subject {}",
            transform.src
        )));
    }
    if transform.dest.is_empty() {
        return Ok(());
    }
    if transform.dest.split('.').any(str::is_empty) {
        return Err(BadTransform::Destination(
            TransformError::InvalidDestination,
        ));
    }
    Transform::new(&transform.src, &transform.dest)
        .map(drop)
        .map_err(BadTransform::Destination)
}

fn is_valid_source_consumer(source: &StreamSource) -> bool {
    source.consumer.as_ref().is_none_or(|consumer| {
        !consumer.name.is_empty()
            && is_valid_name(&consumer.name)
            && is_valid_literal(consumer.deliver_subject.as_bytes())
            && source.opt_start_seq == 0
            && source.opt_start_time.is_none()
            && source.filter_subject.is_empty()
    })
}

fn check_mirror(config: &StreamConfig) -> Result<(), ApiError> {
    let Some(mirror) = &config.mirror else {
        return Ok(());
    };
    let broken = [
        (config.first_seq > 0, errors::MIRROR_WITH_FIRST_SEQ),
        (!config.subjects.is_empty(), errors::MIRROR_WITH_SUBJECTS),
        (!config.sources.is_empty(), errors::MIRROR_WITH_SOURCES),
        (config.allow_msg_counter, errors::MIRROR_WITH_COUNTERS),
        (config.allow_atomic, errors::MIRROR_WITH_ATOMIC_PUBLISH),
        (config.allow_batched, errors::MIRROR_WITH_BATCH_PUBLISH),
        (
            config.allow_msg_schedules,
            errors::MIRROR_WITH_MSG_SCHEDULES,
        ),
        (
            !is_valid_source_consumer(mirror),
            errors::MIRROR_DURABLE_CONSUMER_CFG_INVALID,
        ),
        (
            !mirror.filter_subject.is_empty() && !mirror.subject_transforms.is_empty(),
            errors::MIRROR_MULTIPLE_FILTERS_NOT_ALLOWED,
        ),
        (
            config.subject_delete_marker_ttl > 0,
            invalid("subject delete markers forbidden on mirrors"),
        ),
    ];
    if let Some((_, error)) = broken.into_iter().find(|(broken, _)| *broken) {
        return Err(error);
    }
    for (at, transform) in mirror.subject_transforms.iter().enumerate() {
        check_one_transform(transform).map_err(|problem| match problem {
            BadTransform::Source(text) => errors::MIRROR_INVALID_SUBJECT_FILTER.with(text),
            BadTransform::Destination(error) => {
                errors::MIRROR_INVALID_TRANSFORM_DESTINATION.with(error)
            }
        })?;
        let others = mirror.subject_transforms.iter().skip(at + 1);
        if others
            .into_iter()
            .any(|other| overlaps(transform.src.as_bytes(), other.src.as_bytes()))
        {
            return Err(errors::MIRROR_OVERLAPPING_SUBJECT_FILTERS);
        }
    }
    if mirror.external.is_none() && (mirror.name.is_empty() || !is_valid_name(&mirror.name)) {
        return Err(errors::MIRROR_INVALID_STREAM_NAME);
    }
    check_external(mirror)
}

fn check_sources(config: &StreamConfig) -> Result<(), ApiError> {
    for (at, source) in config.sources.iter().enumerate() {
        if config.allow_msg_schedules {
            return Err(errors::SOURCE_WITH_MSG_SCHEDULES);
        }
        if source.name.is_empty() || !is_valid_name(&source.name) {
            return Err(errors::SOURCE_INVALID_STREAM_NAME);
        }
        let before = config.sources.get(..at).unwrap_or_default();
        if before.iter().any(|other| same_identity(source, other)) {
            return Err(errors::SOURCE_DUPLICATE_DETECTED);
        }
        if !source.filter_subject.is_empty() && !source.subject_transforms.is_empty() {
            return Err(errors::SOURCE_MULTIPLE_FILTERS_NOT_ALLOWED);
        }
        for (at, transform) in source.subject_transforms.iter().enumerate() {
            check_one_transform(transform).map_err(|problem| match problem {
                BadTransform::Source(text) => errors::SOURCE_INVALID_SUBJECT_FILTER.with(text),
                BadTransform::Destination(error) => {
                    errors::SOURCE_INVALID_TRANSFORM_DESTINATION.with(error)
                }
            })?;
            let mut others = source
                .subject_transforms
                .iter()
                .enumerate()
                .filter(|(other_at, _)| *other_at != at);
            if others.any(|(_, other)| covers(other.src.as_bytes(), transform.src.as_bytes())) {
                return Err(errors::SOURCE_OVERLAPPING_SUBJECT_FILTERS);
            }
        }
        if !is_valid_source_consumer(source) {
            return Err(errors::SOURCE_DURABLE_CONSUMER_CFG_INVALID);
        }
        check_external(source)?;
    }
    Ok(())
}

/// What makes two sources the same (16.5).
fn same_identity(a: &StreamSource, b: &StreamSource) -> bool {
    a.name == b.name
        && a.external == b.external
        && a.consumer == b.consumer
        && a.filter_subject == b.filter_subject
        && a.subject_transforms == b.subject_transforms
}

fn check_external(source: &StreamSource) -> Result<(), ApiError> {
    let Some(external) = &source.external else {
        return Ok(());
    };
    if !external.deliver.is_empty() && !is_valid_literal(external.deliver.as_bytes()) {
        return Err(errors::STREAM_INVALID_EXTERNAL_DELIVERY_SUBJ.with(&external.deliver));
    }
    if !external.api.is_empty() && !is_valid_literal(external.api.as_bytes()) {
        return Err(invalid(format_args!(
            "stream external api prefix \"{}\" must be a valid subject without wildcards",
            external.api
        )));
    }
    if external.api == "$JS.API" {
        return Err(errors::STREAM_EXTERNAL_API_OVERLAP.with_all(&[&external.api, &"$JS.API"]));
    }
    Ok(())
}

fn check_subjects(config: &mut StreamConfig) -> Result<(), ApiError> {
    if config.subjects.is_empty() {
        if config.mirror.is_none() && config.sources.is_empty() {
            config.subjects.push(config.name.clone());
        }
        return Ok(());
    }
    for (at, subject) in config.subjects.iter().enumerate() {
        let bytes = subject.as_bytes();
        if !is_valid_subject(bytes) {
            return Err(invalid("invalid subject"));
        }
        if bytes == b">" {
            if !config.no_ack {
                return Err(invalid("capturing all subjects requires no-ack to be true"));
            }
            if config.num_replicas > 1 {
                return Err(invalid("capturing all subjects requires replicas of 1"));
            }
        } else if !config.no_ack {
            let api = [&b"$JS.>"[..], b"$JSC.>", b"$NRG.>"];
            if api.iter().any(|reserved| overlaps(bytes, reserved))
                && !covers(b"$JS.EVENT.>", bytes)
            {
                return Err(invalid(
                    "subjects that overlap with jetstream api require no-ack to be true",
                ));
            }
            if overlaps(bytes, b"$SYS.>") && !covers(b"$SYS.ACCOUNT.>", bytes) {
                return Err(invalid(
                    "subjects that overlap with system api require no-ack to be true",
                ));
            }
        }
        let mut later = config.subjects.iter().skip(at + 1);
        if let Some(other) = later.find(|other| overlaps(bytes, other.as_bytes())) {
            return Err(invalid(format_args!(
                "subject \"{subject}\" overlaps with \"{other}\""
            )));
        }
    }
    Ok(())
}

fn check_transform(config: &StreamConfig) -> Result<(), ApiError> {
    let Some(transform) = &config.subject_transform else {
        return Ok(());
    };
    check_one_transform(transform).map_err(|problem| match problem {
        BadTransform::Source(text) => errors::STREAM_TRANSFORM_INVALID_SOURCE.with(text),
        BadTransform::Destination(error) => {
            errors::STREAM_TRANSFORM_INVALID_DESTINATION.with(error)
        }
    })
}

fn normalise_republish(config: &mut StreamConfig, pedantic: bool) -> Result<(), ApiError> {
    let (subjects, transform) = (&config.subjects, &config.subject_transform);
    let Some(republish) = &mut config.republish else {
        return Ok(());
    };
    if republish.src.is_empty() {
        if pedantic {
            return Err(errors::PEDANTIC.with("republish source can not be empty"));
        }
        republish.src = ">".to_owned();
    }
    if republish.src == ">"
        && republish.dest == ">"
        && let (Some(transform), [only]) = (transform, subjects.as_slice())
        && transform.src == *only
    {
        if pedantic {
            return Err(errors::PEDANTIC.with("implicit republish based on subject transform"));
        }
        republish.src.clone_from(&transform.dest);
        republish.dest.clone_from(&transform.dest);
    }
    let Republish { src, dest, .. } = republish;
    if dest.is_empty() {
        return Ok(());
    }
    if subjects
        .iter()
        .any(|subject| overlaps(subject.as_bytes(), dest.as_bytes()))
    {
        return Err(invalid(
            "stream configuration for republish destination forms a cycle",
        ));
    }
    Transform::new(src, dest).map(drop).map_err(|_| {
        invalid(format_args!(
            "stream configuration for republish with transform from '{src}' to '{dest}' not valid"
        ))
    })
}

fn check_placement(config: &mut StreamConfig) -> Result<(), ApiError> {
    if let Some(placement) = &config.placement {
        if !placement.preferred.is_empty() {
            return Err(invalid("preferred server not permitted in placement"));
        }
        if *placement == Default::default() {
            config.placement = None;
        }
    }
    Ok(())
}

/// Refuses what this server does not have yet, so that nobody relies on it.
///
/// # Errors
/// If the configuration asks for such a thing.
pub fn refuse_later_features(config: &StreamConfig) -> Result<(), ApiError> {
    let asked = [
        (config.mirror.is_some(), "mirror"),
        (!config.sources.is_empty(), "sources"),
        (config.allow_msg_counter, "allow_msg_counter"),
        (config.allow_atomic, "allow_atomic"),
        (config.allow_batched, "allow_batched"),
        (config.allow_msg_schedules, "allow_msg_schedules"),
    ];
    match asked.iter().find(|(asked, _)| *asked) {
        Some((_, field)) => Err(invalid(format_args!(
            "{field} is not supported by this server version yet"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
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
            check(r#"{"name":"A","subject_delete_marker_ttl":1000000000,"deny_purge":true}"#)
                .unwrap();
        assert!(config.allow_msg_ttl && config.allow_rollup_hdrs && !config.deny_purge);
        assert_eq!(config.metadata[metadata::REQUIRED_LEVEL], "1");
    }
}
