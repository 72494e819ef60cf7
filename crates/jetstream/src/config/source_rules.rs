//! What a configuration may say about mirrors, sources and transforms
//! (jetstream-streams.md 14.1, 15.1, 15.7, 16.1).

use midge_subject::{
    Transform, TransformError, covers, is_valid_literal, is_valid_subject, overlaps,
};

use super::names::is_valid_name;
use super::source::{StreamSource, SubjectTransform};
use super::stream::StreamConfig;
use super::stream_rules::invalid;
use crate::error::ApiError;
use crate::error::catalogue as errors;

/// The source of a transform is no subject, or the destination is wrong.
pub(super) enum BadTransform {
    Source(String),
    Destination(TransformError),
}

pub(super) fn check_one_transform(transform: &SubjectTransform) -> Result<(), BadTransform> {
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

pub(super) fn check_mirror(config: &StreamConfig) -> Result<(), ApiError> {
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

pub(super) fn check_sources(config: &StreamConfig) -> Result<(), ApiError> {
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
