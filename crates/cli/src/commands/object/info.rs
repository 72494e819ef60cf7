//! `nats object info`.

use super::bucket::{Bucket, Object};
use super::list::pick;
use crate::commands::assets::{bucket_servers, without_reserved};
use crate::failure::Result;
use crate::format::{commas, human_duration, human_size, local_time};
use crate::jetstream::describe;
use crate::output::{Columns, Json};
use crate::session::Session;

/// Shows a bucket, or an object in it.
pub fn info(session: &mut Session) -> Result<()> {
    let name = pick(session)?;
    match session.matches.arg("file").map(str::to_owned) {
        Some(file) => {
            let bucket = Bucket::open(session.jetstream()?, &name)?;
            show_object(&bucket, &bucket.object(&file)?);
        }
        None => show_bucket(&Bucket::open(session.management()?, &name)?),
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
    c.row(
        "Maximum Bucket Size",
        match u64::try_from(info.int("config.max_bytes")) {
            Ok(most) => human_size(most),
            Err(_) => "unlimited".to_owned(),
        },
    );
    c.row("Storage", describe::storage(info.text("config.storage")));
    c.row("Backing Store Kind", "JetStream");
    c.row("JetStream Stream", bucket.stream());
    let metadata = without_reserved(info.at("config").clone());
    c.rows("Metadata", &pairs(metadata.at("metadata")));
    bucket_servers(&mut c, info.at("cluster"));
    c.print();
}

/// Keys and values by key, those on the left of one width.
fn pairs(metadata: &Json) -> Vec<String> {
    let mut pairs: Vec<(&str, &str)> = metadata
        .entries("")
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_text().unwrap_or_default()))
        .collect();
    pairs.sort_unstable();
    let longest = pairs.iter().map(|(key, _)| key.chars().count()).max();
    pairs
        .into_iter()
        .map(|(key, value)| format!("{key:>0$}: {value}", longest.unwrap_or(0)))
        .collect()
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
    let mut headers = Vec::new();
    for (key, values) in meta.entries("headers") {
        let texts = match values.as_text() {
            Some(text) => vec![text.to_owned()],
            None => values
                .list("")
                .iter()
                .filter_map(|v| v.as_text().map(str::to_owned))
                .collect(),
        };
        headers.extend(texts.iter().map(|text| format!("{key}: {text}")));
    }
    c.rows("Headers", &headers);
    describe::metadata(&mut c, meta.at("metadata"));
    c.print();
}
