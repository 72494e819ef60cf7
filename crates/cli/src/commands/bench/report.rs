//! Results as text and CSV.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use super::histogram::Histogram;
use super::plan::Plan;
use super::run::Sample;
use crate::client::unique_id;
use crate::fail;
use crate::failure::Result;
use crate::format::{commas, human_size_float, io_error_at, rate};

/// Who may read the CSV file: its owner.
const CSV_MODE: u32 = 0o600;

/// Microseconds with commas and as many decimals as there are, two at most;
/// what is behind them is cut off.
fn micros(nanos: f64) -> String {
    let text = (nanos / 1_000.0).to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let whole = commas(whole.parse::<i64>().unwrap_or(i64::MAX));
    match decimals.get(..2).unwrap_or(decimals) {
        "" => format!("{whole}us"),
        decimals => format!("{whole}.{decimals}us"),
    }
}

/// Messages and bytes per second.
fn speed(plan: &Plan, messages: u64, seconds: f64) -> (i64, f64) {
    let bytes = messages as f64 * plan.size as f64;
    (rate(messages as f64, seconds) as i64, rate(bytes, seconds))
}

/// Rates of one client.
fn rates(plan: &Plan, sample: &Sample) -> String {
    let (messages, bytes) = speed(plan, sample.messages, sample.seconds());
    let mut text = format!(
        "{} msgs/sec ~ {}/sec",
        commas(messages),
        human_size_float(bytes.trunc())
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
pub fn text(plan: &Plan, samples: &[Sample]) -> String {
    let label = plan.kind.label;
    match samples {
        [] => return "\nNo publisher or subscribers. Nothing to report.\n".to_owned(),
        [sample] => return format!("\nNATS {label} stats: {}\n\n", rates(plan, sample)),
        _ => {}
    }
    let mut out = String::from("\n");
    for (number, sample) in samples.iter().enumerate() {
        out.push_str(&format!(
            "  [{}] {} ({} msgs)\n",
            number + 1,
            rates(plan, sample),
            commas(sample.messages)
        ));
    }
    let begun = samples.iter().map(|sample| sample.begun).min();
    let ended = samples.iter().map(|sample| sample.ended).max();
    let seconds = match (begun, ended) {
        (Some(begun), Some(ended)) => (ended - begun).as_secs_f64(),
        _ => 0.0,
    };
    let total = samples.iter().map(|sample| sample.messages).sum();
    let (messages, bytes) = speed(plan, total, seconds);
    out.push_str(&format!(
        "\n NATS {label} aggregated stats: {} msgs/sec ~ {}/sec\n",
        commas(messages),
        human_size_float(bytes.trunc())
    ));
    let each: Vec<i64> = samples
        .iter()
        .map(|sample| speed(plan, sample.messages, sample.seconds()).0)
        .collect();
    let average = each.iter().sum::<i64>() / i64::try_from(each.len()).unwrap_or(1).max(1);
    let spread = each
        .iter()
        .map(|one| (one - average) as f64)
        .map(|off| off * off)
        .sum::<f64>()
        / each.len() as f64;
    out.push_str(&format!(
        " message rates min {} | avg {} | max {} | stddev {} msgs\n",
        commas(each.iter().copied().min().unwrap_or(0)),
        commas(average),
        commas(each.iter().copied().max().unwrap_or(0)),
        commas(spread.sqrt() as i64)
    ));
    let all = together(samples);
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

/// Latencies of all clients.
fn together(samples: &[Sample]) -> Histogram {
    let mut all = Histogram::default();
    for latencies in samples
        .iter()
        .filter_map(|sample| sample.latencies.as_ref())
    {
        all.merge(latencies);
    }
    all
}

/// Writes a line for each client.
pub fn write_csv(path: &str, plan: &Plan, samples: &[Sample]) -> Result<()> {
    let with_latencies = !together(samples).is_empty();
    let mut out =
        String::from("#RunID,ClientID,MsgCount,MsgBytes,MsgsPerSec,BytesPerSec,DurationSecs");
    if with_latencies {
        out.push_str(
            ",MinLatencyMicroSecs,AvgLatencyMicroSecs,MaxLatencyMicroSecs,P50LatencyMicroSecs,P90LatencyMicroSecs,P99LatencyMicroSecs,P99.9LatencyMicroSecs,StdDevLatencyMicroSecs",
        );
    }
    out.push('\n');
    let run = unique_id();
    let none = Histogram::default();
    for (number, sample) in samples.iter().enumerate() {
        let seconds = sample.seconds();
        let (messages, bytes) = speed(plan, sample.messages, seconds);
        out.push_str(&format!(
            "{run},{}{number},{},{},{messages},{bytes:.6},{seconds:.6}",
            plan.kind.letter,
            sample.traffic,
            sample.messages.saturating_mul(plan.size as u64),
        ));
        if with_latencies {
            let l = sample.latencies.as_ref().unwrap_or(&none);
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
    save(path, &out)
}

/// Writes a file; half of it is not left behind.
fn save(path: &str, text: &str) -> Result<()> {
    let failed = |operation, error| {
        fail!(
            "writing file {path}: {}",
            io_error_at(operation, path, &error)
        )
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(CSV_MODE)
        .open(path)
        .map_err(|error| failed("open", error))?;
    if let Err(error) = file.write_all(text.as_bytes()) {
        if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            // It may be gone already.
            let _ = fs::remove_file(path);
        }
        return Err(failed("write", error));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_have_the_decimals_that_they_have() {
        for (nanos, text) in [
            (0.0, "0us"),
            (60.0, "0.06us"),
            (100.0, "0.1us"),
            (1_299.0, "1.29us"),
            (12_000.0, "12us"),
            (4_565_910.5, "4,565.91us"),
        ] {
            assert_eq!(micros(nanos), text);
        }
    }
}
