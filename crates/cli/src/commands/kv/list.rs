//! `nats kv ls`.

use super::values::printable;
use super::{Bucket, Operation};
use crate::bail;
use crate::failure::Result;
use crate::format::{commas, human_size, local_time, local_time_of};
use crate::jetstream::{Start, describe};
use crate::output::{Json, Table};
use crate::session::Session;

/// Lists buckets, or keys of one.
pub fn list(session: &mut Session) -> Result<()> {
    match session.matches.arg("bucket").map(str::to_owned) {
        Some(name) => keys(session, &name),
        None => buckets(session),
    }
}

/// INFO of the streams of all buckets.
fn streams(session: &mut Session) -> Result<Vec<Json>> {
    let api = session.jetstream()?;
    let mut found: Vec<Json> = api
        .all("STREAM.LIST", "streams", &Json::Null)?
        .into_iter()
        .filter(|info| info.text("config.name").starts_with("KV_"))
        .collect();
    found.sort_by(|a, b| a.text("config.name").cmp(b.text("config.name")));
    Ok(found)
}

fn bucket_name(info: &Json) -> &str {
    info.text("config.name")
        .strip_prefix("KV_")
        .unwrap_or_default()
}

/// The bucket named by the argument, or chosen from a list.
pub fn pick(session: &mut Session) -> Result<String> {
    if let Some(name) = session.matches.arg("bucket") {
        return Ok(name.to_owned());
    }
    let names: Vec<String> = streams(session)?
        .iter()
        .map(|info| bucket_name(info).to_owned())
        .collect();
    if names.is_empty() {
        bail!("no KV buckets found");
    }
    let chosen = session.prompt().select("Select a Bucket", &names, 0)?;
    Ok(names.get(chosen).cloned().unwrap_or_default())
}

fn buckets(session: &mut Session) -> Result<()> {
    let mut found = streams(session)?;
    if session.matches.on("names") {
        for info in &found {
            println!("{}", bucket_name(info));
        }
        return Ok(());
    }
    if found.is_empty() {
        println!("No Key-Value buckets found");
        return Ok(());
    }
    found.sort_by_key(|info| info.uint("state.bytes"));
    let mut table = Table::new(
        "Key-Value Buckets",
        &[
            "Bucket",
            "Description",
            "Created",
            "Size",
            "Values",
            "Last Update",
        ],
    );
    for info in &found {
        table.row(vec![
            bucket_name(info).into(),
            info.text("config.description").into(),
            local_time(info.text("created")).into(),
            human_size(info.uint("state.bytes")).into(),
            commas(info.uint("state.messages")).into(),
            describe::last_message(info).into(),
        ]);
    }
    table.print();
    Ok(())
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
