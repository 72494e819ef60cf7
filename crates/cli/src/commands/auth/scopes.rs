//! `nats auth account keys`: signing keys with a role (cli.md 8.2).

use super::account::named;
use super::order::{self, tidy};
use super::permissions::{self, texts};
use super::store::{Entity, Store};
use crate::bail;
use crate::failure::Result;
use crate::format::{SizeRange, parse_size};
use crate::nkey::Kind;
use crate::output::{Columns, Json, Table};
use crate::session::Session;

/// Words for kinds of connections, as flags and as tokens have them.
const CONNECTIONS: [(&str, &str); 5] = [
    ("nats", "STANDARD"),
    ("ws", "WEBSOCKET"),
    ("wsleaf", "LEAFNODE_WS"),
    ("leaf", "LEAFNODE"),
    ("mqtt", "MQTT"),
];

/// The public key of an entry, which may have no scope.
pub fn public_of(entry: &Json) -> &str {
    entry.as_text().unwrap_or_else(|| entry.text("key"))
}

/// The entry of a signing key of an account.
pub fn scope_of<'a>(account: &'a Entity, public: &str) -> Option<&'a Json> {
    let keys = account.claims.nats().list("signing_keys");
    keys.iter().find(|entry| public_of(entry) == public)
}

/// Adds a signing key with a role.
pub fn add(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let matches = &session.matches;
    let role = match matches.arg("role").filter(|role| !role.is_empty()) {
        Some(role) => role.to_owned(),
        None => session
            .prompt()
            .text("Role Name", "", "The role that users of the key have")?,
    };
    let mut template = Json::object()
        .with("pub", Json::object())
        .with("sub", Json::object())
        .with("subs", -1)
        .with("data", -1);
    let payload = match matches.filled("payload") {
        Some(text) => parse_size(text, SizeRange::Bits64)?,
        // None at all, which all readers take as no limit.
        None => 0,
    };
    template.set("payload", payload);
    permissions::apply(&mut template, session, true);
    let connections: Vec<String> = matches
        .list("connection")
        .iter()
        .filter_map(|word| CONNECTIONS.iter().find(|(known, _)| known == word))
        .map(|(_, name)| (*name).to_owned())
        .collect();
    if !connections.is_empty() {
        template.set("allowed_connection_types", texts(&connections));
    }
    let key = store.new_key(Kind::Account)?;
    let scope = Json::object()
        .with("kind", "user_scope")
        .with("key", key.public())
        .with("role", role)
        .with("template", tidy(&template, &order::USER))
        .with(
            "description",
            matches.filled("description").unwrap_or_default(),
        );
    let mut keys = account.claims.nats().list("signing_keys").to_vec();
    keys.push(scope.clone());
    keys.sort_by(|a, b| public_of(a).cmp(public_of(b)));
    account
        .claims
        .nats_mut()
        .set("signing_keys", Json::List(keys));
    store.save_account(&operator, &mut account)?;
    show(&scope, &template);
    Ok(())
}

/// What users of a role may do; a number that is not there is no limit.
pub fn template_of(scope: &Json) -> Json {
    let mut template = scope.at("template").clone();
    for key in ["subs", "data", "payload"] {
        if !template.has(key) {
            template.set(key, -1);
        }
    }
    template
}

fn show(scope: &Json, template: &Json) {
    let mut c = Columns::new(format!("Scoped Signing Key {}", public_of(scope)));
    c.section("Config");
    c.row_filled("Description", scope.text("description"));
    c.row("Key", public_of(scope));
    c.row("Role", scope.text("role"));
    permissions::show(template, &mut c);
    c.print();
    println!();
}

/// The signing key of a role that no other key has, of a public key, or the
/// one that the user chooses.
pub fn pick_signing_key(session: &Session, account: &Entity, wanted: &str) -> Result<Json> {
    let keys = account.claims.nats().list("signing_keys");
    if keys.is_empty() {
        bail!("no signing keys found");
    }
    if !wanted.is_empty() {
        let mut of_role = keys.iter().filter(|entry| entry.text("role") == wanted);
        if let (Some(entry), None) = (of_role.next(), of_role.next()) {
            return Ok(entry.clone());
        }
        if let Some(entry) = scope_of(account, wanted) {
            return Ok(entry.clone());
        }
        if !crate::output::terminal::is_interactive() {
            bail!("signing key {wanted} not found");
        }
    }
    let names: Vec<String> = keys
        .iter()
        .map(|entry| {
            let (role, description) = (entry.text("role"), entry.text("description"));
            let about = format!("{role} {description}");
            format!("{} - {}", public_of(entry), about.trim())
        })
        .collect();
    let at = session.prompt().select("Select Signing Key", &names, 0)?;
    Ok(keys.get(at).cloned().unwrap_or_default())
}

/// Shows a signing key.
pub fn info(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (_, account) = named(session, &store)?;
    let wanted = session.matches.arg("key").unwrap_or_default();
    let entry = pick_signing_key(session, &account, wanted)?;
    if session.matches.on("json") {
        entry.print();
    } else {
        show(&entry, &template_of(&entry));
    }
    Ok(())
}

/// Lists signing keys.
pub fn list(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (_, account) = named(session, &store)?;
    let keys = account.claims.nats().list("signing_keys");
    if keys.is_empty() {
        println!("No Scoped Signing Keys or Roles defined");
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
        let template = template_of(entry);
        let rules = |key: &str| {
            let rules = template.at(key);
            rules.list("allow").len() + rules.list("deny").len()
        };
        table.row(vec![
            entry.text("role").into(),
            public_of(entry).into(),
            entry.text("description").into(),
            template.int("subs").into(),
            rules("pub").into(),
            rules("sub").into(),
        ]);
    }
    table.print();
    println!();
    Ok(())
}

/// Removes a signing key.
pub fn remove(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let wanted = session.matches.filled("key").unwrap_or_default();
    let entry = pick_signing_key(session, &account, wanted)?;
    let public = public_of(&entry);
    if !session.matches.on("force")
        && !session.prompt().confirm(
            &format!(
                "Really remove the Scoped Signing Key {public} with role {}",
                entry.text("role")
            ),
            false,
        )?
    {
        return Ok(());
    }
    let mut keys = account.claims.nats().list("signing_keys").to_vec();
    keys.retain(|entry| public_of(entry) != public);
    if keys.is_empty() {
        account.claims.nats_mut().remove("signing_keys");
    } else {
        account
            .claims
            .nats_mut()
            .set("signing_keys", Json::List(keys));
    }
    store.save_account(&operator, &mut account)?;
    store.remove_key(public)?;
    println!("key {public:?} removed");
    Ok(())
}
