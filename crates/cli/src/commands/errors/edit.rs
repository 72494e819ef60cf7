//! `nats errors edit` and `validate`.

use std::path::Path;

use super::definitions::{load, problems, read};
use crate::context::write_whole;
use crate::failure::Result;
use crate::format::parse_int;
use crate::output::{Json, yaml};
use crate::session::Session;
use crate::{bail, editor};

/// Errors of JetStream begin here.
const FIRST_CODE: i64 = 10_000;

fn about(field: &str) -> Option<&'static str> {
    Some(match field {
        "constant" => "Name of the constant in code",
        "code" => "Kind of error, as in HTTP",
        "error_code" => "Number of this error",
        "description" => "What the server says; {parts} in braces are filled in",
        "comment" => "For those who write code",
        "help" => "For those who meet the error",
        _ => return None,
    })
}

/// Changes a definition in the user's editor, or adds one.
pub fn edit(session: &mut Session) -> Result<()> {
    let path = session.matches.required_arg("file").to_owned();
    let path = Path::new(&path);
    let mut entries = if path.exists() {
        read(path)?
    } else {
        load(session)?
    };
    let code = session.matches.arg("code").map(parse_int).transpose()?;
    let known = code.and_then(|code| {
        entries
            .iter()
            .position(|entry| entry.int("error_code") == code)
    });
    let entry = match (code, known.and_then(|at| entries.get(at))) {
        (_, Some(entry)) => entry.clone(),
        (Some(code), None) => bail!("no error matches code {code}"),
        (None, None) => {
            let next = entries
                .iter()
                .map(|entry| entry.int("error_code"))
                .max()
                .unwrap_or(FIRST_CODE)
                + 1;
            Json::object()
                .with("constant", "")
                .with("code", 400)
                .with("error_code", next)
                .with("description", "")
                .with("comment", "")
                .with("help", "")
                .with("url", "")
                .with("deprecates", "")
        }
    };
    let edited = yaml::parse(&editor::edit(&yaml::write(&entry, &about), "yaml")?)?;
    match known.and_then(|at| entries.get_mut(at)) {
        Some(entry) => *entry = edited,
        None => entries.push(edited),
    }
    check(&entries)?;
    entries.sort_by_key(|entry| entry.int("error_code"));
    let text = format!("{}\n", Json::List(entries).pretty());
    write_whole(path, text.as_bytes(), 0o644)
}

/// Checks definitions.
pub fn validate(session: &mut Session) -> Result<()> {
    let entries = match session.matches.arg("file") {
        Some(path) => read(Path::new(path))?,
        None => load(session)?,
    };
    check(&entries)?;
    println!("Validated {} errors", entries.len());
    Ok(())
}

fn check(entries: &[Json]) -> Result<()> {
    let problems = problems(entries);
    if problems.is_empty() {
        Ok(())
    } else {
        bail!("{}", problems.join("; "))
    }
}
