//! Words that stand for files full of words.

use std::collections::VecDeque;
use std::fs;

use crate::failure::Result;
use crate::{bail, fail};

/// Files that may stand for one another: more is a mistake that has no end.
const MAX_FILES: usize = 1_000;

/// Replaces each `@FILE` by the lines of that file, without empty ones and
/// those that begin with `#`. `--` ends it.
pub fn expand(words: Vec<String>) -> Result<Vec<String>> {
    let mut out = Vec::with_capacity(words.len());
    let mut left: VecDeque<String> = words.into();
    let mut files = 0;
    while let Some(word) = left.pop_front() {
        let Some(path) = word.strip_prefix('@') else {
            let ends = word == "--";
            out.push(word);
            if ends {
                break;
            }
            continue;
        };
        files += 1;
        if files > MAX_FILES {
            bail!("more than {MAX_FILES} files of arguments");
        }
        for line in lines(path)?.into_iter().rev() {
            left.push_front(line);
        }
    }
    out.extend(left);
    Ok(out)
}

fn lines(path: &str) -> Result<Vec<String>> {
    if path.is_empty() {
        bail!("expected @ file to expand arguments from");
    }
    let text = fs::read_to_string(path).map_err(|error| {
        fail!(
            "failed to open arguments file \"{path}\": {}",
            crate::format::io_error_at("open", path, &error)
        )
    })?;
    Ok(text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(str::to_owned)
        .collect())
}
