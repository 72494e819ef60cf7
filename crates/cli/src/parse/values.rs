//! Checks of single values.

use std::path::Path;

use crate::bail;
use crate::failure::Result;
use crate::format::{parse_duration, parse_int, parse_int64, parse_uint};
use crate::model::Kind;

/// Whether `value` is of a flag's or argument's kind.
pub fn check_value(kind: Kind, value: &str) -> Result<()> {
    match kind {
        Kind::Switch | Kind::Negatable => {
            if value != "true" && value != "false" {
                bail!("strconv.ParseBool: parsing \"{value}\": invalid syntax");
            }
        }
        Kind::Text | Kind::Url => {}
        Kind::Int => {
            parse_int(value)?;
        }
        Kind::Int64 => {
            parse_int64(value)?;
        }
        Kind::Uint => {
            parse_uint(value)?;
        }
        Kind::Duration => {
            parse_duration(value)?;
        }
        Kind::File => check_file(value)?,
        Kind::Regex => {
            crate::format::pattern(value)?;
        }
        Kind::Map => {
            if !value.contains(['=', ':']) {
                bail!("expected KEY=VALUE got '{value}'");
            }
        }
        Kind::Choice(words) => {
            if !words.contains(&value) {
                bail!(
                    "enum value must be one of {}, got '{value}'",
                    words.join(",")
                );
            }
        }
    }
    Ok(())
}

/// Fails unless the value is the path of a file.
pub fn check_file(value: &str) -> Result<()> {
    let path = Path::new(value);
    if !path.exists() {
        bail!("path '{value}' does not exist");
    }
    if path.is_dir() {
        let name = path
            .file_name()
            .map_or(value.into(), |name| name.to_string_lossy());
        bail!("'{name}' is a directory");
    }
    Ok(())
}
