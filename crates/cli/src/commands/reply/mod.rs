//! `nats reply` (cli.md 3.5).

pub mod model;

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::client::{ClientError, Connection, Message};
use crate::failure::{Failure, Result};
use crate::log;
use crate::messages::{expand_body, parse_headers, run_command};
use crate::session::Session;
use crate::template::{MessageScope, expand};

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
        matches.arg("body"),
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
    let most = matches.given("count").then(|| matches.uint("count"));
    let sleep = matches.duration("sleep").unwrap_or_default();
    let given_headers = matches.list("header").to_vec();
    let connection = session.connect()?;
    let requests = connection.subscribe(&subject, &queue)?;
    connection.flush(session.timeout())?;
    if let Some(error) = connection.take_error() {
        return Err(error.into());
    }
    log!("Listening on {subject:?} in group {queue:?}");
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
        if !sleep.is_zero() {
            thread::sleep(sleep.mul_f64(fastrand::f64()));
        }
        respond(&connection, &request, &answer, &given_headers, count)?;
        count += 1;
    }
    log!("\nDraining...");
    connection.flush(session.timeout())?;
    log!("Exiting");
    Err(Failure::Exit(1))
}

fn respond(
    connection: &Connection,
    request: &Message,
    answer: &Answer,
    given_headers: &[String],
    count: u64,
) -> Result<()> {
    log!("[#{count}] Received on subject {:?}:", request.subject);
    for (key, value) in request.headers.iter().flat_map(|headers| &headers.entries) {
        log!("{key}: {value}");
    }
    let mut out = std::io::stdout().lock();
    out.write_all(b"\n")?;
    out.write_all(&request.payload)?;
    out.write_all(b"\n")?;
    out.flush()?;
    let text = String::from_utf8_lossy(&request.payload).into_owned();
    let scope = MessageScope {
        count,
        request: (!text.is_empty()).then(|| text.clone()),
    };
    let mut headers = parse_headers(given_headers, &scope)?;
    let body = match answer {
        Answer::Echo => {
            for (key, value) in request.headers.iter().flat_map(|headers| &headers.entries) {
                headers.add(key.as_str(), value.as_str());
            }
            headers.add("NATS-Reply-Counter", count.to_string());
            request.payload.clone()
        }
        Answer::Body(body) => expand_body(body.as_bytes(), &scope),
        Answer::Command(command) => command_output(command, request, &text, &scope),
    };
    if request.reply.is_empty() {
        return Ok(());
    }
    connection.publish(&request.reply, "", Some(&headers), &body)?;
    Ok(())
}

/// Output of a command for a request; errors are answered, too.
fn command_output(command: &str, request: &Message, text: &str, scope: &MessageScope) -> Vec<u8> {
    let mut line = command.to_owned();
    for (number, token) in request.subject.split('.').enumerate() {
        line = line.replace(&format!("{{{{{number}}}}}"), token);
    }
    let line = expand(&line, scope).unwrap_or_else(|why| {
        log!("Could not parse command template: {why}");
        line
    });
    let env = [
        ("NATS_REQUEST_SUBJECT", request.subject.as_str()),
        ("NATS_REQUEST_BODY", text),
    ];
    match run_command(&line, &env, &[]) {
        Ok(output) => output.trim_ascii_end().to_vec(),
        Err((output, failure)) => {
            log!("Command {line:?} failed to run: {failure}");
            output
        }
    }
}
