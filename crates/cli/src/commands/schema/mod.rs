//! `nats schema` (cli.md 10.4).

pub mod model;

use std::path::Path;

use crate::failure::Result;
use crate::messages::body_text;
use crate::output::{Json, yaml};
use crate::schemas;
use crate::session::Session;
use crate::{bail, fail};

/// Searches schemas by name.
pub fn search(session: &mut Session) -> Result<()> {
    let pattern = session.matches.arg("pattern").unwrap_or(".").to_owned();
    let re = regex::Regex::new(&pattern)
        .map_err(|_| fail!("error parsing regexp: invalid expression: `{pattern}`"))?;
    let found: Vec<&str> = schemas::names().filter(|name| re.is_match(name)).collect();
    if session.matches.on("json") {
        Json::from(found).print();
        return Ok(());
    }
    if found.is_empty() {
        bail!("no schemas matched {pattern:?}");
    }
    println!("Matched Schemas:\n");
    for name in found {
        println!("  {name}");
    }
    println!();
    Ok(())
}

fn find(name: &str) -> Result<Json> {
    schemas::find(name)
        .ok_or_else(|| fail!("unknown schema {name}: 'nats schema search' lists them"))
}

/// Shows a schema.
pub fn info(session: &mut Session) -> Result<()> {
    let schema = find(session.matches.required_arg("schema"))?;
    if session.matches.on("yaml") {
        print!("{}", yaml::write(&schema, &|_| None));
    } else {
        schema.print();
    }
    Ok(())
}

/// Validates a file. The exit code is 0 in any case, as with the original.
pub fn validate(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("schema").to_owned();
    let file = session.matches.required_arg("file").to_owned();
    let schema = find(&name)?;
    let text = std::fs::read_to_string(&file)
        .map_err(|error| fail!("{}", crate::format::io_error_at("open", &file, &error)))?;
    let is_yaml = Path::new(&file)
        .extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml");
    let value = if is_yaml {
        yaml::parse(&text)?
    } else {
        Json::parse(text.as_bytes()).map_err(|error| fail!("{file} cannot be read: {error}"))?
    };
    let problems = schemas::validate(&schema, &value);
    if session.matches.on("json") {
        Json::from(problems).print();
        return Ok(());
    }
    if problems.is_empty() {
        println!("{file} validates against {name}");
        return Ok(());
    }
    println!("Validation errors in {file}:\n");
    for problem in problems {
        println!("  {problem}");
    }
    println!();
    Ok(())
}

/// Sends a request and validates the response.
pub fn request(session: &mut Session) -> Result<()> {
    let connection = session.connect()?;
    let subject = session.matches.required_arg("subject").to_owned();
    let body = session.matches.arg("body").unwrap_or_default().to_owned();
    let answer = connection.request(&subject, None, body.as_bytes(), session.timeout())?;
    if session.matches.on("show") {
        print!("{}", String::from_utf8_lossy(&body_text(&answer.payload)));
    }
    let value =
        Json::parse(&answer.payload).map_err(|error| fail!("the response is no JSON: {error}"))?;
    let name = match session.matches.filled("schema") {
        Some(name) => name.to_owned(),
        None => value.text("type").to_owned(),
    };
    if name.is_empty() {
        bail!("the response names no schema: use --schema");
    }
    let problems = schemas::validate(&find(&name)?, &value);
    if problems.is_empty() {
        println!("Response is a valid {name} message");
        return Ok(());
    }
    println!("Validation errors in response:\n");
    for problem in &problems {
        println!("  {problem}");
    }
    bail!("the response is not a valid {name} message");
}
