//! `nats object info`.

use super::bucket::{Bucket, Object};
use super::list::pick;
use crate::failure::Result;
use crate::format::{commas, human_duration, human_size, local_time};
use crate::jetstream::describe;
use crate::output::Columns;
use crate::session::Session;

/// Shows a bucket, or an object in it.
pub fn info(session: &mut Session) -> Result<()> {
    let name = pick(session)?;
    let bucket = Bucket::open(session.jetstream()?, &name)?;
    match session.matches.arg("file") {
        Some(file) => {
            show_object(&bucket, &bucket.object(file)?);
            println!();
        }
        None => show_bucket(&bucket),
    }
    Ok(())
}

/// Shows a bucket.
pub fn show_bucket(bucket: &Bucket) {
    let info = &bucket.info;
    let mut c = Columns::new(format!(
        "Information for Object Store Bucket {} created {}",
        bucket.name,
        local_time(info.text("created"))
    ));
    c.section("Configuration");
    c.row("Bucket Name", bucket.name.as_str());
    c.row_filled("Description", info.text("config.description"));
    c.row("Replicas", commas(info.int("config.num_replicas")));
    let age = info.int("config.max_age");
    c.row(
        "TTL",
        if age > 0 {
            human_duration(age)
        } else {
            "unlimited".to_owned()
        },
    );
    c.row("Sealed", info.on("config.sealed").to_string());
    c.row("Size", human_size(info.uint("state.bytes")));
    let most = u64::try_from(info.int("config.max_bytes")).unwrap_or(0);
    c.row(
        "Maximum Bucket Size",
        if most > 0 {
            human_size(most)
        } else {
            "unlimited".to_owned()
        },
    );
    c.row("Storage", describe::storage(info.text("config.storage")));
    c.row("Backing Store Kind", "JetStream");
    c.row("JetStream Stream", bucket.stream());
    describe::metadata(&mut c, info.at("config.metadata"));
    c.section("Cluster Information");
    describe::cluster(&mut c, info.at("cluster"));
    c.print();
}

/// Shows an object.
pub fn show_object(bucket: &Bucket, object: &Object) {
    let meta = &object.meta;
    let mut c = Columns::new(format!(
        "Object information for {} > {}",
        bucket.name,
        object.name()
    ));
    c.row_filled("Description", meta.text("description"));
    c.row("Size", human_size(object.size()));
    c.row("Modification Time", local_time(&object.time));
    c.row("Chunks", commas(meta.uint("chunks")));
    if let Some(digest) = object.digest() {
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        c.row("Digest", format!("SHA-256 {hex}"));
    }
    if object.is_deleted() {
        c.row("Deleted", "true");
    }
    for (key, values) in meta.entries("headers") {
        let texts = match values.as_text() {
            Some(text) => vec![text.to_owned()],
            None => values
                .list("")
                .iter()
                .filter_map(|v| v.as_text().map(str::to_owned))
                .collect(),
        };
        for text in texts {
            c.row("Headers", format!("{key}: {text}"));
        }
    }
    describe::metadata(&mut c, meta.at("metadata"));
    c.print();
}
