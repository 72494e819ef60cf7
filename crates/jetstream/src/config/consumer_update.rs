//! What an update of a consumer may change (jetstream-consumers.md 3.5).

use super::consumer::ConsumerConfig;
use crate::error::ApiError;
use crate::error::catalogue as errors;

/// Checks that a consumer of configuration `old` may become `new`, which is
/// normalised. `is_bound` tells whether anybody listens to the old deliver
/// subject.
///
/// # Errors
/// The first change that is not allowed.
pub fn check_update(
    old: &ConsumerConfig,
    new: &ConsumerConfig,
    is_bound: impl FnOnce() -> bool,
) -> Result<(), ApiError> {
    let fixed = [
        (old.deliver_policy != new.deliver_policy, "deliver policy"),
        (old.mem_storage != new.mem_storage, "storage type"),
        (old.direct != new.direct, "direct"),
        (old.sourcing != new.sourcing, "sourcing"),
        (old.opt_start_seq != new.opt_start_seq, "start sequence"),
        (old.opt_start_time != new.opt_start_time, "start time"),
        (old.ack_policy != new.ack_policy, "ack policy"),
        (old.replay_policy != new.replay_policy, "replay policy"),
        (old.idle_heartbeat != new.idle_heartbeat, "heart beats"),
        (old.flow_control != new.flow_control, "flow control"),
    ];
    let refuse = |text: String| Err(errors::CONSUMER_CREATE.with(text));
    if let Some((_, what)) = fixed.iter().find(|(changed, _)| *changed) {
        return refuse(format!("{what} can not be updated"));
    }
    match (old.is_push(), new.is_push()) {
        (false, true) => {
            return refuse("can not update pull consumer to push based".to_owned());
        }
        (true, false) => {
            return refuse("can not update push consumer to pull based".to_owned());
        }
        (true, true) if old.deliver_subject != new.deliver_subject && is_bound() => {
            return Err(errors::CONSUMER_NAME_EXIST);
        }
        (true, true) | (false, false) => {}
    }
    if old.max_waiting != new.max_waiting {
        return refuse("max waiting can not be updated".to_owned());
    }
    Ok(())
}
