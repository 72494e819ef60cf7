//! Options → the settings in force.

use std::sync::Arc;
use std::time::Duration;

use midge_config::options::{
    self, AccountLimits as ConfiguredLimits, HandshakeFirst as ConfiguredFirst, Options,
    WriteTimeout,
};
use midge_identity::authenticator::ProxySpec;
use midge_identity::{
    Authenticator, AuthenticatorSpec, ConnectionType, ConnectionTypes, PermissionSpec,
    ResponseLimits, SubjectRules, UserSpec,
};
use midge_subject::mapping::{Destination, Mappings};
use midge_wire::info::{API_LEVEL, PROTOCOL, ServerInfo, VERSION};

use crate::account::{AccountLimits, Accounts, GLOBAL_ACCOUNT, SYSTEM_ACCOUNT};
use crate::runtime::{HandshakeFirst, Runtime};
use crate::server::Identity;
use crate::tls::TlsListener;

/// What the INFO names as the tool chain.
pub const TOOL_CHAIN: &str = concat!("rust", env!("CARGO_PKG_RUST_VERSION"));

/// Commit of the build, when the build was told.
pub const GIT_COMMIT: Option<&str> = option_env!("MIDGE_GIT_COMMIT");

/// Longest timeout taken from a number of seconds; beyond it nobody waits.
const MAX_TIMEOUT_SECS: f64 = 1e9;

/// A number of seconds as a duration; negative ones are none at all.
pub fn seconds(value: f64) -> Duration {
    Duration::from_secs_f64(value.clamp(0.0, MAX_TIMEOUT_SECS))
}

/// Name of the system account of a configuration, `None` if there is none.
pub fn system_account_name(options: &Options) -> Option<String> {
    if options.no_system_account {
        return None;
    }
    Some(
        options
            .system_account
            .clone()
            .unwrap_or_else(|| SYSTEM_ACCOUNT.to_owned()),
    )
}

/// The settings of the data plane.
///
/// `port` is the port really listened on, `hidden_user` the name of the user
/// of clients that say nothing when only a system account is configured.
///
/// # Errors
/// A text that says which option cannot be followed.
pub fn runtime(
    options: &Options,
    identity: &Identity,
    port: u16,
    hidden_user: &str,
) -> Result<Runtime, String> {
    let tls = options
        .tls
        .as_ref()
        .map(|tls| tls_listener(options, tls))
        .transpose()?;
    let spec = authentication(options, hidden_user);
    let hides_auth_required = options
        .no_auth_user
        .as_ref()
        .is_some_and(|user| !user.is_empty());
    let auth = Authenticator::new(spec).with_proxies(ProxySpec {
        trusted: options.proxies.clone().unwrap_or_default(),
        required: options.authorization.proxy_required,
    });
    let maps = options.tls.as_ref().is_some_and(|tls| tls.verify_and_map);
    let auth = if maps { auth.with_certificates() } else { auth };
    let auth_required = auth.is_required();
    let clear = tls.as_ref().is_none_or(|tls| tls.allow_non_tls);
    let (host, port) = advertised(options, port)?;
    let info = ServerInfo {
        server_id: identity.id.clone(),
        server_name: identity.name.clone(),
        version: VERSION.to_owned(),
        proto: PROTOCOL,
        git_commit: GIT_COMMIT.unwrap_or_default().to_owned(),
        go: TOOL_CHAIN.to_owned(),
        host,
        port,
        headers: !options.no_header_support,
        auth_required,
        tls_required: tls.is_some() && !clear,
        tls_verify: tls.as_ref().is_some_and(|tls| tls.verify),
        tls_available: tls.is_some() && clear,
        max_payload: options.max_payload,
        api_lvl: API_LEVEL,
        jetstream: options.jetstream_enabled,
        domain: jetstream_domain(options),
        xkey: identity.xkey.clone(),
        ..ServerInfo::default()
    };
    let size = |value: i64| usize::try_from(value).unwrap_or(0);
    let max_pending = size(options.max_pending);
    Ok(Runtime {
        info,
        uses_nonce: auth.uses_nonce(),
        auth,
        auth_required,
        hides_auth_required,
        auth_timeout: seconds(options.authorization.timeout),
        tls: tls.map(Arc::new),
        proxy_protocol: options.proxy_protocol,
        supports_headers: !options.no_header_support,
        max_payload: usize::try_from(options.max_payload).ok(),
        max_control_line: size(options.max_control_line),
        max_pending,
        gate: max_pending / 4 * 3,
        max_connections: options.max_connections,
        max_subscriptions: size(options.max_subscriptions),
        max_sub_tokens: usize::from(options.max_sub_tokens),
        max_closed_clients: size(options.max_closed_clients),
        ping_interval: options.ping_interval,
        ping_max: u32::try_from(options.ping_max).unwrap_or(0),
        write_deadline: options.write_deadline,
        write_retry: options.write_timeout == WriteTimeout::Retry,
        no_fast_producer_stall: options.no_fast_producer_stall,
        max_traced_msg_len: size(options.max_traced_msg_len),
        trace_headers: options.trace_headers,
        domain_prefix: match jetstream_domain(options).as_str() {
            "" => Vec::new(),
            domain => format!("$JS.{domain}.API.").into_bytes(),
        },
    })
}

/// The domain that clients are told; empty without JetStream.
fn jetstream_domain(options: &Options) -> String {
    let domain = options.jetstream.domain.clone();
    domain
        .filter(|_| options.jetstream_enabled)
        .unwrap_or_default()
}

/// Host and port that clients are told.
fn advertised(options: &Options, port: u16) -> Result<(String, u16), String> {
    let Some(text) = options
        .client_advertise
        .as_deref()
        .filter(|text| !text.is_empty())
    else {
        return Ok((options.host.clone(), port));
    };
    let wrong = || format!("could not parse address string \"{text}\"");
    match text.rsplit_once(':') {
        Some((host, number)) if !host.contains(':') || host.ends_with(']') => {
            let number: i32 = number.parse().map_err(|_| wrong())?;
            let told = u16::try_from(number).unwrap_or(0);
            let host = host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned();
            Ok((host, if told == 0 { port } else { told }))
        }
        _ => Ok((text.to_owned(), port)),
    }
}

fn tls_listener(options: &Options, tls: &options::TlsOptions) -> Result<TlsListener, String> {
    let first = match tls.handshake_first {
        ConfiguredFirst::Off => HandshakeFirst::No,
        ConfiguredFirst::On => HandshakeFirst::Yes,
        ConfiguredFirst::Fallback(delay) => HandshakeFirst::Fallback(delay),
    };
    Ok(TlsListener {
        config: crate::tls_config::server_config(tls)
            .map_err(|error| with_place(options, &error))?,
        timeout: seconds(tls.timeout),
        first,
        allow_non_tls: options.allow_non_tls && first != HandshakeFirst::Yes,
        verify: tls.verify || tls.verify_and_map,
        rate_limit: u64::try_from(tls.connection_rate_limit).unwrap_or(0),
        pinned: tls.pinned_certs.clone().unwrap_or_default(),
    })
}

/// What is wrong with the `tls` block, and where.
fn with_place(options: &Options, error: &crate::tls_config::UnusableOption) -> String {
    let place = midge_config::place_of(options, &format!("tls.{}", error.key));
    match place.or_else(|| midge_config::place_of(options, "tls")) {
        Some(place) => format!("{place}: {error}"),
        None => error.to_string(),
    }
}

/// Whether clients that say nothing come in as a hidden user: only a system
/// account is configured beside the global one (security.md 3.7).
pub fn has_hidden_user(options: &Options) -> bool {
    let system = system_account_name(options);
    let others = options
        .accounts
        .iter()
        .filter(|account| account.name != GLOBAL_ACCOUNT);
    let only_system = options.accounts.len() == 1
        && others
            .clone()
            .all(|account| Some(&account.name) == system.as_ref());
    only_system
        && !options.authorization.defined
        && options.no_auth_user.is_none()
        && !(options.authorization.users.is_empty() && options.authorization.nkeys.is_empty())
}

fn authentication(options: &Options, hidden_user: &str) -> AuthenticatorSpec {
    let auth = &options.authorization;
    let mut users: Vec<UserSpec> = Vec::new();
    for user in &auth.users {
        users.push(UserSpec {
            name: user.username.clone(),
            password: user.password.clone(),
            account: user.account.clone().unwrap_or_default(),
            permissions: user.permissions.as_ref().map(permissions),
            connection_types: connection_types(user.allowed_connection_types.as_deref()),
            proxy_required: user.proxy_required,
            ..UserSpec::default()
        });
    }
    for user in &auth.nkeys {
        users.push(UserSpec {
            nkey: user.nkey.clone(),
            account: user.account.clone().unwrap_or_default(),
            permissions: user.permissions.as_ref().map(permissions),
            connection_types: connection_types(user.allowed_connection_types.as_deref()),
            proxy_required: user.proxy_required,
            ..UserSpec::default()
        });
    }
    let mut no_auth_user = options.no_auth_user.clone().unwrap_or_default();
    if has_hidden_user(options) {
        users.push(UserSpec {
            name: hidden_user.to_owned(),
            ..UserSpec::default()
        });
        no_auth_user = hidden_user.to_owned();
    }
    AuthenticatorSpec {
        users,
        username: auth.username.clone().unwrap_or_default(),
        password: auth.password.clone().unwrap_or_default(),
        token: auth.token.clone().unwrap_or_default(),
        no_auth_user,
    }
}

fn connection_types(names: Option<&[String]>) -> ConnectionTypes {
    names
        .unwrap_or_default()
        .iter()
        .filter_map(|name| ConnectionType::parse(name))
        .collect()
}

fn permissions(configured: &options::Permissions) -> PermissionSpec {
    let rules = |rules: &Option<options::SubjectPermission>| match rules {
        None => SubjectRules::default(),
        Some(rules) => SubjectRules {
            allow: rules.allow.clone(),
            deny: rules.deny.clone(),
        },
    };
    let responses = configured.response.map(|response| ResponseLimits {
        max: u64::try_from(response.max).ok(),
        expires: response.expires,
    });
    PermissionSpec {
        publish: rules(&configured.publish),
        subscribe: rules(&configured.subscribe),
        responses,
    }
}

/// Makes the accounts as configured: missing ones are created, limits and
/// mappings set, others forgotten.
///
/// # Errors
/// The text about a mapping that is not valid; parsing has checked them.
pub fn apply_accounts(options: &Options, accounts: &Accounts) -> Result<(), String> {
    let cluster = options.cluster_name();
    let global = accounts.get_or_create(GLOBAL_ACCOUNT);
    global.set_mappings(mappings(&options.mappings, cluster)?);
    for configured in &options.accounts {
        let account = accounts.get_or_create(&configured.name);
        account.set_limits(limits(&configured.limits));
        account.set_mappings(mappings(&configured.mappings, cluster)?);
    }
    let system = system_account_name(options);
    if let Some(system) = &system {
        accounts.get_or_create(system);
    }
    accounts.retain(|name| {
        name == GLOBAL_ACCOUNT
            || Some(name) == system.as_deref()
            || options.accounts.iter().any(|account| account.name == name)
    });
    Ok(())
}

fn limits(configured: &ConfiguredLimits) -> AccountLimits {
    AccountLimits {
        max_connections: configured.max_connections,
        max_subscriptions: configured.max_subscriptions,
        max_payload: configured.max_payload,
        max_leafnodes: configured.max_leafnodes,
    }
}

fn mappings(configured: &[options::Mapping], cluster: Option<&str>) -> Result<Mappings, String> {
    let list = configured.iter().map(|mapping| {
        let destinations = mapping.destinations.iter().map(|destination| Destination {
            subject: destination.subject.clone(),
            weight: destination.weight,
            cluster: Some(destination.cluster.clone()).filter(|name| !name.is_empty()),
        });
        (mapping.source.clone(), destinations.collect::<Vec<_>>())
    });
    Mappings::new(list, cluster).map_err(|error| error.to_string())
}
