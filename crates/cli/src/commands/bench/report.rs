//! Results as text and CSV.

use super::histogram::Histogram;
use super::run::Sample;
use crate::client::unique_id;
use crate::context::write_whole;
use crate::failure::Result;
use crate::format::{commas, human_size_float, rate};

fn micros(nanos: f64) -> String {
    format!("{:.2}us", nanos / 1_000.0)
}

fn whole(number: f64) -> String {
    commas(number as i64)
}

/// Rates of one client.
fn rates(sample: &Sample) -> String {
    let seconds = sample.seconds();
    let mut text = format!(
        "{} msgs/sec ~ {}/sec",
        whole(rate(sample.messages as f64, seconds)),
        human_size_float(rate(sample.bytes as f64, seconds))
    );
    if let Some(latencies) = sample
        .latencies
        .as_ref()
        .filter(|latencies| !latencies.is_empty())
    {
        text.push_str(&format!(
            " ~ min: {} ~ avg: {} ~ max: {}",
            micros(latencies.min()),
            micros(latencies.average()),
            micros(latencies.max())
        ));
        for (name, percent) in PERCENTILES {
            text.push_str(&format!(
                " ~ {name}: {}",
                micros(latencies.percentile(percent))
            ));
        }
    }
    text
}

const PERCENTILES: [(&str, f64); 4] =
    [("P50", 50.0), ("P90", 90.0), ("P99", 99.0), ("P99.9", 99.9)];

/// The result.
pub fn text(label: &str, samples: &[Sample]) -> String {
    if let [sample] = samples {
        return format!("\nNATS {label} stats: {}\n\n", rates(sample));
    }
    let mut out = String::from("\n");
    for (number, sample) in samples.iter().enumerate() {
        out.push_str(&format!(
            "  [{}] {} ({} msgs)\n",
            number + 1,
            rates(sample),
            commas(sample.messages)
        ));
    }
    let begun = samples.iter().map(|sample| sample.begun).min();
    let ended = samples.iter().map(|sample| sample.ended).max();
    let seconds = match (begun, ended) {
        (Some(begun), Some(ended)) => (ended - begun).as_secs_f64(),
        _ => 0.0,
    };
    let messages: u64 = samples.iter().map(|sample| sample.messages).sum();
    let bytes: u64 = samples.iter().map(|sample| sample.bytes).sum();
    out.push_str(&format!(
        "\n NATS {label} aggregated stats: {} msgs/sec ~ {}/sec\n",
        whole(rate(messages as f64, seconds)),
        human_size_float(rate(bytes as f64, seconds))
    ));
    let each: Vec<f64> = samples
        .iter()
        .map(|sample| rate(sample.messages as f64, sample.seconds()))
        .collect();
    let average = each.iter().sum::<f64>() / each.len().max(1) as f64;
    let spread =
        each.iter().map(|one| (one - average).powi(2)).sum::<f64>() / each.len().max(1) as f64;
    out.push_str(&format!(
        " message rates min {} | avg {} | max {} | stddev {} msgs\n",
        whole(each.iter().copied().fold(f64::INFINITY, f64::min)),
        whole(average),
        whole(each.iter().copied().fold(0.0, f64::max)),
        whole(spread.sqrt())
    ));
    let mut all = Histogram::default();
    for latencies in samples
        .iter()
        .filter_map(|sample| sample.latencies.as_ref())
    {
        all.merge(latencies);
    }
    if !all.is_empty() {
        out.push_str(&format!(
            " latencies per operation min {} | avg {} | max {} | stddev {}",
            micros(all.min()),
            micros(all.average()),
            micros(all.max()),
            micros(all.deviation())
        ));
        for (name, percent) in PERCENTILES {
            let colon = if name == "P99.9" { ":" } else { "" };
            out.push_str(&format!(
                " | {name}{colon} {}",
                micros(all.percentile(percent))
            ));
        }
        out.push('\n');
    }
    out.push('\n');
    out
}

/// Writes a line for each client.
pub fn write_csv(path: &str, letter: char, samples: &[Sample]) -> Result<()> {
    let with_latencies = samples.iter().any(|sample| sample.latencies.is_some());
    let mut out =
        String::from("#RunID,ClientID,MsgCount,MsgBytes,MsgsPerSec,BytesPerSec,DurationSecs");
    if with_latencies {
        out.push_str(
            ",MinLatencyMicroSecs,AvgLatencyMicroSecs,MaxLatencyMicroSecs,P50LatencyMicroSecs,P90LatencyMicroSecs,P99LatencyMicroSecs,P99.9LatencyMicroSecs,StdDevLatencyMicroSecs",
        );
    }
    out.push('\n');
    let run = unique_id();
    for (number, sample) in samples.iter().enumerate() {
        let seconds = sample.seconds();
        out.push_str(&format!(
            "{run},{letter}{number},{},{},{},{:.6},{:.6}",
            sample.traffic,
            sample.bytes,
            rate(sample.messages as f64, seconds) as u64,
            rate(sample.bytes as f64, seconds),
            seconds
        ));
        if let Some(l) = &sample.latencies {
            let values = [
                l.min(),
                l.average(),
                l.max(),
                l.percentile(50.0),
                l.percentile(90.0),
                l.percentile(99.0),
                l.percentile(99.9),
                l.deviation(),
            ];
            for nanos in values {
                out.push_str(&format!(",{:.6}", nanos / 1_000.0));
            }
        }
        out.push('\n');
    }
    write_whole(std::path::Path::new(path), out.as_bytes(), 0o644)
}
