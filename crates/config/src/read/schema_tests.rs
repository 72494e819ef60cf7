//! Every key of every block, with a value of every type: what is wrong is
//! reported at its place, with what was found and what is expected.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::schema::{ANY, BOOLEAN, FLOAT, INTEGER, Inside, Key, LIST, MAP, STRING, TOP, Types};
use crate::error::ConfigError;

/// A value of each type: as written, as shown, as shown when it is a secret.
const VALUES: [(Types, &str, &str, &str); 7] = [
    (
        STRING,
        "\"wrong\"",
        "the string \"wrong\"",
        "a string (not shown)",
    ),
    (INTEGER, "7", "the number 7", "a number (not shown)"),
    (FLOAT, "1.5", "the number 1.5", "a number (not shown)"),
    (BOOLEAN, "yes", "the boolean true", "the boolean true"),
    (LIST, "[]", "an empty list", "an empty list"),
    (MAP, "{}", "an empty map", "an empty map"),
    // No key takes one.
    (
        128,
        "2024-01-01T00:00:00Z",
        "the date 2024-01-01T00:00:00Z",
        "a date (not shown)",
    ),
];

/// A name where the user chooses one: good as a subject, too.
const NAME: &str = "N";

/// One key at its place, in the text of a file.
#[derive(Clone, Default)]
struct Around {
    before: String,
    path: String,
    after: String,
}

impl Around {
    /// Within the map that `key` opens.
    fn in_map(&self, key: &str) -> Self {
        let path = join(&self.path, key);
        Self {
            before: format!("{}{key} {{\n", self.before),
            path,
            after: format!("}}\n{}", self.after),
        }
    }

    /// Within a map that is the first of the list at `key`.
    fn in_list_of_maps(&self, key: &str) -> Self {
        Self {
            before: format!("{}{key} [\n{{\n", self.before),
            path: format!("{}[0]", join(&self.path, key)),
            after: format!("}}\n]\n{}", self.after),
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// A value at its place: what is before and after it, its path, its key.
struct Case {
    before: String,
    after: String,
    path: String,
    key: Key,
}

fn cases(keys: &'static [Key], around: &Around, into: &mut Vec<Case>) {
    for key in keys {
        for name in key.names {
            values(key, name, around, into);
        }
    }
}

fn values(key: &'static Key, name: &str, around: &Around, into: &mut Vec<Case>) {
    into.push(Case {
        before: format!("{}{name}: ", around.before),
        after: format!("\n{}", around.after),
        path: join(&around.path, name),
        key: *key,
    });
    match key.map {
        Inside::Unknown => {}
        Inside::Block(keys) => cases(keys, &around.in_map(name), into),
        Inside::Named(inner) => values(inner, NAME, &around.in_map(name), into),
    }
    if let Some(item) = key.items {
        into.push(Case {
            before: format!("{}{name}: [\n", around.before),
            after: format!("\n]\n{}", around.after),
            path: format!("{}[0]", join(&around.path, name)),
            key: *item,
        });
        if let Inside::Block(keys) = item.map {
            cases(keys, &around.in_list_of_maps(name), into);
        }
    }
}

fn all() -> Vec<Case> {
    let mut into = Vec::new();
    cases(TOP, &Around::default(), &mut into);
    into
}

/// A file of this test alone.
fn file(text: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("midge-schema-{}-{number}.conf", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// What is said about a file, lines of the Go server and lines of ours apart.
fn said(text: &str) -> (Vec<String>, Vec<String>) {
    let path = file(text);
    let said = said_about(&path);
    std::fs::remove_file(&path).unwrap();
    said
}

fn said_about(path: &Path) -> (Vec<String>, Vec<String>) {
    let short = |text: String| text.replace(&*path.to_string_lossy(), "FILE");
    match crate::load_file(path) {
        Ok(_) => (Vec::new(), Vec::new()),
        Err(ConfigError::Options { errors, .. }) => (
            errors.iter().map(|e| short(e.headline())).collect(),
            errors
                .iter()
                .filter_map(|e| e.detail.clone().map(short))
                .collect(),
        ),
        Err(other) => panic!("{other}: {}", std::fs::read_to_string(path).unwrap()),
    }
}

/// Line and column behind this text.
fn place_behind(text: &str) -> (usize, usize) {
    let line = text.matches('\n').count() + 1;
    let column = text.len() - text.rfind('\n').map_or(0, |at| at + 1) + 1;
    (line, column)
}

#[test]
fn a_wrong_type_is_reported_with_place_found_and_expected_at_every_key() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for case in all() {
        for (kind, written, shown, hidden) in VALUES {
            if case.key.types == ANY || case.key.types & kind != 0 {
                continue;
            }
            tried += 1;
            let text = format!("{}{written}{}", case.before, case.after);
            let (line, column) = place_behind(&case.before);
            let found = if case.key.secret { hidden } else { shown };
            let expected = format!(
                "FILE:{line}:{column}: \"{}\": found {found}, expected {}",
                case.path, case.key.expected
            );
            let (headlines, details) = said(&text);
            if !details.contains(&expected) {
                wrong.push(format!(
                    "{text}  expected: {expected}\n  got: {details:?}\n  for: {headlines:?}"
                ));
            }
        }
    }
    assert!(tried > 2_000, "{tried}");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn a_right_type_is_no_type_error_at_any_key() {
    for case in all() {
        for (kind, written, ..) in VALUES {
            if case.key.types & kind == 0 {
                continue;
            }
            let text = format!("{}{written}{}", case.before, case.after);
            let (headlines, _) = said(&text);
            for headline in headlines {
                assert!(
                    !headline.contains("interface conversion")
                        && !headline.to_lowercase().contains("unknown field"),
                    "{text}{headline}"
                );
            }
        }
    }
}

/// Values of the right type that make no sense: key, value, what is expected.
const BAD_VALUES: &[(&str, &str)] = &[
    ("listen", "\"nonsense\""),
    ("server_name", "\"a b\""),
    ("max_sub_tokens", "300"),
    ("max_sub_tokens", "0"),
    ("max_control_line", "3000000000"),
    ("max_payload", "3000000000"),
    ("write_deadline", "\"x\""),
    ("write_timeout", "\"never\""),
    ("ping_interval", "\"5 s\""),
    ("lame_duck_duration", "\"5s\""),
    ("lame_duck_grace_period", "\"-5s\""),
    ("trusted_keys", "\"x\""),
    ("resolver", "\"x\""),
    ("operator", "\"none.jwt\""),
    ("authorization.timeout", "\"x\""),
    ("authorization.users[0].nkey", "\"x\""),
    ("authorization.users[0].allowed_connection_types", "\"x\""),
    ("authorization.permissions.publish", "\"a..b\""),
    ("authorization.permissions.subscribe.deny", "\"a b c\""),
    ("authorization.permissions.allow_responses.expires", "\"x\""),
    ("authorization.auth_callout.issuer", "\"x\""),
    ("authorization.auth_callout.xkey", "\"x\""),
    ("accounts.N.nkey", "\"x\""),
    ("accounts.N.jetstream", "\"x\""),
    ("accounts.N.jetstream.cluster_traffic", "\"x\""),
    ("accounts.N.msg_trace", "\"a.*\""),
    ("accounts.N.msg_trace.sampling", "101"),
    ("accounts.N.exports[0].response_type", "\"x\""),
    ("accounts.N.exports[0].response_threshold", "\"x\""),
    ("accounts.N.exports[0].latency.sampling", "0"),
    ("mappings.N", "\"a.{{nonsense()}}\""),
    ("mappings.N.weight", "101"),
    ("proxies.trusted[0].key", "\"x\""),
    ("tls.min_version", "\"1.1\""),
    ("tls.cert_match_by", "\"x\""),
    ("tls.cert_store", "\"x\""),
    ("tls.handshake_first", "\"x\""),
    ("tls.timeout", "\"x\""),
    ("tls.cipher_suites[0]", "\"x\""),
    ("tls.cipher_suites", "[]"),
    ("tls.curve_preferences[0]", "\"x\""),
    ("tls.pinned_certs[0]", "\"x\""),
    ("tls.verify_cert_and_check_known_urls", "true"),
    ("ocsp.mode", "\"x\""),
    ("ocsp_cache.type", "\"x\""),
    ("cluster.name", "\"a b\""),
    ("cluster.name", "\"_\""),
    ("cluster.routes[0]", "\"nats://[\""),
    ("cluster.write_timeout", "\"x\""),
    ("cluster.compression.rtt_thresholds[0]", "\"x\""),
    ("gateway.name", "\"a b\""),
    ("gateway.gateways[0].url", "\"nats://[\""),
    ("leafnodes.min_version", "\"1.0.0\""),
    ("leafnodes.authorization.nkey", "\"x\""),
    ("leafnodes.remotes[0].urls", "\"nats://[\""),
    ("leafnodes.remotes[0].nkey", "\"x\""),
    ("leafnodes.remotes[0].deny_imports", "\"a..b\""),
    ("websocket.handshake_timeout", "\"x\""),
    ("mqtt.max_ack_pending", "70000"),
    ("jetstream", "\"x\""),
    ("jetstream.max_mem_store", "\"12\""),
    ("jetstream.sync_interval", "\"x\""),
    ("jetstream.cipher", "\"x\""),
    ("jetstream.meta_compact", "-1"),
    ("jetstream.meta_compact_size", "-1"),
    ("jetstream.max_concurrent_io", "1"),
    ("jetstream.limits.duplicate_window", "\"x\""),
    ("jetstream.limits.batch.timeout", "\"x\""),
    ("jetstream.tpm.cipher", "\"x\""),
];

#[test]
fn a_wrong_value_is_reported_with_place_found_and_expected() {
    let cases = all();
    for (path, written) in BAD_VALUES {
        let case = cases
            .iter()
            .find(|case| case.path == *path)
            .unwrap_or_else(|| panic!("no key {path}"));
        let text = format!("{}{written}{}", case.before, case.after);
        let (line, column) = place_behind(&case.before);
        let start = format!("FILE:{line}:{column}: \"{path}\": found ");
        let end = format!(", expected {}", case.key.expected);
        let (headlines, details) = said(&text);
        let detail = details
            .iter()
            .find(|detail| detail.starts_with(&start) && detail.ends_with(&end))
            .unwrap_or_else(|| panic!("{text}{start}…{end}\n{details:?}\n{headlines:?}"));
        let hidden = detail.contains("(not shown)");
        assert_eq!(hidden, case.key.secret, "{detail}");
        let value = written.trim_matches('"').replace("[]", "an empty list");
        assert!(hidden || detail.contains(&value), "{detail}");
    }
}

#[test]
fn an_unknown_key_is_reported_with_the_keys_that_there_are() {
    let detail = |text: &str| said(text).1.join("\n");
    assert_eq!(
        detail("max_paylod: \"s3cr3t\""),
        "FILE:1:1: \"max_paylod\": found an unknown key, expected a known one, such as \
         max_payload"
    );
    assert_eq!(
        detail("debug: true\nauthorization {\n  pasword: \"s3cr3t\"\n}"),
        "FILE:3:3: \"authorization.pasword\": found an unknown key, expected one of user, \
         password, token, timeout, users, default_permissions, auth_callout, proxy_required"
    );
}

#[test]
fn a_value_of_a_variable_is_reported_with_both_places() {
    assert_eq!(
        said("P: \"x\"\nport: $P").1,
        [
            "FILE:2:7: \"port\": found the string \"x\" (the variable P of FILE:1:4), expected a \
             port number; -1 is any free port"
        ]
    );
    // PATH is set wherever tests run.
    let text = said("debug: $PATH").1.join("");
    assert!(
        text.starts_with("FILE:1:8: \"debug\": found the string \"")
            && text.ends_with(" (the environment variable PATH), expected true or false"),
        "{text}"
    );
}

#[test]
fn a_value_of_an_included_file_is_reported_there() {
    let included = file("debug: true\nport: [1 ]\n");
    let name = included.file_name().unwrap().to_string_lossy().into_owned();
    let (_, details) = said(&format!("host: \"h\"\ninclude '{name}'\n"));
    std::fs::remove_file(&included).unwrap();
    let expected = format!(
        "{}:2:7: \"port\": found a list with one value, expected a port number; -1 is any free port",
        included.display()
    );
    assert_eq!(details, [expected]);
}

#[test]
fn secrets_are_in_no_line() {
    for text in [
        "authorization { password: [\"s3cr3t\"] }",
        "authorization { token: { a: \"s3cr3t\" } }",
        "authorization: \"s3cr3t\"",
        "authorization { users: \"s3cr3t\" }",
        "authorization { users: { user: u, password: \"s3cr3t\" } }",
        "authorization { users: [\"u:s3cr3t\"] }",
        "authorization { users: [[{user: u, password: \"s3cr3t\"}]] }",
        "accounts { A { users: {password: \"s3cr3t\"} } }",
        "accounts { A { users: [\"u:s3cr3t\"] } }",
        "cluster { routes: [ 1, [\"nats://u:s3cr3t@h:1\"] ] }",
        "cluster { routes: \"nats://u:s3cr3t@h:1\" }",
        "cluster { routes: [\"nats://u:s3cr3t@[\"] }",
        "leafnodes { remotes: [{ urls: [\"nats://u:s3cr3t@[\"] }] }",
        "leafnodes { remotes: [{ urls: {a: \"nats://u:s3cr3t@h\"} }] }",
        "leafnodes { remotes: [{ nkey: \"s3cr3t\" }] }",
        "leafnodes { remotes: [\"nats://u:s3cr3t@h\"] }",
        "leafnodes { authorization { users: [ \"s3cr3t\" ] } }",
        "leafnodes { authorization { users: {password: \"s3cr3t\"} } }",
        "gateway { gateways: [ { url: \"nats://u:s3cr3t@[\" } ] }",
        "gateway { gateways: [ \"nats://u:s3cr3t@[\" ] }",
        "jetstream { key: [\"s3cr3t\"] }",
        "jetstream { tpm { srk_password: [\"s3cr3t\"] } }",
        "websocket { authorization { password: [\"s3cr3t\"] } }",
        "default_sentinel: [\"s3cr3t\"]",
        "pasword: \"s3cr3t\"",
        "S: \"s3cr3t\"\nauthorization { password: [ $S ] }",
    ] {
        let (headlines, details) = said(text);
        assert!(!headlines.is_empty(), "{text}");
        let all = format!("{headlines:?} {details:?}");
        assert!(!all.contains("s3cr3t"), "{text}\n{all}");
    }
}
