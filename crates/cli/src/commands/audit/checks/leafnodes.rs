//! Checks of leaf nodes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Captured, Check, Outcome};
use crate::commands::audit::examples::Examples;
use crate::failure::Result;

pub(super) const CHECKS: &[Check] = &[Check {
    code: "LEAF_001",
    suite: "leaf",
    name: "Whitespace in leafnode server names",
    about: "No Leafnode contains whitespace in its name",
    thresholds: &[],
    run: names,
}];

fn names(_: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in captured.servers("LEAFZ")? {
        for leaf in entry.data.list("leafs") {
            let name = leaf.text("name");
            if name.contains(char::is_whitespace) {
                let names = found.entry(entry.cluster.clone()).or_default();
                names.insert(name.to_owned());
            }
        }
    }
    for (cluster, names) in found {
        let names: Vec<String> = names.into_iter().collect();
        examples.add(format!("Cluster {cluster}: [{}]", names.join(" ")));
    }
    Ok(Outcome::Fail.unless_empty(examples))
}
