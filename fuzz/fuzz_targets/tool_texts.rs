#![no_main]
//! Texts that the `nats` tool reads (cli.md 1 to 3).
//!
//! Input: a line that says what it is, and the text.

use libfuzzer_sys::fuzz_target;
use midge_cli::client::{Endpoint, Headers, Parsed, parse_operation};
use midge_cli::expression::{Expression, Value};
use midge_cli::format::{go_duration, parse_duration, parse_int64, parse_uint};
use midge_cli::output::Json;
use midge_cli::template::{MessageScope, expand};

/// What expressions choose from.
const DOCUMENT: &[u8] =
    br#"{"config":{"name":"S","subjects":["a.>","b"],"max_age":0,"metadata":{"k":"v"}},
"state":{"messages":5,"bytes":1.5,"subjects":null},"created":"2026-11-23T08:00:00Z"}"#;

fn expression(text: &str) {
    let Ok(parsed) = Expression::parse(text) else {
        return;
    };
    let document = Json::parse(DOCUMENT).expect("the document");
    let variables = Value::from(&document);
    let all = parsed.holds(&variables);
    let part = parsed.holds_in_part(&variables);
    // Names that are not there are all that they differ in.
    if let (Ok(all), Ok(part)) = (all, part) {
        assert_eq!(all, part, "{text}");
    }
}

fn template(text: &str) {
    // That may make what is as long as the largest message.
    if text.contains("Random") {
        return;
    }
    let _ = expand(text, &MessageScope::default());
}

fn operations(mut input: &[u8]) {
    while let Ok(parsed) = parse_operation(input) {
        match parsed {
            Parsed::Op(_, used) => {
                assert!(used > 0);
                input = &input[used..];
            }
            Parsed::Incomplete(missing) => {
                assert!(missing > 0);
                return;
            }
        }
    }
}

fn headers(block: &[u8]) {
    let read = Headers::decode(block);
    assert!(read.entries.len() <= block.len());
    let mut written = Vec::new();
    read.encode(&mut written);
    // Once written, it stays.
    let mut again = Vec::new();
    Headers::decode(&written).encode(&mut again);
    assert_eq!(
        Headers::decode(&again).entries,
        Headers::decode(&written).entries
    );
}

fn json(text: &[u8]) {
    if let Ok(value) = Json::parse(text) {
        let written = value.compact();
        let again = Json::parse(written.as_bytes()).expect("what was written");
        assert_eq!(again.compact(), written);
    }
}

fn words(text: &str) {
    if let Ok(endpoint) = Endpoint::parse(text) {
        let shown = endpoint.to_string();
        let again = Endpoint::parse(&shown).expect("what is shown");
        assert_eq!(again.to_string(), shown);
        // Without what logs in.
        assert!(!shown.contains('@'), "{shown}");
    }
    if let Ok(nanos) = parse_duration(text) {
        // Fractions are read as floats.
        let again = parse_duration(&go_duration(nanos)).expect("what is shown");
        let apart = again.abs_diff(nanos);
        assert!(apart <= nanos.unsigned_abs() / 1_000_000_000 + 1, "{text}");
    }
    if let (Ok(signed), Ok(unsigned)) = (parse_int64(text), parse_uint(text)) {
        assert_eq!(u64::try_from(signed), Ok(unsigned));
    }
}

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|&byte| byte == b'\n');
    let (kind, rest) = data.split_at(end.unwrap_or(data.len()));
    let bytes = rest.get(1..).unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    match kind {
        b"expression" => expression(&text),
        b"template" => template(&text),
        b"operations" => operations(bytes),
        b"headers" => headers(bytes),
        b"json" => json(bytes),
        _ => words(&text),
    }
});
