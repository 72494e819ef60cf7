//! The configuration of a new stream from flags and questions.

use super::origin::{ask_mirror, ask_source};
use super::settings::{self, age, config_word, is_object, message_size};
use crate::bail;
use crate::commands::assets::{Questions, split_words};
use crate::failure::Result;
use crate::format::{SizeRange, go_duration, parse_duration, parse_int, parse_size};
use crate::output::Json;
use crate::parse::Matches;

/// Total size that is offered when the account requires a limit.
const REQUIRED_SIZE: &str = "256MB";
/// Duplicate window that is offered, in nanoseconds.
const DUPLICATE_WINDOW: i64 = 120 * 1_000_000_000;

/// The whole configuration; what flags do not say is asked for, or has its
/// default. `size_required`: whether the account asks for a limit on bytes.
pub fn ask(
    matches: &Matches,
    questions: &Questions,
    size_required: impl FnOnce() -> bool,
) -> Result<Json> {
    let mut config = Json::object();
    let name = match matches.arg("stream") {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => questions.needed("Stream Name", "Without blanks, dots and wildcards")?,
    };
    config.set("name", name.trim());
    subjects(&mut config, matches, questions)?;
    policies(&mut config, matches, questions)?;
    limits(&mut config, matches, questions, size_required)?;
    settings::switches(&mut config, matches);
    permissions(&mut config, matches, questions)?;
    let description = matches.text("description").unwrap_or_default();
    config.set("description", description);
    config.set("first_seq", matches.uint("first-sequence"));
    config.set(
        "subject_delete_marker_ttl",
        matches.nanos("subject-del-markers-ttl").unwrap_or_default(),
    );
    if let Some(mode) = matches.filled("persist-mode") {
        config.set("persist_mode", mode);
    }
    config.set("consumer_limits", settings::consumer_limits(matches));
    config.set("metadata", settings::pairs(&matches.map("metadata")));
    settings::placement(&mut config, matches);
    origins(&mut config, matches, questions)?;
    settings::check_transforms(matches)?;
    settings::transforms(&mut config, matches);
    Ok(config)
}

fn subjects(config: &mut Json, matches: &Matches, questions: &Questions) -> Result<()> {
    let is_mirror = matches.filled("mirror").is_some();
    settings::subjects(config, matches);
    if config.has("subjects") {
        if is_mirror {
            bail!("mirrors cannot listen for messages on subjects");
        }
    } else if !is_mirror && !matches.given("source") {
        let subjects = questions.needed(
            "Subjects",
            "Subjects to listen on, separated by commas or blanks; wildcards are allowed",
        )?;
        let subjects = split_words(&subjects).into_iter().map(Json::Text);
        config.set("subjects", Json::List(subjects.collect()));
    }
    Ok(())
}

fn policies(config: &mut Json, matches: &Matches, questions: &Questions) -> Result<()> {
    let storage = match matches.filled("storage") {
        Some(word) => config_word(word),
        None => questions.choice("Storage", &[("file", "file"), ("memory", "memory")], 0)?,
    };
    config.set("storage", storage);
    if let Some(compression) = matches.filled("compression") {
        config.set("compression", compression);
    }
    let replicas = match matches.int("replicas") {
        0 => questions.amount(
            "Replication",
            "1",
            "Number of servers in the cluster that keep the data",
            parse_int,
        )?,
        number => number,
    };
    if replicas <= 0 {
        bail!("replicas should be >= 1");
    }
    config.set("num_replicas", replicas);
    let retention = match matches.filled("retention") {
        Some(word) => word.to_owned(),
        None => questions.choice(
            "Retention Policy",
            &[
                ("limits", "Limits"),
                ("interest", "Interest"),
                ("workq", "Work Queue"),
            ],
            0,
        )?,
    };
    config.set("retention", config_word(&retention));
    let discard = match matches.filled("discard") {
        Some(word) => word.to_owned(),
        // Dropping the oldest is what people mean if they do not care.
        None => questions.choice("Discard Policy", &[("new", "New"), ("old", "Old")], 1)?,
    };
    config.set("discard", discard);
    Ok(())
}

fn limits(
    config: &mut Json,
    matches: &Matches,
    questions: &Questions,
    size_required: impl FnOnce() -> bool,
) -> Result<()> {
    let count = |flag: &str, question: &str| -> Result<i64> {
        match matches.int(flag) {
            0 => {
                let limit =
                    questions.amount(question, "-1", "-1 stands for no limit", parse_int)?;
                Ok(if limit <= 0 { -1 } else { limit })
            }
            limit => Ok(limit),
        }
    };
    let messages = count("max-msgs", "Stream Messages Limit")?;
    config.set("max_msgs", messages);
    let has_subjects = config.has("subjects");
    let per_subject = if has_subjects || questions.are_defaulted() {
        count("max-msgs-per-subject", "Per Subject Messages Limit")?
    } else {
        matches.int("max-msgs-per-subject")
    };
    config.set("max_msgs_per_subject", per_subject);
    let bytes = total_size(matches, questions, size_required)?;
    config.set("max_bytes", bytes);
    let max_age = match matches.filled("max-age") {
        Some(text) => age(text)?,
        None => questions.value(
            "Message TTL",
            "-1",
            "Most age of messages, such as 1d12h; -1 stands for no limit",
            age,
        )?,
    };
    config.set("max_age", max_age);
    let message = match settings::size(matches, "max-msg-size")? {
        0 => questions.amount(
            "Max Message Size",
            "-1",
            "Most bytes of a message; -1 stands for no limit",
            |text| parse_size(text, SizeRange::Bits64),
        )?,
        size => size,
    };
    config.set(
        "max_msg_size",
        if message == 0 {
            -1
        } else {
            message_size(message)?
        },
    );
    config.set("max_consumers", matches.int("max-consumers"));
    let window = match matches.filled("dupe-window") {
        Some(text) => duplicate_window(text)?,
        None if matches.filled("mirror").is_some() => 0,
        None => {
            let window = if max_age > 0 {
                max_age.min(DUPLICATE_WINDOW)
            } else {
                DUPLICATE_WINDOW
            };
            questions.value(
                "Duplicate tracking time window",
                &go_duration(window),
                "Messages with an id that was seen within this time are dropped",
                duplicate_window,
            )?
        }
    };
    config.set("duplicate_window", window);
    Ok(())
}

fn duplicate_window(text: &str) -> Result<i64> {
    parse_duration(text).map_err(|failure| failure.context("invalid duplicate window format"))
}

/// Most bytes of the stream; -1 stands for no limit.
fn total_size(
    matches: &Matches,
    questions: &Questions,
    size_required: impl FnOnce() -> bool,
) -> Result<i64> {
    let size = match settings::size(matches, "max-bytes")? {
        0 => {
            let required = size_required();
            let default = if required { REQUIRED_SIZE } else { "-1" };
            questions.amount(
                "Total Stream Size",
                default,
                "Most bytes in the stream, such as 10GB; -1 stands for no limit",
                |text| {
                    let size = parse_size(text, SizeRange::Bits64)?;
                    if required && size <= 0 {
                        bail!("MaxBytes is required per Account Settings");
                    }
                    Ok(size)
                },
            )?
        }
        size => size,
    };
    Ok(if size <= 0 { -1 } else { size })
}

fn permissions(config: &mut Json, matches: &Matches, questions: &Questions) -> Result<()> {
    for (flag, key, question, default, inverted) in [
        (
            "allow-rollup",
            "allow_rollup_hdrs",
            "Allow message Roll-ups",
            false,
            false,
        ),
        (
            "deny-delete",
            "deny_delete",
            "Allow message deletion",
            true,
            true,
        ),
        (
            "deny-purge",
            "deny_purge",
            "Allow purging subjects or the entire stream",
            true,
            true,
        ),
    ] {
        if !matches.given(flag) {
            let yes = questions.confirm(question, default)?;
            config.set(key, yes != inverted);
        }
    }
    Ok(())
}

/// The mirror's origin and the sources; more is asked about those that are
/// named only.
fn origins(config: &mut Json, matches: &Matches, questions: &Questions) -> Result<()> {
    if let Some(text) = matches.filled("mirror") {
        let mut mirror = settings::mirror(text)?;
        if !is_object(text) && !questions.are_defaulted() {
            ask_mirror(&mut mirror, questions)?;
        }
        config.set("mirror", mirror);
    }
    let mut sources = Vec::new();
    for (mut source, is_name) in settings::sources(matches)? {
        if is_name && !questions.are_defaulted() {
            ask_source(&mut source, questions)?;
        }
        sources.push(source);
    }
    config.set("sources", Json::List(sources));
    Ok(())
}
