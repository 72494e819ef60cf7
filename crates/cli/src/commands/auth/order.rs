//! The order in which tokens are written: that of all who write them.

use crate::output::Json;

/// What an operator says.
pub const OPERATOR: [&str; 6] = [
    "signing_keys",
    "account_server_url",
    "operator_service_urls",
    "system_account",
    "assert_server_version",
    "strict_signing_key_usage",
];

/// What an account says.
pub const ACCOUNT: [&str; 12] = [
    "imports",
    "exports",
    "limits",
    "signing_keys",
    "revocations",
    "default_permissions",
    "mappings",
    "authorization",
    "trace",
    "cluster_traffic",
    "description",
    "info_url",
];

/// What a user, or the template of a role, says.
pub const USER: [&str; 13] = [
    "pub",
    "sub",
    "resp",
    "src",
    "times",
    "times_location",
    "subs",
    "data",
    "payload",
    "bearer_token",
    "proxy_required",
    "allowed_connection_types",
    "issuer_account",
];

/// Limits of an account.
pub const LIMITS: [&str; 18] = [
    "subs",
    "data",
    "payload",
    "imports",
    "exports",
    "wildcards",
    "disallow_bearer",
    "conn",
    "leaf",
    "mem_storage",
    "disk_storage",
    "streams",
    "consumer",
    "max_ack_pending",
    "mem_max_stream_bytes",
    "disk_max_stream_bytes",
    "max_bytes_required",
    "tiered_limits",
];

/// An export.
pub const EXPORT: [&str; 13] = [
    "name",
    "subject",
    "type",
    "token_req",
    "revocations",
    "response_type",
    "response_threshold",
    "service_latency",
    "account_token_position",
    "advertise",
    "allow_trace",
    "description",
    "info_url",
];

/// An import.
pub const IMPORT: [&str; 9] = [
    "name",
    "subject",
    "account",
    "token",
    "to",
    "local_subject",
    "type",
    "share",
    "allow_trace",
];

/// With its keys in order, and without those that say nothing.
pub fn tidy(object: &Json, order: &[&str]) -> Json {
    let is_nothing = |value: &Json| match value {
        Json::Null | Json::Bool(false) | Json::Int(0) => true,
        Json::Text(text) => text.is_empty(),
        _ => false,
    };
    let mut out = Json::object();
    let known = order.iter().map(|key| (*key, object.key(key)));
    let others = object
        .entries("")
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .filter(|(key, _)| !order.contains(key));
    for (key, value) in known.chain(others) {
        if !is_nothing(value) {
            out.set(key, value.clone());
        }
    }
    out
}

/// Exports or imports, sorted by their subjects.
pub fn shares(shares: &[Json], order: &[&str]) -> Json {
    let mut shares: Vec<Json> = shares.iter().map(|share| tidy(share, order)).collect();
    shares.sort_by(|a, b| a.text("subject").cmp(b.text("subject")));
    Json::List(shares)
}
