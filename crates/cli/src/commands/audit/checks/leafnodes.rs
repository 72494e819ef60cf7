//! Checks of leaf nodes.

use std::collections::BTreeSet;

use super::{Captured, Check, Outcome};
use crate::commands::audit::examples::Examples;
use crate::failure::Result;

pub(super) const CHECKS: &[Check] = &[Check {
    code: "LEAF_001",
    suite: "leaf",
    name: "Whitespace in leafnode server names",
    about: "No name of a leaf node has white space in it",
    thresholds: &[],
    run: names,
}];

fn names(_: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    let mut found = BTreeSet::new();
    for entry in captured.servers("LEAFZ")? {
        for leaf in entry.data.list("leafs") {
            let name = leaf.text("name");
            if name.contains(char::is_whitespace) {
                found.insert((entry.cluster.clone(), name.to_owned()));
            }
        }
    }
    for (cluster, name) in found {
        examples.add(format!("cluster {cluster}: leaf node {name:?}"));
    }
    Ok(Outcome::Fail.unless_empty(examples))
}
