//! Ctrl-C, and what `kill` sends, for commands that have something to say or to
//! put away then. The others are ended by the signal itself.

use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::failure::Result;

/// The exit code of what a signal of this number ended.
pub fn ended_by(signal: i32) -> i32 {
    128 + signal
}

/// Calls `at_end` at the first of these signals and ends the program with the exit code
/// that it gives; it gets the number of the signal.
pub fn on_interrupt(at_end: impl FnOnce(i32) -> i32 + Send + 'static) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || {
            if let Some(signal) = signals.forever().next() {
                std::process::exit(at_end(signal));
            }
        })?;
    Ok(())
}

/// They end the program with `nats: error: context canceled`.
pub fn cancels() -> Result<()> {
    on_interrupt(|_| {
        crate::output::log::error("context canceled");
        1
    })
}
