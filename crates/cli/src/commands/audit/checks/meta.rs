//! Checks of the meta group.

use std::collections::BTreeMap;

use super::{Captured, Check, Outcome};
use crate::commands::audit::examples::Examples;
use crate::failure::Result;

pub(super) const CHECKS: &[Check] = &[
    Check {
        code: "META_001",
        suite: "meta",
        name: "Meta cluster offline replicas",
        about: "All nodes part of the meta group are online",
        thresholds: &[],
        run: offline,
    },
    Check {
        code: "META_002",
        suite: "meta",
        name: "Meta cluster leader",
        about: "All nodes part of the meta group agree on the meta cluster leader",
        thresholds: &[],
        run: leader,
    },
];

fn offline(_: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    for entry in captured.servers("JSZ")? {
        for peer in entry.data.list("meta_cluster.replicas") {
            if peer.on("offline") {
                examples.add(format!(
                    "{} - {} reports peer {} as offline",
                    entry.cluster,
                    entry.server,
                    peer.text("name")
                ));
            }
        }
    }
    Ok(Outcome::Fail.unless_empty(examples))
}

fn leader(_: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    let mut clusters: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for entry in captured.servers("JSZ")? {
        // A server alone has no group.
        if entry.data.on("disabled") || !entry.data.has("meta_cluster") {
            continue;
        }
        clusters
            .entry(entry.cluster)
            .or_default()
            .entry(entry.data.text("meta_cluster.leader").to_owned())
            .or_default()
            .push(entry.server);
    }
    for (cluster, leaders) in clusters {
        if leaders.contains_key("") {
            examples.add(format!("Members of {cluster} have no meta leader"));
        } else if leaders.len() > 1 {
            let said: Vec<String> = leaders
                .iter()
                .map(|(leader, servers)| format!("{leader}:[{}]", servers.join(" ")))
                .collect();
            examples.add(format!(
                "Members of {cluster} disagree on meta leader (map[{}])",
                said.join(" ")
            ));
        }
    }
    Ok(Outcome::Fail.unless_empty(examples))
}
