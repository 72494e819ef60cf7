//! `nats auth account`: accounts themselves (cli.md 8.2).

use super::limits::{self, has_jetstream};
use super::share_rules::{check_exports, check_imports};
use super::store::{Entity, Store, pick_account, pick_operator};
use super::tags;
use super::tree::Tree;
use crate::bail;
use crate::failure::Result;
use crate::format::{commas, human_size, local_time_of, now_nanos};
use crate::jwt::Claims;
use crate::nkey::Kind;
use crate::output::{Columns, Json, Table};
use crate::session::Session;

/// What a new account says.
pub fn fill(nats: &mut Json) {
    let permissions = Json::object()
        .with("pub", Json::object())
        .with("sub", Json::object());
    nats.set("limits", limits::unlimited());
    nats.set("default_permissions", permissions);
    nats.set("authorization", Json::object());
}

/// Puts what the flags say beside the limits into a token.
fn describe(claims: &mut Claims, session: &Session) -> Result<()> {
    let matches = &session.matches;
    if let Some(traffic) = matches.filled("js-cluster-traffic") {
        claims.nats_mut().set("cluster_traffic", traffic);
    }
    if let Some(nanos) = matches.nanos("expiry").filter(|nanos| *nanos > 0) {
        let end = now_nanos().saturating_add(nanos) / 1_000_000_000;
        claims.json.set("exp", end);
    }
    tags::change(claims.nats_mut(), matches)
}

fn operator(session: &Session, store: &Store) -> Result<Entity> {
    pick_operator(session, store, session.matches.flag_or_arg("operator"))
}

/// The operator and account that a command line names.
pub fn named(session: &Session, store: &Store) -> Result<(Entity, Entity)> {
    let operator = operator(session, store)?;
    let account = pick_account(
        session,
        store,
        &operator.name,
        session.matches.flag_or_arg("account"),
    )?;
    Ok((operator, account))
}

/// Makes an account.
pub fn add(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let operator = operator(session, &store)?;
    let name = match session
        .matches
        .arg("account")
        .filter(|name| !name.is_empty())
    {
        Some(name) => name.to_owned(),
        None => session
            .prompt()
            .text("Account Name", "", "A name that no other account has")?,
    };
    if store.accounts(&operator.name).contains(&name) {
        bail!("account {name} already exist");
    }
    let mut account = Entity {
        claims: Claims::new("account", &name, ""),
        name,
    };
    if let Some(key) = session.matches.filled("key") {
        let keys = operator.claims.nats().texts("signing_keys");
        if key != operator.claims.subject() && !keys.iter().any(|known| known == key) {
            bail!("no signing keys found");
        }
        account.claims.json.set("iss", key);
    }
    fill(account.claims.nats_mut());
    describe(&mut account.claims, session)?;
    let mut limits = account.claims.nats().at("limits").clone();
    if !session.matches.on("defaults") {
        limits::ask(session, &mut limits)?;
    }
    limits::apply(&mut limits, session, true)?;
    account.claims.nats_mut().set("limits", limits);
    let key = store.new_key(Kind::Account)?;
    account.claims.json.set("sub", key.public());
    store.save_account(&operator, &mut account)?;
    show(&store, Some(&operator), &account);
    Ok(())
}

/// Shows an account.
pub fn info(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, account) = named(session, &store)?;
    if session.matches.on("json") {
        Tree::new(&store).account(&operator.name, &account)?.print();
    } else {
        show(&store, Some(&operator), &account);
    }
    Ok(())
}

/// Changes an account.
pub fn edit(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let mut limits = account.claims.nats().at("limits").clone();
    limits::apply(&mut limits, session, false)?;
    check_exports(account.claims.nats().list("exports"), &limits)?;
    check_imports(account.claims.nats().list("imports"), &limits)?;
    account.claims.nats_mut().set("limits", limits);
    describe(&mut account.claims, session)?;
    store.save_account(&operator, &mut account)?;
    show(&store, Some(&operator), &account);
    Ok(())
}

/// A limit; -1 is none.
pub fn count(value: i64) -> String {
    if value < 0 {
        "unlimited".to_owned()
    } else {
        commas(value)
    }
}

/// A limit in bytes; -1 is none.
fn bytes(value: i64) -> String {
    u64::try_from(value).map_or_else(|_| "unlimited".to_owned(), human_size)
}

/// Prints what is known about an account, whose operator may be unknown.
pub fn show(store: &Store, operator: Option<&Entity>, account: &Entity) {
    let claims = &account.claims;
    let nats = claims.nats();
    let limits = nats.at("limits");
    let number = |list: &[Json], kind: &str| {
        list.iter()
            .filter(|entry| entry.text("type") == kind)
            .count()
            .to_string()
    };
    let has_jetstream = has_jetstream(limits);
    let mut c = Columns::new(format!("Account {} ({})", account.name, claims.subject()));
    c.section("Configuration");
    c.row("Name", claims.name());
    c.row("Issuer", claims.issuer());
    if let Some(operator) = operator {
        let is_system = operator.claims.nats().text("system_account") == claims.subject();
        c.row("Operator", operator.name.as_str());
        c.row("System Account", is_system.to_string());
    }
    c.rows("Tags", &tags::sorted(nats));
    c.row("JetStream", has_jetstream.to_string());
    if claims.expires() > 0 {
        let end = jiff::Timestamp::from_second(claims.expires()).map(local_time_of);
        c.row("Expiry", end.unwrap_or_default());
    }
    let users = operator.map_or(0, |operator| {
        store.users(&operator.name, &account.name).len()
    });
    c.row("Users", users.to_string());
    c.row("Revocations", nats.entries("revocations").len().to_string());
    let (exports, imports) = (nats.list("exports"), nats.list("imports"));
    c.row("Service Exports", number(exports, "service"));
    c.row("Stream Exports", number(exports, "stream"));
    c.row("Service Imports", number(imports, "service"));
    c.row("Stream Imports", number(imports, "stream"));
    c.section("Limits");
    c.row(
        "Bearer Tokens Allowed",
        (!limits.on("disallow_bearer")).to_string(),
    );
    c.row("Subscriptions", count(limits.int("subs")));
    c.row("Connections", count(limits.int("conn")));
    c.row(
        "Maximum Payload",
        match limits.int("payload") {
            0 => "unlimited".to_owned(),
            payload => bytes(payload),
        },
    );
    if limits.int("data") > 0 {
        c.row("Data", commas(limits.int("data")));
    }
    c.row("Leafnodes", count(limits.int("leaf")));
    c.row("Imports", count(limits.int("imports")));
    c.row("Exports", count(limits.int("exports")));
    if has_jetstream {
        c.indent(2);
        c.section("JetStream Settings");
        c.row(
            "Cluster Traffic",
            match nats.text("cluster_traffic") {
                "" => "system",
                traffic => traffic,
            },
        );
        c.indent(4);
        let tiers = limits.entries("tiered_limits");
        if tiers.is_empty() {
            c.section("Account Default Limits");
            tier(limits, &mut c);
        }
        for (name, limits) in tiers {
            c.section(format!("Tier {}", name.trim_start_matches('R')));
            tier(limits, &mut c);
        }
        c.indent(0);
    }
    c.print();
    println!();
}

fn tier(limits: &Json, c: &mut Columns) {
    let all = ["mem_storage", "disk_storage", "streams", "consumer"];
    let above = [
        "max_ack_pending",
        "mem_max_stream_bytes",
        "disk_max_stream_bytes",
    ];
    let unlimited = all.iter().all(|key| limits.int(key) == -1)
        && above.iter().all(|key| limits.int(key) <= 0)
        && !limits.on("max_bytes_required");
    if unlimited {
        c.indent(6).text("Unlimited").indent(4);
        return;
    }
    c.row(
        "Max Ack Pending",
        match limits.int("max_ack_pending") {
            0 => "unlimited".to_owned(),
            pending => count(pending),
        },
    );
    c.row("Maximum Streams", count(limits.int("streams")));
    c.row("Max Consumers Per Stream", count(limits.int("consumer")));
    c.row(
        "Max Stream Size Required",
        limits.on("max_bytes_required").to_string(),
    );
    for (label, key, per_stream, stream_key) in [
        (
            "Max File Storage",
            "disk_storage",
            "Max File Storage Stream Size",
            "disk_max_stream_bytes",
        ),
        (
            "Max Memory Storage",
            "mem_storage",
            "Max Memory Storage Stream Size",
            "mem_max_stream_bytes",
        ),
    ] {
        c.row(label, bytes(limits.int(key)));
        if limits.int(stream_key) > 0 {
            c.row(per_stream, bytes(limits.int(stream_key)));
        }
    }
}

/// Lists accounts.
pub fn list(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let operator = pick_operator(
        session,
        &store,
        session.matches.arg("operator").unwrap_or_default(),
    )?;
    let names = store.accounts(&operator.name);
    if names.is_empty() {
        println!("No Accounts found");
        return Ok(());
    }
    if session.matches.on("names") {
        for name in names {
            println!("{name}");
        }
        return Ok(());
    }
    let mut table = Table::new(
        "Accounts",
        &["Name", "Subject", "Users", "JetStream", "System"],
    );
    let mark = |on: bool| if on { "true" } else { "" };
    for name in names {
        let account = store.account(&operator.name, &name)?;
        let subject = account.claims.subject();
        table.row(vec![
            name.as_str().into(),
            subject.into(),
            store.users(&operator.name, &name).len().into(),
            mark(has_jetstream(account.claims.nats().at("limits"))).into(),
            mark(operator.claims.nats().text("system_account") == subject).into(),
        ]);
    }
    table.print();
    Ok(())
}
