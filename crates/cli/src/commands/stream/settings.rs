//! A stream's configuration from flags (cli.md 4.1).

use crate::commands::assets::split_words;
use crate::failure::Result;
use crate::format::{SizeRange, commas, parse_duration, parse_size};
use crate::output::Json;
use crate::parse::Matches;
use crate::{bail, fail};

/// Largest message size that a stream can have as its limit, in bytes.
const MAX_MESSAGE_SIZE: i64 = i32::MAX as i64;

/// Sets what flags of a new or a changed stream say, and nothing else.
pub fn apply(config: &mut Json, matches: &Matches) -> Result<()> {
    if matches.given("subjects") {
        let subjects = matches.split_list("subjects");
        config.set(
            "subjects",
            Json::List(subjects.into_iter().map(Json::Text).collect()),
        );
    }
    for (flag, key) in [
        ("description", "description"),
        ("compression", "compression"),
    ] {
        if matches.given(flag) {
            config.set(key, matches.text(flag).unwrap_or_default());
        }
    }
    if matches.given("replicas") {
        config.set("num_replicas", replicas(matches.int("replicas"))?);
    }
    placement(config, matches);
    if matches.given("retention") {
        let retention = retention_word(matches.text("retention").unwrap_or_default());
        config.set("retention", retention);
    }
    if matches.given("discard") {
        config.set("discard", matches.text("discard").unwrap_or_default());
    }
    limits(config, matches)?;
    switches(config, matches);
    if matches.given("subject-del-markers-ttl") {
        config.set(
            "subject_delete_marker_ttl",
            matches.nanos("subject-del-markers-ttl").unwrap_or_default(),
        );
    }
    transforms(config, matches)?;
    if matches.given("metadata") {
        config.set("metadata", pairs(&matches.map("metadata")));
    }
    Ok(())
}

/// Sets what flags say that only new streams have, and the ones that are on
/// by default.
pub fn apply_fixed(config: &mut Json, matches: &Matches) -> Result<()> {
    if matches.given("storage") {
        config.set(
            "storage",
            storage_word(matches.text("storage").unwrap_or_default()),
        );
    }
    if matches.given("first-sequence") {
        config.set("first_seq", matches.uint("first-sequence"));
    }
    if matches.given("limit-consumer-inactive") || matches.given("limit-consumer-max-pending") {
        let mut limits = Json::object();
        let inactive = matches.nanos("limit-consumer-inactive").unwrap_or_default();
        if inactive != 0 {
            limits.set("inactive_threshold", inactive);
        }
        let pending = matches.int("limit-consumer-max-pending");
        if pending != 0 {
            limits.set("max_ack_pending", pending);
        }
        config.set("consumer_limits", limits);
    }
    if matches.given("persist-mode") {
        config.set(
            "persist_mode",
            matches.text("persist-mode").unwrap_or_default(),
        );
    }
    if matches.given("mirror") {
        let mirror = source(matches.text("mirror").unwrap_or_default())?;
        config.set("mirror", mirror);
    }
    if matches.given("source") {
        let sources: Result<Vec<Json>> = source_values(matches)
            .iter()
            .map(|text| source(text))
            .collect();
        config.set("sources", Json::List(sources?));
    }
    Ok(())
}

/// Values of `--source`: each a JSON object, or a list of names.
pub fn source_values(matches: &Matches) -> Vec<String> {
    matches
        .list("source")
        .iter()
        .flat_map(|value| {
            if value.trim_start().starts_with('{') {
                vec![value.clone()]
            } else {
                split_words(value)
            }
        })
        .collect()
}

/// A mirror's origin or a source: a name, or the whole object.
fn source(text: &str) -> Result<Json> {
    if !text.trim_start().starts_with('{') {
        return Ok(Json::object().with("name", text));
    }
    let value = Json::parse(text.as_bytes())
        .map_err(|error| fail!("invalid source configuration: {error}"))?;
    if value.text("name").is_empty() {
        bail!("name is required");
    }
    Ok(value)
}

/// Number of replicas, if there can be so many.
pub fn replicas(number: i64) -> Result<i64> {
    if number < 1 {
        bail!("replicas should be >= 1");
    }
    Ok(number)
}

/// The word in configurations for one that the flag knows.
pub fn storage_word(word: &str) -> &str {
    match word {
        "f" => "file",
        "m" => "memory",
        word => word,
    }
}

/// The word in configurations for one that the flag knows.
pub fn retention_word(word: &str) -> &str {
    match word {
        "work" | "workq" => "workqueue",
        word => word,
    }
}

/// Nanoseconds of an age; `-1` stands for none.
pub fn age(text: &str) -> Result<i64> {
    match text.trim() {
        "" | "-1" => Ok(0),
        text => parse_duration(text),
    }
}

/// Bytes of a limit on messages.
pub fn message_size(text: &str) -> Result<i64> {
    let size = parse_size(text, SizeRange::Bits32)?;
    if size > MAX_MESSAGE_SIZE {
        bail!(
            "max value size {} is too big maximum is {}",
            commas(size),
            commas(MAX_MESSAGE_SIZE)
        );
    }
    Ok(size)
}

/// An object of texts.
pub fn pairs(pairs: &[(String, String)]) -> Json {
    Json::Object(
        pairs
            .iter()
            .map(|(key, value)| (key.clone(), Json::from(value.as_str())))
            .collect(),
    )
}

/// Sets the placement that `--cluster` and `--tag` ask for; an empty tag
/// removes all tags.
pub fn placement(config: &mut Json, matches: &Matches) {
    let mut tags = matches.split_list("tag");
    tags.extend(matches.split_list("tags"));
    let cluster = matches
        .given("cluster")
        .then(|| matches.text("cluster").unwrap_or_default().to_owned());
    let tags = (matches.given("tag") || matches.given("tags")).then_some(tags);
    place(config, cluster.as_deref(), tags);
}

/// Changes the placement: the cluster and the tags, where there are new ones.
pub fn place(config: &mut Json, cluster: Option<&str>, tags: Option<Vec<String>>) {
    let mut placement = config.remove("placement").unwrap_or_default();
    match cluster {
        None => {}
        Some("") => {
            placement.remove("cluster");
        }
        Some(cluster) => {
            placement.set("cluster", cluster);
        }
    }
    match tags {
        None => {}
        Some(tags) if tags.is_empty() => {
            placement.remove("tags");
        }
        Some(tags) => {
            placement.set(
                "tags",
                Json::List(tags.into_iter().map(Json::Text).collect()),
            );
        }
    }
    if !placement.entries("").is_empty() {
        config.set("placement", placement);
    }
}

fn limits(config: &mut Json, matches: &Matches) -> Result<()> {
    for (flag, key) in [
        ("max-consumers", "max_consumers"),
        ("max-msgs", "max_msgs"),
        ("max-msgs-per-subject", "max_msgs_per_subject"),
    ] {
        if matches.given(flag) {
            config.set(key, matches.int(flag));
        }
    }
    if let Some(text) = matches.filled("max-age") {
        config.set("max_age", age(text)?);
    }
    if let Some(text) = matches.filled("dupe-window") {
        config.set("duplicate_window", age(text)?);
    }
    if let Some(text) = matches.filled("max-bytes") {
        config.set("max_bytes", parse_size(text, SizeRange::Bits32)?);
    }
    if let Some(text) = matches.filled("max-msg-size") {
        config.set("max_msg_size", message_size(text)?);
    }
    Ok(())
}

fn switches(config: &mut Json, matches: &Matches) {
    for (flag, key) in [
        ("discard-per-subject", "discard_new_per_subject"),
        ("allow-batch", "allow_atomic"),
        ("allow-fast", "allow_batched"),
        ("allow-counter", "allow_msg_counter"),
        ("allow-rollup", "allow_rollup_hdrs"),
        ("deny-delete", "deny_delete"),
        ("deny-purge", "deny_purge"),
        ("allow-direct", "allow_direct"),
        ("allow-mirror-direct", "mirror_direct"),
        ("allow-msg-ttl", "allow_msg_ttl"),
        ("allow-schedules", "allow_msg_schedules"),
    ] {
        if let Some(on) = matches.switched(flag) {
            config.set(key, on);
        }
    }
    // Only when asked for: an edit leaves a stream without acknowledgements
    // as it is.
    if let Some(ack) = matches.switched("ack") {
        config.set("no_ack", !ack);
    }
}

fn transforms(config: &mut Json, matches: &Matches) -> Result<()> {
    match (
        matches.filled("transform-source"),
        matches.filled("transform-destination"),
    ) {
        (None, None) => {}
        (Some(source), Some(destination)) => {
            config.set(
                "subject_transform",
                Json::object().with("src", source).with("dest", destination),
            );
        }
        _ => bail!("must specify both --transform-source and --transform-destination"),
    }
    let headers_only = matches.on("republish-headers");
    match (
        matches.filled("republish-source"),
        matches.filled("republish-destination"),
    ) {
        (None, None) if !headers_only => {}
        (Some(source), Some(destination)) => {
            let mut republish = Json::object().with("src", source).with("dest", destination);
            if headers_only {
                republish.set("headers_only", true);
            }
            config.set("republish", republish);
        }
        _ if headers_only => bail!(
            "must specify both --republish-source and --republish-destination when using --headers-only"
        ),
        _ => bail!("must specify both --republish-source and --republish-destination"),
    }
    Ok(())
}
