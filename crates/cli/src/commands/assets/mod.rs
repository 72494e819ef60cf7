//! What the commands about streams, consumers and buckets have in common.

mod balance;
mod body;
mod buckets;
mod check;
mod cluster;
mod difference;
mod edit;
mod editable;
mod expression;
mod file;
mod metadata;
mod pick;
mod questions;
pub mod shape;
mod step_down;
mod subject;
mod time;
mod words;

pub use balance::{Led, balance, leader_table};
pub use body::{print_body, print_headers};
pub use buckets::{Buckets, bucket_servers};
pub use check::{is_checked, schema_problems};
pub use cluster::{replicas_text, shorten};
pub use difference::differences;
pub use edit::{Decision, decide, in_editor, show_changes};
pub use expression::variables;
pub use file::{read_config, read_whole_config};
pub use metadata::without_reserved;
pub use pick::{is_internal, is_valid_name, pick_consumer, pick_stream};
pub use questions::Questions;
pub use step_down::{Group, step_down};
pub use subject::is_subset;
pub use time::parse_time;
pub use words::split_words;
