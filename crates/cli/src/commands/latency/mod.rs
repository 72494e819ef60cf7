//! `nats latency` (cli.md 3.8).

pub mod model;

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{Connection, Endpoint};
use crate::context::write_whole;
use crate::failure::Result;
use crate::format::human_duration;
use crate::session::Session;
use crate::{bail, log};

/// Round trips that the distance to a server is measured by.
const ROUND_TRIPS: u32 = 5;
/// Wait for the last messages.
const TAIL: Duration = Duration::from_secs(5);
/// Percentiles that are shown.
const PERCENTILES: [f64; 11] = [
    10.0, 50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 99.999, 99.9999, 99.99999, 100.0,
];
/// Between the parts of the report.
const RULE: &str = "==============================";
/// Least size of a message: it has the time in it.
const LEAST: i64 = 8;

/// Measures how long messages take from one server to another.
pub fn latency(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let size = matches.int("size");
    if size < LEAST {
        bail!("message Payload Size must be at least 8 bytes");
    }
    let rate = matches.int("rate").max(1).unsigned_abs();
    let duration = matches.duration("duration").unwrap_or_default();
    let histogram = matches.filled("histogram").map(str::to_owned);
    let server_b = matches.text("server-b").unwrap_or_default().to_owned();
    let timeout = session.timeout();
    let size = usize::try_from(size).unwrap_or(8);

    let publisher = session.connect()?;
    let mut options = session.options()?;
    options.servers = Endpoint::parse_list(&server_b)?;
    let subscriber = Connection::connect(options)?;
    let (near, far) = (
        distance(&publisher, timeout)?,
        distance(&subscriber, timeout)?,
    );
    log!("{RULE}");
    log!("Pub Server RTT : {}", human(near));
    log!("Sub Server RTT : {}", human(far));
    log!("Message Payload: {}", bytes(size as u64));
    log!(
        "Target Duration: {}",
        crate::format::go_duration(nanos(duration))
    );
    log!("Target Msgs/Sec: {rate}");
    log!("Target Band/Sec: {}", bytes(rate * size as u64 * 2));
    log!("{RULE}");

    let count = ((duration.as_secs_f64() * rate as f64) as u64).max(1);
    let measured = measure(&publisher, &subscriber, size, rate, count, timeout)?;
    report(&measured, size, count, histogram.as_deref())
}

/// What was measured.
struct Measured {
    spans: Vec<u64>,
    first_sent: Duration,
    last_sent: Duration,
    last_received: Duration,
}

fn nanos(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

fn human(span: Duration) -> String {
    human_duration(nanos(span))
}

/// A size in the short form of this report: `8B`, `16K`.
fn bytes(size: u64) -> String {
    match size {
        0..1024 => format!("{size}B"),
        1024..1_048_576 => format!("{}K", size / 1024),
        _ => format!("{:.1}M", size as f64 / 1_048_576.0),
    }
}

fn distance(connection: &Connection, timeout: Duration) -> Result<Duration> {
    let mut total = Duration::ZERO;
    for _ in 0..ROUND_TRIPS {
        total += connection.flush(timeout)?;
    }
    Ok(total / ROUND_TRIPS)
}

fn measure(
    publisher: &Connection,
    subscriber: &Connection,
    size: usize,
    rate: u64,
    count: u64,
    timeout: Duration,
) -> Result<Measured> {
    let subject = subscriber.new_inbox();
    let start = Instant::now();
    let spans: Arc<Mutex<(Vec<u64>, Duration)>> = Arc::default();
    let received = Arc::clone(&spans);
    subscriber.subscribe_with(&subject, "", move |message| {
        let now = start.elapsed();
        let sent = message
            .payload
            .first_chunk()
            .map(|bytes| u64::from_be_bytes(*bytes));
        let span = nanos(now)
            .unsigned_abs()
            .saturating_sub(sent.unwrap_or_default());
        let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
        received.0.push(span);
        received.1 = now;
    })?;
    subscriber.flush(timeout)?;
    // Through clusters, interest takes a moment longer than a round trip.
    thread::sleep(Duration::from_millis(100));
    let interval = Duration::from_secs_f64(1.0 / rate as f64);
    let mut payload = vec![0u8; size];
    let mut first_sent = None;
    let mut last_sent = Duration::ZERO;
    let mut next = Instant::now();
    for _ in 0..count {
        let now = start.elapsed();
        first_sent.get_or_insert(now);
        last_sent = now;
        let stamp = nanos(now).unsigned_abs().to_be_bytes();
        for (byte, stamp) in payload.iter_mut().zip(stamp) {
            *byte = stamp;
        }
        publisher.publish(&subject, "", None, &payload)?;
        next += interval;
        let left = next.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            thread::sleep(left);
        }
    }
    publisher.flush(timeout)?;
    let deadline = Instant::now() + TAIL;
    loop {
        let arrived = spans.lock().unwrap_or_else(PoisonError::into_inner).0.len() as u64;
        if arrived >= count {
            break;
        }
        if Instant::now() > deadline {
            if arrived == 0 {
                bail!("no message arrived: are the two servers connected?");
            }
            log!(
                "WARNING: {} of {count} messages did not arrive",
                count - arrived
            );
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    let mut received = spans.lock().unwrap_or_else(PoisonError::into_inner);
    let spans = std::mem::take(&mut received.0);
    Ok(Measured {
        spans,
        first_sent: first_sent.unwrap_or_default(),
        last_sent,
        last_received: received.1,
    })
}

fn report(measured: &Measured, size: usize, count: u64, histogram: Option<&str>) -> Result<()> {
    let mut sorted = measured.spans.clone();
    sorted.sort_unstable();
    let at = |percent: f64| {
        let place = ((percent / 100.0) * sorted.len() as f64).ceil() as usize;
        let place = place.clamp(1, sorted.len().max(1)) - 1;
        i64::try_from(sorted.get(place).copied().unwrap_or_default()).unwrap_or(i64::MAX)
    };
    log!("HDR Percentiles:");
    for percent in PERCENTILES {
        let name = format!("{percent}:");
        log!("{name:<10}{}", human_duration(at(percent)));
    }
    log!("{RULE}");
    let seconds = (measured.last_sent - measured.first_sent).as_secs_f64();
    let rate = if seconds > 0.0 {
        count as f64 / seconds
    } else {
        count as f64
    };
    log!("Actual Msgs/Sec: {}", rate as u64);
    log!(
        "Actual Band/Sec: {}",
        bytes((rate * size as f64 * 2.0) as u64)
    );
    log!("Minimum Latency: {}", human_duration(at(0.0)));
    log!("Median Latency : {}", human_duration(at(50.0)));
    log!("Maximum Latency: {}", human_duration(at(100.0)));
    log!("1st Sent Wall Time : {}", human(measured.first_sent));
    log!("Last Sent Wall Time: {}", human(measured.last_sent));
    log!("Last Recv Wall Time: {}", human(measured.last_received));
    if let Some(path) = histogram {
        let mut raw = Vec::new();
        for span in &measured.spans {
            writeln!(raw, "{:.6}", *span as f64 / 1e6)?;
        }
        write_whole(std::path::Path::new(&format!("{path}.raw")), &raw, 0o644)?;
        let mut table = String::from("Value\tPercentile\tTotalCount\t1/(1-Percentile)\n\n");
        for percent in PERCENTILES {
            let part = percent / 100.0;
            let below = (part * sorted.len() as f64).ceil() as u64;
            let inverse = if part < 1.0 {
                format!("{:.2}", 1.0 / (1.0 - part))
            } else {
                "inf".to_owned()
            };
            table.push_str(&format!(
                "{:.6}\t{part:.9}\t{below}\t{inverse}\n",
                at(percent) as f64 / 1e6
            ));
        }
        write_whole(
            std::path::Path::new(&format!("{path}.histogram")),
            table.as_bytes(),
            0o644,
        )?;
    }
    Ok(())
}
