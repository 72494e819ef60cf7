//! `/accountz`: accounts (monitoring-events.md 3.7).

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::accounts::{
    AccountDetail, ExportRecord, ImportRecord, MappingDestination, MappingRecord,
};
use super::json::{Utc, is_false};
use super::params;
use super::query::Query;
use super::source::Source;
use super::subsz::SublistStats;

/// The sum of the weights of a mapping's destinations is a share of this.
const WEIGHT_FULL: u32 = 100;

/// What is asked for, by query parameters or as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AccountzOptions {
    /// All about this account; empty is a list of all.
    pub account: String,
}

impl AccountzOptions {
    /// Reads the query parameters.
    pub(crate) fn from_query(query: &Query) -> Self {
        Self {
            account: params::text(query, "acc"),
        }
    }
}

/// There is no account of this name, or it is not loaded; the text is the body
/// of the 400 answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("Account {0} does not exist")]
pub struct UnknownAccount(String);

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub struct Accountz {
    server_id: String,
    now: Utc,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_account: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_detail: Option<AccountInfo>,
}

/// An account. Members that come out of a JWT are not there: accounts are
/// configured.
#[derive(Clone, Debug, Serialize)]
pub struct AccountInfo {
    account_name: String,
    update_time: Utc,
    #[serde(skip_serializing_if = "is_false")]
    is_system: bool,
    expired: bool,
    complete: bool,
    jetstream_enabled: bool,
    leafnode_connections: u64,
    client_connections: u64,
    subscriptions: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    mappings: BTreeMap<String, Vec<MappingDestination>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exports: Vec<ExportRecord>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    imports: Vec<ImportRecord>,
    #[serde(skip_serializing_if = "String::is_empty")]
    name_tag: String,
    sublist_stats: SublistStats,
}

impl From<AccountDetail> for AccountInfo {
    fn from(account: AccountDetail) -> Self {
        let record = account.record;
        Self {
            // Leaf nodes count as clients here.
            client_connections: record.total_connections(),
            leafnode_connections: record.leafnodes,
            account_name: record.name,
            update_time: Utc(account.updated),
            is_system: account.is_system,
            expired: account.expired,
            complete: account.complete,
            jetstream_enabled: account.jetstream,
            subscriptions: record.subscriptions,
            mappings: account
                .mappings
                .into_iter()
                .map(|mapping| (mapping.source.clone(), choices(mapping)))
                .collect(),
            exports: account.exports,
            imports: account.imports,
            name_tag: record.name_tag,
            sublist_stats: account.stats.into(),
        }
    }
}

/// Puts the answer together.
///
/// # Errors
/// There is no account of the name that is asked for.
pub fn build(
    options: &AccountzOptions,
    source: &dyn Source,
    now: SystemTime,
) -> Result<Accountz, UnknownAccount> {
    let mut accounts = Vec::new();
    let mut account_detail = None;
    if options.account.is_empty() {
        accounts = source.account_names();
        accounts.sort_unstable();
    } else {
        let account = source.account(&options.account);
        let account = account.ok_or_else(|| UnknownAccount(options.account.clone()))?;
        account_detail = Some(account.into());
    }
    Ok(Accountz {
        server_id: source.identity().server_id,
        now: Utc(now),
        system_account: source.system_account(),
        accounts,
        account_detail,
    })
}

/// The choices of a mapping as they print: those for any cluster, then those
/// for each cluster, the smallest weight first, each with the sum of the
/// weights up to it. What no destination takes stays with the source, unless
/// that is a destination itself.
fn choices(mapping: MappingRecord) -> Vec<MappingDestination> {
    let MappingRecord {
        source,
        destinations,
    } = mapping;
    let has_source = destinations.iter().any(|d| d.subject == source);
    let rest = numbered_wildcards(&source);
    // Any server may be in no cluster.
    let mut sets = BTreeMap::from([(String::new(), Vec::new())]);
    for destination in destinations {
        let set = sets.entry(destination.cluster.clone()).or_default();
        set.push(destination);
    }
    let mut choices = Vec::new();
    for (cluster, mut set) in sets {
        let total: u32 = set.iter().map(|choice| choice.weight).sum();
        if total < WEIGHT_FULL && !has_source {
            set.push(MappingDestination {
                subject: rest.clone(),
                weight: WEIGHT_FULL - total,
                cluster,
            });
        }
        set.sort_by_key(|choice| choice.weight);
        let mut sum = 0;
        for mut choice in set {
            sum += choice.weight;
            choice.weight = sum;
            choices.push(choice);
        }
    }
    choices
}

/// A source as a destination that changes nothing: `a.*.>` is `a.$1.>`.
fn numbered_wildcards(source: &str) -> String {
    let mut number = 0;
    let tokens = source.split('.').map(|token| {
        if token == "*" {
            number += 1;
            format!("${number}")
        } else {
            token.to_owned()
        }
    });
    tokens.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
#[path = "accountz_tests.rs"]
mod tests;
