//! The model of `nats auth operator`.

use crate::commands::auth::{backup, import, operator};
use crate::model::*;

/// `nats auth operator`.
pub(super) const OPERATOR: Command = Command::new("operator", "Operators")
    .aliases(&["o", "op"])
    .commands(&[
        OPERATOR_ADD,
        OPERATOR_INFO,
        OPERATOR_LIST,
        OPERATOR_EDIT,
        OPERATOR_IMPORT,
        OPERATOR_SELECT,
        OPERATOR_BACKUP,
        OPERATOR_RESTORE,
        OPERATOR_KEYS,
    ]);

/// `nats auth operator add`.
const OPERATOR_ADD: Command = Command::new("add", "Make an operator")
    .args(&[optional("name", "Its name")])
    .flags(&[&[
        url(
            "service",
            "URL at which clients reach the operator's servers",
        )
        .value_name("URL")
        .list(),
        url(
            "account-server",
            "URL at which servers look up account JWTs",
        )
        .value_name("URL"),
        negatable("signing-key", "Make a signing key").on(),
        text("tags", "Tags to add").list(),
    ]])
    .run(operator::add);

/// `nats auth operator info`.
const OPERATOR_INFO: Command = Command::new("info", "Show an operator")
    .aliases(&["i", "show", "view"])
    .args(&[optional("name", "Its name")])
    .flags(&[&[switch("json", "Print JSON").short('j')]])
    .run(operator::info);

/// `nats auth operator list`.
const OPERATOR_LIST: Command = Command::new("list", "List operators")
    .aliases(&["ls"])
    .flags(&[&[switch("names", "Print names only")]])
    .run(operator::list);

/// `nats auth operator edit`.
const OPERATOR_EDIT: Command = Command::new("edit", "Change an operator")
    .aliases(&["update"])
    .args(&[optional("name", "Its name")])
    .flags(&[&[
        url(
            "account-server",
            "URL at which servers look up account JWTs",
        )
        .value_name("URL"),
        url(
            "service",
            "URL at which clients reach the operator's servers",
        )
        .value_name("URL")
        .list(),
        text("tags", "Tags to add").list(),
        text("no-tags", "Tags to remove").list(),
    ]])
    .run(operator::edit);

/// `nats auth operator import`.
const OPERATOR_IMPORT: Command = Command::new("import", "Import an operator")
    .args(&[
        arg("token", "File with the JWT of the operator")
            .file()
            .value_name("JWT"),
        optional(
            "key",
            "File with a seed of the operator, or of a signing key",
        )
        .file()
        .many()
        .value_name("FILE"),
    ])
    .run(import::import);

/// `nats auth operator select`.
const OPERATOR_SELECT: Command = Command::new("select", "Select the default operator")
    .args(&[optional("name", "Its name")])
    .run(operator::select);

/// `nats auth operator backup`.
const OPERATOR_BACKUP: Command = Command::new("backup", "Write an operator and its keys to a file")
    .args(&[arg("name", "Its name"), arg("output", "The file to write")])
    .flags(&[&[text(
        "key",
        "File with a curve key that encrypts the backup",
    )]])
    .run(backup::backup);

/// `nats auth operator restore`.
const OPERATOR_RESTORE: Command = Command::new("restore", "Restore an operator from a backup")
    .args(&[arg("name", "Its name"), arg("input", "The file to read")])
    .flags(&[&[text("key", "File with the curve key that opens the backup")]])
    .run(backup::restore);

/// `nats auth operator keys`.
const OPERATOR_KEYS: Command = Command::new("keys", "Signing keys of an operator")
    .aliases(&["sk", "s"])
    .commands(&[OPERATOR_KEYS_LIST, OPERATOR_KEYS_ADD, OPERATOR_KEYS_RM]);

/// `nats auth operator keys list`.
const OPERATOR_KEYS_LIST: Command = Command::new("list", "List signing keys")
    .aliases(&["ls"])
    .args(&[optional("name", "Its name")])
    .run(operator::keys_list);

/// `nats auth operator keys add`.
const OPERATOR_KEYS_ADD: Command = Command::new("add", "Add a signing key")
    .aliases(&["new", "create"])
    .args(&[optional("name", "Its name")])
    .run(operator::keys_add);

/// `nats auth operator keys rm`.
const OPERATOR_KEYS_RM: Command = Command::new("rm", "Remove a signing key")
    .aliases(&["delete"])
    .args(&[optional("name", "Its name"), optional("key", "The key")])
    .flags(&[&[switch("force", "Do it without asking").short('f')]])
    .run(operator::keys_rm);
