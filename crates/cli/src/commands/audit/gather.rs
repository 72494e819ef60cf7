//! `nats audit gather`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::archive::{ACCOUNT, LOG, METADATA, PROFILE, SERVER, STREAM, Tags, Writer};
use crate::bail;
use crate::client::Connection;
use crate::failure::Result;
use crate::format::rfc3339;
use crate::model::VERSION;
use crate::output::{Json, log};
use crate::session::Session;
use crate::system::{Answer, Expect, NO_RESULTS, System};

/// Entries of a page, the most that servers give.
const PAGE: i64 = 1024;
/// Kinds and levels of profiles.
const PROFILES: [(&str, i64); 8] = [
    ("goroutine", 1),
    ("goroutine", 2),
    ("heap", 0),
    ("allocs", 0),
    ("mutex", 0),
    ("threadcreate", 0),
    ("block", 0),
    ("cpu", 0),
];
/// Longest processor profile that servers make.
const MAX_CPU: Duration = Duration::from_secs(15);

/// A server that takes part.
struct Server {
    id: String,
    name: String,
    cluster: String,
    jetstream: bool,
}

/// A capture that is under way.
struct Capture {
    system: System,
    writer: Writer,
    /// Servers by id.
    servers: BTreeMap<String, Server>,
    /// Servers that there are, also in other clusters.
    all: usize,
    accounts: BTreeSet<String>,
    system_account: String,
    timeout: Duration,
    detailed: bool,
    progress: bool,
    lines: String,
}

/// Captures the state of all servers in an archive.
pub fn gather(session: &mut Session) -> Result<()> {
    let begun = Timestamp::now();
    let (path, is_chosen) = match session.matches.filled("output") {
        Some(path) => (PathBuf::from(path), true),
        None => {
            let name = format!("audit-archive-{}.zip", begun.as_second());
            (std::env::temp_dir().join(name), false)
        }
    };
    let connection = session.connect()?;
    let system = System::of(session)?;
    let matches = &session.matches;
    let mut capture = Capture {
        writer: Writer::create(&path, begun)?,
        system,
        servers: BTreeMap::new(),
        all: 0,
        accounts: BTreeSet::new(),
        system_account: String::new(),
        timeout: session.timeout(),
        detailed: matches.on("details"),
        progress: matches.on("progress"),
        lines: String::new(),
    };
    capture.find_servers(matches.filled("cluster").unwrap_or_default())?;
    capture.find_accounts()?;
    if matches.on("server-endpoints") {
        capture.server_endpoints()?;
    } else {
        capture.say("Skipping servers endpoints data gathering");
    }
    if matches.on("server-profiles") {
        capture.profiles()?;
    } else {
        capture.say("Skipping server profiles gathering");
    }
    if matches.on("account-endpoints") {
        capture.account_endpoints()?;
    } else {
        capture.say("Skipping accounts endpoints data gathering");
    }
    if matches.on("streams") {
        capture.say("Gathering streams data...");
        capture.streams(matches.on("consumers"))?;
    } else {
        capture.say("Skipping streams data gathering");
    }
    capture.finish(begun, &connection, &path)?;
    if !matches.on("progress") && !is_chosen {
        println!("{}", path.display());
    }
    Ok(())
}

impl Capture {
    /// Says how far it is, and keeps that for the archive.
    fn say(&mut self, text: &str) {
        if self.progress {
            log::line(text);
        }
        self.keep(text);
    }

    /// Says what did not work; the rest goes on.
    fn complain(&mut self, text: &str) {
        log::line(text);
        self.keep(text);
    }

    fn keep(&mut self, text: &str) {
        self.lines.push_str(text);
        self.lines.push('\n');
    }

    /// Says why a server did not tell.
    fn complain_about(&mut self, answer: &Json) {
        self.complain(&format!(
            "Received an error from server {}: ({}) {}",
            answer.text("server.name"),
            answer.int("error.err_code"),
            answer.text("error.description")
        ));
    }

    /// The answers to a question; what fails is said, and leaves none.
    fn ask(&mut self, subject: &str, body: Option<&Json>, count: usize) -> Vec<Answer> {
        match self.system.ask(subject, body, Expect::Count(count)) {
            Ok(mut answers) => {
                if answers.len() < count {
                    self.complain(&format!(
                        "{subject}: {} of {count} servers answered",
                        answers.len()
                    ));
                }
                answers.retain(|answer| match answer.json.has("error") {
                    true => {
                        self.complain_about(&answer.json);
                        false
                    }
                    // A server that started meanwhile is left out everywhere.
                    false => self.servers.contains_key(answer.json.text("server.id")),
                });
                answers
            }
            Err(failure) => {
                self.complain(&format!("{subject}: {failure}"));
                Vec::new()
            }
        }
    }

    fn find_servers(&mut self, cluster: &str) -> Result<()> {
        self.say("Broadcasting PING to discover servers... (this may take a few seconds)");
        let expect = self.system.servers()?;
        for answer in self.system.ask("$SYS.REQ.SERVER.PING", None, expect)? {
            self.all += 1;
            let server = answer.json.at("server");
            if !cluster.is_empty() && server.text("cluster") != cluster {
                continue;
            }
            self.say(&format!(
                "Discovered server '{}' ({})",
                server.text("name"),
                server.text("id")
            ));
            self.servers.insert(
                server.text("id").to_owned(),
                Server {
                    id: server.text("id").to_owned(),
                    name: server.text("name").to_owned(),
                    cluster: server.text("cluster").to_owned(),
                    jetstream: server.on("jetstream"),
                },
            );
        }
        if self.servers.is_empty() {
            bail!("{NO_RESULTS}");
        }
        self.say(&format!("Discovered {} servers", self.servers.len()));
        Ok(())
    }

    /// Servers of one cluster answer only to themselves.
    fn of_all(&self) -> Json {
        let mut clusters: Vec<&str> = self
            .servers
            .values()
            .map(|server| server.cluster.as_str())
            .collect();
        clusters.sort_unstable();
        clusters.dedup();
        match clusters[..] {
            [cluster] if !cluster.is_empty() => Json::object()
                .with("cluster", cluster)
                .with("exact_match", true),
            _ => Json::object(),
        }
    }

    fn find_accounts(&mut self) -> Result<()> {
        self.say("Broadcasting PING to discover accounts... ");
        let body = self.of_all();
        let count = self.servers.len();
        for answer in self.ask("$SYS.REQ.SERVER.PING.ACCOUNTZ", Some(&body), count) {
            let server = answer.json.text("server.name");
            let data = answer.json.at("data");
            let accounts = data.texts("accounts");
            self.say(&format!(
                "Discovered {} accounts on server {server}",
                accounts.len()
            ));
            self.accounts.extend(accounts);
            let system_account = data.text("system_account");
            if self.system_account.is_empty() && !system_account.is_empty() {
                self.say(&format!("Discovered system account name: {system_account}"));
                system_account.clone_into(&mut self.system_account);
            }
        }
        self.say(&format!(
            "Discovered {} accounts over {count} servers",
            self.accounts.len()
        ));
        Ok(())
    }

    fn server_endpoints(&mut self) -> Result<()> {
        let servers: Vec<(String, Tags, bool)> = self
            .servers
            .values()
            .map(|server| {
                let tags = Tags::server(&server.cluster, &server.name, "");
                (server.id.clone(), tags, server.jetstream)
            })
            .collect();
        self.say(&format!(
            "Querying {} endpoints on {} known servers...",
            SERVER.len(),
            servers.len()
        ));
        let mut count = 0;
        for (id, tags, jetstream) in servers {
            for (endpoint, kind) in SERVER {
                if endpoint == "JSZ" && !jetstream {
                    self.say(&format!(
                        "Server {} does not have jetstream enabled - skipping JSZ endpoint",
                        tags.server
                    ));
                    continue;
                }
                let tags = Tags {
                    kind: kind.to_owned(),
                    ..tags.clone()
                };
                count += self.pages(&id, endpoint, &tags)?;
            }
        }
        self.say(&format!(
            "Captured {count} endpoint responses from {} servers",
            self.servers.len()
        ));
        Ok(())
    }

    /// Captures all pages of an endpoint; gives their number.
    fn pages(&mut self, id: &str, endpoint: &str, tags: &Tags) -> Result<usize> {
        let subject = format!("$SYS.REQ.SERVER.{id}.{endpoint}");
        let mut count = 0;
        let mut offset = 0;
        loop {
            let body = self.detailed.then(|| details(endpoint, offset)).flatten();
            let Some(mut answer) = self.ask(&subject, body.as_ref(), 1).into_iter().next() else {
                return Ok(count);
            };
            forget_tokens(&mut answer.json);
            self.writer.add(tags, &answer.json)?;
            count += 1;
            let list = match endpoint {
                "CONNZ" => "data.connections",
                "SUBSZ" => "data.subscriptions_list",
                "JSZ" => "data.account_details",
                _ => return Ok(count),
            };
            let found = answer.json.list(list).len() as i64;
            if body.is_none() || found < PAGE {
                return Ok(count);
            }
            offset += PAGE;
        }
    }

    fn profiles(&mut self) -> Result<()> {
        self.say(&format!(
            "Capturing {} profiles on {} known servers...",
            PROFILES.len(),
            self.servers.len()
        ));
        let mut count = 0;
        for (kind, level) in PROFILES {
            let mut body = self.of_all().with("name", kind).with("debug", level);
            if kind == "cpu" {
                // Answers come after that time, so that a part of it must be left.
                let nanos = (self.timeout * 4 / 5).min(MAX_CPU).as_nanos();
                body.set("duration", Json::Int(i128::try_from(nanos).unwrap_or(0)));
            }
            let name = match level {
                0 => kind.to_owned(),
                level => format!("{kind}_{level}"),
            };
            let servers = self.servers.len();
            for answer in self.ask("$SYS.REQ.SERVER.PING.PROFILEZ", Some(&body), servers) {
                let server = answer.json.at("server");
                let data = answer.json.at("data");
                let profile = STANDARD.decode(data.text("profile")).unwrap_or_default();
                if !data.text("error").is_empty() || profile.is_empty() {
                    self.complain(&format!(
                        "Failed to retrieve {name} profile from server {}: {}",
                        server.text("name"),
                        data.text("error")
                    ));
                    continue;
                }
                let tags = Tags {
                    profile: name.clone(),
                    ..Tags::server(server.text("cluster"), server.text("name"), PROFILE)
                };
                self.writer.add_raw(&tags, "prof", &profile)?;
                count += 1;
            }
        }
        self.say(&format!(
            "Captured {count} server profiles from {} servers",
            self.servers.len()
        ));
        Ok(())
    }

    fn account_endpoints(&mut self) -> Result<()> {
        let accounts = self.accounts.clone();
        self.say(&format!(
            "Querying {} endpoints for {} known accounts...",
            ACCOUNT.len(),
            accounts.len()
        ));
        let mut count = 0;
        for account in &accounts {
            for (endpoint, kind) in ACCOUNT {
                let answers = match endpoint {
                    "RAFTZ" | "IPQUEUESZ" => {
                        let key = if endpoint == "RAFTZ" {
                            "account"
                        } else {
                            "filter"
                        };
                        let mut body = self.of_all();
                        body.set(key, account.as_str());
                        let subject = format!("$SYS.REQ.SERVER.PING.{endpoint}");
                        self.ask(&subject, Some(&body), self.servers.len())
                    }
                    _ if !midge_subject::is_valid_literal(account.as_bytes())
                        || account.contains('.') =>
                    {
                        self.complain(&format!(
                            "The account {account:?} cannot be asked about: it is no token"
                        ));
                        break;
                    }
                    _ => {
                        let subject = format!("$SYS.REQ.ACCOUNT.{account}.{endpoint}");
                        self.ask_about_account(&subject)
                    }
                };
                for answer in answers {
                    let server = answer.json.at("server");
                    let tags = Tags {
                        account: account.clone(),
                        ..Tags::server(server.text("cluster"), server.text("name"), kind)
                    };
                    self.writer.add(&tags, &answer.json)?;
                    count += 1;
                }
            }
        }
        self.say(&format!(
            "Captured {count} endpoint responses from {} accounts",
            accounts.len()
        ));
        Ok(())
    }

    /// Answers about an account. All servers answer; that some do not know it,
    /// or it has no JetStream, is usual.
    fn ask_about_account(&mut self, subject: &str) -> Vec<Answer> {
        match self.system.ask(subject, None, Expect::Count(self.all)) {
            Ok(mut answers) => {
                answers.retain(|answer| {
                    // Who does not know the account leaves its own id out.
                    let is_unknown = answer.json.at("data.server_id").as_text() == Some("");
                    if answer.json.has("error") {
                        self.complain_about(&answer.json);
                        return false;
                    }
                    !is_unknown && self.servers.contains_key(answer.json.text("server.id"))
                });
                answers
            }
            Err(failure) => {
                self.complain(&format!("{subject}: {failure}"));
                Vec::new()
            }
        }
    }

    fn streams(&mut self, consumers: bool) -> Result<()> {
        let servers = self
            .servers
            .values()
            .filter(|server| server.jetstream)
            .count();
        if servers == 0 {
            return Ok(());
        }
        let accounts = self.accounts.clone();
        for account in accounts {
            if account == self.system_account {
                continue;
            }
            let mut body = self.of_all().with("account", account.as_str());
            for key in ["streams", "config", "raft"] {
                body.set(key, true);
            }
            if consumers {
                body.set("consumer", true);
                body.set("direct_consumer", true);
            }
            let all = self.servers.len();
            let mut known = BTreeSet::new();
            for answer in self.ask("$SYS.REQ.SERVER.PING.JSZ", Some(&body), all) {
                // Of an account that it does not know a server tells about all.
                let [detail] = answer.json.list("data.account_details") else {
                    continue;
                };
                for stream in detail.list("stream_detail") {
                    let cluster = stream.text("cluster.name");
                    let tags = Tags {
                        account: account.clone(),
                        stream: stream.text("name").to_owned(),
                        ..Tags::server(cluster, answer.json.text("server.name"), STREAM)
                    };
                    self.writer.add(&tags, stream)?;
                    if known.insert(tags.stream) {
                        self.say(&format!(
                            "Discovered stream {} in account {account}",
                            stream.text("name")
                        ));
                    }
                }
            }
            self.say(&format!(
                "Discovered {} streams in account {account}",
                known.len()
            ));
        }
        Ok(())
    }

    fn finish(mut self, begun: Timestamp, connection: &Connection, path: &Path) -> Result<()> {
        let info = connection.info();
        let user = nix::unistd::User::from_uid(nix::unistd::getuid())
            .ok()
            .flatten()
            .map_or_else(
                || "?".to_owned(),
                |user| {
                    let about = user.gecos.to_string_lossy();
                    let own = about.split(',').next().unwrap_or_default();
                    format!("{} ({own})", user.name)
                },
            );
        let metadata = Json::object()
            .with("capture_timestamp", rfc3339(begun))
            .with("connected_server_name", info.server_name.as_str())
            .with("connected_server_version", info.version.as_str())
            .with("connect_url", connection.url())
            .with("user_name", user)
            .with("version", format!("nats {VERSION}"));
        self.writer.add(&Tags::special(METADATA), &metadata)?;
        self.writer
            .add_raw(&Tags::special(LOG), "log", self.lines.as_bytes())?;
        self.writer.finish()?;
        if self.progress {
            log::line(format_args!("Archive created at: {}", path.display()));
        }
        Ok(())
    }
}

/// Takes the tokens of users out of connections: some of them are enough to
/// log in, and archives are given to others.
fn forget_tokens(answer: &mut Json) {
    let connections = answer
        .key_mut("data")
        .and_then(|data| data.key_mut("connections"));
    if let Some(Json::List(connections)) = connections {
        for connection in connections {
            connection.remove("jwt");
        }
    }
}

/// What servers are asked to tell in detail.
fn details(endpoint: &str, offset: i64) -> Option<Json> {
    let keys: &[&str] = match endpoint {
        "CONNZ" => &["auth", "subscriptions", "subscriptions_detail"],
        "GATEWAYZ" => &["accounts", "subscriptions", "subscriptions_detail"],
        "HEALTHZ" => &["details"],
        "JSZ" => &["accounts", "streams", "consumer", "config", "raft"],
        "LEAFZ" => &["subscriptions"],
        "ROUTEZ" => &["subscriptions", "subscriptions_detail"],
        "SUBSZ" => &["subscriptions"],
        _ => return None,
    };
    let mut body = Json::object();
    for key in keys {
        body.set(key, true);
    }
    if matches!(endpoint, "CONNZ" | "JSZ" | "SUBSZ") {
        body.set("offset", offset);
        body.set("limit", PAGE);
    }
    Some(body)
}
