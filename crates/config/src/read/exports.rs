//! `exports` of an account (configuration.md 3.7).

use super::report::{Cast, Report, problem};
use super::time;
use crate::go_text::{self, quote};
use crate::lang::{Map, Node, Value};
use crate::options::{Export, Latency, ResponseType, ShareKind};

/// Reads the list. Entries that are wrong are reported and left out.
pub(crate) fn read(report: &mut Report, node: &Node) -> Cast<Vec<Export>> {
    let Value::Array(items) = &node.value else {
        return Err(problem(
            node,
            format!("Exports should be an array, got {}", node.value.type_name()),
        ));
    };
    let mut exports = Vec::new();
    for item in items {
        let Value::Map(map) = &item.value else {
            report.error(
                item,
                format!(
                    "Export Items should be a map with type entry, got {}",
                    item.value.type_name()
                ),
            );
            continue;
        };
        let read = entry(report, map);
        exports.extend(report.take(read).flatten());
    }
    Ok(exports)
}

/// What only services have, with the key it was given by.
#[derive(Default)]
struct ServiceOnly<'n> {
    response: Option<(ResponseType, &'n Node)>,
    threshold: Option<(std::time::Duration, &'n Node)>,
    latency: Option<(Latency, &'n Node)>,
    allow_trace: Option<(bool, &'n Node)>,
}

fn entry(report: &mut Report, map: &Map) -> Cast<Option<Export>> {
    let mut kind: Option<ShareKind> = None;
    let mut subject = String::new();
    let mut accounts = None;
    let mut position = 0;
    let mut service = ServiceOnly::default();
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "stream" => {
                let text = name(value, "stream")?;
                if kind == Some(ShareKind::Service) {
                    report.error(
                        value,
                        format!("Detected stream {} but already saw a service", quote(text)),
                    );
                    continue;
                }
                (kind, subject) = (Some(ShareKind::Stream), text.to_owned());
            }
            "service" => {
                let text = name(value, "service")?;
                if kind == Some(ShareKind::Stream) {
                    report.error(
                        value,
                        format!("Detected service {} but already saw a stream", quote(text)),
                    );
                    continue;
                }
                (kind, subject) = (Some(ShareKind::Service), text.to_owned());
            }
            "response" | "response_type" => {
                if service.response.is_some() {
                    report.error(value, "Duplicate response type definition");
                    continue;
                }
                service.response = Some((response_type(value)?, value));
            }
            "threshold" | "response_threshold" | "response_max_time" | "response_time" => {
                if service.threshold.is_some() {
                    report.error(value, "Duplicate response threshold detected");
                    continue;
                }
                service.threshold = Some((threshold(value)?, value));
            }
            "accounts" => accounts = Some(account_names(value)?),
            "latency" => {
                let read = latency(value);
                service.latency = report.take(read).map(|latency| (latency, value));
            }
            "account_token_position" => {
                position = u32::try_from(value.int()?).unwrap_or(0);
            }
            "allow_trace" => service.allow_trace = Some((value.boolean()?, value)),
            _ => report.unknown(value, key),
        }
    }
    let Some(kind) = kind else {
        return Ok(None);
    };
    if kind == ShareKind::Stream {
        only_for_services(&service)?;
    }
    Ok(Some(Export {
        kind,
        subject,
        accounts,
        account_token_position: position,
        response: service.response.map(|(value, _)| value).unwrap_or_default(),
        response_threshold: service.threshold.map(|(value, _)| value),
        latency: service.latency.map(|(value, _)| value),
        allow_trace: service.allow_trace.is_some_and(|(yes, _)| yes),
    }))
}

fn only_for_services(service: &ServiceOnly<'_>) -> Cast<()> {
    let response = service
        .response
        .as_ref()
        .map(|(_, node)| node)
        .or(service.threshold.as_ref().map(|(_, node)| node));
    let (node, what) = if let Some(node) = response {
        (node, "response")
    } else if let Some((_, node)) = &service.latency {
        (node, "latency")
    } else if let Some((_, node)) = &service.allow_trace {
        (node, "allow_trace")
    } else {
        return Ok(());
    };
    Err(problem(
        node,
        format!("Detected {what} directive on non-service"),
    ))
}

fn name<'n>(node: &'n Node, what: &str) -> Cast<&'n str> {
    match &node.value {
        Value::String(text) => Ok(text),
        other => Err(problem(
            node,
            format!(
                "Expected {what} name to be string, got {}",
                other.type_name()
            ),
        )),
    }
}

fn response_type(node: &Node) -> Cast<ResponseType> {
    let Value::String(text) = &node.value else {
        return Err(problem(
            node,
            format!(
                "Expected response type to be string, got {}",
                node.value.type_name()
            ),
        ));
    };
    match text.to_lowercase().as_str() {
        "single" | "singleton" => Ok(ResponseType::Singleton),
        "stream" => Ok(ResponseType::Stream),
        "chunk" | "chunked" => Ok(ResponseType::Chunked),
        _ => Err(problem(
            node,
            format!("Unknown response type: {}", quote(text)),
        )),
    }
}

fn threshold(node: &Node) -> Cast<std::time::Duration> {
    let got = match &node.value {
        Value::String(text) => match go_text::parse_duration(text) {
            Ok(nanos) => return Ok(time::span(nanos)),
            Err(_) => quote(text),
        },
        other => other.type_name().to_owned(),
    };
    Err(problem(
        node,
        format!("Expected response threshold to be a parseable time duration, got {got}"),
    ))
}

fn account_names(node: &Node) -> Cast<Vec<String>> {
    node.items()?
        .iter()
        .map(|item| item.text().map(str::to_owned))
        .collect()
}

/// Every request is sampled, per cent.
const ALL: u8 = 100;

fn latency(node: &Node) -> Cast<Latency> {
    let map = match &node.value {
        Value::String(subject) => {
            return Ok(Latency {
                subject: subject.clone(),
                sampling: ALL,
            });
        }
        Value::Map(map) => map,
        other => {
            return Err(problem(
                node,
                format!(
                    "Expected latency entry to be a map/struct or string, got {}",
                    other.type_name()
                ),
            ));
        }
    };
    let mut latency = Latency {
        subject: String::new(),
        sampling: ALL,
    };
    // These two keys are not matched without regard to case; others are ignored.
    if let Some(value) = map.get("sampling") {
        latency.sampling = latency_sampling(value)?;
    }
    match map.get("subject") {
        Some(value) => value.text()?.clone_into(&mut latency.subject),
        None => return Err(problem(node, "Latency subject required, but missing")),
    }
    Ok(latency)
}

fn latency_sampling(node: &Node) -> Cast<u8> {
    let number = match &node.value {
        Value::Integer(number) => *number,
        Value::String(text) if text.trim().eq_ignore_ascii_case("headers") => return Ok(0),
        Value::String(text) => go_text::parse_int("Atoi", text.trim_end_matches('%'))
            .map_err(|e| problem(node, format!("Failed to parse latency sample: {e}")))?,
        other => {
            return Err(problem(
                node,
                format!(
                    "Expected latency sample to be a string or map/struct, got {}",
                    other.type_name()
                ),
            ));
        }
    };
    u8::try_from(number)
        .ok()
        .filter(|number| (1..=ALL).contains(number))
        .ok_or_else(|| problem(node, "bad sampling percentage, should be 1-100"))
}
