//! `nats kv add` and `edit`.

use super::Bucket;
use super::bucket::check_bucket_name;
use super::info::show;
use crate::fail;
use crate::failure::{Failure, Result};
use crate::format::{SizeRange, parse_size};
use crate::jetstream::{Api, ApiError};
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;

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

/// Fails for values that flags cannot have.
fn check_flags(matches: &Matches) -> Result<()> {
    for (flag, range) in [
        ("max-value-size", SizeRange::Bits32),
        ("max-bucket-size", SizeRange::Bits64),
    ] {
        if let Some(text) = matches.filled(flag) {
            parse_size(text, range)?;
        }
    }
    Ok(())
}

/// Creates a bucket.
pub fn add(session: &mut Session) -> Result<()> {
    check_flags(&session.matches)?;
    let api = session.management()?.for_buckets();
    let name = session.matches.required_arg("bucket").to_owned();
    let storage = match session.matches.text("storage") {
        Some("memory" | "m") => "memory",
        _ => "file",
    };
    let mut old = Json::object()
        .with("storage", storage)
        .with("num_replicas", 1);
    if let Some(mirror) = session.matches.filled("mirror") {
        let mut origin = Json::object().with("name", mirror);
        if let Some(domain) = session.matches.filled("mirror-domain") {
            let external = Json::object()
                .with("api", format!("$JS.{domain}.API"))
                .with("deliver", "");
            origin.set("external", external);
        }
        old.set("mirror", origin);
    }
    check_bucket_name(&name)?;
    let config = configuration(session, &api, &name, &old, true)?;
    let info = match api.request(&format!("STREAM.CREATE.KV_{name}"), &config) {
        Ok(info) => info,
        Err(error) if error.is_stream_name_in_use() => return Err(in_use(&name)),
        Err(error) => return Err(error.in_full().into()),
    };
    let mut bucket = Bucket::of(api, &name, info);
    bucket.refresh()?;
    show(&bucket);
    Ok(())
}

/// There is a bucket of this name already, with another configuration.
pub fn in_use(name: &str) -> Failure {
    fail!(
        "nats: bucket name already in use: {name}\n\
         nats: API error: code=400 err_code=10058 description=stream name already in use"
    )
}

/// Changes what is given.
pub fn edit(session: &mut Session) -> Result<()> {
    check_flags(&session.matches)?;
    let name = session.matches.required_arg("bucket").to_owned();
    let mut bucket = Bucket::open(session.management()?, &name)?;
    let mut old = bucket.info.at("config").clone();
    if session.matches.on("no-mirror") {
        old.remove("mirror");
    }
    let config = configuration(session, &bucket.api, &name, &old, false)?;
    bucket
        .api
        .request(&format!("STREAM.UPDATE.KV_{name}"), &config)
        .map_err(|error: ApiError| error.in_full())?;
    bucket.refresh()?;
    show(&bucket);
    Ok(())
}

/// There is no JetStream, at all or for the account.
fn not_enabled(err_code: i64, whom: &str) -> String {
    format!("nats: API error: code=503 err_code={err_code} description=jetstream not enabled{whom}")
}

/// Fails where there is no JetStream.
fn need_jetstream(api: &Api) -> Result<()> {
    match api.request("INFO", &Json::Null) {
        Ok(_) => Ok(()),
        Err(ApiError::NotAvailable(_)) => Err(not_enabled(10076, "").into()),
        Err(ApiError::Server {
            err_code: 10039, ..
        }) => Err(not_enabled(10039, " for account").into()),
        Err(error) => Err(error.in_full().into()),
    }
}

/// A bucket's stream: what was there, and what the flags say. Of a new one
/// nothing was there, so that the defaults of flags count.
fn configuration(
    session: &mut Session,
    api: &Api,
    name: &str,
    old: &Json,
    new: bool,
) -> Result<Json> {
    need_jetstream(api)?;
    if session.matches.given("marker-ttl") {
        session.need_api_level(
            MARKER_LEVEL,
            "nats: limit marker TTLs not supported by server",
        )?;
    }
    let matches = &session.matches;
    let counts = |flag: &str| new || matches.given(flag);
    let number = |flag: &str, key: &str, given: i64| {
        let value = if counts(flag) { given } else { old.int(key) };
        if value == 0 { -1 } else { value }
    };
    let size = |flag: &str, range| match matches.filled(flag) {
        Some(text) => parse_size(text, range),
        None => Ok(0),
    };
    let mut config = Json::object().with("name", format!("KV_{name}"));
    let description = if counts("description") {
        matches.text("description").unwrap_or_default()
    } else {
        old.text("description")
    };
    if !description.is_empty() {
        config.set("description", description);
    }
    let mirror = mirror(old);
    if mirror.is_null() {
        config.set("subjects", vec![format!("$KV.{name}.>")]);
    }
    let ttl = matches.nanos("ttl").unwrap_or_default();
    let age = number("ttl", "max_age", ttl).max(0);
    let window = match age {
        0 => DUPLICATE_WINDOW,
        age => age.min(DUPLICATE_WINDOW),
    };
    let replicas = i64::try_from(matches.uint("replicas")).unwrap_or(i64::MAX);
    config
        .set("retention", "limits")
        .set("max_consumers", -1)
        .set("max_msgs", -1)
        .set(
            "max_bytes",
            number(
                "max-bucket-size",
                "max_bytes",
                size("max-bucket-size", SizeRange::Bits64)?,
            ),
        )
        .set("discard", "new")
        .set("max_age", age)
        .set(
            "max_msgs_per_subject",
            number("history", "max_msgs_per_subject", matches.int("history")),
        )
        .set(
            "max_msg_size",
            number(
                "max-value-size",
                "max_msg_size",
                size("max-value-size", SizeRange::Bits32)?,
            ),
        )
        .set("storage", old.text("storage"))
        .set(
            "num_replicas",
            number("replicas", "num_replicas", replicas).max(1),
        )
        .set("duplicate_window", window);
    placement(matches, old, &mut config);
    let mirrored = !mirror.is_null();
    if mirrored {
        config.set("mirror", mirror);
    } else {
        let sources = sources(matches, name, old);
        if !sources.list("").is_empty() {
            config.set("sources", sources);
        }
    }
    let compressed = match matches.switched("compress") {
        Some(compressed) => compressed,
        None => old.text("compression") == "s2",
    };
    config
        .set("deny_delete", true)
        .set("allow_rollup_hdrs", true)
        .set("compression", if compressed { "s2" } else { "none" });
    republish(matches, old, &mut config);
    config
        .set("allow_direct", true)
        .set("mirror_direct", mirrored)
        .set("consumer_limits", Json::object());
    metadata(matches, old, &mut config);
    let marker = if counts("marker-ttl") {
        matches.nanos("marker-ttl").unwrap_or_default()
    } else {
        old.int("subject_delete_marker_ttl")
    };
    if marker != 0 {
        config
            .set("allow_msg_ttl", true)
            .set("subject_delete_marker_ttl", marker);
    }
    Ok(config)
}

/// The origin of a mirror, by the name of its stream.
fn mirror(old: &Json) -> Json {
    let mut mirror = old.at("mirror").clone();
    if !mirror.is_null() {
        let stream = stream_of(mirror.text("name"));
        mirror.set("name", stream);
    }
    mirror
}

/// Sources that were there, and those that flags add.
fn sources(matches: &Matches, bucket: &str, old: &Json) -> Json {
    let mut sources = old.list("sources").to_vec();
    for source in matches.list("source") {
        let stream = stream_of(source);
        let origin = stream.strip_prefix("KV_").unwrap_or(source);
        let transform = Json::object()
            .with("src", format!("$KV.{origin}.>"))
            .with("dest", format!("$KV.{bucket}.>"));
        sources.push(
            Json::object()
                .with("name", stream.as_str())
                .with("subject_transforms", Json::List(vec![transform])),
        );
    }
    Json::List(sources)
}

/// Metadata of the flags, or else what was there.
pub fn metadata(matches: &Matches, old: &Json, config: &mut Json) {
    let metadata = if matches.given("metadata") {
        let mut pairs = matches.map("metadata");
        pairs.sort();
        let pairs = pairs.into_iter().map(|(key, value)| (key, value.into()));
        Json::Object(pairs.collect())
    } else {
        old.at("metadata").clone()
    };
    if !metadata.entries("").is_empty() {
        config.set("metadata", metadata);
    }
}

/// Where replicas are placed: as flags say, or else as they were.
pub fn placement(matches: &Matches, old: &Json, config: &mut Json) {
    let placement = if matches.given("tags") || matches.given("cluster") {
        let cluster = matches.text("cluster").unwrap_or_default();
        let mut placement = Json::object().with("cluster", cluster);
        if matches.given("tags") {
            placement.set("tags", matches.list("tags").to_vec());
        }
        placement
    } else {
        old.at("placement").clone()
    };
    if !placement.is_null() {
        config.set("placement", placement);
    }
}

fn republish(matches: &Matches, old: &Json, config: &mut Json) {
    let mut republish = old.at("republish").clone();
    if let Some(destination) = matches.filled("republish-destination") {
        let source = matches.text("republish-source").unwrap_or_default();
        republish = Json::object().with("dest", destination);
        if !source.is_empty() {
            republish = Json::object().with("src", source).with("dest", destination);
        }
        if matches.on("republish-headers") {
            republish.set("headers_only", true);
        }
    }
    if !republish.is_null() {
        config.set("republish", republish);
    }
}
