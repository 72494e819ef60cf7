//! What servers ask of the exports and imports of an account (security.md
//! 11.3): a token that breaks a rule would be refused by all of them.

use midge_subject::{covers, has_wildcard, is_valid_subscription_subject, token_count, tokens};

use crate::bail;
use crate::failure::Result;
use crate::output::Json;

/// Whether an export or import is of a service.
pub fn is_service(share: &Json) -> bool {
    share.text("type") == "service"
}

/// Subject of an import in the account that imports.
pub fn local_subject(import: &Json) -> String {
    let (subject, to) = (import.text("subject"), import.text("to"));
    match import.text("local_subject") {
        "" if to.is_empty() || is_service(import) => subject.to_owned(),
        "" => format!("{to}.{subject}"),
        local => local.to_owned(),
    }
}

/// Subject of an import in the account that exports.
pub fn remote_subject(import: &Json) -> &str {
    match import.text("to") {
        "" => import.text("subject"),
        to if is_service(import) => to,
        _ => import.text("subject"),
    }
}

/// Fails unless the subject is one.
pub fn check_subject(subject: &str) -> Result<()> {
    if subject.is_empty() {
        bail!("subject cannot be empty");
    }
    if subject.contains(' ') {
        bail!("subject {subject:?} cannot have spaces");
    }
    if subject.starts_with('.') || subject.ends_with('.') {
        bail!("subject {subject:?} cannot start or end with a `.`");
    }
    if subject.contains("..") {
        bail!("subject {subject:?} cannot contain consecutive `.`");
    }
    if !is_valid_subscription_subject(subject.as_bytes()) {
        bail!("subject {subject:?} is not valid");
    }
    Ok(())
}

/// Fails unless an account may have these exports.
pub fn check_exports(exports: &[Json], limits: &Json) -> Result<()> {
    if is_above(exports.len(), limits.int("exports")) {
        bail!("the account contains more exports than allowed by the operator");
    }
    for (at, export) in exports.iter().enumerate() {
        let subject = export.text("subject");
        check_subject(subject)?;
        if !limits.on("wildcards") && has_wildcard(subject.as_bytes()) {
            bail!("the account contains wildcard exports that are not allowed by the operator");
        }
        check_token_position(subject, export.int("account_token_position"))?;
        check_texts(export)?;
        let before = exports.get(..at).unwrap_or_default();
        for other in before {
            let other_subject = other.text("subject");
            if other.text("type") != export.text("type") {
                continue;
            }
            for (wide, narrow) in [(subject, other_subject), (other_subject, subject)] {
                if covers(wide.as_bytes(), narrow.as_bytes()) {
                    bail!(
                        "{} export subject {wide:?} already exports {narrow:?}",
                        export.text("type")
                    );
                }
            }
        }
    }
    Ok(())
}

/// Whether there are more than a limit allows; -1 is none.
fn is_above(count: usize, limit: i64) -> bool {
    usize::try_from(limit).is_ok_and(|limit| count > limit)
}

/// Bytes of a description or URL at most.
const MAX_TEXT: usize = 8192;

fn check_texts(export: &Json) -> Result<()> {
    if export.text("description").len() > MAX_TEXT {
        bail!("Description is too long");
    }
    let url = export.text("info_url");
    if url.len() > MAX_TEXT {
        bail!("Info URL is too long");
    }
    let has_host = url.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty() && !rest.starts_with('/') && !rest.is_empty()
    });
    if !url.is_empty() && !has_host {
        bail!("error parsing info url: no hostname or scheme");
    }
    Ok(())
}

fn check_token_position(subject: &str, position: i64) -> Result<()> {
    if position == 0 {
        return Ok(());
    }
    if !has_wildcard(subject.as_bytes()) {
        bail!("Account Token Position can only be used with wildcard subjects: {subject}");
    }
    let token = usize::try_from(position)
        .ok()
        .and_then(|position| subject.split('.').nth(position.checked_sub(1)?));
    match token {
        Some("*") => Ok(()),
        Some(token) => bail!(
            "Account Token Position {position} matches '{token}' but must match a * in: {subject}"
        ),
        None => bail!("Account Token Position {position} exceeds length of subject '{subject}'"),
    }
}

/// Fails unless an account may have these imports.
pub fn check_imports(imports: &[Json], limits: &Json) -> Result<()> {
    if is_above(imports.len(), limits.int("imports")) {
        bail!("the account contains more imports than allowed by the operator");
    }
    for (at, import) in imports.iter().enumerate() {
        let subject = import.text("subject");
        check_subject(subject)?;
        if import.text("account").is_empty() {
            bail!("account to import from is not specified");
        }
        let local = import.text("local_subject");
        if !local.is_empty() {
            if !import.text("to").is_empty() {
                bail!("Local Subject replaces To");
            }
            check_renaming(local, subject)?;
        }
        if is_service(import) {
            if import.on("allow_trace") {
                bail!("AllowTrace only valid for stream import");
            }
            check_overlap(import, imports.get(..at).unwrap_or_default())?;
        } else if import.on("share") {
            bail!(
                "sharing information (for latency tracking) is only valid for services: {subject:?}"
            );
        }
    }
    Ok(())
}

/// Services of one account need local subjects that are apart.
fn check_overlap(import: &Json, others: &[Json]) -> Result<()> {
    let subject = pattern_of(&local_subject(import));
    let account = import.text("account");
    for other in others {
        let known = pattern_of(&local_subject(other));
        if is_service(other)
            && other.text("account") == account
            && (covers(known.as_bytes(), subject.as_bytes())
                || covers(subject.as_bytes(), known.as_bytes()))
        {
            bail!(
                "overlapping subject namespace for {subject:?} and {known:?} in same account {account:?}"
            );
        }
    }
    Ok(())
}

/// The number of a reference such as `$2`.
fn reference(token: &str) -> Option<usize> {
    token.strip_prefix('$')?.parse().ok()
}

/// A local subject with a wildcard in place of each reference.
fn pattern_of(local: &str) -> String {
    let tokens: Vec<&str> = local
        .split('.')
        .map(|token| reference(token).map_or(token, |_| "*"))
        .collect();
    tokens.join(".")
}

/// Fails unless `local` has as many wildcards as `subject`, itself or as
/// references.
fn check_renaming(local: &str, subject: &str) -> Result<()> {
    check_subject(local)?;
    let is_open = |text: &str| text == ">" || text.ends_with(".>");
    if is_open(local) != is_open(subject) {
        bail!("both, renaming subject and subject, need to end or not end in >");
    }
    let wildcards = tokens(subject.as_bytes())
        .filter(|token| *token == b"*")
        .count();
    let mut found = 0;
    for token in local.split('.') {
        match reference(token) {
            Some(number) if number > wildcards || number == 0 => {
                bail!(
                    "Reference {token} in {local:?} reference * in {subject:?} that do not exist"
                );
            }
            Some(_) => found += 1,
            None if token == "*" => found += 1,
            None => {}
        }
    }
    if found != wildcards {
        bail!("subject does not contain enough * or reference wildcards $[0-9]");
    }
    debug_assert!(found <= token_count(local.as_bytes()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn published_accounts_keep_the_rules() {
        let vectors = json(include_str!("../../../tests/data/jwt-vectors.json"));
        let limits = json(r#"{"exports":-1,"imports":-1,"wildcards":true}"#);
        let mut seen = 0;
        for (name, account) in vectors.entries("accounts") {
            let claims = crate::jwt::Claims::decode(account.text("jwt")).unwrap();
            let (exports, imports) = (claims.nats().list("exports"), claims.nats().list("imports"));
            seen += exports.len() + imports.len();
            check_exports(exports, &limits).unwrap_or_else(|why| panic!("{name}: {why}"));
            check_imports(imports, &limits).unwrap_or_else(|why| panic!("{name}: {why}"));
        }
        assert!(seen > 10);
    }

    #[test]
    fn subjects_of_an_import_are_those_of_both_sides() {
        for (import, local, remote) in [
            (r#"{"subject":"a.b","type":"stream"}"#, "a.b", "a.b"),
            (
                r#"{"subject":"a","local_subject":"x","type":"service"}"#,
                "x",
                "a",
            ),
            (r#"{"subject":"a","to":"p","type":"stream"}"#, "p.a", "a"),
            (r#"{"subject":"a","to":"p","type":"service"}"#, "a", "p"),
        ] {
            let import = json(import);
            assert_eq!(local_subject(&import), local);
            assert_eq!(remote_subject(&import), remote);
        }
    }

    fn export_error(exports: &str, limits: &str) -> String {
        let why = check_exports(json(exports).list(""), &json(limits)).unwrap_err();
        why.to_string()
    }

    #[test]
    fn exports_are_checked() {
        let open = r#"{"exports":-1,"wildcards":true}"#;
        assert_eq!(
            export_error(
                r#"[{"subject":"a.>","type":"service"},{"subject":"a.b","type":"service"}]"#,
                open
            ),
            r#"service export subject "a.>" already exports "a.b""#
        );
        for (subject, position, why) in [
            (
                "a.b",
                1,
                "Account Token Position can only be used with wildcard subjects: a.b",
            ),
            (
                "a.*",
                3,
                "Account Token Position 3 exceeds length of subject 'a.*'",
            ),
            (
                "a.*",
                1,
                "Account Token Position 1 matches 'a' but must match a * in: a.*",
            ),
        ] {
            let export = format!(
                r#"[{{"subject":"{subject}","type":"stream","account_token_position":{position}}}]"#
            );
            assert_eq!(export_error(&export, open), why);
        }
        for url in ["x", "http:x", "http://"] {
            let export = format!(r#"[{{"subject":"a","info_url":"{url}"}}]"#);
            assert!(export_error(&export, open).contains("no hostname or scheme"));
        }
        assert!(export_error(r#"[{"subject":"a"}]"#, r#"{"exports":0}"#).contains("more exports"));
        assert!(export_error(r#"[{"subject":"*"}]"#, r#"{"exports":-1}"#).contains("wildcard"));
        for wrong in ["", "a b", ".a", "a..b", "a.>.b"] {
            assert!(check_subject(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn imports_are_checked() {
        let limits = json(r#"{"imports":2}"#);
        let why = |imports: &str| {
            check_imports(json(imports).list(""), &limits)
                .err()
                .map(|why| why.to_string())
        };
        let one = |rest: &str| why(&format!(r#"[{{"account":"A",{rest}}}]"#)).unwrap_or_default();
        assert_eq!(one(r#""subject":"a.*.*","local_subject":"x.$2.$1""#), "");
        assert_eq!(one(r#""subject":"a.>","local_subject":"x.>""#), "");
        assert_eq!(one(r#""subject":"a.*","local_subject":"$SYS.*""#), "");
        assert!(one(r#""subject":"a.>","local_subject":"x""#).contains("need to end"));
        for (subject, local) in [("a.*", "x"), ("a.*", "x.$1.$1"), ("a", "x.*")] {
            let import = format!(r#""subject":"{subject}","local_subject":"{local}""#);
            assert!(one(&import).contains("not contain enough"), "{import}");
        }
        assert_eq!(
            one(r#""subject":"a.*","local_subject":"x.$2""#),
            r#"Reference $2 in "x.$2" reference * in "a.*" that do not exist"#
        );
        assert!(one(r#""subject":"a","share":true,"type":"stream""#).contains("for services"));
        assert!(one(r#""subject":"a","allow_trace":true,"type":"service""#).contains("AllowTrace"));
        assert!(
            why(r#"[{"subject":"a"}]"#)
                .unwrap()
                .contains("not specified")
        );
        let overlap = r#"[{"account":"A","subject":"a.*","local_subject":"x.$1","type":"service"},
                          {"account":"A","subject":"b","local_subject":"x.b","type":"service"}]"#;
        assert_eq!(
            why(overlap).unwrap(),
            r#"overlapping subject namespace for "x.b" and "x.*" in same account "A""#
        );
        assert_eq!(why(&overlap.replacen("\"A\"", "\"B\"", 1)), None);
    }
}
