//! Ctrl-C, for commands that have something to say about it. The others are
//! ended by the signal itself.

use std::thread;

use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

use crate::failure::Result;

/// Calls `at_end` at the first Ctrl-C and ends the program with the exit code
/// that it gives.
pub fn on_interrupt(at_end: impl FnOnce() -> i32 + Send + 'static) -> Result<()> {
    let mut signals = Signals::new([SIGINT])?;
    thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || {
            if signals.forever().next().is_some() {
                std::process::exit(at_end());
            }
        })?;
    Ok(())
}

/// Ctrl-C ends the program with `nats: error: context canceled`.
pub fn cancels() -> Result<()> {
    on_interrupt(|| {
        crate::output::log::error("context canceled");
        1
    })
}
