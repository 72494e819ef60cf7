//! What the checks of streams and of consumers have in common.

use std::io::stdin;
use std::time::{Duration, Instant};

use super::gather::{ServerAssets, gather, read};
use crate::bail;
use crate::failure::Result;
use crate::output::style::Scheme;
use crate::output::table::{Cell, Format};
use crate::output::{Json, Table};
use crate::session::Session;
use crate::system::{Expect, Servers, System};

/// Letters of an account's name that are shown.
const ACCOUNT: usize = 10;
/// Columns that a peer takes in a list of them.
const PEER: usize = 40;

/// What to look at, and what was found.
pub struct Checked {
    /// The servers with their assets.
    pub servers: Vec<ServerAssets>,
    filter: Filter,
    csv: bool,
    with_health: bool,
    /// To ask for health; not for what was found before.
    system: Option<System>,
}

#[derive(Default)]
struct Filter {
    stream: String,
    consumer: String,
    group: String,
    unsynced: bool,
}

impl Checked {
    /// Asks all servers, or reads what they said; `options` are those of JSZ.
    pub fn of(session: &mut Session, options: &Json) -> Result<Self> {
        let matches = &session.matches;
        let text = |flag: &str| {
            let filled = matches.declares(flag).then(|| matches.filled(flag));
            filled.flatten().unwrap_or_default().to_owned()
        };
        let mut checked = Self {
            servers: Vec::new(),
            filter: Filter {
                stream: text("stream"),
                consumer: text("consumer"),
                group: text("raft-group"),
                unsynced: matches.on("unsynced"),
            },
            csv: matches.on("csv"),
            with_health: matches.on("health"),
            system: None,
        };
        let mut expect = match u64::try_from(matches.int("expected")) {
            Ok(count) => Expect::of_count(count),
            Err(_) => Expect::Quiet,
        };
        if checked.with_health && matches.filled("archive").is_some() {
            bail!("--health requires a live server connection");
        }
        let mut begun = Instant::now();
        if matches.on("stdin") {
            let most = match expect {
                Expect::Count(count) => count,
                Expect::Quiet => usize::MAX,
            };
            checked.servers = read(stdin().lock(), most)?;
        } else {
            let patience = match u64::try_from(matches.int("read-timeout")) {
                Ok(seconds) if seconds > 0 => Duration::from_secs(seconds),
                _ => session.timeout(),
            };
            let asked = Servers::of(session)?;
            if let Servers::Live(live) = &asked {
                println!("Connected in {:.3}s", begun.elapsed().as_secs_f64());
                checked.system = Some(live.clone());
                if expect == Expect::Quiet {
                    expect = asked.servers().map_err(|failure| {
                        failure.context("failed to get current active servers")
                    })?;
                }
            }
            begun = Instant::now();
            checked.servers = gather(&asked.with_timeout(patience), expect, options)?;
        }
        if checked.servers.is_empty() {
            bail!("no JSZ responses received");
        }
        let found = checked.servers.len();
        checked.note(format!(
            "Response took {:.3}s\nServers: {found}",
            begun.elapsed().as_secs_f64()
        ));
        if let Expect::Count(count) = expect
            && found < count
        {
            checked.note(format!("Warning: expected {count} responses got {found}"));
        }
        Ok(checked)
    }

    /// Says something to people.
    pub fn note(&self, text: String) {
        if !self.csv {
            println!("{text}");
        }
    }

    /// Whether only replicas that differ are shown.
    pub fn unsynced_only(&self) -> bool {
        self.filter.unsynced
    }

    /// Whether a stream or, if it is named, a consumer is to be shown.
    pub fn takes(&self, stream: &str, consumer: &str, group: &str) -> bool {
        let is = |wanted: &String, name: &str| wanted.is_empty() || wanted == name;
        is(&self.filter.stream, stream)
            && is(&self.filter.consumer, consumer)
            && is(&self.filter.group, group)
    }

    /// A table with these columns, the last of which may be the health.
    pub fn table(&self, title: &str, columns: &[&str]) -> Table {
        let mut columns = columns.to_vec();
        if self.with_health {
            columns.push("Health");
        }
        Table::new(if self.csv { "" } else { title }, &columns)
    }

    /// Prints the table.
    pub fn print(&self, table: &Table) {
        if self.csv {
            println!(
                "{}\n",
                table.render_as(Format::Csv, Scheme::default(), None)
            );
        } else {
            table.print();
        }
    }

    /// What a server says about the health of an asset, if that is asked for.
    pub fn health(&self, server: &str, account: &str, stream: &str, consumer: &str) -> String {
        let Some(system) = self.system.as_ref().filter(|_| self.with_health) else {
            return String::new();
        };
        let mut body = Json::object();
        for (key, value) in [
            ("account", account),
            ("stream", stream),
            ("consumer", consumer),
        ] {
            if !value.is_empty() {
                body.set(key, value);
            }
        }
        let subject = format!("$SYS.REQ.SERVER.{server}.HEALTHZ");
        match system.ask(&subject, Some(&body), Expect::Count(1)) {
            Ok(answers) => match answers.first().map(|answer| answer.json.at("data")) {
                Some(data) if !data.is_null() => {
                    format!(":{}:{}", data.text("status"), data.text("error"))
                }
                _ => String::new(),
            },
            Err(failure) => failure.to_string(),
        }
    }
}

/// The name of an account as tables show it.
pub fn short_account(name: &str) -> Cell {
    let start: String = name.chars().take(ACCOUNT).collect();
    start.replace(' ', "_").into()
}

/// The group of an asset: by its own name or that of its cluster.
pub fn group_of<'a>(own: &'a str, cluster: &'a Json) -> &'a str {
    if own.is_empty() {
        cluster.text("raft_group")
    } else {
        own
    }
}

/// The other members of a group, the last one first.
pub fn peers(cluster: &Json) -> String {
    let mut out = String::new();
    for peer in cluster.list("replicas") {
        let info = format!(
            "{}(current={:<5},offline={})",
            peer.text("name"),
            peer.on("current"),
            peer.on("offline")
        );
        out = format!("{info:<PEER$} {out}");
    }
    out.trim().to_owned()
}

/// A replica's value, and how far it is from the leader's.
pub fn drift(replica: u64, leader: u64) -> String {
    let (own, other) = (replica as f64, leader as f64);
    if replica == leader {
        return replica.to_string();
    }
    if leader == 0 {
        return format!("{replica} (+100%)");
    }
    let mut percent = (own - other) / other * 100.0;
    // What is there is not rounded away.
    if percent > 0.0 {
        percent = percent.max(0.01);
    } else {
        percent = percent.min(-0.01);
    }
    let text = format!("{percent:+.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{replica} ({text}%)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_show_what_they_are() {
        let cluster = Json::parse(
            br#"{"replicas":[{"name":"a","current":true},{"name":"b","offline":true}]}"#,
        )
        .unwrap();
        assert_eq!(
            peers(&cluster),
            "b(current=false,offline=true)            a(current=true ,offline=false)"
        );
    }

    #[test]
    fn the_way_to_the_leader_is_in_percent() {
        for (replica, leader, text) in [
            (5, 5, "5"),
            (4, 5, "4 (-20%)"),
            (3, 0, "3 (+100%)"),
            (100_001, 100_000, "100001 (+0.01%)"),
            (99_999_999, 100_000_000, "99999999 (-0.01%)"),
            (3, 2, "3 (+50%)"),
        ] {
            assert_eq!(drift(replica, leader), text);
        }
    }
}
