//! `nats server ping` (cli.md 7.2).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::client::ClientError;
use crate::failure::{Failure, Result};
use crate::format::parse_uint;
use crate::interrupt::on_interrupt;
use crate::output::graph::Graph;
use crate::output::{Json, terminal};
use crate::session::Session;

const SUBJECT: &str = "$SYS.REQ.SERVER.PING";
/// Width of a step of the graph.
const STEP: Duration = Duration::from_millis(25);
/// Rows of the graph.
const GRAPH_ROWS: usize = 15;
/// Steps of the graph at most: answers that take longer count in the last.
const MAX_STEPS: usize = 400;

/// What has been found so far.
#[derive(Debug, Default)]
struct Found {
    times: Vec<Duration>,
    expected: usize,
}

/// Pings all servers.
pub fn ping(session: &mut Session) -> Result<()> {
    let expected = match session.matches.arg("expect") {
        Some(text) => usize::try_from(parse_uint(text)?).unwrap_or(usize::MAX),
        None => 0,
    };
    let (with_id, with_graph) = (session.matches.on("id"), session.matches.on("graph"));
    let timeout = session.timeout();
    let connection = session.connect()?;
    let found = Arc::new(Mutex::new(Found {
        expected,
        ..Found::default()
    }));
    let at_end = Arc::clone(&found);
    on_interrupt(move |_| {
        print!(
            "{}",
            summary(
                &at_end.lock().unwrap_or_else(PoisonError::into_inner),
                with_graph
            )
        );
        0
    })?;
    let inbox = connection.new_inbox();
    let answers = connection.subscribe(&inbox, "")?;
    let begun = Instant::now();
    connection.publish(SUBJECT, &inbox, None, b"")?;
    let deadline = begun + timeout;
    loop {
        let message = match answers.next_before(deadline) {
            Ok(message) => message,
            Err(ClientError::Timeout) => break,
            Err(error) => return Err(error.into()),
        };
        let rtt = begun.elapsed();
        if message.is_no_responders() {
            println!(
                "503 status from {SUBJECT}, ensure a system account is used with appropriate permissions"
            );
            return Err(Failure::Exit(1));
        }
        let Ok(json) = Json::parse(&message.payload) else {
            continue;
        };
        let id = if with_id {
            format!("{} ", json.text("server.id"))
        } else {
            String::new()
        };
        println!(
            "{id}{:<60} rtt={}",
            json.text("server.name"),
            crate::format::go_duration(i64::try_from(rtt.as_nanos()).unwrap_or(i64::MAX))
        );
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        found.times.push(rtt);
        if found.expected == 0 {
            found.expected = usize::try_from(json.int("statsz.active_servers")).unwrap_or(0);
        }
        if found.expected > 0 && found.times.len() >= found.expected {
            break;
        }
    }
    let found = found.lock().unwrap_or_else(PoisonError::into_inner);
    print!("{}", summary(&found, with_graph));
    Ok(())
}

fn summary(found: &Found, with_graph: bool) -> String {
    let mut out = "\n---- ping statistics ----\n".to_owned();
    let millis: Vec<f64> = found
        .times
        .iter()
        .map(|time| time.as_millis() as f64)
        .collect();
    if millis.is_empty() {
        out.push_str("no responses received\n");
    } else {
        let sum: f64 = millis.iter().sum();
        out.push_str(&format!(
            "{} replies max: {:.2} min: {:.2} avg: {:.2}\n",
            millis.len(),
            millis.iter().copied().fold(0.0, f64::max),
            millis.iter().copied().fold(f64::INFINITY, f64::min),
            sum / millis.len() as f64
        ));
        if with_graph {
            out.push_str(&format!("\n{}\n", distribution(&found.times)));
        }
    }
    let missing = found.expected.saturating_sub(found.times.len());
    if missing > 0 {
        out.push_str(&format!("\nMissing {missing} server(s)\n"));
    }
    out
}

fn distribution(times: &[Duration]) -> String {
    let step = |time: &Duration| {
        let step = time.as_millis() / STEP.as_millis();
        usize::try_from(step).unwrap_or(MAX_STEPS).min(MAX_STEPS)
    };
    let last = times.iter().map(step).max().unwrap_or(0);
    let mut graph = Graph::new("Responses per 25ms");
    for number in 0..=last {
        graph.push(times.iter().filter(|&time| step(time) == number).count() as f64);
    }
    graph.render(terminal::width(), GRAPH_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts() {
        let found = Found {
            times: vec![Duration::from_millis(1), Duration::from_millis(3)],
            expected: 3,
        };
        assert_eq!(
            summary(&found, false),
            "\n---- ping statistics ----\n2 replies max: 3.00 min: 1.00 avg: 2.00\n\nMissing 1 server(s)\n"
        );
        assert!(summary(&Found::default(), true).ends_with("no responses received\n"));
    }
}
