//! `leafnodes` without its remotes (configuration.md 4.3).

use super::cluster::{compression, nonzero, write_timeout};
use super::keys::{KeyKind, is_public};
use super::report::{Cast, Report, problem};
use super::tls::{self, Place};
use super::{remotes, time};
use crate::go_text::quote;
use crate::lang::{Node, Value};
use crate::options::{FeatureKind, LeafAuthorization, LeafNodeOptions, LeafUser};

/// Lowest version a leaf node may be asked for.
const LOWEST_VERSION: [u64; 3] = [2, 8, 0];

/// Reads the block.
pub(crate) fn read(
    report: &mut Report,
    key: &str,
    node: &Node,
    leaf: &mut LeafNodeOptions,
) -> Cast<()> {
    let Value::Map(map) = &node.value else {
        return Err(problem(
            node,
            format!(
                "Expected map to define a leafnode, got {}",
                node.value.type_name()
            ),
        ));
    };
    report.feature(FeatureKind::LeafNodes, key, &node.pos);
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "listen" => {
                let read = time::listen(value);
                if let Some(listen) = report.take(read) {
                    leaf.port = listen.port;
                    if let Some(host) = listen.host {
                        leaf.host = host;
                    }
                }
            }
            "port" => leaf.port = value.port()?,
            "host" | "net" => value.text()?.clone_into(&mut leaf.host),
            "authorization" => {
                let read = authorization(report, value);
                let Some(read) = report.take(read) else {
                    continue;
                };
                if read.users.is_some() && (read.username.is_some() || read.nkey.is_some()) {
                    let what = if read.username.is_some() {
                        "user/pass"
                    } else {
                        "nkey"
                    };
                    report.error(
                        value,
                        format!("can not have a single {what} and a users array"),
                    );
                }
                let mut seen = std::collections::HashSet::new();
                for user in read.users.iter().flatten() {
                    if !seen.insert(&user.username) {
                        report.error(
                            value,
                            format!(
                                "duplicate user {} detected in leafnode authorization",
                                quote(&user.username)
                            ),
                        );
                    }
                }
                leaf.authorization = read;
            }
            "remotes" => leaf.remotes = remotes::read(report, value)?,
            "reconnect" | "reconnect_delay" | "reconnect_interval" => {
                leaf.reconnect_interval = time::duration(report, "reconnect", value)?;
            }
            "dial_timeout" => leaf.dial_timeout = time::duration(report, "dial_timeout", value)?,
            "tls" => {
                value.map()?;
                leaf.tls = tls::read(report, key, value, Place::Plain);
            }
            "leafnode_advertise" | "advertise" => leaf.advertise = value.some_text()?,
            "no_advertise" => leaf.no_advertise = value.boolean()?,
            "min_version" | "minimum_version" => {
                let text = value.text()?;
                if let Err(error) = check_min_version(text) {
                    return Err(problem(value, error));
                }
                leaf.min_version = Some(text.to_owned());
            }
            "compression" => compression(report, key, value, "s2_auto", &mut leaf.compression)?,
            "isolate" | "isolate_leafnode_interest" => {
                leaf.isolate_leafnode_interest = value.boolean()?;
            }
            "write_deadline" => {
                leaf.write_deadline = nonzero(time::duration(report, "write_deadline", value)?);
            }
            "write_timeout" => leaf.write_timeout = write_timeout(report, value)?,
            _ => report.unknown(value, key),
        }
    }
    Ok(())
}

/// `2.10.3`, perhaps with `-suffix`; `None` if it is none.
pub(crate) fn version(text: &str) -> Option<[u64; 3]> {
    let core = text.split(['-', '+']).next().unwrap_or(text);
    let mut parts = core.split('.');
    let mut next = || {
        let part = parts.next()?;
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    };
    let version = [next()?, next()?, next()?];
    parts.next().is_none().then_some(version)
}

fn check_min_version(text: &str) -> Result<(), String> {
    match version(text) {
        None => Err("invalid leafnode's minimum version: invalid semver".to_owned()),
        Some(version) if version < LOWEST_VERSION => {
            Err("the minimum version should be at least 2.8.0".to_owned())
        }
        Some(_) => Ok(()),
    }
}

fn authorization(report: &mut Report, node: &Node) -> Cast<LeafAuthorization> {
    let mut authorization = LeafAuthorization::default();
    for (key, value) in node.map()?.iter() {
        match key.to_lowercase().as_str() {
            "user" | "username" => authorization.username = value.some_text()?,
            "pass" | "password" => authorization.password = value.some_text()?,
            "nkey" => {
                let nkey = value.text()?;
                if is_public(KeyKind::User, nkey) {
                    authorization.nkey = Some(nkey.to_owned());
                } else {
                    report.error(value, "Not a valid public nkey for leafnode authorization");
                }
            }
            "timeout" => {
                authorization.timeout = time::auth_timeout(report, "leafnode authorization", value);
            }
            "users" => {
                let read = users(report, value);
                authorization.users = report.take(read);
            }
            "account" => authorization.account = value.some_text()?,
            "proxy_required" => authorization.proxy_required = value.boolean()?,
            _ => report.unknown(value, key),
        }
    }
    Ok(authorization)
}

fn users(report: &mut Report, node: &Node) -> Cast<Vec<LeafUser>> {
    let Value::Array(items) = &node.value else {
        return Err(problem(
            node,
            format!(
                "Expected users field to be an array, got {}",
                node.shown_without_strings()
            ),
        ));
    };
    let mut users = Vec::new();
    for item in items {
        let Value::Map(map) = &item.value else {
            report.error(
                item,
                format!(
                    "Expected user entry to be a map/struct, got {}",
                    item.shown_without_strings()
                ),
            );
            continue;
        };
        let mut user = LeafUser::default();
        for (key, value) in map.iter() {
            match key.to_lowercase().as_str() {
                "user" | "username" => value.text()?.clone_into(&mut user.username),
                "pass" | "password" => value.text()?.clone_into(&mut user.password),
                "account" => user.account = value.some_text()?,
                "proxy_required" => user.proxy_required = value.boolean()?,
                _ => report.unknown(value, key),
            }
        }
        users.push(user);
    }
    Ok(users)
}
