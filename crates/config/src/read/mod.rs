//! From the tree of a file to options: every key by name, with the errors and
//! warnings of configuration.md 1.10.
//!
//! One file a block. Keys are matched without regard to case unless the sheet
//! says otherwise; they are read in file order, the last of a name wins.

mod account_jetstream;
mod accounts;
mod auth;
mod cluster;
mod explain;
mod exports;
mod gateway;
mod imports;
mod jetstream;
mod jwt;
mod keys;
mod leafnodes;
mod listeners;
mod mappings;
mod ocsp;
mod operator;
mod permissions;
mod private_key;
mod remotes;
mod report;
mod schema;
mod schema_accounts;
mod schema_links;
#[cfg(test)]
mod schema_tests;
mod secrets;
mod sharing;
mod subjects;
mod time;
mod tls;
mod tls_files;
mod top;

pub(crate) use auth::{CONNECTION_TYPES, GLOBAL_ACCOUNT};
pub(crate) use cluster::url as parse_url;
pub(crate) use explain::{add_to_invalid, place_of};
pub(crate) use jwt::is_bearer;
pub(crate) use keys::{KeyKind, is_public, raw_public};
pub(crate) use leafnodes::version;
pub(crate) use permissions::{Wrong, check_with_queue};
pub(crate) use time::split_host_port;
pub(crate) use tls::{CIPHER_SUITES, CURVES};
pub(crate) use tls_files::load as load_tls_files;
pub(crate) use top::read_file;
