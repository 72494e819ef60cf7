//! `nats server report downgrade`.

use std::collections::{BTreeMap, BTreeSet};

use crate::commands::server::replicas::{PAGE, ServerAssets, gather};
use crate::failure::Result;
use crate::format::parse_uint;
use crate::output::{Json, Table};
use crate::session::Session;
use crate::system::Servers;

/// Metadata in which servers keep the API level that an asset needs.
const LEVEL: &str = "_nats.req.level";

/// A consumer: its account, its stream, its name.
type ConsumerKey = (String, String, String);

/// Assets that need more than a server has.
#[derive(Debug, Default, PartialEq)]
struct TooNew {
    /// By account and name.
    streams: BTreeMap<(String, String), i64>,
    consumers: BTreeMap<ConsumerKey, i64>,
}

/// Finds what keeps servers from going back to an older version.
pub fn downgrade(session: &mut Session) -> Result<()> {
    let level = parse_uint(session.matches.required_arg("api"))?;
    let level = i64::try_from(level).unwrap_or(i64::MAX);
    let (json, all) = (session.matches.on("json"), session.matches.on("all"));
    let asked = Servers::of(session)?;
    let expect = asked
        .servers()
        .map_err(|failure| failure.context("failed to get current active servers"))?;
    if !json {
        println!("Obtaining JetStream Asset information");
    }
    let options = Json::object()
        .with("accounts", true)
        .with("streams", true)
        .with("consumer", true)
        .with("config", true)
        .with("limit", PAGE);
    let servers =
        gather(&asked, expect, &options).map_err(|failure| failure.context("JSZ fetch failed"))?;
    let found = too_new(&servers, level, all);
    if json {
        as_json(&found).print();
    } else {
        show(&found);
    }
    Ok(())
}

/// The level that a configuration needs; 0 if it does not say, or is no number.
fn required(config: &Json) -> i64 {
    let metadata = config.entries("metadata");
    let level = metadata.iter().find(|(key, _)| key == LEVEL);
    level
        .and_then(|(_, value)| value.as_text()?.parse().ok())
        .unwrap_or(0)
}

/// What needs a higher level. Consumers of such streams have to go with them:
/// with `all` they count whatever they need, and their streams have a star.
fn too_new(servers: &[ServerAssets], level: i64, all: bool) -> TooNew {
    let mut found = TooNew::default();
    // Replicas of a stream are on several servers.
    let mut seen = BTreeSet::new();
    for account in servers.iter().flat_map(|server| &server.accounts) {
        let id = account.text("id");
        let account_name = account.text("name");
        for stream in account.list("stream_detail") {
            let name = stream.text("name");
            let needed = required(stream.at("config"));
            let stream_is_too_new = needed > level;
            if stream_is_too_new && seen.insert((id, name, "")) {
                let key = (account_name.to_owned(), name.to_owned());
                found.streams.insert(key, needed);
            }
            let goes = all && stream_is_too_new;
            let shown = if goes {
                format!("{name}*")
            } else {
                name.to_owned()
            };
            for consumer in stream.list("consumer_detail") {
                let needed = required(consumer.at("config"));
                let consumer = consumer.text("name");
                if (goes || needed > level) && seen.insert((id, name, consumer)) {
                    let key = (account_name.to_owned(), shown.clone(), consumer.to_owned());
                    found.consumers.insert(key, needed);
                }
            }
        }
    }
    found
}

fn as_json(found: &TooNew) -> Json {
    let mut out = Json::object();
    if !found.streams.is_empty() {
        let streams = found.streams.iter().map(|((account, name), level)| {
            Json::object()
                .with("account", account.as_str())
                .with("name", name.as_str())
                .with("api_level", *level)
        });
        out.set("streams", Json::List(streams.collect()));
    }
    if !found.consumers.is_empty() {
        let consumers = found
            .consumers
            .iter()
            .map(|((account, stream, name), level)| {
                Json::object()
                    .with("account", account.as_str())
                    .with("name", name.as_str())
                    .with("stream", stream.as_str())
                    .with("api_level", *level)
            });
        out.set("consumers", Json::List(consumers.collect()));
    }
    out
}

fn show(found: &TooNew) {
    if found.streams.is_empty() && found.consumers.is_empty() {
        println!("All assets are compatible with the specified API level.");
        return;
    }
    if !found.streams.is_empty() {
        let mut table = Table::new(
            "Assets: Streams",
            &["Account", "Stream", "Required API level"],
        );
        for ((account, name), level) in &found.streams {
            table.row(vec![account.into(), name.into(), (*level).into()]);
        }
        table.print();
    }
    if !found.consumers.is_empty() {
        let mut table = Table::new(
            "Assets: Consumers",
            &["Account", "Stream", "Consumer", "Required API level"],
        );
        for ((account, stream, name), level) in &found.consumers {
            table.row(vec![
                account.into(),
                stream.into(),
                name.into(),
                (*level).into(),
            ]);
        }
        table.print();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers() -> Vec<ServerAssets> {
        let account = Json::parse(
            br#"{"name":"A","id":"A","stream_detail":[
                {"name":"OLD","config":{"name":"OLD","metadata":{"_nats.req.level":"0"}},"consumer_detail":[
                    {"name":"c","config":{"metadata":{"_nats.req.level":"2"}}},
                    {"name":"plain","config":{}}]},
                {"name":"NEW","config":{"name":"NEW","metadata":{"_nats.req.level":"3"}},"consumer_detail":[
                    {"name":"d","config":{"metadata":{"_nats.req.level":"2"}}}]}]}"#,
        )
        .unwrap();
        // Two replicas of everything.
        ["n1", "n2"]
            .map(|name| ServerAssets {
                name: name.to_owned(),
                id: name.to_owned(),
                accounts: vec![account.clone()],
            })
            .to_vec()
    }

    fn keys<K: Clone>(map: &BTreeMap<K, i64>) -> Vec<(K, i64)> {
        map.iter()
            .map(|(key, level)| (key.clone(), *level))
            .collect()
    }

    #[test]
    fn what_needs_a_higher_level_is_found_once() {
        let found = too_new(&servers(), 1, false);
        assert_eq!(keys(&found.streams), [(("A".into(), "NEW".into()), 3)]);
        let consumer = |stream: &str, name: &str| ("A".into(), stream.into(), name.into());
        assert_eq!(
            keys(&found.consumers),
            [(consumer("NEW", "d"), 2), (consumer("OLD", "c"), 2)]
        );
        let found = too_new(&servers(), 1, true);
        assert_eq!(
            keys(&found.consumers),
            [(consumer("NEW*", "d"), 2), (consumer("OLD", "c"), 2)]
        );
        // A level is enough for what needs just that, unless its stream goes.
        let found = too_new(&servers(), 2, true);
        assert_eq!(keys(&found.streams).len(), 1);
        assert_eq!(keys(&found.consumers), [(consumer("NEW*", "d"), 2)]);
        assert!(too_new(&servers(), 2, false).consumers.is_empty());
        assert_eq!(too_new(&servers(), 3, true), TooNew::default());
    }

    #[test]
    fn a_level_that_is_no_number_is_none() {
        let config = Json::parse(br#"{"metadata":{"_nats.req.level":"x"}}"#).unwrap();
        assert_eq!(required(&config), 0);
    }
}
