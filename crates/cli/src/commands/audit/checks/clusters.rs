//! Checks of clusters.

use std::collections::BTreeMap;

use super::{Captured, Check, Outcome, Threshold, Unit};
use crate::commands::audit::examples::Examples;
use crate::failure::Result;
use crate::format::human_size_float;
use crate::output::Json;

pub(super) const CHECKS: &[Check] = &[
    Check {
        code: "CLUSTER_001",
        suite: "cluster",
        name: "Cluster Memory Usage Outliers",
        about: "Memory usage is uniform across nodes in a cluster",
        thresholds: &[Threshold {
            key: "memory",
            about: "Threshold of memory usage above average",
            unit: Unit::Factor,
            value: 1.5,
        }],
        run: memory,
    },
    Check {
        code: "CLUSTER_002",
        suite: "cluster",
        name: "Cluster Uniform Gateways",
        about: "All nodes in a cluster share the same gateways configuration",
        thresholds: &[],
        run: gateways,
    },
    Check {
        code: "CLUSTER_003",
        suite: "cluster",
        name: "Cluster High HA Assets",
        about: "Number of HA assets is below a given threshold",
        thresholds: &[Threshold {
            key: "assets",
            about: "Number of HA assets per server",
            unit: Unit::Count,
            value: 1000.0,
        }],
        run: assets,
    },
    Check {
        code: "CLUSTER_004",
        suite: "cluster",
        name: "Whitespace in cluster name",
        about: "No cluster name contains whitespace",
        thresholds: &[],
        run: names,
    },
];

fn memory(check: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    let mut clusters: BTreeMap<String, Vec<(String, f64)>> = BTreeMap::new();
    for entry in captured.servers("VARZ")? {
        let used = entry.data.float("mem");
        clusters
            .entry(entry.cluster)
            .or_default()
            .push((entry.server, used));
    }
    for (cluster, servers) in clusters {
        let mean = servers.iter().map(|(_, used)| used).sum::<f64>() / servers.len() as f64;
        for (server, used) in servers {
            if used > mean * check.threshold("memory") {
                examples.add(format!(
                    "Cluster {cluster} avg: {}, server {server}: {}",
                    human_size_float(mean),
                    human_size_float(used)
                ));
            }
        }
    }
    Ok(Outcome::Warn.unless_empty(examples))
}

/// Names of the configured gateways of a direction, sorted.
fn configured(data: &Json, direction: &str) -> Vec<String> {
    let is_configured = |gateway: &Json| match gateway {
        Json::List(many) => many.iter().any(|one| one.on("configured")),
        one => one.on("configured"),
    };
    let mut names: Vec<String> = data
        .entries(direction)
        .iter()
        .filter(|(_, gateway)| is_configured(gateway))
        .map(|(name, _)| name.clone())
        .collect();
    names.sort();
    names
}

fn gateways(_: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    let servers = captured.servers("GATEWAYZ")?;
    for (what, direction) in [
        ("inbound", "inbound_gateways"),
        ("outbound", "outbound_gateways"),
    ] {
        let mut first: BTreeMap<&str, (&str, Vec<String>)> = BTreeMap::new();
        for entry in &servers {
            let own = configured(&entry.data, direction);
            match first.get(entry.cluster.as_str()) {
                None => {
                    first.insert(&entry.cluster, (&entry.server, own));
                }
                Some((other, known)) if *known != own => examples.add(format!(
                    "Cluster {}, {what} gateways server {}: [{}] != server {other}: [{}]",
                    entry.cluster,
                    entry.server,
                    own.join(" "),
                    known.join(" ")
                )),
                Some(_) => {}
            }
        }
    }
    Ok(Outcome::Fail.unless_empty(examples))
}

fn assets(check: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    for entry in captured.servers("JSZ")? {
        let count = entry.data.int("ha_assets");
        if count as f64 > check.threshold("assets") {
            examples.add(format!("{}: {count} HA assets", entry.server));
        }
    }
    Ok(Outcome::Warn.unless_empty(examples))
}

fn names(_: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    let mut clusters: Vec<&str> = captured
        .archive
        .servers()
        .into_iter()
        .map(|(cluster, _)| cluster)
        .collect();
    clusters.dedup();
    for cluster in clusters {
        if cluster.contains(char::is_whitespace) {
            examples.add(format!("Cluster: {cluster}"));
        }
    }
    Ok(Outcome::Fail.unless_empty(examples))
}
