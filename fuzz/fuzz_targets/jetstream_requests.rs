#![no_main]
//! Requests of the JetStream API: subjects, and bodies with their rules
//! (jetstream-api.md 3 and 6, jetstream-streams.md 1, jetstream-consumers.md 3).
//!
//! Input: a line with the subject behind `$JS.API.`, and the body. What
//! follows a line `>>>` in the body is the header block.

use libfuzzer_sys::fuzz_target;
use midge_jetstream::api::{Body, Endpoint, read_create_request};
use midge_jetstream::config::consumer::ConsumerRequest;
use midge_jetstream::config::consumer_rules::{self, Surroundings};
use midge_jetstream::config::stream::StreamRequest;
use midge_jetstream::config::{StreamConfig, stream_rules, stream_update};
use midge_jetstream::consumer::waiting::PullRequest;
use midge_jetstream::json::{Strictness, to_json};
use midge_jetstream::limits::{AccountLimits, ServerLimits};
use midge_jetstream::stream::check_before_stream;

const HEADER: &[u8] = b"\n>>>\n";

/// Bytes of a configuration that are not in its request: defaults.
const CONFIG_BYTES: usize = 8192;

fn check_subject(subject: &[u8]) {
    let Some(endpoint) = Endpoint::parse(subject) else {
        return;
    };
    assert!(!endpoint.reply_type().is_empty());
    endpoint.scope();
    if let Endpoint::ConsumerCreate {
        stream,
        consumer,
        filter,
        durable: false,
    } = endpoint
    {
        let parts: Vec<&str> = [Some(stream), consumer, filter]
            .into_iter()
            .flatten()
            .collect();
        let again = format!("$JS.API.CONSUMER.CREATE.{}", parts.join("."));
        assert_eq!(again.as_bytes(), subject);
    }
}

fn check_stream(body: &[u8], server: &ServerLimits) {
    let Ok(request) = StreamRequest::parse(body, Strictness::Lenient) else {
        assert!(StreamRequest::parse(body, Strictness::Strict).is_err());
        return;
    };
    if let Ok(strict) = StreamRequest::parse(body, Strictness::Strict) {
        assert_eq!(strict, request);
    }
    // A configuration as it is shown is read again to the same.
    let json = to_json(&request.config);
    assert!(json.len() <= body.len() * 8 + CONFIG_BYTES);
    let again = StreamRequest::parse(&json, Strictness::Strict).expect("what was written");
    assert_eq!(again.config, request.config);

    let limits = AccountLimits {
        storage_max_stream_bytes: 1 << 20,
        max_bytes_required: true,
        ..AccountLimits::UNLIMITED
    };
    let account = body.len().is_multiple_of(2).then_some(&limits);
    let mut config = request.config;
    if stream_rules::normalise(&mut config, server, account, request.pedantic).is_err() {
        return;
    }
    // What was made regular stays as it is, and can be read again.
    let mut twice = config.clone();
    assert_eq!(
        stream_rules::normalise(&mut twice, server, account, true),
        Ok(())
    );
    assert_eq!(twice, config);
    let json = to_json(&config);
    let again = StreamRequest::parse(&json, Strictness::Strict).expect("what was written");
    assert_eq!(again.config, config);
    assert!(config.shown().same_as(&config));
    let _ = stream_rules::check_new(&config);
    let mut new = config.clone();
    if stream_update::check_update(&config, &mut new).is_ok() {
        assert!(new.same_as(&config));
    }
}

fn check_consumer(body: &[u8], server: &ServerLimits) {
    let Ok(request) = ConsumerRequest::parse(body, Strictness::Lenient) else {
        assert!(ConsumerRequest::parse(body, Strictness::Strict).is_err());
        return;
    };
    let wrapped = |config: &[u8]| [b"{\"config\":", config, b"}"].concat();
    let read = |json: &[u8]| {
        let request = ConsumerRequest::parse(&wrapped(json), Strictness::Strict);
        request.expect("what was written").config
    };
    let json = to_json(&request.config);
    assert!(json.len() <= body.len() * 8 + CONFIG_BYTES);
    assert_eq!(read(&json), request.config);

    let stream = StreamConfig {
        name: "S".to_owned(),
        subjects: vec!["a.>".to_owned()],
        ..StreamConfig::default()
    };
    let around = Surroundings {
        stream: &stream,
        server,
        account: &AccountLimits::UNLIMITED,
    };
    let mut config = request.config;
    if consumer_rules::normalise(&mut config, around, request.pedantic).is_err() {
        return;
    }
    let mut twice = config.clone();
    assert_eq!(consumer_rules::normalise(&mut twice, around, false), Ok(()));
    assert_eq!(twice, config);
    assert_eq!(read(&to_json(&config)), config);
    assert!(config.shown().same_as(&config));
}

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|&byte| byte == b'\n');
    let (name, rest) = data.split_at(end.unwrap_or(data.len()));
    let rest = rest.get(1..).unwrap_or_default();
    let cut = rest.windows(HEADER.len()).position(|part| part == HEADER);
    let (body, header) = match cut {
        Some(at) => (&rest[..at], &rest[at + HEADER.len()..]),
        None => (rest, &[][..]),
    };
    let subject = [b"$JS.API.", name].concat();
    check_subject(&subject);
    check_subject(name);
    let server = ServerLimits::default();
    match name {
        b"s" => check_stream(body, &server),
        b"c" => check_consumer(body, &server),
        b"p" => {
            if let Ok(request) = PullRequest::parse(body) {
                // A byte that is no Unicode becomes U+FFFD, of three bytes.
                assert!(request.group.len() + request.id.len() <= body.len() * 3);
            }
        }
        _ => {}
    }
    let Some(endpoint) = Endpoint::parse(&subject) else {
        return;
    };
    match endpoint {
        Endpoint::StreamCreate(_) | Endpoint::StreamUpdate(_) => check_stream(body, &server),
        Endpoint::ConsumerCreate { .. } => check_consumer(body, &server),
        _ => {}
    }
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        let bytes = body;
        let checked = check_before_stream(&endpoint, header, Body { bytes, strictness });
        if let Err(error) = &checked {
            // Errors show parts of the request, and escape them.
            assert!(error.description.len() <= data.len() * 12 + 512);
            let _ = to_json(error);
        }
        if matches!(endpoint, Endpoint::ConsumerCreate { .. }) {
            let read = read_create_request(&endpoint, header, body, strictness);
            assert_eq!(read.map(|_| ()), checked);
        }
    }
});
