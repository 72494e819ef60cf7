//! Tags of operators, accounts and users.

use crate::output::Json;
use crate::parse::Matches;

/// Adds the tags of `--tags` and takes those of `--no-tags` away, trimmed and
/// in lower case as all writers do.
pub fn change(nats: &mut Json, matches: &Matches) {
    let tidy = |texts: &[String]| -> Vec<String> {
        texts
            .iter()
            .flat_map(|text| text.split(','))
            .map(|tag| tag.trim().to_lowercase())
            .filter(|tag| !tag.is_empty())
            .collect()
    };
    let removes = matches
        .declared_flags()
        .iter()
        .any(|flag| flag.name == "no-tags");
    let removed = if removes {
        tidy(matches.list("no-tags"))
    } else {
        Vec::new()
    };
    let mut tags = nats.texts("tags");
    for tag in tidy(matches.list("tags")) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags.retain(|tag| !removed.contains(tag));
    if tags.is_empty() {
        nats.remove("tags");
    } else {
        nats.set(
            "tags",
            Json::List(tags.iter().map(|tag| Json::from(tag.as_str())).collect()),
        );
    }
}
