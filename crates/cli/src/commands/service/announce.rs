//! A service that can be found: answers to PING, INFO and STATS
//! (client-conventions.md 6).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::client::{Connection, MessageRef, unique_id};
use crate::failure::Result;
use crate::output::Json;

/// Makes the answer to a question.
type Answer = Arc<dyn Fn() -> String + Send + Sync>;

/// Makes what the statistics of an endpoint say beyond the usual.
pub type Data = Arc<dyn Fn() -> Json + Send + Sync>;

/// What a service says about itself.
pub struct Description<'a> {
    /// Name.
    pub name: &'a str,
    /// Version.
    pub version: &'a str,
    /// In words.
    pub description: &'a str,
    /// Further properties.
    pub metadata: Json,
    /// Name of its endpoint.
    pub endpoint: &'a str,
    /// Subject of its endpoint.
    pub subject: &'a str,
    /// Queue group of its endpoint.
    pub queue: &'a str,
    /// What its statistics say beyond the usual.
    pub data: Option<Data>,
}

/// A service with one endpoint. The endpoint itself is the caller's business.
pub struct Service {
    /// Its id.
    pub id: String,
    /// Requests that were answered.
    pub requests: Arc<AtomicU64>,
    /// Time that took, in nanoseconds.
    pub nanos: Arc<AtomicU64>,
    /// Subjects of questions, each with its answer.
    questions: Vec<(String, Answer)>,
}

impl Service {
    /// A new service of that kind.
    pub fn new(of: Description<'_>) -> Self {
        let id = unique_id();
        let (requests, nanos): (Arc<AtomicU64>, Arc<AtomicU64>) = Default::default();
        let identity = |kind: &str| {
            Json::object()
                .with("name", of.name)
                .with("id", id.as_str())
                .with("version", of.version)
                .with("metadata", of.metadata.clone())
                .with("type", format!("io.nats.micro.v1.{kind}_response"))
        };
        let endpoint = Json::object()
            .with("name", of.endpoint)
            .with("subject", of.subject)
            .with("queue_group", of.queue);
        let ping = identity("ping").compact();
        let described = endpoint.clone().with("metadata", Json::Null);
        let info = identity("info")
            .with("description", of.description)
            .with("endpoints", Json::List(vec![described]))
            .compact();
        let started = jiff::Timestamp::now().to_string();
        let stats = identity("stats").with("started", started);
        let (done, time) = (Arc::clone(&requests), Arc::clone(&nanos));
        let data = of.data;
        let count = move || {
            let (requests, nanos) = (done.load(Ordering::Relaxed), time.load(Ordering::Relaxed));
            let mut endpoint = endpoint
                .clone()
                .with("num_requests", requests)
                .with("num_errors", 0)
                .with("last_error", "")
                .with("processing_time", nanos)
                .with(
                    "average_processing_time",
                    nanos.checked_div(requests).unwrap_or(0),
                );
            if let Some(data) = &data {
                endpoint.set("data", data());
            }
            stats
                .clone()
                .with("endpoints", Json::List(vec![endpoint]))
                .compact()
        };
        let answers: [(&str, Answer); 3] = [
            ("INFO", Arc::new(move || info.clone())),
            ("PING", Arc::new(move || ping.clone())),
            ("STATS", Arc::new(count)),
        ];
        let mut questions = Vec::new();
        for (verb, answer) in answers {
            for subject in [
                format!("$SRV.{verb}"),
                format!("$SRV.{verb}.{}", of.name),
                format!("$SRV.{verb}.{}.{id}", of.name),
            ] {
                questions.push((subject, Arc::clone(&answer)));
            }
        }
        Self {
            id,
            requests,
            nanos,
            questions,
        }
    }

    /// Subjects on which it is asked.
    pub fn subjects(&self) -> impl Iterator<Item = &str> {
        self.questions.iter().map(|(subject, _)| subject.as_str())
    }

    /// The answer to a question on subject number `place` of
    /// [`Service::subjects`]; nothing if there is no such subject.
    pub fn answer(&self, place: usize) -> Option<String> {
        self.questions.get(place).map(|(_, answer)| answer())
    }

    /// Makes the service known on a connection.
    pub fn announce(&self, connection: &Connection) -> Result<()> {
        for (subject, answer) in &self.questions {
            let (sender, answer) = (connection.clone(), Arc::clone(answer));
            connection.subscribe_with(subject, "", move |message: MessageRef<'_>| {
                let reply = String::from_utf8_lossy(message.reply);
                if !reply.is_empty() {
                    // Whoever asks will ask again if the connection breaks now.
                    let _ = sender.publish(&reply, "", None, answer().as_bytes());
                }
            })?;
        }
        Ok(())
    }
}
