//! `nats server report connections`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

use super::filter::{arrange, ask, limit};
use super::repeat::repeated;
use crate::bail;
use crate::expression::Expression;
use crate::failure::Result;
use crate::format::{commas, human_size};
use crate::output::{Json, Table};
use crate::session::Session;
use crate::system::Answer;

/// Connections in a page, as servers give them.
const PAGE: i64 = 1024;
/// Characters of a name that are shown.
const NAME: usize = 40;

/// Reports about connections.
pub fn connections(session: &mut Session) -> Result<()> {
    repeated(session, report)
}

/// What the flags ask servers for.
pub fn options(session: &Session, account: &str) -> Json {
    let matches = &session.matches;
    let mut options = Json::object()
        .with("auth", true)
        .with("subscriptions", true)
        .with("limit", PAGE)
        .with("offset", 0);
    let text = |flag: &str| {
        matches
            .declared_flags()
            .iter()
            .any(|known| known.name == flag)
            .then(|| matches.filled(flag))
            .flatten()
    };
    options.set(
        "state",
        match text("state") {
            Some("closed") => 1,
            Some("all") => 2,
            _ => 0,
        },
    );
    for (value, key) in [
        (text("username").unwrap_or_default(), "user"),
        (account, "acc"),
        (text("subject").unwrap_or_default(), "filter_subject"),
    ] {
        if !value.is_empty() {
            options.set(key, value);
        }
    }
    options
}

/// All connections of all servers, each with its server.
pub fn gather(session: &mut Session, account: &str) -> Result<Vec<Json>> {
    let options = options(session, account);
    gather_with(options, |options| ask(session, "CONNZ", options))
}

/// All connections of all servers that `ask` asks, each with its server; page
/// by page.
pub fn gather_with(
    mut options: Json,
    mut ask: impl FnMut(&Json) -> Result<Vec<Answer>>,
) -> Result<Vec<Json>> {
    let mut all = Vec::new();
    let mut offset = 0;
    loop {
        options.set("offset", offset);
        let answers = ask(&options)?;
        let more = |answer: &Answer| {
            answer.json.int("data.offset") + answer.json.int("data.limit")
                < answer.json.int("data.total")
        };
        let paged = answers.iter().any(more);
        if offset == 0 && paged {
            println!("Gathering paged connection information....");
        }
        for answer in &answers {
            for connection in answer.json.list("data.connections") {
                all.push(
                    connection
                        .clone()
                        .with("server", answer.json.at("server").clone()),
                );
            }
        }
        if !paged {
            return Ok(all);
        }
        offset += PAGE;
    }
}

/// Seconds of an uptime such as `1d2h3m4s`.
fn seconds(uptime: &str) -> i64 {
    crate::format::parse_duration(uptime).unwrap_or(0) / 1_000_000_000
}

/// The order of connections in a report.
pub fn compare(a: &Json, b: &Json, key: &str) -> Ordering {
    let number = |path: &str| a.uint(path).cmp(&b.uint(path));
    match key {
        "in-bytes" => number("in_bytes"),
        "out-bytes" => number("out_bytes"),
        "in-msgs" => number("in_msgs"),
        "out-msgs" => number("out_msgs"),
        "uptime" => seconds(a.text("uptime")).cmp(&seconds(b.text("uptime"))),
        "cid" => number("cid"),
        _ => number("subscriptions"),
    }
    .then_with(|| a.uint("cid").cmp(&b.uint("cid")))
}

/// The reasons of closed connections that are asked for.
pub fn wanted_reason(session: &Session) -> Result<Option<Regex>> {
    match session.matches.filled("closed-reason") {
        Some(text) => match RegexBuilder::new(text).build() {
            Ok(reason) => Ok(Some(reason)),
            Err(error) => bail!("invalid closed-reason: {error}"),
        },
        None => Ok(None),
    }
}

fn report(session: &mut Session) -> Result<()> {
    let account = session
        .matches
        .filled("account")
        .unwrap_or_default()
        .to_owned();
    let filter = match session.matches.filled("filter") {
        Some(text) => Some(Expression::parse(text)?),
        None => None,
    };
    let reason = wanted_reason(session)?;
    let mut all = gather(session, &account)?;
    if let Some(reason) = reason {
        all.retain(|connection| reason.is_match(connection.text("reason")));
    }
    if let Some(filter) = filter {
        let mut kept = Vec::new();
        for connection in all {
            let variables = ["conn", "conns", "Conn", "Conns"]
                .into_iter()
                .fold(Json::object(), |json, name| {
                    json.with(name, connection.clone())
                })
                .with("server", connection.at("server").clone())
                .with("Server", connection.at("server").clone());
            if filter.holds(&variables)? {
                kept.push(connection);
            }
        }
        all = kept;
    }
    let sort = session.matches.text("sort").unwrap_or_default().to_owned();
    all.sort_by(|a, b| compare(a, b, &sort));
    let found = all.len();
    let top = usize::try_from(session.matches.int("top")).unwrap_or(usize::MAX);
    let most = top.min(limit(session)?);
    arrange(session, &mut all, most);
    if session.matches.on("json") {
        Json::List(all).print();
        return Ok(());
    }
    let with_reason = session
        .matches
        .text("state")
        .is_some_and(|state| state != "open");
    show(&all, found, &sort, with_reason);
    Ok(())
}

/// Shows connections.
pub fn show(all: &[Json], found: usize, sort: &str, with_reason: bool) {
    println!();
    let mut headers = vec![
        "CID",
        "Name",
        "Server",
        "Cluster",
        "IP",
        "Account",
        "Uptime",
        "In Msgs",
        "Out Msgs",
        "In Bytes",
        "Out Bytes",
        "Subs",
    ];
    if with_reason {
        headers.push("Reason");
    }
    let title = format!(
        "Top {} Connections out of {} by {sort}",
        all.len(),
        commas(found as i64)
    );
    let mut table = Table::new(title, &headers);
    let mut sums = [0_u64; 5];
    let mut per_server: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for connection in all {
        let server = connection.at("server");
        *per_server
            .entry((server.text("name"), server.text("cluster")))
            .or_default() += 1;
        let values = [
            "in_msgs",
            "out_msgs",
            "in_bytes",
            "out_bytes",
            "subscriptions",
        ]
        .map(|key| connection.uint(key));
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum = sum.saturating_add(value);
        }
        let mut cells = vec![
            cid(connection).into(),
            short(connection.text("name")).into(),
            server.text("name").into(),
            server.text("cluster").into(),
            format!("{}:{}", connection.text("ip"), connection.int("port")).into(),
            match connection.text("account") {
                "" => "$G",
                account => account,
            }
            .into(),
            connection.text("uptime").into(),
        ];
        cells.extend(numbers(values).map(Into::into));
        if with_reason {
            cells.push(connection.text("reason").into());
        }
        table.row(cells);
    }
    if all.len() > 1 {
        let mut footer = vec![
            "".into(),
            format!("Totals for {} connections", commas(all.len() as i64)).into(),
        ];
        footer.extend((0..5).map(|_| crate::output::table::Cell::from("")));
        footer.extend(numbers(sums).map(Into::into));
        table.footer(footer);
    }
    table.print_tight();
    println!();
    let mut servers = Table::new(
        "Connections per server",
        &["Server", "Cluster", "Connections"],
    );
    for ((name, cluster), count) in per_server {
        servers.row(vec![name.into(), cluster.into(), count.into()]);
    }
    servers.print_tight();
}

fn numbers(values: [u64; 5]) -> [String; 5] {
    let [in_msgs, out_msgs, in_bytes, out_bytes, subs] = values;
    [
        commas(in_msgs),
        commas(out_msgs),
        human_size(in_bytes),
        human_size(out_bytes),
        commas(subs),
    ]
}

/// Clients have their number alone, others a letter before it.
fn cid(connection: &Json) -> String {
    let number = connection.uint("cid");
    match connection.text("kind") {
        "" | "Client" => number.to_string(),
        kind => format!("{}{number}", kind.chars().next().unwrap_or('?')),
    }
}

fn short(name: &str) -> String {
    if name.chars().count() > NAME {
        let start: String = name.chars().take(NAME).collect();
        format!("{start} ..")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_ordered_and_named() {
        let parse = |text: &str| Json::parse(text.as_bytes()).unwrap();
        let a = parse(r#"{"cid":2,"uptime":"1m","subscriptions":9}"#);
        let b = parse(r#"{"cid":10,"uptime":"1h0m","kind":"Leafnode"}"#);
        assert_eq!(compare(&a, &b, "cid"), Ordering::Less);
        assert_eq!(compare(&a, &b, "uptime"), Ordering::Less);
        assert_eq!(compare(&a, &b, "subs"), Ordering::Greater);
        assert_eq!((cid(&a), cid(&b)), ("2".to_owned(), "L10".to_owned()));
        assert_eq!(short(&"x".repeat(41)), format!("{} ..", "x".repeat(40)));
    }
}
