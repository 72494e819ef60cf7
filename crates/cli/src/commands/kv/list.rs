//! `nats kv ls`.

use super::values::printable;
use super::{Bucket, Operation};
use crate::commands::assets::Buckets;
use crate::failure::Result;
use crate::format::local_time_of;
use crate::jetstream::Start;
use crate::output::Table;
use crate::session::Session;

/// Key-value buckets.
const BUCKETS: Buckets = Buckets {
    prefix: "KV_",
    title: "Key-Value Buckets",
    counts_values: true,
    nothing_to_pick: "no KV buckets found",
};

/// Lists buckets, or keys of one.
pub fn list(session: &mut Session) -> Result<()> {
    match session.matches.arg("bucket").map(str::to_owned) {
        Some(name) => keys(session, &name),
        None => BUCKETS.list(session),
    }
}

/// The bucket named by the argument, or chosen from a list.
pub fn pick(session: &mut Session) -> Result<String> {
    BUCKETS.pick(session)
}

fn keys(session: &mut Session, name: &str) -> Result<()> {
    let bucket = Bucket::open(session.jetstream()?, name)?;
    let pattern = session.matches.arg("key").unwrap_or(">").to_owned();
    let shows_values = session.matches.on("display-value");
    let verbose = session.matches.on("verbose") || shows_values;
    let mut entries = bucket.entries(&pattern, Start::LastPerSubject, !shows_values)?;
    entries.retain(|entry| entry.operation == Operation::Put);
    if entries.is_empty() {
        if !session.matches.on("names") {
            println!("No keys found in bucket");
        }
        return Ok(());
    }
    if !verbose {
        for entry in entries {
            println!("{}", entry.key);
        }
        return Ok(());
    }
    let mut headers = vec!["Key", "Created", "Delta", "Revision"];
    if shows_values {
        headers.push("Value");
    }
    let mut table = Table::new(format!("Contents for bucket '{name}'"), &headers);
    for entry in entries {
        let created = jiff::Timestamp::from_nanosecond(entry.nanos.into()).map(local_time_of);
        let mut row = vec![
            entry.key.as_str().into(),
            created.unwrap_or_default().into(),
            entry.delta.into(),
            entry.revision.into(),
        ];
        if shows_values {
            row.push(printable(&entry.value).into());
        }
        table.row(row);
    }
    table.print();
    Ok(())
}
