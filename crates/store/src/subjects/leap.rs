//! Where the next subject may be that matches a pattern, in the order of their
//! bytes.

use midge_subject::rules::SEPARATOR;
use midge_subject::tokens;

/// A subject that is above `text`, which does not match `pattern`, and not
/// above the first one after `text` that does. `None` if nothing useful can be
/// said.
pub(super) fn next_candidate(text: &[u8], pattern: &[u8]) -> Option<Vec<u8>> {
    let mut start = 0;
    let mut wanted = tokens(pattern);
    for token in tokens(text) {
        let want = wanted.next()?;
        if want == b">" {
            return None;
        }
        if want != b"*" && want != token {
            let prefix = text.get(..start)?;
            return Some(at_or_behind(
                text,
                prefix,
                want,
                wanted.remaining().is_some(),
            ));
        }
        start += token.len() + 1;
    }
    None
}

/// The next place after `text` for subjects that begin with `prefix` and go on
/// with the token `want`; if there is none, for those behind all that begin
/// with `prefix`.
fn at_or_behind(text: &[u8], prefix: &[u8], want: &[u8], more: bool) -> Vec<u8> {
    let mut next = [prefix, want].concat();
    if more {
        next.push(SEPARATOR);
    }
    if next.as_slice() <= text {
        next.truncate(prefix.len());
        // A prefix ends with the separator; what is behind all that begin with
        // it begins with the byte after that.
        if let Some(last) = next.last_mut() {
            *last = SEPARATOR + 1;
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use midge_subject::matches;

    #[test]
    fn a_leap_passes_over_nothing_that_matches() {
        let words = ["a", "a-", "a!x", "b", "ab", "7", "~", "aa"];
        let mut subjects: Vec<String> = Vec::new();
        for x in words {
            for y in words {
                subjects.push(format!("{x}.{y}"));
                subjects.extend(words.map(|z| format!("{x}.{y}.{z}")));
            }
        }
        subjects.sort();
        for pattern in [
            "*.a", "*.b.*", "*.*.ab", "a.*.7", "*.a!x.>", "b.*.a", "*.~.aa",
        ] {
            let good = |text: &str| matches(text.as_bytes(), pattern.as_bytes());
            for (at, text) in subjects.iter().enumerate().filter(|(_, text)| !good(text)) {
                let Some(next) = next_candidate(text.as_bytes(), pattern.as_bytes()) else {
                    continue;
                };
                if let Some(match_) = subjects[at..].iter().find(|text| good(text)) {
                    assert!(
                        next.as_slice() <= match_.as_bytes(),
                        "{pattern} {text} {match_}"
                    );
                }
            }
        }
    }
}
