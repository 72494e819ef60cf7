//! What all reports have in common: which servers, in which order.

use std::cmp::Ordering;

use crate::bail;
use crate::failure::Result;
use crate::output::Json;
use crate::session::Session;
use crate::system::{Answer, Expect, Servers};

/// The service that tells of a server itself.
const STATISTICS: &str = "$SYS.REQ.SERVER.PING";

/// The servers that a command line asks, of which it may choose some.
#[derive(Debug)]
pub struct Chosen {
    servers: Servers,
    filters: Json,
}

impl Chosen {
    /// Those of a command line.
    pub fn of(session: &mut Session) -> Result<Self> {
        let domain = session.context()?.record.jetstream_domain.clone();
        let servers = Servers::of(session)?;
        let matches = &session.matches;
        let mut filters = Json::object();
        // An account's own reports ask all servers.
        let is_choosing = matches.declares("host");
        for (flag, key) in [("host", "server_name"), ("cluster", "cluster")] {
            if is_choosing && let Some(value) = matches.filled(flag) {
                filters.set(key, value);
            }
        }
        filters.set("exact_match", true);
        let tags = if is_choosing {
            matches.list("tags")
        } else {
            &[]
        };
        if !tags.is_empty() {
            let tags = tags.iter().map(|tag| Json::from(tag.as_str()));
            filters.set("tags", Json::List(tags.collect()));
        }
        if !domain.is_empty() {
            filters.set("domain", domain);
        }
        Ok(Self { servers, filters })
    }

    /// So many as there are, if that can be known.
    pub fn all(&self) -> Result<Expect> {
        self.servers.servers()
    }

    /// Their answers; `options` are those of the service, none of which is the
    /// service of statistics. One that refuses is an error, as is that nobody
    /// listens.
    pub fn ask(&self, service: &str, options: Json, expect: Expect) -> Result<Vec<Answer>> {
        let mut body = match options {
            Json::Null => Json::object(),
            options => options,
        };
        for (key, value) in self.filters.entries("") {
            body.set(key, value.clone());
        }
        let subject = if service.is_empty() {
            STATISTICS.to_owned()
        } else {
            format!("{STATISTICS}.{service}")
        };
        let answers =
            self.servers
                .ask(&subject, Some(&body), expect)
                .map_err(|failure| match self.servers {
                    Servers::Live(_) => failure.context(&subject),
                    Servers::Stored(_) => failure,
                })?;
        for answer in &answers {
            let error = answer.json.at("error");
            if !error.is_null() {
                bail!("{} ({})", error.text("description"), error.int("err_code"));
            }
        }
        Ok(answers)
    }
}

/// Whether a command line asks for some servers only.
pub fn is_filtered(session: &Session) -> bool {
    let matches = &session.matches;
    matches.filled("host").is_some()
        || matches.filled("cluster").is_some()
        || !matches.list("tags").is_empty()
}

/// So many answers as the `LIMIT` of a command line says.
pub fn limit(session: &Session) -> Result<Expect> {
    Expect::of_argument(session.matches.arg("limit"))
}

/// Sorts, the other way round with `--reverse`.
pub fn sort<T>(session: &Session, rows: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    if session.matches.on("reverse") {
        rows.sort_by(|a, b| compare(b, a));
    } else {
        rows.sort_by(compare);
    }
}
