//! Messages of a stream.

use std::time::{Duration, Instant};

use super::core::is_ignored;
use super::options::{Options, StreamOptions, View};
use super::printer::{Origin, Printer};
use super::report::Report;
use crate::client::{ClientError, Message};
use crate::failure::Result;
use crate::format::parse_rfc3339;
use crate::jetstream::{Api, ApiError, Delivered, POLL, Pull, Reader, Start, direct_pages};
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail, log};

/// API level of servers with batched direct gets.
const DIRECT_LEVEL: i64 = 1;
/// Messages of a direct get at a time.
const DIRECT_BATCH: usize = 500;
/// Messages that a durable consumer is asked for at a time: as many as are
/// shown before others get their turn.
const BATCH: usize = 50;
/// A wait that has no end.
const ENDLESS: Duration = Duration::from_secs(86_400);

/// Shows messages of a stream.
pub fn subscribe(session: &mut Session, options: &Options, asked: &StreamOptions) -> Result<()> {
    let api = session.jetstream()?;
    let filter = options
        .subjects
        .first()
        .map(String::as_str)
        .unwrap_or_default();
    let stream = find_stream(&api, &asked.name, filter)?;
    let info = api.stream_info(&stream).map_err(|why| why.in_full())?;
    if asked.direct && !asked.durable.is_empty() {
        bail!("cannot use direct get when a durable name is supplied");
    }
    let consumes = matches!(info.text("config.retention"), "workqueue" | "interest");
    let direct = asked.durable.is_empty() && (asked.direct || consumes);
    if direct {
        if !info.on("config.allow_direct") {
            bail!("cannot enable direct gets: allow_direct is not set to true for stream {stream}");
        }
        session.need_api_level(
            DIRECT_LEVEL,
            "subscribing using direct get requires NATS Server 2.11",
        )?;
    }
    if options.match_replies {
        bail!("cannot enable --match-replies for JetStream streams");
    }
    let mut reading = Reading {
        output: match options.view {
            View::Messages | View::Graphs => Output::Messages(Box::new(Printer::new(session)?)),
            View::Subjects | View::Subscriptions => {
                Output::Report(Report::new(options.report_rows))
            }
        },
        options,
        asked,
        api,
        stream,
        filter: if filter.is_empty() { ">" } else { filter }.to_owned(),
        count: 0,
        quiet_since: Instant::now(),
    };
    if direct {
        reading.direct(&info)?;
    } else if asked.durable.is_empty() {
        reading.ordered()?;
    } else {
        reading.durable()?;
    }
    match &reading.output {
        Output::Messages(_) => Ok(()),
        Output::Report(report) => report.draw(),
    }
}

fn find_stream(api: &Api, named: &str, subject: &str) -> Result<String> {
    if !named.is_empty() {
        return Ok(named.to_owned());
    }
    let names = api.stream_names(subject).map_err(|why| why.in_full())?;
    match names.into_iter().next() {
        Some(name) => Ok(name),
        None => bail!("no stream found with subject: {subject}"),
    }
}

/// What is done with messages.
enum Output {
    Messages(Box<Printer>),
    Report(Report),
}

/// What became of a batch.
struct Shown {
    last: Option<u64>,
    goes_on: bool,
}

struct Reading<'a> {
    output: Output,
    options: &'a Options,
    asked: &'a StreamOptions,
    api: Api,
    stream: String,
    /// The subject; `>` without one.
    filter: String,
    count: u64,
    /// When the latest message came.
    quiet_since: Instant,
}

impl Reading<'_> {
    /// Logs where a consumer starts, if that was said.
    fn told(&self) {
        let how = match &self.asked.start {
            None => return,
            Some(Start::Sequence(seq)) => format!("starting at sequence {seq}"),
            Some(Start::Last) => "from last received message".to_owned(),
            Some(Start::All) => "from first received message".to_owned(),
            Some(Start::New) => "for new messages".to_owned(),
            Some(Start::Time(_)) => format!("since {}", self.asked.since),
            Some(Start::LastPerSubject) => "for last message per subject".to_owned(),
        };
        log!(
            "Subscribing to subject {} {how} {}",
            self.filter,
            self.options.ignored_text()
        );
    }

    /// Logs where direct gets start, if that was said.
    fn told_of_direct(&self, subjects: &str) {
        let how = match &self.asked.start {
            None => return,
            Some(Start::Sequence(seq)) => format!("starting with sequence {seq}"),
            Some(Start::Last) => "starting with the last message received".to_owned(),
            Some(Start::All) => "starting with the first message received".to_owned(),
            Some(Start::New) => "delivering any new messages received".to_owned(),
            Some(Start::Time(_)) => format!("starting with messages since {}", self.asked.since),
            Some(Start::LastPerSubject) => {
                "for the last messages for each subject in the Stream".to_owned()
            }
        };
        log!(
            "Subscribing to JetStream Stream (direct) holding messages with subject {subjects} {how} {}",
            self.options.ignored_text()
        );
    }

    fn start(&self) -> Start {
        self.asked.start.clone().unwrap_or(Start::All)
    }

    /// How long to wait for a message before [`Reading::idle`].
    fn patience(&self) -> Duration {
        let wait = match self.options.wait {
            Some(wait) => wait.saturating_sub(self.quiet_since.elapsed()),
            None => ENDLESS,
        };
        match &self.output {
            Output::Messages(_) => wait,
            Output::Report(report) => wait.min(report.due_in()),
        }
    }

    /// What there is to do without a message; gives whether to go on.
    fn idle(&mut self) -> Result<bool> {
        if let Output::Report(report) = &mut self.output {
            report.draw_if_due()?;
        }
        Ok(self
            .options
            .wait
            .is_none_or(|wait| self.quiet_since.elapsed() < wait))
    }

    /// Shows a message; gives whether to go on.
    fn show(&mut self, message: &Message, origin: &Origin, pending: u64) -> Result<bool> {
        if !is_ignored(&message.subject, &self.options.ignored) {
            self.count += 1;
            self.quiet_since = Instant::now();
            match &mut self.output {
                Output::Messages(printer) => printer.show(self.count, message, origin, None)?,
                Output::Report(report) => {
                    report.add(&message.subject, message.payload.len());
                    report.draw_if_due()?;
                }
            }
        }
        let ends = self.options.most.is_some_and(|most| self.count >= most)
            || (self.asked.until_end && pending == 0);
        Ok(!ends)
    }

    /// By a consumer that is made for it.
    fn ordered(&mut self) -> Result<()> {
        self.told();
        let filters = [self.filter.clone()];
        let mut reader = Reader::new(
            &self.api,
            &self.stream,
            &filters,
            self.start(),
            self.asked.without_bodies,
        )
        .map_err(|why| fail!("failed to create consumer: {}", why.in_full()))?;
        if self.asked.until_end && reader.pending == 0 {
            return Ok(());
        }
        loop {
            let Some((message, delivered)) = reader.next(self.patience())? else {
                if !self.idle()? {
                    return Ok(());
                }
                continue;
            };
            let pending = delivered.pending;
            if !self.show(&message, &Origin::Consumer(delivered), pending)? {
                return Ok(());
            }
        }
    }

    /// By a durable consumer, which is made if it is not there.
    fn durable(&mut self) -> Result<()> {
        let name = self.asked.durable.clone();
        self.told();
        let info = match self.api.consumer_info(&self.stream, &name) {
            Ok(info) => {
                self.told_of_consumer(&name, info.has("config.deliver_subject"));
                info
            }
            Err(error) if error.is_consumer_not_found() => self.create(&name).map_err(|why| {
                fail!(
                    "failed to create durable consumer {name:?}: {}",
                    why.in_full()
                )
            })?,
            Err(error) => bail!(
                "error loading durable consumer {name:?}: {}",
                error.in_full()
            ),
        };
        if info.list("config.filter_subjects").len() > 1 {
            bail!("cannot subscribe to multi filter consumers");
        }
        let acks = info.text("config.ack_policy") != "none";
        if self.asked.until_end && info.uint("num_pending") == 0 {
            return Ok(());
        }
        let subject = info.text("config.deliver_subject");
        if subject.is_empty() {
            self.pull(&name, acks)
        } else {
            self.push(&info, acks)
        }
    }

    fn told_of_consumer(&self, name: &str, pushes: bool) {
        let (kind, stream) = (if pushes { "push" } else { "pull" }, &self.stream);
        log!("Subscribing to JetStream Stream {stream:?} using existing {kind} consumer {name:?}");
        if pushes {
            log!(
                "Detected push consumer {name:?} on stream {stream:?} — push consumers are deprecated and will be removed in a future release. Please update to use a pull-based consumer."
            );
        }
    }

    fn create(&self, name: &str) -> std::result::Result<Json, ApiError> {
        let mut config = Json::object().with("durable_name", name);
        self.start().apply(&mut config);
        config
            .set("ack_policy", "explicit")
            .set("replay_policy", "instant");
        if self.asked.start == Some(Start::LastPerSubject) {
            // Servers want a filter here, if only that of all subjects.
            config.set("filter_subject", ">");
        }
        if self.asked.without_bodies {
            config.set("headers_only", true);
        }
        let request = Json::object()
            .with("stream_name", self.stream.as_str())
            .with("config", config);
        let subject = format!("CONSUMER.DURABLE.CREATE.{}.{name}", self.stream);
        self.api.request(&subject, &request)
    }

    fn pull(&mut self, name: &str, acks: bool) -> Result<()> {
        // No more than are to be shown: the rest would wait to be delivered
        // again.
        let most = self
            .options
            .most
            .map_or(BATCH, |most| usize::try_from(most).unwrap_or(BATCH));
        let mut pull = Pull::new(&self.api, &self.stream, name, most.min(BATCH))?;
        loop {
            let Some((message, delivered)) = pull.next(self.patience())? else {
                if !self.idle()? {
                    return Ok(());
                }
                continue;
            };
            if !self.take(&message, delivered, acks)? {
                return Ok(());
            }
        }
    }

    fn push(&mut self, info: &Json, acks: bool) -> Result<()> {
        let messages = self.api.connection()?.subscribe(
            info.text("config.deliver_subject"),
            info.text("config.deliver_group"),
        )?;
        loop {
            let message = match messages.next(self.patience()) {
                Ok(message) => message,
                Err(ClientError::Timeout) => {
                    if !self.idle()? {
                        return Ok(());
                    }
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if message.status() == 100 {
                // Flow control wants an answer, idle heartbeats do not.
                if !message.reply.is_empty() {
                    self.api
                        .connection()?
                        .publish(&message.reply, "", None, b"")?;
                    log!("Responded to Flow Control message");
                }
                continue;
            }
            if let Some(delivered) = Delivered::parse(&message.reply)
                && !self.take(&message, delivered, acks)?
            {
                return Ok(());
            }
        }
    }

    fn take(&mut self, message: &Message, delivered: Delivered, acks: bool) -> Result<bool> {
        let pending = delivered.pending;
        let goes_on = self.show(message, &Origin::Consumer(delivered), pending)?;
        if acks {
            self.api
                .connection()?
                .publish(&message.reply, "", None, b"+ACK")?;
            if !goes_on {
                self.api.connection()?.flush(self.api.timeout)?;
            }
        }
        Ok(goes_on)
    }

    /// By direct gets, which take nothing from the stream and need no
    /// consumer.
    fn direct(&mut self, info: &Json) -> Result<()> {
        let subjects = match self.options.subjects.first() {
            Some(subject) => subject.clone(),
            None => info.texts("config.subjects").join(", "),
        };
        self.told_of_direct(&subjects);
        let (mut seq, mut time) = self.first_direct()?;
        if self.asked.start == Some(Start::LastPerSubject) {
            let selector = Json::object()
                .with("multi_last", vec![self.filter.as_str()])
                .with("up_to_seq", seq - 1);
            if seq > 1 && !self.show_direct(&selector)?.goes_on {
                return Ok(());
            }
        }
        loop {
            let mut selector = Json::object();
            match &time {
                Some(time) => selector.set("start_time", time.as_str()),
                None => selector.set("seq", seq),
            };
            selector
                .set("next_by_subj", self.filter.as_str())
                .set("batch", DIRECT_BATCH);
            let shown = self.show_direct(&selector)?;
            if !shown.goes_on {
                return Ok(());
            }
            if let Some(last) = shown.last {
                seq = last + 1;
                time = None;
                continue;
            }
            if self.asked.until_end || !self.idle()? {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
    }

    /// Gets a batch and shows it.
    fn show_direct(&mut self, selector: &Json) -> Result<Shown> {
        let mut found = Vec::new();
        let api = self.api.clone();
        direct_pages(&api, &self.stream, selector, |message| {
            found.push(message);
            true
        })?;
        let mut shown = Shown {
            last: None,
            goes_on: true,
        };
        for message in found {
            shown.last = Some(message.seq);
            let nanos = parse_rfc3339(&message.time)
                .and_then(|time| i64::try_from(time.as_nanosecond()).ok())
                .unwrap_or_default();
            let origin = Origin::Direct(self.stream.clone(), message.seq, nanos);
            let pending = message.pending;
            let message = Message {
                subject: message.subject,
                reply: String::new(),
                headers: Some(message.headers),
                payload: message.payload,
            };
            if !self.show(&message, &origin, pending)? {
                shown.goes_on = false;
                break;
            }
        }
        Ok(shown)
    }

    /// Where direct gets start: a sequence, or a time.
    fn first_direct(&self) -> Result<(u64, Option<String>)> {
        let last =
            || -> Result<u64> { Ok(self.api.stream_info(&self.stream)?.uint("state.last_seq")) };
        Ok(match self.start() {
            Start::All => (1, None),
            Start::Sequence(seq) => (seq, None),
            Start::Time(time) => (1, Some(time)),
            Start::Last => (last()?.max(1), None),
            Start::LastPerSubject | Start::New => (last()? + 1, None),
        })
    }
}
