//! `nats top` (cli.md 10.5).

pub mod model;
mod page;
mod poll;
mod screen;

use std::io::{Write, stdout};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::bail;
use crate::context::write_whole;
use crate::failure::Result;
use crate::output::terminal;
use crate::session::Session;

pub use page::Settings;

/// Shows the connections of a server.
pub fn top(session: &mut Session) -> Result<()> {
    let m = &session.matches;
    let settings = Settings {
        limit: usize::try_from(m.int("conns").max(1)).unwrap_or(1),
        sort: m.text("sort").unwrap_or("cid").to_owned(),
        lookup: m.on("lookup"),
        raw: m.on("raw"),
        subscriptions: m.on("subs"),
        delimiter: m.filled("delimiter").map(str::to_owned),
    };
    let interval = Duration::from_secs(m.int("interval").max(1).unsigned_abs());
    let most = u64::try_from(m.int("max-refresh")).ok();
    let output = m.filled("output").map(str::to_owned);
    let name = m.required_arg("name").to_owned();
    if output.is_none() && !terminal::is_interactive() {
        bail!("top needs a terminal: use --output FILE for a snapshot");
    }
    let mut poll = poll::Poll::new(session, &name)?;
    match output {
        Some(path) => snapshot(&mut poll, &settings, &path, interval),
        None => screen::run(&mut poll, settings, interval, most),
    }
}

/// One look, into a file.
fn snapshot(
    poll: &mut poll::Poll,
    settings: &Settings,
    path: &str,
    interval: Duration,
) -> Result<()> {
    poll.look(settings)?;
    // Rates need two looks.
    thread::sleep(interval.min(Duration::from_secs(1)));
    let look = poll.look(settings)?;
    let text = format!("{}\n", page::page(&look, settings).join("\n"));
    if path == "-" {
        stdout().write_all(text.as_bytes())?;
        return Ok(());
    }
    write_whole(Path::new(path), text.as_bytes(), 0o644)
}
