//! `permissions` (configuration.md 3.3).

use super::report::{Cast, Report, Texts, problem, unplaced};
use super::{subjects, time};
use crate::error::Problem;
use crate::go_text::{self, quote};
use crate::lang::{Node, Value};
use crate::options::{Permissions, ResponsePermission, SubjectPermission};

/// Whether entries may be `"subject queue"`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Queues {
    Allowed,
    Refused,
}

/// Reads a permissions map. `Err` when it is none.
pub(crate) fn read(report: &mut Report, node: &Node) -> Cast<Permissions> {
    let Value::Map(map) = &node.value else {
        return Err(problem(
            node,
            format!(
                "Expected permissions to be a map/struct, got {}",
                node.shown()
            ),
        ));
    };
    let mut permissions = Permissions::default();
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "pub" | "publish" | "import" => {
                let read = direction(report, value, Queues::Refused);
                if let Some(read) = report.take(read) {
                    permissions.publish = read;
                }
            }
            "sub" | "subscribe" | "export" => {
                let read = direction(report, value, Queues::Allowed);
                if let Some(read) = report.take(read) {
                    permissions.subscribe = read;
                }
            }
            "publish_allow_responses" | "allow_responses" => {
                let read = responses(report, value);
                if let Some(read) = report.take(read) {
                    permissions.response = read;
                }
            }
            _ => report.unknown_as(value, || {
                format!("Unknown field {} parsing permissions", quote(key))
            }),
        }
    }
    if permissions.response.is_some() {
        // Answers are all that may be published, unless more is allowed.
        let publish = permissions.publish.get_or_insert_default();
        publish.allow.get_or_insert_default();
    }
    Ok(permissions)
}

fn direction(report: &mut Report, node: &Node, queues: Queues) -> Cast<Option<SubjectPermission>> {
    let Value::Map(map) = &node.value else {
        return Ok(Some(SubjectPermission {
            allow: Some(list(node, queues)?),
            deny: Vec::new(),
        }));
    };
    if map.is_empty() {
        return Ok(None);
    }
    let mut permission = SubjectPermission::default();
    for (key, value) in map.iter() {
        let place = |problem: Problem| Problem {
            pos: problem.pos.or_else(|| Some(value.pos.clone())),
            ..problem
        };
        match key.to_lowercase().as_str() {
            "allow" => {
                let subjects = list(value, queues).map_err(place);
                if let Some(subjects) = report.take(subjects) {
                    permission.allow = Some(subjects);
                }
            }
            "deny" => {
                let subjects = list(value, queues).map_err(place);
                if let Some(subjects) = report.take(subjects) {
                    permission.deny = subjects;
                }
            }
            _ => report.unknown_as(value, || {
                format!(
                    "Unknown field name {} parsing subject permissions, only 'allow' or 'deny' are permitted",
                    quote(key)
                )
            }),
        }
    }
    Ok(Some(permission))
}

/// One subject or a list. Problems of the value as a whole have no place; the
/// caller may know one.
pub(crate) fn subject_list(node: &Node) -> Cast<Vec<String>> {
    list(node, Queues::Refused)
}

fn list(node: &Node, queues: Queues) -> Cast<Vec<String>> {
    let subjects: Vec<String> = match node.texts() {
        Some(Texts::One(text)) => vec![text.to_owned()],
        Some(Texts::Many(items)) => {
            let mut subjects = Vec::with_capacity(items.len());
            for item in items {
                match &item.value {
                    Value::String(text) => subjects.push(text.clone()),
                    _ => {
                        return Err(problem(
                            item,
                            "Subject in permissions array cannot be cast to string",
                        ));
                    }
                }
            }
            subjects
        }
        None => {
            return Err(unplaced(
                node,
                format!(
                    "Expected subject permissions to be a subject, or array of subjects, got {}",
                    node.value.type_name()
                ),
            ));
        }
    };
    let items = match &node.value {
        Value::Array(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    for (subject, item) in subjects.iter().zip(items) {
        check(subject, queues).map_err(|text| unplaced(item, text))?;
    }
    Ok(subjects)
}

fn check(text: &str, queues: Queues) -> Result<(), String> {
    let invalid = || format!("subject {} is not a valid subject", quote(text));
    if queues == Queues::Refused {
        return if subjects::is_valid(text) {
            Ok(())
        } else {
            Err(invalid())
        };
    }
    check_with_queue(text).map_err(|wrong| match wrong {
        Wrong::Subject => invalid(),
        Wrong::Queue(queue) => format!("queue {} is not a valid queue", quote(queue)),
    })
}

/// What is wrong with a `"subject queue"` entry.
pub(crate) enum Wrong<'t> {
    Subject,
    Queue(&'t str),
}

/// Checks `"subject"` or `"subject queue"`.
pub(crate) fn check_with_queue(text: &str) -> Result<(), Wrong<'_>> {
    let mut words = text.split_whitespace();
    let (subject, queue) = (words.next(), words.next());
    if words.next().is_some() || !subjects::is_valid(subject.unwrap_or("")) {
        return Err(Wrong::Subject);
    }
    match queue {
        Some(queue) if !subjects::is_valid(queue) => Err(Wrong::Queue(queue)),
        _ => Ok(()),
    }
}

fn responses(report: &mut Report, node: &Node) -> Cast<Option<ResponsePermission>> {
    let map = match &node.value {
        Value::Bool(yes) => return Ok(yes.then(ResponsePermission::default)),
        Value::Map(map) => map,
        _ => {
            return Err(problem(
                node,
                "error parsing response permissions, expected a boolean or a map",
            ));
        }
    };
    let mut permission = ResponsePermission::default();
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "max" | "max_msgs" | "max_messages" | "max_responses" => {
                let max = value.int()?;
                if max != 0 {
                    permission.max = max;
                }
            }
            "expires" | "expiration" | "ttl" => {
                let Value::String(text) = &value.value else {
                    return Err(problem(
                        value,
                        "error parsing expires, not a duration string",
                    ));
                };
                let nanos = go_text::parse_duration(text)
                    .map_err(|e| problem(value, format!("error parsing expires: {e}")))?;
                if nanos < 0 {
                    permission.expires = None;
                } else if nanos > 0 {
                    permission.expires = Some(time::span(nanos));
                }
            }
            _ => report.unknown_as(value, || {
                format!("Unknown field {} parsing permissions", quote(key))
            }),
        }
    }
    Ok(Some(permission))
}
