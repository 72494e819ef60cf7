//! Stream configurations, checked before they are sent.

use crate::commands::assets::schema_problems;
use crate::output::Json;

/// Schema of configurations.
pub const SCHEMA: &str = "io.nats.jetstream.api.v1.stream_configuration";

/// What is wrong with a configuration; empty if nothing is known to be.
pub fn problems(config: &Json) -> Vec<String> {
    schema_problems(SCHEMA, config)
}
