//! What is to be measured: the flags that most benchmarks have.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::trouble::Trouble;
use crate::client::Headers;
use crate::failure::Result;
use crate::format::{SizeRange, commas, human_duration, human_size, io_error_at, parse_size};
use crate::messages::parse_headers;
use crate::parse::Matches;
use crate::template::MessageScope;
use crate::{bail, fail, log};

/// What a run measures.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// In words, such as `Core NATS publisher`.
    pub label: &'static str,
    /// Begins the names of clients in the CSV file.
    pub letter: char,
}

/// The plan of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is measured.
    pub kind: Kind,
    /// Clients.
    pub clients: usize,
    /// Messages in all.
    pub messages: u64,
    /// Payload bytes of each message, as far as the results know.
    pub size: usize,
    /// Pause after each message.
    pub sleep: Duration,
    /// Messages per second in all; 0 for no limit.
    pub throughput: u64,
    /// Whether progress is shown.
    pub progress: bool,
    /// File for the results.
    pub csv: Option<String>,
    /// Bytes for which a stream or bucket has room.
    pub max_bytes: i64,
    /// What goes wrong beside.
    pub trouble: Arc<Trouble>,
    /// How the log speaks of a client's error.
    pub failing: &'static str,
    /// File with the payload.
    payload: Option<String>,
    /// Headers as they were given.
    headers: Vec<String>,
    /// What the first log line says.
    attributes: Vec<(&'static str, String)>,
}

/// What each message carries.
#[derive(Clone, Debug)]
pub struct Content {
    /// Payload.
    pub payload: Vec<u8>,
    /// Headers in the order in which they are sent.
    pub headers: Headers,
}

fn has(matches: &Matches, name: &str) -> bool {
    matches
        .declared_flags()
        .iter()
        .any(|flag| flag.name == name)
}

impl Plan {
    /// Reads the flags.
    pub fn read(kind: Kind, matches: &Matches) -> Result<Self> {
        let throughput = if has(matches, "throughput") {
            matches.int("throughput").max(0).unsigned_abs()
        } else {
            0
        };
        let duration = if has(matches, "duration") {
            matches.nanos("duration").unwrap_or(0)
        } else {
            0
        };
        let given = matches.text("msgs").unwrap_or_default();
        if given
            .parse::<i128>()
            .is_ok_and(|count| i64::try_from(count).is_err())
        {
            bail!("strconv.ParseInt: parsing {given:?}: value out of range");
        }
        let messages = match duration {
            0 => matches.int("msgs"),
            _ => count_of(duration, throughput)?,
        };
        if messages <= 0 {
            bail!("number of messages should be greater than 0");
        }
        let clients = matches.int("clients");
        if clients < 0 {
            bail!("number of clients cannot be negative");
        }
        let size_text = matches.text("size").unwrap_or_default();
        let size = match size_text {
            "" => 0,
            text => parse_size(text, SizeRange::Bits32)
                .ok()
                .filter(|size| *size > 0)
                .ok_or_else(|| {
                    fail!(
                        "can not parse or invalid the value specified for the message size: {text}"
                    )
                })?,
        };
        let sleep = if has(matches, "sleep") {
            matches.duration("sleep").unwrap_or_default()
        } else {
            Duration::ZERO
        };
        let mut plan = Self {
            kind,
            clients: usize::try_from(clients).unwrap_or(usize::MAX),
            messages: messages.unsigned_abs(),
            size: usize::try_from(size).unwrap_or(0),
            sleep,
            throughput,
            progress: matches.on("progress"),
            csv: matches.filled("csv").map(str::to_owned),
            max_bytes: max_bytes(matches)?,
            trouble: Arc::default(),
            failing: "Error",
            payload: has(matches, "payload")
                .then(|| matches.filled("payload").map(str::to_owned))
                .flatten(),
            headers: if has(matches, "header") {
                matches.list("header").to_vec()
            } else {
                Vec::new()
            },
            attributes: Vec::new(),
        };
        if throughput > 0 {
            plan.note("throughput", commas(throughput));
            if duration > 0 {
                plan.note("duration", human_duration(duration));
            }
        }
        Ok(plan)
    }

    /// Never more clients than messages.
    pub fn cap_clients(&mut self) {
        let most = usize::try_from(self.messages).unwrap_or(usize::MAX);
        self.clients = self.clients.min(most);
    }

    /// Says something more in the first log line.
    pub fn note(&mut self, key: &'static str, value: impl Into<String>) {
        self.attributes.push((key, value.into()));
    }

    /// Says how long clients pause in the first log line.
    pub fn note_sleep(&mut self) {
        let nanos = i64::try_from(self.sleep.as_nanos()).unwrap_or(i64::MAX);
        self.note("sleep", human_duration(nanos));
    }

    /// Messages of client `number`: the first ones take what is left over.
    pub fn share(&self, number: usize) -> u64 {
        let clients = self.clients.max(1) as u64;
        self.messages / clients + u64::from((number as u64) < self.messages % clients)
    }

    /// Messages of the clients before client `number`.
    pub fn offset(&self, number: usize) -> u64 {
        let (clients, number) = (self.clients.max(1) as u64, number as u64);
        self.messages / clients * number + number.min(self.messages % clients)
    }

    /// Time between two messages of a client; nothing if there is no limit.
    pub fn interval(&self) -> Option<Duration> {
        (self.throughput > 0)
            .then(|| Duration::from_secs_f64(self.clients as f64 / self.throughput as f64))
    }

    /// Clients that pause do not all begin at the same time.
    pub fn stagger(&self, number: usize) {
        let most = u64::try_from(self.sleep.as_nanos()).unwrap_or(u64::MAX);
        if most > 0 && number > 0 {
            std::thread::sleep(Duration::from_nanos(fastrand::u64(0..most)));
        }
    }

    /// Says that client `number` begins with so many messages.
    pub fn announce(&self, number: usize, doing: &str, count: u64) {
        log!(
            "[{}] Starting {}, {doing} {} messages",
            number + 1,
            self.kind.label,
            commas(count)
        );
    }

    /// What each message of a client carries.
    pub fn content(&self) -> Result<Content> {
        let payload = match &self.payload {
            Some(path) => std::fs::read(path).map_err(|error| {
                fail!(
                    "reading the payload file: {}",
                    io_error_at("open", Path::new(path).display(), &error)
                )
            })?,
            None => vec![0; self.size],
        };
        let mut headers = parse_headers(&self.headers, &MessageScope::default())?;
        headers.entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Content { payload, headers })
    }

    /// The first log line.
    pub fn headline(&self) -> String {
        let mut pairs = self.attributes.clone();
        pairs.push(("clients", commas(self.clients as u64)));
        pairs.push(("msg-size", human_size(self.size as u64)));
        pairs.push(("msgs", commas(self.messages)));
        pairs.sort();
        let texts: Vec<String> = pairs
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        format!(
            "Starting {} benchmark [{}]",
            self.kind.label,
            texts.join(", ")
        )
    }
}

/// Messages in so many nanoseconds.
fn count_of(duration: i64, throughput: u64) -> Result<i64> {
    if duration < 0 {
        bail!("--duration cannot be negative");
    }
    if throughput == 0 {
        bail!("--duration requires --throughput to be set");
    }
    let count = (throughput as f64 * (duration as f64 / 1e9)).round() as i64;
    if count <= 0 {
        bail!(
            "the combination of --throughput={throughput} and --duration={} results in zero messages",
            crate::format::go_duration(duration)
        );
    }
    Ok(count)
}

fn max_bytes(matches: &Matches) -> Result<i64> {
    if !has(matches, "maxbytes") {
        return Ok(0);
    }
    match matches.text("maxbytes").unwrap_or_default() {
        "" => Ok(0),
        text => parse_size(text, SizeRange::Bits64)
            .ok()
            .filter(|size| *size > 0)
            .ok_or_else(|| {
                fail!("can not parse or invalid the value specified for the max stream/bucket size: {text}")
            }),
    }
}

/// Subjects of messages: one, or numbered ones below it.
#[derive(Clone, Debug)]
pub struct Subjects {
    base: String,
    numbered: bool,
    /// Number of subjects; 0 for one per message.
    most: u64,
    random: bool,
    width: usize,
    /// Number of the first message.
    first: u64,
}

impl Subjects {
    /// Reads the flags.
    pub fn read(matches: &Matches) -> Self {
        let most = if has(matches, "multisubjectmax") {
            matches.int("multisubjectmax")
        } else {
            0
        };
        Self {
            base: matches.required_arg("subject").to_owned(),
            numbered: has(matches, "multisubject") && matches.on("multisubject"),
            most: most.unsigned_abs(),
            random: has(matches, "multisubjectrandomize") && matches.on("multisubjectrandomize"),
            width: if most == 0 { 0 } else { most.to_string().len() },
            first: 0,
        }
    }

    /// Those of a client whose messages begin with this number.
    pub fn beginning_at(&self, first: u64) -> Self {
        Self {
            first,
            ..self.clone()
        }
    }

    /// Says in the first log line what they are.
    pub fn note(&self, plan: &mut Plan, matches: &Matches) {
        plan.note("subject", self.pattern());
        plan.note("multi-subject", self.numbered.to_string());
        plan.note("multi-subject-max", commas(matches.int("multisubjectmax")));
        plan.note("multi-subject-randomize", self.random.to_string());
    }

    /// Whether all messages have one subject.
    pub fn is_single(&self) -> bool {
        !self.numbered
    }

    /// Whether nothing can be published to them.
    pub fn are_invalid(&self) -> bool {
        self.base.is_empty() || self.base.contains([' ', '\t', '\r', '\n'])
    }

    /// Subject of a client's message `number`.
    pub fn at(&self, number: u64) -> String {
        if !self.numbered {
            return self.base.clone();
        }
        let number = match self.most {
            0 => number + self.first,
            most if self.random => fastrand::u64(0..most),
            most => (number + self.first) % most,
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
