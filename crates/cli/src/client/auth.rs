//! Logging in.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use nkeys::KeyPair;

use super::{ClientError, Endpoint, ServerInfo};

/// A secret, or the file that it is in. Files are read at each connect, so
/// that a new one counts.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The text itself.
    Text(String),
    /// A file with it.
    File(PathBuf),
}

/// The file, but not the text.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Text(_) => f.write_str("Text(..)"),
            Secret::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

impl Secret {
    fn read(&self) -> Result<String, ClientError> {
        match self {
            Secret::Text(text) => Ok(text.clone()),
            Secret::File(path) => read(path),
        }
    }

    /// The seed in it.
    pub fn seed(&self) -> Result<String, ClientError> {
        find_seed(&self.read()?).ok_or_else(|| ClientError::Other(NO_SEED.to_owned()))
    }
}

const NO_SEED: &str = "nkeys: no nkey seed found";

fn read(path: &Path) -> Result<String, ClientError> {
    fs::read_to_string(path).map_err(|error| {
        ClientError::Other(format!(
            "nats: {}",
            crate::format::io_error_at("open", path.display(), &error)
        ))
    })
}

/// What to log in with.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Auth {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
    /// Token.
    pub token: String,
    /// A credentials file: a user JWT and its seed.
    pub credentials: Option<Secret>,
    /// The seed of an nkey.
    pub nkey: Option<Secret>,
    /// A user JWT.
    pub jwt: String,
    /// The seed that belongs to the JWT.
    pub seed: String,
}

/// The fields of a CONNECT that log in.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
    /// Token.
    pub token: String,
    /// Public key.
    pub nkey: String,
    /// User JWT.
    pub jwt: String,
    /// Signature of the nonce; empty if there is none.
    pub signature: Vec<u8>,
}

/// Nothing that logs in is shown.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

/// Nothing that logs in is shown.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

impl Auth {
    /// The first kind that is set counts; a token is sent in any case. What
    /// stands in the URL counts if nothing else is set.
    pub fn login(&self, endpoint: &Endpoint, info: &ServerInfo) -> Result<Login, ClientError> {
        let mut login = Login {
            token: self.token.clone(),
            ..Login::default()
        };
        if !self.user.is_empty() {
            login.user.clone_from(&self.user);
            login.password.clone_from(&self.password);
        } else if let Some(credentials) = &self.credentials {
            let text = credentials.read()?;
            let (jwt, seed) = split_credentials(&text).map_err(|error| match credentials {
                Secret::File(path) => ClientError::Other(format!(
                    "error signing nonce: unable to extract key pair from file \"{}\": {error}",
                    path.display()
                )),
                Secret::Text(_) => ClientError::Other(format!("error signing nonce: {error}")),
            })?;
            login.jwt = jwt;
            login.signature = sign(&seed, &info.nonce)?;
        } else if let Some(nkey) = &self.nkey {
            if info.nonce.is_empty() {
                return Err(ClientError::Other(
                    "nats: nkeys not supported by the server".to_owned(),
                ));
            }
            let seed = nkey.seed()?;
            login.nkey = key_pair(&seed)?.public_key();
            login.signature = sign(&seed, &info.nonce)?;
        } else if !self.jwt.is_empty() {
            login.jwt.clone_from(&self.jwt);
            if !self.seed.is_empty() {
                login.signature = sign(&self.seed, &info.nonce)?;
            }
        } else if login.token.is_empty() {
            match (&endpoint.user, &endpoint.password) {
                (Some(user), Some(password)) => {
                    login.user.clone_from(user);
                    login.password.clone_from(password);
                }
                (Some(token), None) => login.token.clone_from(token),
                (None, _) => {}
            }
        }
        Ok(login)
    }
}

fn key_pair(seed: &str) -> Result<KeyPair, ClientError> {
    KeyPair::from_seed(seed.trim())
        .map_err(|_| ClientError::Other("nats: nkeys: invalid seed".to_owned()))
}

/// The signature of what the server sent; one that sends nothing says itself
/// that it knows no such logins.
fn sign(seed: &str, nonce: &str) -> Result<Vec<u8>, ClientError> {
    key_pair(seed)?
        .sign(nonce.as_bytes())
        .map_err(|_| ClientError::Other("nats: nkeys: the nonce cannot be signed".to_owned()))
}

/// The JWT and the seed of a credentials file.
pub fn split_credentials(text: &str) -> Result<(String, String), ClientError> {
    let seed = find_seed(text).ok_or_else(|| ClientError::Other(NO_SEED.to_owned()))?;
    let jwt = block(text)
        .into_iter()
        .find(|line| line.matches('.').count() == 2)
        .ok_or_else(|| ClientError::Other("no user JWT found".to_owned()))?;
    Ok((jwt, seed))
}

/// Lines that stand between rules of dashes, and lone lines.
fn block(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('-'))
        .map(str::to_owned)
        .collect()
}

/// The first line that is a seed.
pub fn find_seed(text: &str) -> Option<String> {
    block(text)
        .into_iter()
        .find(|line| line.starts_with('S') && KeyPair::from_seed(line).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Endpoint {
        Endpoint::parse(url).unwrap()
    }

    #[test]
    fn the_first_kind_of_login_that_is_set_counts() {
        let seed = KeyPair::new_user().seed().unwrap();
        let info = ServerInfo {
            nonce: "abc".to_owned(),
            ..ServerInfo::default()
        };
        let mut auth = Auth {
            token: "t".to_owned(),
            nkey: Some(Secret::Text(seed.clone())),
            jwt: "a.b.c".to_owned(),
            ..Auth::default()
        };
        let login = auth.login(&endpoint("x"), &info).unwrap();
        assert_eq!(login.nkey, KeyPair::from_seed(&seed).unwrap().public_key());
        assert_eq!(login.token, "t");
        assert!(login.jwt.is_empty());
        auth.credentials = Some(Secret::Text(format!(
            "-----BEGIN NATS USER JWT-----\na.b.c\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        )));
        let login = auth.login(&endpoint("x"), &info).unwrap();
        assert_eq!(login.jwt, "a.b.c");
        assert!(!login.signature.is_empty());
        auth.user = "u".to_owned();
        let login = auth.login(&endpoint("x"), &info).unwrap();
        assert_eq!((login.user.as_str(), login.jwt.as_str()), ("u", ""));
    }

    #[test]
    fn the_url_counts_when_nothing_else_is_set() {
        let login = Auth::default()
            .login(&endpoint("u:p@x"), &ServerInfo::default())
            .unwrap();
        assert_eq!((login.user.as_str(), login.password.as_str()), ("u", "p"));
        let login = Auth::default()
            .login(&endpoint("t@x"), &ServerInfo::default())
            .unwrap();
        assert_eq!(login.token, "t");
    }
}
