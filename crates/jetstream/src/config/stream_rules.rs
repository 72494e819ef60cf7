//! What a stream configuration may say, and what is filled in
//! (jetstream-streams.md 1.3 to 1.7).

use midge_subject::{Transform, covers, is_valid_subject, overlaps};

use super::enums::{Discard, PersistMode, Retention, Storage};
use super::metadata;
use super::names::{MAX_DESCRIPTION, MAX_METADATA, MAX_NAME, is_valid_name};
use super::source_rules::{BadTransform, check_mirror, check_one_transform, check_sources};
use super::stream::{Republish, StreamConfig};
use crate::error::ApiError;
use crate::error::catalogue as errors;
use crate::limits::{AccountLimits, ServerLimits};
use crate::text::duration::duration_text;
use crate::units::NANOS_PER_SECOND;

/// Most copies of a stream.
pub const MAX_REPLICAS: i64 = 5;
/// How long message ids are remembered if nothing is said.
pub const DEFAULT_DUPLICATE_WINDOW: i64 = 120 * NANOS_PER_SECOND;
/// Shortest `max_age` and duplicate window.
const SHORTEST: i64 = NANOS_PER_SECOND / 10;

pub(super) fn invalid(text: impl std::fmt::Display) -> ApiError {
    errors::STREAM_INVALID_CONFIG.with(text)
}

/// Fills in defaults and checks what needs no other stream. `account` are the
/// limits of the account, if it has any. What changes silently is refused if
/// `pedantic`.
///
/// # Errors
/// The first rule that is broken, in the order of the sheet.
pub fn normalise(
    config: &mut StreamConfig,
    server: &ServerLimits,
    account: Option<&AccountLimits>,
    pedantic: bool,
) -> Result<(), ApiError> {
    check_name_and_texts(config)?;
    fill_limits(config, pedantic)?;
    check_ages(config, server, pedantic)?;
    check_flags(config, pedantic)?;
    check_mirror(config)?;
    check_sources(config)?;
    check_subjects(config)?;
    if let Some(account) = account {
        check_bytes(config, account)?;
    }
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
    if config.max_age < 0 {
        return Err(invalid("max age can not be negative"));
    }
    if config.max_age > 0 && config.max_age < SHORTEST {
        return Err(invalid("max age needs to be >= 100ms"));
    }
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

/// What the account says about `max_bytes` itself.
fn check_bytes(config: &StreamConfig, limits: &AccountLimits) -> Result<(), ApiError> {
    if limits.max_bytes_required && config.max_bytes <= 0 {
        return Err(errors::STREAM_MAX_BYTES_REQUIRED);
    }
    let limit = match config.storage {
        Storage::File => limits.storage_max_stream_bytes,
        Storage::Memory => limits.memory_max_stream_bytes,
    };
    if limit > 0 && config.max_bytes > limit {
        return Err(errors::STREAM_MAX_STREAM_BYTES_EXCEEDED);
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
#[path = "stream_rules_tests.rs"]
mod tests;
