//! `nats server report health`.

use std::collections::BTreeSet;

use super::filter::{Chosen, limit, sort};
use super::repeat::{clear, repeated};
use crate::failure::Result;
use crate::format::commas;
use crate::output::table::Cell;
use crate::output::{Json, Table};
use crate::session::Session;

/// Errors of a server that are shown; of more, one less is.
const MAX_ERRORS: usize = 10;

/// Reports about the health of servers.
pub fn health(session: &mut Session) -> Result<()> {
    repeated(session, report)
}

fn report(session: &Session, chosen: &Chosen) -> Result<()> {
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
    let mut answers = chosen.ask("HEALTHZ", options, limit(session)?)?;
    sort(session, &mut answers, |a, b| {
        a.json.text("server.name").cmp(b.json.text("server.name"))
    });
    let mut table = Table::new(
        "Health Report",
        &["Server", "Cluster", "Domain", "Status", "Type", "Error"],
    );
    let (mut good, mut bad, mut errors) = (0, 0, 0);
    let mut clusters = BTreeSet::new();
    for answer in &answers {
        let (server, data) = (answer.json.at("server"), answer.json.at("data"));
        let code = data.int("status_code");
        if code == 200 {
            good += 1;
        } else {
            bad += 1;
        }
        clusters.insert(server.text("cluster"));
        errors += data.list("errors").len();
        table.row(vec![
            server.text("name").into(),
            server.text("cluster").into(),
            server.text("domain").into(),
            format!("{} ({code})", data.text("status")).into(),
        ]);
        for row in problems(data) {
            table.row(row);
        }
    }
    table.footer(vec![
        commas(answers.len() as i64).into(),
        commas(clusters.len() as i64).into(),
        "".into(),
        format!("ok: {good} / err: {bad}").into(),
        "".into(),
        commas(errors as i64).into(),
    ]);
    clear(session);
    table.print();
    Ok(())
}

/// The rows below that of a server.
fn problems(data: &Json) -> Vec<Vec<Cell>> {
    let errors = data.list("errors");
    let shown = if errors.len() > MAX_ERRORS {
        MAX_ERRORS - 1
    } else {
        errors.len()
    };
    let blank = |count: usize| vec![Cell::from(""); count];
    let mut rows: Vec<Vec<Cell>> = errors
        .iter()
        .take(shown)
        .map(|error| {
            let mut cells = blank(4);
            cells.extend([error.text("type").into(), error.text("error").into()]);
            cells
        })
        .collect();
    if shown < errors.len() {
        let mut cells = blank(3);
        cells.push(format!("{} more errors", errors.len() - shown).into());
        rows.push(cells);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_errors_are_counted() {
        let of = |count: usize| {
            let errors = vec![Json::object().with("type", "STREAM").with("error", "x"); count];
            problems(&Json::object().with("errors", Json::List(errors)))
        };
        assert_eq!(of(10).len(), 10);
        let found = of(12);
        assert_eq!(found.len(), 10);
        assert_eq!(found[9][3], Cell::from("3 more errors"));
    }
}
