//! The lines of the start (configuration.md 8.2).

use std::collections::BTreeMap;
use std::fmt::Write;

use midge_config::options::Options;
use midge_log::Logger;
use midge_wire::info::VERSION;

use crate::server::Identity;
use crate::settings::{GIT_COMMIT, TOOL_CHAIN};

/// Feature flags by name with their defaults (configuration.md 6.3).
const FEATURE_FLAGS: [(&str, bool); 4] = [
    ("js_ack_fc_v2", false),
    ("js_api_reply_v2", false),
    ("js_raft_delete_range", true),
    ("js_snapshot_sources", false),
];

/// Payloads above this many bytes are warned of.
const LARGE_PAYLOAD: i64 = 8 << 20;

/// Writes the lines up to the name of the configuration file.
pub(super) fn write(log: &Logger, options: &Options, identity: &Identity) {
    log.info(format_args!("Starting nats-server"));
    log.info(format_args!("  Version:  {VERSION}"));
    log.info(format_args!(
        "  Git:      [{}]",
        GIT_COMMIT.unwrap_or("not set")
    ));
    log.info(format_args!("  Midge:    {}", env!("CARGO_PKG_VERSION")));
    log.debug(format_args!("  Go build: {TOOL_CHAIN}"));
    if let Some(cluster) = options.cluster_name() {
        log.info(format_args!("  Cluster:  {cluster}"));
    }
    log.info(format_args!("  Name:     {}", identity.name));
    if options.jetstream_enabled {
        let node = midge_jetstream::node_id(identity.name.as_bytes());
        log.info(format_args!("  Node:     {node}"));
    }
    log.info(format_args!("  ID:       {}", identity.id));
    write_flags(log, &options.feature_flags);
    if has_plain_password(options) {
        log.warn(format_args!(
            "Plaintext passwords detected, use nkeys or bcrypt"
        ));
    }
    if let Some(file) = &options.config_file {
        log.info(format_args!(
            "Using configuration file: {} ({})",
            file.display(),
            options.config_digest
        ));
    }
    if options.max_payload > LARGE_PAYLOAD {
        log.warn(format_args!(
            "Maximum payloads over 8.00 MB are generally discouraged and could lead to poor \
             performance"
        ));
    }
}

fn write_flags(log: &Logger, configured: &BTreeMap<String, bool>) {
    if configured.is_empty() {
        return;
    }
    let mut known = String::new();
    let mut unknown = String::new();
    for (name, on) in configured {
        match FEATURE_FLAGS.iter().find(|(known, _)| known == name) {
            Some((_, default)) => {
                let state = match (default, on) {
                    (false, true) => "opt-in",
                    (false, false) => "disabled",
                    (true, true) => "enabled",
                    (true, false) => "opt-out",
                };
                let comma = if known.is_empty() { "" } else { ", " };
                // Writing to a string cannot fail.
                let _ = write!(known, "{comma}{name} ({state})");
            }
            None => {
                let comma = if unknown.is_empty() { "" } else { ", " };
                let _ = write!(unknown, "{comma}{name}");
            }
        }
    }
    if known.is_empty() {
        known.push_str("none");
    }
    log.info(format_args!("  Feature flags:"));
    log.info(format_args!("    Configured:    {known}"));
    if !unknown.is_empty() {
        log.info(format_args!("    Unsupported:   {unknown}"));
    }
}

/// All flags with the values in force.
pub(crate) fn effective_flags(configured: &BTreeMap<String, bool>) -> BTreeMap<String, bool> {
    FEATURE_FLAGS
        .iter()
        .map(|&(name, default)| {
            (
                name.to_owned(),
                configured.get(name).copied().unwrap_or(default),
            )
        })
        .collect()
}

/// Whether a password is there in clear. A user without one counts as well,
/// unless a certificate tells who it is (security.md 3.2).
fn has_plain_password(options: &Options) -> bool {
    let auth = &options.authorization;
    let by_certificate = options.tls.as_ref().is_some_and(|tls| tls.verify_and_map);
    let bcrypt = midge_identity::secret::is_bcrypt;
    let single = auth.password.as_deref();
    single.is_some_and(|password| !password.is_empty() && !bcrypt(password))
        || auth.users.iter().any(|user| {
            let password = user.password.as_str();
            match password.is_empty() {
                true => !by_certificate,
                false => !bcrypt(password),
            }
        })
}
