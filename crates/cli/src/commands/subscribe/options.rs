//! What was asked for.

use std::time::Duration;

use crate::bail;
use crate::failure::Result;
use crate::jetstream::Start;
use crate::parse::split_words;
use crate::session::Session;

/// Most subjects that are shown as graphs.
const MAX_GRAPHS: usize = 4;

/// The flags, checked.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)]
pub struct Options {
    pub subjects: Vec<String>,
    pub queue: String,
    pub inbox: bool,
    pub most: Option<u64>,
    pub wait: Option<Duration>,
    pub acks: bool,
    pub match_replies: bool,
    pub report_subjects: bool,
    pub report_subscriptions: bool,
    pub report_rows: usize,
    pub graph: bool,
    pub ignored: Vec<String>,
    pub stream_mode: bool,
    pub stream: String,
    pub durable: String,
    pub direct: bool,
    pub until_end: bool,
    pub start: Option<Start>,
    pub start_text: String,
    pub without_bodies: bool,
}

impl Options {
    /// Reads and checks the flags.
    pub fn read(session: &Session) -> Result<Self> {
        let m = &session.matches;
        let mut subjects = split_words(m.args("subjects"));
        let stream = m.text("stream").unwrap_or_default().to_owned();
        let durable = m.text("durable").unwrap_or_default().to_owned();
        let direct = m.on("direct");
        let (start, start_text) = start(session)?;
        let stream_mode = !stream.is_empty() || !durable.is_empty() || direct || start.is_some();
        let inbox = m.on("inbox");
        let dumps_to_stdout = m.text("dump") == Some("-");
        if m.on("terminate-at-end") && !stream_mode {
            bail!("--terminate-at-end is only supported for JetStream subscriptions");
        }
        if inbox && stream_mode {
            bail!("generating inboxes is not compatible with JetStream subscriptions");
        }
        if m.filled("queue").is_some() && stream_mode {
            bail!("queue group subscriptions are not supported with JetStream");
        }
        if inbox && dumps_to_stdout {
            bail!(
                "generating inboxes is not compatible with dumping to stdout using null terminated strings"
            );
        }
        if m.int("report-top") < 1 {
            bail!("subject count must be at least one");
        }
        if m.on("timestamp") && m.on("delta-time") {
            bail!("timestamp and delta-time flags are mutually exclusive");
        }
        if stream_mode {
            if subjects.len() > 1 {
                bail!("streams subscribe support only 1 subject");
            }
            if m.on("match-replies") {
                bail!("cannot enable --match-replies for JetStream streams");
            }
            if direct && !durable.is_empty() {
                bail!("cannot use direct get when a durable name is supplied");
            }
            if !durable.is_empty() && !subjects.is_empty() {
                bail!("cannot specify both subjects and a durable consumer");
            }
        }
        let graph = m.on("graph");
        if graph && subjects.len() > MAX_GRAPHS {
            bail!("maximum {MAX_GRAPHS} subject patterns may be graphed");
        }
        if inbox {
            subjects.clear();
        }
        Ok(Self {
            subjects,
            queue: m.text("queue").unwrap_or_default().to_owned(),
            inbox,
            most: m
                .given("count")
                .then(|| m.uint("count"))
                .filter(|count| *count > 0),
            wait: m.duration("wait").filter(|wait| !wait.is_zero()),
            acks: m.on("ack"),
            match_replies: m.on("match-replies"),
            report_subjects: m.on("report-subjects"),
            report_subscriptions: m.on("report-subscriptions"),
            report_rows: usize::try_from(m.int("report-top")).unwrap_or(1),
            graph,
            ignored: m.split_list("ignore-subject"),
            stream_mode,
            stream,
            durable,
            direct,
            until_end: m.on("terminate-at-end"),
            start,
            start_text,
            without_bodies: m.on("headers-only") || m.on("subjects-only"),
        })
    }
}

/// Where to start in a stream, and how the log says it.
fn start(session: &Session) -> Result<(Option<Start>, String)> {
    let m = &session.matches;
    let text = |text: &str| text.to_owned();
    Ok(if m.given("start-sequence") {
        let seq = m.uint("start-sequence");
        (
            Some(Start::Sequence(seq)),
            format!("starting at sequence {seq}"),
        )
    } else if m.on("last") {
        (
            Some(Start::Last),
            text("starting from last received message"),
        )
    } else if m.on("all") {
        (
            Some(Start::All),
            text("starting from first received message"),
        )
    } else if m.on("new") {
        (Some(Start::New), text("for new messages"))
    } else if let Some(since) = m.filled("since") {
        let nanos = crate::format::parse_duration(since)?;
        let time = jiff::Timestamp::from_nanosecond(
            i128::from(crate::format::now_nanos()) - i128::from(nanos),
        )
        .map_err(|error| crate::fail!("--since: {error}"))?;
        let span = crate::format::go_duration(nanos);
        (Some(Start::Time(time.to_string())), format!("since {span}"))
    } else if m.on("last-per-subject") {
        (
            Some(Start::LastPerSubject),
            text("for last message per subject"),
        )
    } else {
        (None, text("for new messages"))
    })
}
