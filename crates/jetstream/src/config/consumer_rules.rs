//! What a consumer configuration may say, and what is filled in
//! (jetstream-consumers.md 3.1, 3.3, 3.4).

use std::num::IntErrorKind;

use midge_subject::{covers, has_wildcard, is_valid_subject, overlaps};

use super::consumer::ConsumerConfig;
use super::enums::{AckPolicy, DeliverPolicy, PriorityPolicy, Retention};
use super::metadata;
use super::names::{MAX_DESCRIPTION, MAX_METADATA, is_valid_name};
use super::stream::StreamConfig;
use crate::error::ApiError;
use crate::error::catalogue as errors;
use crate::limits::{AccountLimits, ServerLimits};
use crate::text::duration::duration_text;
use crate::units::{NANOS_PER_MILLI, NANOS_PER_SECOND};

/// Time for an acknowledgement if nothing is said.
pub const DEFAULT_ACK_WAIT: i64 = 30 * NANOS_PER_SECOND;
/// Waiting pull requests if nothing is said.
pub const DEFAULT_MAX_WAITING: i64 = 512;
/// Messages without acknowledgement if nothing is said.
pub const DEFAULT_MAX_ACK_PENDING: i64 = 1000;
/// Life time of an ephemeral consumer without users if nothing is said.
pub const DEFAULT_INACTIVE_THRESHOLD: i64 = 5 * NANOS_PER_SECOND;
/// How long a client stays pinned if nothing is said.
pub const DEFAULT_PRIORITY_TIMEOUT: i64 = 120 * NANOS_PER_SECOND;
/// The heartbeat that acknowledgement by flow control brings along.
const FLOW_CONTROL_HEARTBEAT: i64 = NANOS_PER_SECOND;
/// Shortest heartbeat of push consumers.
const SHORTEST_HEARTBEAT: i64 = 100 * NANOS_PER_MILLI;
/// Longest name of a priority group, in bytes.
const MAX_GROUP_NAME: usize = 16;

fn invalid(text: &str) -> ApiError {
    errors::STREAM_INVALID_CONFIG.with(text)
}

/// What a consumer's configuration is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The stream's configuration.
    pub stream: &'a StreamConfig,
    /// Limits of the server.
    pub server: &'a ServerLimits,
    /// Limits of the account.
    pub account: &'a AccountLimits,
}

/// Fills in defaults and checks. What changes silently is refused if
/// `pedantic`.
///
/// # Errors
/// The first rule that is broken, in the order of the sheet.
pub fn normalise(
    config: &mut ConsumerConfig,
    around: Surroundings<'_>,
    pedantic: bool,
) -> Result<(), ApiError> {
    let level = config.required_level();
    metadata::stamp(&mut config.metadata, level);
    fill(config, around, pedantic)?;
    check_identity(config, around.stream)?;
    check_acks(config, pedantic)?;
    if config.is_push() {
        check_push(config, around.stream)?;
    } else {
        check_pull(config, around)?;
    }
    check_ceilings(config, around)?;
    check_filters(config)?;
    check_start(config)?;
    check_rest(config)
}

fn pedantic_error(text: &str) -> ApiError {
    errors::PEDANTIC.with(text)
}

fn fill(
    config: &mut ConsumerConfig,
    around: Surroundings<'_>,
    pedantic: bool,
) -> Result<(), ApiError> {
    let limits = &around.stream.consumer_limits;
    if config.max_deliver == 0 {
        config.max_deliver = -1;
    } else if config.max_deliver < -1 {
        if pedantic {
            return Err(pedantic_error("max_deliver must be set to -1"));
        }
        config.max_deliver = -1;
    }
    let floor = |value: &mut i64, name: &str| {
        if *value < 0 {
            if pedantic {
                return Err(pedantic_error(&format!("{name} must not be negative")));
            }
            *value = 0;
        }
        Ok(())
    };
    floor(&mut config.max_waiting, "max_waiting")?;
    if config.max_waiting == 0 && !config.is_push() {
        config.max_waiting = DEFAULT_MAX_WAITING;
    }
    if config.ack_policy == AckPolicy::FlowControl && !pedantic {
        config.flow_control = true;
        config.idle_heartbeat = FLOW_CONTROL_HEARTBEAT;
    }
    let acks = matches!(config.ack_policy, AckPolicy::Explicit | AckPolicy::All);
    if let Some(&first) = config.backoff.first() {
        if pedantic && config.ack_wait != first {
            return Err(pedantic_error(
                "first backoff value has to equal batch AckWait",
            ));
        }
        if config.ack_policy != AckPolicy::FlowControl {
            config.ack_wait = first;
        }
    } else if acks && config.ack_wait == 0 {
        config.ack_wait = DEFAULT_ACK_WAIT;
    }
    if config.max_ack_pending < -1 {
        if pedantic {
            return Err(pedantic_error("max_ack_pending must be set to -1"));
        }
        config.max_ack_pending = -1;
    }
    if config.max_ack_pending == 0 {
        // Push consumers without acknowledgements may not have it.
        let may_have = config.ack_policy != AckPolicy::None || !config.is_push();
        if limits.max_ack_pending > 0 && pedantic {
            return Err(pedantic_error(
                "max_ack_pending must be set if it's configured in stream limits",
            ));
        }
        if limits.max_ack_pending < 0 || limits.max_ack_pending > 0 && may_have {
            config.max_ack_pending = limits.max_ack_pending;
        } else if config.ack_policy != AckPolicy::None {
            let ceilings = [
                around.server.max_ack_pending,
                around.account.max_ack_pending,
            ];
            config.max_ack_pending = ceilings
                .into_iter()
                .filter(|ceiling| *ceiling > 0)
                .fold(DEFAULT_MAX_ACK_PENDING, i64::min);
        }
    }
    floor(&mut config.max_batch, "max_batch")?;
    if config.max_batch == 0 && !config.is_push() && around.server.max_request_batch > 0 {
        if pedantic {
            return Err(pedantic_error(
                "max_request_batch must be set if it's JetStream limits are set",
            ));
        }
        config.max_batch = around.server.max_request_batch;
    }
    floor(&mut config.max_expires, "max_expires")?;
    floor(&mut config.max_bytes, "max_bytes")?;
    floor(&mut config.idle_heartbeat, "idle_heartbeat")?;
    floor(&mut config.inactive_threshold, "inactive_threshold")?;
    if config.inactive_threshold == 0 {
        if limits.inactive_threshold > 0 {
            if pedantic {
                return Err(pedantic_error(
                    "inactive_threshold must be set if it's configured in stream limits",
                ));
            }
            config.inactive_threshold = limits.inactive_threshold;
        } else if !config.is_durable() {
            config.inactive_threshold = DEFAULT_INACTIVE_THRESHOLD;
        } else {
            // A negative one is none.
            config.inactive_threshold = limits.inactive_threshold;
        }
    }
    floor(&mut config.priority_timeout, "priority_timeout")?;
    if config.priority_policy == PriorityPolicy::PinnedClient && config.priority_timeout == 0 {
        config.priority_timeout = DEFAULT_PRIORITY_TIMEOUT;
    }
    Ok(())
}

fn check_identity(config: &ConsumerConfig, stream: &StreamConfig) -> Result<(), ApiError> {
    if !is_valid_name(&config.name) {
        return Err(invalid(
            "consumer name can not contain '.', '*', '>', '\\', '/'",
        ));
    }
    if !is_valid_name(&config.durable_name) {
        return Err(invalid(
            "consumer durable name can not contain '.', '*', '>', '\\', '/'",
        ));
    }
    if config.num_replicas > stream.num_replicas {
        return Err(errors::CONSUMER_REPLICAS_EXCEEDS_STREAM);
    }
    if config.num_replicas < 0 {
        return Err(errors::REPLICAS_COUNT_CANNOT_BE_NEGATIVE);
    }
    let follows = config.num_replicas == 0 || config.num_replicas == stream.num_replicas;
    if stream.retention != Retention::Limits && !follows {
        return Err(errors::CONSUMER_REPLICAS_SHOULD_MATCH_STREAM);
    }
    Ok(())
}

fn check_acks(config: &ConsumerConfig, pedantic: bool) -> Result<(), ApiError> {
    if config.backoff.iter().any(|step| *step < 0) {
        return Err(errors::CONSUMER_BACK_OFF_NEGATIVE);
    }
    if config.ack_wait < 0 {
        return Err(errors::CONSUMER_ACK_WAIT_NEGATIVE);
    }
    if config.ack_policy == AckPolicy::FlowControl {
        if !config.is_push() {
            return Err(errors::CONSUMER_ACK_FC_REQUIRES_PUSH);
        }
        if pedantic && !config.flow_control {
            return Err(errors::CONSUMER_ACK_FC_REQUIRES_FC);
        }
        if pedantic && config.idle_heartbeat != FLOW_CONTROL_HEARTBEAT {
            return Err(invalid("flow control ack policy heartbeat needs to be 1s"));
        }
        if config.max_ack_pending <= 0 {
            return Err(errors::CONSUMER_ACK_FC_REQUIRES_MAX_ACK_PENDING);
        }
        if config.ack_wait != 0 || !config.backoff.is_empty() {
            return Err(errors::CONSUMER_ACK_FC_REQUIRES_NO_ACK_WAIT);
        }
        if config.max_deliver > 0 {
            return Err(errors::CONSUMER_ACK_FC_REQUIRES_NO_MAX_DELIVER);
        }
    }
    let steps = i64::try_from(config.backoff.len()).unwrap_or(i64::MAX);
    if config.max_deliver != -1 && steps > config.max_deliver {
        return Err(errors::CONSUMER_MAX_DELIVER_BACKOFF);
    }
    if config.description.len() > MAX_DESCRIPTION {
        return Err(errors::CONSUMER_DESCRIPTION_TOO_LONG.with(MAX_DESCRIPTION));
    }
    Ok(())
}

fn check_push(config: &ConsumerConfig, stream: &StreamConfig) -> Result<(), ApiError> {
    let subject = config.deliver_subject.as_bytes();
    if has_wildcard(subject) {
        return Err(errors::CONSUMER_DELIVER_TO_WILDCARDS);
    }
    if !is_valid_subject(subject) {
        return Err(errors::CONSUMER_INVALID_DELIVER_SUBJECT);
    }
    if stream
        .subjects
        .iter()
        .any(|captured| overlaps(captured.as_bytes(), subject))
    {
        return Err(errors::CONSUMER_DELIVER_CYCLE);
    }
    if config.max_waiting != 0 {
        return Err(errors::CONSUMER_PUSH_MAX_WAITING);
    }
    if config.max_ack_pending > 0 && config.ack_policy == AckPolicy::None {
        return Err(errors::CONSUMER_MAX_PENDING_ACK_POLICY_REQUIRED);
    }
    if config.idle_heartbeat > 0 && config.idle_heartbeat < SHORTEST_HEARTBEAT {
        return Err(errors::CONSUMER_SMALL_HEARTBEAT);
    }
    Ok(())
}

fn check_pull(config: &ConsumerConfig, around: Surroundings<'_>) -> Result<(), ApiError> {
    if config.ack_policy == AckPolicy::None && around.stream.retention == Retention::WorkQueue {
        return Err(errors::CONSUMER_PULL_REQUIRES_ACK);
    }
    if config.rate_limit_bps > 0 {
        return Err(errors::CONSUMER_PULL_WITH_RATE_LIMIT);
    }
    if config.idle_heartbeat > 0 {
        return Err(errors::CONSUMER_HB_REQUIRES_PUSH);
    }
    if config.flow_control {
        return Err(errors::CONSUMER_FC_REQUIRES_PUSH);
    }
    if config.max_expires > 0 && config.max_expires < NANOS_PER_MILLI {
        return Err(errors::CONSUMER_MAX_REQUEST_EXPIRES_TOO_SMALL);
    }
    let limit = around.server.max_request_batch;
    if limit > 0 && config.max_batch > limit {
        return Err(errors::CONSUMER_MAX_REQUEST_BATCH_EXCEEDED.with(limit));
    }
    Ok(())
}

fn check_ceilings(config: &ConsumerConfig, around: Surroundings<'_>) -> Result<(), ApiError> {
    let limits = &around.stream.consumer_limits;
    let ceilings = [
        around.server.max_ack_pending,
        around.account.max_ack_pending,
        limits.max_ack_pending,
    ];
    if let Some(limit) = ceilings
        .into_iter()
        .find(|limit| *limit > 0 && config.max_ack_pending > *limit)
    {
        return Err(errors::CONSUMER_MAX_PENDING_ACK_EXCESS.with(limit));
    }
    let limit = limits.inactive_threshold;
    if limit > 0 && config.inactive_threshold > limit {
        return Err(errors::CONSUMER_INACTIVE_THRESHOLD_EXCESS.with(duration_text(limit)));
    }
    if config.direct {
        if !config.is_push() {
            return Err(errors::CONSUMER_DIRECT_REQUIRES_PUSH);
        }
        if config.is_durable() {
            return Err(errors::CONSUMER_DIRECT_REQUIRES_EPHEMERAL);
        }
    }
    Ok(())
}

fn check_filters(config: &ConsumerConfig) -> Result<(), ApiError> {
    if !config.filter_subject.is_empty() && !config.filter_subjects.is_empty() {
        return Err(errors::CONSUMER_DUPLICATE_FILTER_SUBJECTS);
    }
    if !config.filter_subject.is_empty() && !is_valid_subject(config.filter_subject.as_bytes()) {
        return Err(invalid("invalid subject"));
    }
    if config.filter_subjects.iter().any(String::is_empty) {
        return Err(errors::CONSUMER_EMPTY_FILTER);
    }
    for (at, filter) in config.filter_subjects.iter().enumerate() {
        let filter = filter.as_bytes();
        if !is_valid_subject(filter) {
            return Err(invalid("invalid subject"));
        }
        let later = config
            .filter_subjects
            .iter()
            .skip(at + 1)
            .map(String::as_bytes);
        if later
            .into_iter()
            .any(|other| covers(filter, other) || covers(other, filter))
        {
            return Err(errors::CONSUMER_OVERLAPPING_SUBJECT_FILTERS);
        }
    }
    Ok(())
}

fn check_start(config: &ConsumerConfig) -> Result<(), ApiError> {
    let (policy, has_seq, has_time) = (
        config.deliver_policy,
        config.opt_start_seq > 0,
        config.opt_start_time.is_some(),
    );
    let name = match policy {
        DeliverPolicy::All => "all",
        DeliverPolicy::Last => "last",
        DeliverPolicy::LastPerSubject => "last per subject",
        DeliverPolicy::New => "new",
        DeliverPolicy::ByStartSequence => "by start sequence",
        DeliverPolicy::ByStartTime => "by start time",
    };
    let also_set = |what: &str| {
        Err(errors::CONSUMER_INVALID_POLICY.with(format_args!(
            "consumer delivery policy is deliver {name}, but optional start {what} is also set"
        )))
    };
    let not_set = |what: &str| {
        Err(errors::CONSUMER_INVALID_POLICY.with(format_args!(
            "consumer delivery policy is deliver {name}, but optional {what} is not set"
        )))
    };
    match policy {
        DeliverPolicy::ByStartSequence if !has_seq => not_set("start sequence"),
        DeliverPolicy::ByStartSequence if has_time => also_set("time"),
        DeliverPolicy::ByStartSequence => Ok(()),
        DeliverPolicy::ByStartTime if !has_time => not_set("start time"),
        DeliverPolicy::ByStartTime if has_seq => also_set("start sequence"),
        DeliverPolicy::ByStartTime => Ok(()),
        DeliverPolicy::All
        | DeliverPolicy::Last
        | DeliverPolicy::New
        | DeliverPolicy::LastPerSubject => {
            if has_seq {
                return also_set("sequence");
            }
            if has_time {
                return also_set("time");
            }
            if policy == DeliverPolicy::LastPerSubject && config.filters().next().is_none() {
                return not_set("filter subject");
            }
            Ok(())
        }
    }
}

/// The share of acknowledgements that `sample_freq` asks to report, percent.
///
/// # Errors
/// If it is no number, or negative.
pub fn sample_percent(text: &str) -> Result<i64, ApiError> {
    if text.is_empty() {
        return Ok(0);
    }
    let digits = text.strip_suffix('%').unwrap_or(text);
    match digits.parse::<i64>() {
        Ok(percent) if percent >= 0 => Ok(percent),
        Ok(_) => Err(errors::CONSUMER_INVALID_SAMPLING.with("<nil>")),
        Err(error) => {
            let problem = match error.kind() {
                IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
                _ => "invalid syntax",
            };
            Err(errors::CONSUMER_INVALID_SAMPLING
                .with(format_args!("strconv.Atoi: parsing {digits:?}: {problem}")))
        }
    }
}

fn check_rest(config: &ConsumerConfig) -> Result<(), ApiError> {
    sample_percent(&config.sample_freq)?;
    if config.flow_control && config.idle_heartbeat == 0 {
        return Err(errors::CONSUMER_WITH_FLOW_CONTROL_NEEDS_HEARTBEATS);
    }
    if config.is_durable() && !config.name.is_empty() && config.name != config.durable_name {
        return Err(errors::CONSUMER_CREATE_DURABLE_AND_NAME_MISMATCH);
    }
    if metadata::size(&config.metadata) > MAX_METADATA {
        return Err(errors::CONSUMER_METADATA_LENGTH.with("128KB"));
    }
    check_priority(config)
}

fn check_priority(config: &ConsumerConfig) -> Result<(), ApiError> {
    if config.priority_policy == PriorityPolicy::None {
        if !config.priority_groups.is_empty() {
            return Err(errors::CONSUMER_PRIORITY_GROUP_WITH_POLICY_NONE);
        }
        if config.priority_timeout > 0 {
            return Err(errors::CONSUMER_PINNED_TTL_WITHOUT_PRIORITY_POLICY_NONE);
        }
        return Ok(());
    }
    if config.is_push() {
        return Err(errors::CONSUMER_PUSH_WITH_PRIORITY_GROUP);
    }
    if config.priority_groups.is_empty() {
        return Err(errors::CONSUMER_PRIORITY_POLICY_WITHOUT_GROUP);
    }
    for group in &config.priority_groups {
        if group.is_empty() {
            return Err(errors::CONSUMER_EMPTY_GROUP_NAME);
        }
        if !is_valid_group(group) {
            return Err(errors::CONSUMER_INVALID_GROUP_NAME);
        }
    }
    Ok(())
}

/// Whether a text can be the name of a priority group.
pub fn is_valid_group(group: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_=-".contains(&byte);
    (1..=MAX_GROUP_NAME).contains(&group.len()) && group.bytes().all(allowed)
}

#[cfg(test)]
#[path = "consumer_rules_tests.rs"]
mod tests;
