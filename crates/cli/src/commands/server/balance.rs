//! `nats server cluster balance` (cli.md 7.6): connections spread evenly over
//! the servers of a cluster, by disconnecting some where there are too many.
//! Clients connect again, to any server.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use regex::Regex;

use crate::failure::Result;
use crate::format::{commas, parse_duration, parse_rfc3339};
use crate::output::Json;
use crate::session::Session;
use crate::system::{Expect, NO_RESULTS, System};
use crate::{bail, fail, log};

/// Connections in a page, as servers give them.
const PAGE: usize = 1_024;
/// Pages of a server that are asked for: with [`PAGE`], more connections than
/// a server can have.
const MAX_PAGES: usize = 10_000;
/// Kinds of connections that can be disconnected.
const KINDS: [&str; 2] = ["Client", "Leafnode"];

/// Which connections are moved.
struct Selection {
    server: Option<Regex>,
    cluster: Option<Regex>,
    kinds: Vec<String>,
    /// Nanoseconds; 0 for those that are busy, too.
    idle: i64,
    /// Those of this tool: id of its server, and its own.
    own: (String, u64),
}

/// A server and those of its connections that may be moved.
#[derive(Clone, Debug, Default, PartialEq)]
struct Server {
    id: String,
    name: String,
    cluster: String,
    connections: Vec<u64>,
}

/// Spreads connections evenly.
pub fn balance(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let regex = |flag: &str| match matches.filled(flag) {
        Some(text) => Regex::new(text)
            .map(Some)
            .map_err(|error| fail!("invalid {flag}: {error}")),
        None => Ok(None),
    };
    let span = u64::try_from(parse_duration(matches.required_arg("duration"))?)
        .map(Duration::from_nanos)
        .map_err(|_| fail!("the duration cannot be negative"))?;
    let mut kinds = matches.list("kind").to_vec();
    if kinds.is_empty() {
        kinds.extend(matches.text("kind").map(str::to_owned));
    }
    if let Some(wrong) = kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        bail!(
            "enum value must be one of {}, got '{wrong}'",
            KINDS.join(",")
        );
    }
    let mut options = Json::object().with("auth", true).with("limit", PAGE);
    if let Some(account) = matches.filled("account") {
        options.set("acc", account);
    }
    if let Some(subject) = matches.filled("subject") {
        if !options.has("acc") {
            bail!("--subject needs --account: servers look for subjects in one account only");
        }
        options.set("filter_subject", subject);
    }
    let mut selection = Selection {
        server: regex("server-name")?,
        cluster: regex("cluster")?,
        kinds,
        idle: matches.nanos("idle").unwrap_or(0),
        own: (String::new(), 0),
    };
    let force = matches.on("force");
    let system = System::of(session)?;
    let info = system.connection.info();
    selection.own = (info.server_id, info.client_id);
    let mut servers = gather(&system, &options, &selection)?;
    let surplus = surplus(&servers, &selection);
    show(&servers, &surplus);
    let count: usize = surplus.values().sum();
    if count == 0 {
        println!("\nBalanced 0 connections");
        return Ok(());
    }
    if !force {
        println!(
            "\nBalancing disconnects clients, whatever they are doing. They connect again as after any other loss of\n\
             their connection; what they have under way may be lost.\n"
        );
        if !session
            .prompt()
            .confirm_action("Really re-balance connections")?
        {
            bail!("balance canceled");
        }
    }
    let mut victims = Vec::new();
    for server in &mut servers {
        fastrand::shuffle(&mut server.connections);
        let count = surplus.get(&server.id).copied().unwrap_or(0);
        let chosen = server.connections.iter().take(count);
        victims.extend(chosen.map(|cid| (server.id.as_str(), server.name.as_str(), *cid)));
    }
    // Not one server after the other: each is relieved a little at a time.
    fastrand::shuffle(&mut victims);
    let moved = disconnect(&system, &victims, span, session.trace());
    println!("\nBalanced {} connections", commas(moved as i64));
    Ok(())
}

/// All servers with the connections that are selected.
fn gather(system: &System, options: &Json, selection: &Selection) -> Result<Vec<Server>> {
    let expect = system.servers()?;
    let mut servers: BTreeMap<String, Server> = BTreeMap::new();
    for page in 0..MAX_PAGES {
        let body = options.clone().with("offset", page * PAGE);
        let mut more = false;
        for answer in system.ask("$SYS.REQ.SERVER.PING.CONNZ", Some(&body), expect)? {
            if answer.json.has("error") {
                bail!("{}", answer.json.text("error.description"));
            }
            add(&mut servers, &answer.json, selection);
            let data = answer.json.at("data");
            more |= data.int("offset") + data.int("limit") < data.int("total");
        }
        if !more {
            break;
        }
    }
    if servers.is_empty() {
        bail!("{NO_RESULTS}");
    }
    Ok(servers.into_values().collect())
}

/// Takes the connections of an answer.
fn add(servers: &mut BTreeMap<String, Server>, answer: &Json, selection: &Selection) {
    let (server, data) = (answer.at("server"), answer.at("data"));
    let id = server.text("id");
    let known = servers.entry(id.to_owned()).or_insert_with(|| Server {
        id: id.to_owned(),
        name: server.text("name").to_owned(),
        cluster: server.text("cluster").to_owned(),
        connections: Vec::new(),
    });
    let nanos = |text: &str| parse_rfc3339(text).map(|time| time.as_nanosecond());
    let now = nanos(data.text("now"));
    for connection in data.list("connections") {
        let cid = connection.uint("cid");
        let is_idle = selection.idle <= 0
            || match (now, nanos(connection.text("last_activity"))) {
                (Some(now), Some(last)) => now - last >= i128::from(selection.idle),
                _ => false,
            };
        let is_own = selection.own.0 == id && selection.own.1 == cid;
        let kind = connection.text("kind");
        if is_idle && !is_own && selection.kinds.iter().any(|known| known == kind) {
            known.connections.push(cid);
        }
    }
}

/// How many connections each server has too many, by their ids: more than its
/// share of those of its cluster, rounded up.
fn surplus(servers: &[Server], selection: &Selection) -> BTreeMap<String, usize> {
    let is = |wanted: &Option<Regex>, name: &str| {
        wanted.as_ref().is_none_or(|wanted| wanted.is_match(name))
    };
    let mut clusters: BTreeMap<&str, Vec<&Server>> = BTreeMap::new();
    for server in servers {
        clusters.entry(&server.cluster).or_default().push(server);
    }
    clusters
        .into_iter()
        .filter(|(cluster, _)| is(&selection.cluster, cluster))
        .flat_map(|(_, members)| {
            let all: usize = members.iter().map(|server| server.connections.len()).sum();
            let share = all.div_ceil(members.len().max(1));
            members
                .into_iter()
                .filter(|server| is(&selection.server, &server.name))
                .map(move |server| (server, server.connections.len().saturating_sub(share)))
        })
        .filter(|(_, count)| *count > 0)
        .map(|(server, count)| (server.id.clone(), count))
        .collect()
}

fn show(servers: &[Server], surplus: &BTreeMap<String, usize>) {
    let mut sorted: Vec<&Server> = servers.iter().collect();
    sorted.sort_by(|a, b| (&a.cluster, &a.name).cmp(&(&b.cluster, &b.name)));
    for server in sorted {
        let cluster = if server.cluster.is_empty() {
            String::new()
        } else {
            format!(" in cluster {:?}", server.cluster)
        };
        log!(
            "Server {:?}{cluster} has {} matching connections, {} to move",
            server.name,
            commas(server.connections.len() as i64),
            commas(surplus.get(&server.id).copied().unwrap_or(0) as i64)
        );
    }
}

/// Disconnects one after the other, evenly over the time; gives how many.
fn disconnect(
    system: &System,
    victims: &[(&str, &str, u64)],
    span: Duration,
    trace: bool,
) -> usize {
    let begun = Instant::now();
    let mut moved = 0;
    for (number, (id, name, cid)) in victims.iter().enumerate() {
        let due = span.mul_f64(number as f64 / victims.len() as f64);
        thread::sleep(due.saturating_sub(begun.elapsed()));
        let subject = format!("$SYS.REQ.SERVER.{id}.KICK");
        let body = Json::object().with("cid", *cid);
        let problem = match system.ask(&subject, Some(&body), Expect::Count(1)) {
            Ok(answers) => match answers.first() {
                Some(answer) if answer.json.has("error") => {
                    answer.json.text("error.description").to_owned()
                }
                Some(_) => {
                    moved += 1;
                    if trace {
                        log!(">>> Disconnected connection {cid} of {name:?}");
                    }
                    continue;
                }
                None => "no answer".to_owned(),
            },
            Err(failure) => failure.to_string(),
        };
        // The others may still be moved; this one may have gone by itself.
        log!("Could not disconnect connection {cid} of {name:?}: {problem}");
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection() -> Selection {
        Selection {
            server: None,
            cluster: None,
            kinds: vec!["Client".to_owned()],
            idle: 0,
            own: (String::new(), 0),
        }
    }

    fn servers(counts: &[(&str, &str, u64)]) -> Vec<Server> {
        counts
            .iter()
            .map(|(name, cluster, count)| Server {
                id: name.to_uppercase(),
                name: (*name).to_owned(),
                cluster: (*cluster).to_owned(),
                connections: (0..*count).collect(),
            })
            .collect()
    }

    fn moves(servers: &[Server], selection: &Selection) -> Vec<(String, usize)> {
        surplus(servers, selection).into_iter().collect()
    }

    #[test]
    fn servers_above_their_share_give_connections_away() {
        let all = servers(&[("a", "", 7), ("b", "", 2), ("c", "", 0)]);
        assert_eq!(moves(&all, &selection()), [("A".into(), 4)]);
        // One more than the others is even.
        let all = servers(&[("a", "", 4), ("b", "", 3), ("c", "", 3)]);
        assert_eq!(moves(&all, &selection()), []);
        assert_eq!(moves(&servers(&[("a", "", 9)]), &selection()), []);
    }

    #[test]
    fn each_cluster_is_balanced_by_itself() {
        let all = servers(&[
            ("a1", "a", 8),
            ("a2", "a", 0),
            ("b1", "b", 2),
            ("b2", "b", 6),
        ]);
        assert_eq!(
            moves(&all, &selection()),
            [("A1".into(), 4), ("B2".into(), 2)]
        );
        let only = Selection {
            cluster: Regex::new("^b$").ok(),
            ..selection()
        };
        assert_eq!(moves(&all, &only), [("B2".into(), 2)]);
        let only = Selection {
            server: Regex::new("1$").ok(),
            ..selection()
        };
        assert_eq!(moves(&all, &only), [("A1".into(), 4)]);
    }

    #[test]
    fn only_what_is_selected_counts() {
        let answer = Json::parse(
            br#"{"server":{"id":"A","name":"a"},"data":{"now":"2026-01-01T00:01:00Z","connections":[
                {"cid":1,"kind":"Client","last_activity":"2026-01-01T00:00:59Z"},
                {"cid":2,"kind":"Leafnode","last_activity":"2026-01-01T00:00:00Z"},
                {"cid":3,"kind":"Client","last_activity":"2026-01-01T00:00:00Z"},
                {"cid":4,"kind":"Client","last_activity":"2026-01-01T00:00:00Z"}]}}"#,
        )
        .unwrap();
        let found = |selection: &Selection| {
            let mut servers = BTreeMap::new();
            add(&mut servers, &answer, selection);
            servers["A"].connections.clone()
        };
        assert_eq!(found(&selection()), [1, 3, 4]);
        let idle = Selection {
            idle: 30_000_000_000,
            own: ("A".to_owned(), 4),
            kinds: KINDS.map(str::to_owned).to_vec(),
            ..selection()
        };
        assert_eq!(found(&idle), [2, 3]);
        // The same number on another server is somebody else.
        let other = Selection {
            own: ("B".to_owned(), 4),
            ..selection()
        };
        assert_eq!(found(&other), [1, 3, 4]);
    }
}
