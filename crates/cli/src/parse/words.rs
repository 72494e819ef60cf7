//! Words that stand for files full of words.

use std::fs;

use crate::failure::{Failure, Result};

/// Replaces each `@FILE` by the lines of that file. `--` ends it.
pub fn expand(words: Vec<String>) -> Result<Vec<String>> {
    let mut out = Vec::with_capacity(words.len());
    let mut words = words.into_iter();
    for word in words.by_ref() {
        match word.strip_prefix('@') {
            Some("") => {
                return Err(Failure::Usage(
                    "expected @ file to expand arguments from".to_owned(),
                ));
            }
            Some(path) => {
                let text = fs::read_to_string(path).map_err(|error| {
                    Failure::Usage(format!(
                        "failed to open arguments file \"{path}\": {}",
                        crate::format::io_error_at("open", path, &error)
                    ))
                })?;
                out.extend(
                    text.lines()
                        .filter(|line| !line.is_empty())
                        .map(str::to_owned),
                );
            }
            None if word == "--" => {
                out.push(word);
                break;
            }
            None => out.push(word),
        }
    }
    out.extend(words);
    Ok(out)
}
