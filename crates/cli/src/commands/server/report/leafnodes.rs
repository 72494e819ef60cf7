//! `nats server report leafnodes`.

use super::filter::{Chosen, limit, sort};
use super::repeat::{clear, repeated};
use super::routes::short_account;
use crate::failure::Result;
use crate::format::{commas, human_size};
use crate::output::{Json, Table};
use crate::session::Session;

/// Reports about leaf nodes.
pub fn leafnodes(session: &mut Session) -> Result<()> {
    repeated(session, report)
}

fn report(session: &Session, chosen: &Chosen) -> Result<()> {
    let mut options = Json::object().with("subscriptions", false);
    options.set(
        "account",
        session.matches.filled("account").unwrap_or_default(),
    );
    let answers = chosen.ask("LEAFZ", options, limit(session)?)?;
    let mut rows: Vec<(&str, &Json)> = answers
        .iter()
        .flat_map(|answer| {
            let server = answer.json.text("server.name");
            answer
                .json
                .list("data.leafs")
                .iter()
                .map(move |leaf| (server, leaf))
        })
        .collect();
    let key = session.matches.filled("sort").unwrap_or_default();
    sort(session, &mut rows, |(a_server, a), (b_server, b)| {
        let number = |path: &str| a.uint(path).cmp(&b.uint(path));
        match key {
            "name" => a.text("name").cmp(b.text("name")),
            "account" => a.text("account").cmp(b.text("account")),
            "subs" => number("subscriptions"),
            "in-bytes" => number("in_bytes"),
            "out-bytes" => number("out_bytes"),
            "in-msgs" => number("in_msgs"),
            "out-msgs" => number("out_msgs"),
            _ => a_server.cmp(b_server),
        }
    });
    let mut table = Table::new(
        "Leafnode Report",
        &[
            "Server",
            "Name",
            "Account",
            "Address",
            "RTT",
            "Msgs In",
            "Msgs Out",
            "Bytes In",
            "Bytes Out",
            "Subs",
            "Compressed",
            "Spoke",
        ],
    );
    for (server, leaf) in rows {
        table.row(vec![
            server.into(),
            leaf.text("name").into(),
            short_account(leaf.text("account")).into(),
            format!("{}:{}", leaf.text("ip"), leaf.int("port")).into(),
            leaf.text("rtt").into(),
            commas(leaf.int("in_msgs")).into(),
            commas(leaf.int("out_msgs")).into(),
            human_size(leaf.uint("in_bytes")).into(),
            human_size(leaf.uint("out_bytes")).into(),
            commas(leaf.int("subscriptions")).into(),
            leaf.text("compression").into(),
            leaf.on("is_spoke").to_string().into(),
        ]);
    }
    clear(session);
    table.print();
    Ok(())
}
