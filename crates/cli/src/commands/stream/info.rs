//! `nats stream info` and `nats stream state`.

use super::information::show;
use crate::commands::assets::pick_stream;
use crate::failure::Result;
use crate::jetstream::Api;
use crate::output::Json;
use crate::session::Session;

/// The stream that the argument `stream` names, or one picked from a list.
pub fn chosen(session: &mut Session, exact: bool) -> Result<(Api, Json)> {
    let name = session.matches.arg("stream").map(str::to_owned);
    chosen_by(session, name.as_deref(), exact)
}

/// Requests to the JetStream API.
pub fn connect(session: &mut Session) -> Result<Api> {
    // A context that is not there is no matter of connecting.
    session.context()?;
    session
        .management()
        .map_err(|failure| failure.context("setup failed"))
}

/// The same, for a command that sends or receives messages.
pub fn connect_for_messages(session: &mut Session) -> Result<Api> {
    session.context()?;
    session
        .jetstream()
        .map_err(|failure| failure.context("setup failed"))
}

/// The stream of a name, or one picked from a list.
pub fn chosen_by(session: &mut Session, name: Option<&str>, exact: bool) -> Result<(Api, Json)> {
    let api = connect(session)?;
    let all = session.matches.on("all");
    let info = pick_stream(session, &api, name, exact, all)
        .map_err(|failure| failure.context("could not pick a Stream to operate on"))?;
    Ok((api, info))
}

fn show_chosen(session: &mut Session, state_only: bool) -> Result<()> {
    let exact = session.matches.on("no-select");
    let (_, info) = chosen(session, exact)?;
    let json = session.matches.on("json");
    show(&info, state_only, json);
    println!();
    Ok(())
}

/// Shows a stream.
pub fn info(session: &mut Session) -> Result<()> {
    let state_only = session.matches.on("state");
    show_chosen(session, state_only)
}

/// Shows the state of a stream.
pub fn state(session: &mut Session) -> Result<()> {
    show_chosen(session, true)
}
