//! Who a client is and what it may do (security.md 1 to 6).
//!
//! No connection, no clock and no configuration file here: rules come in as
//! plain descriptions, time comes in as an argument.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`keys`] | server keys, nonces, signatures |
//! | [`secret`] | comparing passwords and tokens |
//! | [`certificate`] | users by client certificate |
//! | [`connection_type`] | the kinds of connections users can be limited to |
//! | [`permissions`] | what may be published and subscribed to |
//! | [`responses`] | permission to answer |
//! | [`authenticator`] | the decision about a `CONNECT` |

pub mod authenticator;
pub mod certificate;
pub mod connection_type;
pub mod keys;
pub mod permissions;
pub mod responses;
pub mod secret;

pub use authenticator::{
    Accepted, Authenticator, AuthenticatorSpec, Credentials, Decision, Refusal, SlowCheck,
    UserSpec, Who,
};
pub use certificate::{Attribute, CertificateMatch, CertificateNames};
pub use connection_type::{ConnectionType, ConnectionTypes};
pub use keys::nonce;
pub use permissions::{PermissionSpec, Permissions, SubjectRules};
pub use responses::{ResponseLimits, ResponseTracker};
