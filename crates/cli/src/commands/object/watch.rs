//! `nats object watch`.

use std::io::{Write, stdout};
use std::time::Duration;

use super::bucket::Bucket;
use crate::failure::Result;
use crate::format::{commas, human_size, local_time_of};
use crate::jetstream::Start;
use crate::output::Json;
use crate::output::style::Color;
use crate::session::Session;

/// A wait that has no end.
const ENDLESS: Duration = Duration::from_secs(86_400);

/// Shows changes as they happen.
pub fn watch(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("bucket").to_owned();
    let bucket = Bucket::open(session.jetstream()?, &name)?;
    let mut reader = bucket.meta_reader(Start::All)?;
    loop {
        let Some((message, delivered)) = reader.next(ENDLESS)? else {
            continue;
        };
        let Ok(meta) = Json::parse(&message.payload) else {
            continue;
        };
        let time = jiff::Timestamp::from_nanosecond(delivered.nanos.into()).map(local_time_of);
        let time = time.unwrap_or_default();
        let file = meta.text("name");
        let mut out = stdout().lock();
        if meta.on("deleted") {
            writeln!(out, "[{time}] {} {name} > {file}", Color::Red.paint("DEL"))?;
        } else {
            writeln!(
                out,
                "[{time}] {} {name} > {file}: {} bytes in {} chunks",
                Color::Green.paint("PUT"),
                human_size(meta.uint("size")),
                commas(meta.uint("chunks"))
            )?;
        }
        out.flush()?;
    }
}
