//! `nats object add`, `edit` and `seal`.

use super::bucket::{Bucket, check_store_name};
use super::info::show_bucket;
use crate::commands::kv::{in_use, metadata, placement};
use crate::failure::Result;
use crate::format::{SizeRange, parse_size};
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;

/// Creates a bucket.
pub fn add(session: &mut Session) -> Result<()> {
    size(&session.matches)?;
    let api = session.management()?.for_buckets();
    let name = session.matches.required_arg("bucket").to_owned();
    let storage = match session.matches.text("storage") {
        Some("memory" | "m") => "memory",
        _ => "file",
    };
    let old = Json::object()
        .with("storage", storage)
        .with("placement", Json::object().with("cluster", ""));
    let config = configuration(&session.matches, &name, &old, true)?;
    let info = match api.request(&format!("STREAM.CREATE.OBJ_{name}"), &config) {
        Ok(info) => info,
        Err(error) if error.is_stream_name_in_use() => return Err(in_use(&name)),
        Err(error) => return Err(error.in_full().into()),
    };
    let mut bucket = Bucket { api, name, info };
    bucket.refresh()?;
    show_bucket(&bucket);
    Ok(())
}

/// Changes what is given.
pub fn edit(session: &mut Session) -> Result<()> {
    size(&session.matches)?;
    let name = session.matches.required_arg("bucket").to_owned();
    let mut bucket = Bucket::open(session.management()?, &name)?;
    let config = configuration(&session.matches, &name, bucket.info.at("config"), false)?;
    update(&mut bucket, &config)?;
    show_bucket(&bucket);
    Ok(())
}

/// Gives the stream of a bucket another configuration.
fn update(bucket: &mut Bucket, config: &Json) -> Result<()> {
    bucket
        .api
        .request(&format!("STREAM.UPDATE.{}", bucket.stream()), config)
        .map_err(|error| error.in_full())?;
    bucket.refresh()
}

/// Most bytes in a bucket, as flags say.
fn size(matches: &Matches) -> Result<i64> {
    match matches.filled("max-bucket-size") {
        Some(text) => parse_size(text, SizeRange::Bits64),
        None => Ok(0),
    }
}

/// A bucket's stream: what was there, and what the flags say. Of a new one
/// nothing was there, so that the defaults of flags count.
fn configuration(matches: &Matches, name: &str, old: &Json, new: bool) -> Result<Json> {
    check_store_name(name)?;
    let counts = |flag: &str| new || matches.given(flag);
    let mut config = Json::object().with("name", format!("OBJ_{name}"));
    let description = if counts("description") {
        matches.text("description").unwrap_or_default()
    } else {
        old.text("description")
    };
    if !description.is_empty() {
        config.set("description", description);
    }
    let most = if counts("max-bucket-size") {
        size(matches)?
    } else {
        old.int("max_bytes")
    };
    let age = if counts("ttl") {
        matches.nanos("ttl").unwrap_or_default()
    } else {
        old.int("max_age")
    };
    let replicas = if counts("replicas") {
        i64::try_from(matches.uint("replicas")).unwrap_or(i64::MAX)
    } else {
        old.int("num_replicas")
    };
    let compressed = match matches.switched("compress") {
        Some(compressed) => compressed,
        None => old.text("compression") == "s2",
    };
    let subjects = vec![format!("$O.{name}.C.>"), format!("$O.{name}.M.>")];
    config
        .set("subjects", subjects)
        .set("retention", "limits")
        .set("max_consumers", 0)
        .set("max_msgs", 0)
        .set("max_bytes", if most == 0 { -1 } else { most })
        .set("discard", "new")
        .set("max_age", age)
        .set("max_msgs_per_subject", 0)
        .set("storage", old.text("storage"))
        .set("num_replicas", replicas.max(1));
    placement(matches, old, &mut config);
    config
        .set("allow_rollup_hdrs", true)
        .set("compression", if compressed { "s2" } else { "none" })
        .set("allow_direct", true)
        .set("mirror_direct", false)
        .set("consumer_limits", Json::object());
    metadata(matches, old, &mut config);
    Ok(config)
}

/// Makes a bucket read-only.
pub fn seal(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("bucket").to_owned();
    let question =
        format!("Really seal Bucket {name}, sealed buckets can not be unsealed or modified");
    if !session.matches.on("force") && !session.prompt().confirm_action(&question)? {
        return Ok(());
    }
    let mut bucket = Bucket::open(session.management()?, &name)?;
    let config = bucket.info.at("config").clone().with("sealed", true);
    update(&mut bucket, &config)?;
    println!("{name} has been sealed");
    show_bucket(&bucket);
    Ok(())
}
