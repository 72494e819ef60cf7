//! `nats server watch jetstream`.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::screen::{each_second, heading, largest, rows};
use super::statistics::Statistics;
use crate::failure::Result;
use crate::format::{commas, human_duration, human_size, is_unset_time, since};
use crate::output::terminal::clear_screen;
use crate::output::{Json, Table};
use crate::session::Session;

/// Lines of the terminal that are no rows.
const FRAME: usize = 9;
/// What is sorted by: the word of the flag, and what it is called.
const KEYS: [(&str, &str); 4] = [
    ("mem", "Memory Used"),
    ("file", "File Storage"),
    ("assets", "HA Asset"),
    ("api", "API Requests"),
];

/// Shows what the servers with JetStream do.
pub fn jetstream(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let sort = matches.text("sort").unwrap_or_default().to_owned();
    let wanted = matches.int("number");
    rows(wanted, FRAME)?;
    let mut statistics = Statistics::of(session)?;
    each_second(|| {
        let shown = rows(wanted, FRAME)?;
        let mut servers: Vec<Server> = statistics
            .read()?
            .filter(|json| json.has("statsz.jetstream"))
            .map(Server::of)
            .collect();
        servers.sort_by(|a, b| a.compare(b, &sort));
        let table = table(&servers, shown, &sort, statistics.latest);
        clear_screen();
        table.print_tight();
        Ok(())
    })
}

/// What waits for the meta group.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Pending {
    entries: i64,
    infos: i64,
    requests: i64,
}

impl Pending {
    fn add(&mut self, other: Self) {
        self.entries = self.entries.saturating_add(other.entries);
        self.infos = self.infos.saturating_add(other.infos);
        self.requests = self.requests.saturating_add(other.requests);
    }

    fn text(self) -> String {
        let mut text = commas(self.entries);
        if self.infos > 0 {
            text.push_str(&format!(" / {} info", commas(self.infos)));
        }
        if self.requests > 0 {
            text.push_str(&format!(" / {} req", commas(self.requests)));
        }
        text
    }
}

/// What is shown of a server.
#[derive(Clone, Debug, Default)]
struct Server {
    name: String,
    leads: bool,
    assets: i64,
    memory: u64,
    file: u64,
    api: u64,
    errors: u64,
    pending: Pending,
    snapshot: String,
}

impl Server {
    fn of(json: &Json) -> Self {
        let name = json.text("server.name");
        let (stats, meta) = (
            json.at("statsz.jetstream.stats"),
            json.at("statsz.jetstream.meta"),
        );
        let leads = meta.has("leader") && meta.text("leader") == name;
        let last = meta.text("snapshot.last_time");
        let snapshot = match since(last) {
            Some(age) if leads && !is_unset_time(last) => format!(
                "{} ago ({})",
                human_duration(age),
                human_duration(meta.int("snapshot.last_duration"))
            ),
            _ => String::new(),
        };
        Self {
            name: name.to_owned(),
            leads,
            assets: stats.int("ha_assets"),
            memory: stats.uint("memory"),
            file: stats.uint("storage"),
            api: stats.uint("api.total"),
            errors: stats.uint("api.errors"),
            pending: Pending {
                entries: meta.int("pending"),
                infos: meta.int("pending_infos"),
                requests: meta.int("pending_requests"),
            },
            snapshot,
        }
    }

    fn compare(&self, other: &Self, sort: &str) -> Ordering {
        let (a, b) = (&self.name, &other.name);
        match sort {
            "mem" => largest(self.memory, other.memory, a, b),
            "file" => largest(self.file, other.file, a, b),
            "api" => largest(self.api, other.api, a, b),
            _ => largest(self.assets, other.assets, a, b),
        }
    }
}

fn table(servers: &[Server], shown: usize, sort: &str, at: Option<Timestamp>) -> Table {
    let by = KEYS.iter().find(|(key, _)| *key == sort);
    let by = by.map_or("", |(_, name)| *name);
    let mut table = Table::new(
        heading("Server", servers.len(), shown, by, at),
        &[
            "Server",
            "HA Assets",
            "Memory",
            "File",
            "API",
            "API Errors",
            "Pending",
            "Snapshot Time",
        ],
    );
    let mut total = Server::default();
    for (number, server) in servers.iter().enumerate() {
        total.assets = total.assets.saturating_add(server.assets);
        total.memory = total.memory.saturating_add(server.memory);
        total.file = total.file.saturating_add(server.file);
        total.api = total.api.saturating_add(server.api);
        total.errors = total.errors.saturating_add(server.errors);
        total.pending.add(server.pending);
        if number < shown {
            let mark = if server.leads { "*" } else { "" };
            table.row(vec![
                format!("{}{mark}", server.name).into(),
                commas(server.assets).into(),
                human_size(server.memory).into(),
                human_size(server.file).into(),
                commas(server.api).into(),
                commas(server.errors).into(),
                server.pending.text().into(),
                server.snapshot.as_str().into(),
            ]);
        }
    }
    table.footer(vec![
        format!("Totals ({} Servers)", servers.len().min(shown)).into(),
        commas(total.assets).into(),
        human_size(total.memory).into(),
        human_size(total.file).into(),
        commas(total.api).into(),
        commas(total.errors).into(),
        total.pending.text().into(),
    ]);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_told_by_kind() {
        let mut pending = Pending::default();
        assert_eq!(pending.text(), "0");
        pending.infos = 2;
        pending.requests = 3;
        assert_eq!(pending.text(), "0 / 2 info / 3 req");
    }

    #[test]
    fn only_the_leader_tells_of_snapshots() {
        let server = |name: &str| {
            Server::of(
                &Json::parse(
                    format!(
                        r#"{{"server":{{"name":"{name}"}},"statsz":{{"jetstream":{{"meta":{{"leader":"a","snapshot":{{"last_time":"2020-01-01T00:00:00Z","last_duration":5000000}}}}}}}}}}"#
                    )
                    .as_bytes(),
                )
                .unwrap(),
            )
        };
        assert!(server("a").snapshot.ends_with(" ago (5ms)"));
        assert!(server("a").leads);
        assert_eq!(server("b").snapshot, "");
    }
}
