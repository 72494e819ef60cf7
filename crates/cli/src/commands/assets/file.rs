//! Configurations in files.

use std::path::Path;

use super::go_types::Structure;
use super::shape::Shape;
use crate::bail;
use crate::fail;
use crate::failure::Result;
use crate::format::io_error_at;
use crate::output::Json;

/// A configuration from a file with it, or with the information about an
/// asset in which it is.
pub fn read_whole_config(path: &str, shape: &Shape, structure: &Structure) -> Result<Json> {
    let content = std::fs::read(Path::new(path))
        .map_err(|error| fail!("{}", io_error_at("open", path, &error)))?;
    let value = Json::parse(&content)?;
    if !matches!(value, Json::Object(_)) {
        let found = super::go_types::kind(&value);
        bail!("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}");
    }
    match value.at("config") {
        config @ Json::Object(_) => {
            let config = shape.spelled(config);
            structure.check(&config, true)?;
            Ok(config)
        }
        _ => {
            let config = shape.spelled(&value);
            structure.check(&config, false)?;
            Ok(config)
        }
    }
}
