//! The model of `nats schema`.

use crate::model::*;

/// `nats schema`.
pub const SCHEMA: Command = Command::new("schema", "Schemas of messages and API requests")
    .commands(&[SEARCH, INFO, VALIDATE, REQUEST]);

/// `nats schema search`.
const SEARCH: Command = Command::new("search", "Search schemas")
    .run(super::search)
    .aliases(&["find", "list", "ls"])
    .args(&[optional("pattern", "Regular expression to search for").default(".")])
    .flags(&[&[switch("json", "Print JSON")]]);

/// `nats schema info`.
const INFO: Command = Command::new("info", "Show a schema")
    .run(super::info)
    .aliases(&["show", "view"])
    .args(&[arg("schema", "Name of the schema")])
    .flags(&[&[switch("yaml", "Print YAML")]]);

/// `nats schema validate`.
const VALIDATE: Command = Command::new("validate", "Validate a file against a schema")
    .run(super::validate)
    .aliases(&["check"])
    .args(&[arg("schema", "Name of the schema"), arg("file", "The file")])
    .flags(&[&[switch("json", "Print JSON")]]);

/// `nats schema request`.
const REQUEST: Command = Command::new("request", "Send a request and validate the response")
    .run(super::request)
    .aliases(&["req"])
    .args(&[
        arg("subject", "The subject"),
        optional("body", "The message body").default("{}"),
    ])
    .flags(&[&[
        text("schema", "Validate the response against this schema"),
        switch("show", "Print the content too"),
    ]]);
