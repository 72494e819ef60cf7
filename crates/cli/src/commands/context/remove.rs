//! `nats context rm`.

use crate::bail;
use crate::context::{Store, check_name};
use crate::failure::Result;
use crate::session::Session;

/// Removes a context.
pub fn remove(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("name").to_owned();
    check_name(&name)?;
    let store = Store::open()?;
    let forced = session.matches.on("force");
    let selected = store.selected().is_some_and(|selected| selected == name);
    if forced {
        if selected {
            store.unselect()?;
        }
        return store.remove(&name);
    }
    if selected {
        bail!("cannot remove the selected context, select another one or use the unselect command");
    }
    if !session
        .prompt()
        .confirm_action(&format!("Really delete context {name:?}"))?
    {
        return Ok(());
    }
    if !store.is_known(&name) {
        bail!("context not found: {name:?}");
    }
    store.remove(&name)
}
