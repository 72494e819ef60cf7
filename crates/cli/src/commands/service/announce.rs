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
pub struct About<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// What it does.
    pub description: &'a str,
    /// Further properties.
    pub metadata: Json,
    /// Subject of its endpoint.
    pub subject: &'a str,
    /// Queue group of its endpoint.
    pub queue: &'a str,
    /// What its statistics say beyond the usual.
    pub data: Option<Data>,
}

/// A service with one endpoint.
#[derive(Debug)]
pub struct Service {
    /// Its id.
    pub id: String,
    /// Requests that were answered.
    pub requests: Arc<AtomicU64>,
    /// Time that took, in nanoseconds.
    pub nanos: Arc<AtomicU64>,
}

impl Service {
    /// Makes the service known. The endpoint itself is the caller's business.
    pub fn announce(connection: &Connection, about: About<'_>) -> Result<Self> {
        let service = Self {
            id: unique_id(),
            requests: Arc::default(),
            nanos: Arc::default(),
        };
        let name = about.name;
        let identity = |kind: &str| {
            Json::object()
                .with("name", name)
                .with("id", service.id.as_str())
                .with("version", about.version)
                .with("metadata", about.metadata.clone())
                .with("type", format!("io.nats.micro.v1.{kind}_response"))
        };
        let subject = about.subject;
        let endpoint = Json::object()
            .with("name", subject.rsplit('.').next().unwrap_or(subject))
            .with("subject", subject)
            .with("queue_group", about.queue);
        let ping = identity("ping").compact();
        let described = endpoint.clone().with("metadata", Json::Null);
        let info = identity("info")
            .with("description", about.description)
            .with("endpoints", Json::List(vec![described]))
            .compact();
        let started = jiff::Timestamp::now().to_string();
        let stats = identity("stats").with("started", started);
        let data = about.data;
        let (requests, nanos) = (Arc::clone(&service.requests), Arc::clone(&service.nanos));
        let count = move || {
            let (requests, nanos) = (
                requests.load(Ordering::Relaxed),
                nanos.load(Ordering::Relaxed),
            );
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
            ("PING", Arc::new(move || ping.clone())),
            ("INFO", Arc::new(move || info.clone())),
            ("STATS", Arc::new(count)),
        ];
        for (verb, answer) in answers {
            for subject in [
                format!("$SRV.{verb}"),
                format!("$SRV.{verb}.{name}"),
                format!("$SRV.{verb}.{name}.{}", service.id),
            ] {
                let (sender, answer) = (connection.clone(), Arc::clone(&answer));
                connection.subscribe_with(&subject, "", move |message: MessageRef<'_>| {
                    let reply = String::from_utf8_lossy(message.reply);
                    if !reply.is_empty() {
                        // Whoever asks will ask again if the connection breaks now.
                        let _ = sender.publish(&reply, "", None, answer().as_bytes());
                    }
                })?;
            }
        }
        Ok(service)
    }
}
