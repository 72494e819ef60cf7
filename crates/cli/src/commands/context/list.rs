//! `nats context ls`.

use super::info::json;
use crate::context::{Record, Store};
use crate::failure::Result;
use crate::log;
use crate::output::{Json, Table};
use crate::session::Session;

/// Lists contexts.
pub fn list(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let names = store.names();
    let matches = &session.matches;
    let for_completion = matches.on("completion");
    let mut known: Vec<(String, Record)> = Vec::new();
    for name in names {
        match store.load(&name) {
            Ok(record) => known.push((name, record)),
            Err(_) if for_completion => {}
            Err(failure) => log!("Could not load context {name}: {failure}"),
        }
    }
    let selected = store.selected();
    let mark = |name: &str| {
        if selected.as_deref() == Some(name) {
            "*"
        } else {
            ""
        }
    };
    if for_completion {
        for (name, record) in known {
            let escaped = name.replace(':', "\\:");
            println!("{escaped}{}:{}", mark(&name), record.description);
        }
    } else if matches.on("json") {
        let known: Vec<Json> = known
            .iter()
            .map(|(name, record)| json(name, record))
            .collect();
        if known.is_empty() {
            Json::Null.print();
        } else {
            Json::List(known).print();
        }
    } else if matches.on("names") {
        for (name, _) in known {
            println!("{name}");
        }
    } else if known.is_empty() {
        println!("No known contexts");
    } else {
        let mut table = Table::new("Known Contexts", &["Name", "Description"]);
        for (name, record) in known {
            table.row(vec![
                format!("{name}{}", mark(&name)).into(),
                record.description.into(),
            ]);
        }
        table.print();
    }
    Ok(())
}
