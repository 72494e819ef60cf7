//! Headers given as `KEY:VALUE`.

use crate::bail;
use crate::client::Headers;
use crate::fail;
use crate::failure::Result;
use crate::template::{MessageScope, expand};

/// The headers of a repeatable flag, with the templates of their values
/// expanded.
pub fn parse_headers(given: &[String], scope: &MessageScope) -> Result<Headers> {
    let mut headers = Headers::new();
    for entry in given {
        let Some((key, value)) = entry.split_once(':') else {
            bail!("invalid header {entry:?}");
        };
        // A header without a name is none.
        if key.trim().is_empty() {
            continue;
        }
        let value = expand(value.trim(), scope)
            .map_err(|why| fail!("failed to parse Header template for {key}: {why}"))?;
        headers.add(key.trim(), value);
    }
    Ok(headers)
}
