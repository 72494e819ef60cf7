//! What users may do: limits and permissions, of a user or of a role.

use crate::format::{commas, join};
use crate::output::{Columns, Json};
use crate::session::Session;

/// A list as JSON.
pub fn texts(list: &[String]) -> Json {
    Json::List(list.iter().map(|text| Json::from(text.as_str())).collect())
}

/// A limit; -1 is none.
pub fn count(value: i64) -> String {
    match value {
        -1 => "unlimited".to_owned(),
        value => commas(value),
    }
}

/// Puts what the flags say into a new user or role, or what was given into
/// one that is there.
pub fn apply(nats: &mut Json, session: &Session, is_new: bool) {
    let matches = &session.matches;
    for (key, list, flag) in [
        ("pub", "allow", "pub-allow"),
        ("pub", "deny", "pub-deny"),
        ("sub", "allow", "sub-allow"),
        ("sub", "deny", "sub-deny"),
    ] {
        let mut rules = nats.at(key).clone();
        match matches.list(flag) {
            [] => continue,
            // A single empty value takes the list away.
            [only] if only.is_empty() => {
                rules.remove(list);
            }
            subjects => {
                rules.set(list, texts(subjects));
            }
        }
        nats.set(key, rules);
    }
    for (flag, key) in [
        ("subscriptions", "subs"),
        ("data", "data"),
        ("payload", "payload"),
    ] {
        let known = matches
            .declared_flags()
            .iter()
            .any(|known| known.name == flag && known.kind == crate::model::Kind::Int64);
        if known && (is_new || matches.given(flag)) {
            nats.set(key, matches.int(flag));
        }
    }
    if matches.given("bearer") {
        nats.set("bearer_token", matches.on("bearer"));
    }
    if matches.given("locale") {
        nats.set("times_location", matches.text("locale").unwrap_or_default());
    }
}

/// Shows limits and permissions.
pub fn show(limits: &Json, c: &mut Columns) {
    c.row_filled("Locale", limits.text("times_location"));
    c.row("Bearer Token", limits.on("bearer_token").to_string());
    c.section("Limits");
    c.row("Max Payload", count(limits.int("payload")));
    c.row("Max Data", count(limits.int("data")));
    c.row("Max Subscriptions", count(limits.int("subs")));
    c.row_filled(
        "Connection Types",
        join(&limits.texts("allowed_connection_types")),
    );
    c.row_filled("Connection Sources", join(&limits.texts("src")));
    let mut times: Vec<String> = limits
        .list("times")
        .iter()
        .map(|range| format!("{} to {}", range.text("start"), range.text("end")))
        .collect();
    times.sort();
    c.rows("Connection Times", &times);
    c.section("Permissions");
    c.indent(2);
    for (title, key) in [("Publish", "pub"), ("Subscribe", "sub")] {
        c.section(title);
        let lists = ["allow", "deny"].map(|list| {
            let mut subjects = limits.at(key).texts(list);
            subjects.sort();
            subjects
        });
        if lists.iter().all(Vec::is_empty) {
            c.text("No permissions defined");
        }
        for (label, subjects) in ["Allow", "Deny"].into_iter().zip(lists) {
            c.rows(label, &subjects);
        }
    }
    c.indent(0);
}
