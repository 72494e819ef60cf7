//! `/accstatz`: figures of accounts (monitoring-events.md 3.8).

use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize};

use super::accounts::{AccountRecord, Traffic};
use super::json::Utc;
use super::params::{self, ParamError};
use super::query::Query;
use super::source::Source;

/// What is asked for, by query parameters or as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AccountStatzOptions {
    /// Only these accounts; empty (or null, as some clients write) is all.
    #[serde(deserialize_with = "list_or_null")]
    pub accounts: Vec<String>,
    /// Accounts without connections too.
    pub include_unused: bool,
}

fn list_or_null<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

impl AccountStatzOptions {
    /// Reads the query parameters.
    pub(crate) fn from_query(query: &Query) -> Result<Self, ParamError> {
        Ok(Self {
            accounts: Vec::new(),
            include_unused: params::boolean(query, "unused")?,
        })
    }
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub struct AccountStatz {
    server_id: String,
    now: Utc,
    account_statz: Vec<AccountStat>,
}

/// Figures of an account.
#[derive(Clone, Debug, Serialize)]
pub struct AccountStat {
    acc: String,
    name: String,
    conns: u64,
    leafnodes: u64,
    total_conns: u64,
    num_subscriptions: u64,
    sent: Traffic,
    received: Traffic,
    slow_consumers: u64,
}

impl From<AccountRecord> for AccountStat {
    fn from(account: AccountRecord) -> Self {
        Self {
            total_conns: account.total_connections(),
            acc: account.name,
            name: account.name_tag,
            conns: account.connections,
            leafnodes: account.leafnodes,
            num_subscriptions: account.subscriptions,
            sent: account.sent,
            received: account.received,
            slow_consumers: account.slow_consumers,
        }
    }
}

/// Puts the answer together.
pub fn build(options: &AccountStatzOptions, source: &dyn Source, now: SystemTime) -> AccountStatz {
    let names = Some(options.accounts.as_slice()).filter(|names| !names.is_empty());
    let mut accounts = source.accounts(names);
    accounts.retain(|account| options.include_unused || account.total_connections() > 0);
    accounts.sort_by(|a, b| a.name.cmp(&b.name));
    AccountStatz {
        server_id: source.identity().server_id,
        now: Utc(now),
        account_statz: accounts.into_iter().map(AccountStat::from).collect(),
    }
}

#[cfg(test)]
#[path = "accstatz_tests.rs"]
mod tests;
