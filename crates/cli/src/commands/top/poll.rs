//! Asking the server.

use std::collections::HashMap;
use std::time::Duration;

use super::page::Settings;
use crate::client::{ClientError, Requester};
use crate::failure::Result;
use crate::format::{rate, span_between};
use crate::output::Json;
use crate::session::Session;
use crate::system::NO_RESULTS;
use crate::{bail, fail, log};

/// What totals are looked at, in a server as in a connection; rates are in the
/// same order.
const TOTALS: [&str; 4] = ["in_msgs", "in_bytes", "out_msgs", "out_bytes"];

/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the server said at one time.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Its VARZ.
    pub varz: Json,
    /// Its CONNZ.
    pub connz: Json,
    /// Messages and bytes per second since the look before: in, out.
    pub rates: [f64; 4],
    /// The same for each connection.
    pub connections: HashMap<u64, [f64; 4]>,
    /// Why something is missing.
    pub error: String,
}

/// Asks one server.
#[derive(Debug)]
pub struct Poll {
    requester: Requester,
    name: String,
    trace: bool,
    last: Option<Look>,
}

impl Poll {
    /// Finds a server by its name.
    pub fn new(session: &mut Session, name: &str) -> Result<Self> {
        let poll = Self {
            requester: session.requester()?,
            name: name.to_owned(),
            trace: session.trace(),
            last: None,
        };
        poll.ask("VARZ", poll.server())
            .map_err(|error| error.context("initial test request failed"))?;
        Ok(poll)
    }

    /// The part of a question that says which server is meant.
    fn server(&self) -> Json {
        Json::object()
            .with("server_name", self.name.as_str())
            .with("exact_match", true)
    }

    /// Asks for the state of now.
    pub fn look(&mut self, settings: &Settings) -> Look {
        let mut look = Look::default();
        match self.fill(&mut look, settings) {
            Ok(()) => self.last = Some(look.clone()),
            Err(error) => look.error = error.to_string(),
        }
        look
    }

    fn fill(&self, look: &mut Look, settings: &Settings) -> Result<()> {
        look.varz = self.ask("VARZ", self.server())?;
        let question = self
            .server()
            .with("sort", settings.sort.as_str())
            .with("subscriptions", settings.subscriptions)
            .with("limit", settings.limit);
        look.connz = self.ask("CONNZ", question)?;
        let Some(last) = &self.last else {
            return Ok(());
        };
        let nanos = span_between(last.varz.text("now"), look.varz.text("now"));
        let seconds = Duration::from_nanos(nanos.unsigned_abs()).as_secs_f64();
        look.rates = rates(&last.varz, &look.varz, seconds);
        let before: HashMap<u64, &Json> = by_id(&last.connz).collect();
        look.connections = by_id(&look.connz)
            .filter_map(|(id, now)| Some((id, rates(before.get(&id)?, now, seconds))))
            .collect();
        Ok(())
    }

    fn ask(&self, what: &str, body: Json) -> Result<Json> {
        let subject = format!("$SYS.REQ.SERVER.PING.{what}");
        let body = body.compact();
        if self.trace {
            log!(">>> {subject}: {body}");
        }
        let answer = self
            .requester
            .request(&subject, None, body.as_bytes(), PATIENCE);
        let answer = match answer {
            Err(ClientError::NoResponders) => bail!("{NO_RESULTS}"),
            answer => answer?.payload,
        };
        if self.trace {
            let text = String::from_utf8_lossy(&answer);
            log!("<<< ({}B) {text}", answer.len());
        }
        let answer =
            Json::parse(&answer).map_err(|error| fail!("the answer cannot be read: {error}"))?;
        if answer.has("error") {
            let (text, code) = (
                answer.text("error.description"),
                answer.int("error.err_code"),
            );
            bail!("{text} ({code})");
        }
        match answer.at("data") {
            data @ Json::Object(_) => Ok(data.clone()),
            _ => bail!("the answer cannot be read: it has no data"),
        }
    }
}

/// The connections with their ids.
fn by_id(connz: &Json) -> impl Iterator<Item = (u64, &Json)> {
    let connections = connz.list("connections").iter();
    connections.map(|connection| (connection.uint("cid"), connection))
}

/// What was counted per second between two looks.
fn rates(before: &Json, now: &Json, seconds: f64) -> [f64; 4] {
    TOTALS.map(|key| rate((now.float(key) - before.float(key)).max(0.0), seconds))
}
