//! `nats server request` (cli.md 7.5).

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::context::write_whole;
use crate::failure::Result;
use crate::format::{local_now, parse_uint};
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;
use crate::system::{Answer, Expect, Servers, System};
use crate::{bail, fail};

/// Kinds of profiles that servers know.
const PROFILES: [&str; 7] = [
    "allocs",
    "heap",
    "goroutine",
    "mutex",
    "threadcreate",
    "block",
    "cpu",
];
/// Time for the answers to come back, once a CPU profile has been taken.
const PROFILE_GRACE: Duration = Duration::from_secs(2);

/// Adds the filters that all requests have.
fn add_filters(body: &mut Json, session: &mut Session) -> Result<()> {
    let domain = session.context()?.record.jetstream_domain.clone();
    let matches = &session.matches;
    for (flag, key) in [
        ("name", "server_name"),
        ("cluster", "cluster"),
        ("host", "host"),
    ] {
        if let Some(value) = matches.filled(flag) {
            body.set(key, value);
        }
    }
    body.set("exact_match", true);
    let tags = matches.list("tags");
    if !tags.is_empty() {
        let tags = tags.iter().map(|tag| Json::from(tag.as_str()));
        body.set("tags", Json::List(tags.collect()));
    }
    if !domain.is_empty() {
        body.set("domain", domain);
    }
    Ok(())
}

/// The text of a flag, or none.
fn text<'a>(matches: &'a Matches, flag: &str) -> &'a str {
    matches.filled(flag).unwrap_or_default()
}

/// Those of the flags that are given, as they are called in the body.
fn put_texts(body: &mut Json, matches: &Matches, flags: &[(&str, &str)]) {
    for (flag, key) in flags {
        if let Some(value) = matches.filled(flag) {
            body.set(key, value);
        }
    }
}

fn put_number(body: &mut Json, matches: &Matches, flag: &str) {
    if matches.int(flag) != 0 {
        body.set(flag, matches.int(flag));
    }
}

/// Number of answers that the command line asks for.
fn wanted(session: &Session) -> Result<Expect> {
    match session.matches.arg("wait") {
        Some(text) => Ok(Expect::of_count(parse_uint(text)?)),
        None => Ok(Expect::Quiet),
    }
}

/// The answers of all servers that the command line chooses.
fn answers(
    session: &mut Session,
    endpoint: &str,
    mut body: Json,
    wait: Expect,
    grace: Duration,
) -> Result<Vec<Answer>> {
    add_filters(&mut body, session)?;
    let timeout = session.timeout() + grace;
    let servers = Servers::of(session)?.with_timeout(timeout);
    let expect = match wait {
        Expect::Count(_) => wait,
        // Names are of one server.
        Expect::Quiet if body.has("host") || body.has("server_name") => Expect::Count(1),
        Expect::Quiet => servers.servers().unwrap_or(Expect::Quiet),
    };
    let subject = format!("$SYS.REQ.SERVER.PING.{endpoint}");
    servers
        .ask(&subject, Some(&body), expect)
        .map_err(|failure| match servers {
            Servers::Live(_) => failure.context(subject),
            Servers::Stored(_) => failure,
        })
}

/// Asks all servers and prints each answer on a line.
fn ask(session: &mut Session, endpoint: &str, body: Json, wait: Expect) -> Result<()> {
    for answer in answers(session, endpoint, body, wait, Duration::ZERO)? {
        print_line(&answer);
    }
    Ok(())
}

/// Prints an answer as it came, but for what a server says that it does not
/// have: that is left out.
fn print_line(answer: &Answer) {
    let has_nothing = |key: &str| {
        let mut entries = answer.json.entries("").iter();
        entries.any(|(name, value)| name == key && value.is_null())
    };
    let empty: Vec<&str> = ["data", "error"]
        .into_iter()
        .filter(|key| has_nothing(key))
        .collect();
    if empty.is_empty() {
        println!("{}", String::from_utf8_lossy(&answer.text).trim_end());
        return;
    }
    let mut json = answer.json.clone();
    for key in empty {
        json.remove(key);
    }
    println!("{}", json.compact());
}

/// VARZ.
pub fn variables(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    ask(session, "VARZ", Json::object(), wait)
}

/// CONNZ.
pub fn connections(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let matches = &session.matches;
    let state = match matches.text("filter-state") {
        Some("closed") => 1,
        Some("all") => 2,
        _ => 0,
    };
    let details = matches.on("subscriptions");
    let body = Json::object()
        .with("sort", text(matches, "sort"))
        .with("auth", true)
        .with("subscriptions", details)
        .with("subscriptions_detail", details)
        .with("offset", matches.int("offset"))
        .with("limit", matches.int("limit"))
        .with("cid", matches.uint("filter-cid"))
        .with("mqtt_client", "")
        .with("state", state)
        .with("user", text(matches, "filter-user"))
        .with("acc", text(matches, "filter-account"))
        .with("filter_subject", text(matches, "filter-subject"));
    let without_empty = matches.on("filter-empty");
    for answer in answers(session, "CONNZ", body, wait, Duration::ZERO)? {
        if !without_empty || answer.json.int("data.num_connections") > 0 {
            print_line(&answer);
        }
    }
    Ok(())
}

/// ROUTEZ.
pub fn routes(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let details = session.matches.on("subscriptions");
    let body = Json::object()
        .with("subscriptions", details)
        .with("subscriptions_detail", details);
    ask(session, "ROUTEZ", body, wait)
}

/// GATEWAYZ.
pub fn gateways(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let matches = &session.matches;
    let account = text(matches, "filter-account");
    let subscriptions = !account.is_empty() && matches.on("subscriptions");
    let body = Json::object()
        .with("name", matches.arg("filter-name").unwrap_or_default())
        .with("accounts", !account.is_empty() || matches.on("accounts"))
        .with("account_name", account)
        .with("subscriptions", subscriptions)
        .with("subscriptions_detail", subscriptions);
    ask(session, "GATEWAYZ", body, wait)
}

/// LEAFZ.
pub fn leafnodes(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let body = Json::object()
        .with("subscriptions", session.matches.on("subscriptions"))
        .with("account", "");
    ask(session, "LEAFZ", body, wait)
}

/// ACCOUNTZ.
pub fn accounts(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let body = Json::object().with("account", text(&session.matches, "account"));
    ask(session, "ACCOUNTZ", body, wait)
}

/// SUBSZ.
pub fn subscriptions(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let matches = &session.matches;
    let mut body = Json::object()
        .with("offset", matches.int("offset"))
        .with("limit", matches.int("limit"))
        .with("subscriptions", matches.on("detail"));
    put_texts(
        &mut body,
        matches,
        &[("filter-account", "account"), ("filter-subject", "test")],
    );
    ask(session, "SUBSZ", body, wait)
}

/// JSZ.
pub fn jetstream(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let matches = &session.matches;
    let mut body = Json::object();
    put_texts(&mut body, matches, &[("account", "account")]);
    // Everything, but still of all servers and streams.
    let mut put = |flag: &str, key: &str, with_all: bool| {
        if matches.on(flag) || with_all && matches.on("all") {
            body.set(key, true);
        }
    };
    for flag in ["accounts", "streams", "consumer", "config"] {
        put(flag, flag, true);
    }
    put("leader", "leader_only", false);
    put_number(&mut body, matches, "offset");
    put_number(&mut body, matches, "limit");
    let mut put = |flag: &str, key: &str, with_all: bool| {
        if matches.on(flag) || with_all && matches.on("all") {
            body.set(key, true);
        }
    };
    put("raft", "raft", true);
    put("stream-leader", "stream_leader_only", false);
    // Only one server leads.
    let wait = if matches.on("leader") {
        Expect::Count(1)
    } else {
        wait
    };
    ask(session, "JSZ", body, wait)
}

/// HEALTHZ.
pub fn health(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let matches = &session.matches;
    let mut body = Json::object();
    for (flag, key) in [
        ("js-enabled", "js-enabled-only"),
        ("server-only", "js-server-only"),
    ] {
        if matches.on(flag) {
            body.set(key, true);
        }
    }
    put_texts(
        &mut body,
        matches,
        &[
            ("account", "account"),
            ("stream", "stream"),
            ("consumer", "consumer"),
        ],
    );
    if matches.on("details") {
        body.set("details", true);
    }
    ask(session, "HEALTHZ", body, wait)
}

/// RAFTZ.
pub fn raft(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let body = Json::object()
        .with("account", text(matches, "account"))
        .with("group", text(matches, "group"));
    ask(session, "RAFTZ", body, Expect::Quiet)
}

/// IPQUEUESZ.
pub fn queues(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let body = Json::object()
        .with("all", matches.on("all"))
        .with("filter", text(matches, "filter"));
    ask(session, "IPQUEUESZ", body, Expect::Quiet)
}

/// Disconnects a client.
pub fn kick(session: &mut Session) -> Result<()> {
    let client = parse_uint(session.matches.required_arg("client"))?;
    let server = session.matches.required_arg("server").to_owned();
    let system = System::of(session)?;
    let body = Json::object().with("cid", client);
    let subject = format!("$SYS.REQ.SERVER.{server}.KICK");
    let answers = system.ask(&subject, Some(&body), Expect::Count(1))?;
    let Some(answer) = answers.first() else {
        bail!("no responses received");
    };
    answer.json.print();
    Ok(())
}

/// Profiles, each into a file.
pub fn profile(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let kind = matches.required_arg("profile").to_owned();
    if !PROFILES.contains(&kind.as_str()) {
        bail!(
            "enum value must be one of {}, got '{kind}'",
            PROFILES.join(",")
        );
    }
    let directory = matches.arg("dir").unwrap_or(".").to_owned();
    match std::fs::metadata(&directory) {
        Err(_) => bail!("path '{directory}' does not exist"),
        Ok(found) if !found.is_dir() => {
            let name = Path::new(&directory).file_name().unwrap_or_default();
            bail!("'{}' is a file", name.to_string_lossy())
        }
        Ok(_) => {}
    }
    let level = matches.int("level");
    let archive = matches.filled("archive").map(str::to_owned);
    let mut body = Json::object()
        .with("name", kind.as_str())
        .with("debug", level);
    let mut grace = Duration::ZERO;
    if kind == "cpu" && archive.is_none() {
        let nanos = i128::try_from(session.timeout().as_nanos()).unwrap_or(0);
        body.set("duration", Json::Int(nanos));
        grace = PROFILE_GRACE;
    }
    let answers = answers(session, "PROFILEZ", body, Expect::Quiet, grace)?;
    if let (true, Some(archive)) = (answers.is_empty(), archive) {
        eprintln!(
            "no captured profiles matched {kind:?} at level {level} in {archive}; \
             audit gather typically captures goroutine at level 1 and 2"
        );
    }
    let stamp = local_now().strftime("%Y%m%d-%H%M%S").to_string();
    for answer in answers {
        let server = answer.json.text("server.name");
        let data = answer.json.at("data");
        if data.is_null() {
            continue;
        }
        let written = match data.text("error") {
            "" => write_profile(
                &directory,
                &format!("{kind}-{stamp}-{server}"),
                data.text("profile"),
            ),
            error => Err(fail!("{error}")),
        };
        match written {
            Ok(path) => println!("Server {server:?} profile written: {}", path.display()),
            Err(failure) => eprintln!("Server {server:?} error: {failure}"),
        }
    }
    Ok(())
}

fn write_profile(directory: &str, name: &str, profile: &str) -> Result<PathBuf> {
    let bytes = STANDARD
        .decode(profile)
        .map_err(|error| fail!("the profile cannot be read: {error}"))?;
    // A server's name is no path.
    let name = name.replace(['/', '\\'], "_");
    let path: PathBuf = Path::new(directory)
        .join(name)
        .components()
        .filter(|part| *part != Component::CurDir)
        .collect();
    write_whole(&path, &bytes, 0o600)?;
    Ok(path)
}
