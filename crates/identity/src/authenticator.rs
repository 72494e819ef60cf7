//! The decision about a `CONNECT` (security.md 2.3, 3).

use std::collections::HashMap;
use std::sync::Arc;

use crate::connection_type::{ConnectionType, ConnectionTypes};
use crate::keys;
use crate::permissions::{PermissionSpec, Permissions};
use crate::secret;

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

/// What becomes of a client.
#[derive(Clone, Debug)]
pub enum Decision {
    /// It may come in.
    Accepted(Accepted),
    /// It may not; the text is for debug logs.
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
    /// Makes the comparison.
    pub fn run(self) -> Decision {
        if secret::matches_bcrypt(&self.hash, &self.candidate) {
            Decision::Accepted(self.accepted)
        } else {
            Decision::Refused("wrong password".to_owned())
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

    /// Whether clients have to say who they are.
    pub fn is_required(&self) -> bool {
        !self.users.is_empty()
            || !self.nkeys.is_empty()
            || !self.username.is_empty()
            || !self.token.is_empty()
    }

    /// Whether nkey users make nonces necessary.
    pub fn uses_nonce(&self) -> bool {
        !self.nkeys.is_empty()
    }

    /// Whether a connection of this kind that starts without a `CONNECT` is
    /// let in as the `no_auth_user`.
    pub fn admits_silent(&self, connection_type: ConnectionType) -> bool {
        self.users.get(&self.no_auth_user).is_some_and(|known| {
            !known.spec.proxy_required && known.spec.connection_types.allows(connection_type)
        })
    }

    /// Decides about a client.
    pub fn decide(&self, credentials: &Credentials<'_>) -> Decision {
        if !self.is_required() {
            return Decision::Accepted(Accepted {
                who: Who::Anonymous,
                account: String::new(),
                permissions: None,
            });
        }
        let says_nothing = credentials.user.is_empty()
            && credentials.password.is_empty()
            && credentials.token.is_empty();
        if !self.nkeys.is_empty() {
            let silent = says_nothing && credentials.nkey.is_empty();
            let nkey = if silent {
                self.no_auth_user.as_str()
            } else {
                credentials.nkey
            };
            if !credentials.nkey.is_empty() || self.nkeys.contains_key(nkey) {
                return self.decide_nkey(nkey, credentials);
            }
        }
        if !self.users.is_empty() {
            let (name, password) = match self.users.get(&self.no_auth_user) {
                Some(known) if says_nothing => {
                    // The configured secret is not compared with itself: a
                    // hash would not match.
                    return self.admit(known, credentials.connection_type);
                }
                _ => (credentials.user, credentials.password),
            };
            return match self.users.get(name) {
                Some(known) => self.decide_user(known, password, credentials.connection_type),
                None => refused("user not known"),
            };
        }
        let accepted = |who: Who| Accepted {
            who,
            account: String::new(),
            permissions: None,
        };
        if !self.token.is_empty() {
            return compare(&self.token, credentials.token, accepted(Who::Token));
        }
        if !secret::equal(&self.username, credentials.user) {
            return refused("user not known");
        }
        let who = Who::User(self.username.clone());
        compare(&self.password, credentials.password, accepted(who))
    }

    fn decide_nkey(&self, nkey: &str, credentials: &Credentials<'_>) -> Decision {
        let Some(known) = self.nkeys.get(nkey) else {
            return refused("nkey not known");
        };
        if nkey != self.no_auth_user
            && let Err(error) = keys::verify_nonce(nkey, credentials.nonce, credentials.signature)
        {
            return Decision::Refused(error.to_string());
        }
        self.admit(known, credentials.connection_type)
    }

    fn decide_user(&self, known: &Known, password: &str, kind: ConnectionType) -> Decision {
        match self.admit(known, kind) {
            Decision::Accepted(accepted) => compare(&known.spec.password, password, accepted),
            other => other,
        }
    }

    /// Accepts a user whose secret is in order, if the rest is.
    fn admit(&self, known: &Known, kind: ConnectionType) -> Decision {
        if known.spec.connection_types.allows(kind) {
            Decision::Accepted(known.accepted())
        } else {
            refused("connection type not allowed")
        }
    }
}

fn refused(why: &str) -> Decision {
    Decision::Refused(why.to_owned())
}

fn compare(configured: &str, candidate: &str, accepted: Accepted) -> Decision {
    if secret::is_bcrypt(configured) {
        Decision::Slow(SlowCheck {
            hash: configured.to_owned(),
            candidate: candidate.to_owned(),
            accepted,
        })
    } else if secret::equal(configured, candidate) {
        Decision::Accepted(accepted)
    } else {
        refused("wrong secret")
    }
}

#[cfg(test)]
#[path = "authenticator_tests.rs"]
mod tests;
