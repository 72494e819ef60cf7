//! `nats server report leafnodes`.

use super::filter::{arrange, ask, limit};
use super::repeat::repeated;
use super::routes::rtt;
use crate::failure::Result;
use crate::format::{commas, human_size};
use crate::output::{Json, Table};
use crate::session::Session;

/// Reports about leaf nodes.
pub fn leafnodes(session: &mut Session) -> Result<()> {
    repeated(session, report)
}

fn report(session: &mut Session) -> Result<()> {
    let options = match session.matches.filled("account") {
        Some(account) => Json::object().with("account", account),
        None => Json::Null,
    };
    let answers = ask(session, "LEAFZ", &options)?;
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
    let sort = session.matches.filled("sort").unwrap_or_default();
    rows.sort_by(|(a_server, a), (b_server, b)| {
        let number = |path: &str| a.uint(path).cmp(&b.uint(path));
        match sort {
            "name" => a.text("name").cmp(b.text("name")),
            "account" => a.text("account").cmp(b.text("account")),
            "subs" => number("subscriptions"),
            "in-bytes" => number("in_bytes"),
            "out-bytes" => number("out_bytes"),
            "in-msgs" => number("in_msgs"),
            "out-msgs" => number("out_msgs"),
            _ => (a_server, a.text("name")).cmp(&(b_server, b.text("name"))),
        }
    });
    let most = limit(session)?;
    arrange(session, &mut rows, most);
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
        let compressed = !matches!(leaf.text("compression"), "" | "off" | "not supported");
        table.row(vec![
            server.into(),
            leaf.text("name").into(),
            leaf.text("account").into(),
            format!("{}:{}", leaf.text("ip"), leaf.int("port")).into(),
            rtt(leaf.text("rtt")).into(),
            commas(leaf.int("in_msgs")).into(),
            commas(leaf.int("out_msgs")).into(),
            human_size(leaf.uint("in_bytes")).into(),
            human_size(leaf.uint("out_bytes")).into(),
            commas(leaf.int("subscriptions")).into(),
            compressed.to_string().into(),
            leaf.on("is_spoke").to_string().into(),
        ]);
    }
    table.print();
    Ok(())
}
