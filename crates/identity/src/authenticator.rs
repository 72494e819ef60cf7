//! The decision about a `CONNECT` (security.md 2.3, 3).

use std::collections::HashMap;
use std::sync::Arc;

use midge_subject::quote;

use crate::certificate::{self, CertificateMatch, CertificateNames, NamedSubjects};
use crate::connection_type::{ConnectionType, ConnectionTypes};
use crate::keys::{self, SignatureError};
use crate::permissions::{PermissionSpec, Permissions};
use crate::secret;

/// Stands for a secret in logs.
const REDACTED: &str = "[REDACTED]";

/// A configured user: with a name and password, or an nkey.
#[derive(Clone, Default)]
pub struct UserSpec {
    /// User name; empty for nkey users.
    pub name: String,
    /// Password, clear or bcrypt; empty for none.
    pub password: String,
    /// Public nkey; empty for named users.
    pub nkey: String,
    /// Account; empty for the global one.
    pub account: String,
    /// Permissions; `None` allows everything.
    pub permissions: Option<PermissionSpec>,
    /// Kinds of connections allowed.
    pub connection_types: ConnectionTypes,
    /// Only through a trusted proxy.
    pub proxy_required: bool,
}

/// Everything that decides about clients.
#[derive(Clone, Default)]
pub struct AuthenticatorSpec {
    /// Users of all accounts.
    pub users: Vec<UserSpec>,
    /// The single user's name; empty for none.
    pub username: String,
    /// The single user's password, clear or bcrypt.
    pub password: String,
    /// Token, clear or bcrypt; empty for none.
    pub token: String,
    /// User or nkey of clients that say nothing of themselves; empty for none.
    pub no_auth_user: String,
}

/// Which proxies vouch for their clients (17).
#[derive(Clone, Debug, Default)]
pub struct ProxySpec {
    /// Public keys of trusted proxies.
    pub trusted: Vec<String>,
    /// The single user or the token only through a trusted proxy.
    pub required: bool,
}

/// What a client says of itself.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// User name.
    pub user: &'a str,
    /// Password.
    pub password: &'a str,
    /// Token.
    pub token: &'a str,
    /// Public nkey.
    pub nkey: &'a str,
    /// Signature of the nonce.
    pub signature: &'a str,
    /// The nonce it was given.
    pub nonce: &'a str,
    /// How it is connected.
    pub connection_type: ConnectionType,
}

impl Credentials<'_> {
    /// What logs call a client that was refused; `None` if it did not say who
    /// it is (2.3).
    pub fn label(&self) -> Option<String> {
        let quoted = |kind, text: &str| Some(format!("{kind} {}", quote(text.as_bytes())));
        match (self.nkey, self.user, self.token) {
            ("", "", "") => None,
            ("", "", _) => quoted("Token", REDACTED),
            ("", user, _) => quoted("User", user),
            (nkey, _, _) => quoted("Nkey", nkey),
        }
    }

    /// Neither user nor password nor token.
    fn say_nothing(&self) -> bool {
        self.user.is_empty() && self.password.is_empty() && self.token.is_empty()
    }
}

/// Which of the configured identities a client has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody in particular: no authentication is configured.
    Anonymous,
    /// A named user.
    User(String),
    /// An nkey user.
    Nkey(String),
    /// Somebody with the token.
    Token,
}

/// A client that may come in.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Who it is.
    pub who: Who,
    /// Account; empty for the global one.
    pub account: String,
    /// Permissions; `None` allows everything.
    pub permissions: Option<Arc<Permissions>>,
}

/// Why a client is refused. The client is not told; the text is for debug
/// logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Neither this user nor any other was named by a known name.
    UnknownUser,
    /// Not one of the nkeys.
    UnknownNkey,
    /// The password or token is another one.
    WrongSecret,
    /// The nonce was not signed by the nkey.
    Signature(SignatureError),
    /// The user may not connect in this way.
    ConnectionType,
    /// A proxy's signature is there, but none of a trusted proxy.
    ProxyNotTrusted,
    /// The user may only come through a trusted proxy.
    ProxyRequired,
    /// No user is named by the client's certificate, or there is none.
    Certificate,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::UnknownUser => "User not known",
            Self::UnknownNkey => "Nkey not known",
            Self::WrongSecret => "Wrong password or token",
            Self::Signature(error) => return error.fmt(f),
            Self::ConnectionType => "Connection type not allowed",
            Self::ProxyNotTrusted => "Proxy not trusted",
            Self::ProxyRequired => "Proxy required",
            Self::Certificate => "No user by certificate",
        })
    }
}

/// What becomes of a client.
#[derive(Clone, Debug)]
pub enum Decision {
    /// It may come in.
    Accepted(Accepted),
    /// It may not; the text, a [`Refusal`]'s, is for debug logs.
    Refused(String),
    /// It depends on a comparison that takes long; see [`SlowCheck::run`].
    Slow(SlowCheck),
}

/// A bcrypt comparison still to be made, on a thread that may take its time.
#[derive(Clone)]
pub struct SlowCheck {
    hash: String,
    candidate: String,
    accepted: Accepted,
}

impl std::fmt::Debug for SlowCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlowCheck").finish_non_exhaustive()
    }
}

impl SlowCheck {
    /// What comes out if the secret is known to match.
    pub fn assume_match(self) -> Accepted {
        self.accepted
    }

    /// Makes the comparison.
    pub fn run(self) -> Decision {
        if secret::matches_bcrypt(&self.hash, &self.candidate) {
            Decision::Accepted(self.accepted)
        } else {
            Decision::Refused(Refusal::WrongSecret.to_string())
        }
    }
}

struct Known {
    spec: UserSpec,
    permissions: Option<Arc<Permissions>>,
}

impl Known {
    fn accepted(&self) -> Accepted {
        let who = if self.spec.nkey.is_empty() {
            Who::User(self.spec.name.clone())
        } else {
            Who::Nkey(self.spec.nkey.clone())
        };
        let permissions = self.permissions.clone();
        Accepted {
            who,
            account: self.spec.account.clone(),
            permissions,
        }
    }
}

/// Decides about clients by the configuration.
#[derive(Default)]
pub struct Authenticator {
    users: HashMap<String, Known>,
    nkeys: HashMap<String, Known>,
    username: String,
    password: String,
    token: String,
    no_auth_user: String,
    proxies: ProxySpec,
    /// Users by the subjects of certificates, if clients are known by theirs.
    subjects: Option<NamedSubjects>,
}

impl Authenticator {
    /// Prepares the decisions of `spec`.
    pub fn new(spec: AuthenticatorSpec) -> Self {
        let mut result = Self {
            username: spec.username,
            password: spec.password,
            token: spec.token,
            no_auth_user: spec.no_auth_user,
            ..Self::default()
        };
        for user in spec.users {
            let permissions = user
                .permissions
                .as_ref()
                .map(|spec| Arc::new(Permissions::new(spec)));
            let by_nkey = !user.nkey.is_empty();
            let key = if by_nkey {
                user.nkey.clone()
            } else {
                user.name.clone()
            };
            let table = if by_nkey {
                &mut result.nkeys
            } else {
                &mut result.users
            };
            table.insert(
                key,
                Known {
                    spec: user,
                    permissions,
                },
            );
        }
        result
    }

    /// The same with rules about proxies.
    pub fn with_proxies(self, proxies: ProxySpec) -> Self {
        Self { proxies, ..self }
    }

    /// The same with users known by their certificates (4).
    pub fn with_certificates(mut self) -> Self {
        let names = self.users.keys().map(String::as_str);
        self.subjects = Some(NamedSubjects::new(names));
        self
    }

    /// Whether a client with these credentials is known by its certificate;
    /// those with nkeys and tokens are not.
    pub fn asks_for_certificate(&self, credentials: &Credentials<'_>) -> bool {
        self.subjects.is_some() && !self.users.is_empty() && self.nkey_of(credentials).is_none()
    }

    /// The user that a certificate names (4).
    pub fn match_certificate(
        &self,
        names: &CertificateNames,
        connection_type: ConnectionType,
    ) -> CertificateMatch {
        let Some(subjects) = &self.subjects else {
            return CertificateMatch::default();
        };
        certificate::find(names, subjects, connection_type, |name, kind| {
            let user = self.users.get(name);
            user.is_some_and(|known| known.spec.connection_types.allows(kind))
        })
    }

    /// The nkey that decides about these credentials.
    fn nkey_of<'a>(&'a self, credentials: &Credentials<'a>) -> Option<&'a str> {
        let nkey = match credentials.nkey {
            "" if credentials.say_nothing() => self.no_auth_user.as_str(),
            nkey => nkey,
        };
        let known = self.nkeys.contains_key(nkey);
        let given = !credentials.nkey.is_empty() && !self.nkeys.is_empty();
        (known || given).then_some(nkey)
    }

    /// Whether clients have to say who they are (2.1).
    pub fn is_required(&self) -> bool {
        !self.users.is_empty()
            || !self.nkeys.is_empty()
            || !self.username.is_empty()
            || !self.token.is_empty()
    }

    /// Whether clients are to be given a nonce (1.3).
    pub fn uses_nonce(&self) -> bool {
        !self.nkeys.is_empty() || !self.proxies.trusted.is_empty()
    }

    /// Whether a connection of this kind that starts without a `CONNECT` is
    /// let in as the `no_auth_user` (2.2).
    pub fn admits_silent(&self, connection_type: ConnectionType) -> bool {
        self.users.get(&self.no_auth_user).is_some_and(|known| {
            !known.spec.proxy_required && known.spec.connection_types.allows(connection_type)
        })
    }

    /// Whether a user or nkey of this name is configured.
    pub fn knows(&self, name: &str) -> bool {
        self.users.contains_key(name) || self.nkeys.contains_key(name) || self.username == name
    }

    /// Whether a user has the same secret here and there.
    pub fn has_same_secret(&self, other: &Self, name: &str) -> bool {
        match (self.users.get(name), other.users.get(name)) {
            (Some(a), Some(b)) => a.spec.password == b.spec.password,
            (None, None) => self.password == other.password && self.token == other.token,
            _ => false,
        }
    }

    /// Decides about a client that came without a proxy (2.3).
    pub fn decide(&self, credentials: &Credentials<'_>) -> Decision {
        self.decide_through(None, credentials)
            .unwrap_or_else(|refusal| Decision::Refused(refusal.to_string()))
    }

    /// Decides about a client (2.3) that came through the trusted proxy
    /// `proxy`, as [`proxy`](Self::proxy) has found.
    ///
    /// # Errors
    /// The client is refused.
    pub fn decide_through(
        &self,
        proxy: Option<&str>,
        credentials: &Credentials<'_>,
    ) -> Result<Decision, Refusal> {
        let accepted = |who: Who| Accepted {
            who,
            account: String::new(),
            permissions: None,
        };
        if !self.is_required() {
            return Ok(Decision::Accepted(accepted(Who::Anonymous)));
        }
        if let Some(nkey) = self.nkey_of(credentials) {
            return self.decide_nkey(nkey, credentials, proxy);
        }
        if !self.users.is_empty() {
            if credentials.say_nothing()
                && let Some(known) = self.users.get(&self.no_auth_user)
            {
                // The configured secret is not compared with itself: a hash
                // would not match.
                return admit(known, credentials, proxy).map(Decision::Accepted);
            }
            let known = self
                .users
                .get(credentials.user)
                .ok_or(Refusal::UnknownUser)?;
            let accepted = admit(known, credentials, proxy)?;
            return compare(&known.spec.password, credentials.password, accepted);
        }
        if self.proxies.required && proxy.is_none() {
            return Err(Refusal::ProxyRequired);
        }
        if !self.token.is_empty() {
            return compare(&self.token, credentials.token, accepted(Who::Token));
        }
        if !secret::equal(&self.username, credentials.user) {
            return Err(Refusal::UnknownUser);
        }
        let who = Who::User(self.username.clone());
        compare(&self.password, credentials.password, accepted(who))
    }

    /// The public key of the trusted proxy that made `signature` of `nonce`
    /// (17); `None` if there is no signature. Without trusted keys a signature
    /// means nothing.
    ///
    /// # Errors
    /// No trusted proxy made the signature.
    pub fn proxy(&self, nonce: &str, signature: &str) -> Result<Option<&str>, Refusal> {
        if self.proxies.trusted.is_empty() || signature.is_empty() {
            return Ok(None);
        }
        self.proxies
            .trusted
            .iter()
            .find(|key| keys::verify_proxy_nonce(key, nonce, signature).is_ok())
            .map(|key| Some(key.as_str()))
            .ok_or(Refusal::ProxyNotTrusted)
    }

    fn decide_nkey(
        &self,
        nkey: &str,
        credentials: &Credentials<'_>,
        proxy: Option<&str>,
    ) -> Result<Decision, Refusal> {
        let known = self.nkeys.get(nkey).ok_or(Refusal::UnknownNkey)?;
        let accepted = admit(known, credentials, proxy)?;
        if nkey != self.no_auth_user {
            keys::verify_nonce(nkey, credentials.nonce, credentials.signature)
                .map_err(Refusal::Signature)?;
        }
        Ok(Decision::Accepted(accepted))
    }
}

/// Accepts a user if all but the secret is in order.
fn admit(
    known: &Known,
    credentials: &Credentials<'_>,
    proxy: Option<&str>,
) -> Result<Accepted, Refusal> {
    if !known
        .spec
        .connection_types
        .allows(credentials.connection_type)
    {
        return Err(Refusal::ConnectionType);
    }
    if known.spec.proxy_required && proxy.is_none() {
        return Err(Refusal::ProxyRequired);
    }
    Ok(known.accepted())
}

fn compare(configured: &str, candidate: &str, accepted: Accepted) -> Result<Decision, Refusal> {
    if secret::is_bcrypt(configured) {
        return Ok(Decision::Slow(SlowCheck {
            hash: configured.to_owned(),
            candidate: candidate.to_owned(),
            accepted,
        }));
    }
    if secret::equal(configured, candidate) {
        Ok(Decision::Accepted(accepted))
    } else {
        Err(Refusal::WrongSecret)
    }
}

#[cfg(test)]
#[path = "authenticator_tests.rs"]
mod tests;
