//! Edits: what would change, and whether that is wanted.

use super::{differences, without_reserved};
use crate::failure::{Failure, Result};
use crate::output::{Json, yaml};
use crate::session::Session;
use crate::{editor, fail, log};

/// What becomes of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Carry it out.
    Go,
    /// There is nothing to do.
    Same,
    /// It is not wanted.
    Stop,
}

/// Shows what an edit changes and asks whether it is wanted, with `--force`
/// and `--dry-run`. With `json` standard output is for JSON alone.
pub fn decide(
    session: &Session,
    old: &Json,
    new: &Json,
    question: &str,
    json: bool,
) -> Result<Decision> {
    let changes = differences(
        &without_reserved(old.clone()),
        &without_reserved(new.clone()),
    );
    let matches = &session.matches;
    let only_shown = matches.on("dry-run");
    let json = json && !only_shown;
    if changes.is_empty() {
        if json {
            log!("No difference in configuration");
        } else if !only_shown {
            println!("No difference in configuration");
        }
        return Ok(Decision::Same);
    }
    if json {
        log!("{}", changes.text());
    } else {
        println!("{}", changes.text());
    }
    if only_shown {
        return Err(Failure::Exit(1));
    }
    if matches.on("force") || session.prompt().confirm_action(question)? {
        Ok(Decision::Go)
    } else {
        Ok(Decision::Stop)
    }
}

/// A configuration after its change in the user's editor.
pub fn in_editor(
    config: &Json,
    head: &str,
    comment: &dyn Fn(&str) -> Option<&'static str>,
) -> Result<Json> {
    let text = format!(
        "# {head}: change values, save and leave the editor\n{}",
        yaml::write(config, comment)
    );
    let edited = editor::edit(&text, "yaml")?;
    let value = yaml::parse(&edited)
        .map_err(|failure| fail!("the edited configuration cannot be read: {failure}"))?;
    match value {
        Json::Object(_) => Ok(value),
        _ => Err(fail!("the edited configuration is empty")),
    }
}
