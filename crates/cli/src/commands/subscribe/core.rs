//! Core NATS subscriptions.

use std::collections::{HashMap, VecDeque};

use super::options::{Options, View};
use super::printer::{Origin, Printer};
use super::report;
use crate::client::{ClientError, Connection, Message};
use crate::failure::{Failure, Result};
use crate::jetstream::Delivered;
use crate::log;
use crate::session::Session;

/// Requests whose replies have not come that are remembered; the oldest ones
/// are shown without a reply beyond it.
const MAX_UNMATCHED: usize = 10_000;

/// Shows messages of subjects.
pub fn subscribe(session: &mut Session, options: &Options) -> Result<()> {
    let connection = session.connect()?;
    let mut subjects = options.subjects.clone();
    let inbox = session.matches.on("inbox");
    if subjects.is_empty() && inbox {
        subjects = vec![connection.new_inbox()];
    }
    let mut printer = Printer::new(session)?;
    let tell = || tell(&subjects, options, &connection, !printer.is_quiet(), inbox);
    if options.view != View::Messages {
        let watch = report::Watch::start(&connection, &subjects, options);
        let watch = watch.and_then(|watch| checked(&connection, session).map(|()| watch));
        tell();
        return watch?.run(&connection, options);
    }
    let mut watched = subjects.clone();
    if options.match_replies {
        watched.push(replies(&connection));
    }
    let messages = connection
        .subscribe_all(&watched, &options.queue)
        .map_err(Failure::from);
    let messages = messages.and_then(|messages| checked(&connection, session).map(|()| messages));
    // Whoever waits for this line can rely on the subscriptions.
    tell();
    let messages = messages?;
    let mut matcher = Matcher::default();
    let mut count = 0;
    loop {
        let next = match options.wait {
            Some(patience) => messages.next(patience),
            None => messages.wait(),
        };
        let message = match next {
            Ok(message) => message,
            Err(ClientError::Timeout) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if is_ignored(&message.subject, &options.ignored) {
            continue;
        }
        for (message, reply) in matcher.take(message, options.match_replies, &connection) {
            count += 1;
            printer.show(count, &message, &Origin::Core, reply.as_ref())?;
            if options.acks && Delivered::parse(&message.reply).is_some() {
                connection.publish(&message.reply, "", None, b"")?;
            }
            if options.most.is_some_and(|most| count >= most) {
                connection.flush(session.timeout())?;
                return Ok(());
            }
        }
    }
}

/// Waits until the server has the subscriptions, and what it has against them.
fn checked(connection: &Connection, session: &Session) -> Result<()> {
    connection.flush(session.timeout())?;
    match connection.take_error() {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

fn replies(connection: &Connection) -> String {
    format!("{}.>", connection.inbox_prefix())
}

/// Logs what is subscribed to. An inbox is told in any case, as nobody could
/// know it.
fn tell(subjects: &[String], options: &Options, connection: &Connection, told: bool, inbox: bool) {
    if options.match_replies && told {
        log!("Matching replies with inbox prefix {}", replies(connection));
    }
    if !told && !inbox {
        return;
    }
    let ignored = options.ignored_text();
    if options.acks {
        let first = subjects.first().map_or("", String::as_str);
        log!("Subscribing on {first} with acknowledgement of JetStream messages {ignored}");
    } else {
        log!("Subscribing on {} {ignored}", subjects.join(", "));
    }
}

/// Whether a subject is not to be shown.
pub fn is_ignored(subject: &str, ignored: &[String]) -> bool {
    ignored
        .iter()
        .any(|pattern| matches_subject(pattern, subject))
}

/// Whether a subject matches a pattern.
fn matches_subject(pattern: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for wanted in pattern.split('.') {
        match (wanted, tokens.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (wanted, Some(token)) if wanted == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}
/// Finds the replies to requests.
#[derive(Debug, Default)]
struct Matcher {
    waiting: HashMap<String, Message>,
    order: VecDeque<String>,
}

impl Matcher {
    /// What is to be shown now that a message has come.
    fn take(
        &mut self,
        message: Message,
        on: bool,
        connection: &Connection,
    ) -> Vec<(Message, Option<Message>)> {
        if !on {
            return vec![(message, None)];
        }
        if let Some(request) = self.waiting.remove(&message.subject) {
            self.order.retain(|subject| *subject != message.subject);
            return vec![(request, Some(message))];
        }
        if message
            .subject
            .starts_with(&format!("{}.", connection.inbox_prefix()))
        {
            // A reply to what nobody here has seen.
            return Vec::new();
        }
        if message.reply.is_empty() {
            return vec![(message, None)];
        }
        self.order.push_back(message.reply.clone());
        self.waiting.insert(message.reply.clone(), message);
        if self.waiting.len() <= MAX_UNMATCHED {
            return Vec::new();
        }
        let oldest = self
            .order
            .pop_front()
            .and_then(|subject| self.waiting.remove(&subject));
        oldest.into_iter().map(|message| (message, None)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_tokens() {
        assert!(matches_subject("a.*", "a.b"));
        assert!(!matches_subject("a.*", "a.b.c"));
        assert!(matches_subject("a.>", "a.b.c"));
        assert!(!matches_subject("a.>", "a"));
        assert!(matches_subject("a.b", "a.b"));
    }
}
