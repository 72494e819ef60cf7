//! A trace as text.

use std::collections::BTreeMap;

use super::collect::Trace;
use crate::format::{commas, go_duration, parse_rfc3339};
use crate::output::Columns;
use crate::output::Json;

/// Blanks before what a server further on reports.
const INDENT: usize = 4;
/// Nanoseconds of the unit of times.
const MICRO: i128 = 1_000;

/// Kinds of connections.
const CLIENT: i64 = 0;
const GATEWAY: i64 = 2;
const JETSTREAM: i64 = 5;

/// What connections are called, the arrow to them, and what their numbers are
/// called.
fn link(kind: i64) -> (&'static str, &'static str, &'static str) {
    match kind {
        CLIENT => ("Client", "--C", "cid"),
        1 => ("Router", "-->", "rid"),
        GATEWAY => ("Gateway", "==>", "gid"),
        3 => ("System", "", "id"),
        4 => ("Leafnode", "~~>", "lid"),
        JETSTREAM => ("JetStream", "--J", "id"),
        6 => ("Account", "", "id"),
        _ => ("Unknown Kind", "", "id"),
    }
}

/// Nanoseconds since 1970.
type Time = Option<i128>;

fn time(event: &Json) -> Time {
    parse_rfc3339(event.text("ts")).map(jiff::Timestamp::as_nanosecond)
}

struct View<'a> {
    trace: &'a Trace,
    timestamps: bool,
    egress: BTreeMap<&'static str, u64>,
}

/// Prints a trace.
pub fn show(trace: &Trace, timestamps: bool) {
    let mut view = View {
        trace,
        timestamps,
        egress: BTreeMap::new(),
    };
    let begun = event(&trace.root, "in").map_or_else(
        || parse_rfc3339(trace.root.text("server.time")).map(jiff::Timestamp::as_nanosecond),
        time,
    );
    view.server(&trace.root, begun, 0);
    println!(
        "\nLegend: Client: --C Router: --> Gateway: ==> Leafnode: ~~> JetStream: --J Error: --X\n"
    );
    if !view.egress.is_empty() {
        let mut counts: Vec<(&&str, &u64)> = view.egress.iter().collect();
        counts.sort_by(|a, b| b.1.cmp(a.1));
        let mut c = Columns::new("Egress Count:");
        for (name, count) in counts {
            c.row(name, commas(*count));
        }
        c.print();
    }
    match view.egress.get("JetStream") {
        Some(streams) if *streams > 1 => {
            println!("WARNING: The message was received by {streams} streams");
        }
        _ => {}
    }
}

/// The events of a type.
fn events<'a>(report: &'a Json, kind: &'a str) -> impl Iterator<Item = &'a Json> {
    report
        .list("events")
        .iter()
        .filter(move |event| event.text("type") == kind)
}

fn event<'a>(report: &'a Json, kind: &'a str) -> Option<&'a Json> {
    events(report, kind).next()
}

/// What a connection is, its name and its number.
fn named(event: &Json) -> String {
    let (kind, _, number) = link(event.int("kind"));
    let id = event.uint("cid");
    match event.text("name") {
        "" => format!("{kind} {number}:{id}"),
        name => format!("{kind} {name:?} {number}:{id}"),
    }
}

/// Where an event was, in lines of its kind.
struct Place {
    depth: usize,
    /// When the message set out for the server.
    begun: Time,
}

impl View<'_> {
    fn line(&self, place: &Place, event: &Json, text: &str) {
        let mut prefix = " ".repeat(place.depth * INDENT);
        if self.timestamps {
            let span = match (place.begun, time(event)) {
                (Some(begun), Some(time)) => {
                    let span = time - begun;
                    (span + span.signum() * MICRO / 2) / MICRO * MICRO
                }
                _ => 0,
            };
            let age = match i64::try_from(span) {
                Ok(nanos) if nanos >= 0 => go_duration(nanos),
                _ => "Skew".to_owned(),
            };
            prefix.push_str(&format!("[{age}] "));
        }
        println!("{prefix}{text}");
    }

    fn server(&mut self, report: &Json, begun: Time, depth: usize) {
        let place = Place { depth, begun };
        let ingress = event(report, "in");
        if let Some(ingress) = ingress {
            self.ingress(&place, report.at("server"), ingress);
        }
        if let Some(mapping) = event(report, "sm") {
            let text = format!("    Mapping subject:{:?}", mapping.text("to"));
            self.line(&place, mapping, &text);
        }
        for service in events(report, "si") {
            let text = format!(
                "    Service Import from:{:?} to:{:?} account:{:?}",
                service.text("from"),
                service.text("to"),
                service.text("acc")
            );
            self.line(&place, service, &text);
        }
        for stream in events(report, "se") {
            let text = format!(
                "    Stream Export subject:{:?} account:{:?}",
                stream.text("to"),
                stream.text("acc")
            );
            self.line(&place, stream, &text);
        }
        if let Some(stored) = event(report, "js") {
            self.stream(&place, stored);
        }
        let from_client = ingress
            .is_some_and(|event| event.int("kind") == CLIENT && event.text("error").is_empty());
        if from_client && event(report, "eg").is_none() {
            println!("{}--X No active interest", " ".repeat(depth * INDENT));
        }
        for egress in events(report, "eg") {
            self.egress(&place, egress);
        }
    }

    fn ingress(&self, place: &Place, server: &Json, event: &Json) {
        let mut text = named(event);
        let cluster = server.text("cluster");
        if !cluster.is_empty() && matches!(event.int("kind"), CLIENT | GATEWAY) {
            text.push_str(&format!(" cluster:{cluster:?}"));
        }
        text.push_str(&format!(
            " server:{:?} version:{:?}",
            server.text("name"),
            server.text("ver")
        ));
        self.line(place, event, &text);
        if event.has("error") {
            self.line(place, event, &format!("--X Error: {}", event.text("error")));
        }
    }

    fn stream(&mut self, place: &Place, event: &Json) {
        if event.has("error") && event.text("stream").is_empty() {
            println!(
                "{}!!! Expected JetStream event: {}",
                " ".repeat(place.depth * INDENT),
                event.text("error")
            );
            return;
        }
        let action = if event.on("nointerest") {
            "no interest"
        } else {
            "stored"
        };
        let text = format!(
            "--J JetStream action:{action:?} stream:{:?} subject:{:?}",
            event.text("stream"),
            event.text("subject")
        );
        self.line(place, event, &text);
        if event.has("error") {
            self.line(place, event, &format!("--X Error: {}", event.text("error")));
        }
        self.count(JETSTREAM);
    }

    fn count(&mut self, kind: i64) {
        *self.egress.entry(link(kind).0).or_default() += 1;
    }

    fn egress(&mut self, place: &Place, event: &Json) {
        let kind = event.int("kind");
        let mut text = format!("{} {}", link(kind).1, named(event));
        for (key, name) in [("acc", "account"), ("sub", "subject"), ("queue", "queue")] {
            if !event.text(key).is_empty() {
                text.push_str(&format!(" {name}:{:?}", event.text(key)));
            }
        }
        self.line(place, event, &text);
        if event.has("error") {
            self.line(
                place,
                event,
                &format!("  --X Error: {}", event.text("error")),
            );
        }
        self.count(kind);
        // Of a server that has not reported nothing is known.
        let hop = Some(event.text("hop")).filter(|hop| !hop.is_empty());
        if let Some(report) = hop.and_then(|hop| self.trace.hops.get(hop)) {
            self.server(report, time(event), place.depth + 1);
        }
    }
}
