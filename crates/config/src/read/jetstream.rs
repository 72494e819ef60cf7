//! `jetstream` (configuration.md 5).

use super::account_jetstream::switch;
use super::report::{Cast, Report, problem, shown_at, unplaced};
use super::time;
use crate::error::Problem;
use crate::go_text::{self, quote};
use crate::lang::{Node, Value};
use crate::options::{
    BatchLimits, Cipher, FeatureKind, JetStreamLimits, JetStreamOptions, Options, Tpm,
};

/// Concurrent file operations that make sense.
const CONCURRENT_IO: std::ops::RangeInclusive<i64> = 4..=8192;

/// Reads the value. Wrong types inside are shown at the place of the key itself.
pub(crate) fn read(report: &mut Report, options: &mut Options, key: &str, node: &Node) -> Cast<()> {
    let map = match &node.value {
        Value::Bool(yes) => {
            options.jetstream_enabled = *yes;
            return Ok(());
        }
        Value::String(text) => {
            options.jetstream_enabled = switch(node, text)?;
            return Ok(());
        }
        Value::Map(map) => map,
        other => {
            return Err(problem(
                node,
                format!(
                    "Expected map, bool or string to define JetStream, got {}",
                    other.type_name()
                ),
            ));
        }
    };
    report.feature(FeatureKind::JetStream, key, &node.pos);
    let mut enable = true;
    let store_dir = options.jetstream.store_dir.clone();
    let js = &mut options.jetstream;
    for (key, value) in map.iter() {
        let read = option(report, js, &store_dir, &mut enable, key, value);
        match read {
            Ok(()) => {}
            Err(Stop::Type(problem)) => {
                return Err(shown_at(problem, node));
            }
            Err(Stop::Value(problem)) => return Err(problem),
        }
    }
    options.jetstream_enabled = enable;
    Ok(())
}

/// Why the block ends early.
enum Stop {
    /// A wrong type: the place is that of the block.
    Type(Problem),
    /// Another problem, with its own place.
    Value(Problem),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Stop::Type(problem)
    }
}

fn option(
    report: &mut Report,
    js: &mut JetStreamOptions,
    top_store_dir: &Option<String>,
    enable: &mut bool,
    key: &str,
    value: &Node,
) -> Result<(), Stop> {
    let stop = |text: String| Stop::Value(problem(value, text));
    match key.to_lowercase().as_str() {
        "strict" => {
            js.strict = value.boolean().map_err(|_| {
                stop(format!(
                    "Expected 'true' or 'false' for bool value, got '{}'",
                    value.shown()
                ))
            })?;
        }
        "store" | "store_dir" | "storedir" => {
            if top_store_dir.is_some() {
                return Err(stop("Duplicate 'store_dir' configuration".to_owned()));
            }
            js.store_dir = value.some_text()?;
        }
        "sync" | "sync_interval" => {
            if let Value::String(text) = &value.value
                && text.eq_ignore_ascii_case("always")
            {
                js.sync_always = true;
            } else {
                let field = key.to_lowercase();
                js.sync_interval = Some(time::duration(report, &field, value)?);
            }
        }
        "max_memory_store" | "max_mem_store" | "max_mem" => {
            js.max_memory_store = Some(size(value, "max_mem_store").map_err(stop)?);
        }
        "max_file_store" | "max_file" => {
            js.max_file_store = Some(size(value, "max_file_store").map_err(stop)?);
        }
        "domain" => js.domain = value.some_text()?,
        "enable" | "enabled" => *enable = value.boolean()?,
        "key" | "ek" | "encryption_key" => js.key = value.some_text()?,
        "prev_key" | "prev_ek" | "prev_encryption_key" => js.prev_key = value.some_text()?,
        "cipher" => js.cipher = cipher(value)?.map_err(stop)?,
        "extension_hint" => {
            report.feature(FeatureKind::JetStreamCluster, key, &value.pos);
            js.extension_hint = value.some_text()?;
        }
        "limits" => {
            js.limits = limits(report, value)?;
        }
        "tpm" => {
            report.feature(FeatureKind::Tpm, key, &value.pos);
            js.tpm = tpm(report, value)?;
        }
        "unique_tag" => {
            report.feature(FeatureKind::JetStreamCluster, key, &value.pos);
            js.unique_tag = value.some_text()?.map(|tag| tag.trim().to_lowercase());
        }
        "max_outstanding_catchup" => {
            report.feature(FeatureKind::JetStreamCluster, key, &value.pos);
            js.max_outstanding_catchup = size(value, key).map_err(stop)?;
        }
        "max_buffered_size" => js.max_buffered_size = size(value, key).map_err(stop)?,
        "max_buffered_msgs" => js.max_buffered_msgs = count(key, value)?,
        "request_queue_limit" => js.request_queue_limit = count(key, value)?,
        "info_queue_limit" => js.info_queue_limit = count(key, value)?,
        "meta_compact" => {
            report.feature(FeatureKind::JetStreamCluster, key, &value.pos);
            js.meta_compact = value
                .int()
                .ok()
                .and_then(|number| u64::try_from(number).ok())
                .ok_or_else(|| stop(not_absolute(key, value)))?;
        }
        "meta_compact_size" => {
            report.feature(FeatureKind::JetStreamCluster, key, &value.pos);
            let number = size(value, key).map_err(stop)?;
            js.meta_compact_size =
                u64::try_from(number).map_err(|_| stop(not_absolute(key, value)))?;
        }
        "meta_compact_sync" => {
            report.feature(FeatureKind::JetStreamCluster, key, &value.pos);
            js.meta_compact_sync = value.boolean()?;
        }
        "max_concurrent_io" => {
            js.max_concurrent_io = value
                .int()
                .ok()
                .filter(|number| CONCURRENT_IO.contains(number))
                .ok_or_else(|| {
                    stop(format!(
                        "Expected an absolute size for {} between {} and {}, got {}",
                        quote(key),
                        CONCURRENT_IO.start(),
                        CONCURRENT_IO.end(),
                        value.shown()
                    ))
                })?;
        }
        _ => report.unknown(value, key),
    }
    Ok(())
}

fn not_absolute(key: &str, node: &Node) -> String {
    format!(
        "Expected an absolute size for {}, got {}",
        quote(key),
        node.shown()
    )
}

fn count(key: &str, node: &Node) -> Result<i64, Stop> {
    node.int().map_err(|_| {
        Stop::Value(problem(
            node,
            format!(
                "Expected a parseable size for {}, got {}",
                quote(key),
                node.shown()
            ),
        ))
    })
}

/// A number, or a text of digits with one of `K M G T` (powers of 1024).
pub(crate) fn size(node: &Node, name: &str) -> Result<i64, String> {
    let text = match &node.value {
        Value::Integer(number) => return Ok(*number),
        Value::String(text) if text.is_empty() => return Ok(0),
        Value::String(text) => text,
        _ => return Err(format!("{name} must be int64 or string")),
    };
    let split = text.char_indices().next_back().map_or(0, |(at, _)| at);
    let (digits, suffix) = text.split_at(split);
    let number = go_text::parse_int("ParseInt", digits).map_err(|e| format!("{name} {e}"))?;
    let power = match suffix {
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => {
            return Err(format!(
                "{name} sizes defined as strings must end in K, M, G, T"
            ));
        }
    };
    number
        .checked_mul(1 << (10 * power))
        .ok_or_else(|| format!("{name} is out of the range: {}", quote(text)))
}

/// Outer: the type; inner: the name.
fn cipher(node: &Node) -> Cast<Result<Cipher, String>> {
    let text = node.text()?;
    Ok(match text.to_lowercase().as_str() {
        "chacha" | "chachapoly" => Ok(Cipher::ChaCha),
        "aes" => Ok(Cipher::Aes),
        _ => Err(format!("Unknown cipher type: {}", quote(text))),
    })
}

fn duration(node: &Node) -> Result<std::time::Duration, Stop> {
    go_text::parse_duration(node.text()?)
        .map(time::span)
        .map_err(|text| Stop::Value(unplaced(node, text)))
}

fn limits(report: &mut Report, node: &Node) -> Result<JetStreamLimits, Stop> {
    let Value::Map(map) = &node.value else {
        return Err(Stop::Value(problem(
            node,
            format!(
                "Expected a map to define JetStreamLimits, got {}",
                node.value.type_name()
            ),
        )));
    };
    let mut limits = JetStreamLimits::default();
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "max_ack_pending" => limits.max_ack_pending = value.int()?,
            "max_ha_assets" => limits.max_ha_assets = value.int()?,
            "max_request_batch" => limits.max_request_batch = value.int()?,
            "duplicate_window" => limits.duplicate_window = duration(value)?,
            "default_max_consumers" => limits.default_max_consumers = value.int()?,
            "batch" => {
                report.feature(FeatureKind::Batches, key, &value.pos);
                limits.batch = batch(report, value)?;
            }
            _ => report.unknown(value, key),
        }
    }
    Ok(limits)
}

fn batch(report: &mut Report, node: &Node) -> Result<BatchLimits, Stop> {
    let Value::Map(map) = &node.value else {
        return Err(Stop::Value(problem(
            node,
            format!(
                "Expected a map to define batch limits, got {}",
                node.value.type_name()
            ),
        )));
    };
    let mut limits = BatchLimits::default();
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "max_inflight_per_stream" => limits.max_inflight_per_stream = value.int()?,
            "max_inflight_total" => limits.max_inflight_total = value.int()?,
            "max_msgs" => limits.max_msgs = value.int()?,
            "timeout" => limits.timeout = duration(value)?,
            _ => report.unknown(value, key),
        }
    }
    Ok(limits)
}

fn tpm(report: &mut Report, node: &Node) -> Result<Tpm, Stop> {
    let Value::Map(map) = &node.value else {
        return Err(Stop::Value(problem(
            node,
            format!(
                "Expected a map to define JetStreamLimits, got {}",
                node.value.type_name()
            ),
        )));
    };
    let mut tpm = Tpm::default();
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "keys_file" => tpm.keys_file = value.some_text()?,
            "encryption_password" => tpm.encryption_password = value.some_text()?,
            "srk_password" => tpm.srk_password = value.some_text()?,
            "pcr" => tpm.pcr = value.int()?,
            "cipher" => {
                tpm.cipher = cipher(value)?.map_err(|text| Stop::Value(problem(value, text)))?;
            }
            _ => report.unknown(value, key),
        }
    }
    Ok(tpm)
}
