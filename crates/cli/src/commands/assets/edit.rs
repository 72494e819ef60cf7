//! Edits: what would change, and whether that is wanted.

use super::go_types::Structure;
use super::shape::Shape;
use super::{differences, editable};
use crate::editor;
use crate::failure::{Failure, Result};
use crate::output::Json;
use crate::session::Session;

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
/// and `--dry-run`.
pub fn decide(
    session: &Session,
    shape: &'static Shape,
    old: &Json,
    new: &Json,
    question: &str,
) -> Result<Decision> {
    if !show_changes(session, shape, old, new)? {
        return Ok(Decision::Same);
    }
    if session.matches.on("force") || session.prompt().confirm_action(question)? {
        Ok(Decision::Go)
    } else {
        Ok(Decision::Stop)
    }
}

/// Shows what an edit changes; gives whether it changes anything. With
/// `--dry-run` a difference is the end.
pub fn show_changes(
    session: &Session,
    shape: &'static Shape,
    old: &Json,
    new: &Json,
) -> Result<bool> {
    let changes = differences(shape, old, new);
    let only_shown = session.matches.on("dry-run");
    if changes.is_empty() {
        if !only_shown {
            println!("No difference in configuration");
        }
        return Ok(false);
    }
    print!("Differences (-old +new):\n{changes}");
    if only_shown {
        return Err(Failure::Exit(1));
    }
    Ok(true)
}

/// A configuration after its change in the user's editor; `schema` is the
/// name of its schema.
pub fn in_editor(
    shape: &Shape,
    structure: &Structure,
    schema: &str,
    config: &Json,
) -> Result<Json> {
    let edited = editor::edit(&editable::write(shape, schema, config), "yaml")?;
    let config = editable::read(shape, &edited)?;
    let word = |value: &Json| {
        value
            .as_text()
            .map_or_else(|| value.compact(), str::to_owned)
    };
    structure.check_words(&config, word)?;
    Ok(config)
}
