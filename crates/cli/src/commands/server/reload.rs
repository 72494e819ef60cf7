//! `nats server config reload` (cli.md 7.7).

use super::info::{show, varz};
use crate::bail;
use crate::failure::Result;
use crate::session::Session;
use crate::system::System;

/// Lets a server read its configuration again.
pub fn reload(session: &mut Session) -> Result<()> {
    let id = session.matches.required_arg("id").to_owned();
    let system = System::of(session)?;
    let before = varz(&system, &id)?;
    let id = before.text("server_id").to_owned();
    if !session.matches.on("force") {
        let question = format!(
            "Really reload configuration for {} ({id}) on {}",
            before.text("server_name"),
            before.text("host")
        );
        if !session.prompt().confirm_action(&question)? {
            return Ok(());
        }
    }
    let answer = system.first(&format!("$SYS.REQ.SERVER.{id}.RELOAD"), None)?;
    if answer.has("error") {
        bail!("{}", answer.text("error.description"));
    }
    show(&varz(&system, &id)?);
    Ok(())
}
