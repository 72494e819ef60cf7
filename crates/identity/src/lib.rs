//! midge-identity
