//! Whether replicas have the same.

use std::collections::BTreeSet;

use crate::output::Json;

/// What one server has of an asset.
#[derive(Clone, Debug)]
pub struct Replica<'a> {
    /// The server's name.
    pub node: &'a str,
    /// The server's id.
    pub node_id: &'a str,
    /// The asset as that server shows it.
    pub asset: &'a Json,
    /// The stream of a consumer; of a stream, itself.
    pub parent: &'a Json,
    /// Facts that have to be the same everywhere: what they are called in a
    /// verdict, and their values as text.
    pub facts: Vec<(&'static str, String)>,
}

impl Replica<'_> {
    /// The leader of the group as this server knows it; empty for none.
    pub fn leader(&self) -> &str {
        self.asset.text("cluster.leader")
    }

    /// Whether this server leads the group.
    pub fn is_leader(&self) -> bool {
        self.leader() == self.node
    }

    /// Names of the members of the group as this server knows them.
    fn members(&self) -> BTreeSet<&str> {
        let peers = self.asset.list("cluster.replicas").iter();
        let mut names: BTreeSet<&str> = peers.map(|peer| peer.text("name")).collect();
        names.insert(self.node);
        if !self.leader().is_empty() {
            names.insert(self.leader());
        }
        names
    }
}

/// What is wrong with each replica of an asset, in their order; empty lists
/// if nothing is.
///
/// All are compared with the leader's, because that is what the others will
/// come to; without a leader, with the first one's.
pub fn verdicts(replicas: &[Replica<'_>]) -> Vec<Vec<String>> {
    let Some(reference) = replicas
        .iter()
        .find(|replica| replica.is_leader())
        .or(replicas.first())
    else {
        return Vec::new();
    };
    let here: BTreeSet<&str> = replicas.iter().map(|replica| replica.node).collect();
    let missing: Vec<&str> = reference.members().difference(&here).copied().collect();
    replicas
        .iter()
        .map(|replica| {
            let mut wrong = Vec::new();
            if replica.leader().is_empty() {
                wrong.push("NO LEADER".to_owned());
            } else if replica.leader() != reference.leader() {
                wrong.push("LEADER".to_owned());
            }
            if replica.members() != reference.members() {
                wrong.push("PEERS".to_owned());
            }
            if !missing.is_empty() {
                wrong.push(format!("MISSING {}", missing.join(" ")));
            }
            for (fact, expected) in replica.facts.iter().zip(&reference.facts) {
                if fact.1 != expected.1 {
                    wrong.push(fact.0.to_owned());
                }
            }
            wrong
        })
        .collect()
}

/// A verdict as the table shows it.
pub fn status(wrong: &[String]) -> String {
    if wrong.is_empty() {
        "IN SYNC".to_owned()
    } else {
        format!("UNSYNCED:{}", wrong.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What n1, n2, n3 have: the leader they know, a number of messages.
    fn judged(known: &[(&'static str, &str, i64)]) -> Vec<String> {
        let assets: Vec<Json> = known
            .iter()
            .map(|(node, leader, _)| {
                let others = ["n1", "n2", "n3"]
                    .iter()
                    .filter(|name| *name != leader)
                    .filter(|name| leader == node || *name != node);
                let peers = others.map(|name| Json::object().with("name", *name));
                Json::object().with(
                    "cluster",
                    Json::object()
                        .with("leader", *leader)
                        .with("replicas", Json::List(peers.collect())),
                )
            })
            .collect();
        let replicas: Vec<Replica<'_>> = known
            .iter()
            .zip(&assets)
            .map(|((node, _, messages), asset)| Replica {
                node,
                node_id: node,
                asset,
                parent: asset,
                facts: vec![("MESSAGES", messages.to_string())],
            })
            .collect();
        verdicts(&replicas)
            .iter()
            .map(|wrong| status(wrong))
            .collect()
    }

    #[test]
    fn replicas_that_have_the_same_are_in_sync() {
        let all = [("n1", "n2", 5), ("n2", "n2", 5), ("n3", "n2", 5)];
        assert_eq!(judged(&all), ["IN SYNC"; 3]);
    }

    #[test]
    fn what_differs_from_the_leader_is_named() {
        let all = [("n1", "n2", 4), ("n2", "n2", 5), ("n3", "n2", 5)];
        assert_eq!(judged(&all), ["UNSYNCED:MESSAGES", "IN SYNC", "IN SYNC"]);
    }

    #[test]
    fn servers_have_to_agree_on_the_leader() {
        let all = [("n1", "n2", 5), ("n2", "n2", 5), ("n3", "n3", 5)];
        let found = judged(&all);
        assert_eq!(found[..2], ["IN SYNC", "IN SYNC"]);
        assert_eq!(found[2], "UNSYNCED:LEADER");
        let all = [("n1", "", 5), ("n2", "", 5), ("n3", "", 5)];
        assert_eq!(judged(&all), ["UNSYNCED:NO LEADER"; 3]);
    }

    #[test]
    fn a_replica_that_is_not_there_concerns_all() {
        let all = [("n1", "n2", 5), ("n2", "n2", 5)];
        assert_eq!(judged(&all), ["UNSYNCED:MISSING n3"; 2]);
        assert_eq!(verdicts(&[]), Vec::<Vec<String>>::new());
    }
}
