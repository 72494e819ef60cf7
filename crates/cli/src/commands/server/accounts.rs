//! `nats server account` (cli.md 7.7).

use super::info::ago;
use crate::bail;
use crate::failure::Result;
use crate::format::{human_duration, join, local_time};
use crate::output::{Columns, Json};
use crate::session::Session;
use crate::system::{Expect, Servers};

const SUBJECT: &str = "$SYS.REQ.SERVER.PING.ACCOUNTZ";
/// Accounts in a list that are shown.
const MOST: usize = 20;
/// Weight of the only target of a mapping, in percent.
const WHOLE: i64 = 100;

/// Shows an account as a server knows it.
pub fn info(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let account = matches.required_arg("account").to_owned();
    let host = matches.filled("host").map(str::to_owned);
    let archive = matches.filled("archive").map(str::to_owned);
    let mut body = Json::object().with("account", account.as_str());
    if let Some(host) = &host {
        body.set("server_name", host.as_str());
    }
    body.set("exact_match", true);
    let system = Servers::of(session)?;
    let answers = system
        .ask(SUBJECT, Some(&body), Expect::Count(1))
        .map_err(|failure| match &system {
            Servers::Live(_) => failure.context(SUBJECT),
            Servers::Stored(_) => failure,
        })?;
    let Some(answer) = answers.into_iter().next() else {
        match (archive, host) {
            (Some(path), Some(host)) => {
                bail!("no captured data for account {account:?} on host {host:?} in {path}")
            }
            (Some(path), None) => bail!("no captured data for account {account:?} in {path}"),
            (None, _) => bail!(
                "no responses received, ensure the account used has system privileges and appropriate permissions"
            ),
        }
    };
    if answer.json.has("error") {
        bail!("{}", answer.json.text("error.description"));
    }
    let detail = answer.json.at("data.account_detail");
    if detail.is_null() {
        bail!("no account information received");
    }
    if session.matches.on("json") {
        detail.print();
    } else {
        show(detail);
    }
    Ok(())
}

fn show(detail: &Json) {
    let updated = detail.text("update_time");
    let name = detail.text("account_name");
    let mut c = Columns::new(format!("Account information for account {name}"));
    c.section("Details");
    c.row("Complete", detail.on("complete").to_string());
    c.row("Expired", detail.on("expired").to_string());
    c.row("System Account", detail.on("is_system").to_string());
    c.row(
        "Updated",
        format!("{} ({} ago)", local_time(updated), ago(updated)),
    );
    c.row("JetStream", detail.on("jetstream_enabled").to_string());
    c.row_filled("Issuer", detail.text("issuer_key"));
    c.row_filled("Tag", detail.text("name_tag"));
    c.row_filled("Tags", join(&detail.texts("tags")));
    let mappings = detail.entries("mappings");
    if !mappings.is_empty() {
        c.section("Mappings");
        for (source, targets) in mappings {
            mapping(&mut c, source, targets.list(""));
        }
    }
    let imports = detail.list("imports");
    if !imports.is_empty() {
        c.section("Imports");
        imports.iter().for_each(|import| imported(&mut c, import));
    }
    let exports = detail.list("exports");
    if !exports.is_empty() {
        c.section("Exports");
        exports.iter().for_each(|export| exported(&mut c, export));
    }
    let responses = detail.entries("responses");
    if !responses.is_empty() {
        c.section("Responses");
        for (_, import) in responses {
            imported(&mut c, import);
        }
    }
    let revoked = detail.entries("revoked_user");
    if !revoked.is_empty() {
        c.section("Revoked Users");
        for (user, time) in revoked {
            let time = time.as_text().unwrap_or_default();
            c.row(user, format!("{} ({} ago)", local_time(time), ago(time)));
        }
    }
    c.print();
}

fn mapping(c: &mut Columns, source: &str, targets: &[Json]) {
    if targets.is_empty() {
        return;
    }
    c.indent(2);
    c.text(source);
    c.indent(4);
    for target in targets {
        let mut parts = vec![target.text("subject").to_owned()];
        if !target.text("cluster").is_empty() {
            parts.push(format!("in cluster {}", target.text("cluster")));
        }
        if target.int("weight") != WHOLE {
            parts.push(format!("with weight {}", target.int("weight")));
        }
        c.row("Destination", join(&parts));
    }
    c.indent(0);
    c.text("");
}

fn imported(c: &mut Columns, import: &Json) {
    let remote = import.text("subject");
    let (local, remote) = match import.text("local_subject") {
        "" => (remote, ""),
        local if local == remote => (local, ""),
        local => (local, remote),
    };
    if local.is_empty() {
        return;
    }
    if import.on("invalid") {
        c.row("Invalid", "true");
    }
    let mut subject = local.to_owned();
    if !remote.is_empty() {
        subject.push_str(&format!(" from subject {remote}"));
    }
    let account = import.text("account");
    if !account.is_empty() {
        let word = if remote.is_empty() { "from" } else { "in" };
        subject.push_str(&format!(" {word} account {account}"));
    }
    c.row("Subject", subject);
    c.row("Type", import.text("type"));
    c.row_filled("Name", import.text("name"));
    c.row("Sharing", import.on("share").to_string());
    let tracking = import.on("tracking");
    let headers = import.entries("tracking_header");
    if headers.is_empty() {
        c.row("Tracking", tracking.to_string());
    } else {
        let headers: Vec<String> = headers
            .iter()
            .map(|(name, values)| format!("{name}:[{}]", values.texts("").join(" ")))
            .collect();
        c.row(
            "Tracking",
            format!("{tracking} header map[{}]", headers.join(" ")),
        );
    }
    c.text("");
}

fn exported(c: &mut Columns, export: &Json) {
    c.row("Subject", export.text("subject"));
    c.row("Type", export.text("type"));
    c.row("Tokens Required", export.on("token_req").to_string());
    c.row("Response Type", export.text("response_type"));
    let threshold = export.int("response_threshold");
    if threshold > 0 {
        c.row("Response Threshold", human_duration(threshold));
    }
    c.row_filled("Description", export.text("description"));
    c.row_filled("Info URL", export.text("info_url"));
    c.row_filled("Name", export.text("name"));
    let position = export.int("account_token_position");
    if position > 0 {
        c.row("Account Token Pos", position.to_string());
    }
    let approved = export.texts("approved_accounts");
    if !approved.is_empty() {
        c.row("Accounts", head_of_list(approved.len()));
        for account in approved.iter().take(MOST) {
            c.row("", account.as_str());
        }
    }
    let revoked = export.entries("revocations");
    if !revoked.is_empty() {
        c.row("Revocations", head_of_list(revoked.len()));
        c.text("");
        for (account, _) in revoked.iter().take(MOST) {
            c.row("", account.as_str());
        }
    }
    c.text("");
}

/// What stands before a list that may be too long.
fn head_of_list(count: usize) -> String {
    if count > MOST {
        format!("Rendering {MOST}/{count} use --json for the full list")
    } else {
        String::new()
    }
}

/// Removes all JetStream data of an account.
pub fn purge(session: &mut Session) -> Result<()> {
    let account = session.matches.required_arg("account").to_owned();
    if !session.context()?.record.jetstream_domain.is_empty() {
        bail!(
            "the --js-domain option cannot be used with account purge: JetStream domains do not apply to the system \
             account, connect without a domain configured"
        );
    }
    if !session.matches.on("force") {
        println!(
            "This operation deletes all data from the {account} account and cannot be reversed.\n"
        );
        let question = format!("Really purge account {account}");
        if !session.prompt().confirm(&question, false)? {
            return Ok(());
        }
    }
    let api = session.management()?;
    let answer = api.request(&format!("ACCOUNT.PURGE.{account}"), &Json::Null)?;
    if !answer.on("initiated") {
        bail!("unknown error while purging the account");
    }
    if session.matches.on("json") {
        Json::object().with("initiated", true).print();
    } else {
        println!("Purge operation on account {account} initiated");
    }
    Ok(())
}
