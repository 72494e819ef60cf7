//! `nats server report gateways`.

use super::filter::{arrange, ask, limit};
use super::repeat::repeated;
use super::routes::{rtt, unless_repeated};
use crate::failure::Result;
use crate::format::{commas, human_size};
use crate::output::{Json, Table};
use crate::session::Session;

/// Reports about gateways.
pub fn gateways(session: &mut Session) -> Result<()> {
    repeated(session, report)
}

/// One gateway connection.
struct Row<'a> {
    server: &'a str,
    name: &'a str,
    port: i64,
    kind: &'static str,
    remote: &'a str,
    gateway: &'a Json,
}

fn report(session: &mut Session) -> Result<()> {
    let mut options = Json::object().with("accounts", true);
    if let Some(name) = session.matches.filled("filter-name") {
        options.set("name", name);
    }
    let answers = ask(session, "GATEWAYZ", &options)?;
    let mut rows = Vec::new();
    for answer in &answers {
        let (server, data) = (answer.json.text("server.name"), answer.json.at("data"));
        let row = |kind, remote, gateway| Row {
            server,
            name: data.text("name"),
            port: data.int("port"),
            kind,
            remote,
            gateway,
        };
        for (remote, gateways) in data.entries("inbound_gateways") {
            let gateways = gateways.list("");
            rows.extend(
                gateways
                    .iter()
                    .map(|gateway| row("Inbound", remote, gateway)),
            );
        }
        for (remote, gateway) in data.entries("outbound_gateways") {
            rows.push(row("Outbound", remote, gateway));
        }
    }
    if session.matches.text("sort") == Some("server") {
        rows.sort_by_key(|row| row.server);
    } else {
        rows.sort_by_key(|row| row.name);
    }
    let most = limit(session)?;
    arrange(session, &mut rows, most);
    let mut table = Table::new(
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
    let mut last = String::new();
    for row in rows {
        let connection = row.gateway.at("connection");
        let bytes = connection.uint("in_bytes") + connection.uint("out_bytes");
        table.row(vec![
            unless_repeated(row.server, &mut last).into(),
            row.name.into(),
            row.port.to_string().into(),
            row.kind.into(),
            format!(
                "{} ({}:{})",
                row.remote,
                connection.text("ip"),
                connection.int("port")
            )
            .into(),
            format!("gid:{}", connection.int("cid")).into(),
            connection.text("uptime").into(),
            rtt(connection.text("rtt")).into(),
            human_size(bytes).into(),
            commas(row.gateway.list("accounts").len() as i64).into(),
        ]);
    }
    table.print();
    Ok(())
}
