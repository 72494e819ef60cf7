//! midge-bench
