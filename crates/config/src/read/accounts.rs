//! `accounts` (configuration.md 3.5).

use super::auth::{self, GLOBAL_ACCOUNT};
use super::keys::{KeyKind, is_public};
use super::report::{Cast, Report, problem};
use super::{account_jetstream, exports, imports, mappings, permissions, sharing, subjects};
use crate::go_text::{self, quote};
use crate::lang::{Map, Node, Value};
use crate::options::{Account, AccountLimits, FeatureKind, MessageTrace, Options};

/// Reads the block. A scalar means nothing and is no error.
pub(crate) fn read(report: &mut Report, options: &mut Options, key: &str, node: &Node) -> Cast<()> {
    let map = match &node.value {
        Value::Array(items) => {
            report.feature(FeatureKind::Accounts, key, &node.pos);
            return names(report, options, items);
        }
        Value::Map(map) => map,
        _ => return Ok(()),
    };
    report.feature(FeatureKind::Accounts, key, &node.pos);
    for (name, value) in map.iter() {
        let Value::Map(inner) = &value.value else {
            if !value.used {
                report.error(value, "Expected map entries for accounts");
            }
            continue;
        };
        if name == GLOBAL_ACCOUNT {
            report.error(value, format!("{} is a Reserved Account", quote(name)));
            continue;
        }
        let account = self::account(report, options, name, inner)?;
        options.accounts.push(account);
    }
    if report.errors.is_empty() {
        sharing::check(report, options, node);
    }
    Ok(())
}

fn names(report: &mut Report, options: &mut Options, items: &[Node]) -> Cast<()> {
    for item in items {
        let name = item.text()?;
        if name == GLOBAL_ACCOUNT {
            report.error(item, format!("{} is a Reserved Account", quote(name)));
        } else if options.accounts.iter().any(|account| account.name == name) {
            report.error(item, format!("Duplicate Account Entry: {name}"));
        } else {
            options.accounts.push(Account {
                name: name.to_owned(),
                ..Account::default()
            });
        }
    }
    Ok(())
}

/// Problems of a value as a whole are shown without their place here.
fn unplaced<T>(node: &Node, read: Cast<T>) -> Cast<T> {
    read.map_err(|mut problem| {
        if problem.pos.as_ref() == Some(&node.pos) {
            problem.pos = None;
        }
        problem
    })
}

fn account(report: &mut Report, options: &mut Options, name: &str, map: &Map) -> Cast<Account> {
    let mut account = Account {
        name: name.to_owned(),
        ..Account::default()
    };
    let (mut users, mut nkeys) = (Vec::new(), Vec::new());
    let mut users_place = None;
    let mut default_permissions = None;
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "nkey" => account.nkey = nkey(report, value),
            "imports" => {
                report.feature(FeatureKind::ExportsImports, key, &value.pos);
                let read = imports::read(report, value);
                account.imports = report.take(read).unwrap_or_default();
            }
            "exports" => {
                report.feature(FeatureKind::ExportsImports, key, &value.pos);
                let read = exports::read(report, value);
                account.exports = report.take(read).unwrap_or_default();
            }
            "jetstream" => {
                let read = account_jetstream::read(report, value);
                let read = unplaced(value, read);
                account.jetstream = report.take(read).flatten();
                if account.jetstream.is_some() {
                    report.feature(FeatureKind::AccountJetStream, key, &value.pos);
                }
            }
            "users" => {
                users_place = Some(value);
                let read = unplaced(value, auth::users(report, value));
                if let Some(read) = report.take(read) {
                    (users, nkeys) = read;
                }
            }
            "default_permissions" => {
                let read = permissions::read(report, value);
                default_permissions = report.take(read);
            }
            "mappings" | "maps" => account.mappings = mappings::read(report, key, value)?,
            "limits" => {
                let read = limits(report, value);
                if let Some(limits) = report.take(read) {
                    account.limits = limits;
                }
            }
            "msg_trace" | "trace_dest" => {
                report.feature(FeatureKind::MessageTrace, key, &value.pos);
                account.msg_trace = trace(report, key, value);
            }
            _ => report.unknown(value, key),
        }
    }
    if let Some(place) = users_place {
        let single = &options.authorization;
        if single.username.is_some() || single.password.is_some() {
            report.error(place, "Can not have a single user/pass and accounts");
        } else if single.token.is_some() {
            report.error(place, "Can not have a token and accounts");
        } else {
            auth::give_default(&mut users, &mut nkeys, &default_permissions);
            for user in &mut users {
                user.account = Some(name.to_owned());
            }
            for user in &mut nkeys {
                user.account = Some(name.to_owned());
            }
            auth::add_users(report, options, place, users, nkeys);
        }
    }
    Ok(account)
}

fn nkey(report: &mut Report, node: &Node) -> Option<String> {
    match &node.value {
        Value::String(text) if is_public(KeyKind::Account, text) => Some(text.clone()),
        _ => {
            report.error(
                node,
                format!(
                    "Not a valid public nkey for an account: {}",
                    quote(&node.shown())
                ),
            );
            None
        }
    }
}

fn limits(report: &mut Report, node: &Node) -> Cast<AccountLimits> {
    let Value::Map(map) = &node.value else {
        return Err(problem(
            node,
            format!(
                "Expected account limits to be a map/struct, got {}",
                node.shown()
            ),
        ));
    };
    let mut limits = AccountLimits::default();
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "max_connections" | "max_conn" => limits.max_connections = value.int()?,
            "max_subscriptions" | "max_subs" => limits.max_subscriptions = value.int()?,
            "max_payload" | "max_pay" => limits.max_payload = value.int()?,
            "max_leafnodes" | "max_leafs" => limits.max_leafnodes = value.int()?,
            _ => report.unknown_as(value, || {
                format!("Unknown field {} parsing account limits", quote(key))
            }),
        }
    }
    Ok(limits)
}

/// Everything is traced, per cent.
const ALL: u8 = 100;

fn trace(report: &mut Report, key: &str, node: &Node) -> Option<MessageTrace> {
    let map = match &node.value {
        Value::String(text) => {
            let destination = trace_destination(report, node, text)?;
            return Some(MessageTrace {
                destination,
                sampling: ALL,
            });
        }
        Value::Map(map) => map,
        other => {
            report.error(
                node,
                format!(
                    "Expected account message trace {} to be a string or a map/struct, got {}",
                    quote(key),
                    other.type_name()
                ),
            );
            return None;
        }
    };
    let mut destination = None;
    let mut sampling = None;
    let mut wrong = false;
    for (inner, value) in map.iter() {
        match inner.to_lowercase().as_str() {
            "dest" => match value.text() {
                Ok(text) => {
                    destination = trace_destination(report, value, text);
                    wrong |= destination.is_none();
                }
                Err(problem) => {
                    report.errors.push(problem);
                    wrong = true;
                }
            },
            "sampling" => match trace_sampling(inner, value) {
                Ok(number) => sampling = Some(number),
                Err(problem) => {
                    report.errors.push(problem);
                    wrong = true;
                }
            },
            _ => report.unknown_as(value, || {
                format!(
                    "Unknown field {} parsing account message trace map/struct {}",
                    quote(inner),
                    quote(key)
                )
            }),
        }
    }
    if destination.is_none() && sampling.is_some() && !wrong {
        report.warn(
            node,
            "Trace destination sampling ignored since no destination was set",
        );
    }
    Some(MessageTrace {
        destination: destination?,
        sampling: sampling.unwrap_or(ALL),
    })
}

fn trace_destination(report: &mut Report, node: &Node, text: &str) -> Option<String> {
    if subjects::is_valid_literal(text) {
        return Some(text.to_owned());
    }
    report.error(
        node,
        format!("Trace destination {} is not valid", quote(text)),
    );
    None
}

fn trace_sampling(key: &str, node: &Node) -> Cast<u8> {
    let number = match &node.value {
        Value::Integer(number) => *number,
        Value::String(text) => {
            go_text::parse_int("Atoi", text.trim_end_matches('%')).map_err(|_| {
                problem(
                    node,
                    format!("Invalid trace destination sampling value {}", quote(text)),
                )
            })?
        }
        other => {
            return Err(problem(
                node,
                format!(
                    "Trace destination sampling field {} should be an integer or a percentage, got {}",
                    quote(key),
                    other.type_name()
                ),
            ));
        }
    };
    u8::try_from(number)
        .ok()
        .filter(|number| (1..=ALL).contains(number))
        .ok_or_else(|| {
            problem(
                node,
                format!(
                    "Ttrace destination sampling value {number} is invalid, needs to be [1..100]"
                ),
            )
        })
}
