//! `nats stream report`.

use std::path::Path;

use super::info::connect;
use super::information::{lost_text, required_level};
use super::list::Streams;
use super::replication_graph::replication_graph;
use crate::commands::assets::{leader_table, replicas_text};
use crate::context::write_whole;
use crate::failure::Result;
use crate::format::{commas, go_duration, human_duration, human_size};
use crate::jetstream::ApiError;
use crate::output::table::Cell;
use crate::output::{Json, Table};
use crate::session::Session;

/// Reports about all streams.
pub fn report(session: &mut Session) -> Result<()> {
    let api = connect(session)?;
    let matches = &session.matches;
    println!("Obtaining Stream stats\n");
    let mut streams = Streams::load(&api, matches.filled("subject").unwrap_or_default())?;
    if let Some(cluster) = matches.filled("cluster") {
        streams
            .found
            .retain(|info| !info.has("cluster") || info.text("cluster.name") == cluster);
    }
    if streams.found.is_empty() && streams.unavailable.is_empty() {
        println!("No Streams defined");
        return Ok(());
    }
    let graph = replication_graph(&streams.found);
    sort(&mut streams.found, session);
    table(&streams.found, matches.on("raw")).print();
    if let Some(graph) = graph {
        replication(&streams.found, matches.on("raw")).print();
        if let Some(path) = matches.filled("dot") {
            write_whole(Path::new(path), graph.as_bytes(), 0o600)?;
        }
    }
    if matches.on("leaders") {
        let clusters = streams.found.iter().map(|info| info.at("cluster"));
        let leaders = leader_table("Streams", clusters);
        if !leaders.is_empty() {
            leaders.print();
        }
    }
    streams.unavailable.print("Streams");
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
        let lost = match (state.list("lost.msgs").len(), raw) {
            (0, _) => "0".to_owned(),
            (lost, true) => format!("{lost} ({})", state.uint("lost.bytes")),
            (_, false) => lost_text(state),
        };
        table.row(vec![
            config.text("name").into(),
            crate::jetstream::describe::storage(config.text("storage")).into(),
            placement(config).into(),
            number(state.uint("consumer_count"), raw),
            number(state.uint("messages"), raw),
            bytes,
            lost.into(),
            number(deleted(state), raw),
            required_level(config).into(),
            replicas_text(info.at("cluster")).into(),
        ]);
    }
    table
}

/// Deleted messages; old servers list them only.
fn deleted(state: &Json) -> u64 {
    match state.list("deleted").len() {
        0 => state.uint("num_deleted"),
        listed => u64::try_from(listed).unwrap_or(u64::MAX),
    }
}

fn placement(config: &Json) -> String {
    let mut text = String::new();
    let cluster = config.text("placement.cluster");
    if !cluster.is_empty() {
        text.push_str(&format!("cluster: {cluster} "));
    }
    let tags = config.texts("placement.tags");
    if !tags.is_empty() {
        text.push_str(&format!("tags: {}", tags.join(", ")));
    }
    text
}

/// The table of mirrors and sources.
fn replication(streams: &[Json], raw: bool) -> Table {
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
    for info in streams {
        let mut row = |kind: &str, source: &Json, filters: String| {
            let active = source.int("active");
            let active = if raw {
                Cell::Number(go_duration(active))
            } else {
                human_duration(active).into()
            };
            table.row(vec![
                info.text("config.name").into(),
                kind.into(),
                source.text("external.api").into(),
                source.text("name").into(),
                filters.into(),
                active,
                number(source.uint("lag"), raw),
                ApiError::of(source)
                    .map(|error| error.to_string())
                    .unwrap_or_default()
                    .into(),
            ]);
        };
        if info.has("mirror") {
            row("Mirror", info.at("mirror"), String::new());
        }
        for source in info.list("sources") {
            row("Source", source, filters_text(source));
        }
    }
    table
}

fn filters_text(source: &Json) -> String {
    let transforms: Vec<String> = source
        .list("subject_transforms")
        .iter()
        .map(|transform| format!("{} to {}", transform.text("src"), transform.text("dest")))
        .collect();
    match source.text("filter_subject") {
        filter if transforms.is_empty() && !filter.is_empty() => format!("{filter} untransformed"),
        _ => transforms.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_shown_where_nothing_is_transformed() {
        let text = |source: &str| filters_text(&Json::parse(source.as_bytes()).unwrap());
        assert_eq!(text(r#"{"filter_subject":"a"}"#), "a untransformed");
        assert_eq!(
            text(r#"{"subject_transforms":[{"src":"a","dest":"b"},{"src":"c","dest":"d"}]}"#),
            "a to b, c to d"
        );
        assert_eq!(text("{}"), "");
    }
}
