//! midge-subject
