//! midge-server
