//! midge-config
