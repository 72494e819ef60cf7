//! What the monitoring endpoints need of the broker.

use std::sync::Arc;

use super::accounts::{AccountDetail, AccountRecord};
use super::closed::ClosedRecord;
use super::endpoint::RequestCounters;
use super::healthz::{Health, HealthProblem, HealthzOptions};
use super::jsz::{JetStreamQuery, JetStreamRecord};
use super::records::{ConnQuery, ConnSnapshot};
use super::subsz::{SubsQuery, SubsSnapshot};
use super::varz::Varz;

/// Who the server is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Public key, 56 characters.
    pub server_id: String,
    /// Configured name, or the id.
    pub server_name: String,
}

/// The broker, seen from the monitoring port. Methods are called on threads
/// that may block, several at a time.
pub trait Source: Send + Sync {
    /// Who the server is.
    fn identity(&self) -> Identity;

    /// The state of the whole server. `http_req_stats` is filled in by the
    /// caller.
    fn varz(&self) -> Varz;

    /// Whether an account of this name is loaded.
    fn has_account(&self, name: &str) -> bool;

    /// Names of the accounts that are loaded, in any order.
    fn account_names(&self) -> Vec<String>;

    /// Name of the system account, if there is one.
    fn system_account(&self) -> Option<String>;

    /// Figures of the accounts of these names, or of all; in any order, and
    /// without those that are not loaded.
    fn accounts(&self, names: Option<&[String]>) -> Vec<AccountRecord>;

    /// All about an account, if it is loaded.
    fn account(&self, name: &str) -> Option<AccountDetail>;

    /// Open clients and leaf nodes. Measures the round trip time of clients
    /// that sent a `lang` anew, for the next request.
    fn connections(&self, query: &ConnQuery) -> ConnSnapshot;

    /// Closed clients and leaf nodes, oldest first.
    fn closed(&self) -> Vec<Arc<ClosedRecord>>;

    /// Subscriptions and the figures of the interest tables.
    fn subscriptions(&self, query: &SubsQuery) -> SubsSnapshot;

    /// Whether the server can do its work.
    fn health(&self) -> Health;

    /// What is wrong with JetStream's accounts, streams and consumers, in the
    /// order of monitoring-events.md 4.2, rows 7 and up. Asked only while
    /// JetStream runs.
    fn jetstream_problems(&self, options: &HealthzOptions) -> Vec<HealthProblem> {
        let _ = options;
        Vec::new()
    }

    /// Names of the accounts that have JetStream, in any order.
    fn jetstream_accounts(&self) -> Vec<String>;

    /// JetStream; `None` if it is off.
    fn jetstream(&self, query: &JetStreamQuery) -> Option<JetStreamRecord>;

    /// Queues between threads, with what waits in them; in any order.
    fn queues(&self) -> Vec<(String, u64)>;

    /// Requests to the monitoring port, by path.
    fn requests(&self) -> &RequestCounters;

    /// Resident memory, bytes.
    fn memory(&self) -> u64;
}
