//! `gateway` (configuration.md 4.2).

use super::cluster::{cluster_name, link_authorization, nonzero, url, urls, write_timeout};
use super::report::{Cast, Report, problem, unplaced};
use super::time;
use super::tls::{self, Place};
use crate::lang::{Map, Node, Value};
use crate::options::{FeatureKind, GatewayOptions, RemoteGateway};

/// Reads the block.
pub(crate) fn read(
    report: &mut Report,
    key: &str,
    node: &Node,
    gateway: &mut GatewayOptions,
) -> Cast<()> {
    let Value::Map(map) = &node.value else {
        return Err(problem(
            node,
            format!(
                "Expected gateway to be a map, got {}",
                node.value.type_name()
            ),
        ));
    };
    report.feature(FeatureKind::Gateway, key, &node.pos);
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "name" => gateway.name = cluster_name(value, "gateway")?,
            "listen" => {
                let read = time::listen(value);
                if let Some(listen) = report.take(read) {
                    gateway.port = listen.port;
                    if let Some(host) = listen.host {
                        gateway.host = host;
                    }
                }
            }
            "port" => gateway.port = value.port()?,
            "host" | "net" => value.text()?.clone_into(&mut gateway.host),
            "authorization" => {
                if let Some((authorization, _)) = link_authorization(report, value, "Gateway")? {
                    gateway.authorization = authorization;
                }
            }
            "tls" => {
                value.map()?;
                gateway.tls = tls::read(report, key, value, Place::Link);
            }
            "advertise" => gateway.advertise = value.some_text()?,
            "connect_retries" => gateway.connect_retries = value.int()?,
            "connect_backoff" => gateway.connect_backoff = value.boolean()?,
            "gateways" => {
                let read = remotes(report, value);
                gateway.gateways = report.take(read).unwrap_or_default();
            }
            "reject_unknown" | "reject_unknown_cluster" => {
                gateway.reject_unknown = value.boolean()?;
            }
            "write_deadline" => {
                gateway.write_deadline = nonzero(time::duration(report, "write_deadline", value)?);
            }
            "write_timeout" => gateway.write_timeout = write_timeout(report, value)?,
            _ => report.unknown(value, key),
        }
    }
    Ok(())
}

fn remotes(report: &mut Report, node: &Node) -> Cast<Vec<RemoteGateway>> {
    let Value::Array(items) = &node.value else {
        return Err(unplaced(
            node,
            format!(
                "Expected gateways field to be an array, got {}",
                node.value.type_name()
            ),
        ));
    };
    let mut remotes = Vec::new();
    for item in items {
        let Value::Map(map) = &item.value else {
            report.error(
                item,
                format!(
                    "Expected gateway entry to be a map/struct, got {}",
                    item.shown()
                ),
            );
            continue;
        };
        remotes.push(remote(report, map)?);
    }
    Ok(remotes)
}

fn remote(report: &mut Report, map: &Map) -> Cast<RemoteGateway> {
    let mut remote = RemoteGateway::default();
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "name" => value.text()?.clone_into(&mut remote.name),
            "tls" => {
                value.map()?;
                remote.tls = tls::read(report, key, value, Place::Link);
            }
            "url" => match url(value.text()?, "gateway") {
                Ok(url) => remote.urls.push(url),
                Err(text) => report.error(value, text),
            },
            "urls" => remote.urls.extend(urls(report, value, "gateway")?),
            _ => report.unknown(value, key),
        }
    }
    Ok(remote)
}
