//! `nats auth account imports` (cli.md 8.2).

use super::account::named;
use super::exports::{BUCKET, kind};
use super::order;
use super::share_rules::{check_imports, is_service, local_subject, remote_subject};
use super::store::{Entity, Store, pick_account_or_key};
use crate::failure::Result;
use crate::nkey::{Key, Kind};
use crate::output::{Columns, Json, Table};
use crate::session::Session;
use crate::{bail, fail};

fn save(store: &Store, operator: &Entity, account: &mut Entity, imports: &[Json]) -> Result<()> {
    check_imports(imports, account.claims.nats().at("limits"))?;
    let nats = account.claims.nats_mut();
    if imports.is_empty() {
        nats.remove("imports");
    } else {
        nats.set("imports", order::shares(imports, &order::IMPORT));
    }
    store.save_account(operator, account)?;
    Ok(())
}

/// The import with a local subject: of a stream, else of a service.
fn find(account: &Entity, subject: &str) -> Option<usize> {
    let imports = account.claims.nats().list("imports");
    let of_kind = |service: bool| {
        imports
            .iter()
            .position(|import| is_service(import) == service && local_subject(import) == subject)
    };
    of_kind(false).or_else(|| of_kind(true))
}

/// The public key of the account that exports: one of the operator's, by name
/// or key, or any other by its key.
fn source(session: &Session, store: &Store, operator: &Entity, given: &str) -> Result<String> {
    let known = pick_account_or_key(
        session,
        store,
        &operator.name,
        given,
        "Select the Source account",
    );
    match (Key::parse(given), known) {
        (_, Ok(account)) => Ok(account.claims.subject().to_owned()),
        (Some(key), _) if key.kind() == Kind::Account => Ok(key.public()),
        (_, Err(failure)) => Err(failure.context("could not select source account")),
    }
}

/// The name of an account of the operator, by its key.
fn name_of(store: &Store, operator: &Entity, public: &str) -> Option<String> {
    store.accounts(&operator.name).into_iter().find(|name| {
        store
            .account(&operator.name, name)
            .is_ok_and(|account| account.claims.subject() == public)
    })
}

/// Puts what the flags say into an import.
fn describe(import: &mut Json, session: &Session) {
    let matches = &session.matches;
    // Only messages of a stream are traced across an import.
    if matches.on("traceable") && !is_service(import) {
        import.set("allow_trace", true);
    }
    if matches.on("share") {
        import.set("share", true);
    }
    if let Some(local) = matches.filled("local") {
        import.set("local_subject", local);
        import.remove("to");
    }
}

/// Adds an import.
pub fn add(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let matches = &session.matches;
    let (name, subject) = (
        matches.required_arg("name"),
        matches.required_arg("subject"),
    );
    if name.is_empty() {
        bail!("name cannot be empty");
    }
    let given = matches.filled("source").unwrap_or_default();
    let source = source(session, &store, &operator, given)?;
    let kind = if matches.on("service") {
        "service"
    } else {
        "stream"
    };
    let mut import = Json::object()
        .with("name", name)
        .with("subject", subject)
        .with("account", source)
        .with("local_subject", subject)
        .with("type", kind);
    describe(&mut import, session);
    let mut imports = account.claims.nats().list("imports").to_vec();
    imports.push(import.clone());
    save(&store, &operator, &mut account, &imports)?;
    show(&store, &operator, &import);
    Ok(())
}

/// Imports all that is needed to use a Key-Value bucket of another account.
/// Services get a prefix, which `--js-api-prefix` of clients then names.
pub fn add_bucket(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let matches = &session.matches;
    let (bucket, prefix) = (
        matches.required_arg("bucket"),
        matches.required_arg("prefix"),
    );
    let source = source(session, &store, &operator, matches.required_arg("source"))?;
    let mut imports = account.claims.nats().list("imports").to_vec();
    let mut lines = Vec::new();
    for (kind, subject) in BUCKET {
        let subject = subject.replace("{}", bucket);
        let local = match kind {
            "service" => {
                let below = subject.strip_prefix("$JS.API.").unwrap_or(&subject);
                format!("{prefix}.{below}")
            }
            _ => subject.clone(),
        };
        let import = Json::object()
            .with("name", format!("KV_{bucket}"))
            .with("subject", subject)
            .with("account", source.as_str())
            .with("local_subject", local.as_str())
            .with("type", kind);
        lines.push(format!(
            "Importing {} Subject: {local}",
            self::kind(&import)
        ));
        imports.push(import);
    }
    save(&store, &operator, &mut account, &imports)?;
    for line in lines {
        println!("{line}");
    }
    Ok(())
}

fn show(store: &Store, operator: &Entity, import: &Json) {
    let local = local_subject(import);
    let public = import.text("account");
    let mut c = Columns::new(format!(
        "Import info for import {:?} importing {local:?}",
        import.text("name")
    ));
    c.section("Configuration");
    c.row("Name", import.text("name"));
    c.row(
        "From Account",
        match name_of(store, operator, public) {
            Some(name) => format!("{name} ({public})"),
            None => public.to_owned(),
        },
    );
    c.row("Local Subject", local);
    c.row("Kind", kind(import));
    c.row("Remote Subject", remote_subject(import));
    c.row("Sharing Connection Info", import.on("share").to_string());
    if !is_service(import) {
        c.row(
            "Allows Message Tracing",
            import.on("allow_trace").to_string(),
        );
    }
    c.print();
    println!();
}

/// Shows an import.
pub fn info(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, account) = named(session, &store)?;
    let imports = account.claims.nats().list("imports");
    let at = match session
        .matches
        .arg("subject")
        .filter(|text| !text.is_empty())
    {
        Some(subject) => find(&account, subject).ok_or_else(|| fail!("unknown import"))?,
        None => {
            if imports.is_empty() {
                bail!("no imports defined");
            }
            let mut order: Vec<(String, usize)> = imports
                .iter()
                .enumerate()
                .map(|(at, import)| (local_subject(import), at))
                .collect();
            order.sort();
            let choices: Vec<String> = order.iter().map(|(local, _)| local.clone()).collect();
            let chosen = session.prompt().select("Select an Import", &choices, 0)?;
            order.get(chosen).map(|(_, at)| *at).unwrap_or_default()
        }
    };
    let Some(import) = imports.get(at) else {
        bail!("no imports defined");
    };
    if session.matches.on("json") {
        import.print();
    } else {
        show(&store, &operator, import);
    }
    Ok(())
}

/// Changes an import.
pub fn edit(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let subject = session.matches.required_arg("subject");
    let mut imports = account.claims.nats().list("imports").to_vec();
    let Some(import) = find(&account, subject).and_then(|at| imports.get_mut(at)) else {
        bail!("import for local subject {subject:?} not found");
    };
    if session.matches.on("traceable") && is_service(import) {
        bail!("service imports cannot allow tracing");
    }
    describe(import, session);
    let changed = import.clone();
    save(&store, &operator, &mut account, &imports)?;
    show(&store, &operator, &changed);
    Ok(())
}

/// Lists imports.
pub fn list(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, account) = named(session, &store)?;
    let mut imports: Vec<&Json> = account.claims.nats().list("imports").iter().collect();
    if imports.is_empty() {
        println!("No Imports defined");
        return Ok(());
    }
    imports.sort_by_key(|import| import.text("subject"));
    let mut table = Table::new(
        format!("Imports for account {}", account.name),
        &[
            "Name",
            "Kind",
            "Source",
            "Local Subject",
            "Remote Subject",
            "Allows Tracing",
            "Sharing Connection Info",
        ],
    );
    for import in imports {
        let public = import.text("account");
        let tracing = if is_service(import) {
            String::new()
        } else {
            import.on("allow_trace").to_string()
        };
        table.row(vec![
            import.text("name").into(),
            kind(import).into(),
            name_of(&store, &operator, public)
                .unwrap_or_else(|| public.to_owned())
                .into(),
            local_subject(import).into(),
            remote_subject(import).into(),
            tracing.into(),
            import.on("share").to_string().into(),
        ]);
    }
    table.print();
    Ok(())
}

/// Removes an import.
pub fn remove(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, mut account) = named(session, &store)?;
    let subject = session.matches.required_arg("subject").to_owned();
    let Some(at) = find(&account, &subject) else {
        bail!("subject {subject:?} is not imported");
    };
    if !session.matches.on("force")
        && !session
            .prompt()
            .confirm(&format!("Really remove the {subject} import"), false)?
    {
        return Ok(());
    }
    let mut imports = account.claims.nats().list("imports").to_vec();
    let removed = imports.remove(at);
    save(&store, &operator, &mut account, &imports)?;
    let (word, of) = if is_service(&removed) {
        ("service", "subject")
    } else {
        ("stream", "Subject")
    };
    println!(
        "Removing {word} Import for local {of} {subject:?} imported from Account {:?}",
        removed.text("account")
    );
    Ok(())
}
