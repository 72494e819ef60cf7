//! The configuration: a list of checks.
//!
//! A check becomes the command line of `nats server check KIND`, and is
//! understood by the same rules: its properties are the flags.

use crate::commands::server::check::run::Check;
use crate::commands::server::check::{
    connection, consumer, credential, jetstream, kv, message, meta, request, server, stream,
};
use crate::failure::Result;
use crate::model::{self, Command, Flag, Kind};
use crate::output::{Json, yaml};
use crate::parse::{Parsed, parse};
use crate::session::Session;
use crate::{bail, fail, log};

/// Most checks: each has a connection of its own.
const MAX_CHECKS: usize = 1_000;

/// A check of the configuration.
#[derive(Clone, Debug)]
pub struct Configured {
    /// What its metrics are called.
    pub name: String,
    /// The check.
    pub check: Check,
    /// Whether the connection is kept from one scrape to the next.
    pub keeps_connection: bool,
    /// Which kind it is of.
    pub kind: String,
    /// What is wrong with its properties.
    pub problem: Option<String>,
    /// The command line that it is.
    words: Vec<String>,
}

/// Kinds of checks.
const KINDS: [(&str, Check); 10] = [
    ("connection", connection::CHECK),
    ("consumer", consumer::CHECK),
    ("credential", credential::CHECK),
    ("jetstream", jetstream::CHECK),
    ("kv", kv::CHECK),
    ("message", message::CHECK),
    ("meta", meta::CHECK),
    ("request", request::CHECK),
    ("server", server::CHECK),
    ("stream", stream::CHECK),
];

/// Properties that are not called like the flag that they are: kind, property,
/// flag. For the others `_` stands for `-`, and `_warning` for `-warn`.
const NAMES: [(&str, &str, &str); 45] = [
    ("connection", "connect_time_warning", "connect-warn"),
    ("connection", "connect_time_critical", "connect-critical"),
    ("connection", "server_rtt_warning", "rtt-warn"),
    ("connection", "server_rtt_critical", "rtt-critical"),
    ("connection", "request_rtt_warning", "req-warn"),
    ("connection", "request_rtt_critical", "req-critical"),
    ("consumer", "stream_name", "stream"),
    ("consumer", "consumer_name", "consumer"),
    (
        "consumer",
        "ack_outstanding_critical",
        "outstanding-ack-critical",
    ),
    ("credential", "file", "credential"),
    ("credential", "requires_expiry", "require-expiry"),
    ("jetstream", "memory_warning", "mem-warn"),
    ("jetstream", "memory_critical", "mem-critical"),
    ("jetstream", "file_warning", "store-warn"),
    ("jetstream", "file_critical", "store-critical"),
    ("jetstream", "stream_warning", "streams-warn"),
    ("jetstream", "stream_critical", "streams-critical"),
    ("jetstream", "check_replicas", "replicas"),
    ("message", "stream_name", "stream"),
    ("message", "content_regex", "content"),
    ("message", "body_as_timestamp", "body-timestamp"),
    ("meta", "expect_servers", "expect"),
    ("request", "header", "headers"),
    ("request", "headers", "match-headers"),
    ("request", "response_match", "match-payload"),
    ("request", "response_time_warn", "response-warn"),
    ("request", "response_time_crit", "response-critical"),
    ("server", "memory_warning", "mem-warn"),
    ("server", "memory_critical", "mem-critical"),
    ("server", "connections_warning", "conn-warn"),
    ("server", "connections_critical", "conn-critical"),
    ("server", "subscriptions_warning", "subs-warn"),
    ("server", "subscriptions_critical", "subs-critical"),
    ("server", "authentication_required", "auth-required"),
    ("server", "jet_stream_required", "js-required"),
    ("server", "tls_expire_warning", "tls-cert-warn"),
    ("server", "tls_expire_critical", "tls-cert-crit"),
    ("stream", "stream_name", "stream"),
    ("stream", "messages_warn", "msgs-warn"),
    ("stream", "messages_critical", "msgs-critical"),
    ("stream", "sources_lag_critical", "lag-critical"),
    ("stream", "sources_seen_critical", "seen-critical"),
    ("stream", "cluster_expected_peers", "peer-expect"),
    ("stream", "cluster_lag_critical", "peer-lag-critical"),
    ("stream", "cluster_seen_critical", "peer-seen-critical"),
];

/// Reads a configuration; `given` are the global flags of all checks.
pub fn read(text: &str, given: &[String]) -> Result<Vec<Configured>> {
    let config = yaml::parse(text)?;
    known(&config, &["context", "checks"], "the configuration");
    let context = config.text("context");
    let checks = config.list("checks");
    if checks.len() > MAX_CHECKS {
        bail!("there are more than {MAX_CHECKS} checks");
    }
    let checks = checks
        .iter()
        .enumerate()
        .filter_map(|(number, check)| configured(check, number + 1, context, given).transpose())
        .collect::<Result<Vec<_>>>()?;
    for (number, check) in checks.iter().enumerate() {
        let is_same = |other: &Configured| other.name == check.name && other.kind == check.kind;
        if checks.iter().take(number).any(is_same) {
            bail!("two checks of the same kind are called {:?}", check.name);
        }
    }
    Ok(checks)
}

/// Tells of keys that mean nothing.
fn known(object: &Json, keys: &[&str], what: &str) {
    for (key, _) in object.entries("") {
        if !keys.contains(&key.as_str()) {
            log!("{what} has an unknown key {key:?}");
        }
    }
}

/// What properties are without being set, where the flags differ.
fn defaults(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "connection" => &[
            ("connect-warn", "0s"),
            ("connect-critical", "0s"),
            ("rtt-warn", "0s"),
            ("rtt-critical", "0s"),
            ("req-warn", "0s"),
            ("req-critical", "0s"),
        ],
        "credential" => &[("require-expiry", "")],
        "jetstream" => &[
            ("mem-warn", "-1"),
            ("mem-critical", "-1"),
            ("store-warn", "-1"),
            ("store-critical", "-1"),
            ("replicas", ""),
            ("replica-seen-critical", "0s"),
            ("replica-lag-critical", "0"),
        ],
        "message" => &[("content", "")],
        "meta" => &[
            ("expect", "0"),
            ("lag-critical", "0"),
            ("seen-critical", "0s"),
        ],
        _ => &[],
    }
}

/// A check; none if its kind is not known.
fn configured(
    check: &Json,
    number: usize,
    context: &str,
    given: &[String],
) -> Result<Option<Configured>> {
    let name = check.text("name").to_owned();
    if name.is_empty() {
        bail!("check {number} has no name");
    }
    known(
        check,
        &["name", "kind", "context", "reuse_connection", "properties"],
        &format!("check {name:?}"),
    );
    let kind = check.text("kind");
    let Some((_, found)) = KINDS.iter().find(|(known, _)| *known == kind) else {
        log!("Unknown check kind {kind}");
        return Ok(None);
    };
    let mut words: Vec<String> = ["server", "check", kind].map(str::to_owned).to_vec();
    let own = check.text("context");
    let context = if own.is_empty() { context } else { own };
    let other = given.iter().filter(|word| {
        // The one of the configuration wins, and a flag counts once.
        context.is_empty() || !word.starts_with("--context=")
    });
    words.extend(other.cloned());
    if !context.is_empty() {
        words.push(format!("--context={context}"));
    }
    let command = command(kind)?;
    let mut missing: Vec<_> = defaults(kind).to_vec();
    let mut problem = None;
    for (property, value) in check.entries("properties") {
        let Some(flag) = flag(command, kind, property) else {
            log!("check {name:?}: {kind} has no property {property:?}");
            continue;
        };
        missing.retain(|(name, _)| *name != flag.name);
        match flag_words(flag, property, value) {
            Ok(found) => words.extend(found),
            Err(failure) => problem = Some(failure.to_string()),
        }
    }
    words.extend(missing.into_iter().map(|(flag, value)| match value {
        "" if flag != "content" => format!("--no-{flag}"),
        value => format!("--{flag}={value}"),
    }));
    let mut configured = Configured {
        check: *found,
        keeps_connection: check.on("reuse_connection"),
        kind: kind.to_owned(),
        words,
        name,
        problem,
    };
    if configured.problem.is_none() {
        configured.problem = configured.session().err().map(|error| error.to_string());
    }
    Ok(Some(configured))
}

fn command(kind: &str) -> Result<&'static Command> {
    let mut commands = model::commands();
    let mut found = None;
    for word in ["server", "check", kind] {
        found = commands.iter().find(|command| command.name == word);
        commands = found.map_or(&[], |command| command.commands);
    }
    found.ok_or_else(|| fail!("there is no check {kind:?}"))
}

fn flag(command: &'static Command, kind: &str, property: &str) -> Option<&'static Flag> {
    let named = NAMES
        .iter()
        .find(|(of, name, _)| *of == kind && *name == property)
        .map(|(_, _, flag)| (*flag).to_owned());
    let usual = || {
        let name = property.replace('_', "-");
        match name.strip_suffix("-warning") {
            Some(start) => format!("{start}-warn"),
            None => name,
        }
    };
    let name = named.unwrap_or_else(usual);
    command.own_flags().find(|flag| flag.name == name)
}

/// A property as words. Times are texts, such as `1h`, or numbers of seconds.
fn flag_words(flag: &Flag, property: &str, value: &Json) -> Result<Vec<String>> {
    let name = flag.name;
    let wrong = || fail!("{property} cannot be {}", value.compact());
    let scalar = || match value {
        Json::Text(text) => Ok(text.clone()),
        Json::Int(number) => Ok(number.to_string()),
        Json::Float(number) => Ok(number.to_string()),
        Json::Bool(on) => Ok(on.to_string()),
        Json::Null | Json::List(_) | Json::Object(_) => Err(wrong()),
    };
    match flag.kind {
        Kind::Switch | Kind::Negatable => match value {
            Json::Bool(true) => Ok(vec![format!("--{name}")]),
            Json::Bool(false) if flag.kind == Kind::Negatable => Ok(vec![format!("--no-{name}")]),
            Json::Bool(false) => Ok(Vec::new()),
            _ => Err(wrong()),
        },
        Kind::Duration => match value {
            Json::Int(_) | Json::Float(_) => Ok(vec![format!("--{name}={}s", scalar()?)]),
            _ => Ok(vec![format!("--{name}={}", scalar()?)]),
        },
        Kind::Map => {
            let entries = value.entries("");
            if entries.is_empty() {
                return Err(wrong());
            }
            entries
                .iter()
                .map(|(key, value)| match value.as_text() {
                    Some(text) => Ok(format!("--{name}={key}={text}")),
                    None => Err(wrong()),
                })
                .collect()
        }
        Kind::Text
        | Kind::Int
        | Kind::Int64
        | Kind::Within(..)
        | Kind::Uint
        | Kind::File
        | Kind::Regex
        | Kind::Url
        | Kind::Choice(_) => Ok(vec![format!("--{name}={}", scalar()?)]),
    }
}

impl Configured {
    /// How its metrics begin: by its kind.
    pub fn suite(&self) -> &'static str {
        KINDS
            .iter()
            .find(|(kind, _)| *kind == self.kind)
            .map_or("exporter", |(kind, _)| *kind)
    }

    /// A run of it.
    pub fn session(&self) -> Result<Session> {
        let env = |name: &str| std::env::var(name).ok();
        match parse(model::commands(), &self.words, &env) {
            Ok(Parsed { path, matches, .. }) => Ok(Session::new(path, matches)),
            Err(problem) => Err(fail!("{}", problem.failure)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Configured {
        read(
            text,
            &["--context=outer".to_owned(), "--timeout=1s".to_owned()],
        )
        .unwrap()
        .remove(0)
    }

    fn error(text: &str) -> String {
        read(text, &[]).unwrap_err().to_string()
    }

    #[test]
    fn properties_are_flags() {
        let check = one("
context: sys
checks:
  - name: orders
    kind: stream
    reuse_connection: true
    properties:
      stream_name: ORDERS
      sources_seen_critical: 1.5
      peer_seen_critical: 2m
      messages_critical: 10
");
        assert!(check.keeps_connection);
        let session = check.session().unwrap();
        let m = &session.matches;
        assert_eq!(m.text("context"), Some("sys"));
        assert_eq!(m.text("timeout"), Some("1s"));
        assert_eq!(m.text("stream"), Some("ORDERS"));
        assert_eq!(m.nanos("seen-critical"), Some(1_500_000_000));
        assert_eq!(m.nanos("peer-seen-critical"), Some(120_000_000_000));
        assert_eq!(m.uint("msgs-critical"), 10);
        assert_eq!((check.check.report)(&session).name, "ORDERS");
    }

    #[test]
    fn a_check_may_have_a_context_switches_and_headers() {
        let check = one("
checks:
  - name: svc
    kind: request
    context: app
    properties: { subject: svc, header: { A: b, C: d }, headers: { E: f }, response_time_crit: 1 }
");
        let session = check.session().unwrap();
        assert_eq!(session.matches.text("context"), Some("app"));
        assert_eq!(session.matches.map("headers").len(), 2);
        assert_eq!(
            session.matches.map("match-headers"),
            [("E".to_owned(), "f".to_owned())]
        );
        let check = one("
checks:
  - { name: c, kind: credential, properties: { file: /x, requires_expiry: false, validity_warning: 60 } }
");
        let session = check.session().unwrap();
        assert_eq!(session.matches.text("context"), Some("outer"));
        assert!(!session.matches.on("require-expiry"));
        assert_eq!(session.matches.nanos("validity-warn"), Some(60_000_000_000));
    }

    #[test]
    fn what_is_not_set_is_not_looked_at() {
        let session = one("checks: [{name: a, kind: jetstream, properties: {memory_warning: 5}}]")
            .session()
            .unwrap();
        let m = &session.matches;
        assert_eq!((m.int("mem-warn"), m.int("mem-critical")), (5, -1));
        assert!(!m.on("replicas"));
        let session = one("checks: [{name: a, kind: connection}]")
            .session()
            .unwrap();
        assert_eq!(session.matches.nanos("rtt-warn"), Some(0));
        let session = one("checks: [{name: a, kind: meta}]").session().unwrap();
        assert_eq!(session.matches.int("expect"), 0);
    }

    #[test]
    fn mistakes_leave_the_others_alone() {
        assert!(read("checks: []", &[]).unwrap().is_empty());
        assert!(
            read("foo: 1\nchecks: [{name: a, kind: x}]", &[])
                .unwrap()
                .is_empty()
        );
        let problem = |text: &str| one(text).problem.unwrap_or_default();
        assert_eq!(
            problem("checks: [{name: a, kind: kv}]"),
            "required flag --bucket not provided"
        );
        assert_eq!(
            problem("checks: [{name: a, kind: kv, properties: {bucket: [1]}}]"),
            "bucket cannot be [1]"
        );
        assert!(
            problem(
                "checks: [{name: a, kind: stream, properties: {stream: S, seen_critical: soon}}]"
            )
            .starts_with("invalid duration")
        );
        assert_eq!(
            problem("checks: [{name: a, kind: kv, properties: {bucket: B, foo: 1}}]"),
            ""
        );
    }

    #[test]
    fn checks_need_names_of_their_own() {
        assert_eq!(error("checks: [{kind: kv}]"), "check 1 has no name");
        assert_eq!(
            error("checks: [{name: a, kind: connection}, {name: a, kind: connection}]"),
            "two checks of the same kind are called \"a\""
        );
    }

    #[test]
    fn every_name_is_that_of_a_flag() {
        for (kind, property, name) in NAMES {
            let command = command(kind).unwrap();
            let flag = flag(command, kind, property);
            assert_eq!(flag.map(|flag| flag.name), Some(name), "{kind} {property}");
        }
    }
}
