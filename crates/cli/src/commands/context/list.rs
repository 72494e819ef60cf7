//! `nats context ls`.

use super::info::json;
use crate::context::Store;
use crate::failure::Result;
use crate::output::{Json, Table};
use crate::session::Session;

/// Lists contexts.
pub fn list(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let names = store.names();
    let matches = &session.matches;
    if matches.on("names") {
        for name in names {
            println!("{name}");
        }
        return Ok(());
    }
    let selected = store.selected();
    let mark = |name: &str| {
        if selected.as_deref() == Some(name) {
            "*"
        } else {
            ""
        }
    };
    if matches.on("completion") {
        for name in names {
            let about = store
                .load(&name)
                .map(|record| record.description)
                .unwrap_or_default();
            println!(
                "{}{}:{}",
                name.replace(':', "\\:"),
                mark(&name),
                about.replace(':', "\\:")
            );
        }
        return Ok(());
    }
    if matches.on("json") {
        let known = names
            .iter()
            .filter_map(|name| Some(json(name, &store.load(name).ok()?)));
        Json::List(known.collect()).print();
        return Ok(());
    }
    if names.is_empty() {
        println!("No known contexts");
        return Ok(());
    }
    let mut table = Table::new("Known Contexts", &["Name", "Description"]);
    for name in names {
        let about = match store.load(&name) {
            Ok(record) => record.description,
            Err(failure) => failure.to_string(),
        };
        table.row(vec![format!("{name}{}", mark(&name)).into(), about.into()]);
    }
    table.print();
    Ok(())
}
