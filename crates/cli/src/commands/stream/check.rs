//! Stream configurations, checked before they are sent.

use crate::commands::assets::{Shape, field_problems, is_valid_name};
use crate::output::Json;

/// Most bytes of a description.
const MAX_DESCRIPTION: usize = 4_096;

const FIELDS: &[(&str, Shape)] = &[
    ("name", Shape::Text),
    ("description", Shape::Text),
    ("subjects", Shape::Texts),
    ("subject_transform", Shape::Object),
    (
        "retention",
        Shape::Word(&["limits", "interest", "workqueue"]),
    ),
    ("max_consumers", Shape::Number(-1)),
    ("max_msgs_per_subject", Shape::Number(-1)),
    ("max_msgs", Shape::Number(-1)),
    ("max_bytes", Shape::Number(-1)),
    ("max_age", Shape::Number(0)),
    ("max_msg_size", Shape::Number(-1)),
    ("storage", Shape::Word(&["file", "memory"])),
    ("discard", Shape::Word(&["old", "new"])),
    ("num_replicas", Shape::Number(1)),
    ("no_ack", Shape::Bool),
    ("duplicate_window", Shape::Number(0)),
    ("placement", Shape::Object),
    ("mirror", Shape::Object),
    ("sources", Shape::List),
    ("compression", Shape::Word(&["none", "s2"])),
    ("first_seq", Shape::Number(0)),
    ("republish", Shape::Object),
    ("sealed", Shape::Bool),
    ("deny_delete", Shape::Bool),
    ("deny_purge", Shape::Bool),
    ("allow_rollup_hdrs", Shape::Bool),
    ("allow_direct", Shape::Bool),
    ("mirror_direct", Shape::Bool),
    ("discard_new_per_subject", Shape::Bool),
    ("allow_msg_ttl", Shape::Bool),
    ("subject_delete_marker_ttl", Shape::Number(0)),
    ("allow_msg_counter", Shape::Bool),
    ("allow_atomic", Shape::Bool),
    ("allow_batched", Shape::Bool),
    ("allow_msg_schedules", Shape::Bool),
    ("persist_mode", Shape::Word(&["", "default", "async"])),
    ("metadata", Shape::Object),
    ("consumer_limits", Shape::Object),
];

/// What is wrong with a configuration; empty if nothing is known to be.
pub fn problems(config: &Json) -> Vec<String> {
    let mut out = field_problems(config, FIELDS);
    let name = config.text("name");
    if !is_valid_name(name) {
        out.push(format!("{name:?} is not a valid stream name"));
    }
    if config.text("description").len() > MAX_DESCRIPTION {
        out.push(format!(
            "description must be at most {MAX_DESCRIPTION} bytes long"
        ));
    }
    if config
        .texts("subjects")
        .iter()
        .any(|subject| subject == ">")
        && !config.on("no_ack")
    {
        out.push("subjects cannot be '>' when acknowledgement is enabled".to_owned());
    }
    for source in config.list("sources") {
        if source.text("name").is_empty() {
            out.push("a source needs a name".to_owned());
        }
    }
    out
}
