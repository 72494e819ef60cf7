//! The model of `nats plugins`.

use crate::model::*;

/// `nats plugins`.
pub const PLUGINS: Command = Command::new("plugins", "Commands added to this tool")
    .hidden()
    .commands(&[REGISTER]);

/// `nats plugins register`.
const REGISTER: Command = Command::new("register", "Add a command")
    .run(super::register)
    .args(&[arg("name", "Its name"), arg("command", "The command")])
    .flags(&[&[switch("force", "Replace a plugin of this name")]]);
