//! `nats kv watch`.

use std::io::{Write, stdout};
use std::time::Duration;

use super::{Bucket, Operation};
use crate::failure::Result;
use crate::format::local_time_of;
use crate::jetstream::Start;
use crate::output::style::Color;
use crate::session::Session;

/// A wait that has no end.
const ENDLESS: Duration = Duration::from_secs(86_400);

/// Shows changes as they happen.
pub fn watch(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("bucket").to_owned();
    let pattern = session.matches.required_arg("key").to_owned();
    let bucket = Bucket::open(session.jetstream()?, &name)?;
    let matches = &session.matches;
    let start = if matches.given("revision") && matches.uint("revision") > 0 {
        Start::Sequence(matches.uint("revision"))
    } else if matches.on("updates") {
        Start::New
    } else if matches.on("history") {
        Start::All
    } else {
        Start::LastPerSubject
    };
    let shows_deletes = matches.on("deletes");
    let mut watch = bucket.watch(&pattern, start, false)?;
    loop {
        let Some(entry) = watch.next(ENDLESS)? else {
            continue;
        };
        let time = jiff::Timestamp::from_nanosecond(entry.nanos.into()).map(local_time_of);
        let time = time.unwrap_or_default();
        let mut out = stdout().lock();
        match entry.operation {
            Operation::Put => {
                let put = Color::Green.paint("PUT");
                write!(out, "[{time}] {put} {name} > {}: ", entry.key)?;
                out.write_all(&entry.value)?;
                writeln!(out)?;
            }
            operation if shows_deletes => writeln!(
                out,
                "[{time}] {} {name} > {}",
                Color::Red.paint(operation.text()),
                entry.key
            )?,
            Operation::Delete | Operation::Purge => {}
        }
        out.flush()?;
    }
}
