//! `nats context add` and `copy`.

use super::info::show;
use crate::bail;
use crate::context::{DEFAULT_URL, Record, Store, check_name, embed, file_path};
use crate::failure::Result;
use crate::session::Session;

/// Adds a context, or changes the given values of one.
pub fn add(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("name").to_owned();
    check_name(&name)?;
    let store = Store::open()?;
    let template = if store.is_known(&name) {
        store.load(&name)?
    } else {
        match session.matches.filled("context") {
            Some(template) => store.load(template)?,
            None => Record::default(),
        }
    };
    save(session, &store, &name, template)
}

/// Adds a context that begins as another one.
pub fn copy(session: &mut Session) -> Result<()> {
    let source = session.matches.required_arg("source").to_owned();
    let name = session.matches.required_arg("name").to_owned();
    check_name(&name)?;
    let store = Store::open()?;
    if !store.is_known(&source) {
        bail!("unknown context {source:?}");
    }
    if store.is_known(&name) {
        bail!("context {name:?} already exist");
    }
    let template = store.load(&source)?;
    save(session, &store, &name, template)
}

fn save(session: &mut Session, store: &Store, name: &str, mut record: Record) -> Result<()> {
    session.lay_flags_over(&mut record);
    if let Some(description) = session.matches.filled("description") {
        description.clone_into(&mut record.description);
    }
    if record.url.is_empty() {
        DEFAULT_URL.clone_into(&mut record.url);
    }
    if session.matches.on("embed") {
        for field in [&mut record.creds, &mut record.nkey] {
            if let Some(path) = file_path(field) {
                *field = embed(&path)?;
            }
        }
    }
    store.save(name, &record)?;
    let selects = session.matches.on("select");
    if selects {
        store.select(name)?;
    }
    show(session, store, name, selects).map(|_| ())
}
