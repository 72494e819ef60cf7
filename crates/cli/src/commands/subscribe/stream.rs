//! Messages of a stream.

use std::time::{Duration, Instant};

use super::core::is_ignored;
use super::options::Options;
use super::printer::{Origin, Printer};
use crate::client::{ClientError, Message};
use crate::failure::Result;
use crate::format::parse_rfc3339;
use crate::jetstream::{Api, Delivered, POLL, Pull, Reader, Start, direct_pages};
use crate::output::Json;
use crate::session::Session;
use crate::{bail, log};

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
pub fn subscribe(session: &mut Session, options: &Options) -> Result<()> {
    let api = session.jetstream()?;
    let filter = options
        .subjects
        .first()
        .map(String::as_str)
        .unwrap_or_default();
    let stream = find_stream(&api, &options.stream, filter)?;
    let info = api.stream_info(&stream)?;
    let limits = matches!(info.text("config.retention"), "limits" | "");
    let mut view = View {
        printer: Printer::new(&session.matches)?,
        options,
        api: api.clone(),
        stream,
        filter: filter.to_owned(),
        count: 0,
    };
    if options.direct || (!limits && options.durable.is_empty()) {
        if !info.on("config.allow_direct") {
            bail!(
                "cannot enable direct gets: allow_direct is not set to true for stream {}",
                view.stream
            );
        }
        session.need_api_level(
            DIRECT_LEVEL,
            "subscribing using direct get requires NATS Server 2.11",
        )?;
        view.direct()?;
    } else if options.durable.is_empty() {
        view.ordered()?;
    } else {
        view.durable()?;
    }
    view.printer.finish();
    Ok(())
}

fn find_stream(api: &Api, named: &str, subject: &str) -> Result<String> {
    if !named.is_empty() {
        return Ok(named.to_owned());
    }
    match api.stream_names(subject)?.into_iter().next() {
        Some(name) if !subject.is_empty() => Ok(name),
        _ => bail!("no stream found with subject: {subject}"),
    }
}

/// What became of a batch.
struct Shown {
    last: Option<u64>,
    goes_on: bool,
}

struct View<'a> {
    printer: Printer,
    options: &'a Options,
    api: Api,
    stream: String,
    filter: String,
    count: u64,
}

impl View<'_> {
    fn told(&self, how: &str) {
        if !self.printer.is_quiet() {
            let what = if self.filter.is_empty() {
                ">"
            } else {
                &self.filter
            };
            log!("Subscribing to subject {what} {how}");
        }
    }

    fn patience(&self) -> Duration {
        self.options.wait.unwrap_or(ENDLESS)
    }

    /// Shows a message; gives whether to go on.
    fn show(&mut self, message: &Message, origin: &Origin, pending: u64) -> Result<bool> {
        if !is_ignored(message, &self.options.ignored) {
            self.count += 1;
            self.printer.show(self.count, message, origin, None)?;
        }
        let ends = self.options.most.is_some_and(|most| self.count >= most)
            || (self.options.until_end && pending == 0);
        Ok(!ends)
    }

    /// By a consumer that is made for it.
    fn ordered(&mut self) -> Result<()> {
        self.told(&self.options.start_text);
        let filters: Vec<String> = Some(self.filter.clone())
            .filter(|filter| !filter.is_empty())
            .into_iter()
            .collect();
        let start = self.options.start.clone().unwrap_or(Start::New);
        let mut reader = Reader::new(
            &self.api,
            &self.stream,
            &filters,
            start,
            self.options.without_bodies,
        )?;
        if self.options.until_end && reader.pending == 0 {
            return Ok(());
        }
        loop {
            let Some((message, delivered)) = reader.next(self.patience())? else {
                if self.options.wait.is_some() {
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
        let name = self.options.durable.clone();
        let known = match self.api.consumer_info(&self.stream, &name) {
            Ok(info) => Some(info),
            Err(error) if error.is_consumer_not_found() => None,
            Err(error) => return Err(error.into()),
        };
        let info = match known {
            Some(info) => {
                if !self.printer.is_quiet() {
                    let kind = if info.has("config.deliver_subject") {
                        "push"
                    } else {
                        "pull"
                    };
                    log!(
                        "Subscribing to JetStream Stream {:?} using existing {kind} consumer {name:?}",
                        self.stream
                    );
                    if kind == "push" {
                        log!("Push consumers are an older form: a pull consumer does the same");
                    }
                }
                info
            }
            None => {
                self.told(&self.options.start_text);
                self.create(&name)?
            }
        };
        if info.list("config.filter_subjects").len() > 1 {
            bail!("cannot subscribe to multi filter consumers");
        }
        let acks = info.text("config.ack_policy") != "none";
        if self.options.until_end && info.uint("num_pending") == 0 {
            return Ok(());
        }
        let subject = info.text("config.deliver_subject");
        if subject.is_empty() {
            self.pull(&name, acks)
        } else {
            self.push(&info, acks)
        }
    }

    fn create(&self, name: &str) -> Result<Json> {
        let mut config = Json::object().with("durable_name", name);
        self.options
            .start
            .clone()
            .unwrap_or(Start::New)
            .apply(&mut config);
        config
            .set("ack_policy", "explicit")
            .set("replay_policy", "instant");
        if self.options.without_bodies {
            config.set("headers_only", true);
        }
        let request = Json::object()
            .with("stream_name", self.stream.as_str())
            .with("config", config);
        let subject = format!("CONSUMER.DURABLE.CREATE.{}.{name}", self.stream);
        Ok(self.api.request(&subject, &request)?)
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
                if self.options.wait.is_some() {
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
        let messages = self.api.connection.subscribe(
            info.text("config.deliver_subject"),
            info.text("config.deliver_group"),
        )?;
        loop {
            let message = match messages.next(self.patience()) {
                Ok(message) => message,
                Err(ClientError::Timeout) if self.options.wait.is_some() => return Ok(()),
                Err(ClientError::Timeout) => continue,
                Err(error) => return Err(error.into()),
            };
            if message.status() == 100 {
                // Flow control wants an answer, idle heartbeats do not.
                if !message.reply.is_empty() {
                    self.api.connection.publish(&message.reply, "", None, b"")?;
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
                .connection
                .publish(&message.reply, "", None, b"+ACK")?;
            if !goes_on {
                self.api.connection.flush(self.api.timeout)?;
            }
        }
        Ok(goes_on)
    }

    /// By direct gets, which take nothing from the stream and need no
    /// consumer.
    fn direct(&mut self) -> Result<()> {
        self.told(&self.options.start_text);
        let (mut seq, mut time) = self.first_direct()?;
        let mut quiet_since = Instant::now();
        if self.options.start == Some(Start::LastPerSubject) {
            let selector = Json::object()
                .with("multi_last", vec![self.direct_filter()])
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
                .set("next_by_subj", self.direct_filter())
                .set("batch", DIRECT_BATCH);
            let shown = self.show_direct(&selector)?;
            if !shown.goes_on {
                return Ok(());
            }
            if let Some(last) = shown.last {
                quiet_since = Instant::now();
                seq = last + 1;
                time = None;
                continue;
            }
            if self.options.until_end
                || self
                    .options
                    .wait
                    .is_some_and(|wait| quiet_since.elapsed() >= wait)
            {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
    }

    fn direct_filter(&self) -> &str {
        if self.filter.is_empty() {
            ">"
        } else {
            &self.filter
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
        Ok(match &self.options.start {
            Some(Start::All) => (1, None),
            Some(Start::Sequence(seq)) => (*seq, None),
            Some(Start::Time(time)) => (1, Some(time.clone())),
            Some(Start::Last) => (last()?.max(1), None),
            Some(Start::LastPerSubject) => (last()? + 1, None),
            Some(Start::New) | None => (last()? + 1, None),
        })
    }
}
