//! `nats stream cluster`.

use super::find::matching;
use super::info::chosen;
use super::information::show;
use crate::commands::assets::{Group, Led, balance, step_down};
use crate::failure::Result;
use crate::format::commas;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail, log};

/// API level of servers that can be told whom to elect.
const PREFERRED_LEVEL: i64 = 1;

/// Fails unless the server can be told which server should lead.
pub fn need_preferred(session: &mut Session) -> Result<()> {
    session.need_api_level(
        PREFERRED_LEVEL,
        "a preferred leader requires servers with JetStream API level 1",
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
    if !preferred.is_empty() {
        need_preferred(session)?;
    }
    let (api, info) = chosen(session, force)?;
    let name = info.text("config.name");
    let group = Group {
        title: format!("stream {name:?}"),
        request: format!("STREAM.LEADER.STEPDOWN.{name}"),
        cluster: info.at("cluster"),
    };
    let info = step_down(&api, &group, &preferred, force, || api.stream_info(name))?;
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
    if cluster.text("name").is_empty() {
        bail!("stream {name:?} is not clustered");
    }
    let mut peers: Vec<String> = cluster
        .list("replicas")
        .iter()
        .map(|peer| peer.text("name").to_owned())
        .collect();
    let leader = cluster.text("leader");
    if !leader.is_empty() {
        peers.push(leader.to_owned());
    }
    peers.sort();
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
    )
    .map_err(|error| fail!("could not remove peer {peer:?}: {error}"))?;
    log!("Requested removal of peer {peer:?}");
    Ok(())
}

/// Spreads the leaders of streams evenly.
pub fn balance_leaders(session: &mut Session) -> Result<()> {
    need_preferred(session)?;
    let api = session.jetstream()?;
    let streams: Vec<Led> = matching(&api, session, None)?
        .into_iter()
        .filter(|info| !info.list("cluster.replicas").is_empty())
        .map(|info| {
            let name = info.text("config.name");
            Led {
                title: format!("stream {name:?}"),
                info: format!("STREAM.INFO.{name}"),
                step_down: format!("STREAM.LEADER.STEPDOWN.{name}"),
                cluster: info.at("cluster").clone(),
            }
        })
        .collect();
    if streams.is_empty() {
        bail!("no clustered streams matched");
    }
    let moved = balance(&api, &streams)?;
    println!(
        "Balanced {} streams.",
        commas(u64::try_from(moved).unwrap_or(u64::MAX))
    );
    Ok(())
}
