//! `nats server cluster balance` (cli.md 7.6): connections spread evenly over
//! servers, by disconnecting some where there are too many. Clients connect
//! again, to any server.

use std::thread;
use std::time::Duration;

use crate::client::ServerInfo;
use crate::failure::Result;
use crate::format::{commas, go_duration, parse_duration, since};
use crate::output::Json;
use crate::session::Session;
use crate::system::{Expect, System};
use crate::{bail, fail, log};

/// Time for servers to tell of their connections.
const PATIENCE: Duration = Duration::from_secs(2);
/// Pages of connections that are asked for: more than a server can have.
const MAX_PAGES: usize = 10_000;
/// Kinds of connections that can be disconnected.
const KINDS: [&str; 2] = ["Client", "Leafnode"];
const VARZ: &str = "$SYS.REQ.SERVER.PING.VARZ";

/// Which connections are moved.
struct Selection {
    kinds: Vec<String>,
    /// Nanoseconds; 0 for those that are busy, too.
    idle: i64,
}

/// A server and those of its connections that are selected.
#[derive(Clone, Debug, Default, PartialEq)]
struct Server {
    id: String,
    name: String,
    connections: Vec<Json>,
}

impl Server {
    /// How many connections more than its share it has.
    fn offset(&self, share: usize) -> i64 {
        self.connections.len() as i64 - share as i64
    }
}

/// Spreads connections evenly.
pub fn balance(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
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
    let selection = Selection {
        kinds,
        idle: matches.nanos("idle").unwrap_or(0),
    };
    let filled = |flag: &str| matches.filled(flag).unwrap_or_default();
    let (account, subject) = (filled("account"), filled("subject"));
    let (server, cluster) = (filled("server-name"), filled("cluster"));
    let mut options = Json::object()
        .with("sort", "")
        .with("auth", false)
        .with("subscriptions", false)
        .with("subscriptions_detail", false)
        .with("offset", 0)
        .with("limit", 0)
        .with("cid", 0)
        .with("mqtt_client", "")
        .with("state", 0)
        .with("user", "")
        .with("acc", account)
        .with("filter_subject", subject);
    for (key, value) in [("server_name", server), ("cluster", cluster)] {
        if !value.is_empty() {
            options.set(key, value);
        }
    }
    options.set("exact_match", true);
    let subject_alone = !subject.is_empty() && account.is_empty();
    let (force, chosen) = (matches.on("force"), !cluster.is_empty());
    // The one that is not to be disconnected itself.
    let connection = session.connect()?;
    let system = System::of(session)?;
    let clusters = if chosen { 1 } else { clusters(&system)? };
    if !force {
        println!("Re-balancing will disconnect clients without knowing their current state.\n");
        println!(
            "The clients will trigger normal reconnect behavior. This can interrupt in-flight work.\n"
        );
        if clusters > 1 {
            println!(
                "WARNING: Balancing {clusters} clusters, pass --cluster to balance a specific cluster"
            );
        }
        if !session
            .prompt()
            .confirm("Really re-balance connections", false)?
        {
            bail!("balance canceled");
        }
    }
    if subject_alone {
        bail!("can only filter by subject if account is given");
    }
    let (servers, asked) = gather(&system, options, &selection)?;
    let moved = relieve(&system, &connection.info(), &servers, asked, span);
    println!("\nBalanced {} connections", commas(moved as i64));
    Ok(())
}

/// Number of clusters that servers are in.
fn clusters(system: &System) -> Result<usize> {
    let answers = system
        .ask(VARZ, None, Expect::Quiet)
        .map_err(|failure| failure.context(VARZ))?;
    let mut names: Vec<&str> = answers
        .iter()
        .map(|answer| answer.json.text("data.cluster.name"))
        .filter(|name| !name.is_empty())
        .collect();
    names.sort_unstable();
    names.dedup();
    Ok(names.len())
}

/// The servers that have selected connections, and how many were asked.
fn gather(
    system: &System,
    mut options: Json,
    selection: &Selection,
) -> Result<(Vec<Server>, usize)> {
    let system = system.clone().with_timeout(PATIENCE);
    let mut servers: Vec<Server> = Vec::new();
    let mut asked = 0;
    let mut offset = 0;
    for page in 0..MAX_PAGES {
        if page > 0 {
            log!("Gathering paged connection information");
        }
        options.set("offset", offset);
        let mut next = 0;
        for answer in system.ask("$SYS.REQ.SERVER.PING.CONNZ", Some(&options), Expect::Quiet)? {
            let error = answer.json.at("error");
            if !error.is_null() {
                let (text, code) = (error.text("description"), error.int("err_code"));
                bail!("invalid response received: {text} ({code})");
            }
            asked += usize::from(page == 0);
            add(&mut servers, &answer.json, selection);
            let data = answer.json.at("data");
            let limit = data.int("limit");
            if limit > 0 && data.list("connections").len() as i64 >= limit {
                next = next.max(data.int("offset").saturating_add(limit));
            }
        }
        // A server that gives the same page again has no more.
        if next <= offset {
            break;
        }
        offset = next;
    }
    servers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((servers, asked))
}

/// Takes the connections of an answer.
fn add(servers: &mut Vec<Server>, answer: &Json, selection: &Selection) {
    let server = answer.at("server");
    let is_idle = |connection: &Json| {
        selection.idle == 0
            || since(connection.text("last_activity")).is_some_and(|idle| idle > selection.idle)
    };
    let selected = answer
        .list("data.connections")
        .iter()
        .filter(|connection| {
            let kind = connection.text("kind");
            is_idle(connection) && selection.kinds.iter().any(|known| known == kind)
        })
        .cloned();
    let selected: Vec<Json> = selected.collect();
    if selected.is_empty() {
        return;
    }
    let id = server.text("id");
    match servers.iter_mut().find(|known| known.id == id) {
        Some(known) => known.connections.extend(selected),
        None => servers.push(Server {
            id: id.to_owned(),
            name: server.text("name").to_owned(),
            connections: selected,
        }),
    }
}

/// Those that servers have above their share, with their servers.
fn surplus(servers: &[Server], share: usize) -> Vec<(&Server, &Json)> {
    servers
        .iter()
        .flat_map(|server| {
            let count = usize::try_from(server.offset(share)).unwrap_or(0);
            let first = server.connections.iter().take(count);
            first.map(move |connection| (server, connection))
        })
        .collect()
}

/// Takes connections but the own one from servers that have more than their
/// share, evenly over the time; gives how many.
fn relieve(
    system: &System,
    own: &ServerInfo,
    servers: &[Server],
    asked: usize,
    span: Duration,
) -> usize {
    let all: usize = servers.iter().map(|server| server.connections.len()).sum();
    if all == 0 {
        return 0;
    }
    let share = all.div_ceil(asked.max(1));
    log!("Connection distribution across {asked} servers (target: {share} per server):");
    for server in servers {
        log!(
            "  Server '{}': {} connections (offset: {:+})",
            server.name,
            server.connections.len(),
            server.offset(share)
        );
    }
    let surplus = surplus(servers, share);
    let count = u32::try_from(surplus.len()).unwrap_or(u32::MAX);
    let Some(pause) = span.checked_div(count) else {
        return 0;
    };
    let nanos = i64::try_from(pause.as_nanos()).unwrap_or(i64::MAX);
    log!(
        "Balancing {count} connections with {} sleep between each balance request",
        go_duration(nanos)
    );
    let mut moved = 0;
    for (number, (server, connection)) in surplus.iter().enumerate() {
        let cid = connection.uint("cid");
        if server.id == own.server_id && cid == own.client_id {
            continue;
        }
        if let Err(why) = kick(system, &server.id, cid) {
            // The others may still be moved; this one may have gone by itself.
            log!("Could not kick {cid} on {}: {why}", server.id);
            continue;
        }
        let name = match connection.text("name") {
            "" => String::new(),
            name => format!(" ({name})"),
        };
        let account = match connection.text("account") {
            "" => String::new(),
            account => format!(" in account {account}"),
        };
        log!("Balanced client {cid}{name}{account} on {}", server.name);
        moved += 1;
        if number + 1 < surplus.len() {
            thread::sleep(pause);
        }
    }
    moved
}

/// Disconnects a connection.
fn kick(system: &System, server: &str, cid: u64) -> Result<()> {
    let subject = format!("$SYS.REQ.SERVER.{server}.KICK");
    let body = Json::object().with("cid", cid);
    let answers = system.ask(&subject, Some(&body), Expect::Count(1))?;
    match answers.first() {
        None => bail!("expected 1 response but had 0"),
        Some(answer) if answer.json.has("error") => bail!(
            "invalid server response: {}",
            answer.json.text("error.description")
        ),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(name: &str, count: u64) -> Server {
        Server {
            id: name.to_uppercase(),
            name: name.to_owned(),
            connections: (0..count)
                .map(|cid| Json::object().with("cid", cid))
                .collect(),
        }
    }

    #[test]
    fn servers_above_their_share_give_connections_away() {
        let servers = [server("a", 4), server("b", 2)];
        let moved: Vec<(&str, u64)> = surplus(&servers, 3)
            .iter()
            .map(|(server, connection)| (server.name.as_str(), connection.uint("cid")))
            .collect();
        assert_eq!(moved, [("a", 0)]);
        assert_eq!(servers[1].offset(3), -1);
        assert!(surplus(&servers, 4).is_empty());
    }

    #[test]
    fn only_what_is_selected_counts() {
        let answer = Json::parse(
            br#"{"server":{"id":"A","name":"a"},"data":{"connections":[
                {"cid":1,"kind":"Client","last_activity":"2999-01-01T00:00:00Z"},
                {"cid":2,"kind":"Leafnode","last_activity":"2020-01-01T00:00:00Z"},
                {"cid":3,"kind":"Client","last_activity":"2020-01-01T00:00:00Z"}]}}"#,
        )
        .unwrap();
        let found = |kinds: &[&str], idle: i64| {
            let mut servers = Vec::new();
            let kinds = kinds.iter().map(|&kind| kind.to_owned()).collect();
            add(&mut servers, &answer, &Selection { kinds, idle });
            let cids = servers.iter().flat_map(|server| &server.connections);
            cids.map(|connection| connection.uint("cid"))
                .collect::<Vec<_>>()
        };
        assert_eq!(found(&["Client"], 0), [1, 3]);
        assert_eq!(found(&["Client"], 1_000), [3]);
        assert_eq!(found(&["Leafnode", "Client"], 1_000), [2, 3]);
        assert_eq!(found(&["Router"], 0), [0_u64; 0]);
    }
}
