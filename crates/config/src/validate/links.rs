//! Cluster, gateway, leaf nodes (configuration.md 4).

use std::collections::HashSet;

use crate::error::{About as _, Invalid};
use crate::go_text::{quote, quoted_list};
use crate::options::{Compression, CompressionMode, LeafRemote, Options};
use crate::read::{GLOBAL_ACCOUNT, KeyKind, is_public};

pub(super) fn leafnodes(options: &Options) -> Result<(), Invalid> {
    let Some(leaf) = &options.leafnodes else {
        return Ok(());
    };
    let operator_mode = options.operators.as_ref().is_some_and(|o| !o.is_empty());
    if operator_mode {
        if leaf
            .authorization
            .users
            .as_ref()
            .is_some_and(|u| !u.is_empty())
        {
            return Err(
                "operator mode does not allow specifying users in leafnode config"
                    .about(["leafnodes.authorization.users"]),
            );
        }
        if let Some(account) = &leaf.authorization.account
            && !is_public(KeyKind::Account, account)
        {
            return Err("operator mode and non account nkeys are incompatible"
                .about(["leafnodes.authorization.account"]));
        }
        for (at, remote) in leaf.remotes.iter().enumerate() {
            if remote.disabled {
                continue;
            }
            let key = remote.account.as_deref().unwrap_or_default();
            if !is_public(KeyKind::Account, key) {
                return Err("operator mode requires account nkeys in remotes. Please add an `account` key to each remote in your `leafnodes` section, to assign it to an account. Each account value should be a 56 character public key, starting with the letter 'A'".about([format!("leafnodes.remotes[{at}]")]));
            }
        }
    } else {
        known_accounts(options)?;
    }
    leaf_users(options)?;
    for (at, remote) in leaf.remotes.iter().enumerate() {
        let path = format!("leafnodes.remotes[{at}].urls");
        one_kind_of_url(remote).map_err(|text| text.about([path]))?;
    }
    let gateway = options.gateway.as_ref().is_some_and(|g| g.name.is_some());
    let system = options.system_account.is_some()
        || options
            .operators
            .iter()
            .flatten()
            .any(|operator| !operator.system_account.is_empty());
    if leaf.port != 0 && gateway && !system {
        return Err("leaf nodes and gateways (both being defined) require a system account to also be configured".about(["leafnodes", "gateway"]));
    }
    Ok(())
}

fn known_accounts(options: &Options) -> Result<(), Invalid> {
    let Some(leaf) = &options.leafnodes else {
        return Ok(());
    };
    let known = |name: &str| {
        name == GLOBAL_ACCOUNT || options.accounts.iter().any(|account| account.name == name)
    };
    let missing = |name: &str, place: &str| {
        format!(
            "cannot find local account {} specified in leafnode {place}",
            quote(name)
        )
    };
    for (at, user) in leaf.authorization.users.iter().flatten().enumerate() {
        if let Some(name) = user.account.as_deref().filter(|name| !known(name)) {
            let path = format!("leafnodes.authorization.users[{at}].account");
            return Err(missing(name, "authorization").about([path]));
        }
    }
    let name = leaf.authorization.account.as_deref();
    if let Some(name) = name.filter(|name| !known(name)) {
        let path = "leafnodes.authorization.account";
        return Err(missing(name, "authorization").about([path]));
    }
    for (at, remote) in leaf.remotes.iter().enumerate() {
        if let Some(name) = remote.account.as_deref().filter(|name| !known(name)) {
            let path = format!("leafnodes.remotes[{at}].account");
            return Err(missing(name, "remote").about([path]));
        }
    }
    Ok(())
}

fn leaf_users(options: &Options) -> Result<(), Invalid> {
    let Some(leaf) = &options.leafnodes else {
        return Ok(());
    };
    let Some(users) = &leaf.authorization.users else {
        return Ok(());
    };
    if leaf.authorization.username.is_some() {
        return Err("can not have a single user/pass and a users array".about([
            "leafnodes.authorization.user",
            "leafnodes.authorization.users",
        ]));
    }
    if leaf.authorization.nkey.is_some() {
        return Err("can not have a single nkey and a users array".about([
            "leafnodes.authorization.nkey",
            "leafnodes.authorization.users",
        ]));
    }
    let mut seen = HashSet::new();
    for user in users {
        if !seen.insert(&user.username) {
            return Err(format!(
                "duplicate user {} detected in leafnode authorization",
                quote(&user.username)
            )
            .about(["leafnodes.authorization.users"]));
        }
    }
    Ok(())
}

fn one_kind_of_url(remote: &LeafRemote) -> Result<(), String> {
    let websocket = |scheme: &str| scheme == "ws" || scheme == "wss";
    let count = remote
        .urls
        .iter()
        .filter(|url| websocket(&url.scheme))
        .count();
    if count == 0 || count == remote.urls.len() {
        return Ok(());
    }
    let urls: Vec<String> = remote.urls.iter().map(|url| url.redacted()).collect();
    Err(format!(
        "remote leaf node configuration cannot have a mix of websocket and non-websocket urls: {}",
        quoted_list(&urls)
    ))
}

pub(super) fn gateway(options: &Options) -> Result<(), Invalid> {
    let Some(gateway) = &options.gateway else {
        return Ok(());
    };
    if gateway.name.is_none() && gateway.port == 0 {
        return Ok(());
    }
    let Some(name) = &gateway.name else {
        return Err("gateway has no name".about(["gateway"]));
    };
    if name.contains(' ') {
        return Err("gateway name cannot contain spaces".about(["gateway.name"]));
    }
    if gateway.port == 0 {
        return Err(format!(
            "gateway {} has no port specified (select -1 for random port)",
            quote(name)
        )
        .about(["gateway"]));
    }
    for (at, remote) in gateway.gateways.iter().enumerate() {
        if remote.name.is_empty() {
            return Err(format!("gateway in the list {at} has no name")
                .about([format!("gateway.gateways[{at}]")]));
        }
        if remote.urls.is_empty() {
            return Err(format!("gateway {} has no URL", quote(&remote.name))
                .about([format!("gateway.gateways[{at}]")]));
        }
    }
    Ok(())
}

pub(super) fn cluster(options: &Options) -> Result<(), Invalid> {
    let Some(cluster) = &options.cluster else {
        return Ok(());
    };
    if let Some(name) = &cluster.name {
        if name.contains(' ') {
            return Err("cluster name cannot contain spaces".about(["cluster.name"]));
        }
        let other = options.gateway.as_ref().and_then(|g| g.name.as_ref());
        if other.is_some_and(|other| other != name) {
            return Err(
                "cluster name conflicts between cluster and gateway definitions"
                    .about(["cluster.name", "gateway.name"]),
            );
        }
    }
    if cluster.accounts.is_empty() {
        return Ok(());
    }
    if cluster.pool_size < 0 {
        return Err(
            "pool_size cannot be negative if pinned accounts are specified"
                .about(["cluster.pool_size", "cluster.accounts"]),
        );
    }
    let mut seen = HashSet::new();
    for name in &cluster.accounts {
        if !seen.insert(name) {
            return Err(format!(
                "found duplicate account name {} in pinned accounts list {}",
                quote(name),
                quoted_list(&cluster.accounts)
            )
            .about(["cluster.accounts"]));
        }
    }
    Ok(())
}

/// The modes of all blocks, whether they listen or not.
pub(super) fn compression(options: &Options) -> Result<(), Invalid> {
    let check = |compression: &Compression, on: CompressionMode, path: &str| {
        if compression.mode.is_empty() {
            return Ok(());
        }
        let resolved = compression.resolve(on);
        resolved.map(|_| ()).map_err(|text| text.about([path]))
    };
    if let Some(cluster) = &options.cluster {
        check(
            &cluster.compression,
            CompressionMode::S2Fast,
            "cluster.compression",
        )?;
    }
    if let Some(leaf) = &options.leafnodes {
        let on = CompressionMode::S2Auto;
        check(&leaf.compression, on, "leafnodes.compression")?;
        for (at, remote) in leaf.remotes.iter().enumerate() {
            let path = format!("leafnodes.remotes[{at}].compression");
            check(&remote.compression, on, &path)?;
        }
    }
    Ok(())
}
