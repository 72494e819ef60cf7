//! `nats server check connection`.

use std::time::{Duration, Instant};

use super::report::{Report, Status};
use super::run::{Check, run};
use super::threshold::Threshold;
use crate::client::Connection;
use crate::failure::Result;
use crate::format::go_duration;
use crate::session::Session;

/// As it is run.
pub const CHECK: Check = Check {
    report: |_| Report::new("connections", "Connection"),
    look: check,
};

/// Checks that a connection can be made and carries messages.
pub fn connection(session: &mut Session) -> Result<()> {
    run(session, &CHECK)
}

fn check(session: &mut Session, report: &mut Report) -> Result<()> {
    let threshold = |name: &str| {
        Threshold::seconds(
            session.matches.nanos(&format!("{name}-warn")),
            session.matches.nanos(&format!("{name}-critical")),
        )
    };
    let (connecting, rtt, trip) = (threshold("connect"), threshold("rtt"), threshold("req"));
    let timeout = session.timeout();
    let begun = Instant::now();
    let connection = match session.connect() {
        Ok(connection) => connection,
        Err(failure) => {
            report.critical(format!("connection failed: {failure}"));
            return Ok(());
        }
    };
    let took = begun.elapsed();
    report.metric_within(
        "connect_time",
        took.as_secs_f64(),
        connecting.pair(),
        "s",
        "Time taken to connect to NATS",
    );
    let url = connection.url();
    say(
        report,
        connecting,
        took,
        |took| format!("connected to {url} in {}", text(took)),
        |limit| format!("connected to {url}, connect time exceeded {}", short(limit)),
    );
    match connection.flush(timeout) {
        Err(error) => {
            report.critical(format!("rtt failed: {error}"));
            return Ok(());
        }
        Ok(took) => {
            report.metric_within(
                "rtt",
                took.as_secs_f64(),
                rtt.pair(),
                "s",
                "The round-trip-time of the connection",
            );
            say(
                report,
                rtt,
                took,
                |took| format!("rtt time {}", text(took)),
                |limit| format!("rtt time exceeded {}", short(limit)),
            );
        }
    }
    round_trip(&connection, report, trip, timeout);
    Ok(())
}

fn text(took: Duration) -> String {
    go_duration(i64::try_from(took.as_nanos()).unwrap_or(i64::MAX))
}

/// A number with an exponent if it is very small.
fn short(value: f64) -> String {
    let text = format!("{value:e}");
    match text.split_once("e-") {
        Some((digits, exponent)) if exponent.parse().unwrap_or(0) > 4 => {
            format!("{digits}e-{exponent:0>2}")
        }
        _ => value.to_string(),
    }
}

fn say(
    report: &mut Report,
    threshold: Threshold,
    took: Duration,
    good: impl Fn(Duration) -> String,
    bad: impl Fn(f64) -> String,
) {
    match threshold.at_least(took.as_secs_f64()) {
        Status::Ok => report.ok(good(took)),
        Status::Warning => report.warn(bad(threshold.warn)),
        Status::Critical => report.critical(bad(threshold.critical)),
    }
}

/// Publishes to itself.
fn round_trip(
    connection: &Connection,
    report: &mut Report,
    threshold: Threshold,
    timeout: Duration,
) {
    let inbox = connection.new_inbox();
    let body = inbox.as_bytes();
    let begun = Instant::now();
    let own = match connection.subscribe(&inbox, "") {
        Ok(own) => own,
        Err(error) => {
            report.critical(format!("could not subscribe to {inbox}: {error}"));
            return;
        }
    };
    if let Err(error) = connection.publish(&inbox, "", None, body) {
        report.critical(format!("could not publish to {inbox}: {error}"));
        return;
    }
    let message = match own.next(timeout) {
        Ok(message) => message,
        Err(error) => {
            report.critical(format!("did not receive from {inbox}: {error}"));
            return;
        }
    };
    let took = begun.elapsed().as_secs_f64();
    report.metric_within(
        "request_time",
        took,
        threshold.pair(),
        "s",
        "Time taken for a full Request-Reply operation",
    );
    if message.payload != body {
        report.critical("did not receive expected message");
    }
    match threshold.at_least(took) {
        Status::Ok => report.ok(format!("round trip took {took:.6}s")),
        bad => report.say(bad, format!("round trip request took {took:.6}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_short() {
        for (value, text) in [
            (0.5, "0.5"),
            (1e-9, "1e-09"),
            (0.0001, "0.0001"),
            (1.0, "1"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
