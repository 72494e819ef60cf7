//! What goes wrong beside the measurement: it is logged, and spoils the
//! results, but does not end the run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::plan::Plan;
use crate::client::{ClientError, Connection, Event};
use crate::failure::Result;
use crate::log;
use crate::session::Session;

/// What went wrong in a run.
#[derive(Debug, Default)]
pub struct Trouble {
    spoiled: AtomicBool,
    timed_out: AtomicBool,
    short: AtomicBool,
    last: Mutex<String>,
}

impl Trouble {
    /// A connection was lost.
    pub fn disconnected(&self, why: &str) {
        self.spoiled.store(true, Ordering::Relaxed);
        log!("Disconnected due to: {why}, will attempt reconnect");
    }

    /// A server reported an error. One that comes for every message is said
    /// once.
    pub fn reported(&self, error: &ClientError) {
        self.spoiled.store(true, Ordering::Relaxed);
        let text = match error {
            ClientError::Server(text)
                if is_permission(text) && !text.starts_with("permissions violation:") =>
            {
                format!("nats: permissions violation: {text}")
            }
            other => other.to_string(),
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != text {
            log!("Async connection error received: {text}");
            *last = text;
        }
    }

    /// A request for messages ended before there were any.
    pub fn timed_out(&self) {
        self.timed_out.store(true, Ordering::Relaxed);
    }

    /// There were fewer messages than were asked for.
    pub fn got_less(&self) {
        self.short.store(true, Ordering::Relaxed);
    }

    /// Warns of everything, before the results.
    pub fn warn(&self) {
        if self.timed_out.load(Ordering::Relaxed) {
            log!(
                "WARNING: at least one of the pull consumer Fetch operation timed out. These results are not optimal!"
            );
        }
        if self.short.load(Ordering::Relaxed) {
            log!(
                "WARNING: at least one of the clients got less than the requested number of messages in a batch get. These results may not be optimal!"
            );
        }
        if self.spoiled.load(Ordering::Relaxed) {
            log!(
                "WARNING: at least one of the clients disconnected or experienced an error during the benchmark. These results are not optimal!"
            );
        }
    }
}

/// Whether an error is about what the user may not do; the connection stays
/// then.
pub fn is_permission(text: &str) -> bool {
    text.to_ascii_lowercase().contains("permissions violation")
}

/// A client's connection: what happens to it spoils the results.
pub fn connect(session: &mut Session, plan: &Plan) -> Result<Connection> {
    let mut options = session.options()?;
    let usual = Arc::clone(&options.events);
    let trouble = Arc::clone(&plan.trouble);
    options.events = Arc::new(move |event| match event {
        Event::Disconnected(why) => trouble.disconnected(why),
        Event::Error(error) => trouble.reported(error),
        other => usual(other),
    });
    Ok(Connection::connect(options)?)
}
