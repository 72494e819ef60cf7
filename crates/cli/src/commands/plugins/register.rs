//! `nats plugins register`.

use std::path::Path;
use std::process::Command;

use super::run::directory;
use crate::context::write_whole;
use crate::failure::Result;
use crate::output::Json;
use crate::parse::check_file;
use crate::session::Session;
use crate::{bail, fail};

/// Asks a program for its commands and remembers it.
pub fn register(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("name").to_owned();
    let command = session.matches.required_arg("command").to_owned();
    check_file(&command)?;
    if name.is_empty() || !name.bytes().all(|letter| letter.is_ascii_lowercase()) {
        bail!("plugins names must match ^[a-z]$");
    }
    let file = directory()?.join(format!("{name}.json"));
    if file.exists() && !session.matches.on("force") {
        bail!("plugins {name} already registered, use --force to update");
    }
    let path = find_program(&command)?;
    let output = Command::new(&path)
        .arg("--fisk-introspect")
        .output()
        .map_err(|error| fail!("{}", crate::format::io_error_at("exec", &path, &error)))?;
    if !output.status.success() {
        bail!(
            "{path} --fisk-introspect failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let mut model = Json::parse(&output.stdout).map_err(|error| {
        fail!("{path} --fisk-introspect did not print a command model: {error}")
    })?;
    model.set("name", name.as_str());
    let content = Json::object().with("cmd", path.as_str()).with("def", model);
    write_whole(&file, content.compact().as_bytes(), 0o600)?;
    print!("WARNING: Plugins support is experimental and not officially supported\n\n");
    println!("Plugin {name} using command {path} was added or updated");
    Ok(())
}

/// Full path of a program.
fn find_program(command: &str) -> Result<String> {
    let found = if command.contains('/') {
        std::fs::canonicalize(command).ok()
    } else {
        std::env::var_os("PATH").and_then(|path| {
            std::env::split_paths(&path)
                .map(|directory| directory.join(command))
                .find(|path| Path::is_file(path))
        })
    };
    match found {
        Some(path) => Ok(path.to_string_lossy().into_owned()),
        None => bail!("exec: \"{command}\": executable file not found in $PATH"),
    }
}
