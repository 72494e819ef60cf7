//! `nats object add`, `edit` and `seal`.

use super::bucket::Bucket;
use super::info::show_bucket;
use crate::commands::kv::{check_bucket_name, placement};
use crate::failure::Result;
use crate::format::{SizeRange, parse_size};
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;

/// Creates a bucket.
pub fn add(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("bucket").to_owned();
    check_bucket_name(&name)?;
    let mut config = Json::object().with("name", format!("OBJ_{name}"));
    if let Some(description) = session.matches.filled("description") {
        config.set("description", description);
    }
    let subjects = vec![format!("$O.{name}.C.>"), format!("$O.{name}.M.>")];
    config
        .set("subjects", subjects)
        .set("retention", "limits")
        .set("max_consumers", -1);
    config
        .set("max_msgs", -1)
        .set("max_bytes", -1)
        .set("discard", "new")
        .set("max_age", 0);
    let storage = match session.matches.text("storage") {
        Some("memory" | "m") => "memory",
        _ => "file",
    };
    config.set("storage", storage).set("num_replicas", 1);
    config
        .set("allow_rollup_hdrs", true)
        .set("allow_direct", true)
        .set("compression", "none");
    apply(&session.matches, &mut config, true)?;
    let api = session.jetstream()?;
    let info = api.request(&format!("STREAM.CREATE.OBJ_{name}"), &config)?;
    show_bucket(&Bucket { api, name, info });
    Ok(())
}

/// Changes what is given.
pub fn edit(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("bucket").to_owned();
    let mut bucket = Bucket::open(session.jetstream()?, &name)?;
    let mut config = bucket.info.at("config").clone();
    apply(&session.matches, &mut config, false)?;
    bucket.info = bucket
        .api
        .request(&format!("STREAM.UPDATE.OBJ_{name}"), &config)?;
    show_bucket(&bucket);
    Ok(())
}

fn apply(matches: &Matches, config: &mut Json, new: bool) -> Result<()> {
    if matches.given("description") {
        config.set(
            "description",
            matches.text("description").unwrap_or_default(),
        );
    }
    if let Some(ttl) = matches.nanos("ttl").filter(|_| matches.given("ttl")) {
        config.set("max_age", ttl.max(0));
    }
    if matches.given("replicas") || new {
        config.set("num_replicas", matches.uint("replicas"));
    }
    if let Some(text) = matches.filled("max-bucket-size") {
        let size = parse_size(text, SizeRange::Bits64)?;
        config.set("max_bytes", if size == 0 { -1 } else { size });
    }
    placement(matches, config);
    if let Some(compress) = matches.switched("compress") {
        config.set("compression", if compress { "s2" } else { "none" });
    }
    if matches.given("metadata") {
        let pairs = matches
            .map("metadata")
            .into_iter()
            .filter(|(key, _)| !key.starts_with("_nats."));
        config.set(
            "metadata",
            Json::Object(pairs.map(|(key, value)| (key, value.into())).collect()),
        );
    }
    Ok(())
}

/// Makes a bucket read-only.
pub fn seal(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("bucket").to_owned();
    let question =
        format!("Really seal Bucket {name}, sealed buckets can not be unsealed or modified");
    if !session.matches.on("force") && !session.prompt().confirm_action(&question)? {
        return Ok(());
    }
    let mut bucket = Bucket::open(session.jetstream()?, &name)?;
    let config = bucket.info.at("config").clone().with("sealed", true);
    bucket.info = bucket
        .api
        .request(&format!("STREAM.UPDATE.OBJ_{name}"), &config)?;
    println!("{name} has been sealed");
    show_bucket(&bucket);
    Ok(())
}
