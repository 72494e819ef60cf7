//! Times and listen addresses, in the forms several blocks share.

use std::time::Duration;

use super::report::{Cast, Report, problem};
use crate::go_text::{self, Nanos, SECOND};
use crate::lang::{Node, Value};

/// A time span that cannot be negative: such values count as none.
pub(crate) fn span(nanos: Nanos) -> Duration {
    u64::try_from(nanos).map_or(Duration::ZERO, Duration::from_nanos)
}

/// A duration text, or (with a warning) a number of seconds. A bad text is
/// reported and read as zero.
pub(crate) fn duration_nanos(report: &mut Report, field: &str, node: &Node) -> Cast<Nanos> {
    if let Value::String(text) = &node.value {
        return Ok(match go_text::parse_duration(text) {
            Ok(nanos) => nanos,
            Err(error) => {
                report.error(node, format!("error parsing {field}: {error}"));
                0
            }
        });
    }
    report.warn_use(
        node,
        field,
        &format!("{field} should be converted to a duration"),
    );
    Ok(node.int()?.saturating_mul(SECOND))
}

/// Same as a span.
pub(crate) fn duration(report: &mut Report, field: &str, node: &Node) -> Cast<Duration> {
    duration_nanos(report, field, node).map(span)
}

/// Seconds as a number or a duration text; `None` if it is neither, else the
/// error of the duration.
pub(crate) fn seconds(node: &Node) -> Option<Result<f64, String>> {
    match &node.value {
        Value::Integer(number) => Some(Ok(*number as f64)),
        Value::Float(number) => Some(Ok(*number)),
        Value::String(text) => {
            Some(go_text::parse_duration(text).map(|nanos| nanos as f64 / SECOND as f64))
        }
        _ => None,
    }
}

/// Above this, an authentication timeout is probably `1m` without quotes.
const HIGH_AUTH_TIMEOUT: f64 = 60.0;

/// Authentication timeouts, with the warning for very long ones. `block` names
/// the configuration in errors.
pub(crate) fn auth_timeout(report: &mut Report, block: &str, node: &Node) -> f64 {
    let seconds = match seconds(node) {
        Some(Ok(seconds)) => seconds,
        Some(Err(error)) => {
            report.error(
                node,
                format!("error parsing {block} config, 'timeout' {error}"),
            );
            return 0.0;
        }
        None => {
            report.error(
                node,
                format!("error parsing {block} config, 'timeout' wrong type"),
            );
            return 0.0;
        }
    };
    if seconds > HIGH_AUTH_TIMEOUT {
        report.warn_use(
            node,
            "timeout",
            &format!(
                "timeout of {} ({seconds:.6} seconds) is high, consider keeping it under 60 seconds. possibly caused by unquoted duration; use '1m' instead of 1m, for example",
                node.shown()
            ),
        );
    }
    seconds
}

/// A listen address: a port, or `host:port`.
pub(crate) struct Listen {
    pub host: Option<String>,
    pub port: i32,
}

/// Reads a listen address (configuration.md 2).
pub(crate) fn listen(node: &Node) -> Cast<Listen> {
    match &node.value {
        Value::Integer(_) => Ok(Listen {
            host: None,
            port: node.port()?,
        }),
        Value::String(text) => {
            let Some((host, port)) = split_host_port(text) else {
                return Err(problem(
                    node,
                    format!("could not parse address string {}", go_text::quote(text)),
                ));
            };
            let port = port.parse::<i32>().map_err(|_| {
                problem(
                    node,
                    format!("could not parse port {}", go_text::quote(port)),
                )
            })?;
            Ok(Listen {
                host: Some(host.to_owned()),
                port,
            })
        }
        other => Err(problem(
            node,
            format!("expected port or host:port, got {}", other.type_name()),
        )),
    }
}

/// `host:port`, `[v6]:port`; `None` without port or with stray colons.
pub(crate) fn split_host_port(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let port = rest.strip_prefix(':')?;
        return (!port.contains(':') && !host.contains('[')).then_some((host, port));
    }
    let (host, port) = text.rsplit_once(':')?;
    let clean = !host.contains(':') && !host.contains(['[', ']']) && !port.contains(['[', ']']);
    clean.then_some((host, port))
}
