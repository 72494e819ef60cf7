//! `nats errors ls`.

use super::definitions::load;
use crate::failure::Result;
use crate::output::{Json, Table};
use crate::session::Session;
use crate::{bail, fail};

/// Lists error codes.
pub fn list(session: &mut Session) -> Result<()> {
    let pattern = session.matches.arg("match").unwrap_or(".").to_owned();
    let key = session.matches.arg("sort").unwrap_or("code").to_lowercase();
    let re = regex::Regex::new(&pattern.to_lowercase())
        .map_err(|_| fail!("error parsing regexp: invalid expression: `{pattern}`"))?;
    let mut entries = load(session)?;
    entries.retain(|entry| {
        entry.entries("").iter().any(|(_, value)| {
            let text = value
                .as_text()
                .map_or_else(|| value.compact(), str::to_owned);
            re.is_match(&text.to_lowercase())
        })
    });
    if entries.is_empty() {
        bail!("no errors found matching regular expression {pattern}");
    }
    match key.as_str() {
        "http" => entries.sort_by_key(|entry| entry.int("code")),
        "descr" | "description" => by_text(&mut entries, "description"),
        "constant" | "go" => by_text(&mut entries, "constant"),
        _ => entries.sort_by_key(|entry| entry.int("error_code")),
    }
    if session.matches.on("reverse") {
        entries.reverse();
    }
    let mut table = Table::new(
        "NATS Errors",
        &[
            "NATS Code",
            "HTTP Error Code",
            "Description",
            "Comment",
            "Go Constant",
        ],
    );
    for entry in &entries {
        table.row(vec![
            entry.int("error_code").into(),
            entry.int("code").into(),
            entry.text("description").into(),
            entry.text("comment").into(),
            entry.text("constant").into(),
        ]);
    }
    table.print_tight();
    Ok(())
}

fn by_text(entries: &mut [Json], key: &str) {
    entries.sort_by(|a, b| a.text(key).cmp(b.text(key)));
}
