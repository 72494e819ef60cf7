//! `nats server generate` (cli.md 7.7): configurations of servers, made from a
//! bundle of questions and templates.
//!
//! | file | what |
//! | --- | --- |
//! | `bundle` | bundles: those built in, and those in directories |
//! | `form` | the questions and their answers |
//! | `render` | templates with the answers, written to the target |
//!
//! A bundle is a directory: `bundle.yaml` tells what it is, `form.yaml` asks,
//! and the files below `scaffold/` are templates of the files to write.

mod bundle;
mod form;
mod render;

use std::path::Path;

use crate::commands::auth::store::{Store, pick_operator};
use crate::failure::Result;
use crate::output::{Json, terminal};
use crate::session::Session;
use crate::{bail, fail};

use bundle::Bundle;

/// Generates a configuration.
pub fn generate(session: &mut Session) -> Result<()> {
    let target = session.matches.required_arg("target").to_owned();
    let directory = Path::new(&target);
    if directory.exists() {
        bail!("target directory {target} already exist");
    }
    let bundles = match session.matches.filled("source") {
        Some(source) => bundle::of_directory(source)?,
        None => bundle::built_in()?,
    };
    if !terminal::is_interactive() {
        bail!("cannot prompt for user input without a terminal");
    }
    let bundle = choose(session, &bundles)?;
    let mut answers = Json::object().with("_target", target.as_str());
    if bundle.needs_operator {
        answers.set("_operator", operator(session)?);
    }
    bundle.form.ask(&session.prompt(), &mut answers)?;
    let files = bundle
        .files
        .iter()
        .map(|(path, text)| Ok((path.as_str(), render::render(path, text, &answers)?)))
        .collect::<Result<Vec<_>>>()?;
    let closing = render::render("post_scaffold", &bundle.closing, &answers)?;
    render::write(directory, &files)?;
    println!();
    for (path, text) in &files {
        if !text.trim().is_empty() {
            println!("Wrote {}", directory.join(path).display());
        }
    }
    if !closing.trim().is_empty() {
        println!("\n{}", closing.trim_end());
    }
    Ok(())
}

fn choose<'a>(session: &Session, bundles: &'a [Bundle]) -> Result<&'a Bundle> {
    let number = match bundles {
        [_] => 0,
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|bundle| bundle.description.clone())
                .collect();
            session
                .prompt()
                .select("Select what to generate", &names, 0)?
        }
    };
    bundles
        .get(number)
        .ok_or_else(|| fail!("there is no bundle"))
}

/// What templates can know of an operator; no secret is among it.
fn operator(session: &Session) -> Result<Json> {
    let store = Store::open()?;
    let operator = pick_operator(session, &store, "")?;
    let key = operator.claims.nats().text("system_account").to_owned();
    if key.is_empty() {
        bail!("operator {} has no system account", operator.name);
    }
    let system = store
        .accounts(&operator.name)
        .into_iter()
        .find(|name| {
            store
                .account(&operator.name, name)
                .is_ok_and(|account| account.claims.subject() == key)
        })
        .ok_or_else(|| {
            fail!(
                "the system account {key} of operator {} is not here",
                operator.name
            )
        })?;
    Ok(Json::object()
        .with("name", operator.name.as_str())
        .with("jwt", store.operator_token(&operator.name)?)
        .with("system_account", key)
        .with(
            "system_account_jwt",
            store.account_token(&operator.name, &system)?,
        ))
}
