//! Reports that are repeated (`--watch`).

use std::thread;
use std::time::Duration;

use crate::failure::Result;
use crate::output::terminal::clear_screen;
use crate::session::Session;

/// Shows a report once, or again and again.
pub fn repeated(session: &mut Session, report: impl Fn(&mut Session) -> Result<()>) -> Result<()> {
    let Ok(seconds) = u64::try_from(session.matches.int("watch")) else {
        return report(session);
    };
    if seconds == 0 {
        return report(session);
    }
    loop {
        clear_screen();
        report(session)?;
        thread::sleep(Duration::from_secs(seconds));
    }
}
