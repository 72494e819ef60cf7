//! What a reload changes (configuration.md 8.4).
//!
//! [`plan`] compares the options in force with the new ones. Either one of the
//! differences cannot be applied to a running server, which refuses all of
//! them, or the result is a list of [`Change`]s in the order they are applied
//! and logged.

mod change;
mod jetstream;
mod leafnodes;
mod shown;
mod unsupported;

pub use change::{Change, RemoteChange};

use std::collections::BTreeSet;

use crate::options::{ClusterOptions, HandshakeFirst, Options, TlsOptions};
use crate::url::Url;

/// Why nothing is reloaded; follows `Failed to reload server configuration: `.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

impl Refusal {
    fn field(name: &str, old: impl std::fmt::Display, new: impl std::fmt::Display) -> Self {
        Refusal(format!(
            "config reload not supported for {name}: old={old}, new={new}"
        ))
    }
}

/// Compares options, both with defaults and both validated. A listener's new
/// port of -1 keeps the port in use.
///
/// The list always has [`Change::Users`] and [`Change::Accounts`].
///
/// # Errors
/// The first difference that needs a restart.
pub fn plan(old: &Options, new: &Options) -> Result<Vec<Change>, Refusal> {
    unsupported::check(old, new)?;
    let mut plan = Plan::default();
    plan.logging(old, new);
    plan.security(old, new);
    plan.limits(old, new);
    plan.cluster(old, new)?;
    leafnodes::plan(old, new, &mut plan.changes)?;
    plan.producers_and_jetstream(old, new)?;
    plan.listeners(old, new);
    plan.files(old, new);
    plan.routes(old, new);
    plan.tls(old, new);
    plan.rest(old, new);
    Ok(plan.changes)
}

#[derive(Default)]
struct Plan {
    changes: Vec<Change>,
}

impl Plan {
    fn when(&mut self, differs: bool, change: impl FnOnce() -> Change) {
        if differs {
            self.changes.push(change());
        }
    }

    fn logging(&mut self, old: &Options, new: &Options) {
        self.when(old.client_advertise != new.client_advertise, || {
            Change::ClientAdvertise(new.client_advertise.clone())
        });
        self.when(old.trace != new.trace, || Change::Trace(new.trace));
        self.when(old.debug != new.debug, || Change::Debug(new.debug));
        self.when(old.trace_verbose != new.trace_verbose, || {
            Change::TraceVerbose(new.trace_verbose)
        });
        self.when(old.trace_headers != new.trace_headers, || {
            Change::TraceHeaders(new.trace_headers)
        });
        self.when(old.logtime != new.logtime, || Change::Logtime(new.logtime));
        self.when(old.logtime_utc != new.logtime_utc, || {
            Change::LogtimeUtc(new.logtime_utc)
        });
        self.when(old.max_connections != new.max_connections, || {
            Change::MaxConnections(new.max_connections)
        });
    }

    fn security(&mut self, old: &Options, new: &Options) {
        let (was, is) = (&old.authorization, &new.authorization);
        self.when(was.nkeys != is.nkeys, || Change::NkeyUsers);
        self.changes.push(Change::Users);
        self.changes.push(Change::Accounts);
        self.when(old.default_sentinel != new.default_sentinel, || {
            Change::DefaultSentinel(new.default_sentinel.clone())
        });
        self.when(was.username != is.username, || Change::Username);
        self.when(was.password != is.password, || Change::Password);
        self.when(was.token != is.token, || Change::Token);
        self.when(old.ping_interval != new.ping_interval, || {
            Change::PingInterval(new.ping_interval)
        });
        self.when(old.ping_max != new.ping_max, || {
            Change::PingMax(new.ping_max)
        });
        self.when(was.timeout != is.timeout, || {
            Change::AuthTimeout(is.timeout)
        });
    }

    fn limits(&mut self, old: &Options, new: &Options) {
        self.when(old.max_control_line != new.max_control_line, || {
            Change::MaxControlLine(new.max_control_line)
        });
        self.when(old.max_payload != new.max_payload, || {
            Change::MaxPayload(new.max_payload)
        });
    }

    fn cluster(&mut self, old: &Options, new: &Options) -> Result<(), Refusal> {
        let none = ClusterOptions::default();
        let (was, is) = (
            old.cluster.as_ref().unwrap_or(&none),
            new.cluster.as_ref().unwrap_or(&none),
        );
        if was.host != is.host {
            return Err(Refusal::field("cluster host", &was.host, &is.host));
        }
        if !unsupported::same_port(was.port, is.port) {
            return Err(Refusal::field("cluster port", was.port, is.port));
        }
        if let Some(advertise) = &is.cluster_advertise {
            unsupported::check_advertise("Cluster.Advertise", advertise)?;
        }
        for name in &is.accounts {
            let known = name == "$G"
                || new.system_account.as_ref() == Some(name)
                || name == crate::options::SYSTEM_ACCOUNT
                || new.accounts.iter().any(|account| account.name == *name)
                || new.operators.is_some();
            if !known {
                return Err(Refusal(format!(
                    "unable to add account {} to the list of dedicated routes: account missing",
                    crate::go_text::quote(name)
                )));
            }
        }
        let comparable = |cluster: &ClusterOptions| ClusterOptions {
            routes: Vec::new(),
            port: 0,
            ..cluster.clone()
        };
        // Certificates are read again whenever there are any.
        let differs = comparable(was) != comparable(is) || is.tls.is_some();
        self.when(differs, || Change::Cluster {
            name: (was.name != is.name).then(|| is.name.clone()).flatten(),
        });
        Ok(())
    }

    fn producers_and_jetstream(&mut self, old: &Options, new: &Options) -> Result<(), Refusal> {
        self.when(
            old.no_fast_producer_stall != new.no_fast_producer_stall,
            || Change::FastProducerStall(!new.no_fast_producer_stall),
        );
        jetstream::plan(old, new, &mut self.changes)
    }

    fn listeners(&mut self, old: &Options, new: &Options) {
        self.when(old.resolver != new.resolver, || Change::Resolver);
        self.when(old.resolver_tls != new.resolver_tls, || Change::ResolverTls);
        let tls = |options: &Options| options.gateway.as_ref().map(|b| b.tls.clone());
        self.when(tls(old) != tls(new), || Change::GatewayTls);
        let remote_tls = |options: &Options| {
            options
                .gateway
                .as_ref()
                .map(|b| b.gateways.iter().map(|g| g.tls.clone()).collect::<Vec<_>>())
        };
        self.when(remote_tls(old) != remote_tls(new), || {
            Change::GatewayRemoteTls
        });
        let tls = |options: &Options| options.websocket.as_ref().map(|b| b.tls.clone());
        self.when(tls(old) != tls(new), || Change::WebsocketTls);
        let tls = |options: &Options| options.mqtt.as_ref().map(|b| b.tls.clone());
        self.when(tls(old) != tls(new), || Change::MqttTls);
        if let (Some(was), Some(is)) = (&old.mqtt, &new.mqtt) {
            let differs = was.ack_wait != is.ack_wait
                || was.max_ack_pending != is.max_ack_pending
                || was.stream_replicas != is.stream_replicas
                || was.consumer_memory_storage != is.consumer_memory_storage
                || was.consumer_inactive_threshold != is.consumer_inactive_threshold;
            self.when(differs, || Change::Mqtt {
                ack_wait: is.ack_wait.unwrap_or_default(),
                max_ack_pending: is.max_ack_pending,
                stream_replicas: is.stream_replicas,
                consumer_memory_storage: is.consumer_memory_storage,
                consumer_inactive_threshold: is.consumer_inactive_threshold,
            });
        }
    }

    fn files(&mut self, old: &Options, new: &Options) {
        self.when(old.prof_block_rate != new.prof_block_rate, || {
            Change::ProfBlockRate(new.prof_block_rate)
        });
        self.when(old.pid_file != new.pid_file, || {
            Change::PidFile(new.pid_file.clone())
        });
        self.when(old.ports_file_dir != new.ports_file_dir, || {
            Change::PortsFileDir(new.ports_file_dir.clone())
        });
        self.when(old.log_file != new.log_file, || {
            Change::LogFile(new.log_file.clone())
        });
        self.when(old.syslog != new.syslog, || Change::Syslog(new.syslog));
        self.when(old.remote_syslog != new.remote_syslog, || {
            Change::RemoteSyslog(new.remote_syslog.clone())
        });
    }

    fn routes(&mut self, old: &Options, new: &Options) {
        let none = Vec::new();
        let was = old.cluster.as_ref().map_or(&none, |c| &c.routes);
        let is = new.cluster.as_ref().map_or(&none, |c| &c.routes);
        let missing_in = |from: &[Url], other: &[Url]| -> Vec<Url> {
            from.iter()
                .filter(|url| !other.contains(url))
                .cloned()
                .collect()
        };
        let (added, removed) = (missing_in(is, was), missing_in(was, is));
        self.when(!added.is_empty() || !removed.is_empty(), || {
            Change::Routes { added, removed }
        });
    }

    fn tls(&mut self, old: &Options, new: &Options) {
        let defaults = TlsOptions::default();
        let was = old.tls.as_ref().unwrap_or(&defaults);
        let is = new.tls.as_ref().unwrap_or(&defaults);
        self.when(was.timeout != is.timeout, || Change::TlsTimeout(is.timeout));
        self.when(
            old.tls.is_some() != new.tls.is_some() || crypto(was) != crypto(is),
            || Change::Tls(new.tls.is_some()),
        );
        let pins = |tls: &TlsOptions| -> BTreeSet<String> {
            tls.pinned_certs.iter().flatten().cloned().collect()
        };
        let (pins_were, pins_are) = (pins(was), pins(is));
        self.when(pins_were != pins_are, || {
            Change::PinnedCerts(pins_are.into_iter().collect())
        });
        let (first_was, first_is) = (was.handshake_first, is.handshake_first);
        self.when(first_was.enabled() != first_is.enabled(), || {
            Change::HandshakeFirst(first_is)
        });
        self.when(fallback(first_was) != fallback(first_is), || {
            Change::HandshakeFirstFallback(fallback(first_is))
        });
    }

    fn rest(&mut self, old: &Options, new: &Options) {
        self.when(old.write_deadline != new.write_deadline, || {
            Change::WriteDeadline(new.write_deadline)
        });
        self.when(old.max_traced_msg_len != new.max_traced_msg_len, || {
            Change::MaxTracedMsgLen(new.max_traced_msg_len)
        });
        self.when(
            old.connect_error_reports != new.connect_error_reports,
            || Change::ConnectErrorReports(new.connect_error_reports),
        );
        self.when(
            old.reconnect_error_reports != new.reconnect_error_reports,
            || Change::ReconnectErrorReports(new.reconnect_error_reports),
        );
        self.when(old.server_tags != new.server_tags, || Change::Tags);
        self.when(old.server_metadata != new.server_metadata, || {
            Change::Metadata
        });
        self.when(old.ocsp != new.ocsp, || Change::Ocsp);
        let peer = |options: &Options| {
            options
                .tls
                .as_ref()
                .and_then(|tls| tls.ocsp_peer.clone())
                .filter(|peer| peer.verify)
        };
        self.when(
            old.ocsp_cache != new.ocsp_cache || peer(old) != peer(new),
            || Change::OcspCache,
        );
        let keys = |options: &Options| -> BTreeSet<String> {
            options.proxies.iter().flatten().cloned().collect()
        };
        let (keys_were, keys_are) = (keys(old), keys(new));
        self.when(keys_were != keys_are, || Change::Proxies {
            removed: keys_were.difference(&keys_are).cloned().collect(),
            added: keys_are.difference(&keys_were).cloned().collect(),
        });
    }
}

/// Delay before the handshake is given up waiting for; zero without.
pub(crate) fn fallback(first: HandshakeFirst) -> std::time::Duration {
    match first {
        HandshakeFirst::Fallback(delay) => delay,
        HandshakeFirst::Off | HandshakeFirst::On => std::time::Duration::ZERO,
    }
}

/// What makes new handshakes different.
pub(crate) fn crypto(tls: &TlsOptions) -> TlsOptions {
    TlsOptions {
        timeout: 0.0,
        pinned_certs: None,
        handshake_first: HandshakeFirst::Off,
        connection_rate_limit: 0,
        ..tls.clone()
    }
}

#[cfg(test)]
mod tests;
