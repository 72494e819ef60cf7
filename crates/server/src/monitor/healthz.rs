//! `/healthz`: whether the server can do its work (monitoring-events.md 4).

use serde::{Deserialize, Serialize};

use super::json::is_zero;
use super::params::{self, ParamError};
use super::query::Query;
use super::source::Source;

/// What is to be checked, by query parameters or as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct HealthzOptions {
    /// Deprecated name of `js_enabled_only`.
    pub js_enabled: bool,
    /// Stop after "JetStream is enabled".
    pub js_enabled_only: bool,
    /// Stop after "listeners are up".
    pub js_server_only: bool,
    /// Stop after the meta group's check.
    pub js_meta_only: bool,
    /// Only this account's assets; empty is all.
    pub account: String,
    /// Only this stream; needs the account.
    pub stream: String,
    /// Only this consumer; needs the stream.
    pub consumer: String,
    /// Report all problems instead of the first.
    pub details: bool,
}

impl HealthzOptions {
    /// Reads the query parameters, in the order in which their errors count.
    pub(crate) fn from_query(query: &Query) -> Result<Self, ParamError> {
        Ok(Self {
            js_enabled: params::boolean(query, "js-enabled")?,
            js_enabled_only: params::boolean(query, "js-enabled-only")?,
            js_server_only: params::boolean(query, "js-server-only")?,
            js_meta_only: params::boolean(query, "js-meta-only")?,
            account: params::text(query, "account"),
            stream: params::text(query, "stream"),
            consumer: params::text(query, "consumer"),
            details: params::boolean(query, "details")?,
        })
    }
}

/// What the broker reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Configured listeners that do not accept, in the order `server`,
    /// `route`, `gateway`, `leafnode`, `websocket`, `mqtt`.
    pub not_listening: Vec<NotListening>,
    /// Whether JetStream works.
    pub jetstream: JetStreamHealth,
}

/// A configured listener that does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotListening {
    /// `server` (clients), `route`, `gateway`, `leafnode`, `websocket` or
    /// `mqtt`.
    pub listener: &'static str,
    /// Why it could not listen; `None` while starting, in lame duck mode and
    /// during shutdown.
    pub error: Option<String>,
}

/// Whether JetStream works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JetStreamHealth {
    /// It is not configured.
    #[default]
    Off,
    /// It is configured and does not run.
    Down,
    /// It runs.
    Running,
}

/// What a problem is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProblemKind {
    /// A listener.
    Connection,
    /// The question.
    BadRequest,
    /// JetStream as a whole, or the meta group.
    Jetstream,
    /// An account.
    Account,
    /// A stream.
    Stream,
    /// A consumer.
    Consumer,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HealthProblem {
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: ProblemKind,
    /// The account, if it is about one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// The stream, if it is about one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stream: String,
    /// The consumer, if it is about one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub consumer: String,
    /// What is wrong.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// 400, 404, 500 or 503.
    #[serde(skip)]
    pub status_code: u16,
}

impl HealthProblem {
    /// A problem that is about no account.
    pub fn new(kind: ProblemKind, status_code: u16, error: impl Into<String>) -> Self {
        Self {
            kind,
            account: String::new(),
            stream: String::new(),
            consumer: String::new(),
            error: error.into(),
            status_code,
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Healthz {
    /// `ok`, `unavailable` or `error`.
    pub status: &'static str,
    /// The status code; left out over HTTP, where the answer has it.
    #[serde(skip_serializing_if = "is_zero")]
    pub status_code: u16,
    /// What is wrong, without details.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// What is wrong, with details.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<HealthProblem>,
}

impl Healthz {
    /// The answer for HTTP: the status code and the rest.
    pub fn into_http(mut self) -> (u16, Self) {
        let code = std::mem::take(&mut self.status_code);
        (code, self)
    }

    /// The warning to log over HTTP; `None` if all is well.
    pub fn warning(&self) -> Option<String> {
        if !self.errors.is_empty() {
            Some(format!("Healthcheck failed: {} errors", self.errors.len()))
        } else if !self.error.is_empty() {
            let quoted = midge_subject::quote(self.error.as_bytes());
            Some(format!("Healthcheck failed: {quoted}"))
        } else {
            None
        }
    }
}

/// Puts the answer together.
pub fn build(options: &HealthzOptions, source: &dyn Source) -> Healthz {
    let problems = problems(options, source);
    let Some(first) = problems.first() else {
        return Healthz {
            status: "ok",
            status_code: 200,
            error: String::new(),
            errors: Vec::new(),
        };
    };
    let status_code = first.status_code;
    if options.details {
        return Healthz {
            status: "error",
            status_code,
            error: String::new(),
            errors: problems,
        };
    }
    Healthz {
        status: match status_code {
            404 | 503 => "unavailable",
            _ => "error",
        },
        status_code,
        error: first.error.clone(),
        errors: Vec::new(),
    }
}

/// The checks of monitoring-events.md 4.2, in order.
fn problems(options: &HealthzOptions, source: &dyn Source) -> Vec<HealthProblem> {
    let bad_request = |text| vec![HealthProblem::new(ProblemKind::BadRequest, 400, text)];
    if options.account.is_empty() && !options.stream.is_empty() {
        return bad_request("\"account\" must not be empty when checking stream health");
    }
    if options.stream.is_empty() && !options.consumer.is_empty() {
        return bad_request("\"stream\" must not be empty when checking consumer health");
    }
    let health = source.health();
    if !health.not_listening.is_empty() {
        let parts: Vec<String> = health
            .not_listening
            .iter()
            .map(|part| match &part.error {
                Some(error) => format!("{}({error})", part.listener),
                None => part.listener.to_owned(),
            })
            .collect();
        let text = format!(
            "failed to be ready for connections after 1ms: {}",
            parts.join(", ")
        );
        return vec![HealthProblem::new(ProblemKind::Connection, 500, text)];
    }
    if options.js_server_only {
        return Vec::new();
    }
    match health.jetstream {
        JetStreamHealth::Off => Vec::new(),
        JetStreamHealth::Down => vec![HealthProblem::new(
            ProblemKind::Jetstream,
            503,
            "JetStream not enabled (10076)",
        )],
        JetStreamHealth::Running if options.js_enabled_only || options.js_enabled => Vec::new(),
        JetStreamHealth::Running => source.jetstream_problems(options),
    }
}

#[cfg(test)]
#[path = "healthz_tests.rs"]
mod tests;
