#![no_main]
//! What comes with messages: acknowledgements, headers of publishes, durations
//! and times (jetstream-consumers.md 9, jetstream-streams.md 3).
//!
//! Input: a byte that chooses, then the text.

use libfuzzer_sys::fuzz_target;
use midge_jetstream::consumer::{AckReference, NakDelay, Verdict};
use midge_jetstream::header::{self, PublishHeaders, Ttl};
use midge_jetstream::text::duration::duration_text;
use midge_jetstream::text::{Timestamp, parse_duration, push_time};
use midge_jetstream::units::{Nanos, Seq};
use midge_store::ttl;

fn is_part(whole: &[u8], part: &[u8]) -> bool {
    let (whole, part) = (whole.as_ptr_range(), part.as_ptr_range());
    whole.start <= part.start && part.end <= whole.end
}

fn check_ack_subject(subject: &[u8]) {
    let Some(found) = AckReference::parse(subject) else {
        return;
    };
    let AckReference {
        deliveries,
        stream_seq,
        consumer_seq,
    } = found;
    let Seq(seq) = stream_seq;
    for start in ["$JS.ACK.S.C", "$JS.ACK._.hash.S.C"] {
        let again = format!("{start}.{deliveries}.{seq}.{consumer_seq}.1.0");
        assert_eq!(AckReference::parse(again.as_bytes()), Some(found));
    }
}

fn check_ack(payload: &[u8]) {
    match Verdict::parse(payload) {
        Verdict::Again(rest) | Verdict::Terminate(rest) | Verdict::DoneAndNext(rest) => {
            assert!(is_part(payload, rest) && rest.trim_ascii() == rest);
            NakDelay::parse(rest);
        }
        Verdict::Done | Verdict::Progress => assert!(payload.len() <= 4),
        Verdict::Unknown => assert!(!payload.is_empty()),
    }
    if let NakDelay::After(delay) = NakDelay::parse(payload) {
        assert_ne!(delay, 0);
        let text = format!("{{\"delay\": {delay}}}");
        assert_eq!(NakDelay::parse(text.as_bytes()), NakDelay::After(delay));
    }
}

fn check_block(block: &[u8]) {
    let found = PublishHeaders::scan(block);
    for value in [
        found.msg_id,
        found.expected_stream,
        found.expected_last,
        found.expected_subject,
        found.rollup,
        found.ttl,
        found.schedule,
        found.source,
    ] {
        assert!(value.is_none_or(|value| !value.is_empty() && is_part(block, value)));
    }
    header::level_is_supported(block);
    let mut out = Vec::new();
    header::rewrite(block, &mut out);
    assert!(out.len() <= 2 * block.len() + 32);
    assert!(out.is_empty() || (out.starts_with(b"NATS/1.0\r\n") && out.ends_with(b"\r\n\r\n")));
    // What was stored is not rewritten again, and says the same.
    let mut twice = Vec::new();
    header::rewrite(&out, &mut twice);
    assert_eq!(twice, out);
    if !out.is_empty() {
        let mut opened = Vec::new();
        header::open(&out, &mut opened);
        assert_eq!(opened, out[..out.len() - 2]);
    }
    let mut replaced = Vec::new();
    header::replace(&out, b"Nats-TTL", b"5", &mut replaced);
    assert_eq!(PublishHeaders::scan(&replaced).ttl, Some(&b"5"[..]));
    assert_eq!(
        PublishHeaders::scan(&replaced).msg_id,
        PublishHeaders::scan(&out).msg_id
    );
    assert_eq!(ttl::ttl_of_header(&replaced), Some(ttl::Ttl::Seconds(5)));
}

fn check_ttl(value: &[u8]) {
    // What a publish is accepted with is what recovery finds.
    match Ttl::parse(value) {
        Some(Ttl::Never) => assert_eq!(ttl::parse_ttl(value), Some(ttl::Ttl::Never)),
        Some(Ttl::Seconds(seconds)) => {
            if let Ok(seconds) = i64::try_from(seconds) {
                assert_eq!(ttl::parse_ttl(value), Some(ttl::Ttl::Seconds(seconds)));
            }
            assert!(
                Ttl::Seconds(seconds)
                    .expires(Nanos(5))
                    .is_some_and(|at| at.0 > 5)
            );
        }
        None => {}
    }
}

fn check_text(text: &str) {
    if let Some(duration) = parse_duration(text) {
        let written = duration_text(duration);
        assert!(written.len() <= 40);
        if duration != i64::MIN {
            assert_eq!(parse_duration(&written), Some(duration), "{written}");
        }
    }
    if let Ok(Some(time)) = Timestamp::parse(text) {
        let mut out = Vec::new();
        time.push(&mut out);
        let written = String::from_utf8(out).expect("text");
        let again = Timestamp::parse(&written).expect("what was written");
        assert_eq!(again, Some(time), "{written}");
        let mut out = Vec::new();
        push_time(&mut out, time.at);
        let utc = Timestamp::parse(std::str::from_utf8(&out).expect("text"));
        assert_eq!(
            utc.expect("what was written"),
            Some(Timestamp::from(time.at))
        );
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, bytes)) = data.split_first() else {
        return;
    };
    match choice {
        b'a' => check_ack_subject(bytes),
        b'p' => check_ack(bytes),
        b'h' => check_block(bytes),
        b't' => check_ttl(bytes),
        b'd' => {
            if let Some(value) = header::decimal(bytes) {
                assert_eq!(header::decimal(value.to_string().as_bytes()), Some(value));
            }
            if let Ok(text) = std::str::from_utf8(bytes) {
                check_text(text);
            }
            if let Ok(eight) = bytes.try_into().map(i64::from_le_bytes)
                && eight != i64::MIN
            {
                assert_eq!(parse_duration(&duration_text(eight)), Some(eight));
                let mut out = Vec::new();
                push_time(&mut out, Nanos(eight));
                check_text(std::str::from_utf8(&out).expect("text"));
            }
        }
        _ => {}
    }
});
