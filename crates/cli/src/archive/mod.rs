//! Audit archives: what all servers of a deployment said about themselves at
//! one time, in a ZIP file that other NATS tools read and write, too.
//!
//! Everything is below `capture/`. Each file has tags that say what it is
//! about; the manifest, which is written last, lists them by file:
//!
//! ```text
//! capture/clusters/CLUSTER/SERVER/KIND/0001.json                          about a server
//! capture/accounts/ACCOUNT/servers/CLUSTER__SERVER/KIND/0001.json         about an account
//! capture/accounts/ACCOUNT/streams/STREAM/replicas/CLUSTER__SERVER/KIND/0001.json
//! capture/profiles/CLUSTER/SERVER__PROFILE.prof
//! capture/misc/NAME.EXTENSION                                             special
//! capture/misc/manifest.json     {"PATH": [{"Name": "cluster", "Value": "C"}, ...]}
//! ```
//!
//! A file of the first three kinds is a page: pages with the same tags are
//! numbered. The cluster of a server that has none is `unclustered`.

mod reader;
mod sink;
mod tags;
mod writer;

pub use reader::Archive;
pub use tags::{Tags, UNCLUSTERED};
pub use writer::Writer;

/// Name of the special file that says when and by whom it was captured.
pub const METADATA: &str = "audit_gather_metadata";
/// Name of the special file with the log of the capture.
pub const LOG: &str = "audit_gather_log";
/// Kind of profiles.
pub const PROFILE: &str = "profile";
/// Kind of what a server says about its replica of a stream.
pub const STREAM: &str = "stream_info";

/// A monitoring endpoint, and the kind that its answers have in an archive.
pub type Endpoint = (&'static str, &'static str);

/// Endpoints of servers.
pub const SERVER: [Endpoint; 10] = [
    ("VARZ", "variables"),
    ("EXPVARZ", "exp_variables"),
    ("CONNZ", "connections"),
    ("ROUTEZ", "routes"),
    ("GATEWAYZ", "gateways"),
    ("LEAFZ", "leafs"),
    ("SUBSZ", "subs"),
    ("JSZ", "jetstream_info"),
    ("ACCOUNTZ", "accounts"),
    ("HEALTHZ", "health"),
];

/// Endpoints of accounts.
pub const ACCOUNT: [Endpoint; 7] = [
    ("CONNZ", "account_connections"),
    ("LEAFZ", "account_leafs"),
    ("SUBSZ", "account_subs"),
    ("INFO", "account_info"),
    ("JSZ", "account_jetstream_info"),
    ("RAFTZ", "account_raftz"),
    ("IPQUEUESZ", "account_ipqueues"),
];
