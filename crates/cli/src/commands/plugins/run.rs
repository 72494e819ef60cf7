//! Commands that plugins added.

use std::path::PathBuf;
use std::process::Command;

use crate::context::data_dir;
use crate::failure::Result;
use crate::model;
use crate::output::Json;
use crate::parse::command_word;

/// Where plugins are kept.
pub fn directory() -> Result<PathBuf> {
    Ok(data_dir()?.join("nats/cli/plugins"))
}

/// Runs the plugin that the words call; gives its exit code, or nothing if
/// they call none.
pub fn run_plugin(words: &[String]) -> Option<i32> {
    let at = command_word(words)?;
    let name = words.get(at)?;
    let plain = !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_lowercase());
    if !plain
        || model::commands()
            .iter()
            .any(|command| command.is_called(name))
    {
        return None;
    }
    let text = std::fs::read(directory().ok()?.join(format!("{name}.json"))).ok()?;
    let program = Json::parse(&text).ok()?.text("cmd").to_owned();
    if program.is_empty() {
        return None;
    }
    let args = words
        .iter()
        .enumerate()
        .filter(|(number, _)| *number != at)
        .map(|(_, word)| word);
    match Command::new(&program).args(args).status() {
        Ok(status) => Some(status.code().unwrap_or(1)),
        Err(error) => {
            crate::output::log::error(format_args!(
                "plugin {name}: {}",
                crate::format::io_error_at("exec", &program, &error)
            ));
            Some(1)
        }
    }
}
