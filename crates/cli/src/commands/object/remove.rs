//! `nats object del`.

use super::bucket::{Bucket, not_found};
use super::info::show_bucket;
use crate::failure::Result;
use crate::format::human_size;
use crate::output::Json;
use crate::session::Session;

/// Whether it may be done; says what is skipped.
fn allowed(session: &Session, question: &str) -> Result<bool> {
    if session.matches.on("force") || session.prompt().confirm(question, false)? {
        return Ok(true);
    }
    println!("Skipping delete");
    Ok(false)
}

/// Deletes a file, or a bucket.
pub fn delete(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("bucket").to_owned();
    let mut bucket = Bucket::open(session.jetstream()?, &name)?;
    let Some(file) = session.matches.arg("file").map(str::to_owned) else {
        let question = format!("Delete bucket {name} and all its files?");
        if allowed(session, &question)? {
            bucket
                .api
                .request(&format!("STREAM.DELETE.{}", bucket.stream()), &Json::Null)
                .map_err(|error| error.in_full())?;
        }
        return Ok(());
    };
    let object = match bucket.find(&file)? {
        // A deleted one may be deleted again, if nobody is to be asked.
        Some(object) if session.matches.on("force") || !object.is_deleted() => object,
        Some(_) | None => return Err(not_found()),
    };
    let question = format!(
        "Delete {} byte file {name} > {file}?",
        human_size(object.size())
    );
    if !allowed(session, &question)? {
        return Ok(());
    }
    let mut meta = object.meta.clone();
    meta.set("size", 0)
        .set("chunks", 0)
        .set("mtime", "0001-01-01T00:00:00Z")
        .set("deleted", true);
    meta.remove("digest");
    bucket.write_meta(&file, &meta)?;
    if !object.id().is_empty() {
        bucket.purge_chunks(object.id())?;
    }
    println!("Removed {name} > {file}");
    bucket.refresh()?;
    show_bucket(&bucket);
    Ok(())
}
