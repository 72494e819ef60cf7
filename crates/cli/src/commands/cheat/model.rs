//! The model of `nats cheat`.

use crate::model::*;

/// `nats cheat`.
pub const CHEAT: Command = Command::new("cheat", "Examples to copy")
    .run(super::cheat)
    .hidden()
    .args(&[optional("label", "What to show examples for")])
    .flags(&[&[
        switch("list", "List the labels"),
        text("save", "Write files to this directory"),
    ]]);
