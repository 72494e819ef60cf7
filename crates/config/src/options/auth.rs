//! Users, permissions, callouts (configuration.md 3.1 to 3.4).

use std::time::Duration;

/// The top-level `authorization` block.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Authorization {
    /// The block is in the file; its presence alone switches off the automatic
    /// no-auth user (configuration.md 3.1).
    pub defined: bool,
    /// Single user.
    pub username: Option<String>,
    /// Its password, plain or bcrypt.
    pub password: Option<String>,
    /// Single token, plain or bcrypt.
    pub token: Option<String>,
    /// Seconds a client has to authenticate. Always set after the defaults:
    /// 2, or the TLS timeout plus 1.
    pub timeout: f64,
    /// Password users of this block (account `$G`) and of all accounts.
    pub users: Vec<User>,
    /// Key users, likewise.
    pub nkeys: Vec<NkeyUser>,
    /// Callout settings.
    pub auth_callout: Option<AuthCallout>,
    /// Single-user and token connections must come through a trusted proxy.
    pub proxy_required: bool,
}

/// A user with a name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct User {
    /// Unique over the file.
    pub username: String,
    /// Plain or bcrypt; empty if not given.
    pub password: String,
    /// Own permissions, or those of `default_permissions`.
    pub permissions: Option<Permissions>,
    /// Account name; `None` is `$G`.
    pub account: Option<String>,
    /// Upper-case connection types; `None` allows all.
    pub allowed_connection_types: Option<Vec<String>>,
    /// Must come through a trusted proxy.
    pub proxy_required: bool,
}

/// A user with a key.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NkeyUser {
    /// Public user key, `U…`.
    pub nkey: String,
    /// As [`User::permissions`].
    pub permissions: Option<Permissions>,
    /// As [`User::account`].
    pub account: Option<String>,
    /// As [`User::allowed_connection_types`].
    pub allowed_connection_types: Option<Vec<String>>,
    /// As [`User::proxy_required`].
    pub proxy_required: bool,
}

/// What a user may do. `None` for a direction means no rule.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Permissions {
    /// Publishing (for routes: `import`).
    pub publish: Option<SubjectPermission>,
    /// Subscribing (for routes: `export`); entries may be `"subject queue"`.
    pub subscribe: Option<SubjectPermission>,
    /// Publishing to reply subjects.
    pub response: Option<ResponsePermission>,
}

/// Allowed and denied subjects of one direction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubjectPermission {
    /// `None`: everything not denied is allowed.
    pub allow: Option<Vec<String>>,
    /// Denied subjects.
    pub deny: Vec<String>,
}

/// `allow_responses`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponsePermission {
    /// Messages per reply subject; negative is unlimited. Never 0 (0 is read
    /// as the default, 1).
    pub max: i64,
    /// How long; `None` is unlimited. 0 is read as the default, 2 minutes.
    pub expires: Option<Duration>,
}

impl Default for ResponsePermission {
    fn default() -> Self {
        ResponsePermission {
            max: 1,
            expires: Some(Duration::from_secs(120)),
        }
    }
}

/// `auth_callout`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthCallout {
    /// Account key that signs the answers.
    pub issuer: String,
    /// Account of the callout service.
    pub account: String,
    /// Users (names or keys) that are not delegated.
    pub auth_users: Vec<String>,
    /// Curve key requests are sealed for.
    pub xkey: Option<String>,
    /// Accounts an answer may name; empty allows all.
    pub allowed_accounts: Vec<String>,
}

/// `authorization` of a `cluster` or `gateway` block.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinkAuthorization {
    /// User of incoming links.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<String>,
    /// Seconds; 2, or the TLS timeout plus 1, after the defaults.
    pub timeout: f64,
}

/// `authorization` of a `websocket` or `mqtt` block.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListenerAuthorization {
    /// Overrides the server's single user.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<String>,
    /// Overrides the server's token.
    pub token: Option<String>,
    /// Seconds; 0 takes the server's.
    pub timeout: f64,
}
