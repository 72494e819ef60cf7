//! `nats auth account exports` (cli.md 8.2).

use super::account::named;
use super::order;
use super::share_rules::{check_exports, is_service};
use super::store::{Entity, Store};
use crate::failure::Result;
use crate::format::{commas, local_time_of};
use crate::output::{Columns, Json, Table};
use crate::session::Session;
use crate::{bail, fail};

/// Kind and subject of all that others need to use a Key-Value bucket: to
/// look it up, read, watch and write it; and the answers of a watch.
pub const BUCKET: [(&str, &str); 5] = [
    ("service", "$JS.API.STREAM.INFO.KV_{}"),
    ("service", "$JS.API.DIRECT.GET.KV_{}.$KV.{}.>"),
    ("service", "$JS.API.CONSUMER.CREATE.KV_{}.>"),
    ("service", "$KV.{}.>"),
    ("stream", "_INBOX.KV_{}.>"),
];

/// The kind as people read it.
pub fn kind(share: &Json) -> &'static str {
    if is_service(share) {
        "Service"
    } else {
        "Stream"
    }
}

fn save(store: &Store, operator: &Entity, account: &mut Entity, exports: &[Json]) -> Result<()> {
    check_exports(exports, account.claims.nats().at("limits"))?;
    let nats = account.claims.nats_mut();
    if exports.is_empty() {
        nats.remove("exports");
    } else {
        nats.set("exports", order::shares(exports, &order::EXPORT));
    }
    store.save_account(operator, account)?;
    Ok(())
}

/// Streams, then services, as they are looked for.
fn in_search_order(account: &Entity) -> Vec<usize> {
    let exports = account.claims.nats().list("exports");
    let mut order: Vec<usize> = (0..exports.len()).collect();
    order.sort_by_key(|at| exports.get(*at).is_some_and(is_service));
    order
}

fn find(account: &Entity, subject: &str) -> Option<usize> {
    let exports = account.claims.nats().list("exports");
    in_search_order(account).into_iter().find(|at| {
        exports
            .get(*at)
            .is_some_and(|export| export.text("subject") == subject)
    })
}

/// Puts what the flags say into an export.
fn describe(export: &mut Json, session: &Session) {
    let matches = &session.matches;
    for (flag, key) in [("description", "description"), ("url", "info_url")] {
        if matches.given(flag) {
            export.set(key, matches.text(flag).unwrap_or_default());
        }
    }
    let position = matches.uint("token-position");
    if position > 0 {
        export.set("account_token_position", position);
    }
    if let Some(advertise) = matches.switched("advertise") {
        export.set("advertise", advertise);
    }
}

/// Adds an export.
pub fn add(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let matches = &session.matches;
    let name = matches.required_arg("name");
    if name.is_empty() {
        bail!("name cannot be empty");
    }
    let kind = if matches.on("service") {
        "service"
    } else {
        "stream"
    };
    let mut export = Json::object()
        .with("name", name)
        .with("subject", matches.required_arg("subject"))
        .with("type", kind);
    describe(&mut export, session);
    let mut exports = account.claims.nats().list("exports").to_vec();
    exports.push(export.clone());
    save(&store, &operator, &mut account, &exports)?;
    show(&export);
    Ok(())
}

/// Exports all that others need to use a Key-Value bucket.
pub fn add_bucket(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let bucket = session.matches.required_arg("bucket");
    let mut exports = account.claims.nats().list("exports").to_vec();
    let mut lines = Vec::new();
    for (kind, subject) in BUCKET {
        let export = Json::object()
            .with("name", format!("KV_{bucket}"))
            .with("subject", subject.replace("{}", bucket))
            .with("type", kind)
            .with("description", format!("Export for KV Bucket {bucket}"));
        lines.push(format!(
            "Exporting {} Subject: {}",
            self::kind(&export),
            export.text("subject")
        ));
        exports.push(export);
    }
    save(&store, &operator, &mut account, &exports)?;
    for line in lines {
        println!("{line}");
    }
    Ok(())
}

fn show(export: &Json) {
    let mut c = Columns::new(format!(
        "Export info for {} exporting {}",
        export.text("name"),
        export.text("subject")
    ));
    c.section("Configuration");
    c.row("Name", export.text("name"));
    c.row_filled("Description", export.text("description"));
    c.row("Kind", kind(export));
    c.row_filled("Info", export.text("info_url"));
    c.row("Subject", export.text("subject"));
    c.row("Activation Required", export.on("token_req").to_string());
    c.row(
        "Account Token Position",
        export.int("account_token_position").to_string(),
    );
    c.row("Advertised", export.on("advertise").to_string());
    c.section("Revocations");
    let revocations = export.entries("revocations");
    if revocations.is_empty() {
        c.text("No revocations found");
    }
    for (account, at) in revocations {
        let at = at
            .as_int()
            .and_then(|at| jiff::Timestamp::from_second(at).ok())
            .map(local_time_of)
            .unwrap_or_default();
        c.row(&at, account.as_str());
    }
    c.print();
    println!();
}

/// Shows an export.
pub fn info(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (_, account) = named(session, &store)?;
    let exports = account.claims.nats().list("exports");
    let at = match session
        .matches
        .arg("subject")
        .filter(|text| !text.is_empty())
    {
        Some(subject) => find(&account, subject).ok_or_else(|| fail!("unknown export"))?,
        None => {
            if exports.is_empty() {
                bail!("no exports defined");
            }
            let mut order: Vec<usize> = (0..exports.len()).collect();
            let subject = |at: usize| exports.get(at).map(|export| export.text("subject"));
            order.sort_by_key(|at| subject(*at));
            let choices: Vec<String> = order
                .iter()
                .filter_map(|at| subject(*at).map(str::to_owned))
                .collect();
            let chosen = session.prompt().select("Select an Export", &choices, 0)?;
            order.get(chosen).copied().unwrap_or_default()
        }
    };
    let Some(export) = exports.get(at) else {
        bail!("no exports defined");
    };
    if session.matches.on("json") {
        export.print();
    } else {
        show(export);
    }
    Ok(())
}

/// Changes an export.
pub fn edit(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let subject = session.matches.required_arg("subject");
    let mut exports = account.claims.nats().list("exports").to_vec();
    let Some(export) = find(&account, subject).and_then(|at| exports.get_mut(at)) else {
        bail!("export for subject {subject:?} not found");
    };
    describe(export, session);
    let changed = export.clone();
    save(&store, &operator, &mut account, &exports)?;
    show(&changed);
    Ok(())
}

/// Lists exports.
pub fn list(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (_, account) = named(session, &store)?;
    let mut exports: Vec<&Json> = account.claims.nats().list("exports").iter().collect();
    if exports.is_empty() {
        println!("No Exports defined");
        return Ok(());
    }
    exports.sort_by_key(|export| export.text("subject"));
    let mut table = Table::new(
        format!("Exports for account {}", account.name),
        &[
            "Name",
            "Kind",
            "Subject",
            "Activation Required",
            "Advertised",
            "Token Position",
            "Revocations",
        ],
    );
    for export in exports {
        table.row(vec![
            export.text("name").into(),
            kind(export).into(),
            export.text("subject").into(),
            export.on("token_req").to_string().into(),
            export.on("advertise").to_string().into(),
            export.int("account_token_position").into(),
            commas(export.entries("revocations").len() as i64).into(),
        ]);
    }
    table.print();
    Ok(())
}

/// Removes an export.
pub fn remove(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let subject = session.matches.required_arg("subject").to_owned();
    let Some(at) = find(&account, &subject) else {
        bail!("subject {subject:?} is not exported");
    };
    if !session.matches.on("force")
        && !session
            .prompt()
            .confirm(&format!("Really remove the {subject} Export"), false)?
    {
        return Ok(());
    }
    let mut exports = account.claims.nats().list("exports").to_vec();
    let removed = exports.remove(at);
    save(&store, &operator, &mut account, &exports)?;
    println!("Removing {} Export for subject {subject:?}", kind(&removed));
    Ok(())
}
