//! A stream's configuration from flags (cli.md 4.1).

use crate::commands::assets::shape::STREAM_CONFIG;
use crate::commands::assets::{go_types, read_whole_config};
use crate::failure::Result;
use crate::format::{SizeRange, commas, parse_duration, parse_size};
use crate::output::Json;
use crate::parse::Matches;
use crate::{bail, fail};

/// Largest message size that a stream can have as its limit, in bytes.
const MAX_MESSAGE_SIZE: i64 = i32::MAX as i64;
/// The switches that are a field each.
const SWITCHES: &[(&str, &str)] = &[
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
];

/// Fails if a size cannot be read: before anything else is done.
pub fn check_sizes(matches: &Matches) -> Result<()> {
    for flag in ["max-bytes", "max-msg-size"] {
        size(matches, flag)?;
    }
    Ok(())
}

/// Bytes that a flag gives; 0 if it is not given.
pub fn size(matches: &Matches, flag: &str) -> Result<i64> {
    match matches.filled(flag) {
        Some(text) => parse_size(text, SizeRange::Bits32),
        None => Ok(0),
    }
}

/// A configuration from a file, with the name of the stream that is meant;
/// an empty one leaves the name in the file.
pub fn from_file(path: &str, stream: &str) -> Result<Json> {
    let mut config =
        STREAM_CONFIG.known(&read_whole_config(path, &STREAM_CONFIG, &go_types::STREAM)?);
    if !stream.is_empty() {
        config.set("name", stream);
    }
    Ok(config)
}

/// Changes what the flags of `edit` and `copy` name, and nothing else.
pub fn apply(config: &mut Json, matches: &Matches) -> Result<()> {
    subjects(config, matches);
    for (flag, key) in [
        ("description", "description"),
        ("compression", "compression"),
        ("retention", "retention"),
        ("discard", "discard"),
    ] {
        if let Some(word) = matches.filled(flag) {
            config.set(key, config_word(word));
        }
    }
    for (flag, key) in [
        ("replicas", "num_replicas"),
        ("max-msgs", "max_msgs"),
        ("max-msgs-per-subject", "max_msgs_per_subject"),
    ] {
        match matches.int(flag) {
            0 => {}
            number => {
                config.set(key, number);
            }
        }
    }
    if matches.given("max-consumers") && matches.int("max-consumers") != -1 {
        config.set("max_consumers", matches.int("max-consumers"));
    }
    for (flag, key) in [("max-bytes", "max_bytes"), ("max-msg-size", "max_msg_size")] {
        match size(matches, flag)? {
            0 => {}
            bytes => {
                config.set(key, bytes);
            }
        }
    }
    if let Some(text) = matches.filled("max-age") {
        config.set("max_age", age(text)?);
    }
    if let Some(text) = matches.filled("dupe-window") {
        let window =
            parse_duration(text).map_err(|failure| failure.context("invalid duplicate window"))?;
        config.set("duplicate_window", window);
    }
    placement(config, matches);
    if matches.given("source") || matches.filled("mirror").is_some() {
        bail!("cannot edit mirrors, or sources using the CLI, use --config instead");
    }
    for (flag, key) in SWITCHES {
        if let Some(on) = matches.switched(flag) {
            config.set(key, on);
        }
    }
    // Only when asked for: what nobody named stays as it is.
    if let Some(ack) = matches.switched("ack") {
        config.set("no_ack", !ack);
    }
    if matches.given("metadata") {
        config.set("metadata", pairs(&matches.map("metadata")));
    }
    if matches.given("subject-del-markers-ttl") {
        config.set(
            "subject_delete_marker_ttl",
            matches.nanos("subject-del-markers-ttl").unwrap_or_default(),
        );
    }
    transforms(config, matches);
    Ok(())
}

/// Changes what the flags of `copy` name that a stream keeps for good.
pub fn apply_fixed(config: &mut Json, matches: &Matches) {
    if let Some(storage) = matches.filled("storage") {
        config.set("storage", config_word(storage));
    }
    if matches.given("first-sequence") {
        config.set("first_seq", matches.uint("first-sequence"));
    }
    if matches.given("limit-consumer-inactive") || matches.given("limit-consumer-max-pending") {
        config.set("consumer_limits", consumer_limits(matches));
    }
    if let Some(mode) = matches.filled("persist-mode") {
        config.set("persist_mode", mode);
    }
}

/// The limits of consumers that flags give.
pub fn consumer_limits(matches: &Matches) -> Json {
    let mut limits = Json::object();
    let inactive = matches.nanos("limit-consumer-inactive").unwrap_or_default();
    if inactive > 0 {
        limits.set("inactive_threshold", inactive);
    }
    let pending = matches.int("limit-consumer-max-pending");
    if pending > 0 {
        limits.set("max_ack_pending", pending);
    }
    limits
}

/// Sets the subjects that flags give, one by one or in lists.
pub fn subjects(config: &mut Json, matches: &Matches) {
    let subjects = matches.subject_list("subjects");
    if !subjects.is_empty() {
        config.set(
            "subjects",
            Json::List(subjects.into_iter().map(Json::Text).collect()),
        );
    }
}

/// Sets the switches of a new stream.
pub fn switches(config: &mut Json, matches: &Matches) {
    for (flag, key) in SWITCHES {
        config.set(key, matches.on(flag));
    }
    config.set("no_ack", !matches.on("ack"));
}

/// The mirror's origin that a flag names, or gives as JSON.
pub fn mirror(text: &str) -> Result<Json> {
    source(text).map_err(|failure| failure.context("invalid mirror"))
}

/// The sources that flags name, or give as JSON, and whether each is a name
/// only.
pub fn sources(matches: &Matches) -> Result<Vec<(Json, bool)>> {
    matches
        .list("source")
        .iter()
        .map(|value| {
            let source = source(value).map_err(|failure| failure.context("invalid source"))?;
            Ok((source, !is_object(value)))
        })
        .collect()
}

/// Whether a flag gives a JSON object instead of a name.
pub fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

fn source(text: &str) -> Result<Json> {
    if !is_object(text) {
        return Ok(Json::object().with("name", text));
    }
    let value = Json::parse(text.as_bytes()).map_err(|error| fail!("{error}"))?;
    if value.text("name").is_empty() {
        bail!("name is required");
    }
    Ok(value)
}

/// The word in configurations for one that a flag knows.
pub fn config_word(word: &str) -> String {
    match word {
        "f" => "file",
        "m" => "memory",
        "work" | "workq" => "workqueue",
        word => word,
    }
    .to_owned()
}

/// Nanoseconds of an age; `-1` stands for none.
pub fn age(text: &str) -> Result<i64> {
    match text.trim() {
        "-1" => Ok(0),
        text => parse_duration(text)
            .map_err(|failure| failure.context("invalid maximum age limit format")),
    }
}

/// Bytes of a limit on messages, if a stream can have it.
pub fn message_size(size: i64) -> Result<i64> {
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

/// Fails if only one half of a transform or of republishing is given.
pub fn check_transforms(matches: &Matches) -> Result<()> {
    let headers_only = matches.on("republish-headers");
    let both = |first: &str, second: &str| match (matches.filled(first), matches.filled(second)) {
        (Some(_), Some(_)) => Some(true),
        (None, None) => Some(false),
        _ => None,
    };
    let (first, second) = ("republish-source", "republish-destination");
    if !matches!(
        (both(first, second), headers_only),
        (Some(true), _) | (Some(false), false)
    ) {
        let when = if headers_only {
            " when using --headers-only"
        } else {
            ""
        };
        bail!("must specify both --{first} and --{second}{when}");
    }
    if both("transform-source", "transform-destination").is_none() {
        bail!("must specify both --transform-source and --transform-destination");
    }
    Ok(())
}

/// Sets the transform and the republishing that flags ask for.
pub fn transforms(config: &mut Json, matches: &Matches) {
    let pair = |first: &str, second: &str| {
        let (source, destination) = (matches.filled(first)?, matches.filled(second)?);
        Some(Json::object().with("src", source).with("dest", destination))
    };
    if let Some(transform) = pair("transform-source", "transform-destination") {
        config.set("subject_transform", transform);
    }
    if let Some(mut republish) = pair("republish-source", "republish-destination") {
        if matches.on("republish-headers") {
            republish.set("headers_only", true);
        }
        config.set("republish", republish);
    }
}
