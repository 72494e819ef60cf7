//! The orders of `/connz` (monitoring-events.md 3.2).

use std::cmp::{Ordering, Reverse};
use std::time::{Duration, SystemTime};

use super::closed::ClosedRecord;
use super::records::ConnRecord;

/// What connections are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortKey {
    /// Connection id, ascending; also `start`.
    #[default]
    Cid,
    /// Number of subscriptions, descending.
    Subs,
    /// Bytes waiting, descending.
    Pending,
    /// Messages to it, descending.
    MsgsTo,
    /// Messages from it, descending.
    MsgsFrom,
    /// Bytes to it, descending.
    BytesTo,
    /// Bytes from it, descending.
    BytesFrom,
    /// Last activity, latest first.
    Last,
    /// Idle time, longest first.
    Idle,
    /// Time connected, shortest first.
    Uptime,
    /// Round trip time, descending.
    Rtt,
    /// When it was closed, latest first.
    Stop,
    /// Why it was closed, alphabetical.
    Reason,
}

impl SortKey {
    /// Reads `sort`; empty is the default.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "" | "cid" | "start" => SortKey::Cid,
            "subs" => SortKey::Subs,
            "pending" => SortKey::Pending,
            "msgs_to" => SortKey::MsgsTo,
            "msgs_from" => SortKey::MsgsFrom,
            "bytes_to" => SortKey::BytesTo,
            "bytes_from" => SortKey::BytesFrom,
            "last" => SortKey::Last,
            "idle" => SortKey::Idle,
            "uptime" => SortKey::Uptime,
            "rtt" => SortKey::Rtt,
            "stop" => SortKey::Stop,
            "reason" => SortKey::Reason,
            _ => return None,
        })
    }

    /// Orders two connections; those that are closed come with their end.
    /// Equal ones are in the order of their ids.
    pub fn compare(
        self,
        a: (&ConnRecord, Option<&ClosedRecord>),
        b: (&ConnRecord, Option<&ClosedRecord>),
        now: SystemTime,
    ) -> Ordering {
        let down = |value: fn(&ConnRecord) -> u64| value(b.0).cmp(&value(a.0));
        let order = match self {
            SortKey::Cid => Ordering::Equal,
            SortKey::Subs => down(|c| c.subscriptions),
            SortKey::Pending => down(|c| c.pending_bytes),
            SortKey::MsgsTo => down(|c| c.out_msgs),
            SortKey::MsgsFrom => down(|c| c.in_msgs),
            SortKey::BytesTo => down(|c| c.out_bytes),
            SortKey::BytesFrom => down(|c| c.in_bytes),
            SortKey::Last => b.0.last_activity.cmp(&a.0.last_activity),
            SortKey::Idle => Reverse(idle(a, now)).cmp(&Reverse(idle(b, now))),
            SortKey::Uptime => uptime(a, now).cmp(&uptime(b, now)),
            SortKey::Rtt => b.0.rtt.cmp(&a.0.rtt),
            SortKey::Stop => stop(b, now).cmp(&stop(a, now)),
            SortKey::Reason => reason(a).cmp(reason(b)),
        };
        order.then(a.0.cid.cmp(&b.0.cid))
    }
}

fn stop((_, closed): (&ConnRecord, Option<&ClosedRecord>), now: SystemTime) -> SystemTime {
    closed.map_or(now, |closed| closed.stop)
}

fn reason<'a>((_, closed): (&'a ConnRecord, Option<&'a ClosedRecord>)) -> &'a str {
    closed.map_or("", |closed| closed.reason.as_str())
}

fn idle(connection: (&ConnRecord, Option<&ClosedRecord>), now: SystemTime) -> Duration {
    between(connection.0.last_activity, stop(connection, now))
}

fn uptime(connection: (&ConnRecord, Option<&ClosedRecord>), now: SystemTime) -> Duration {
    between(connection.0.start, stop(connection, now))
}

/// The time from one moment to another; zero if the clock went back.
pub(crate) fn between(from: SystemTime, to: SystemTime) -> Duration {
    to.duration_since(from).unwrap_or_default()
}
