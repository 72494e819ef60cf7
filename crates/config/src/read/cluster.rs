//! `cluster` and what it shares with `gateway` and `leafnodes` (configuration.md 4.1, 4.4).

use std::time::Duration;

use super::report::{Cast, Report, problem, shown_at};
use super::secrets::redacted;
use super::tls::{self, Place};
use super::{auth, permissions, subjects, time};
use crate::go_text::{self, quote};
use crate::lang::{Node, Value};
use crate::options::{
    ClusterOptions, Compression, FeatureKind, LinkAuthorization, MAX_ROUTE_PING_INTERVAL,
    Permissions, SubjectPermission, WriteTimeout,
};
use crate::url::Url;

/// Reads the block into `cluster`, which may hold flags already.
pub(crate) fn read(
    report: &mut Report,
    key: &str,
    node: &Node,
    cluster: &mut ClusterOptions,
) -> Cast<()> {
    let Value::Map(map) = &node.value else {
        return Err(problem(
            node,
            format!(
                "Expected map to define cluster, got {}",
                node.value.type_name()
            ),
        ));
    };
    report.feature(FeatureKind::Cluster, key, &node.pos);
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "name" => cluster.name = cluster_name(value, "cluster")?,
            "listen" => {
                let read = time::listen(value);
                if let Some(listen) = report.take(read) {
                    cluster.port = listen.port;
                    if let Some(host) = listen.host {
                        cluster.host = host;
                    }
                }
            }
            "port" => cluster.port = value.port()?,
            "host" | "net" => value.text()?.clone_into(&mut cluster.host),
            "authorization" => {
                if let Some((authorization, permissions)) =
                    link_authorization(report, value, "Cluster")?
                {
                    cluster.authorization = authorization;
                    if let Some(permissions) = permissions {
                        report.warn_use(
                            value,
                            key,
                            "setting \"permissions\" within cluster authorization block is deprecated",
                        );
                        set_permissions(report, value, cluster, permissions);
                    }
                }
            }
            "permissions" => {
                let mut read = permissions::read(report, value);
                if let Err(problem) = &mut read
                    && problem.pos.as_ref() == Some(&value.pos)
                {
                    problem.pos = None;
                }
                if let Some(permissions) = report.take(read) {
                    if permissions.response.is_some() {
                        report.error(
                            value,
                            "Cluster permissions do not support dynamic responses",
                        );
                        continue;
                    }
                    set_permissions(report, value, cluster, permissions);
                }
            }
            "routes" => cluster.routes = urls(report, value, "route")?,
            "tls" => {
                value.map()?;
                cluster.tls = tls::read(report, key, value, Place::Link);
            }
            "cluster_advertise" | "advertise" => cluster.cluster_advertise = value.some_text()?,
            "no_advertise" => cluster.no_advertise = value.boolean()?,
            "connect_retries" => cluster.connect_retries = value.int()?,
            "connect_backoff" => cluster.connect_backoff = value.boolean()?,
            "pool_size" => cluster.pool_size = value.int()?,
            "accounts" => {
                cluster.accounts = auth::texts(report, "accounts", value).unwrap_or_default();
            }
            "compression" => {
                compression(report, key, value, "s2_fast", &mut cluster.compression)?;
            }
            "ping_interval" => {
                let interval = time::duration(report, "ping_interval", value)?;
                if interval > MAX_ROUTE_PING_INTERVAL {
                    report.warn(
                        value,
                        "Cluster 'ping_interval' will reset to 30s which is the max for routes",
                    );
                }
                cluster.ping_interval = nonzero(interval);
            }
            "ping_max" => cluster.ping_max = value.int()?,
            "write_deadline" => {
                cluster.write_deadline = nonzero(time::duration(report, "write_deadline", value)?);
            }
            "write_timeout" => cluster.write_timeout = write_timeout(report, value)?,
            _ => report.unknown(value, key),
        }
    }
    Ok(())
}

/// A cluster or gateway name.
pub(crate) fn cluster_name(node: &Node, what: &str) -> Cast<Option<String>> {
    let name = node.text()?;
    if name.contains(' ') {
        return Err(problem(node, format!("{what} name cannot contain spaces")));
    }
    if name == "_" {
        return Err(problem(node, "cluster name is reserved"));
    }
    Ok((!name.is_empty()).then(|| name.to_owned()))
}

/// Zero means not given.
pub(crate) fn nonzero(span: Duration) -> Option<Duration> {
    (!span.is_zero()).then_some(span)
}

/// Credentials of incoming links; tokens, callouts and several users make no
/// sense there. Permissions are handed back.
pub(crate) fn link_authorization(
    report: &mut Report,
    node: &Node,
    what: &str,
) -> Cast<Option<(LinkAuthorization, Option<Permissions>)>> {
    let read = auth::block(report, node);
    let Some(block) = report.take(read) else {
        return Ok(None);
    };
    if block.has_users && !(block.users.is_empty() && block.nkeys.is_empty()) {
        report.error(
            node,
            format!("{what} authorization does not allow multiple users"),
        );
        return Ok(None);
    }
    if block.token.is_some() {
        report.error(
            node,
            format!("{what} authorization does not support tokens"),
        );
        return Ok(None);
    }
    if block.auth_callout.is_some() {
        report.error(
            node,
            format!("{what} authorization does not support callouts"),
        );
        return Ok(None);
    }
    Ok(Some((
        LinkAuthorization {
            username: block.username,
            password: block.password,
            timeout: block.timeout,
        },
        block.default_permissions,
    )))
}

/// Routes know subjects only, no queues.
fn set_permissions(
    report: &mut Report,
    node: &Node,
    cluster: &mut ClusterOptions,
    permissions: Permissions,
) {
    let mut check = |what: &str, direction: &Option<SubjectPermission>| {
        let Some(direction) = direction else {
            return;
        };
        let allow = direction.allow.iter().flatten().map(|s| ("allow", s));
        let deny = direction.deny.iter().map(|s| ("deny", s));
        for (list, subject) in allow.chain(deny) {
            if !subjects::is_valid(subject) {
                report.error(
                    node,
                    format!(
                        "cluster {what} {list}: subject {} is not a valid subject",
                        quote(subject)
                    ),
                );
            }
        }
    };
    check("import", &permissions.publish);
    check("export", &permissions.subscribe);
    cluster.permissions = Some(permissions);
}

/// A list of URLs; bad ones are reported, repeated ones dropped.
pub(crate) fn urls(report: &mut Report, node: &Node, what: &str) -> Cast<Vec<Url>> {
    let mut urls: Vec<Url> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for item in node.items()? {
        let text = item.text()?;
        if !seen.insert(text.to_owned()) {
            report.warn_use(
                item,
                &redacted(text),
                &format!("Duplicate {what} entry detected"),
            );
            continue;
        }
        match url(text, what) {
            Ok(url) => urls.push(url),
            Err(text) => report.error(item, text),
        }
    }
    Ok(urls)
}

/// One URL.
pub(crate) fn url(text: &str, what: &str) -> Result<Url, String> {
    Url::parse(text.trim())
        .map_err(|_| format!("error parsing {what} url [{}]", quote(&redacted(text))))
}

/// `write_timeout`; an unknown one is reported.
pub(crate) fn write_timeout(report: &mut Report, node: &Node) -> Cast<WriteTimeout> {
    Ok(match node.text()? {
        "default" => WriteTimeout::Default,
        "close" => WriteTimeout::Close,
        "retry" => WriteTimeout::Retry,
        _ => {
            report.error(node, "write_timeout must be 'default', 'close' or 'retry'");
            WriteTimeout::Default
        }
    })
}

/// `compression`; `on` is what `true` means here. Modes are checked at start.
pub(crate) fn compression(
    report: &mut Report,
    key: &str,
    node: &Node,
    on: &str,
    into: &mut Compression,
) -> Cast<()> {
    match &node.value {
        Value::String(mode) => mode.clone_into(&mut into.mode),
        Value::Bool(true) => on.clone_into(&mut into.mode),
        Value::Bool(false) => "off".clone_into(&mut into.mode),
        Value::Map(map) => {
            for (key, value) in map.iter() {
                match key.to_lowercase().as_str() {
                    "mode" => value.text()?.clone_into(&mut into.mode),
                    "rtt_thresholds" | "thresholds" | "rtts" | "rtt" => {
                        for item in value.items()? {
                            match go_text::parse_duration(item.text()?) {
                                Ok(nanos) => into.rtt_thresholds.push(time::span(nanos)),
                                Err(text) => {
                                    report.errors.push(shown_at(problem(item, text), value));
                                    return Ok(());
                                }
                            }
                        }
                    }
                    _ => report.unknown(value, key),
                }
            }
        }
        other => report.error(
            node,
            format!(
                "field {} should be a boolean or a structure, got {}",
                quote(key),
                other.type_name()
            ),
        ),
    }
    Ok(())
}
