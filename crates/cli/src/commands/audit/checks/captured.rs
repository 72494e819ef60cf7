//! What checks look at.

use crate::archive::{ACCOUNT, Archive, SERVER, STREAM, Tags};
use crate::failure::Result;
use crate::output::Json;
use crate::{bail, log};

/// An archive, as checks read it.
pub struct Captured {
    /// The archive.
    pub archive: Archive,
    /// Whether to log what is missing.
    pub verbose: bool,
}

/// What a server said about itself.
pub struct OfServer {
    /// Its cluster.
    pub cluster: String,
    /// Its name.
    pub server: String,
    /// What it said.
    pub data: Json,
}

/// What a server said about an account.
pub struct OfAccount {
    /// The account.
    pub account: String,
    /// The server.
    pub server: String,
    /// What it said.
    pub data: Json,
}

/// What a server said about its replica of a stream.
pub struct Replica {
    /// The server.
    pub server: String,
    /// What it said.
    pub info: Json,
}

/// A stream.
pub struct Stream {
    /// Its account.
    pub account: String,
    /// Its name.
    pub name: String,
    /// Its replicas.
    pub replicas: Vec<Replica>,
}

fn kind_of(endpoints: &[crate::archive::Endpoint], endpoint: &str) -> &'static str {
    endpoints
        .iter()
        .find(|(known, _)| *known == endpoint)
        .map_or("", |(_, kind)| kind)
}

impl Captured {
    /// What all servers answered on an endpoint, page by page.
    pub fn servers(&self, endpoint: &str) -> Result<Vec<OfServer>> {
        let kind = kind_of(&SERVER, endpoint);
        let mut found = Vec::new();
        for (cluster, server) in self.archive.servers() {
            let pages = self.archive.pages(&Tags::server(cluster, server, kind))?;
            if pages.is_empty() && self.verbose {
                log!("The archive has no {kind} of the server {server}");
            }
            found.extend(pages.into_iter().map(|page| OfServer {
                cluster: cluster.to_owned(),
                server: server.to_owned(),
                data: page.at("data").clone(),
            }));
        }
        Ok(found)
    }

    /// What all servers answered on an endpoint about accounts.
    pub fn accounts(&self, endpoint: &str) -> Result<Vec<OfAccount>> {
        let kind = kind_of(&ACCOUNT, endpoint);
        let files = self
            .archive
            .files(|tags| tags.kind == kind && tags.stream.is_empty());
        let mut found = Vec::new();
        for (path, tags) in files {
            let page = self.archive.read(path)?;
            let Ok(page) = Json::parse(&page) else {
                bail!("{path} cannot be read");
            };
            found.push(OfAccount {
                account: tags.account.clone(),
                server: tags.server.clone(),
                data: page.at("data").clone(),
            });
        }
        Ok(found)
    }

    /// Calls `look` with each stream: there may be more than fit into memory.
    pub fn each_stream(&self, mut look: impl FnMut(Stream) -> Result<()>) -> Result<()> {
        let mut files = self.archive.files(|tags| tags.kind == STREAM);
        files.sort_by_key(|(_, tags)| (&tags.account, &tags.stream, &tags.server));
        for group in files.chunk_by(|(_, a), (_, b)| a.account == b.account && a.stream == b.stream)
        {
            let Some((_, first)) = group.first() else {
                continue;
            };
            let mut replicas = Vec::new();
            for (path, tags) in group {
                let Ok(info) = Json::parse(&self.archive.read(path)?) else {
                    bail!("{path} cannot be read");
                };
                replicas.push(Replica {
                    server: tags.server.clone(),
                    info,
                });
            }
            look(Stream {
                account: first.account.clone(),
                name: first.stream.clone(),
                replicas,
            })?;
        }
        Ok(())
    }
}
