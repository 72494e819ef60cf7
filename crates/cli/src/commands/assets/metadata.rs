//! Metadata: what servers keep among the user's.

use crate::output::Json;

/// How keys begin that belong to the server.
const RESERVED: &str = "_nats.";

/// A configuration without the metadata that the server added to it.
pub fn without_reserved(mut config: Json) -> Json {
    let user: Vec<(String, Json)> = config
        .entries("metadata")
        .iter()
        .filter(|(key, _)| !key.starts_with(RESERVED))
        .cloned()
        .collect();
    if user.is_empty() {
        config.remove("metadata");
    } else {
        config.set("metadata", Json::Object(user));
    }
    config
}
