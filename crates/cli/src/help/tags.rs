//! Tags of commands: whether they need the system account, and whether they
//! change anything.

use crate::model::Command;

/// Need a user, and only read.
const USER_READS: &[&str] = &[
    "account info",
    "account report",
    "account report connections",
    "account report statistics",
    "account backup",
    "account tls",
    "consumer ls",
    "consumer find",
    "consumer info",
    "consumer state",
    "consumer next",
    "consumer sub",
    "consumer graph",
    "consumer report",
    "counter get",
    "counter view",
    "counter list",
    "events",
    "kv get",
    "kv history",
    "kv info",
    "kv watch",
    "kv ls",
    "object get",
    "object info",
    "object ls",
    "object watch",
    "server check connection",
    "server check stream",
    "server check consumer",
    "server check message",
    "server check meta",
    "server check jetstream",
    "server check kv",
    "service list",
    "service info",
    "service stats",
    "service serve",
    "stream ls",
    "stream report",
    "stream find",
    "stream info",
    "stream state",
    "stream subjects",
    "stream view",
    "stream get",
    "stream backup",
    "stream gaps",
    "stream graph",
    "traffic",
];

/// Need a user, and may change or send something.
const USER_WRITES: &[&str] = &[
    "account restore",
    "bench pub",
    "bench sub",
    "bench service",
    "bench js",
    "bench kv",
    "bench oldjs",
    "consumer add",
    "consumer edit",
    "consumer rm",
    "consumer reset",
    "consumer copy",
    "consumer pause",
    "consumer unpin",
    "consumer resume",
    "consumer cluster step-down",
    "consumer cluster balance",
    "counter increment",
    "counter decrement",
    "kv add",
    "kv edit",
    "kv put",
    "kv create",
    "kv update",
    "kv del",
    "kv purge",
    "kv revert",
    "kv compact",
    "latency",
    "object add",
    "object edit",
    "object put",
    "object del",
    "object seal",
    "publish",
    "reply",
    "request",
    "rtt",
    "server check request",
    "service ping",
    "service request",
    "stream add",
    "stream edit",
    "stream rm",
    "stream purge",
    "stream copy",
    "stream rmm",
    "stream restore",
    "stream seal",
    "stream cluster step-down",
    "stream cluster balance",
    "stream cluster peer-remove",
    "subscribe",
    "trace",
];

/// Need the system account, and only read.
const SYSTEM_READS: &[&str] = &[
    "audit analyze",
    "audit gather",
    "auth operator info",
    "auth operator list",
    "auth operator select",
    "auth operator backup",
    "auth operator keys list",
    "auth account info",
    "auth account ls",
    "auth account query",
    "auth account imports info",
    "auth account imports ls",
    "auth account exports info",
    "auth account exports ls",
    "auth account keys info",
    "auth account keys ls",
    "auth account mappings ls",
    "auth account mappings info",
    "auth user info",
    "auth user ls",
    "server account info",
    "server check server",
    "server check credential",
    "server graph",
    "server info",
    "server list",
    "server ping",
    "server report accounts",
    "server report connections",
    "server report cpu",
    "server report gateways",
    "server report health",
    "server report jetstream",
    "server report leafnodes",
    "server report mem",
    "server report routes",
    "server report downgrade",
    "server request",
    "server request accounts",
    "server request connections",
    "server request gateways",
    "server request ipqueue",
    "server request jetstream-health",
    "server request jetstream",
    "server request leafnodes",
    "server request profile",
    "server request raft",
    "server request routes",
    "server request subscriptions",
    "server request variables",
    "server watch api requests",
    "server watch accounts",
    "server watch jetstream",
    "server watch servers",
    "server stream-check",
    "server consumer-check",
];

/// Need the system account, and may change something.
const SYSTEM_WRITES: &[&str] = &[
    "auth operator add",
    "auth operator edit",
    "auth operator import",
    "auth operator restore",
    "auth operator keys add",
    "auth operator keys rm",
    "auth account add",
    "auth account edit",
    "auth account push",
    "auth account imports add",
    "auth account imports edit",
    "auth account imports rm",
    "auth account imports kv",
    "auth account exports add",
    "auth account exports edit",
    "auth account exports rm",
    "auth account exports kv",
    "auth account keys add",
    "auth account keys rm",
    "auth account mappings add",
    "auth account mappings rm",
    "auth user add",
    "auth user edit",
    "auth user rm",
    "auth user credential",
    "server account purge",
    "server check exporter",
    "server cluster balance",
    "server cluster step-down",
    "server cluster peer-remove",
    "server config reload",
    "server request kick",
];

/// The tags of the command at the end of `path`; none for most groups.
pub fn tags(path: &[&Command]) -> &'static [&'static str] {
    let names: Vec<&str> = path.iter().map(|command| command.name).collect();
    let name = names.join(" ");
    let is_in = |list: &[&str]| list.contains(&name.as_str());
    if is_in(USER_READS) {
        &["scope:user", "impact:ro"]
    } else if is_in(USER_WRITES) {
        &["scope:user", "impact:rw"]
    } else if is_in(SYSTEM_READS) {
        &["scope:system", "impact:ro"]
    } else if is_in(SYSTEM_WRITES) {
        &["scope:system", "impact:rw"]
    } else {
        &[]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::help::find;

    #[test]
    fn tags_are_those_of_commands() {
        for name in [USER_READS, USER_WRITES, SYSTEM_READS, SYSTEM_WRITES].concat() {
            let words: Vec<String> = name.split(' ').map(str::to_owned).collect();
            assert_eq!(find(&words).len(), words.len(), "{name}");
            assert_eq!(tags(&find(&words)).len(), 2, "{name}");
        }
    }
}
