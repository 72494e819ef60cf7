#![no_main]
//! Transforms of any source and destination, and account mappings made of
//! them (client-protocol.md 14).
//!
//! Input: the subject on the first line, then a mapping a line: source,
//! destination, weight (one byte, `d` is 100) and cluster, with tabs between.

use libfuzzer_sys::fuzz_target;
use midge_subject::mapping::{Destination, Mappings, Outcome};
use midge_subject::rules::has_empty_token;
use midge_subject::{
    Transform, covers, has_wildcard, is_valid_literal, quote, token_count, tokens,
};

/// Mappings of one input.
const MAPPINGS: usize = 16;
const KEPT: &[u8] = b"kept";

/// Most bytes a transform may make: a function cuts one token at most between
/// all of its bytes, and a number has ten digits.
fn bound(transform: &Transform, subject: &[u8]) -> usize {
    let steps = token_count(transform.destination().as_bytes());
    transform.destination().len() + steps * (2 * subject.len() + 11)
}

fn apply(transform: &Transform, subject: &[u8]) -> Option<Vec<u8>> {
    let mut out = KEPT.to_vec();
    let covered = transform.apply(subject, &mut out, |below| {
        assert!(below > 0);
        below - 1
    });
    assert_eq!(covered, covers(transform.source().as_bytes(), subject));
    let made = out.strip_prefix(KEPT).expect("what was there before stays");
    assert!(covered || made.is_empty());
    assert!(
        made.len() <= bound(transform, subject),
        "{} bytes",
        made.len()
    );
    covered.then(|| made.to_vec())
}

/// Whether some token is, or may be taken for, something to be filled in.
fn has_place(text: &str) -> bool {
    text.contains(['$', '{'])
}

fn transform(source: &str, destination: &str, subject: &[u8]) {
    let strict = Transform::strict(source, destination);
    let transform = match Transform::new(source, destination) {
        Ok(transform) => transform,
        Err(error) => {
            assert!(strict.is_err());
            assert!(error.to_string().len() <= destination.len() + 256);
            return;
        }
    };
    let made = apply(&transform, subject);
    if let Ok(strict) = &strict {
        assert_eq!(apply(strict, subject), made);
    }
    if let Some(made) = &made
        && !destination.contains("{{")
    {
        assert!(!has_empty_token(made), "{}", quote(made));
    }
    let Some(back) = transform.reverse() else {
        return;
    };
    if let Some(made) = made
        && !has_place(source)
        && is_valid_literal(subject)
    {
        assert_eq!(
            apply(&back, &made).as_deref(),
            Some(subject),
            "{}",
            quote(&made)
        );
    }
}

/// Orders sources that cover the same subject: literal before `*` before `>`.
fn ranks(source: &str) -> Vec<u8> {
    let rank = |token: &[u8]| match token {
        b">" => 2,
        b"*" => 1,
        _ => 0,
    };
    tokens(source.as_bytes()).map(rank).collect()
}

/// What the most specific of plain mappings makes; the last of equal ones counts.
fn expected(plain: &[(String, String)], subject: &[u8]) -> Option<Vec<u8>> {
    let covering = plain
        .iter()
        .rev()
        .filter(|(source, _)| covers(source.as_bytes(), subject));
    let (source, destination) = covering.min_by_key(|(source, _)| ranks(source))?;
    let transform = Transform::new(source, destination).expect("accepted as a mapping");
    apply(&transform, subject)
}

fn mappings(lines: &[Vec<&str>], subject: &[u8]) {
    let mut specs: Vec<(String, Vec<Destination>)> = Vec::new();
    for fields in lines {
        let &[source, destination, ..] = fields.as_slice() else {
            continue;
        };
        let weight = fields
            .get(2)
            .and_then(|text| text.bytes().next())
            .unwrap_or(100);
        let destination = Destination {
            subject: destination.to_owned(),
            weight,
            cluster: fields.get(3).map(|&name| name.to_owned()),
        };
        match specs.iter_mut().find(|(have, _)| have == source) {
            Some((_, destinations)) => destinations.push(destination),
            None => specs.push((source.to_owned(), vec![destination])),
        }
    }
    for cluster in [None, Some("EAST")] {
        let Ok(mappings) = Mappings::new(specs.clone(), cluster) else {
            return;
        };
        for drawn in [0, 50, 99] {
            let mut out = KEPT.to_vec();
            let outcome = mappings.apply(subject, &mut out, |below| drawn.min(below - 1));
            assert!(out.starts_with(KEPT));
            assert!(outcome == Outcome::Mapped || out == KEPT);
        }
    }
    let plain: Vec<(String, String)> = lines
        .iter()
        .filter_map(|fields| Some(((*fields.first()?).to_owned(), (*fields.get(1)?).to_owned())))
        .collect();
    let all = plain.iter().map(|(source, subject)| {
        let all = Destination {
            subject: subject.clone(),
            weight: 100,
            cluster: None,
        };
        (source.clone(), vec![all])
    });
    let Ok(mappings) = Mappings::new(all, None) else {
        return;
    };
    if has_empty_token(subject) || has_wildcard(subject) {
        return;
    }
    let mut out = Vec::new();
    let outcome = mappings.apply(subject, &mut out, |below| below - 1);
    let made = (outcome == Outcome::Mapped).then_some(out);
    assert_eq!(made, expected(&plain, subject), "{outcome:?}");
}

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|&byte| byte == b'\n');
    let subject = lines.next().unwrap_or_default();
    let texts: Vec<String> = lines
        .take(MAPPINGS)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let lines: Vec<Vec<&str>> = texts
        .iter()
        .map(|line| line.split('\t').collect())
        .collect();
    for fields in &lines {
        if let &[source, destination, ..] = fields.as_slice() {
            transform(source, destination, subject);
        }
    }
    mappings(&lines, subject);
});
