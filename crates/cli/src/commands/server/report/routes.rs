//! `nats server report routes`.

use std::collections::BTreeSet;
use std::time::Duration;

use super::filter::{Chosen, limit, sort};
use super::repeat::{clear, repeated};
use crate::failure::Result;
use crate::format::{commas, human_duration, human_size, parse_duration, span_between};
use crate::output::style::Color;
use crate::output::{Json, Table};
use crate::session::Session;

/// Longer account names are shortened: keys have 56 letters.
const ACCOUNT: usize = 23;
/// Letters that are left of such a name at both ends.
const ACCOUNT_ENDS: usize = 10;
/// Round trips within a cluster that take longer are red.
const SLOW: Duration = Duration::from_millis(100);

/// Reports about routes.
pub fn routes(session: &mut Session) -> Result<()> {
    repeated(session, report)
}

/// A round trip time as servers write it, red if it is too long.
pub fn rtt(text: &str, slow: Duration) -> String {
    let Ok(nanos) = parse_duration(text) else {
        return text.to_owned();
    };
    let shown = human_duration(nanos);
    if i128::from(nanos) < slow.as_nanos() as i128 {
        shown
    } else {
        Color::Red.paint(&shown)
    }
}

/// The start and the end of a long account name.
pub fn short_account(name: &str) -> String {
    if name.len() <= ACCOUNT || !name.is_ascii() {
        return name.to_owned();
    }
    let (start, end) = (&name[..ACCOUNT_ENDS], &name[name.len() - ACCOUNT_ENDS..]);
    format!("{start}...{end}")
}

/// The words of a row that stand for what is the same as in the row before.
fn unless_repeated(now: &str, before: &mut String) -> String {
    if now == before {
        return String::new();
    }
    now.clone_into(before);
    now.to_owned()
}

fn report(session: &Session, chosen: &Chosen) -> Result<()> {
    let options = Json::object()
        .with("subscriptions", false)
        .with("subscriptions_detail", false);
    let answers = chosen.ask("ROUTEZ", options, limit(session)?)?;
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
    let key = session.matches.filled("sort").unwrap_or_default();
    sort(session, &mut rows, |(a_server, a), (b_server, b)| {
        let of_server = |path: &str| a_server.text(path).cmp(b_server.text(path));
        let text = |path: &str| a.text(path).cmp(b.text(path));
        let number = |path: &str| a.int(path).cmp(&b.int(path));
        match key {
            "cluster" => of_server("cluster"),
            "name" => text("remote_name"),
            "account" => text("account"),
            "subs" => number("subscriptions"),
            "in-bytes" => number("in_bytes"),
            "out-bytes" => number("out_bytes"),
            _ => of_server("name"),
        }
        .then_with(|| of_server("name"))
        .then_with(|| of_server("cluster"))
        .then_with(|| text("remote_name"))
        .then_with(|| text("account"))
    });
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
    let mut servers = BTreeSet::new();
    let mut clusters = BTreeSet::new();
    let (mut subs, mut bytes_in, mut bytes_out) = (0_i64, 0_u64, 0_u64);
    for (server, route) in &rows {
        let (name, cluster) = (server.text("name"), server.text("cluster"));
        servers.insert(name);
        clusters.insert(cluster);
        if name != last_server {
            last_cluster.clear();
            last_name.clear();
        }
        subs = subs.saturating_add(route.int("subscriptions"));
        bytes_in = bytes_in.saturating_add(route.uint("in_bytes"));
        bytes_out = bytes_out.saturating_add(route.uint("out_bytes"));
        table.row(vec![
            unless_repeated(name, &mut last_server).into(),
            unless_repeated(cluster, &mut last_cluster).into(),
            unless_repeated(route.text("remote_name"), &mut last_name).into(),
            short_account(route.text("account")).into(),
            format!("{}:{}", route.text("ip"), route.int("port")).into(),
            format!("rid:{}", route.int("rid")).into(),
            human_duration(span_between(route.text("start"), server.text("time"))).into(),
            rtt(route.text("rtt"), SLOW).into(),
            commas(route.int("subscriptions")).into(),
            human_size(route.uint("in_bytes")).into(),
            human_size(route.uint("out_bytes")).into(),
        ]);
    }
    table.footer(vec![
        commas(servers.len() as i64).into(),
        commas(clusters.len() as i64).into(),
        "".into(),
        "".into(),
        commas(rows.len() as i64).into(),
        "".into(),
        "".into(),
        "".into(),
        commas(subs).into(),
        human_size(bytes_in).into(),
        human_size(bytes_out).into(),
    ]);
    clear(session);
    table.print();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_account_names_lose_their_middle() {
        assert_eq!(short_account(&"a".repeat(23)), "a".repeat(23));
        let key = format!("A{}Z", "x".repeat(54));
        assert_eq!(short_account(&key), "Axxxxxxxxx...xxxxxxxxxZ");
    }
}
