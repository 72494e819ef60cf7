//! Configurations that are checked before they are sent.

use crate::output::Json;
use crate::schemas;

/// Whether values are checked before they are sent: `NOVALIDATE` says not to.
pub fn is_checked() -> bool {
    std::env::var_os("NOVALIDATE").is_none_or(|value| value.is_empty())
}

/// What is wrong with a value that is to fit the schema of a name; nothing if
/// it fits, or if `NOVALIDATE` says not to look.
pub fn schema_problems(name: &str, value: &Json) -> Vec<String> {
    if !is_checked() {
        return Vec::new();
    }
    match schemas::find(name) {
        Some(schema) => schemas::validate(&schema, value),
        None => Vec::new(),
    }
}
