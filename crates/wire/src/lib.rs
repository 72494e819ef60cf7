//! midge-wire
