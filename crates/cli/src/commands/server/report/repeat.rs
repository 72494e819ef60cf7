//! Reports that are repeated (`--watch`).

use std::thread;
use std::time::Duration;

use super::filter::Chosen;
use crate::bail;
use crate::failure::Result;
use crate::interrupt::on_interrupt;
use crate::session::Session;

/// Shows a report once, or again and again until Ctrl-C.
pub fn repeated(
    session: &mut Session,
    report: impl Fn(&Session, &Chosen) -> Result<()>,
) -> Result<()> {
    let seconds = u64::try_from(session.matches.int("watch")).unwrap_or(0);
    if seconds > 0 && session.matches.filled("archive").is_some() {
        bail!("--watch is not supported when using --archive");
    }
    let chosen = Chosen::of(session)?;
    if seconds == 0 {
        return report(session, &chosen);
    }
    on_interrupt(|_| 0)?;
    loop {
        report(session, &chosen)?;
        thread::sleep(Duration::from_secs(seconds));
    }
}

/// Makes room for a report that is repeated.
pub fn clear(session: &Session) {
    let matches = &session.matches;
    if matches.declares("watch") && matches.int("watch") > 0 {
        crate::output::terminal::clear_screen();
    }
}
