//! The top level of a file (configuration.md 2).

use std::path::Path;

use super::cluster::write_timeout;
use super::report::{Cast, Report, Texts, problem, shown_at};
use super::tls::Place;
use super::{
    accounts, auth, cluster, explain, gateway, jetstream, leafnodes, listeners, mappings, ocsp,
    operator, time, tls,
};
use crate::error::{ConfigError, NodeId, Problem};
use crate::go_text::{self, quote};
use crate::lang::{self, Map, Node, Value};
use crate::options::{FeatureKind, Options};

/// Largest value of the 32-bit sizes.
const MAX_I32: i64 = i32::MAX as i64;

/// Lame duck mode must last this long.
const MIN_LAME_DUCK: i64 = 30 * go_text::SECOND;

/// Reads `path` over `options`.
pub(crate) fn read_file(path: &Path, options: &mut Options) -> Result<Vec<Problem>, ConfigError> {
    let document = lang::parse_file(path)?;
    let mut report = Report::default();
    if document.root.is_empty() {
        report.warnings.push(Problem {
            detail: Some(explain::empty(path)),
            ..Problem::without_place(format!(
                "{}: config has no values or is empty",
                path.display()
            ))
        });
    }
    options.config_file = Some(path.to_path_buf());
    options.config_digest = document.digest;
    read(&mut report, options, &document.root);
    options.features.append(&mut report.features);
    for problem in report.errors.iter_mut().chain(&mut report.warnings) {
        explain::add(problem, &document.root);
    }
    if report.errors.is_empty() {
        Ok(report.warnings)
    } else {
        Err(ConfigError::Options {
            warnings: report.warnings,
            errors: report.errors,
        })
    }
}

fn read(report: &mut Report, options: &mut Options, root: &Map) {
    // Accounts look at the system account and at the single user, so the
    // place of these keys in the file must not matter.
    let mut last = Vec::new();
    for (key, node) in root.iter() {
        if key.eq_ignore_ascii_case("accounts") {
            last.push((key, node));
            continue;
        }
        let read = option(report, options, key, node);
        report.take(read);
    }
    for (key, node) in last {
        let read = accounts::read(report, options, key, node);
        report.take(read);
    }
    check_callout(report, options, root);
}

/// Accounts a callout may answer with must exist.
fn check_callout(report: &mut Report, options: &Options, root: &Map) {
    let Some(callout) = &options.authorization.auth_callout else {
        return;
    };
    for name in &callout.allowed_accounts {
        let known = name == auth::GLOBAL_ACCOUNT
            || options.accounts.iter().any(|account| account.name == *name);
        if !known {
            report.error_without_place(
                allowed_account(root, name),
                format!(
                    "auth_callout allowed account {} not found in configured accounts",
                    quote(name)
                ),
            );
        }
    }
}

/// The entry of the callout's list that names this account.
fn allowed_account(root: &Map, name: &str) -> Option<NodeId> {
    let authorization = root.get_any_case(&["authorization"])?.map().ok()?;
    let callout = authorization.get_any_case(&["auth_callout", "auth_hook"])?;
    let list = callout.map().ok()?.get_any_case(&["allowed_accounts"])?;
    let mut items = list.items().ok()?.iter();
    items.find(|item| item.text() == Ok(name)).map(NodeId::of)
}

/// One key of the top level.
fn option(report: &mut Report, options: &mut Options, key: &str, node: &Node) -> Cast<()> {
    let lower = key.to_lowercase();
    if listener(report, options, &lower, key, node)?
        || limit(report, options, &lower, node)?
        || logging(report, options, &lower, key, node)?
        || security(report, options, &lower, key, node)?
        || block(report, options, &lower, key, node)?
    {
        return Ok(());
    }
    report.unknown(node, key);
    Ok(())
}

fn listener(
    report: &mut Report,
    options: &mut Options,
    lower: &str,
    key: &str,
    node: &Node,
) -> Cast<bool> {
    match lower {
        "listen" => {
            let listen = time::listen(node)?;
            options.port = listen.port;
            if let Some(host) = listen.host {
                options.host = host;
            }
        }
        "port" => options.port = node.port()?,
        "host" | "net" => node.text()?.clone_into(&mut options.host),
        "server_name" => {
            let name = node.text()?;
            if name.contains(' ') {
                return Err(problem(node, "server name cannot contain spaces"));
            }
            options.server_name = node.some_text()?;
        }
        "client_advertise" => options.client_advertise = node.some_text()?,
        "server_tags" => tags(report, options, node),
        "server_metadata" => metadata(report, options, node)?,
        "feature_flags" => feature_flags(report, options, node),
        "proxy_protocol" => {
            options.proxy_protocol = node.boolean()?;
            report.feature(FeatureKind::ProxyProtocol, key, &node.pos);
        }
        "allow_non_tls" => options.allow_non_tls = node.boolean()?,
        "default_sentinel" => options.default_sentinel = node.some_text()?,
        "mappings" | "maps" => options.mappings = mappings::read(report, key, node)?,
        "default_js_domain" => {
            let Value::Map(map) = &node.value else {
                report.error(
                    node,
                    format!(
                        "error default_js_domain config: unsupported type {}",
                        node.value.type_name()
                    ),
                );
                return Ok(true);
            };
            report.feature(FeatureKind::DefaultJsDomain, key, &node.pos);
            let mut domains = std::collections::BTreeMap::new();
            for (account, value) in map.iter() {
                let domain = value.text().map_err(|e| shown_at(e, node))?;
                domains.insert(account.to_owned(), domain.to_owned());
            }
            options.default_js_domain = Some(domains);
        }
        "http" | "https" => {
            let listen = time::listen(node)?;
            if let Some(host) = listen.host {
                options.http_host = host;
            }
            if lower == "http" {
                options.http_port = listen.port;
            } else {
                options.https_port = listen.port;
            }
            report.feature(FeatureKind::Monitoring, key, &node.pos);
        }
        "http_port" | "monitor_port" => {
            options.http_port = node.port()?;
            report.feature(FeatureKind::Monitoring, key, &node.pos);
        }
        "https_port" => {
            options.https_port = node.port()?;
            report.feature(FeatureKind::Monitoring, key, &node.pos);
        }
        "http_base_path" => node.text()?.clone_into(&mut options.http_base_path),
        "prof_port" => {
            options.prof_port = node.port()?;
            report.feature(FeatureKind::Profiling, key, &node.pos);
        }
        "prof_block_rate" => {
            options.prof_block_rate = node.int()?;
            report.feature(FeatureKind::BlockProfiling, key, &node.pos);
        }
        "pid_file" | "pidfile" => options.pid_file = node.some_text()?.map(Into::into),
        "ports_file_dir" => options.ports_file_dir = node.some_text()?.map(Into::into),
        _ => return Ok(false),
    }
    Ok(true)
}

fn tags(report: &mut Report, options: &mut Options, node: &Node) {
    let raw: Vec<&str> = match node.texts() {
        Some(Texts::One(text)) => vec![text],
        Some(Texts::Many(items)) => {
            let mut raw = Vec::new();
            for item in items {
                match &item.value {
                    Value::String(text) => raw.push(text.as_str()),
                    _ => {
                        let text = "error parsing tags: unsupported type *conf.token where string is expected";
                        report.errors.push(shown_at(problem(item, text), node));
                    }
                }
            }
            raw
        }
        None => {
            report.error(
                node,
                format!(
                    "error parsing tags: unsupported type {}",
                    node.value.type_name()
                ),
            );
            return;
        }
    };
    for tag in raw {
        let tag = tag.trim().to_lowercase();
        if !tag.is_empty() && !options.server_tags.contains(&tag) {
            options.server_tags.push(tag);
        }
    }
}

fn metadata(report: &mut Report, options: &mut Options, node: &Node) -> Cast<()> {
    let Value::Map(map) = &node.value else {
        report.error(
            node,
            format!(
                "error parsing metadata: unsupported type {}",
                node.value.type_name()
            ),
        );
        return Ok(());
    };
    for (name, value) in map.iter() {
        options
            .server_metadata
            .insert(name.to_owned(), value.text()?.to_owned());
    }
    Ok(())
}

fn feature_flags(report: &mut Report, options: &mut Options, node: &Node) {
    let Value::Map(map) = &node.value else {
        report.error(
            node,
            format!(
                "error parsing feature flags: unsupported type {}",
                node.value.type_name()
            ),
        );
        return;
    };
    for (name, value) in map.iter() {
        match value.value {
            Value::Bool(yes) => {
                options.feature_flags.insert(name.to_owned(), yes);
            }
            ref other => report.error(
                value,
                format!(
                    "error parsing feature flag {}: expected bool, got {}",
                    quote(name),
                    other.type_name()
                ),
            ),
        }
    }
}

/// A size that must fit 32 bits.
fn small(report: &mut Report, name: &str, node: &Node) -> Cast<i64> {
    let number = node.int()?;
    if number > MAX_I32 {
        report.error(node, format!("{name} value is too big"));
    }
    Ok(number)
}

fn limit(report: &mut Report, options: &mut Options, lower: &str, node: &Node) -> Cast<bool> {
    match lower {
        "max_connections" | "max_conn" => {
            options.max_connections = node.int()?;
            options.max_connections_set = true;
        }
        "max_subscriptions" | "max_subs" => options.max_subscriptions = node.int()?,
        "max_sub_tokens" | "max_subscription_tokens" => {
            let number = node.int()?;
            match u8::try_from(number) {
                Ok(number) if number > 0 => options.max_sub_tokens = number,
                _ if number > 0 => report.error(node, format!("{lower} value is too big")),
                _ => report.error(node, format!("{lower} value can not be negative")),
            }
        }
        "max_control_line" => options.max_control_line = small(report, lower, node)?,
        "max_payload" => options.max_payload = small(report, lower, node)?,
        "max_pending" => options.max_pending = node.int()?,
        "write_deadline" => options.write_deadline = time::duration(report, lower, node)?,
        "write_timeout" => options.write_timeout = write_timeout(report, node)?,
        "ping_interval" => options.ping_interval = time::duration(report, lower, node)?,
        "ping_max" => options.ping_max = node.int()?,
        "max_closed_clients" => options.max_closed_clients = node.int()?,
        "max_traced_msg_len" => options.max_traced_msg_len = node.int()?,
        "no_fast_producer_stall" => options.no_fast_producer_stall = node.boolean()?,
        "no_header_support" => options.no_header_support = node.boolean()?,
        "disable_sublist_cache" | "no_sublist_cache" => {
            options.disable_sublist_cache = node.boolean()?;
        }
        "lame_duck_duration" => {
            let nanos = lame_duck(lower, node)?;
            if nanos < MIN_LAME_DUCK {
                return Err(problem(
                    node,
                    format!(
                        "invalid lame_duck_duration of {}, minimum is 30 seconds",
                        go_text::duration(nanos)
                    ),
                ));
            }
            options.lame_duck_duration = time::span(nanos);
        }
        "lame_duck_grace_period" => {
            let nanos = lame_duck(lower, node)?;
            if nanos < 0 {
                return Err(problem(
                    node,
                    "invalid lame_duck_grace_period, needs to be positive",
                ));
            }
            options.lame_duck_grace_period = time::span(nanos);
        }
        "connect_error_reports" => options.connect_error_reports = node.int()?,
        "reconnect_error_reports" => options.reconnect_error_reports = node.int()?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn lame_duck(name: &str, node: &Node) -> Cast<i64> {
    go_text::parse_duration(node.text()?)
        .map_err(|e| problem(node, format!("error parsing {name}: {e}")))
}

fn logging(
    report: &mut Report,
    options: &mut Options,
    lower: &str,
    key: &str,
    node: &Node,
) -> Cast<bool> {
    match lower {
        "debug" => options.debug = node.boolean()?,
        "trace" => options.trace = node.boolean()?,
        "trace_verbose" => {
            options.trace_verbose = node.boolean()?;
            options.trace = options.trace_verbose;
        }
        "trace_headers" => {
            options.trace_headers = node.boolean()?;
            options.trace = options.trace_headers;
        }
        "logtime" => options.logtime = node.boolean()?,
        "logtime_utc" => options.logtime_utc = node.boolean()?,
        "logfile" | "log_file" => options.log_file = node.some_text()?.map(Into::into),
        "logfile_size_limit" | "log_size_limit" => options.log_size_limit = node.int()?,
        "logfile_max_num" | "log_max_num" => options.logfile_max_num = node.int()?,
        "syslog" => {
            options.syslog = node.boolean()?;
            if options.syslog {
                report.feature(FeatureKind::Syslog, key, &node.pos);
            }
        }
        "remote_syslog" => {
            options.remote_syslog = node.some_text()?;
            report.feature(FeatureKind::Syslog, key, &node.pos);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn security(
    report: &mut Report,
    options: &mut Options,
    lower: &str,
    key: &str,
    node: &Node,
) -> Cast<bool> {
    match lower {
        "authorization" => auth::top(report, options, node)?,
        // These two take effect only in lower case.
        "system_account" | "system" => match &node.value {
            Value::String(name) if key == lower => {
                options.system_account = (!name.is_empty()).then(|| name.clone());
            }
            Value::String(_) => {}
            _ => return Err(problem(node, "system account name must be a string")),
        },
        "no_system_account" | "no_system" | "no_sys_acc" => {
            options.no_system_account = node.boolean()?;
        }
        "operator" | "operators" | "root" | "roots" | "root_operator" | "root_operators" => {
            report.feature(FeatureKind::Operator, key, &node.pos);
            options.operators = operator::operators(report, node);
        }
        "trusted" | "trusted_keys" => {
            report.feature(FeatureKind::Operator, key, &node.pos);
            options.trusted_keys = operator::trusted(report, node);
        }
        "resolver" | "account_resolver" | "accounts_resolver" => {
            report.feature(FeatureKind::Resolver, key, &node.pos);
            options.resolver = operator::resolver(report, node)?;
        }
        "resolver_tls" => {
            node.map()?;
            report.feature(FeatureKind::Resolver, key, &node.pos);
            options.resolver_tls = tls::read(report, key, node, Place::Plain);
        }
        "resolver_preload" => {
            report.feature(FeatureKind::Resolver, key, &node.pos);
            options.resolver_preload = operator::preload(report, node);
        }
        "resolver_pinned_accounts" => {
            report.feature(FeatureKind::Resolver, key, &node.pos);
            options.resolver_pinned_accounts = auth::texts(report, lower, node);
        }
        "no_auth_user" => options.no_auth_user = node.some_text()?,
        "proxies" => {
            report.feature(FeatureKind::Proxies, key, &node.pos);
            options.proxies = Some(operator::proxies(report, node)?);
        }
        "tls" => {
            node.map()?;
            options.tls = tls::read(report, key, node, Place::Plain);
        }
        "ocsp" => {
            report.feature(FeatureKind::Ocsp, key, &node.pos);
            options.ocsp = ocsp::stapling(report, node)?;
        }
        "ocsp_cache" => {
            report.feature(FeatureKind::OcspCache, key, &node.pos);
            options.ocsp_cache = Some(ocsp::cache(node)?);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn block(
    report: &mut Report,
    options: &mut Options,
    lower: &str,
    key: &str,
    node: &Node,
) -> Cast<bool> {
    match lower {
        "cluster" => {
            let mut block = options.cluster.take().unwrap_or_default();
            let read = cluster::read(report, key, node, &mut block);
            options.cluster = Some(block);
            read?;
        }
        "gateway" => {
            let mut block = options.gateway.take().unwrap_or_default();
            let read = gateway::read(report, key, node, &mut block);
            options.gateway = Some(block);
            read?;
        }
        "leaf" | "leafnodes" => {
            let mut block = options.leafnodes.take().unwrap_or_default();
            let read = leafnodes::read(report, key, node, &mut block);
            options.leafnodes = Some(block);
            read?;
        }
        "store_dir" | "storedir" => {
            if options.jetstream.store_dir.is_some() {
                return Err(problem(node, "Duplicate 'store_dir' configuration"));
            }
            options.jetstream.store_dir = node.some_text()?;
        }
        "jetstream" => {
            jetstream::read(report, options, key, node)?;
            if options.jetstream_enabled && !matches!(node.value, Value::Map(_)) {
                report.feature(FeatureKind::JetStream, key, &node.pos);
            }
        }
        "websocket" | "ws" => {
            let mut block = options.websocket.take().unwrap_or_default();
            let read = listeners::websocket(report, key, node, &mut block);
            options.websocket = Some(block);
            read?;
        }
        "mqtt" => {
            let mut block = options.mqtt.take().unwrap_or_default();
            let read = listeners::mqtt(report, key, node, &mut block, &mut options.mqtt_errors);
            options.mqtt = Some(block);
            read?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}
