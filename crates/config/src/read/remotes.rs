//! `leafnodes.remotes` (configuration.md 4.3).

use std::path::PathBuf;

use super::cluster::{compression, url};
use super::keys::{KeyKind, is_seed};
use super::report::{Cast, Report, Texts, problem};
use super::secrets::looks_secret;
use super::tls::{self, Place};
use super::{permissions, time};
use crate::error::{NodeId, Problem};
use crate::go_text::quote;
use crate::lang::{Map, Node, Value};
use crate::options::{DEFAULT_LEAFNODE_PORT, LeafProxy, LeafRemote};
use crate::url::Url;

/// Reads the list; a wrong type ends it.
pub(crate) fn read(report: &mut Report, node: &Node) -> Cast<Vec<LeafRemote>> {
    let Value::Array(items) = &node.value else {
        return Err(problem(
            node,
            format!(
                "Expected remotes field to be an array, got {}",
                node.value.type_name()
            ),
        ));
    };
    let mut remotes: Vec<LeafRemote> = Vec::new();
    for item in items {
        let Value::Map(map) = &item.value else {
            report.error(
                item,
                format!(
                    "Expected remote leafnode entry to be a map/struct, got {}",
                    item.shown()
                ),
            );
            continue;
        };
        let read = remote(report, map);
        let Some((remote, place)) = report.take(read) else {
            break;
        };
        if !remote.urls.is_empty() {
            let name = remote.name();
            if remotes.iter().any(|other| other.name() == name) {
                report.error(place.unwrap_or(item), format!("duplicate remote {name}"));
                continue;
            }
        }
        remotes.push(remote);
    }
    Ok(remotes)
}

impl LeafRemote {
    /// What identifies a remote; logs and reloads name it so.
    pub fn name(&self) -> String {
        let urls: Vec<String> = self.urls.iter().map(|url| quote(&url.redacted())).collect();
        let account = self.account.as_deref().unwrap_or("$G");
        let mut name = format!("urls=[{}], account={}", urls.join(" "), quote(account));
        if let Some(credentials) = &self.credentials {
            name += &format!(", credentials={}", quote(&credentials.to_string_lossy()));
        }
        if self.nkey.is_some() {
            name += ", nkey=\"[REDACTED]\"";
        }
        name
    }
}

fn remote<'n>(report: &mut Report, map: &'n Map) -> Cast<(LeafRemote, Option<&'n Node>)> {
    let mut remote = LeafRemote::default();
    let mut place = None;
    for (key, value) in map.iter() {
        place = Some(value);
        match key.to_lowercase().as_str() {
            "no_randomize" | "dont_randomize" => remote.no_randomize = value.boolean()?,
            "url" | "urls" => urls(report, value, &mut remote.urls)?,
            "account" | "local" => remote.account = value.some_text()?,
            "creds" | "credentials" => {
                remote.credentials = value.some_text()?.map(|path| expand(&path));
                if remote.credentials.is_some() && remote.nkey.is_some() {
                    both(report, value);
                }
            }
            "nkey" | "seed" => {
                let seed = value.text()?;
                if !is_seed(KeyKind::User, seed) {
                    report.error(
                        value,
                        "Remote leafnode nkey is not a valid seed: \"[REDACTED]\"",
                    );
                    continue;
                }
                remote.nkey = Some(seed.to_owned());
                if remote.credentials.is_some() {
                    both(report, value);
                }
            }
            "tls" => {
                value.map()?;
                remote.tls = tls::read(report, key, value, Place::Plain);
            }
            "hub" => remote.hub = value.boolean()?,
            "deny_imports" | "deny_import" => remote.deny_imports = denied(report, value),
            "deny_exports" | "deny_export" => remote.deny_exports = denied(report, value),
            "ws_compress" | "ws_compression" | "websocket_compress" | "websocket_compression" => {
                remote.ws_compression = value.boolean()?;
            }
            "ws_no_masking" | "websocket_no_masking" => remote.ws_no_masking = value.boolean()?,
            "jetstream_cluster_migrate" | "js_cluster_migrate" => {
                cluster_migrate(report, value, &mut remote)?;
            }
            "isolate_leafnode_interest" | "isolate" => {
                remote.isolate_leafnode_interest = value.boolean()?;
            }
            "request_isolation" => remote.request_isolation = value.boolean()?,
            "compression" => {
                compression(report, key, value, "s2_auto", &mut remote.compression)?;
            }
            "first_info_timeout" => {
                remote.first_info_timeout = time::duration(report, "first_info_timeout", value)?;
            }
            "dial_timeout" => {
                remote.dial_timeout = time::duration(report, "dial_timeout", value)?;
            }
            "disabled" => remote.disabled = value.boolean()?,
            "ignore_discovered_servers" => remote.ignore_discovered_servers = value.boolean()?,
            "proxy" => {
                let read = proxy(report, value);
                remote.proxy = report.take(read).flatten();
            }
            _ => report.unknown(value, key),
        }
    }
    if let Some(node) = place {
        check_proxy(report, node, &remote);
    }
    Ok((remote, place))
}

fn both(report: &mut Report, node: &Node) {
    report.error(
        node,
        "Remote leafnode can not have both creds and nkey defined",
    );
}

fn urls(report: &mut Report, node: &Node, into: &mut Vec<Url>) -> Cast<()> {
    let mut add = |report: &mut Report, place: &Node, text: &str| match url(text, "leafnode") {
        Ok(mut url) => {
            if url.port().is_empty() && !url.host.is_empty() {
                url.host = format!("{}:{DEFAULT_LEAFNODE_PORT}", url.host);
            }
            into.push(url);
        }
        Err(text) => report.error(place, text),
    };
    match node.texts() {
        Some(Texts::One(text)) => add(report, node, text),
        Some(Texts::Many(items)) => {
            for item in items {
                add(report, item, item.text()?);
            }
        }
        None => report.error(
            node,
            format!(
                "Expected remote leafnode url to be an array or string, got {}",
                node.shown()
            ),
        ),
    }
    Ok(())
}

/// `~` is the home folder, `$NAME` an environment variable.
fn expand(path: &str) -> PathBuf {
    let home = || std::env::var("HOME").unwrap_or_default();
    let mut out = String::new();
    let mut rest = path;
    if let Some(after) = path.strip_prefix('~') {
        out = home();
        rest = after;
    }
    while let Some(at) = rest.find('$') {
        out += &rest[..at];
        let after = &rest[at + 1..];
        let (name, tail) = match after.strip_prefix('{').and_then(|a| a.split_once('}')) {
            Some((name, tail)) => (name, tail),
            None => {
                let end = after
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(after.len());
                after.split_at(end)
            }
        };
        out += &std::env::var(name).unwrap_or_default();
        rest = tail;
    }
    out += rest;
    PathBuf::from(out)
}

fn denied(report: &mut Report, node: &Node) -> Vec<String> {
    let read = permissions::subject_list(node).map_err(|problem| Problem {
        pos: Some(problem.pos.unwrap_or_else(|| node.pos.clone())),
        ..problem
    });
    report.take(read).unwrap_or_default()
}

fn cluster_migrate(report: &mut Report, node: &Node, remote: &mut LeafRemote) -> Cast<()> {
    match &node.value {
        Value::Bool(yes) => remote.jetstream_cluster_migrate = *yes,
        Value::Map(map) => {
            remote.jetstream_cluster_migrate = true;
            // Other keys are ignored, and this one only in lower case.
            if let Some(value) = map.get("leader_migrate_delay") {
                remote.leader_migrate_delay =
                    time::duration(report, "leader_migrate_delay", value)?;
            }
        }
        other => report.error_without_place(
            Some(NodeId::of(node)),
            format!(
                "Expected boolean or map for jetstream_cluster_migrate, got {}",
                other.type_name()
            ),
        ),
    }
    Ok(())
}

fn proxy(report: &mut Report, node: &Node) -> Cast<Option<LeafProxy>> {
    let Value::Map(map) = &node.value else {
        return Err(problem(
            node,
            format!("Expected proxy to be a map, got {}", node.value.type_name()),
        ));
    };
    let mut proxy = LeafProxy::default();
    let mut timeout = 0;
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "url" => value.text()?.clone_into(&mut proxy.url),
            "username" => proxy.username = value.some_text()?,
            "password" => proxy.password = value.some_text()?,
            "timeout" => timeout = time::duration_nanos(report, "proxy timeout", value)?,
            "tls" => {
                value.map()?;
                let before = report.errors.len();
                proxy.tls = tls::read(report, key, value, Place::Proxy);
                if report.errors.len() > before {
                    return Ok(None);
                }
            }
            _ => report.unknown(value, key),
        }
    }
    if proxy.url.is_empty() {
        let other = proxy.username.is_some()
            || proxy.password.is_some()
            || timeout != 0
            || proxy.tls.is_some();
        if other {
            return Err(problem(
                node,
                "proxy URL must be specified when other proxy options are set",
            ));
        }
        return Ok(None);
    }
    proxy.timeout = time::span(timeout);
    check_values(&proxy, timeout).map_err(|text| problem(node, text))?;
    Ok(Some(proxy))
}

fn check_values(proxy: &LeafProxy, timeout: i64) -> Result<(), String> {
    let url = Url::parse(&proxy.url).map_err(|e| {
        if looks_secret(&proxy.url) {
            "invalid proxy URL: [REDACTED]".to_owned()
        } else {
            format!("invalid proxy URL: {e}")
        }
    })?;
    if url.scheme != "http" && url.scheme != "https" {
        return Err(format!(
            "proxy URL scheme must be http or https, got: {}",
            url.scheme
        ));
    }
    if url.host.is_empty() {
        return Err("proxy URL must specify a host".to_owned());
    }
    if timeout < 0 {
        return Err("proxy timeout must be >= 0".to_owned());
    }
    if proxy.username.is_some() != proxy.password.is_some() {
        return Err(
            "proxy username and password must both be specified or both be empty".to_owned(),
        );
    }
    if let Some(tls) = &proxy.tls {
        if url.scheme != "https" {
            return Err(format!(
                "proxy TLS configuration requires an https proxy URL, got: {}",
                url.scheme
            ));
        }
        if tls.timeout < 0.0 {
            return Err("proxy TLS timeout must be >= 0".to_owned());
        }
    }
    Ok(())
}

fn check_proxy(report: &mut Report, node: &Node, remote: &LeafRemote) {
    if remote.proxy.is_none() || remote.tls.is_some() {
        return;
    }
    if let Some(url) = remote.urls.iter().find(|url| url.scheme == "wss") {
        report.error(
            node,
            format!(
                "proxy is configured but remote URL {} requires TLS and no TLS configuration is provided. When using proxy with TLS endpoints, ensure TLS is properly configured for the leafnode remote",
                url.redacted()
            ),
        );
    }
}
