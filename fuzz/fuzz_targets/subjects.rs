#![no_main]
//! The rules of subjects and the three questions asked of patterns, against
//! their definitions (client-protocol.md 8).
//!
//! Input: up to four subjects, one a line.

use libfuzzer_sys::fuzz_target;
use midge_subject::list::ListEntry;
use midge_subject::rules::has_empty_token;
use midge_subject::{
    SubjectList, covers, has_wildcard, is_publishable, is_valid_literal, is_valid_subject,
    is_valid_subscription_subject, matches, overlaps, quote, token_count, tokens,
};

/// Subjects of one input: enough for every law below.
const SUBJECTS: usize = 4;

fn is_wildcard(token: &[u8]) -> bool {
    token == b"*" || token == b">"
}

/// Whether a message on `literal` reaches the valid `pattern`, token by token.
fn reaches(literal: &[u8], pattern: &[u8]) -> bool {
    let literal: Vec<&[u8]> = literal.split(|&byte| byte == b'.').collect();
    let pattern: Vec<&[u8]> = pattern.split(|&byte| byte == b'.').collect();
    let (same_length, fixed) = match pattern.split_last() {
        Some((&b">", fixed)) => (literal.len() > fixed.len(), fixed),
        _ => (literal.len() == pattern.len(), &pattern[..]),
    };
    same_length
        && literal.iter().all(|token| !token.is_empty())
        && fixed
            .iter()
            .zip(&literal)
            .all(|(want, have)| *want == b"*" || want == have)
}

/// A subject that two overlapping valid patterns both match.
fn common_subject(a: &[u8], b: &[u8]) -> Vec<u8> {
    let sides = [a, b].map(|pattern| tokens(pattern).collect::<Vec<_>>());
    // A `>` stands for as many tokens as the other side has, for one at least.
    let length = sides.iter().map(Vec::len).max().unwrap_or_default();
    let token = |at: usize| {
        let mut named = sides
            .iter()
            .filter_map(|side| side.get(at))
            .filter(|token| !is_wildcard(token));
        named.next().map_or(&b"x"[..], |token| token)
    };
    (0..length).map(token).collect::<Vec<_>>().join(&b'.')
}

fn rules(subject: &[u8]) {
    let parts: Vec<&[u8]> = tokens(subject).collect();
    assert_eq!(parts.join(&b'.'), subject);
    assert_eq!(parts.len(), token_count(subject));
    let empty = parts.iter().any(|token| token.is_empty());
    let wildcard = parts.iter().any(|token| is_wildcard(token));
    assert_eq!(has_empty_token(subject), empty);
    assert_eq!(has_wildcard(subject), wildcard);
    assert_eq!(is_publishable(subject), !empty && !wildcard);
    let early_rest = parts.iter().rev().skip(1).any(|token| token == b">");
    let subscription = !empty && !early_rest;
    assert_eq!(is_valid_subscription_subject(subject), subscription);
    let white = subject.iter().any(|byte| b" \t\n\x0c\r".contains(byte));
    assert_eq!(is_valid_subject(subject), subscription && !white);
    assert_eq!(
        is_valid_literal(subject),
        subscription && !white && !wildcard
    );

    let quoted = quote(subject);
    assert!(quoted.len() >= 2 && quoted.starts_with('"') && quoted.ends_with('"'));
    // The longest form of one byte is \x00.
    assert!(quoted.len() <= 2 + 4 * subject.len());
    assert!(!quoted.contains(|c: char| c.is_control()), "{quoted}");

    if let Some(entry) = ListEntry::parse(subject) {
        assert!(!entry.subject.as_bytes().is_empty());
        entry.names_queue(subject);
    }
}

/// Laws of one published subject and one valid pattern.
fn published(literal: &[u8], pattern: &[u8]) {
    let reached = matches(literal, pattern);
    assert_eq!(reached, reaches(literal, pattern));
    if !has_wildcard(literal) {
        assert_eq!(covers(pattern, literal), reached);
        // Both sides of this one are patterns, thus valid.
        assert!(has_empty_token(literal) || overlaps(pattern, literal) == reached);
    }
}

/// Laws of two valid patterns.
fn pair(p: &[u8], q: &[u8]) {
    assert_eq!(overlaps(p, q), overlaps(q, p));
    if covers(p, q) {
        assert!(overlaps(p, q) && matches(q, p));
        assert!(!covers(q, p) || p == q, "both cover each other");
    }
    if overlaps(p, q) {
        let subject = common_subject(p, q);
        assert!(
            matches(&subject, p) && matches(&subject, q),
            "{}",
            quote(&subject)
        );
    }
}

/// Laws of three valid patterns.
fn triple(p: &[u8], q: &[u8], r: &[u8]) {
    if covers(p, q) {
        assert!(!covers(q, r) || covers(p, r));
        assert!(!overlaps(q, r) || overlaps(p, r));
    }
}

fn list(patterns: &[&[u8]], subject: &[u8]) {
    let list = SubjectList::plain(patterns.iter().copied());
    assert_eq!(
        list.matches(subject),
        patterns.iter().any(|pattern| matches(subject, pattern))
    );
    assert_eq!(
        list.overlaps(subject),
        patterns.iter().any(|pattern| overlaps(pattern, subject))
    );
    let mut covering = 0;
    list.for_each_cover(subject, |_| covering += 1);
    assert_eq!(
        covering,
        patterns
            .iter()
            .filter(|pattern| covers(pattern, subject))
            .count()
    );
}

fuzz_target!(|data: &[u8]| {
    let subjects: Vec<&[u8]> = data.split(|&byte| byte == b'\n').take(SUBJECTS).collect();
    let mut patterns = subjects.clone();
    patterns.retain(|subject| is_valid_subscription_subject(subject));
    for &subject in &subjects {
        rules(subject);
        list(&patterns, subject);
        for &other in &subjects {
            // Of invalid patterns only an answer is asked.
            let _ = (
                matches(subject, other),
                covers(subject, other),
                overlaps(subject, other),
            );
        }
        for pattern in &patterns {
            published(subject, pattern);
        }
    }
    for p in &patterns {
        assert!(covers(p, p) && overlaps(p, p));
        for q in &patterns {
            pair(p, q);
            for r in &patterns {
                triple(p, q, r);
            }
        }
    }
});
