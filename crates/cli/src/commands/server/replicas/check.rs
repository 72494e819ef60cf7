//! What the checks of streams and of consumers have in common.

use std::collections::BTreeMap;
use std::io::stdin;
use std::time::{Duration, Instant};

use super::gather::{ServerAssets, gather, read};
use super::verdict::{Replica, status, verdicts};
use crate::failure::Result;
use crate::output::style::Scheme;
use crate::output::table::{Cell, Format};
use crate::output::{Json, Table};
use crate::session::Session;
use crate::system::{Expect, Servers, System};
use crate::{bail, log};

/// An asset: account id, stream, and consumer if it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key<'a> {
    /// Id of the account.
    pub account: &'a str,
    /// The stream.
    pub stream: &'a str,
    /// The consumer; empty for a stream.
    pub consumer: &'a str,
}

/// All replicas of an asset.
#[derive(Debug)]
pub struct Asset<'a> {
    /// Name of its account.
    pub account_name: &'a str,
    /// In the order of their servers.
    pub replicas: Vec<Replica<'a>>,
}

/// Assets by their keys.
pub type Assets<'a> = BTreeMap<Key<'a>, Asset<'a>>;

/// A kind of asset.
pub struct Kind {
    /// Word for several: `Streams`.
    pub title: &'static str,
    /// Columns of its table; `Peers`, and `Health` if asked for, follow.
    pub columns: &'static [&'static str],
    /// The assets of servers.
    pub collect: for<'a> fn(&'a [ServerAssets]) -> Assets<'a>,
    /// The cells of a replica for those columns.
    pub cells: for<'a> fn(&Shown<'a>) -> Vec<Cell>,
}

/// A replica with all that its row needs.
pub struct Shown<'a> {
    /// The asset.
    pub key: &'a Key<'a>,
    /// Name of its account.
    pub account_name: &'a str,
    /// The replica.
    pub replica: &'a Replica<'a>,
    /// Its verdict.
    pub status: String,
}

impl Shown<'_> {
    /// The server's name, marked if it leads the group.
    pub fn node(&self) -> String {
        let mark = if self.replica.is_leader() { "*" } else { "" };
        format!("{}{mark}", self.replica.node)
    }

    /// Name of the group.
    pub fn raft_group(&self) -> &str {
        self.replica.asset.text("cluster.raft_group")
    }
}

/// What to look at.
struct Filter {
    stream: Option<String>,
    consumer: Option<String>,
    group: Option<String>,
    unsynced: bool,
}

impl Filter {
    fn takes(&self, key: &Key<'_>, asset: &Asset<'_>) -> bool {
        let is = |wanted: &Option<String>, name: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == name)
        };
        let group = |replica: &Replica<'_>| replica.asset.text("cluster.raft_group").to_owned();
        is(&self.stream, key.stream)
            && is(&self.consumer, key.consumer)
            && self.group.as_ref().is_none_or(|wanted| {
                asset
                    .replicas
                    .iter()
                    .any(|replica| group(replica) == *wanted)
            })
    }
}

/// Says something about the run: on standard error if standard output is for
/// a program.
fn note(csv: bool, text: &str) {
    if csv {
        log!("{text}");
    } else {
        println!("{text}");
    }
}

/// Compares the replicas of all assets of a kind.
pub fn check(session: &mut Session, kind: &Kind) -> Result<()> {
    let matches = &session.matches;
    let owned = |flag: &str| matches.filled(flag).map(str::to_owned);
    let has_consumer = matches
        .declared_flags()
        .iter()
        .any(|flag| flag.name == "consumer");
    let filter = Filter {
        stream: owned("stream"),
        consumer: has_consumer.then(|| owned("consumer")).flatten(),
        group: owned("raft-group"),
        unsynced: matches.on("unsynced"),
    };
    let (csv, health, from_stdin) = (matches.on("csv"), matches.on("health"), matches.on("stdin"));
    let expected = matches.int("expected");
    let patience = Duration::from_secs(matches.int("read-timeout").max(1).unsigned_abs());
    if from_stdin && health {
        bail!("--health asks servers, which --stdin does not");
    }
    let options = Json::object()
        .with("accounts", true)
        .with("streams", true)
        .with("consumer", true)
        .with("raft", true);
    let mut system = None;
    let servers = if from_stdin {
        read(stdin().lock())?
    } else if session.matches.filled("archive").is_some() {
        if health {
            bail!("an archive has the health of whole servers only");
        }
        gather(&Servers::of(session)?, Expect::Quiet, &options)?
    } else {
        let begun = Instant::now();
        let asked = Servers::of(session)?.with_timeout(patience);
        note(
            csv,
            &format!("Connected in {:.3}s", begun.elapsed().as_secs_f64()),
        );
        let expect = match usize::try_from(expected) {
            Ok(count) if count > 0 => Expect::Count(count),
            _ => asked.servers()?,
        };
        let begun = Instant::now();
        let servers = gather(&asked, expect, &options)?;
        note(
            csv,
            &format!("Response took {:.3}s", begun.elapsed().as_secs_f64()),
        );
        match asked {
            Servers::Live(live) => system = Some(live),
            Servers::Stored(_) if health => {
                bail!("--health asks servers, which --archive does not");
            }
            Servers::Stored(_) => {}
        }
        servers
    };
    let mut assets = (kind.collect)(&servers);
    note(csv, &format!("Servers: {}", servers.len()));
    note(csv, &format!("{}: {}", kind.title, assets.len()));
    assets.retain(|key, asset| filter.takes(key, asset));
    let system = system.filter(|_| health);
    let mut columns = kind.columns.to_vec();
    columns.push("Peers");
    if system.is_some() {
        columns.push("Health");
    }
    let title = if csv { "" } else { kind.title };
    let mut table = Table::new(title, &columns);
    for (key, asset) in &assets {
        let verdicts = verdicts(&asset.replicas);
        if filter.unsynced && verdicts.iter().all(Vec::is_empty) {
            continue;
        }
        for (replica, wrong) in asset.replicas.iter().zip(&verdicts) {
            let shown = Shown {
                key,
                account_name: asset.account_name,
                replica,
                status: status(wrong),
            };
            let mut cells = (kind.cells)(&shown);
            cells.push(peers(replica.asset, replica.is_leader()).into());
            if let Some(system) = &system {
                cells.push(health_of(system, key, replica).into());
            }
            table.row(cells);
        }
    }
    if csv {
        println!("{}", table.render_as(Format::Csv, Scheme::default(), None));
    } else {
        println!();
        table.print();
    }
    Ok(())
}

/// The other members of a group, and what is wrong with them. Only the leader
/// knows how far they are.
fn peers(asset: &Json, leads: bool) -> String {
    let peers = asset.list("cluster.replicas").iter().map(|peer| {
        let mut text = peer.text("name").to_owned();
        if peer.on("offline") {
            text.push_str(" (offline)");
        } else if leads && !peer.on("current") {
            text.push_str(" (not current)");
        }
        if leads && peer.uint("lag") > 0 {
            text.push_str(&format!(" (lag {})", peer.uint("lag")));
        }
        text
    });
    peers.collect::<Vec<_>>().join(", ")
}

/// What a server says about the health of an asset.
fn health_of(system: &System, key: &Key<'_>, replica: &Replica<'_>) -> String {
    let mut body = Json::object()
        .with("account", key.account)
        .with("stream", key.stream);
    if !key.consumer.is_empty() {
        body.set("consumer", key.consumer);
    }
    let subject = format!("$SYS.REQ.SERVER.{}.HEALTHZ", replica.node_id);
    match system.first(&subject, Some(&body)) {
        Ok(answer) => {
            let data = answer.at("data");
            let mut text = format!("{} ({})", data.text("status"), data.int("status_code"));
            if data.has("error") {
                text.push_str(&format!(": {}", data.text("error")));
            }
            text
        }
        Err(failure) => failure.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_show_what_is_wrong_with_them() {
        let asset = Json::parse(
            br#"{"cluster":{"replicas":[{"name":"a","current":true},{"name":"b","offline":true},{"name":"c","lag":7}]}}"#,
        )
        .unwrap();
        assert_eq!(
            peers(&asset, true),
            "a, b (offline), c (not current) (lag 7)"
        );
        assert_eq!(peers(&asset, false), "a, b (offline), c");
    }
}
