//! `nats object del`.

use super::bucket::Bucket;
use super::info::show_bucket;
use crate::failure::Result;
use crate::format::human_size;
use crate::output::Json;
use crate::session::Session;

/// Deletes a file, or a bucket.
pub fn delete(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("bucket").to_owned();
    let mut bucket = Bucket::open(session.jetstream()?, &name)?;
    let forced = session.matches.on("force");
    let Some(file) = session.matches.arg("file").map(str::to_owned) else {
        let question = format!("Delete bucket {name} and all its files?");
        if forced || session.prompt().confirm_action(&question)? {
            bucket
                .api
                .request(&format!("STREAM.DELETE.{}", bucket.stream()), &Json::Null)?;
        }
        return Ok(());
    };
    let object = bucket.object(&file)?;
    let question = format!(
        "Delete {} byte file {name} > {file}?",
        human_size(object.size())
    );
    if !forced && !session.prompt().confirm_action(&question)? {
        return Ok(());
    }
    let mut meta = object.meta.clone();
    meta.set("size", 0)
        .set("chunks", 0)
        .set("digest", "")
        .set("deleted", true);
    bucket.write_meta(&file, &meta)?;
    if !object.id().is_empty() {
        bucket.purge_chunks(object.id())?;
    }
    println!("Removed {name} > {file}");
    bucket.refresh()?;
    show_bucket(&bucket);
    Ok(())
}
