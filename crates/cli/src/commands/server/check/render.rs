//! The result of a check as text.

use super::report::{Metric, Report};
use crate::format::float;
use crate::output::style::Scheme;
use crate::output::{Json, Table, table};

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line for Nagios and what understands its plugins.
    Nagios,
    /// JSON.
    Json,
    /// Metrics for Prometheus.
    Prometheus,
    /// For people.
    Text,
}

impl Format {
    /// The format that a word names.
    pub fn named(word: &str) -> Self {
        match word {
            "json" => Format::Json,
            "prometheus" => Format::Prometheus,
            "text" => Format::Text,
            _ => Format::Nagios,
        }
    }
}

/// The result as text.
pub fn render(report: &Report, format: Format, namespace: &str) -> String {
    match format {
        Format::Nagios => nagios(report),
        Format::Json => format!("{}\n", json(report).pretty()),
        Format::Prometheus => format!("{}\n", prometheus(&[report], namespace)),
        Format::Text => text(report),
    }
}

/// The result as a line.
pub fn nagios(report: &Report) -> String {
    let mut out = format!("{} {}", report.status().word(), report.name);
    for (kind, texts) in [
        ("Crit", &report.critical),
        ("Warn", &report.warning),
        ("OK", &report.ok),
    ] {
        for text in texts {
            out.push_str(&format!(" {kind}:{text}"));
        }
    }
    if !report.metrics.is_empty() {
        let metrics: Vec<String> = report.metrics.iter().map(nagios_metric).collect();
        out.push_str(&format!(" | {}", metrics.join(" ")));
    }
    out.push('\n');
    out
}

fn nagios_metric(metric: &Metric) -> String {
    let digits = if metric.unit == "s" { 4 } else { 0 };
    let mut out = if metric.name.contains(' ') {
        format!("'{}'", metric.name)
    } else {
        metric.name.to_owned()
    };
    out.push_str(&format!("={:.digits$}{}", metric.value, metric.unit));
    if metric.warning != 0.0 || metric.critical != 0.0 {
        out.push(';');
        if metric.warning != 0.0 {
            out.push_str(&format!("{:.digits$}", metric.warning));
        }
    }
    if metric.critical != 0.0 {
        out.push_str(&format!(";{:.digits$}", metric.critical));
    }
    out
}

/// A number as a JSON number: whole ones without a dot.
fn number(value: f64) -> Json {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        Json::Int(value as i128)
    } else {
        Json::Float(value)
    }
}

fn json(report: &Report) -> Json {
    let mut out = Json::object()
        .with("status", report.status().word())
        .with("check_suite", report.suite)
        .with("check_name", report.name.as_str());
    for (key, texts) in [
        ("warning", &report.warning),
        ("critical", &report.critical),
        ("ok", &report.ok),
    ] {
        if !texts.is_empty() {
            let texts = texts.iter().map(|text| Json::from(text.as_str()));
            out.set(key, Json::List(texts.collect()));
        }
    }
    let metrics = report.metrics.iter().map(|metric| {
        let mut entry = Json::object()
            .with("name", metric.name)
            .with("value", number(metric.value))
            .with("warning", number(metric.warning))
            .with("critical", number(metric.critical));
        if !metric.unit.is_empty() {
            entry.set("unit", metric.unit);
        }
        entry
    });
    out.with("perf_data", Json::List(metrics.collect()))
}

/// Results of checks as metrics: those of the same name together, by name.
pub fn prometheus(reports: &[&Report], namespace: &str) -> String {
    let mut families: std::collections::BTreeMap<String, (String, Vec<String>)> =
        std::collections::BTreeMap::new();
    let mut add = |family: String, help: &str, sample: String| {
        families
            .entry(family)
            .or_insert_with(|| (help.to_owned(), Vec::new()))
            .1
            .push(sample);
    };
    for report in reports {
        let item = label(&report.name);
        for metric in &report.metrics {
            let family = family(namespace, report.suite, metric.name);
            let sample = format!("{family}{{item=\"{item}\"}} {}", go_number(metric.value));
            let help = if metric.help.is_empty() {
                format!("Data about the NATS CLI check {}", report.suite)
            } else {
                metric.help.clone()
            };
            add(family, &help, sample);
        }
        let family = family(namespace, report.suite, "status_code");
        let status = report.status();
        let sample = format!(
            "{family}{{item=\"{item}\",status=\"{}\"}} {}",
            status.word(),
            status.code()
        );
        let help = format!("Nagios compatible status code for {}", report.suite);
        add(family, &help, sample);
    }
    let mut out = String::new();
    for (family, (help, mut samples)) in families {
        samples.sort();
        out.push_str(&format!("# HELP {family} {help}\n# TYPE {family} gauge\n"));
        for sample in samples {
            out.push_str(&sample);
            out.push('\n');
        }
    }
    out
}

fn family(namespace: &str, suite: &str, name: &str) -> String {
    let prefix = if namespace.is_empty() {
        String::new()
    } else {
        format!("{namespace}_")
    };
    format!("{prefix}{suite}_{name}").replace(' ', "_")
}

fn label(name: &str) -> String {
    name.replace('"', ".")
        .replace('\\', "\\\\")
        .replace('\n', "\\n")
}

/// A number as Prometheus' own exporter writes it: the fewest digits, with an
/// exponent from 1e+06 on and below 1e-04.
fn go_number(value: f64) -> String {
    let text = format!("{value:e}");
    match text
        .split_once('e')
        .map(|(digits, exponent)| (digits, exponent.parse::<i32>()))
    {
        Some((digits, Ok(exponent))) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => format!("{value}"),
    }
}

/// The table as a plain box whatever the terminal and the environment are:
/// this is a format that was asked for.
fn whole(table: &Table) -> String {
    table.render_as(table::Format::Box, Scheme::default(), None)
}

fn text(report: &Report) -> String {
    let mut out = format!("{}: {}\n\n", report.name, report.status().word());
    let mut messages = Table::new("", &["Status", "Message"]);
    for (status, texts) in [
        ("OK", &report.ok),
        ("Warning", &report.warning),
        ("Critical", &report.critical),
    ] {
        for text in texts {
            messages.row(vec![status.into(), text.into()]);
        }
    }
    if !messages.is_empty() {
        out.push_str(&format!("Status Detail\n\n{}\n", whole(&messages)));
    }
    if !report.metrics.is_empty() {
        let mut metrics = Table::new(
            "",
            &[
                "Metric",
                "Value",
                "Unit",
                "Critical Threshold",
                "Warning Threshold",
                "Description",
            ],
        );
        for metric in &report.metrics {
            metrics.row(vec![
                metric.name.into(),
                float(metric.value).into(),
                metric.unit.into(),
                float(metric.critical).into(),
                float(metric.warning).into(),
                metric.help.as_str().into(),
            ]);
        }
        out.push_str(&format!("\nCheck Metrics\n\n{}\n", whole(&metrics)));
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::new("connections", "Con\"n");
        report.ok("connected");
        report.warn("slow");
        report.metric_within("time", 0.00171, (0.5, 1.0), "s", "Time it took");
        report.metric_within("n", 3.0, (0.0, 2.0), "", "Number");
        report
    }

    #[test]
    fn a_line_for_nagios() {
        assert_eq!(
            nagios(&report()),
            "WARNING Con\"n Warn:slow OK:connected | time=0.0017s;0.5000;1.0000 n=3;;2\n"
        );
    }

    #[test]
    fn metrics_for_prometheus() {
        let text = prometheus(&[&report()], "ns");
        assert_eq!(
            text,
            "# HELP ns_connections_n Number\n# TYPE ns_connections_n gauge\nns_connections_n{item=\"Con.n\"} 3\n\
             # HELP ns_connections_status_code Nagios compatible status code for connections\n# TYPE ns_connections_status_code gauge\n\
             ns_connections_status_code{item=\"Con.n\",status=\"WARNING\"} 1\n\
             # HELP ns_connections_time Time it took\n# TYPE ns_connections_time gauge\nns_connections_time{item=\"Con.n\"} 0.00171\n"
        );
    }

    #[test]
    fn numbers_have_the_fewest_digits() {
        for (value, text) in [
            (0.0, "0"),
            (1.5, "1.5"),
            (0.0001, "0.0001"),
            (0.00001234, "1.234e-05"),
            (123_456.0, "123456"),
            (1_048_576.0, "1.048576e+06"),
        ] {
            assert_eq!(go_number(value), text);
        }
    }

    #[test]
    fn json_has_its_keys_in_order() {
        assert_eq!(
            json(&report()).compact(),
            "{\"status\":\"WARNING\",\"check_suite\":\"connections\",\"check_name\":\"Con\\\"n\",\"warning\":[\"slow\"],\"ok\":[\"connected\"],\
             \"perf_data\":[{\"name\":\"time\",\"value\":0.00171,\"warning\":0.5,\"critical\":1,\"unit\":\"s\"},{\"name\":\"n\",\"value\":3,\"warning\":0,\"critical\":2}]}"
        );
    }
}
