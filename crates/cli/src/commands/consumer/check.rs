//! Consumer configurations, checked before they are sent.

use crate::commands::assets::{is_valid_name, schema_problems};
use crate::output::Json;

/// Schema of configurations.
const SCHEMA: &str = "io.nats.jetstream.api.v1.consumer_configuration";

/// What is wrong with a configuration; empty if nothing is known to be.
pub fn problems(config: &Json) -> Vec<String> {
    let mut out = schema_problems(SCHEMA, config);
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
