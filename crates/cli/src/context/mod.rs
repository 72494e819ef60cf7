//! Contexts: named connection settings in files (cli.md 2).

mod credential;
mod record;
mod store;

pub use credential::{
    embed, expand_path, file_path, is_inline, is_reference, plain_path, resolve, resolve_text,
};
pub use record::{DEFAULT_URL, Record};
pub use store::{Store, check_name, config_dir, data_dir, make_private, replaceable, write_whole};
