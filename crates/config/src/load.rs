//! From a file and flags to options.

use std::path::Path;

use crate::error::ConfigError;
use crate::flags::{self, FlagSet, Scope};
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

impl Loaded {
    fn new(mut options: Options, warnings: &[crate::Problem]) -> Self {
        options.apply_defaults();
        Loaded {
            digest: options.config_digest.clone(),
            warnings: warnings.iter().map(ToString::to_string).collect(),
            options,
        }
    }
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
    Ok(Loaded::new(options, &warnings))
}

/// Options of a start: flags over the file over the defaults
/// (configuration.md 7.3). With [`FlagSet::test_config`] the flags are not
/// checked against the file.
///
/// # Errors
/// As [`load_file`], and flags that make no sense.
pub fn resolve(flags: &FlagSet) -> Result<Loaded, ConfigError> {
    let mut options = Options::unset();
    flags::apply(flags, &mut options, Scope::BeforeFile).map_err(ConfigError::Other)?;
    let warnings = match &flags.config {
        Some(path) if !path.as_os_str().is_empty() => read::read_file(path, &mut options)?,
        _ => Vec::new(),
    };
    if !flags.test_config {
        flags::apply(flags, &mut options, Scope::Start).map_err(ConfigError::Other)?;
    }
    Ok(Loaded::new(options, &warnings))
}

/// Options of a reload: the file again, and those flags over it that count
/// then (configuration.md 8.4).
///
/// # Errors
/// As [`resolve`]; without a file,
/// `can only reload config when a file is provided using -c or --config`.
pub fn resolve_for_reload(flags: &FlagSet) -> Result<Loaded, ConfigError> {
    let Some(path) = flags.config.as_ref().filter(|p| !p.as_os_str().is_empty()) else {
        return Err(ConfigError::Other(
            "can only reload config when a file is provided using -c or --config".to_owned(),
        ));
    };
    let mut options = Options::unset();
    let warnings = read::read_file(path, &mut options)?;
    flags::apply(flags, &mut options, Scope::Reload).map_err(ConfigError::Other)?;
    Ok(Loaded::new(options, &warnings))
}
