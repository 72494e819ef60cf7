//! `nats auth account mappings` (cli.md 8.2).

use super::account::named;
use super::store::{Entity, Store};
use crate::failure::Result;
use crate::format::parse_int;
use crate::output::{Columns, Json, Table, yaml};
use crate::session::Session;
use crate::{bail, fail};

/// The targets of a source, which weigh 100 at most together.
fn targets(account: &Entity, source: &str) -> Vec<Json> {
    account
        .claims
        .nats()
        .at("mappings")
        .key(source)
        .list("")
        .to_vec()
}

fn check(source: &str, targets: &[Json]) -> Result<()> {
    let mut clusters: Vec<&str> = targets
        .iter()
        .map(|target| target.text("cluster"))
        .collect();
    clusters.sort_unstable();
    clusters.dedup();
    for cluster in clusters {
        let of_cluster = targets
            .iter()
            .filter(|target| target.text("cluster") == cluster);
        if of_cluster.map(weight).sum::<i64>() > 100 {
            bail!("Mapping {source:?} exceeds 100% among all of it's weighted to mappings");
        }
    }
    Ok(())
}

/// None is all of it.
fn weight(target: &Json) -> i64 {
    match target.int("weight") {
        0 => 100,
        weight => weight,
    }
}

fn set(account: &mut Entity, source: &str, targets: Vec<Json>) -> Result<()> {
    check(source, &targets)?;
    let mut mappings = match account.claims.nats().at("mappings") {
        Json::Null => Json::object(),
        known => known.clone(),
    };
    mappings.set(source, Json::List(targets));
    account.claims.nats_mut().set("mappings", mappings);
    Ok(())
}

fn asked(session: &Session, name: &str, question: &str) -> Result<String> {
    match session.matches.arg(name) {
        Some(given) => Ok(given.to_owned()),
        None => session.prompt().text(question, "", ""),
    }
}

/// Fails unless the target is one of the source.
fn check_target(source: &str, target: &str) -> Result<()> {
    midge_subject::Transform::new(source, target)
        .map_err(|error| fail!("invalid mapping: {error}"))?;
    Ok(())
}

/// The targets of a source as files have them: a subject, or a list of objects
/// with `subject` (`destination` in the configuration of servers), `weight` and
/// `cluster`.
fn written(source: &str, targets: &Json) -> Result<Vec<Json>> {
    let single = [targets.clone()];
    let entries = match targets {
        Json::List(entries) => entries.as_slice(),
        _ => &single,
    };
    let mut found = Vec::with_capacity(entries.len());
    for entry in entries {
        let target = match (entry.as_text(), entry.text("subject")) {
            (Some(subject), _) => subject,
            (None, "") => entry.text("destination"),
            (None, subject) => subject,
        };
        check_target(source, target)?;
        let mut kept = Json::object().with("subject", target);
        if entry.int("weight") != 0 {
            kept.set("weight", entry.int("weight"));
        }
        if !entry.text("cluster").is_empty() {
            kept.set("cluster", entry.text("cluster"));
        }
        found.push(kept);
    }
    Ok(found)
}

/// Adds a mapping, or all of a file.
pub fn add(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    if let Some(path) = session.matches.filled("config") {
        let text = std::fs::read_to_string(path)
            .map_err(|error| fail!("{}", crate::format::io_error_at("open", path, &error)))?;
        for (source, targets) in yaml::parse(&text)?.entries("") {
            set(&mut account, source, written(source, targets)?)?;
        }
        store.save_account(&operator, &mut account)?;
        return show_all(&account);
    }
    let source = asked(session, "source", "Source subject")?;
    let target = asked(session, "target", "Target subject")?;
    let weight = parse_int(session.matches.arg("weight").unwrap_or("100"))?;
    if !(1..=100).contains(&weight) {
        bail!("weight must be between 1 and 100");
    }
    check_target(&source, &target)?;
    let mut entry = Json::object()
        .with("subject", target.as_str())
        .with("weight", weight);
    let cluster = session.matches.arg("cluster").unwrap_or_default();
    if !cluster.is_empty() {
        entry.set("cluster", cluster);
    }
    let mut all = targets(&account, &source);
    all.retain(|known| known.text("subject") != target || known.text("cluster") != cluster);
    all.push(entry);
    set(&mut account, &source, all)?;
    store.save_account(&operator, &mut account)?;
    show(&account, &source);
    Ok(())
}

fn show(account: &Entity, source: &str) {
    let mut c = Columns::new(format!("Mapping information for account {}", account.name));
    c.section("Mapping");
    c.row("Source", source);
    for target in targets(account, source) {
        c.row("Target", target.text("subject"));
        c.row("Weight", weight(&target).to_string());
        c.row_filled("Cluster", target.text("cluster"));
    }
    c.print();
    println!();
}

fn show_all(account: &Entity) -> Result<()> {
    let mappings = account.claims.nats().entries("mappings");
    if mappings.is_empty() {
        println!("No mappings defined");
        return Ok(());
    }
    let mut table = Table::new(
        format!("Subject mappings for account {}", account.name),
        &["Source Subject", "Target Subject", "Weight", "Cluster"],
    );
    for (source, list) in mappings {
        for target in list.list("") {
            table.row(vec![
                source.into(),
                target.text("subject").into(),
                weight(target).into(),
                target.text("cluster").into(),
            ]);
        }
    }
    table.print();
    Ok(())
}

/// Lists mappings.
pub fn list(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    show_all(&named(session, &store)?.1)
}

fn chosen(session: &Session, account: &Entity) -> Result<String> {
    let known: Vec<String> = account
        .claims
        .nats()
        .entries("mappings")
        .iter()
        .map(|(source, _)| source.clone())
        .collect();
    let source = match session.matches.arg("source") {
        Some(source) => source.to_owned(),
        None if known.is_empty() => bail!("no mappings defined"),
        None => {
            let at = session.prompt().select("Select a mapping", &known, 0)?;
            known.get(at).cloned().unwrap_or_default()
        }
    };
    if !known.contains(&source) {
        bail!("mapping {source} not found");
    }
    Ok(source)
}

/// Shows a mapping.
pub fn info(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (_, account) = named(session, &store)?;
    let source = chosen(session, &account)?;
    if session.matches.on("json") {
        Json::List(targets(&account, &source)).print();
    } else {
        show(&account, &source);
    }
    Ok(())
}

/// Removes a mapping.
pub fn remove(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let source = chosen(session, &account)?;
    let nats = account.claims.nats_mut();
    if let Some(mappings) = nats.key_mut("mappings") {
        mappings.remove(&source);
    }
    if nats.entries("mappings").is_empty() {
        nats.remove("mappings");
    }
    store.save_account(&operator, &mut account)?;
    println!("Deleted mapping {{{source}}}");
    Ok(())
}
