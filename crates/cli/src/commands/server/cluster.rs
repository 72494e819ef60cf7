//! `nats server cluster` (cli.md 7.6).

use std::thread;
use std::time::Duration;

use crate::failure::Result;
use crate::output::Json;
use crate::session::Session;
use crate::system::System;
use crate::{bail, fail, log};

/// Time between two looks for the new leader.
const POLL: Duration = Duration::from_millis(500);
/// Looks for the new leader.
const POLLS: usize = 5;

/// What the meta leader says about its group.
fn meta(system: &System) -> Result<Json> {
    let answer = system.first(
        "$SYS.REQ.SERVER.PING.JSZ",
        Some(&Json::object().with("leader_only", true)),
    )?;
    if answer.has("error") {
        bail!("{}", answer.text("error.description"));
    }
    if !answer.has("data.meta_cluster") {
        bail!("JetStream is not clustered");
    }
    Ok(answer.at("data.meta_cluster").clone())
}

/// The system account has no JetStream domain.
fn refuse_domain(session: &mut Session, command: &str) -> Result<()> {
    if !session.context()?.record.jetstream_domain.is_empty() {
        bail!(
            "the --js-domain option cannot be used with {command}: JetStream domains do not apply to the system account, connect without a domain configured"
        );
    }
    Ok(())
}

/// Lets the meta leader step down.
pub fn step_down(session: &mut Session) -> Result<()> {
    refuse_domain(session, "step-down")?;
    let matches = &session.matches;
    let mut placement = Json::object();
    if let Some(cluster) = matches.filled("cluster") {
        placement.set("cluster", cluster);
    }
    let tags = matches.split_list("tags");
    if !tags.is_empty() {
        let tags = tags.iter().map(|tag| Json::from(tag.as_str()));
        placement.set("tags", Json::List(tags.collect()));
    }
    if let Some(host) = matches.filled("host") {
        placement.set("preferred", host);
    }
    let (json, force) = (matches.on("json"), matches.on("force"));
    let system = System::of(session)?;
    let before = meta(&system)?;
    let leader = before.text("leader").to_owned();
    if leader.is_empty() && !force {
        bail!("cluster has no current leader");
    }
    log!(
        "Requesting leader step down of {leader:?} in a {} peer RAFT group",
        before.list("replicas").len() + 1
    );
    let body = if placement.entries("").is_empty() {
        Json::Null
    } else {
        Json::object().with("placement", placement)
    };
    let answer = session
        .jetstream()?
        .request("META.LEADER.STEPDOWN", &body)?;
    if !answer.on("success") {
        bail!("the server did not accept the request");
    }
    for _ in 0..POLLS {
        thread::sleep(POLL);
        // Without a leader nobody answers.
        let Ok(now) = meta(&system) else {
            continue;
        };
        let elected = now.text("leader");
        if !elected.is_empty() && elected != leader {
            log!("New leader elected {elected:?}");
            if json {
                now.print();
            }
            return Ok(());
        }
    }
    bail!("did not elect a new leader in time");
}

/// Removes a server from the meta group for good.
pub fn peer_remove(session: &mut Session) -> Result<()> {
    refuse_domain(session, "peer-remove")?;
    let wanted = session.matches.required_arg("name").to_owned();
    let system = System::of(session)?;
    let group = meta(&system)?;
    let peer = group
        .list("replicas")
        .iter()
        .find(|peer| peer.text("name") == wanted || peer.text("peer") == wanted)
        .ok_or_else(|| fail!("did not find a replica named {wanted}"))?;
    let state = if peer.on("offline") {
        "offline"
    } else {
        "online"
    };
    let title = if peer.text("name") == wanted {
        wanted.clone()
    } else {
        format!("{} with id {wanted}", peer.text("name"))
    };
    if !session.matches.on("force") {
        println!(
            "WARNING: Removing a peer from the meta group is permanent. The server loses all of its streams and\n\
             consumers, which are moved to other servers, and it must not come back with the data it has now.\n\
             Only remove servers that will never return.\n"
        );
        if !session
            .prompt()
            .confirm_action(&format!("Really remove {state} peer {title}"))?
        {
            println!("Removal canceled");
            return Ok(());
        }
    }
    let body = Json::object()
        .with("peer", peer.text("name"))
        .with("peer_id", peer.text("peer"));
    let answer = session.jetstream()?.request("SERVER.REMOVE", &body)?;
    if !answer.on("success") {
        bail!("the server did not accept the request");
    }
    if session.matches.on("json") {
        Json::object().with("success", true).print();
    }
    Ok(())
}
