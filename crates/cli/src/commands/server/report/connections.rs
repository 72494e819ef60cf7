//! `nats server report connections`.

use std::cmp::Ordering;

use super::fields::{CONNECTION, SERVER, variables};
use super::filter::{Chosen, limit, sort};
use super::repeat::{clear, repeated};
use crate::bail;
use crate::expression::{self, Expression};
use crate::failure::Result;
use crate::format::{commas, human_size, parse_rfc3339};
use crate::output::table::Cell;
use crate::output::{Json, Table};
use crate::session::Session;
use crate::system::{Answer, Expect};

/// Connections in a page, as servers give them.
const PAGE: i64 = 1024;
/// Pages that are asked for, so that a server that always promises more cannot
/// keep the tool busy for ever: with [`PAGE`], ten million connections a server.
const MAX_PAGES: i64 = 10_000;
/// Letters of a name that are shown.
const NAME: usize = 40;
/// Letters of an account name, and those that are left of a longer one.
const ACCOUNT: usize = 46;
const ACCOUNT_START: usize = 12;

/// Reports about connections.
pub fn connections(session: &mut Session) -> Result<()> {
    repeated(session, report)
}

/// What the flags ask servers for.
pub fn options(session: &Session, account: &str) -> Json {
    let matches = &session.matches;
    let text = |flag: &str| {
        matches
            .declares(flag)
            .then(|| matches.filled(flag))
            .flatten()
            .unwrap_or_default()
    };
    let state = match text("state") {
        "closed" => 1,
        "all" => 2,
        _ => 0,
    };
    Json::object()
        .with("sort", "")
        .with("auth", true)
        .with("subscriptions", true)
        .with("subscriptions_detail", false)
        .with("offset", 0)
        .with("limit", PAGE)
        .with("cid", 0)
        .with("mqtt_client", "")
        .with("state", state)
        .with("user", text("username"))
        .with("acc", account)
        .with("filter_subject", text("subject"))
}

/// The servers to ask: so many as the command line says, or all.
fn expected(session: &Session, chosen: &Chosen) -> Result<Expect> {
    match limit(session)? {
        Expect::Quiet => chosen.all(),
        count => Ok(count),
    }
}

/// All connections of the servers that a command line asks, those that its
/// filters let pass.
pub fn gather(session: &Session, chosen: &Chosen, account: &str) -> Result<Vec<Json>> {
    let expect = expected(session, chosen)?;
    gather_of(session, chosen, account, expect)
}

/// All connections of so many servers, each with its server; page by page.
/// Says so, or leaves a line, as both go before tables.
pub fn gather_of(
    session: &Session,
    chosen: &Chosen,
    account: &str,
    expect: Expect,
) -> Result<Vec<Json>> {
    let filter = wanted(session)?;
    let mut options = options(session, account);
    let is_shown = !(session.matches.declares("json") && session.matches.on("json"));
    let say = |text: &str| {
        if is_shown {
            print!("{text}");
        }
    };
    let mut connections = Vec::new();
    for page in 0..MAX_PAGES {
        options.set("offset", page * PAGE);
        let answers = chosen.ask("CONNZ", options.clone(), expect)?;
        let mut found = 0;
        for answer in &answers {
            if !answer.json.has("data") {
                bail!("no data received in response");
            }
            let server = answer.json.at("server");
            let page = answer.json.list("data.connections");
            found += page.len();
            for connection in page {
                let fits = match &filter {
                    Some(filter) => holds(filter, connection, server)?,
                    None => true,
                };
                if fits {
                    connections.push(connection.clone().with("server", server.clone()));
                }
            }
        }
        let more = |answer: &Answer| {
            let data = answer.json.at("data");
            data.int("offset").saturating_add(data.int("limit")) < data.int("total")
        };
        // Whatever servers promise: an empty page is the last one.
        if found == 0 || !answers.iter().any(more) {
            break;
        }
        if page == 0 {
            say("Gathering paged connection information");
        }
        say(".");
    }
    say("\n");
    if connections.is_empty() {
        bail!("did not get results from any servers");
    }
    Ok(connections)
}

/// The filter that flags make.
pub fn wanted(session: &Session) -> Result<Option<Expression>> {
    let matches = &session.matches;
    let filled = |name: &str| {
        matches
            .declares(name)
            .then(|| matches.filled(name))
            .flatten()
    };
    let text = match (filled("closed-reason"), filled("filter")) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            bail!("cannot filter for closed reason and use a filter expression at the same time")
        }
        (Some(reason), None) => format!("lower(Conn.Reason) matches '{reason}'"),
        (None, Some(text)) => text.to_owned(),
    };
    Expression::parse(&text)
        .map(Some)
        .map_err(|failure| failure.context("Invalid expression"))
}

fn holds(filter: &Expression, connection: &Json, server: &Json) -> Result<bool> {
    let (fields, go_fields) = variables(connection, &CONNECTION, "*server.ConnInfo");
    let (server, go_server) = variables(server, &SERVER, "*server.ServerInfo");
    let variables = expression::variables([
        ("conn", fields.clone()),
        ("conns", fields),
        ("Conn", go_fields.clone()),
        ("Conns", go_fields),
        ("server", server),
        ("Server", go_server),
    ]);
    // Other names are nil, as with the original.
    filter
        .holds_in_part(&variables)
        .map_err(|failure| failure.context("Invalid expression"))
}

/// The order of connections in a report.
pub fn compare(a: &Json, b: &Json, key: &str) -> Ordering {
    let number = |path: &str| a.int(path).cmp(&b.int(path));
    let subscriptions = |json: &Json| json.list("subscriptions_list").len();
    match key {
        "in-bytes" => number("in_bytes"),
        "out-bytes" => number("out_bytes"),
        "in-msgs" => number("in_msgs"),
        "out-msgs" => number("out_msgs"),
        // The youngest first.
        "uptime" => parse_rfc3339(b.text("start")).cmp(&parse_rfc3339(a.text("start"))),
        "cid" => number("cid"),
        _ => subscriptions(a).cmp(&subscriptions(b)),
    }
}

fn report(session: &Session, chosen: &Chosen) -> Result<()> {
    let account = session.matches.filled("account").unwrap_or_default();
    let found = gather(session, chosen, account)?;
    if session.matches.on("json") {
        Json::List(found).print();
    } else {
        show(session, found);
    }
    Ok(())
}

/// Shows connections.
pub fn show(session: &Session, mut all: Vec<Json>) {
    let matches = &session.matches;
    let key = matches.text("sort").unwrap_or_default();
    let with_reason =
        matches.declares("state") && matches.text("state").is_some_and(|state| state != "open");
    sort(session, &mut all, |a, b| compare(a, b, key));
    let top = match usize::try_from(matches.int("top")) {
        Ok(top) if top > 0 => top.min(all.len()),
        _ => all.len(),
    };
    clear(session);
    connections_table(&all, top, key, with_reason).print_tight();
    println!();
    servers_table(&all).print_tight();
}

/// The first `top` connections, and the sums of all.
fn connections_table(all: &[Json], top: usize, key: &str, with_reason: bool) -> Table {
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
        "Top {top} Connections out of {} by {key}",
        commas(all.len() as i64)
    );
    let mut table = Table::new(title, &headers);
    let mut sums = [0_u64; 5];
    for (number, connection) in all.iter().enumerate() {
        let server = connection.at("server");
        let mut values = [
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
        if number >= top {
            continue;
        }
        values[4] = connection.list("subscriptions_list").len() as u64;
        let mut cells = vec![
            cid(connection).into(),
            name(connection).into(),
            server.text("name").into(),
            server.text("cluster").into(),
            format!("{}:{}", connection.text("ip"), connection.int("port")).into(),
            account(connection).into(),
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
        footer.extend(vec![Cell::from(""); 5]);
        footer.extend(numbers(sums).map(Into::into));
        table.footer(footer);
    }
    table
}

fn servers_table(all: &[Json]) -> Table {
    let mut counts: Vec<(&str, &str, usize)> = Vec::new();
    for connection in all {
        let name = connection.text("server.name");
        match counts.iter_mut().find(|(known, ..)| *known == name) {
            Some((.., count)) => *count += 1,
            None => counts.push((name, connection.text("server.cluster"), 1)),
        }
    }
    counts.sort_by_key(|&(name, _, count)| (count, name));
    let mut table = Table::new(
        "Connections per server",
        &["Server", "Cluster", "Connections"],
    );
    for (name, cluster, count) in counts {
        table.row(vec![name.into(), cluster.into(), count.into()]);
    }
    table
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

fn name(connection: &Json) -> String {
    let name = match connection.text("name") {
        "" => connection.text("mqtt_client"),
        name => name,
    };
    shortened(name, NAME, NAME)
}

fn account(connection: &Json) -> String {
    shortened(connection.text("account"), ACCOUNT, ACCOUNT_START)
}

/// The first `kept` letters of a text that has more than `most`.
fn shortened(text: &str, most: usize, kept: usize) -> String {
    if text.chars().count() > most {
        let start: String = text.chars().take(kept).collect();
        format!("{start} ..")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_ordered_and_named() {
        let parse = |text: &str| Json::parse(text.as_bytes()).unwrap();
        let a = parse(r#"{"cid":2,"start":"2026-01-01T00:00:01Z","subscriptions_list":["x"]}"#);
        let b = parse(r#"{"cid":10,"start":"2026-01-01T00:00:00Z","kind":"Leafnode"}"#);
        assert_eq!(compare(&a, &b, "cid"), Ordering::Less);
        assert_eq!(compare(&a, &b, "uptime"), Ordering::Less);
        assert_eq!(compare(&a, &b, "subs"), Ordering::Greater);
        assert_eq!((cid(&a), cid(&b)), ("2".to_owned(), "L10".to_owned()));
        let long = Json::object()
            .with("name", "x".repeat(41))
            .with("account", "y".repeat(47));
        assert_eq!(name(&long), format!("{} ..", "x".repeat(40)));
        assert_eq!(account(&long), format!("{} ..", "y".repeat(12)));
    }
}
