//! `nats kv ls`.

use super::{Bucket, Entry, Operation};
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
    let api = session
        .jetstream()
        .map_err(|failure| failure.context("unable to prepare js helper"))?;
    let bucket =
        Bucket::open(api, name).map_err(|failure| failure.context("unable to load bucket"))?;
    let pattern = match session.matches.arg("key") {
        None | Some("") => ">".to_owned(),
        Some(pattern) => pattern.to_owned(),
    };
    let verbose = session.matches.on("verbose");
    let shows_values = verbose && session.matches.on("display-value");
    let mut entries = bucket.entries(&pattern, Start::LastPerSubject, !shows_values)?;
    entries.retain(|entry| entry.operation == Operation::Put);
    if verbose {
        table(name, &entries, shows_values).print();
    } else {
        for entry in &entries {
            println!("{}", entry.key);
        }
    }
    if entries.is_empty() && !session.matches.on("names") {
        println!("No keys found in bucket");
    }
    Ok(())
}

fn table(name: &str, entries: &[Entry], shows_values: bool) -> Table {
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
            // Each is the latest of its key.
            0.into(),
            entry.revision.into(),
        ];
        if shows_values {
            row.push(String::from_utf8_lossy(&entry.value).as_ref().into());
        }
        table.row(row);
    }
    table
}
