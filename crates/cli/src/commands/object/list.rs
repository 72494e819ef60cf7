//! `nats object ls`.

use super::bucket::Bucket;
use crate::bail;
use crate::failure::Result;
use crate::format::{human_size, local_time};
use crate::jetstream::describe;
use crate::output::{Json, Table};
use crate::session::Session;

/// Lists buckets, or objects in one.
pub fn list(session: &mut Session) -> Result<()> {
    match session.matches.arg("bucket").map(str::to_owned) {
        Some(name) => objects(session, &name),
        None => buckets(session),
    }
}

fn streams(session: &mut Session) -> Result<Vec<Json>> {
    let api = session.jetstream()?;
    let mut found: Vec<Json> = api
        .all("STREAM.LIST", "streams", &Json::Null)?
        .into_iter()
        .filter(|info| info.text("config.name").starts_with("OBJ_"))
        .collect();
    found.sort_by(|a, b| a.text("config.name").cmp(b.text("config.name")));
    Ok(found)
}

fn bucket_name(info: &Json) -> &str {
    info.text("config.name")
        .strip_prefix("OBJ_")
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
        bail!("no object buckets found");
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
        println!("No Object Store buckets found");
        return Ok(());
    }
    found.sort_by_key(|info| info.uint("state.bytes"));
    let mut table = Table::new(
        "Object Store Buckets",
        &["Bucket", "Description", "Created", "Size", "Last Update"],
    );
    for info in &found {
        table.row(vec![
            bucket_name(info).into(),
            info.text("config.description").into(),
            local_time(info.text("created")).into(),
            human_size(info.uint("state.bytes")).into(),
            describe::last_message(info).into(),
        ]);
    }
    table.print();
    Ok(())
}

fn objects(session: &mut Session, name: &str) -> Result<()> {
    let bucket = Bucket::open(session.jetstream()?, name)?;
    let objects = bucket.objects()?;
    if session.matches.on("names") {
        for object in &objects {
            println!("{}", object.name());
        }
        return Ok(());
    }
    if objects.is_empty() {
        println!("No entries found");
        return Ok(());
    }
    let mut table = Table::new("Bucket Contents", &["Name", "Size", "Time"]);
    for object in &objects {
        table.row(vec![
            object.name().into(),
            human_size(object.size()).into(),
            local_time(&object.time).into(),
        ]);
    }
    table.print();
    Ok(())
}
