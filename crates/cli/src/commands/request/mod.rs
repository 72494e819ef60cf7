//! `nats request` (cli.md 3.4).

mod exchange;
pub mod model;

pub use exchange::Exchange;

use crate::failure::Result;
use crate::interrupt;
use crate::messages::Source;
use crate::session::Session;

/// Answers to wait for until an empty one comes.
const UNTIL_EMPTY: i64 = 32_767;

/// Sends requests and shows the answers.
pub fn request(session: &mut Session) -> Result<()> {
    interrupt::cancels()?;
    let connection = session.connect()?;
    let matches = &session.matches;
    let exchange = Exchange {
        connection,
        subject: matches.required_arg("subject").to_owned(),
        given_headers: matches.list("header").to_vec(),
        templates: matches.on("templates"),
        raw: matches.on("raw"),
        translate: matches.filled("translate").map(str::to_owned),
        replies: if matches.on("wait-for-empty") {
            UNTIL_EMPTY
        } else {
            matches.int("replies")
        },
        gap: matches.duration("reply-timeout").unwrap_or_default(),
        timeout: session.timeout(),
    };
    exchange.run(&Source::new(matches, "body"), matches.int("count"))
}
