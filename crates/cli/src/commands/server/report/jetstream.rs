//! `nats server report jetstream`.

use std::collections::BTreeMap;

use super::super::shorten::shorten;
use super::filter::{Chosen, is_filtered, limit, sort};
use super::repeat::{clear, repeated};
use crate::bail;
use crate::failure::Result;
use crate::format::{commas, human_duration, human_size};
use crate::output::style::bold;
use crate::output::table::Cell;
use crate::output::{Json, Table};
use crate::session::Session;
use crate::system::NO_RESULTS;

/// Reports about JetStream.
pub fn jetstream(session: &mut Session) -> Result<()> {
    repeated(session, report)
}

/// Streams and consumers of an account in one answer.
const LIMIT: usize = 10_000;

/// Groups that servers lead: the server, its cluster, how many.
type Leaders = BTreeMap<String, (String, u64)>;

/// What is shown of a server.
#[derive(Clone, Debug, Default)]
struct Row {
    name: String,
    cluster: String,
    domain: String,
    leads: bool,
    streams: u64,
    consumers: u64,
    messages: u64,
    bytes: u64,
    memory: u64,
    file: u64,
    api: u64,
    pending: u64,
}

impl Row {
    fn of(json: &Json, account: &str) -> Self {
        let (server, data) = (json.at("server"), json.at("data"));
        let name = server.text("name");
        let leader = data.text("meta_cluster.leader");
        let mut row = Self {
            name: name.to_owned(),
            cluster: server.text("cluster").to_owned(),
            domain: data.text("config.domain").to_owned(),
            leads: !leader.is_empty() && leader == name,
            pending: data.uint("meta_cluster.pending"),
            ..Self::default()
        };
        let detail = match data.list("account_details") {
            [detail] if !account.is_empty() => detail,
            _ => {
                row.streams = data.uint("streams");
                row.consumers = data.uint("consumers");
                row.messages = data.uint("messages");
                row.bytes = data.uint("bytes");
                row.memory = data.uint("memory");
                row.file = data.uint("storage");
                row.api = data.uint("api.total");
                return row;
            }
        };
        let streams = detail.list("stream_detail");
        let sum = |key: &str| {
            let values = streams.iter().map(|stream| stream.uint(key));
            values.fold(0, u64::saturating_add)
        };
        row.streams = streams.len() as u64;
        row.consumers = sum("state.consumer_count");
        row.messages = sum("state.messages");
        row.memory = detail.uint("memory");
        row.file = detail.uint("storage");
        row.bytes = row.memory.saturating_add(row.file);
        row.api = detail.uint("api.total");
        row
    }
}

fn report(session: &Session, chosen: &Chosen) -> Result<()> {
    let matches = &session.matches;
    let account = matches.filled("account").unwrap_or_default();
    let mut options = Json::object();
    if !account.is_empty() {
        options.set("account", account);
        options.set("streams", true);
        options.set("consumer", true);
        options.set("limit", LIMIT);
    }
    options.set("raft", true);
    let mut answers = chosen.ask("JSZ", options, limit(session)?)?;
    if answers.is_empty() {
        match matches.filled("archive") {
            Some(path) => bail!("no JetStream data found in {path}"),
            None => bail!("{NO_RESULTS}"),
        }
    }
    let key = matches.text("sort").unwrap_or_default();
    sort(session, &mut answers, |a, b| {
        let text = |path: &str| a.json.text(path).cmp(b.json.text(path));
        let number = |path: &str| a.json.uint(path).cmp(&b.json.uint(path));
        match key {
            "name" => text("server.name"),
            "streams" => number("data.streams"),
            "consumers" => number("data.consumers"),
            "msgs" => number("data.messages"),
            "mbytes" | "bytes" => number("data.bytes"),
            "mem" => number("data.memory"),
            "file" | "store" => number("data.storage"),
            "api" => number("data.api.total"),
            _ => text("server.cluster"),
        }
        .then_with(|| text("server.name"))
    });
    let answers: Vec<&Json> = answers.iter().map(|answer| &answer.json).collect();
    let rows: Vec<Row> = answers.iter().map(|json| Row::of(json, account)).collect();
    let compact = matches.on("compact");
    let title = if account.is_empty() {
        "JetStream Summary".to_owned()
    } else {
        format!("JetStream Summary for Account {account}")
    };
    clear(session);
    summary(&rows, title, compact).print();
    if !is_filtered(session) {
        meta(&answers, compact);
    }
    if matches.on("leaders") {
        println!();
        let (streams, consumers) = leaders(&answers, account);
        if streams.is_empty() && consumers.is_empty() {
            println!("No JetStream asset leader data reported");
        } else {
            leader_table(&streams, "Stream Leaders").print();
            leader_table(&consumers, "Consumer Leaders").print();
        }
    }
    Ok(())
}

/// Who leads streams, and who leads consumers. Those of an account count where
/// their streams are led.
fn leaders(answers: &[&Json], account: &str) -> (Leaders, Leaders) {
    let (mut streams, mut consumers) = (Leaders::new(), Leaders::new());
    for json in answers {
        let (server, data) = (json.at("server"), json.at("data"));
        let name = server.text("name");
        if let ([detail], false) = (data.list("account_details"), account.is_empty()) {
            for stream in detail.list("stream_detail") {
                let cluster = stream.at("cluster");
                let leader = cluster.text("leader");
                let count = |leaders: &mut Leaders, led: &Json| {
                    if !led.is_null() && led.text("leader") == name {
                        let cluster = cluster.text("name").to_owned();
                        leaders.entry(leader.to_owned()).or_insert((cluster, 0)).1 += 1;
                    }
                };
                count(&mut streams, cluster);
                for consumer in stream.list("consumer_detail") {
                    count(&mut consumers, consumer.at("cluster"));
                }
            }
            continue;
        }
        let (led_streams, led_consumers) =
            (data.uint("streams_leader"), data.uint("consumers_leader"));
        if led_streams > 0 || led_consumers > 0 {
            let cluster = server.text("cluster").to_owned();
            streams.insert(name.to_owned(), (cluster.clone(), led_streams));
            consumers.insert(name.to_owned(), (cluster, led_consumers));
        }
    }
    (streams, consumers)
}

/// The share of each server in what its cluster leads.
fn leader_table(leaders: &Leaders, what: &str) -> Table {
    let mut table = Table::new(
        "RAFT Leader Report",
        &["Server", "Cluster", what, "Distribution"],
    );
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    for (cluster, count) in leaders.values() {
        let total = totals.entry(cluster).or_default();
        *total = total.saturating_add(*count);
    }
    let mut rows: Vec<(&String, &String, u64)> = leaders
        .iter()
        .map(|(name, (cluster, count))| (name, cluster, *count))
        .collect();
    rows.sort_by_key(|&(_, cluster, count)| (cluster, count));
    for (number, (name, cluster, count)) in rows.iter().enumerate() {
        if number > 0 && rows[number - 1].1 != *cluster {
            table.separator();
        }
        let total = totals.get(cluster.as_str()).copied().unwrap_or(0);
        let stars = match count {
            0 => 0,
            &count => (count as f64 / total.max(1) as f64 * 10.0).round().max(1.0) as usize,
        };
        table.row(vec![
            (*name).into(),
            (*cluster).into(),
            commas(*count).into(),
            "*".repeat(stars).into(),
        ]);
    }
    table
}

fn summary(rows: &[Row], title: String, compact: bool) -> Table {
    let with_domain = rows.iter().any(|row| !row.domain.is_empty());
    let mut headers = vec!["Server", "Cluster"];
    if with_domain {
        headers.push("Domain");
    }
    headers.extend([
        "Streams",
        "Consumers",
        "Messages",
        "Bytes",
        "Memory",
        "File",
        "API Req",
        "Pending",
    ]);
    let mut names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
    if compact {
        names = shorten(&names);
    }
    let mut table = Table::new(title, &headers);
    let numbers = |values: [u64; 8]| -> Vec<Cell> {
        let [
            streams,
            consumers,
            messages,
            bytes,
            memory,
            file,
            api,
            pending,
        ] = values;
        [
            commas(streams),
            commas(consumers),
            commas(messages),
            human_size(bytes),
            human_size(memory),
            human_size(file),
            commas(api),
        ]
        .map(Cell::from)
        .into_iter()
        .chain([pending.into()])
        .collect()
    };
    let mut sums = [0_u64; 8];
    for (row, name) in rows.iter().zip(names) {
        let star = if row.leads { "*" } else { "" };
        let mut cells: Vec<Cell> =
            vec![format!("{name}{star}").into(), row.cluster.as_str().into()];
        if with_domain {
            cells.push(row.domain.as_str().into());
        }
        let values = [
            row.streams,
            row.consumers,
            row.messages,
            row.bytes,
            row.memory,
            row.file,
            row.api,
            row.pending,
        ];
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum = sum.saturating_add(value);
        }
        cells.extend(numbers(values));
        table.row(cells);
    }
    let mut footer: Vec<Cell> = vec!["".into(), "".into()];
    if with_domain {
        footer.push("".into());
    }
    footer.extend(numbers(sums));
    table.footer(footer);
    table
}

/// The groups that lead, as their leaders see them.
fn meta(answers: &[&Json], compact: bool) {
    let sizes = answers
        .iter()
        .map(|json| json.int("data.meta_cluster.cluster_size"));
    let size = sizes.max().unwrap_or(0);
    if size == 0 {
        return;
    }
    let leading: Vec<&Json> = answers
        .iter()
        .filter(|json| {
            json.has("data.meta_cluster")
                && json.text("data.meta_cluster.leader") == json.text("server.name")
        })
        .map(|json| json.at("data.meta_cluster"))
        .collect();
    if leading.is_empty() {
        println!(
            "\nWARNING: No cluster meta leader found. The cluster expects {size} nodes but only {} responded. \
             JetStream operation requires at least {} up nodes.",
            answers.len(),
            size / 2 + 1
        );
    }
    for (number, meta) in leading.iter().enumerate() {
        if number > 0 {
            println!();
        }
        meta_table(meta, compact).print_tight();
    }
}

fn meta_table(meta: &Json, compact: bool) -> Table {
    let mut table = Table::new(
        format!(
            "RAFT Meta Group Information - Lead cluster: {}",
            meta.text("name")
        ),
        &[
            "Connection Name",
            "ID",
            "Leader",
            "Current",
            "Online",
            "Active",
            "Lag",
        ],
    );
    let leader = meta.text("leader");
    let itself = Json::object()
        .with("name", leader)
        .with("current", true)
        .with("peer", meta.text("peer"));
    let mut peers = meta.list("replicas").to_vec();
    peers.push(itself);
    peers.sort_by(|a, b| a.text("name").cmp(b.text("name")));
    let mut names: Vec<String> = peers
        .iter()
        .map(|peer| peer.text("name").to_owned())
        .collect();
    if compact {
        names = shorten(&names);
    }
    for (peer, name) in peers.iter().zip(names) {
        let leads = if peer.text("name") == leader {
            "yes"
        } else {
            ""
        };
        table.row(vec![
            name.into(),
            peer.text("peer").into(),
            leads.into(),
            peer.on("current").to_string().into(),
            if peer.on("offline") {
                bold("false").into()
            } else {
                "true".into()
            },
            human_duration(peer.int("active")).into(),
            commas(peer.uint("lag")).into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accounts_own_figures_are_shown() {
        let json = Json::parse(
            br#"{"server":{"name":"n1"},"data":{"streams":9,"meta_cluster":{"leader":"n1"},
                "account_details":[{"name":"A","memory":5,"api":{"total":3},"stream_detail":[{"state":{"messages":2,"consumer_count":1}},{"state":{"messages":3}}]}]}}"#,
        )
        .unwrap();
        let row = Row::of(&json, "A");
        assert!(row.leads);
        assert_eq!(
            (
                row.streams,
                row.messages,
                row.consumers,
                row.memory,
                row.api
            ),
            (2, 5, 1, 5, 3)
        );
        assert_eq!(Row::of(&json, "").streams, 9);
    }
}
