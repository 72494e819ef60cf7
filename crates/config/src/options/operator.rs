//! Operator mode: operators, account resolvers (configuration.md 2.4, 2.5).

use std::time::Duration;

/// What the server needs to know of an operator token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OperatorToken {
    /// The token as it was configured.
    pub jwt: String,
    /// Public operator key, `O…`.
    pub subject: String,
    /// Key that signed it.
    pub issuer: String,
    /// Name.
    pub name: String,
    /// Signing keys besides the subject.
    pub signing_keys: Vec<String>,
    /// System account key, or empty.
    pub system_account: String,
    /// Address of an account server, or empty.
    pub account_server_url: String,
    /// Lowest server version, `2.9.0`, or empty.
    pub assert_server_version: String,
    /// Users must be signed by signing keys.
    pub strict_signing_key_usage: bool,
    /// Issue time, Unix seconds.
    pub issued_at: i64,
    /// Expiry, Unix seconds; 0 is never.
    pub expires: i64,
}

/// `resolver`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolver {
    /// `MEMORY`: only preloaded accounts.
    Memory,
    /// `URL(…)`: an account server; the address ends with `/`.
    Url(String),
    /// A directory that holds all accounts.
    Full(DirResolver),
    /// A directory that holds those seen lately.
    Cache(DirResolver),
}

/// A directory resolver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirResolver {
    /// The directory.
    pub dir: String,
    /// Most accounts kept; 0 decides by kind (unlimited; 1000).
    pub limit: i64,
    /// Accounts may be deleted by request.
    pub allow_delete: bool,
    /// Deleting removes the file.
    pub hard_delete: bool,
    /// Time between synchronisations; 1 min.
    pub interval: Duration,
    /// Time an account is kept in a cache; zero for ever.
    pub ttl: Duration,
    /// Look-up time; 1.9 s.
    pub timeout: Duration,
}

/// Time for a look-up.
pub const DEFAULT_FETCH_TIMEOUT: Duration = Duration::from_millis(1900);

/// Time between synchronisations of directories.
pub const DEFAULT_RESOLVER_SYNC_INTERVAL: Duration = Duration::from_secs(60);

impl Default for DirResolver {
    fn default() -> Self {
        DirResolver {
            dir: String::new(),
            limit: 0,
            allow_delete: false,
            hard_delete: false,
            interval: DEFAULT_RESOLVER_SYNC_INTERVAL,
            ttl: Duration::ZERO,
            timeout: DEFAULT_FETCH_TIMEOUT,
        }
    }
}
