//! `nats schema` (cli.md 10.4).

pub mod model;

use std::io::Read;

use crate::failure::Result;
use crate::output::{Json, yaml_sorted};
use crate::schemas;
use crate::session::Session;
use crate::{bail, fail};

/// Searches schemas by name.
pub fn search(session: &mut Session) -> Result<()> {
    let pattern = session.matches.arg("pattern").unwrap_or(".").to_owned();
    let re = crate::format::pattern(&pattern).map_err(|why| fail!("search failed: {why}"))?;
    let found: Vec<&str> = schemas::names().filter(|name| re.is_match(name)).collect();
    if session.matches.on("json") {
        if found.is_empty() {
            Json::Null.print();
        } else {
            Json::from(found).print();
        }
        return Ok(());
    }
    if found.is_empty() {
        println!("No schemas matched {pattern:?}");
        return Ok(());
    }
    println!("Matched Schemas:\n\n  {}", found.join("\n  "));
    Ok(())
}

/// Shows a schema.
pub fn info(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("schema");
    let Some(schema) = schemas::find(name) else {
        bail!("could not load schema {name:?}: unsupported schema type {name:?}");
    };
    if session.matches.on("yaml") {
        println!("{}", yaml_sorted::write(&schema));
        return Ok(());
    }
    // As the file is, in which these need no escapes.
    let mut text = schema.pretty();
    for (escape, letter) in [("\\u003c", "<"), ("\\u003e", ">"), ("\\u0026", "&")] {
        text = text.replace(escape, letter);
    }
    println!("{text}\n");
    Ok(())
}

/// What is wrong with a value, as the schema of a name says.
fn problems(name: &str, value: &Json) -> Vec<String> {
    match schemas::find(name) {
        Some(schema) => schemas::validate(&schema, value),
        None => vec![format!("unknown schema type {name}")],
    }
}

/// Validates a file. The exit code is 0 in any case, as with the original.
pub fn validate(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("schema").to_owned();
    let file = session.matches.required_arg("file").to_owned();
    let mut text = Vec::new();
    if file == "-" {
        std::io::stdin().read_to_end(&mut text)?;
    } else {
        text = std::fs::read(&file)
            .map_err(|error| fail!("{}", crate::format::io_error_at("open", &file, &error)))?;
    }
    let value = Json::parse(&text)
        .map_err(|error| fail!("could not parse JSON data in {file:?}: {error}"))?;
    let problems = problems(&name, &value);
    if session.matches.on("json") {
        Json::from(problems).print();
    } else if problems.is_empty() {
        println!("{file} validates against {name}");
    } else {
        let problems = problems.join("\n  ");
        println!("Validation errors in {file}:\n\n  {problems}");
    }
    Ok(())
}

/// With the keys of all objects sorted.
fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(entries) => {
            let mut entries: Vec<(String, Json)> = entries
                .iter()
                .map(|(key, value)| (key.clone(), sorted(value)))
                .collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(entries)
        }
        Json::List(values) => Json::List(values.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// Sends a request and validates the response.
pub fn request(session: &mut Session) -> Result<()> {
    let connection = session.connect()?;
    let subject = session.matches.required_arg("subject").to_owned();
    let body = session.matches.arg("body").unwrap_or_default().to_owned();
    let answer = connection.request(&subject, None, body.as_bytes(), session.timeout())?;
    let value =
        Json::parse(&answer.payload).map_err(|error| fail!("the response is no JSON: {error}"))?;
    if session.matches.on("show") {
        println!("{}\n", sorted(&value).pretty());
    }
    let name = value.text("type");
    if name.is_empty() {
        bail!("could not determine the message type");
    }
    let wanted = session.matches.filled("schema").unwrap_or(name);
    if wanted != name {
        bail!("invalid message type {name}");
    }
    let problems = problems(name, &value);
    if problems.is_empty() {
        println!("Response is a valid {name} message");
        return Ok(());
    }
    println!("Message did not pass validation against {name}\n");
    for problem in problems {
        println!("   {problem}");
    }
    Ok(())
}
