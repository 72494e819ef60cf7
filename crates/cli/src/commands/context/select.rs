//! `nats context select`, `previous` and `unselect`.

use super::info::{selected, show};
use crate::bail;
use crate::context::Store;
use crate::failure::Result;
use crate::session::Session;

/// Selects a context.
pub fn select(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    if store.names().is_empty() {
        bail!("no context defined");
    }
    let name = match session.matches.arg("name") {
        Some(name) => name.to_owned(),
        None => pick(session, &store)?,
    };
    store.select(&name)?;
    show(session, &store, &name, false).map(|_| ())
}

fn pick(session: &Session, store: &Store) -> Result<String> {
    let names = store.names();
    let selected = store.selected().unwrap_or_default();
    let start = names.iter().position(|name| *name == selected).unwrap_or(0);
    let chosen = session.prompt().select("Select a Context", &names, start)?;
    Ok(names.get(chosen).cloned().unwrap_or_default())
}

/// Selects the context that was selected before.
pub fn previous(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let name = match store.previous() {
        Some(name) => {
            store.select(&name)?;
            name
        }
        None => selected(&store)?,
    };
    show(session, &store, &name, false).map(|_| ())
}

/// Selects none.
pub fn unselect(_: &mut Session) -> Result<()> {
    let store = Store::open()?;
    match store.selected() {
        Some(name) => {
            store.unselect()?;
            println!("Unselected the {name:?} context");
        }
        None => println!("No context currently selected"),
    }
    Ok(())
}
