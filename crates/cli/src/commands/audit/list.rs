//! `nats audit checks`.

use super::checks::{self, Unit};
use crate::failure::Result;
use crate::format::float;
use crate::output::{Json, Table};
use crate::session::Session;

/// Lists the checks.
pub fn list(session: &mut Session) -> Result<()> {
    let checks = checks::all();
    if session.matches.on("json") {
        Json::List(checks.into_iter().map(|check| check.to_json()).collect()).print();
        return Ok(());
    }
    let mut table = Table::new(
        "Audit Checks",
        &["Suite", "Code", "Description", "Configuration"],
    );
    for check in checks {
        let mut thresholds: Vec<String> = check
            .thresholds
            .iter()
            .map(|threshold| {
                let unit = match threshold.unit {
                    Unit::Percent => "%",
                    Unit::Count | Unit::Signed | Unit::Factor => "",
                };
                format!("{} ({}{unit})", threshold.key, float(threshold.value))
            })
            .collect();
        thresholds.sort();
        table.row(vec![
            check.suite.into(),
            check.code.into(),
            check.about.into(),
            thresholds.join(", ").into(),
        ]);
    }
    table.print();
    Ok(())
}
