//! Tags of operators, accounts and users.

use crate::bail;
use crate::failure::Result;
use crate::output::Json;
use crate::parse::Matches;

/// Adds the tags of `--tags` and takes those of `--no-tags` away, trimmed and
/// in lower case as all writers do.
pub fn change(nats: &mut Json, matches: &Matches) -> Result<()> {
    let tidy = |text: &String| text.trim().to_lowercase();
    let removes = matches
        .declared_flags()
        .iter()
        .any(|flag| flag.name == "no-tags");
    let mut tags = nats.texts("tags");
    for tag in matches.list("tags").iter().map(tidy) {
        if tag.is_empty() {
            bail!("string cannot be empty");
        }
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    if removes {
        let removed: Vec<String> = matches.list("no-tags").iter().map(tidy).collect();
        tags.retain(|tag| !removed.contains(tag));
    }
    if tags.is_empty() {
        nats.remove("tags");
    } else {
        nats.set(
            "tags",
            Json::List(tags.iter().map(|tag| Json::from(tag.as_str())).collect()),
        );
    }
    Ok(())
}

/// All tags in the order in which they are shown.
pub fn sorted(nats: &Json) -> Vec<String> {
    let mut tags = nats.texts("tags");
    tags.sort();
    tags
}
