//! `nats reply` (cli.md 3.5).

pub mod model;

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::client::{ClientError, Connection, Headers, Message};
use crate::failure::{Failure, Result};
use crate::messages::{expand_reply, parse_headers, run_command};
use crate::session::Session;
use crate::template::{MessageScope, expand};
use crate::{log, words};

/// Time between two looks whether Ctrl-C was pressed.
const LOOK: Duration = Duration::from_millis(100);

enum Answer {
    Echo,
    Body(String),
    Command(String),
}

/// Answers requests.
pub fn reply(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let answer = match (
        matches.on("echo"),
        matches.filled("command"),
        matches.arg("body").filter(|body| !body.is_empty()),
    ) {
        (true, _, _) => Answer::Echo,
        (false, Some(command), _) => Answer::Command(command.to_owned()),
        (false, None, Some(body)) => Answer::Body(body.to_owned()),
        (false, None, None) => {
            log!("No body or command supplied, enabling echo mode");
            Answer::Echo
        }
    };
    let subject = matches.required_arg("subject").to_owned();
    let queue = matches.text("queue").unwrap_or_default().to_owned();
    let most = Some(matches.uint("count")).filter(|most| *most > 0);
    let sleep = matches.duration("sleep").unwrap_or_default();
    let given_headers = matches.list("header").to_vec();
    let trace = session.trace();
    let connection = session.connect()?;
    let requests = connection.subscribe(&subject, &queue)?;
    connection.flush(session.timeout())?;
    if let Some(error) = connection.take_error() {
        return Err(error.into());
    }
    let responder = Responder {
        connection: connection.clone(),
        answer,
        given_headers,
        sleep,
        trace,
    };
    let (sender, interrupted) = channel();
    let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT])?;
    thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || {
            if signals.forever().next().is_some() {
                // The command may be at its end already.
                let _ = sender.send(());
            }
        })?;
    // From now on Ctrl-C ends it in order.
    log!("Listening on {subject:?} in group {queue:?}");
    let mut count = 0;
    while most.is_none_or(|most| count < most) {
        match interrupted.recv_timeout(Duration::ZERO) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
        }
        let request = match requests.next(LOOK) {
            Ok(request) => request,
            Err(ClientError::Timeout) => continue,
            Err(error) => return Err(error.into()),
        };
        if responder.respond(&request, count)? {
            count += 1;
        }
    }
    log!("\nDraining...");
    connection.flush(session.timeout())?;
    log!("Exiting");
    Err(Failure::Exit(1))
}

struct Responder {
    connection: Connection,
    answer: Answer,
    given_headers: Vec<String>,
    /// Longest time before an answer.
    sleep: Duration,
    trace: bool,
}

impl Responder {
    /// Answers the request of this number, if it can; gives whether it did.
    fn respond(&self, request: &Message, count: u64) -> Result<bool> {
        show(request, count)?;
        if !self.sleep.is_zero() {
            thread::sleep(self.sleep.mul_f64(fastrand::f64()));
        }
        let scope = MessageScope {
            count,
            request: None,
        };
        let mut headers = parse_headers(&self.given_headers, &scope)?;
        let body = match &self.answer {
            Answer::Echo => {
                for (key, value) in request.headers.iter().flat_map(|headers| &headers.entries) {
                    headers.add(key.as_str(), value.as_str());
                }
                headers.add("NATS-Reply-Counter", count.to_string());
                request.payload.clone()
            }
            Answer::Body(body) => expand_reply(body, &request.payload, count),
            Answer::Command(command) => match self.command_output(command, request, count) {
                Some(output) => output,
                None => return Ok(false),
            },
        };
        if request.reply.is_empty() {
            log!("Could not publish reply: nats: message does not have a reply");
            return Ok(false);
        }
        match self
            .connection
            .publish(&request.reply, "", Some(&headers), &body)
        {
            Ok(()) => Ok(true),
            Err(why) => {
                log!("Could not publish reply: {why}");
                Ok(false)
            }
        }
    }

    /// Output of a command for a request, also of one that fails; nothing if
    /// the line is no command.
    fn command_output(&self, command: &str, request: &Message, count: u64) -> Option<Vec<u8>> {
        let mut line = command.to_owned();
        for (number, token) in request.subject.split('.').enumerate() {
            line = line.replace(&format!("{{{{{number}}}}}"), token);
        }
        let text = request.text();
        let scope = MessageScope {
            count,
            request: Some(text.clone()).filter(|text| !text.is_empty()),
        };
        let line = expand(&line, &scope).unwrap_or_else(|why| {
            log!("Could not parse command template: {why}");
            line
        });
        let words = match words::split(&line) {
            Ok(words) => words,
            Err(why) => {
                log!("Could not parse command: {why}");
                return None;
            }
        };
        if self.trace {
            log!("Executing: {}", words.join(" "));
        }
        let env = [
            ("NATS_REQUEST_SUBJECT", request.subject.as_str()),
            ("NATS_REQUEST_BODY", text.as_str()),
        ];
        Some(
            run_command(&line, &env, &[]).unwrap_or_else(|(output, failure)| {
                log!("Command {line:?} failed to run: {failure}");
                output
            }),
        )
    }
}

fn show(request: &Message, count: u64) -> Result<()> {
    log!("[#{count}] Received on subject {:?}:", request.subject);
    let headers = request.headers.as_ref();
    for (key, values) in headers.map(Headers::grouped).unwrap_or_default() {
        for value in values {
            log!("{key}: {value}");
        }
    }
    let mut out = std::io::stdout().lock();
    out.write_all(b"\n")?;
    out.write_all(&request.payload)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}
