//! `nats trace` (cli.md 3.9, monitoring-events.md 9).

mod collect;
pub mod model;
mod show;

use std::thread;
use std::time::Duration;

use crate::bail;
use crate::client::Headers;
use crate::failure::Result;
use crate::session::Session;

/// Time in which the interest in the answers crosses gateways.
const SETTLE: Duration = Duration::from_millis(250);

/// Traces the way of a message.
pub fn trace(session: &mut Session) -> Result<()> {
    let connection = session.connect()?;
    if !is_new_enough(&connection.info().version) {
        bail!("tracing messages require NATS Server 2.11");
    }
    let timeout = session.timeout();
    let matches = &session.matches;
    let subject = matches.required_arg("subject").to_owned();
    let payload = matches.arg("payload").unwrap_or_default().to_owned();
    let inbox = connection.new_inbox();
    let answers = connection.subscribe(&inbox, "")?;
    connection.flush(timeout)?;
    thread::sleep(SETTLE);
    let mut headers = Headers::new();
    for (key, value) in matches.map("header") {
        headers.set(&key, value);
    }
    headers.set("Accept-Encoding", "snappy");
    headers.set("Nats-Trace-Dest", inbox.as_str());
    let delivers = matches.on("deliver");
    if !delivers {
        headers.set("Nats-Trace-Only", "true");
    }
    let how = if delivers {
        "with delivery to the final destination"
    } else {
        ""
    };
    println!("Tracing message route to subject {subject} {how}\n");
    connection.publish(&subject, "", Some(&headers), payload.as_bytes())?;
    connection.flush(timeout)?;
    if let Some(error) = connection.take_error() {
        return Err(error.into());
    }
    let trace = collect::collect(&answers, timeout, session.trace())?;
    show::show(&trace, matches.on("timestamp"));
    Ok(())
}

/// Whether a version is 2.11 or later.
fn is_new_enough(version: &str) -> bool {
    let mut parts = version
        .split(['.', '-'])
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let major = parts.next().unwrap_or(0);
    let minor = parts.next().unwrap_or(0);
    (major, minor) >= (2, 11)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_new_enough("2.11.0") && is_new_enough("2.15.1") && is_new_enough("3.0.0"));
        assert!(!is_new_enough("2.9.10") && !is_new_enough("2.10.25-RC.1"));
    }
}
