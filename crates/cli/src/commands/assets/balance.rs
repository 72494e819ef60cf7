//! Leaders spread evenly over servers.

use std::collections::BTreeMap;

use super::{Group, shorten, step_down};
use crate::failure::Result;
use crate::jetstream::{Api, ApiError};
use crate::log;
use crate::output::{Json, Table};

/// Share of all assets that one star stands for, in percent.
const STAR: usize = 10;

/// An asset with a leader.
#[derive(Clone, Debug)]
pub struct Led {
    /// As in texts: `stream "S"`.
    pub title: String,
    /// Request that shows it.
    pub info: String,
    /// Request that makes the leader step down.
    pub step_down: String,
    /// What the server says about its group.
    pub cluster: Json,
}

impl Led {
    fn leader(&self) -> &str {
        self.cluster.text("leader")
    }

    /// Servers that could take over at once.
    fn successors(&self) -> Vec<&str> {
        self.cluster
            .list("replicas")
            .iter()
            .filter(|peer| peer.on("current") && !peer.on("offline"))
            .map(|peer| peer.text("name"))
            .filter(|name| *name != self.leader())
            .collect()
    }
}

fn counts(assets: &[Led]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for asset in assets {
        if !asset.leader().is_empty() {
            *counts.entry(asset.leader().to_owned()).or_default() += 1;
        }
        for peer in asset.cluster.list("replicas") {
            counts.entry(peer.text("name").to_owned()).or_default();
        }
    }
    counts
}

/// The moves that make leaders even: which asset, and to which server. A
/// leader only moves to a server that has at least two fewer.
fn moves(assets: &[Led]) -> Vec<(usize, String)> {
    let mut counts = counts(assets);
    let mut out = Vec::new();
    for (number, asset) in assets.iter().enumerate() {
        let Some(&here) = counts.get(asset.leader()) else {
            continue;
        };
        let next = asset
            .successors()
            .into_iter()
            .map(|name| (counts.get(name).copied().unwrap_or(0), name.to_owned()))
            .min();
        let Some((there, name)) = next else {
            continue;
        };
        if here < there + 2 {
            continue;
        }
        if let Some(count) = counts.get_mut(asset.leader()) {
            *count -= 1;
        }
        *counts.entry(name.clone()).or_default() += 1;
        out.push((number, name));
    }
    out
}

/// Moves leaders until they are spread evenly; gives how many moved.
pub fn balance(api: &Api, assets: &[Led]) -> Result<usize> {
    for (server, count) in counts(assets) {
        log!("Server {server:?} leads {count} of {}", assets.len());
    }
    let mut moved = 0;
    for (number, server) in moves(assets) {
        let Some(asset) = assets.get(number) else {
            continue;
        };
        let group = Group {
            title: asset.title.clone(),
            request: asset.step_down.clone(),
            cluster: &asset.cluster,
        };
        log!("Moving the leader of {} to {server:?}", asset.title);
        let info =
            || -> std::result::Result<Json, ApiError> { api.request(&asset.info, &Json::Null) };
        match step_down(api, &group, &server, false, info) {
            Ok(_) => moved += 1,
            // The others may still be moved.
            Err(failure) => log!("Could not move {}: {failure}", asset.title),
        }
    }
    Ok(moved)
}

/// The table of leaders on servers; `what` heads the column of counts.
pub fn leader_table<'a>(what: &str, clusters: impl Iterator<Item = &'a Json>) -> Table {
    let mut leaders: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut total = 0;
    for cluster in clusters {
        let name = cluster.text("name").to_owned();
        let leader = cluster.text("leader");
        if !leader.is_empty() {
            *leaders
                .entry((name.clone(), leader.to_owned()))
                .or_default() += 1;
            total += 1;
        }
        for peer in cluster.list("replicas") {
            leaders
                .entry((name.clone(), peer.text("name").to_owned()))
                .or_default();
        }
    }
    let names: Vec<String> = leaders.keys().map(|(_, server)| server.clone()).collect();
    let mut table = Table::new(
        "RAFT Leader Report",
        &["Server", "Cluster", what, "Distribution"],
    );
    for (((cluster, _), count), server) in leaders.iter().zip(shorten(&names)) {
        let stars = (count * 100).checked_div(total * STAR).unwrap_or(0);
        table.row(vec![
            server.into(),
            cluster.into(),
            (*count).into(),
            "*".repeat(stars).into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(leader: &str, others: &[&str]) -> Led {
        let replicas = others
            .iter()
            .map(|name| Json::object().with("name", *name).with("current", true))
            .collect();
        Led {
            title: String::new(),
            info: String::new(),
            step_down: String::new(),
            cluster: Json::object()
                .with("leader", leader)
                .with("replicas", Json::List(replicas)),
        }
    }

    #[test]
    fn leaders_move_to_those_with_few() {
        let all: Vec<Led> = (0..6).map(|_| asset("a", &["b", "c"])).collect();
        let mut counts = counts(&all);
        for (_, to) in moves(&all) {
            *counts.get_mut("a").unwrap() -= 1;
            *counts.get_mut(&to).unwrap() += 1;
        }
        assert_eq!(counts.into_values().collect::<Vec<_>>(), [2, 2, 2]);
    }

    #[test]
    fn what_is_even_stays() {
        let all = [asset("a", &["b"]), asset("a", &["b"]), asset("b", &["a"])];
        assert_eq!(moves(&all), []);
    }
}
