//! `nats auth operator backup`, `restore` (cli.md 8.2): an operator with all
//! of its accounts, users and keys in one file.
//!
//! The file is JSON (see `tree`). Sealed, it is base64 of the JSON, encrypted
//! by a curve key for itself.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::operator;
use super::store::{Store, check_name, pick_operator};
use super::tree::{Tree, signing_keys};
use crate::context::write_whole;
use crate::failure::Result;
use crate::jwt::Claims;
use crate::nkey::{Key, Kind, decode_base64};
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail, log};

/// An operator, account or user of a backup, checked.
struct Saved {
    name: String,
    token: String,
    /// Its own key, then those that sign for it.
    keys: Vec<Key>,
}

struct SavedAccount {
    own: Saved,
    users: Vec<Saved>,
}

struct Backup {
    own: Saved,
    accounts: Vec<SavedAccount>,
}

/// Writes an operator to a file.
pub fn backup(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let operator = pick_operator(session, &store, session.matches.required_arg("name"))?;
    let path = session.matches.required_arg("output");
    let sealing = match session.matches.filled("key") {
        Some(key) => Some(curve_pair(key)?),
        None => None,
    };
    let mut tree = Tree::new(&store);
    let plain = tree.operator(&operator)?.pretty();
    let text = match &sealing {
        Some(key) => STANDARD.encode(key.seal(plain.as_bytes(), key)?),
        None => plain,
    };
    write_whole(Path::new(path), text.as_bytes(), 0o600)?;
    for public in tree.missing {
        log!("The seed of {public} is not in the store, and so not in the backup");
    }
    println!("Wrote backup for {} to {path}", operator.name);
    if sealing.is_none() {
        println!();
        println!("WARNING: The output file is unencrypted and contains secrets,");
        println!("consider encrypting it with 'nats auth nkey seal'");
    }
    Ok(())
}

/// The pair of a curve key that is in a file.
fn curve_pair(path: &str) -> Result<Key> {
    let key = Key::in_file(path)?;
    if key.kind() != Kind::Curve {
        bail!("invalid public key provided");
    }
    // Only a pair has one.
    key.seed()?;
    Ok(key)
}

/// Brings an operator back from a file.
pub fn restore(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let name = session.matches.required_arg("name");
    if store.operators().iter().any(|known| known == name) {
        bail!("operator {name} already exist");
    }
    let path = session.matches.required_arg("input");
    let mut text = fs::read(path)
        .map_err(|error| fail!("{}", crate::format::io_error_at("open", path, &error)))?;
    if let Some(key) = session.matches.filled("key") {
        let key = curve_pair(key)?;
        let sealed = decode_base64(&String::from_utf8_lossy(&text))
            .map_err(|why| fail!("{path} is not encrypted, or damaged: {why}"))?;
        text = key
            .open(&sealed, &key)
            .map_err(|failure| failure.context("open failed"))?;
    }
    let json = Json::parse(&text).map_err(|_| {
        fail!("unmarshal failed: {path} is no backup of an operator; if it is encrypted, give its key with --key")
    })?;
    let backup = read(&json)?;
    // It keeps its name, whatever it was asked for by.
    let name = &backup.own.name;
    store.refuse_operator(name)?;
    put(&store, &backup)?;
    operator::show(&store, &store.operator(name)?);
    Ok(())
}

/// Checks a backup as a whole, so that nothing is written of a wrong one.
fn read(json: &Json) -> Result<Backup> {
    let mut accounts = Vec::new();
    for entry in json.list("accounts") {
        let users: Result<Vec<Saved>> = entry
            .list("users")
            .iter()
            .map(|user| saved("user", user))
            .collect();
        accounts.push(SavedAccount {
            own: saved("account", entry)?,
            users: users?,
        });
    }
    Ok(Backup {
        own: saved("operator", json)?,
        accounts,
    })
}

fn saved(kind: &str, json: &Json) -> Result<Saved> {
    let name = json.text("name");
    check_name(kind, name)?;
    let wrong = |what: &str| fail!("unmarshal failed: {kind} {name}: {what}");
    let claims = Claims::decode(json.text("token")).map_err(|why| wrong(&why.to_string()))?;
    if claims.kind() != kind {
        return Err(wrong("the token is about something else"));
    }
    // The texts are secrets: they are in no error.
    let key = |entry: &Json| Key::parse(entry.text("key")).ok_or_else(|| wrong("no valid key"));
    let own = key(json.at("key"))?;
    if own.public() != claims.subject() {
        return Err(wrong("the key is not that of the token"));
    }
    let mut keys = vec![own];
    let known = signing_keys(&claims);
    for entry in json.list("signingKeys") {
        let key = key(entry)?;
        let public = key.public();
        if !known.contains(&public.as_str()) {
            return Err(wrong(&format!("the token does not name {public}")));
        }
        keys.push(key);
    }
    Ok(Saved {
        name: name.to_owned(),
        token: json.text("token").to_owned(),
        keys,
    })
}

/// Puts all of a backup into the store. An operator is there once its own
/// token is, which therefore comes last.
fn put(store: &Store, backup: &Backup) -> Result<()> {
    let name = &backup.own.name;
    let entities = backup
        .accounts
        .iter()
        .flat_map(|account| std::iter::once(&account.own).chain(&account.users))
        .chain(std::iter::once(&backup.own));
    for key in entities.flat_map(|entity| &entity.keys) {
        if key.seed().is_ok() {
            store.save_key(key)?;
        }
    }
    for account in &backup.accounts {
        for user in &account.users {
            store.put_user(name, &account.own.name, &user.name, &user.token)?;
        }
        store.put_account(name, &account.own.name, &account.own.token)?;
    }
    store.put_operator(name, &backup.own.token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(kind: &str, name: &str, key: &Key, issuer: &Key) -> Json {
        let token = Claims::new(kind, name, &key.public()).sign(issuer).unwrap();
        Json::object()
            .with("name", name)
            .with("key", Json::object().with("key", key.seed().unwrap()))
            .with("token", token)
    }

    #[test]
    fn a_backup_is_checked_as_a_whole() {
        let [own, account, user] =
            [Kind::Operator, Kind::Account, Kind::User].map(|kind| Key::generate(kind).unwrap());
        let users = Json::List(vec![entity("user", "u", &user, &account)]);
        let of_account = entity("account", "A", &account, &own).with("users", users);
        let good = entity("operator", "OP", &own, &own)
            .with("signingKeys", Json::Null)
            .with("accounts", Json::List(vec![of_account.clone()]));
        let backup = read(&good).unwrap();
        assert_eq!(backup.own.name, "OP");
        assert_eq!(backup.accounts[0].own.name, "A");
        assert_eq!(backup.accounts[0].users[0].keys[0].public(), user.public());

        let mut wrong_key = of_account.clone();
        wrong_key.set("key", Json::object().with("key", user.seed().unwrap()));
        let mut wrong_name = of_account.clone();
        wrong_name.set("name", "../../A");
        let mut stranger = of_account.clone();
        let key = Json::object().with("key", own.seed().unwrap());
        stranger.set("signingKeys", Json::List(vec![key]));
        let wrong_kind = entity("user", "A", &account, &account);
        for account in [wrong_key, wrong_name, stranger, wrong_kind, Json::object()] {
            let bad = good.clone().with("accounts", Json::List(vec![account]));
            let why = read(&bad).err().unwrap().to_string();
            for key in [&own, &user] {
                assert!(!why.contains(&key.seed().unwrap()), "{why}");
            }
        }
    }
}
