//! `nats auth user` (cli.md 8.2).

use std::path::Path;

use super::account::named;
use super::limits::ask_number;
use super::permissions;
use super::scopes::{pick_signing_key, public_of, scope_of, template_of};
use super::store::{Entity, Store, pick_user};
use super::tags;
use super::tree::Tree;
use crate::bail;
use crate::context::write_whole;
use crate::failure::Result;
use crate::format::now_nanos;
use crate::jwt::{Claims, credentials};
use crate::nkey::{Key, Kind};
use crate::output::{Columns, Json, Table};
use crate::session::Session;

/// Makes a user.
pub fn add(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, account) = named(session, &store)?;
    let matches = &session.matches;
    let name = matches.required_arg("name").to_owned();
    let (signer, scoped) = match matches.filled("key") {
        Some(wanted) => {
            let entry = pick_signing_key(session, &account, wanted)?;
            (store.key(public_of(&entry))?, entry.as_text().is_none())
        }
        None => (store.key(account.claims.subject())?, false),
    };
    if store.user(&operator.name, &account.name, &name)?.is_some() {
        bail!("user {name} already exist");
    }
    let key = Key::generate(Kind::User)?;
    let mut user = Entity {
        claims: Claims::new("user", &name, &key.public()),
        name,
    };
    let nats = user.claims.nats_mut();
    nats.set("pub", Json::object());
    nats.set("sub", Json::object());
    // Of a user with a role all limits come from the role.
    let mut limits = nats.clone();
    permissions::apply(&mut limits, session, true);
    if !matches.on("defaults") {
        for (flag, key, question, help) in [
            (
                "payload",
                "payload",
                "Maximum Payload",
                "The largest message that the user can send",
            ),
            (
                "subscriptions",
                "subs",
                "Maximum Subscriptions",
                "The most subscriptions that the user can have",
            ),
        ] {
            if !matches.given(flag) {
                limits.set(key, ask_number(session, question, help)?);
            }
        }
    }
    if !scoped {
        *nats = limits;
    }
    tags::change(nats, &session.matches)?;
    store.save_key(&key)?;
    store.save_user(&operator.name, &account, &mut user, &signer)?;
    if let Some(path) = session.matches.filled("credential") {
        refuse_existing(path, session.matches.on("force"))?;
        write_credentials(&store, &operator, &account, &user, path)?;
    }
    show(&account, &user);
    Ok(())
}

fn refuse_existing(path: &str, force: bool) -> Result<()> {
    if !force && Path::new(path).exists() {
        bail!("file {path} already exist");
    }
    Ok(())
}

fn write_credentials(
    store: &Store,
    operator: &Entity,
    account: &Entity,
    user: &Entity,
    path: &str,
) -> Result<()> {
    let token = store.user_token(&operator.name, &account.name, &user.name)?;
    let seed = store.key(user.claims.subject())?.seed()?;
    write_whole(
        Path::new(path),
        credentials(&token, &seed).as_bytes(),
        0o600,
    )
}

/// The operator, the account and the name that a command line or the user
/// gives.
fn chosen(session: &Session, store: &Store) -> Result<(Entity, Entity, String)> {
    let (operator, account) = named(session, store)?;
    let name = pick_user(
        session,
        store,
        &operator.name,
        &account.name,
        session.matches.arg("name").unwrap_or_default(),
    )?;
    Ok((operator, account, name))
}

/// The scope of a user's issuer, and whether the issuer is a signing key.
fn scope<'a>(account: &'a Entity, user: &Entity) -> (Option<&'a Json>, bool) {
    let entry = scope_of(account, user.claims.issuer());
    let scope = entry.filter(|entry| entry.as_text().is_none());
    (scope, entry.is_some())
}

/// Shows a user.
pub fn info(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, account, name) = chosen(session, &store)?;
    let Some(user) = store.user(&operator.name, &account.name, &name)? else {
        bail!("user {name} not found");
    };
    if session.matches.on("json") {
        Tree::new(&store)
            .user(&operator.name, &account.name, &user)?
            .print();
    } else {
        show(&account, &user);
    }
    Ok(())
}

fn show(account: &Entity, user: &Entity) {
    let claims = &user.claims;
    let nats = claims.nats();
    let mut c = Columns::new(format!("User {} ({})", user.name, claims.subject()));
    let (scope, scoped) = scope(account, user);
    c.section("Configuration");
    c.row(
        "Account",
        format!("{} ({})", account.name, account.claims.subject()),
    );
    c.row("Issuer", claims.issuer());
    c.row("Scoped", scoped.to_string());
    c.rows("Tags", &tags::sorted(nats));
    match scope {
        Some(scope) => permissions::show(&template_of(scope), &mut c),
        None => permissions::show(nats, &mut c),
    }
    c.print();
    println!();
}

/// Lists users.
pub fn list(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, account) = named(session, &store)?;
    let names = store.users(&operator.name, &account.name);
    if names.is_empty() {
        println!("No users found");
        return Ok(());
    }
    if session.matches.on("names") {
        for name in names {
            println!("{name}");
        }
        return Ok(());
    }
    let mut table = Table::new(
        format!("Users in account {}", account.name),
        &[
            "Name",
            "Subject",
            "Scoped",
            "Sub Perms",
            "Pub Perms",
            "Max Subscriptions",
        ],
    );
    for name in names {
        let Some(user) = store.user(&operator.name, &account.name, &name)? else {
            continue;
        };
        let (scope, scoped) = scope(&account, &user);
        let limits = scope.map_or_else(|| user.claims.nats().clone(), template_of);
        let mark = |key: &str| match limits.entries(key) {
            [] => "",
            _ => "✓",
        };
        table.row(vec![
            name.as_str().into(),
            user.claims.subject().into(),
            scoped.to_string().into(),
            mark("sub").into(),
            mark("pub").into(),
            match limits.int("subs") {
                -1 => "Unlimited".into(),
                most => most.to_string().into(),
            },
        ]);
    }
    table.print();
    Ok(())
}

/// Changes a user.
pub fn edit(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, account, name) = chosen(session, &store)?;
    let Some(mut user) = store.user(&operator.name, &account.name, &name)? else {
        bail!("user not found");
    };
    let (_, scoped) = scope(&account, &user);
    let nats = user.claims.nats_mut();
    if !scoped {
        permissions::apply(nats, session, false);
    }
    tags::change(nats, &session.matches)?;
    let signer = store.key(user.claims.issuer())?;
    store.save_user(&operator.name, &account, &mut user, &signer)?;
    if let Some(path) = session.matches.filled("credential") {
        write_credentials(&store, &operator, &account, &user, path)?;
    }
    show(&account, &user);
    Ok(())
}

/// Removes a user.
pub fn remove(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account, name) = chosen(session, &store)?;
    let matches = &session.matches;
    if !matches.on("force")
        && !session
            .prompt()
            .confirm(&format!("Really remove the User {name}"), false)?
    {
        return Ok(());
    }
    let Some(user) = store.user(&operator.name, &account.name, &name)? else {
        bail!("user does not exist");
    };
    if matches.on("revoke") {
        let mut revoked = match account.claims.nats().at("revocations") {
            Json::Null => Json::object(),
            known => known.clone(),
        };
        revoked.set(user.claims.subject(), now_nanos() / 1_000_000_000);
        account.claims.nats_mut().set("revocations", revoked);
        store.save_account(&operator, &mut account)?;
    }
    store.remove_user(&operator.name, &account.name, &user.name)?;
    store.remove_key(user.claims.subject())?;
    println!("Removed user {name}");
    Ok(())
}

/// Writes the credentials of a user to a file.
pub fn credential(session: &mut Session) -> Result<()> {
    let path = session.matches.required_arg("file").to_owned();
    refuse_existing(&path, session.matches.on("force"))?;
    let store = Store::open()?;
    let (operator, account, name) = chosen(session, &store)?;
    let Some(user) = store.user(&operator.name, &account.name, &name)? else {
        bail!("user not found");
    };
    match session.matches.nanos("expire").filter(|nanos| *nanos > 0) {
        None => write_credentials(&store, &operator, &account, &user, &path)?,
        Some(nanos) => {
            let mut claims = user.claims.clone();
            claims
                .json
                .set("exp", now_nanos().saturating_add(nanos) / 1_000_000_000);
            let token = claims.sign(&store.key(claims.issuer())?)?;
            let seed = store.key(claims.subject())?.seed()?;
            write_whole(
                Path::new(&path),
                credentials(&token, &seed).as_bytes(),
                0o600,
            )?;
        }
    }
    println!("Wrote credential for {} to {path}", user.name);
    Ok(())
}
