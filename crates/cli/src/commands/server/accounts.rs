//! `nats server account` (cli.md 7.7).

use super::info::ago;
use crate::bail;
use crate::failure::Result;
use crate::format::{join, local_time};
use crate::output::{Columns, Json};
use crate::session::Session;
use crate::system::{Expect, NO_RESULTS, Servers};

/// Shows an account as a server knows it.
pub fn info(session: &mut Session) -> Result<()> {
    let account = session.matches.required_arg("account").to_owned();
    let mut body = Json::object().with("account", account.as_str());
    if let Some(host) = session.matches.filled("host") {
        body.set("server_name", host);
        body.set("exact_match", true);
    }
    let system = Servers::of(session)?;
    let answers = system.ask(
        "$SYS.REQ.SERVER.PING.ACCOUNTZ",
        Some(&body),
        Expect::Count(1),
    )?;
    let Some(answer) = answers.into_iter().next() else {
        bail!("{NO_RESULTS}");
    };
    if answer.json.has("error") {
        bail!("{}", answer.json.text("error.description"));
    }
    let detail = answer.json.at("data.account_detail");
    if session.matches.on("json") {
        detail.print();
    } else {
        show(&account, detail);
    }
    Ok(())
}

fn show(account: &str, detail: &Json) {
    let updated = detail.text("update_time");
    let mut c = Columns::new(format!("Account information for account {account}"));
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
            let targets: Vec<String> = targets
                .list("")
                .iter()
                .map(|target| {
                    let cluster = match target.text("cluster") {
                        "" => String::new(),
                        cluster => format!(" in cluster {cluster}"),
                    };
                    format!(
                        "{} weight {}{cluster}",
                        target.text("subject"),
                        target.int("weight")
                    )
                })
                .collect();
            c.rows(source, &targets);
        }
    }
    for (title, key) in [("Imports", "imports"), ("Exports", "exports")] {
        let entries = detail.list(key);
        if entries.is_empty() {
            continue;
        }
        c.section(title);
        for entry in entries {
            let from = match entry.text("account") {
                "" => String::new(),
                account => format!(" from account {account}"),
            };
            let local = match entry.text("local_subject") {
                "" => String::new(),
                local => format!(" as {local}"),
            };
            c.row(
                entry.text("subject"),
                format!("{}{from}{local}", entry.text("type")),
            );
        }
    }
    let responses = detail.entries("responses");
    if !responses.is_empty() {
        c.section("Responses");
        for (subject, import) in responses {
            c.row(subject, import.text("subject"));
        }
    }
    let revoked = detail.entries("revoked_user");
    if !revoked.is_empty() {
        c.section("Revoked Users");
        for (user, time) in revoked {
            c.row(user, local_time(time.as_text().unwrap_or_default()));
        }
    }
    c.print();
    println!();
}

/// Removes all JetStream data of an account.
pub fn purge(session: &mut Session) -> Result<()> {
    let account = session.matches.required_arg("account").to_owned();
    if !session.matches.on("force") {
        println!(
            "WARNING: This will remove all streams and consumers of account {account} and their data\n"
        );
        if !session
            .prompt()
            .confirm_action(&format!("Really purge account {account}"))?
        {
            return Ok(());
        }
    }
    let api = session.jetstream()?;
    let answer = api.request(&format!("ACCOUNT.PURGE.{account}"), &Json::Null)?;
    if !answer.on("initiated") {
        bail!("purge operation on account {account} could not be initiated");
    }
    let answer = Json::object().with("initiated", true);
    if session.matches.on("json") {
        answer.print();
    } else {
        println!("Purge operation on account {account} initiated");
    }
    Ok(())
}
