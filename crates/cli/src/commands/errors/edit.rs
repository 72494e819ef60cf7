//! `nats errors edit` and `validate`.

use std::path::Path;

use super::definitions::{error_code, problems, read, whole};
use crate::context::write_whole;
use crate::failure::Result;
use crate::format::join;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, editor};

/// Changes a definition in the user's editor, or adds one.
pub fn edit(session: &mut Session) -> Result<()> {
    let path = session.matches.required_arg("file").to_owned();
    let path = Path::new(&path);
    let mut entries: Vec<Json> = read(path)?.iter().map(whole).collect();
    let code = match session.matches.arg("code") {
        Some(code) => error_code(code)?,
        None => 0,
    };
    let known = entries
        .iter()
        .position(|entry| entry.int("error_code") == code);
    let highest = entries.iter().map(|entry| entry.int("error_code")).max();
    let entry = match known.and_then(|at| entries.get(at)) {
        Some(entry) => entry.clone(),
        None => whole(&Json::object().with("error_code", highest.unwrap_or(0) + 1)),
    };
    let mut text = entry.pretty();
    let edited = loop {
        text = editor::edit(&text, "json")?;
        let edited = match Json::parse(text.as_bytes()) {
            Ok(edited) => whole(&edited),
            Err(error) => bail!("the definition cannot be read: {error}"),
        };
        let problems = problems(&edited);
        if problems.is_empty() {
            break edited;
        }
        println!("Invalid error specification: {}", join(&problems));
        if !session
            .prompt()
            .confirm("Retry edit", true)
            .unwrap_or(false)
        {
            bail!("aborted");
        }
    };
    match known.and_then(|at| entries.get_mut(at)) {
        Some(entry) => *entry = edited,
        None => entries.push(edited),
    }
    write_whole(path, Json::List(entries).pretty().as_bytes(), 0o600)?;
    check(path)
}

/// Checks definitions.
pub fn validate(session: &mut Session) -> Result<()> {
    match session.matches.arg("file").filter(|path| !path.is_empty()) {
        Some(path) => check(Path::new(path)),
        None => match session.matches.filled("errors") {
            Some(path) => check(Path::new(path)),
            None => bail!("errors file is required"),
        },
    }
}

fn check(path: &Path) -> Result<()> {
    let entries = read(path)?;
    let mut failed = false;
    for entry in &entries {
        let problems = problems(entry);
        if !problems.is_empty() {
            failed = true;
            println!("{} failed: {}", entry.int("error_code"), join(&problems));
        }
    }
    if failed {
        bail!("{} is invalid", path.display());
    }
    println!("Validated {} errors", entries.len());
    Ok(())
}
