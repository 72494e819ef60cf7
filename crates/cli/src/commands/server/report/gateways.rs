//! `nats server report gateways`.

use std::collections::BTreeSet;
use std::time::Duration;

use super::filter::{Chosen, limit, sort};
use super::repeat::{clear, repeated};
use super::routes::rtt;
use crate::failure::Result;
use crate::format::{commas, human_duration, human_size, parse_duration};
use crate::output::table::Cell;
use crate::output::{Json, Table};
use crate::session::Session;

/// Round trips between clusters that take longer are red.
const SLOW: Duration = Duration::from_millis(300);

/// Reports about gateways.
pub fn gateways(session: &mut Session) -> Result<()> {
    repeated(session, report)
}

/// The connections of a report, as they are added to it.
struct Gateways {
    table: Table,
    count: i64,
    bytes: u64,
}

impl Gateways {
    /// The connections of a server in one direction, under the names of the
    /// clusters that they go to.
    fn add<'a>(
        &mut self,
        direction: &str,
        bytes: &str,
        uptime: fn(&str) -> String,
        gateways: impl Iterator<Item = (&'a str, &'a Json)>,
    ) {
        for (number, (name, gateway)) in gateways.enumerate() {
            let connection = gateway.at("connection");
            self.count += 1;
            self.bytes = self.bytes.saturating_add(connection.uint(bytes));
            let mut cells = vec![Cell::from(""); 3];
            cells.extend([
                if number == 0 { direction } else { "" }.into(),
                format!(
                    "{name} {}:{}",
                    connection.text("ip"),
                    connection.int("port")
                )
                .into(),
                format!("gid:{}", connection.int("cid")).into(),
                uptime(connection.text("uptime")).into(),
                rtt(connection.text("rtt"), SLOW).into(),
                human_size(connection.uint(bytes)).into(),
                commas(gateway.list("accounts").len() as i64).into(),
            ]);
            self.table.row(cells);
        }
    }
}

fn report(session: &Session, chosen: &Chosen) -> Result<()> {
    let name = session.matches.filled("filter-name").unwrap_or_default();
    let options = Json::object()
        .with("name", name)
        .with("accounts", true)
        .with("account_name", "")
        .with("subscriptions", false)
        .with("subscriptions_detail", false);
    let mut answers = chosen.ask("GATEWAYZ", options, limit(session)?)?;
    let by_server = session.matches.text("sort") == Some("server");
    sort(session, &mut answers, |a, b| {
        let text = |path: &str| a.json.text(path).cmp(b.json.text(path));
        let (name, cluster) = (text("server.name"), text("server.cluster"));
        if by_server {
            name.then(cluster)
        } else {
            cluster.then(name)
        }
    });
    let table = Table::new(
        "Super Cluster Report",
        &[
            "Server",
            "Name",
            "Port",
            "Kind",
            "Connection",
            "ID",
            "Uptime",
            "RTT",
            "Bytes",
            "Accounts",
        ],
    );
    let mut gateways = Gateways {
        table,
        count: 0,
        bytes: 0,
    };
    let mut clusters = BTreeSet::new();
    let mut last = "";
    for answer in &answers {
        let (server, data) = (answer.json.at("server"), answer.json.at("data"));
        let (name, cluster) = (server.text("name"), server.text("cluster"));
        clusters.insert(cluster);
        let mut cells: Vec<Cell> = vec![
            if name == last { "" } else { name }.into(),
            cluster.into(),
            data.int("port").into(),
        ];
        cells.extend(vec![Cell::from(""); 7]);
        gateways.table.row(cells);
        last = name;
        let inbound = data.entries("inbound_gateways").iter();
        gateways.add(
            "Inbound",
            "in_bytes",
            |uptime| parse_duration(uptime).map_or_else(|_| uptime.to_owned(), human_duration),
            inbound.flat_map(|(name, many)| many.list("").iter().map(|one| (name.as_str(), one))),
        );
        let outbound = data.entries("outbound_gateways").iter();
        gateways.add(
            "Outbound",
            "out_bytes",
            str::to_owned,
            outbound.map(|(name, gateway)| (name.as_str(), gateway)),
        );
    }
    gateways.table.footer(vec![
        commas(answers.len() as i64).into(),
        clusters.len().into(),
        "".into(),
        "".into(),
        commas(gateways.count).into(),
        "".into(),
        "".into(),
        "".into(),
        human_size(gateways.bytes).into(),
        "".into(),
    ]);
    clear(session);
    gateways.table.print();
    Ok(())
}
