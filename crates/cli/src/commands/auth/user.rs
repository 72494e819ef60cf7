//! `nats auth user` (cli.md 8.2).

use std::path::Path;

use super::account::{bytes, count, expiry, named};
use super::store::{Entity, Store, pick_user};
use super::tags;
use crate::context::write_whole;
use crate::failure::Result;
use crate::format::{join, now_nanos, parse_int};
use crate::jwt::{Claims, credentials};
use crate::nkey::{Key, Kind};
use crate::output::{Columns, Json, Table};
use crate::session::Session;
use crate::{bail, fail};

fn texts(list: &[String]) -> Json {
    Json::List(list.iter().map(|text| Json::from(text.as_str())).collect())
}

/// Puts what the flags say into a user, or a template of users.
pub fn limit(nats: &mut Json, session: &Session, is_new: bool) {
    let matches = &session.matches;
    let mut set_list = |key: &str, list: &str, flag: &str| {
        if !matches.given(flag) {
            return;
        }
        let subjects: Vec<String> = matches
            .list(flag)
            .iter()
            .flat_map(|text| text.split(','))
            .map(|subject| subject.trim().to_owned())
            .filter(|subject| !subject.is_empty())
            .collect();
        let mut rules = nats.at(key).clone();
        // A single empty value takes the list away.
        if subjects.is_empty() {
            rules.remove(list);
        } else {
            rules.set(list, texts(&subjects));
        }
        nats.set(key, rules);
    };
    set_list("pub", "allow", "pub-allow");
    set_list("pub", "deny", "pub-deny");
    set_list("sub", "allow", "sub-allow");
    set_list("sub", "deny", "sub-deny");
    let numbers = [
        ("subscriptions", "subs"),
        ("data", "data"),
        ("payload", "payload"),
    ];
    for (flag, key) in numbers {
        let declared = matches
            .declared_flags()
            .iter()
            .any(|known| known.name == flag);
        if declared && (is_new || matches.given(flag)) {
            nats.set(key, matches.int(flag));
        }
    }
    if let Some(bearer) = matches
        .switched("bearer")
        .filter(|_| matches.given("bearer"))
    {
        if bearer {
            nats.set("bearer_token", true);
        } else {
            nats.remove("bearer_token");
        }
    }
    if let Some(locale) = matches.filled("locale") {
        nats.set("times_location", locale);
    }
}

/// The key that signs a new user: that of the account, or the one of a public
/// key or role. The second value is the scope that it belongs to.
fn signer(store: &Store, account: &Entity, wanted: &str) -> Result<(Key, bool)> {
    if wanted.is_empty() || wanted == account.claims.subject() {
        return Ok((store.key(account.claims.subject())?, false));
    }
    for entry in account.claims.nats().list("signing_keys") {
        let (public, role) = match entry.as_text() {
            Some(public) => (public, ""),
            None => (entry.text("key"), entry.text("role")),
        };
        if wanted == public || (!role.is_empty() && wanted == role) {
            return Ok((store.key(public)?, entry.as_text().is_none()));
        }
    }
    bail!("signing key {wanted} not found")
}

/// Makes a user.
pub fn add(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, account) = named(session, &store)?;
    let matches = &session.matches;
    let name = matches.required_arg("name").to_owned();
    if store.users(&operator.name, &account.name).contains(&name) && !matches.on("force") {
        bail!("user {name} already exist");
    }
    let path = matches.filled("credential").map(str::to_owned);
    refuse_existing(path.as_deref(), matches.on("force"))?;
    let (signer, scoped) = signer(&store, &account, matches.filled("key").unwrap_or_default())?;
    let key = Key::generate(Kind::User)?;
    let mut user = Entity {
        claims: Claims::new("user", &name, &key.public()),
        name,
    };
    let nats = user.claims.nats_mut();
    nats.set("pub", Json::object());
    nats.set("sub", Json::object());
    if scoped {
        refuse_limits(session)?;
    } else {
        limit(nats, session, true);
        if !session.matches.on("defaults") {
            ask(session, nats)?;
        }
    }
    store.save_key(&key)?;
    tags::change(user.claims.nats_mut(), &session.matches);
    let token = store.save_user(&operator.name, &account, &mut user, &signer)?;
    show(&account, &user);
    if let Some(path) = path {
        write_whole(
            Path::new(&path),
            credentials(&token, &key.seed()?).as_bytes(),
            0o600,
        )?;
        println!("Wrote credential for {} to {path}", user.name);
    }
    Ok(())
}

/// Of a scoped user all limits come from the scope, and must not be in the
/// user itself.
fn refuse_limits(session: &Session) -> Result<()> {
    for flag in [
        "pub-allow",
        "pub-deny",
        "sub-allow",
        "sub-deny",
        "subscriptions",
        "data",
        "payload",
        "bearer",
        "locale",
    ] {
        if session.matches.given(flag) {
            bail!("--{flag} cannot be used with a scoped signing key");
        }
    }
    Ok(())
}

/// Asks for the limits that no flag gave.
fn ask(session: &Session, nats: &mut Json) -> Result<()> {
    for (flag, key, question, help) in [
        (
            "payload",
            "payload",
            "Maximum Payload",
            "The largest message that the user can send, -1 for no limit",
        ),
        (
            "subscriptions",
            "subs",
            "Maximum Subscriptions",
            "The most subscriptions that the user can have, -1 for no limit",
        ),
    ] {
        if !session.matches.given(flag) {
            let text = session.prompt().text(question, "-1", help)?;
            nats.set(key, parse_int(&text)?);
        }
    }
    Ok(())
}

fn refuse_existing(path: Option<&str>, force: bool) -> Result<()> {
    match path {
        Some(path) if !force && Path::new(path).exists() => bail!("file {path} already exist"),
        _ => Ok(()),
    }
}

fn chosen(session: &Session, store: &Store) -> Result<(Entity, Entity, Entity)> {
    let (operator, account) = named(session, store)?;
    let user = pick_user(
        session,
        store,
        &operator.name,
        &account.name,
        session.matches.arg("name").unwrap_or_default(),
    )?;
    Ok((operator, account, user))
}

fn is_scoped(account: &Entity, user: &Entity) -> bool {
    account
        .claims
        .nats()
        .list("signing_keys")
        .iter()
        .any(|entry| entry.text("key") == user.claims.issuer())
}

/// Shows a user.
pub fn info(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (_, account, user) = chosen(session, &store)?;
    if session.matches.on("json") {
        user.claims.json.print();
    } else {
        show(&account, &user);
    }
    Ok(())
}

fn show(account: &Entity, user: &Entity) {
    let claims = &user.claims;
    let nats = claims.nats();
    let mut c = Columns::new(format!("User {} ({})", user.name, claims.subject()));
    c.section("Configuration");
    c.row(
        "Account",
        format!("{} ({})", account.name, account.claims.subject()),
    );
    c.row("Issuer", claims.issuer());
    let scoped = is_scoped(account, user);
    c.row("Scoped", scoped.to_string());
    c.row_filled("Tags", join(&nats.texts("tags")));
    c.row("Bearer Token", nats.on("bearer_token").to_string());
    if claims.expires() > 0 {
        c.row("Expiry", expiry(claims));
    }
    if !scoped {
        c.section("Limits");
        c.row("Max Payload", bytes(nats.int("payload")));
        c.row("Max Data", bytes(nats.int("data")));
        c.row("Max Subscriptions", count(nats.int("subs")));
        c.rows("Connection Types", &nats.texts("allowed_connection_types"));
        c.rows("Connection Sources", &nats.texts("src"));
        c.row_filled("Locale", nats.text("times_location"));
        permissions(nats, &mut c);
    }
    c.print();
    println!();
}

/// Shows permissions.
pub fn permissions(nats: &Json, c: &mut Columns) {
    c.section("Permissions");
    for (title, key) in [("Publish", "pub"), ("Subscribe", "sub")] {
        c.indent(2);
        c.section(title);
        let lists = [("Allow", "allow"), ("Deny", "deny")];
        if nats.entries(key).is_empty() {
            c.text("No permissions defined");
        }
        for (label, list) in lists {
            c.rows(label, &nats.texts(&format!("{key}.{list}")));
        }
    }
    c.indent(0);
}

/// Lists users.
pub fn list(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, account) = named(session, &store)?;
    let names = store.users(&operator.name, &account.name);
    if session.matches.on("names") {
        for name in names {
            println!("{name}");
        }
        return Ok(());
    }
    if names.is_empty() {
        println!("No users found");
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
        let user = store.user(&operator.name, &account.name, &name)?;
        let nats = user.claims.nats();
        let scoped = is_scoped(&account, &user);
        let mark = |key: &str| {
            if nats.entries(key).is_empty() {
                ""
            } else {
                "✓"
            }
        };
        table.row(vec![
            name.as_str().into(),
            user.claims.subject().into(),
            scoped.to_string().into(),
            mark("sub").into(),
            mark("pub").into(),
            if scoped {
                "".into()
            } else {
                count(nats.int("subs")).into()
            },
        ]);
    }
    table.print();
    Ok(())
}

/// Changes a user.
pub fn edit(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, account, mut user) = chosen(session, &store)?;
    if is_scoped(&account, &user) {
        refuse_limits(session)?;
    } else {
        limit(user.claims.nats_mut(), session, false);
    }
    tags::change(user.claims.nats_mut(), &session.matches);
    let signer = store.key(user.claims.issuer())?;
    let token = store.save_user(&operator.name, &account, &mut user, &signer)?;
    show(&account, &user);
    if let Some(path) = session.matches.filled("credential") {
        let seed = store.key(user.claims.subject())?.seed()?;
        write_whole(
            Path::new(path),
            credentials(&token, &seed).as_bytes(),
            0o600,
        )?;
        println!("Wrote credential for {} to {path}", user.name);
    }
    Ok(())
}

/// Removes a user.
pub fn remove(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account, user) = chosen(session, &store)?;
    let matches = &session.matches;
    if !matches.on("force")
        && !session
            .prompt()
            .confirm_action(&format!("Really remove user {}", user.name))?
    {
        return Ok(());
    }
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
    println!("Removed user {}", user.name);
    Ok(())
}

/// Writes the credentials of a user to a file.
pub fn credential(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (_, account, user) = chosen(session, &store)?;
    let path = session.matches.required_arg("file").to_owned();
    refuse_existing(Some(&path), session.matches.on("force"))?;
    let mut claims = user.claims.clone();
    if let Some(nanos) = session.matches.nanos("expire") {
        if nanos <= 0 {
            bail!("the credential would be expired");
        }
        claims
            .json
            .set("exp", now_nanos().saturating_add(nanos) / 1_000_000_000);
    }
    let signer = store.key(claims.issuer())?;
    if signer.public() != account.claims.subject() && !claims.nats().has("issuer_account") {
        return Err(fail!("user {} was not issued by this account", user.name));
    }
    let token = claims.sign(&signer)?;
    let seed = store.key(claims.subject())?.seed()?;
    write_whole(
        Path::new(&path),
        credentials(&token, &seed).as_bytes(),
        0o600,
    )?;
    println!("Wrote credential for {} to {path}", user.name);
    Ok(())
}
