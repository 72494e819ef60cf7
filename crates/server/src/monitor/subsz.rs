//! `/subsz`: subscriptions (monitoring-events.md 3.6).

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::connz::LIMIT_DEFAULT;
use super::json::{Utc, is_zero};
use super::params::{self, ParamError};
use super::query::Query;
use super::records::SubRecord;
use super::source::Source;

/// What is asked for, by query parameters or as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SubszOptions {
    /// Entries to skip; negative is 0.
    pub offset: i64,
    /// Entries of the page; 0 and less is 1,024.
    pub limit: i64,
    /// List the subscriptions.
    pub subscriptions: bool,
    /// Only this account; empty is all.
    pub account: String,
    /// Only subscriptions that a message on this subject would reach; empty is
    /// all.
    pub test: String,
}

impl SubszOptions {
    /// Reads the query parameters, in the order in which their errors count.
    pub(crate) fn from_query(query: &Query) -> Result<Self, ParamError> {
        Ok(Self {
            subscriptions: params::boolean(query, "subs")?,
            offset: params::int(query, "offset")?,
            limit: params::int(query, "limit")?,
            account: params::text(query, "acc"),
            test: params::text(query, "test"),
        })
    }
}

/// `test` has wildcards or is no subject; the text is the body of the 400
/// answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid test subject, must be valid publish subject: {0}")]
pub struct TestSubjectError(String);

/// Which subscriptions are wanted. As with connections, every shard may pick
/// with [`SubsQuery::keeps`] and cut with [`SubsQuery::trim`].
#[derive(Clone, Debug)]
pub struct SubsQuery {
    /// Only this account, figures included; `None` is all.
    pub account: Option<String>,
    /// The subscriptions are wanted, not only the figures.
    pub details: bool,
    /// Only subscriptions that a message on this subject would reach; empty is
    /// all.
    pub test: String,
    /// Most subscriptions of the list that can be on the page.
    pub take: usize,
}

impl SubsQuery {
    /// Whether a subscription of the right account is wanted.
    pub fn keeps(&self, subject: &str) -> bool {
        self.test.is_empty() || midge_subject::matches(self.test.as_bytes(), subject.as_bytes())
    }

    /// Cuts a list to what can be on the page.
    pub fn trim(&self, subscriptions: &mut Vec<SubRecord>) {
        if subscriptions.len() > self.take {
            sort(subscriptions);
            subscriptions.truncate(self.take);
        }
    }
}

/// Figures of the interest tables, summed over accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InterestStats {
    /// Subscriptions in the tables, the server's own included.
    pub num_subscriptions: u64,
    /// Subjects whose match result is cached.
    pub num_cache: u64,
    /// Subscriptions ever added.
    pub num_inserts: u64,
    /// Subscriptions ever removed.
    pub num_removes: u64,
    /// Look-ups of a subject.
    pub num_matches: u64,
    /// Look-ups answered by a cache.
    pub cache_hits: u64,
    /// Most targets of a cached subject.
    pub max_fanout: u64,
    /// Targets of all cached subjects together.
    pub total_fanout: u64,
}

/// What a query found.
#[derive(Clone, Debug, Default)]
pub struct SubsSnapshot {
    /// Figures.
    pub stats: InterestStats,
    /// Subscriptions that pass the filters; 0 unless details were asked for.
    pub total: usize,
    /// These, in any order; at least the first `take` in the order of
    /// [`SubsQuery::trim`].
    pub subscriptions: Vec<SubRecord>,
}

/// The figures of interest tables as they print.
#[derive(Clone, Debug, Serialize)]
pub struct SublistStats {
    num_subscriptions: u64,
    num_cache: u64,
    num_inserts: u64,
    num_removes: u64,
    num_matches: u64,
    cache_hit_rate: f64,
    max_fanout: u64,
    avg_fanout: f64,
}

impl From<InterestStats> for SublistStats {
    fn from(stats: InterestStats) -> Self {
        Self {
            num_subscriptions: stats.num_subscriptions,
            num_cache: stats.num_cache,
            num_inserts: stats.num_inserts,
            num_removes: stats.num_removes,
            num_matches: stats.num_matches,
            cache_hit_rate: ratio(stats.cache_hits, stats.num_matches),
            max_fanout: stats.max_fanout,
            avg_fanout: ratio(stats.total_fanout, stats.num_cache),
        }
    }
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub struct Subsz {
    server_id: String,
    now: Utc,
    #[serde(flatten)]
    stats: SublistStats,
    total: usize,
    offset: usize,
    limit: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subscriptions_list: Vec<Sub>,
}

/// One subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sub {
    #[serde(skip_serializing_if = "String::is_empty")]
    account: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    account_tag: String,
    subject: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    qgroup: String,
    sid: String,
    msgs: u64,
    #[serde(skip_serializing_if = "is_zero")]
    max: u64,
    cid: u64,
}

impl Sub {
    /// A subscription, with or without its account.
    pub(crate) fn new(record: SubRecord, with_account: bool) -> Self {
        let (account, account_tag) = if with_account {
            (record.account, record.account_tag)
        } else {
            (String::new(), String::new())
        };
        Self {
            account,
            account_tag,
            subject: record.subject,
            qgroup: record.queue,
            sid: record.sid,
            msgs: record.msgs,
            max: record.max,
            cid: record.cid,
        }
    }
}

/// Puts the answer together.
///
/// # Errors
/// `test` is no subject that can be published to.
pub fn build(
    options: &SubszOptions,
    source: &dyn Source,
    now: SystemTime,
) -> Result<Subsz, TestSubjectError> {
    if !options.test.is_empty() && !midge_subject::is_valid_literal(options.test.as_bytes()) {
        return Err(TestSubjectError(options.test.clone()));
    }
    let offset = usize::try_from(options.offset).unwrap_or(0);
    let limit = match usize::try_from(options.limit) {
        Ok(limit) if limit > 0 => limit,
        _ => LIMIT_DEFAULT,
    };
    let mut snapshot = source.subscriptions(&SubsQuery {
        account: Some(options.account.clone()).filter(|name| !name.is_empty()),
        details: options.subscriptions,
        test: options.test.clone(),
        take: offset.saturating_add(limit),
    });
    let mut subscriptions_list = Vec::new();
    if options.subscriptions {
        sort(&mut snapshot.subscriptions);
        let page = snapshot.subscriptions.into_iter().skip(offset).take(limit);
        subscriptions_list.extend(page.map(|sub| Sub::new(sub, true)));
    }
    Ok(Subsz {
        server_id: source.identity().server_id,
        now: Utc(now),
        stats: snapshot.stats.into(),
        total: if options.subscriptions {
            snapshot.total
        } else {
            0
        },
        offset,
        limit,
        subscriptions_list,
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio needs no more than 53 bits"
)]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// An order in which pages do not overlap.
fn sort(subscriptions: &mut [SubRecord]) {
    subscriptions.sort_by(|a, b| {
        let key = |s: &SubRecord| (s.cid, s.sid.len());
        a.account
            .cmp(&b.account)
            .then_with(|| a.subject.cmp(&b.subject))
            .then_with(|| a.queue.cmp(&b.queue))
            .then_with(|| key(a).cmp(&key(b)))
            .then_with(|| a.sid.cmp(&b.sid))
    });
}

#[cfg(test)]
#[path = "subsz_tests.rs"]
mod tests;
