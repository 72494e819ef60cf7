//! The model of `nats errors`.

use crate::model::*;

/// `nats errors`.
pub const ERRORS: Command = Command::new("errors", "Error codes of the server")
    .aliases(&["err", "error"])
    .flags(&[&[file("errors", "Use the error definitions in this file").value_name("FILE")]])
    .commands(&[LS, LOOKUP, EDIT, VALIDATE]);

/// `nats errors ls`.
const LS: Command = Command::new("ls", "List error codes")
    .run(super::list)
    .aliases(&["list"])
    .args(&[
        optional("match", "Regular expression to search for"),
        optional("sort", "Column to sort by")
            .default("code")
            .choice(&["code", "http", "description", "descr", "d"]),
    ])
    .flags(&[&[negatable("reverse", "Turn the sort order round").short('R')]]);

/// `nats errors lookup`.
const LOOKUP: Command = Command::new("lookup", "Explain an error code")
    .run(super::lookup)
    .aliases(&["find", "get", "l", "view", "show"])
    .args(&[arg("code", "The error code")]);

/// `nats errors edit`.
const EDIT: Command = Command::new("edit", "Edit an error definition")
    .run(super::edit)
    .aliases(&["vi", "add", "new"])
    .args(&[
        arg("file", "The file").file(),
        optional("code", "The error code"),
    ]);

/// `nats errors validate`.
const VALIDATE: Command = Command::new("validate", "Validate error definitions")
    .run(super::validate)
    .args(&[optional("file", "The file").file()]);
