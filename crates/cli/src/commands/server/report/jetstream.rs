//! `nats server report jetstream`.

use super::super::shorten::shorten;
use super::filter::{arrange, ask, limit};
use super::repeat::repeated;
use crate::failure::Result;
use crate::format::{commas, human_duration, human_size};
use crate::output::table::Cell;
use crate::output::{Json, Table};
use crate::session::Session;

/// Reports about JetStream.
pub fn jetstream(session: &mut Session) -> Result<()> {
    repeated(session, report)
}

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
    errors: u64,
    pending: u64,
    stream_leaders: u64,
    consumer_leaders: u64,
}

impl Row {
    fn of(json: &Json, account: &str) -> Self {
        let (server, data) = (json.at("server"), json.at("data"));
        let name = server.text("name");
        let leader = data.text("meta_cluster.leader");
        let mut row = Self {
            name: name.to_owned(),
            cluster: server.text("cluster").to_owned(),
            domain: server.text("domain").to_owned(),
            leads: !leader.is_empty() && leader == name,
            api: data.uint("api.total"),
            errors: data.uint("api.errors"),
            pending: data.uint("meta_cluster.pending"),
            stream_leaders: data.uint("streams_leader"),
            consumer_leaders: data.uint("consumers_leader"),
            ..Self::default()
        };
        if account.is_empty() {
            row.streams = data.uint("streams");
            row.consumers = data.uint("consumers");
            row.messages = data.uint("messages");
            row.bytes = data.uint("bytes");
            row.memory = data.uint("memory");
            row.file = data.uint("storage");
            return row;
        }
        let details = data.list("account_details");
        let Some(detail) = details
            .iter()
            .find(|detail| detail.text("name") == account || detail.text("id") == account)
        else {
            return row;
        };
        let streams = detail.list("stream_detail");
        let sum = |key: &str| streams.iter().map(|stream| stream.uint(key)).sum();
        row.streams = streams.len() as u64;
        row.consumers = sum("state.consumer_count");
        row.messages = sum("state.messages");
        row.bytes = sum("state.bytes");
        row.memory = detail.uint("memory");
        row.file = detail.uint("storage");
        row.api = detail.uint("api.total");
        row.errors = detail.uint("api.errors");
        row
    }
}

fn report(session: &mut Session) -> Result<()> {
    let account = session
        .matches
        .filled("account")
        .unwrap_or_default()
        .to_owned();
    let mut options = Json::object().with("raft", true);
    if !account.is_empty() {
        options.set("account", account.as_str());
        options.set("streams", true);
        options.set("consumer", true);
    }
    let answers = ask(session, "JSZ", &options)?;
    let enabled: Vec<&Json> = answers
        .iter()
        .map(|answer| &answer.json)
        .filter(|json| !json.on("data.disabled"))
        .collect();
    let mut rows: Vec<Row> = enabled.iter().map(|json| Row::of(json, &account)).collect();
    let sort = session.matches.text("sort").unwrap_or_default().to_owned();
    rows.sort_by(|a, b| {
        let number = |value: fn(&Row) -> u64| value(a).cmp(&value(b));
        match sort.as_str() {
            "name" => a.name.cmp(&b.name),
            "streams" => number(|row| row.streams),
            "consumers" => number(|row| row.consumers),
            "msgs" => number(|row| row.messages),
            "mbytes" | "bytes" => number(|row| row.bytes),
            "mem" => number(|row| row.memory),
            "file" | "store" => number(|row| row.file),
            "api" => number(|row| row.api),
            "err" => number(|row| row.errors),
            _ => a.cluster.cmp(&b.cluster),
        }
        .then_with(|| a.name.cmp(&b.name))
    });
    let most = limit(session)?;
    arrange(session, &mut rows, most);
    let compact = session.matches.on("compact");
    let title = if account.is_empty() {
        "JetStream Summary".to_owned()
    } else {
        format!("JetStream Summary for Account {account}")
    };
    summary(&rows, title, compact).print_tight();
    println!();
    if session.matches.on("leaders") {
        for (title, column, value) in [
            (
                "RAFT Leader Report",
                "Stream Leaders",
                (|row: &Row| row.stream_leaders) as fn(&Row) -> u64,
            ),
            ("RAFT Leader Report", "Consumer Leaders", |row| {
                row.consumer_leaders
            }),
        ] {
            let mut table = Table::new(title, &["Server", "Cluster", column]);
            for row in &rows {
                table.row(vec![
                    row.name.as_str().into(),
                    row.cluster.as_str().into(),
                    value(row).into(),
                ]);
            }
            table.print_tight();
            println!();
        }
    }
    meta(&enabled);
    Ok(())
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
    let numbers = |values: [u64; 8]| -> [Cell; 8] {
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
            commas(pending),
        ]
        .map(Cell::from)
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

/// The group that leads, as its leader sees it.
fn meta(answers: &[&Json]) {
    let clustered: Vec<&&Json> = answers
        .iter()
        .filter(|json| json.has("data.meta_cluster"))
        .collect();
    let Some(any) = clustered.first() else {
        return;
    };
    let leading = clustered
        .iter()
        .find(|json| json.text("data.meta_cluster.leader") == json.text("server.name"));
    let Some(leading) = leading else {
        let size = any.int("data.meta_cluster.cluster_size");
        println!(
            "WARNING: No cluster meta leader found. The cluster expects {size} nodes but only {} responded. \
             JetStream operation requires at least {} up nodes.\n",
            answers.len(),
            size / 2 + 1
        );
        return;
    };
    let meta = leading.at("data.meta_cluster");
    let mut table = Table::new(
        format!(
            "RAFT Meta Group Information - Lead cluster: {}",
            leading.text("server.cluster")
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
    let mut peers: Vec<(&str, Vec<Cell>)> = vec![(
        meta.text("leader"),
        vec![
            meta.text("peer").into(),
            "yes".into(),
            "true".into(),
            "true".into(),
            human_duration(0).into(),
            "0".into(),
        ],
    )];
    for peer in meta.list("replicas") {
        peers.push((
            peer.text("name"),
            vec![
                peer.text("peer").into(),
                "".into(),
                peer.on("current").to_string().into(),
                (!peer.on("offline")).to_string().into(),
                human_duration(peer.int("active")).into(),
                commas(peer.uint("lag")).into(),
            ],
        ));
    }
    peers.sort_by_key(|(name, _)| *name);
    for (name, mut cells) in peers {
        cells.insert(0, name.into());
        table.row(cells);
    }
    table.print_tight();
    println!();
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
