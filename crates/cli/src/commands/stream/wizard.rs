//! The questions of `nats stream add`.

use super::settings::{age, message_size, replicas, retention_word, source_values};
use crate::bail;
use crate::commands::assets::{Questions, parse_time, split_words};
use crate::failure::Result;
use crate::format::{SizeRange, go_duration, parse_int, parse_size};
use crate::output::Json;
use crate::parse::Matches;

/// Total size that is offered when the account requires a limit.
const REQUIRED_SIZE: &str = "256MB";
/// Duplicate window that is offered, in nanoseconds.
const DUPLICATE_WINDOW: i64 = 120 * 1_000_000_000;

/// Sets what flags do not say by asking, or by the defaults.
/// `size_required`: whether the account asks for a limit on bytes.
pub fn ask(
    config: &mut Json,
    matches: &Matches,
    questions: &Questions,
    size_required: impl FnOnce() -> Result<bool>,
) -> Result<()> {
    let copies = matches.given("mirror") || matches.given("source");
    if matches.given("mirror") && !matches.split_list("subjects").is_empty() {
        bail!("mirrors cannot listen for messages on subjects");
    }
    if !matches.given("subjects") && !copies {
        let subjects = questions.needed(
            "Subjects",
            "Subjects to listen on, separated by commas or blanks; wildcards are allowed",
        )?;
        let subjects = split_words(&subjects);
        config.set(
            "subjects",
            Json::List(subjects.into_iter().map(Json::Text).collect()),
        );
    }
    policies(config, matches, questions)?;
    limits(config, matches, questions, size_required)?;
    if !matches.given("dupe-window") && !copies {
        let window = match config.int("max_age") {
            age if age > 0 => age.min(DUPLICATE_WINDOW),
            _ => DUPLICATE_WINDOW,
        };
        let window = questions.value(
            "Duplicate tracking time window",
            &go_duration(window),
            "Messages with an id that was seen within this time are dropped",
            age,
        )?;
        config.set("duplicate_window", window);
    }
    permissions(config, matches, questions)?;
    if !questions.are_defaulted() {
        origins(config, matches, questions)?;
    }
    Ok(())
}

fn policies(config: &mut Json, matches: &Matches, questions: &Questions) -> Result<()> {
    if !matches.given("storage") {
        let storage = questions.choice("Storage", &[("file", "file"), ("memory", "memory")])?;
        config.set("storage", storage.as_str());
    }
    if !matches.given("compression") {
        config.set("compression", "none");
    }
    if !matches.given("replicas") {
        let number = questions.value(
            "Replication",
            "1",
            "Number of servers in the cluster that keep the data",
            |text| replicas(parse_int(text)?),
        )?;
        config.set("num_replicas", number);
    }
    if !matches.given("retention") {
        let retention = questions.choice(
            "Retention Policy",
            &[
                ("limits", "Limits"),
                ("interest", "Interest"),
                ("workq", "Work Queue"),
            ],
        )?;
        config.set("retention", retention_word(&retention));
    }
    if !matches.given("discard") {
        let choices = if questions.are_defaulted() {
            [("old", "Old"), ("new", "New")]
        } else {
            [("new", "New"), ("old", "Old")]
        };
        let discard = questions.choice("Discard Policy", &choices)?;
        config.set("discard", discard.as_str());
    }
    Ok(())
}

fn limits(
    config: &mut Json,
    matches: &Matches,
    questions: &Questions,
    size_required: impl FnOnce() -> Result<bool>,
) -> Result<()> {
    for (flag, key, question) in [
        ("max-msgs", "max_msgs", "Stream Messages Limit"),
        (
            "max-msgs-per-subject",
            "max_msgs_per_subject",
            "Per Subject Messages Limit",
        ),
    ] {
        if !matches.given(flag) {
            let limit = questions.value(question, "-1", "-1 stands for no limit", parse_int)?;
            config.set(key, limit);
        }
    }
    if !matches.given("max-bytes") {
        let required = size_required()?;
        let default = if required { REQUIRED_SIZE } else { "-1" };
        let size = questions.value(
            "Total Stream Size",
            default,
            "Most bytes in the stream, such as 10GB; -1 stands for no limit",
            |text| {
                let size = parse_size(text, SizeRange::Bits32)?;
                if required && size <= 0 {
                    bail!("MaxBytes is required per Account Settings");
                }
                Ok(size)
            },
        )?;
        config.set("max_bytes", size);
    }
    if !matches.given("max-age") {
        let limit = questions.value(
            "Message TTL",
            "-1",
            "Most age of messages, such as 1d12h; -1 stands for no limit",
            age,
        )?;
        config.set("max_age", limit);
    }
    if !matches.given("max-msg-size") {
        let size = questions.value(
            "Max Message Size",
            "-1",
            "Most bytes of a message; -1 stands for no limit",
            message_size,
        )?;
        config.set("max_msg_size", size);
    }
    if !matches.given("max-consumers") {
        config.set("max_consumers", -1);
    }
    Ok(())
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

/// Asks more about a mirror's origin and about sources that flags only name.
fn origins(config: &mut Json, matches: &Matches, questions: &Questions) -> Result<()> {
    let is_name = |text: &str| !text.trim_start().starts_with('{');
    if matches.filled("mirror").is_some_and(is_name)
        && let Some(mirror) = config.key_mut("mirror")
    {
        origin(mirror, "mirror", questions)?;
    }
    let given = source_values(matches);
    if let Some(Json::List(sources)) = config.key_mut("sources") {
        for (source, text) in sources.iter_mut().zip(&given) {
            if is_name(text) {
                let what = format!("source {text:?}");
                origin(source, &what, questions)?;
            }
        }
    }
    Ok(())
}

fn origin(source: &mut Json, what: &str, questions: &Questions) -> Result<()> {
    let ask = |question: String, help: &str| -> Result<String> {
        Ok(questions.text(&question, "", help)?.trim().to_owned())
    };
    if questions.confirm(
        &format!("Configure a custom durable consumer for {what}"),
        false,
    )? {
        let mut consumer = Json::object();
        let name = ask(
            "Consumer Name".to_owned(),
            "A durable push consumer that exists",
        )?;
        consumer.set("name", name.as_str());
        let deliver = ask(
            "Delivery Subject".to_owned(),
            "The subject that the consumer delivers to",
        )?;
        consumer.set("deliver_subject", deliver.as_str());
        source.set("consumer", consumer);
    } else {
        start_and_filter(source, what, questions)?;
    }
    if questions.confirm(
        &format!("Import {what} from a different JetStream domain"),
        false,
    )? {
        let domain = ask("Foreign JetStream domain name".to_owned(), "")?;
        let deliver = ask("Foreign JetStream domain delivery prefix".to_owned(), "")?;
        source.set(
            "external",
            Json::object()
                .with("api", format!("$JS.{domain}.API"))
                .with("deliver", deliver.as_str()),
        );
    } else if questions.confirm(&format!("Import {what} from a different account"), false)? {
        let api = ask("Foreign account API prefix".to_owned(), "")?;
        let deliver = ask("Foreign account delivery prefix".to_owned(), "")?;
        source.set(
            "external",
            Json::object()
                .with("api", api.as_str())
                .with("deliver", deliver.as_str()),
        );
    }
    Ok(())
}

fn start_and_filter(source: &mut Json, what: &str, questions: &Questions) -> Result<()> {
    if questions.confirm(&format!("Adjust {what} start"), false)? {
        let seq = questions.value(
            "Start Sequence",
            "0",
            "0 stands for the first message, or a start time",
            crate::format::parse_uint,
        )?;
        if seq > 0 {
            source.set("opt_start_seq", seq);
        } else {
            let time = questions.value(
                "Start Time (YYYY-MM-DD HH:MM:SS)",
                "",
                "In UTC; empty for the first message",
                |text| {
                    if text.is_empty() {
                        return Ok(None);
                    }
                    parse_time(text).map(Some)
                },
            )?;
            if let Some(time) = time {
                source.set("opt_start_time", time.as_str());
            }
        }
    }
    if !questions.confirm(&format!("Adjust {what} filter and transform"), false)? {
        return Ok(());
    }
    let mut transforms = Vec::new();
    loop {
        let question = if transforms.is_empty() {
            "Filter by subject (empty for all)"
        } else {
            "Another filter (empty to end)"
        };
        let filter = questions.text(question, "", "Only messages on these subjects")?;
        if filter.trim().is_empty() && !transforms.is_empty() {
            break;
        }
        let destination = questions.text(
            "Subject transform destination (empty for none)",
            "",
            "Subject that the messages are stored under",
        )?;
        let (filter, destination) = (filter.trim().to_owned(), destination.trim().to_owned());
        if filter.is_empty() && destination.is_empty() {
            break;
        }
        let filter = if filter.is_empty() { ">" } else { &filter };
        transforms.push(
            Json::object()
                .with("src", filter)
                .with("dest", destination.as_str()),
        );
    }
    match transforms.as_slice() {
        [] => {}
        [only] if only.text("dest").is_empty() => {
            let filter = only.text("src").to_owned();
            source.set("filter_subject", filter.as_str());
        }
        _ => {
            source.set("subject_transforms", Json::List(transforms));
        }
    }
    Ok(())
}
