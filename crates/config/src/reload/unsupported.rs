//! Differences that need a restart, in the order they are looked at
//! (configuration.md 8.4).

use super::{Refusal, shown};
use crate::go_text::{duration_text, list};
use crate::options::{
    DEFAULT_STORE_SYNC_INTERVAL, GatewayOptions, MqttOptions, Options, SYSTEM_ACCOUNT, TlsOptions,
    WebsocketOptions,
};

/// Ports are the same, or the new one may stay what it is.
pub(super) fn same_port(old: i32, new: i32) -> bool {
    old == new || (new == -1 && old != 0)
}

/// Compares two shown values.
macro_rules! same {
    ($name:literal, $old:expr, $new:expr) => {
        if $old != $new {
            return Err(Refusal::field($name, $old, $new));
        }
    };
    ($name:literal, $old:expr, $new:expr, $shown:expr) => {
        if $old != $new {
            return Err(Refusal::field($name, $shown($old), $shown($new)));
        }
    };
}

/// The first difference that cannot be applied.
pub(super) fn check(old: &Options, new: &Options) -> Result<(), Refusal> {
    identity(old, new)?;
    security(old, new)?;
    monitoring(old, new)?;
    blocks(old, new)?;
    jetstream(old, new)?;
    listeners(old, new)?;
    rest(old, new)
}

fn identity(old: &Options, new: &Options) -> Result<(), Refusal> {
    same!(
        "ServerName",
        &old.server_name,
        &new.server_name,
        shown::text
    );
    same!("Host", &old.host, &new.host);
    if !same_port(old.port, new.port) {
        return Err(Refusal::field("Port", old.port, new.port));
    }
    if let Some(address) = &new.client_advertise
        && old.client_advertise != new.client_advertise
    {
        check_advertise("ClientAdvertise", address)?;
    }
    same!(
        "NoSublistCache",
        old.disable_sublist_cache,
        new.disable_sublist_cache
    );
    same!(
        "NoHeaderSupport",
        old.no_header_support,
        new.no_header_support
    );
    same!("MaxSubs", old.max_subscriptions, new.max_subscriptions);
    same!("MaxSubTokens", old.max_sub_tokens, new.max_sub_tokens);
    Ok(())
}

/// `host` or `host:port`.
pub(super) fn check_advertise(option: &str, address: &str) -> Result<(), Refusal> {
    let fail = |reason: String| {
        Err(Refusal(format!(
            "invalid {option} value of {address}, err={reason}"
        )))
    };
    let colons = address.matches(':').count();
    if colons == 0 {
        return Ok(());
    }
    let Some((_, port)) = crate::read::split_host_port(address) else {
        if address.starts_with('[') && address.ends_with(']') {
            return Ok(());
        }
        return fail(format!("address {address}: too many colons in address"));
    };
    match crate::go_text::parse_int("Atoi", port.trim()) {
        Ok(_) => Ok(()),
        Err(reason) => fail(reason),
    }
}

fn security(old: &Options, new: &Options) -> Result<(), Refusal> {
    if old.no_auth_user != new.no_auth_user {
        // It may go together with its user.
        let gone = match (&old.no_auth_user, &new.no_auth_user) {
            (Some(name), None) => {
                let users = &new.authorization;
                !users.users.iter().any(|user| user.username == *name)
                    && !users.nkeys.iter().any(|user| user.nkey == *name)
            }
            _ => false,
        };
        if !gone {
            return Err(Refusal::field(
                "NoAuthUser",
                shown::text(&old.no_auth_user),
                shown::text(&new.no_auth_user),
            ));
        }
    }
    let default_gone =
        old.system_account.as_deref() == Some(SYSTEM_ACCOUNT) && new.system_account.is_none();
    if !default_gone {
        same!(
            "SystemAccount",
            &old.system_account,
            &new.system_account,
            shown::text
        );
    }
    same!(
        "NoSystemAccount",
        old.no_system_account,
        new.no_system_account
    );
    let (was, is) = (&old.authorization, &new.authorization);
    same!("ProxyRequired", was.proxy_required, is.proxy_required);
    same!("ProxyProtocol", old.proxy_protocol, new.proxy_protocol);
    same!(
        "AuthCallout",
        &was.auth_callout,
        &is.auth_callout,
        shown::callout
    );
    Ok(())
}

fn monitoring(old: &Options, new: &Options) -> Result<(), Refusal> {
    same!("HTTPHost", &old.http_host, &new.http_host);
    same!("HTTPPort", old.http_port, new.http_port);
    same!("HTTPBasePath", &old.http_base_path, &new.http_base_path);
    same!("HTTPSPort", old.https_port, new.https_port);
    same!("MaxPending", old.max_pending, new.max_pending);
    Ok(())
}

fn blocks(old: &Options, new: &Options) -> Result<(), Refusal> {
    let none = GatewayOptions::default();
    let was = old.gateway.as_ref().unwrap_or(&none);
    let is = new.gateway.as_ref().unwrap_or(&none);
    let comparable = |gateway: &GatewayOptions| {
        let mut gateway = gateway.clone();
        gateway.port = 0;
        gateway.tls = without_files(gateway.tls);
        for remote in &mut gateway.gateways {
            remote.tls = without_files(remote.tls.take());
        }
        gateway
    };
    if comparable(was) != comparable(is) || !same_port(was.port, is.port) {
        return Err(Refusal::field(
            "Gateway",
            shown::gateway(was),
            shown::gateway(is),
        ));
    }
    if old.resolver.is_some() != new.resolver.is_some() {
        return Err(Refusal(
            "config reload does not support moving to or from an account resolver".to_owned(),
        ));
    }
    Ok(())
}

/// What of a `tls` block of a listener cannot be reloaded: that it is there.
fn without_files(tls: Option<TlsOptions>) -> Option<TlsOptions> {
    tls.map(|tls| TlsOptions {
        verify_and_map: tls.verify_and_map,
        timeout: tls.timeout,
        ..TlsOptions::default()
    })
}

fn jetstream(old: &Options, new: &Options) -> Result<(), Refusal> {
    let (was, is) = (&old.jetstream, &new.jetstream);
    same!("NoJetStreamStrict", !was.strict, !is.strict);
    same!("JetStreamDomain", &was.domain, &is.domain, shown::text);
    same!(
        "JetStreamExtHint",
        &was.extension_hint,
        &is.extension_hint,
        shown::text
    );
    same!("JetStreamKey", &was.key, &is.key, secret);
    same!("JetStreamOldKey", &was.prev_key, &is.prev_key, secret);
    same!(
        "JetStreamCipher",
        shown::cipher(was.cipher),
        shown::cipher(is.cipher)
    );
    same!(
        "JetStreamUniqueTag",
        &was.unique_tag,
        &is.unique_tag,
        shown::text
    );
    same!("JetStreamTpm", &was.tpm, &is.tpm, shown::tpm);
    same!(
        "JetStreamMaxCatchup",
        was.max_outstanding_catchup,
        is.max_outstanding_catchup
    );
    same!(
        "JetStreamRequestQueueLimit",
        was.request_queue_limit,
        is.request_queue_limit
    );
    same!(
        "JetStreamInfoQueueLimit",
        was.info_queue_limit,
        is.info_queue_limit
    );
    same!(
        "JetStreamConcurrentIOs",
        was.max_concurrent_io,
        is.max_concurrent_io
    );
    same!(
        "StreamMaxBufferedMsgs",
        was.max_buffered_msgs,
        is.max_buffered_msgs
    );
    same!(
        "StreamMaxBufferedSize",
        was.max_buffered_size,
        is.max_buffered_size
    );
    let interval = |interval: Option<std::time::Duration>| {
        duration_text(interval.unwrap_or(DEFAULT_STORE_SYNC_INTERVAL))
    };
    same!(
        "SyncInterval",
        interval(was.sync_interval),
        interval(is.sync_interval)
    );
    same!("SyncAlways", was.sync_always, is.sync_always);
    if old.default_js_domain != new.default_js_domain {
        let shown =
            |options: &Options| shown::map(&options.default_js_domain.clone().unwrap_or_default());
        return Err(Refusal::field("JsAccDefaultDomain", shown(old), shown(new)));
    }
    Ok(())
}

/// Encryption keys differ; the log does not show them.
fn secret(key: &Option<String>) -> &'static str {
    if key.is_some() { "[REDACTED]" } else { "" }
}

fn listeners(old: &Options, new: &Options) -> Result<(), Refusal> {
    let none = WebsocketOptions::default();
    let was = old.websocket.as_ref().unwrap_or(&none);
    let is = new.websocket.as_ref().unwrap_or(&none);
    let comparable = |ws: &WebsocketOptions| WebsocketOptions {
        port: 0,
        tls: without_files(ws.tls.clone()),
        ..ws.clone()
    };
    if comparable(was) != comparable(is) || !same_port(was.port, is.port) {
        return Err(Refusal::field(
            "Websocket",
            shown::websocket(was),
            shown::websocket(is),
        ));
    }
    let none = MqttOptions::default();
    let was = old.mqtt.as_ref().unwrap_or(&none);
    let is = new.mqtt.as_ref().unwrap_or(&none);
    let comparable = |mqtt: &MqttOptions| MqttOptions {
        port: 0,
        tls: without_files(mqtt.tls.clone()),
        ack_wait: None,
        max_ack_pending: 0,
        stream_replicas: 0,
        consumer_memory_storage: false,
        consumer_inactive_threshold: std::time::Duration::ZERO,
        ..mqtt.clone()
    };
    if comparable(was) != comparable(is) || !same_port(was.port, is.port) {
        return Err(Refusal::field("MQTT", shown::mqtt(was), shown::mqtt(is)));
    }
    Ok(())
}

fn rest(old: &Options, new: &Options) -> Result<(), Refusal> {
    same!("ProfPort", old.prof_port, new.prof_port);
    same!("LogSizeLimit", old.log_size_limit, new.log_size_limit);
    same!("LogMaxFiles", old.logfile_max_num, new.logfile_max_num);
    let map = |o: &Options| o.tls.as_ref().is_some_and(|t| t.verify_and_map);
    same!("TLSMap", map(old), map(new));
    let rate = |o: &Options| o.tls.as_ref().map_or(0, |t| t.connection_rate_limit);
    same!("TLSRateLimit", rate(old), rate(new));
    same!("AllowNonTLS", old.allow_non_tls, new.allow_non_tls);
    same!(
        "WriteTimeout",
        shown::write_timeout(old.write_timeout),
        shown::write_timeout(new.write_timeout)
    );
    same!(
        "MaxClosedClients",
        old.max_closed_clients,
        new.max_closed_clients
    );
    same!(
        "LameDuckDuration",
        duration_text(old.lame_duck_duration),
        duration_text(new.lame_duck_duration)
    );
    same!(
        "LameDuckGracePeriod",
        duration_text(old.lame_duck_grace_period),
        duration_text(new.lame_duck_grace_period)
    );
    if old.trusted_keys != new.trusted_keys {
        let shown = |o: &Options| list(o.trusted_keys.as_deref().unwrap_or_default());
        return Err(Refusal::field("TrustedKeys", shown(old), shown(new)));
    }
    if old.operators != new.operators {
        let shown = |o: &Options| {
            let names: Vec<&str> = o
                .operators
                .iter()
                .flatten()
                .map(|t| t.subject.as_str())
                .collect();
            list(&names)
        };
        return Err(Refusal::field("TrustedOperators", shown(old), shown(new)));
    }
    same!(
        "FeatureFlags",
        &old.feature_flags,
        &new.feature_flags,
        shown::map
    );
    Ok(())
}
