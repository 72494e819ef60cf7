//! `nats account report statistics` (cli.md 7.9).

use crate::bail;
use crate::failure::Result;
use crate::format::{commas, human_size, join};
use crate::output::{Json, Table};
use crate::session::Session;
use crate::system::{Expect, System};

/// Reports what each server knows about the account.
pub fn statistics(session: &mut Session) -> Result<()> {
    let system = System::of(session)?;
    let body = Json::object();
    let answers = system.ask("$SYS.REQ.ACCOUNT.PING.STATZ", Some(&body), Expect::Quiet)?;
    if answers.is_empty() {
        bail!("did not get results from any servers");
    }
    let mut table = Table::new(
        "Server Statistics",
        &[
            "Server",
            "Cluster",
            "Version",
            "Tags",
            "Connections",
            "Subscriptions",
            "Leafnodes",
            "Sent Bytes",
            "Sent Messages",
            "Received Bytes",
            "Received Messages",
            "Slow Consumers",
        ],
    );
    let mut sums = [0_u64; 8];
    for answer in &answers {
        let server = answer.json.at("server");
        // The one account that was asked about.
        if let Some(stats) = answer.json.list("data.account_statz").first() {
            let values = [
                stats.uint("conns"),
                stats.uint("num_subscriptions"),
                stats.uint("leafnodes"),
                stats.uint("sent.bytes"),
                stats.uint("sent.msgs"),
                stats.uint("received.bytes"),
                stats.uint("received.msgs"),
                stats.uint("slow_consumers"),
            ];
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = sum.saturating_add(value);
            }
            let mut cells = vec![
                server.text("host").into(),
                server.text("cluster").into(),
                server.text("ver").into(),
                join(&server.texts("tags")).into(),
            ];
            cells.extend(shown(values).map(Into::into));
            table.row(cells);
        }
    }
    let mut footer = vec![answers.len().into(), "".into(), "".into(), "".into()];
    footer.extend(shown(sums).map(Into::into));
    table.footer(footer);
    table.print();
    Ok(())
}

fn shown(values: [u64; 8]) -> [String; 8] {
    let [
        conns,
        subs,
        leafs,
        sent_bytes,
        sent,
        received_bytes,
        received,
        slow,
    ] = values;
    [
        commas(conns),
        commas(subs),
        commas(leafs),
        human_size(sent_bytes),
        commas(sent),
        human_size(received_bytes),
        commas(received),
        commas(slow),
    ]
}
