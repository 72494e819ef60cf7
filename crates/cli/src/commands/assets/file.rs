//! Configurations in files.

use std::path::Path;

use super::without_reserved;
use crate::bail;
use crate::fail;
use crate::failure::Result;
use crate::format::io_error_at;
use crate::output::Json;

/// A configuration from a file with it, or with the information about an
/// asset in which it is; without the server's metadata.
pub fn read_config(path: &str) -> Result<Json> {
    Ok(without_reserved(read_whole_config(path)?))
}

/// [`read_config`] with all metadata.
pub fn read_whole_config(path: &str) -> Result<Json> {
    let content = std::fs::read(Path::new(path))
        .map_err(|error| fail!("{}", io_error_at("open", path, &error)))?;
    let value = Json::parse(&content).map_err(|error| fail!("{path}: {error}"))?;
    let config = match value.at("config") {
        config @ Json::Object(_) => config.clone(),
        _ => value,
    };
    if !matches!(config, Json::Object(_)) {
        bail!("{path}: not a configuration");
    }
    Ok(config)
}
