//! `nats account report connections` (cli.md 7.9).

use crate::commands::server::report::connections::{gather_of, show};
use crate::commands::server::report::filter::Chosen;
use crate::failure::Result;
use crate::session::Session;
use crate::system::Expect;

/// Reports about the connections of the account. Servers answer every account
/// about its own.
pub fn connections(session: &mut Session) -> Result<()> {
    let chosen = Chosen::of(session)?;
    let found = gather_of(session, &chosen, "", Expect::Quiet)?;
    show(session, found);
    Ok(())
}
