//! `nats account report connections` (cli.md 7.9).

use crate::commands::server::report::connections::{
    compare, gather_with, options, show, wanted_reason,
};
use crate::commands::server::report::filter::arrange;
use crate::failure::Result;
use crate::session::Session;
use crate::system::{Expect, NO_RESULTS, System};
use crate::{bail, log};

/// Servers answer it from every account, about that account alone.
const SUBJECT: &str = "$SYS.REQ.SERVER.PING.CONNZ";

/// Reports about the connections of the account.
pub fn connections(session: &mut Session) -> Result<()> {
    let reason = wanted_reason(session)?;
    let system = System::of(session)?;
    let mut all = gather_with(options(session, ""), |options| {
        let mut answers = system.ask(SUBJECT, Some(options), Expect::Quiet)?;
        answers.retain(|answer| {
            let refused = answer.json.has("error");
            if refused {
                log!(
                    "{} refused: {}",
                    answer.json.text("server.name"),
                    answer.json.text("error.description")
                );
            }
            !refused
        });
        if answers.is_empty() {
            bail!("{NO_RESULTS}");
        }
        Ok(answers)
    })?;
    if let Some(reason) = reason {
        all.retain(|connection| reason.is_match(connection.text("reason")));
    }
    let matches = &session.matches;
    let sort = matches.text("sort").unwrap_or_default();
    all.sort_by(|a, b| compare(a, b, sort));
    let found = all.len();
    let most = usize::try_from(matches.int("top")).unwrap_or(usize::MAX);
    arrange(session, &mut all, most);
    let with_reason = matches.text("state").is_some_and(|state| state != "open");
    show(&all, found, sort, with_reason);
    Ok(())
}
