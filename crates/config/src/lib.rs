//! The configuration of `nats-server`: the language, every option with its
//! type and default, command line flags, validation, and the reload plan
//! (configuration.md).
//!
//! This crate reads files and returns values; it opens no port and starts
//! nothing. A file goes through [`lang`] (text to tree), then through the
//! readers (tree to [`Options`]), then the flags are laid over it, and a
//! validation checks what only makes sense together.

pub mod flags;
pub mod go_text;
pub mod lang;
pub mod options;
pub mod reload;
pub mod url;

mod error;
mod load;
mod read;
mod validate;

pub use error::{ConfigError, Invalid, Problem};
pub use load::{Loaded, load_file, resolve, resolve_for_reload};
pub use options::Options;
pub use validate::validate;

/// Where an option of the configuration file stands, by its path
/// (`tls.verify_and_map`). The file is read again for it.
pub fn place_of(options: &Options, path: &str) -> Option<lang::Place> {
    read::place_of(options, path)
}
