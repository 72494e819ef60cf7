//! The model of `nats context`.

use crate::model::*;

/// `nats context`.
pub const CONTEXT: Command = Command::new("context", "Named connection settings")
    .aliases(&["ctx"])
    .commands(&[
        ADD, COPY, EDIT, LS, RM, SELECT, UNSELECT, INFO, VALIDATE, PREVIOUS,
    ]);

/// `nats context add`.
const ADD: Command = Command::new("add", "Add or change a context")
    .long(
        "\
What --creds, --nkey, --jwt and --seed name may be:

  - /some/path                    a file
  - file:///some/path             a file, too
  - op://VAULT/ITEM/FIELD         asks the 1Password tool ('op read')
  - nsc://OPERATOR/ACCOUNT/USER   asks the tool 'nsc'
  - env://NAME                    a variable of the environment

--embed stores the content of files in the context itself.",
    )
    .run(super::add)
    .aliases(&["create", "save"])
    .args(&[arg("name", "Its name")])
    .flags(&[&[
        text("description", "Free text that describes it"),
        switch("select", "Select the context too"),
        switch(
            "embed",
            "Store the content of credential and nkey files in the context",
        ),
    ]]);

/// `nats context copy`.
const COPY: Command = Command::new("copy", "Copy a context")
    .run(super::copy)
    .aliases(&["cp"])
    .args(&[arg("source", "The original"), arg("name", "Its name")])
    .flags(&[&[
        text("description", "Free text that describes it"),
        switch("select", "Select the context too"),
        switch(
            "embed",
            "Store the content of credential and nkey files in the context",
        ),
    ]]);

/// `nats context edit`.
const EDIT: Command = Command::new("edit", "Edit a context in $EDITOR")
    .run(super::edit)
    .aliases(&["vi"])
    .args(&[arg("name", "Its name")]);

/// `nats context ls`.
const LS: Command = Command::new("ls", "List contexts")
    .run(super::list)
    .aliases(&["list", "l"])
    .flags(&[&[
        switch("completion", "List the names for shell completion").hidden(),
        switch("json", "Print JSON").short('j'),
        switch("names", "Print names only"),
    ]]);

/// `nats context rm`.
const RM: Command = Command::new("rm", "Remove a context")
    .run(super::remove)
    .aliases(&["remove"])
    .args(&[arg("name", "Its name")])
    .flags(&[&[switch("force", "Do it without asking").short('f')]]);

/// `nats context select`.
const SELECT: Command = Command::new("select", "Select the context to use by default")
    .run(super::select)
    .aliases(&["switch", "set"])
    .args(&[optional("name", "Its name")]);

/// `nats context unselect`.
const UNSELECT: Command =
    Command::new("unselect", "Use no context by default").run(super::unselect);

/// `nats context info`.
const INFO: Command = Command::new("info", "Show a context")
    .run(super::info)
    .aliases(&["show", "v", "view"])
    .args(&[optional("name", "Its name")])
    .flags(&[&[
        switch("json", "Print JSON").short('j'),
        switch("connect", "Try to connect with the context"),
    ]]);

/// `nats context validate`.
const VALIDATE: Command = Command::new("validate", "Validate contexts")
    .run(super::validate)
    .args(&[optional("name", "Its name")])
    .flags(&[&[switch("connect", "Try to connect with the context")]]);

/// `nats context previous`.
const PREVIOUS: Command = Command::new("previous", "Select the context that was selected before")
    .run(super::previous)
    .aliases(&["-"]);
