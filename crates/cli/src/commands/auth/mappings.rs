//! `nats auth account mappings` (cli.md 8.2).

use super::account::named;
use super::share_rules::check_subject;
use super::store::{Entity, Store};
use crate::failure::Result;
use crate::format::parse_uint;
use crate::output::{Columns, Json, Table, yaml};
use crate::session::Session;
use crate::{bail, fail};

/// The targets of a source.
fn targets(account: &Entity, source: &str) -> Vec<Json> {
    account
        .claims
        .nats()
        .at("mappings")
        .key(source)
        .list("")
        .to_vec()
}

/// Share of a target in percent; none is all of it.
fn weight(target: &Json) -> i64 {
    match target.int("weight") {
        0 => 100,
        weight => weight,
    }
}

/// Fails unless servers take these targets of a source.
fn check(source: &str, targets: &[Json]) -> Result<()> {
    check_subject(source)?;
    for target in targets {
        check_subject(target.text("subject"))?;
        if weight(target) > 100 {
            bail!(
                "Mapping {source:?} has a weight {} that exceeds 100",
                weight(target)
            );
        }
        midge_subject::Transform::new(source, target.text("subject"))
            .map_err(|error| fail!("invalid mapping: {error}"))?;
    }
    // Together those of a cluster, and those of none, are all of it at most.
    for target in targets {
        let cluster = target.text("cluster");
        let together = targets
            .iter()
            .filter(|target| target.text("cluster") == cluster);
        if together.map(weight).sum::<i64>() <= 100 {
            continue;
        }
        let of = match cluster {
            "" => String::new(),
            cluster => format!(" in cluster {cluster:?}"),
        };
        bail!("Mapping {source:?}{of} exceeds 100% among all of it's weighted to mappings");
    }
    Ok(())
}

fn set(account: &mut Entity, source: &str, targets: Vec<Json>) -> Result<()> {
    check(source, &targets)?;
    let mut mappings = match account.claims.nats().at("mappings") {
        Json::Null => Json::object(),
        known => known.clone(),
    };
    mappings.set(source, Json::List(targets));
    if let Json::Object(entries) = &mut mappings {
        entries.sort_by(|a, b| a.0.cmp(&b.0));
    }
    account.claims.nats_mut().set("mappings", mappings);
    Ok(())
}

fn asked(session: &Session, name: &str, question: &str, help: &str) -> Result<String> {
    match session.matches.arg(name).filter(|text| !text.is_empty()) {
        Some(given) => Ok(given.to_owned()),
        None => session.prompt().text(question, "", help),
    }
}

/// A target as tokens have it, without what says nothing.
fn target(subject: &str, weight: i64, cluster: &str) -> Json {
    let mut target = Json::object().with("subject", subject);
    if weight != 0 {
        target.set("weight", weight);
    }
    if !cluster.is_empty() {
        target.set("cluster", cluster);
    }
    target
}

/// The mappings of a file: lists of `subject`, `weight` and `cluster` by
/// source.
fn in_file(path: &str) -> Result<Vec<(String, Vec<Json>)>> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| fail!("{}", crate::format::io_error_at("open", path, &error)))?;
    let wrong = "unable to load config file";
    let config = yaml::parse(&text).map_err(|failure| failure.context(wrong))?;
    let mut found = Vec::new();
    for (source, entries) in config.entries("") {
        let Json::List(entries) = entries else {
            bail!("{wrong}: yaml: {source:?} has no list of mappings");
        };
        let read = |entry: &Json| {
            target(
                entry.text("subject"),
                entry.int("weight"),
                entry.text("cluster"),
            )
        };
        found.push((source.clone(), entries.iter().map(read).collect()));
    }
    Ok(found)
}

/// Adds a mapping, or all of a file.
pub fn add(session: &mut Session) -> Result<()> {
    let mut mappings = match session.matches.filled("config") {
        Some(path) => in_file(path)?,
        None => Vec::new(),
    };
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    if session.matches.filled("config").is_none() {
        let source = asked(
            session,
            "source",
            "Source subject",
            "Subjects that are mapped",
        )?;
        let subject = asked(session, "target", "Target subject", "What they become")?;
        let weight = parse_uint(session.matches.arg("weight").unwrap_or("100"))?;
        let cluster = session.matches.arg("cluster").unwrap_or_default();
        let mut all = targets(&account, &source);
        if all.iter().any(|known| known.text("subject") == subject) {
            bail!("mapping {source} -> {subject} already exists");
        }
        let weight = i64::try_from(weight).unwrap_or(i64::MAX);
        all.push(target(&subject, weight, cluster));
        mappings.push((source, all));
    }
    for (source, targets) in &mappings {
        set(&mut account, source, targets.clone())?;
    }
    store.save_account(&operator, &mut account)?;
    show(&mappings);
    Ok(())
}

fn show(mappings: &[(String, Vec<Json>)]) {
    let mut c = Columns::new("Subject mappings");
    c.section("Configuration");
    for (source, targets) in mappings {
        for target in targets {
            c.row("Source", source.as_str());
            c.row("Target", target.text("subject"));
            c.row("Weight", target.int("weight").to_string());
            c.row("Cluster", target.text("cluster"));
            c.row("", "");
        }
        let total: i64 = targets.iter().map(|target| target.int("weight")).sum();
        c.row("Total weight", total.to_string());
        c.row("", "");
    }
    c.print();
    println!();
}

/// Lists mappings.
pub fn list(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (_, account) = named(session, &store)?;
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
                target.int("weight").into(),
                target.text("cluster").into(),
            ]);
        }
    }
    table.print();
    Ok(())
}

/// The source that is named, or that the user chooses; none if there is
/// nothing to choose from.
fn chosen(session: &Session, account: &Entity, what: &str) -> Result<Option<String>> {
    let known: Vec<String> = account
        .claims
        .nats()
        .entries("mappings")
        .iter()
        .map(|(source, _)| source.clone())
        .collect();
    if known.is_empty() {
        println!("No mappings defined");
        return Ok(None);
    }
    if let Some(source) = session
        .matches
        .arg("source")
        .filter(|text| !text.is_empty())
    {
        return Ok(Some(source.to_owned()));
    }
    let question = format!("Select a mapping to {what}");
    let at = session.prompt().select(&question, &known, 0)?;
    Ok(known.get(at).cloned())
}

/// Shows a mapping.
pub fn info(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (_, account) = named(session, &store)?;
    let Some(source) = chosen(session, &account, "inspect")? else {
        return Ok(());
    };
    let targets = targets(&account, &source);
    if !session.matches.on("json") {
        show(&[(source, targets)]);
        return Ok(());
    }
    let all: Vec<Json> = targets
        .iter()
        .map(|target| {
            Json::object()
                .with("Subject", target.text("subject"))
                .with("Weight", target.int("weight"))
                .with("Cluster", target.text("cluster"))
        })
        .collect();
    let all = match &all[..] {
        [] => Json::Null,
        _ => Json::List(all),
    };
    Json::object().with(&source, all).print();
    Ok(())
}

/// Removes a mapping.
pub fn remove(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let Some(source) = chosen(session, &account, "delete")? else {
        return Ok(());
    };
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
