//! `imports` of an account (configuration.md 3.7).

use std::collections::HashMap;

use super::report::{Cast, Report, problem};
use crate::go_text::quote;
use crate::lang::{Map, Node, Value};
use crate::options::{Import, ShareKind};

/// Reads the list. Entries that are wrong are reported and left out.
pub(crate) fn read(report: &mut Report, node: &Node) -> Cast<Vec<Import>> {
    let Value::Array(items) = &node.value else {
        return Err(problem(
            node,
            format!("Imports should be an array, got {}", node.value.type_name()),
        ));
    };
    let mut imports: Vec<Import> = Vec::new();
    // Local subject and account of services, to find duplicates.
    let mut services: HashMap<(String, String), String> = HashMap::new();
    for item in items {
        let Value::Map(map) = &item.value else {
            report.error(
                item,
                format!(
                    "Import Items should be a map with type entry, got {}",
                    item.value.type_name()
                ),
            );
            continue;
        };
        let read = entry(report, map);
        let Some(Some(import)) = report.take(read) else {
            continue;
        };
        if import.kind == ShareKind::Service {
            let local = import.to.clone().unwrap_or_else(|| import.subject.clone());
            let key = (local.clone(), import.account.clone());
            if let Some(subject) = services.get(&key) {
                report.error(
                    item,
                    format!(
                        "Duplicate service import subject {}, previously used in import for account {}, subject {}",
                        quote(&local),
                        quote(&import.account),
                        quote(subject)
                    ),
                );
                continue;
            }
            services.insert(key, import.subject.clone());
        }
        imports.push(import);
    }
    Ok(imports)
}

fn entry(report: &mut Report, map: &Map) -> Cast<Option<Import>> {
    let mut kind: Option<ShareKind> = None;
    let mut from: Option<(String, String)> = None;
    let (mut to, mut prefix) = (None::<String>, None);
    let (mut share, mut allow_trace) = (false, None);
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "stream" => {
                if kind == Some(ShareKind::Service) {
                    report.error(value, "Detected stream but already saw a service");
                    continue;
                }
                let found = source(report, value, "Stream")?;
                (kind, from) = (Some(ShareKind::Stream), Some(found));
            }
            "service" => {
                if kind == Some(ShareKind::Stream) {
                    report.error(value, "Detected service but already saw a stream");
                    continue;
                }
                let found = source(report, value, "Service")?;
                (kind, from) = (Some(ShareKind::Service), Some(found));
            }
            "prefix" => prefix = value.some_text()?,
            "to" => {
                to = value.some_text()?;
                if prefix.is_some() {
                    report.error(
                        value,
                        "Stream import can not have a 'prefix' and a 'to' property",
                    );
                }
            }
            "share" => share = value.boolean()?,
            "allow_trace" => {
                if kind == Some(ShareKind::Service) {
                    return Err(problem(
                        value,
                        "Detected allow_trace directive on a non-stream",
                    ));
                }
                allow_trace = Some((value.boolean()?, value));
            }
            _ => report.unknown(value, key),
        }
    }
    let (Some(kind), Some((account, subject))) = (kind, from) else {
        return Ok(None);
    };
    if let Some((_, node)) = allow_trace
        && kind == ShareKind::Service
    {
        return Err(problem(
            node,
            "Detected allow_trace directive on a non-stream",
        ));
    }
    // A prefix given after `to` is not refused; it wins.
    if prefix.is_some() {
        to = None;
    }
    Ok(Some(Import {
        kind,
        account,
        subject,
        to,
        prefix,
        share: share && kind == ShareKind::Service,
        allow_trace: allow_trace.is_some_and(|(yes, _)| yes),
    }))
}

/// `{ account, subject }`.
fn source(report: &mut Report, node: &Node, what: &str) -> Cast<(String, String)> {
    let Value::Map(map) = &node.value else {
        return Err(problem(
            node,
            format!(
                "{what} entry should be an account map, got {}",
                node.value.type_name()
            ),
        ));
    };
    let (mut account, mut subject) = (String::new(), String::new());
    for (key, value) in map.iter() {
        let into = match key.to_lowercase().as_str() {
            "account" => &mut account,
            "subject" => &mut subject,
            _ => {
                report.unknown(value, key);
                continue;
            }
        };
        let text = value.text().map(str::to_owned);
        match report.take(text) {
            Some(text) => *into = text,
            None => break,
        }
    }
    if account.is_empty() || subject.is_empty() {
        return Err(problem(node, "Expect an account name and a subject"));
    }
    Ok((account, subject))
}
