//! `nats auth account`: accounts themselves (cli.md 8.2).

use std::path::Path;

use super::store::{Entity, Store, pick_account, pick_operator};
use super::tags;
use crate::context::write_whole;
use crate::failure::Result;
use crate::format::{SizeRange, commas, human_size, join, local_time_of, now_nanos, parse_size};
use crate::jwt::Claims;
use crate::nkey::{Key, Kind};
use crate::output::{Columns, Json, Table};
use crate::session::Session;
use crate::{bail, fail, log};

/// Limits of JetStream in a token.
const JETSTREAM: [&str; 2] = ["mem_storage", "disk_storage"];

/// Flags that say something about JetStream only.
const JETSTREAM_LIMITS: [&str; 8] = [
    "js-consumers",
    "js-disk",
    "js-disk-stream",
    "js-max-pending",
    "js-memory",
    "js-memory-stream",
    "js-stream-size-required",
    "js-streams",
];

/// A new account's limits: none.
fn unlimited() -> Json {
    let mut limits = Json::object();
    for key in ["subs", "data", "payload", "imports", "exports"] {
        limits.set(key, -1);
    }
    limits.set("wildcards", true);
    limits.set("conn", -1);
    limits.set("leaf", -1);
    limits
}

fn empty_permissions() -> Json {
    Json::object()
        .with("pub", Json::object())
        .with("sub", Json::object())
}

/// What a new account says.
fn fill(nats: &mut Json) {
    nats.set("limits", unlimited());
    nats.set("default_permissions", empty_permissions());
    nats.set("authorization", Json::object());
}

/// What a system account says: tools import its services.
pub fn make_system(nats: &mut Json) {
    let export = |name: &str, subject: &str, kind: &str, position: i64, description: &str| {
        let mut export = Json::object()
            .with("name", name)
            .with("subject", subject)
            .with("type", kind);
        if kind == "service" {
            export.set("response_type", "Stream");
        }
        export
            .with("account_token_position", position)
            .with("description", description)
            .with(
                "info_url",
                "https://docs.nats.io/nats-server/configuration/sys_accounts",
            )
    };
    nats.set(
        "exports",
        Json::List(vec![
            export(
                "account-monitoring-services",
                "$SYS.REQ.ACCOUNT.*.*",
                "service",
                4,
                "Request account specific monitoring services for: SUBSZ, CONNZ, LEAFZ, JSZ and INFO",
            ),
            export(
                "account-monitoring-streams",
                "$SYS.ACCOUNT.*.>",
                "stream",
                3,
                "Account specific monitoring stream",
            ),
        ]),
    );
    fill(nats);
}

/// Puts the limits of the flags that were given into a token.
fn limit(claims: &mut Claims, session: &Session) -> Result<()> {
    let matches = &session.matches;
    let mut limits = claims.nats().at("limits").clone();
    for (flag, key) in [
        ("connections", "conn"),
        ("subscriptions", "subs"),
        ("leafnodes", "leaf"),
        ("imports", "imports"),
        ("exports", "exports"),
        ("payload", "payload"),
    ] {
        if matches.given(flag) {
            limits.set(key, matches.int(flag));
        }
    }
    if let Some(bearer) = matches.switched("bearer") {
        if bearer {
            limits.remove("disallow_bearer");
        } else if matches.given("bearer") {
            limits.set("disallow_bearer", true);
        }
    }
    let wanted = matches.given("jetstream").then(|| matches.on("jetstream"));
    let was_on = JETSTREAM.iter().any(|key| limits.int(key) != 0);
    if wanted == Some(false) {
        for key in [
            "mem_storage",
            "disk_storage",
            "streams",
            "consumer",
            "max_ack_pending",
            "mem_max_stream_bytes",
            "disk_max_stream_bytes",
            "max_bytes_required",
        ] {
            limits.remove(key);
        }
    } else if wanted == Some(true) || was_on {
        if !was_on {
            for key in JETSTREAM.into_iter().chain(["streams", "consumer"]) {
                limits.set(key, -1);
            }
        }
        for (flag, key) in [
            ("js-memory", "mem_storage"),
            ("js-disk", "disk_storage"),
            ("js-memory-stream", "mem_max_stream_bytes"),
            ("js-disk-stream", "disk_max_stream_bytes"),
        ] {
            if let Some(text) = matches.filled(flag).filter(|_| matches.given(flag)) {
                limits.set(key, parse_size(text, SizeRange::Bits64)?);
            }
        }
        for (flag, key) in [
            ("js-streams", "streams"),
            ("js-consumers", "consumer"),
            ("js-max-pending", "max_ack_pending"),
        ] {
            if matches.given(flag) {
                limits.set(key, matches.int(flag));
            }
        }
        if matches.on("js-stream-size-required") {
            limits.set("max_bytes_required", true);
        }
    }
    if wanted == Some(false) || (wanted.is_none() && !was_on) {
        let without_effect = matches
            .declared_flags()
            .iter()
            .map(|flag| flag.name)
            .find(|name| JETSTREAM_LIMITS.contains(name) && matches.given(name));
        if let Some(name) = without_effect {
            log!("--{name} has no effect without --jetstream");
        }
    }
    claims.nats_mut().set("limits", limits);
    if let Some(traffic) = matches.filled("js-cluster-traffic") {
        claims.nats_mut().set("cluster_traffic", traffic);
    }
    if let Some(nanos) = matches.nanos("expiry").filter(|_| matches.given("expiry")) {
        let end = now_nanos().saturating_add(nanos) / 1_000_000_000;
        claims.json.set("exp", end);
    }
    tags::change(claims.nats_mut(), matches);
    Ok(())
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
    let name = match session.matches.arg("account") {
        Some(name) => name.to_owned(),
        None => session.prompt().text("Account Name", "", "")?,
    };
    if store.accounts(&operator.name).contains(&name) {
        bail!("account {name} already exist");
    }
    let key = match session.matches.filled("key") {
        None => Key::generate(Kind::Account)?,
        Some(path) => {
            let key = Key::in_file(path)?;
            if key.kind() != Kind::Account {
                bail!("{path} has no account key");
            }
            key
        }
    };
    let mut account = Entity {
        claims: Claims::new("account", &name, &key.public()),
        name,
    };
    fill(account.claims.nats_mut());
    limit(&mut account.claims, session)?;
    if !session.matches.on("defaults") {
        ask(session, &mut account.claims)?;
    }
    store.save_key(&key)?;
    store.save_account(&operator, &mut account)?;
    show(&store, &operator, &account);
    Ok(())
}

/// Asks for the limits that no flag gave.
fn ask(session: &Session, claims: &mut Claims) -> Result<()> {
    let mut limits = claims.nats().at("limits").clone();
    for (flag, key, question) in [
        ("connections", "conn", "Maximum Connections"),
        ("subscriptions", "subs", "Maximum Subscriptions"),
        ("payload", "payload", "Maximum Message Payload"),
    ] {
        if session.matches.given(flag) {
            continue;
        }
        let text = session
            .prompt()
            .text(question, "-1", "The most allowed, -1 for no limit")?;
        limits.set(key, parse_size(&text, SizeRange::Bits64)?);
    }
    for (flag, key, question) in [
        ("js-disk", "disk_storage", "Maximum JetStream Disk Storage"),
        (
            "js-memory",
            "mem_storage",
            "Maximum JetStream Memory Storage",
        ),
    ] {
        if !session.matches.on("jetstream") || session.matches.given(flag) {
            continue;
        }
        let help = format!("The most that the account may use, set by --{flag}");
        let text = session.prompt().text(question, "1GB", &help)?;
        limits.set(key, parse_size(&text, SizeRange::Bits64)?);
    }
    claims.nats_mut().set("limits", limits);
    Ok(())
}

/// Shows an account.
pub fn info(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, account) = named(session, &store)?;
    if session.matches.on("json") {
        account.claims.json.print();
    } else {
        show(&store, &operator, &account);
    }
    Ok(())
}

/// Changes an account.
pub fn edit(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    limit(&mut account.claims, session)?;
    store.save_account(&operator, &mut account)?;
    show(&store, &operator, &account);
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
pub fn bytes(value: i64) -> String {
    u64::try_from(value).map_or_else(|_| "unlimited".to_owned(), human_size)
}

/// When a token ends, as it is shown.
pub fn expiry(claims: &Claims) -> String {
    jiff::Timestamp::from_second(claims.expires())
        .map(local_time_of)
        .unwrap_or_default()
}

fn show(store: &Store, operator: &Entity, account: &Entity) {
    let claims = &account.claims;
    let nats = claims.nats();
    let limits = nats.at("limits");
    let number = |list: &[Json], kind: &str| {
        list.iter()
            .filter(|entry| entry.text("type") == kind)
            .count()
            .to_string()
    };
    let is_system = operator.claims.nats().text("system_account") == claims.subject();
    let has_jetstream = has_jetstream(claims);
    let mut c = Columns::new(format!("Account {} ({})", account.name, claims.subject()));
    c.section("Configuration");
    c.row("Name", claims.name());
    c.row("Issuer", claims.issuer());
    c.row("Operator", operator.name.as_str());
    c.row("System Account", is_system.to_string());
    c.row_filled("Tags", join(&nats.texts("tags")));
    c.row("JetStream", has_jetstream.to_string());
    if claims.expires() > 0 {
        c.row("Expiry", expiry(claims));
    }
    c.row(
        "Users",
        store.users(&operator.name, &account.name).len().to_string(),
    );
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
    c.row("Maximum Payload", bytes(limits.int("payload")));
    c.row("Leafnodes", count(limits.int("leaf")));
    c.row("Imports", count(limits.int("imports")));
    c.row("Exports", count(limits.int("exports")));
    if has_jetstream {
        c.section("JetStream Settings");
        c.row(
            "Cluster Traffic",
            match nats.text("cluster_traffic") {
                "" => "system",
                traffic => traffic,
            },
        );
        let tiers = limits.entries("tiered_limits");
        if tiers.is_empty() {
            c.section("Account Default Limits");
            tier(limits, &mut c);
        }
        for (name, limits) in tiers {
            c.section(format!("Tier {name}"));
            tier(limits, &mut c);
        }
    }
    c.print();
    println!();
}

fn tier(limits: &Json, c: &mut Columns) {
    // Zero is no limit here.
    let count = |key: &str| match limits.int(key) {
        0 => "unlimited".to_owned(),
        value => count(value),
    };
    let bytes = |key: &str| match limits.int(key) {
        0 => "unlimited".to_owned(),
        value => bytes(value),
    };
    c.row("Max Ack Pending", count("max_ack_pending"));
    c.row("Maximum Streams", count("streams"));
    c.row("Max Consumers Per Stream", count("consumer"));
    c.row(
        "Max Stream Size Required",
        limits.on("max_bytes_required").to_string(),
    );
    c.row("Max File Storage", bytes("disk_storage"));
    c.row(
        "Max File Storage Stream Size",
        bytes("disk_max_stream_bytes"),
    );
    c.row("Max Memory Storage", bytes("mem_storage"));
    c.row(
        "Max Memory Storage Stream Size",
        bytes("mem_max_stream_bytes"),
    );
}

fn has_jetstream(claims: &Claims) -> bool {
    let limits = claims.nats().at("limits");
    JETSTREAM.iter().any(|key| limits.int(key) != 0) || !limits.entries("tiered_limits").is_empty()
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
    if session.matches.on("names") {
        for name in names {
            println!("{name}");
        }
        return Ok(());
    }
    if names.is_empty() {
        println!("No Accounts found");
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
            mark(has_jetstream(&account.claims)).into(),
            mark(operator.claims.nats().text("system_account") == subject).into(),
        ]);
    }
    table.print();
    Ok(())
}

/// Sends an account to the servers.
pub fn push(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, account) = named(session, &store)?;
    let token = store.account_token(&operator.name, &account.name)?;
    if session.matches.on("show") {
        println!("Account JWT for {}\n\n{token}\n", account.name);
    }
    let subject = account.claims.subject().to_owned();
    let timeout = session.timeout();
    let connection = session.connect()?;
    let expected = connection
        .request("$SYS.REQ.SERVER.PING", None, b"", timeout)
        .ok()
        .and_then(|answer| Json::parse(&answer.payload).ok())
        .map_or(1, |answer| answer.int("statsz.active_servers").max(1));
    println!(
        "Updating account {} ({subject}) on {expected} server(s)\n",
        account.name
    );
    let inbox = connection.new_inbox();
    let answers = connection.subscribe(&inbox, "")?;
    connection.publish(
        &format!("$SYS.REQ.ACCOUNT.{subject}.CLAIMS.UPDATE"),
        &inbox,
        None,
        token.as_bytes(),
    )?;
    let deadline = std::time::Instant::now() + timeout;
    let (mut good, mut bad) = (0, 0);
    while good + bad < expected {
        let Ok(answer) = answers.next_before(deadline) else {
            break;
        };
        if answer.is_no_responders() {
            break;
        }
        let json = Json::parse(&answer.payload)
            .map_err(|error| fail!("an answer cannot be read: {error}"))?;
        let server = json.text("server.name");
        if json.has("error") {
            bad += 1;
            println!(
                "X Update failed on {server}: {}",
                json.text("error.description")
            );
        } else {
            good += 1;
            println!("✓ Update completed on {server}");
        }
    }
    println!("\nSuccess {good} Failed {bad} Expected {expected}");
    if bad > 0 {
        bail!("update failed on {bad}/{expected} servers");
    }
    if good == 0 {
        bail!("no servers were updated");
    }
    if good < expected {
        bail!("received updated from only {good} out of {expected} servers");
    }
    Ok(())
}

/// Gets an account from the servers.
pub fn query(session: &mut Session) -> Result<()> {
    let given = session.matches.required_arg("account").to_owned();
    let subject = if Key::parse(&given).is_some_and(|key| key.kind() == Kind::Account) {
        given
    } else {
        let store = Store::open()?;
        named(session, &store)?.1.claims.subject().to_owned()
    };
    let timeout = session.timeout();
    let connection = session.connect()?;
    let answer = connection.request(
        &format!("$SYS.REQ.ACCOUNT.{subject}.CLAIMS.LOOKUP"),
        None,
        b"",
        timeout,
    )?;
    if answer.payload.is_empty() {
        bail!("account {subject} is not known to the servers");
    }
    let token = answer.text();
    let claims = Claims::decode(&token)?;
    if let Some(path) = session.matches.arg("output") {
        write_whole(Path::new(path), token.as_bytes(), 0o600)?;
    }
    let account = Entity {
        name: claims.name().to_owned(),
        claims,
    };
    // Whose account it is may not be known here.
    let unknown = Entity {
        name: account.claims.issuer().to_owned(),
        claims: Claims::default(),
    };
    show(&Store::open()?, &unknown, &account);
    Ok(())
}
