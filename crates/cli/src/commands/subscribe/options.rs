//! What was asked for.

use std::time::Duration;

use crate::bail;
use crate::failure::Result;
use crate::format::{human_duration, now_nanos, parse_duration};
use crate::jetstream::Start;
use crate::parse::Matches;

/// Most subjects that are shown as graphs.
const MAX_GRAPHS: usize = 4;

/// What is shown of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Each one.
    Messages,
    /// How many there were on each subject.
    Subjects,
    /// How many each subscription got.
    Subscriptions,
    /// Graphs of the rate of each subscription.
    Graphs,
}

/// The flags, checked.
#[derive(Clone, Debug)]
pub struct Options {
    /// Subjects; none means a new inbox, or all of a stream.
    pub subjects: Vec<String>,
    /// Queue group; empty if there is none.
    pub queue: String,
    /// Messages after which it ends.
    pub most: Option<u64>,
    /// Silence after which it ends.
    pub wait: Option<Duration>,
    /// Whether to acknowledge what a consumer has delivered.
    pub acks: bool,
    /// Whether to look for the replies to requests.
    pub match_replies: bool,
    /// What is shown.
    pub view: View,
    /// Rows of a table; all if that is no count.
    pub report_rows: i64,
    /// Patterns of subjects that are not shown.
    pub ignored: Vec<String>,
    /// Settings for streams; nothing for Core NATS.
    pub stream: Option<StreamOptions>,
}

/// What concerns streams only.
#[derive(Clone, Debug)]
pub struct StreamOptions {
    /// Name; empty if it is found by the subject.
    pub name: String,
    /// Name of a consumer; empty if one is made.
    pub durable: String,
    /// Whether to use direct gets.
    pub direct: bool,
    /// Whether to stop when nothing is pending.
    pub until_end: bool,
    /// Where to start, if that was said.
    pub start: Option<Start>,
    /// How logs say a start by time.
    pub since: String,
    /// Whether bodies are not needed.
    pub without_bodies: bool,
}

impl StreamOptions {
    /// Reads the flags; nothing if none of them is about streams.
    fn read(m: &Matches) -> Result<Option<Self>> {
        let text = |name: &str| m.text(name).unwrap_or_default().to_owned();
        let (start, since) = start(m)?;
        let out = Self {
            name: text("stream"),
            durable: text("durable"),
            direct: m.on("direct"),
            until_end: m.on("terminate-at-end"),
            start,
            since,
            without_bodies: m.on("headers-only") || m.on("subjects-only"),
        };
        let wanted =
            !out.name.is_empty() || !out.durable.is_empty() || out.direct || out.start.is_some();
        Ok(wanted.then_some(out))
    }
}

impl Options {
    /// Reads and checks the flags.
    pub fn read(m: &Matches) -> Result<Self> {
        let subjects = m.args("subjects").to_vec();
        let stream = StreamOptions::read(m)?;
        let durable = m.filled("durable").is_some();
        let inbox = m.on("inbox");
        if !subjects.is_empty() && durable {
            bail!("cannot specify both subjects and a durable consumer");
        }
        if subjects.len() > 1 && stream.is_some() {
            bail!("streams subscribe support only 1 subject");
        }
        if m.on("terminate-at-end") && stream.is_none() {
            bail!("--terminate-at-end is only supported for JetStream subscriptions");
        }
        if inbox && stream.is_some() {
            bail!("generating inboxes is not compatible with JetStream subscriptions");
        }
        if m.filled("queue").is_some() && stream.is_some() {
            bail!("queue group subscriptions are not supported with JetStream");
        }
        if inbox && m.text("dump") == Some("-") {
            bail!(
                "generating inboxes is not compatible with dumping to stdout using null terminated strings"
            );
        }
        if m.on("report-subjects") && m.int("report-top") == 0 {
            bail!("subject count must be at least one");
        }
        if m.on("timestamp") && m.on("delta-time") {
            bail!("timestamp and delta-time flags are mutually exclusive");
        }
        let view = if m.on("graph") {
            View::Graphs
        } else if m.on("report-subscriptions") {
            View::Subscriptions
        } else if m.on("report-subjects") {
            View::Subjects
        } else {
            View::Messages
        };
        if view == View::Graphs && subjects.len() > MAX_GRAPHS {
            bail!("maximum {MAX_GRAPHS} subject patterns may be graphed");
        }
        Ok(Self {
            subjects,
            queue: m.text("queue").unwrap_or_default().to_owned(),
            most: m
                .given("count")
                .then(|| m.uint("count"))
                .filter(|count| *count > 0),
            wait: m.duration("wait").filter(|wait| !wait.is_zero()),
            acks: m.on("ack"),
            match_replies: m.on("match-replies"),
            view,
            report_rows: m.int("report-top"),
            ignored: m.subject_list("ignore-subject"),
            stream,
        })
    }

    /// The end of the log line about what is subscribed to.
    pub fn ignored_text(&self) -> String {
        if self.ignored.is_empty() {
            return String::new();
        }
        format!("\nIgnored subjects: {}", self.ignored.join(", "))
    }
}

/// Where to start in a stream, and how the log says a time.
fn start(m: &Matches) -> Result<(Option<Start>, String)> {
    let mut since = String::new();
    let sequence = m.given("start-sequence").then(|| m.uint("start-sequence"));
    let start = if let Some(seq) = sequence.filter(|seq| *seq > 0) {
        Some(Start::Sequence(seq))
    } else if m.on("last") {
        Some(Start::Last)
    } else if m.on("all") {
        Some(Start::All)
    } else if m.on("new") {
        Some(Start::New)
    } else if let Some(span) = m.filled("since") {
        let nanos = parse_duration(span)?;
        let time = jiff::Timestamp::from_nanosecond(i128::from(now_nanos()) - i128::from(nanos))
            .map_err(|error| crate::fail!("--since: {error}"))?;
        since = human_duration(nanos);
        Some(Start::Time(time.to_string()))
    } else if m.on("last-per-subject") {
        Some(Start::LastPerSubject)
    } else {
        None
    };
    Ok((start, since))
}
