//! A trace as text.

use std::collections::BTreeMap;

use super::collect::Trace;
use crate::format::{commas, human_duration, parse_rfc3339};
use crate::output::Columns;
use crate::output::Json;

/// Blanks before what a server further on reports.
const INDENT: usize = 4;

/// What connections are called, and the arrow to them.
fn link(kind: i64) -> (&'static str, &'static str) {
    match kind {
        0 => ("Client", "--C"),
        1 => ("Router", "-->"),
        2 => ("Gateway", "==>"),
        4 => ("Leafnode", "~~>"),
        5 => ("JetStream", "--J"),
        3 => ("System", "--S"),
        _ => ("Account", "--A"),
    }
}

struct View<'a> {
    trace: &'a Trace,
    /// When the message came in, in nanoseconds since 1970; nothing if times
    /// are not shown.
    begun: Option<i128>,
    egress: BTreeMap<&'static str, u64>,
    streams: usize,
}

/// Prints a trace.
pub fn show(trace: &Trace, timestamps: bool) {
    let ingress = trace
        .root
        .list("events")
        .first()
        .cloned()
        .unwrap_or_default();
    let begun = parse_rfc3339(ingress.text("ts")).map(jiff::Timestamp::as_nanosecond);
    let mut view = View {
        trace,
        begun: begun.filter(|_| timestamps),
        egress: BTreeMap::new(),
        streams: 0,
    };
    view.server(&trace.root, 0);
    println!(
        "\nLegend: Client: --C Router: --> Gateway: ==> Leafnode: ~~> JetStream: --J Error: --X"
    );
    if !view.egress.is_empty() {
        let mut c = Columns::new("\nEgress Count:");
        for (name, count) in &view.egress {
            c.row(name, commas(*count));
        }
        c.print();
    }
    if view.streams > 1 {
        println!(
            "\nWARNING: The message was received by {} streams",
            view.streams
        );
    }
}

impl View<'_> {
    fn line(&self, depth: usize, event: &Json, text: &str) {
        let mut prefix = String::new();
        if let (Some(begun), Some(time)) = (self.begun, parse_rfc3339(event.text("ts"))) {
            let nanos = i64::try_from(time.as_nanosecond() - begun).unwrap_or(0);
            let age = if nanos < 0 {
                "Skew".to_owned()
            } else {
                human_duration(nanos)
            };
            prefix = format!("[{age}] ");
        }
        println!("{prefix}{}{text}", " ".repeat(depth * INDENT));
    }

    fn server(&mut self, report: &Json, depth: usize) {
        let server = report.at("server");
        let at = format!(
            "cluster:{:?} server:{:?} version:{:?}",
            server.text("cluster"),
            server.text("name"),
            server.text("ver")
        );
        let mut egress = false;
        for event in report.list("events") {
            match event.text("type") {
                "in" => {
                    let (name, _) = link(event.int("kind"));
                    self.line(
                        depth,
                        event,
                        &format!(
                            "{name} {:?} cid:{} {at}",
                            event.text("name"),
                            event.int("cid")
                        ),
                    );
                    if event.has("error") {
                        self.line(depth, event, &format!("--X Error: {}", event.text("error")));
                    }
                }
                "sm" => self.line(
                    depth,
                    event,
                    &format!("    Mapping subject:{:?}", event.text("to")),
                ),
                "si" => self.line(
                    depth,
                    event,
                    &format!(
                        "    Service Import from:{:?} to:{:?} account:{:?}",
                        event.text("from"),
                        event.text("to"),
                        event.text("acc")
                    ),
                ),
                "se" => self.line(
                    depth,
                    event,
                    &format!(
                        "    Stream Export subject:{:?} account:{:?}",
                        event.text("to"),
                        event.text("acc")
                    ),
                ),
                "js" => self.stream(event, depth),
                "eg" => {
                    egress = true;
                    self.egress(event, depth);
                }
                _ => self.line(
                    depth,
                    event,
                    &format!("!!! Unexpected event: {}", event.text("type")),
                ),
            }
        }
        if !egress {
            println!("{}--X No active interest", " ".repeat(depth * INDENT));
        }
    }

    fn stream(&mut self, event: &Json, depth: usize) {
        let action = if event.on("nointerest") {
            "no interest"
        } else {
            "stored"
        };
        let mut text = format!(
            "--J JetStream action:{action:?} stream:{:?}",
            event.text("stream")
        );
        if event.has("subject") {
            text.push_str(&format!(" subject:{:?}", event.text("subject")));
        }
        self.line(depth, event, &text);
        if event.has("error") {
            self.line(depth, event, &format!("--X Error: {}", event.text("error")));
            return;
        }
        self.streams += 1;
        *self.egress.entry("JetStream").or_default() += 1;
    }

    fn egress(&mut self, event: &Json, depth: usize) {
        let kind = event.int("kind");
        let (name, arrow) = link(kind);
        let mut text = format!(
            "{arrow} {name} {:?} cid:{}",
            event.text("name"),
            event.int("cid")
        );
        if event.has("acc") {
            text.push_str(&format!(" account:{:?}", event.text("acc")));
        }
        if event.has("sub") {
            text.push_str(&format!(" subject:{:?}", event.text("sub")));
        }
        if event.has("queue") {
            text.push_str(&format!(" queue:{:?}", event.text("queue")));
        }
        self.line(depth, event, &text);
        if event.has("error") {
            self.line(depth, event, &format!("--X Error: {}", event.text("error")));
        } else {
            *self.egress.entry(name).or_default() += 1;
        }
        match event.text("hop") {
            "" => {}
            hop => match self.trace.hops.get(hop) {
                Some(report) => self.server(&report.clone(), depth + 1),
                None => self.line(depth, event, "!!! Egress Error: the server did not report"),
            },
        }
    }
}
