//! `nats kv put`, `get`, `create` and `update`.

use std::io::{IsTerminal, Read, Write, stdin, stdout};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Bucket;
use crate::failure::Result;
use crate::format::{commas, go_duration, local_time_of, parse_uint};
use crate::session::Session;

/// Bytes of a value that are shown without `--raw`.
const SHOWN: usize = 120;

fn open(session: &mut Session) -> Result<(Bucket, String)> {
    let name = session.matches.required_arg("bucket").to_owned();
    let key = session.matches.required_arg("key").to_owned();
    Ok((Bucket::open(session.jetstream()?, &name)?, key))
}

/// The value given as an argument, or standard input.
fn value(session: &Session) -> Result<Vec<u8>> {
    let given = session.matches.arg("value").unwrap_or_default();
    if given.is_empty() && !stdin().is_terminal() {
        let mut value = Vec::new();
        stdin().lock().read_to_end(&mut value)?;
        return Ok(value);
    }
    Ok(given.as_bytes().to_vec())
}

/// The time to live that was asked for; empty for none.
pub fn ttl(session: &Session) -> String {
    match session.matches.nanos("ttl") {
        Some(ttl) if ttl > 0 => go_duration(ttl),
        Some(_) | None => String::new(),
    }
}

fn print_given(session: &Session) {
    println!("{}", session.matches.arg("value").unwrap_or_default());
}

/// Puts a value.
pub fn put(session: &mut Session) -> Result<()> {
    let (bucket, key) = open(session)?;
    let value = value(session)?;
    bucket.put(&key, &value)?;
    print_given(session);
    Ok(())
}

/// Puts a value for a new key.
pub fn create(session: &mut Session) -> Result<()> {
    let ttl = ttl(session);
    let (bucket, key) = open(session)?;
    let value = value(session)?;
    bucket.create(&key, &value, &ttl)?;
    print_given(session);
    Ok(())
}

/// Puts a value if the key is at a revision.
pub fn update(session: &mut Session) -> Result<()> {
    let revision = parse_uint(session.matches.required_arg("revision"))?;
    let (bucket, key) = open(session)?;
    let value = value(session)?;
    bucket.update(&key, &value, revision)?;
    print_given(session);
    Ok(())
}

/// Shows a value.
pub fn get(session: &mut Session) -> Result<()> {
    let revision = session
        .matches
        .given("revision")
        .then(|| session.matches.uint("revision"));
    let (bucket, key) = open(session)?;
    let entry = bucket.get(&key, revision.filter(|revision| *revision > 0))?;
    let mut out = stdout().lock();
    if session.matches.on("raw") {
        out.write_all(&entry.value)?;
        out.flush()?;
        return Ok(());
    }
    let created = jiff::Timestamp::from_nanosecond(entry.nanos.into())
        .map(local_time_of)
        .unwrap_or_default();
    writeln!(
        out,
        "{} > {key} revision: {} created @ {created}\n",
        bucket.name, entry.revision
    )?;
    let text = printable(&entry.value);
    if text.len() > SHOWN {
        writeln!(
            out,
            "Showing first {SHOWN} bytes of {}, use --raw for full data\n",
            commas(text.len() as u64)
        )?;
        writeln!(out, "{}\n", text.get(..SHOWN).unwrap_or_default())?;
    } else {
        writeln!(out, "{text}\n")?;
    }
    Ok(())
}

/// A value as text, or in base64 unless all of it is printable ASCII.
pub fn printable(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if text.bytes().all(|letter| matches!(letter, b' '..=b'~')) => text.to_owned(),
        Ok(_) | Err(_) => STANDARD.encode(value),
    }
}
