//! `nats top` (cli.md 10.5).

pub mod model;
mod page;
mod poll;
mod screen;

use std::fs::OpenOptions;
use std::io::{Write, stdout};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use crate::failure::Result;
use crate::format::io_error_at;
use crate::output::terminal;
use crate::session::Session;
use crate::{bail, fail};

pub use page::Settings;

/// Shows the connections of a server.
pub fn top(session: &mut Session) -> Result<()> {
    let m = &session.matches;
    let settings = Settings {
        limit: m.int("conns"),
        sort: m.text("sort").unwrap_or("cid").to_owned(),
        lookup: m.on("lookup"),
        raw: m.on("raw"),
        subscriptions: m.on("subs"),
        rates: false,
    };
    let interval = Duration::from_secs(m.int("interval").max(1).unsigned_abs());
    let most = u64::try_from(m.int("max-refresh")).ok();
    let most = most.filter(|&most| most > 0);
    let output = m.filled("output").map(str::to_owned);
    let delimiter = m.filled("delimiter").map(str::to_owned);
    let name = m.required_arg("name").to_owned();
    let mut poll = poll::Poll::new(session, &name)?;
    if let Some(path) = output {
        return snapshot(&mut poll, settings, delimiter.as_deref(), &path);
    }
    if !terminal::is_interactive() {
        bail!("top needs a terminal: use --output FILE for a snapshot");
    }
    screen::run(&mut poll, settings, interval, most)
}

/// One look, into a file, with addresses and short numbers.
fn snapshot(
    poll: &mut poll::Poll,
    settings: Settings,
    delimiter: Option<&str>,
    path: &str,
) -> Result<()> {
    let settings = Settings {
        lookup: false,
        raw: false,
        ..settings
    };
    let look = poll.look(&settings);
    let text = match delimiter {
        Some(delimiter) => page::delimited(&look, &settings, delimiter),
        None => page::page(&look, &settings),
    };
    if path == "-" {
        stdout().write_all(text.as_bytes())?;
        return Ok(());
    }
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    let cause = |error| io_error_at("open", path, &error);
    let mut file =
        file.map_err(|error| fail!("failed to open output file '{path}': {}", cause(error)))?;
    file.write_all(text.as_bytes())
        .map_err(|error| fail!("failed to write stats-snapshot to output file '{path}': {error}"))
}
