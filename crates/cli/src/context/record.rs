//! What is in a context file.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::credential::plain_path;
use crate::bail;
use crate::failure::Result;

/// Server of a context that names none.
pub const DEFAULT_URL: &str = "nats://127.0.0.1:4222";

/// Values of a context, in the order in which files have them.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// Shown in lists.
    pub description: String,
    /// Server URLs, separated by commas.
    pub url: String,
    /// SOCKS5 proxy.
    pub socks_proxy: String,
    /// Token, or a reference to one.
    pub token: String,
    /// User name.
    pub user: String,
    /// Password, or a reference to one.
    pub password: String,
    /// Credentials file, or a reference to one.
    pub creds: String,
    /// File with an nkey seed, or a reference to one.
    pub nkey: String,
    /// File of the client's certificate.
    pub cert: String,
    /// File of its key.
    pub key: String,
    /// File with authorities to trust.
    pub ca: String,
    /// Old form of credentials kept by nsc.
    pub nsc: String,
    /// JetStream domain.
    pub jetstream_domain: String,
    /// Prefix of the JetStream API.
    pub jetstream_api_prefix: String,
    /// Prefix of JetStream advisories.
    pub jetstream_event_prefix: String,
    /// Prefix of inboxes.
    pub inbox_prefix: String,
    /// User JWT, or a reference to one.
    pub user_jwt: String,
    /// Seed that belongs to it, or a reference to one.
    pub user_seed: String,
    /// Style of tables.
    pub color_scheme: String,
    /// Whether the TLS handshake comes first.
    pub tls_first: bool,
    /// Windows only.
    pub windows_cert_store: String,
    /// Windows only.
    pub windows_cert_match_by: String,
    /// Windows only.
    pub windows_cert_match: String,
    /// Windows only.
    pub windows_ca_certs_match: Option<Vec<String>>,
}

/// Passwords, tokens and seeds are in there.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").finish_non_exhaustive()
    }
}

impl Record {
    /// Whether it can be saved (cli.md 2.5).
    pub fn validate(&self) -> Result<()> {
        let kinds = [
            &self.user,
            &self.creds,
            &self.nkey,
            &self.nsc,
            &self.user_jwt,
        ];
        if kinds.iter().filter(|kind| !kind.is_empty()).count() > 1 {
            bail!(
                "too many types of credentials. Choose only one from 'user/token', 'creds', 'nkey', 'nsc'"
            );
        }
        for (name, value) in [("cert", &self.cert), ("key", &self.key), ("ca", &self.ca)] {
            plain_path(name, value)?;
        }
        if !self.windows_cert_store.is_empty() {
            let stores = [
                "user",
                "windowscurrentuser",
                "machine",
                "windowslocalmachine",
            ];
            if !stores.contains(&self.windows_cert_store.as_str()) {
                bail!("invalid windows certificate store type");
            }
            if !["", "subject", "issuer"].contains(&self.windows_cert_match_by.as_str()) {
                bail!("invalid windows certificate match by");
            }
            if self.windows_cert_match.is_empty() {
                bail!("windows certificate store requires a matcher");
            }
        }
        Ok(())
    }
}
