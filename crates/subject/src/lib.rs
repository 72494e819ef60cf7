//! Subjects: what they are, how patterns match them, and how they are
//! rewritten.
//!
//! - [`rules`]: tokens, wildcards, validity
//! - [`list`]: allow and deny lists
//! - [`mapping`]: weighted rewriting of publish subjects
//! - [`matching`]: a pattern against a subject, or against a pattern
//! - [`quoting`]: subjects in error texts
//! - [`interest`]: who listens to what in one account
//! - [`transform`]: source pattern and destination with functions
//!
//! Nothing here knows of connections, accounts or bytes on the wire.

mod hash;
pub mod interest;
pub mod list;
pub mod mapping;
pub mod matching;
pub mod quoting;
pub mod rules;
mod shared;
pub mod transform;

pub use list::SubjectList;
pub use matching::{covers, matches, overlaps};
pub use quoting::quote;
pub use rules::{
    has_wildcard, is_publishable, is_valid_literal, is_valid_subject,
    is_valid_subscription_subject, token_count, tokens,
};
pub use shared::SubjectArc;
pub use transform::{Transform, TransformError};
