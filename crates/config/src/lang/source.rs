//! Files, and the files they include (configuration.md 1.9).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::LangError;
use super::limits::{MAX_FILE_BYTES, MAX_INCLUDE_DEPTH};
use super::parser::Parser;
use super::value::Map;

/// A parsed text.
#[derive(Debug, Clone)]
pub struct Document {
    /// The top level.
    pub root: Map,
    /// `sha256:` and the digest of configuration.md 1.12.
    pub digest: String,
}

/// Reads `path` and everything it includes.
///
/// # Errors
/// The first syntax error, an unreadable file, a variable without value.
pub fn parse_file(path: &Path) -> Result<Document, LangError> {
    let root = Includes::default().read(path, 0)?;
    Ok(document(root))
}

/// Reads a text. Includes are looked for in the current directory.
///
/// # Errors
/// As [`parse_file`].
pub fn parse_str(text: &str) -> Result<Document, LangError> {
    let mut includes = Includes::default();
    let root = Parser::new(text, Arc::from(""), PathBuf::new(), &mut includes).run()?;
    Ok(document(root))
}

fn document(root: Map) -> Document {
    let digest = super::digest::digest(&root);
    Document { root, digest }
}

/// The chain of files being read, outermost first.
#[derive(Debug, Default)]
pub(super) struct Includes {
    open: Vec<PathBuf>,
    /// What variables stood for so far, bytes.
    pub(super) copied: usize,
}

impl Includes {
    /// Reads one file of the chain; `depth` is the nesting of the place that
    /// includes it.
    pub(super) fn read(&mut self, path: &Path, depth: usize) -> Result<Map, LangError> {
        let identity = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        if self.open.contains(&identity) || self.open.len() >= MAX_INCLUDE_DEPTH {
            return Err(LangError::Value(format!(
                "include cycle: '{}' is already being read",
                path.display()
            )));
        }
        let text = read_text(path)?;
        self.open.push(identity);
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let name: Arc<str> = Arc::from(path.to_string_lossy().as_ref());
        let root = Parser::new(&text, name, folder, self).at_depth(depth).run();
        self.open.pop();
        root
    }
}

fn read_text(path: &Path) -> Result<String, LangError> {
    let failed = |error: &std::io::Error| LangError::Open {
        path: path.display().to_string(),
        reason: crate::go_text::os_error(error),
    };
    let file = File::open(path).map_err(|e| failed(&e))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| {
            LangError::Value(format!(
                "read {}: {}",
                path.display(),
                crate::go_text::os_error(&e)
            ))
        })?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(LangError::Value(format!(
            "{}: configuration file is larger than {MAX_FILE_BYTES} bytes",
            path.display()
        )));
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}
