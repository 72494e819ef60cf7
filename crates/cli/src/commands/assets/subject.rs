//! Subjects that lie within others.

/// Whether every subject that `subject` matches is matched by `pattern`, too.
pub fn is_subset(subject: &str, pattern: &str) -> bool {
    let mut tokens = subject.split('.');
    let mut wanted = pattern.split('.');
    loop {
        match (tokens.next(), wanted.next()) {
            (None, None) => return true,
            (Some(_), Some(">")) => return true,
            (Some(token), Some(want)) => match (token, want) {
                (">", _) | ("*", _) if want != "*" || token == ">" => return false,
                (_, "*") => {}
                (token, want) if token == want => {}
                _ => return false,
            },
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_lie_within_wider_ones_only() {
        for (subject, pattern) in [
            ("a.b", "a.b"),
            ("a.b", "a.*"),
            ("a.*", "a.*"),
            ("a.*", "a.>"),
            ("a.>", "a.>"),
            ("a.b.c", ">"),
            (">", ">"),
        ] {
            assert!(is_subset(subject, pattern), "{subject} {pattern}");
        }
        for (subject, pattern) in [
            ("a.*", "a.b"),
            ("a.>", "a.*"),
            ("a.b.c", "a.*"),
            ("a", "a.>"),
            (">", "*"),
            ("a.b", "a"),
        ] {
            assert!(!is_subset(subject, pattern), "{subject} {pattern}");
        }
    }
}
