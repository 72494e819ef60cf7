//! What a configuration asks for, with the place that asks.

use std::fmt;

use crate::lang::Pos;

/// A part of the server that can be missing from a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FeatureKind {
    /// Streams and consumers.
    JetStream,
    /// JetStream limits of an account.
    AccountJetStream,
    /// Routes.
    Cluster,
    /// Gateways.
    Gateway,
    /// Leaf node listener or remotes.
    LeafNodes,
    /// WebSocket listener.
    Websocket,
    /// MQTT listener.
    Mqtt,
    /// Operator mode.
    Operator,
    /// Account resolvers and preloaded accounts.
    Resolver,
    /// Authorization callout.
    AuthCallout,
    /// Exports and imports of accounts.
    ExportsImports,
    /// Subject mappings.
    Mappings,
    /// OCSP stapling.
    Ocsp,
    /// OCSP check of peers and its cache.
    OcspPeer,
    /// Trusted proxies.
    Proxies,
    /// PROXY protocol on the client port.
    ProxyProtocol,
    /// Message traces.
    MessageTrace,
    /// Profiling port.
    Profiling,
    /// TLS.
    Tls,
    /// HTTP monitoring.
    Monitoring,
    /// Accounts.
    Accounts,
    /// Syslog, local or remote.
    Syslog,
    /// Per-account domains for old leaf nodes.
    DefaultJsDomain,
    /// Clustering, asked for by a flag that makes no sense without.
    ClusterFlag,
    /// JetStream on several servers.
    JetStreamCluster,
    /// Batches of publishes.
    Batches,
    /// Keys from a TPM.
    Tpm,
    /// Profiles of blocking.
    BlockProfiling,
    /// The cache of OCSP answers.
    OcspCache,
}

/// One use of a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// Which.
    pub kind: FeatureKind,
    /// The key or flag as written.
    pub key: String,
    /// Place of the key; `None` for a flag.
    pub pos: Option<Pos>,
}

/// `FILE:LINE:COL: "key"` or `flag -name`.
impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pos {
            Some(pos) => write!(f, "{pos}: \"{}\"", self.key),
            None => write!(f, "flag {}", self.key),
        }
    }
}
