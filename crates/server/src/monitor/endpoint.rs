//! The paths of the monitoring port, and how often each was asked
//! (monitoring-events.md 2.2, 2.3).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/`
    Index,
    /// `/varz`
    Varz,
    /// `/connz`
    Connz,
    /// `/routez`
    Routez,
    /// `/gatewayz`
    Gatewayz,
    /// `/leafz`
    Leafz,
    /// `/subsz`, `/subscriptionsz`
    Subsz,
    /// `/accountz`
    Accountz,
    /// `/accstatz`
    AccountStatz,
    /// `/jsz`
    Jsz,
    /// `/healthz`
    Healthz,
    /// `/raftz`
    Raftz,
    /// `/ipqueuesz`
    IpQueuesz,
    /// `/debug/vars`
    Expvar,
    /// `/stacksz`
    Stacksz,
}

impl Endpoint {
    /// The endpoint of a path below the base path.
    pub fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/" => Endpoint::Index,
            "/varz" => Endpoint::Varz,
            "/connz" => Endpoint::Connz,
            "/routez" => Endpoint::Routez,
            "/gatewayz" => Endpoint::Gatewayz,
            "/leafz" => Endpoint::Leafz,
            "/subsz" | "/subscriptionsz" => Endpoint::Subsz,
            "/accountz" => Endpoint::Accountz,
            "/accstatz" => Endpoint::AccountStatz,
            "/jsz" => Endpoint::Jsz,
            "/healthz" => Endpoint::Healthz,
            "/raftz" => Endpoint::Raftz,
            "/ipqueuesz" => Endpoint::IpQueuesz,
            "/debug/vars" => Endpoint::Expvar,
            "/stacksz" => Endpoint::Stacksz,
            _ => return None,
        })
    }
}

/// The paths that are counted, in their order in `http_req_stats`.
const COUNTED: [(Endpoint, &str); 11] = [
    (Endpoint::Index, "/"),
    (Endpoint::Accountz, "/accountz"),
    (Endpoint::AccountStatz, "/accstatz"),
    (Endpoint::Connz, "/connz"),
    (Endpoint::Gatewayz, "/gatewayz"),
    (Endpoint::Healthz, "/healthz"),
    (Endpoint::Jsz, "/jsz"),
    (Endpoint::Leafz, "/leafz"),
    (Endpoint::Routez, "/routez"),
    (Endpoint::Subsz, "/subsz"),
    (Endpoint::Varz, "/varz"),
];

/// Requests by path (`http_req_stats` of `/varz`).
#[derive(Debug, Default)]
pub struct RequestCounters {
    counts: [AtomicU64; COUNTED.len()],
}

impl RequestCounters {
    /// Counts one request; endpoints that are not counted are ignored.
    pub fn count(&self, endpoint: Endpoint) {
        for ((counted, _), count) in COUNTED.iter().zip(&self.counts) {
            if *counted == endpoint {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The paths asked at least once, with their counts.
    pub fn snapshot(&self) -> BTreeMap<&'static str, u64> {
        COUNTED
            .iter()
            .zip(&self.counts)
            .map(|((_, path), count)| (*path, count.load(Ordering::Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_of_subscriptions_count_as_one() {
        let counters = RequestCounters::default();
        for path in ["/subsz", "/subscriptionsz", "/raftz", "/debug/vars", "/"] {
            counters.count(Endpoint::of(path).unwrap());
        }
        assert_eq!(
            counters.snapshot(),
            BTreeMap::from([("/", 1), ("/subsz", 2)])
        );
        assert_eq!(Endpoint::of("/VARZ"), None);
    }
}
