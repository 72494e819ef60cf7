//! The JetStream assets of all servers.

use std::collections::BTreeMap;
use std::io::BufRead;

use crate::failure::Result;
use crate::output::Json;
use crate::system::{Asked, Expect};
use crate::{bail, fail, log};

const SUBJECT: &str = "$SYS.REQ.SERVER.PING.JSZ";
/// Accounts in one answer of a server.
pub const PAGE: usize = 1_024;
/// Pages that are asked for, so that a server that always promises more cannot
/// keep the tool busy for ever: with [`PAGE`], a million accounts.
const MAX_PAGES: usize = 1_000;
/// Longest line that is read as an answer: a server with a hundred thousand
/// consumers writes some hundred MiB.
const MAX_LINE: u64 = 1 << 30;

/// A server with its accounts, streams and consumers.
#[derive(Clone, Debug, Default)]
pub struct ServerAssets {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Accounts as JSZ has them (monitoring-events.md 3.9).
    pub accounts: Vec<Json>,
}

/// Servers under way, by their ids.
#[derive(Debug, Default)]
struct Servers {
    by_id: BTreeMap<String, ServerAssets>,
    /// Most accounts that a server has.
    accounts: usize,
}

impl Servers {
    /// Takes an answer; gives how many accounts are in it.
    fn add(&mut self, answer: &Json) -> usize {
        let server = answer.at("server");
        if answer.has("error") {
            log!(
                "{} refused: {}",
                server.text("name"),
                answer.text("error.description")
            );
            return 0;
        }
        let data = answer.at("data");
        let total = usize::try_from(data.uint("total")).unwrap_or(usize::MAX);
        self.accounts = self.accounts.max(total);
        let known = self.by_id.entry(server.text("id").to_owned()).or_default();
        server.text("name").clone_into(&mut known.name);
        server.text("id").clone_into(&mut known.id);
        let found = data.list("account_details");
        known.accounts.extend_from_slice(found);
        found.len()
    }

    fn sorted(self) -> Vec<ServerAssets> {
        let mut servers: Vec<ServerAssets> = self.by_id.into_values().collect();
        servers.sort_by(|a, b| a.name.cmp(&b.name));
        servers
    }
}

/// Asks all servers for their assets; `options` are those of JSZ, the first
/// [`PAGE`] accounts.
pub fn gather(asked: &impl Asked, expect: Expect, options: &Json) -> Result<Vec<ServerAssets>> {
    let mut servers = Servers::default();
    for page in 0..MAX_PAGES {
        let mut body = options.clone();
        if page > 0 {
            body.set("limit", PAGE);
            body.set("offset", page * PAGE);
        }
        let answers = asked
            .ask(SUBJECT, Some(&body), expect)
            .map_err(|failure| failure.context(SUBJECT))?;
        let mut found = 0;
        for answer in answers {
            found += servers.add(&answer.json);
        }
        // Whatever servers promise: an empty page is the last one.
        if found == 0 || (page + 1) * PAGE >= servers.accounts {
            break;
        }
    }
    Ok(servers.sorted())
}

/// Reads what `server request jetstream --all` printed: an answer on each line,
/// of which so many count.
pub fn read(mut input: impl BufRead, most: usize) -> Result<Vec<ServerAssets>> {
    let mut servers = Servers::default();
    let mut line = Vec::new();
    let mut found = 0;
    for number in 1.. {
        line.clear();
        let count = std::io::Read::take(&mut input, MAX_LINE).read_until(b'\n', &mut line)?;
        if count == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answer = Json::parse(&line)
            .map_err(|error| fail!("line {number} of standard input is no JSON: {error}"))?;
        if !answer.has("server") {
            bail!("line {number} of standard input is no answer of a server");
        }
        servers.add(&answer);
        found += 1;
        if found == most {
            break;
        }
    }
    Ok(servers.sorted())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_line_by_line() {
        let text = concat!(
            r#"{"server":{"name":"b","id":"B"},"data":{"account_details":[{"name":"X"}]}}"#,
            "\n\n",
            r#"{"server":{"name":"a","id":"A"},"data":{}}"#,
            "\n",
            r#"{"server":{"name":"b","id":"B"},"data":{"account_details":[{"name":"Y"}]}}"#,
        );
        let servers = read(text.as_bytes(), usize::MAX).unwrap();
        let names: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(servers[1].accounts.len(), 2);
        assert_eq!(read(text.as_bytes(), 1).unwrap().len(), 1);
        assert!(read(&b""[..], 1).unwrap().is_empty());
        assert!(read(&b"{}\n"[..], 1).is_err());
        assert!(read(&b"x\n"[..], 1).is_err());
    }
}
