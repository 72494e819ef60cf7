//! JSON in and out, as the peer's encoder and decoder have it
//! (jetstream-api.md 1 and 3).

mod read;
mod syntax;
mod write;

pub use read::{JsonError, Place, ReadJson, Strictness, field_name, parse, unknown_field};
pub(crate) use read::{read_optional, read_optional_object};
pub use write::{push_json, push_string, to_json};

/// Reads the fields of an object into places, as [`ReadJson`] does it.
///
/// `null` changes nothing. A field that is not listed is an error if the
/// reading is strict.
macro_rules! read_fields {
    ($value:expr, $at:expr, $type:literal, { $($key:literal => $field:expr),* $(,)? }) => {{
        if let Some(fields) = $crate::json::Place::object($at, $value, $type)? {
            for (key, value) in fields {
                let at = $at.field(key);
                match &*$crate::json::field_name(key) {
                    $($key => $crate::json::ReadJson::read(&mut $field, value, &at)?,)*
                    _ => $crate::json::unknown_field(&at)?,
                }
            }
        }
        Ok(())
    }};
}
pub(crate) use read_fields;
