//! Questions about where a mirror or a source has its messages from.

use crate::bail;
use crate::commands::assets::Questions;
use crate::failure::Result;
use crate::format::parse_uint;
use crate::output::Json;

/// What the questions about an origin say.
struct Words {
    /// What is configured: `mirror` or `source "A"`.
    adjusted: String,
    /// What is imported: `mirror` or `"A"`.
    imported: String,
    /// What is filtered.
    filtered: &'static str,
    durable: String,
    start_sequence: String,
    start_time: String,
    domain: String,
    domain_delivery: String,
    account: String,
    account_delivery: String,
    /// Whether a start time is asked for beside a start sequence, too.
    always_time: bool,
}

/// Asks about the origin of a mirror.
pub fn ask_mirror(mirror: &mut Json, questions: &Questions) -> Result<()> {
    let words = Words {
        adjusted: "mirror".to_owned(),
        imported: "mirror".to_owned(),
        filtered: "mirror",
        durable: "Configure a custom durable consumer".to_owned(),
        start_sequence: "Mirror Start Sequence".to_owned(),
        start_time: "Mirror Start Time (YYYY:MM:DD HH:MM:SS)".to_owned(),
        domain: "Foreign JetStream domain name".to_owned(),
        domain_delivery: "Delivery prefix".to_owned(),
        account: "Foreign account API prefix".to_owned(),
        account_delivery: "Foreign account delivery prefix".to_owned(),
        always_time: false,
    };
    ask(mirror, &words, questions)
}

/// Asks about a source.
pub fn ask_source(source: &mut Json, questions: &Questions) -> Result<()> {
    let name = source.text("name").to_owned();
    let words = Words {
        adjusted: format!("source {name:?}"),
        imported: format!("{name:?}"),
        filtered: "source",
        durable: format!("Configure a custom durable consumer for {name:?}"),
        start_sequence: format!("{name} Source Start Sequence"),
        start_time: format!("{name} Source UTC Time Stamp (YYYY:MM:DD HH:MM:SS)"),
        domain: format!("{name} Source foreign JetStream domain name"),
        domain_delivery: format!("{name} Source foreign JetStream domain delivery prefix"),
        account: format!("{name} Source foreign account API prefix"),
        account_delivery: format!("{name} Source foreign account delivery prefix"),
        always_time: true,
    };
    ask(source, &words, questions)
}

fn ask(source: &mut Json, words: &Words, questions: &Questions) -> Result<()> {
    let has_consumer = questions.confirm(&words.durable, false)?;
    if has_consumer {
        let name = questions.needed(
            "Durable consumer name",
            "A durable push consumer that exists",
        )?;
        let subject = questions.needed(
            "Delivery subject",
            "The subject that the consumer delivers to",
        )?;
        source.set(
            "consumer",
            Json::object()
                .with("name", name)
                .with("deliver_subject", subject),
        );
    } else if questions.confirm(&format!("Adjust {} start", words.adjusted), false)? {
        start(source, words, questions)?;
    }
    let question = format!("Adjust {} filter and transform", words.adjusted);
    if questions.confirm(&question, false)? {
        transforms(source, words, questions)?;
    }
    import(source, words, questions, has_consumer)
}

fn start(source: &mut Json, words: &Words, questions: &Questions) -> Result<()> {
    let seq = questions.amount(
        &words.start_sequence,
        "0",
        "0 stands for the first message, or a start time",
        parse_uint,
    )?;
    source.set("opt_start_seq", seq);
    if seq == 0 || words.always_time {
        let time = questions.value(
            &words.start_time,
            "",
            "In UTC; empty for the first message",
            stamp,
        )?;
        if let Some(time) = time {
            source.set("opt_start_time", time);
        }
    }
    Ok(())
}

/// `YYYY:MM:DD HH:MM:SS`, in UTC, as RFC 3339; nothing if it is empty.
fn stamp(text: &str) -> Result<Option<String>> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = jiff::civil::DateTime::strptime("%Y:%m:%d %H:%M:%S", text)
        .and_then(|time| time.to_zoned_datetime(jiff::tz::TimeZone::UTC));
    match read {
        Ok(time) => Ok(Some(crate::format::rfc3339(time.timestamp()))),
        Err(_) => bail!("invalid time format: {text:?}"),
    }
}

fn transforms(source: &mut Json, words: &Words, questions: &Questions) -> Result<()> {
    let question = format!("Filter {} by subject (hit enter to finish)", words.filtered);
    let mut transforms = Vec::new();
    loop {
        let filter = questions.text(&question, "", "Only messages on these subjects")?;
        if filter.trim().is_empty() {
            break;
        }
        let destination = questions.text(
            "Subject transform destination",
            "",
            "Subject that the messages are stored under; empty for the one they have",
        )?;
        transforms.push(
            Json::object()
                .with("src", filter.trim())
                .with("dest", destination.trim()),
        );
    }
    source.set("subject_transforms", Json::List(transforms));
    Ok(())
}

/// Another domain, or another account. A consumer says itself where it
/// delivers to.
fn import(
    source: &mut Json,
    words: &Words,
    questions: &Questions,
    has_consumer: bool,
) -> Result<()> {
    let question = format!(
        "Import {} from a different JetStream domain",
        words.imported
    );
    if questions.confirm(&question, false)? {
        let domain = questions.needed(&words.domain, "The domain where the stream is")?;
        let deliver = if has_consumer {
            String::new()
        } else {
            questions.text(&words.domain_delivery, "", "May be empty")?
        };
        let api = format!("$JS.{domain}.API");
        source.set(
            "external",
            Json::object().with("api", api).with("deliver", deliver),
        );
        return Ok(());
    }
    let question = format!("Import {} from a different account", words.imported);
    if questions.confirm(&question, false)? {
        let api = questions.needed(
            &words.account,
            "Where the API of the other account is imported",
        )?;
        let deliver = if has_consumer {
            String::new()
        } else {
            questions.needed(
                &words.account_delivery,
                "Where the subjects are imported that it delivers to",
            )?
        };
        source.set(
            "external",
            Json::object().with("api", api).with("deliver", deliver),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_utc() {
        assert_eq!(
            stamp("2026:11:23 08:07:24").unwrap().as_deref(),
            Some("2026-11-23T08:07:24Z")
        );
        assert_eq!(stamp("").unwrap(), None);
        assert!(stamp("2026-11-23").is_err());
    }
}
