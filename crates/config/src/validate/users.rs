//! Users, permissions, pinned certificates, proxies (configuration.md 2.6).

use std::collections::BTreeSet;

use crate::error::{About as _, Invalid};
use crate::go_text::quote;
use crate::options::{Options, Permissions, TlsOptions};
use crate::read::{CONNECTION_TYPES, Wrong, check_with_queue, raw_public};

/// In the order of the sheet.
pub(super) fn check(options: &Options) -> Result<(), Invalid> {
    pinned(options)?;
    let authorization = &options.authorization;
    let types = authorization
        .users
        .iter()
        .map(|user| &user.allowed_connection_types)
        .chain(
            authorization
                .nkeys
                .iter()
                .map(|user| &user.allowed_connection_types),
        );
    for name in types.flatten().flatten() {
        if !CONNECTION_TYPES.contains(&name.to_uppercase().as_str()) {
            return Err(
                format!("unknown connection type {}", quote(name)).about(["authorization.users"])
            );
        }
    }
    for user in &authorization.users {
        permissions(&user.permissions).map_err(|e| {
            format!(
                "invalid permissions for user {}: {e}",
                quote(&user.username)
            )
            .about(["authorization.users"])
        })?;
    }
    for user in &authorization.nkeys {
        permissions(&user.permissions).map_err(|e| {
            format!("invalid permissions for nkey {}: {e}", quote(&user.nkey))
                .about(["authorization.users"])
        })?;
    }
    no_auth_user(options, options.no_auth_user.as_deref(), "no_auth_user")?;
    for key in options.proxies.iter().flatten() {
        if raw_public(key).is_none() {
            return Err(
                format!("proxy trusted key {} is invalid", quote(key)).about(["proxies.trusted"])
            );
        }
    }
    Ok(())
}

fn permissions(permissions: &Option<Permissions>) -> Result<(), String> {
    let Some(permissions) = permissions else {
        return Ok(());
    };
    let directions = [
        ("publish", &permissions.publish),
        ("subscribe", &permissions.subscribe),
    ];
    for (what, direction) in directions {
        let Some(direction) = direction else {
            continue;
        };
        let allow = direction.allow.iter().flatten().map(|s| ("allow", s));
        let deny = direction.deny.iter().map(|s| ("deny", s));
        for (list, subject) in allow.chain(deny) {
            check_with_queue(subject).map_err(|wrong| match wrong {
                Wrong::Subject => {
                    format!(
                        "{what} {list}: subject {} is not a valid subject",
                        quote(subject)
                    )
                }
                Wrong::Queue(queue) => {
                    format!("{what} {list}: queue {} is not a valid queue", quote(queue))
                }
            })?;
        }
    }
    Ok(())
}

/// The implicit user of a listener must exist.
pub(super) fn no_auth_user(
    options: &Options,
    name: Option<&str>,
    place: &str,
) -> Result<(), Invalid> {
    let Some(name) = name else {
        return Ok(());
    };
    if options.operators.as_ref().is_some_and(|o| !o.is_empty()) {
        return Err("no_auth_user not compatible with Trusted Operator".about([place]));
    }
    let users = &options.authorization.users;
    let nkeys = &options.authorization.nkeys;
    if users.is_empty() && nkeys.is_empty() {
        return Err(format!(
            "no_auth_user: {} present, but users/nkeys are not defined",
            quote(name)
        )
        .about([place]));
    }
    if users.iter().any(|user| user.username == name) || nkeys.iter().any(|user| user.nkey == name)
    {
        return Ok(());
    }
    Err(format!(
        "no_auth_user: {} not present as user or nkey in authorization block or account configuration",
        quote(name)
    ).about([place]))
}

/// Hex digits of a SHA-256.
const PIN_DIGITS: usize = 64;

fn pins(tls: Option<&TlsOptions>, prefix: &str, path: &str) -> Result<(), Invalid> {
    let pins: BTreeSet<&String> = tls
        .into_iter()
        .flat_map(|tls| tls.pinned_certs.iter().flatten())
        .collect();
    for pin in pins {
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if pin.len() != PIN_DIGITS || !pin.bytes().all(lower_hex) {
            let text = format!(
                "{prefix}error parsing 'pinned_certs' key {pin} does not look like lower case hex-encoded sha256 of DER encoded SubjectPublicKeyInfo"
            );
            return Err(text.about([format!("{path}.pinned_certs")]));
        }
    }
    Ok(())
}

fn pinned(options: &Options) -> Result<(), Invalid> {
    pins(options.tls.as_ref(), "", "tls")?;
    if let Some(block) = &options.cluster {
        pins(block.tls.as_ref(), "cluster: ", "cluster.tls")?;
    }
    if let Some(block) = &options.leafnodes {
        pins(block.tls.as_ref(), "leafnode: ", "leafnodes.tls")?;
    }
    if let Some(block) = &options.gateway {
        pins(block.tls.as_ref(), "gateway: ", "gateway.tls")?;
        for (at, remote) in block.gateways.iter().enumerate() {
            let prefix = format!("gateway {}: ", quote(&remote.name));
            let path = format!("gateway.gateways[{at}].tls");
            pins(remote.tls.as_ref(), &prefix, &path)?;
        }
    }
    if let Some(block) = &options.websocket {
        pins(block.tls.as_ref(), "websocket: ", "websocket.tls")?;
    }
    if let Some(block) = &options.mqtt {
        pins(block.tls.as_ref(), "mqtt: ", "mqtt.tls")?;
    }
    Ok(())
}
