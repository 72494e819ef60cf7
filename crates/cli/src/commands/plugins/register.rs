//! `nats plugins register`.

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
    print!("WARNING: Plugins support is experimental and not officially supported\n\n");
    if name.is_empty() || !name.bytes().all(|letter| letter.is_ascii_lowercase()) {
        bail!("plugins names must match ^[a-z]$");
    }
    let file = directory()?.join(format!("{name}.json"));
    if file.exists() && !session.matches.on("force") {
        bail!("plugins {name} already registered, use --force to update");
    }
    let path = std::path::absolute(&command)?;
    let path = path.to_string_lossy();
    let output = Command::new(&*path)
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
    let content = Json::object().with("cmd", &*path).with("def", model);
    write_whole(&file, content.compact().as_bytes(), 0o600)?;
    println!("Plugin {name} using command {command} was added or updated");
    Ok(())
}
