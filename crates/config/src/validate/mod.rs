//! What only makes sense together, checked when a server is made and on every
//! reload, but not by `-t` (configuration.md 2.6, 4, 5.3, 6).

mod jetstream;
mod links;
mod listeners;
mod users;

use crate::error::{About as _, Invalid};
use crate::go_text::duration_text;
use crate::options::Options;
use crate::read::{GLOBAL_ACCOUNT, KeyKind, add_to_invalid, is_public, version};

/// Version this server is compatible with; operators may ask for a lowest one.
const SERVER_VERSION: [u64; 3] = [2, 15, 1];

/// Checks options as a whole; the first problem is returned.
///
/// # Errors
/// The text that follows `nats-server: `, and where the options stand.
pub fn validate(options: &Options) -> Result<(), Invalid> {
    check(options).map_err(|mut invalid| {
        add_to_invalid(&mut invalid, options);
        invalid
    })
}

fn check(options: &Options) -> Result<(), Invalid> {
    basics(options)?;
    operators(options)?;
    links::leafnodes(options)?;
    users::check(options)?;
    links::gateway(options)?;
    links::cluster(options)?;
    listeners::mqtt(options)?;
    jetstream::check(options)?;
    listeners::websocket(options)?;
    links::compression(options)?;
    ocsp_peer(options)?;
    system_account(options)
}

fn basics(options: &Options) -> Result<(), Invalid> {
    if options.lame_duck_duration > std::time::Duration::ZERO
        && options.lame_duck_grace_period >= options.lame_duck_duration
    {
        return Err(format!(
            "lame duck grace period ({}) should be strictly lower than lame duck duration ({})",
            duration_text(options.lame_duck_grace_period),
            duration_text(options.lame_duck_duration)
        )
        .about(["lame_duck_grace_period", "lame_duck_duration"]));
    }
    if options.max_payload > options.max_pending {
        return Err(format!(
            "max_payload ({}) cannot be higher than max_pending ({})",
            options.max_payload, options.max_pending
        )
        .about(["max_payload", "max_pending"]));
    }
    let spaces = |name: &Option<String>| name.as_ref().is_some_and(|name| name.contains(' '));
    if spaces(&options.server_name) {
        return Err("server name cannot contain spaces".about(["server_name"]));
    }
    Ok(())
}

fn operators(options: &Options) -> Result<(), Invalid> {
    let operators = options.operators.as_deref().unwrap_or_default();
    if operators.is_empty() {
        if options.default_sentinel.is_some() {
            return Err(
                "default sentinel requires operators and accounts".about(["default_sentinel"])
            );
        }
        return Ok(());
    }
    let has_resolver = options.resolver.is_some()
        || operators
            .first()
            .is_some_and(|operator| !operator.account_server_url.is_empty());
    if !has_resolver {
        return Err("operators require an account resolver to be configured".about(["operator"]));
    }
    if !options.accounts.is_empty() {
        return Err("operators do not allow Accounts to be configured directly"
            .about(["accounts", "operator"]));
    }
    let authorization = &options.authorization;
    if !authorization.users.is_empty() || !authorization.nkeys.is_empty() {
        return Err("operators do not allow users to be configured directly"
            .about(["authorization.users", "operator"]));
    }
    if options.trusted_keys.as_ref().is_some_and(|k| !k.is_empty()) {
        return Err(
            "conflicting options for 'TrustedKeys' and 'TrustedOperators'"
                .about(["trusted_keys", "operator"]),
        );
    }
    let system = &options.system_account;
    for operator in operators {
        if let Some(system) = system
            && !operator.system_account.is_empty()
            && operator.system_account != *system
        {
            return Err(
                "system_account in config and operator JWT must be identical"
                    .about(["system_account", "operator"]),
            );
        }
    }
    let named = system.is_some() || operators.iter().any(|o| !o.system_account.is_empty());
    let directory = matches!(
        options.resolver,
        Some(crate::options::Resolver::Full(_) | crate::options::Resolver::Cache(_))
    );
    if directory && !named {
        return Err("using nats based account resolver - the system account needs to be specified in configuration or the operator jwt".about(["resolver"]));
    }
    for operator in operators {
        wanted_version(&operator.subject, &operator.assert_server_version)?;
    }
    if options.authorization.auth_callout.is_some() {
        return Err(
            "operators do not allow authorization callouts to be configured directly"
                .about(["authorization.auth_callout", "operator"]),
        );
    }
    sentinel(options)?;
    preload(options)
}

fn wanted_version(operator: &str, wanted: &str) -> Result<(), Invalid> {
    if wanted.is_empty() {
        return Ok(());
    }
    let Some(wanted) = version(wanted) else {
        return Err(format!(
            "operator {operator} expected a version of the form 1.2.3, got {wanted}"
        )
        .about(["operator"]));
    };
    for (at, part) in ["major", "minor", "update"].into_iter().enumerate() {
        if wanted[at] > SERVER_VERSION[at] {
            return Err(format!(
                "operator {operator} expected {part} version {} > server {part} version {}",
                wanted[at], SERVER_VERSION[at]
            )
            .about(["operator"]));
        }
        if wanted[at] < SERVER_VERSION[at] {
            break;
        }
    }
    Ok(())
}

fn sentinel(options: &Options) -> Result<(), Invalid> {
    let Some(token) = &options.default_sentinel else {
        return Ok(());
    };
    match crate::read::is_bearer(token) {
        None => Err("default sentinel JWT not valid".about(["default_sentinel"])),
        Some(false) => Err("default sentinel must be a bearer token".about(["default_sentinel"])),
        Some(true) => Ok(()),
    }
}

/// Preloaded and pinned accounts.
fn preload(options: &Options) -> Result<(), Invalid> {
    for key in options.resolver_pinned_accounts.iter().flatten() {
        if !is_public(KeyKind::Account, key) {
            return Err(format!(
                "pinned account key {} is not a valid public account nkey",
                crate::go_text::quote(key)
            )
            .about(["resolver_pinned_accounts"]));
        }
    }
    let preloaded = options
        .resolver_preload
        .as_ref()
        .is_some_and(|preload| !preload.is_empty());
    if preloaded && matches!(options.resolver, Some(crate::options::Resolver::Url(_))) {
        return Err(
            "resolver preloads only available for writeable resolver types MEM/DIR/CACHE_DIR"
                .about(["resolver_preload", "resolver"]),
        );
    }
    Ok(())
}

fn ocsp_peer(options: &Options) -> Result<(), Invalid> {
    let leafnodes = options.leafnodes.as_ref();
    let websocket = options.websocket.as_ref();
    let blocks = [
        ("tls", options.tls.as_ref()),
        ("leafnodes.tls", leafnodes.and_then(|b| b.tls.as_ref())),
        ("websocket.tls", websocket.and_then(|b| b.tls.as_ref())),
    ];
    for (path, tls) in blocks {
        let peer = tls.and_then(|tls| tls.ocsp_peer.as_ref());
        if peer.is_some_and(|peer| peer.verify) && tls.is_some_and(|tls| !tls.verify) {
            let text = "OCSP peer verification for client connections requires TLS verify (mTLS) to be enabled";
            return Err(text.about([format!("{path}.verify"), format!("{path}.ocsp_peer")]));
        }
    }
    Ok(())
}

fn system_account(options: &Options) -> Result<(), Invalid> {
    if options.operators.is_some() || options.trusted_keys.is_some() {
        return Ok(());
    }
    match &options.system_account {
        Some(name)
            if name != GLOBAL_ACCOUNT
                && !options.accounts.iter().any(|account| account.name == *name) =>
        {
            Err("error resolving system account: account missing".about(["system_account"]))
        }
        _ => Ok(()),
    }
}
