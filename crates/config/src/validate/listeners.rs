//! WebSocket and MQTT (configuration.md 6).

use super::users::no_auth_user;
use crate::error::{About as _, Invalid};
use crate::go_text::quote;
use crate::options::Options;
use crate::url::Url;

fn has_users(options: &Options) -> bool {
    !options.authorization.users.is_empty() || !options.authorization.nkeys.is_empty()
}

pub(super) fn mqtt(options: &Options) -> Result<(), Invalid> {
    let Some(mqtt) = options.mqtt.as_ref().filter(|mqtt| mqtt.port != 0) else {
        return Ok(());
    };
    no_auth_user(options, mqtt.no_auth_user.as_deref(), "mqtt.no_auth_user")?;
    if has_users(options) {
        if mqtt.authorization.username.is_some() {
            return Err(
                "mqtt authentication username not compatible with presence of users/nkeys"
                    .about(["mqtt.authorization.user"]),
            );
        }
        if mqtt.authorization.token.is_some() {
            return Err(
                "mqtt authentication token not compatible with presence of users/nkeys"
                    .about(["mqtt.authorization.token"]),
            );
        }
    }
    if let Some(&(text, path)) = options.mqtt_errors.first() {
        return Err(text.about([path]));
    }
    let gateway = options.gateway.as_ref().is_some_and(|g| g.name.is_some());
    let cluster = options.cluster_enabled();
    if options.server_name.is_none() && (cluster || gateway) {
        return Err("mqtt requires server name to be explicitly set".about(["mqtt"]));
    }
    let leaf = options
        .leafnodes
        .as_ref()
        .is_some_and(|leaf| leaf.port != 0 || !leaf.remotes.is_empty());
    if !cluster && !gateway && !leaf && !options.jetstream_enabled {
        return Err(
            "mqtt requires JetStream to be enabled if running in standalone mode".about(["mqtt"]),
        );
    }
    Ok(())
}

/// Headers of the upgrade answer that the server sets itself.
const OWN_HEADERS: [&str; 5] = [
    "host",
    "content-length",
    "connection",
    "upgrade",
    "nats-no-masking",
];

pub(super) fn websocket(options: &Options) -> Result<(), Invalid> {
    let Some(ws) = options.websocket.as_ref().filter(|ws| ws.port != 0) else {
        return Ok(());
    };
    if ws.tls.is_none() && !ws.no_tls {
        return Err("websocket requires TLS configuration".about(["websocket"]));
    }
    for (at, origin) in ws.allowed_origins.iter().enumerate() {
        let path = format!("websocket.allowed_origins[{at}]");
        check_origin(origin).map_err(|text| text.about([path]))?;
    }
    if has_users(options) {
        if ws.authorization.username.is_some() {
            return Err(
                "websocket authentication username not compatible with presence of users/nkeys"
                    .about(["websocket.authorization.user"]),
            );
        }
        if ws.authorization.token.is_some() {
            return Err(
                "websocket authentication token not compatible with presence of users/nkeys"
                    .about(["websocket.authorization.token"]),
            );
        }
    }
    let trusted = options.operators.as_ref().is_some_and(|o| !o.is_empty())
        || options.trusted_keys.as_ref().is_some_and(|k| !k.is_empty());
    if let Some(cookie) = &ws.jwt_cookie
        && !trusted
    {
        return Err(format!(
            "trusted operators or trusted keys configuration is required for JWT authentication via cookie {}",
            quote(cookie)
        ).about(["websocket.jwt_cookie"]));
    }
    no_auth_user(
        options,
        ws.no_auth_user.as_deref(),
        "websocket.no_auth_user",
    )?;
    for name in ws.headers.keys() {
        let lower = name.to_lowercase();
        if OWN_HEADERS.contains(&lower.as_str()) {
            return Err(
                format!("websocket: invalid header {} not allowed", quote(name))
                    .about(["websocket.headers"]),
            );
        }
        if lower.starts_with("sec-websocket-") {
            return Err(format!(
                "websocket: invalid header {}, \"Sec-WebSocket-\" prefix not allowed",
                quote(name)
            )
            .about(["websocket.headers"]));
        }
    }
    Ok(())
}

fn check_origin(origin: &str) -> Result<(), String> {
    let not_a_uri = || {
        let reason = if origin.is_empty() {
            "empty url"
        } else {
            "invalid URI for request"
        };
        format!(
            "unable to parse allowed origin: parse {}: {reason}",
            quote(origin)
        )
    };
    let url = match Url::parse(origin) {
        Ok(url) => url,
        Err(_) if !origin.contains("://") => return Err(not_a_uri()),
        Err(error) => return Err(format!("unable to parse allowed origin: {error}")),
    };
    if url.scheme.is_empty() && !origin.starts_with('/') {
        return Err(not_a_uri());
    }
    let fail = |reason: &str| format!("unable to parse allowed origin {}: {reason}", quote(origin));
    if url.scheme != "http" && url.scheme != "https" {
        return Err(fail(
            "allowed origins must be absolute URLs with http or https scheme",
        ));
    }
    if url.hostname().is_empty() {
        return Err(fail("host is required"));
    }
    Ok(())
}
