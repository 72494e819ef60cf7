//! `nats server list` (cli.md 7.1).

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use super::shorten::shorten;
use crate::bail;
use crate::failure::Result;
use crate::format::{
    commas, float, human_duration, human_size, human_span, parse_int, parse_rfc3339,
};
use crate::output::{Json, Table};
use crate::session::Session;
use crate::system::{Expect, NO_RESULTS, Servers};

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
        let time = |text: &str| parse_rfc3339(text).map(|time| time.as_nanosecond());
        let uptime = match (time(server.text("time")), time(statsz.text("start"))) {
            (Some(now), Some(start)) => i64::try_from(now - start).unwrap_or(0).max(0),
            _ => 0,
        };
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
                .sum(),
            memory: statsz.uint("mem"),
            cpu: statsz.float("cpu"),
            cores: statsz.int("cores"),
            slow,
            slow_text: if kinds.is_null() {
                commas(slow)
            } else {
                format!(
                    "{} (c: {} r: {} g: {} l: {})",
                    commas(slow),
                    commas(kinds.int("clients")),
                    commas(kinds.int("routes")),
                    commas(kinds.int("gateways")),
                    commas(kinds.int("leafs"))
                )
            },
            uptime,
            rtt,
        }
    }

    fn compare(&self, other: &Self, key: &str) -> Ordering {
        match key {
            "name" => self.name.cmp(&other.name),
            "cluster" => self.cluster.cmp(&other.cluster),
            "conns" | "conn" => self.connections.cmp(&other.connections),
            "subs" | "sub" => self.subscriptions.cmp(&other.subscriptions),
            "routes" | "route" => self.routes.cmp(&other.routes),
            "gw" => self.gateways.cmp(&other.gateways),
            "mem" => self.memory.cmp(&other.memory),
            "cpu" => self.cpu.total_cmp(&other.cpu),
            "slow" => self.slow.cmp(&other.slow),
            "uptime" => self.uptime.cmp(&other.uptime),
            _ => self.rtt.cmp(&other.rtt),
        }
        .then_with(|| self.name.cmp(&other.name))
    }
}

/// Lists all servers.
pub fn list(session: &mut Session) -> Result<()> {
    let expect = match session.matches.arg("expect") {
        Some(text) => match usize::try_from(parse_int(text)?) {
            Ok(count) if count > 0 => Expect::Count(count),
            _ => Expect::Quiet,
        },
        None => Expect::Quiet,
    };
    let system = Servers::of(session)?;
    // That nobody listens is no different from that nobody answers.
    let answers = system
        .ask("$SYS.REQ.SERVER.PING", None, expect)
        .unwrap_or_default();
    if answers.is_empty() {
        bail!("{NO_RESULTS}");
    }
    let matches = &session.matches;
    let mut rows: Vec<(Row, Json)> = answers
        .into_iter()
        .map(|answer| (Row::of(&answer.json, answer.rtt), answer.json))
        .collect();
    let key = matches.text("sort").unwrap_or_default();
    rows.sort_by(|(a, _), (b, _)| a.compare(b, key));
    if matches.on("reverse") {
        rows.reverse();
    }
    if matches.on("json") {
        Json::List(rows.into_iter().map(|(_, json)| json).collect()).print();
        return Ok(());
    }
    let rows: Vec<Row> = rows.into_iter().map(|(row, _)| row).collect();
    servers(&rows, matches.on("compact")).print_tight();
    println!();
    clusters(&rows).print_tight();
    Ok(())
}

fn servers(rows: &[Row], compact: bool) -> Table {
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
            float(row.cpu).into(),
            row.cores.into(),
            row.slow_text.as_str().into(),
            human_duration(row.uptime).into(),
            human_span(row.rtt).into(),
        ]);
    }
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
    let sum = |value: &dyn Fn(&Row) -> i64| commas(rows.iter().map(value).sum::<i64>());
    let enabled = rows.iter().filter(|row| row.jetstream != "no").count();
    table.footer(vec![
        "".into(),
        known.len().into(),
        rows.len().into(),
        differ(&|row| row.version.clone()).into(),
        enabled.into(),
        sum(&|row| row.connections).into(),
        sum(&|row| row.subscriptions).into(),
        differ(&|row| row.routes.to_string()).into(),
        differ(&|row| row.gateways.to_string()).into(),
        human_size(rows.iter().map(|row| row.memory).sum()).into(),
        "".into(),
        "".into(),
        sum(&|row| row.slow).into(),
        "".into(),
        "".into(),
    ]);
    table
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
            *sum += value;
        }
    }
    let mut total = [0; 4];
    for (name, sums) in found {
        let mut cells = vec![name.into()];
        for (sum, value) in total.iter_mut().zip(sums) {
            *sum += value;
            cells.push(value.into());
        }
        table.row(cells);
    }
    let mut footer = vec!["".into()];
    footer.extend(total.map(Into::into));
    table.footer(footer);
    table
}
