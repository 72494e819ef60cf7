//! `nats server cluster` (cli.md 7.6).

use std::thread;
use std::time::Duration;

use crate::failure::{Failure, Result};
use crate::output::Json;
use crate::session::Session;
use crate::system::{Expect, System};
use crate::{bail, fail, log};

const SUBJECT: &str = "$SYS.REQ.SERVER.PING.JSZ";
/// What is said before a server is removed.
const WARNING: &str = "\
Removing peers is intended for peers that will not come back, generally for peers that will remain
in the cluster removing the peer is not needed - simply do your maintenance with the peer shut down.

To return a removed peer to the cluster you have to restart the entire cluster or super-cluster first.
If the peer was online when it was removed you need to restart the removed peer last.

R1 streams on this peer will migrate to other peers but data will be lost, even if the
peer returns later.

R1 consumers on this peer will lose their state and revert to starting configuring\u{20}
which may lead to duplicate deliveries.";
/// Time between two looks for the new leader.
const POLL: Duration = Duration::from_millis(500);
/// Looks for the new leader.
const POLLS: usize = 5;

/// What the meta leader says about its group; `purpose` is what it is asked for.
fn meta(system: &System, expect: Expect, purpose: &str) -> Result<Json> {
    let answers = system
        .ask(SUBJECT, None, expect)
        .map_err(|failure| failure.context(SUBJECT))?;
    let mut leaders = answers.iter().filter(|answer| {
        answer.json.has("data.meta_cluster")
            && answer.json.text("data.meta_cluster.leader") == answer.json.text("server.name")
    });
    let Some(leader) = leaders.next() else {
        bail!(
            "did not receive a response from the meta leader, ensure the account used has system privileges and \
             appropriate permissions"
        );
    };
    match leaders.count() {
        0 => Ok(leader.json.at("data.meta_cluster").clone()),
        others => bail!(
            "found {} JetStream meta cluster leaders, unable to determine which cluster to {purpose}",
            others + 1
        ),
    }
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
    let json = matches.on("json");
    let system = System::of(session)?;
    let expect = system.servers()?;
    let before = meta(&system, expect, "step down")?;
    let leader = before.text("leader").to_owned();
    if placement.has("tags") || placement.has("preferred") {
        println!("WARNING: Using placement tags or node name required NATS Server 2.11 or newer\n");
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
        .management()?
        .request("META.LEADER.STEPDOWN", &body)?;
    if !answer.on("success") {
        bail!("unknown error while standing down the leader");
    }
    for _ in 0..POLLS {
        thread::sleep(POLL);
        let now = match meta(&system, expect, "step down") {
            Ok(now) => now,
            Err(failure) => {
                log!("Failed to retrieve Cluster State: {failure}");
                continue;
            }
        };
        let elected = now.text("leader");
        if elected != leader {
            log!("New leader elected {elected:?}");
            if json {
                now.print();
            }
            return Ok(());
        }
    }
    bail!("stream did not elect a new leader in time");
}

/// Removes a server from the meta group for good.
pub fn peer_remove(session: &mut Session) -> Result<()> {
    refuse_domain(session, "peer-remove")?;
    let wanted = session.matches.required_arg("name").to_owned();
    let system = System::of(session)?;
    let expect = system.servers()?;
    let group = meta(&system, expect, "remove the peer from")?;
    let peer = group
        .list("replicas")
        .iter()
        .find(|peer| peer.text("name") == wanted || peer.text("peer") == wanted)
        .ok_or_else(|| fail!("did not find a replica named {wanted}"))?;
    let (name, id) = (peer.text("name"), peer.text("peer"));
    if !session.matches.on("force") {
        let state = if peer.on("offline") {
            "offline"
        } else {
            "online"
        };
        // Servers that do not tell their names have their ids in them.
        let which = if name == wanted || name.contains(id) {
            String::new()
        } else {
            format!(" with id {id}")
        };
        println!("{WARNING}\n");
        let question = format!("Really remove {state} peer {name}{which}");
        let answer = session.prompt().confirm(&question, false);
        if !answer.map_err(|failure| failure.context("Could not prompt for confirmation"))? {
            println!("Removal canceled");
            return Ok(());
        }
    }
    let body = if id.is_empty() {
        Json::object().with("peer", name)
    } else {
        Json::object().with("peer", "").with("peer_id", id)
    };
    let removed = session.management()?.request("SERVER.REMOVE", &body);
    let removed =
        removed.map_err(|error| Failure::from(error).context(format!("Could not remove {id}")))?;
    if !removed.on("success") {
        bail!("Could not remove {id}: unknown error while removing the peer");
    }
    if session.matches.on("json") {
        Json::object().with("success", true).print();
    }
    Ok(())
}
