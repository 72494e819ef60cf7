//! Messages of a stream in order, by a consumer that is made for it.

use std::time::Duration;

use super::{Api, ApiError, Delivered, Pull};
use crate::client::{Message, unique_id};
use crate::output::Json;

/// Messages requested at a time.
const BATCH: usize = 500;
/// Time after which the server removes a consumer that is not used any more:
/// that of one which somebody killed soon. Whoever reads on after a longer pause
/// gets another.
const INACTIVE: Duration = Duration::from_secs(5);

/// Where to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the first message.
    All,
    /// With messages to come.
    New,
    /// With the last message.
    Last,
    /// With the last message of each subject.
    LastPerSubject,
    /// With a sequence.
    Sequence(u64),
    /// With a time in RFC 3339.
    Time(String),
}

impl Start {
    /// Sets the fields of a consumer's configuration.
    pub fn apply(&self, config: &mut Json) {
        let policy = match self {
            Start::All => "all",
            Start::New => "new",
            Start::Last => "last",
            Start::LastPerSubject => "last_per_subject",
            Start::Sequence(_) => "by_start_sequence",
            Start::Time(_) => "by_start_time",
        };
        config.set("deliver_policy", policy);
        match self {
            Start::Sequence(seq) => {
                config.set("opt_start_seq", *seq);
            }
            Start::Time(time) => {
                config.set("opt_start_time", time.as_str());
            }
            Start::All | Start::New | Start::Last | Start::LastPerSubject => {}
        }
    }
}

/// Reads a stream from a point on.
#[derive(Debug)]
pub struct Reader {
    api: Api,
    stream: String,
    filters: Vec<String>,
    headers_only: bool,
    consumer: String,
    pull: Pull,
    /// Messages that were there when the consumer was made.
    pub pending: u64,
    /// Sequence of the consumer's next delivery.
    next: u64,
    last_stream_seq: u64,
    start: Start,
}

impl Reader {
    /// Makes the consumer.
    pub fn new(
        api: &Api,
        stream: &str,
        filters: &[String],
        start: Start,
        headers_only: bool,
    ) -> Result<Self, ApiError> {
        let (consumer, pending) = create(api, stream, filters, &start, headers_only)?;
        Ok(Self {
            pull: Pull::new(api, stream, &consumer, BATCH)?,
            api: api.clone(),
            stream: stream.to_owned(),
            filters: filters.to_vec(),
            headers_only,
            consumer,
            pending,
            next: 1,
            last_stream_seq: 0,
            start,
        })
    }

    /// The next message, or nothing within `patience`.
    pub fn next(&mut self, patience: Duration) -> Result<Option<(Message, Delivered)>, ApiError> {
        loop {
            let pulled = match self.pull.next(patience) {
                Ok(pulled) => pulled,
                // The consumer is gone, with its server or by inactivity.
                Err(error) if self.is_gone(&error) => {
                    self.begin_again()?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Some((message, delivered)) = pulled else {
                return Ok(None);
            };
            if delivered.consumer_seq != self.next {
                // One was lost on its way; there is no acknowledgement that
                // would bring it again.
                self.begin_again()?;
                continue;
            }
            self.next += 1;
            self.last_stream_seq = delivered.stream_seq;
            return Ok(Some((message, delivered)));
        }
    }

    fn is_gone(&self, error: &ApiError) -> bool {
        let text = error.to_string().to_ascii_lowercase();
        text.contains("consumer deleted")
            || matches!(error, ApiError::NotAvailable(_)) && self.next > 1
    }

    fn begin_again(&mut self) -> Result<(), ApiError> {
        let start = match self.last_stream_seq {
            0 => self.start.clone(),
            seq => Start::Sequence(seq.saturating_add(1)),
        };
        self.remove();
        let (consumer, _) = create(
            &self.api,
            &self.stream,
            &self.filters,
            &start,
            self.headers_only,
        )?;
        self.pull = Pull::new(&self.api, &self.stream, &consumer, BATCH)?;
        self.consumer = consumer;
        self.next = 1;
        Ok(())
    }

    fn remove(&self) {
        // The server removes it by itself, if later.
        let _ = self.api.request(
            &format!("CONSUMER.DELETE.{}.{}", self.stream, self.consumer),
            &Json::Null,
        );
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Sets which subjects a consumer is about: one, several, or all of them if none
/// is named.
pub fn set_filters(config: &mut Json, filters: &[String]) {
    config.remove("filter_subject");
    config.remove("filter_subjects");
    match filters {
        [] => {}
        [one] => {
            config.set("filter_subject", one.as_str());
        }
        many => {
            config.set("filter_subjects", many.to_vec());
        }
    }
}

/// Makes a consumer; gives its name and the number of messages it will
/// deliver.
fn create(
    api: &Api,
    stream: &str,
    filters: &[String],
    start: &Start,
    headers_only: bool,
) -> Result<(String, u64), ApiError> {
    let name = unique_id();
    let mut config = Json::object().with("name", name.as_str());
    start.apply(&mut config);
    config.set("ack_policy", "none");
    config.set("max_deliver", 1);
    config.set("replay_policy", "instant");
    config.set(
        "inactive_threshold",
        i64::try_from(INACTIVE.as_nanos()).unwrap_or(i64::MAX),
    );
    config.set("num_replicas", 1);
    config.set("mem_storage", true);
    if headers_only {
        config.set("headers_only", true);
    }
    set_filters(&mut config, filters);
    if filters.is_empty() && *start == Start::LastPerSubject {
        // Servers want a filter here, if only that of all subjects.
        config.set("filter_subject", ">");
    }
    let request = Json::object()
        .with("stream_name", stream)
        .with("config", config)
        .with("action", "create");
    let mut subject = format!("CONSUMER.CREATE.{stream}.{name}");
    // Permissions may be about what is read.
    if let [filter] = filters {
        subject.push('.');
        subject.push_str(filter);
    }
    let info = api.request(&subject, &request)?;
    Ok((name, info.uint("num_pending")))
}
