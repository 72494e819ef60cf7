//! Key-value and object buckets as lists: both are streams with names of their
//! own.

use crate::bail;
use crate::failure::Result;
use crate::format::{commas, human_size, local_time};
use crate::jetstream::describe;
use crate::output::{Columns, Json, Table};
use crate::session::Session;

/// A section about the servers that have a bucket, if they are known.
pub fn bucket_servers(columns: &mut Columns, cluster: &Json) {
    if cluster.is_null() {
        return;
    }
    columns.section("Cluster Information");
    columns.row("Name", cluster.text("name"));
    columns.row("Leader", cluster.text("leader"));
    for replica in cluster.list("replicas") {
        columns.row("Replica", describe::replica_text(replica));
    }
}

/// A kind of buckets.
#[derive(Clone, Copy, Debug)]
pub struct Buckets {
    /// Prefix of the names of their streams.
    pub prefix: &'static str,
    /// What they are called together.
    pub title: &'static str,
    /// Whether the number of messages is the number of values.
    pub counts_values: bool,
    /// What is said if there is none to choose from.
    pub nothing_to_pick: &'static str,
}

impl Buckets {
    /// INFO of their streams, by name.
    fn streams(&self, session: &mut Session) -> Result<Vec<Json>> {
        let api = session.management()?;
        let mut found: Vec<Json> = api
            .all("STREAM.LIST", "streams", &Json::Null)?
            .into_iter()
            .filter(|info| info.text("config.name").starts_with(self.prefix))
            .collect();
        found.sort_by(|a, b| a.text("config.name").cmp(b.text("config.name")));
        Ok(found)
    }

    fn name<'a>(&self, info: &'a Json) -> &'a str {
        info.text("config.name")
            .strip_prefix(self.prefix)
            .unwrap_or_default()
    }

    /// The bucket named by the argument, or chosen from a list.
    pub fn pick(&self, session: &mut Session) -> Result<String> {
        if let Some(name) = session.matches.arg("bucket") {
            return Ok(name.to_owned());
        }
        let names: Vec<String> = self
            .streams(session)?
            .iter()
            .map(|info| self.name(info).to_owned())
            .collect();
        if names.is_empty() {
            bail!("{}", self.nothing_to_pick);
        }
        let chosen = session.prompt().select("Select a Bucket", &names, 0)?;
        Ok(names.get(chosen).cloned().unwrap_or_default())
    }

    /// Prints all of them, the smallest first.
    pub fn list(&self, session: &mut Session) -> Result<()> {
        let mut found = self.streams(session)?;
        if session.matches.on("names") {
            for info in &found {
                println!("{}", self.name(info));
            }
            return Ok(());
        }
        if found.is_empty() {
            println!("No {} found", self.title.replace("Buckets", "buckets"));
            return Ok(());
        }
        found.sort_by_key(|info| info.uint("state.bytes"));
        let mut headers = vec!["Bucket", "Description", "Created", "Size"];
        if self.counts_values {
            headers.push("Values");
        }
        headers.push("Last Update");
        let mut table = Table::new(self.title, &headers);
        for info in &found {
            let mut row = vec![
                self.name(info).into(),
                info.text("config.description").into(),
                local_time(info.text("created")).into(),
                human_size(info.uint("state.bytes")).into(),
            ];
            if self.counts_values {
                row.push(commas(info.uint("state.messages")).into());
            }
            row.push(describe::last_message(info).into());
            table.row(row);
        }
        table.print();
        Ok(())
    }
}
