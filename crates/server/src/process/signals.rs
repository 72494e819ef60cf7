//! Signals received (configuration.md 8.3).

use std::io;
use std::thread;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// SIGINT: shut down now.
    Interrupt,
    /// SIGTERM: shut down, unless in lame duck mode.
    Terminate,
    /// SIGUSR1: open the log file again.
    ReopenLog,
    /// SIGUSR2: enter lame duck mode.
    LameDuck,
    /// SIGHUP: reload the configuration.
    Reload,
}

impl Received {
    /// The name in the line `Trapped "NAME" signal`.
    pub fn name(self) -> &'static str {
        match self {
            Received::Interrupt => "interrupt",
            Received::Terminate => "terminated",
            Received::ReopenLog => "user defined signal 1",
            Received::LameDuck => "user defined signal 2",
            Received::Reload => "hangup",
        }
    }
}

/// Exit code after SIGQUIT.
#[cfg(unix)]
const QUIT_CODE: i32 = 2;

/// From now on calls `handle` for every signal, on a thread of its own.
/// SIGQUIT ends the process at once with code 2.
///
/// # Errors
/// The system refuses the handlers or the thread.
#[cfg(unix)]
pub fn listen_for_signals(mut handle: impl FnMut(Received) + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

    let mut signals =
        signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2])?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                handle(match signal {
                    SIGINT => Received::Interrupt,
                    SIGTERM => Received::Terminate,
                    SIGUSR1 => Received::ReopenLog,
                    SIGUSR2 => Received::LameDuck,
                    SIGHUP => Received::Reload,
                    _ => {
                        use std::io::Write as _;
                        // There is nobody left to tell about a failure.
                        let _ = io::stderr().write_all(b"SIGQUIT: quit\n");
                        signal_hook::low_level::exit(QUIT_CODE)
                    }
                });
            }
        })?;
    Ok(())
}

/// From now on calls `handle` for every console interrupt, on a thread of its
/// own.
///
/// # Errors
/// The system refuses the handlers or the thread.
#[cfg(not(unix))]
pub fn listen_for_signals(mut handle: impl FnMut(Received) + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    /// How long an interrupt may go unnoticed.
    const POLL: Duration = Duration::from_millis(50);

    let interrupted = Arc::new(AtomicBool::new(false));
    let terminated = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGINT, Arc::clone(&interrupted))?;
    signal_hook::flag::register(SIGTERM, Arc::clone(&terminated))?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            loop {
                if interrupted.swap(false, Ordering::Relaxed) {
                    handle(Received::Interrupt);
                }
                if terminated.swap(false, Ordering::Relaxed) {
                    handle(Received::Terminate);
                }
                thread::sleep(POLL);
            }
        })?;
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use nix::sys::signal::{Signal, raise};
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn every_signal_is_told_with_its_name() {
        let (tell, told) = mpsc::channel();
        listen_for_signals(move |received| tell.send(received).unwrap()).unwrap();
        for (signal, name) in [
            (Signal::SIGINT, "interrupt"),
            (Signal::SIGTERM, "terminated"),
            (Signal::SIGUSR1, "user defined signal 1"),
            (Signal::SIGUSR2, "user defined signal 2"),
            (Signal::SIGHUP, "hangup"),
        ] {
            // To this process alone.
            raise(signal).unwrap();
            let received = told.recv_timeout(Duration::from_secs(10)).unwrap();
            assert_eq!(received.name(), name);
        }
    }
}
