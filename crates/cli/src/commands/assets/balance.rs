//! Leaders spread evenly over servers.

use std::collections::BTreeMap;

use crate::failure::{Failure, Result};
use crate::format::commas;
use crate::jetstream::Api;
use crate::output::{Json, Table};
use crate::{bail, log};

/// Stars that stand for all assets of a cluster.
const STARS: usize = 10;

/// An asset with a leader.
#[derive(Clone, Debug)]
pub struct Led {
    /// What it is: `stream` or `consumer`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Request that makes the leader step down.
    pub step_down: String,
    /// What the server says about its group; nothing without a cluster.
    pub cluster: Json,
}

impl Led {
    fn leader(&self) -> &str {
        self.cluster.text("leader")
    }

    fn replicas(&self) -> impl Iterator<Item = &str> {
        self.cluster
            .list("replicas")
            .iter()
            .map(|peer| peer.text("name"))
    }
}

/// A server and what it leads.
#[derive(Debug, Default)]
struct Peer<'a> {
    leads: Vec<&'a Led>,
    /// How many leaders it has more than it should; negative for fewer.
    offset: i64,
}

/// The servers of a cluster by name.
#[derive(Debug, Default)]
struct Servers<'a> {
    peers: BTreeMap<&'a str, Peer<'a>>,
    /// Leaders that each server should have at most.
    even: i64,
}

fn clusters(assets: &[Led]) -> Result<BTreeMap<&str, Servers<'_>>> {
    let mut clusters: BTreeMap<&str, Servers<'_>> = BTreeMap::new();
    for asset in assets {
        if asset.cluster.is_null() {
            bail!("{} {:?} has no cluster information", asset.kind, asset.name);
        }
        let servers = clusters.entry(asset.cluster.text("name")).or_default();
        match asset.leader() {
            "" => log!("Found entity without leader {}", asset.name),
            leader => servers.peers.entry(leader).or_default().leads.push(asset),
        }
        for replica in asset.replicas() {
            servers.peers.entry(replica).or_default();
        }
    }
    for servers in clusters.values_mut() {
        let leaders = count(servers.peers.values().map(|peer| peer.leads.len()).sum());
        let peers = count(servers.peers.len()).max(1);
        servers.even = if leaders % peers == 0 {
            leaders / peers
        } else {
            // The average and a half, rounded up.
            (2 * leaders + 3 * peers - 1) / (2 * peers)
        };
        for peer in servers.peers.values_mut() {
            peer.offset = count(peer.leads.len()) - servers.even;
        }
    }
    Ok(clusters)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl<'a> Servers<'a> {
    /// The next leader to move: which asset, from which server, to which.
    fn next_move(&mut self) -> Option<(&'a Led, &'a str, &'a str)> {
        let over: Vec<&'a str> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.offset > 0)
            .map(|(name, _)| *name)
            .collect();
        for from in over {
            while let Some(asset) = self.peers.get_mut(from).and_then(|peer| peer.leads.pop()) {
                let to = self
                    .peers
                    .iter()
                    .filter(|(name, peer)| {
                        peer.offset < 0 && asset.replicas().any(|replica| replica == **name)
                    })
                    .min_by_key(|(_, peer)| peer.offset)
                    .map(|(name, _)| *name);
                if let Some(to) = to {
                    return Some((asset, from, to));
                }
            }
        }
        None
    }

    fn moved(&mut self, from: &str, to: &str) {
        for (name, by) in [(from, -1), (to, 1)] {
            if let Some(peer) = self.peers.get_mut(name) {
                peer.offset += by;
            }
        }
    }
}

/// Asks leaders to step down until they are spread evenly; gives how many did.
pub fn balance(api: &Api, assets: &[Led]) -> Result<usize> {
    let mut clusters = clusters(assets)?;
    for (name, servers) in &clusters {
        log!(
            "Found cluster {name} with a balanced distribution of {}",
            servers.even
        );
        log!("Cluster {name} has {} available peers", servers.peers.len());
        for (server, peer) in &servers.peers {
            log!(
                "Nats server '{server}' is the lead of {} entities with a offset of {}",
                peer.leads.len(),
                peer.offset
            );
        }
        log!("");
    }
    let mut moved = 0;
    for (cluster, servers) in &mut clusters {
        let mut begun = "";
        let mut failed = false;
        while let Some((asset, from, to)) = servers.next_move() {
            if begun != from {
                begun = from;
                let offset = servers.peers.get(from).map_or(0, |peer| peer.offset);
                log!("Rebalancing server '{from}' with offset of {offset}");
            }
            let Led { kind, name, .. } = asset;
            log!("Moving {name} to available server in cluster {cluster}");
            log!(
                "Requesting leader '{from}' step down for {kind} '{name}'. New preferred leader is {to}."
            );
            let place = Json::object()
                .with("cluster", *cluster)
                .with("preferred", to);
            let body = Json::object().with("placement", place);
            match api.request(&asset.step_down, &body) {
                Ok(_) => {
                    log!("Successful step down for {kind} '{name}'");
                    servers.moved(from, to);
                    moved += 1;
                    failed = false;
                }
                Err(error) => {
                    log!("Unable to step down leader for {name} - {error}");
                    // Another one may do; two in a row say that something is wrong.
                    if failed {
                        return Err(Failure::from(error));
                    }
                    failed = true;
                }
            }
        }
    }
    Ok(moved)
}

/// The table of leaders on servers, below a rule where another cluster begins;
/// `what` heads the column of counts.
pub fn leader_table<'a>(what: &str, clusters: impl Iterator<Item = &'a Json>) -> Table {
    let mut leaders: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
    for cluster in clusters {
        let leader = cluster.text("leader");
        if leader.is_empty() {
            continue;
        }
        let (name, count) = leaders.entry(leader).or_insert((cluster.text("name"), 0));
        *count += 1;
        *totals.entry(name).or_default() += 1;
    }
    let mut rows: Vec<(&str, usize, &str)> = leaders
        .into_iter()
        .map(|(leader, (cluster, count))| (cluster, count, leader))
        .collect();
    rows.sort_by_key(|(cluster, count, _)| (*cluster, *count));
    let mut table = Table::new(
        "RAFT Leader Report",
        &["Server", "Cluster", what, "Distribution"],
    );
    let mut above = rows.first().map(|(cluster, ..)| *cluster);
    for (cluster, count, leader) in rows {
        if above.is_some_and(|above| above != cluster) {
            table.separator();
            above = Some(cluster);
        }
        let total = totals.get(cluster).copied().unwrap_or(0).max(1);
        // Rounded, and at least one.
        let stars = ((2 * count * STARS + total) / (2 * total)).max(1);
        table.row(vec![
            leader.into(),
            cluster.into(),
            commas(u64::try_from(count).unwrap_or(u64::MAX)).into(),
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
            .map(|name| Json::object().with("name", *name))
            .collect();
        Led {
            kind: "stream",
            name: "S".to_owned(),
            step_down: String::new(),
            cluster: Json::object()
                .with("name", "c")
                .with("leader", leader)
                .with("replicas", Json::List(replicas)),
        }
    }

    fn moves(assets: &[Led]) -> Vec<(String, String)> {
        let mut out = Vec::new();
        for servers in clusters(assets).unwrap().values_mut() {
            while let Some((_, from, to)) = servers.next_move() {
                servers.moved(from, to);
                out.push((from.to_owned(), to.to_owned()));
            }
        }
        out
    }

    #[test]
    fn leaders_move_to_those_with_few() {
        let all: Vec<Led> = (0..6).map(|_| asset("a", &["b", "c"])).collect();
        let moves = moves(&all);
        let to = |name: &str| moves.iter().filter(|(_, to)| to == name).count();
        assert_eq!((to("b"), to("c"), moves.len()), (2, 2, 4));
    }

    #[test]
    fn what_is_even_stays() {
        let all = [asset("a", &["b"]), asset("a", &["b"]), asset("b", &["a"])];
        assert_eq!(moves(&all), []);
    }

    #[test]
    fn leaders_are_counted_by_cluster() {
        let all: Vec<Led> = ["a", "a", "b"].map(|name| asset(name, &["c"])).to_vec();
        let table = leader_table("Streams", all.iter().map(|asset| &asset.cluster));
        let text = table.render_as(
            crate::output::table::Format::Csv,
            crate::output::style::scheme(),
            None,
        );
        assert!(text.ends_with("\nb,c,1,***\na,c,2,*******"), "{text}");
    }
}
