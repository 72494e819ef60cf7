//! `nats stream report`.

use std::path::Path;

use super::information::{active_text, api_level_text, lost_text, transform_text};
use super::list::Streams;
use crate::commands::assets::{is_internal, leader_table, replicas_text};
use crate::context::write_whole;
use crate::failure::Result;
use crate::format::{commas, human_size};
use crate::output::table::Cell;
use crate::output::{Json, Table};
use crate::session::Session;

/// Reports about all streams.
pub fn report(session: &mut Session) -> Result<()> {
    let api = session.jetstream()?;
    let matches = &session.matches;
    println!("Obtaining Stream stats\n");
    let mut streams = Streams::load(&api, matches.filled("subject").unwrap_or_default())?;
    let before = streams.found.len();
    if !matches.on("all") {
        streams
            .found
            .retain(|info| !is_internal(info.text("config.name")));
    }
    if streams.found.is_empty() && before > 0 {
        println!("No Streams defined, pass -a to include system streams");
        return Ok(());
    }
    if let Some(cluster) = matches.filled("cluster") {
        streams
            .found
            .retain(|info| info.text("cluster.name") == cluster);
    }
    if streams.found.is_empty() {
        println!("No Streams defined");
        streams.print_unavailable("Streams");
        return Ok(());
    }
    sort(&mut streams.found, session);
    table(&streams.found, matches.on("raw")).print();
    let origins = origins(&streams.found);
    if !origins.is_empty() {
        replication(&origins, matches.on("raw")).print();
        if let Some(path) = matches.filled("dot") {
            write_whole(Path::new(path), graph(&origins).as_bytes(), 0o600)?;
            println!("Wrote the replication graph to {path}\n");
        }
    }
    if matches.on("leaders") {
        let clusters = streams
            .found
            .iter()
            .map(|info| info.at("cluster"))
            .filter(|cluster| !cluster.text("leader").is_empty());
        let leaders = leader_table("Streams", clusters);
        if leaders.is_empty() {
            println!("No stream has a leader: this is no cluster\n");
        } else {
            leaders.print();
        }
    }
    streams.print_unavailable("Streams");
    Ok(())
}

fn sort(streams: &mut [Json], session: &Session) {
    let matches = &session.matches;
    // They come sorted by name, and stay so where they are equal.
    if matches.on("consumers") {
        streams.sort_by_key(|info| info.uint("state.consumer_count"));
    } else if matches.on("messages") {
        streams.sort_by_key(|info| info.uint("state.messages"));
    } else if matches.on("storage") {
        streams.sort_by(|a, b| a.text("config.storage").cmp(b.text("config.storage")));
    } else if !matches.on("name") {
        streams.sort_by_key(|info| info.uint("state.bytes"));
    }
}

fn number(value: u64, raw: bool) -> Cell {
    if raw {
        value.into()
    } else {
        commas(value).into()
    }
}

fn table(streams: &[Json], raw: bool) -> Table {
    let mut table = Table::new(
        "Stream Report",
        &[
            "Stream",
            "Storage",
            "Placement",
            "Consumers",
            "Messages",
            "Bytes",
            "Lost",
            "Deleted",
            "API Level",
            "Replicas",
        ],
    );
    for info in streams {
        let (config, state) = (info.at("config"), info.at("state"));
        let bytes: Cell = if raw {
            state.uint("bytes").into()
        } else {
            human_size(state.uint("bytes")).into()
        };
        let lost = state.list("lost.msgs").len();
        let lost: Cell = if raw {
            lost.into()
        } else if lost > 0 {
            lost_text(state).into()
        } else {
            "0".into()
        };
        table.row(vec![
            config.text("name").into(),
            crate::jetstream::describe::storage(config.text("storage")).into(),
            placement(config).into(),
            number(state.uint("consumer_count"), raw),
            number(state.uint("messages"), raw),
            bytes,
            lost,
            number(state.uint("num_deleted"), raw),
            required_level(config).into(),
            replicas_text(info.at("cluster")).into(),
        ]);
    }
    table
}

fn required_level(config: &Json) -> String {
    api_level_text(config)
        .split(' ')
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn placement(config: &Json) -> String {
    let mut parts = Vec::new();
    let cluster = config.text("placement.cluster");
    if !cluster.is_empty() {
        parts.push(format!("cluster: {cluster}"));
    }
    let tags = config.texts("placement.tags");
    if !tags.is_empty() {
        parts.push(format!("tags: {}", tags.join(", ")));
    }
    parts.join(" ")
}

/// A stream that gets messages from another one.
struct Origin<'a> {
    stream: &'a str,
    kind: &'static str,
    source: &'a Json,
}

fn origins(streams: &[Json]) -> Vec<Origin<'_>> {
    let mut out = Vec::new();
    for info in streams {
        let stream = info.text("config.name");
        if info.has("mirror") {
            out.push(Origin {
                stream,
                kind: "Mirror",
                source: info.at("mirror"),
            });
        }
        for source in info.list("sources") {
            out.push(Origin {
                stream,
                kind: "Source",
                source,
            });
        }
    }
    out
}

fn replication(origins: &[Origin<'_>], raw: bool) -> Table {
    let mut table = Table::new(
        "Replication Report",
        &[
            "Stream",
            "Kind",
            "API Prefix",
            "Source Stream",
            "Filters and Transforms",
            "Active",
            "Lag",
            "Error",
        ],
    );
    for origin in origins {
        let source = origin.source;
        let mut filters: Vec<String> = source
            .list("subject_transforms")
            .iter()
            .map(transform_text)
            .collect();
        let filter = source.text("filter_subject");
        if !filter.is_empty() {
            filters.push(format!("{filter} untransformed"));
        }
        let active: Cell = if raw {
            source.int("active").into()
        } else {
            active_text(source).into()
        };
        table.row(vec![
            origin.stream.into(),
            origin.kind.into(),
            source.text("external.api").into(),
            source.text("name").into(),
            filters.join("\n").into(),
            active,
            number(source.uint("lag"), raw),
            source.text("error.description").into(),
        ]);
    }
    table
}

/// The way of messages between streams, for GraphViz.
fn graph(origins: &[Origin<'_>]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut out = "digraph streams {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    for origin in origins {
        out.push_str(&format!(
            "  {} -> {} [label={}];\n",
            quoted(origin.source.text("name")),
            quoted(origin.stream),
            quoted(origin.kind)
        ));
    }
    out.push_str("}\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_point_at_their_streams() {
        let info = Json::parse(
            br#"{"config":{"name":"B"},"mirror":{"name":"A"},"sources":[{"name":"X \"y\""}]}"#,
        )
        .unwrap();
        let text = graph(&origins(&[info]));
        assert!(
            text.contains("  \"A\" -> \"B\" [label=\"Mirror\"];\n"),
            "{text}"
        );
        assert!(text.contains("  \"X \\\"y\\\"\" -> \"B\""), "{text}");
    }
}
