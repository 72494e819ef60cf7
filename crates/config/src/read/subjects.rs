//! Subject rules the options need.

/// Tokens between dots, none empty, no white space; `>` only as the last.
pub(crate) fn is_valid(subject: &str) -> bool {
    midge_subject::is_valid_subject(subject.as_bytes())
}

/// The same without wildcards.
pub(crate) fn is_valid_literal(subject: &str) -> bool {
    midge_subject::is_valid_literal(subject.as_bytes())
}
