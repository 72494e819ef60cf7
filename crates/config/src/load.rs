//! From a file to options.

use std::path::Path;

use crate::error::ConfigError;
use crate::options::Options;
use crate::read;

/// Options and what was said while reading them.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// With all defaults.
    pub options: Options,
    /// One line each, with its place; the server prints them and starts.
    pub warnings: Vec<String>,
    /// `sha256:…` of the file; empty without one.
    pub digest: String,
}

/// Reads a file as `-t` does: the language, every option, the files that
/// options name. What only makes sense together is checked by
/// [`validate`](crate::validate).
///
/// # Errors
/// Everything that is wrong with it, in the words tools know.
pub fn load_file(path: &Path) -> Result<Loaded, ConfigError> {
    let mut options = Options::unset();
    let warnings = read::read_file(path, &mut options)?;
    options.apply_defaults();
    Ok(Loaded {
        digest: options.config_digest.clone(),
        warnings: warnings.iter().map(ToString::to_string).collect(),
        options,
    })
}
