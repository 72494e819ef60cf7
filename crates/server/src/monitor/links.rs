//! `/routez`, `/gatewayz`, `/leafz` of a server that has no links to others
//! (monitoring-events.md 3.3 to 3.5).

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;

use super::json::Utc;
use super::params::{self, ParamError};
use super::query::Query;
use super::source::{Identity, Source};

/// A link there is none of.
#[derive(Clone, Copy, Debug, Serialize)]
enum NoLink {}

/// Answer of `/routez`.
#[derive(Clone, Debug, Serialize)]
pub struct Routez {
    server_id: String,
    server_name: String,
    now: Utc,
    num_routes: usize,
    routes: Vec<NoLink>,
}

/// Answer of `/gatewayz`.
#[derive(Clone, Debug, Serialize)]
pub struct Gatewayz {
    server_id: String,
    now: Utc,
    outbound_gateways: BTreeMap<String, NoLink>,
    inbound_gateways: BTreeMap<String, Vec<NoLink>>,
}

/// Answer of `/leafz`.
#[derive(Clone, Debug, Serialize)]
pub struct Leafz {
    server_id: String,
    now: Utc,
    leafnodes: usize,
    leafs: Vec<NoLink>,
}

/// The routes: none.
pub fn routez(source: &dyn Source, now: SystemTime) -> Routez {
    let Identity {
        server_id,
        server_name,
    } = source.identity();
    Routez {
        server_id,
        server_name,
        now: Utc(now),
        num_routes: 0,
        routes: Vec::new(),
    }
}

/// The gateways: none.
pub fn gatewayz(source: &dyn Source, now: SystemTime) -> Gatewayz {
    Gatewayz {
        server_id: source.identity().server_id,
        now: Utc(now),
        outbound_gateways: BTreeMap::new(),
        inbound_gateways: BTreeMap::new(),
    }
}

/// The leaf nodes: none.
pub fn leafz(source: &dyn Source, now: SystemTime) -> Leafz {
    Leafz {
        server_id: source.identity().server_id,
        now: Utc(now),
        leafnodes: 0,
        leafs: Vec::new(),
    }
}

/// Checks the parameters of `/routez`.
pub(crate) fn check_routez(query: &Query) -> Result<(), ParamError> {
    params::subs(query).map(drop)
}

/// Checks the parameters of `/gatewayz`.
pub(crate) fn check_gatewayz(query: &Query) -> Result<(), ParamError> {
    params::subs(query)?;
    params::boolean(query, "accs").map(drop)
}

/// Checks the parameters of `/leafz`.
pub(crate) fn check_leafz(query: &Query) -> Result<(), ParamError> {
    params::boolean(query, "subs").map(drop)
}
