//! Edits: what would change, and whether that is wanted.

use super::{differences, without_reserved};
use crate::failure::{Failure, Result};
use crate::output::{Json, yaml};
use crate::session::Session;
use crate::{editor, fail};

/// What becomes of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Carry it out.
    Go,
    /// There is nothing to do, or it is not wanted.
    Stop,
}

/// Shows what an edit changes and asks whether it is wanted, with `--force`
/// and `--dry-run`.
pub fn decide(session: &Session, old: &Json, new: &Json, question: &str) -> Result<Decision> {
    let changes = differences(
        &without_reserved(old.clone()),
        &without_reserved(new.clone()),
    );
    let matches = &session.matches;
    if changes.is_empty() {
        if !matches.on("dry-run") {
            println!("No difference in configuration");
        }
        return Ok(Decision::Stop);
    }
    changes.print();
    if matches.on("dry-run") {
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
