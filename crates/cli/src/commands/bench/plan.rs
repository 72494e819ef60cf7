//! What is to be measured: the flags that most benchmarks have.

use std::time::Duration;

use crate::bail;
use crate::client::Headers;
use crate::fail;
use crate::failure::Result;
use crate::format::{SizeRange, commas, go_duration, human_size, parse_size};
use crate::messages::parse_headers;
use crate::parse::Matches;
use crate::template::MessageScope;

/// The plan of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is measured, such as `Core NATS publisher`.
    pub label: &'static str,
    /// Clients.
    pub clients: usize,
    /// Messages in all.
    pub messages: u64,
    /// Payload of each message.
    pub payload: Vec<u8>,
    /// Headers of each message.
    pub headers: Headers,
    /// Pause after each message.
    pub sleep: Duration,
    /// Messages per second in all; 0 for no limit.
    pub throughput: u64,
    /// Whether progress is shown.
    pub progress: bool,
    /// File for the results.
    pub csv: Option<String>,
    /// What the first log line says, beside the usual.
    notes: Vec<(String, String)>,
}

fn has(matches: &Matches, name: &str) -> bool {
    matches
        .declared_flags()
        .iter()
        .any(|flag| flag.name == name)
}

impl Plan {
    /// Reads the flags.
    pub fn read(label: &'static str, matches: &Matches) -> Result<Self> {
        let mut messages = matches.int("msgs");
        if messages <= 0 {
            bail!("number of messages should be greater than 0");
        }
        let throughput = if has(matches, "throughput") {
            matches.int("throughput").max(0).unsigned_abs()
        } else {
            0
        };
        if has(matches, "duration") {
            let duration = matches.nanos("duration").unwrap_or(0);
            if duration < 0 {
                bail!("--duration cannot be negative");
            }
            if duration > 0 {
                if throughput == 0 {
                    bail!("--duration requires --throughput to be set");
                }
                let count = throughput as f64 * (duration as f64 / 1e9);
                messages = (count as i64).max(1);
            }
        }
        let clients = usize::try_from(matches.int("clients").max(1)).unwrap_or(1);
        let size_text = matches.text("size").unwrap_or_default();
        let size = parse_size(size_text, SizeRange::Bits32)
            .ok()
            .and_then(|size| usize::try_from(size).ok())
            .ok_or_else(|| {
                fail!(
                    "can not parse or invalid the value specified for the message size: {size_text}"
                )
            })?;
        let mut payload = vec![0; size];
        let file = if has(matches, "payload") {
            matches.filled("payload")
        } else {
            None
        };
        if let Some(path) = file {
            payload = std::fs::read(path)
                .map_err(|error| fail!("{}", crate::format::io_error_at("open", path, &error)))?;
        }
        let headers = if has(matches, "header") {
            parse_headers(matches.list("header"), &MessageScope::default())?
        } else {
            Headers::new()
        };
        let sleep = if has(matches, "sleep") {
            matches.duration("sleep")
        } else {
            None
        };
        Ok(Self {
            label,
            clients,
            messages: messages.unsigned_abs(),
            payload,
            headers,
            sleep: sleep.unwrap_or_default(),
            throughput,
            progress: matches.on("progress"),
            csv: matches.filled("csv").map(str::to_owned),
            notes: Vec::new(),
        })
    }

    /// Says something more in the first log line.
    pub fn note(&mut self, key: &str, value: impl Into<String>) {
        self.notes.push((key.to_owned(), value.into()));
    }

    /// Messages of client `number`: the first ones take what is left over.
    pub fn share(&self, number: usize) -> u64 {
        let clients = self.clients as u64;
        self.messages / clients + u64::from((number as u64) < self.messages % clients)
    }

    /// Time between two messages of a client; nothing if there is no limit.
    pub fn interval(&self) -> Option<Duration> {
        (self.throughput > 0)
            .then(|| Duration::from_secs_f64(self.clients as f64 / self.throughput as f64))
    }

    /// The first log line.
    pub fn headline(&self) -> String {
        let mut pairs = vec![
            ("clients".to_owned(), commas(self.clients as u64)),
            ("msg-size".to_owned(), human_size(self.payload.len() as u64)),
            ("msgs".to_owned(), commas(self.messages)),
        ];
        if !self.sleep.is_zero() {
            let nanos = i64::try_from(self.sleep.as_nanos()).unwrap_or(i64::MAX);
            pairs.push(("sleep".to_owned(), go_duration(nanos)));
        }
        if self.throughput > 0 {
            pairs.push((
                "throughput".to_owned(),
                format!("{} msgs/sec", commas(self.throughput)),
            ));
        }
        pairs.extend(self.notes.iter().cloned());
        pairs.sort();
        let texts: Vec<String> = pairs
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        format!("Starting {} benchmark [{}]", self.label, texts.join(", "))
    }
}

/// Subjects of messages: one, or numbered ones below it.
#[derive(Clone, Debug)]
pub struct Subjects {
    base: String,
    numbered: bool,
    most: u64,
    random: bool,
    width: usize,
}

impl Subjects {
    /// Reads the flags.
    pub fn read(matches: &Matches, messages: u64) -> Self {
        let numbered = matches.on("multisubject");
        let most = if has(matches, "multisubjectmax") {
            matches.int("multisubjectmax").max(0).unsigned_abs()
        } else {
            0
        };
        let most = if most == 0 { messages } else { most };
        Self {
            base: matches.required_arg("subject").to_owned(),
            numbered,
            most,
            random: has(matches, "multisubjectrandomize") && matches.on("multisubjectrandomize"),
            width: most.to_string().len(),
        }
    }

    /// Whether all messages have one subject.
    pub fn is_single(&self) -> bool {
        !self.numbered
    }

    /// Subject of message `number`.
    pub fn at(&self, number: u64) -> String {
        if !self.numbered {
            return self.base.clone();
        }
        let number = if self.random {
            fastrand::u64(0..self.most)
        } else {
            number % self.most
        };
        format!("{}.{number:0width$}", self.base, width = self.width)
    }

    /// What to subscribe to.
    pub fn pattern(&self) -> String {
        if self.numbered {
            format!("{}.*", self.base)
        } else {
            self.base.clone()
        }
    }
}
