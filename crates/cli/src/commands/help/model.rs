//! The model of `nats help`.

use crate::model::*;

/// `nats help`.
pub const HELP: Command = Command::new("help", "Show help for a command")
    .run(super::show)
    .args(&[optional("command", "The command").many()]);
