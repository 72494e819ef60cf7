//! Checks of accounts.

use super::{Captured, Check, Outcome, Threshold, Unit};
use crate::commands::audit::examples::Examples;
use crate::failure::Result;

pub(super) const CHECKS: &[Check] = &[Check {
    code: "ACCOUNTS_001",
    suite: "accounts",
    name: "Account Limits",
    about: "Account usage is below the configured limits",
    thresholds: &[
        Threshold {
            key: "connections",
            about: "Alerting threshold as a fraction of configured connections limit",
            unit: Unit::Percent,
            value: 90.0,
        },
        Threshold {
            key: "subscriptions",
            about: "Alerting threshold as a fraction of configured subscriptions limit",
            unit: Unit::Percent,
            value: 90.0,
        },
    ],
    run: limits,
}];

fn limits(check: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    let mut exceeded = false;
    for entry in captured.accounts("INFO")? {
        let data = &entry.data;
        // Accounts of a configuration have no token.
        let limits = data.at("decoded_jwt.nats.limits");
        for (what, used, limit, threshold) in [
            (
                "client connections",
                "client_connections",
                "conn",
                "connections",
            ),
            (
                "leaf connections",
                "leafnode_connections",
                "leaf",
                "connections",
            ),
            ("subscriptions", "subscriptions", "subs", "subscriptions"),
        ] {
            let (used, limit) = (data.int(used), limits.int(limit));
            if limit <= 0 {
                continue;
            }
            let percent = used as f64 * 100.0 / limit as f64;
            let (account, server) = (&entry.account, &entry.server);
            if used > limit {
                exceeded = true;
                examples.add(format!(
                    "account {account} (on {server}) exceeded {what} limit ({percent:.1}%, {used}/{limit})"
                ));
            } else if used as f64 > (limit as f64 * check.threshold(threshold) / 100.0).floor() {
                examples.add(format!(
                    "account {account} (on {server}) using {percent:.1}% of {what} limit ({used}/{limit})"
                ));
            }
        }
    }
    Ok(if exceeded {
        Outcome::Fail
    } else {
        Outcome::Warn.unless_empty(examples)
    })
}
