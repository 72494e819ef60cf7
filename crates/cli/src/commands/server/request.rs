//! `nats server request` (cli.md 7.5).

use std::ops::ControlFlow;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::context::write_whole;
use crate::failure::Result;
use crate::format::{local_now, parse_int, parse_uint};
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;
use crate::system::{Expect, NO_RESULTS, Servers, System};
use crate::{bail, fail};

/// Kinds of profiles that servers know.
const PROFILES: [&str; 7] = [
    "allocs",
    "block",
    "goroutine",
    "heap",
    "mutex",
    "threadcreate",
    "cpu",
];

/// The filters that all requests have.
fn filters(matches: &Matches) -> Json {
    let mut body = Json::object();
    for (flag, key) in [
        ("name", "server_name"),
        ("host", "host"),
        ("cluster", "cluster"),
    ] {
        if let Some(value) = matches.filled(flag) {
            body.set(key, value);
        }
    }
    let tags = matches.list("tags");
    if !tags.is_empty() {
        let tags = tags.iter().map(|tag| Json::from(tag.as_str()));
        body.set("tags", Json::List(tags.collect()));
    }
    body.with("exact_match", true)
}

/// The filters, and a page of the list.
fn page(matches: &Matches) -> Json {
    filters(matches)
        .with("limit", matches.int("limit"))
        .with("offset", matches.int("offset"))
}

fn put_text(body: &mut Json, matches: &Matches, flag: &str, key: &str) {
    if let Some(value) = matches.filled(flag) {
        body.set(key, value);
    }
}

fn put_switches(body: &mut Json, matches: &Matches, switches: &[(&str, &str)]) {
    for (flag, key) in switches {
        if matches.on(flag) {
            body.set(key, true);
        }
    }
}

/// Number of answers that the command line asks for.
fn wanted(session: &Session) -> Result<Option<Expect>> {
    let Some(text) = session.matches.arg("wait") else {
        return Ok(None);
    };
    Ok(match usize::try_from(parse_int(text)?) {
        Ok(count) if count > 0 => Some(Expect::Count(count)),
        _ => None,
    })
}

/// Asks all servers and prints each answer on a line.
fn ask(session: &mut Session, endpoint: &str, body: &Json, wait: Option<Expect>) -> Result<()> {
    ask_with(session, endpoint, body, wait, |_| true)
}

fn ask_with(
    session: &mut Session,
    endpoint: &str,
    body: &Json,
    wait: Option<Expect>,
    shown: impl Fn(&Json) -> bool,
) -> Result<()> {
    let system = Servers::of(session)?;
    let expect = match wait {
        Some(expect) => expect,
        // Filters leave servers out; how many is not known.
        None if ["server_name", "host", "cluster", "tags"]
            .iter()
            .any(|key| body.has(key)) =>
        {
            if body.has("server_name") {
                Expect::Count(1)
            } else {
                Expect::Quiet
            }
        }
        None => system.servers()?,
    };
    let mut count = 0;
    system.each(
        &format!("$SYS.REQ.SERVER.PING.{endpoint}"),
        Some(body),
        expect,
        |answer| {
            count += 1;
            if shown(&answer.json) {
                println!("{}", String::from_utf8_lossy(&answer.text).trim_end());
            }
            ControlFlow::Continue(())
        },
    )?;
    if count == 0 {
        bail!("{NO_RESULTS}");
    }
    Ok(())
}

/// VARZ.
pub fn variables(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let body = filters(&session.matches);
    ask(session, "VARZ", &body, wait)
}

/// CONNZ.
pub fn connections(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let matches = &session.matches;
    let mut body = page(matches).with("auth", true);
    put_text(&mut body, matches, "sort", "sort");
    put_switches(&mut body, matches, &[("subscriptions", "subscriptions")]);
    if matches.uint("filter-cid") > 0 {
        body.set("cid", matches.uint("filter-cid"));
    }
    let state = match matches.text("filter-state") {
        Some("closed") => 1,
        Some("all") => 2,
        _ => 0,
    };
    body.set("state", state);
    put_text(&mut body, matches, "filter-user", "user");
    put_text(&mut body, matches, "filter-account", "acc");
    put_text(&mut body, matches, "filter-subject", "filter_subject");
    let without_empty = matches.on("filter-empty");
    ask_with(session, "CONNZ", &body, wait, |answer| {
        !without_empty || !answer.list("data.connections").is_empty()
    })
}

/// ROUTEZ.
pub fn routes(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let mut body = filters(&session.matches);
    put_switches(
        &mut body,
        &session.matches,
        &[("subscriptions", "subscriptions")],
    );
    ask(session, "ROUTEZ", &body, wait)
}

/// GATEWAYZ.
pub fn gateways(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let matches = &session.matches;
    let mut body = filters(matches);
    if let Some(name) = matches.arg("filter-name") {
        body.set("name", name);
    }
    put_text(&mut body, matches, "filter-account", "account_name");
    put_switches(
        &mut body,
        matches,
        &[("accounts", "accounts"), ("subscriptions", "subscriptions")],
    );
    ask(session, "GATEWAYZ", &body, wait)
}

/// LEAFZ.
pub fn leafnodes(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let mut body = filters(&session.matches);
    put_switches(
        &mut body,
        &session.matches,
        &[("subscriptions", "subscriptions")],
    );
    ask(session, "LEAFZ", &body, wait)
}

/// ACCOUNTZ.
pub fn accounts(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let mut body = filters(&session.matches);
    put_text(&mut body, &session.matches, "account", "account");
    ask(session, "ACCOUNTZ", &body, wait)
}

/// SUBSZ.
pub fn subscriptions(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let matches = &session.matches;
    let mut body = page(matches);
    put_switches(&mut body, matches, &[("detail", "subscriptions")]);
    put_text(&mut body, matches, "filter-account", "account");
    put_text(&mut body, matches, "filter-subject", "test");
    ask(session, "SUBSZ", &body, wait)
}

/// JSZ.
pub fn jetstream(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let matches = &session.matches;
    let mut body = page(matches);
    put_text(&mut body, matches, "account", "account");
    let switches = [
        ("accounts", "accounts"),
        ("streams", "streams"),
        ("consumer", "consumer"),
        ("config", "config"),
        ("raft", "raft"),
        ("leader", "leader_only"),
        ("stream-leader", "stream_leader_only"),
    ];
    for (flag, key) in switches {
        // Everything, but still of all servers and streams.
        let all = matches.on("all") && !key.ends_with("leader_only");
        if all || matches.on(flag) {
            body.set(key, true);
        }
    }
    // Only one server leads.
    let wait = if matches.on("leader") {
        wait.or(Some(Expect::Count(1)))
    } else {
        wait
    };
    ask(session, "JSZ", &body, wait)
}

/// HEALTHZ.
pub fn health(session: &mut Session) -> Result<()> {
    let wait = wanted(session)?;
    let matches = &session.matches;
    let mut body = filters(matches);
    put_switches(
        &mut body,
        matches,
        &[
            ("js-enabled", "js-enabled-only"),
            ("server-only", "js-server-only"),
            ("details", "details"),
        ],
    );
    for key in ["account", "stream", "consumer"] {
        put_text(&mut body, matches, key, key);
    }
    ask(session, "HEALTHZ", &body, wait)
}

/// RAFTZ.
pub fn raft(session: &mut Session) -> Result<()> {
    let mut body = filters(&session.matches);
    put_text(&mut body, &session.matches, "account", "account");
    put_text(&mut body, &session.matches, "group", "group");
    ask(session, "RAFTZ", &body, None)
}

/// IPQUEUESZ.
pub fn queues(session: &mut Session) -> Result<()> {
    let mut body = filters(&session.matches);
    put_switches(&mut body, &session.matches, &[("all", "all")]);
    put_text(&mut body, &session.matches, "filter", "filter");
    ask(session, "IPQUEUESZ", &body, None)
}

/// Disconnects a client.
pub fn kick(session: &mut Session) -> Result<()> {
    let client = parse_uint(session.matches.required_arg("client"))?;
    let server = session.matches.required_arg("server").to_owned();
    let system = System::of(session)?;
    let answer = system.first(
        &format!("$SYS.REQ.SERVER.{server}.KICK"),
        Some(&Json::object().with("cid", client)),
    )?;
    answer.print();
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
    let mut body = filters(matches)
        .with("name", kind.as_str())
        .with("debug", matches.int("level"));
    if kind == "cpu" {
        let nanos = session.timeout().as_nanos();
        // Answers come after that time, so that a part of it must be left.
        body.set(
            "duration",
            Json::Int(i128::try_from(nanos * 4 / 5).unwrap_or(0)),
        );
    }
    let system = Servers::of(session)?;
    let answers = system.ask_all("$SYS.REQ.SERVER.PING.PROFILEZ", &body)?;
    if answers.is_empty() {
        bail!("{NO_RESULTS}");
    }
    let stamp = local_now().strftime("%Y%m%d-%H%M%S").to_string();
    for answer in answers {
        let server = answer.json.text("server.name").to_owned();
        let data = answer.json.at("data");
        let error = [data.text("error"), answer.json.text("error.description")].concat();
        if !error.is_empty() {
            println!("Server {server:?} returned an error: {error}");
            continue;
        }
        let bytes = STANDARD
            .decode(data.text("profile"))
            .map_err(|error| fail!("the profile of {server:?} cannot be read: {error}"))?;
        // A server's name is no path.
        let name = server.replace(['/', '\\'], "_");
        let path = Path::new(&directory).join(format!("{kind}-{stamp}-{name}"));
        write_whole(&path, &bytes, 0o600)?;
        println!("Server {server:?} profile written: {}", path.display());
    }
    Ok(())
}
