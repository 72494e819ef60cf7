//! Errors of the API: what a client sees in `error` of a reply
//! (jetstream-api.md 1).

pub mod catalogue;

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

/// An error of the API. Clients act on `err_code` and show the description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiError {
    /// Kind of error, as HTTP has it.
    pub code: u16,
    /// Number of the error in the catalogue.
    pub err_code: u16,
    /// Text for people.
    pub description: Cow<'static, str>,
}

impl ApiError {
    /// An error with a fixed text.
    pub const fn new(code: u16, err_code: u16, description: &'static str) -> Self {
        Self {
            code,
            err_code,
            description: Cow::Borrowed(description),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.description, self.err_code)
    }
}

impl std::error::Error for ApiError {}

/// An error whose text has a place to fill, written as `{name}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorTemplate {
    code: u16,
    err_code: u16,
    text: &'static str,
}

impl ErrorTemplate {
    pub(crate) const fn new(code: u16, err_code: u16, text: &'static str) -> Self {
        Self {
            code,
            err_code,
            text,
        }
    }

    /// The error with every place filled by `value`.
    pub fn with(&self, value: impl fmt::Display) -> ApiError {
        self.with_all(&[&value])
    }

    /// The error with its places filled in order; the last value fills what
    /// is left.
    pub fn with_all(&self, values: &[&dyn fmt::Display]) -> ApiError {
        let mut description = String::new();
        let mut rest = self.text;
        let mut values = values.iter();
        let mut value = values.next();
        while let Some((before, after)) = rest.split_once('{') {
            description.push_str(before);
            if let Some(value) = value {
                description.push_str(&value.to_string());
            }
            value = values.next().or(value);
            rest = after.split_once('}').map_or("", |(_, after)| after);
        }
        description.push_str(rest);
        ApiError {
            code: self.code,
            err_code: self.err_code,
            description: Cow::Owned(description),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_in_order() {
        assert_eq!(
            catalogue::SEQUENCE_NOT_FOUND.with(7).description,
            "sequence 7 not found"
        );
        assert_eq!(
            catalogue::STREAM_EXTERNAL_API_OVERLAP
                .with_all(&[&"a", &"b"])
                .description,
            "stream external api prefix a must not overlap with b"
        );
        assert_eq!(
            catalogue::STREAM_CREATE.with("{x} y").description,
            "{x} y",
            "what is filled in is not filled again"
        );
    }
}
