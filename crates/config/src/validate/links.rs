//! Cluster, gateway, leaf nodes (configuration.md 4).

use std::collections::HashSet;

use crate::go_text::{quote, quoted_list};
use crate::options::{CompressionMode, LeafRemote, Options};
use crate::read::{GLOBAL_ACCOUNT, KeyKind, is_public};

pub(super) fn leafnodes(options: &Options) -> Result<(), String> {
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
                "operator mode does not allow specifying users in leafnode config".to_owned(),
            );
        }
        if let Some(account) = &leaf.authorization.account
            && !is_public(KeyKind::Account, account)
        {
            return Err("operator mode and non account nkeys are incompatible".to_owned());
        }
        for remote in leaf.remotes.iter().filter(|remote| !remote.disabled) {
            let key = remote.account.as_deref().unwrap_or_default();
            if !is_public(KeyKind::Account, key) {
                return Err("operator mode requires account nkeys in remotes. Please add an `account` key to each remote in your `leafnodes` section, to assign it to an account. Each account value should be a 56 character public key, starting with the letter 'A'".to_owned());
            }
        }
    } else {
        known_accounts(options)?;
    }
    leaf_users(options)?;
    for remote in &leaf.remotes {
        one_kind_of_url(remote)?;
    }
    let gateway = options.gateway.as_ref().is_some_and(|g| g.name.is_some());
    let system = options.system_account.is_some()
        || options
            .operators
            .iter()
            .flatten()
            .any(|operator| !operator.system_account.is_empty());
    if leaf.port != 0 && gateway && !system {
        return Err("leaf nodes and gateways (both being defined) require a system account to also be configured".to_owned());
    }
    Ok(())
}

fn known_accounts(options: &Options) -> Result<(), String> {
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
    let users = leaf.authorization.users.iter().flatten();
    let names = users
        .filter_map(|user| user.account.as_deref())
        .chain(leaf.authorization.account.as_deref());
    for name in names {
        if !known(name) {
            return Err(missing(name, "authorization"));
        }
    }
    for remote in &leaf.remotes {
        if let Some(name) = &remote.account
            && !known(name)
        {
            return Err(missing(name, "remote"));
        }
    }
    Ok(())
}

fn leaf_users(options: &Options) -> Result<(), String> {
    let Some(leaf) = &options.leafnodes else {
        return Ok(());
    };
    let Some(users) = &leaf.authorization.users else {
        return Ok(());
    };
    if leaf.authorization.username.is_some() {
        return Err("can not have a single user/pass and a users array".to_owned());
    }
    if leaf.authorization.nkey.is_some() {
        return Err("can not have a single nkey and a users array".to_owned());
    }
    let mut seen = HashSet::new();
    for user in users {
        if !seen.insert(&user.username) {
            return Err(format!(
                "duplicate user {} detected in leafnode authorization",
                quote(&user.username)
            ));
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

pub(super) fn gateway(options: &Options) -> Result<(), String> {
    let Some(gateway) = &options.gateway else {
        return Ok(());
    };
    if gateway.name.is_none() && gateway.port == 0 {
        return Ok(());
    }
    let Some(name) = &gateway.name else {
        return Err("gateway has no name".to_owned());
    };
    if name.contains(' ') {
        return Err("gateway name cannot contain spaces".to_owned());
    }
    if gateway.port == 0 {
        return Err(format!(
            "gateway {} has no port specified (select -1 for random port)",
            quote(name)
        ));
    }
    for (at, remote) in gateway.gateways.iter().enumerate() {
        if remote.name.is_empty() {
            return Err(format!("gateway in the list {at} has no name"));
        }
        if remote.urls.is_empty() {
            return Err(format!("gateway {} has no URL", quote(&remote.name)));
        }
    }
    Ok(())
}

pub(super) fn cluster(options: &Options) -> Result<(), String> {
    let Some(cluster) = &options.cluster else {
        return Ok(());
    };
    if let Some(name) = &cluster.name {
        if name.contains(' ') {
            return Err("cluster name cannot contain spaces".to_owned());
        }
        let other = options.gateway.as_ref().and_then(|g| g.name.as_ref());
        if other.is_some_and(|other| other != name) {
            return Err(
                "cluster name conflicts between cluster and gateway definitions".to_owned(),
            );
        }
    }
    if cluster.accounts.is_empty() {
        return Ok(());
    }
    if cluster.pool_size < 0 {
        return Err("pool_size cannot be negative if pinned accounts are specified".to_owned());
    }
    let mut seen = HashSet::new();
    for name in &cluster.accounts {
        if !seen.insert(name) {
            return Err(format!(
                "found duplicate account name {} in pinned accounts list {}",
                quote(name),
                quoted_list(&cluster.accounts)
            ));
        }
    }
    Ok(())
}

/// The modes of all blocks, whether they listen or not.
pub(super) fn compression(options: &Options) -> Result<(), String> {
    if let Some(cluster) = &options.cluster
        && !cluster.compression.mode.is_empty()
    {
        cluster.compression.resolve(CompressionMode::S2Fast)?;
    }
    if let Some(leaf) = &options.leafnodes {
        let remotes = leaf.remotes.iter().map(|remote| &remote.compression);
        for compression in std::iter::once(&leaf.compression).chain(remotes) {
            if !compression.mode.is_empty() {
                compression.resolve(CompressionMode::S2Auto)?;
            }
        }
    }
    Ok(())
}
