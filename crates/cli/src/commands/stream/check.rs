//! Stream configurations, checked before they are sent.

use crate::commands::assets::{is_valid_name, schema_problems};
use crate::output::Json;

/// Most bytes of a description.
const MAX_DESCRIPTION: usize = 4_096;

/// Schema of configurations.
pub const SCHEMA: &str = "io.nats.jetstream.api.v1.stream_configuration";

/// What is wrong with a configuration; empty if nothing is known to be.
pub fn problems(config: &Json) -> Vec<String> {
    let mut out = schema_problems(SCHEMA, config);
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
