//! Which streams `STREAM.NAMES` and `STREAM.LIST` mean by a subject.

/// Whether a stream's subject has something in common with what was asked for,
/// which need not be a valid subject: an empty token is none that `*` stands
/// for, and `>` may be anywhere.
pub(crate) fn captures_some_of(captured: &str, asked: &str) -> bool {
    let has = |subject: &str, wildcard: &str| subject.split('.').any(|token| token == wildcard);
    let is_literal = |subject: &str| !has(subject, "*") && !has(subject, ">");
    match (is_literal(captured), is_literal(asked)) {
        (true, true) => return captured == asked,
        (true, false) => return is_captured(captured, asked),
        (false, true) => return is_captured(asked, captured),
        (false, false) => {}
    }
    let mut tokens = captured.split('.').zip(asked.split('.'));
    let may_be_same = |(left, right): (&str, &str)| {
        let is_wildcard = |token: &str| token == "*" || token == ">";
        !left.is_empty()
            && (left == right || is_wildcard(left) || is_wildcard(right))
            && !right.is_empty()
    };
    let (ours, theirs) = (captured.split('.').count(), asked.split('.').count());
    let fits = ours == theirs || has(if ours < theirs { captured } else { asked }, ">");
    fits && tokens.all(may_be_same)
}

/// Whether `literal` is one of the subjects of `pattern`.
fn is_captured(literal: &str, pattern: &str) -> bool {
    let (mut tokens, mut pattern) = (literal.split('.'), pattern.split('.'));
    loop {
        match (tokens.next(), pattern.next()) {
            (None, None) | (Some(_), Some(">")) => return true,
            (Some(token), Some("*")) if !token.is_empty() => {}
            (Some(token), Some(wanted)) if token == wanted => {}
            (Some(_), _) | (None, Some(_)) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_need_not_be_a_subject() {
        for (captured, asked) in [
            ("a", "a"),
            ("s.>", "s.x"),
            ("s.>", "s."),
            ("s.>", "s..x"),
            ("u.*.>", "u.x."),
            ("v.w.x", "v.>.y"),
            ("v.w.x", "v.*.x"),
            ("a.*", "*.b"),
            ("a.>", "*.b.c"),
            ("a.>", "*.>.x"),
        ] {
            assert!(captures_some_of(captured, asked), "{captured} {asked}");
        }
        for (captured, asked) in [
            ("a", "b"),
            ("s.>", "s"),
            ("s.>", "s..>"),
            ("t.*", "t."),
            ("t.*", "t.x."),
            ("t.*", "*.>.x"),
            ("u.*.>", "u..x"),
            ("a.*", "b.*"),
            ("a.*", "*.*.c"),
        ] {
            assert!(!captures_some_of(captured, asked), "{captured} {asked}");
        }
    }
}
