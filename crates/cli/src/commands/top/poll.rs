//! Asking the server.

use std::time::{Duration, Instant};

use super::page::Settings;
use crate::client::{ClientError, Connection};
use crate::failure::Result;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail};

/// What the server said at one time.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Its VARZ.
    pub varz: Json,
    /// Its CONNZ.
    pub connz: Json,
    /// Messages and bytes per second since the look before: in, out.
    pub rates: [f64; 4],
}

/// Asks one server.
#[derive(Debug)]
pub struct Poll {
    connection: Connection,
    id: String,
    timeout: Duration,
    last: Option<(Instant, [f64; 4])>,
}

/// Order of the totals and of their rates.
const TOTALS: [&str; 4] = ["in_msgs", "in_bytes", "out_msgs", "out_bytes"];

impl Poll {
    /// Finds a server by its name or id.
    pub fn new(session: &mut Session, name: &str) -> Result<Self> {
        let connection = session.connect()?;
        let timeout = session.timeout();
        let id = if name.len() == 56
            && name
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        {
            name.to_owned()
        } else {
            let body = Json::object()
                .with("server_name", name)
                .with("exact_match", true);
            let answer = ask(
                &connection,
                "$SYS.REQ.SERVER.PING.VARZ",
                &body,
                timeout,
                name,
            )?;
            answer.text("server.id").to_owned()
        };
        Ok(Self {
            connection,
            id,
            timeout,
            last: None,
        })
    }

    /// Asks for the state of now.
    pub fn look(&mut self, settings: &Settings) -> Result<Look> {
        let request = |what: &str, body: &Json| {
            let subject = format!("$SYS.REQ.SERVER.{}.{what}", self.id);
            let answer = ask(&self.connection, &subject, body, self.timeout, &self.id)?;
            if answer.has("error") {
                return Err(fail!("{}", answer.text("error.description")));
            }
            Ok(answer.at("data").clone())
        };
        let varz = request("VARZ", &Json::object())?;
        let body = Json::object()
            .with("limit", settings.limit)
            .with("sort", settings.sort.as_str())
            .with("subscriptions", settings.subscriptions);
        let connz = request("CONNZ", &body)?;
        let now = Instant::now();
        let totals = TOTALS.map(|key| varz.float(key));
        let mut rates = [0.0; 4];
        if let Some((then, before)) = self.last {
            let seconds = (now - then).as_secs_f64();
            for ((rate, total), before) in rates.iter_mut().zip(totals).zip(before) {
                *rate = crate::format::rate((total - before).max(0.0), seconds);
            }
        }
        self.last = Some((now, totals));
        Ok(Look { varz, connz, rates })
    }
}

fn ask(
    connection: &Connection,
    subject: &str,
    body: &Json,
    timeout: Duration,
    name: &str,
) -> Result<Json> {
    let answer = match connection.request(subject, None, body.compact().as_bytes(), timeout) {
        Ok(answer) => answer,
        Err(ClientError::NoResponders) => bail!(
            "server request failed, ensure the account used has system privileges and appropriate permissions"
        ),
        Err(ClientError::Timeout) => bail!("no answer from server {name:?}"),
        Err(error) => return Err(error.into()),
    };
    Json::parse(&answer.payload).map_err(|error| fail!("the answer cannot be read: {error}"))
}
