//! Consumer configurations, checked before they are sent.

use super::settings::is_paused;
use crate::commands::assets::schema_problems;
use crate::output::Json;

/// Schema of configurations.
pub const SCHEMA: &str = "io.nats.jetstream.api.v1.consumer_configuration";

/// What is wrong with a configuration; empty if nothing is known to be.
pub fn problems(config: &Json) -> Vec<String> {
    schema_problems(SCHEMA, config)
}

/// API level that a server must have to understand a configuration.
pub fn needed_level(config: &Json) -> i64 {
    if config.text("priority_policy") == "prioritized" {
        2
    } else if is_paused(config) || !config.list("priority_groups").is_empty() {
        1
    } else {
        0
    }
}
