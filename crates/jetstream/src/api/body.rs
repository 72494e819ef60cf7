//! Bodies of requests: when they are read, and how (jetstream-api.md 3).

use serde_json::Value;

use crate::error::ApiError;
use crate::error::catalogue as errors;
use crate::json::{ReadJson, Strictness, parse};

/// The body of a request, with how it is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Whether unknown fields are refused.
    pub strictness: Strictness,
}

impl Body<'_> {
    /// Reads a body that is an object or does not matter.
    ///
    /// # Errors
    /// If it begins like an object or array and is not what is asked for.
    pub fn optional<T: ReadJson + Default>(&self, name: &str) -> Result<T, ApiError> {
        match self.bytes.trim_ascii_start().first() {
            Some(b'{' | b'[') => self.always(name),
            Some(_) | None => Ok(T::default()),
        }
    }

    /// Reads a body that has to say something.
    ///
    /// # Errors
    /// If it is empty or not what is asked for.
    pub fn required<T: ReadJson + Default>(&self, name: &str) -> Result<T, ApiError> {
        if is_empty_object(self.bytes) {
            return Err(errors::BAD_REQUEST);
        }
        self.always(name)
    }

    /// Reads a body; nothing is an empty object.
    ///
    /// # Errors
    /// If it is not what is asked for.
    pub fn always<T: ReadJson + Default>(&self, name: &str) -> Result<T, ApiError> {
        let mut target = T::default();
        if !self.bytes.trim_ascii().is_empty() {
            parse(self.bytes, name, self.strictness, &mut target)
                .map_err(|error| errors::INVALID_JSON.with(error))?;
        }
        Ok(target)
    }

    /// Checks that a body says nothing.
    ///
    /// # Errors
    /// If it does.
    pub fn none(&self) -> Result<(), ApiError> {
        if is_empty_object(self.bytes) {
            Ok(())
        } else {
            Err(errors::NOT_EMPTY_REQUEST)
        }
    }
}

/// Whether a body is empty, or an empty JSON object.
pub fn is_empty_object(bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return true;
    }
    matches!(
        serde_json::from_slice::<Value>(bytes),
        Ok(Value::Object(fields)) if fields.is_empty()
    )
}
