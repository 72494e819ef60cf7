//! Operators, accounts and users with all below them and their seeds as one
//! JSON object: what `info --json` shows and backups hold.
//!
//! An operator, account or user is `{"name", "key": {"key": SEED}, "token"}`;
//! operators and accounts have `"signingKeys": [{"key": SEED}]` too, an
//! operator has `"accounts"`, an account has `"users"`; what there is none of
//! is null. Where the store has no seed, the public key stands in its place.

use super::store::{Entity, Store};
use crate::failure::Result;
use crate::jwt::Claims;
use crate::output::Json;

/// Public keys of the signing keys that a token names.
pub fn signing_keys(claims: &Claims) -> Vec<&str> {
    claims
        .nats()
        .list("signing_keys")
        .iter()
        .map(|entry| entry.as_text().unwrap_or_else(|| entry.text("key")))
        .collect()
}

/// A list, or null if it has nothing.
fn list_or_null(values: Vec<Json>) -> Json {
    if values.is_empty() {
        Json::Null
    } else {
        Json::List(values)
    }
}

/// Puts entities into that form, and remembers which seeds are missing.
pub struct Tree<'a> {
    store: &'a Store,
    /// Public keys whose seeds are not in the store.
    pub missing: Vec<String>,
}

impl<'a> Tree<'a> {
    /// With the seeds of a store.
    pub fn new(store: &'a Store) -> Self {
        Self {
            store,
            missing: Vec::new(),
        }
    }

    fn key(&mut self, public: &str) -> Result<Json> {
        let text = match self.store.key(public) {
            Ok(key) => key.seed()?,
            Err(_) => {
                self.missing.push(public.to_owned());
                public.to_owned()
            }
        };
        Ok(Json::object().with("key", text))
    }

    fn entity(&mut self, entity: &Entity, token: String) -> Result<Json> {
        Ok(Json::object()
            .with("name", entity.name.as_str())
            .with("key", self.key(entity.claims.subject())?)
            .with("token", token))
    }

    fn signing(&mut self, claims: &Claims) -> Result<Json> {
        let keys = signing_keys(claims);
        let keys: Result<Vec<Json>> = keys.iter().map(|public| self.key(public)).collect();
        Ok(list_or_null(keys?))
    }

    /// A user.
    pub fn user(&mut self, operator: &str, account: &str, user: &Entity) -> Result<Json> {
        let token = self.store.user_token(operator, account, &user.name)?;
        self.entity(user, token)
    }

    /// An account with its users.
    pub fn account(&mut self, operator: &str, account: &Entity) -> Result<Json> {
        let token = self.store.account_token(operator, &account.name)?;
        let mut users = Vec::new();
        for name in self.store.users(operator, &account.name) {
            if let Some(user) = self.store.user(operator, &account.name, &name)? {
                users.push(self.user(operator, &account.name, &user)?);
            }
        }
        Ok(self
            .entity(account, token)?
            .with("signingKeys", self.signing(&account.claims)?)
            .with("users", list_or_null(users)))
    }

    /// An operator with its accounts.
    pub fn operator(&mut self, operator: &Entity) -> Result<Json> {
        let token = self.store.operator_token(&operator.name)?;
        let mut accounts = Vec::new();
        for name in self.store.accounts(&operator.name) {
            let account = self.store.account(&operator.name, &name)?;
            accounts.push(self.account(&operator.name, &account)?);
        }
        Ok(self
            .entity(operator, token)?
            .with("signingKeys", self.signing(&operator.claims)?)
            .with("accounts", list_or_null(accounts)))
    }
}
