//! Checks of accounts.

use super::{Captured, Check, Outcome, Threshold, Unit};
use crate::commands::audit::examples::Examples;
use crate::failure::Result;

pub(super) const CHECKS: &[Check] = &[Check {
    code: "ACCOUNTS_001",
    suite: "accounts",
    name: "Account Limits",
    about: "No account is near the limits of its token",
    thresholds: &[
        Threshold {
            key: "connections",
            about: "Share of the allowed connections in use",
            unit: Unit::Percent,
            value: 90.0,
        },
        Threshold {
            key: "subscriptions",
            about: "Share of the allowed subscriptions in use",
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
            if percent > check.threshold(threshold) {
                exceeded |= used > limit;
                examples.add(format!(
                    "account {} on {}: {percent:.1}% of the limit of {what} ({used}/{limit})",
                    entry.account, entry.server
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
