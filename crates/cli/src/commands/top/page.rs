//! The page as text.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use super::poll::Look;
use crate::format::go_time;
use crate::output::Json;

/// What is shown, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Most connections.
    pub limit: i64,
    /// What they are sorted by.
    pub sort: String,
    /// Whether host names are looked up.
    pub lookup: bool,
    /// Whether numbers are whole.
    pub raw: bool,
    /// Whether subscriptions are shown.
    pub subscriptions: bool,
    /// Whether connections show what they do in a second, not since ever.
    pub rates: bool,
}

/// Place of the line where questions are asked.
pub const QUESTION: usize = 6;

/// Titles of the columns, with the width of their values. Names have a column
/// if a connection has one.
const COLUMNS: [(&str, usize); 10] = [
    ("SUBS", 6),
    ("PENDING", 10),
    ("MSGS_TO", 10),
    ("MSGS_FROM", 10),
    ("BYTES_TO", 10),
    ("BYTES_FROM", 10),
    ("LANG", 7),
    ("VERSION", 7),
    ("UPTIME", 7),
    ("LAST_ACTIVITY", 40),
];

/// Width of host names, unless one is longer.
const HOST_WIDTH: usize = 15;

/// The number in the first unit of which there are less than `step`.
fn short(number: f64, raw: bool, step: f64, units: &[&str]) -> String {
    if raw || number < step {
        return format!("{number:.0}");
    }
    let (mut value, mut unit) = (number, "");
    for next in units {
        if !unit.is_empty() && value < step {
            break;
        }
        value /= step;
        unit = next;
    }
    format!("{value:.1}{unit}")
}

/// A size in the short form of this page: `12.3K`.
fn size(bytes: f64, raw: bool) -> String {
    short(bytes, raw, 1_024.0, &["K", "M", "G"])
}

/// A number in the short form of this page: `12.3K`, by thousands.
fn count(number: f64, raw: bool) -> String {
    short(number, raw, 1_000.0, &["K", "M", "B", "T"])
}

/// The name of an address, as the system knows it; each is looked up once.
fn host_name(address: &str) -> Option<String> {
    static NAMES: Mutex<BTreeMap<String, Option<String>>> = Mutex::new(BTreeMap::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let look_up = || {
        let mut command = Command::new("getent");
        let output = command.args(["hosts", address]).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        text.split_whitespace().nth(1).map(str::to_owned)
    };
    let name = names.entry(address.to_owned()).or_insert_with(look_up);
    name.clone()
}

/// The lines above the connections, as pieces of text.
fn header(look: &Look, settings: &Settings) -> Vec<Vec<String>> {
    let v = &look.varz;
    let raw = settings.raw;
    let [in_msgs, in_bytes, out_msgs, out_bytes] = look.rates;
    let traffic = |title: &str, direction: &str, msgs: f64, bytes: f64| {
        vec![
            title.to_owned(),
            "Msgs:".to_owned(),
            count(v.float(&format!("{direction}_msgs")), raw),
            "Bytes:".to_owned(),
            size(v.float(&format!("{direction}_bytes")), raw),
            "Msgs/Sec:".to_owned(),
            format!("{msgs:.1}"),
            "Bytes/Sec:".to_owned(),
            size(bytes.trunc(), raw),
        ]
    };
    vec![
        vec![
            "NATS server version".to_owned(),
            v.text("version").to_owned(),
            format!("(uptime: {})", v.text("uptime")),
            look.error.clone(),
        ],
        vec!["Server:".to_owned()],
        vec![
            "Load:".to_owned(),
            "CPU:".to_owned(),
            format!("{:.1}%", v.float("cpu")),
            "Memory:".to_owned(),
            size(v.float("mem"), false),
            "Slow Consumers:".to_owned(),
            v.int("slow_consumers").to_string(),
        ],
        traffic("In:", "in", in_msgs, in_bytes),
        traffic("Out:", "out", out_msgs, out_bytes),
        Vec::new(),
        vec![
            "Connections Polled:".to_owned(),
            look.connz.int("num_connections").to_string(),
        ],
    ]
}

/// The cells of a connection after its name.
fn cells(connection: &Json, look: &Look, settings: &Settings) -> [String; 10] {
    let raw = settings.raw;
    let [in_msgs, in_bytes, out_msgs, out_bytes] = if settings.rates {
        let id = connection.uint("cid");
        let rates = look.connections.get(&id).copied().unwrap_or_default();
        rates.map(f64::round)
    } else {
        ["in_msgs", "in_bytes", "out_msgs", "out_bytes"].map(|key| connection.float(key))
    };
    let activity = connection.text("last_activity");
    [
        connection.int("subscriptions").to_string(),
        count(connection.float("pending_bytes"), raw),
        count(out_msgs, raw),
        count(in_msgs, raw),
        size(out_bytes, raw),
        size(in_bytes, raw),
        connection.text("lang").to_owned(),
        connection.text("version").to_owned(),
        connection.text("uptime").to_owned(),
        go_time(activity),
    ]
}

/// Where a connection comes from.
fn host(connection: &Json, settings: &Settings) -> String {
    let address = connection.text("ip");
    let name = settings.lookup.then(|| host_name(address)).flatten();
    name.unwrap_or_else(|| format!("{address}:{}", connection.int("port")))
}

/// The text with a delimiter between all values.
pub fn delimited(look: &Look, settings: &Settings, delimiter: &str) -> String {
    let mut rows = header(look, settings);
    let mut titles: Vec<&str> = vec!["HOST", "CID", "NAME"];
    titles.extend(COLUMNS.iter().map(|(title, _)| *title));
    if settings.subscriptions {
        titles.push("SUBSCRIPTIONS");
    }
    rows.push(titles.into_iter().map(str::to_owned).collect());
    for connection in look.connz.list("connections") {
        let mut row = vec![
            host(connection, settings),
            connection.uint("cid").to_string(),
            connection.text("name").to_owned(),
        ];
        row.extend(cells(connection, look, settings));
        if settings.subscriptions {
            // Not by what may well be the delimiter.
            row.push(connection.texts("subscriptions_list").join("  "));
        }
        rows.push(row);
    }
    let mut text = String::new();
    for row in rows {
        text.push_str(&row.join(delimiter));
        text.push('\n');
    }
    text
}

/// All lines.
pub fn page(look: &Look, settings: &Settings) -> String {
    let v = &look.varz;
    let mut name = v.text("server_name");
    let id = v.text("server_id");
    if name == id {
        name = "";
    }
    let mut text = String::new();
    for line in header(look, settings) {
        match line.first().map(String::as_str) {
            Some("Server:") => text.push_str(&format!("Server: {name}\n  ID:   {id}")),
            Some(title @ ("Load:" | "In:" | "Out:")) => {
                text.push_str(&format!("  {title:<6}"));
                for (place, pair) in line.get(1..).unwrap_or_default().chunks(2).enumerate() {
                    let between = if place == 0 { "" } else { "  " };
                    let wide = if title == "Load:" && place == 0 {
                        "  "
                    } else {
                        " "
                    };
                    text.push_str(&format!("{between}{}", pair.join(wide)));
                }
            }
            _ => text.push_str(&line.join(" ")),
        }
        text.push('\n');
    }
    text.push_str(&connections(look, settings));
    text
}

fn connections(look: &Look, settings: &Settings) -> String {
    let connections = look.connz.list("connections");
    let hosts: Vec<String> = connections.iter().map(|one| host(one, settings)).collect();
    // A width grows only when a text does not fit, and then to a bit more.
    let widen = |width: usize, text: &str| {
        let size = text.len();
        if size > width { size + 2 } else { width }
    };
    let host_width = hosts
        .iter()
        .fold(HOST_WIDTH, |width, host| widen(width, host));
    let name_width = connections.iter().fold(0, |width, connection| {
        let wider = widen(width, connection.text("name"));
        if wider == 0 { 0 } else { wider.max(4) }
    });
    let row = |host: &str, id: &str, name: &str, cells: &[String]| {
        let mut row = format!("  {host:<host_width$}  {id:<6} ");
        if name_width > 0 {
            row.push_str(&format!("{name:<name_width$} "));
        }
        let cells = cells.iter().zip(COLUMNS);
        let cells = cells.map(|(cell, (_, width))| format!("{cell:<width$}"));
        row.push_str(&cells.collect::<Vec<_>>().join("  "));
        row
    };
    let titles = COLUMNS.map(|(title, _)| title.to_owned());
    let mut text = row("HOST", "CID", "NAME", &titles);
    if settings.subscriptions {
        text.push_str("SUBSCRIPTIONS");
    }
    text.push('\n');
    for (connection, host) in connections.iter().zip(&hosts) {
        let id = connection.uint("cid").to_string();
        let cells = cells(connection, look, settings);
        text.push_str(&row(host, &id, connection.text("name"), &cells));
        if settings.subscriptions {
            text.push_str(&connection.texts("subscriptions_list").join(", "));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_unless_they_are_to_be_raw() {
        assert_eq!(size(1_536.0, false), "1.5K");
        assert_eq!(size(100.0, false), "100");
        assert_eq!(size(1_536.0, true), "1536");
        assert_eq!(size(5e15, false), "4656612.9G");
        assert_eq!(count(12_345.0, false), "12.3K");
        assert_eq!(count(999.0, false), "999");
        assert_eq!(count(2e12, false), "2.0T");
    }

    #[test]
    fn columns_are_aligned_or_separated() {
        let connz = Json::parse(br#"{"num_connections":1,"connections":[{"cid":5,"ip":"127.0.0.1","port":9,"name":"n","subscriptions":2,"subscriptions_list":["a","b"]}]}"#).unwrap();
        let varz =
            Json::parse(br#"{"version":"1","uptime":"2s","server_name":"n1","server_id":"N"}"#);
        let look = Look {
            varz: varz.unwrap(),
            connz,
            ..Look::default()
        };
        let mut settings = Settings {
            limit: 10,
            sort: "cid".to_owned(),
            lookup: false,
            raw: false,
            subscriptions: true,
            rates: false,
        };
        let text = page(&look, &settings);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..9],
            [
                "NATS server version 1 (uptime: 2s) ",
                "Server: n1",
                "  ID:   N",
                "  Load: CPU:  0.0%  Memory: 0  Slow Consumers: 0",
                "  In:   Msgs: 0  Bytes: 0  Msgs/Sec: 0.0  Bytes/Sec: 0",
                "  Out:  Msgs: 0  Bytes: 0  Msgs/Sec: 0.0  Bytes/Sec: 0",
                "",
                "Connections Polled: 1",
                "  HOST             CID    NAME SUBS    PENDING     MSGS_TO     MSGS_FROM   BYTES_TO    BYTES_FROM  LANG     VERSION  UPTIME   LAST_ACTIVITY                           SUBSCRIPTIONS",
            ]
        );
        assert!(
            lines[9].starts_with("  127.0.0.1:9      5      n    2       0 "),
            "{lines:?}"
        );
        assert!(lines[9].ends_with(" a, b"), "{lines:?}");
        let text = delimited(&look, &settings, ";");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "NATS server version;1;(uptime: 2s);");
        assert_eq!(lines[1], "Server:");
        assert!(
            lines[8].starts_with("127.0.0.1:9;5;n;2;0;0;0;"),
            "{lines:?}"
        );
        assert!(lines[8].ends_with(";a  b"), "{lines:?}");
        settings.subscriptions = false;
        assert!(!page(&look, &settings).contains("SUBSCRIPTIONS"));
    }
}
