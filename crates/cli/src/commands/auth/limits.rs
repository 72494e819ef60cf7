//! Limits of accounts: what flags and answers put into a token.

use super::order::{self, tidy};
use crate::failure::Result;
use crate::format::{SizeRange, parse_size};
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail};

/// A new account's limits: none.
pub fn unlimited() -> Json {
    let mut limits = Json::object();
    for key in ["subs", "data", "payload", "imports", "exports"] {
        limits.set(key, -1);
    }
    limits.set("wildcards", true);
    limits.set("conn", -1);
    limits.set("leaf", -1);
    limits
}

/// Whether the account may store anything.
pub fn has_jetstream(limits: &Json) -> bool {
    let stores = |limits: &Json| limits.int("mem_storage") != 0 || limits.int("disk_storage") != 0;
    match limits.entries("tiered_limits") {
        [] => stores(limits),
        tiers => tiers.iter().any(|(_, limits)| stores(limits)),
    }
}

/// Asks for the limits of a new account that no flag gave.
pub fn ask(session: &Session, limits: &mut Json) -> Result<()> {
    for (flag, key, question, help) in [
        (
            "connections",
            "conn",
            "Maximum Connections",
            "The most client connections, set by --connections",
        ),
        (
            "subscriptions",
            "subs",
            "Maximum Subscriptions",
            "The most subscriptions, set by --subscriptions",
        ),
    ] {
        if session.matches.int(flag) == -1 {
            limits.set(key, ask_number(session, question, help)?);
        }
    }
    println!();
    Ok(())
}

/// A whole number; -1 stands for no limit.
pub fn ask_number(session: &Session, question: &str, help: &str) -> Result<i64> {
    needs_terminal()?;
    let text = session.prompt().text(question, "-1", help)?;
    text.parse()
        .map_err(|_| fail!("strconv.Atoi: parsing {text:?}: invalid syntax"))
}

fn needs_terminal() -> Result<()> {
    if !crate::output::terminal::is_interactive() {
        bail!("cannot ask for confirmation without a terminal");
    }
    Ok(())
}

/// A size that has to be there; asks until it is.
fn ask_size(session: &Session, flag: &str, kind: &str) -> Result<i64> {
    needs_terminal()?;
    let question = format!("Maximum JetStream {kind} Storage");
    let help = format!("The most storage of the account, set by --{flag}");
    loop {
        let size = parse_size(
            &session.prompt().text(&question, "1GB", &help)?,
            SizeRange::Bits64,
        )?;
        if size > 0 {
            return Ok(size);
        }
        println!("JetStream requires maximum {kind} usage set");
    }
}

/// Puts the limits of the flags into those of a new account, or those that
/// were given into those of an account.
pub fn apply(limits: &mut Json, session: &Session, is_new: bool) -> Result<()> {
    let matches = &session.matches;
    for (flag, key) in [
        ("connections", "conn"),
        ("subscriptions", "subs"),
        ("leafnodes", "leaf"),
        ("imports", "imports"),
        ("exports", "exports"),
    ] {
        let value = matches.int(flag);
        // Of a new account that is what was asked for.
        if matches.given(flag) && !(is_new && value == -1) {
            limits.set(key, value);
        }
    }
    if let Some(text) = matches
        .text("payload")
        .filter(|_| is_new || matches.given("payload"))
    {
        limits.set("payload", parse_size(text, SizeRange::Bits64)?);
    }
    // A new account takes no bearer tokens unless it is told to.
    if is_new || matches.given("bearer") {
        limits.set("disallow_bearer", !matches.on("bearer"));
    }
    jetstream(limits, session, is_new)?;
    *limits = tidy(limits, &order::LIMITS);
    Ok(())
}

/// Limits of JetStream, which say something only if the account has it.
fn jetstream(limits: &mut Json, session: &Session, is_new: bool) -> Result<()> {
    let matches = &session.matches;
    let was_on = !is_new && has_jetstream(limits);
    let is_on = if matches.given("jetstream") || is_new {
        matches.on("jetstream")
    } else {
        was_on
    };
    if !is_on {
        for key in ["mem_storage", "disk_storage"] {
            limits.set(key, 0);
        }
        return Ok(());
    }
    if !was_on {
        for key in ["streams", "consumer"] {
            limits.set(key, -1);
        }
    }
    for (flag, key, kind) in [
        ("js-disk", "disk_storage", "Disk"),
        ("js-memory", "mem_storage", "Memory"),
    ] {
        let size = match matches.filled(flag) {
            Some(text) => parse_size(text, SizeRange::Bits64)?,
            None if was_on => continue,
            None => ask_size(session, flag, kind)?,
        };
        limits.set(key, size);
    }
    for (flag, key) in [
        ("js-memory-stream", "mem_max_stream_bytes"),
        ("js-disk-stream", "disk_max_stream_bytes"),
    ] {
        let size = parse_size(matches.text(flag).unwrap_or("-1"), SizeRange::Bits64)?;
        if size > 0 {
            limits.set(key, size);
        }
    }
    for (flag, key) in [
        ("js-streams", "streams"),
        ("js-consumers", "consumer"),
        ("js-max-pending", "max_ack_pending"),
    ] {
        if matches.given(flag) {
            limits.set(key, matches.int(flag));
        }
    }
    if matches.on("js-stream-size-required") {
        limits.set("max_bytes_required", true);
    }
    Ok(())
}
