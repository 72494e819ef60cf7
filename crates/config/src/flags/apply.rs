//! Flags over options (configuration.md 7.3, 8.4 step 3).

use super::FlagSet;
use crate::go_text;
use crate::options::{ClusterOptions, Feature, FeatureKind, Options, TlsOptions};
use crate::url::Url;

/// When the flags are laid over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// At start, before the file is read: cross checks wait.
    BeforeFile,
    /// At start, after the file.
    Start,
    /// On reload: some flags do not count (configuration.md 8.4).
    Reload,
}

fn text(flag: &Option<String>, into: &mut Option<String>) {
    if let Some(text) = flag {
        *into = (!text.is_empty()).then(|| text.clone());
    }
}

fn port(flag: Option<i64>, into: &mut i32) {
    if let Some(number) = flag {
        // A number no port can have is refused when it is listened on.
        *into = i32::try_from(number).unwrap_or(i32::MAX);
    }
}

fn copy<T: Copy>(flag: Option<T>, into: &mut T) {
    if let Some(value) = flag {
        *into = value;
    }
}

/// Lays the flags over `options`.
///
/// # Errors
/// The texts of configuration.md 7.2.
pub(crate) fn apply(flags: &FlagSet, options: &mut Options, scope: Scope) -> Result<(), String> {
    server(flags, options);
    logging(flags, options);
    if scope != Scope::Reload {
        only_at_start(flags, options);
    }
    if scope == Scope::BeforeFile {
        return Ok(());
    }
    cluster(flags, options)?;
    if scope == Scope::Start {
        tls(flags, options)?;
        features(flags, options);
    }
    Ok(())
}

fn server(flags: &FlagSet, options: &mut Options) {
    port(flags.port, &mut options.port);
    if let Some(host) = &flags.addr {
        host.clone_into(&mut options.host);
    }
    text(&flags.client_advertise, &mut options.client_advertise);
    let authorization = &mut options.authorization;
    text(&flags.user, &mut authorization.username);
    text(&flags.pass, &mut authorization.password);
    text(&flags.auth, &mut authorization.token);
    port(flags.http_port, &mut options.http_port);
    if let Some(path) = &flags.pid {
        options.pid_file = (!path.is_empty()).then(|| path.into());
    }
    if let Some(path) = &flags.ports_file_dir {
        options.ports_file_dir = (!path.is_empty()).then(|| path.into());
    }
    port(flags.profile, &mut options.prof_port);
    copy(flags.jetstream, &mut options.jetstream_enabled);
    text(&flags.store_dir, &mut options.jetstream.store_dir);
}

fn logging(flags: &FlagSet, options: &mut Options) {
    copy(flags.debug, &mut options.debug);
    copy(flags.trace, &mut options.trace);
    if let Some(yes) = flags.verbose_trace {
        options.trace = yes;
        options.trace_verbose = yes;
    }
    if let Some(yes) = flags.debug_trace {
        options.debug = yes;
        options.trace = yes;
    }
    if let Some(yes) = flags.debug_verbose_trace {
        options.debug = yes;
        options.trace = yes;
        options.trace_verbose = yes;
    }
    copy(flags.logtime, &mut options.logtime);
    copy(flags.syslog, &mut options.syslog);
    if let Some(path) = &flags.log {
        options.log_file = (!path.is_empty()).then(|| path.into());
    }
}

/// What a reload forgets, as the reference does.
fn only_at_start(flags: &FlagSet, options: &mut Options) {
    text(&flags.name, &mut options.server_name);
    port(flags.https_port, &mut options.https_port);
    text(&flags.remote_syslog, &mut options.remote_syslog);
    copy(flags.log_size_limit, &mut options.log_size_limit);
    copy(flags.max_traced_msg_len, &mut options.max_traced_msg_len);
    copy(flags.logtime_utc, &mut options.logtime_utc);
    if let Some(name) = &flags.cluster_name {
        block(options).name = (!name.is_empty()).then(|| name.clone());
    }
}

fn block(options: &mut Options) -> &mut ClusterOptions {
    options.cluster.get_or_insert_default()
}

fn cluster(flags: &FlagSet, options: &mut Options) -> Result<(), String> {
    if let Some(yes) = flags.no_advertise {
        block(options).no_advertise = yes;
    }
    if let Some(number) = flags.connect_retries {
        block(options).connect_retries = number;
    }
    if flags.cluster_advertise.is_some() {
        text(
            &flags.cluster_advertise,
            &mut block(options).cluster_advertise,
        );
    }
    if let Some(routes) = &flags.routes {
        block(options).routes = self::routes(routes)?;
    }
    if let Some(listen) = &flags.cluster {
        if listen.is_empty() {
            // Clustering is off, whatever the file says.
            block(options).port = 0;
        } else {
            cluster_listen(listen, block(options))?;
        }
    }
    let off = options.cluster.as_ref().is_none_or(|c| c.port == 0);
    let solicits = options
        .cluster
        .as_ref()
        .is_some_and(|c| !c.routes.is_empty());
    if off && solicits && flags.routes.as_ref().is_some_and(|r| !r.is_empty()) {
        return Err("solicited routes require cluster capabilities, e.g. --cluster".to_owned());
    }
    Ok(())
}

/// A comma-separated list of URLs.
fn routes(text: &str) -> Result<Vec<Url>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(|text| crate::read::parse_url(text, "route"))
        .collect()
}

/// Port that asks for any, which URLs do not know.
const ANY_PORT: &str = ":-1";

fn cluster_listen(text: &str, cluster: &mut ClusterOptions) -> Result<(), String> {
    let any = text.ends_with(ANY_PORT);
    let known = if any {
        &text[..text.len() - ANY_PORT.len()]
    } else {
        text
    };
    let url = Url::parse(known)
        .map_err(|error| error.replacen(&go_text::quote(known), &go_text::quote(text), 1))?;
    if any {
        url.hostname().clone_into(&mut cluster.host);
        cluster.port = -1;
    } else {
        let missing = || format!("address {}: missing port in address", url.host);
        let (host, port) = crate::read::split_host_port(&url.host).ok_or_else(missing)?;
        host.clone_into(&mut cluster.host);
        cluster.port = if port.is_empty() {
            0
        } else {
            port.parse()
                .map_err(|_| format!("invalid cluster port {}", go_text::quote(port)))?
        };
    }
    if let Some(user) = &url.username {
        let Some(password) = &url.password else {
            return Err("expected cluster password to be set".to_owned());
        };
        cluster.authorization.username = Some(user.clone());
        cluster.authorization.password = Some(password.clone());
    }
    Ok(())
}

fn tls(flags: &FlagSet, options: &mut Options) -> Result<(), String> {
    let named = flags.tlscert.is_some() || flags.tlskey.is_some() || flags.tlscacert.is_some();
    let verify = flags.tlsverify.unwrap_or(false);
    if flags.tls == Some(false) {
        options.tls = None;
        return Ok(());
    }
    if flags.tls.is_none() && flags.tlsverify.is_none() && !named {
        return Ok(());
    }
    let path = |flag: &Option<String>| {
        flag.as_ref()
            .filter(|path| !path.is_empty())
            .map(std::path::PathBuf::from)
    };
    let mut tls = TlsOptions {
        cert_file: path(&flags.tlscert),
        key_file: path(&flags.tlskey),
        ca_file: path(&flags.tlscacert),
        verify,
        ..TlsOptions::default()
    };
    if tls.cert_file.is_none() {
        return Err("TLS Server certificate must be present and valid".to_owned());
    }
    if tls.key_file.is_none() {
        return Err("TLS Server private key must be present and valid".to_owned());
    }
    crate::read::load_tls_files(&mut tls, &Vec::new())?;
    options.tls = Some(tls);
    Ok(())
}

/// Notes what only flags asked for.
fn features(flags: &FlagSet, options: &mut Options) {
    let uses = [
        (FeatureKind::JetStream, "-js", flags.jetstream == Some(true)),
        (
            FeatureKind::Cluster,
            "--cluster",
            flags.cluster.as_ref().is_some_and(|url| !url.is_empty()),
        ),
        (
            FeatureKind::ClusterFlag,
            "--no_advertise",
            flags.no_advertise == Some(true),
        ),
        (
            FeatureKind::ClusterFlag,
            "--cluster_advertise",
            flags
                .cluster_advertise
                .as_ref()
                .is_some_and(|a| !a.is_empty()),
        ),
        (
            FeatureKind::ClusterFlag,
            "--connect_retries",
            flags.connect_retries.is_some_and(|number| number != 0),
        ),
        (FeatureKind::Monitoring, "-m", flags.http_port.is_some()),
        (FeatureKind::Monitoring, "-ms", flags.https_port.is_some()),
        (FeatureKind::Profiling, "--profile", flags.profile.is_some()),
        (FeatureKind::Syslog, "-s", flags.syslog == Some(true)),
        (FeatureKind::Syslog, "-r", flags.remote_syslog.is_some()),
        (
            FeatureKind::Tls,
            "--tls",
            flags.tls == Some(true) || flags.tlsverify == Some(true) || flags.tlscert.is_some(),
        ),
    ];
    for (kind, key, used) in uses {
        if used {
            options.features.push(Feature {
                kind,
                key: key.to_owned(),
                pos: None,
            });
        }
    }
    if flags.jetstream == Some(false) {
        options
            .features
            .retain(|feature| feature.kind != FeatureKind::JetStream);
    }
}
