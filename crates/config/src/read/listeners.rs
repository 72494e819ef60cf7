//! `websocket` and `mqtt` (configuration.md 6).

use super::cluster::nonzero;
use super::report::{Cast, Report, problem};
use super::tls::{self, Place};
use super::{auth, time};
use crate::go_text::{self, SECOND};
use crate::lang::{Node, Value};
use crate::options::{FeatureKind, ListenerAuthorization, MqttOptions, WebsocketOptions};

/// Reads `websocket`.
pub(crate) fn websocket(
    report: &mut Report,
    key: &str,
    node: &Node,
    ws: &mut WebsocketOptions,
) -> Cast<()> {
    let Value::Map(map) = &node.value else {
        return Err(problem(
            node,
            format!(
                "Expected websocket to be a map, got {}",
                node.value.type_name()
            ),
        ));
    };
    report.feature(FeatureKind::Websocket, key, &node.pos);
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "listen" => {
                let read = time::listen(value);
                if let Some(listen) = report.take(read) {
                    ws.port = listen.port;
                    if let Some(host) = listen.host {
                        ws.host = host;
                    }
                }
            }
            "port" => ws.port = value.port()?,
            "host" | "net" => value.text()?.clone_into(&mut ws.host),
            "advertise" => ws.advertise = value.some_text()?,
            "no_tls" => ws.no_tls = value.boolean()?,
            "tls" => {
                value.map()?;
                ws.tls = tls::read(report, key, value, Place::Plain);
            }
            "same_origin" => ws.same_origin = value.boolean()?,
            "allowed_origins" | "allowed_origin" | "allow_origins" | "allow_origin" | "origins"
            | "origin" => {
                ws.allowed_origins =
                    auth::texts(report, "allowed origins", value).unwrap_or_default();
            }
            "handshake_timeout" => match &value.value {
                Value::Integer(seconds) => {
                    ws.handshake_timeout = nonzero(time::span(seconds.saturating_mul(SECOND)));
                }
                Value::String(text) => match go_text::parse_duration(text) {
                    Ok(nanos) => ws.handshake_timeout = nonzero(time::span(nanos)),
                    Err(text) => report.error(value, text),
                },
                other => report.error(
                    value,
                    format!(
                        "error parsing handshake timeout: unsupported type {}",
                        other.type_name()
                    ),
                ),
            },
            "compress" | "compression" => ws.compression = value.boolean()?,
            "authorization" | "authentication" => {
                let read = authorization(report, value);
                ws.authorization = report.take(read).unwrap_or_default();
            }
            "jwt_cookie" => ws.jwt_cookie = value.some_text()?,
            "user_cookie" => ws.user_cookie = value.some_text()?,
            "pass_cookie" => ws.pass_cookie = value.some_text()?,
            "token_cookie" => ws.token_cookie = value.some_text()?,
            "no_auth_user" => ws.no_auth_user = value.some_text()?,
            "headers" => headers(report, value, ws),
            "ping_interval" => {
                ws.ping_interval = nonzero(time::duration(report, "ping_interval", value)?);
            }
            _ => report.unknown(value, key),
        }
    }
    Ok(())
}

fn headers(report: &mut Report, node: &Node, ws: &mut WebsocketOptions) {
    let Value::Map(map) = &node.value else {
        report.error(
            node,
            format!(
                "error parsing headers: unsupported type {}",
                node.value.type_name()
            ),
        );
        return;
    };
    for (name, value) in map.iter() {
        match &value.value {
            Value::String(text) => {
                ws.headers.insert(name.to_owned(), text.clone());
            }
            other => report.error(
                value,
                format!(
                    "error parsing header key {name}: unsupported type {}",
                    other.type_name()
                ),
            ),
        }
    }
}

/// `authorization` of a listener. A timeout that is no number counts as 1.
fn authorization(report: &mut Report, node: &Node) -> Cast<ListenerAuthorization> {
    let mut authorization = ListenerAuthorization::default();
    for (key, value) in node.map()?.iter() {
        match key.to_lowercase().as_str() {
            "user" | "username" => authorization.username = value.some_text()?,
            "pass" | "password" => authorization.password = value.some_text()?,
            "token" => authorization.token = value.some_text()?,
            "timeout" => {
                authorization.timeout = match value.value {
                    Value::Integer(seconds) => seconds as f64,
                    Value::Float(seconds) => seconds,
                    _ => 1.0,
                };
            }
            _ => report.unknown(value, key),
        }
    }
    Ok(authorization)
}

/// Reads `mqtt`. Problems that count only when a server is made go to `late`.
pub(crate) fn mqtt(
    report: &mut Report,
    key: &str,
    node: &Node,
    mqtt: &mut MqttOptions,
    late: &mut Vec<(&'static str, &'static str)>,
) -> Cast<()> {
    let Value::Map(map) = &node.value else {
        return Err(problem(
            node,
            format!("Expected mqtt to be a map, got {}", node.value.type_name()),
        ));
    };
    report.feature(FeatureKind::Mqtt, key, &node.pos);
    for (key, value) in map.iter() {
        match key.to_lowercase().as_str() {
            "listen" => {
                let read = time::listen(value);
                if let Some(listen) = report.take(read) {
                    mqtt.port = listen.port;
                    if let Some(host) = listen.host {
                        mqtt.host = host;
                    }
                }
            }
            "port" => mqtt.port = value.port()?,
            "host" | "net" => value.text()?.clone_into(&mut mqtt.host),
            "tls" => {
                value.map()?;
                mqtt.tls = tls::read(report, key, value, Place::Plain);
            }
            "authorization" | "authentication" => {
                let read = authorization(report, value);
                mqtt.authorization = report.take(read).unwrap_or_default();
            }
            "no_auth_user" => mqtt.no_auth_user = value.some_text()?,
            "ack_wait" | "ackwait" => {
                let nanos = time::duration_nanos(report, "ack_wait", value)?;
                if nanos < 0 {
                    late.push(("ack wait must be a positive value", "mqtt.ack_wait"));
                }
                mqtt.ack_wait = nonzero(time::span(nanos));
            }
            "js_api_timeout" | "api_timeout" => {
                let nanos = time::duration_nanos(report, "js_api_timeout", value)?;
                if nanos < 0 {
                    late.push((
                        "JS API timeout must be a positive value",
                        "mqtt.js_api_timeout",
                    ));
                }
                mqtt.js_api_timeout = nonzero(time::span(nanos));
            }
            "max_ack_pending" | "max_pending" | "max_inflight" => {
                let number = value.int()?;
                match u16::try_from(number) {
                    Ok(number) => mqtt.max_ack_pending = number,
                    Err(_) => report.error(
                        value,
                        format!("invalid value {number}, should in [0..65535] range"),
                    ),
                }
            }
            "js_domain" => mqtt.js_domain = value.some_text()?,
            "stream_replicas" => mqtt.stream_replicas = value.int()?,
            "consumer_replicas" => report.warn_use(
                value,
                key,
                "consumer replicas setting ignored in this server version",
            ),
            "consumer_memory_storage" => mqtt.consumer_memory_storage = value.boolean()?,
            "consumer_inactive_threshold" | "consumer_auto_cleanup" => {
                mqtt.consumer_inactive_threshold =
                    time::duration(report, "consumer_inactive_threshold", value)?;
            }
            "reject_qos2_publish" => mqtt.reject_qos2_publish = value.boolean()?,
            "downgrade_qos2_subscribe" => mqtt.downgrade_qos2_subscribe = value.boolean()?,
            _ => report.unknown(value, key),
        }
    }
    Ok(())
}
