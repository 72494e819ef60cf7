//! Replicas of streams and of consumers, by their groups.

use std::collections::BTreeMap;

use super::check::Checked;
use super::gather::ServerAssets;
use crate::output::Json;
use crate::output::table::Cell;

/// A stream, or one of its consumers, on a server.
pub struct Replica<'a> {
    /// The server.
    pub server: &'a ServerAssets,
    /// The account.
    pub account: &'a Json,
    /// The stream.
    pub stream: &'a Json,
    /// The consumer, if it is about one.
    pub consumer: Option<&'a Json>,
}

impl<'a> Replica<'a> {
    /// What it is about.
    pub fn asset(&self) -> &'a Json {
        self.consumer.unwrap_or(self.stream)
    }

    /// The server that leads, as this one knows it.
    pub fn leader(&self) -> &'a str {
        self.asset().text("cluster.leader")
    }

    /// Whether it leads itself.
    pub fn leads(&self) -> bool {
        self.leader() == self.server.name
    }
}

/// All replicas of an asset, by their servers.
pub type Replicas<'a> = BTreeMap<&'a str, Replica<'a>>;

/// All replicas by the account's name, the group, and the stream and the
/// consumer if they have no group.
#[derive(Default)]
pub struct Groups<'a>(BTreeMap<(&'a str, &'a str, (&'a str, &'a str)), Replicas<'a>>);

impl<'a> Groups<'a> {
    /// Adds a replica to its group, which may have no name.
    pub fn add(&mut self, group: &'a str, replica: Replica<'a>) {
        let alone = if group.is_empty() {
            let consumer = replica
                .consumer
                .map_or("", |consumer| consumer.text("name"));
            (replica.stream.text("name"), consumer)
        } else {
            ("", "")
        };
        self.0
            .entry((replica.account.text("name"), group, alone))
            .or_default()
            .insert(&replica.server.name, replica);
    }
}

/// How replicas of a kind are shown.
pub struct View {
    /// `Streams` or `Consumers`.
    pub title: &'static str,
    /// Titles of the columns.
    pub columns: &'static [&'static str],
    /// How a replica of a group is, and whether it differs from others.
    pub status: fn(&Replica<'_>, &Replicas<'_>, &str) -> (String, bool),
    /// The cells of a replica of a group with this status.
    pub row: fn(&Checked, &str, &Replica<'_>, &Replicas<'_>, String) -> Vec<Cell>,
}

impl View {
    /// Shows those that the flags ask for.
    pub fn show(&self, checked: &Checked, groups: &Groups<'_>) {
        let count: usize = groups.0.values().map(BTreeMap::len).sum();
        checked.note(format!("{}: {count}", self.title));
        let mut table = checked.table(self.title, self.columns);
        let mut before = ("", "");
        for ((account, group, _), replicas) in &groups.0 {
            for replica in replicas.values() {
                let consumer = replica
                    .consumer
                    .map_or("", |consumer| consumer.text("name"));
                if !checked.takes(replica.stream.text("name"), consumer, group) {
                    continue;
                }
                let (status, differs) = (self.status)(replica, replicas, group);
                if checked.unsynced_only() && !differs {
                    continue;
                }
                let name = replica.asset().text("name");
                if before != (*account, name) {
                    table.separator();
                }
                before = (*account, name);
                table.row((self.row)(checked, group, replica, replicas, status));
            }
        }
        checked.print(&table);
    }
}
