//! Leaders that step down.

use std::thread;
use std::time::Duration;

use crate::failure::Result;
use crate::jetstream::{Api, ApiError};
use crate::output::Json;
use crate::{bail, log};

/// Time between two looks for the new leader.
const POLL: Duration = Duration::from_millis(500);
/// Looks for the new leader.
const POLLS: usize = 10;

/// A Raft group with a leader.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// As in texts: `stream "S"`.
    pub title: String,
    /// Request that makes the leader step down.
    pub request: String,
    /// What the server says about the group now.
    pub cluster: &'a Json,
}

impl Group<'_> {
    /// Whether it is that of a stream.
    fn is_stream(&self) -> bool {
        self.title.starts_with("stream")
    }

    /// What it is called once it has been named.
    fn short(&self) -> &str {
        if self.is_stream() {
            &self.title
        } else {
            "consumer"
        }
    }

    /// Fails unless there are several servers, and a leader among them (or
    /// `force`).
    pub fn check(&self, force: bool) -> Result<()> {
        if self.cluster.list("replicas").is_empty() {
            bail!("{} is not clustered", self.title);
        }
        if self.cluster.text("leader").is_empty() && !force {
            bail!("{} has no current leader", self.short());
        }
        Ok(())
    }
}

/// Makes the leader of a group step down, in favour of `preferred` if that is
/// not empty, and waits for the next one, which `info` shows.
pub fn step_down(
    api: &Api,
    group: &Group<'_>,
    preferred: &str,
    force: bool,
    info: impl Fn() -> std::result::Result<Json, ApiError>,
) -> Result<Json> {
    group.check(force)?;
    let leader = match group.cluster.text("leader") {
        "" => "<unknown>",
        leader => leader,
    };
    let title = &group.title;
    let peers = group.cluster.list("replicas").len() + 1;
    if group.is_stream() {
        log!(
            "Requesting leader step down of {leader:?} for {title} in a {peers} peer cluster group"
        );
    } else {
        log!("Requesting leader step down of {leader:?} in a {peers} peer RAFT group");
    }
    let body = match preferred {
        "" => Json::Null,
        server => Json::object().with("placement", Json::object().with("preferred", server)),
    };
    let answer = api.request(&group.request, &body)?;
    if !answer.on("success") {
        bail!("the server did not accept the request");
    }
    for _ in 0..POLLS {
        thread::sleep(POLL);
        // Without a leader nobody answers.
        let now = match info() {
            Ok(now) => now,
            Err(error) => {
                let kind = if group.is_stream() {
                    "Stream"
                } else {
                    "Consumer"
                };
                log!("Failed to retrieve {kind} State: {error}");
                continue;
            }
        };
        match now.text("cluster.leader") {
            "" => log!("No leader elected"),
            elected if elected != leader => {
                log!("New leader elected {elected:?}");
                return Ok(now);
            }
            _ => {}
        }
    }
    bail!("{} did not elect a new leader in time", group.short());
}
