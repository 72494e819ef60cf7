//! `nats auth account push`, `query`: accounts in the resolvers of servers
//! (cli.md 8.2).

use std::ops::ControlFlow;
use std::path::Path;

use super::account::{named, show};
use super::store::{Entity, Store, pick_account_or_key, pick_operator};
use crate::bail;
use crate::context::write_whole;
use crate::failure::Result;
use crate::jwt::Claims;
use crate::output::Json;
use crate::output::style::Color;
use crate::session::Session;
use crate::system::{Expect, System};

/// Sends an account to the servers.
pub fn push(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let (operator, account) = named(session, &store)?;
    let token = store.account_token(&operator.name, &account.name)?;
    if session.matches.on("show") {
        println!("Account JWT for {}\n\n{token}\n", account.name);
    }
    let subject = account.claims.subject();
    let system = System::of(session)?;
    // Who may not ask for the number may not change an account either, which
    // the answers will say.
    let expect = system.servers().unwrap_or(Expect::Quiet);
    let name = &account.name;
    match expect {
        Expect::Count(count) => {
            println!("Updating account {name} ({subject}) on {count} server(s)\n");
        }
        Expect::Quiet => println!("Updating Account {name} ({subject}) on all servers\n"),
    }
    let (mut good, mut bad) = (0, 0);
    let update = format!("$SYS.REQ.ACCOUNT.{subject}.CLAIMS.UPDATE");
    system.exchange(&update, &token, expect, |answer, _| {
        match outcome(&answer) {
            Ok(server) => {
                good += 1;
                println!("{} Update completed on {server}", Color::Green.paint("✓"));
            }
            Err(why) => {
                bad += 1;
                println!("{} {why}", Color::Red.paint("X"));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let (of, expected) = match expect {
        Expect::Count(count) => (format!("/{count}"), count),
        Expect::Quiet => (String::new(), good + bad),
    };
    match expect {
        Expect::Count(count) => println!("\nSuccess {good} Failed {bad} Expected {count}"),
        Expect::Quiet => println!("\nSuccess {good} Failed {bad}"),
    }
    if bad > 0 {
        bail!("update failed on {bad}{of} servers");
    }
    if good == 0 {
        bail!("no servers were updated");
    }
    if good != expected {
        bail!("received updated from only {good} out of {expected} servers");
    }
    Ok(())
}

/// Name of the server that has taken an account, or why it has not.
fn outcome(answer: &[u8]) -> std::result::Result<String, String> {
    let json = Json::parse(answer).map_err(|error| {
        let text = String::from_utf8_lossy(answer);
        format!("Invalid JSON response received: {error}: {text}")
    })?;
    let server = json.text("server.name");
    if json.has("error") {
        let why = json.text("error.description");
        return Err(format!("Update failed on {server}: {why}"));
    }
    Ok(server.to_owned())
}

/// Gets an account from the servers.
pub fn query(session: &mut Session) -> Result<()> {
    session.requester()?;
    let store = Store::open()?;
    let operator = pick_operator(session, &store, session.matches.flag_or_arg("operator"))?;
    let account = pick_account_or_key(
        session,
        &store,
        &operator.name,
        session.matches.required_arg("account"),
        "Select an Account",
    )?;
    let lookup = format!(
        "$SYS.REQ.ACCOUNT.{}.CLAIMS.LOOKUP",
        account.claims.subject()
    );
    let mut token = String::new();
    System::of(session)?.exchange(&lookup, "{}", Expect::Count(1), |answer, _| {
        token = String::from_utf8_lossy(&answer).into_owned();
        Ok(ControlFlow::Continue(()))
    })?;
    if token.is_empty() {
        bail!("did not receive a valid token from the server");
    }
    if let Some(path) = session
        .matches
        .arg("output")
        .filter(|path| !path.is_empty())
    {
        write_whole(Path::new(path), token.as_bytes(), 0o600)?;
    }
    let claims = Claims::decode(&token)?;
    let account = Entity {
        name: claims.name().to_owned(),
        claims,
    };
    // Whose account it is may not be known here.
    show(&store, None, &account);
    Ok(())
}
