//! Operators, resolvers, proxies (configuration.md 2.4, 2.5).

use std::collections::BTreeMap;

use super::jwt;
use super::keys::{KeyKind, is_public};
use super::report::{Cast, Report, Texts, problem, shown_at};
use super::time;
use crate::go_text::{self, os_error, quote};
use crate::lang::{Map, Node, Value};
use crate::options::{DirResolver, OperatorToken, Resolver};

/// `operator`: files or tokens.
pub(crate) fn operators(report: &mut Report, node: &Node) -> Option<Vec<OperatorToken>> {
    let texts: Vec<&str> = match node.texts() {
        Some(Texts::One(text)) => vec![text],
        Some(Texts::Many(items)) => {
            let mut texts = Vec::new();
            for item in items {
                match &item.value {
                    Value::String(text) => texts.push(text.as_str()),
                    _ => {
                        let text = "error parsing operators: unsupported type *conf.token where string is expected";
                        report.errors.push(shown_at(problem(item, text), node));
                    }
                }
            }
            texts
        }
        None => {
            report.error(
                node,
                format!(
                    "error parsing operators: unsupported type {}",
                    node.value.type_name()
                ),
            );
            return None;
        }
    };
    let mut operators = Vec::new();
    for text in texts {
        match operator(text) {
            Ok(token) => operators.push(token),
            Err(error) => report.error(node, format!("error parsing operator JWT: {error}")),
        }
    }
    Some(operators)
}

/// How inline tokens begin.
const TOKEN_START: &str = "eyJ";

fn operator(text: &str) -> Result<OperatorToken, String> {
    if text.starts_with(TOKEN_START) {
        return jwt::operator(text);
    }
    let content =
        std::fs::read_to_string(text).map_err(|e| format!("open {text}: {}", os_error(&e)))?;
    jwt::operator(&content)
}

/// `trusted`: operator keys.
pub(crate) fn trusted(report: &mut Report, node: &Node) -> Option<Vec<String>> {
    let mut check = |place: &Node, key: &str| {
        if !is_public(KeyKind::Operator, key) {
            report.error(
                place,
                format!(
                    "trust key {} required to be a valid public operator nkey",
                    quote(key)
                ),
            );
        }
    };
    match node.texts() {
        Some(Texts::One(key)) => {
            check(node, key);
            Some(vec![key.to_owned()])
        }
        Some(Texts::Many(items)) => {
            let mut keys = Vec::new();
            let mut place = node;
            for item in items {
                place = item;
                if let Value::String(key) = &item.value {
                    keys.push(key.clone());
                }
            }
            // All keys are judged at the place of the last element.
            for key in &keys {
                check(place, key);
            }
            for item in items {
                if !matches!(item.value, Value::String(_)) {
                    report.error(
                        item,
                        format!(
                            "error parsing trusted: unsupported type in array {}",
                            item.value.type_name()
                        ),
                    );
                }
            }
            Some(keys)
        }
        None => {
            report.error(
                node,
                format!(
                    "error parsing trusted: unsupported type {}",
                    node.value.type_name()
                ),
            );
            None
        }
    }
}

/// Two spaces and an unbalanced bracket: tools know it so.
const RESOLVER_FORMS: &str = "error parsing account resolver, should be MEM or  URL(\"url\") or a map containing dir and type state=[FULL|CACHE])";

/// `resolver`.
pub(crate) fn resolver(report: &mut Report, node: &Node) -> Cast<Option<Resolver>> {
    match &node.value {
        Value::String(text) => {
            let upper = text.to_uppercase();
            if upper.contains("MEM") {
                return Ok(Some(Resolver::Memory));
            }
            match resolver_url(text, &upper) {
                Some(url) => Ok(Some(Resolver::Url(url))),
                None => {
                    report.error(node, RESOLVER_FORMS);
                    Ok(None)
                }
            }
        }
        Value::Map(map) => directory(report, node, map),
        other => {
            report.error(
                node,
                format!(
                    "error parsing operator resolver, wrong type {}",
                    other.type_name()
                ),
            );
            Ok(None)
        }
    }
}

/// The address in `URL(…)`, with a slash at its end.
fn resolver_url(text: &str, upper: &str) -> Option<String> {
    let start = upper.find("URL(")? + "URL(".len();
    let end = text.rfind(')').filter(|end| *end > start)?;
    let address = text.get(start..end)?.trim().trim_matches('"');
    if address.is_empty() {
        return None;
    }
    let slash = if address.ends_with('/') { "" } else { "/" };
    Some(format!("{address}{slash}"))
}

/// A map; its keys are matched in lower case only, others ignored.
fn directory(report: &mut Report, node: &Node, map: &Map) -> Cast<Option<Resolver>> {
    let mut kind = String::new();
    let mut dir = DirResolver {
        interval: std::time::Duration::ZERO,
        timeout: std::time::Duration::ZERO,
        ..DirResolver::default()
    };
    let errors = report.errors.len();
    for (key, value) in map.iter() {
        let span = |report: &mut Report| -> Cast<std::time::Duration> {
            match go_text::parse_duration(value.text()?) {
                Ok(nanos) => Ok(time::span(nanos)),
                Err(text) => {
                    report.errors.push(shown_at(problem(value, text), node));
                    Ok(std::time::Duration::ZERO)
                }
            }
        };
        match key {
            "dir" => value.text()?.clone_into(&mut dir.dir),
            "type" => kind = value.text()?.to_uppercase(),
            "allow_delete" => dir.allow_delete = value.boolean()?,
            "hard_delete" => dir.hard_delete = value.boolean()?,
            "limit" => dir.limit = value.int()?,
            "ttl" => dir.ttl = span(report)?,
            "interval" => dir.interval = span(report)?,
            "timeout" => dir.timeout = span(report)?,
            _ => {}
        }
    }
    if report.errors.len() > errors {
        return Ok(None);
    }
    let resolver = match kind.as_str() {
        "MEM" | "MEMORY" => return Ok(Some(Resolver::Memory)),
        "FULL" => {
            if !dir.ttl.is_zero() {
                report.error(node, "FULL does not accept ttl");
            }
            if dir.hard_delete && !dir.allow_delete {
                report.error(node, "hard_delete has no effect without delete");
            }
            Resolver::Full
        }
        "CACHE" => {
            if !dir.interval.is_zero() {
                report.error(node, "CACHE does not accept sync");
            }
            if dir.allow_delete {
                report.error(node, "CACHE does not accept allow_delete");
            }
            if dir.hard_delete {
                report.error(node, "CACHE does not accept hard_delete");
            }
            Resolver::Cache
        }
        _ => {
            report.error(node, RESOLVER_FORMS);
            return Ok(None);
        }
    };
    make_directory(report, node, &dir.dir);
    let defaults = DirResolver::default();
    if dir.interval.is_zero() {
        dir.interval = defaults.interval;
    }
    if dir.timeout.is_zero() {
        dir.timeout = defaults.timeout;
    }
    Ok(Some(resolver(dir)))
}

fn make_directory(report: &mut Report, node: &Node, dir: &str) {
    if dir.is_empty() {
        report.error(node, "dir has no value and needs to point to a directory");
        report.error(node, "mkdir : no such file or directory");
        return;
    }
    match std::fs::metadata(dir) {
        Ok(metadata) if metadata.is_dir() => return,
        Ok(_) => {
            report.error(node, "dir needs to point to an accessible directory");
            return;
        }
        Err(_) => {}
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    if let Err(error) = builder.create(dir) {
        report.error(node, format!("mkdir {dir}: {}", os_error(&error)));
    }
}

/// `resolver_preload`.
pub(crate) fn preload(report: &mut Report, node: &Node) -> Option<BTreeMap<String, String>> {
    let Value::Map(map) = &node.value else {
        report.error(
            node,
            "preload should be a map of account_public_key:account_jwt",
        );
        return None;
    };
    let mut preload = BTreeMap::new();
    for (key, value) in map.iter() {
        match &value.value {
            Value::String(token) if jwt::is_account(token) => {
                preload.insert(key.to_owned(), token.clone());
            }
            Value::String(_) => report.error(value, "invalid account JWT"),
            _ => report.error(value, "preload map value should be a string JWT"),
        }
    }
    Some(preload)
}

/// `proxies`: keys of trusted proxies.
pub(crate) fn proxies(report: &mut Report, node: &Node) -> Cast<Vec<String>> {
    let Value::Map(map) = &node.value else {
        return Err(problem(
            node,
            format!(
                "expected proxies to be a map/struct, got {}",
                node.value.type_name()
            ),
        ));
    };
    let mut keys = Vec::new();
    for (key, value) in map.iter() {
        if !key.eq_ignore_ascii_case("trusted") {
            report.unknown(value, key);
            continue;
        }
        let Value::Array(items) = &value.value else {
            return Err(problem(
                value,
                format!(
                    "expected proxies' trusted field to be an array, got {}",
                    value.value.type_name()
                ),
            ));
        };
        for item in items {
            let Value::Map(entry) = &item.value else {
                report.error(
                    item,
                    format!(
                        "expected proxies' trusted entry to be a map/struct, got {}",
                        item.value.type_name()
                    ),
                );
                continue;
            };
            for (key, value) in entry.iter() {
                match key.to_lowercase().as_str() {
                    "key" | "public_key" => {
                        let text = value.text()?;
                        if super::keys::raw_public(text).is_some() {
                            keys.push(text.to_owned());
                        } else {
                            report.error(value, format!("invalid proxy key {}", quote(text)));
                        }
                    }
                    _ => report.unknown(value, key),
                }
            }
        }
    }
    Ok(keys)
}
