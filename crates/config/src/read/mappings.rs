//! `mappings` (configuration.md 3.6, client-protocol.md 14).

use std::collections::{HashMap, HashSet};

use midge_subject::{Transform, TransformError};

use super::report::{Cast, Report, problem, shown_at};
use super::subjects;
use crate::error::Problem;
use crate::go_text::{self, quote};
use crate::lang::{Node, Value};
use crate::options::{FeatureKind, Mapping, MappingDestination};

/// All of the messages, per cent.
const WHOLE: i64 = 100;

/// Reads a `mappings` map.
pub(crate) fn read(report: &mut Report, key: &str, node: &Node) -> Cast<Vec<Mapping>> {
    let map = node.map()?;
    if !map.is_empty() {
        report.feature(FeatureKind::Mappings, key, &node.pos);
    }
    let mut mappings = Vec::new();
    for (source, value) in map.iter() {
        if !subjects::is_valid(source) {
            report.error(
                node,
                format!("Subject {} is not a valid subject", quote(source)),
            );
            continue;
        }
        let mut single = None;
        let read = match &value.value {
            Value::String(destination) => {
                single = Some(destination);
                Ok(vec![MappingDestination {
                    subject: destination.clone(),
                    weight: WHOLE as u8,
                    cluster: String::new(),
                }])
            }
            Value::Array(items) => items
                .iter()
                .map(|item| destination(report, item, value))
                .collect(),
            Value::Map(_) => destination(report, value, value).map(|one| vec![one]),
            _ => Err(problem(
                value,
                "Expected an entry for the mapping destination",
            )),
        };
        let Some(destinations) = report.take(read) else {
            continue;
        };
        match check(source, &destinations) {
            Ok(()) => mappings.push(Mapping {
                source: source.to_owned(),
                destinations,
            }),
            Err(cause) => {
                let to = single.map_or_else(String::new, |to| format!(" to {}", quote(to)));
                report.error(
                    value,
                    format!("Error adding mapping for {}{to} : {cause}", quote(source)),
                );
            }
        }
    }
    Ok(mappings)
}

/// Weights, duplicates and transforms of one source.
fn check(source: &str, destinations: &[MappingDestination]) -> Result<(), String> {
    let mut seen = HashSet::new();
    let mut weights: HashMap<&str, i64> = HashMap::new();
    for destination in destinations {
        if !seen.insert(&destination.subject) {
            return Err(format!(
                "duplicate entry for {}",
                quote(&destination.subject)
            ));
        }
        let total = weights.entry(&destination.cluster).or_default();
        *total += i64::from(destination.weight);
        if *total > WHOLE {
            return Err("total weight needs to be <= 100".to_owned());
        }
        // The reference takes an empty destination and crashes on the first
        // message (client-protocol.md 26.3).
        if destination.subject.is_empty() {
            return Err("invalid mapping destination: empty destination".to_owned());
        }
        check_tokens(&destination.subject)
            .and_then(|()| Transform::new(source, &destination.subject))
            .map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// What a destination must keep to before its source is looked at.
fn check_tokens(destination: &str) -> Result<(), TransformError> {
    let mut rest_seen = false;
    for token in destination.split('.') {
        let function = token.starts_with("{{") && token.ends_with("}}");
        let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}');
        if token.is_empty() || (!function && token.contains(blank)) {
            return Err(TransformError::InvalidDestination);
        }
        if rest_seen {
            return Err(TransformError::TokenAfterRest(token.to_owned()));
        }
        rest_seen = token == ">";
    }
    Ok(())
}

/// One `{ destination, weight, cluster }`. `place` is the source's.
fn destination(report: &mut Report, node: &Node, place: &Node) -> Cast<MappingDestination> {
    let Value::Map(map) = &node.value else {
        return Err(problem(
            node,
            "Expected an entry for the mapping destination",
        ));
    };
    let at_place = |e: Problem| shown_at(e, place);
    let (mut subject, mut cluster) = (String::new(), String::new());
    let mut weight = None;
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "dest" | "destination" => subject = value.text().map_err(at_place)?.to_owned(),
            "weight" => weight = Some(self::weight(value)?),
            "cluster" => cluster = value.text().map_err(at_place)?.to_owned(),
            _ => report.unknown_as(value, || {
                format!("Unknown field {} for mapping destination", quote(key))
            }),
        }
    }
    let Some(weight) = weight else {
        return Err(problem(
            place,
            format!("Missing weight for mapping destination {}", quote(&subject)),
        ));
    };
    Ok(MappingDestination {
        subject,
        weight,
        cluster,
    })
}

fn weight(node: &Node) -> Cast<u8> {
    let number = match &node.value {
        Value::Integer(number) => *number,
        Value::String(text) => {
            let digits = text.trim().trim_end_matches('%');
            go_text::parse_int("Atoi", digits).map_err(|_| {
                problem(
                    node,
                    format!("Invalid weight {} for mapping destination", quote(digits)),
                )
            })?
        }
        _ => {
            return Err(problem(
                node,
                format!("Unknown entry type for weight of {}\n", node.shown()),
            ));
        }
    };
    u8::try_from(number)
        .ok()
        .filter(|weight| i64::from(*weight) <= WHOLE)
        .ok_or_else(|| {
            problem(
                node,
                format!("Invalid weight {number} for mapping destination"),
            )
        })
}
