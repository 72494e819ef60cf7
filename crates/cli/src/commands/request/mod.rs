//! `nats request` (cli.md 3.4).

mod exchange;
pub mod model;

pub use exchange::{Exchange, Replies};

use crate::failure::Result;
use crate::interrupt;
use crate::session::Session;

/// Sends requests and shows the answers.
pub fn request(session: &mut Session) -> Result<()> {
    interrupt::cancels()?;
    let connection = session.connect()?;
    let matches = &session.matches;
    let replies = if matches.on("wait-for-empty") {
        Replies::UntilEmpty
    } else {
        match matches.int("replies") {
            ..=0 => Replies::UntilTimeout,
            count => Replies::Count(count.unsigned_abs()),
        }
    };
    let exchange = Exchange {
        connection,
        subject: matches.required_arg("subject").to_owned(),
        given_headers: matches.list("header").to_vec(),
        templates: matches.on("templates"),
        raw: matches.on("raw"),
        translate: matches.filled("translate").map(str::to_owned),
        replies,
        gap: matches.duration("reply-timeout").unwrap_or_default(),
        timeout: session.timeout(),
    };
    let line_by_line = matches.text("send-on") == Some("newline");
    exchange.run(matches.arg("body"), line_by_line, matches.int("count"))
}
