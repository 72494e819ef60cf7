//! How refusals show values: as the reference prints them.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::go_text::{duration_text, float_v, list};
use crate::options::{
    AuthCallout, Cipher, Compression, CompressionMode, GatewayOptions, MqttOptions, TlsOptions,
    Tpm, WebsocketOptions, WriteTimeout,
};

pub(super) fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

/// `map[k:v]`, keys sorted.
pub(super) fn map<V: Display>(map: &BTreeMap<String, V>) -> String {
    let items: Vec<String> = map.iter().map(|(k, v)| format!("{k}:{v}")).collect();
    format!("map{}", list(&items))
}

pub(super) fn write_timeout(value: WriteTimeout) -> &'static str {
    match value {
        WriteTimeout::Default => "",
        WriteTimeout::Close => "close",
        WriteTimeout::Retry => "retry",
    }
}

pub(super) fn cipher(cipher: Cipher) -> &'static str {
    match cipher {
        Cipher::Default | Cipher::ChaCha => "ChaCha20-Poly1305",
        Cipher::Aes => "AES-GCM",
    }
}

pub(super) fn tpm(tpm: &Tpm) -> String {
    format!(
        "{{{} {} {} {}}}",
        text(&tpm.keys_file),
        text(&tpm.srk_password),
        text(&tpm.encryption_password),
        tpm.pcr
    )
}

pub(super) fn callout(callout: &Option<AuthCallout>) -> String {
    match callout {
        None => "<nil>".to_owned(),
        Some(callout) => format!(
            "&{{{} {} {} {} {}}}",
            callout.issuer,
            callout.account,
            list(&callout.auth_users),
            text(&callout.xkey),
            list(&callout.allowed_accounts)
        ),
    }
}

/// `{s2_fast []}`.
pub(super) fn compression(compression: &Compression, on: CompressionMode) -> String {
    let (mode, steps) = match compression.resolve(on) {
        Ok((mode, steps)) => (mode.to_string(), steps),
        Err(_) => (compression.mode.clone(), compression.rtt_thresholds.clone()),
    };
    let steps: Vec<String> = steps.into_iter().map(duration_text).collect();
    format!("{{{mode} {}}}", list(&steps))
}

fn tls(tls: &Option<TlsOptions>) -> &'static str {
    if tls.is_some() { "&{…}" } else { "<nil>" }
}

fn pins(tls: &Option<TlsOptions>) -> String {
    let pins: Vec<String> = tls
        .iter()
        .flat_map(|tls| tls.pinned_certs.iter().flatten())
        .map(|pin| format!("{pin}:{{}}"))
        .collect();
    format!("map{}", list(&pins))
}

pub(super) fn gateway(gateway: &GatewayOptions) -> String {
    let used = gateway.port != 0;
    let timeout = if used { 2 } else { 0 };
    let names: Vec<&str> = gateway.gateways.iter().map(|g| g.name.as_str()).collect();
    let map = gateway.tls.as_ref().is_some_and(|t| t.verify_and_map);
    let urls = gateway
        .tls
        .as_ref()
        .is_some_and(|t| t.verify_cert_and_check_known_urls);
    format!(
        "{{{} {} {} {} {} {} {} {timeout} {map} {urls} {} {} {} {} {} {} {} {} <nil> 0 <nil>}}",
        text(&gateway.name),
        gateway.host,
        gateway.port,
        text(&gateway.authorization.username),
        secret(&gateway.authorization.password),
        float_v(gateway.authorization.timeout),
        tls(&gateway.tls),
        pins(&gateway.tls),
        text(&gateway.advertise),
        gateway.connect_retries,
        gateway.connect_backoff,
        list(&names),
        gateway.reject_unknown,
        duration_text(gateway.write_deadline.unwrap_or_default()),
        write_timeout(gateway.write_timeout),
    )
}

/// Passwords do not go to the log.
fn secret(text: &Option<String>) -> &'static str {
    if text.is_some() { "[REDACTED]" } else { "" }
}

pub(super) fn websocket(ws: &WebsocketOptions) -> String {
    let map = ws.tls.as_ref().is_some_and(|t| t.verify_and_map);
    format!(
        "{{{} {} {} {} {} {} {} {} {} {} {} {} {} {} {map} {} {} {} {} {} {} {} <nil>}}",
        ws.host,
        ws.port,
        text(&ws.advertise),
        text(&ws.no_auth_user),
        text(&ws.jwt_cookie),
        text(&ws.user_cookie),
        text(&ws.pass_cookie),
        text(&ws.token_cookie),
        text(&ws.authorization.username),
        secret(&ws.authorization.password),
        secret(&ws.authorization.token),
        float_v(ws.authorization.timeout),
        ws.no_tls,
        tls(&ws.tls),
        pins(&ws.tls),
        ws.same_origin,
        list(&ws.allowed_origins),
        ws.compression,
        duration_text(ws.handshake_timeout.unwrap_or_default()),
        duration_text(ws.ping_interval.unwrap_or_default()),
        self::map(&ws.headers),
    )
}

pub(super) fn mqtt(mqtt: &MqttOptions) -> String {
    let map = mqtt.tls.as_ref().is_some_and(|t| t.verify_and_map);
    let timeout = if mqtt.port == 0 {
        0.0
    } else {
        mqtt.tls.as_ref().map_or(2.0, |tls| tls.timeout)
    };
    format!(
        "{{{} {} {} {} {} {} {} {} 0 {} {} {} {} {map} {} {} {} {} {} <nil> {} {}}}",
        mqtt.host,
        mqtt.port,
        text(&mqtt.no_auth_user),
        text(&mqtt.authorization.username),
        secret(&mqtt.authorization.password),
        secret(&mqtt.authorization.token),
        text(&mqtt.js_domain),
        mqtt.stream_replicas,
        mqtt.consumer_memory_storage,
        duration_text(mqtt.consumer_inactive_threshold),
        float_v(mqtt.authorization.timeout),
        tls(&mqtt.tls),
        float_v(timeout),
        pins(&mqtt.tls),
        duration_text(mqtt.ack_wait.unwrap_or_default()),
        duration_text(mqtt.js_api_timeout.unwrap_or_default()),
        mqtt.max_ack_pending,
        mqtt.reject_qos2_publish,
        mqtt.downgrade_qos2_subscribe,
    )
}
