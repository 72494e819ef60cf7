//! `jetstream` of an account (configuration.md 5.4).

use super::report::{Cast, Report, problem};
use crate::go_text::quote;
use crate::lang::{Node, Value};
use crate::options::{AccountJetStream, ClusterTraffic};

/// What `jetstream: enabled` and its like mean.
pub(crate) fn switch(node: &Node, text: &str) -> Cast<bool> {
    match text.to_lowercase().as_str() {
        "enabled" | "enable" => Ok(true),
        "disabled" | "disable" => Ok(false),
        _ => Err(problem(
            node,
            format!("Expected 'enabled' or 'disabled' for string value, got '{text}'"),
        )),
    }
}

/// Reads the value; `None` is off.
pub(crate) fn read(report: &mut Report, node: &Node) -> Cast<Option<AccountJetStream>> {
    let unlimited = |yes: bool| yes.then(AccountJetStream::default);
    let map = match &node.value {
        Value::Bool(yes) => return Ok(unlimited(*yes)),
        Value::String(text) => return switch(node, text).map(unlimited),
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
    let mut limits = AccountJetStream::default();
    for (key, value) in map.iter() {
        let number = || {
            value.int().map_err(|_| {
                problem(
                    value,
                    format!(
                        "Expected a parseable size for {}, got {}",
                        quote(key),
                        value.shown()
                    ),
                )
            })
        };
        match key.to_lowercase().as_str() {
            "max_memory" | "max_mem" | "mem" | "memory" => limits.max_memory = number()?,
            "max_store" | "max_file" | "max_disk" | "store" | "disk" => {
                limits.max_store = number()?;
            }
            "max_streams" | "streams" => limits.max_streams = number()?,
            "max_consumers" | "consumers" => limits.max_consumers = number()?,
            "max_ack_pending" => limits.max_ack_pending = number()?,
            "mem_max_stream_bytes" | "memory_max_stream_bytes" => {
                limits.memory_max_stream_bytes = number()?;
            }
            "disk_max_stream_bytes" | "store_max_stream_bytes" => {
                limits.store_max_stream_bytes = number()?;
            }
            "max_bytes" | "max_bytes_required" | "max_stream_bytes" => {
                limits.max_bytes_required = value.boolean().map_err(|_| {
                    problem(
                        value,
                        format!(
                            "Expected a parseable bool for {}, got {}",
                            quote(key),
                            value.shown()
                        ),
                    )
                })?;
            }
            "cluster_traffic" => limits.cluster_traffic = cluster_traffic(key, value)?,
            _ => report.unknown(value, key),
        }
    }
    Ok(Some(limits))
}

fn cluster_traffic(key: &str, node: &Node) -> Cast<ClusterTraffic> {
    let fail = |either: &str| {
        problem(
            node,
            format!(
                "Expected {either}'system' or 'owner' string value for {}, got {}",
                quote(key),
                node.shown()
            ),
        )
    };
    let Value::String(text) = &node.value else {
        return Err(fail("either "));
    };
    match text.to_lowercase().as_str() {
        "system" | "" => Ok(ClusterTraffic::System),
        "owner" => Ok(ClusterTraffic::Owner),
        _ => Err(fail("")),
    }
}
