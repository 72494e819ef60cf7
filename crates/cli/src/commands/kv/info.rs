//! `nats kv info`.

use super::Bucket;
use super::list::pick;
use crate::commands::assets::bucket_servers;
use crate::failure::Result;
use crate::format::{commas, human_duration, human_size, local_time};
use crate::jetstream::describe;
use crate::output::{Columns, Json};
use crate::session::Session;

/// Shows a bucket.
pub fn info(session: &mut Session) -> Result<()> {
    let name = pick(session)?;
    show(&Bucket::open(session.management()?, &name)?);
    Ok(())
}

fn limit(value: i64) -> String {
    match u64::try_from(value) {
        Ok(size) => human_size(size),
        Err(_) => "unlimited".to_owned(),
    }
}

/// Shows a bucket.
pub fn show(bucket: &Bucket) {
    let info = &bucket.info;
    let mut c = Columns::new(format!(
        "Information for Key-Value Store Bucket {} created {}",
        bucket.name,
        local_time(info.text("created"))
    ));
    let compressed = !matches!(info.text("config.compression"), "" | "none");
    let marker = info.int("config.subject_delete_marker_ttl");
    c.section("Configuration");
    c.row("Bucket Name", bucket.name.as_str());
    c.row("History Kept", commas(bucket.history()));
    c.row("Values Stored", commas(info.uint("state.messages")));
    c.row("Compressed", compressed.to_string());
    c.row("Per-Key TTL Supported", (marker > 0).to_string());
    if marker > 0 {
        c.row("Limit Marker TTL", human_duration(marker));
    }
    c.row("Backing Store Kind", "JetStream");
    c.row_filled("Description", info.text("config.description"));
    c.row("Bucket Size", human_size(info.uint("state.bytes")));
    c.row("Maximum Bucket Size", limit(info.int("config.max_bytes")));
    c.row("Maximum Value Size", limit(info.int("config.max_msg_size")));
    let age = info.int("config.max_age");
    c.row(
        "Maximum Age",
        if age > 0 {
            human_duration(age)
        } else {
            "unlimited".to_owned()
        },
    );
    c.row("JetStream Stream", bucket.stream());
    c.row("Storage", describe::storage(info.text("config.storage")));
    if info.has("config.republish") {
        let label = if info.on("config.republish.headers_only") {
            "Republishing Headers"
        } else {
            "Republishing"
        };
        c.row(
            label,
            format!(
                "{} to {}",
                info.text("config.republish.src"),
                info.text("config.republish.dest")
            ),
        );
    }
    if info.has("mirror") {
        let mirror = info.at("config.mirror");
        c.section("Mirror Information");
        origin(&mut c, "Origin Bucket", mirror);
        origin_state(&mut c, info.at("mirror"));
    }
    if !info.list("sources").is_empty() {
        c.section("Sources Information");
        for source in info.list("sources") {
            for config in info.list("config.sources") {
                if config.text("name") == source.text("name") {
                    origin(&mut c, "Source Bucket", config);
                }
            }
            origin_state(&mut c, source);
        }
    }
    describe::metadata(&mut c, info.at("config.metadata"));
    bucket_servers(&mut c, info.at("cluster"));
    c.print();
}

/// The bucket that values come from, and through which API.
fn origin(c: &mut Columns, label: &str, config: &Json) {
    let stream = config.text("name");
    c.row(label, stream.strip_prefix("KV_").unwrap_or(stream));
    if config.has("external") {
        c.row("External API", config.text("external.api"));
    }
}

fn origin_state(c: &mut Columns, origin: &Json) {
    let active = origin.int("active");
    let seen = match active {
        i64::MAX => "never".to_owned(),
        active if active > 0 => human_duration(active),
        _ => "never".to_owned(),
    };
    c.row("Last Seen", seen);
    c.row("Lag", commas(origin.uint("lag")));
}
