//! From a path to its answer.

use std::sync::Arc;
use std::time::SystemTime;

use midge_log::Logger;
use serde::Serialize;

use super::accountz::{self, AccountzOptions};
use super::accstatz::{self, AccountStatzOptions};
use super::connz::{self, ConnzOptions};
use super::endpoint::Endpoint;
use super::healthz::{self, HealthzOptions};
use super::http::{Answer, HTML, Handler, JSON, Weight};
use super::ipqueuesz::{self, QueuesOptions};
use super::jsz::JszOptions;
use super::query::Query;
use super::source::Source;
use super::subsz::{self, SubszOptions};
use super::{expvar, index, json, jsz, links, path, varz};

/// Content type of `/debug/vars`.
const EXPVAR: &str = "application/json; charset=utf-8";

/// The monitoring endpoints of a server.
pub struct Monitor {
    source: Arc<dyn Source>,
    /// Before all paths; empty for the root.
    base: String,
    log: Logger,
}

impl Monitor {
    /// The endpoints below `base_path`, as configured.
    pub fn new(source: Arc<dyn Source>, base_path: &str, log: Logger) -> Self {
        Self {
            source,
            base: path::base(base_path),
            log,
        }
    }

    fn endpoint(&self, path: &str) -> Option<Endpoint> {
        if self.base.is_empty() {
            return Endpoint::of(path);
        }
        match path.strip_prefix(&self.base)? {
            // The index page has no slash behind the base path.
            "" => Some(Endpoint::Index),
            "/" => None,
            rest => Endpoint::of(rest),
        }
    }

    /// Answers; `Err` has the text of a 400 answer.
    fn try_answer(&self, endpoint: Endpoint, query: &Query) -> Result<Answer, String> {
        let source = self.source.as_ref();
        let count = || source.requests().count(endpoint);
        let now = SystemTime::now();
        let bad = |error: &dyn std::error::Error| error.to_string();
        Ok(match endpoint {
            Endpoint::Index => {
                count();
                Answer::ok(HTML, index::page(&self.base))
            }
            Endpoint::Varz => {
                count();
                pretty(&varz::build(source))
            }
            Endpoint::Connz => {
                let options = ConnzOptions::from_query(query).map_err(|e| bad(&e))?;
                count();
                pretty(&connz::build(&options, source, now).map_err(|e| bad(&e))?)
            }
            Endpoint::Routez => {
                links::check_routez(query).map_err(|e| bad(&e))?;
                count();
                pretty(&links::routez(source, now))
            }
            Endpoint::Gatewayz => {
                count();
                links::check_gatewayz(query).map_err(|e| bad(&e))?;
                pretty(&links::gatewayz(source, now))
            }
            Endpoint::Leafz => {
                count();
                links::check_leafz(query).map_err(|e| bad(&e))?;
                pretty(&links::leafz(source, now))
            }
            Endpoint::Subsz => {
                count();
                let options = SubszOptions::from_query(query).map_err(|e| bad(&e))?;
                pretty(&subsz::build(&options, source, now).map_err(|e| bad(&e))?)
            }
            Endpoint::Accountz => {
                count();
                let options = AccountzOptions::from_query(query);
                pretty(&accountz::build(&options, source, now).map_err(|e| bad(&e))?)
            }
            Endpoint::AccountStatz => {
                count();
                let options = AccountStatzOptions::from_query(query).map_err(|e| bad(&e))?;
                pretty(&accstatz::build(&options, source, now))
            }
            Endpoint::Jsz => {
                count();
                let options = JszOptions::from_query(query).map_err(|e| bad(&e))?;
                pretty(&jsz::build(&options, source, now).map_err(|e| bad(&e))?)
            }
            Endpoint::Healthz => {
                count();
                let options = HealthzOptions::from_query(query).map_err(|e| bad(&e))?;
                self.healthz(&options)
            }
            Endpoint::Raftz => Answer::text(404, "No Raft nodes registered"),
            Endpoint::IpQueuesz => {
                let options = QueuesOptions::from_query(query).map_err(|e| bad(&e))?;
                Answer::json(200, json::pretty_wide(&ipqueuesz::build(&options, source)))
            }
            Endpoint::Expvar => Answer::ok(
                EXPVAR,
                expvar::debug_vars(&expvar::command_line(), source.memory()),
            ),
            Endpoint::Stacksz => Answer {
                any_origin: true,
                ..Answer::ok(JSON, expvar::threads())
            },
        })
    }

    fn healthz(&self, options: &HealthzOptions) -> Answer {
        if options.js_enabled {
            self.log.warn(format_args!(
                "Healthcheck: js-enabled deprecated, use js-enabled-only instead"
            ));
        }
        let health = healthz::build(options, self.source.as_ref());
        if let Some(warning) = health.warning() {
            self.log.warn(format_args!("{warning}"));
        }
        let (status, health) = health.into_http();
        Answer::json(status, json::compact(&health))
    }
}

fn pretty<T: Serialize>(value: &T) -> Answer {
    Answer::json(200, json::pretty(value))
}

impl Handler for Monitor {
    fn weight(&self, path: &str) -> Weight {
        match self.endpoint(path) {
            Some(
                Endpoint::Connz
                | Endpoint::Subsz
                | Endpoint::Accountz
                | Endpoint::AccountStatz
                | Endpoint::Jsz,
            ) => Weight::Heavy,
            _ => Weight::Light,
        }
    }

    fn answer(&self, path: &str, query: &Query) -> Answer {
        match self.endpoint(path) {
            Some(endpoint) => self
                .try_answer(endpoint, query)
                .unwrap_or_else(|text| Answer::text(400, text)),
            None => Answer::not_found(),
        }
    }
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
