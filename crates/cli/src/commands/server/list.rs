//! `nats server list` (cli.md 7.1).

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use super::shorten::shorten;
use crate::bail;
use crate::failure::{Failure, Result};
use crate::format::{commas, human_duration, human_size, parse_uint, span_between};
use crate::output::{Json, Table};
use crate::session::Session;
use crate::system::{Expect, NO_RESPONDERS, NO_RESULTS, Servers};

/// Nanoseconds of a millisecond.
const MILLI: i64 = 1_000_000;

/// What is shown of a server.
struct Row {
    name: String,
    host: String,
    cluster: String,
    jetstream: String,
    version: String,
    connections: i64,
    subscriptions: i64,
    routes: i64,
    gateways: i64,
    inbound: i64,
    memory: u64,
    cpu: f64,
    cores: i64,
    slow: i64,
    slow_text: String,
    uptime: i64,
    rtt: Duration,
}

impl Row {
    fn of(json: &Json, rtt: Duration) -> Self {
        let (server, statsz) = (json.at("server"), json.at("statsz"));
        let uptime = span_between(statsz.text("start"), server.text("time"));
        let slow = statsz.int("slow_consumers");
        let kinds = statsz.at("slow_consumer_stats");
        Self {
            name: server.text("name").to_owned(),
            host: server.text("host").to_owned(),
            cluster: server.text("cluster").to_owned(),
            jetstream: match (server.on("jetstream"), server.text("domain")) {
                (false, _) => "no".to_owned(),
                (true, "") => "yes".to_owned(),
                (true, domain) => domain.to_owned(),
            },
            version: server.text("ver").to_owned(),
            connections: statsz.int("connections"),
            subscriptions: statsz.int("subscriptions"),
            routes: statsz.list("routes").len() as i64,
            gateways: statsz.list("gateways").len() as i64,
            inbound: statsz
                .list("gateways")
                .iter()
                .map(|gateway| gateway.int("inbound_connections"))
                .fold(0, i64::saturating_add),
            memory: statsz.uint("mem"),
            cpu: statsz.float("cpu"),
            cores: statsz.int("cores"),
            slow,
            slow_text: slow_text(slow, kinds),
            uptime,
            rtt,
        }
    }

    /// The order by a key: names from the front, other figures from the
    /// largest, round trips and clusters from the least.
    fn compare(&self, other: &Self, key: &str) -> Ordering {
        let down = |value: fn(&Self) -> i64| value(other).cmp(&value(self));
        match key {
            "name" => Ordering::Equal,
            // Within a cluster, names from the end.
            "cluster" => (self.cluster.as_str(), &other.name).cmp(&(&other.cluster, &self.name)),
            "conns" | "conn" => down(|row| row.connections),
            "subs" | "sub" => down(|row| row.subscriptions),
            "routes" | "route" => down(|row| row.routes),
            "gw" => down(|row| row.gateways),
            "mem" => other.memory.cmp(&self.memory),
            "cpu" => other.cpu.total_cmp(&self.cpu),
            "slow" => down(|row| row.slow),
            "uptime" => down(|row| row.uptime),
            _ => self.rtt.cmp(&other.rtt),
        }
        .then_with(|| self.name.cmp(&other.name))
    }
}

/// Slow consumers, by kind if not all of them are clients.
fn slow_text(slow: i64, kinds: &Json) -> String {
    let kinds: Vec<(&str, i64)> = [
        ("c", "clients"),
        ("r", "routes"),
        ("g", "gateways"),
        ("l", "leafs"),
    ]
    .map(|(letter, key)| (letter, kinds.int(key)))
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .collect();
    if kinds.is_empty() || matches!(kinds.as_slice(), [("c", _)]) {
        return commas(slow);
    }
    let texts: Vec<String> = kinds
        .iter()
        .map(|(letter, count)| format!("{letter}: {}", commas(*count)))
        .collect();
    format!("{} ({})", commas(slow), texts.join(" "))
}

/// Lists all servers.
pub fn list(session: &mut Session) -> Result<()> {
    let expect = match session.matches.arg("expect") {
        Some(text) => Expect::of_count(parse_uint(text)?),
        None => Expect::Quiet,
    };
    let system = Servers::of(session)?;
    let answers = match system.ask("$SYS.REQ.SERVER.PING", None, expect) {
        // That nobody listens is no different from that nobody answers.
        Err(Failure::Error(why)) if why == NO_RESPONDERS => Vec::new(),
        answers => answers?,
    };
    let matches = &session.matches;
    let archive = matches.filled("archive");
    if answers.is_empty() {
        match archive {
            Some(path) => bail!("no captured server data in {path}"),
            None => bail!("{NO_RESULTS}"),
        }
    }
    if matches.on("json") {
        Json::List(answers.into_iter().map(|answer| answer.json).collect()).print();
        return Ok(());
    }
    let mut rows: Vec<Row> = answers
        .iter()
        .map(|answer| Row::of(&answer.json, answer.rtt))
        .collect();
    let key = match matches.text("sort").unwrap_or_default() {
        // An archive has no round trips.
        "rtt" if archive.is_some() => "name",
        key => key,
    };
    rows.sort_by(|a, b| a.compare(b, key));
    if matches.on("reverse") {
        rows.reverse();
    }
    servers(&rows, matches.on("compact"), archive.is_some()).print_tight();
    if rows.iter().any(|row| !row.cluster.is_empty()) {
        println!();
        clusters(&rows).print_tight();
    }
    Ok(())
}

fn servers(rows: &[Row], compact: bool, stored: bool) -> Table {
    let mut names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
    let mut hosts: Vec<String> = rows.iter().map(|row| row.host.clone()).collect();
    if compact {
        (names, hosts) = (shorten(&names), shorten(&hosts));
    }
    let mut table = Table::new(
        "Server Overview",
        &[
            "Name", "Cluster", "Host", "Version", "JS", "Conns", "Subs", "Routes", "GWs", "Mem",
            "CPU %", "Cores", "Slow", "Uptime", "RTT",
        ],
    );
    for ((row, name), host) in rows.iter().zip(names).zip(hosts) {
        table.row(vec![
            name.into(),
            row.cluster.as_str().into(),
            host.into(),
            row.version.as_str().into(),
            row.jetstream.as_str().into(),
            commas(row.connections).into(),
            commas(row.subscriptions).into(),
            row.routes.into(),
            row.gateways.into(),
            human_size(row.memory).into(),
            format!("{:.0}", row.cpu).into(),
            row.cores.into(),
            row.slow_text.as_str().into(),
            human_duration(row.uptime).into(),
            if stored {
                "-".into()
            } else {
                rounded(row.rtt).into()
            },
        ]);
    }
    // Servers of a cluster have as many routes as each other.
    let mut routes: BTreeMap<&str, i64> = BTreeMap::new();
    let even = rows
        .iter()
        .filter(|row| !row.cluster.is_empty())
        .all(|row| *routes.entry(&row.cluster).or_insert(row.routes) == row.routes);
    let mut known: Vec<&str> = rows
        .iter()
        .map(|row| row.cluster.as_str())
        .filter(|name| !name.is_empty())
        .collect();
    known.sort_unstable();
    known.dedup();
    let differ = |value: &dyn Fn(&Row) -> String| {
        let first = rows.first().map(value);
        let all = rows.iter().all(|row| Some(value(row)) == first);
        if all { "" } else { "X" }
    };
    let sum =
        |value: &dyn Fn(&Row) -> i64| commas(rows.iter().map(value).fold(0, i64::saturating_add));
    let memory = rows.iter().map(|row| row.memory);
    let enabled = rows.iter().filter(|row| row.jetstream != "no").count();
    table.footer(vec![
        "".into(),
        known.len().into(),
        rows.len().into(),
        differ(&|row| row.version.clone()).into(),
        enabled.into(),
        sum(&|row| row.connections).into(),
        sum(&|row| row.subscriptions).into(),
        if even { "" } else { "X" }.into(),
        differ(&|row| row.gateways.to_string()).into(),
        human_size(memory.fold(0, u64::saturating_add)).into(),
        "".into(),
        "".into(),
        sum(&|row| row.slow).into(),
        "".into(),
        "".into(),
    ]);
    table
}

/// A round trip in whole milliseconds.
fn rounded(rtt: Duration) -> String {
    let nanos = i64::try_from(rtt.as_nanos()).unwrap_or(i64::MAX);
    human_duration((nanos + MILLI / 2) / MILLI * MILLI)
}

fn clusters(rows: &[Row]) -> Table {
    let mut table = Table::new(
        "Cluster Overview",
        &[
            "Cluster",
            "Node Count",
            "Outgoing Gateways",
            "Incoming Gateways",
            "Connections",
        ],
    );
    let mut found: BTreeMap<&str, [i64; 4]> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.cluster.is_empty()) {
        let sums = found.entry(&row.cluster).or_default();
        for (sum, value) in sums
            .iter_mut()
            .zip([1, row.gateways, row.inbound, row.connections])
        {
            *sum = sum.saturating_add(value);
        }
    }
    let mut total = [0_i64; 4];
    let mut found: Vec<(&str, [i64; 4])> = found.into_iter().collect();
    found.sort_by_key(|(_, [.., connections])| *connections);
    for (name, sums) in found {
        let mut cells = vec![name.into()];
        for (sum, value) in total.iter_mut().zip(sums) {
            *sum = sum.saturating_add(value);
            cells.push(value.into());
        }
        table.row(cells);
    }
    let mut footer = vec!["".into()];
    footer.extend(total.map(Into::into));
    table.footer(footer);
    table
}
