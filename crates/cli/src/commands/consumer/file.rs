//! Consumer configurations in files.

use crate::bail;
use crate::commands::assets::shape::CONSUMER_CONFIG;
use crate::commands::assets::{go_types, read_whole_config};
use crate::failure::Result;
use crate::output::Json;

/// Words that fields with a choice may have.
const CHOICES: &[(&str, &[&str])] = &[
    ("ack_policy", &["none", "all", "explicit", "flow_control"]),
    (
        "deliver_policy",
        &[
            "all",
            "last",
            "new",
            "by_start_sequence",
            "by_start_time",
            "last_per_subject",
            "undefined",
        ],
    ),
    ("replay_policy", &["instant", "original"]),
    (
        "priority_policy",
        &["none", "overflow", "pinned_client", "prioritized"],
    ),
];

/// The configuration in a file, or in the information about a consumer that
/// it has.
pub fn read(path: &str) -> Result<Json> {
    let mut config = read_whole_config(path, &CONSUMER_CONFIG, &go_types::CONSUMER)?;
    for (key, words) in CHOICES {
        if !config.has(key) {
            continue;
        }
        let value = config.key(key);
        match value.as_text() {
            Some(word) if words.contains(&word) => {}
            Some(_) | None => {
                let text = value.compact();
                if *key == "priority_policy" {
                    bail!("cannot unmarshal {text}");
                }
                bail!("can not unmarshal {text:?}");
            }
        }
    }
    if config.text("deliver_policy") == "undefined" {
        config.set("deliver_policy", "all");
    }
    Ok(config)
}
