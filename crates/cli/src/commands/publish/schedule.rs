//! Schedules of published messages.

use jiff::Timestamp;

use crate::bail;
use crate::client::Headers;
use crate::fail;
use crate::failure::Result;
use crate::format::{go_duration, now_nanos};
use crate::parse::Matches;

/// The headers of a schedule; nothing if no flag asks for one.
pub fn headers(matches: &Matches) -> Result<Option<Headers>> {
    let (at, after, every, cron) = (
        matches.filled("schedule-at"),
        matches.nanos("schedule-after"),
        matches.nanos("schedule-every"),
        matches.filled("schedule-cron"),
    );
    let ttl = matches.nanos("schedule-ttl").filter(|ttl| *ttl > 0);
    let source = matches.filled("schedule-source");
    let destination = matches.filled("schedule-dest");
    let planned = at.is_some() || after.is_some() || every.is_some() || cron.is_some();
    if !planned && ttl.is_none() && source.is_none() && destination.is_none() {
        return Ok(None);
    }
    let Some(destination) = destination else {
        bail!("schedule destination is required when setting schedule properties");
    };
    if after.is_some_and(|after| after <= 0) {
        bail!("--schedule-after must be greater than 0");
    }
    if every.is_some_and(|every| every <= 0) {
        bail!("--schedule-every must be greater than 0");
    }
    if at.is_some() && after.is_some() {
        bail!("--schedule-at and --schedule-after are mutually exclusive");
    }
    if every.is_some() && (at.is_some() || after.is_some()) {
        bail!("--schedule-every may not be used with --schedule-at or --schedule-after");
    }
    if cron.is_some() && (at.is_some() || after.is_some() || every.is_some()) {
        bail!(
            "--schedule-at, --schedule-every and --schedule-after may not be used with --schedule-cron"
        );
    }
    let mut headers = Headers::new();
    headers.add("Nats-Schedule-Target", destination);
    if let Some(schedule) = schedule(at, after, every, cron)? {
        headers.add("Nats-Schedule", schedule);
    }
    if let Some(ttl) = ttl {
        headers.add("Nats-Schedule-TTL", go_duration(ttl));
    }
    if let Some(source) = source {
        headers.add("Nats-Schedule-Source", source);
    }
    Ok(Some(headers))
}

fn schedule(
    at: Option<&str>,
    after: Option<i64>,
    every: Option<i64>,
    cron: Option<&str>,
) -> Result<Option<String>> {
    if let Some(at) = at {
        let time: Timestamp = at
            .parse()
            .map_err(|_| fail!("invalid schedule time {at:?}: RFC 3339 is needed"))?;
        return Ok(Some(format!("@at {}", whole_seconds(time, 0))));
    }
    if let Some(after) = after {
        let time = Timestamp::from_nanosecond(i128::from(now_nanos()) + i128::from(after))
            .map_err(|error| fail!("--schedule-after: {error}"))?;
        // The original writes the bare time, which servers refuse (cli.md
        // 11.2).
        // A part of a second counts as one, so that the time is not over
        // before it is read.
        return Ok(Some(format!("@at {}", whole_seconds(time, 1))));
    }
    if let Some(every) = every {
        return Ok(Some(format!("@every {}", go_duration(every))));
    }
    Ok(cron.map(str::to_owned))
}

/// In UTC without the part of a second, for which there are `more` seconds.
fn whole_seconds(time: Timestamp, more: i128) -> String {
    const SECOND: i128 = 1_000_000_000;
    let nanos = time.as_nanosecond();
    let part = nanos.rem_euclid(SECOND);
    let whole = nanos - part + if part > 0 { more * SECOND } else { 0 };
    Timestamp::from_nanosecond(whole)
        .unwrap_or(time)
        .to_string()
}
