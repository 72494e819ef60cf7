//! `nats auth account keys`: signing keys with a role (cli.md 8.2).

use super::account::{bytes, count, named};
use super::store::{Entity, Store};
use super::user::{limit, permissions};
use crate::bail;
use crate::failure::Result;
use crate::nkey::Kind;
use crate::output::{Columns, Json, Table};
use crate::session::Session;

fn texts(list: &[String]) -> Json {
    Json::List(list.iter().map(|text| Json::from(text.as_str())).collect())
}

/// The public key of an entry, which may have no scope.
fn key_of(entry: &Json) -> &str {
    entry.as_text().unwrap_or_else(|| entry.text("key"))
}

/// Adds a signing key with a role.
pub fn add(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let role = match session.matches.arg("role") {
        Some(role) => role.to_owned(),
        None => session.prompt().text("Role Name", "", "")?,
    };
    let mut keys = account.claims.nats().list("signing_keys").to_vec();
    if keys.iter().any(|entry| entry.text("role") == role) {
        bail!("role {role} already exist");
    }
    let mut template = Json::object()
        .with("pub", Json::object())
        .with("sub", Json::object());
    template.set("subs", -1);
    template.set("data", -1);
    template.set("payload", -1);
    limit(&mut template, session, false);
    let connections = session.matches.split_list("connection");
    if !connections.is_empty() {
        let upper: Vec<String> = connections.iter().map(|kind| kind.to_uppercase()).collect();
        template.set("allowed_connection_types", texts(&upper));
    }
    let key = store.new_key(Kind::Account)?;
    let scope = Json::object()
        .with("kind", "user_scope")
        .with("key", key.public())
        .with("role", role)
        .with("template", template)
        .with(
            "description",
            session.matches.filled("description").unwrap_or_default(),
        );
    keys.push(scope.clone());
    account
        .claims
        .nats_mut()
        .set("signing_keys", Json::List(keys));
    store.save_account(&operator, &mut account)?;
    show(&scope);
    Ok(())
}

fn show(scope: &Json) {
    let template = scope.at("template");
    let mut c = Columns::new(format!("Scoped Signing Key {}", key_of(scope)));
    c.section("Config");
    c.row("Key", key_of(scope));
    c.row("Role", scope.text("role"));
    c.row_filled("Description", scope.text("description"));
    c.section("Limits");
    c.row("Max Subscriptions", count(template.int("subs")));
    c.row("Max Payload", bytes(template.int("payload")));
    c.row("Bearer Token", template.on("bearer_token").to_string());
    c.row_filled("Locale", template.text("times_location"));
    c.rows(
        "Connection Types",
        &template.texts("allowed_connection_types"),
    );
    permissions(template, &mut c);
    c.print();
    println!();
}

/// The entry of a key or role.
fn chosen(session: &Session, account: &Entity, wanted: &str) -> Result<Json> {
    let keys = account.claims.nats().list("signing_keys");
    if wanted.is_empty() {
        if keys.is_empty() {
            bail!("no signing keys found");
        }
        let names: Vec<String> = keys
            .iter()
            .map(|entry| format!("{} {}", key_of(entry), entry.text("role")))
            .collect();
        let at = session.prompt().select("Select a key", &names, 0)?;
        return Ok(keys.get(at).cloned().unwrap_or_default());
    }
    let found = keys
        .iter()
        .find(|entry| key_of(entry) == wanted || entry.text("role") == wanted);
    match found {
        Some(entry) => Ok(entry.clone()),
        None => bail!("signing key {wanted} not found"),
    }
}

/// Shows a signing key.
pub fn info(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (_, account) = named(session, &store)?;
    let entry = chosen(
        session,
        &account,
        session.matches.arg("key").unwrap_or_default(),
    )?;
    if session.matches.on("json") {
        entry.print();
    } else {
        show(&entry);
    }
    Ok(())
}

/// Lists signing keys.
pub fn list(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (_, account) = named(session, &store)?;
    let keys = account.claims.nats().list("signing_keys");
    if keys.is_empty() {
        println!("No Scoped Signing Keys defined");
        return Ok(());
    }
    let mut table = Table::new(
        "Scoped Signing Keys",
        &[
            "Role",
            "Key",
            "Description",
            "Max Subscriptions",
            "Pub Perms",
            "Sub Perms",
        ],
    );
    for entry in keys {
        let template = entry.at("template");
        let mark = |key: &str| {
            if template.entries(key).is_empty() {
                ""
            } else {
                "✓"
            }
        };
        table.row(vec![
            entry.text("role").into(),
            key_of(entry).into(),
            entry.text("description").into(),
            if entry.as_text().is_some() {
                "".into()
            } else {
                count(template.int("subs")).into()
            },
            mark("pub").into(),
            mark("sub").into(),
        ]);
    }
    table.print();
    Ok(())
}

/// Removes a signing key.
pub fn remove(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let wanted = session.matches.filled("key").unwrap_or_default();
    let public = key_of(&chosen(session, &account, wanted)?).to_owned();
    if !session.matches.on("force")
        && !session
            .prompt()
            .confirm_action(&format!("Really remove signing key {public}"))?
    {
        return Ok(());
    }
    let mut keys = account.claims.nats().list("signing_keys").to_vec();
    keys.retain(|entry| key_of(entry) != public);
    if keys.is_empty() {
        account.claims.nats_mut().remove("signing_keys");
    } else {
        account
            .claims
            .nats_mut()
            .set("signing_keys", Json::List(keys));
    }
    store.save_account(&operator, &mut account)?;
    println!("Signing key removed");
    Ok(())
}
