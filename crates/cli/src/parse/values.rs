//! Checks of single values.

use std::path::Path;

use crate::bail;
use crate::failure::Result;
use crate::format::{parse_duration, parse_int, parse_int64, parse_uint};
use crate::model::{Flag, Kind};

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
        Kind::Int64 | Kind::Within(..) => {
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

/// Whether `value` is one that a flag may have.
pub fn check_flag(flag: &Flag, value: &str) -> Result<()> {
    let Kind::Within(least, most) = flag.kind else {
        return check_value(flag.kind, value);
    };
    let name = flag.name;
    let number = parse_int64(value).map_err(|failure| failure.context(name))?;
    if number < least {
        bail!("{name}: must be greater than or equal to {least}");
    }
    if number > most {
        bail!("{name}: must be less than or equal to {most}");
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
