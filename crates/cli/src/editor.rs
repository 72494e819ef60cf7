//! Files that people change in their editor.

use std::process::Command;

use crate::client::unique_id;
use crate::context::write_whole;
use crate::failure::Result;
use crate::{bail, fail};

/// Opens `text` in `$EDITOR` and gives what it is afterwards.
pub fn edit(text: &str, extension: &str) -> Result<String> {
    let editor = std::env::var("EDITOR").unwrap_or_default();
    let words = crate::words::split(&editor)?;
    let Some((program, args)) = words.split_first() else {
        bail!("set EDITOR environment variable to your chosen editor");
    };
    let path = std::env::temp_dir().join(format!("nats-{}.{extension}", unique_id()));
    write_whole(&path, text.as_bytes(), 0o600)?;
    let edited = Command::new(program)
        .args(args)
        .arg(&path)
        .status()
        .map_err(|error| {
            fail!(
                "could not run {program}: {}",
                crate::format::io_error(&error)
            )
        })
        .and_then(|status| {
            if status.success() {
                Ok(std::fs::read_to_string(&path)?)
            } else {
                Err(fail!("{program} failed: {status}"))
            }
        });
    // It is in the directory for temporary files in any case.
    let _ = std::fs::remove_file(&path);
    edited
}
