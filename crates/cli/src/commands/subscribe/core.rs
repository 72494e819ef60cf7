//! Core NATS subscriptions.

use std::collections::HashMap;

use super::options::Options;
use super::printer::{Origin, Printer};
use super::report;
use crate::client::{ClientError, Connection, Message};
use crate::failure::Result;
use crate::log;
use crate::session::Session;

/// Requests whose replies have not come that are remembered; the oldest ones
/// are shown without a reply beyond it.
const MAX_UNMATCHED: usize = 10_000;

/// Shows messages of subjects.
pub fn subscribe(session: &mut Session, options: &Options) -> Result<()> {
    let connection = session.connect()?;
    let mut subjects = options.subjects.clone();
    if options.inbox {
        subjects = vec![connection.new_inbox()];
    }
    if options.report_subjects || options.report_subscriptions || options.graph {
        return report::run(&connection, &subjects, options);
    }
    let mut printer = Printer::new(&session.matches)?;
    let replies = format!("{}.>", connection.inbox_prefix());
    let mut watched = subjects.clone();
    if options.match_replies {
        watched.push(replies.clone());
    }
    let messages = connection.subscribe_all(&watched, &options.queue)?;
    connection.flush(session.timeout())?;
    if let Some(error) = connection.take_error() {
        return Err(error.into());
    }
    if !printer.is_quiet() {
        let acks = if options.acks {
            "with acknowledgement of JetStream messages "
        } else {
            ""
        };
        log!("Subscribing on {} {acks}", subjects.join(", "));
    }
    let mut matcher = Matcher::default();
    let mut count = 0;
    loop {
        let next = match options.wait {
            Some(patience) => messages.next(patience),
            None => messages.wait(),
        };
        let message = match next {
            Ok(message) => message,
            Err(ClientError::Timeout) => break,
            Err(error) => return Err(error.into()),
        };
        if is_ignored(&message, &options.ignored) {
            continue;
        }
        for (message, reply) in matcher.take(message, options.match_replies, &connection) {
            count += 1;
            printer.show(count, &message, &Origin::Core, reply.as_ref())?;
            if options.acks && message.reply.starts_with("$JS.ACK.") {
                connection.publish(&message.reply, "", None, b"")?;
            }
            if options.most.is_some_and(|most| count >= most) {
                connection.flush(session.timeout())?;
                printer.finish();
                return Ok(());
            }
        }
    }
    printer.finish();
    Ok(())
}

/// Whether a message is on a subject that is not to be shown.
pub fn is_ignored(message: &Message, ignored: &[String]) -> bool {
    ignored
        .iter()
        .any(|pattern| matches_subject(pattern, &message.subject))
}

/// Whether a subject matches a pattern.
pub fn matches_subject(pattern: &str, subject: &str) -> bool {
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
    order: std::collections::VecDeque<String>,
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
