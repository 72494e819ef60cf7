//! What the clients of an account have sent and received: nothing is counted
//! for it while messages pass, it is the sum of what connections count.

use std::collections::HashMap;

use super::Shard;
use super::connection::Traffic;

/// What an account's clients on a shard have done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AccountFigures {
    /// Open connections.
    pub(crate) clients: u64,
    /// Traffic of these and of those that are gone.
    pub(crate) traffic: Traffic,
}

impl AccountFigures {
    /// Adds those of another shard.
    pub(crate) fn add(&mut self, other: &Self) {
        self.clients += other.clients;
        self.traffic.add(&other.traffic);
    }
}

impl Traffic {
    fn add(&mut self, other: &Self) {
        self.in_msgs += other.in_msgs;
        self.in_bytes += other.in_bytes;
        self.out_msgs += other.out_msgs;
        self.out_bytes += other.out_bytes;
    }

    /// What was added since `before`.
    fn since(&self, before: &Self) -> Self {
        Self {
            in_msgs: self.in_msgs - before.in_msgs,
            in_bytes: self.in_bytes - before.in_bytes,
            out_msgs: self.out_msgs - before.out_msgs,
            out_bytes: self.out_bytes - before.out_bytes,
        }
    }
}

impl Shard {
    /// Keeps what a connection has done for its account, as it leaves it: it is
    /// closed, or logs in again.
    pub(super) fn keep_traffic(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        let new = connection.traffic.since(&connection.kept_traffic);
        connection.kept_traffic = connection.traffic;
        self.past_traffic
            .entry(connection.account)
            .or_default()
            .add(&new);
    }

    /// Figures of all accounts, by their ids.
    pub(super) fn account_figures(&self) -> HashMap<u32, AccountFigures> {
        let mut all: HashMap<u32, AccountFigures> = HashMap::new();
        for (&account, traffic) in &self.past_traffic {
            all.entry(account).or_default().traffic.add(traffic);
        }
        for (_, connection) in &self.connections {
            let figures = all.entry(connection.account).or_default();
            figures.clients += u64::from(connection.registered);
            let new = connection.traffic.since(&connection.kept_traffic);
            figures.traffic.add(&new);
        }
        all
    }
}
