//! Whether the exports and imports of all accounts fit together
//! (configuration.md 3.7, security.md 7.1 and 8.1).

use midge_subject::{Transform, covers, has_wildcard, is_publishable, overlaps};

use super::report::{Report, problem, shown_at};
use super::subjects;
use crate::go_text::quote;
use crate::lang::Node;
use crate::options::{Account, Export, Import, Options, ResponseType, ShareKind};

/// Accounts a cycle search walks through, at most.
const MAX_CYCLE_DEPTH: usize = 1024;

/// Checks everything; problems are shown at the place of the `accounts` key.
pub(crate) fn check(report: &mut Report, options: &Options, node: &Node) {
    let mut exports_are_good = true;
    let accounts = &options.accounts;
    for kind in [ShareKind::Stream, ShareKind::Service] {
        for account in accounts {
            for export in account.exports.iter().filter(|e| e.kind == kind) {
                if let Err(text) = check_export(accounts, account, export) {
                    let at = account.exports.iter().position(|e| std::ptr::eq(e, export));
                    complain(report, node, account, "exports", at, text);
                    exports_are_good = false;
                }
            }
        }
    }
    // What is not exported cannot be imported: one error is enough.
    if !exports_are_good {
        return;
    }
    // Imports in the order they come into force: those before count for cycles.
    let mut done: Vec<(&str, &Import)> = Vec::new();
    for kind in [ShareKind::Stream, ShareKind::Service] {
        for account in accounts {
            for import in account.imports.iter().filter(|i| i.kind == kind) {
                match check_import(accounts, &done, account, import) {
                    Ok(()) => done.push((&account.name, import)),
                    Err(text) => {
                        let at = account.imports.iter().position(|i| std::ptr::eq(i, import));
                        complain(report, node, account, "imports", at, text);
                    }
                }
            }
        }
    }
}

/// An error of an entry, shown at the place of `accounts`.
fn complain(
    report: &mut Report,
    accounts: &Node,
    account: &Account,
    list: &str,
    at: Option<usize>,
    text: String,
) {
    let entry = entry(accounts, &account.name, list, at.unwrap_or_default());
    let problem = problem(entry.unwrap_or(accounts), text);
    report.errors.push(shown_at(problem, accounts));
}

/// The place of an export or import in the file. Entries that name neither a
/// stream nor a service mean nothing and are not counted.
fn entry<'n>(accounts: &'n Node, account: &str, list: &str, at: usize) -> Option<&'n Node> {
    let account = accounts.map().ok()?.get(account)?;
    let items = account.map().ok()?.get_any_case(&[list])?.items().ok()?;
    let counts = |item: &&Node| {
        let map = item.map().ok();
        map.is_some_and(|map| map.get_any_case(&["stream", "service"]).is_some())
    };
    items.iter().filter(counts).nth(at)
}

fn word(kind: ShareKind) -> &'static str {
    match kind {
        ShareKind::Stream => "stream",
        ShareKind::Service => "service",
    }
}

fn check_export(accounts: &[Account], account: &Account, export: &Export) -> Result<(), String> {
    let what = word(export.kind);
    for name in export.accounts.iter().flatten() {
        if !accounts.iter().any(|known| known.name == *name) {
            return Err(format!(
                "{} account not defined for {what} export",
                quote(name)
            ));
        }
    }
    if export.account_token_position > 0 {
        let position = export.account_token_position as usize;
        let token = export.subject.split('.').nth(position - 1);
        if !subjects::is_valid(&export.subject) || token != Some("*") {
            return Err(format!(
                "Error adding {what} export {}: sublist: invalid subject",
                quote(&export.subject)
            ));
        }
    }
    let Some(latency) = &export.latency else {
        return Ok(());
    };
    let reason = if export.response != ResponseType::Singleton {
        "bad service response type"
    } else if !is_publishable(latency.subject.as_bytes())
        || !subjects::is_valid_literal(&latency.subject)
        || account.exports.iter().any(|other| {
            other.kind == ShareKind::Service
                && overlaps(other.subject.as_bytes(), latency.subject.as_bytes())
        })
    {
        "invalid publish subject"
    } else {
        return Ok(());
    };
    Err(format!(
        "Error adding service latency sampling for {} on subject {}: {reason}",
        quote(&export.subject),
        quote(&latency.subject)
    ))
}

fn check_import(
    accounts: &[Account],
    done: &[(&str, &Import)],
    account: &Account,
    import: &Import,
) -> Result<(), String> {
    let what = word(import.kind);
    let Some(exporter) = accounts.iter().find(|a| a.name == import.account) else {
        return Err(format!(
            "{} account not defined for {what} import",
            quote(&import.account)
        ));
    };
    let failed = |reason: String| {
        format!(
            "Error adding {what} import {}: {reason}",
            quote(&import.subject)
        )
    };
    let valid = subjects::is_valid(&import.subject);
    if import.kind == ShareKind::Service && !valid {
        return Err(failed("sublist: invalid subject".to_owned()));
    }
    if !valid || !authorized(exporter, account, import) {
        return Err(failed(format!("{what} import not authorized")));
    }
    if let Some(prefix) = &import.prefix
        && has_wildcard(prefix.as_bytes())
    {
        return Err(failed(
            "stream import prefix can not contain wildcard tokens".to_owned(),
        ));
    }
    let mut path = vec![account.name.as_str()];
    match cycle(
        done,
        account,
        &import.account,
        &import.subject,
        import.kind,
        &mut path,
    ) {
        Some(reason) => return Err(failed(reason.to_owned())),
        None => check_transform(import).map_err(failed)?,
    }
    let already = done.iter().any(|(owner, other)| {
        *owner == account.name
            && other.kind == import.kind
            && other.account == import.account
            && other.subject == import.subject
            && other.to == import.to
            && other.prefix == import.prefix
    });
    if already && import.kind == ShareKind::Stream {
        return Err(failed("stream import already exists".to_owned()));
    }
    Ok(())
}

/// Some export of the account covers the import and is meant for the importer.
fn authorized(exporter: &Account, importer: &Account, import: &Import) -> bool {
    let may = |export: &Export| {
        if export.account_token_position > 0 {
            let position = export.account_token_position as usize;
            let token = import.subject.split('.').nth(position - 1);
            return token == Some(importer.name.as_str());
        }
        export
            .accounts
            .as_ref()
            .is_none_or(|names| names.contains(&importer.name))
    };
    let exports = || exporter.exports.iter().filter(|e| e.kind == import.kind);
    if let Some(exact) = exports().rfind(|export| export.subject == import.subject) {
        return may(exact);
    }
    exports()
        .any(|export| covers(export.subject.as_bytes(), import.subject.as_bytes()) && may(export))
}

/// The local subject of an import.
fn local(import: &Import) -> String {
    match (&import.to, &import.prefix) {
        (Some(to), _) => to.clone(),
        (None, Some(prefix)) => format!("{}.{}", prefix.trim_end_matches('.'), import.subject),
        (None, None) => import.subject.clone(),
    }
}

/// Follows imports from `from` on `subject` and sees whether they lead back.
fn cycle<'a>(
    done: &[(&'a str, &'a Import)],
    start: &Account,
    from: &'a str,
    subject: &str,
    kind: ShareKind,
    path: &mut Vec<&'a str>,
) -> Option<&'static str> {
    if path.len() > MAX_CYCLE_DEPTH {
        return Some("search cycle depth exhausted");
    }
    for (owner, import) in done {
        if *owner != from || import.kind != kind || *owner == import.account {
            continue;
        }
        let pattern = untransformed(&local(import));
        if !overlaps(pattern.as_bytes(), subject.as_bytes()) {
            continue;
        }
        if import.account == start.name {
            return Some("import forms a cycle");
        }
        if path.contains(&import.account.as_str()) {
            continue;
        }
        path.push(&import.account);
        if let Some(found) = cycle(done, start, &import.account, &import.subject, kind, path) {
            return Some(found);
        }
    }
    None
}

/// A local subject with its wildcard references as wildcards.
fn untransformed(subject: &str) -> String {
    let tokens: Vec<&str> = subject
        .split('.')
        .map(|token| {
            let reference = token.starts_with('$')
                && token.len() > 1
                && token[1..].bytes().all(|b| b.is_ascii_digit());
            if reference || token.starts_with("{{") {
                "*"
            } else {
                token
            }
        })
        .collect();
    tokens.join(".")
}

fn check_transform(import: &Import) -> Result<(), String> {
    let Some(to) = &import.to else {
        return Ok(());
    };
    if *to == import.subject {
        return Ok(());
    }
    let source_wild = has_wildcard(import.subject.as_bytes());
    if !source_wild && subjects::is_valid_literal(to) {
        return Ok(());
    }
    let (from_shown, to_shown) = match import.kind {
        ShareKind::Stream => (&import.subject, to),
        ShareKind::Service => (to, &import.subject),
    };
    // Wildcards in the local subject stand for those of the remote one in order.
    let mut next = 0;
    let tokens: Vec<String> = to
        .split('.')
        .map(|token| {
            if token == "*" {
                next += 1;
                format!("${next}")
            } else {
                token.to_owned()
            }
        })
        .collect();
    Transform::strict(&import.subject, &tokens.join("."))
        .map(|_| ())
        .map_err(|error| {
            format!(
                "failed to create mapping transform for {} import subject from {} to {}: {error}",
                word(import.kind),
                quote(from_shown),
                quote(to_shown)
            )
        })
}
