//! `nats server report health`.

use super::filter::{arrange, ask, limit};
use super::repeat::repeated;
use crate::failure::Result;
use crate::output::{Json, Table};
use crate::session::Session;

/// Errors of a server that are shown; more are only counted.
const MAX_ERRORS: usize = 10;

/// Reports about the health of servers.
pub fn health(session: &mut Session) -> Result<()> {
    repeated(session, report)
}

fn report(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let mut options = Json::object();
    for (flag, key) in [
        ("js-enabled", "js-enabled-only"),
        ("server-only", "js-server-only"),
    ] {
        if matches.on(flag) {
            options.set(key, true);
        }
    }
    for key in ["account", "stream", "consumer"] {
        if let Some(value) = matches.filled(key) {
            options.set(key, value);
        }
    }
    options.set("details", true);
    let mut answers = ask(session, "HEALTHZ", &options)?;
    let most = limit(session)?;
    arrange(session, &mut answers, most);
    let mut table = Table::new(
        "Health Report",
        &["Server", "Cluster", "Domain", "Status", "Type", "Error"],
    );
    let (mut good, mut bad) = (0, 0);
    for answer in &answers {
        let (server, data) = (answer.json.at("server"), answer.json.at("data"));
        if data.text("status") == "ok" {
            good += 1;
        } else {
            bad += 1;
        }
        let mut errors = problems(data);
        let mut cells = vec![
            server.text("name").into(),
            server.text("cluster").into(),
            server.text("domain").into(),
            format!("{} ({})", data.text("status"), data.int("status_code")).into(),
        ];
        let first = if errors.is_empty() {
            (String::new(), String::new())
        } else {
            errors.remove(0)
        };
        cells.extend([first.0.into(), first.1.into()]);
        table.row(cells);
        for (kind, text) in errors {
            let mut cells = vec![
                crate::output::table::Cell::from(""),
                "".into(),
                "".into(),
                "".into(),
            ];
            cells.extend([kind.into(), text.into()]);
            table.row(cells);
        }
    }
    table.footer(vec![
        answers.len().into(),
        "".into(),
        "".into(),
        format!("ok: {good} / err: {bad}").into(),
        "".into(),
        "".into(),
    ]);
    table.print();
    Ok(())
}

fn problems(data: &Json) -> Vec<(String, String)> {
    let mut errors: Vec<(String, String)> = data
        .list("errors")
        .iter()
        .map(|error| {
            (
                error.text("type").to_owned(),
                error.text("error").to_owned(),
            )
        })
        .collect();
    if errors.is_empty() && data.has("error") {
        errors.push((String::new(), data.text("error").to_owned()));
    }
    if errors.len() >= MAX_ERRORS {
        let more = errors.len() - (MAX_ERRORS - 1);
        errors.truncate(MAX_ERRORS - 1);
        errors.push((String::new(), format!("{more} more errors")));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_errors_are_counted() {
        let errors = vec![Json::object().with("type", "STREAM").with("error", "x"); 12];
        let found = problems(&Json::object().with("errors", Json::List(errors)));
        assert_eq!(found.len(), 10);
        assert_eq!(found[9].1, "3 more errors");
    }
}
