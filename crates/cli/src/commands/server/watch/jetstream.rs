//! `nats server watch jetstream`.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Instant;

use super::traffic::{Fleet, sum};
use crate::bail;
use crate::failure::Result;
use crate::format::{commas, human_duration, human_size, is_unset_time, since};
use crate::live::{Column, Counter, Grid, grids};
use crate::output::Json;
use crate::session::Session;

const COLUMNS: &[Column] = &[
    Column::text("Server"),
    Column::number("HA Assets"),
    Column::number("Memory"),
    Column::number("File"),
    Column::number("API"),
    Column::number("API / s"),
    Column::number("API Errors"),
    Column::number("Pending"),
    Column::text("Snapshot"),
];

/// Shows all servers with JetStream.
pub fn jetstream(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let sort = matches.text("sort").unwrap_or_default().to_owned();
    let most = matches.int("number");
    let mut fleet = Fleet::of(session)?;
    let mut counters = HashMap::new();
    grids(COLUMNS, most, || {
        let answers = fleet.statistics()?;
        let now = Instant::now();
        let mut known = HashMap::new();
        let mut rows: Vec<Server> = answers
            .iter()
            .filter(|answer| answer.json.has("statsz.jetstream"))
            .map(|answer| {
                let id = answer.json.text("server.id");
                let mut counter: Counter = counters.remove(id).unwrap_or_default();
                let row = Server::of(&answer.json, &mut counter, now);
                known.insert(id.to_owned(), counter);
                row
            })
            .collect();
        counters = known;
        if rows.is_empty() {
            bail!("no server has JetStream");
        }
        rows.sort_by(|a, b| a.compare(b, &sort));
        Ok(grid(&rows, &sort))
    })
}

/// What is shown of a server.
#[derive(Clone, Debug)]
struct Server {
    name: String,
    assets: i64,
    memory: u64,
    file: u64,
    requests: i64,
    request_rate: f64,
    errors: i64,
    pending: i64,
    snapshot: String,
}

impl Server {
    fn of(answer: &Json, counter: &mut Counter, now: Instant) -> Self {
        let jetstream = answer.at("statsz.jetstream");
        let (stats, meta) = (jetstream.at("stats"), jetstream.at("meta"));
        Self {
            name: if meta.text("leader") == answer.text("server.name") {
                format!("{}*", answer.text("server.name"))
            } else {
                answer.text("server.name").to_owned()
            },
            assets: stats.int("ha_assets"),
            memory: stats.uint("memory"),
            file: stats.uint("storage"),
            requests: stats.int("api.total"),
            request_rate: counter.at(now, stats.float("api.total")),
            errors: stats.int("api.errors"),
            pending: meta.int("pending"),
            snapshot: snapshot(meta.at("snapshot")),
        }
    }

    /// The largest first; then by name.
    fn compare(&self, other: &Self, sort: &str) -> Ordering {
        match sort {
            "api" => other
                .request_rate
                .total_cmp(&self.request_rate)
                .then(other.requests.cmp(&self.requests)),
            "file" => other.file.cmp(&self.file),
            "mem" => other.memory.cmp(&self.memory),
            _ => other.assets.cmp(&self.assets),
        }
        .then_with(|| self.name.cmp(&other.name))
    }
}

/// When the last snapshot of the meta group was made, and how long that took.
fn snapshot(snapshot: &Json) -> String {
    let time = snapshot.text("last_time");
    match since(time) {
        Some(age) if !is_unset_time(time) => format!(
            "{} ago in {}",
            human_duration(age),
            human_duration(snapshot.int("last_duration"))
        ),
        _ => String::new(),
    }
}

fn grid(servers: &[Server], sort: &str) -> Grid {
    Grid {
        title: format!("{} servers with JetStream by {sort}", servers.len()),
        rows: servers
            .iter()
            .map(|server| {
                vec![
                    server.name.clone(),
                    commas(server.assets),
                    human_size(server.memory),
                    human_size(server.file),
                    commas(server.requests),
                    commas(server.request_rate.round() as i64),
                    commas(server.errors),
                    commas(server.pending),
                    server.snapshot.clone(),
                ]
            })
            .collect(),
        footer: vec![
            "Totals".to_owned(),
            sum(servers, |server| server.assets),
            human_size(servers.iter().map(|server| server.memory).sum()),
            human_size(servers.iter().map(|server| server.file).sum()),
            sum(servers, |server| server.requests),
            sum(servers, |server| server.request_rate.round() as i64),
            sum(servers, |server| server.errors),
            sum(servers, |server| server.pending),
            String::new(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meta_leader_is_marked_and_servers_are_sorted() {
        let server = |text: &str| {
            let answer = Json::parse(text.as_bytes()).unwrap();
            Server::of(&answer, &mut Counter::default(), Instant::now())
        };
        let mut rows = vec![
            server(
                r#"{"server":{"name":"n1"},"statsz":{"jetstream":{"stats":{"ha_assets":1,"storage":9},"meta":{"leader":"n2","snapshot":{"last_time":"0001-01-01T00:00:00Z"}}}}}"#,
            ),
            server(
                r#"{"server":{"name":"n2"},"statsz":{"jetstream":{"stats":{"ha_assets":4,"storage":2,"api":{"total":7}},"meta":{"leader":"n2"}}}}"#,
            ),
        ];
        rows.sort_by(|a, b| a.compare(b, "assets"));
        assert_eq!(rows[0].name, "n2*");
        assert_eq!(rows[1].snapshot, "");
        rows.sort_by(|a, b| a.compare(b, "file"));
        assert_eq!(rows[0].name, "n1");
        let grid = grid(&rows, "file");
        assert_eq!(grid.footer[1..5], ["5", "0 B", "11 B", "7"]);
    }
}
