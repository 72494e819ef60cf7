//! The `nats` command line tool.
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`model`] | commands, arguments and flags as data |
//! | [`parse`] | from words to a command and its values |
//! | [`help`] | usage, completion, man page, introspection: all from the model |
//! | [`commands`] | what commands do, a folder for each group |
//! | [`session`] | one run: values, context, connection |
//! | [`context`] | named connection settings in files |
//! | [`client`] | the NATS client |
//! | [`messages`] | bodies and headers of messages |
//! | [`interrupt`] | Ctrl-C |
//! | [`jetstream`] | requests to the JetStream API |
//! | [`system`] | questions to all servers over the system account, or to an archive |
//! | [`archive`] | what servers said, in a file |
//! | [`nkey`], [`jwt`] | key pairs, what they sign |
//! | [`schemas`] | JSON schemas of messages and requests |
//! | [`expression`] | expressions that choose by fields |
//! | [`editor`], [`words`] | files in an editor, lines of a shell |
//! | `embedded` | the server of `nats server run`, with the feature `embedded-server` |
//! | [`live`] | views that fill the terminal |
//! | [`output`], [`mod@format`], [`prompt`] | what people see and answer |
//! | [`template`] | templates in bodies, subjects and headers |

pub mod archive;
pub mod client;
pub mod commands;
pub mod context;
pub mod editor;
#[cfg(feature = "embedded-server")]
pub mod embedded;
pub mod expression;
pub mod failure;
pub mod format;
pub mod help;
pub mod interrupt;
pub mod jetstream;
pub mod jwt;
pub mod live;
pub mod messages;
pub mod model;
pub mod nkey;
pub mod output;
pub mod parse;
pub mod prompt;
pub mod run;
pub mod schemas;
pub mod session;
pub mod system;
pub mod template;
pub mod words;
