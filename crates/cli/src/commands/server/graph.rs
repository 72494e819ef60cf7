//! `nats server graph` (cli.md 7.7).

use std::time::Instant;

use super::info::varz;
use crate::bail;
use crate::failure::Result;
use crate::live::{Caption, Counter, charts};
use crate::output::{Json, terminal};
use crate::session::Session;
use crate::system::System;

/// Draws what happens on a server until somebody leaves.
pub fn graph(session: &mut Session) -> Result<()> {
    terminal::required_size()?;
    let name = session.matches.required_arg("server").to_owned();
    let jetstream = session.matches.on("jetstream");
    let system = System::of(session)?;
    let first = varz(&system, &name)?;
    if jetstream && !first.has("jetstream.config.store_dir") {
        bail!("server {name} has no JetStream");
    }
    // The id stays the one of the server that was found, whoever gets its name.
    let id = first.text("server_id").to_owned();
    let processor = Caption::plain(format!(
        "CPU % Used (normalized for {} cores)",
        first.int("cores")
    ));
    let mut captions = vec![processor];
    captions.extend(if jetstream {
        [
            Caption::plain("HA Assets"),
            Caption::plain("API Requests / second"),
            Caption::plain("Pending API Requests"),
            Caption::bytes("File Storage"),
            Caption::bytes("Memory Storage"),
        ]
    } else {
        [
            Caption::bytes("Memory Used"),
            Caption::plain("Connections"),
            Caption::plain("Subscriptions"),
            Caption::plain("Messages In+Out / second"),
            Caption::bytes("Bytes In+Out / second"),
        ]
    });
    let about = if jetstream { "JetStream" } else { "Server" };
    let title = format!("{about} Statistics for {name}");
    let mut counters = Counters::default();
    charts(&title, captions, || {
        let varz = varz(&system, &id)?;
        let now = Instant::now();
        Ok(if jetstream {
            counters.jetstream(&varz, now)
        } else {
            counters.server(&varz, now)
        })
    })
}

/// Totals whose rates are shown.
#[derive(Default)]
struct Counters {
    messages: Counter,
    bytes: Counter,
    requests: Counter,
}

/// Use of the processor, of all cores.
fn processor(varz: &Json) -> f64 {
    varz.float("cpu") / varz.float("cores").max(1.0)
}

impl Counters {
    fn server(&mut self, varz: &Json, now: Instant) -> Vec<f64> {
        let sum =
            |unit: &str| varz.float(&format!("in_{unit}")) + varz.float(&format!("out_{unit}"));
        vec![
            processor(varz),
            varz.float("mem"),
            varz.float("connections"),
            varz.float("subscriptions"),
            self.messages.at(now, sum("msgs")),
            self.bytes.at(now, sum("bytes")),
        ]
    }

    fn jetstream(&mut self, varz: &Json, now: Instant) -> Vec<f64> {
        let stats = varz.at("jetstream.stats");
        vec![
            processor(varz),
            stats.float("ha_assets"),
            self.requests.at(now, stats.float("api.total")),
            varz.float("jetstream.meta.pending"),
            stats.float("storage"),
            stats.float("memory"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn processors_are_normalized_and_totals_become_rates() {
        let varz = |messages: i64| {
            Json::object()
                .with("cpu", 50)
                .with("cores", 4)
                .with("in_msgs", messages)
                .with("out_msgs", 1)
                .with("connections", 3)
        };
        let start = Instant::now();
        let mut counters = Counters::default();
        let first = counters.server(&varz(10), start);
        assert_eq!(first, [12.5, 0.0, 3.0, 0.0, 0.0, 0.0]);
        let second = counters.server(&varz(30), start + Duration::from_secs(2));
        assert_eq!(second[4], 10.0);
    }
}
