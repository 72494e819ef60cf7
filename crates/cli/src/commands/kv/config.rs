//! `nats kv add` and `edit`.

use super::Bucket;
use super::bucket::check_bucket_name;
use super::info::show;
use crate::bail;
use crate::failure::Result;
use crate::format::{SizeRange, parse_size};
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;

/// Most revisions of a key that are kept.
const MAX_HISTORY: i64 = 64;
/// Window for duplicate ids, unless values live shorter.
const DUPLICATE_WINDOW: i64 = 120_000_000_000;
/// API level of servers with limit markers.
const MARKER_LEVEL: i64 = 1;

fn stream_of(bucket: &str) -> String {
    if bucket.starts_with("KV_") {
        bucket.to_owned()
    } else {
        format!("KV_{bucket}")
    }
}

/// Creates a bucket.
pub fn add(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("bucket").to_owned();
    check_bucket_name(&name)?;
    let mut config = Json::object().with("name", format!("KV_{name}"));
    if let Some(description) = session.matches.filled("description") {
        config.set("description", description);
    }
    if session.matches.filled("mirror").is_none() {
        config.set("subjects", vec![format!("$KV.{name}.>")]);
    }
    config
        .set("retention", "limits")
        .set("max_consumers", -1)
        .set("max_msgs", -1);
    config
        .set("max_bytes", -1)
        .set("discard", "new")
        .set("max_age", 0);
    config
        .set("max_msgs_per_subject", 1)
        .set("max_msg_size", -1);
    let storage = match session.matches.text("storage") {
        Some("memory" | "m") => "memory",
        _ => "file",
    };
    config
        .set("storage", storage)
        .set("num_replicas", 1)
        .set("duplicate_window", DUPLICATE_WINDOW);
    config
        .set("deny_delete", true)
        .set("allow_rollup_hdrs", true)
        .set("allow_direct", true);
    config.set("compression", "none");
    apply(&session.matches, &name, &mut config, true)?;
    if let Some(mirror) = session.matches.filled("mirror") {
        let mut origin = Json::object().with("name", stream_of(mirror));
        if let Some(domain) = session.matches.filled("mirror-domain") {
            let external = Json::object()
                .with("api", format!("$JS.{domain}.API"))
                .with("deliver", "");
            origin.set("external", external);
        }
        config.set("mirror", origin).set("mirror_direct", true);
    }
    if session.matches.given("marker-ttl") {
        session.need_api_level(MARKER_LEVEL, "limit marker TTLs not supported by server")?;
    }
    let api = session.jetstream()?;
    let info = match api.request(&format!("STREAM.CREATE.KV_{name}"), &config) {
        Ok(info) => info,
        Err(error) if error.err_code() == 10058 => {
            bail!(
                "nats: bucket {name:?} exists with a different configuration ({})",
                error.err_code()
            )
        }
        Err(error) => return Err(error.into()),
    };
    show(&Bucket::of(api, &name, info));
    Ok(())
}

/// Changes what is given.
pub fn edit(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("bucket").to_owned();
    let bucket = Bucket::open(session.jetstream()?, &name)?;
    let mut config = bucket.info.at("config").clone();
    apply(&session.matches, &name, &mut config, false)?;
    if session.matches.on("no-mirror") {
        config.remove("mirror");
        config
            .set("mirror_direct", false)
            .set("subjects", vec![format!("$KV.{name}.>")]);
    }
    let info = bucket
        .api
        .request(&format!("STREAM.UPDATE.KV_{name}"), &config)?;
    show(&Bucket::of(bucket.api, &name, info));
    Ok(())
}

/// Sets what the flags say.
fn apply(matches: &Matches, bucket: &str, config: &mut Json, new: bool) -> Result<()> {
    if matches.given("description") {
        config.set(
            "description",
            matches.text("description").unwrap_or_default(),
        );
    }
    if matches.given("history") || new {
        let history = matches.int("history");
        if history > MAX_HISTORY {
            bail!("nats: history limited to a max of {MAX_HISTORY}");
        }
        config.set("max_msgs_per_subject", history.max(1));
    }
    if let Some(ttl) = matches.nanos("ttl").filter(|_| matches.given("ttl")) {
        config.set("max_age", ttl.max(0));
        let window = if ttl > 0 {
            ttl.min(DUPLICATE_WINDOW)
        } else {
            DUPLICATE_WINDOW
        };
        config.set("duplicate_window", window);
    }
    if let Some(ttl) = matches
        .nanos("marker-ttl")
        .filter(|_| matches.given("marker-ttl"))
    {
        config
            .set("allow_msg_ttl", true)
            .set("subject_delete_marker_ttl", ttl);
    }
    if matches.given("replicas") || new {
        config.set("num_replicas", matches.uint("replicas"));
    }
    for (flag, field, range) in [
        ("max-value-size", "max_msg_size", SizeRange::Bits32),
        ("max-bucket-size", "max_bytes", SizeRange::Bits64),
    ] {
        if let Some(text) = matches.filled(flag) {
            let size = parse_size(text, range)?;
            config.set(field, if size == 0 { -1 } else { size });
        }
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
    republish(matches, config)?;
    if matches.given("source") {
        let sources = matches.list("source").iter().map(|source| {
            let stream = stream_of(source);
            let origin = stream.strip_prefix("KV_").unwrap_or(source);
            let transform = Json::object()
                .with("src", format!("$KV.{origin}.>"))
                .with("dest", format!("$KV.{bucket}.>"));
            Json::object()
                .with("name", stream.as_str())
                .with("subject_transforms", Json::List(vec![transform]))
        });
        config.set("sources", Json::List(sources.collect()));
    }
    Ok(())
}

/// Where replicas are placed.
pub fn placement(matches: &Matches, config: &mut Json) {
    if !matches.given("tags") && !matches.given("cluster") {
        return;
    }
    let mut placement = config.key("placement").clone();
    if matches.given("cluster") {
        placement.set("cluster", matches.text("cluster").unwrap_or_default());
    }
    if matches.given("tags") {
        placement.set("tags", matches.split_list("tags"));
    }
    config.set("placement", placement);
}

fn republish(matches: &Matches, config: &mut Json) -> Result<()> {
    let source = matches.filled("republish-source");
    let destination = matches.filled("republish-destination");
    match (source, destination) {
        (Some(source), Some(destination)) => {
            let mut republish = Json::object().with("src", source).with("dest", destination);
            if matches.on("republish-headers") {
                republish.set("headers_only", true);
            }
            config.set("republish", republish);
            Ok(())
        }
        (None, None) if !matches.on("republish-headers") => Ok(()),
        _ => bail!("must specify both --republish-source and --republish-destination"),
    }
}
