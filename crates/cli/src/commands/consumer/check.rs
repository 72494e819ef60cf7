//! Consumer configurations, checked before they are sent.

use crate::commands::assets::{Shape, field_problems, is_valid_name};
use crate::output::Json;

const FIELDS: &[(&str, Shape)] = &[
    (
        "ack_policy",
        Shape::Word(&["none", "all", "explicit", "flow_control"]),
    ),
    ("ack_wait", Shape::Number(0)),
    (
        "deliver_policy",
        Shape::Word(&[
            "all",
            "last",
            "new",
            "by_start_sequence",
            "by_start_time",
            "last_per_subject",
        ]),
    ),
    ("deliver_subject", Shape::Text),
    ("deliver_group", Shape::Text),
    ("durable_name", Shape::Text),
    ("name", Shape::Text),
    ("description", Shape::Text),
    ("filter_subject", Shape::Text),
    ("filter_subjects", Shape::Texts),
    ("flow_control", Shape::Bool),
    ("idle_heartbeat", Shape::Number(0)),
    ("max_ack_pending", Shape::Number(-1)),
    ("max_deliver", Shape::Number(-1)),
    ("backoff", Shape::List),
    ("max_waiting", Shape::Number(0)),
    ("opt_start_seq", Shape::Number(0)),
    ("opt_start_time", Shape::Text),
    ("rate_limit_bps", Shape::Number(0)),
    ("replay_policy", Shape::Word(&["instant", "original"])),
    ("sample_freq", Shape::Text),
    ("headers_only", Shape::Bool),
    ("max_batch", Shape::Number(0)),
    ("max_expires", Shape::Number(0)),
    ("max_bytes", Shape::Number(0)),
    ("inactive_threshold", Shape::Number(0)),
    ("num_replicas", Shape::Number(0)),
    ("mem_storage", Shape::Bool),
    ("metadata", Shape::Object),
    ("pause_until", Shape::Text),
    ("priority_groups", Shape::Texts),
    (
        "priority_policy",
        Shape::Word(&["", "none", "overflow", "pinned_client", "prioritized"]),
    ),
    ("priority_timeout", Shape::Number(0)),
];

/// What is wrong with a configuration; empty if nothing is known to be.
pub fn problems(config: &Json) -> Vec<String> {
    let mut out = field_problems(config, FIELDS);
    for key in ["durable_name", "name"] {
        let name = config.text(key);
        if !name.is_empty() && !is_valid_name(name) {
            out.push(format!("{name:?} is not a valid consumer name"));
        }
    }
    for (needed, policy) in [
        ("opt_start_seq", "by_start_sequence"),
        ("opt_start_time", "by_start_time"),
    ] {
        if config.text("deliver_policy") == policy && !config.has(needed) {
            out.push(format!("deliver policy {policy} needs {needed}"));
        }
    }
    if config.has("filter_subject") && !config.list("filter_subjects").is_empty() {
        out.push("filter_subject and filter_subjects exclude each other".to_owned());
    }
    out
}
