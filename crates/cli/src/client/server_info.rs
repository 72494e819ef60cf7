//! What a server says about itself.

use serde::Deserialize;

/// The INFO of a server; what it leaves out is empty.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ServerInfo {
    /// Public key of the server.
    pub server_id: String,
    /// Its name.
    pub server_name: String,
    /// Its version.
    pub version: String,
    /// Host it listens on.
    pub host: String,
    /// Port it listens on.
    pub port: u16,
    /// Whether it understands headers.
    pub headers: bool,
    /// Whether it wants a login.
    pub auth_required: bool,
    /// Whether the connection must be encrypted.
    pub tls_required: bool,
    /// Whether the connection may be encrypted.
    pub tls_available: bool,
    /// Most bytes of a message.
    pub max_payload: i64,
    /// Whether JetStream is enabled.
    pub jetstream: bool,
    /// Number of this connection.
    pub client_id: u64,
    /// Address of this side.
    pub client_ip: String,
    /// Bytes to sign.
    pub nonce: String,
    /// Name of its cluster.
    pub cluster: String,
    /// JetStream domain.
    pub domain: String,
    /// Addresses of other servers of the cluster.
    pub connect_urls: Vec<String>,
    /// Whether it is about to stop.
    #[serde(rename = "ldm")]
    pub lame_duck: bool,
    /// API level of its JetStream.
    pub api_lvl: i64,
    /// Account that the connection belongs to, if the server tells.
    pub remote_account: String,
    /// Whether that is the system account.
    pub acc_is_sys: bool,
}
