//! The page as lines of text.

use std::process::Command;

use super::poll::Look;
use crate::format::{commas, local_time};
use crate::output::Json;

/// What is shown, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Most connections.
    pub limit: usize,
    /// What they are sorted by.
    pub sort: String,
    /// Whether host names are looked up.
    pub lookup: bool,
    /// Whether bytes are plain numbers.
    pub raw: bool,
    /// Whether subscriptions are shown.
    pub subscriptions: bool,
    /// What separates columns; nothing aligns them.
    pub delimiter: Option<String>,
}

/// A size in the short form of this page: `12.3K`.
fn size(bytes: f64, raw: bool) -> String {
    if raw {
        return format!("{bytes:.0}");
    }
    let (mut value, mut unit) = (bytes, "");
    for next in ["K", "M", "G", "T"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if unit.is_empty() {
        format!("{value:.0}")
    } else {
        format!("{value:.1}{unit}")
    }
}

/// A number in the short form of this page: `12.3K`, by thousands.
fn count(number: f64, raw: bool) -> String {
    if raw || number < 1_000.0 {
        return format!("{number:.0}");
    }
    let (mut value, mut unit) = (number, "");
    for next in ["K", "M", "B"] {
        if value < 1_000.0 {
            break;
        }
        value /= 1_000.0;
        unit = next;
    }
    format!("{value:.1}{unit}")
}

/// The name of an address, as the system knows it.
fn host_name(address: &str) -> String {
    let output = Command::new("getent")
        .args(["hosts", address])
        .output()
        .ok();
    output
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|text| text.split_whitespace().nth(1).map(str::to_owned))
        .unwrap_or_else(|| address.to_owned())
}

/// All lines.
pub fn page(look: &Look, settings: &Settings) -> Vec<String> {
    if settings.delimiter.is_some() {
        return table(look, settings);
    }
    let v = &look.varz;
    let raw = settings.raw;
    let [in_msgs, in_bytes, out_msgs, out_bytes] = look.rates;
    let mut lines = vec![
        format!(
            "NATS server version {} (uptime: {})",
            v.text("version"),
            v.text("uptime")
        ),
        format!("Server: {}", v.text("server_name")),
        format!("  ID:   {}", v.text("server_id")),
        format!(
            "  Load: CPU: {:.1}%  Memory: {}  Slow Consumers: {}",
            v.float("cpu"),
            size(v.float("mem"), raw),
            commas(v.uint("slow_consumers"))
        ),
        format!(
            "  In:   Msgs: {}  Bytes: {}  Msgs/Sec: {in_msgs:.1}  Bytes/Sec: {}",
            count(v.float("in_msgs"), raw),
            size(v.float("in_bytes"), raw),
            size(in_bytes, raw)
        ),
        format!(
            "  Out:  Msgs: {}  Bytes: {}  Msgs/Sec: {out_msgs:.1}  Bytes/Sec: {}",
            count(v.float("out_msgs"), raw),
            size(v.float("out_bytes"), raw),
            size(out_bytes, raw)
        ),
        String::new(),
        format!("Connections Polled: {}", look.connz.uint("num_connections")),
    ];
    lines.extend(table(look, settings));
    lines
}

fn row(connection: &Json, settings: &Settings) -> Vec<String> {
    let address = connection.text("ip");
    let host = if settings.lookup {
        host_name(address)
    } else {
        address.to_owned()
    };
    let raw = settings.raw;
    let number = |key: &str| count(connection.float(key), raw);
    let bytes = |key: &str| size(connection.float(key), raw);
    let mut row = vec![
        format!("{host}:{}", connection.uint("port")),
        connection.uint("cid").to_string(),
        connection.text("name").to_owned(),
        connection.uint("subscriptions").to_string(),
        bytes("pending_bytes"),
        number("out_msgs"),
        number("in_msgs"),
        bytes("out_bytes"),
        bytes("in_bytes"),
        connection.text("lang").to_owned(),
        connection.text("version").to_owned(),
        connection.text("uptime").to_owned(),
        local_time(connection.text("last_activity")),
    ];
    if settings.subscriptions {
        row.push(connection.texts("subscriptions_list").join(", "));
    }
    row
}

const COLUMNS: [&str; 13] = [
    "HOST",
    "CID",
    "NAME",
    "SUBS",
    "PENDING",
    "MSGS_TO",
    "MSGS_FROM",
    "BYTES_TO",
    "BYTES_FROM",
    "LANG",
    "VERSION",
    "UPTIME",
    "LAST_ACTIVITY",
];

fn table(look: &Look, settings: &Settings) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = vec![COLUMNS.iter().map(|&name| name.to_owned()).collect()];
    if settings.subscriptions {
        rows.iter_mut()
            .for_each(|row| row.push("SUBSCRIPTIONS".to_owned()));
    }
    rows.extend(
        look.connz
            .list("connections")
            .iter()
            .map(|one| row(one, settings)),
    );
    if let Some(delimiter) = &settings.delimiter {
        return rows.iter().map(|row| row.join(delimiter)).collect();
    }
    let mut widths = vec![0; COLUMNS.len() + 1];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    rows.iter()
        .map(|row| {
            let cells = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"));
            format!("  {}", cells.collect::<Vec<_>>().join("  "))
                .trim_end()
                .to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_unless_they_are_to_be_raw() {
        assert_eq!(size(1_536.0, false), "1.5K");
        assert_eq!(size(100.0, false), "100");
        assert_eq!(size(1_536.0, true), "1536");
        assert_eq!(count(12_345.0, false), "12.3K");
        assert_eq!(count(999.0, false), "999");
    }

    #[test]
    fn columns_are_aligned_or_separated() {
        let connz = Json::parse(br#"{"num_connections":1,"connections":[{"cid":5,"ip":"127.0.0.1","port":9,"name":"n","subscriptions":2,"subscriptions_list":["a","b"]}]}"#).unwrap();
        let look = Look {
            connz,
            ..Look::default()
        };
        let mut settings = Settings {
            limit: 10,
            sort: "cid".to_owned(),
            lookup: false,
            raw: false,
            subscriptions: true,
            delimiter: None,
        };
        let lines = page(&look, &settings);
        assert!(
            lines[8].starts_with("  HOST         CID  NAME  SUBS  PENDING"),
            "{lines:?}"
        );
        assert!(
            lines[9].starts_with("  127.0.0.1:9  5    n     2     0"),
            "{lines:?}"
        );
        settings.delimiter = Some(";".to_owned());
        let lines = page(&look, &settings);
        assert!(
            lines[1].starts_with("127.0.0.1:9;5;n;2;0;0;0;"),
            "{lines:?}"
        );
        assert!(lines[1].ends_with(";a, b"), "{lines:?}");
    }
}
