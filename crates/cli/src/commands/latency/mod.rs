//! `nats latency` (cli.md 3.8).

pub mod model;

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{Connection, Endpoint};
use crate::context::write_whole;
use crate::failure::{Failure, Result};
use crate::format::go_duration;
use crate::session::Session;
use crate::{bail, log};

/// Wait for the last messages.
const TAIL: Duration = Duration::from_secs(5);
/// Percentiles that are shown.
const PERCENTILES: [f64; 11] = [
    10.0, 50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 99.999, 99.9999, 99.99999, 100.0,
];
/// Those in the file.
const WRITTEN: [f64; 12] = [
    10.0, 25.0, 50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 99.999, 99.9999, 99.99999, 100.0,
];
/// Between the parts of the report.
const RULE: &str = "==============================";
/// Least size of a message: it has the time in it.
const LEAST: i64 = 8;

/// Measures how long messages take from one server to another.
pub fn latency(session: &mut Session) -> Result<()> {
    let begun = Instant::now();
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

    let publisher = session
        .connect()
        .map_err(|why| why.context("first connection failed"))?;
    let mut options = session.options()?;
    options.servers = Endpoint::parse_list(&server_b)?;
    let subscriber = Connection::connect(options)
        .map_err(|why| Failure::from(why).context("second connection failed"))?;
    log!("{RULE}");
    log!("Pub Server RTT : {}", short(publisher.flush(timeout)?));
    log!("Sub Server RTT : {}", short(subscriber.flush(timeout)?));
    log!("Message Payload: {}", bytes(size as u64));
    log!("Target Duration: {}", go_duration(nanos(duration)));
    log!("Target Msgs/Sec: {rate}");
    log!("Target Band/Sec: {}", bytes(rate * size as u64 * 2));
    log!("{RULE}");

    let count = ((duration.as_secs_f64() * rate as f64) as u64).max(1);
    let measured = measure(&publisher, &subscriber, size, rate, count, timeout)?;
    report(&measured, begun, size, count, histogram.as_deref())
}

/// What was measured.
struct Measured {
    spans: Vec<u64>,
    /// When the first message was sent.
    first_sent: Instant,
    /// Time from then until the last one was sent, and received.
    sending: Duration,
    receiving: Duration,
}

fn nanos(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

/// A span without parts of microseconds.
fn short(span: Duration) -> String {
    go_duration(nanos(span) / 1_000 * 1_000)
}

/// A size in the short form of this report: `8B`, `1.6K`, `16K`.
fn bytes(size: u64) -> String {
    if size < 10 {
        return format!("{size}B");
    }
    let mut scaled = size as f64;
    let mut letters = "BKMGT".chars();
    let mut letter = letters.next();
    while scaled >= 1024.0 {
        let Some(larger) = letters.next() else {
            break;
        };
        letter = Some(larger);
        scaled /= 1024.0;
    }
    let value = (scaled * 10.0 + 0.5).floor() / 10.0;
    let digits = usize::from(value < 10.0);
    format!("{value:.digits$}{}", letter.unwrap_or('B'))
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
    let first_sent = Instant::now();
    let mut next = first_sent;
    for _ in 0..count {
        let stamp = nanos(start.elapsed()).unsigned_abs().to_be_bytes();
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
    let sending = first_sent.elapsed();
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
        first_sent,
        sending,
        receiving: (start + received.1)
            .saturating_duration_since(first_sent)
            .max(sending),
    })
}

/// Nanoseconds at a percentile of what is sorted.
fn at(sorted: &[u64], percent: f64) -> u64 {
    let place = ((percent / 100.0) * sorted.len() as f64).ceil() as usize;
    let place = place.clamp(1, sorted.len().max(1)) - 1;
    sorted.get(place).copied().unwrap_or_default()
}

fn median(sorted: &[u64]) -> u64 {
    let middle = sorted.len() / 2;
    let value = |at: usize| sorted.get(at).copied().unwrap_or_default();
    if sorted.len().is_multiple_of(2) {
        u64::midpoint(value(middle.saturating_sub(1)), value(middle))
    } else {
        value(middle)
    }
}

fn report(
    measured: &Measured,
    begun: Instant,
    size: usize,
    count: u64,
    histogram: Option<&str>,
) -> Result<()> {
    let mut sorted = measured.spans.clone();
    sorted.sort_unstable();
    let span = |nanos: u64| short(Duration::from_nanos(nanos));
    log!("HDR Percentiles:");
    for percent in PERCENTILES {
        let name = format!("{percent}:");
        log!("{name:<10}{}", span(at(&sorted, percent)));
    }
    log!("{RULE}");
    if let Some(path) = histogram {
        write_files(path, &measured.spans, &sorted)?;
    }
    let rate = (count as f64 / measured.sending.as_secs_f64().max(1e-9)) as u64;
    log!("Actual Msgs/Sec: {rate}");
    log!("Actual Band/Sec: {}", bytes(rate * size as u64 * 2));
    log!("Minimum Latency: {}", span(at(&sorted, 0.0)));
    log!("Median Latency : {}", span(median(&sorted)));
    log!("Maximum Latency: {}", span(at(&sorted, 100.0)));
    let before = measured.first_sent.saturating_duration_since(begun);
    log!("1st Sent Wall Time : {}", short(before));
    log!("Last Sent Wall Time: {}", short(measured.sending));
    log!("Last Recv Wall Time: {}", short(measured.receiving));
    Ok(())
}

/// Writes all latencies as they came, and how they are distributed.
fn write_files(path: &str, spans: &[u64], sorted: &[u64]) -> Result<()> {
    /// Instead of infinity for the last percentile.
    const LAST: f64 = 1e7;
    let mut raw = Vec::new();
    for span in spans {
        writeln!(raw, "{:.6}", *span as f64 / 1e6)?;
    }
    write_whole(Path::new(&format!("{path}.raw")), &raw, 0o644)?;
    let mut table = String::from("Value    Percentile    TotalCount    1/(1-Percentile)\n\n");
    for percent in WRITTEN {
        let part = percent / 100.0;
        let below = (part * sorted.len() as f64 + 0.5) as u64;
        let inverse = if percent < 100.0 {
            1.0 / (1.0 - part)
        } else {
            LAST
        };
        table.push_str(&format!(
            "{:.6}    {part:.6}        {below}            {inverse:.6}\n",
            at(sorted, percent) as f64 / 1e6
        ));
    }
    write_whole(
        Path::new(&format!("{path}.histogram")),
        table.as_bytes(),
        0o644,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        let sizes = [8, 10, 1_600, 16_000, 1_048_575, 3 << 20];
        assert_eq!(
            sizes.map(bytes),
            ["8B", "10B", "1.6K", "16K", "1024K", "3.0M"]
        );
        assert_eq!(short(Duration::from_nanos(2_798_999)), "2.798ms");
        assert_eq!((median(&[1, 3]), median(&[1, 2, 9])), (2, 2));
    }
}
