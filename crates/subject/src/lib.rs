//! Subjects: what they are, how patterns match them, and how they are
//! rewritten.
//!
//! - [`rules`]: tokens, wildcards, validity
//! - [`matching`]: a pattern against a subject, or against a pattern
//! - [`quoting`]: subjects in error texts
//! - [`interest`]: who listens to what in one account
//! - [`transform`]: source pattern and destination with functions
//!
//! Nothing here knows of connections, accounts or bytes on the wire.

mod hash;
pub mod interest;
pub mod matching;
pub mod quoting;
pub mod rules;
mod shared;
pub mod transform;

pub use matching::{covers, matches, overlaps};
pub use quoting::quote;
pub use rules::{
    has_wildcard, is_publishable, is_valid_literal, is_valid_subject,
    is_valid_subscription_subject, token_count, tokens,
};
pub use shared::SubjectArc;
pub use transform::{Transform, TransformError};
