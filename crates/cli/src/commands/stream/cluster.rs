//! `nats stream cluster`.

use super::find::matching;
use super::info::{chosen, connect};
use super::information::show;
use crate::commands::assets::{Group, Led, balance, step_down};
use crate::failure::Result;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, log};

/// API level of servers that can be told whom to elect.
const PREFERRED_LEVEL: i64 = 1;

/// Fails unless the server can be told which server should lead.
pub fn need_preferred(session: &mut Session) -> Result<()> {
    session.need_api_level(
        PREFERRED_LEVEL,
        "placement hints during step-down requires NATS Server 2.11",
    )
}

/// Lets the leader of a stream step down.
pub fn elect(session: &mut Session) -> Result<()> {
    let preferred = session
        .matches
        .filled("preferred")
        .unwrap_or_default()
        .to_owned();
    let force = session.matches.on("force");
    let (api, info) = chosen(session, force)?;
    let name = info.text("config.name");
    let group = Group {
        title: format!("stream {name:?}"),
        request: format!("STREAM.LEADER.STEPDOWN.{name}"),
        cluster: info.at("cluster"),
    };
    group.check(force)?;
    if !preferred.is_empty() {
        need_preferred(session)?;
    }
    let info = step_down(&api, &group, &preferred, force, || api.stream_info(name))?;
    println!();
    show(&info, false, false);
    Ok(())
}

/// Moves a stream away from a server.
pub fn remove_peer(session: &mut Session) -> Result<()> {
    let force = session.matches.on("force");
    let peer = session.matches.arg("peer").unwrap_or_default().to_owned();
    let (api, info) = chosen(session, false)?;
    let name = info.text("config.name");
    let cluster = info.at("cluster");
    if !info.has("cluster") {
        bail!("stream {name:?} is not clustered");
    }
    let mut peers = vec![cluster.text("leader").to_owned()];
    let replicas = cluster.list("replicas").iter();
    peers.extend(replicas.map(|peer| peer.text("name").to_owned()));
    if peers.len() == 1 && !force {
        bail!("removing the only peer on a stream will result in data loss, use --force to force");
    }
    let peer = if peer.is_empty() {
        let chosen = session.prompt().select("Select a Peer", &peers, 0)?;
        peers.get(chosen).cloned().unwrap_or_default()
    } else {
        peer
    };
    log!("Removing peer {peer:?}");
    api.request(
        &format!("STREAM.PEER.REMOVE.{name}"),
        &Json::object().with("peer", peer.as_str()),
    )?;
    log!("Requested removal of peer {peer:?}");
    Ok(())
}

/// Spreads the leaders of streams evenly.
pub fn balance_leaders(session: &mut Session) -> Result<()> {
    let api = connect(session)?;
    let streams: Vec<Led> = matching(&api, session, None)?
        .into_iter()
        .map(|info| {
            let name = info.text("config.name");
            Led {
                kind: "stream",
                name: name.to_owned(),
                step_down: format!("STREAM.LEADER.STEPDOWN.{name}"),
                cluster: info.at("cluster").clone(),
            }
        })
        .collect();
    if streams.is_empty() {
        return Ok(());
    }
    session.need_api_level(
        PREFERRED_LEVEL,
        "invalid server version. Balancer requires server version 2.11.0 or higher",
    )?;
    let moved =
        balance(&api, &streams).map_err(|failure| failure.context("failed to balance streams"))?;
    println!("Balanced {moved} streams.");
    Ok(())
}
