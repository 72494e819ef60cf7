//! What a stream is told with every input, and what it knows of the world.

use std::sync::Arc;

use crate::effects::Effects;
use crate::limits::{AccountLimits, ServerLimits};
use crate::usage::Usage;
use midge_store::Nanos;

/// Who listens, in the account of the stream.
pub trait Interest {
    /// Whether a message on `subject` would reach anybody.
    fn has_interest(&self, subject: &[u8]) -> bool;

    /// Whether a push consumer with exactly this deliver subject is active:
    /// with an empty `group`, whether there is a plain subscription on exactly
    /// `subject`; else a queue subscription of exactly that group
    /// (jetstream-consumers.md 7.1). A stream that captures the subject listens,
    /// too.
    fn is_bound(&self, subject: &[u8], group: &[u8]) -> bool;
}

/// The surroundings of one input.
pub struct Context<'a> {
    /// The time.
    pub now: Nanos,
    /// Who listens.
    pub interest: &'a dyn Interest,
    /// Where effects go.
    pub out: &'a mut Effects,
}

/// What the streams of an account know of it and of the server. Replaced as a
/// whole when something of it changes.
#[derive(Debug)]
pub struct Settings {
    /// Name of the account.
    pub account: String,
    /// Domain of JetStream; empty without.
    pub domain: String,
    /// Name of the server.
    pub server_name: String,
    /// Limits of the server.
    pub limits: ServerLimits,
    /// Limits of the account for one copy; `None` if there are tiers and none
    /// is for one copy.
    pub account_limits: Option<AccountLimits>,
    /// What the account uses.
    pub account_usage: Arc<Usage>,
    /// What all accounts together use.
    pub server_usage: Arc<Usage>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account: "$G".to_owned(),
            domain: String::new(),
            server_name: String::new(),
            limits: ServerLimits::default(),
            account_limits: Some(AccountLimits::UNLIMITED),
            account_usage: Arc::default(),
            server_usage: Arc::default(),
        }
    }
}
