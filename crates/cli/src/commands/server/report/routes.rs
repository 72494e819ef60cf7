//! `nats server report routes`.

use super::filter::{arrange, ask, limit};
use super::repeat::repeated;
use crate::failure::Result;
use crate::format::{commas, human_duration, human_size, parse_duration};
use crate::output::{Json, Table};
use crate::session::Session;

/// Reports about routes.
pub fn routes(session: &mut Session) -> Result<()> {
    repeated(session, report)
}

/// A round trip time as servers write it.
pub fn rtt(text: &str) -> String {
    parse_duration(text).map_or_else(|_| text.to_owned(), human_duration)
}

/// The words of a row that stand for what is the same as in the row before.
pub fn unless_repeated(now: &str, before: &mut String) -> String {
    if now == before {
        return String::new();
    }
    now.clone_into(before);
    now.to_owned()
}

fn report(session: &mut Session) -> Result<()> {
    let answers = ask(session, "ROUTEZ", &Json::Null)?;
    let mut rows: Vec<(&Json, &Json)> = answers
        .iter()
        .flat_map(|answer| {
            let server = answer.json.at("server");
            answer
                .json
                .list("data.routes")
                .iter()
                .map(move |route| (server, route))
        })
        .collect();
    let sort = session.matches.filled("sort").unwrap_or_default();
    rows.sort_by(|(a_server, a), (b_server, b)| {
        let text = |path: &str| match path {
            "server" => a_server.text("name").cmp(b_server.text("name")),
            "cluster" => a_server.text("cluster").cmp(b_server.text("cluster")),
            path => a.text(path).cmp(b.text(path)),
        };
        let number = |path: &str| a.uint(path).cmp(&b.uint(path));
        match sort {
            "server" => text("server"),
            "cluster" => text("cluster"),
            "name" => text("remote_name"),
            "account" => text("account"),
            "subs" => number("subscriptions"),
            "in-bytes" => number("in_bytes"),
            "out-bytes" => number("out_bytes"),
            _ => text("cluster")
                .then(text("server"))
                .then(text("remote_name")),
        }
    });
    let most = limit(session)?;
    arrange(session, &mut rows, most);
    let mut table = Table::new(
        "Cluster Report",
        &[
            "Server",
            "Cluster",
            "Name",
            "Account",
            "Address",
            "ID",
            "Uptime",
            "RTT",
            "Subs",
            "Bytes In",
            "Bytes Out",
        ],
    );
    let [mut last_server, mut last_cluster, mut last_name] = [(); 3].map(|()| String::new());
    let (mut subs, mut bytes_in, mut bytes_out) = (0_i64, 0_u64, 0_u64);
    for (server, route) in &rows {
        let (name, remote) = (server.text("name"), route.text("remote_name"));
        if name != last_server {
            last_cluster.clear();
            last_name.clear();
        }
        subs += route.int("subscriptions");
        bytes_in += route.uint("in_bytes");
        bytes_out += route.uint("out_bytes");
        table.row(vec![
            unless_repeated(name, &mut last_server).into(),
            unless_repeated(server.text("cluster"), &mut last_cluster).into(),
            unless_repeated(remote, &mut last_name).into(),
            route.text("account").into(),
            format!("{}:{}", route.text("ip"), route.int("port")).into(),
            format!("rid:{}", route.int("rid")).into(),
            route.text("uptime").into(),
            rtt(route.text("rtt")).into(),
            commas(route.int("subscriptions")).into(),
            human_size(route.uint("in_bytes")).into(),
            human_size(route.uint("out_bytes")).into(),
        ]);
    }
    let mut footer = vec![rows.len().into()];
    footer.extend((0..7).map(|_| crate::output::table::Cell::from("")));
    footer.extend([
        commas(subs).into(),
        human_size(bytes_in).into(),
        human_size(bytes_out).into(),
    ]);
    table.footer(footer);
    table.print();
    Ok(())
}
