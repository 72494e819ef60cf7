//! `nats auth operator` (cli.md 8.2).

use super::store::{
    Entity, Store, check_name, choose_operator, pick_operator, set_default_operator,
};
use super::tree::Tree;
use super::{account, tags};
use crate::bail;
use crate::failure::Result;
use crate::format::join;
use crate::jwt::Claims;
use crate::nkey::{Key, Kind};
use crate::output::{Columns, Json, Table};
use crate::session::Session;

/// Name of the system account of a new operator.
const SYSTEM: &str = "SYSTEM";

fn texts(list: &[String]) -> Json {
    Json::List(list.iter().map(|text| Json::from(text.as_str())).collect())
}

/// Schemes under which clients reach servers.
const SERVICE_SCHEMES: [&str; 4] = ["nats", "tls", "ws", "wss"];

/// Fails unless a URL of a service is what servers and tools take: one of
/// their schemes and a host, without user and path.
fn check_service(url: &str) -> Result<()> {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    // What is before the sign may be a password, and is not shown.
    if rest.contains('@') {
        bail!("operator service url - credentials are not supported");
    }
    if rest.contains(['/', '?', '#']) {
        bail!("operator service url {url:?} - paths are not supported");
    }
    if rest.is_empty() || !SERVICE_SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) {
        let schemes = SERVICE_SCHEMES
            .map(|scheme| format!("'{scheme}'"))
            .join(", ");
        bail!("operator service url {url:?} - protocol not supported (only {schemes} only)");
    }
    Ok(())
}

/// Takes the URLs of the command line; a single empty one takes those that
/// were there away.
fn urls(nats: &mut Json, session: &Session) -> Result<()> {
    match session.matches.list("service") {
        [] => {}
        [only] if only.is_empty() => {
            nats.remove("operator_service_urls");
        }
        services => {
            services.iter().try_for_each(|url| check_service(url))?;
            nats.set("operator_service_urls", texts(services));
        }
    }
    if session.matches.given("account-server") {
        match session.matches.filled("account-server") {
            Some(url) if !url.contains("://") => {
                bail!("account server url {url:?} requires a protocol");
            }
            Some(url) => {
                nats.set("account_server_url", url);
            }
            None => {
                nats.remove("account_server_url");
            }
        }
    }
    Ok(())
}

/// Makes an operator.
pub fn add(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let name = match session.matches.arg("name") {
        Some(name) => name.to_owned(),
        None => session.prompt().text("Operator Name", "", "")?,
    };
    if store.operators().contains(&name) {
        bail!("operator {name} already exist");
    }
    check_name("operator", &name)?;
    let key = Key::generate(Kind::Operator)?;
    let mut operator = Entity {
        claims: Claims::new("operator", &name, &key.public()),
        name,
    };
    urls(operator.claims.nats_mut(), session)?;
    store.save_key(&key)?;
    if session.matches.on("signing-key") {
        let signing = store.new_key(Kind::Operator)?;
        operator
            .claims
            .nats_mut()
            .set("signing_keys", texts(&[signing.public()]));
    }
    tags::change(operator.claims.nats_mut(), &session.matches)?;
    let system_key = store.new_key(Kind::Account)?;
    let mut system = Entity {
        name: SYSTEM.to_owned(),
        claims: Claims::new("account", SYSTEM, &system_key.public()),
    };
    account::fill(system.claims.nats_mut());
    store.save_account(&operator, &mut system)?;
    // Last, for with it the operator is there.
    operator
        .claims
        .nats_mut()
        .set("system_account", system_key.public());
    store.save_operator(&mut operator)?;
    show(&store, &operator);
    Ok(())
}

fn named(session: &Session, store: &Store) -> Result<Entity> {
    pick_operator(
        session,
        store,
        session.matches.arg("name").unwrap_or_default(),
    )
}

/// Shows an operator.
pub fn info(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let operator = named(session, &store)?;
    if session.matches.on("json") {
        Tree::new(&store).operator(&operator)?.print();
    } else {
        show(&store, &operator);
    }
    Ok(())
}

/// Prints what is known about an operator.
pub fn show(store: &Store, operator: &Entity) {
    let claims = &operator.claims;
    let nats = claims.nats();
    let mut c = Columns::new(format!("Operator {} ({})", operator.name, claims.subject()));
    c.section("Configuration");
    c.row("Name", claims.name());
    c.row("Subject", claims.subject());
    c.rows("Tags", &tags::sorted(nats));
    c.row_filled("Service URL(s)", join(&nats.texts("operator_service_urls")));
    c.row_filled("Account Server", nats.text("account_server_url"));
    let accounts = store.accounts(&operator.name);
    c.row("Accounts", accounts.len().to_string());
    let system = nats.text("system_account");
    c.row(
        "System Account",
        if system.is_empty() {
            "not set".to_owned()
        } else {
            let name = accounts.iter().find(|name| {
                store
                    .account(&operator.name, name)
                    .is_ok_and(|account| account.claims.subject() == system)
            });
            match name {
                Some(name) => format!("{name} ({system})"),
                None => "not set".to_owned(),
            }
        },
    );
    let mut keys = nats.texts("signing_keys");
    keys.sort();
    c.rows("Signing Keys", &keys);
    c.print();
    println!();
}

/// Lists operators.
pub fn list(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let names = store.operators();
    if names.is_empty() {
        println!("No Operators found");
        return Ok(());
    }
    if session.matches.on("names") {
        for name in names {
            println!("{name}");
        }
        return Ok(());
    }
    let mut table = Table::new(
        "Operators",
        &[
            "Name",
            "Subject",
            "Accounts",
            "Account Server",
            "Signing Keys",
        ],
    );
    for name in names {
        let operator = store.operator(&name)?;
        let nats = operator.claims.nats();
        table.row(vec![
            name.as_str().into(),
            operator.claims.subject().into(),
            store.accounts(&name).len().into(),
            nats.text("account_server_url").into(),
            nats.list("signing_keys").len().into(),
        ]);
    }
    table.print();
    Ok(())
}

/// Changes an operator.
pub fn edit(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let mut operator = named(session, &store)?;
    urls(operator.claims.nats_mut(), session)?;
    tags::change(operator.claims.nats_mut(), &session.matches)?;
    store.save_operator(&mut operator)?;
    show(&store, &operator);
    Ok(())
}

/// Selects the operator that commands take if none is named.
pub fn select(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let name = session.matches.arg("name").unwrap_or_default();
    let name = choose_operator(session, &store, name)?.name;
    set_default_operator(&name)?;
    println!("Selected operator {name:?} as default");
    Ok(())
}

/// Lists signing keys.
pub fn keys_list(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    for key in named(session, &store)?.claims.nats().texts("signing_keys") {
        println!("{key}");
    }
    Ok(())
}

/// Adds a signing key.
pub fn keys_add(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let mut operator = named(session, &store)?;
    let key = store.new_key(Kind::Operator)?.public();
    let mut keys = operator.claims.nats().texts("signing_keys");
    keys.push(key.clone());
    operator.claims.nats_mut().set("signing_keys", texts(&keys));
    store.save_operator(&mut operator)?;
    println!("{key}");
    Ok(())
}

/// Removes a signing key.
pub fn keys_rm(session: &mut Session) -> Result<()> {
    let Some(key) = session.matches.arg("key").filter(|key| !key.is_empty()) else {
        bail!("public key is required");
    };
    let store = Store::open()?;
    let mut operator = named(session, &store)?;
    if !session.matches.on("force")
        && !session
            .prompt()
            .confirm(&format!("Really remove the signing key {key}"), false)?
    {
        return Ok(());
    }
    let mut keys = operator.claims.nats().texts("signing_keys");
    if !keys.iter().any(|known| known == key) {
        bail!("signing key was not found");
    }
    keys.retain(|known| known != key);
    if keys.is_empty() {
        operator.claims.nats_mut().remove("signing_keys");
    } else {
        operator.claims.nats_mut().set("signing_keys", texts(&keys));
    }
    store.save_operator(&mut operator)?;
    store.remove_key(key)?;
    println!("Signing key removed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_service;

    #[test]
    fn services_have_a_scheme_and_a_host() {
        for good in ["nats://a:4222", "TLS://a", "wss://[::1]:443"] {
            assert!(check_service(good).is_ok(), "{good}");
        }
        for bad in [
            "a:4222",
            "http://a",
            "nats://u:secret@a",
            "nats://a/x",
            "nats://",
        ] {
            let why = check_service(bad).unwrap_err().to_string();
            assert!(!why.contains("secret"), "{why}");
        }
    }
}
