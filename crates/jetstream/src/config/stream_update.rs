//! What an update of a stream may change (jetstream-streams.md 2.2).

use super::enums::{Discard, Retention};
use super::stream::StreamConfig;
use super::stream_rules::check_discard_new_per_subject;
use crate::error::ApiError;
use crate::error::catalogue as errors;

/// Checks that a stream of configuration `old` may become `new`, which is
/// [normalised](super::stream_rules::normalise), and applies what sealing
/// brings along.
///
/// # Errors
/// The first change that is not allowed.
pub fn check_update(old: &StreamConfig, new: &mut StreamConfig) -> Result<(), ApiError> {
    let invalid = |text: &str| Err(errors::STREAM_INVALID_CONFIG.with(text));
    if new.num_replicas > 1 {
        return Err(errors::STREAM_REPLICAS_NOT_SUPPORTED);
    }
    if new.storage != old.storage {
        return invalid("stream configuration update can not change storage type");
    }
    let work_queue = |config: &StreamConfig| config.retention == Retention::WorkQueue;
    if work_queue(new) != work_queue(old) {
        return invalid(
            "stream configuration update can not change retention policy to/from workqueue",
        );
    }
    if old.sealed && !new.sealed {
        return invalid("stream configuration update can not unseal a sealed stream");
    }
    if old.deny_delete && !new.deny_delete {
        return invalid("stream configuration update can not cancel deny message deletes");
    }
    if old.deny_purge && !new.deny_purge {
        return invalid("stream configuration update can not cancel deny purge");
    }
    if new.sealed && !old.sealed {
        new.max_age = 0;
        new.discard = Discard::New;
        new.deny_delete = true;
        new.deny_purge = true;
        new.allow_rollup_hdrs = false;
    }
    if new.mirror.is_some() && new.mirror != old.mirror {
        return Err(errors::STREAM_MIRROR_NOT_UPDATABLE);
    }
    check_discard_new_per_subject(new)?;
    if old.allow_msg_ttl && !new.allow_msg_ttl {
        return invalid("message TTL status can not be disabled");
    }
    if new.allow_msg_counter != old.allow_msg_counter {
        return invalid("stream configuration update can not change message counter setting");
    }
    if old.allow_msg_schedules && !new.allow_msg_schedules {
        return invalid("message schedules can not be disabled");
    }
    if new.persist_mode != old.persist_mode {
        return invalid("stream configuration update can not change persist mode");
    }
    Ok(())
}
