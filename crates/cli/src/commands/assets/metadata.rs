//! Metadata: the user's, and what servers keep among it.

use crate::output::Json;

/// How keys begin that belong to the server.
pub const RESERVED: &str = "_nats.";

/// Keys and values of the user, sorted by key.
pub fn user_metadata(config: &Json) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = config
        .entries("metadata")
        .iter()
        .filter(|(key, _)| !key.starts_with(RESERVED))
        .map(|(key, value)| (key.clone(), value.as_text().unwrap_or_default().to_owned()))
        .collect();
    pairs.sort();
    pairs
}

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
