//! `authorization`, users, callouts (configuration.md 3.1, 3.2, 3.4).

use super::keys::{KeyKind, is_public};
use super::permissions;
use super::report::{Cast, Report, Texts, problem};
use super::time;
use crate::go_text::{quote, quoted_list};
use crate::lang::{Map, Node, Value};
use crate::options::{AuthCallout, FeatureKind, NkeyUser, Options, Permissions, User};

/// Kinds of connections a user can be limited to (security.md 2.4).
pub(crate) const CONNECTION_TYPES: [&str; 7] = [
    "STANDARD",
    "WEBSOCKET",
    "LEAFNODE",
    "LEAFNODE_WS",
    "MQTT",
    "MQTT_WS",
    "IN_PROCESS",
];

/// The account of users that belong to none.
pub(crate) const GLOBAL_ACCOUNT: &str = "$G";

/// An `authorization` block as several blocks of the file share it.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub username: Option<String>,
    pub password: Option<String>,
    pub token: Option<String>,
    pub timeout: f64,
    pub users: Vec<User>,
    pub nkeys: Vec<NkeyUser>,
    pub has_users: bool,
    pub default_permissions: Option<Permissions>,
    pub auth_callout: Option<AuthCallout>,
    pub proxy_required: bool,
}

/// Reads the block; a wrong type ends it.
pub(crate) fn block(report: &mut Report, node: &Node) -> Cast<Block> {
    let mut block = Block::default();
    for (key, value) in node.map()?.iter() {
        match key.to_lowercase().as_str() {
            "user" | "username" => block.username = value.some_text()?,
            "pass" | "password" => block.password = value.some_text()?,
            "token" => block.token = value.some_text()?,
            "timeout" => block.timeout = time::auth_timeout(report, "authorization", value),
            "users" => {
                block.has_users = true;
                let read = users(report, value);
                if let Some((users, nkeys)) = report.take(read) {
                    block.users = users;
                    block.nkeys = nkeys;
                }
            }
            "default_permission" | "default_permissions" | "permissions" => {
                let read = permissions::read(report, value);
                block.default_permissions = report.take(read);
            }
            "auth_callout" | "auth_hook" => {
                report.feature(FeatureKind::AuthCallout, key, &value.pos);
                let read = callout(report, value);
                block.auth_callout = report.take(read);
            }
            "proxy_required" => block.proxy_required = value.boolean()?,
            _ => report.unknown(value, key),
        }
    }
    give_default(
        &mut block.users,
        &mut block.nkeys,
        &block.default_permissions,
    );
    Ok(block)
}

/// Users without permissions of their own take the default ones.
pub(crate) fn give_default(
    users: &mut [User],
    nkeys: &mut [NkeyUser],
    permissions: &Option<Permissions>,
) {
    let Some(permissions) = permissions else {
        return;
    };
    let own = users
        .iter_mut()
        .map(|user| &mut user.permissions)
        .chain(nkeys.iter_mut().map(|user| &mut user.permissions));
    for own in own {
        if own.is_none() {
            *own = Some(permissions.clone());
        }
    }
}

/// The top-level block.
pub(crate) fn top(report: &mut Report, options: &mut Options, node: &Node) -> Cast<()> {
    options.authorization.defined = true;
    let block = block(report, node)?;
    let into = &mut options.authorization;
    into.username = block.username;
    into.password = block.password;
    into.token = block.token;
    into.timeout = block.timeout;
    into.auth_callout = block.auth_callout;
    into.proxy_required = block.proxy_required;
    let single = into.username.is_some() || into.password.is_some();
    if single && into.token.is_some() {
        report.error(node, "Cannot have a user/pass and token");
    }
    add_users(report, options, node, block.users, block.nkeys);
    let into = &options.authorization;
    if !into.users.is_empty() || !into.nkeys.is_empty() {
        if single {
            report.error(node, "Can not have a single user/pass and a users array");
        }
        if into.token.is_some() {
            report.error(node, "Can not have a token and a users array");
        }
    }
    Ok(())
}

/// Adds users to those known so far; names and keys are unique over the file.
pub(crate) fn add_users(
    report: &mut Report,
    options: &mut Options,
    place: &Node,
    users: Vec<User>,
    nkeys: Vec<NkeyUser>,
) {
    let into = &mut options.authorization;
    let mut names: std::collections::HashSet<String> = into
        .users
        .iter()
        .map(|user| user.username.clone())
        .collect();
    for user in users {
        if names.insert(user.username.clone()) {
            into.users.push(user);
        } else {
            report.error(
                place,
                format!("Duplicate user {} detected", quote(&user.username)),
            );
        }
    }
    let mut keys: std::collections::HashSet<String> =
        into.nkeys.iter().map(|user| user.nkey.clone()).collect();
    for user in nkeys {
        if keys.insert(user.nkey.clone()) {
            into.nkeys.push(user);
        } else {
            report.error(
                place,
                format!("Duplicate nkey {} detected", quote(&user.nkey)),
            );
        }
    }
}

/// A `users` list.
pub(crate) fn users(report: &mut Report, node: &Node) -> Cast<(Vec<User>, Vec<NkeyUser>)> {
    let Value::Array(items) = &node.value else {
        return Err(problem(
            node,
            format!(
                "Expected users field to be an array, got {}",
                node.shown_without_strings()
            ),
        ));
    };
    let (mut users, mut nkeys) = (Vec::new(), Vec::new());
    for item in items {
        let Value::Map(map) = &item.value else {
            report.error(
                item,
                format!(
                    "Expected user entry to be a map/struct, got {}",
                    item.shown_without_strings()
                ),
            );
            continue;
        };
        match user(report, item, map)? {
            Entry::User(user) => users.push(user),
            Entry::Nkey(user) => nkeys.push(user),
        }
    }
    Ok((users, nkeys))
}

enum Entry {
    User(User),
    Nkey(NkeyUser),
}

fn user(report: &mut Report, item: &Node, map: &Map) -> Cast<Entry> {
    let mut user = User::default();
    let mut nkey = String::new();
    // What is wrong with the entry as a whole is shown at its last key.
    let mut place = item;
    for (key, value) in map.iter() {
        place = value;
        match key.to_lowercase().as_str() {
            "nkey" => nkey = value.text()?.to_owned(),
            "user" | "username" => user.username = value.text()?.to_owned(),
            "pass" | "password" => user.password = value.text()?.to_owned(),
            "permission" | "permissions" | "authorization" => {
                let read = permissions::read(report, value);
                user.permissions = report.take(read);
            }
            "allowed_connection_types" | "connection_types" | "clients" => {
                user.allowed_connection_types = connection_types(report, value);
            }
            "proxy_required" => user.proxy_required = value.boolean()?,
            _ => report.unknown(value, key),
        }
    }
    if nkey.is_empty() {
        if user.username.is_empty() {
            return Err(problem(place, "User entry requires a user"));
        }
        return Ok(Entry::User(user));
    }
    if !is_public(KeyKind::User, &nkey) {
        return Err(problem(place, "Not a valid public nkey for a user"));
    }
    if !user.username.is_empty() || !user.password.is_empty() {
        return Err(problem(
            place,
            "Nkey users do not take usernames or passwords",
        ));
    }
    Ok(Entry::Nkey(NkeyUser {
        nkey,
        permissions: user.permissions,
        account: None,
        allowed_connection_types: user.allowed_connection_types,
        proxy_required: user.proxy_required,
    }))
}

/// One text or a list of texts; anything else is reported with `what`.
pub(crate) fn texts(report: &mut Report, what: &str, node: &Node) -> Option<Vec<String>> {
    match node.texts() {
        Some(Texts::One(text)) => Some(vec![text.to_owned()]),
        Some(Texts::Many(items)) => {
            let mut out = Vec::with_capacity(items.len());
            for item in items {
                match &item.value {
                    Value::String(text) => out.push(text.clone()),
                    other => report.error(
                        item,
                        format!(
                            "error parsing {what}: unsupported type in array {}",
                            other.type_name()
                        ),
                    ),
                }
            }
            Some(out)
        }
        None => {
            report.error(
                node,
                format!(
                    "error parsing {what}: unsupported type {}",
                    node.value.type_name()
                ),
            );
            None
        }
    }
}

fn connection_types(report: &mut Report, node: &Node) -> Option<Vec<String>> {
    let names = texts(report, "allowed connection types", node)?;
    let mut known: Vec<String> = Vec::new();
    let mut unknown = Vec::new();
    for name in names {
        let name = name.to_uppercase();
        if !CONNECTION_TYPES.contains(&name.as_str()) {
            unknown.push(name);
        } else if !known.contains(&name) {
            known.push(name);
        }
    }
    if !unknown.is_empty() {
        report.error(
            node,
            format!("invalid connection types {}", quoted_list(&unknown)),
        );
    }
    Some(known)
}

fn callout(report: &mut Report, node: &Node) -> Cast<AuthCallout> {
    let Value::Map(map) = &node.value else {
        return Err(problem(
            node,
            format!(
                "Expected authorization callout to be a map/struct, got {}",
                node.shown()
            ),
        ));
    };
    let mut callout = AuthCallout::default();
    let mut place = node;
    for (key, value) in map.iter() {
        place = value;
        match key.to_lowercase().as_str() {
            "issuer" => {
                callout.issuer = value.text()?.to_owned();
                if !is_public(KeyKind::Account, &callout.issuer) {
                    return Err(problem(
                        value,
                        format!(
                            "Expected callout user to be a valid public account nkey, got {}",
                            quote(&callout.issuer)
                        ),
                    ));
                }
            }
            "account" | "acc" => callout.account = value.text()?.to_owned(),
            "auth_users" | "users" => {
                callout.auth_users = names(value, "auth_users")?;
            }
            "xkey" | "key" => {
                let xkey = value.text()?;
                if !is_public(KeyKind::Curve, xkey) {
                    return Err(problem(
                        value,
                        format!(
                            "Expected callout xkey to be a valid public xkey, got {}",
                            quote(xkey)
                        ),
                    ));
                }
                callout.xkey = Some(xkey.to_owned());
            }
            "allowed_accounts" => {
                callout.allowed_accounts = names(value, "allowed accounts")?;
            }
            _ => report.unknown_as(value, || {
                format!("Unknown field {} parsing authorization callout", quote(key))
            }),
        }
    }
    if callout.account.is_empty() {
        callout.account = GLOBAL_ACCOUNT.to_owned();
    }
    if callout.issuer.is_empty() {
        return Err(problem(
            place,
            "Authorization callouts require an issuer to be specified",
        ));
    }
    if callout.auth_users.is_empty() {
        return Err(problem(
            place,
            "Authorization callouts require authorized users to be specified",
        ));
    }
    Ok(callout)
}

/// A list of names. The reference shows its own type where another value stands.
fn names(node: &Node, what: &str) -> Cast<Vec<String>> {
    let Value::Array(items) = &node.value else {
        return Err(problem(
            node,
            format!("Expected {what} field to be an array, got *conf.token"),
        ));
    };
    items
        .iter()
        .map(|item| item.text().map(str::to_owned))
        .collect()
}
