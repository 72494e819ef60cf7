//! `nats server report accounts`.

use std::collections::BTreeMap;

use super::connections::{gather, show};
use super::filter::{Chosen, sort};
use super::repeat::{clear, repeated};
use crate::bail;
use crate::failure::Result;
use crate::format::{commas, human_size};
use crate::output::{Json, Table};
use crate::session::Session;

/// Reports about accounts.
pub fn accounts(session: &mut Session) -> Result<()> {
    repeated(session, report)
}

/// Connections of an account, added up.
#[derive(Default)]
struct Sum {
    connections: Vec<Json>,
    in_msgs: u64,
    out_msgs: u64,
    in_bytes: u64,
    out_bytes: u64,
    subs: u64,
}

fn report(session: &Session, chosen: &Chosen) -> Result<()> {
    let matches = &session.matches;
    let wanted = matches.arg("account").unwrap_or_default();
    let found = gather(session, chosen, wanted)?;
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for connection in found {
        let sum = sums
            .entry(connection.text("account").to_owned())
            .or_default();
        sum.in_msgs = sum.in_msgs.saturating_add(connection.uint("in_msgs"));
        sum.out_msgs = sum.out_msgs.saturating_add(connection.uint("out_msgs"));
        sum.in_bytes = sum.in_bytes.saturating_add(connection.uint("in_bytes"));
        sum.out_bytes = sum.out_bytes.saturating_add(connection.uint("out_bytes"));
        sum.subs += connection.list("subscriptions_list").len() as u64;
        sum.connections.push(connection);
    }
    if !wanted.is_empty() {
        if sums.len() != 1 {
            bail!("received results for multiple accounts, expected {wanted}");
        }
        let Some(sum) = sums.remove(wanted) else {
            bail!("did not receive any results for account {wanted}");
        };
        if matches.on("json") {
            json(wanted, &sum).print();
        } else {
            show(session, sum.connections);
        }
        return Ok(());
    }
    let mut rows: Vec<(String, Sum)> = sums.into_iter().collect();
    let key = matches.text("sort").unwrap_or_default();
    let value = |sum: &Sum| match key {
        "in-bytes" => sum.in_bytes,
        "out-bytes" => sum.out_bytes,
        "in-msgs" => sum.in_msgs,
        "out-msgs" => sum.out_msgs,
        "conns" => sum.connections.len() as u64,
        _ => sum.subs,
    };
    sort(session, &mut rows, |(_, a), (_, b)| value(a).cmp(&value(b)));
    if let Ok(top) = usize::try_from(matches.int("top"))
        && top > 0
        && top < rows.len()
    {
        // Those at the end have most, unless the order is reversed.
        if matches.on("reverse") {
            rows.truncate(top);
        } else {
            rows.drain(..rows.len() - top);
        }
    }
    if matches.on("json") {
        Json::List(rows.iter().map(|(name, sum)| json(name, sum)).collect()).print();
        return Ok(());
    }
    let mut table = Table::new(
        format!("{} Accounts Overview", rows.len()),
        &[
            "Account",
            "Connections",
            "In Msgs",
            "Out Msgs",
            "In Bytes",
            "Out Bytes",
            "Subs",
        ],
    );
    for (name, sum) in rows {
        table.row(vec![
            name.into(),
            commas(sum.connections.len() as i64).into(),
            commas(sum.in_msgs).into(),
            commas(sum.out_msgs).into(),
            human_size(sum.in_bytes).into(),
            human_size(sum.out_bytes).into(),
            commas(sum.subs).into(),
        ]);
    }
    clear(session);
    table.print_tight();
    Ok(())
}

fn json(name: &str, sum: &Sum) -> Json {
    let mut servers: Vec<&Json> = Vec::new();
    for connection in &sum.connections {
        let server = connection.at("server");
        if !servers
            .iter()
            .any(|known| known.text("id") == server.text("id"))
        {
            servers.push(server);
        }
    }
    Json::object()
        .with("account", name)
        .with("connections", sum.connections.len())
        .with("connection_info", Json::List(sum.connections.clone()))
        .with("in_msgs", sum.in_msgs)
        .with("out_msgs", sum.out_msgs)
        .with("in_bytes", sum.in_bytes)
        .with("out_bytes", sum.out_bytes)
        .with("subscriptions", sum.subs)
        .with("server", Json::List(servers.into_iter().cloned().collect()))
}
