//! Values of events in words.

use crate::format::{go_duration, human_size};
use crate::output::Json;

/// The time of day of a time stamp, as it was written.
pub fn clock(stamp: &str) -> String {
    stamp.get(11..19).unwrap_or("00:00:00").to_owned()
}

/// The time of day with milliseconds.
pub fn clock_millis(stamp: &str) -> String {
    let fraction = stamp.get(19..).and_then(|rest| rest.strip_prefix('.'));
    let digits: String = fraction
        .unwrap_or_default()
        .chars()
        .take_while(char::is_ascii_digit)
        .chain("000".chars())
        .take(3)
        .collect();
    format!("{}.{digits}", clock(stamp))
}

/// A span of time in nanoseconds.
pub fn duration(json: &Json, key: &str) -> String {
    go_duration(json.int(key))
}

/// A number of bytes.
pub fn bytes(json: &Json, key: &str) -> String {
    human_size(json.uint(key))
}

/// With a capital letter.
pub fn title_case(word: &str) -> String {
    let mut letters = word.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// An event in the form of CloudEvents 1.0.
pub fn cloud_event(event: &Json) -> Json {
    let kind = event.text("type");
    let mut parts = kind.split('.').skip(2);
    let (source, subject) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let path = kind.strip_prefix("io.nats.").unwrap_or(kind);
    Json::object()
        .with("type", kind)
        .with("time", event.text("timestamp"))
        .with("id", event.text("id"))
        .with("source", format!("urn:nats:{source}"))
        .with(
            "dataschema",
            format!(
                "https://raw.githubusercontent.com/nats-io/jsm.go/master/schemas/{}.json",
                path.replace('.', "/")
            ),
        )
        .with("specversion", "1.0")
        .with("subject", subject)
        .with("data", event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_they_were_written() {
        assert_eq!(clock("2026-11-23T08:09:23.5+01:00"), "08:09:23");
        assert_eq!(clock_millis("2026-11-23T08:09:23.5Z"), "08:09:23.500");
        assert_eq!(clock_millis("2026-11-23T08:09:23Z"), "08:09:23.000");
        assert_eq!(clock(""), "00:00:00");
    }
}
