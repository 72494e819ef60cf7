//! `nats errors ls`.

use super::definitions::load;
use crate::bail;
use crate::failure::Result;
use crate::output::Table;
use crate::session::Session;

/// Lists error codes.
pub fn list(session: &mut Session) -> Result<()> {
    let pattern = session.matches.arg("match").filter(|text| !text.is_empty());
    let pattern = pattern.unwrap_or(".").to_lowercase();
    let key = session.matches.arg("sort").unwrap_or("code").to_owned();
    let re = crate::format::pattern(&pattern)?;
    let mut entries = load(session)?;
    entries.retain(|entry| {
        let texts = ["description", "help", "constant", "comment"];
        let numbers = ["code", "error_code"];
        texts
            .iter()
            .any(|key| re.is_match(&entry.text(key).to_lowercase()))
            || numbers
                .iter()
                .any(|key| re.is_match(&entry.int(key).to_string()))
    });
    if entries.is_empty() {
        bail!("no errors found matching regular expression {pattern}");
    }
    match key.as_str() {
        "code" => entries.sort_by_key(|entry| entry.int("error_code")),
        "http" => entries.sort_by_key(|entry| entry.int("code")),
        _ => entries.sort_by(|a, b| a.text("description").cmp(b.text("description"))),
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
