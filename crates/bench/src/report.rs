//! Tables of what was measured.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::load;
use crate::server::Kind;
use crate::workload::{Measurement, Workload};

/// One workload, all servers.
#[derive(Serialize)]
pub struct Row {
    workload: Workload,
    title: String,
    servers: Vec<Servers>,
    /// What the table shows.
    ratios: Ratios,
    /// Why nothing was measured.
    error: Option<String>,
}

#[derive(Serialize)]
struct Servers {
    server: &'static str,
    median: Measurement,
    turns: Vec<Measurement>,
}

/// Midge beside the Go server: above 1 Midge is better. Absent where one of the
/// two was not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
struct Ratios {
    /// Messages per second of Midge, in those of the Go server.
    rate: Option<f64>,
    /// Processor time of the Go server, in that of Midge.
    cpu: Option<f64>,
    /// Median latency of the Go server, in that of Midge.
    p50: Option<f64>,
    /// 99th percentile of the latency of the Go server, in that of Midge.
    p99: Option<f64>,
    /// Memory of the Go server, in that of Midge.
    memory: Option<f64>,
    /// Time to start of the Go server, in that of Midge.
    start: Option<f64>,
}

/// `None` where one side is missing or nothing can be divided by.
fn ratio(above: Option<f64>, below: Option<f64>) -> Option<f64> {
    let (above, below) = (above?, below?);
    (below > 0.0).then(|| above / below)
}

impl Ratios {
    fn of(midge: &Measurement, peer: &Measurement) -> Self {
        let theirs = |field: fn(&Measurement) -> Option<f64>| ratio(field(peer), field(midge));
        Self {
            rate: ratio(midge.rate, peer.rate),
            cpu: theirs(|m| m.cpu_ns),
            p50: theirs(|m| m.p50_us),
            p99: theirs(|m| m.p99_us),
            memory: theirs(|m| m.memory),
            start: theirs(|m| m.start_ms),
        }
    }
}

impl Row {
    /// Lets the servers take turns. If one fails, the row says so.
    pub fn measure(workload: Workload, kinds: &[Kind], rounds: usize, scale: u32) -> Self {
        match Self::turns(workload, kinds, rounds, scale) {
            Ok(turns) => Self::new(workload, turns),
            Err(error) => Self {
                error: Some(format!("{error:#}")),
                ..Self::new(workload, Vec::new())
            },
        }
    }

    fn turns(
        workload: Workload,
        kinds: &[Kind],
        rounds: usize,
        scale: u32,
    ) -> Result<Vec<(&'static str, Vec<Measurement>)>> {
        let carried = |kind: &&Kind| **kind != Kind::Relay || workload.has_floor();
        let kinds: Vec<&Kind> = kinds.iter().filter(carried).collect();
        let mut turns: Vec<(&'static str, Vec<Measurement>)> =
            kinds.iter().map(|kind| (kind.name(), Vec::new())).collect();
        for _ in 0..rounds.max(1) {
            for (kind, (_, turns)) in kinds.iter().zip(&mut turns) {
                let name = workload.name();
                let turn = load::run(workload, kind, scale)
                    .with_context(|| format!("{name} against {}", kind.name()))?;
                turns.push(turn);
            }
        }
        Ok(turns)
    }

    /// A row of what was measured, by the servers' names.
    fn new(workload: Workload, turns: Vec<(&'static str, Vec<Measurement>)>) -> Self {
        let servers: Vec<Servers> = turns
            .into_iter()
            .map(|(server, turns)| Servers {
                server,
                median: median(&turns),
                turns,
            })
            .collect();
        let mut row = Self {
            workload,
            title: workload.title(),
            servers,
            ratios: Ratios::default(),
            error: None,
        };
        if let (Some(midge), Some(peer)) = (row.of("midge"), row.of("peer")) {
            row.ratios = Ratios::of(midge, peer);
        }
        row
    }

    /// Why nothing was measured.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The workload's name.
    pub fn name(&self) -> String {
        self.workload.name()
    }

    fn of(&self, server: &str) -> Option<&Measurement> {
        self.servers
            .iter()
            .find(|entry| entry.server == server)
            .map(|entry| &entry.median)
    }

    /// A line for people who wait.
    pub fn progress(&self) -> String {
        self.cells().join("  ")
    }

    fn cells(&self) -> Vec<String> {
        let (midge, peer, relay) = (self.of("midge"), self.of("peer"), self.of("relay"));
        let get =
            |m: Option<&Measurement>, field: fn(&Measurement) -> Option<f64>| m.and_then(field);
        let rate = |m: &Measurement| m.rate;
        let cpu = |m: &Measurement| m.cpu_ns;
        let times =
            |ratio: Option<f64>| ratio.map_or_else(String::new, |ratio| format!("{ratio:.1}×"));
        let latency = |m: Option<&Measurement>| match m {
            Some(Measurement {
                p50_us: Some(p50),
                p99_us: Some(p99),
                ..
            }) => {
                format!("{p50:.0}/{p99:.0} µs")
            }
            Some(Measurement {
                start_ms: Some(time),
                ..
            }) => format!("{time:.0} ms"),
            _ => String::new(),
        };
        let memory = |m: Option<&Measurement>| match m.and_then(|m| m.memory) {
            Some(bytes) if bytes >= 1e6 => format!("{:.1} MB", bytes / 1e6),
            Some(bytes) if bytes >= 1024.0 => format!("{:.1} KB", bytes / 1000.0),
            Some(bytes) => format!("{bytes:.0} B"),
            None => String::new(),
        };
        let floor = match (get(relay, rate), get(midge, rate)) {
            (Some(floor), midge) if self.workload.has_disk_floor() => {
                let share = ratio(midge, Some(floor));
                let share = share.map(|share| format!(" ({:.0}%)", share * 100.0));
                format!("{}/s{}", count(floor), share.unwrap_or_default())
            }
            _ => get(relay, cpu).map(nanos).unwrap_or_default(),
        };
        vec![
            self.title.clone(),
            match self.error {
                Some(_) => NOT_MEASURED.to_owned(),
                None => get(midge, rate).map(count).unwrap_or_default(),
            },
            get(peer, rate).map(count).unwrap_or_default(),
            times(self.ratios.rate),
            get(midge, cpu).map(nanos).unwrap_or_default(),
            get(peer, cpu).map(nanos).unwrap_or_default(),
            times(self.ratios.cpu),
            floor,
            [latency(midge), latency(peer)].join(" | "),
            [memory(midge), memory(peer)].join(" | "),
        ]
        .into_iter()
        .map(|cell| if cell == " | " { String::new() } else { cell })
        .collect()
    }
}

/// Stands in the table where a workload failed.
const NOT_MEASURED: &str = "not measured";

const HEADINGS: [&str; 10] = [
    "work",
    "midge /s",
    "peer /s",
    "faster",
    "midge CPU",
    "peer CPU",
    "less CPU",
    "floor",
    "p50/p99 midge | peer",
    "memory midge | peer",
];

fn median(turns: &[Measurement]) -> Measurement {
    let of = |field: fn(&Measurement) -> Option<f64>| {
        let mut values: Vec<f64> = turns.iter().filter_map(field).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    Measurement {
        rate: of(|m| m.rate),
        cpu_ns: of(|m| m.cpu_ns),
        p50_us: of(|m| m.p50_us),
        p99_us: of(|m| m.p99_us),
        memory: of(|m| m.memory),
        start_ms: of(|m| m.start_ms),
    }
}

fn count(value: f64) -> String {
    if value >= 1e6 {
        format!("{:.2} M", value / 1e6)
    } else if value >= 1e3 {
        format!("{:.1} k", value / 1e3)
    } else {
        format!("{value:.0}")
    }
}

fn nanos(value: f64) -> String {
    if value >= 10_000.0 {
        format!("{:.1} µs", value / 1000.0)
    } else {
        format!("{value:.0} ns")
    }
}

/// An aligned table for a terminal.
pub fn text(rows: &[Row]) -> String {
    let cells: Vec<Vec<String>> = rows.iter().map(Row::cells).collect();
    let width = |column: usize| {
        let longest = cells
            .iter()
            .filter_map(|row| row.get(column))
            .map(|c| c.chars().count());
        let heading = HEADINGS
            .get(column)
            .map_or(0, |heading| heading.chars().count());
        longest.max().unwrap_or(0).max(heading)
    };
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let line = |row: Vec<String>| {
        let padded = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                let pad = " ".repeat(width - cell.chars().count());
                if column == 0 {
                    format!("{cell}{pad}")
                } else {
                    format!("{pad}{cell}")
                }
            });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(HEADINGS.iter().map(|&h| h.to_owned()).collect())];
    lines.extend(cells.into_iter().map(line));
    lines.join("\n")
}

/// A Markdown table.
pub fn markdown(rows: &[Row]) -> String {
    let mut out = format!(
        "| {} |\n",
        HEADINGS.join(" | ").replace("midge | peer", "midge / peer")
    );
    out += "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for row in rows {
        let cells: Vec<String> = row
            .cells()
            .iter()
            .map(|cell| cell.replace(" | ", " / "))
            .collect();
        out += &format!("| {} |\n", cells.join(" | "));
    }
    out
}

/// All measurements and ratios, for programs.
pub fn json(rows: &[Row]) -> Result<String> {
    Ok(serde_json::to_string_pretty(rows)?)
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
