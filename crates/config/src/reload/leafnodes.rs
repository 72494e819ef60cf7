//! Leaf nodes on reload (configuration.md 4.3).

use super::{Change, Refusal, RemoteChange, crypto, shown, unsupported};
use crate::go_text::{duration_text, float_v, list};
use crate::options::{
    CompressionMode, HandshakeFirst, LeafNodeOptions, LeafRemote, Options, TlsOptions,
};

/// A field that differs and cannot.
struct Field {
    name: &'static str,
    reason: String,
}

impl Field {
    /// Notes the first difference.
    fn compare(
        found: &mut Option<Field>,
        name: &'static str,
        old: impl Into<String>,
        new: impl Into<String>,
    ) {
        let (old, new) = (old.into(), new.into());
        if found.is_none() && old != new {
            *found = Some(Field {
                name,
                reason: format!("old={old}, new={new}"),
            });
        }
    }
}

/// Notes what changes, or refuses.
pub(super) fn plan(old: &Options, new: &Options, changes: &mut Vec<Change>) -> Result<(), Refusal> {
    let none = {
        // What a server without the block has.
        let mut options = Options {
            leafnodes: Some(LeafNodeOptions::default()),
            ..Options::unset()
        };
        options.apply_defaults();
        options.leafnodes.unwrap_or_default()
    };
    let was = old.leafnodes.as_ref().unwrap_or(&none);
    let is = new.leafnodes.as_ref().unwrap_or(&none);
    if let Some(field) = block(was, is) {
        return Err(Refusal(format!(
            "config reload not supported for LeafNode: field \"{}\": {}",
            field.name, field.reason
        )));
    }
    let first = |tls: &Option<TlsOptions>| {
        tls.as_ref()
            .map_or(HandshakeFirst::Off, |tls| tls.handshake_first)
    };
    let certificates = |tls: &Option<TlsOptions>| tls.as_ref().map(crypto);
    if certificates(&was.tls) != certificates(&is.tls) {
        changes.push(Change::LeafTls);
    }
    if first(&was.tls) != first(&is.tls) {
        changes.push(Change::LeafHandshakeFirst(first(&is.tls)));
    }
    let compression =
        |leaf: &LeafNodeOptions| shown::compression(&leaf.compression, CompressionMode::S2Auto);
    if compression(was) != compression(is) {
        changes.push(Change::LeafCompression(compression(is)));
    }
    remotes(was, is, changes)
}

fn block(was: &LeafNodeOptions, is: &LeafNodeOptions) -> Option<Field> {
    let mut found = None;
    let mut compare = |name, old: String, new: String| Field::compare(&mut found, name, old, new);
    let text = |text: &Option<String>| shown::text(text).to_owned();
    compare("Host", was.host.clone(), is.host.clone());
    if !unsupported::same_port(was.port, is.port) {
        compare("Port", was.port.to_string(), is.port.to_string());
    }
    let (a, b) = (&was.authorization, &is.authorization);
    compare("Username", text(&a.username), text(&b.username));
    if a.password != b.password {
        compare(
            "Password",
            "[REDACTED]".into(),
            "[REDACTED] (changed)".into(),
        );
    }
    compare(
        "ProxyRequired",
        a.proxy_required.to_string(),
        b.proxy_required.to_string(),
    );
    compare("Nkey", text(&a.nkey), text(&b.nkey));
    compare("Account", text(&a.account), text(&b.account));
    if a.users != b.users {
        let names = |users: &Option<Vec<crate::options::LeafUser>>| {
            let names: Vec<&str> = users
                .iter()
                .flatten()
                .map(|u| u.username.as_str())
                .collect();
            list(&names)
        };
        let (old, new) = (names(&a.users), names(&b.users));
        let new = if old == new {
            format!("{new} (changed)")
        } else {
            new
        };
        compare("Users", old, new);
    }
    compare("AuthTimeout", float_v(a.timeout), float_v(b.timeout));
    let map = |leaf: &LeafNodeOptions| leaf.tls.as_ref().is_some_and(|t| t.verify_and_map);
    compare("TLSMap", map(was).to_string(), map(is).to_string());
    compare("Advertise", text(&was.advertise), text(&is.advertise));
    compare(
        "NoAdvertise",
        was.no_advertise.to_string(),
        is.no_advertise.to_string(),
    );
    compare(
        "ReconnectInterval",
        duration_text(was.reconnect_interval),
        duration_text(is.reconnect_interval),
    );
    compare(
        "DialTimeout",
        duration_text(was.dial_timeout),
        duration_text(is.dial_timeout),
    );
    compare(
        "WriteDeadline",
        duration_text(was.write_deadline.unwrap_or_default()),
        duration_text(is.write_deadline.unwrap_or_default()),
    );
    compare(
        "WriteTimeout",
        shown::write_timeout(was.write_timeout).to_owned(),
        shown::write_timeout(is.write_timeout).to_owned(),
    );
    compare("MinVersion", text(&was.min_version), text(&is.min_version));
    compare(
        "IsolateLeafnodeInterest",
        was.isolate_leafnode_interest.to_string(),
        is.isolate_leafnode_interest.to_string(),
    );
    found
}

fn remotes(
    was: &LeafNodeOptions,
    is: &LeafNodeOptions,
    changes: &mut Vec<Change>,
) -> Result<(), Refusal> {
    for old in &was.remotes {
        let name = old.name();
        let mut note = |change| {
            changes.push(Change::LeafRemote {
                name: name.clone(),
                change,
            });
        };
        let Some(new) = is.remotes.iter().find(|new| new.name() == name) else {
            note(RemoteChange::Removed);
            continue;
        };
        if let Some(field) = remote(old, new) {
            return Err(Refusal(format!(
                "config reload not supported for LeafNode: remote {name}: field \"{}\": {}",
                field.name, field.reason
            )));
        }
        kept(old, new, &mut note);
    }
    for new in &is.remotes {
        let name = new.name();
        if !was.remotes.iter().any(|old| old.name() == name) {
            changes.push(Change::LeafRemote {
                name,
                change: RemoteChange::Added(Box::new(new.clone())),
            });
        }
    }
    Ok(())
}

/// What may differ in a remote that stays.
fn kept(old: &LeafRemote, new: &LeafRemote, note: &mut impl FnMut(RemoteChange)) {
    let certificates = |tls: &Option<TlsOptions>| tls.as_ref().map(crypto);
    let first = |tls: &Option<TlsOptions>| {
        tls.as_ref()
            .map_or(HandshakeFirst::Off, |tls| tls.handshake_first)
    };
    if certificates(&old.tls) != certificates(&new.tls) {
        note(RemoteChange::Tls);
    }
    if first(&old.tls) != first(&new.tls) {
        note(RemoteChange::HandshakeFirst(first(&new.tls)));
    }
    let compression =
        |remote: &LeafRemote| shown::compression(&remote.compression, CompressionMode::S2Auto);
    if compression(old) != compression(new) {
        note(RemoteChange::Compression(compression(new)));
    }
    if old.disabled != new.disabled {
        note(RemoteChange::Disabled(new.disabled));
    }
    if old.proxy != new.proxy {
        note(RemoteChange::ProxyTls);
    }
}

fn remote(old: &LeafRemote, new: &LeafRemote) -> Option<Field> {
    let mut found = None;
    let mut compare = |name, old: String, new: String| Field::compare(&mut found, name, old, new);
    compare(
        "NoRandomize",
        old.no_randomize.to_string(),
        new.no_randomize.to_string(),
    );
    compare("Hub", old.hub.to_string(), new.hub.to_string());
    compare(
        "DenyImports",
        list(&old.deny_imports),
        list(&new.deny_imports),
    );
    compare(
        "DenyExports",
        list(&old.deny_exports),
        list(&new.deny_exports),
    );
    compare(
        "FirstInfoTimeout",
        duration_text(old.first_info_timeout),
        duration_text(new.first_info_timeout),
    );
    compare(
        "DialTimeout",
        duration_text(old.dial_timeout),
        duration_text(new.dial_timeout),
    );
    let websocket =
        |remote: &LeafRemote| format!("{{{} {}}}", remote.ws_compression, remote.ws_no_masking);
    compare("Websocket", websocket(old), websocket(new));
    compare(
        "JetStreamClusterMigrate",
        old.jetstream_cluster_migrate.to_string(),
        new.jetstream_cluster_migrate.to_string(),
    );
    compare(
        "JetStreamClusterMigrateDelay",
        duration_text(old.leader_migrate_delay),
        duration_text(new.leader_migrate_delay),
    );
    compare(
        "LocalIsolation",
        old.isolate_leafnode_interest.to_string(),
        new.isolate_leafnode_interest.to_string(),
    );
    compare(
        "RequestIsolation",
        old.request_isolation.to_string(),
        new.request_isolation.to_string(),
    );
    compare(
        "IgnoreDiscoveredServers",
        old.ignore_discovered_servers.to_string(),
        new.ignore_discovered_servers.to_string(),
    );
    if found.is_none() && proxy_differs(old, new) {
        found = Some(Field {
            name: "Proxy",
            reason: "only the proxy TLS configuration can be changed".to_owned(),
        });
    }
    found
}

fn proxy_differs(old: &LeafRemote, new: &LeafRemote) -> bool {
    let plain = |remote: &LeafRemote| {
        remote
            .proxy
            .as_ref()
            .map(|proxy| crate::options::LeafProxy {
                tls: None,
                ..proxy.clone()
            })
    };
    plain(old) != plain(new)
}
