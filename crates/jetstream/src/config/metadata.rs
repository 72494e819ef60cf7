//! Metadata, and the keys in it that belong to the server
//! (jetstream-api.md 20).

use std::collections::BTreeMap;

/// Keys and values that a user attaches to a stream or consumer.
pub type Metadata = BTreeMap<String, String>;

/// Lowest API level that can host the asset. Stored.
pub const REQUIRED_LEVEL: &str = "_nats.req.level";
/// Version of the server. Only in replies.
pub const SERVER_VERSION: &str = "_nats.ver";
/// API level of the server. Only in replies.
pub const SERVER_LEVEL: &str = "_nats.level";

/// The API level of this server.
pub const API_LEVEL: u32 = 5;
/// The version that replies name.
pub const VERSION: &str = "2.15.1";

const SERVER_KEYS: [&str; 3] = [REQUIRED_LEVEL, SERVER_VERSION, SERVER_LEVEL];

/// Sum of the lengths of keys and values.
pub fn size(metadata: &Metadata) -> usize {
    metadata
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum()
}

/// Replaces what a client wrote under the server's keys by the level that the
/// asset needs.
pub fn stamp(metadata: &mut Metadata, required_level: u32) {
    metadata.remove(SERVER_VERSION);
    metadata.remove(SERVER_LEVEL);
    metadata.insert(REQUIRED_LEVEL.to_owned(), required_level.to_string());
}

/// Adds what replies show about this server.
pub fn show(metadata: &mut Metadata) {
    metadata.insert(SERVER_VERSION.to_owned(), VERSION.to_owned());
    metadata.insert(SERVER_LEVEL.to_owned(), API_LEVEL.to_string());
}

/// Whether two are equal but for the server's keys.
pub fn same_for_user(a: &Metadata, b: &Metadata) -> bool {
    let user = |metadata: &Metadata| -> Vec<(String, String)> {
        metadata
            .iter()
            .filter(|(key, _)| !SERVER_KEYS.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    user(a) == user(b)
}
