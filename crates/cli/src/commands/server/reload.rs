//! `nats server config reload` (cli.md 7.7).

use super::info::{show, varz};
use crate::bail;
use crate::failure::Result;
use crate::session::Session;
use crate::system::{Expect, System};

/// Lets a server read its configuration again.
pub fn reload(session: &mut Session) -> Result<()> {
    let id = session.matches.required_arg("id").to_owned();
    let system = System::of(session)?;
    if !session.matches.on("force") {
        let answers = system.ask(
            &format!("$SYS.REQ.SERVER.{id}.VARZ"),
            None,
            Expect::Count(1),
        )?;
        let Some(answer) = answers.first() else {
            bail!("no response from server {id}");
        };
        let server = answer.json.at("server");
        let question = format!(
            "Really reload configuration for {} ({}) on {}",
            server.text("name"),
            server.text("id"),
            server.text("host")
        );
        if !session.prompt().confirm(&question, false)? {
            return Ok(());
        }
    }
    let subject = format!("$SYS.REQ.SERVER.{id}.RELOAD");
    let answers = system.ask(&subject, None, Expect::Count(1))?;
    let Some(answer) = answers.first() else {
        bail!("invalid response from 0 servers");
    };
    let error = answer.json.at("error");
    if !error.is_null() {
        bail!("{}", error.text("description"));
    }
    show(&varz(&system, &id)?);
    Ok(())
}
